//! WebSocket frames by tungstenite, after a handshake of our own: it reads them, and answers those that want an answer. The only place that
//! looks inside its errors.
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

use crate::tls::{Below, provider};

/// The octets in the messages of a WebSocket, this end being the client. Where a message ends means nothing.
pub(crate) struct WebSocketStream<S> {
    socket: WebSocket<Polled<S>>,
    /// Frames of ours that wait until nothing of the library's is half sent.
    queue: Vec<u8>,
    /// What has not been read of the last message.
    rest: Bytes,
    /// How many messages that say nothing came one after the other.
    idle: u32,
    end: Option<TunnelEnd>,
}

/// The stream below, for who reads and writes without waiting.
struct Polled<S> {
    below: S,
    waker: Waker,
    /// A frame of ours that is not sent yet, and goes before what else is.
    own: Vec<u8>,
}

/// The longest frame and message that is read, in octets: a packet has half of it.
const MOST_MESSAGE: usize = 128 << 10;

/// As many octets wait to be sent at most: a peer that pings and does not read gets no pong for each.
const MOST_WAITING: usize = 256 << 10;

/// More of what says nothing than any peer has a use for, in a row: pings, pongs, texts, empty messages.
const MOST_IDLE: u32 = 1024;

/// Octets read at a time.
const READ: usize = 8 << 10;

impl<S: Below> WebSocketStream<S> {
    /// Over `below`, where the handshake is over. `first` was read before: it is the beginning of what the peer says.
    pub(crate) fn new(below: S, first: Vec<u8>) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ)
            .write_buffer_size(0)
            .max_write_buffer_size(MOST_WAITING)
            .max_message_size(Some(MOST_MESSAGE))
            .max_frame_size(Some(MOST_MESSAGE));
        let polled = Polled { below, waker: Waker::noop().clone(), own: Vec::new() };
        let socket = WebSocket::from_partially_read(polled, first, Role::Client, Some(config));
        Self { socket, queue: Vec::new(), rest: Bytes::new(), idle: 0, end: None }
    }

    /// The octets of the next message, or what is left of the last one; `None` where there are no more.
    pub(crate) fn poll_message(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Option<Bytes>>> {
        if !self.rest.is_empty() {
            return Poll::Ready(Ok(Some(std::mem::take(&mut self.rest))));
        }
        while self.end.is_none() {
            self.socket.get_mut().wakes(cx);
            match self.socket.read() {
                Ok(Message::Binary(octets)) if !octets.is_empty() => {
                    self.idle = 0;
                    return Poll::Ready(Ok(Some(octets)));
                }
                Ok(Message::Close(frame)) => {
                    self.end = Some(TunnelEnd::WebSocket(frame.map(|frame| frame.code.into())));
                }
                // Answered by itself, or of no meaning here.
                Ok(
                    Message::Binary(_)
                    | Message::Ping(_)
                    | Message::Pong(_)
                    | Message::Text(_)
                    | Message::Frame(_),
                ) => {
                    self.idle = self.idle.saturating_add(1);
                    if self.idle > MOST_IDLE {
                        self.end = Some(TunnelEnd::Flood);
                    }
                }
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
    pub(crate) fn start_send(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> io::Result<()> {
        frame(octets, &mut self.queue);
        match self.poll_flush(cx) {
            // It is taken, and goes out later.
            Poll::Pending => Ok(()),
            Poll::Ready(flushed) => flushed,
        }
    }

    /// Sends what was begun to be sent.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.get_mut().wakes(cx);
        loop {
            match self.socket.flush() {
                Ok(()) if self.queue.is_empty() => return Poll::Ready(Ok(())),
                // Nothing of the library's is half sent: ours may follow.
                Ok(()) => self.socket.get_mut().own.append(&mut self.queue),
                Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                Err(Error::Io(error)) => return Poll::Ready(Err(error)),
                Err(_) => return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
            }
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

/// One message in one frame, masked (RFC 6455 section 5.2). The library would log what is in it at its most talkative level, and a token may be.
fn frame(octets: &[u8], out: &mut Vec<u8>) {
    const FINAL_BINARY: u8 = 0x82;
    const MASKED: u8 = 0x80;
    let mut mask = [0; 4];
    // A mask that can be guessed harms no gateway: it keeps what is in between from taking the octets for HTTP.
    _ = provider().secure_random.fill(&mut mask);
    out.reserve(octets.len().saturating_add(14));
    out.push(FINAL_BINARY);
    match (u8::try_from(octets.len()), u16::try_from(octets.len())) {
        (Ok(short @ ..126), _) => out.push(MASKED | short),
        (_, Ok(length)) => {
            out.push(MASKED | 126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        (_, Err(_)) => {
            out.push(MASKED | 127);
            out.extend_from_slice(&u64::try_from(octets.len()).unwrap_or(u64::MAX).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    out.extend(octets.iter().zip(mask.iter().cycle()).map(|(octet, mask)| octet ^ mask));
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
        let Self { below, waker, .. } = self;
        let mut buf = ReadBuf::new(octets);
        at_once(Pin::new(below).poll_read(&mut Context::from_waker(waker), &mut buf))?;
        Ok(buf.filled().len())
    }
}

impl<S: AsyncWrite + Unpin> Polled<S> {
    /// Sends what is ours.
    fn drain(&mut self) -> io::Result<()> {
        let Self { below, waker, own } = self;
        while !own.is_empty() {
            let sent = at_once(Pin::new(&mut *below).poll_write(&mut Context::from_waker(waker), own))?;
            if sent == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            own.drain(..sent.min(own.len()));
        }
        Ok(())
    }
}

impl<S: AsyncWrite + Unpin> Write for Polled<S> {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        self.drain()?;
        let Self { below, waker, .. } = self;
        at_once(Pin::new(below).poll_write(&mut Context::from_waker(waker), octets))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.drain()?;
        let Self { below, waker, .. } = self;
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
        let sent = self.get_mut().start_send(cx, buf);
        Poll::Ready(sent.map(|()| buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_close(cx)
    }
}
