//! A connection: a stack of layers, each with a framer of its own.
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use rdp_probe_core::{Address, Carrier, Close, Event, Framing, Link, TlsFault, TlsSession};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use zeroize::Zeroizing;

use crate::carried::Carried;
use crate::channel::Channel;
use crate::close::close_of;
use crate::framer::{Found, Framer};
use crate::inside::Inside;
use crate::network::{Dialed, Ended, Io, quick_acknowledgement, small_writes_at_once};
use crate::tls::{Below, Handshake, Tap, TlsPolicy, close_inside};
use crate::two_channels::TwoChannelsStream;
use crate::websocket::WebSocketStream;

/// A connection as far as it is built: the uppermost layer, and what is held of its octets. What is held never passes from one layer
/// to the next as if it had come inside: [`Connection::secure`] gives it to the handshake.
pub(crate) struct Connection {
    layer: Layer,
    framer: Framer,
    /// Whether the peer has been heard. A new connection acknowledges at once without being told.
    heard: bool,
    /// The gateway's channel that it goes through, whatever stands on top of it.
    channel: Option<Channel<Layer>>,
    /// Whether a write has failed that nothing was waited for after.
    unsent: bool,
}

/// The uppermost layer, with those below it inside.
pub(crate) enum Layer {
    /// The operating system's TCP.
    Tcp(TcpStream),
    /// A TCP connection that was over before it was used.
    Ended(Ended),
    /// The caller's stream.
    Custom(Box<dyn Io>),
    /// TLS.
    Tls(Box<Inside<Tap<Self>>>),
    /// What carries a gateway's packets.
    Carried(Carried<Self>),
    /// The channel of a gateway's tunnel.
    Channel(Channel<Self>),
}

/// What an exchange came to.
pub(crate) enum Heard {
    /// So many octets of what is held are one PDU.
    Pdu(usize),
    /// What is held is another protocol's.
    Stray,
    /// The stream ended; what is held had come.
    Closed(Close),
}

impl Connection {
    /// A connection that was dialled.
    pub(crate) fn dialed(dialed: Dialed) -> Self {
        Self::over(match dialed {
            Dialed::Tcp(stream) => Layer::Tcp(stream),
            Dialed::Ended(ended) => Layer::Ended(ended),
        })
    }

    /// A connection that the caller made.
    pub(crate) fn custom(stream: Box<dyn Io>) -> Self {
        Self::over(Layer::Custom(stream))
    }

    fn over(layer: Layer) -> Self {
        Self { layer, framer: Framer::default(), heard: false, channel: None, unsent: false }
    }

    /// The ends of the connection, as far as they are known.
    pub(crate) fn link(&self, peer: Address) -> Link {
        let local = match &self.layer {
            Layer::Tcp(stream) => stream.local_addr().ok(),
            Layer::Ended(_) | Layer::Custom(_) | Layer::Tls(_) | Layer::Carried(_) | Layer::Channel(_) => None,
        };
        Link { peer, local }
    }

