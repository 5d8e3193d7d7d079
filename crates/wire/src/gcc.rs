//! The server's data blocks in the GCC Conference Create Response: what kind of server this is, what it was asked for, and how
//! it encrypts under Standard RDP Security.
//!
//! \[MS-RDPBCGR\] 2.2.1.4; server to client inside [`crate::mcs::ConnectResponse`]. Little-endian; each block begins with its
//! type and its length, header included. Their order is free.
use crate::fault::{Fault, Layout, Problem, bad, fixed, inside};
use crate::nego::Protocols;

/// `version` of SC_CORE; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct RdpVersion(pub u32);

impl RdpVersion {
    /// The protocol versions that it stands for, when that is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0x0008_0001 => "4.0",
            0x0008_0004 => "5.0 to 8.1",
            0x0008_0005 => "10.0",
            0x0008_0006 => "10.1",
            0x0008_0007 => "10.2",
            0x0008_0008 => "10.3",
            0x0008_0009 => "10.4",
            0x0008_000A => "10.5",
            0x0008_000B => "10.6",
            0x0008_000C => "10.7",
            0x0008_000D => "10.8",
            0x0008_000E => "10.9",
            0x0008_000F => "10.10",
            0x0008_0010 => "10.11",
            0x0008_0011 => "10.12",
            _ => return None,
        })
    }
}

/// `earlyCapabilityFlags` of SC_CORE; unknown bits are kept as received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct ServerEarlyCapabilityFlags(pub u32);

impl ServerEarlyCapabilityFlags {
    /// RNS_UD_SC_SKIP_CHANNELJOIN_SUPPORTED.
    pub const SKIP_CHANNELJOIN_SUPPORTED: Self = Self(0x0000_0008);

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// `encryptionMethods` of CS_SECURITY and `encryptionMethod` of SC_SECURITY: a set of methods; unknown bits are kept.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct EncryptionMethods(pub u32);

impl EncryptionMethods {
    /// ENCRYPTION_METHOD_NONE.
    pub const NONE: Self = Self(0x0000_0000);
    /// ENCRYPTION_METHOD_40BIT.
    pub const BITS_40: Self = Self(0x0000_0001);
    /// ENCRYPTION_METHOD_128BIT.
    pub const BITS_128: Self = Self(0x0000_0002);
    /// ENCRYPTION_METHOD_56BIT.
    pub const BITS_56: Self = Self(0x0000_0008);
    /// ENCRYPTION_METHOD_FIPS.
    pub const FIPS: Self = Self(0x0000_0010);
    /// All of them: what a client without a reason of its own offers.
    pub const ALL: Self = Self(0x0000_001B);
    /// Each of them, the weakest first.
    pub const EACH: [Self; 4] = [Self::BITS_40, Self::BITS_56, Self::BITS_128, Self::FIPS];

    /// A name for people, when this is none or exactly one known method.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::NONE => Some("none"),
            Self::BITS_40 => Some("RC4, 40 bits"),
            Self::BITS_56 => Some("RC4, 56 bits"),
            Self::BITS_128 => Some("RC4, 128 bits"),
            Self::FIPS => Some("Triple DES (FIPS)"),
            Self(_) => None,
        }
    }
}

/// `encryptionLevel` of SC_SECURITY; unknown values are kept as received.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct EncryptionLevel(pub u32);

impl EncryptionLevel {
    /// ENCRYPTION_LEVEL_NONE.
    pub const NONE: Self = Self(0);
    /// ENCRYPTION_LEVEL_LOW: only what the client sends is encrypted.
    pub const LOW: Self = Self(1);
    /// ENCRYPTION_LEVEL_CLIENT_COMPATIBLE.
    pub const CLIENT_COMPATIBLE: Self = Self(2);
    /// ENCRYPTION_LEVEL_HIGH.
    pub const HIGH: Self = Self(3);
    /// ENCRYPTION_LEVEL_FIPS.
    pub const FIPS: Self = Self(4);

