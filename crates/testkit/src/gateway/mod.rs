//! A scripted RD Gateway: [`Gateway`] without sockets, [`ScriptedGateway`] on loopback.
//!
//! \[MS-TSGU\] over HTTP: with the WebSocket upgrade, or by two channels, of which RDG_OUT_DATA goes to the client and RDG_IN_DATA comes from
//! it. What it is like and where it departs from what is right stands in a [`GatewayTable`](crate::scenario::GatewayTable).
pub mod chunks;
mod does;
pub mod frames;
mod habits;
mod http;
pub(crate) mod judge;
mod notes;
#[cfg(feature = "auth")]
mod ntlm;
mod outs;
mod packets;
mod pairs;
mod server;
mod spnego;
mod tunnel;

pub use does::Does;
pub use http::accepted;
pub use judge::Bound;
pub use notes::{Notes, Seen};
pub use server::{Routes, ScriptedGateway};
pub use tunnel::Gateway;
