//! What a server says in share PDUs, each by its type.
//!
//! \[MS-RDPBCGR\] 2.2.8.1.1, T.128 section 8; server to client inside an MCS Send Data Indication. Little-endian.
use nom::IResult;

use super::demand_active::DemandActive;
use super::error_info::ErrorInfo;
use super::header::{
    CONTROL, CONTROL_LEN, ControlAction, DATA, DATA_LEN, DATA_PDU, DEACTIVATE_ALL, DEMAND_ACTIVE, DataType,
    REDIRECTION, TYPE,
};
use crate::fault::{Fault, Layer, Layout, Problem, WireError, bad, fixed, inside, read};
use crate::mcs::indication;
use crate::x224;

/// A message of the server, by its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServerMessage<'a> {
    /// Demand Active PDU (\[MS-RDPBCGR\] 2.2.1.13.1).
    DemandActive(DemandActive<'a>),
    /// Synchronize PDU (\[MS-RDPBCGR\] 2.2.1.19).
    Synchronize {
        /// `targetUser`; servers disagree about whose it is.
        target: u16,
    },
    /// Control PDU: Cooperate, Granted Control (\[MS-RDPBCGR\] 2.2.1.20 and 2.2.1.21).
    Control {
        /// `action`.
        action: ControlAction,
        /// `grantId`; to be ignored.
        grant_id: u16,
        /// `controlId`; to be ignored.
        control_id: u32,
    },
    /// Font Map PDU (\[MS-RDPBCGR\] 2.2.1.22), whatever it holds: nobody goes by it, and VirtualBox declares nothing but the headers.
    FontMap,
    /// Set Error Info PDU (\[MS-RDPBCGR\] 2.2.5.1.1).
    SetErrorInfo(ErrorInfo),
    /// Another Data PDU, by its type, with what is behind its headers.
    Data(DataType, &'a [u8]),
    /// Deactivate All PDU (\[MS-RDPBCGR\] 2.2.3.1); xrdp sends the header alone.
    DeactivateAll,
    /// Enhanced Security Server Redirection PDU (\[MS-RDPBCGR\] 2.2.13.3.1): what is behind `pad2Octets`.
    Redirection(&'a [u8]),
    /// FlowPDU (T.128 section 8.3.2): nothing to answer.
    Flow,
    /// Another one, by the type in its share control header; that may be 0, around nothing but padding.
    Other(u16),
}

impl<'a> ServerMessage<'a> {
    /// Reads the first message of a whole PDU, as [`SharePdu::parse`] does.
    ///
    /// # Errors
    /// As there.
    pub fn parse(pdu: &'a [u8]) -> Result<Self, WireError> {
        SharePdu::parse(pdu).map(|read| read.message)
    }
}

/// A message with what its headers say of it. `uncompressedLength` is not believed: each server means something else by it. Nor is
/// `compressedType`: nobody compresses what no client asked to have compressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SharePdu<'a> {
    /// `pduSource`: the MCS user id of the server.
    pub source: u16,
    /// `shareId`, where there is one.
    pub share_id: Option<u32>,
    /// The message.
    pub message: ServerMessage<'a>,
}

impl<'a> SharePdu<'a> {
    /// Reads a whole PDU, TPKT header included, that is not encrypted by Standard RDP Security. Messages behind the first one are
    /// ignored; see [`Self::parse_data`].
    ///
    /// # Errors
    /// [`WireError`] when it is cut, or is no MCS Send Data Indication with a share control header, or `totalLength` is more than there
    /// is.
    pub fn parse(pdu: &'a [u8]) -> Result<Self, WireError> {
        read(Layer::Share, pdu, |i| {
            let (i, ()) = x224::data(i)?;
            let (rest, indication) = indication(i)?;
            let after = rest.len();
            let message = inside(indication.data, rest, |i| Ok(share_pdu(i, pdu, after)?.1))?;
            Ok((rest, message))
        })
    }

    /// Reads the message that `data`, the user data of a Send Data Indication, begins with, and gives out what is behind it: always less
    /// than `data`, and where it is not empty, where the next message would begin.
    ///
    /// # Errors
    /// [`WireError`] when it is cut, or `totalLength` is more than there is.
    pub fn parse_data(data: &'a [u8]) -> Result<(Self, &'a [u8]), WireError> {
        read(Layer::Share, data, |i| {
            let (rest, message) = share_pdu(i, data, 0)?;
            Ok((rest, (message, rest)))
        })
    }
}

/// `totalLength` of a FlowPDU, where it is called `flowMarker`.
const FLOW_MARKER: u16 = 0x8000;
const FLOW: Layout = &[
    ("flowMarker", 2),
    ("pad8bits", 1),
    ("pduTypeFlow", 1),
    ("flowIdentifier", 1),
    ("flowNumber", 1),
    ("pduSource", 2),
];
const SYNCHRONIZE: Layout = &[("messageType", 2), ("targetUser", 2)];
const CONTROL_DATA: Layout = &[("action", 2), ("grantId", 2), ("controlId", 4)];
const ERROR_INFO: Layout = &[("errorInfo", 4)];
/// Size of `pad2Octets` of a redirection, in octets.
const PAD: usize = 2;

/// Reads `i`, which is a part of `whole`; `after` octets of that follow it.
fn share_pdu<'a>(i: &'a [u8], whole: &'a [u8], after: usize) -> IResult<&'a [u8], SharePdu<'a>, Fault> {
    let (body, &[l0, l1, t0, t1, s0, s1]) = fixed::<CONTROL_LEN>(i, CONTROL)?;
    let (length, pdu_type) = (u16::from_le_bytes([l0, l1]), u16::from_le_bytes([t0, t1]));
    if length == FLOW_MARKER {
        let (rest, &[.., s0, s1]) = fixed::<8>(i, FLOW)?;
        let source = u16::from_le_bytes([s0, s1]);
        return Ok((rest, SharePdu { source, share_id: None, message: ServerMessage::Flow }));
    }
    let declared = usize::from(length);
    if declared > i.len() {
        return bad(i, "totalLength", Problem::Length(u32::from(length)));
    }
    let declared = declared.checked_sub(CONTROL_LEN);
    let (rest, share_id, message) = match pdu_type & TYPE {
        DEMAND_ACTIVE => {
            let (body, rest) = body_of(body, declared, DemandActive::LEAST);
            let after = rest.len().saturating_add(after);
            let demand = inside(body, rest, |i| DemandActive::read(i, whole, after))?;
            (rest, Some(demand.share_id), ServerMessage::DemandActive(demand))
        }
        DATA_PDU => {
            let (body, &[a, b, c, d, .., pdu_type_2, _, _, _]) = fixed::<DATA_LEN>(body, DATA)?;
            let (rest, message) = data(DataType(pdu_type_2), body, declared.and_then(less_data_header))?;
            (rest, Some(u32::from_le_bytes([a, b, c, d])), message)
        }
        DEACTIVATE_ALL => {
            let (body, rest) = body_of(body, declared, 0);
            let share_id = body.first_chunk().map(|four| u32::from_le_bytes(*four));
            (rest, share_id, ServerMessage::DeactivateAll)
        }
        REDIRECTION => {
            let (body, rest) = body_of(body, declared, PAD);
            (rest, None, ServerMessage::Redirection(body.get(PAD..).unwrap_or_default()))
        }
        _ => (body_of(body, declared, 0).1, None, ServerMessage::Other(pdu_type)),
    };
    Ok((rest, SharePdu { source: u16::from_le_bytes([s0, s1]), share_id, message }))
}

