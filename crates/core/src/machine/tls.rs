//! Stage `tls`: the handshake, and what the certificate has to be by the user's own policy.
use super::{Blamed, Context, ExpectConnectResponse, Output, State, Step};
use crate::close::Close;
use crate::event::Event;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::hop::Hop;
use crate::machine::credssp::ExpectChallenge;
use crate::machine::first_message::{ExpectRdsaadNonce, ExpectRdstlsCapabilities};
use crate::stage::Stage;
use crate::tls::{TlsFacts, TlsFaultKind, TlsSession, Trust};
use crate::wants::Wants;
use rdp_probe_wire::nego::Protocols;

/// Waits for the end of the TLS handshake.
#[derive(Debug)]
pub struct ExpectTls {
    context: Context,
    selected: Protocols,
    host: String,
}

impl ExpectTls {
    pub(super) fn new(context: Context, selected: Protocols) -> Self {
        let host = context.plan().asked_name();
        Self { context, selected, host }
    }

    pub(super) fn wants(&self) -> Wants<'_> {
        Wants::Tls { host: &self.host }
    }

    pub(super) fn on(self, event: Event<'_>, out: &mut Output) -> Result<Step, Blamed> {
        let Event::Tls(answer) = event else { return Err(Blamed::out_of_turn()) };
        let session = answer.map_err(|fault| {
            let cancelled = matches!(fault.kind, TlsFaultKind::Closed(Close::Cancelled) | TlsFaultKind::Local);
            let hop = if cancelled { Hop::Client } else { Hop::Target };
            Blamed { hop, kind: FailureKind::Tls(fault) }
        })?;
        self.on_session(session, out)
    }

    fn on_session(self, session: TlsSession, out: &mut Output) -> Result<Step, Blamed> {
        let facts = TlsFacts::from(session);
        let plan = self.context.plan();
        let pinned = facts.certificate.as_ref().is_some_and(|c| plan.pins.contains(&c.sha256));
        let trusted = facts.trust == Some(Trust::Trusted);
        out.facts.push(Observed::Tls(Box::new(facts)));
        // A pin is the user's own word, and goes before what roots say.
        if !plan.pins.is_empty() && !pinned {
            return Err(Blamed::target(FailureKind::NotPinned));
        }
        if plan.require_trust && !pinned && !trusted {
            return Err(Blamed::target(FailureKind::NotTrusted));
        }
        let selected = self.selected;
        Ok(self.context.passed(Stage::Tls, |context| match selected {
            Protocols::SSL => State::ExpectConnectResponse(ExpectConnectResponse::new(context, selected)),
            Protocols::RDSTLS => State::ExpectRdstlsCapabilities(ExpectRdstlsCapabilities),
            Protocols::RDSAAD => State::ExpectRdsaadNonce(ExpectRdsaadNonce),
            _ => State::ExpectChallenge(ExpectChallenge),
        }))
    }
}
