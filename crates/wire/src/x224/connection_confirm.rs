//! X.224 Connection Confirm: the server's answer to the first request, with or without a negotiation block.
//!
//! \[MS-RDPBCGR\] 2.2.1.2, ITU-T X.224 13.4; server to client. Eleven octets, or nineteen with a negotiation block.
use nom::IResult;

use super::tpdu::{TpduCode, lengths_agree};
use crate::fault::{Fault, Layer, Layout, Problem, WireError, bad, fixed, read};
use crate::nego::{
    FailureCode, NegFailure, NegResponse, Negotiation, Protocols, ResponseFlags, TYPE_FAILURE, TYPE_RESPONSE,
    negotiation,
};
use crate::tpkt::{Tpkt, tpkt};

/// X.224 Connection Confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectionConfirm {
    /// `SRC-REF`: Windows and xrdp send 0x1234, others 0.
    pub src_ref: u16,
    /// The negotiation block.
    pub negotiation: Negotiation,
    /// Octets of the variable part after the block: none by the specification.
    pub surplus: u8,
}

impl ConnectionConfirm {
    /// Size on the wire without a negotiation block, in octets.
    pub const LEN: usize =
        Tpkt::LEN + 1 /* LI */ + 1 /* code */ + 2 /* DST-REF */ + 2 /* SRC-REF */ + 1 /* class */;

    /// Reads one whole PDU, TPKT header included. DST-REF and class are not judged ([MS-RDPBCGR] 3.2.5.3.2 does not).
    ///
    /// # Errors
    /// [`WireError`] naming the field and its offset when the PDU is cut, when a length disagrees with what is there, when
    /// this is another TPDU, or when the negotiation block is malformed: a malformed block is never an absent one.
    #[inline]
    pub fn parse(pdu: &[u8]) -> Result<Self, WireError> {
        // All of it in one step; what is wrong is worked out only when something is.
        match at_once(pdu) {
            Some(confirm) => Ok(confirm),
            None => by_field(pdu),
        }
    }
}

/// Reads one of which nothing is wrong.
#[inline]
fn at_once(pdu: &[u8]) -> Option<ConnectionConfirm> {
    let (headers, variable) = pdu.split_first_chunk::<{ ConnectionConfirm::LEN }>()?;
    let &[version, _reserved, high, low, li, code, _, _, s0, s1, _class] = headers;
    let is_confirm = version == Tpkt::VERSION && code & 0xF0 == TpduCode::CONNECTION_CONFIRM.0;
    let lengths_agree = usize::from(u16::from_be_bytes([high, low])) == pdu.len()
        && usize::from(li).saturating_add(Tpkt::LEN + 1) == pdu.len();
    if !is_confirm || !lengths_agree {
        return None;
    }
    let (negotiation, surplus) = match *variable {
        [] => (Negotiation::Absent, 0),
        [TYPE_RESPONSE, flags, l0, l1, v0, v1, v2, v3, ref surplus @ ..] => {
            let (flags, length) = (ResponseFlags(flags), u16::from_le_bytes([l0, l1]));
            let protocol = Protocols(u32::from_le_bytes([v0, v1, v2, v3]));
            (Negotiation::Response(NegResponse { flags, length, protocol }), surplus.len())
        }
        [TYPE_FAILURE, _flags, l0, l1, v0, v1, v2, v3, ref surplus @ ..] => {
            let length = u16::from_le_bytes([l0, l1]);
            let code = FailureCode(u32::from_le_bytes([v0, v1, v2, v3]));
            (Negotiation::Failure(NegFailure { length, code }), surplus.len())
        }
        _ => return None,
    };
    let surplus = u8::try_from(surplus).ok()?;
    Some(ConnectionConfirm { src_ref: u16::from_be_bytes([s0, s1]), negotiation, surplus })
}

#[cold]
fn by_field(pdu: &[u8]) -> Result<ConnectionConfirm, WireError> {
    read(Layer::X224, pdu, connection_confirm).map_err(|e| relayer(pdu, e))
}

const LAYOUT: Layout = &[("LI", 1), ("code", 1), ("DST-REF", 2), ("SRC-REF", 2), ("class", 1)];

fn connection_confirm(pdu: &[u8]) -> IResult<&[u8], ConnectionConfirm, Fault> {
    let (i, header) = tpkt(pdu)?;
    let (variable, &[li, code, _, _, s0, s1, _class]) = fixed::<7>(i, LAYOUT)?;
    if code & 0xF0 != TpduCode::CONNECTION_CONFIRM.0 {
        return bad(i.get(1..).unwrap_or_default(), "code", Problem::Value(u32::from(code)));
    }
    lengths_agree(pdu, header, i, li)?;
    let (surplus, negotiation) = negotiation(variable)?;
    // LI is one octet, so the variable part is shorter than 256.
    let surplus = u8::try_from(surplus.len()).unwrap_or(u8::MAX);
    Ok((&[], ConnectionConfirm { src_ref: u16::from_be_bytes([s0, s1]), negotiation, surplus }))
}

