//! A WebSocket as a stream: [`WebSocket`], and the stream below it.
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use rdp_probe_core::wire::websocket::{Opcode, frame};
use rdp_probe_core::{Close, WebSocket};

use crate::input::Input;
use crate::output::Output;
use crate::tls::{Below, provider};

/// The octets in the messages of a WebSocket.
pub(crate) struct WebSocketStream<S> {
    below: S,
    socket: WebSocket,
    input: Input,
    output: Output,
}

impl<S: Below> WebSocketStream<S> {
    /// Over `below`, where the handshake is over. `first` was read before: it is the beginning of what the peer says.
    pub(crate) fn new(below: S, first: Vec<u8>) -> Self {
        Self { below, socket: WebSocket::new(), input: Input::new(first), output: Output::default() }
    }

    /// Waits until there are octets of a message's, where there are none; whether there are any, or no more will come.
    pub(crate) fn poll_octets(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        loop {
            let socket = &mut self.socket;
            if self.input.hear(|octets| socket.hear(octets)) {
                return Poll::Ready(Ok(true));
            }
            // What is to be said goes out as far as it does at once: who hears does not wait for that.
            _ = self.poll_flush(cx);
            if self.socket.ended().is_some() || ready!(self.input.poll_read(&mut self.below, cx))? == 0 {
                return Poll::Ready(Ok(false));
            }
        }
    }

    /// What was read: octets of the messages', where some were waited for.
    pub(crate) const fn input(&mut self) -> &mut Input {
        &mut self.input
    }

    /// Begins to send octets in a message of their own: [`WebSocketStream::poll_flush`] sends them.
    pub(crate) fn start_send(&mut self, cx: &mut Context<'_>, octets: &[u8]) -> io::Result<()> {
        frame(Opcode::BINARY, mask(), octets, self.output.end());
        match self.poll_flush(cx) {
            // It is taken, and goes out later.
            Poll::Pending => Ok(()),
            Poll::Ready(flushed) => flushed,
        }
    }

    /// Sends what was begun to be sent.
    pub(crate) fn poll_flush(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        loop {
            ready!(self.output.poll_send(&mut self.below, cx))?;
            if !self.socket.has_queued() {
                return Pin::new(&mut self.below).poll_flush(cx);
            }
            // Only when all else is out: a peer that asks and does not read gets nothing to read.
            self.socket.take_queued(mask, self.output.end());
        }
    }

    /// What it means when nothing more is read.
    pub(crate) fn end(&self) -> Close {
        self.socket.ended().map_or_else(|| self.below.end(), Close::Tunnel)
    }

    /// What an error of a read or write says about it.
    pub(crate) fn close_of(&self, error: &io::Error) -> Close {
        self.below.close_of(error)
    }

    /// Says that nothing more comes, and ends the stream below; the peer's answer is not waited for.
    pub(crate) fn poll_close(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.close();
        // Where it cannot be said, the end below says it.
        _ = ready!(self.poll_flush(cx));
        Pin::new(&mut self.below).poll_shutdown(cx)
    }
}

/// A mask that can be guessed harms no gateway: it keeps what is in between from taking the octets for HTTP.
fn mask() -> [u8; 4] {
    let mut mask = [0; 4];
    _ = provider().secure_random.fill(&mut mask);
    mask
}
