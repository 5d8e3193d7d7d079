//! RDSTLS: what a server says first inside TLS when PROTOCOL_RDSTLS was selected.
//!
//! \[MS-RDPBCGR\] 2.2.17.1; server to client, little-endian. No TPKT here.
use nom::IResult;

use crate::fault::{Fault, Layer, Layout, Problem, WireError, bad, fixed, read};

/// `SupportedVersions`: a set of versions; unknown bits are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct Versions(pub u16);

impl Versions {
    /// RDSTLS_VERSION_1.
    pub const VERSION_1: Self = Self(0x0001);

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// RDSTLS Capabilities PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Capabilities {
    /// `Version`: 1; another value is a finding, not a reason to stop.
    pub version: u16,
    /// `SupportedVersions`.
    pub versions: Versions,
}

const LAYOUT: Layout = &[("Version", 2), ("PduType", 2), ("DataType", 2), ("SupportedVersions", 2)];
/// RDSTLS_TYPE_CAPABILITIES.
const CAPABILITIES: u16 = 1;
/// RDSTLS_DATA_CAPABILITIES.
const DATA: u16 = 1;

impl Capabilities {
    /// Size on the wire, in octets.
    pub const LEN: usize = 2 /* Version */ + 2 /* PduType */ + 2 /* DataType */ + 2 /* SupportedVersions */;

    /// Reads the PDU at the start of `input`; octets after it are ignored.
    ///
    /// # Errors
    /// [`WireError`] naming the field and its offset when it is cut, or `PduType` or `DataType` is another PDU's.
    pub fn parse(input: &[u8]) -> Result<Self, WireError> {
        read(Layer::Rdstls, input, capabilities)
    }
}

fn capabilities(i: &[u8]) -> IResult<&[u8], Capabilities, Fault> {
    let (rest, &[v0, v1, p0, p1, d0, d1, s0, s1]) = fixed::<{ Capabilities::LEN }>(i, LAYOUT)?;
    let (pdu_type, data_type) = (u16::from_le_bytes([p0, p1]), u16::from_le_bytes([d0, d1]));
    if pdu_type != CAPABILITIES {
        return bad(i.get(2..).unwrap_or_default(), "PduType", Problem::Value(u32::from(pdu_type)));
    }
    if data_type != DATA {
        return bad(i.get(4..).unwrap_or_default(), "DataType", Problem::Value(u32::from(data_type)));
    }
    let versions = Versions(u16::from_le_bytes([s0, s1]));
    Ok((rest, Capabilities { version: u16::from_le_bytes([v0, v1]), versions }))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: [u8; 8] = [
        0x01, 0x00, // Version: RDSTLS_VERSION_1
        0x01, 0x00, // PduType: RDSTLS_TYPE_CAPABILITIES
        0x01, 0x00, // DataType: RDSTLS_DATA_CAPABILITIES
        0x03, 0x00, // SupportedVersions: 1, and one that the specification does not have
    ];

    #[test]
    fn unknown_version_bits_survive_beside_the_known_one() {
        let capabilities = Capabilities::parse(&FIRST).unwrap();
        assert_eq!((capabilities.version, capabilities.versions), (1, Versions(3)));
        assert!(capabilities.versions.contains(Versions::VERSION_1));
    }

    #[test]
    fn capabilities_cut_anywhere_name_the_field() {
        for (len, field) in [(0, "Version"), (2, "PduType"), (5, "DataType"), (7, "SupportedVersions")] {
            let error = Capabilities::parse(&FIRST[..len]).unwrap_err();
            assert_eq!((error.layer, error.field, error.problem), (Layer::Rdstls, field, Problem::Cut));
        }
    }

    #[test]
    fn authentication_response_is_not_capabilities() {
        let error = Capabilities::parse(&[1, 0, 4, 0, 1, 0, 0, 0, 0, 0]).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("PduType", 2, Problem::Value(4)));
        let error = Capabilities::parse(&[1, 0, 1, 0, 9, 0, 1, 0]).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("DataType", 4, Problem::Value(9)));
    }
}
