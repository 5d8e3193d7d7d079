//! What is to be sent on a carrier, and how far it is.
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;
use zeroize::Zeroizing;

/// Octets in their wrapping, which are not sent yet. What is in them may be a secret.
#[derive(Default)]
pub(crate) struct Output {
    octets: Zeroizing<Vec<u8>>,
    sent: usize,
}

impl Output {
    /// Where more is put behind what is there.
    pub(crate) fn end(&mut self) -> &mut Vec<u8> {
        &mut self.octets
    }

    /// Sends all of it, and flushes nothing.
    pub(crate) fn poll_send(
        &mut self,
        below: &mut (impl AsyncWrite + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<()>> {
        while let Some(rest @ [_, ..]) = self.octets.get(self.sent..) {
            match ready!(Pin::new(&mut *below).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => self.sent = self.sent.saturating_add(sent),
            }
        }
        self.octets.clear();
        self.sent = 0;
        Poll::Ready(Ok(()))
    }
}
