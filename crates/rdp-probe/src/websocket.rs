//! WebSocket frames by tungstenite, after a handshake of our own. The only place that looks inside its errors.
use std::io::{self, Read, Write};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Buf as _, Bytes};
use rdp_probe_core::{Close, TunnelEnd};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tungstenite::error::ProtocolError;
use tungstenite::protocol::frame::coding::CloseCode;
use tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tungstenite::{Error, Message, WebSocket};

use crate::tls::Below;

/// The octets in the messages of a WebSocket, this end being the client. Where a message ends means nothing.
pub(crate) struct WebSocketStream<S> {
    socket: WebSocket<Polled<S>>,
    /// What has not been read of the last message.
    rest: Bytes,
    end: Option<TunnelEnd>,
}

/// The stream below, for who reads and writes without waiting.
struct Polled<S> {
    below: S,
    waker: Waker,
}

/// The longest frame and message that is read, in octets: a packet has half of it.
const MOST_MESSAGE: usize = 128 << 10;

/// Octets read at a time.
const READ: usize = 4096;

impl<S: Below> WebSocketStream<S> {
    /// Over `below`, where the handshake is over. `first` was read before: it is the beginning of what the peer says.
    pub(crate) fn new(below: S, first: Vec<u8>) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(0)
            .max_message_size(Some(MOST_MESSAGE))
            .max_frame_size(Some(MOST_MESSAGE));
        let polled = Polled { below, waker: Waker::noop().clone() };
        let socket = WebSocket::from_partially_read(polled, first, Role::Client, Some(config));
        Self { socket, rest: Bytes::new(), end: None }
    }

    /// The octets of the next message, or what is left of the last one; `None` where there are no more.
    pub(crate) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Ok(Some(std::mem::take(&mut self.rest))));
        }
        while self.end.is_none() {
            self.socket.get_mut().wakes(cx);
            match self.socket.read() {
                Ok(Message::Binary(octets)) if octets.is_empty() => {}
                Ok(Message::Binary(octets)) => return Poll::Ready(Ok(Some(octets))),
                Ok(Message::Close(frame)) => {
                    self.end = Some(TunnelEnd::WebSocket(frame.map(|frame| frame.code.into())));
                }
                // Answered by itself, or of no meaning here.
                Ok(Message::Ping(_) | Message::Pong(_) | Message::Text(_) | Message::Frame(_)) => {}
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(Error::Io(error)) => return Poll::Ready(Err(error)),
                // The stream below ended, and no frame said so.
                Err(Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)) => {
                    return Poll::Ready(Ok(None));
                }
                Err(Error::ConnectionClosed | Error::AlreadyClosed) => {
                    self.end = Some(TunnelEnd::WebSocket(None));
                }
                Err(
                    Error::Protocol(_)
                    | Error::Capacity(_)
                    | Error::Utf8(_)
                    | Error::Tls(_)
                    | Error::WriteBufferFull(_)
                    | Error::AttackAttempt
                    | Error::Url(_),
                ) => self.end = Some(TunnelEnd::Frame),
            }
        }
        // A Close is answered by itself, as far as that goes out at once.
        _ = self.socket.flush();
        Poll::Ready(Ok(None))
    }

    /// Begins to send octets in a message of their own: [`WebSocketStream::poll_flush`] sends them.
    pub(crate) fn start_send(&mut self, cx: &mut Context<'_>, octets: Vec<u8>) -> io::Result<()> {
        self.socket.get_mut().wakes(cx);
        match self.socket.write(Message::Binary(octets.into())) {
            Ok(()) => Ok(()),
            // It is taken, and goes out later.
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Ok(()),
            Err(Error::Io(error)) => Err(error),
            Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    /// Sends what was begun to be sent.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.get_mut().wakes(cx);
        match self.socket.flush() {
            Ok(()) => Poll::Ready(Ok(())),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
            Err(Error::Io(error)) => Poll::Ready(Err(error)),
            Err(_) => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    /// Says that nothing more comes, and ends the stream below; the peer's answer is not waited for.
    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.get_mut().wakes(cx);
        let frame = CloseFrame { code: CloseCode::Normal, reason: "".into() };
        match self.socket.close(Some(frame)) {
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
            // Where it cannot be said, the end below says it.
            Ok(()) | Err(_) => {}
        }
        Pin::new(&mut self.socket.get_mut().below).poll_shutdown(cx)
    }
}

impl<S> Polled<S> {
    fn wakes(&mut self, cx: &Context<'_>) {
        if !self.waker.will_wake(cx.waker()) {
            self.waker.clone_from(cx.waker());
        }
    }
}

/// What is not there yet is an error of its own to who does not wait.
fn at_once<T>(polled: Poll<io::Result<T>>) -> io::Result<T> {
    match polled {
        Poll::Ready(done) => done,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl<S: AsyncRead + Unpin> Read for Polled<S> {
    fn read(&mut self, octets: &mut [u8]) -> io::Result<usize> {
        let Self { below, waker } = self;
        let mut buf = ReadBuf::new(octets);
        at_once(Pin::new(below).poll_read(&mut Context::from_waker(waker), &mut buf))?;
        Ok(buf.filled().len())
    }
}

impl<S: AsyncWrite + Unpin> Write for Polled<S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let Self { below, waker } = self;
        at_once(Pin::new(below).poll_write(&mut Context::from_waker(waker), octets))
    }

    fn flush(&mut self) -> io::Result<()> {
        let Self { below, waker } = self;
        at_once(Pin::new(below).poll_flush(&mut Context::from_waker(waker)))
    }
}

impl<S: Below> Below for WebSocketStream<S> {
    fn about_to_read(&self) {
        self.socket.get_ref().below.about_to_read();
    }

    fn end(&self) -> Close {
        self.end.map_or_else(|| self.socket.get_ref().below.end(), Close::Tunnel)
    }

    fn close_of(&self, error: &io::Error) -> Close {
        self.socket.get_ref().below.close_of(error)
    }
}

impl<S: Below> AsyncRead for WebSocketStream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Some(mut octets) = ready!(this.poll_message(cx))? {
            let length = octets.len().min(buf.remaining());
            buf.put_slice(octets.get(..length).unwrap_or_default());
            octets.advance(length);
            this.rest = octets;
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Below> AsyncWrite for WebSocketStream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let sent = self.get_mut().start_send(cx, buf.to_vec());
        Poll::Ready(sent.map(|()| buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_close(cx)
    }
}
