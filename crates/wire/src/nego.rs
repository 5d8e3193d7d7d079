//! RDP negotiation blocks: RDP_NEG_REQ, RDP_NEG_RSP, RDP_NEG_FAILURE.
//!
//! \[MS-RDPBCGR\] 2.2.1.1.1 (client), 2.2.1.2.1 and 2.2.1.2.2 (server), inside the X.224 Connection Request and Confirm.
//! Eight octets each, little-endian.
use core::fmt;
use core::ops::{BitAnd, BitOr};

use nom::IResult;

use crate::fault::{Fault, Layer, Layout, Problem, WireError, bad, fixed, read};

/// `requestedProtocols` and `selectedProtocol`: a set of security protocols; unknown bits are kept as received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct Protocols(pub u32);

impl Protocols {
    /// PROTOCOL_RDP: Standard RDP Security, the empty set.
    pub const RDP: Self = Self(0x0000_0000);
    /// PROTOCOL_SSL: TLS.
    pub const SSL: Self = Self(0x0000_0001);
    /// PROTOCOL_HYBRID: CredSSP over TLS.
    pub const HYBRID: Self = Self(0x0000_0002);
    /// PROTOCOL_RDSTLS.
    pub const RDSTLS: Self = Self(0x0000_0004);
    /// PROTOCOL_HYBRID_EX: CredSSP followed by the Early User Authorization Result.
    pub const HYBRID_EX: Self = Self(0x0000_0008);
    /// PROTOCOL_RDSAAD: Entra sign-in.
    pub const RDSAAD: Self = Self(0x0000_0010);

    /// Whether every bit of `other` is in this set. The empty set is in each.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether this is Standard RDP Security.
    #[must_use]
    pub const fn is_standard(self) -> bool {
        self.0 == 0
    }

    /// The specification's constant name, when this is exactly one known protocol.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::RDP => Some("PROTOCOL_RDP"),
            Self::SSL => Some("PROTOCOL_SSL"),
            Self::HYBRID => Some("PROTOCOL_HYBRID"),
            Self::RDSTLS => Some("PROTOCOL_RDSTLS"),
            Self::HYBRID_EX => Some("PROTOCOL_HYBRID_EX"),
            Self::RDSAAD => Some("PROTOCOL_RDSAAD"),
            Self(_) => None,
        }
    }

    /// The name in the words of the field, when the protocol is a known one.
    #[must_use]
    pub const fn title(self) -> Option<&'static str> {
        match self {
            Self::RDP => Some("Standard RDP Security"),
            Self::SSL => Some("TLS"),
            Self::HYBRID => Some("CredSSP (HYBRID)"),
            Self::RDSTLS => Some("RDSTLS"),
            Self::HYBRID_EX => Some("CredSSP (HYBRID_EX)"),
            Self::RDSAAD => Some("Entra sign-in (RDSAAD)"),
            Self(_) => None,
        }
    }
}

impl BitOr for Protocols {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

impl BitAnd for Protocols {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl fmt::Display for Protocols {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:02X}", self.0)
    }
}

/// `failureCode` of [`NegFailure`]; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct FailureCode(pub u32);

impl FailureCode {
    /// The server accepts TLS or CredSSP only, and neither was offered.
    pub const SSL_REQUIRED_BY_SERVER: Self = Self(0x0000_0001);
    /// The server accepts Standard RDP Security only.
    pub const SSL_NOT_ALLOWED_BY_SERVER: Self = Self(0x0000_0002);
    /// The server has no certificate that it can use for TLS.
    pub const SSL_CERT_NOT_ON_SERVER: Self = Self(0x0000_0003);
    /// The requested protocols do not fit the security that is already in effect.
    pub const INCONSISTENT_FLAGS: Self = Self(0x0000_0004);
    /// The server accepts CredSSP only.
    pub const HYBRID_REQUIRED_BY_SERVER: Self = Self(0x0000_0005);
    /// The server wants TLS with a client certificate.
    pub const SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER: Self = Self(0x0000_0006);
    /// The server wants an Entra sign-in. Not in \[MS-RDPBCGR\] 61.0; the name is the field's.
    pub const ENTRA_AUTH_REQUIRED_BY_SERVER: Self = Self(0x0000_0007);

