//! Stage `capabilities_exchange`: the server has a session, and says what it can do in it; the client confirms ([MS-RDPBCGR] 1.3.1.1,
//! 3.2.5.3.13).
use rdp_probe_wire::share::{CapabilitySet, DemandActive, ServerMessage, confirm_active};

use super::finalization::ExpectFontMap;
use super::in_place::malformed;
use super::session::{Session, share_pdus};
use super::state::{Context, Output, State, Step};
use crate::awaited::Awaited;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::stage::Stage;
use crate::wants::Wants;

/// Waits for the Demand Active PDU.
#[derive(Debug)]
pub(super) struct ExpectDemandActive {
    session: Session,
    /// How often the server has taken a session back, to begin anew.
    again: u8,
}

impl ExpectDemandActive {
    /// Behind licensing.
    pub(super) fn first(session: Session, out: &mut Output) -> Self {
        Self::after(session, 0, out)
    }

    /// The server has begun anew so often.
    pub(super) fn after(session: Session, again: u8, out: &mut Output) -> Self {
        Self { session: session.onward(out), again }
    }

    fn on_demand(
        self,
        demand: &DemandActive<'_>,
        source: u16,
        pdu: &[u8],
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let mut sets = 0_u16;
        let (mut general, mut bitmap) = (None, None);
        for set in demand.capabilities {
            match set.map_err(|error| malformed(error, pdu))? {
                CapabilitySet::General(set) => general = general.or(Some(set)),
                CapabilitySet::Bitmap(set) => bitmap = bitmap.or(Some(set)),
                CapabilitySet::Other(..) | _ => {}
            }
            sets = sets.saturating_add(1);
        }
        out.facts.push(Observed::Demanded {
            os: general.map(|general| (general.os_major, general.os_minor)),
            desktop: bitmap.map(|bitmap| (bitmap.width, bitmap.height)),
            depth: bitmap.map(|bitmap| bitmap.bits_per_pixel),
            sets,
        });
        // The size that the server has already: nothing is asked of it.
        let (width, height) = bitmap.map_or((1024, 768), |bitmap| (bitmap.width, bitmap.height));
        let user = self.session.user;
        self.session
            .send_with(|data| confirm_active(demand.share_id, user, width, height, data), &mut out.octets);
        let font_map = ExpectFontMap::new(self.session, (demand.share_id, source), (self.again, anew), out);
        Ok(Step::Continue(Box::new(font_map)))
    }
}

fn anew(session: Session, again: u8, out: &mut Output) -> Box<dyn State> {
    Box::new(ExpectDemandActive::after(session, again, out))
}

impl State for ExpectDemandActive {
    fn stage(&self) -> Stage {
        Stage::CapabilitiesExchange
    }

    fn awaiting(&self) -> Awaited {
        Awaited::DemandActive
    }

    fn wants<'a>(&'a self, _: &'a Context) -> Wants<'a> {
        Wants::Pdu(Framing::Tpkt)
    }

    fn on_pdu(mut self: Box<Self>, pdu: &[u8], _: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        for message in self.session.said(pdu)?.into_iter().flat_map(share_pdus) {
            let message = message.map_err(|error| malformed(error, pdu))?;
            if let ServerMessage::DemandActive(demand) = message.message {
                return self.on_demand(&demand, message.source, pdu, out);
            }
        }
        self.session.skip(pdu)?;
        Ok(Step::Continue(self))
    }
}
