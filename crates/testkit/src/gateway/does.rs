//! What a gateway does next.
use std::time::Duration;

use crate::scenario::Ending;

/// One thing that a gateway does. Its octets lie inside of TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Does {
    /// Sends these octets: HTTP before [`Self::Upgraded`] and [`Self::OutChannel`], after them one packet, in a WebSocket message or in the
    /// body of the OUT channel.
    Send(Vec<u8>),
    /// Sends these octets beside what frames WebSocket messages, or chunks.
    Raw(Vec<u8>),
    /// From here on both ends speak packets in WebSocket messages.
    Upgraded,
    /// From here on the body of the OUT channel is sent, which begins with the seed. The client speaks on another connection: what that
    /// one's [`Self::Inside`] has is this one's to hear.
    OutChannel {
        /// Whether seed and packets are a chunk each.
        chunked: bool,
        /// The octets before the first packet.
        seed: Vec<u8>,
    },
    /// The last request of an IN channel has come: its body is for the tunnel whose OUT channel has the same
    /// [`connection_id`](super::Gateway::connection_id).
    InChannel,
    /// Gives these octets to that tunnel, as its client's.
    Inside(Vec<u8>),
    /// The IN channel has ended: that tunnel is to be told, by [`Gateway::in_ended`](super::Gateway::in_ended).
    InEnded {
        /// Whether by the zero chunk.
        in_order: bool,
    },
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
    /// Sends these octets over and over until the client closes. A client that takes them all is at fault. Right behind [`Self::Raw`] they go
    /// on where that ends, beside all frames and chunks as well.
    Endless {
        /// The octets.
        octets: Vec<u8>,
        /// As many as are sent, at least.
        at_most: usize,
    },
}
