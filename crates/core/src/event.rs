//! What the driver saw. A machine has no clock and no socket: all it knows comes from here.
use crate::auth::{AuthFault, AuthOutput};
use crate::close::{Close, DialFault};
use crate::target::Address;
use crate::tls::{TlsFault, TlsFaultKind, TlsSession};
use crate::wants::Wants;

/// One thing that happened. Each stage waits for one of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The answer of name resolution. An empty list is [`crate::DialFaultKind::NotFound`] to the machine.
    Resolved(Result<Vec<Address>, DialFault>),
    /// The answer to a dial: the connection's two ends.
    Dialed(Result<Link, DialFault>),
    /// The end of the TLS handshake.
    Tls {
        /// How many octets were held behind the last PDU when TLS began: they came in the clear, and were the beginning of what the
        /// handshake read.
        before: usize,
        /// What came of it.
        answer: Result<TlsSession, TlsFault>,
    },
    /// The carrier is in its place.
    Carried,
    /// What was to be sent is sent, as far as this computer can tell.
    Sent,
    /// The answer of the security context.
    Auth(Result<AuthOutput, AuthFault>),
    /// One whole PDU, framing included.
    Pdu(&'a [u8]),
    /// Octets that cannot begin a PDU of the framing asked for: another protocol's.
    Stray(&'a [u8]),
    /// The stream ended while a PDU was due.
    Closed {
        /// How it ended.
        how: Close,
        /// The octets of the PDU that had arrived.
        partial: &'a [u8],
    },
}

impl Event<'_> {
    /// Whether it is an answer to this want.
    #[must_use]
    pub const fn answers(&self, wants: &Wants<'_>) -> bool {
        match self {
            Self::Resolved(_) => matches!(wants, Wants::Resolve { .. }),
            Self::Dialed(_) => matches!(wants, Wants::Dial { .. }),
            Self::Tls { .. } => matches!(wants, Wants::Tls { .. }),
            Self::Carried => matches!(wants, Wants::Carry(_)),
            Self::Auth(_) => matches!(wants, Wants::Auth { .. }),
            Self::Sent => matches!(wants, Wants::Send),
            Self::Stray(_) => matches!(wants, Wants::Pdu(_)),
            Self::Pdu(_) | Self::Closed { .. } => matches!(wants, Wants::Pdu(_) | Wants::Send),
        }
    }

    /// Whether it is the end of a tunnel through a gateway.
    pub(crate) const fn ends_a_tunnel(&self) -> bool {
        matches!(
            self,
            Self::Closed { how: Close::Tunnel(_), .. }
                | Self::Tls { answer: Err(TlsFault { kind: TlsFaultKind::Closed(Close::Tunnel(_)), .. }), .. }
        )
    }
}

/// The two ends of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a connection has two ends")]
pub struct Link {
    /// Who was reached.
    pub peer: Address,
    /// This end's address, when the driver knows it.
    pub local: Option<Address>,
}
