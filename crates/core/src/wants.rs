//! What the machine needs next.
use std::time::Duration;

use crate::framing::Framing;
use crate::target::Address;

/// The next thing a driver has to do. Octets to send wait in [`crate::Run::take_octets`] and go out first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wants<'a> {
    /// Resolve the name; report [`crate::Event::Resolved`].
    Resolve {
        /// The name as typed.
        name: &'a str,
        /// The port, which resolvers like to be given.
        port: u16,
    },
    /// Connect; report [`crate::Event::Dialed`].
    Dial {
        /// Where to.
        address: Address,
        /// This address's share of the stage's limit.
        share: Duration,
    },
    /// Shake hands; report [`crate::Event::Tls`]. What is read and sent from then on is inside.
    Tls {
        /// The name to ask for and to check.
        host: &'a str,
    },
    /// Read; report [`crate::Event::Pdu`], [`crate::Event::Stray`] or [`crate::Event::Closed`].
    Pdu(Framing),
}
