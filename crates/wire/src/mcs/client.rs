//! What a client sends inside an MCS domain: whole PDUs, TPKT and X.224 headers included.
//!
//! \[MS-RDPBCGR\] 2.2.1.5, 2.2.1.6, 2.2.1.8, 2.2.8.1; ITU-T T.125 section 7, aligned PER, big-endian.
use alloc::vec::Vec;

use super::domain_pdu::{Choice, FIRST_USER};
use crate::x224;

/// The longest `userData` of a Send Data Request, in octets: more of it would be sent in fragments, which servers do not expect.
pub const MAX_USER_DATA: usize = 0x3FFF;

/// MCS Erect Domain Request, \[MS-RDPBCGR\] 2.2.1.5: the client stands at the top of a domain of its own. Never answered.
pub fn erect_domain(out: &mut Vec<u8>) {
    // subHeight and subInterval are 0, each behind its length.
    whole(&[Choice::ERECT_DOMAIN_REQUEST.octet(), 1, 0, 1, 0], &[], out);
}

/// MCS Attach User Request, \[MS-RDPBCGR\] 2.2.1.6.
pub fn attach_user(out: &mut Vec<u8>) {
    whole(&[Choice::ATTACH_USER_REQUEST.octet()], &[], out);
}

/// MCS Channel Join Request of this user id, \[MS-RDPBCGR\] 2.2.1.8; `false`, and nothing written, when the id is below 1001.
pub fn channel_join(user: u16, channel: u16, out: &mut Vec<u8>) -> bool {
    let Some(number) = user.checked_sub(FIRST_USER) else { return false };
    let ([i0, i1], [c0, c1]) = (number.to_be_bytes(), channel.to_be_bytes());
    whole(&[Choice::CHANNEL_JOIN_REQUEST.octet(), i0, i1, c0, c1], &[], out)
}

/// MCS Send Data Request of this user id, ITU-T T.125 section 7, part 7; `false`, and nothing written, when the id is below 1001
/// or the data longer than [`MAX_USER_DATA`].
pub fn send_data_request(user: u16, channel: u16, data: &[u8], out: &mut Vec<u8>) -> bool {
    /// High priority, and the data begins and ends here.
    const PRIORITY_AND_SEGMENTATION: u8 = 0x70;
    let Some(number) = user.checked_sub(FIRST_USER) else { return false };
    let Some(length) = u16::try_from(data.len()).ok().filter(|_| data.len() <= MAX_USER_DATA) else {
        return false;
    };
    let ([i0, i1], [c0, c1], [l0, l1]) = (number.to_be_bytes(), channel.to_be_bytes(), length.to_be_bytes());
    let head = [Choice::SEND_DATA_REQUEST.octet(), i0, i1, c0, c1, PRIORITY_AND_SEGMENTATION, l0 | 0x80, l1];
    // One octet of length below 128, two of which the first has its top bit set from there on.
    match (head, length) {
        ([choice, i0, i1, c0, c1, priority, _, short], 0..=0x7F) => {
            whole(&[choice, i0, i1, c0, c1, priority, short], data, out)
        }
        (long, _) => whole(&long, data, out),
    }
}

/// A TPKT with an X.224 Data TPDU around both parts; `false`, and nothing written, when they are too long for it.
fn whole(head: &[u8], data: &[u8], out: &mut Vec<u8>) -> bool {
    let body = head.len().saturating_add(data.len());
    let Some(headers) = x224::data_headers(body) else { return false };
    out.extend_from_slice(&headers);
    out.extend_from_slice(head);
    out.extend_from_slice(data);
    true
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::tpkt::{Frame, frame};

    fn written(with: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        with(&mut out);
        out
    }

    #[test]
    fn each_request_is_as_the_specification_has_it() {
        assert_eq!(written(erect_domain), [3, 0, 0, 0x0C, 2, 0xF0, 0x80, 4, 1, 0, 1, 0]);
        assert_eq!(written(attach_user), [3, 0, 0, 8, 2, 0xF0, 0x80, 0x28]);
        for (channel, octets) in [(1008, [3, 0xF0]), (1003, [3, 0xEB])] {
            let join = written(|out| assert!(channel_join(1008, channel, out)));
            assert_eq!(join, [&[3, 0, 0, 0x0C, 2, 0xF0, 0x80, 0x38, 0, 7][..], &octets].concat());
        }
        let data = written(|out| assert!(send_data_request(1008, 1003, &[0xAA], out)));
        assert_eq!(data, [3, 0, 0, 0x0F, 2, 0xF0, 0x80, 0x64, 0, 7, 3, 0xEB, 0x70, 1, 0xAA]);
    }

    #[test]
    fn requests_that_travel_together_are_appended() {
        let both = written(|out| {
            erect_domain(out);
            attach_user(out);
        });
        assert_eq!(frame(&both), Frame::Whole(12));
        assert_eq!(frame(&both[12..]), Frame::Whole(8));
    }

    #[test]
    fn length_of_the_data_takes_one_octet_or_two() {
        for (length, form) in [
            (0, &[0][..]),
            (1, &[1]),
            (0x7F, &[0x7F]),
            (0x80, &[0x80, 0x80]),
            (0xFC, &[0x80, 0xFC]),
            (0x100, &[0x81, 0x00]),
            (MAX_USER_DATA, &[0xBF, 0xFF]),
        ] {
            let pdu = written(|out| assert!(send_data_request(1004, 1003, &vec![0xAA; length], out)));
            assert_eq!(frame(&pdu), Frame::Whole(13 + form.len() + length));
            assert_eq!(pdu[7..13], [0x64, 0, 3, 3, 0xEB, 0x70]);
            assert_eq!(pdu[13..13 + form.len()], *form);
            assert_eq!(pdu[13 + form.len()..], vec![0xAA; length]);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused_and_writes_nothing() {
        let mut out = Vec::new();
        assert!(!channel_join(1000, 1003, &mut out));
        assert!(!send_data_request(1000, 1003, &[], &mut out));
        assert!(!send_data_request(1001, 1003, &[0; MAX_USER_DATA + 1], &mut out));
        assert!(!send_data_request(1001, 1003, &[0; 0x1_0000], &mut out));
        assert!(out.is_empty());
        assert!(channel_join(1001, 0, &mut out) && channel_join(u16::MAX, u16::MAX, &mut out));
    }
}