fn data(kind: DataType, i: &[u8], declared: Option<usize>) -> IResult<&[u8], ServerMessage<'_>, Fault> {
    Ok(match kind {
        DataType::SYNCHRONIZE => {
            let (body, rest) = body_of(i, declared, 4);
            let &[_, _, t0, t1] = inside(body, rest, |i| Ok(fixed::<4>(i, SYNCHRONIZE)?.1))?;
            (rest, ServerMessage::Synchronize { target: u16::from_le_bytes([t0, t1]) })
        }
        DataType::CONTROL => {
            let (body, rest) = body_of(i, declared, 8);
            let &[a0, a1, g0, g1, c0, c1, c2, c3] = inside(body, rest, |i| Ok(fixed::<8>(i, CONTROL_DATA)?.1))?;
            let message = ServerMessage::Control {
                action: ControlAction(u16::from_le_bytes([a0, a1])),
                grant_id: u16::from_le_bytes([g0, g1]),
                control_id: u32::from_le_bytes([c0, c1, c2, c3]),
            };
            (rest, message)
        }
        DataType::SET_ERROR_INFO => {
            let (body, rest) = body_of(i, declared, 4);
            let code = inside(body, rest, |i| Ok(fixed::<4>(i, ERROR_INFO)?.1))?;
            (rest, ServerMessage::SetErrorInfo(ErrorInfo(u32::from_le_bytes(*code))))
        }
        DataType::FONT_MAP => (body_of(i, declared, 0).1, ServerMessage::FontMap),
        other => {
            let (body, rest) = body_of(i, declared, 0);
            (rest, ServerMessage::Data(other, body))
        }
    })
}

