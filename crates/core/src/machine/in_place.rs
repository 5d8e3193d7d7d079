//! What came before the message that was due, or in its place.
use rdp_probe_wire::WireError;
use rdp_probe_wire::mcs::DisconnectProviderUltimatum;
use rdp_probe_wire::share::{ErrorInfo, ServerMessage};
use rdp_probe_wire::tpkt::{self, Frame};
use rdp_probe_wire::x224::{DisconnectRequest, TpduCode, TpduError};

use super::state::Output;
use crate::close::Close;
use crate::fact::Observed;
use crate::failure::{End, FailureKind};
use crate::octets::Octets;

/// A message that cannot be read.
pub(super) fn malformed(error: WireError, pdu: &[u8]) -> FailureKind {
    FailureKind::Malformed { error: error.into(), head: Octets::of(pdu) }
}

/// What a TPDU in the place of another one is.
pub(super) fn other_tpdu(pdu: &[u8]) -> FailureKind {
    let read = || {
        Ok(match TpduCode::of(pdu)? {
            TpduCode::DISCONNECT_REQUEST => {
                FailureKind::DisconnectRequest { reason: DisconnectRequest::parse(pdu)?.reason }
            }
            TpduCode::ERROR => FailureKind::TpduError { cause: TpduError::parse(pdu)?.cause },
            code => FailureKind::OtherTpdu { code, head: Octets::of(pdu) },
        })
    };
    read().unwrap_or_else(|error: WireError| FailureKind::Malformed {
        error: error.into(),
        head: Octets::of(pdu),
    })
}

/// What a server has said between the messages of the sequence: from the logon on it may do so at any time, and it says why it ends.
/// One reader for all states, before their own.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asides {
    /// The last reason that the server gave, and that was one; until then ERRINFO_NONE.
    reason: ErrorInfo,
    /// How many there were.
    count: u8,
}

/// Whose a message is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// It was an aside: the due one is waited for on.
    Aside,
    /// It is the state's own.
    Other,
}

impl Default for Asides {
    fn default() -> Self {
        Self { reason: ErrorInfo::NONE, count: 0 }
    }
}

impl Asides {
    /// More of them than any server has a use for.
    const MOST: u8 = 8;

    /// Hears one PDU.
    ///
    /// # Errors
    /// Where the server ends with it, or talks for ever.
    pub(super) fn hear(&mut self, pdu: &[u8], out: &mut Output) -> Result<Heard, FailureKind> {
        if let Ok(DisconnectProviderUltimatum { reason, .. }) = DisconnectProviderUltimatum::parse(pdu) {
            return Err(self.ended(FailureKind::Ultimatum(reason), End::Ultimatum(reason)));
        }
        match ServerMessage::parse(pdu) {
            Ok(ServerMessage::SetErrorInfo(code)) => {
                if code != ErrorInfo::NONE {
                    out.facts.push(Observed::ErrorInfo(code));
                    self.reason = code;
                }
            }
            Ok(ServerMessage::DeactivateAll) => out.facts.push(Observed::Deactivated),
            Ok(ServerMessage::Redirection(_)) => return Err(FailureKind::Redirected),
            Ok(_) | Err(_) => return Ok(Heard::Other),
        }
        self.count = self.count.saturating_add(1);
        if self.count > Self::MOST {
            return Err(FailureKind::NotExpected { head: Octets::of(pdu) });
        }
        Ok(Heard::Aside)
    }

    /// Octets that are no PDU of the framing that was due: asides, as GNOME Remote Desktop refuses, or something else.
    pub(super) fn stray(&mut self, octets: &[u8], out: &mut Output) -> FailureKind {
        let mut rest = octets;
        while let Frame::Whole(length) = tpkt::frame(rest) {
            let Some((pdu, after)) = rest.split_at_checked(length) else { break };
            match self.hear(pdu, out) {
                Ok(Heard::Aside) => rest = after,
                Ok(Heard::Other) => break,
                Err(kind) => return kind,
            }
        }
        FailureKind::NotExpected { head: Octets::of(octets) }
    }

    /// The stream ended. What the server said before counts more than the end.
    pub(super) fn closed(&self, how: Close, partial: &[u8]) -> FailureKind {
        let closed = FailureKind::Closed { how, partial: Octets::of(partial) };
        if how == Close::Cancelled { closed } else { self.ended(closed, End::Closed(how)) }
    }

    fn ended(&self, kind: FailureKind, end: End) -> FailureKind {
        if self.reason == ErrorInfo::NONE { kind } else { FailureKind::ErrorInfo { code: self.reason, end } }
    }
}
