//! Two channels of HTTP as one stream: what the body of OUT's answer says, and what is said in the body of IN's request
//! ([MS-TSGU] 3.3.5.1).
use std::future::Future as _;
use std::io::{self, Write as _};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rdp_probe_core::wire::http::{Chunks, ChunksHeard, Status};
use rdp_probe_core::{Close, TunnelEnd, TunnelHeard};
use tokio::io::ReadBuf;
use tokio::time::{Sleep, sleep};
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
    /// Whether all is read that comes on IN.
    in_is_read: bool,
    /// Once IN's connection has ended, in either direction: how long OUT may still say something.
    grace: Option<Pin<Box<Sleep>>>,
}

/// As long as what was sent on one connection may come after what was sent later on another one.
const GRACE: Duration = Duration::from_secs(1);

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
                Some(status)
                    if Status(status).is_informational() && Status(status) != Status::SWITCHING_PROTOCOLS =>
                {
                    self.other = self.other.saturating_add(Self::LINE);
                    self.held.drain(..Self::LINE)
                }
                Some(status) => return Some(TunnelEnd::Answer(status)),
                None => return Some(TunnelEnd::Frame),
            };
        }
    }
}

/// The status in the beginning of a status line.
fn status_of(line: &[u8]) -> Option<u16> {
    let status = std::str::from_utf8(line.get(Answer::BEGINS.len().saturating_add(2)..)?).ok()?;
    status.parse().ok().filter(|_| status.bytes().all(|octet| octet.is_ascii_digit()))
}

impl<S: Below> TwoChannels<S> {
    /// Over `out` and `incoming`, each with what was read of it before: OUT's is the beginning of its body, which is in chunks or not.
    pub(crate) fn new((out, first): (S, Vec<u8>), (incoming, heard): (S, &[u8]), chunked: bool) -> Self {
        let mut answer = Answer::default();
        let end = answer.hear(heard);
        let body = if chunked { Body::Chunks(Chunks::new()) } else { Body::Plain };
        Self {
            out,
            incoming,
            body,
            input: Input::new(first),
            answer,
            output: Zeroizing::default(),
            sent: 0,
            end,
            closing: false,
            in_is_read: false,
            grace: None,
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
            if let Poll::Ready(Err(error)) = self.poll_flush(cx) {
                self.in_fails(error)?;
            }
            self.end = self.end.or_else(|| self.body.end());
            if self.end.is_some() {
                return Poll::Ready(Ok(false));
            }
            match self.input.poll_read(&mut self.out, cx) {
                Poll::Ready(Ok(1..)) => {}
                // An answer on IN says more than a bare end here.
                Poll::Ready(ended) => {
                    let said = self.poll_in(cx)?.is_ready() && self.end != Some(TunnelEnd::In);
                    self.end = self.end.filter(|_| said);
                    return Poll::Ready(if said { Ok(false) } else { ended.map(|_| false) });
                }
                // It counts less than what the tunnel says: both may come at its end.
                Poll::Pending => {
                    ready!(self.poll_in(cx))?;
                    return Poll::Ready(Ok(false));
                }
            }
        }
    }

    /// Waits for an end on IN: an answer, or that of its connection, where OUT says nothing more in a while.
    fn poll_in(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while !self.in_is_read {
            let mut room = [0; 512];
            let mut read = ReadBuf::new(&mut room);
            match Pin::new(&mut self.incoming).poll_read(cx, &mut read) {
                Poll::Pending => break,
                Poll::Ready(Ok(())) if !read.filled().is_empty() => {}
                Poll::Ready(ended) => {
                    self.in_is_read = true;
                    ended.or_else(|error| self.in_fails(error))?;
                    self.in_ends();
                }
            }
            self.end = self.answer.hear(read.filled());
            if self.end.is_some() {
                return Poll::Ready(Ok(()));
            }
        }
        let Some(grace) = &mut self.grace else { return Poll::Pending };
        ready!(grace.as_mut().poll(cx));
        self.end = Some(TunnelEnd::In);
        Poll::Ready(Ok(()))
    }

    /// An error on IN: what fails here is nobody else's end.
    fn in_fails(&mut self, error: io::Error) -> io::Result<()> {
        if matches!(self.incoming.close_of(&error), Close::Local { .. }) {
            return Err(error);
        }
        self.in_ends();
        Ok(())
    }

    /// The connection of IN has ended. What the gateway has to say to that it says on OUT.
    fn in_ends(&mut self) {
        self.grace.get_or_insert_with(|| Box::pin(sleep(GRACE)));
    }

    /// What was read: octets of OUT's body, where some were waited for.
    pub(crate) const fn input(&mut self) -> &mut Input {
        &mut self.input
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

    /// What it means when nothing more is read.
    pub(crate) fn end(&self) -> Close {
        self.end.map_or_else(|| self.out.end(), Close::Tunnel)
    }

    /// What an error of a read or write says about it.
    pub(crate) fn close_of(&self, error: &io::Error) -> Close {
        self.out.close_of(error)
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
