//! Two channels of HTTP as one stream: what the body of OUT's answer says, and what is said in the body of IN's request
//! ([MS-TSGU] 3.3.5.1).
use std::io::{self, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rdp_probe_core::wire::http::{Chunks, ChunksHeard, Status};
use rdp_probe_core::{Close, TunnelEnd, TunnelHeard};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use zeroize::Zeroizing;

use crate::input::Input;
use crate::tls::Below;

/// Two connections, whose heads are done with.
pub(crate) struct TwoChannels<S> {
    out: S,
    incoming: S,
    body: Body,
    input: Input,
    answer: Answer,
    /// Chunks that are not sent yet, and how much of them is. What is in them may be a secret.
    output: Zeroizing<Vec<u8>>,
    sent: usize,
    /// How it ended, where that was said.
    end: Option<TunnelEnd>,
    /// Whether the last chunk is among what is to be sent.
    closing: bool,
}

/// The body of OUT's answer.
enum Body {
    /// It ends with the connection.
    Plain,
    Chunks(Chunks),
}

impl Body {
    fn hear(&mut self, octets: &[u8]) -> TunnelHeard {
        match self {
            Self::Plain => TunnelHeard { used: octets.len(), inside: octets.len() },
            Self::Chunks(chunks) => {
                let ChunksHeard { used, inside } = chunks.hear(octets);
                TunnelHeard { used, inside }
            }
        }
    }

    const fn end(&self) -> Option<TunnelEnd> {
        match self {
            Self::Chunks(chunks) if chunks.is_over() => Some(TunnelEnd::LastChunk),
            Self::Chunks(chunks) if chunks.is_broken() => Some(TunnelEnd::Frame),
            Self::Plain | Self::Chunks(_) => None,
        }
    }
}

/// What comes on IN. There is nothing to hear while it is open: octets that mean nothing at first, or an answer that ends it.
#[derive(Default)]
struct Answer {
    /// The beginning of an answer, and what may be one.
    held: Vec<u8>,
    /// So many octets were none of it.
    other: usize,
    over: bool,
}

impl Answer {
    const BEGINS: &[u8] = b"HTTP/1.";
    /// As long as a status line is up to the status.
    const LINE: usize = 12;
    /// More of what means nothing than any gateway sends.
    const MOST_OTHER: usize = 64 << 10;

    /// Hears octets; how the tunnel ended by them.
    fn hear(&mut self, octets: &[u8]) -> Option<TunnelEnd> {
        self.held.extend_from_slice(octets);
        loop {
            let begins = self.held.windows(Self::BEGINS.len()).position(|window| window == Self::BEGINS);
            let may_begin = self.held.len().saturating_sub(Self::BEGINS.len().saturating_sub(1));
            let none = begins.unwrap_or(may_begin);
            self.held.drain(..none);
            self.other = self.other.saturating_add(none);
            if self.other > Self::MOST_OTHER {
                return Some(TunnelEnd::Flood);
            }
            begins?;
            match status_of(self.held.get(..Self::LINE)?) {
                // More is to come.
                Some(status) if Status(status).is_informational() => self.held.drain(..Self::LINE),
                Some(status) => return Some(TunnelEnd::Answer(status)),
                None => return Some(TunnelEnd::Frame),
            };
        }
    }
}

/// The status in the beginning of a status line.
fn status_of(line: &[u8]) -> Option<u16> {
    std::str::from_utf8(line.get(Answer::BEGINS.len().saturating_add(2)..)?).ok()?.parse().ok()
}

impl<S: Below> TwoChannels<S> {
    /// Over `out` and `incoming`. `first` was read of OUT before: it is the beginning of its body, which is in chunks or not.
    pub(crate) fn new(out: S, incoming: S, first: Vec<u8>, chunked: bool) -> Self {
        let body = if chunked { Body::Chunks(Chunks::new()) } else { Body::Plain };
        Self {
            out,
            incoming,
            body,
            input: Input::new(first),
            answer: Answer::default(),
            output: Zeroizing::default(),
            sent: 0,
            end: None,
            closing: false,
        }
    }

    /// Waits until there are octets of OUT's body, where there are none; whether there are any, or no more will come.
    pub(crate) fn poll_octets(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        loop {
            let body = &mut self.body;
            if self.input.hear(|octets| body.hear(octets)) {
                return Poll::Ready(Ok(true));
            }
            // What is to be said goes out as far as it does at once: who hears does not wait for that.
            _ = self.poll_flush(cx);
            self.end = self.end.or_else(|| self.body.end());
            if self.end.is_some() {
                return Poll::Ready(Ok(false));
            }
            match self.input.poll_read(&mut self.out, cx)? {
                Poll::Ready(0) => return Poll::Ready(Ok(false)),
                Poll::Ready(_) => {}
                // An answer counts less than what the tunnel says: both may come at its end.
                Poll::Pending => {
                    ready!(self.poll_answer(cx));
                    return Poll::Ready(Ok(false));
                }
            }
        }
    }

    /// Waits for an answer on IN, which ends it. Its bare end is none: the gateway says on OUT what it has to say.
    fn poll_answer(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        while !self.answer.over {
            let mut room = [0; 512];
            let mut read = ReadBuf::new(&mut room);
            let came = ready!(Pin::new(&mut self.incoming).poll_read(cx, &mut read));
            self.answer.over = came.is_err() || read.filled().is_empty();
            self.end = self.answer.hear(read.filled());
            if self.end.is_some() {
                return Poll::Ready(());
            }
        }
        Poll::Pending
    }

    /// Octets of OUT's body, where some were waited for.
    pub(crate) fn octets(&self) -> &[u8] {
        self.input.octets()
    }

    /// So many of them are done with.
    pub(crate) fn consume(&mut self, octets: usize) {
        self.input.consume(octets);
    }

    /// Begins to send octets in a chunk of their own: [`TwoChannels::poll_flush`] sends them.
    pub(crate) fn start_send(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> io::Result<()> {
        // One of none would be the last.
        if octets.is_empty() {
            return Ok(());
        }
        // At once, so that no copy stays behind where it grows.
        self.output.reserve(octets.len().saturating_add(20 /* size and line ends */));
        write!(&mut *self.output, "{:X}\r\n", octets.len())?;
        self.output.extend_from_slice(octets);
        self.output.extend_from_slice(b"\r\n");
        match self.poll_flush(cx) {
            // It is taken, and goes out later.
            Poll::Pending => Ok(()),
            Poll::Ready(flushed) => flushed,
        }
    }

    /// Sends what was begun to be sent.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while let Some(rest @ [_, ..]) = self.output.get(self.sent..) {
            match ready!(Pin::new(&mut self.incoming).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.sent = self.sent.saturating_add(sent),
            }
        }
        self.output.clear();
        self.sent = 0;
        Pin::new(&mut self.incoming).poll_flush(cx)
    }

    /// Says that nothing more comes, and ends both connections: IN's body first, and then it and OUT.
    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.closing {
            self.closing = true;
            self.output.extend_from_slice(b"0\r\n\r\n");
        }
        // Where it cannot be said, the end below says it.
        _ = ready!(self.poll_flush(cx));
        _ = ready!(Pin::new(&mut self.incoming).poll_shutdown(cx));
        Pin::new(&mut self.out).poll_shutdown(cx)
    }
}

