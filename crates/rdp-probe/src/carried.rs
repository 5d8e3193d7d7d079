//! What carries the packets of a gateway's tunnel.
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rdp_probe_core::Close;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::input::Input;
use crate::tls::Below;
use crate::two_channels::TwoChannelsStream;
use crate::websocket::WebSocketStream;

/// A carrier, of either kind.
pub(crate) enum Carried<S> {
    /// The messages of a WebSocket.
    WebSocket(Box<WebSocketStream<S>>),
    /// Two channels of HTTP.
    TwoChannels(Box<TwoChannelsStream<S>>),
}

impl<S: Below> Carried<S> {
    /// Waits until there are octets, where there are none; whether there are any, or no more will come.
    pub(crate) fn poll_octets(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        match self {
            Self::WebSocket(socket) => socket.poll_octets(cx),
            Self::TwoChannels(channels) => channels.poll_octets(cx),
        }
    }

    /// What was read: octets of what is carried, where some were waited for.
    pub(crate) const fn input(&mut self) -> &mut Input {
        match self {
            Self::WebSocket(socket) => socket.input(),
            Self::TwoChannels(channels) => channels.input(),
        }
    }

    /// Begins to send octets in a wrapping of their own: [`Carried::poll_flush`] sends them.
    pub(crate) fn start_send(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> io::Result<()> {
        match self {
            Self::WebSocket(socket) => socket.start_send(cx, octets),
            Self::TwoChannels(channels) => channels.start_send(cx, octets),
        }
    }

    /// Sends what was begun to be sent.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::WebSocket(socket) => socket.poll_flush(cx),
            Self::TwoChannels(channels) => channels.poll_flush(cx),
        }
    }

    /// Says that nothing more comes, and ends what is below.
    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self {
            Self::WebSocket(socket) => socket.poll_close(cx),
            Self::TwoChannels(channels) => channels.poll_close(cx),
        }
    }

    /// What it means when nothing more is read.
    pub(crate) fn end(&self) -> Close {
        match self {
            Self::WebSocket(socket) => socket.end(),
            Self::TwoChannels(channels) => channels.end(),
        }
    }

    /// What an error of a read or write says about it.
    pub(crate) fn close_of(&self, error: &io::Error) -> Close {
        match self {
            Self::WebSocket(socket) => socket.close_of(error),
            Self::TwoChannels(channels) => channels.close_of(error),
        }
    }
}

impl<S: Below> AsyncRead for Carried<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if ready!(this.poll_octets(cx))? {
            this.input().put_into(buf);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Below> AsyncWrite for Carried<S> {
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

    use rdp_probe_core::TunnelEnd;

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
    fn channels(first: &[u8], chunked: bool) -> (Carried<DuplexStream>, DuplexStream, DuplexStream) {
        let ((near_out, far_out), (near_in, far_in)) = (duplex(1 << 16), duplex(1 << 16));
        let channels = TwoChannelsStream::new((near_out, first.to_vec()), (near_in, b""), chunked);
        (Carried::TwoChannels(Box::new(channels)), far_out, far_in)
    }

    /// What is read to the end, and what that is.
    async fn read(channels: &mut Carried<DuplexStream>) -> (Vec<u8>, Close) {
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

    #[tokio::test(start_paused = true)]
    async fn bare_end_of_in_is_the_end_where_out_says_nothing_more_in_a_while() {
        let (mut near, mut out, far_in) = channels(b"", false);
        drop(far_in);
        let writing = tokio::spawn(async move {
            tokio::time::sleep(std::time::Duration::from_millis(900)).await;
            out.write_all(b"refused").await.unwrap();
        });
        assert_eq!(read(&mut near).await, (b"refused".to_vec(), Close::Fin), "it is out to say that");
        writing.await.unwrap();

        let (mut near, _out, far_in) = channels(b"", false);
        drop(far_in);
        assert_eq!(read(&mut near).await, (Vec::new(), Close::Tunnel(TunnelEnd::In)));
    }

    /// As a server ends that answers early: the next chunk finds nobody.
    #[tokio::test]
    async fn a_write_that_fails_on_in_hides_no_answer_there() {
        let (mut near, _out, mut far_in) = channels(b"", false);
        far_in.write_all(b"HTTP/1.1 413 No\r\n\r\n").await.unwrap();
        drop(far_in);
        assert!(near.write_all(b"more").await.is_err());
        assert_eq!(read(&mut near).await, (Vec::new(), Close::Tunnel(TunnelEnd::Answer(413))));
    }

    #[tokio::test]
    async fn an_answer_on_in_says_more_than_a_bare_end_of_out_and_less_than_what_out_says() {
        for (out_says, end) in [
            (&b""[..], Close::Tunnel(TunnelEnd::Answer(413))),
            (b"0\r\n\r\n", Close::Tunnel(TunnelEnd::LastChunk)),
        ] {
            let (mut near, mut out, mut far_in) = channels(b"", true);
            far_in.write_all(b"HTTP/1.1 413 No\r\n\r\n").await.unwrap();
            out.write_all(out_says).await.unwrap();
            drop(out);
            assert_eq!(read(&mut near).await, (Vec::new(), end));
        }
    }
}
