//! MCS Channel Join Confirm: the server lets the client into a channel, or refuses it one.
//!
//! \[MS-RDPBCGR\] 2.2.1.9, ITU-T T.125 section 7, part 6; server to client inside an X.224 Data TPDU, aligned PER: six bits of
//! choice, one that says whether `channelId` is there, four bits of result that straddle the octets.
use nom::IResult;

use super::connect_response::McsResult;
use super::domain_pdu::{Choice, carried, optional, outcome, user};
use crate::fault::{Fault, Layout, WireError, fixed};

/// MCS Channel Join Confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelJoinConfirm {
    /// `result`.
    pub result: McsResult,
    /// `initiator`, as a user id: who asked.
    pub initiator: u16,
    /// `requested`: the channel that was asked for.
    pub requested: u16,
    /// `channelId`: the channel that was joined. A refusal may have none or any; Windows refuses with one.
    pub channel: Option<u16>,
}

const LAYOUT: Layout = &[("DomainMCSPDU", 1), ("result", 1), ("initiator", 2), ("requested", 2)];
const CHANNEL: Layout = &[("channelId", 2)];

impl ChannelJoinConfirm {
    /// Reads a whole PDU, TPKT header included; octets after the confirm are ignored.
    ///
    /// # Errors
    /// [`WireError`] when it is cut, is not an X.224 Data TPDU, carries another MCS PDU, or names a user id beyond 65,535.
    #[inline]
    pub fn parse(pdu: &[u8]) -> Result<Self, WireError> {
        carried(pdu, channel_join_confirm)
    }

    /// Whether a whole PDU is one, as far as its first octet tells.
    #[must_use]
    pub fn is_one(pdu: &[u8]) -> bool {
        Choice::CHANNEL_JOIN_CONFIRM.is_in(pdu)
    }
}

#[inline]
fn channel_join_confirm(i: &[u8]) -> IResult<&[u8], ChannelJoinConfirm, Fault> {
    let (rest, &[first, second, i0, i1, r0, r1]) = fixed::<6>(i, LAYOUT)?;
    let (present, result) = outcome(i, Choice::CHANNEL_JOIN_CONFIRM, first, second)?;
    let initiator = user(i.get(2..).unwrap_or_default(), [i0, i1])?;
    let (rest, channel) = optional(rest, present, CHANNEL)?;
    let (requested, channel) = (u16::from_be_bytes([r0, r1]), channel.map(u16::from_be_bytes));
    Ok((rest, ChannelJoinConfirm { result, initiator, requested, channel }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Layer, Problem};

    const JOINED: [u8; 15] = [3, 0, 0, 0x0F, 2, 0xF0, 0x80, 0x3E, 0, 0, 6, 3, 0xEB, 3, 0xEB];
    /// As Windows refuses, rt-unspecified-failure, and in the form that leaves the channel out, rt-no-such-channel.
    const REFUSED: [u8; 15] = [3, 0, 0, 0x0F, 2, 0xF0, 0x80, 0x3F, 0xC0, 0, 6, 3, 0xEB, 3, 0xEB];
    const SHORT: [u8; 13] = [3, 0, 0, 0x0D, 2, 0xF0, 0x80, 0x3C, 0x60, 0, 6, 3, 0xEB];

    fn confirm(result: McsResult, channel: Option<u16>) -> ChannelJoinConfirm {
        ChannelJoinConfirm { result, initiator: 1007, requested: 1003, channel }
    }

    #[test]
    fn channel_is_joined_or_refused_with_or_without_its_id() {
        let joined = confirm(McsResult::SUCCESSFUL, Some(1003));
        assert_eq!(ChannelJoinConfirm::parse(&JOINED), Ok(joined));
        let refused = confirm(McsResult::UNSPECIFIED_FAILURE, Some(1003));
        assert_eq!(ChannelJoinConfirm::parse(&REFUSED), Ok(refused));
        let short = ChannelJoinConfirm::parse(&SHORT).unwrap();
        assert_eq!(short, confirm(McsResult(3), None));
        assert_eq!(short.result.name(), Some("rt-no-such-channel"));
    }

    #[test]
    fn result_straddles_two_octets_in_both_forms() {
        for result in 0..=15_u8 {
            let (mut long, mut short) = (JOINED, SHORT);
            (long[7], long[8]) = (0x3E | (result >> 3), (result << 5) | 0x1F);
            (short[7], short[8]) = (0x3C | (result >> 3), result << 5);
            assert_eq!(ChannelJoinConfirm::parse(&long), Ok(confirm(McsResult(result), Some(1003))));
            assert_eq!(ChannelJoinConfirm::parse(&short), Ok(confirm(McsResult(result), None)));
        }
    }

    #[test]
    fn octets_after_the_confirm_are_ignored() {
        for whole in [&JOINED[..], &SHORT] {
            let longer = [whole, &[0xFF, 0xFF]].concat();
            assert_eq!(ChannelJoinConfirm::parse(&longer), ChannelJoinConfirm::parse(whole));
        }
    }

    #[test]
    fn every_cut_names_the_field_it_falls_into() {
        for len in 0..JOINED.len() {
            let error = ChannelJoinConfirm::parse(&JOINED[..len]).unwrap_err();
            let (field, offset) = match len {
                0 => ("version", 0),
                1 => ("reserved", 1),
                2 | 3 => ("length", 2),
                4 => ("LI", 4),
                5 => ("code", 5),
                6 => ("EOT", 6),
                7 => ("DomainMCSPDU", 7),
                8 => ("result", 8),
                9 | 10 => ("initiator", 9),
                11 | 12 => ("requested", 11),
                _ => ("channelId", 13),
            };
            assert_eq!((error.layer, error.field, error.offset), (Layer::Mcs, field, offset), "{len}");
            assert_eq!((error.len, error.problem), (len, Problem::Cut));
        }
    }

    #[test]
    fn user_id_that_cannot_be_is_not_shortened_to_one_that_can() {
        let mut pdu = JOINED;
        (pdu[9], pdu[10]) = (0xFF, 0xFF);
        let error = ChannelJoinConfirm::parse(&pdu).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("initiator", 9, Problem::Value(0xFFFF)));
    }

    #[test]
    fn another_mcs_pdu_is_none() {
        for first in (0..=u8::MAX).filter(|first| first >> 2 != 15) {
            let mut other = JOINED;
            other[7] = first;
            let error = ChannelJoinConfirm::parse(&other).unwrap_err();
            assert_eq!((error.field, error.offset), ("DomainMCSPDU", 7));
            assert_eq!(error.problem, Problem::Value(u32::from(first)));
            assert!(!ChannelJoinConfirm::is_one(&other));
        }
        assert!(ChannelJoinConfirm::is_one(&SHORT) && ChannelJoinConfirm::is_one(&JOINED[..8]));
        assert!(!ChannelJoinConfirm::is_one(&JOINED[..7]));
    }
}
