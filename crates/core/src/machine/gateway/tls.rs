//! Stage `gateway_tls`: the handshake with the gateway, and whether anybody vouches for its certificate. Nobody goes on past one that is
//! neither trusted nor pinned, with credentials or without: no client would.
use super::http;
use super::in_common::at_gateway;
use crate::awaited::Awaited;
use crate::channel_binding::ChannelBinding;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::gateway::GatewayFact;
use crate::hop::Hop;
use crate::machine::state::{Context, Output, State, Step};
use crate::stage::Stage;
use crate::tls::{SignatureCheck, TlsFacts, TlsFault, TlsSession, Trust};
use crate::wants::Wants;

/// Waits for the end of the TLS handshake.
#[derive(Debug)]
pub(in crate::machine) struct ExpectGatewayTls;

impl State for ExpectGatewayTls {
    at_gateway!(
        |self, context| Stage::GatewayTls,
        TlsHandshake,
        Wants::Tls { hop: context.hop(), leg: context.leg() }
    );

    fn on_tls(
        self: Box<Self>,
        before: usize,
        answer: Result<TlsSession, TlsFault>,
        context: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        if before > 0 {
            out.facts.push(Observed::OctetsBeforeTls(before));
        }
        let session = answer.map_err(FailureKind::Tls)?;
        let binding = session.chain.first().and_then(|certificate| ChannelBinding::of(certificate));
        let facts = TlsFacts::from(session);
        let leg = context.leg();
        let check = facts.signature;
        let pinned = facts.certificate.as_ref().is_some_and(|c| leg.pins.contains(&c.sha256));
        let trusted = facts.trust == Some(Trust::Trusted);
        out.facts.push(Observed::Tls(Box::new(facts)));
        if !leg.pins.is_empty() && !pinned {
            return Err(FailureKind::NotPinned);
        }
        if !pinned && !trusted {
            return Err(FailureKind::NotTrusted);
        }
        // Without the check anybody could have shown it.
        if check != SignatureCheck::Verified {
            return Err(FailureKind::KeyNotProven { check });
        }
        if !pinned {
            out.facts.push(Observed::Gateway(GatewayFact::RevocationNotChecked));
        }
        Ok(Step::Continue(http::first(context, binding)))
    }
}
