//! Stage `tls`: the handshake, and what the certificate has to be by the user's own policy.
use rdp_probe_wire::nego::Protocols;

use super::connect::ExpectConnectResponse;
use super::credssp::ExpectChallenge;
use super::first_message::{ExpectRdsaadNonce, ExpectRdstlsCapabilities};
use super::first_token::ExpectFirstToken;
use super::logon::Logon;
use super::state::{Context, Output, State, Step};
use crate::attempt::NotTried;
use crate::awaited::Awaited;
use crate::certificate::CertificateFacts;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::stage::Stage;
use crate::tls::{SignatureCheck, TlsFacts, TlsFault, TlsSession, Trust};
use crate::wants::Wants;

/// Waits for the end of the TLS handshake.
#[derive(Debug)]
pub(super) struct ExpectTls {
    selected: Protocols,
}

impl ExpectTls {
    pub(super) const fn new(selected: Protocols) -> Self {
        Self { selected }
    }
}

impl State for ExpectTls {
    fn stage(&self) -> Stage {
        Stage::Tls
    }

    fn awaiting(&self) -> Awaited {
        Awaited::TlsHandshake
    }

    fn wants<'a>(&'a self, context: &'a Context) -> Wants<'a> {
        Wants::Tls { hop: context.hop(), leg: context.leg() }
    }

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
        let account = context.plan().account.as_ref().filter(|_| context.asked().purpose.logs_on());
        let key = account.and_then(|_| CertificateFacts::subject_public_key(session.chain.first()?));
        let facts = TlsFacts::from(session);
        let leg = context.leg();
        let check = facts.signature;
        let pinned = facts.certificate.as_ref().is_some_and(|c| leg.pins.contains(&c.sha256));
        let trusted = facts.trust == Some(Trust::Trusted);
        out.facts.push(Observed::Tls(Box::new(facts)));
        // A pin is the user's own word, and goes before what roots say.
        if !leg.pins.is_empty() && !pinned {
            return Err(FailureKind::NotPinned);
        }
        if leg.require_trust && !pinned && !trusted {
            return Err(FailureKind::NotTrusted);
        }
        // A certificate is public: the signature alone says who shows it. A wrong one ends the handshake for every client; one that
        // cannot be checked here says nothing against the server, and nothing for it.
        let passes = match check {
            SignatureCheck::Verified => true,
            SignatureCheck::NotVerifiable => !leg.has_policy(),
            SignatureCheck::Wrong => false,
        };
        if !passes {
            return Err(FailureKind::KeyNotProven { check });
        }
        Ok(Step::Continue(match self.selected {
            selected @ Protocols::SSL => Box::new(ExpectConnectResponse::new(selected)),
            Protocols::RDSTLS => Box::new(ExpectRdstlsCapabilities),
            Protocols::RDSAAD => Box::new(ExpectRdsaadNonce),
            _ => {
                // Nothing that can be cracked goes to whom nobody knows: a pin and a chain say who it is over a proven key only.
                let proven = check == SignatureCheck::Verified && (pinned || trusted);
                let admitted = key.filter(|_| leg.accept_certificate || proven);
                match (account, admitted) {
                    (None, _) => Box::new(ExpectChallenge::alone(NotTried::CredentialsNeeded)),
                    (Some(account), _) if account.stopped => {
                        Box::new(ExpectChallenge::alone(NotTried::AccountStopped))
                    }
                    (Some(_), Some(key)) => Box::new(ExpectFirstToken::new(Logon::new(key, context))),
                    (Some(_), None) => Box::new(ExpectChallenge::alone(NotTried::CertificateNotAccepted)),
                }
            }
        }))
    }
}
