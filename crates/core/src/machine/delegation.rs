//! Stage `credssp` behind the server's proof: what is given away, to a server that has shown that it knows the credentials ([MS-CSSP] 3.1.5). It
//! is asked for by a depth behind this stage, and by nothing else.
use rdp_probe_wire::credssp::TsRequest;
use rdp_probe_wire::nego::Protocols;

use super::connect::ExpectConnectResponse;
use super::early_user_auth::ExpectEarlyUserAuth;
use super::send::{VERSION, send};
use super::state::{Context, Limited, Output, State, Step};
use super::token::no_such_answer;
use crate::auth::{AuthAsk, AuthFault, AuthMethod, AuthOutput, Delegated};
use crate::awaited::Awaited;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::hop::Hop;
use crate::stage::Stage;
use crate::wants::Wants;

/// Waits for the sealed credentials, which end the exchange.
#[derive(Debug)]
pub(super) struct ExpectCredentials {
    selected: Protocols,
    what: Delegated,
}

impl ExpectCredentials {
    pub(super) const fn new(selected: Protocols, what: Delegated) -> Self {
        Self { selected, what }
    }
}

impl State for ExpectCredentials {
    fn stage(&self) -> Stage {
        Stage::Credssp
    }

    fn awaiting(&self) -> Awaited {
        Awaited::SecurityContext
    }

    fn wants<'a>(&'a self, _: &'a Context) -> Wants<'a> {
        Wants::Auth {
            hop: Hop::Target,
            method: AuthMethod::Ntlm,
            binding: None,
            ask: AuthAsk::WrapCredentials(self.what),
        }
    }

    fn limited(&self) -> Limited {
        Limited::Message
    }

    fn on_auth(
        self: Box<Self>,
        answer: Result<AuthOutput, AuthFault>,
        _: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let Ok(AuthOutput::Sealed(sealed)) = answer else { return Err(no_such_answer(answer)) };
        let mut request = TsRequest::of_version(VERSION);
        request.auth_info = Some(&sealed);
        send(&request, out)?;
        out.facts.push(Observed::Delegated(self.what));
        Ok(Step::Continue(match self.selected {
            Protocols::HYBRID_EX => Box::new(ExpectEarlyUserAuth),
            // Nothing answers it: what comes next goes out with it.
            selected => Box::new(ExpectConnectResponse::new(selected)),
        }))
    }
}
