//! MCS Disconnect Provider Ultimatum: the server ends the connection, at any stage, even in place of a Connection Confirm.
//!
//! \[MS-RDPBCGR\] 2.2.2.3, ITU-T T.125 section 7; server to client inside an X.224 Data TPDU. Two octets, aligned PER: six
//! bits of choice, three bits of reason that straddle the octets.
use nom::IResult;

use super::domain_pdu::{Choice, carried};
use crate::fault::{Fault, Layout, WireError, fixed};

/// `reason` of [`DisconnectProviderUltimatum`] (ITU-T T.125 Reason); the three bits as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct Reason(pub u8);

impl Reason {
    /// rn-domain-disconnected.
    pub const DOMAIN_DISCONNECTED: Self = Self(0);
    /// rn-provider-initiated.
    pub const PROVIDER_INITIATED: Self = Self(1);
    /// rn-token-purged.
    pub const TOKEN_PURGED: Self = Self(2);
    /// rn-user-requested.
    pub const USER_REQUESTED: Self = Self(3);
    /// rn-channel-purged.
    pub const CHANNEL_PURGED: Self = Self(4);

    /// The name in T.125, when it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::DOMAIN_DISCONNECTED => Some("rn-domain-disconnected"),
            Self::PROVIDER_INITIATED => Some("rn-provider-initiated"),
            Self::TOKEN_PURGED => Some("rn-token-purged"),
            Self::USER_REQUESTED => Some("rn-user-requested"),
            Self::CHANNEL_PURGED => Some("rn-channel-purged"),
            Self(_) => None,
        }
    }
}

/// MCS Disconnect Provider Ultimatum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DisconnectProviderUltimatum {
    /// `reason`.
    pub reason: Reason,
}

impl DisconnectProviderUltimatum {
    /// Size on the wire, in octets, without the X.224 header.
    pub const LEN: usize = 2 /* choice and reason */;
    /// rn-user-requested, as a whole PDU: how a client says goodbye from MCS on (\[MS-RDPBCGR\] 1.3.1.4.1).
    pub const FAREWELL: [u8; 9] = [3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80];

    /// Reads a whole PDU, TPKT header included; octets after the ultimatum are ignored.
    ///
    /// # Errors
    /// [`WireError`] when it is cut, or is not an X.224 Data TPDU, or carries another MCS PDU.
    pub fn parse(pdu: &[u8]) -> Result<Self, WireError> {
        carried(pdu, ultimatum)
    }
}

const LAYOUT: Layout = &[("DomainMCSPDU", 1), ("reason", 1)];

fn ultimatum(i: &[u8]) -> IResult<&[u8], DisconnectProviderUltimatum, Fault> {
    let (rest, &[first, second]) = fixed::<{ DisconnectProviderUltimatum::LEN }>(i, LAYOUT)?;
    Choice::DISCONNECT_PROVIDER_ULTIMATUM.expect(i, first)?;
    Ok((rest, DisconnectProviderUltimatum { reason: Reason(((first & 0x03) << 1) | (second >> 7)) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::{Layer, Problem};

    #[test]
    fn reason_straddles_two_octets() {
        for (octets, reason) in
            [([0x20, 0x00], 0), ([0x20, 0x80], 1), ([0x21, 0x00], 2), ([0x21, 0x80], 3), ([0x22, 0x00], 4)]
        {
            let pdu = [3, 0, 0, 9, 2, 0xF0, 0x80, octets[0], octets[1]];
            assert_eq!(DisconnectProviderUltimatum::parse(&pdu).map(|u| u.reason), Ok(Reason(reason)));
        }
    }

    #[test]
    fn ultimatum_without_its_second_octet_names_the_reason() {
        let error = DisconnectProviderUltimatum::parse(&[3, 0, 0, 8, 2, 0xF0, 0x80, 0x21]).unwrap_err();
        assert_eq!((error.layer, error.field, error.offset), (Layer::Mcs, "reason", 8));
    }

    #[test]
    fn another_mcs_pdu_is_not_an_ultimatum() {
        let attach_user_confirm = [3, 0, 0, 11, 2, 0xF0, 0x80, 0x2E, 0, 0, 6];
        let error = DisconnectProviderUltimatum::parse(&attach_user_confirm).unwrap_err();
        assert_eq!((error.field, error.problem), ("DomainMCSPDU", Problem::Value(0x2E)));
    }
}
