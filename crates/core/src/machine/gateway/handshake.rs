//! Stage `gateway_tunnel`: the carrier of the packets, and the version that both ends speak ([MS-TSGU] 3.7.5.1).
use rdp_probe_wire::tsgu::{self, Body, ExtendedAuthMask};

use super::extended::ExpectMessage;
use super::in_common::at_gateway;
use super::packets::{Beside, check, other};
use super::refused::Refused;
use super::tunnel::{ExpectToken, ExpectTunnelResponse, create};
use crate::awaited::Awaited;
use crate::close::Close;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::gateway::{GatewayFact, GatewayFault, GatewayLogon};
use crate::hop::Hop;
use crate::machine::in_place::malformed;
use crate::machine::state::{Context, Output, State, Step};
use crate::octets::Octets;
use crate::stage::Stage;
use crate::wants::{Carrier, Wants};

/// Waits for the carrier of the packets.
#[derive(Debug)]
pub(super) struct ExpectCarrier {
    carrier: Carrier,
    /// Where somebody logs on inside of the tunnel, the stage that this is a part of: that logon's, where nobody asks for more.
    extended: Option<Stage>,
}

impl ExpectCarrier {
    pub(super) const fn new(carrier: Carrier, extended: Option<Stage>) -> Self {
        Self { carrier, extended }
    }
}

impl State for ExpectCarrier {
    at_gateway!(
        |self, _context| self.extended.unwrap_or(Stage::GatewayTunnel),
        Carrier,
        Wants::Carry(self.carrier)
    );

    fn on_carried(self: Box<Self>, context: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        let token = matches!(context.gateway_logon(), Some(GatewayLogon::Token));
        let auth = match (token, self.extended.is_some()) {
            (true, _) => ExtendedAuthMask::PAA,
            (false, true) => ExtendedAuthMask::SSPI_NTLM,
            (false, false) => ExtendedAuthMask::NONE,
        };
        tsgu::handshake_request(auth, &mut out.octets);
        let seeded = matches!(self.carrier, Carrier::TwoChannels { .. });
        let (beside, extended) = (Beside::default(), self.extended);
        Ok(Step::Continue(Box::new(ExpectHandshakeResponse { beside, extended, seeded })))
    }
}

/// Waits for HTTP_HANDSHAKE_RESPONSE_PACKET.
#[derive(Debug)]
struct ExpectHandshakeResponse {
    beside: Beside,
    extended: Option<Stage>,
    /// Whether octets that mean nothing may stand before the packet.
    seeded: bool,
}

/// Notes how long the seed was.
fn note_seed(octets: usize, out: &mut Output) {
    out.facts.push(Observed::Gateway(GatewayFact::Seed(octets)));
}

impl State for ExpectHandshakeResponse {
    at_gateway!(
        |self, _context| self.extended.unwrap_or(Stage::GatewayTunnel),
        HandshakeResponse,
        Wants::Pdu(if self.seeded { Framing::TsguBehindSeed } else { Framing::Tsgu })
    );

    fn on_closed(
        self: Box<Self>,
        how: Close,
        mut partial: &[u8],
        _: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        if self.seeded {
            // What is none of a packet is no beginning of an answer.
            let (packet, seed) = tsgu::behind_seed(partial).unwrap_or((&[], partial.len()));
            note_seed(seed, out);
            partial = packet;
        }
        Err(FailureKind::Closed { how, partial: Octets::of(partial) })
    }

    fn on_pdu(
        mut self: Box<Self>,
        pdu: &[u8],
        context: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let mut pdu = pdu;
        if std::mem::take(&mut self.seeded) {
            let (packet, seed) = tsgu::behind_seed(pdu).map_err(|error| malformed(error, pdu))?;
            note_seed(seed, out);
            pdu = packet;
        }
        let Some(packet) = self.beside.hear(pdu, out)? else { return Ok(Step::Continue(self)) };
        let Body::HandshakeResponse(response) = packet.body else { return Err(other(&packet)) };
        let (version, extended_auth) = (response.version, response.extended_auth.0);
        out.facts.push(Observed::Gateway(GatewayFact::Handshake { version, extended_auth }));
        check(response.error_code)?;
        if version.0 != 1 {
            let (major, minor) = version;
            return Err(FailureKind::Gateway(GatewayFault::Version { major, minor }));
        }
        let beside = self.beside;
        if let Some(stage) = self.extended {
            // It offered that by HTTP, and does not know it here.
            if extended_auth & ExtendedAuthMask::SSPI_NTLM.0 == 0 {
                let kind = FailureKind::Gateway(GatewayFault::NotChallenged);
                if stage == Stage::GatewayAuth {
                    return Err(kind);
                }
                return Ok(Step::FailAt(Box::new(Refused(Stage::GatewayAuth)), kind));
            }
            return Ok(Step::Continue(Box::new(ExpectMessage::first(beside))));
        }
        if matches!(context.gateway_logon(), Some(GatewayLogon::Token)) {
            return Ok(Step::Continue(Box::new(ExpectToken { beside })));
        }
        create(None, out)?;
        Ok(Step::Continue(Box::new(ExpectTunnelResponse { beside, token: false })))
    }
}
