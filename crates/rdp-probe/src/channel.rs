//! The channel of a gateway's tunnel as a stream: a [`Tunnel`], and the carrier that its packets go over.
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use rdp_probe_core::wire::tpkt::Frame;
use rdp_probe_core::wire::tsgu;
use rdp_probe_core::{Close, GatewayFact, Tunnel, TunnelEnd, TunnelHeard};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use zeroize::Zeroizing;

use crate::carried::Carried;
use crate::tls::Below;

/// An open channel. A copy is the same one: whoever reads and writes may be gone by the time that it is closed, and asked how it ended.
pub(crate) struct Channel<S>(Arc<Mutex<Open<S>>>);

impl<S> Clone for Channel<S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

struct Open<S> {
    carried: Carried<S>,
    tunnel: Tunnel,
    /// What is for the target, and goes out in one packet when somebody waits for that, or for an answer.
    pending: Zeroizing<Vec<u8>>,
    /// What was read before, and has not been heard, and how much of it has.
    first: (Vec<u8>, usize),
}

impl<S: Below> Channel<S> {
    /// Over `carried`; `first` was read before.
    pub(crate) fn new(carried: Carried<S>, first: Vec<u8>) -> Self {
        Self(Arc::new(Mutex::new(Open {
            carried,
            tunnel: Tunnel::new(),
            pending: Zeroizing::default(),
            first: (first, 0),
        })))
    }

    fn lock(&self) -> MutexGuard<'_, Open<S>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How it ended; `None` while it is open.
    pub(crate) fn ended(&self) -> Option<TunnelEnd> {
        self.lock().tunnel.end()
    }

    /// What was observed beside the target's octets since the last time.
    pub(crate) fn take_facts(&self) -> Vec<GatewayFact> {
        self.lock().tunnel.take_facts()
    }

    /// Closes it: CLOSE_CHANNEL, what the gateway still says until it confirms that, and then the carrier.
    pub(crate) async fn close(&self) {
        poll_fn(|cx| {
            let mut open = self.lock();
            _ = open.send_pending(cx);
            open.tunnel.close();
            // Where it cannot be closed in good order, it has ended.
            _ = ready!(open.poll_drained(cx));
            _ = ready!(open.poll_flushed(cx));
            _ = ready!(open.carried.poll_close(cx));
            Poll::Ready(())
        })
        .await;
    }
}

impl<S: Below> Open<S> {
    /// Begins to send what is for the target.
    fn send_pending(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        if !self.pending.is_empty() && self.tunnel.end().is_none() {
            let mut packet = Zeroizing::new(Vec::new());
            self.tunnel.wrap(&self.pending, &mut packet);
            // Once taken it is not sent again, whatever comes of it.
            self.pending.clear();
            self.carried.start_send(cx, &packet)?;
        }
        self.pending.clear();
        Ok(())
    }

    /// Sends what is for the target, and what the tunnel has to say by itself.
    fn poll_flushed(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.send_pending(cx)?;
        let queued = self.tunnel.take_queued();
        let mut rest = queued.as_slice();
        // Each packet in a wrapping of its own: nobody is known to send more in one, and so no gateway to take that.
        while let Frame::Whole(length) = tsgu::frame(rest)
            && let Some((packet, behind)) = rest.split_at_checked(length)
        {
            self.carried.start_send(cx, packet)?;
            rest = behind;
        }
        self.carried.poll_flush(cx)
    }

    /// Waits for octets of the carrier's, where there are none; whether there are any.
    fn poll_carried(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        if self.first.1 < self.first.0.len() {
            return Poll::Ready(Ok(true));
        }
        let how = match ready!(self.carried.poll_octets(cx)) {
            Ok(true) => return Poll::Ready(Ok(true)),
            Ok(false) => self.carried.end(),
            Err(error) => {
                let how = self.carried.close_of(&error);
                // What fails here is nobody else's end.
                if matches!(how, Close::Local { .. }) {
                    return Poll::Ready(Err(error));
                }
                how
            }
        };
        self.tunnel.ended(how.of_carrier());
        Poll::Ready(Ok(false))
    }

