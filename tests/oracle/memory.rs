//! A network in memory: whoever is dialled says the same, in pieces of given sizes.
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use rdp_probe::{BoxFuture, DialFault, Io, Network};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// What a peer says, and how its stream ends.
#[derive(Clone, Debug)]
pub(crate) struct Speech {
    /// What it says, each in answer to one message of the client.
    pub(crate) turns: Vec<Vec<u8>>,
    /// How many octets arrive at a time, over and over again; everything at once when there is no size.
    pub(crate) pieces: Vec<usize>,
    /// What comes after the last of it.
    pub(crate) end: End,
}

/// How a peer's stream ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    Fin,
    Reset,
    Silence,
}

/// One address, and a peer at it.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) address: [u8; 4],
    pub(crate) speech: Arc<Speech>,
}

impl Network for Memory {
    fn resolve<'a>(&'a self, _: &'a str, port: u16) -> BoxFuture<'a, Result<Vec<SocketAddr>, DialFault>> {
        Box::pin(std::future::ready(Ok(vec![(self.address, port).into()])))
    }

    fn dial(&self, _: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Io>, DialFault>> {
        let peer: Box<dyn Io> = Box::new(Peer::new(Arc::clone(&self.speech)));
        Box::pin(std::future::ready(Ok(peer)))
    }
}

/// The client's end of a connection with a peer.
struct Peer {
    speech: Arc<Speech>,
    /// How many turns have begun, and how many the client has asked for.
    begun: usize,
    asked: usize,
    /// Whether the client wrote last: what it goes on to write is of the same message.
    writes: bool,
    /// What is left of the turn.
    rest: VecDeque<u8>,
    /// How many pieces have been given.
    given: usize,
    waiting: Option<Waker>,
}

impl Peer {
    fn new(speech: Arc<Speech>) -> Self {
        Self { speech, begun: 0, asked: 0, writes: false, rest: VecDeque::new(), given: 0, waiting: None }
    }

    /// As many octets as come at once.
    fn piece(&self) -> usize {
        let place = self.given.checked_rem(self.speech.pieces.len());
        place.and_then(|place| self.speech.pieces.get(place)).map_or(usize::MAX, |size| (*size).max(1))
    }

    fn end(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        match self.speech.end {
            End::Fin => Poll::Ready(Ok(())),
            End::Reset => Poll::Ready(Err(io::ErrorKind::ConnectionReset.into())),
            End::Silence => self.wait(cx),
        }
    }

    fn wait(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        self.waiting = Some(cx.waker().clone());
        Poll::Pending
    }
}

impl AsyncRead for Peer {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        while this.rest.is_empty() {
            let Some(turn) = this.speech.turns.get(this.begun) else { return this.end(cx) };
            if this.begun == this.asked {
                return this.wait(cx);
            }
            this.begun += 1;
            this.rest.extend(turn);
        }
        let most = this.piece().min(buf.remaining()).min(this.rest.len());
        let piece: Vec<u8> = this.rest.drain(..most).collect();
        buf.put_slice(&piece);
        this.given += 1;
        this.writes = false;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Peer {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        if !this.writes {
            this.writes = true;
            this.asked += 1;
        }
        if let Some(waker) = this.waiting.take() {
            waker.wake();
        }
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