/// Says which layer the faulty field belongs to: one grammar reads three.
#[cold]
const fn relayer(pdu: &[u8], error: WireError) -> WireError {
    let layer = if error.offset < Tpkt::LEN && pdu.len() > error.offset {
        Layer::Tpkt
    } else if error.offset >= ConnectionConfirm::LEN {
        Layer::RdpNegotiation
    } else {
        Layer::X224
    };
    WireError { layer, ..error }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Windows Server 2016 and later answer to mask 0x0B.
    const HYBRID_EX: [u8; 19] = [
        0x03, 0x00, 0x00, 0x13, // TPKT: 19 octets
        0x0E, 0xD0, 0x00, 0x00, 0x12, 0x34, 0x00, // LI 14, CC, DST-REF 0, SRC-REF 0x1234, class 0
        0x02, 0x1F, 0x08, 0x00, 0x08, 0x00, 0x00, 0x00, // RDP_NEG_RSP, flags 0x1F, HYBRID_EX
    ];

    #[test]
    fn response_gives_flags_and_protocol() {
        let confirm = ConnectionConfirm::parse(&HYBRID_EX).unwrap();
        assert_eq!(confirm.src_ref, 0x1234);
        assert_eq!(
            confirm.negotiation,
            Negotiation::Response(NegResponse {
                flags: ResponseFlags(0x1F),
                length: 8,
                protocol: Protocols::HYBRID_EX
            })
        );
    }

    #[test]
    fn failure_gives_its_code() {
        let pdu = [3, 0, 0, 0x13, 0x0E, 0xD0, 0, 0, 0x12, 0x34, 0, 3, 0, 8, 0, 5, 0, 0, 0];
        let confirm = ConnectionConfirm::parse(&pdu).unwrap();
        let expected = NegFailure { length: 8, code: FailureCode::HYBRID_REQUIRED_BY_SERVER };
        assert_eq!(confirm.negotiation, Negotiation::Failure(expected));
    }

    #[test]
    fn eleven_octets_are_a_confirm_without_negotiation() {
        let pdu = [3, 0, 0, 0x0B, 6, 0xD0, 0, 0, 0x12, 0x34, 0];
        assert_eq!(ConnectionConfirm::parse(&pdu).unwrap().negotiation, Negotiation::Absent);
    }

    #[test]
    fn what_is_read_at_once_is_what_is_read_field_by_field() {
        let failure = [3, 0, 0, 0x13, 0x0E, 0xD0, 0, 0, 0x12, 0x34, 0, 3, 0, 8, 0, 5, 0, 0, 0];
        let absent = [3, 0, 0, 0x0B, 6, 0xD0, 0, 0, 0x12, 0x34, 0];
        let surplus = [3, 0, 0, 0x15, 0x10, 0xD5, 0, 0, 0, 0, 0, 2, 1, 9, 0, 8, 0, 0, 0, 7, 7];
        let mut read = 0;
        for whole in [&HYBRID_EX[..], &failure, &absent, &surplus] {
            // Each octet with each value, and each cut, told of honestly and not.
            for (place, value) in (0..whole.len()).flat_map(|place| (0..=255).map(move |value| (place, value)))
            {
                let mut pdu = [0; 32];
                pdu[..whole.len()].copy_from_slice(whole);
                pdu[place] = value;
                for len in [whole.len(), place] {
                    for honest in [true, false] {
                        if honest && len != whole.len() {
                            pdu[3] = u8::try_from(len).unwrap();
                            pdu[4] = pdu[3].saturating_sub(5);
                        }
                        let (at_once, by_field) = (at_once(&pdu[..len]), by_field(&pdu[..len]).ok());
                        assert_eq!(at_once, by_field, "{:02X?}", &pdu[..len]);
                        read += u32::from(at_once.is_some());
                    }
                }
            }
        }
        assert!(read > 10_000, "{read}");
    }

    #[test]
    fn every_cut_names_a_field_and_never_reads_the_block_as_absent() {
        for len in 0..HYBRID_EX.len() {
            let mut cut = HYBRID_EX;
            // A frame that was shortened honestly: TPKT and LI agree with what is left.
            cut[3] = u8::try_from(len).unwrap();
            cut[4] = u8::try_from(len.saturating_sub(5)).unwrap();
            let got = ConnectionConfirm::parse(&cut[..len]);
            if len == ConnectionConfirm::LEN {
                assert_eq!(got.unwrap().negotiation, Negotiation::Absent);
            } else {
                let error = got.unwrap_err();
                assert!(!error.field.is_empty() && error.offset <= len, "{len}: {error:?}");
            }
        }
    }

    #[test]
    fn length_indicator_beyond_the_packet_lies() {
        let mut pdu = HYBRID_EX;
        pdu[4] = 0x20;
        let error = ConnectionConfirm::parse(&pdu).unwrap_err();
        assert_eq!((error.layer, error.field, error.offset), (Layer::X224, "LI", 4));
        assert_eq!(error.problem, Problem::Length(0x20));
    }

    #[test]
    fn tpkt_length_beyond_what_is_there_lies() {
        let mut pdu = HYBRID_EX;
        pdu[3] = 0x40;
        let error = ConnectionConfirm::parse(&pdu).unwrap_err();
        assert_eq!((error.layer, error.field, error.offset), (Layer::Tpkt, "length", 2));
    }

    #[test]
    fn unknown_block_type_is_named_at_its_offset() {
        let mut pdu = HYBRID_EX;
        pdu[11] = 0x09;
        let error = ConnectionConfirm::parse(&pdu).unwrap_err();
        assert_eq!((error.layer, error.field, error.offset), (Layer::RdpNegotiation, "type", 11));
    }

    #[test]
    fn iso_tsap_parameters_are_not_a_negotiation_block() {
        // An S7 PLC's confirm: TPDU size, calling and called TSAP.
        let pdu = [3, 0, 0, 0x16, 0x11, 0xD0, 0, 1, 0, 2, 0, 0xC0, 1, 0x0A, 0xC1, 2, 1, 0, 0xC2, 2, 1, 2];
        assert_eq!(ConnectionConfirm::parse(&pdu).unwrap_err().problem, Problem::Value(0xC0));
    }

    #[test]
    fn another_tpdu_is_named_by_its_code() {
        let disconnect_request = [3, 0, 0, 0x0B, 6, 0x80, 0, 0, 0, 0, 0];
        let error = ConnectionConfirm::parse(&disconnect_request).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("code", 5, Problem::Value(0x80)));
    }
}
