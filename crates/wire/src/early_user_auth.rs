//! Early User Authorization Result: whether the user who has just logged on may connect, told before MCS begins when
//! PROTOCOL_HYBRID_EX was selected.
//!
//! \[MS-RDPBCGR\] 2.2.10.2; server to client inside TLS, after the last TSRequest. Four octets, little-endian, without a frame.
use nom::IResult;

use crate::after_tls::{AfterTls, classify};
use crate::fault::{Fault, Layer, Layout, WireError, fixed, read};
use crate::tpkt::Frame;

/// `authorizationResult`; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct EarlyUserAuthorizationResult(pub u32);

const LAYOUT: Layout = &[("authorizationResult", 4)];

impl EarlyUserAuthorizationResult {
    /// AUTHZ_SUCCESS.
    pub const SUCCESS: Self = Self(0x0000_0000);
    /// AUTHZ_ACCESS_DENIED: the user may not connect, whatever the password.
    pub const ACCESS_DENIED: Self = Self(0x0000_0005);

    /// Size on the wire, in octets.
    pub const LEN: usize = 4 /* authorizationResult */;

    /// Reads the result at the start of `input`; octets after it are ignored.
    ///
    /// # Errors
    /// [`WireError`] when `input` is shorter than [`Self::LEN`].
    pub fn parse(input: &[u8]) -> Result<Self, WireError> {
        read(Layer::EarlyUserAuth, input, result)
    }

    /// The name in the specification, when it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::SUCCESS => Some("AUTHZ_SUCCESS"),
            Self::ACCESS_DENIED => Some("AUTHZ_ACCESS_DENIED"),
            Self(_) => None,
        }
    }
}

fn result(i: &[u8]) -> IResult<&[u8], EarlyUserAuthorizationResult, Fault> {
    let (rest, value) = fixed::<{ EarlyUserAuthorizationResult::LEN }>(i, LAYOUT)?;
    Ok((rest, EarlyUserAuthorizationResult(u32::from_le_bytes(*value))))
}

/// Asks where the result that `held` begins with ends. What comes in its place has a frame of its own and is stray here: one more
/// TSRequest, with which a server refuses the logon, or a TPKT. Anything else is four octets of a result, be they known or not:
/// it says nothing of itself, and a peer that went through CredSSP is no other protocol's.
#[must_use]
pub fn frame(held: &[u8]) -> Frame {
    match classify(held) {
        AfterTls::TsRequest | AfterTls::Tpkt => Frame::Stray,
        AfterTls::EarlyUserAuth(_)
        | AfterTls::Rdstls
        | AfterTls::Rdsaad
        | AfterTls::Foreign(_)
        | AfterTls::Undecided => {
            let length = EarlyUserAuthorizationResult::LEN;
            if held.len() < length { Frame::Partial { length: Some(length) } } else { Frame::Whole(length) }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Problem;

    #[test]
    fn known_results_have_names_and_unknown_ones_survive() {
        for (octets, value, name) in [
            ([0, 0, 0, 0], 0, Some("AUTHZ_SUCCESS")),
            ([5, 0, 0, 0], 5, Some("AUTHZ_ACCESS_DENIED")),
            ([0x2E, 5, 0, 0], 0x52E, None),
            // As an HRESULT.
            ([5, 0, 7, 0x80], 0x8007_0005, None),
        ] {
            let result = EarlyUserAuthorizationResult::parse(&octets).unwrap();
            assert_eq!((result.0, result.name()), (value, name));
            assert_eq!(frame(&octets), Frame::Whole(4));
        }
    }

    #[test]
    fn what_follows_the_result_is_none_of_it() {
        let octets = [0, 0, 0, 0, 3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80];
        assert_eq!(frame(&octets), Frame::Whole(4));
        assert_eq!(EarlyUserAuthorizationResult::parse(&octets), Ok(EarlyUserAuthorizationResult::SUCCESS));
    }

    #[test]
    fn every_cut_waits_for_four_octets_and_cannot_be_read() {
        for octets in [[0, 0, 0, 0], [5, 0, 0, 0], [5, 0, 7, 0x80], [1, 0, 1, 0], *b"HTTP"] {
            for len in 0..4 {
                assert_eq!(frame(&octets[..len]), Frame::Partial { length: Some(4) }, "{octets:02X?}");
                let error = EarlyUserAuthorizationResult::parse(&octets[..len]).unwrap_err();
                assert_eq!((error.layer, error.field), (Layer::EarlyUserAuth, "authorizationResult"));
                assert_eq!((error.offset, error.len, error.problem), (0, len, Problem::Cut));
            }
            assert_eq!(frame(&octets), Frame::Whole(4));
        }
    }

    #[test]
    fn ts_request_or_tpkt_in_its_place_is_none() {
        for other in [&[0x30, 0x0D, 0xA0, 3][..], &[3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80]] {
            for len in 1..=other.len() {
                assert_eq!(frame(&other[..len]), Frame::Stray);
            }
        }
    }
}
