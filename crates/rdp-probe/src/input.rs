//! What is read of a carrier, and how far it has been heard.
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rdp_probe_core::TunnelHeard;
use tokio::io::{AsyncRead, ReadBuf};

/// What was read: the next octets are what is carried, and then come some that have not been heard.
pub(crate) struct Input {
    octets: Vec<u8>,
    at: usize,
    inside: usize,
    end: usize,
}

/// Octets read at a time: two packets of a gateway's have room.
const READ: usize = 16 << 10;

impl Input {
    /// `first` was read before: it is the beginning of what comes.
    pub(crate) const fn new(first: Vec<u8>) -> Self {
        Self { end: first.len(), octets: first, at: 0, inside: 0 }
    }

    /// Hears what has not been heard; whether there are octets of what is carried.
    pub(crate) fn hear(&mut self, mut hear: impl FnMut(&[u8]) -> TunnelHeard) -> bool {
        while self.inside == 0
            && let Some(unheard @ [_, ..]) = self.octets.get(self.at..self.end)
        {
            let heard = hear(unheard);
            self.at = self.at.saturating_add(heard.used.saturating_sub(heard.inside)).min(self.end);
            self.inside = heard.inside;
            // Behind the end of it nothing is used.
            if heard.used == 0 {
                break;
            }
        }
        self.inside > 0
    }

    /// Reads of `below`; how many octets. What has not been heard is gone.
    pub(crate) fn poll_read(
        &mut self,
        below: &mut (impl AsyncRead + Unpin),
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        let Self { octets, at, end, .. } = self;
        if octets.len() < READ {
            octets.resize(READ, 0);
        }
        let mut buf = ReadBuf::new(octets);
        ready!(Pin::new(below).poll_read(cx, &mut buf))?;
        (*at, *end) = (0, buf.filled().len());
        Poll::Ready(Ok(*end))
    }

    /// Octets of what is carried.
    pub(crate) fn octets(&self) -> &[u8] {
        let Self { octets, at, inside, .. } = self;
        octets.get(*at..at.saturating_add(*inside)).unwrap_or_default()
    }

    /// So many of them are done with.
    pub(crate) fn consume(&mut self, octets: usize) {
        let octets = octets.min(self.inside);
        self.inside = self.inside.saturating_sub(octets);
        self.at = self.at.saturating_add(octets);
    }

    /// Gives out as many of them as there is room for.
    pub(crate) fn put_into(&mut self, buf: &mut ReadBuf<'_>) {
        let octets = self.octets();
        let octets = octets.get(..buf.remaining()).unwrap_or(octets);
        let length = octets.len();
        buf.put_slice(octets);
        self.consume(length);
    }
}
