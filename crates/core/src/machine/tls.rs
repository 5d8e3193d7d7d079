//! Stage `tls`: the handshake, and what the certificate has to be by the user's own policy.
use rdp_probe_wire::nego::Protocols;

use super::connect::ExpectConnectResponse;
use super::credssp::ExpectChallenge;
use super::first_message::{ExpectRdsaadNonce, ExpectRdstlsCapabilities};
use super::first_token::ExpectFirstToken;
use super::logon::Logon;
use super::policy::{Backing, checked};
use super::state::{Context, Output, State, Step};
use crate::attempt::NotTried;
use crate::awaited::Awaited;
use crate::certificate::CertificateFacts;
use crate::failure::FailureKind;
use crate::stage::Stage;
use crate::tls::{TlsFacts, TlsFault, TlsSession};
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
        answer: Result<TlsSession, TlsFault>,
        context: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let session = answer.map_err(FailureKind::Tls)?;
        let account = context.plan().account.as_ref().filter(|_| context.asked().purpose.logs_on());
        let key = account.and_then(|_| CertificateFacts::subject_public_key(session.chain.first()?));
        let leg = context.leg();
        let Backing { proven, pinned, trusted } = checked(TlsFacts::from(session), leg, out)?;
        Ok(Step::Continue(match self.selected {
            selected @ Protocols::SSL => Box::new(ExpectConnectResponse::new(selected)),
            Protocols::RDSTLS => Box::new(ExpectRdstlsCapabilities),
            Protocols::RDSAAD => Box::new(ExpectRdsaadNonce),
            selected => {
                // Nothing that can be cracked goes to whom nobody knows: a pin and a chain say who it is over a proven key only.
                let vouched_for = proven && (pinned || trusted);
                let admitted = key.filter(|_| leg.accept_certificate || vouched_for);
                match (account, admitted) {
                    (None, _) => Box::new(ExpectChallenge::alone(NotTried::CredentialsNeeded)),
                    (Some(account), _) if account.stopped => {
                        Box::new(ExpectChallenge::alone(NotTried::AccountStopped))
                    }
                    (Some(_), Some(key)) => Box::new(ExpectFirstToken::new(Logon::new(key, selected, context))),
                    (Some(_), None) => Box::new(ExpectChallenge::alone(NotTried::CertificateNotAccepted)),
                }
            }
        }))
    }
}
