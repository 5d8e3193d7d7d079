//! What a gateway does next.
use std::time::Duration;

use crate::scenario::Ending;

/// One thing that a gateway does. Its octets lie inside of TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Does {
    /// Sends these octets: HTTP before [`Self::Upgraded`], after it one packet, in a WebSocket message.
    Send(Vec<u8>),
    /// Sends these octets beside what frames WebSocket messages.
    Raw(Vec<u8>),
    /// From here on both ends speak packets in WebSocket messages.
    Upgraded,
    /// Dials there. [`Gateway::target_dialed`](super::Gateway::target_dialed) is to be told what came of it.
    Open {
        /// A name or an address, as the client wrote it.
        name: String,
        /// The port.
        port: u16,
    },
    /// Sends these octets to the target.
    ToTarget(Vec<u8>),
    /// Closes the connection to the target.
    CloseTarget,
    /// Sends a WebSocket Close, with this code where there is one.
    WebSocketClose(Option<u16>),
    /// Ends the connection to the client; nothing comes after it.
    Close(Ending),
    /// Sends these octets one by one, as [`Self::Send`] would.
    Drip {
        /// The octets.
        octets: Vec<u8>,
        /// The time between two.
        every: Duration,
    },
    /// Sends these octets over and over until the client closes. A client that takes them all is at fault.
    Endless {
        /// The octets.
        octets: Vec<u8>,
        /// As many as are sent, at least.
        at_most: usize,
    },
}
