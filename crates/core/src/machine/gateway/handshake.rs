//! Stage `gateway_tunnel`: the carrier of the packets, and the version that both ends speak ([MS-TSGU] 3.7.5.1).
use rdp_probe_wire::tsgu::{self, Body, ExtendedAuthMask};

use super::extended::ExpectMessage;
use super::in_common::at_gateway;
use super::packets::{Beside, check, other};
use super::refused::Refused;
use super::tunnel::{ExpectToken, ExpectTunnelResponse, create};
use crate::awaited::Awaited;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::gateway::{GatewayFact, GatewayFault, GatewayLogon};
use crate::hop::Hop;
use crate::machine::state::{Context, Output, State, Step};
use crate::stage::Stage;
use crate::wants::{Carrier, Wants};

/// Waits for the carrier of the packets.
#[derive(Debug)]
pub(super) struct ExpectWebSocket {
    /// Where somebody logs on inside of the tunnel, the stage that this is a part of: that logon's, where nobody asks for more.
    pub(super) extended: Option<Stage>,
}

impl State for ExpectWebSocket {
    at_gateway!(
        |self, _context| self.extended.unwrap_or(Stage::GatewayTunnel),
        Carrier,
        Wants::Carry(Carrier::WebSocket)
    );

    fn on_carried(self: Box<Self>, context: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        let token = matches!(context.gateway_logon(), Some(GatewayLogon::Token));
        let auth = match (token, self.extended.is_some()) {
            (true, _) => ExtendedAuthMask::PAA,
            (false, true) => ExtendedAuthMask::SSPI_NTLM,
            (false, false) => ExtendedAuthMask::NONE,
        };
        tsgu::handshake_request(auth, &mut out.octets);
        let (beside, extended) = (Beside::default(), self.extended);
        Ok(Step::Continue(Box::new(ExpectHandshakeResponse { beside, extended })))
    }
}

/// Waits for HTTP_HANDSHAKE_RESPONSE_PACKET.
#[derive(Debug)]
struct ExpectHandshakeResponse {
    beside: Beside,
    extended: Option<Stage>,
}

impl State for ExpectHandshakeResponse {
    at_gateway!(
        |self, _context| self.extended.unwrap_or(Stage::GatewayTunnel),
        HandshakeResponse,
        Wants::Pdu(Framing::Tsgu)
    );

    fn on_pdu(
        mut self: Box<Self>,
        pdu: &[u8],
        context: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
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
