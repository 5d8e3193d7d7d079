//! What came in place of the message that was due.
use rdp_probe_wire::WireError;
use rdp_probe_wire::mcs::DisconnectProviderUltimatum;
use rdp_probe_wire::share::{ErrorInfo, ServerMessage};
use rdp_probe_wire::tpkt::{self, Frame};
use rdp_probe_wire::x224::{DisconnectRequest, TpduCode, TpduError};

use crate::failure::{End, FailureKind};
use crate::octets::Octets;

/// A message that cannot be read.
pub(super) fn malformed(error: WireError, pdu: &[u8]) -> FailureKind {
    FailureKind::Malformed { error: error.into(), head: Octets::of(pdu) }
}

/// Another message than was due, inside TLS: a disconnect, as GNOME Remote Desktop refuses, or something else.
/// What says nothing by itself may stand before it.
pub(super) fn not_expected(octets: &[u8]) -> FailureKind {
    let (mut rest, mut error_info) = (octets, None);
    while let Frame::Whole(length) = tpkt::frame(rest) {
        let Some((pdu, after)) = rest.split_at_checked(length) else { break };
        if let Ok(DisconnectProviderUltimatum { reason, .. }) = DisconnectProviderUltimatum::parse(pdu) {
            let end = End::Ultimatum(reason);
            return error_info
                .map_or(FailureKind::Ultimatum(reason), |code| FailureKind::ErrorInfo { code, end });
        }
        match ServerMessage::parse(pdu) {
            Ok(ServerMessage::SetErrorInfo(code)) if code != ErrorInfo::NONE => error_info = Some(code),
            Ok(ServerMessage::SetErrorInfo(_) | ServerMessage::DeactivateAll) => {}
            Ok(_) | Err(_) => break,
        }
        rest = after;
    }
    FailureKind::NotExpected { head: Octets::of(octets) }
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
