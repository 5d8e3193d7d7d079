//! Two channels of HTTP as one stream: [`TwoChannels`], and the two connections below it.
use std::future::Future as _;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rdp_probe_core::wire::http::{LAST_CHUNK, chunk};
use rdp_probe_core::{Close, TwoChannels};
use tokio::io::ReadBuf;
use tokio::time::{Sleep, sleep};

use crate::input::Input;
use crate::output::Output;
use crate::tls::Below;

/// What the body of OUT's answer says, and what is said in the body of IN's request.
pub(crate) struct TwoChannelsStream<S> {
    out: S,
    incoming: S,
    channels: TwoChannels,
    input: Input,
    output: Output,
    /// Whether the last chunk is among what is to be sent.
    closing: bool,
    /// Whether all is read that comes on IN.
    in_is_read: bool,
    /// Once IN's connection has ended, in either direction: how long OUT may still say something.
    grace: Option<Pin<Box<Sleep>>>,
}

/// As long as what was sent on one connection may come after what was sent later on another one.
const GRACE: Duration = Duration::from_secs(1);

impl<S: Below> TwoChannelsStream<S> {
    /// Over `out` and `incoming`, each with what was read of it before: OUT's is the beginning of its body, which is in chunks or not.
    pub(crate) fn new((out, first): (S, Vec<u8>), (incoming, heard): (S, &[u8]), chunked: bool) -> Self {
        let mut channels = TwoChannels::new(chunked);
        channels.hear_in(heard);
        Self {
            out,
            incoming,
            channels,
            input: Input::new(first),
            output: Output::default(),
            closing: false,
            in_is_read: false,
            grace: None,
        }
    }

    /// Waits until there are octets of OUT's body, where there are none; whether there are any, or no more will come.
    pub(crate) fn poll_octets(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        loop {
            let channels = &mut self.channels;
            if self.input.hear(|octets| channels.hear(octets)) {
                return Poll::Ready(Ok(true));
            }
            // What is to be said goes out as far as it does at once: who hears does not wait for that.
            if let Poll::Ready(Err(error)) = self.poll_flush(cx) {
                self.in_fails(error)?;
            }
            if self.channels.ended().is_some() {
                return Poll::Ready(Ok(false));
            }
            match self.input.poll_read(&mut self.out, cx) {
                Poll::Ready(Ok(1..)) => {}
                // An answer that has come on IN says more than a bare end here.
                Poll::Ready(ended) => {
                    self.read_in(cx)?;
                    let answered = self.channels.ended().is_some();
                    return Poll::Ready(if answered { Ok(false) } else { ended.map(|_| false) });
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
        self.read_in(cx)?;
        if self.channels.ended().is_none() {
            let Some(grace) = &mut self.grace else { return Poll::Pending };
            ready!(grace.as_mut().poll(cx));
            self.channels.in_ended();
        }
        Poll::Ready(Ok(()))
    }

    /// Reads what is there on IN, up to an answer.
    fn read_in(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while !self.in_is_read && self.channels.ended().is_none() {
            let mut room = [0; 512];
            let mut read = ReadBuf::new(&mut room);
            match Pin::new(&mut self.incoming).poll_read(cx, &mut read) {
                Poll::Pending => break,
                Poll::Ready(Ok(())) if !read.filled().is_empty() => self.channels.hear_in(read.filled()),
                Poll::Ready(ended) => {
                    self.in_is_read = true;
                    ended.or_else(|error| self.in_fails(error))?;
                    self.in_ends();
                }
            }
        }
        Ok(())
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

    /// Begins to send octets in a chunk of their own: [`TwoChannelsStream::poll_flush`] sends them.
    pub(crate) fn start_send(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> io::Result<()> {
        chunk(octets, self.output.end());
        match self.poll_flush(cx) {
            // It is taken, and goes out later.
            Poll::Pending => Ok(()),
            Poll::Ready(flushed) => flushed,
        }
    }

    /// Sends what was begun to be sent.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.output.poll_send(&mut self.incoming, cx))?;
        Pin::new(&mut self.incoming).poll_flush(cx)
    }

    /// What it means when nothing more is read.
    pub(crate) fn end(&self) -> Close {
        self.channels.ended().map_or_else(|| self.out.end(), Close::Tunnel)
    }

    /// What an error of a read or write says about it.
    pub(crate) fn close_of(&self, error: &io::Error) -> Close {
        self.out.close_of(error)
    }

    /// Says that nothing more comes, and ends both connections: IN's body first, and then it and OUT.
    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if !self.closing {
            self.closing = true;
            self.output.end().extend_from_slice(LAST_CHUNK);
        }
        // Where it cannot be said, the end below says it.
        _ = ready!(self.poll_flush(cx));
        _ = ready!(Pin::new(&mut self.incoming).poll_shutdown(cx));
        Pin::new(&mut self.out).poll_shutdown(cx)
    }
}
