//! What the states behind the channels have in common: who is attached, where what is said goes, and how it is read.
use rdp_probe_wire::WireError;
use rdp_probe_wire::mcs::{SendDataIndication, send_data_request};
use rdp_probe_wire::share::{ServerMessage, SharePdu};
use rdp_probe_wire::x224::TpduCode;

use super::in_place::{malformed, other_tpdu};
use super::state::Output;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::octets::Octets;

/// An attached client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Session {
    /// Its MCS user id.
    pub(super) user: u16,
    /// The channel of the desktop.
    pub(super) io: u16,
    /// How many messages have come in this stage that nobody waited for.
    skipped: u16,
}

/// More messages that nobody waits for than any server sends in one stage.
const MOST_SKIPPED: u16 = 1024;

impl Session {
    pub(super) const fn new(user: u16, io: u16) -> Self {
        Self { user, io, skipped: 0 }
    }

    /// Sends `data` on the channel of the desktop.
    pub(super) fn send(self, data: &[u8], out: &mut Vec<u8>) {
        // The server gave the id, and no request here is too long.
        let sent = send_data_request(self.user, self.io, data, out);
        debug_assert!(sent, "{} octets of user {}", data.len(), self.user);
    }

    /// Sends what `write` writes.
    pub(super) fn send_with(self, write: impl FnOnce(&mut Vec<u8>), out: &mut Vec<u8>) {
        let mut data = Vec::new();
        write(&mut data);
        self.send(&data, out);
    }

    /// One message more that nobody waits for.
    ///
    /// # Errors
    /// Where there were too many.
    pub(super) fn skip(&mut self, pdu: &[u8]) -> Result<(), FailureKind> {
        self.skipped = self.skipped.saturating_add(1);
        if self.skipped > MOST_SKIPPED {
            return Err(FailureKind::NotExpected { head: Octets::of(pdu) });
        }
        Ok(())
    }

    /// The same in the next stage. How many were skipped in this one is a fact.
    pub(super) fn onward(self, out: &mut Output) -> Self {
        out.facts.extend((self.skipped > 0).then_some(Observed::Skipped(self.skipped)));
        Self::new(self.user, self.io)
    }

    /// What is said in a PDU on the channel of the desktop; `None` on another one.
    ///
    /// # Errors
    /// Where it is no Send Data Indication.
    pub(super) fn said(self, pdu: &[u8]) -> Result<Option<&[u8]>, FailureKind> {
        match SendDataIndication::parse(pdu) {
            Ok(indication) => Ok(Some(indication.data).filter(|_| indication.channel == self.io)),
            Err(error) if TpduCode::of(pdu) == Ok(TpduCode::DATA) => Err(malformed(error, pdu)),
            Err(_) => Err(other_tpdu(pdu)),
        }
    }

    /// Whether the first share PDU in it is this.
    pub(super) fn says(pdu: &[u8], is: impl FnOnce(ServerMessage<'_>) -> bool) -> bool {
        ServerMessage::parse(pdu).is_ok_and(is)
    }
}

/// Each share PDU of what is said. What stands behind the first one counts as far as it can be read.
pub(super) fn share_pdus(data: &[u8]) -> impl Iterator<Item = Result<SharePdu<'_>, WireError>> {
    let (mut rest, mut first) = (Some(data), true);
    std::iter::from_fn(move || {
        let is_first = std::mem::take(&mut first);
        let read = SharePdu::parse_data(rest.take().filter(|rest| is_first || !rest.is_empty())?);
        if let Ok((_, behind)) = read {
            rest = Some(behind);
        }
        Some(read.map(|(pdu, _)| pdu)).filter(|read| is_first || read.is_ok())
    })
}