impl<S: Below> Below for TwoChannels<S> {
    fn about_to_read(&self) {
        self.out.about_to_read();
    }

    fn end(&self) -> Close {
        self.end.map_or_else(|| self.out.end(), Close::Tunnel)
    }

    fn close_of(&self, error: &io::Error) -> Close {
        self.out.close_of(error)
    }
}

impl<S: Below> AsyncRead for TwoChannels<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if ready!(this.poll_octets(cx))? {
            this.input.put_into(buf);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Below> AsyncWrite for TwoChannels<S> {
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};

    use super::*;

    impl Below for DuplexStream {
        fn about_to_read(&self) {}

        fn end(&self) -> Close {
            Close::Fin
        }

        fn close_of(&self, _: &io::Error) -> Close {
            Close::Reset
        }
    }

    /// Two channels, and the far ends of OUT and IN.
    fn channels(first: &[u8], chunked: bool) -> (TwoChannels<DuplexStream>, DuplexStream, DuplexStream) {
        let ((near_out, far_out), (near_in, far_in)) = (duplex(1 << 16), duplex(1 << 16));
        (TwoChannels::new(near_out, near_in, first.to_vec(), chunked), far_out, far_in)
    }

    /// What is read to the end, and what that is.
    async fn read(channels: &mut TwoChannels<DuplexStream>) -> (Vec<u8>, Close) {
        let mut all = Vec::new();
        channels.read_to_end(&mut all).await.unwrap();
        (all, channels.end())
    }

