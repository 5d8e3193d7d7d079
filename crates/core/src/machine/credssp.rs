//! Stage `credssp` without credentials: one anonymous TSRequest, and what the NTLM CHALLENGE tells ([MS-CSSP] 3.1.5,
//! [MS-NLMP] 2.2.1.2).
use rdp_probe_wire::credssp::spnego::{Token, ntlm_in};
use rdp_probe_wire::credssp::{ANONYMOUS_REQUEST, TsRequest};
use rdp_probe_wire::ntlm::Challenge;

use super::{Blamed, Output, Step, Summary, malformed, not_expected, stream_ended};
use crate::event::Event;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::ntlm::NtlmFacts;
use crate::octets::Octets;
use crate::stage::Stage;

/// Waits for the TSRequest with the NTLM CHALLENGE.
#[derive(Debug)]
#[expect(clippy::exhaustive_structs, reason = "it waits, and knows nothing")]
pub struct ExpectChallenge;

impl ExpectChallenge {
    /// Sends the anonymous TSRequest: version 6 and an NTLM NEGOTIATE, the same for everybody.
    pub(super) fn enter(out: &mut Output) {
        out.octets.extend_from_slice(&ANONYMOUS_REQUEST);
    }

    pub(super) fn on(self, event: Event<'_>, out: &mut Output) -> Result<Step, Blamed> {
        match event {
            Event::Pdu(pdu) => on_request(pdu, out),
            Event::Stray(octets) => Err(Blamed::target(not_expected(octets))),
            Event::Closed { how, partial } => Err(stream_ended(how, partial)),
            Event::Resolved(_) | Event::Dialed(_) | Event::Tls(_) => Err(Blamed::out_of_turn()),
        }
    }
}

fn on_request(pdu: &[u8], out: &mut Output) -> Result<Step, Blamed> {
    let request = TsRequest::parse(pdu).map_err(|error| malformed(error, pdu))?;
    out.facts.push(Observed::CredsspVersion(request.version));
    // Before anything else: an error may come with other fields beside it.
    if let Some(status) = request.error_code {
        return Err(Blamed::target(FailureKind::CredsspError(status)));
    }
    let token = request.nego_token.unwrap_or_default();
    let Some(message) = ntlm_in(token) else {
        let state = match Token::parse(token) {
            Ok(Token::Response(response)) => response.state.map(|state| state.0),
            Ok(_) | Err(_) => None,
        };
        return Err(Blamed::target(FailureKind::NoChallenge { state, head: Octets::of(pdu) }));
    };
    let challenge = Challenge::parse(message).map_err(|error| malformed(error, pdu))?;
    out.facts.push(Observed::Challenge(Box::new(NtlmFacts::of(&challenge))));
    Ok(Step::Done(Summary { reached: Stage::Credssp }))
}
