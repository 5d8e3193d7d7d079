//! The stages of an RD Gateway, from TLS with it to an open channel.
mod answer;
mod authorization;
mod channel;
mod extended;
mod handshake;
mod http;
mod in_common;
mod kept;
mod packets;
mod refused;
mod second;
mod tls;
mod tunnel;
mod vouched;

use rdp_probe_wire::tls::HelloForm;

use super::scout::ExpectServerFlight;
use super::state::{Context, State};
use crate::attempt::Purpose;
use crate::target::Address;
use tls::ExpectGatewayTls;

/// What a connection to the gateway at `peer` begins with: TLS at once, or what the scout asks in its place.
pub(super) fn first(context: &Context, peer: Address) -> Box<dyn State> {
    match context.asked().purpose {
        Purpose::Scout { reduced: true } => Box::new(ExpectServerFlight::to_gateway(HelloForm::Reduced)),
        Purpose::Scout { reduced: false } => Box::new(ExpectServerFlight::to_gateway(HelloForm::Full)),
        Purpose::ScoutCertificate => Box::new(ExpectServerFlight::to_gateway(HelloForm::Tls12)),
        Purpose::Main
        | Purpose::Direct
        | Purpose::Fallback
        | Purpose::Address(_)
        | Purpose::Look(_)
        | Purpose::HelloAgain
        | Purpose::SmallSegments(_)
        | Purpose::Enumerate(_)
        | Purpose::Method(_) => Box::new(ExpectGatewayTls { peer }),
    }
}
