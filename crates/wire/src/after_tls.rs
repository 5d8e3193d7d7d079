//! What the first octets inside TLS belong to: which way a server went on, told before any of its messages is read.
//!
//! \[MS-RDPBCGR\] 5.4.5; server to client.
use crate::first_octets::{self, FirstOctets, Foreign};

/// What the octets so far can tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AfterTls {
    /// A TSRequest (\[MS-CSSP\] 2.2.1).
    TsRequest,
    /// A TPKT: MCS, or the end by a Disconnect Provider Ultimatum.
    Tpkt,
    /// RDSTLS (\[MS-RDPBCGR\] 2.2.17).
    Rdstls,
    /// The JSON of an Entra sign-in (\[MS-RDPBCGR\] 2.2.18).
    Rdsaad,
    /// Early User Authorization Result (\[MS-RDPBCGR\] 5.4.2.2): `authorizationResult` as received.
    EarlyUserAuth(u32),
    /// Another protocol's.
    Foreign(Foreign),
    /// They are the beginning of more than one thing: ask again with more.
    Undecided,
}

/// As many octets as [`classify`] ever looks at.
pub const ENOUGH: usize = first_octets::ENOUGH;

/// Says what `head`, the first octets of a message inside TLS, belongs to. Allocates nothing, and looks at [`ENOUGH`] octets
/// at the most.
#[must_use]
pub fn classify(head: &[u8]) -> AfterTls {
    match *head {
        [0x30, ..] => AfterTls::TsRequest,
        [3, ..] => AfterTls::Tpkt,
        [b'{', ..] => AfterTls::Rdsaad,
        // Version 1 or 2, and a pduType.
        [1 | 2, 0, 1..=u8::MAX, ..] => AfterTls::Rdstls,
        // A result, of which all known ones are small. It has no frame and says nothing of itself.
        [a, b, 0, 0, ..] => AfterTls::EarlyUserAuth(u32::from_le_bytes([a, b, 0, 0])),
        [] | [_] | [_, _] | [_, _, 0] => AfterTls::Undecided,
        _ => match first_octets::classify(head) {
            FirstOctets::Tpkt => AfterTls::Tpkt,
            FirstOctets::Foreign(foreign) => AfterTls::Foreign(foreign),
            FirstOctets::Undecided => AfterTls::Undecided,
        },
    }
}

/// The same, when nothing more will come: what is undecided then is unknown.
#[must_use]
pub fn classify_last(head: &[u8]) -> AfterTls {
    match classify(head) {
        AfterTls::Undecided if !head.is_empty() => match first_octets::classify_last(head) {
            FirstOctets::Foreign(foreign) => AfterTls::Foreign(foreign),
            FirstOctets::Tpkt | FirstOctets::Undecided => AfterTls::Foreign(Foreign::Unknown),
        },
        decided @ (AfterTls::TsRequest
        | AfterTls::Tpkt
        | AfterTls::Rdstls
        | AfterTls::Rdsaad
        | AfterTls::EarlyUserAuth(_)
        | AfterTls::Foreign(_)
        | AfterTls::Undecided) => decided,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_is_told_by_its_beginning() {
        let cases: &[(&[u8], AfterTls)] = &[
            (&[0x30, 0x37, 0xA0, 0x03], AfterTls::TsRequest),
            (&[3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80], AfterTls::Tpkt),
            (&[1, 0, 1, 0, 1, 0, 1, 0], AfterTls::Rdstls),
            (br#"{"ts_nonce":"x"}"#, AfterTls::Rdsaad),
            (&[0, 0, 0, 0], AfterTls::EarlyUserAuth(0)),
            (&[5, 0, 0, 0], AfterTls::EarlyUserAuth(5)),
            (&[0x2E, 5, 0, 0], AfterTls::EarlyUserAuth(0x52E)),
            (&[1, 0, 0, 0], AfterTls::EarlyUserAuth(1)),
            (b"HTTP/1.1 400 Bad Request", AfterTls::Foreign(Foreign::Http)),
            (b"SSH-2.0-x", AfterTls::Foreign(Foreign::Ssh)),
            (b"something else", AfterTls::Foreign(Foreign::Unknown)),
        ];
        for (head, expected) in cases {
            assert_eq!(classify(head), *expected, "{head:02X?}");
        }
    }

    #[test]
    fn half_a_beginning_is_undecided_until_nothing_more_will_come() {
        for head in [&[1][..], &[1, 0], &[5, 0, 0], b"HTT", b"{"] {
            let decided = head == b"{";
            assert_eq!(classify(head) == AfterTls::Undecided, !decided, "{head:02X?}");
            assert_ne!(classify_last(head), AfterTls::Undecided, "{head:02X?}");
        }
        assert_eq!(classify_last(&[]), AfterTls::Undecided);
    }
}
