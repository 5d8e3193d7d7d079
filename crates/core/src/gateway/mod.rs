//! The RD Gateway on the way to a target ([MS-TSGU]): what is asked of it, what it shows, how it refuses, and the tunnel through it.
mod fact;
mod fault;
mod plan;
mod request;
mod tunnel;

pub(crate) use fact::packet_text;
pub use fact::{GatewayFact, HttpFacts};
pub use fault::GatewayFault;
pub use plan::{Gateway, GatewayLogon};
pub(crate) use request::Request;
pub use request::base64;
pub use tunnel::{Heard as TunnelHeard, Tunnel};
