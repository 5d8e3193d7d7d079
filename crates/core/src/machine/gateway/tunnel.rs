//! Stage `gateway_tunnel`: the tunnel itself ([MS-TSGU] 3.7.5.2).
use rdp_probe_wire::tsgu::{self, Body, TunnelCaps};
use zeroize::Zeroizing;

use super::authorization::ExpectTunnelAuthResponse;
use super::in_common::{at_gateway, of_packets};
use super::packets::{Beside, check, other};
use crate::auth::{AuthAsk, AuthFault, AuthMethod, AuthOutput};
use crate::awaited::Awaited;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::gateway::{GatewayFact, GatewayFault, packet_text};
use crate::hop::Hop;
use crate::machine::state::{Context, Output, State, Step};
use crate::machine::token::token_of;
use crate::stage::Stage;
use crate::wants::Wants;

/// Asks for the tunnel: what is said to be understood is what a probe of seconds understands, with idle times, so that the gateway says
/// which of its limits it was.
pub(super) fn create(token: Option<&str>, out: &mut Output) -> Result<(), FailureKind> {
    // At once, so that no copy of the token stays behind where it grows.
    out.octets.reserve(64_usize.saturating_add(token.map_or(0, str::len).saturating_mul(2)));
    let caps = TunnelCaps::IDLE_TIMEOUT.0 | TunnelCaps::CONSENT_SIGN.0 | TunnelCaps::SERVICE_MSG.0;
    tsgu::tunnel_create(TunnelCaps(caps), token, &mut out.octets)
        .map_err(|_| FailureKind::Gateway(GatewayFault::Token))
}

/// Waits for the context's token.
#[derive(Debug)]
pub(super) struct ExpectToken {
    pub(super) beside: Beside,
}

impl State for ExpectToken {
    at_gateway!(
        |self, context| Stage::GatewayTunnel,
        SecurityContext,
        Wants::Auth { hop: context.hop(), method: AuthMethod::Token, binding: None, ask: AuthAsk::Token(None) }
    );

    fn on_auth(
        self: Box<Self>,
        answer: Result<AuthOutput, AuthFault>,
        _: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let (token, done) = token_of(answer)?;
        let token = Zeroizing::new(token);
        if !done {
            return Err(FailureKind::Auth(AuthFault::Local));
        }
        let token = std::str::from_utf8(&token).map_err(|_| FailureKind::Gateway(GatewayFault::Token))?;
        create(Some(token), out)?;
        out.facts.push(Observed::LogonSent(AuthMethod::Token));
        Ok(Step::Continue(Box::new(ExpectTunnelResponse { beside: self.beside, token: true })))
    }
}

/// Waits for HTTP_TUNNEL_RESPONSE.
#[derive(Debug)]
pub(super) struct ExpectTunnelResponse {
    pub(super) beside: Beside,
    /// Whether a token went out.
    pub(super) token: bool,
}

impl State for ExpectTunnelResponse {
    of_packets!(GatewayTunnel, TunnelResponse);

    fn on_pdu(
        mut self: Box<Self>,
        pdu: &[u8],
        context: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let Some(packet) = self.beside.hear(pdu, out)? else { return Ok(Step::Continue(self)) };
        let Body::TunnelResponse(response) = packet.body else { return Err(other(&packet)) };
        let consent = response.consent.map(packet_text).filter(|text| !text.is_empty());
        out.facts.extend(consent.clone().map(|text| Observed::Gateway(GatewayFact::Consent(text))));
        check(response.status_code)?;
        let (id, caps) = (response.tunnel_id, response.caps.map(|caps| caps.0));
        out.facts.push(Observed::Gateway(GatewayFact::Tunnel { id, caps }));
        if self.token {
            out.facts.push(Observed::LogonAccepted);
        }
        if consent.is_some() && !context.plan().gateway.as_ref().is_some_and(|gateway| gateway.accept_consent) {
            return Err(FailureKind::Gateway(GatewayFault::Consent));
        }
        Ok(Step::Continue(Box::new(ExpectTunnelAuthResponse::new((id, caps)))))
    }
}
