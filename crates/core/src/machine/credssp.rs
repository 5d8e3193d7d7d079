//! Stage `credssp`, as far as the NTLM CHALLENGE: one TSRequest without a secret, and what comes back ([MS-CSSP] 3.1.5, [MS-NLMP]
//! 2.2.1.2). With credentials it goes on in `logon.rs`.
use rdp_probe_wire::credssp::spnego::{Token, ntlm_in};
use rdp_probe_wire::credssp::{ANONYMOUS_REQUEST, TsRequest};
use rdp_probe_wire::ntlm::Challenge;

use super::in_place::malformed;
use super::logon::{ExpectAnswer, Logon};
use super::state::{Context, Limited, Output, State, Step};
use crate::attempt::NotTried;
use crate::awaited::Awaited;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::ntlm::NtlmFacts;
use crate::octets::Octets;
use crate::stage::Stage;
use crate::wants::Wants;

/// Waits for the TSRequest with the NTLM CHALLENGE.
#[derive(Debug)]
pub(super) struct ExpectChallenge {
    then: Then,
}

/// What follows the CHALLENGE.
#[derive(Debug)]
enum Then {
    /// Nothing, and why.
    Rest(NotTried),
    /// The logon.
    LogOn(Logon),
}

impl ExpectChallenge {
    /// Asks for the CHALLENGE only.
    pub(super) const fn alone(why: NotTried) -> Self {
        Self { then: Then::Rest(why) }
    }

    /// Asked with the first token of a logon.
    pub(super) const fn of(logon: Logon) -> Self {
        Self { then: Then::LogOn(logon) }
    }
}

impl State for ExpectChallenge {
    fn stage(&self) -> Stage {
        Stage::Credssp
    }

    fn awaiting(&self) -> Awaited {
        Awaited::Challenge
    }

    fn wants<'a>(&'a self, _: &'a Context) -> Wants<'a> {
        Wants::Pdu(Framing::TsRequest)
    }

    fn limited(&self) -> Limited {
        Limited::Message
    }

    /// Sends the anonymous TSRequest: version 6 and an NTLM NEGOTIATE, the same for everybody.
    fn enter(&self, _: &Context, out: &mut Output) {
        out.octets.extend_from_slice(&ANONYMOUS_REQUEST);
    }

    fn on_pdu(self: Box<Self>, pdu: &[u8], _: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        let request = TsRequest::parse(pdu).map_err(|error| malformed(error, pdu))?;
        out.facts.push(Observed::CredsspVersion(request.version));
        // Before anything else: an error may come with other fields beside it.
        if let Some(status) = request.error_code {
            return Err(FailureKind::CredsspError(status));
        }
        let token = request.nego_token.unwrap_or_default();
        let Some(message) = ntlm_in(token) else {
            let state = match Token::parse(token) {
                Ok(Token::Response(response)) => response.state.map(|state| state.0),
                Ok(_) | Err(_) => None,
            };
            return Err(FailureKind::NoChallenge { state, head: Octets::of(pdu) });
        };
        let challenge = Challenge::parse(message).map_err(|error| malformed(error, pdu))?;
        out.facts.push(Observed::Challenge(Box::new(NtlmFacts::of(&challenge))));
        Ok(match self.then {
            Then::Rest(why) => Step::Done(why),
            Then::LogOn(logon) => Step::Continue(Box::new(ExpectAnswer::new(logon, request.version, message))),
        })
    }
}
