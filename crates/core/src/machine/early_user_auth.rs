//! Stage `early_user_auth`: whether the user who has logged on may connect, four octets in a frame of their own ([MS-RDPBCGR] 2.2.10.2, 5.4.2.3).
use rdp_probe_wire::credssp::TsRequest;
use rdp_probe_wire::early_user_auth::EarlyUserAuthorizationResult;
use rdp_probe_wire::nego::Protocols;
use rdp_probe_wire::tpkt::Tpkt;

use super::connect::ExpectConnectResponse;
use super::in_place::{malformed, other_tpdu};
use super::state::{Context, Output, State, Step};
use crate::awaited::Awaited;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::octets::Octets;
use crate::stage::Stage;
use crate::wants::Wants;

/// Waits for the Early User Authorization Result PDU.
#[derive(Debug)]
pub(super) struct ExpectEarlyUserAuth;

impl State for ExpectEarlyUserAuth {
    fn stage(&self) -> Stage {
        Stage::EarlyUserAuth
    }

    fn awaiting(&self) -> Awaited {
        Awaited::EarlyUserAuth
    }

    fn wants<'a>(&'a self, _: &'a Context) -> Wants<'a> {
        Wants::Pdu(Framing::EarlyUserAuth)
    }

    fn on_pdu(self: Box<Self>, pdu: &[u8], _: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        if pdu.first() == Some(&Tpkt::VERSION) && pdu.len() > EarlyUserAuthorizationResult::LEN {
            return Err(other_tpdu(pdu));
        }
        if pdu.len() != EarlyUserAuthorizationResult::LEN {
            // One more TSRequest: the server refuses what was given to it.
            let status = TsRequest::parse(pdu).ok().and_then(|request| request.error_code);
            return Err(status.map_or_else(
                || FailureKind::NotExpected { head: Octets::of(pdu) },
                FailureKind::CredsspError,
            ));
        }
        let result = EarlyUserAuthorizationResult::parse(pdu).map_err(|error| malformed(error, pdu))?;
        out.facts.push(Observed::EarlyUserAuth(result));
        if result != EarlyUserAuthorizationResult::SUCCESS {
            return Err(FailureKind::NotAuthorized(result));
        }
        Ok(Step::Continue(Box::new(ExpectConnectResponse::new(Protocols::HYBRID_EX))))
    }
}