    /// A name for people, when it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::NONE => Some("none"),
            Self::LOW => Some("low"),
            Self::CLIENT_COMPATIBLE => Some("client compatible"),
            Self::HIGH => Some("high"),
            Self::FIPS => Some("FIPS"),
            Self(_) => None,
        }
    }
}

/// Server Core Data, SC_CORE (\[MS-RDPBCGR\] 2.2.1.4.2). Old servers end it early.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerCore {
    /// `version`.
    pub version: RdpVersion,
    /// `clientRequestedProtocols`: the mask of the Connection Request, as it reached the server.
    pub requested_protocols: Option<Protocols>,
    /// `earlyCapabilityFlags`.
    pub early_capability_flags: Option<ServerEarlyCapabilityFlags>,
}

/// Server Network Data, SC_NET (\[MS-RDPBCGR\] 2.2.1.4.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerNetwork<'a> {
    /// `MCSChannelId`: the I/O channel.
    pub io_channel: u16,
    ids: &'a [u8],
}

impl<'a> ServerNetwork<'a> {
    /// `channelIdArray`.
    pub fn channels(&self) -> impl Iterator<Item = u16> + use<'a> {
        self.ids.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair))
    }
}

/// Server Security Data, SC_SECURITY (\[MS-RDPBCGR\] 2.2.1.4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerSecurity<'a> {
    /// `encryptionMethod`.
    pub method: EncryptionMethods,
    /// `encryptionLevel`.
    pub level: EncryptionLevel,
    /// `serverRandom`; empty without encryption.
    pub random: &'a [u8],
    /// `serverCertificate`, for [`crate::server_certificate::ServerCertificate::parse`]; empty without encryption.
    pub certificate: &'a [u8],
}

/// The blocks, each at most once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerBlocks<'a> {
    /// SC_CORE.
    pub core: Option<ServerCore>,
    /// SC_NET.
    pub network: Option<ServerNetwork<'a>>,
    /// SC_SECURITY.
    pub security: Option<ServerSecurity<'a>>,
    /// `MCSChannelID` of SC_MCS_MSGCHANNEL (\[MS-RDPBCGR\] 2.2.1.4.5).
    pub message_channel: Option<u16>,
    /// `flags` of SC_MULTITRANSPORT (\[MS-RDPBCGR\] 2.2.1.4.6).
    pub multitransport: Option<u32>,
    /// How many blocks of other types there were.
    pub unknown: u16,
}

const HEADER: Layout = &[("type", 2), ("length", 2)];
/// Size of a block's header, in octets.
const HEADER_LEN: usize = 2 /* type */ + 2 /* length */;

/// Reads blocks until nothing is left. A malformed one is a fault, never an absent one.
pub(crate) fn blocks(mut i: &[u8]) -> Result<ServerBlocks<'_>, nom::Err<Fault>> {
    let mut found = ServerBlocks::default();
    while !i.is_empty() {
        let (_, &[t0, t1, l0, l1]) = fixed::<HEADER_LEN>(i, HEADER)?;
        let length = usize::from(u16::from_le_bytes([l0, l1]));
        // A block that is nothing but a header, or less, would be read for ever.
        let body = i.split_at_checked(length).and_then(|(block, rest)| Some((block.get(HEADER_LEN..)?, rest)));
        let Some((body, rest)) = body.filter(|(body, _)| !body.is_empty()) else {
            return bad(
                i.get(2..).unwrap_or_default(),
                "length",
                Problem::Length(u32::from(u16::from_le_bytes([l0, l1]))),
            );
        };
        let once = |there: bool| {
            if there { bad(i, "type", Problem::Value(u32::from(u16::from_le_bytes([t0, t1])))) } else { Ok(()) }
        };
        match [t0, t1] {
            [0x01, 0x0C] => {
                once(found.core.is_some())?;
                found.core = Some(inside(body, rest, core)?);
            }
            [0x02, 0x0C] => {
                once(found.security.is_some())?;
                found.security = Some(inside(body, rest, security)?);
            }
            [0x03, 0x0C] => {
                once(found.network.is_some())?;
                found.network = Some(inside(body, rest, network)?);
            }
            [0x04, 0x0C] => {
                once(found.message_channel.is_some())?;
                let field = &[("MCSChannelID", 2)];
                found.message_channel =
                    Some(inside(body, rest, |i| Ok(u16::from_le_bytes(*fixed::<2>(i, field)?.1)))?);
            }
            [0x08, 0x0C] => {
                once(found.multitransport.is_some())?;
                let field = &[("flags", 4)];
                found.multitransport =
                    Some(inside(body, rest, |i| Ok(u32::from_le_bytes(*fixed::<4>(i, field)?.1)))?);
            }
            _ => found.unknown = found.unknown.saturating_add(1),
        }
        i = rest;
    }
    Ok(found)
}

