//! From what was seen of a gateway to its JSON form.
use rdp_probe_core::{
    AuthMethod, BindingSent, Evidence, Gateway, GatewayFault, GatewayLogon, GatewayTransport, ShownGateway,
    TunnelEnd, hex,
};

use super::gateway_code::gateway_code_name;
use super::of_server::server;
use super::of_tls::tls;
use super::view::{CredentialsView, GatewayCloseView, GatewayCodeView, GatewayView};

/// The gateway; where the run does not go through one, nothing.
pub(super) fn gateway(evidence: &Evidence) -> Option<GatewayView> {
    let (planned, shown) = (evidence.gateway()?, evidence.shown_gateway()?);
    let refused = shown.code.map(|(packet, code)| (packet.name(), code));
    let closed = shown.closed.map(|code| ("CLOSE_CHANNEL", code));
    let texts = |texts: Vec<&str>| texts.into_iter().map(str::to_owned).collect();
    let credentials = credentials(evidence, &shown, planned);
    Some(GatewayView {
        host: planned.leg.host.to_string(),
        port: planned.leg.port,
        address: shown.address.map(|address| address.to_string()),
        transport: shown.transport.map(GatewayTransport::id),
        schemes: texts(shown.schemes),
        auth: shown.method.map(AuthMethod::id),
        server: shown.says.map(server),
        channel_binding: shown.channel_binding.unwrap_or(BindingSent::NotSent).id(),
        correlation_id: shown.correlation_id.map(str::to_owned),
        connection_id: shown.connection_id.map(str::to_owned),
        tunnel_id: shown.tunnel_id,
        channel_id: shown.channel_id,
        redirection_flags: shown.redirection.map(hex),
        idle_timeout_min: shown.idle_minutes,
        consent_text: shown.consent.map(str::to_owned),
        service_messages: texts(shown.service_messages),
        udp_port: shown.udp_port,
        codes: [refused, closed].into_iter().flatten().map(code).collect(),
        tls: evidence.shown_gateway_tls().map(|shown| tls(&shown, &planned.leg, &evidence.plan)),
        credentials,
        close: shown.end.map(close),
    })
}

fn code((packet, code): (&'static str, u32)) -> GatewayCodeView {
    GatewayCodeView { packet, raw: hex(code), name: gateway_code_name(code) }
}

fn credentials(evidence: &Evidence, shown: &ShownGateway<'_>, planned: &Gateway) -> CredentialsView {
    let (method, account) = match &planned.logon {
        GatewayLogon::Account(account) => (shown.method.or(planned.scheme), Some(account.to_string())),
        GatewayLogon::Token => (Some(AuthMethod::Token), None),
        GatewayLogon::None | _ => (None, None),
    };
    let result = evidence.gateway_logon_result();
    let of_logon =
        matches!(evidence.gateway_fault(), Some(fault @ GatewayFault::Code { .. }) if fault.is_of_logon());
    CredentialsView {
        result: result.id(),
        method: method.map(AuthMethod::id),
        status: shown.code.filter(|_| of_logon).map(|(_, code)| hex(code)),
        account,
        why: evidence
            .gateway_logon_is_untested_because()
            .or_else(|| evidence.gateway_logon_is_doubtful_because()),
    }
}

fn close(end: TunnelEnd) -> GatewayCloseView {
    let code = match end {
        TunnelEnd::Channel(code) => Some(hex(code)),
        TunnelEnd::WebSocket(status) => status.map(|status| status.to_string()),
        TunnelEnd::Alert(alert) => Some(alert.to_string()),
        TunnelEnd::Broken { os } => os.map(|os| os.to_string()),
        TunnelEnd::Answer(status) => Some(status.to_string()),
        TunnelEnd::CloseNotify
        | TunnelEnd::Fin
        | TunnelEnd::Reset
        | TunnelEnd::TlsBroken
        | TunnelEnd::Frame
        | TunnelEnd::LastChunk
        | TunnelEnd::In
        | TunnelEnd::Packet
        | TunnelEnd::Flood
        | _ => None,
    };
    GatewayCloseView { how: end.id(), code }
}
