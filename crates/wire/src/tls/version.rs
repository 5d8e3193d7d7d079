//! Protocol versions as TLS numbers them.
//!
//! RFC 8446 section 4.1.2, RFC 5246 section 6.2.1; both ways, two octets.

/// ProtocolVersion; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct Version(pub u16);

impl Version {
    /// SSL 3.0 (RFC 6101).
    pub const SSL_3_0: Self = Self(0x0300);
    /// TLS 1.0 (RFC 2246).
    pub const TLS_1_0: Self = Self(0x0301);
    /// TLS 1.1 (RFC 4346).
    pub const TLS_1_1: Self = Self(0x0302);
    /// TLS 1.2 (RFC 5246).
    pub const TLS_1_2: Self = Self(0x0303);
    /// TLS 1.3 (RFC 8446).
    pub const TLS_1_3: Self = Self(0x0304);

    /// What people call it, when it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::SSL_3_0 => Some("SSL 3.0"),
            Self::TLS_1_0 => Some("TLS 1.0"),
            Self::TLS_1_1 => Some("TLS 1.1"),
            Self::TLS_1_2 => Some("TLS 1.2"),
            Self::TLS_1_3 => Some("TLS 1.3"),
            Self(_) => None,
        }
    }
}