    /// Sends.
    pub(crate) async fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.layer.write_all(octets).await?;
        // TLS takes octets before they are sent.
        self.layer.flush().await
    }

    /// Sends what is to be sent, then waits for one PDU. What the peer said before it hung up is read even when the write
    /// fails: that is often the reason. Where it failed here, the peer has nothing to answer.
    #[expect(clippy::manual_async_fn, reason = "an async fn keeps what it is given twice")]
    pub(crate) fn exchange(
        &mut self,
        octets: Zeroizing<Vec<u8>>,
        framing: Framing,
    ) -> impl Future<Output = Heard> {
        async move {
            let written = if octets.is_empty() { Ok(()) } else { self.send(&octets).await };
            // What has been said is not kept while the answer is waited for.
            drop(octets);
            if let Some(how @ Close::Local { .. }) =
                written.as_ref().err().map(|error| self.layer.close_of(error))
            {
                return Heard::Closed(how);
            }
            if self.heard {
                self.layer.about_to_read();
            }
            self.heard = true;
            match (self.framer.next(&mut self.layer, framing).await, written) {
                (Found::Pdu(length), _) => Heard::Pdu(length),
                (Found::Stray, _) => Heard::Stray,
                (Found::Ended(Ok(())), Err(error))
                    if self.layer.end() == Close::Fin && self.framer.held().is_empty() =>
                {
                    Heard::Closed(self.layer.close_of(&error))
                }
                (Found::Ended(Ok(())), _) => Heard::Closed(self.layer.end()),
                (Found::Ended(Err(error)), _) => Heard::Closed(self.layer.close_of(&error)),
            }
        }
    }

    /// Sends what is to be sent, and waits for nothing more. Where that fails, here or before: what the peer has said, PDU by PDU, and then how
    /// the connection ended.
    #[expect(clippy::manual_async_fn, reason = "an async fn keeps what it is given twice")]
    pub(crate) fn deliver(&mut self, octets: Zeroizing<Vec<u8>>) -> impl Future<Output = Option<Heard>> {
        async move {
            let written = if octets.is_empty() { Ok(()) } else { self.send(&octets).await };
            drop(octets);
            if let Err(error) = written {
                self.unsent = true;
                if let how @ Close::Local { .. } = self.layer.close_of(&error) {
                    return Some(Heard::Closed(how));
                }
            }
            if !self.unsent {
                return None;
            }
            Some(match self.framer.next(&mut self.layer, Framing::Tpkt).await {
                Found::Pdu(length) => Heard::Pdu(length),
                // A connection that has ended in order takes nothing more: that is a reset.
                Found::Ended(Ok(())) if self.layer.end() != Close::Fin => Heard::Closed(self.layer.end()),
                Found::Stray | Found::Ended(Ok(())) => Heard::Closed(Close::Reset),
                Found::Ended(Err(error)) => Heard::Closed(self.layer.close_of(&error)),
            })
        }
    }

    /// What the last exchange has to tell.
    pub(crate) fn event(&self, heard: Heard) -> Event<'_> {
        let held = self.framer.held();
        match heard {
            Heard::Pdu(length) => Event::Pdu(held.get(..length).unwrap_or(held)),
            Heard::Stray => Event::Stray(held),
            Heard::Closed(how) => Event::Closed { how: ended_by(how, self.channel.as_ref()), partial: held },
        }
    }

    /// How many octets are held behind the last PDU: what [`Connection::secure`] gives to the handshake.
    pub(crate) fn left_over(&self) -> usize {
        self.framer.rest().len()
    }

    /// Puts TLS on top, with the server that was asked for as `name` and stands at `peer`.
    pub(crate) async fn secure(
        self,
        handshake: &Handshake,
        name: &str,
        peer: IpAddr,
        policy: &TlsPolicy,
    ) -> Result<(Self, TlsSession), TlsFault> {
        let Self { layer, framer, channel, .. } = self;
        layer.about_to_talk();
        let (stream, session) = handshake.run(layer, framer.into_rest(), name, peer, policy).await?;
        Ok((Self { channel, ..Self::over(Layer::Tls(Box::new(Inside::new(stream)))) }, session))
    }

    /// Puts a carrier on top. What is held of the octets is the beginning of what it reads. `aside` was made before this connection, and is
    /// still open.
    pub(crate) fn carry(self, carrier: Carrier, aside: Option<Self>) -> Self {
        let Self { layer, framer, .. } = self;
        let first = framer.into_rest().to_vec();
        let carried = match (carrier, layer, aside) {
            (Carrier::TwoChannels { chunked }, layer, Some(aside)) => {
                let out = (aside.layer, aside.framer.into_rest().to_vec());
                let channels = TwoChannelsStream::new(out, (layer, &first), chunked);
                return Self::over(Layer::Carried(Carried::TwoChannels(Box::new(channels))));
            }
            (Carrier::Channel, Layer::Carried(carried), _) => carried,
            // Of no connection that there is: a defect of who asked for it, and nothing is put on top.
            (Carrier::TwoChannels { .. } | Carrier::Channel, layer, _) => return Self::over(layer),
            (Carrier::WebSocket | _, layer, _) => {
                let socket = WebSocketStream::new(layer, first);
                return Self::over(Layer::Carried(Carried::WebSocket(Box::new(socket))));
            }
        };
        let channel = Channel::new(carried, first);
        Self { channel: Some(channel.clone()), ..Self::over(Layer::Channel(channel)) }
    }

    /// The gateway's channel that it goes through.
    pub(crate) const fn channel(&self) -> Option<&Channel<Layer>> {
        self.channel.as_ref()
    }

    /// Whether there is nothing to say at the end, and no way to say goodbye either.
    pub(crate) const fn ends_in_silence(&self, octets: &[u8]) -> bool {
        octets.is_empty() && matches!(self.layer, Layer::Tcp(_) | Layer::Ended(_))
    }

    /// Says goodbye, where the protocol has a way to, and the peer is there to hear it; its answer is not waited for.
    pub(crate) async fn farewell(mut self, octets: &[u8]) -> io::Result<()> {
        // Nothing waits in between: through a gateway it is one packet.
        self.layer.write_all(octets).await?;
        // Inside TLS the end is announced, and in what carries packets.
        if matches!(self.layer, Layer::Tls(_) | Layer::Carried(_)) {
            self.layer.shutdown().await
        } else {
            self.layer.flush().await
        }
    }
}