fn core(i: &[u8]) -> Result<ServerCore, nom::Err<Fault>> {
    let (i, version) = fixed::<4>(i, &[("version", 4)])?;
    let mut core = ServerCore {
        version: RdpVersion(u32::from_le_bytes(*version)),
        requested_protocols: None,
        early_capability_flags: None,
    };
    if i.is_empty() {
        return Ok(core);
    }
    let (i, requested) = fixed::<4>(i, &[("clientRequestedProtocols", 4)])?;
    core.requested_protocols = Some(Protocols(u32::from_le_bytes(*requested)));
    if i.is_empty() {
        return Ok(core);
    }
    let (_, flags) = fixed::<4>(i, &[("earlyCapabilityFlags", 4)])?;
    core.early_capability_flags = Some(ServerEarlyCapabilityFlags(u32::from_le_bytes(*flags)));
    Ok(core)
}

fn network(i: &[u8]) -> Result<ServerNetwork<'_>, nom::Err<Fault>> {
    let (rest, &[c0, c1, n0, n1]) = fixed::<4>(i, &[("MCSChannelId", 2), ("channelCount", 2)])?;
    let count = u16::from_le_bytes([n0, n1]);
    let Some(ids) = rest.get(..usize::from(count).saturating_mul(2)) else {
        return bad(i.get(2..).unwrap_or_default(), "channelCount", Problem::Length(u32::from(count)));
    };
    Ok(ServerNetwork { io_channel: u16::from_le_bytes([c0, c1]), ids })
}

fn security(i: &[u8]) -> Result<ServerSecurity<'_>, nom::Err<Fault>> {
    let (rest, &[m0, m1, m2, m3, v0, v1, v2, v3]) =
        fixed::<8>(i, &[("encryptionMethod", 4), ("encryptionLevel", 4)])?;
    let method = EncryptionMethods(u32::from_le_bytes([m0, m1, m2, m3]));
    let level = EncryptionLevel(u32::from_le_bytes([v0, v1, v2, v3]));
    let mut security = ServerSecurity { method, level, random: &[], certificate: &[] };
    // Without encryption there is nothing more; some servers send two lengths of zero.
    if method == EncryptionMethods::NONE && level == EncryptionLevel::NONE {
        return Ok(security);
    }
    let (data, lengths) = fixed::<8>(rest, &[("serverRandomLen", 4), ("serverCertLen", 4)])?;
    let [r0, r1, r2, r3, k0, k1, k2, k3] = *lengths;
    let (random, certificate) = (u32::from_le_bytes([r0, r1, r2, r3]), u32::from_le_bytes([k0, k1, k2, k3]));
    let Some((first, after)) = usize::try_from(random).ok().and_then(|length| data.split_at_checked(length))
    else {
        return bad(rest, "serverRandomLen", Problem::Length(random));
    };
    let Some(second) = usize::try_from(certificate).ok().and_then(|length| after.get(..length)) else {
        return bad(rest.get(4..).unwrap_or_default(), "serverCertLen", Problem::Length(certificate));
    };
    (security.random, security.certificate) = (first, second);
    Ok(security)
}

