//! Stage `gateway_authorization`: whether this user and this client may use the gateway at all ([MS-TSGU] 3.7.5.2).
use rdp_probe_wire::tsgu::{self, Body, TunnelAuthResponse};

use super::channel::ExpectChannelResponse;
use super::in_common::{at_gateway, of_packets};
use super::packets::{Beside, check, other};
use crate::awaited::Awaited;
use crate::client_name::ClientName;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::gateway::GatewayFact;
use crate::hop::Hop;
use crate::machine::state::{Context, Output, State, Step};
use crate::stage::Stage;
use crate::wants::Wants;

/// Waits for HTTP_TUNNEL_AUTH_RESPONSE.
#[derive(Debug)]
pub(super) struct ExpectTunnelAuthResponse {
    beside: Beside,
    /// Id and capabilities of the tunnel, by which an open-source gateway can be told.
    tunnel: (Option<u32>, Option<u32>),
}

impl ExpectTunnelAuthResponse {
    pub(super) fn new(tunnel: (Option<u32>, Option<u32>)) -> Self {
        Self { beside: Beside::default(), tunnel }
    }
}

/// An open-source gateway's tunnels all have this id, and these capabilities: no other one was seen to.
const OPEN_SOURCE: (Option<u32>, Option<u32>) = (Some(10), Some(0x02));

impl State for ExpectTunnelAuthResponse {
    of_packets!(GatewayAuthorization, TunnelAuthResponse);

    fn enter(&self, context: &Context, out: &mut Output) {
        let name = context.plan().client_name.as_deref().map_or(ClientName::USUAL, ClientName::as_str);
        // The name of a client is none that does not fit.
        _ = tsgu::tunnel_auth(name, &mut out.octets);
    }

    fn on_pdu(mut self: Box<Self>, pdu: &[u8], _: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        let Some(packet) = self.beside.hear(pdu, out)? else { return Ok(Step::Continue(self)) };
        let Body::TunnelAuthResponse(response) = packet.body else { return Err(other(&packet)) };
        check(response.error_code)?;
        let TunnelAuthResponse { redir_flags: redirection, idle_timeout: idle_minutes, .. } = response;
        out.facts.push(Observed::Gateway(GatewayFact::Authorization { redirection, idle_minutes }));
        let open_source = self.tunnel == OPEN_SOURCE && response.fields_present == 0x3;
        Ok(Step::Continue(Box::new(ExpectChannelResponse::new(open_source))))
    }
}
