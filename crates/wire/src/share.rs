//! What a server may send in any state after TLS, whatever is due: Set Error Info, Deactivate All, a redirection.
//!
//! \[MS-RDPBCGR\] 2.2.5.1.1, 2.2.3.1, 2.2.13.3.1; server to client inside an MCS Send Data Indication. Little-endian.
use nom::IResult;

use crate::fault::{Fault, Layer, Layout, Problem, WireError, bad, fixed, inside, read};
use crate::mcs::indication;
use crate::x224;

/// `errorInfo` of the Set Error Info PDU; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct ErrorInfo(pub u32);

impl ErrorInfo {
    /// ERRINFO_NONE: says nothing, and a real one may follow.
    pub const NONE: Self = Self(0);
    /// ERRINFO_SERVER_INSUFFICIENT_PRIVILEGES.
    pub const SERVER_INSUFFICIENT_PRIVILEGES: Self = Self(0x0000_0009);

    /// Whether it is about licensing: ERRINFO_LICENSE_INTERNAL to ERRINFO_LICENSE_NO_REMOTE_CONNECTIONS.
    #[must_use]
    pub const fn is_licensing(self) -> bool {
        matches!(self.0, 0x0100..=0x010A)
    }
}

/// A message that may come in any state.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerMessage {
    /// Set Error Info PDU (\[MS-RDPBCGR\] 2.2.5.1.1).
    SetErrorInfo(ErrorInfo),
    /// Deactivate All PDU (\[MS-RDPBCGR\] 2.2.3.1).
    DeactivateAll,
    /// Enhanced Security Server Redirection PDU (\[MS-RDPBCGR\] 2.2.13.3.1).
    Redirection,
    /// Another one, by the type in its share control header.
    Other(u16),
}

const CONTROL: Layout = &[("totalLength", 2), ("pduType", 2), ("pduSource", 2)];
const DATA: Layout = &[
    ("shareId", 4),
    ("pad1", 1),
    ("streamId", 1),
    ("uncompressedLength", 2),
    ("pduType2", 1),
    ("compressedType", 1),
    ("compressedLength", 2),
];
const ERROR_INFO: Layout = &[("errorInfo", 4)];

/// PDUTYPE_DEACTIVATEALLPDU, PDUTYPE_DATAPDU, PDUTYPE_SERVER_REDIR_PKT: the lower four bits of `pduType`.
const DEACTIVATE_ALL: u16 = 0x6;
const DATA_PDU: u16 = 0x7;
const REDIRECTION: u16 = 0xA;
/// PDUTYPE2_SET_ERROR_INFO_PDU.
const SET_ERROR_INFO: u8 = 0x2F;

impl ServerMessage {
    /// Reads a whole PDU, TPKT header included, that is not encrypted by Standard RDP Security.
    ///
    /// # Errors
    /// [`WireError`] when it is cut, or is no MCS Send Data Indication with a share control header.
    pub fn parse(pdu: &[u8]) -> Result<Self, WireError> {
        read(Layer::Share, pdu, |i| {
            let (i, ()) = x224::data(i)?;
            let (rest, indication) = indication(i)?;
            let message = inside(indication.data, rest, |i| message(i).map(|(_, message)| message))?;
            Ok((rest, message))
        })
    }
}

fn message(i: &[u8]) -> IResult<&[u8], ServerMessage, Fault> {
    let (rest, &[l0, l1, t0, t1, _, _]) = fixed::<6>(i, CONTROL)?;
    let (length, pdu_type) = (u16::from_le_bytes([l0, l1]), u16::from_le_bytes([t0, t1]));
    if usize::from(length) > i.len() {
        return bad(i, "totalLength", Problem::Length(u32::from(length)));
    }
    let message = match pdu_type & 0x0F {
        DEACTIVATE_ALL => ServerMessage::DeactivateAll,
        REDIRECTION => ServerMessage::Redirection,
        DATA_PDU => {
            let (rest, &[.., pdu_type_2, _, _, _]) = fixed::<12>(rest, DATA)?;
            if pdu_type_2 != SET_ERROR_INFO {
                return Ok((rest, ServerMessage::Other(pdu_type)));
            }
            let (_, code) = fixed::<4>(rest, ERROR_INFO)?;
            ServerMessage::SetErrorInfo(ErrorInfo(u32::from_le_bytes(*code)))
        }
        _ => ServerMessage::Other(pdu_type),
    };
    Ok((rest, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SET_7: [u8; 36] = [
        3, 0, 0, 0x24, 2, 0xF0, 0x80, 0x68, 0, 1, 3, 0xEB, 0x70, 0x16, // TPKT to userData length
        0x16, 0, 0x17, 0, 0xEA, 3, // totalLength 22, PDUTYPE_DATAPDU, pduSource
        0xEA, 3, 1, 0, 0, 1, 8, 0, 0x2F, 0, 0, 0, // shareId to compressedLength
        7, 0, 0, 0, // errorInfo
    ];

    #[test]
    fn set_error_info_is_read_and_unknown_codes_survive() {
        assert_eq!(ServerMessage::parse(&SET_7), Ok(ServerMessage::SetErrorInfo(ErrorInfo(7))));
        let mut unknown = SET_7;
        unknown[32..].copy_from_slice(&[0x88, 0x88, 0, 0x80]);
        assert_eq!(ServerMessage::parse(&unknown), Ok(ServerMessage::SetErrorInfo(ErrorInfo(0x8000_8888))));
    }

    #[test]
    fn deactivate_all_of_gnome_remote_desktop_is_read() {
        let octets = [
            3, 0, 0, 0x1C, 2, 0xF0, 0x80, 0x68, 0, 1, 3, 0xEB, 0x70, 0x80, 0x0D, 0x0D, 0, 0x16, 0, 0xEA, 3,
            0xEA, 3, 1, 0, 1, 0, 0,
        ];
        assert_eq!(ServerMessage::parse(&octets), Ok(ServerMessage::DeactivateAll));
    }

    #[test]
    fn cut_and_lying_messages_name_the_field() {
        let error = ServerMessage::parse(&SET_7[..20]).unwrap_err();
        assert_eq!((error.layer, error.field), (Layer::Share, "userData length"));
        let mut lying = SET_7;
        lying[14] = 0xFF;
        let error = ServerMessage::parse(&lying).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("totalLength", 14, Problem::Length(0xFF)));
    }

    #[test]
    fn licensing_codes_are_told_by_their_range() {
        let licensing: [bool; 5] = [0xFF, 0x100, 0x10A, 0x10B, 9].map(|code| ErrorInfo(code).is_licensing());
        assert_eq!(licensing, [false, true, true, false, false]);
    }
}