/// How a stream ended that goes through a gateway's channel: by what ended that, where nobody had said anything else inside.
pub(crate) fn ended_by(how: Close, channel: Option<&Channel<Layer>>) -> Close {
    let end = channel.filter(|_| how.is_bare()).and_then(Channel::ended);
    end.map_or(how, Close::Tunnel)
}

impl Layer {
    /// From here on messages follow each other.
    fn about_to_talk(&self) {
        match self {
            Self::Tcp(stream) => small_writes_at_once(stream),
            Self::Ended(_) | Self::Custom(_) | Self::Tls(_) | Self::Carried(_) | Self::Channel(_) => {}
        }
    }
}

impl Below for Layer {
    fn about_to_read(&self) {
        match self {
            Self::Tcp(stream) => quick_acknowledgement(stream),
            Self::Ended(_) | Self::Custom(_) | Self::Tls(_) | Self::Carried(_) | Self::Channel(_) => {}
        }
    }

    fn end(&self) -> Close {
        match self {
            Self::Tcp(_) | Self::Ended(_) | Self::Custom(_) => Close::Fin,
            // A bare FIN is an error to rustls; without one, the end was announced.
            Self::Tls(_) => Close::CloseNotify,
            Self::Carried(carried) => carried.end(),
            Self::Channel(channel) => channel.end(),
        }
    }

    fn close_of(&self, error: &io::Error) -> Close {
        match self {
            Self::Tcp(_) | Self::Ended(_) | Self::Custom(_) => close_of(error),
            Self::Tls(_) => close_inside(error),
            Self::Carried(carried) => carried.close_of(error),
            Self::Channel(channel) => channel.close_of(error),
        }
    }
}

impl AsyncRead for Layer {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Ended(ended) => Pin::new(ended).poll_read(cx, buf),
            Self::Custom(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Carried(carried) => Pin::new(carried).poll_read(cx, buf),
            Self::Channel(channel) => Pin::new(channel).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Layer {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Ended(ended) => Pin::new(ended).poll_write(cx, buf),
            Self::Custom(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Carried(carried) => Pin::new(carried).poll_write(cx, buf),
            Self::Channel(channel) => Pin::new(channel).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Ended(ended) => Pin::new(ended).poll_write_vectored(cx, bufs),
            Self::Custom(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Carried(carried) => Pin::new(carried).poll_write_vectored(cx, bufs),
            Self::Channel(channel) => Pin::new(channel).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.is_write_vectored(),
            Self::Ended(ended) => ended.is_write_vectored(),
            Self::Custom(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
            Self::Carried(carried) => carried.is_write_vectored(),
            Self::Channel(channel) => channel.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Ended(ended) => Pin::new(ended).poll_flush(cx),
            Self::Custom(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
            Self::Carried(carried) => Pin::new(carried).poll_flush(cx),
            Self::Channel(channel) => Pin::new(channel).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Ended(ended) => Pin::new(ended).poll_shutdown(cx),
            Self::Custom(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Carried(carried) => Pin::new(carried).poll_shutdown(cx),
            Self::Channel(channel) => Pin::new(channel).poll_shutdown(cx),
        }
    }
}