    /// The constant's name, when it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::SSL_REQUIRED_BY_SERVER => Some("SSL_REQUIRED_BY_SERVER"),
            Self::SSL_NOT_ALLOWED_BY_SERVER => Some("SSL_NOT_ALLOWED_BY_SERVER"),
            Self::SSL_CERT_NOT_ON_SERVER => Some("SSL_CERT_NOT_ON_SERVER"),
            Self::INCONSISTENT_FLAGS => Some("INCONSISTENT_FLAGS"),
            Self::HYBRID_REQUIRED_BY_SERVER => Some("HYBRID_REQUIRED_BY_SERVER"),
            Self::SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER => Some("SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER"),
            Self::ENTRA_AUTH_REQUIRED_BY_SERVER => Some("ENTRA_AUTH_REQUIRED_BY_SERVER"),
            Self(_) => None,
        }
    }
}

/// `flags` of [`NegRequest`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct RequestFlags(pub u8);

impl RequestFlags {
    /// RESTRICTED_ADMIN_MODE_REQUIRED.
    pub const RESTRICTED_ADMIN_MODE_REQUIRED: Self = Self(0x01);
    /// REDIRECTED_AUTHENTICATION_MODE_REQUIRED: Remote Credential Guard.
    pub const REDIRECTED_AUTHENTICATION_MODE_REQUIRED: Self = Self(0x02);
    /// CORRELATION_INFO_PRESENT.
    pub const CORRELATION_INFO_PRESENT: Self = Self(0x08);
}

/// `flags` of [`NegResponse`]; unknown bits are kept as received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct ResponseFlags(pub u8);

impl ResponseFlags {
    /// EXTENDED_CLIENT_DATA_SUPPORTED.
    pub const EXTENDED_CLIENT_DATA_SUPPORTED: Self = Self(0x01);
    /// DYNVC_GFX_PROTOCOL_SUPPORTED.
    pub const DYNVC_GFX_PROTOCOL_SUPPORTED: Self = Self(0x02);
    /// RESTRICTED_ADMIN_MODE_SUPPORTED.
    pub const RESTRICTED_ADMIN_MODE_SUPPORTED: Self = Self(0x08);
    /// REDIRECTED_AUTHENTICATION_MODE_SUPPORTED: Remote Credential Guard.
    pub const REDIRECTED_AUTHENTICATION_MODE_SUPPORTED: Self = Self(0x10);

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// RDP_NEG_REQ (\[MS-RDPBCGR\] 2.2.1.1.1), client to server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the specification's fields, all of them ours to choose")]
pub struct NegRequest {
    /// `flags`.
    pub flags: RequestFlags,
    /// `requestedProtocols`.
    pub protocols: Protocols,
}

impl NegRequest {
    /// Size on the wire, in octets.
    pub const LEN: usize = 1 /* type */ + 1 /* flags */ + 2 /* length */ + 4 /* requestedProtocols */;
    const TYPE: u8 = 0x01;

    /// The octets on the wire.
    #[must_use]
    pub const fn encode(self) -> [u8; Self::LEN] {
        let [p0, p1, p2, p3] = self.protocols.0.to_le_bytes();
        [Self::TYPE, self.flags.0, 8, 0, p0, p1, p2, p3]
    }

    /// Reads the block at the start of `input`, for scripted targets; octets after it are ignored.
    ///
    /// # Errors
    /// [`WireError`] when the block is cut, or `type` is not RDP_NEG_REQ.
    pub fn parse(input: &[u8]) -> Result<Self, WireError> {
        read(Layer::RdpNegotiation, input, |i| {
            let (rest, &[kind, flags, _, _, p0, p1, p2, p3]) = fixed::<{ Self::LEN }>(i, REQUEST)?;
            if kind != Self::TYPE {
                return bad(i, "type", Problem::Value(u32::from(kind)));
            }
            Ok((
                rest,
                Self { flags: RequestFlags(flags), protocols: Protocols(u32::from_le_bytes([p0, p1, p2, p3])) },
            ))
        })
    }
}

/// RDP_NEG_RSP (\[MS-RDPBCGR\] 2.2.1.2.1): the server selects one of the offered protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NegResponse {
    /// `flags`.
    pub flags: ResponseFlags,
    /// `length`: 8; another value is a finding, not a reason to stop.
    pub length: u16,
    /// `selectedProtocol`.
    pub protocol: Protocols,
}

impl NegResponse {
    /// Size on the wire, in octets.
    pub const LEN: usize = 1 /* type */ + 1 /* flags */ + 2 /* length */ + 4 /* selectedProtocol */;
}