/// Reads blocks by themselves, as parsers of nom are.
#[cfg(test)]
fn alone(octets: &[u8]) -> Result<ServerBlocks<'_>, crate::fault::WireError> {
    let parser =
        |i| -> nom::IResult<&[u8], ServerBlocks<'_>, Fault> { blocks(i).map(|found| (&[][..], found)) };
    crate::fault::read(crate::fault::Layer::Gcc, octets, parser)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    const CORE: [u8; 16] = [1, 0x0C, 0x10, 0, 0x11, 0, 8, 0, 0x0B, 0, 0, 0, 8, 0, 0, 0];

    #[test]
    fn core_of_every_length_is_read() {
        for (len, requested, flags) in [
            (8, None, None),
            (12, Some(Protocols(0x0B)), None),
            (16, Some(Protocols(0x0B)), Some(ServerEarlyCapabilityFlags(8))),
        ] {
            let mut octets = CORE[..usize::from(len)].to_vec();
            octets[2] = len;
            let core = alone(&octets).unwrap().core.unwrap();
            assert_eq!((core.requested_protocols, core.early_capability_flags), (requested, flags));
            assert_eq!(core.version.name(), Some("10.12"));
        }
    }

    #[test]
    fn block_that_ends_inside_a_field_is_a_fault_and_not_an_absent_field() {
        let mut octets = CORE[..10].to_vec();
        octets[2] = 10;
        let error = alone(&octets).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("clientRequestedProtocols", 8, Problem::Cut));
    }

    #[test]
    fn lengths_that_cannot_be_are_faults() {
        for length in [0, 3, 4, 17] {
            let mut octets = CORE;
            octets[2] = length;
            let error = alone(&octets).unwrap_err();
            assert_eq!(
                (error.field, error.offset, error.problem),
                ("length", 2, Problem::Length(u32::from(length)))
            );
        }
    }

    #[test]
    fn second_block_of_a_type_is_a_fault_and_unknown_ones_are_counted() {
        let twice = [CORE, CORE].concat();
        let error = alone(&twice).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("type", 16, Problem::Value(0x0C01)));
        let unknown = [&CORE[..], &[0xFF, 0x0C, 5, 0, 0]].concat();
        assert_eq!(alone(&unknown).unwrap().unknown, 1);
    }

    #[test]
    fn forged_counts_and_lengths_are_faults() {
        let network = [3, 0x0C, 0x0A, 0, 0xEB, 3, 0xFF, 0xFF, 0xEC, 3];
        let error = alone(&network).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("channelCount", 6, Problem::Length(0xFFFF)));
        let mut security = [2, 0x0C, 0x16, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0xAA, 0xBB];
        let read = alone(&security).unwrap().security.unwrap();
        assert_eq!((read.random, read.certificate), (&[0xAA][..], &[0xBB][..]));
        security[16..20].fill(0xFF);
        let error = alone(&security).unwrap_err();
        assert_eq!(
            (error.field, error.offset, error.problem),
            ("serverCertLen", 16, Problem::Length(u32::MAX))
        );
        security[12..16].fill(0xFF);
        let error = alone(&security).unwrap_err();
        assert_eq!(
            (error.field, error.offset, error.problem),
            ("serverRandomLen", 12, Problem::Length(u32::MAX))
        );
    }

    #[test]
    fn no_encryption_needs_no_lengths_and_may_have_empty_ones() {
        for len in [12_u8, 20] {
            let mut octets = vec![2, 0x0C, len, 0];
            octets.resize(usize::from(len), 0);
            let security = alone(&octets).unwrap().security.unwrap();
            assert_eq!((security.method, security.level), (EncryptionMethods::NONE, EncryptionLevel::NONE));
        }
    }
}
