//! Stage `connection_finalization`: the client says that it is there, and the server gives it the session ([MS-RDPBCGR] 1.3.1.1, 3.2.5.3.14 to
//! 3.2.5.3.22).
use rdp_probe_wire::fast_path::FastPathOutput;
use rdp_probe_wire::share::{ControlAction, ServerMessage, control, font_list, synchronize};

use super::in_place::malformed;
use super::session::{Session, share_pdus};
use super::state::{Context, Output, State, Step};
use crate::attempt::NotTried;
use crate::awaited::Awaited;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::octets::Octets;
use crate::stage::Stage;
use crate::wants::Wants;

/// Waits for the Font Map PDU.
#[derive(Debug)]
pub(super) struct ExpectFontMap {
    session: Session,
    share_id: u32,
    /// Who sent the Demand Active PDU.
    source: u16,
    /// How often the server has taken a session back, to begin anew.
    again: u8,
    /// What begins then.
    anew: Anew,
}

/// The state that the exchange begins anew with, when it has done so as often.
pub(super) type Anew = fn(Session, u8, &mut Output) -> Box<dyn State>;

/// No server begins anew more often.
const MOST_AGAIN: u8 = 3;

impl ExpectFontMap {
    pub(super) fn new(
        session: Session,
        (share_id, source): (u32, u16),
        (again, anew): (u8, Anew),
        out: &mut Output,
    ) -> Self {
        Self { session: session.onward(out), share_id, source, again, anew }
    }

    /// The session is taken back, and another one is to come.
    fn on_deactivated(self, pdu: &[u8], out: &mut Output) -> Result<Step, FailureKind> {
        out.facts.push(Observed::Deactivated);
        if self.again >= MOST_AGAIN {
            return Err(FailureKind::NotExpected { head: Octets::of(pdu) });
        }
        Ok(Step::Continue((self.anew)(self.session, self.again.saturating_add(1), out)))
    }
}

impl State for ExpectFontMap {
    fn stage(&self) -> Stage {
        Stage::ConnectionFinalization
    }

    fn awaiting(&self) -> Awaited {
        Awaited::FontMap
    }

    fn wants<'a>(&'a self, _: &'a Context) -> Wants<'a> {
        Wants::Pdu(Framing::Session)
    }

    /// Sends what is left to be said: none of it waits for an answer, and all of it goes out with Confirm Active.
    fn enter(&self, _: &Context, out: &mut Output) {
        let Self { session, share_id, source, .. } = *self;
        let user = session.user;
        let out = &mut out.octets;
        session.send_with(|data| synchronize(share_id, user, source, data), out);
        session.send_with(|data| control(share_id, user, ControlAction::COOPERATE, data), out);
        session.send_with(|data| control(share_id, user, ControlAction::REQUEST_CONTROL, data), out);
        session.send_with(|data| font_list(share_id, user, data), out);
    }

    /// Here it begins the exchange anew.
    fn is_own(&self, pdu: &[u8]) -> bool {
        Session::says(pdu, |message| message == ServerMessage::DeactivateAll)
    }

    fn on_pdu(mut self: Box<Self>, pdu: &[u8], _: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        // Output may begin before the last message of the sequence.
        let said = if FastPathOutput::is_one(pdu) { None } else { self.session.said(pdu)? };
        for message in said.into_iter().flat_map(share_pdus) {
            let message = message.map_err(|error| malformed(error, pdu))?.message;
            if message == ServerMessage::FontMap {
                return Ok(Step::Done(NotTried::NotSelected));
            }
            if message == ServerMessage::DeactivateAll {
                return self.on_deactivated(pdu, out);
            }
        }
        self.session.skip(pdu)?;
        Ok(Step::Continue(self))
    }
}