    #[tokio::test]
    async fn body_of_out_is_read_in_chunks_or_as_it_is() {
        for (chunked, first, then, end) in [
            (
                true,
                &b"5\r\nhel"[..],
                &b"lo\r\n2;x\r\n, \r\n3\r\nyou\r\n0\r\n\r\nmore"[..],
                Close::Tunnel(TunnelEnd::LastChunk),
            ),
            (true, b"", b"5\r\nhello\r\n5\r\n, you\r\n", Close::Fin),
            (true, b"a\r\nhello, you\r\n", b"-1\r\n", Close::Tunnel(TunnelEnd::Frame)),
            (true, b"a\r\nhello, you\r\n", b"00000000000000001\r\n", Close::Tunnel(TunnelEnd::Frame)),
            (false, b"hello", b", you", Close::Fin),
        ] {
            let (mut near, mut out, _in) = channels(first, chunked);
            out.write_all(then).await.unwrap();
            drop(out);
            assert_eq!(read(&mut near).await, (b"hello, you".to_vec(), end), "{then:?}");
        }
    }

    #[tokio::test]
    async fn each_write_is_a_chunk_and_the_end_is_the_last_one() {
        let (mut near, out, mut far_in) = channels(b"", false);
        near.write_all(&[7; 26]).await.unwrap();
        near.write_all(b"").await.unwrap();
        near.write_all(b"x").await.unwrap();
        near.shutdown().await.unwrap();
        let mut said = Vec::new();
        far_in.read_to_end(&mut said).await.unwrap();
        assert_eq!(said, [&b"1A\r\n"[..], &[7; 26], b"\r\n1\r\nx\r\n0\r\n\r\n"].concat());
        drop(out);
    }

    #[tokio::test]
    async fn an_answer_on_in_ends_it_and_what_means_nothing_does_not() {
        let noise = [0xAB, 0xCD].repeat(50);
        let (mut near, mut out, mut far_in) = channels(b"", false);
        for piece in [&noise[..], b"HTT", b"HTTP/1.1 100 Continue\r\n\r\n"] {
            far_in.write_all(piece).await.unwrap();
        }
        out.write_all(b"on").await.unwrap();
        let mut two = [0; 2];
        near.read_exact(&mut two).await.unwrap();
        far_in.write_all(b"HTTP/1.1 4").await.unwrap();
        far_in.write_all(b"13 No\r\n\r\n").await.unwrap();
        assert_eq!(read(&mut near).await, (Vec::new(), Close::Tunnel(TunnelEnd::Answer(413))));

        let (mut near, _out, mut far_in) = channels(b"", false);
        far_in.write_all(&vec![b'x'; 60 << 10]).await.unwrap();
        let writing = tokio::spawn(async move {
            _ = far_in.write_all(&vec![b'x'; 60 << 10]).await;
        });
        assert_eq!(read(&mut near).await, (Vec::new(), Close::Tunnel(TunnelEnd::Flood)));
        writing.abort();
    }

    #[tokio::test]
    async fn bare_end_of_in_is_not_the_end_of_what_out_says() {
        let (mut near, mut out, far_in) = channels(b"", false);
        drop(far_in);
        let writing = tokio::spawn(async move {
            tokio::task::yield_now().await;
            out.write_all(b"refused").await.unwrap();
        });
        assert_eq!(read(&mut near).await, (b"refused".to_vec(), Close::Fin));
        writing.await.unwrap();
    }
}