const fn less_data_header(declared: usize) -> Option<usize> {
    declared.checked_sub(DATA_LEN)
}

/// The body, as long as it was declared, and what is behind it. What was declared shorter than `least`, which its fields take, goes to the
/// end: real servers declare too little, and nothing can be found behind a length that lies.
fn body_of(i: &[u8], declared: Option<usize>, least: usize) -> (&[u8], &[u8]) {
    let declared = declared.filter(|declared| *declared >= least);
    declared.and_then(|declared| i.split_at_checked(declared)).unwrap_or((i, &[]))
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

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

    /// Headers of xrdp as it sends them, `uncompressedLength` counting all; the last octets are the body.
    fn data_pdu(pdu_type_2: u8, body: &[u8]) -> Vec<u8> {
        let length = u8::try_from(body.len()).unwrap().saturating_add(18);
        let mut octets =
            vec![length, 0, 0x17, 0, 0xEA, 3, 0xEA, 3, 1, 0, 0, 1, length, 0, pdu_type_2, 0, length, 0];
        octets.extend(body);
        octets
    }

    fn alone(data: &[u8]) -> SharePdu<'_> {
        let (read, rest) = SharePdu::parse_data(data).unwrap();
        assert_eq!(rest, &[], "{data:02X?}");
        read
    }

    #[test]
    fn end_of_the_sequence_is_read_as_xrdp_and_freerdp_send_it() {
        let control = |action, grant_id| ServerMessage::Control { action, grant_id, control_id: 0x03EA };
        for (kind, body, message) in [
            (0x1F, &[1, 0, 0xEA, 3][..], ServerMessage::Synchronize { target: 1002 }),
            (0x14, &[4, 0, 0, 0, 0xEA, 3, 0, 0], control(ControlAction::COOPERATE, 0)),
            (0x14, &[2, 0, 0xF1, 3, 0xEA, 3, 0, 0], control(ControlAction::GRANTED_CONTROL, 1009)),
            (0x28, &[0, 0, 0, 0, 3, 0, 4, 0], ServerMessage::FontMap),
            (0x28, &[], ServerMessage::FontMap),
            (0x28, &[0xFF; 3], ServerMessage::FontMap),
            (0x36, &[2, 4, 0, 0], ServerMessage::Data(DataType::STATUS_INFO, &[2, 4, 0, 0])),
            (0x02, &[], ServerMessage::Data(DataType::UPDATE, &[])),
            (0xFE, &[9], ServerMessage::Data(DataType(0xFE), &[9])),
        ] {
            let octets = data_pdu(kind, body);
            let read = alone(&octets);
            assert_eq!((read.source, read.share_id, read.message), (1002, Some(0x0001_03EA), message));
        }
    }

    #[test]
    fn font_map_of_virtualbox_declares_its_headers_alone() {
        let mut octets = data_pdu(0x28, &[0, 0, 0, 0, 3, 0, 4, 0]);
        octets[0] = 18;
        let (read, rest) = SharePdu::parse_data(&octets).unwrap();
        assert_eq!(read.message, ServerMessage::FontMap);
        // What it did not declare is of no type.
        assert_eq!(alone(rest).message, ServerMessage::Other(0));
    }

    #[test]
    fn bodies_cut_anywhere_name_their_field() {
        let control = data_pdu(0x14, &[2, 0, 0xF1, 3, 0xEA, 3, 0, 0]);
        let synchronize = data_pdu(0x1F, &[1, 0, 0xEA, 3]);
        for (octets, at, field) in [
            (&control, 0, "totalLength"),
            (&control, 3, "pduType"),
            (&control, 5, "pduSource"),
            (&control, 9, "shareId"),
            (&control, 13, "uncompressedLength"),
            (&control, 14, "pduType2"),
            (&control, 17, "compressedLength"),
            (&control, 19, "action"),
            (&control, 21, "grantId"),
            (&control, 25, "controlId"),
            (&synchronize, 18, "messageType"),
            (&synchronize, 21, "targetUser"),
        ] {
            let mut cut = octets[..at].to_vec();
            // Whole, by its own account.
            if let Some(length) = cut.first_mut() {
                *length = u8::try_from(at).unwrap();
            }
            let error = SharePdu::parse_data(&cut).unwrap_err();
            assert_eq!((error.layer, error.field, error.len), (Layer::Share, field, at));
            assert_eq!(error.problem, Problem::Cut);
        }
        for len in 6..control.len() {
            let error = SharePdu::parse_data(&control[..len]).unwrap_err();
            assert_eq!((error.field, error.offset, error.problem), ("totalLength", 0, Problem::Length(26)));
        }
    }

    #[test]
    fn lengths_that_declare_too_little_leave_the_message_whole() {
        for length in [0, 5, 6, 17, 18, 21] {
            let mut lying = SET_7;
            lying[14] = length;
            assert_eq!(ServerMessage::parse(&lying), Ok(ServerMessage::SetErrorInfo(ErrorInfo(7))));
        }
        for uncompressed in 0..=u8::MAX {
            let mut lying = SET_7;
            lying[26] = uncompressed;
            assert_eq!(ServerMessage::parse(&lying), Ok(ServerMessage::SetErrorInfo(ErrorInfo(7))));
        }
    }

    #[test]
    fn messages_packed_together_come_one_by_one() {
        let mut octets = vec![0, 0x80, 0, 0x41, 0, 0, 0xEA, 3]; // FlowPDU
        octets.extend(&SET_7[14..]);
        octets.extend([6, 0, 0x16, 0, 0xEA, 3]); // Deactivate All, the header alone
        octets.extend([11, 0, 0x0A, 0, 0xEA, 3, 0, 0, 1, 2, 3]); // a redirection
        octets.extend([8, 0, 0x1C, 0, 0xEA, 3, 9, 9]); // of no type that is known
        octets.extend([16, 0, 0x16, 0, 0xEA, 3, 0xEA, 3, 1, 0, 4, 0, b'R', b'D', b'P', 0]); // Deactivate All
        let (mut rest, mut found) = (octets.as_slice(), Vec::new());
        while !rest.is_empty() {
            let (read, behind) = SharePdu::parse_data(rest).unwrap();
            assert_eq!(read.source, 1002);
            found.push((read.share_id, read.message));
            rest = behind;
        }
        let expected = [
            (None, ServerMessage::Flow),
            (Some(0x0001_03EA), ServerMessage::SetErrorInfo(ErrorInfo(7))),
            (None, ServerMessage::DeactivateAll),
            (None, ServerMessage::Redirection(&[1, 2, 3])),
            (None, ServerMessage::Other(0x1C)),
            (Some(0x0001_03EA), ServerMessage::DeactivateAll),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn padding_of_no_type_is_told_by_its_type() {
        let mut padded = vec![0; 4090];
        assert_eq!(alone(&padded).message, ServerMessage::Other(0));
        padded[..2].copy_from_slice(&4090_u16.to_le_bytes());
        assert_eq!(alone(&padded).message, ServerMessage::Other(0));
    }

    #[test]
    fn flow_pdu_cut_names_its_own_fields() {
        let error = SharePdu::parse_data(&[0, 0x80, 0, 0x41, 0, 0, 0xEA]).unwrap_err();
        assert_eq!((error.field, error.offset), ("pduSource", 6));
    }

    #[test]
    fn faults_of_a_demand_are_counted_in_the_whole_pdu() {
        let mut pdu = vec![
            3, 0, 0, 0x29, 2, 0xF0, 0x80, 0x68, 0, 1, 3, 0xEB, 0x70, 0x1A, // TPKT to userData length
            0x1A, 0, 0x11, 0, 0xEA, 3, 0xEA, 3, 1, 0, // totalLength to shareId
            0, 0, 8, 0, 2, 0, 0, 0, // lengthSourceDescriptor to pad2Octets
            9, 0, 4, 0, // Share
            1, 0, 0, 0, // sessionId
        ];
        pdu.push(0xAA); // none of the message
        let read = SharePdu::parse(&pdu).unwrap();
        let ServerMessage::DemandActive(demand) = read.message else { panic!("{read:?}") };
        assert_eq!((read.share_id, demand.session_id), (Some(0x0001_03EA), Some(1)));
        let error = demand.capabilities.last().unwrap().unwrap_err();
        assert_eq!((error.field, error.offset, error.len), ("capabilitySetType", 36, 41));
        pdu[24] = 0xFF;
        let error = SharePdu::parse(&pdu).unwrap_err();
        assert_eq!((error.field, error.offset), ("lengthSourceDescriptor", 24));
    }
}
