//! The basic security header: what stands before licensing messages, the Client Info PDU and everything on the message channel,
//! encrypted or not, and says which of them it is.
//!
//! \[MS-RDPBCGR\] 2.2.8.1.1.2.1; both ways, inside an MCS Send Data Request or Indication. Four octets, little-endian.
use alloc::vec::Vec;

use nom::IResult;

use crate::fault::{Fault, Layer, Layout, WireError, fixed, read};

/// `flags` of [`SecurityHeader`]; unknown bits are kept as received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct SecurityFlags(pub u16);

impl SecurityFlags {
    /// SEC_EXCHANGE_PKT: a Security Exchange PDU.
    pub const EXCHANGE_PKT: Self = Self(0x0001);
    /// SEC_TRANSPORT_REQ: an Initiate Multitransport Request.
    pub const TRANSPORT_REQ: Self = Self(0x0002);
    /// RDP_SEC_TRANSPORT_RSP: an Initiate Multitransport Response.
    pub const TRANSPORT_RSP: Self = Self(0x0004);
    /// SEC_ENCRYPT: a signature follows, and what is behind it is encrypted.
    pub const ENCRYPT: Self = Self(0x0008);
    /// SEC_RESET_SEQNO: without a meaning, and ignored.
    pub const RESET_SEQNO: Self = Self(0x0010);
    /// SEC_IGNORE_SEQNO: without a meaning, and ignored.
    pub const IGNORE_SEQNO: Self = Self(0x0020);
    /// SEC_INFO_PKT: a Client Info PDU.
    pub const INFO_PKT: Self = Self(0x0040);
    /// SEC_LICENSE_PKT: a licensing message.
    pub const LICENSE_PKT: Self = Self(0x0080);
    /// SEC_LICENSE_ENCRYPT_CS, SEC_LICENSE_ENCRYPT_SC: licensing messages may be encrypted.
    pub const LICENSE_ENCRYPT: Self = Self(0x0200);
    /// SEC_REDIRECTION_PKT: a Standard Security Server Redirection PDU.
    pub const REDIRECTION_PKT: Self = Self(0x0400);
    /// SEC_SECURE_CHECKSUM: the signature is a salted one.
    pub const SECURE_CHECKSUM: Self = Self(0x0800);
    /// SEC_AUTODETECT_REQ: an Auto-Detect Request PDU.
    pub const AUTODETECT_REQ: Self = Self(0x1000);
    /// SEC_AUTODETECT_RSP: an Auto-Detect Response PDU.
    pub const AUTODETECT_RSP: Self = Self(0x2000);
    /// SEC_HEARTBEAT: a Heartbeat PDU.
    pub const HEARTBEAT: Self = Self(0x4000);
    /// SEC_FLAGSHI_VALID: `flagsHi` means something. Nothing is known that it would.
    pub const FLAGSHI_VALID: Self = Self(0x8000);

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// TS_SECURITY_HEADER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SecurityHeader {
    /// `flags`.
    pub flags: SecurityFlags,
}

const LAYOUT: Layout = &[("flags", 2), ("flagsHi", 2)];

impl SecurityHeader {
    /// Size on the wire, in octets.
    pub const LEN: usize = 2 /* flags */ + 2 /* flagsHi */;

    /// Reads the header at the start of `input`, the user data of an MCS message; octets after it are ignored, and so is
    /// `flagsHi`, in which servers leave what was there.
    ///
    /// # Errors
    /// [`WireError`] naming the field and its offset when `input` is shorter than [`Self::LEN`].
    pub fn parse(input: &[u8]) -> Result<Self, WireError> {
        read(Layer::Security, input, security_header)
    }

    /// Appends a header with these flags to `out`.
    pub fn encode(flags: SecurityFlags, out: &mut Vec<u8>) {
        out.extend_from_slice(&flags.0.to_le_bytes()); // flags
        out.extend_from_slice(&[0; 2]); // flagsHi
    }
}

pub(crate) fn security_header(i: &[u8]) -> IResult<&[u8], SecurityHeader, Fault> {
    let (rest, &[f0, f1, _, _]) = fixed::<{ SecurityHeader::LEN }>(i, LAYOUT)?;
    Ok((rest, SecurityHeader { flags: SecurityFlags(u16::from_le_bytes([f0, f1])) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Problem;

    #[test]
    fn flags_are_read_and_what_stands_in_flags_hi_is_not() {
        for octets in [[0x80, 0, 0, 0], [0x80, 0, 2, 3], [0x80, 0, 0x10, 0]] {
            let header = SecurityHeader::parse(&octets).unwrap();
            assert_eq!(header.flags, SecurityFlags::LICENSE_PKT);
        }
        let request = SecurityHeader::parse(&[0, 0x10, 0, 0, 6, 0, 0x23, 0, 1, 0x10]).unwrap();
        assert_eq!(request.flags, SecurityFlags::AUTODETECT_REQ);
        let both = SecurityHeader::parse(&[0x08, 0x02, 0, 0]).unwrap().flags;
        assert!(both.contains(SecurityFlags::ENCRYPT) && both.contains(SecurityFlags::LICENSE_ENCRYPT));
        assert!(!both.contains(SecurityFlags::LICENSE_PKT) && !both.contains(SecurityFlags(0x0280)));
    }

    #[test]
    fn what_is_written_is_read_again() {
        for flags in 0..=u16::MAX {
            let mut out = Vec::new();
            SecurityHeader::encode(SecurityFlags(flags), &mut out);
            assert_eq!(SecurityHeader::parse(&out), Ok(SecurityHeader { flags: SecurityFlags(flags) }));
            assert_eq!(out.len(), SecurityHeader::LEN);
        }
    }

    #[test]
    fn every_cut_names_the_field_it_falls_into() {
        for (len, field, offset) in [(0, "flags", 0), (1, "flags", 0), (2, "flagsHi", 2), (3, "flagsHi", 2)] {
            let error = SecurityHeader::parse(&[0x80, 0, 0, 0][..len]).unwrap_err();
            assert_eq!((error.layer, error.field, error.offset), (Layer::Security, field, offset));
            assert_eq!((error.len, error.problem), (len, Problem::Cut));
        }
    }
}
