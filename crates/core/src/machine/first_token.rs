//! Stage `credssp` with credentials, before the CHALLENGE: the first token of the security context, in a TSRequest that says nothing of
//! anybody ([MS-CSSP] 3.1.5).
use rdp_probe_wire::credssp::TsRequest;

use super::credssp::ExpectChallenge;
use super::logon::{Logon, in_the_exchange};
use super::send::{VERSION, send};
use super::state::{Context, Limited, Output, State, Step};
use super::token::token_of;
use crate::auth::{AuthAsk, AuthFault, AuthMethod, AuthOutput};
use crate::awaited::Awaited;
use crate::failure::FailureKind;
use crate::hop::Hop;
use crate::stage::Stage;
use crate::wants::Wants;

/// Waits for the context's first token.
#[derive(Debug)]
pub(super) struct ExpectFirstToken {
    logon: Logon,
}

impl ExpectFirstToken {
    pub(super) const fn new(logon: Logon) -> Self {
        Self { logon }
    }
}

impl State for ExpectFirstToken {
    in_the_exchange!(SecurityContext, |self| Wants::Auth {
        hop: Hop::Target,
        method: AuthMethod::Ntlm,
        binding: None,
        ask: AuthAsk::Token(None)
    });

    fn on_auth(
        self: Box<Self>,
        answer: Result<AuthOutput, AuthFault>,
        _: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let (token, done) = token_of(answer)?;
        if done {
            return Err(FailureKind::Auth(AuthFault::Local));
        }
        let mut request = TsRequest::of_version(VERSION);
        request.nego_token = Some(&token);
        send(&request, out)?;
        Ok(Step::Continue(Box::new(ExpectChallenge::of(self.logon))))
    }
}
