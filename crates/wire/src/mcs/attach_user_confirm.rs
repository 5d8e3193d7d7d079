//! MCS Attach User Confirm: the server gives the client the user id that everything after it is sent as, or refuses one.
//!
//! \[MS-RDPBCGR\] 2.2.1.7, ITU-T T.125 section 7, part 5; server to client inside an X.224 Data TPDU, aligned PER: six bits of
//! choice, one that says whether a user id follows, four bits of result that straddle the octets.
use nom::IResult;

use super::connect_response::McsResult;
use super::domain_pdu::{Choice, carried, optional, outcome, user};
use crate::fault::{Fault, Layout, WireError, fixed};

/// MCS Attach User Confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AttachUserConfirm {
    /// `result`.
    pub result: McsResult,
    /// `initiator`, as a user id: the client's from now on, and the channel of that number is its own. A refusal has none, and
    /// nothing keeps a server from leaving it out of rt-successful.
    pub initiator: Option<u16>,
}

const LAYOUT: Layout = &[("DomainMCSPDU", 1), ("result", 1)];
const INITIATOR: Layout = &[("initiator", 2)];

impl AttachUserConfirm {
    /// Reads a whole PDU, TPKT header included; octets after the confirm are ignored.
    ///
    /// # Errors
    /// [`WireError`] when it is cut, is not an X.224 Data TPDU, carries another MCS PDU, or gives a user id beyond 65,535.
    #[inline]
    pub fn parse(pdu: &[u8]) -> Result<Self, WireError> {
        carried(pdu, attach_user_confirm)
    }

    /// Whether a whole PDU is one, as far as its first octet tells.
    #[must_use]
    pub fn is_one(pdu: &[u8]) -> bool {
        Choice::ATTACH_USER_CONFIRM.is_in(pdu)
    }
}

#[inline]
fn attach_user_confirm(i: &[u8]) -> IResult<&[u8], AttachUserConfirm, Fault> {
    let (at, &[first, second]) = fixed::<2>(i, LAYOUT)?;
    let (present, result) = outcome(i, Choice::ATTACH_USER_CONFIRM, first, second)?;
    let (rest, number) = optional(at, present, INITIATOR)?;
    let initiator = number.map(|number| user(at, number)).transpose()?;
    Ok((rest, AttachUserConfirm { result, initiator }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Layer, Problem};
    use crate::x224;

    /// A PDU with these octets behind the X.224 header.
    fn pdu<const N: usize>(confirm: [u8; N]) -> alloc::vec::Vec<u8> {
        [&x224::data_headers(N).unwrap()[..], &confirm].concat()
    }

    #[test]
    fn user_id_is_counted_from_1001() {
        for (number, user) in [([0, 6], 1007), ([0, 7], 1008), ([0, 0], 1001), ([0xFC, 0x16], 65_535)] {
            let confirm = AttachUserConfirm::parse(&pdu([0x2E, 0, number[0], number[1]])).unwrap();
            assert_eq!((confirm.result, confirm.initiator), (McsResult::SUCCESSFUL, Some(user)));
        }
    }

    #[test]
    fn result_straddles_two_octets_whether_or_not_a_user_id_follows() {
        for result in 0..=15_u8 {
            let (first, second) = (0x2C | (result >> 3), result << 5);
            let alone = AttachUserConfirm::parse(&pdu([first, second])).unwrap();
            assert_eq!((alone.result, alone.initiator), (McsResult(result), None));
            // The rest of the second octet is padding.
            let with = AttachUserConfirm::parse(&pdu([first | 2, second | 0x1F, 0, 6])).unwrap();
            assert_eq!((with.result, with.initiator), (McsResult(result), Some(1007)));
        }
        let refused = AttachUserConfirm::parse(&pdu([0x2D, 0xC0])).unwrap();
        assert_eq!(refused.result.name(), Some("rt-unspecified-failure"));
    }

    #[test]
    fn octets_after_the_confirm_are_ignored() {
        let refused = AttachUserConfirm::parse(&pdu([0x2D, 0xC0, 0, 6])).unwrap();
        assert_eq!((refused.result, refused.initiator), (McsResult::UNSPECIFIED_FAILURE, None));
        let confirm = AttachUserConfirm::parse(&pdu([0x2E, 0, 0, 6, 0xFF])).unwrap();
        assert_eq!(confirm.initiator, Some(1007));
    }

    #[test]
    fn every_cut_names_the_field_it_falls_into() {
        let whole = pdu([0x2E, 0, 0, 6]);
        for len in 0..whole.len() {
            let error = AttachUserConfirm::parse(&whole[..len]).unwrap_err();
            let (field, offset) = match len {
                0 => ("version", 0),
                1 => ("reserved", 1),
                2 | 3 => ("length", 2),
                4 => ("LI", 4),
                5 => ("code", 5),
                6 => ("EOT", 6),
                7 => ("DomainMCSPDU", 7),
                8 => ("result", 8),
                _ => ("initiator", 9),
            };
            assert_eq!((error.layer, error.field, error.offset), (Layer::Mcs, field, offset), "{len}");
            assert_eq!((error.len, error.problem), (len, Problem::Cut));
        }
    }

    #[test]
    fn user_id_that_cannot_be_is_not_shortened_to_one_that_can() {
        let error = AttachUserConfirm::parse(&pdu([0x2E, 0, 0xFC, 0x17])).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("initiator", 9, Problem::Value(0xFC17)));
    }

    #[test]
    fn another_mcs_pdu_is_none() {
        for first in (0..=u8::MAX).filter(|first| first >> 2 != 11) {
            let other = pdu([first, 0, 0, 6, 3, 0xEB]);
            let error = AttachUserConfirm::parse(&other).unwrap_err();
            assert_eq!((error.field, error.offset), ("DomainMCSPDU", 7));
            assert_eq!(error.problem, Problem::Value(u32::from(first)));
            assert!(!AttachUserConfirm::is_one(&other));
        }
        assert!(AttachUserConfirm::is_one(&pdu([0x2D])) && !AttachUserConfirm::is_one(&pdu([])));
        assert!(!AttachUserConfirm::is_one(&[3, 0, 0, 9, 2, 0xE0, 0x80, 0x2E, 0]));
    }
}
