//! What carries the packets of a gateway's tunnel.
use std::io;
use std::task::{Context, Poll};

use rdp_probe_core::Close;

use crate::tls::Below;
use crate::two_channels::TwoChannels;
use crate::websocket::WebSocketStream;

/// A carrier, of either kind.
pub(crate) enum Carried<S> {
    /// The messages of a WebSocket.
    WebSocket(Box<WebSocketStream<S>>),
    /// Two channels of HTTP.
    TwoChannels(Box<TwoChannels<S>>),
}

impl<S: Below> Carried<S> {
    /// Waits until there are octets, where there are none; whether there are any, or no more will come.
    pub(crate) fn poll_octets(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<bool>> {
        match self {
            Self::WebSocket(socket) => socket.poll_octets(cx),
            Self::TwoChannels(channels) => channels.poll_octets(cx),
        }
    }

    /// Octets, where some were waited for.
    pub(crate) fn octets(&self) -> &[u8] {
        match self {
            Self::WebSocket(socket) => socket.octets(),
            Self::TwoChannels(channels) => channels.octets(),
        }
    }

    /// So many of them are done with.
    pub(crate) fn consume(&mut self, octets: usize) {
        match self {
            Self::WebSocket(socket) => socket.consume(octets),
            Self::TwoChannels(channels) => channels.consume(octets),
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