    /// Hears what the carrier has, up to so many octets of the target's, which `take` gets.
    fn hear(&mut self, room: usize, take: impl FnOnce(&[u8])) -> usize {
        let Self { carried, tunnel, first: (first, heard), .. } = self;
        let before = first.get(*heard..).filter(|rest| !rest.is_empty());
        let octets = before.unwrap_or_else(|| carried.input().octets());
        let TunnelHeard { used, inside } = tunnel.hear(octets, room);
        take(octets.get(used.saturating_sub(inside)..used).unwrap_or_default());
        if before.is_none() {
            carried.input().consume(used);
        } else {
            *heard = heard.saturating_add(used);
        }
        inside
    }

    /// Hears the gateway until the tunnel has ended.
    fn poll_drained(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.tunnel.end().is_none() {
            // Where that waits, hearing does not.
            _ = self.poll_flushed(cx)?;
            if ready!(self.poll_carried(cx))? {
                self.hear(usize::MAX, |_| {});
            }
        }
        Poll::Ready(Ok(()))
    }

    fn poll_read(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        while self.tunnel.end().is_none() && buf.remaining() > 0 {
            // What waits to be sent goes out when it can, whoever was woken.
            _ = self.poll_flushed(cx);
            if !ready!(self.poll_carried(cx))? || self.hear(buf.remaining(), |inside| buf.put_slice(inside)) > 0
            {
                break;
            }
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: Below> Below for Channel<S> {
    fn about_to_read(&self) {}

    fn end(&self) -> Close {
        self.ended().map_or(Close::Fin, Close::Tunnel)
    }

    fn close_of(&self, error: &io::Error) -> Close {
        match self.ended() {
            Some(end) => Close::Tunnel(end),
            None => self.lock().carried.close_of(error),
        }
    }
}

impl<S: Below> AsyncRead for Channel<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        self.lock().poll_read(cx, buf)
    }
}

impl<S: Below> AsyncWrite for Channel<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let mut open = self.lock();
        if open.tunnel.end().is_some() {
            return Poll::Ready(Err(io::ErrorKind::BrokenPipe.into()));
        }
        if open.pending.len() >= Tunnel::MOST_DATA {
            open.send_pending(cx)?;
            // Whoever sends without an end waits here.
            ready!(open.carried.poll_flush(cx))?;
        }
        let room = Tunnel::MOST_DATA.saturating_sub(open.pending.len());
        let taken = buf.get(..room).unwrap_or(buf);
        open.pending.extend_from_slice(taken);
        Poll::Ready(Ok(taken.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.lock().poll_flushed(cx)
    }

    /// The channel has no way to end in one direction: [`Channel::close`] closes it.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.lock().poll_flushed(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};

    use super::*;
    use crate::two_channels::TwoChannelsStream;

    #[tokio::test]
    async fn packets_that_go_out_together_have_a_chunk_each() {
        const KEEPALIVE: [u8; 8] = [0x0D, 0, 0, 0, 8, 0, 0, 0];
        let ((out, mut far_out), (incoming, mut far_in)) = (duplex(1 << 16), duplex(1 << 16));
        let channels = TwoChannelsStream::new((out, Vec::new()), (incoming, b""), false);
        let mut channel = Channel::new(Carried::TwoChannels(Box::new(channels)), KEEPALIVE.repeat(3));
        let mut data = Vec::new();
        tsgu::data(b"x", &mut data);
        far_out.write_all(&data).await.unwrap();
        assert_eq!(channel.read_u8().await.unwrap(), b'x');
        channel.flush().await.unwrap();
        let chunk = [&b"8\r\n"[..], &KEEPALIVE, b"\r\n"].concat();
        drop(channel);
        let mut said = Vec::new();
        far_in.read_to_end(&mut said).await.unwrap();
        assert_eq!(said, chunk.repeat(3));
    }
}
