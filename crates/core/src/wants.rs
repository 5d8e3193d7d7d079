//! What the machine needs next.
use std::time::Duration;

use crate::auth::{AuthAsk, AuthMethod};
use crate::framing::Framing;
use crate::hop::Hop;
use crate::leg::Leg;
use crate::target::Address;

/// The next thing a driver has to do. Octets to send wait in [`crate::Run::take_octets`] and go out first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wants<'a> {
    /// Resolve the host of this leg; report [`crate::Event::Resolved`].
    Resolve {
        /// The leg, with the host as typed, and the port, which resolvers like to be given.
        leg: &'a Leg,
    },
    /// Connect; report [`crate::Event::Dialed`]. A connection that there is already is set aside, as it is, for
    /// [`Carrier::TwoChannels`].
    Dial {
        /// Where to.
        address: Address,
        /// This address's share of the stage's limit.
        share: Duration,
        /// The largest segment, in octets, either way; `None` when that is the system's affair.
        segment: Option<u16>,
    },
    /// Shake hands; report [`crate::Event::Tls`]. What is read and sent from then on is inside. What had been read already, and
    /// is behind the last PDU, came before TLS: it is counted in the event, and is the beginning of what the handshake reads.
    Tls {
        /// Whom with: each has a policy of its own.
        hop: Hop,
        /// The leg, with the name to ask for and to check.
        leg: &'a Leg,
    },
    /// Put a carrier on top; report [`crate::Event::Carried`]. What is read and sent from then on is inside, and what had been read
    /// already, and is behind the last PDU, is the beginning of what the carrier reads.
    Carry(Carrier),
    /// Ask the security context; report [`crate::Event::Auth`].
    Auth {
        /// Whom it convinces: each has a context of its own.
        hop: Hop,
        /// By which mechanism.
        method: AuthMethod,
        /// What binds it to the TLS connection that it is made on: the application data of RFC 5929. `None` where nothing does, and for who
        /// binds by other means.
        binding: Option<&'a [u8]>,
        /// What it is asked.
        ask: AuthAsk<'a>,
    },
    /// Send what [`crate::Run::take_octets`] gives, and wait for nothing; report [`crate::Event::Sent`]. Where that fails, report what the peer
    /// had said before, as [`crate::Event::Pdu`] with [`Framing::Tpkt`], and then [`crate::Event::Closed`].
    Send,
    /// Read; report [`crate::Event::Pdu`], [`crate::Event::Stray`] or [`crate::Event::Closed`].
    Pdu(Framing),
}

/// What carries octets of somebody else's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Carrier {
    /// The frames of a WebSocket (RFC 6455), whose handshake is over: this end is the client.
    WebSocket,
    /// Two channels of HTTP ([MS-TSGU] 3.3.5.1): the connection that was set aside, OUT, whose answer's body is what the peer says, and
    /// this one, IN, whose request's body in chunks is what is said to it. Both heads are done with.
    TwoChannels {
        /// Whether the body of OUT is in chunks (RFC 9112 section 7.1); otherwise it ends with the connection.
        chunked: bool,
    },
    /// The channel of a gateway's tunnel, which is open: a [`crate::Tunnel`].
    Channel,
}
