//! The RD Gateway on the way to a target ([MS-TSGU]): what is asked of it, what it shows, how it refuses, and the tunnel through it.
mod fact;
mod fault;
mod heard;
mod plan;
mod request;
mod tunnel;
mod two_channels;
mod websocket;

pub(crate) use fact::packet_text;
pub use fact::{BindingSent, GatewayFact, HttpFacts};
pub use fault::GatewayFault;
pub use heard::Heard as TunnelHeard;
pub use plan::{Gateway, GatewayLogon, GatewayTransport};
pub use request::base64;
pub(crate) use request::unbase64;
pub(crate) use request::{Ask, Request};
pub use tunnel::Tunnel;
pub use two_channels::TwoChannels;
pub use websocket::WebSocket;
