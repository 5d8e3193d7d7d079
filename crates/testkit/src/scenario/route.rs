//! How a plan's requests are routed.
use rdp_probe_core::wire::preconnection::PreconnectionPdu;
use rdp_probe_core::wire::x224::{self, ConnectionRequest};
use rdp_probe_core::{Plan, Routing};

/// What stands before the negotiation block of every request, and before every request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Route {
    routing: Routing,
    blob: Option<String>,
}

impl Route {
    pub(crate) fn of(plan: Plan) -> Self {
        Self { routing: plan.routing, blob: plan.preconnection_blob.map(String::from) }
    }

    /// Whether the request is octet for octet what this route makes of its negotiation block.
    pub(super) fn is_of_request(&self, request: &ConnectionRequest<'_>, octets: &[u8]) -> bool {
        let routing = match &self.routing {
            Routing::Cookie(name) => x224::Routing::Cookie(name),
            Routing::Token(token) => x224::Routing::Token(token),
            Routing::None | _ => x224::Routing::None,
        };
        let mut expected = Vec::new();
        let meant = ConnectionRequest { routing, ..*request };
        meant.encode(&mut expected).is_ok() && expected == octets
    }

    /// Whether the pre-connection PDU is the one that this route has.
    pub(super) fn is_of_blob(&self, pdu: &PreconnectionPdu<'_>) -> bool {
        pdu.id == 0 && self.blob == Some(pdu.text().collect())
    }
}