/// RDP_NEG_FAILURE (\[MS-RDPBCGR\] 2.2.1.2.2): the server refuses every security protocol that was offered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NegFailure {
    /// `length`: 8; another value is a finding, not a reason to stop.
    pub length: u16,
    /// `failureCode`.
    pub code: FailureCode,
}

impl NegFailure {
    /// Size on the wire, in octets.
    pub const LEN: usize = 1 /* type */ + 1 /* flags */ + 2 /* length */ + 4 /* failureCode */;
}

/// The variable part of a Connection Confirm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "another block is a malformed one")]
pub enum Negotiation {
    /// No block: the server knows no negotiation, which leaves Standard RDP Security.
    Absent,
    /// RDP_NEG_RSP.
    Response(NegResponse),
    /// RDP_NEG_FAILURE.
    Failure(NegFailure),
}

impl Negotiation {
    /// Reads the variable part of a Connection Confirm: empty, or one block. Octets after the block are ignored.
    ///
    /// # Errors
    /// [`WireError`] when the block is cut, or when its `type` is neither RDP_NEG_RSP nor RDP_NEG_FAILURE.
    pub fn parse(input: &[u8]) -> Result<Self, WireError> {
        read(Layer::RdpNegotiation, input, negotiation)
    }
}

const REQUEST: Layout = &[("type", 1), ("flags", 1), ("length", 2), ("requestedProtocols", 4)];
const RESPONSE: Layout = &[("type", 1), ("flags", 1), ("length", 2), ("selectedProtocol", 4)];
const FAILURE: Layout = &[("type", 1), ("flags", 1), ("length", 2), ("failureCode", 4)];
pub(crate) const TYPE_RESPONSE: u8 = 0x02;
pub(crate) const TYPE_FAILURE: u8 = 0x03;

#[inline]
pub(crate) fn negotiation(i: &[u8]) -> IResult<&[u8], Negotiation, Fault> {
    let Some(&kind) = i.first() else { return Ok((i, Negotiation::Absent)) };
    let layout = match kind {
        TYPE_RESPONSE => RESPONSE,
        TYPE_FAILURE => FAILURE,
        other => return bad(i, "type", Problem::Value(u32::from(other))),
    };
    let (rest, &[_, flags, l0, l1, v0, v1, v2, v3]) = fixed::<8>(i, layout)?;
    let (length, value) = (u16::from_le_bytes([l0, l1]), u32::from_le_bytes([v0, v1, v2, v3]));
    let block = if kind == TYPE_RESPONSE {
        Negotiation::Response(NegResponse { flags: ResponseFlags(flags), length, protocol: Protocols(value) })
    } else {
        Negotiation::Failure(NegFailure { length, code: FailureCode(value) })
    };
    Ok((rest, block))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neg_failure_cut_after_six_octets_names_the_field_and_its_offset() {
        let cut = [
            0x03, // type: TYPE_RDP_NEG_FAILURE
            0x00, // flags
            0x08, 0x00, // length: 8
            0x05, 0x00, // failureCode, first half
        ];
        let error = Negotiation::parse(&cut).unwrap_err();
        assert_eq!((error.field, error.offset, error.len), ("failureCode", 4, 6));
    }

    #[test]
    fn unknown_failure_code_survives() {
        let block = [3, 0, 8, 0, 0xEF, 0xBE, 0xAD, 0xDE];
        let Ok(Negotiation::Failure(failure)) = Negotiation::parse(&block) else { panic!("not a failure") };
        assert_eq!(failure.code, FailureCode(0xDEAD_BEEF));
        assert_eq!(failure.code.name(), None);
    }

    #[test]
    fn unknown_block_type_is_an_error_and_not_an_absent_block() {
        let error = Negotiation::parse(&[9, 0, 8, 0, 0, 0, 0, 0]).unwrap_err();
        assert_eq!((error.field, error.problem), ("type", Problem::Value(9)));
    }

    #[test]
    fn empty_variable_part_is_an_absent_block() {
        assert_eq!(Negotiation::parse(&[]), Ok(Negotiation::Absent));
    }

    #[test]
    fn request_encodes_and_reads_back() {
        let request =
            NegRequest { flags: RequestFlags::RESTRICTED_ADMIN_MODE_REQUIRED, protocols: Protocols(0x0B) };
        assert_eq!(request.encode(), [1, 1, 8, 0, 0x0B, 0, 0, 0]);
        assert_eq!(NegRequest::parse(&request.encode()), Ok(request));
    }
}
