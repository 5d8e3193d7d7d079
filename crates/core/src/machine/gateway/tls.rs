//! Stage `gateway_tls`: the handshake with the gateway, and whether anybody vouches for its certificate.
use super::http;
use super::in_common::at_gateway;
use super::vouched::vouched;
use crate::awaited::Awaited;
use crate::failure::FailureKind;
use crate::hop::Hop;
use crate::machine::state::{Context, Output, State, Step};
use crate::stage::Stage;
use crate::target::Address;
use crate::tls::{TlsFault, TlsSession};
use crate::wants::Wants;

/// Waits for the end of the TLS handshake.
#[derive(Debug)]
pub(in crate::machine) struct ExpectGatewayTls {
    /// Whom with.
    pub(super) peer: Address,
}

impl State for ExpectGatewayTls {
    at_gateway!(
        |self, context| Stage::GatewayTls,
        TlsHandshake,
        Wants::Tls { hop: context.hop(), leg: context.leg() }
    );

    fn on_tls(
        self: Box<Self>,
        answer: Result<TlsSession, TlsFault>,
        context: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let session = answer.map_err(FailureKind::Tls)?;
        let binding = vouched(session, context, out)?;
        Ok(Step::Continue(http::first(context, self.peer, binding)))
    }
}
