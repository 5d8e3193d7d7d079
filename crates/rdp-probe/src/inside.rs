//! What is said inside TLS: all of it, up to what ends it.
use std::io::{self, Read as _};
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

/// A TLS connection. An alert, or a record that is none, may come with what was said before it: that is read first.
pub(crate) struct Inside<S> {
    stream: TlsStream<S>,
    /// What ended it, while there is something to be read before that.
    ended: Option<io::Error>,
}

impl<S> Inside<S> {
    pub(crate) const fn new(stream: TlsStream<S>) -> Self {
        Self { stream, ended: None }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Inside<S> {
    /// Gives out what was opened before it ended; whether there was any.
    fn take_opened(&mut self, buf: &mut ReadBuf<'_>) -> bool {
        let mut room = [0; 512];
        let most = buf.remaining().min(room.len());
        let (_, session) = self.stream.get_mut();
        let read = room.get_mut(..most).map_or(Ok(0), |room| session.reader().read(room));
        let opened = read.ok().and_then(|length| room.get(..length)).unwrap_or_default();
        buf.put_slice(opened);
        !opened.is_empty()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Inside<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.ended.is_none() {
            match Pin::new(&mut this.stream).poll_read(cx, buf) {
                Poll::Ready(Err(error)) => this.ended = Some(error),
                polled @ (Poll::Ready(Ok(())) | Poll::Pending) => return polled,
            }
        }
        if this.take_opened(buf) {
            return Poll::Ready(Ok(()));
        }
        // Where it is asked again, the library says it again.
        Poll::Ready(this.ended.take().map_or(Ok(()), Err))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Inside<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}
