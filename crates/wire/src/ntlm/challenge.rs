//! CHALLENGE_MESSAGE: who the server is, told to anybody who asks for NTLM.
//!
//! \[MS-NLMP\] 2.2.1.2; server to client, little-endian, with a payload that the fixed part points into.
use nom::IResult;

use super::av_pair::AvPairs;
use crate::fault::{Fault, Layer, Layout, Problem, WireError, bad, fixed, read};

/// `NegotiateFlags` (\[MS-NLMP\] 2.2.2.5); unknown bits are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct NegotiateFlags(pub u32);

impl NegotiateFlags {
    /// NTLMSSP_NEGOTIATE_UNICODE: TargetName is UTF-16LE.
    pub const UNICODE: Self = Self(0x0000_0001);
    /// NTLM_NEGOTIATE_OEM: TargetName is in the server's code page, unless UNICODE is there too.
    pub const OEM: Self = Self(0x0000_0002);
    /// NTLMSSP_REQUEST_TARGET: there is a TargetName.
    pub const REQUEST_TARGET: Self = Self(0x0000_0004);
    /// NTLMSSP_TARGET_TYPE_DOMAIN: TargetName is a domain's.
    pub const TARGET_TYPE_DOMAIN: Self = Self(0x0001_0000);
    /// NTLMSSP_TARGET_TYPE_SERVER: TargetName is a server's.
    pub const TARGET_TYPE_SERVER: Self = Self(0x0002_0000);
    /// NTLMSSP_NEGOTIATE_EXTENDED_SESSIONSECURITY.
    pub const EXTENDED_SESSIONSECURITY: Self = Self(0x0008_0000);
    /// NTLMSSP_NEGOTIATE_TARGET_INFO: there is a TargetInfo.
    pub const TARGET_INFO: Self = Self(0x0080_0000);
    /// NTLMSSP_NEGOTIATE_VERSION: there is a Version.
    pub const VERSION: Self = Self(0x0200_0000);

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// VERSION (\[MS-NLMP\] 2.2.2.10): the server's operating system, as it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Version {
    /// `ProductMajorVersion`.
    pub major: u8,
    /// `ProductMinorVersion`.
    pub minor: u8,
    /// `ProductBuild`.
    pub build: u16,
    /// `NTLMRevisionCurrent`: 15.
    pub revision: u8,
}

/// CHALLENGE_MESSAGE. The challenge itself is not given out: it is half of what an answer is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge<'a> {
    /// What `TargetNameFields` point at, when [`NegotiateFlags::REQUEST_TARGET`] is set: UTF-16LE, or octets of a code page when [`NegotiateFlags::UNICODE`] is not set.
    pub target_name: &'a [u8],
    /// `NegotiateFlags`.
    pub flags: NegotiateFlags,
    /// `Version`, when [`NegotiateFlags::VERSION`] is set.
    pub version: Option<Version>,
    /// What `TargetInfoFields` point at, when [`NegotiateFlags::TARGET_INFO`] is set.
    pub av_pairs: AvPairs<'a>,
}

const HEAD: Layout = &[
    ("Signature", 8),
    ("MessageType", 4),
    ("TargetNameFields", 8),
    ("NegotiateFlags", 4),
    ("ServerChallenge", 8),
    ("Reserved", 8),
    ("TargetInfoFields", 8),
];
const VERSION: Layout = &[
    ("ProductMajorVersion", 1),
    ("ProductMinorVersion", 1),
    ("ProductBuild", 2),
    ("Reserved", 3),
    ("NTLMRevisionCurrent", 1),
];

impl<'a> Challenge<'a> {
    /// Size of the fixed part on the wire, in octets.
    pub const LEN: usize = 8 /* Signature */ + 4 /* MessageType */ + 8 /* TargetNameFields */ + 4 /* NegotiateFlags */
        + 8 /* ServerChallenge */ + 8 /* Reserved */ + 8 /* TargetInfoFields */;

    /// Reads a whole message. Faults among the AV pairs are left to [`AvPairs`], so that what else there is can be read.
    ///
    /// # Errors
    /// [`WireError`] naming the field and its offset when the message is cut or is another one, or when TargetName or
    /// TargetInfo lies outside of it.
    pub fn parse(message: &'a [u8]) -> Result<Self, WireError> {
        read(Layer::Ntlm, message, challenge)
    }
}

const SIGNATURE: [u8; 8] = *b"NTLMSSP\0";
const MESSAGE_TYPE: u32 = 2;

fn challenge(i: &[u8]) -> IResult<&[u8], Challenge<'_>, Fault> {
    let (rest, head) = fixed::<{ Challenge::LEN }>(i, HEAD)?;
    let &[s0, s1, s2, s3, s4, s5, s6, s7, t0, t1, t2, t3, ref head @ ..] = head;
    if [s0, s1, s2, s3, s4, s5, s6, s7] != SIGNATURE {
        return bad(i, "Signature", Problem::Value(u32::from_be_bytes([s0, s1, s2, s3])));
    }
    let message_type = u32::from_le_bytes([t0, t1, t2, t3]);
    if message_type != MESSAGE_TYPE {
        return bad(i.get(8..).unwrap_or_default(), "MessageType", Problem::Value(message_type));
    }
    let &[nl0, nl1, _, _, no0, no1, no2, no3, f0, f1, f2, f3, ref head @ ..] = head;
    let &[_, _, _, _, _, _, _, _, _, _, _, _, _, _, _, _, il0, il1, _, _, io0, io1, io2, io3] = head;
    let flags = NegotiateFlags(u32::from_le_bytes([f0, f1, f2, f3]));
    let version = if flags.contains(NegotiateFlags::VERSION) {
        let (_, &[major, minor, b0, b1, _, _, _, revision]) = fixed::<8>(rest, VERSION)?;
        Some(Version { major, minor, build: u16::from_le_bytes([b0, b1]), revision })
    } else {
        None
    };
    let name = (u16::from_le_bytes([nl0, nl1]), u32::from_le_bytes([no0, no1, no2, no3]));
    let info = (u16::from_le_bytes([il0, il1]), u32::from_le_bytes([io0, io1, io2, io3]));
    // Without the flag, the fields say nothing and must not be looked at.
    let name = if flags.contains(NegotiateFlags::REQUEST_TARGET) { name } else { (0, 0) };
    let info = if flags.contains(NegotiateFlags::TARGET_INFO) { info } else { (0, 0) };
    let (target_name, _) = payload(i, name, 12, "TargetNameFields")?.unwrap_or_default();
    let av_pairs = AvPairs::new(i, payload(i, info, 40, "TargetInfoFields")?);
    Ok((&[], Challenge { target_name, flags, version, av_pairs }))
}

/// What `Len` and `BufferOffset` point at, and the octets behind it; `None` when `Len` is 0, for then the offset says nothing.
/// `at` is where the fields stand.
fn payload<'a>(
    message: &'a [u8],
    (len, offset): (u16, u32),
    at: usize,
    field: &'static str,
) -> Result<Option<(&'a [u8], usize)>, nom::Err<Fault>> {
    if len == 0 {
        return Ok(None);
    }
    let from = usize::try_from(offset).ok().and_then(|offset| message.get(offset..));
    match from.and_then(|from| from.split_at_checked(usize::from(len))) {
        Some((value, behind)) => Ok(Some((value, behind.len()))),
        None => bad(message.get(at..).unwrap_or_default(), field, Problem::Length(u32::from(len))),
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use alloc::string::String;
    use alloc::vec::Vec;

    use super::*;
    use crate::ntlm::av_pair::{AvId, AvPair};
    use crate::ntlm::utf16::utf16;

    /// FreeRDP 3 shadow, a workgroup's computer "VM"; the challenge is blotted out.
    pub(crate) const SHADOW: [u8; 108] = [
        b'N', b'T', b'L', b'M', b'S', b'S', b'P', 0x00, // Signature
        0x02, 0x00, 0x00, 0x00, // MessageType: CHALLENGE
        0x04, 0x00, 0x04, 0x00, 0x38, 0x00, 0x00, 0x00, // TargetNameFields: 4 at 56
        0xB7, 0x82, 0x88, 0xE2, // NegotiateFlags
        0xCC, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC, // ServerChallenge
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // Reserved
        0x30, 0x00, 0x30, 0x00, 0x3C, 0x00, 0x00, 0x00, // TargetInfoFields: 48 at 60
        0x0A, 0x00, 0x67, 0x58, 0x00, 0x00, 0x00, 0x0F, // Version: 10.0.22631, revision 15
        0x56, 0x00, 0x4D, 0x00, // TargetName: VM
        0x02, 0x00, 0x04, 0x00, 0x56, 0x00, 0x4D, 0x00, // MsvAvNbDomainName: VM
        0x01, 0x00, 0x04, 0x00, 0x56, 0x00, 0x4D, 0x00, // MsvAvNbComputerName: VM
        0x04, 0x00, 0x04, 0x00, 0x56, 0x00, 0x4D, 0x00, // MsvAvDnsDomainName: VM
        0x03, 0x00, 0x04, 0x00, 0x56, 0x00, 0x4D, 0x00, // MsvAvDnsComputerName: VM
        0x07, 0x00, 0x08, 0x00, 0x7B, 0xAF, 0x49, 0x60, 0x27, 0x79, 0xDD, 0x01, // MsvAvTimestamp
        0x00, 0x00, 0x00, 0x00, // MsvAvEOL
    ];

    fn pairs<'a>(challenge: &Challenge<'a>) -> Vec<Result<AvPair<'a>, WireError>> {
        challenge.av_pairs.collect()
    }

    #[test]
    fn challenge_tells_names_version_and_clock() {
        let challenge = Challenge::parse(&SHADOW).unwrap();
        assert_eq!(utf16(challenge.target_name, 255).collect::<String>(), "VM");
        let version = challenge.version.unwrap();
        assert_eq!((version.major, version.minor, version.build, version.revision), (10, 0, 22631, 15));
        assert!(challenge.flags.contains(NegotiateFlags::UNICODE));
        let ids: Vec<_> = challenge.av_pairs.map(|pair| pair.unwrap().id.name().unwrap()).collect();
        assert_eq!(
            ids,
            [
                "MsvAvNbDomainName",
                "MsvAvNbComputerName",
                "MsvAvDnsDomainName",
                "MsvAvDnsComputerName",
                "MsvAvTimestamp"
            ]
        );
        let clock = challenge.av_pairs.find(AvId::TIMESTAMP).unwrap();
        assert_eq!((clock.timestamp(), clock.flags()), (Some(0x01DD_7927_6049_AF7B), None));
        assert_eq!(challenge.av_pairs.find(AvId::DNS_TREE_NAME), None);
    }

    #[test]
    fn empty_names_are_there_and_empty() {
        // ironrdp: an empty TargetName that points at TargetInfo, and empty pairs.
        let mut octets = SHADOW.to_vec();
        octets[12..20].copy_from_slice(&[0, 0, 0, 0, 0x38, 0, 0, 0]);
        octets[40..48].copy_from_slice(&[12, 0, 12, 0, 0x38, 0, 0, 0]);
        octets.truncate(56);
        octets.extend([2, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
        let challenge = Challenge::parse(&octets).unwrap();
        assert_eq!(challenge.target_name, b"");
        let found: Vec<_> = challenge.av_pairs.map(|pair| pair.map(|pair| (pair.id.0, pair.value))).collect();
        assert_eq!(found, [Ok((2, &b""[..])), Ok((1, &b""[..]))]);
    }

    #[test]
    fn version_is_there_only_when_its_flag_is_set() {
        let mut octets = SHADOW;
        octets[23] &= !0x02;
        assert_eq!(Challenge::parse(&octets).unwrap().version, None);
    }

    #[test]
    fn name_and_info_are_not_looked_at_without_their_flags() {
        let mut octets = SHADOW;
        (octets[20], octets[22]) = (0xB3, 0x08);
        octets[16..20].fill(0xFF);
        octets[44..48].fill(0xFF);
        let challenge = Challenge::parse(&octets).unwrap();
        assert_eq!((challenge.target_name, pairs(&challenge).len()), (&b""[..], 0));
    }

    #[test]
    fn name_or_info_outside_of_the_message_is_a_lying_length() {
        for (at, field, offset, length) in [(16, "TargetNameFields", 12, 4), (44, "TargetInfoFields", 40, 48)] {
            for far in [[0x69, 0, 0, 0], [0, 0, 1, 0], [0xFF; 4]] {
                let mut octets = SHADOW;
                octets[at..at + 4].copy_from_slice(&far);
                let error = Challenge::parse(&octets).unwrap_err();
                assert_eq!((error.layer, error.field, error.offset), (Layer::Ntlm, field, offset));
                assert_eq!(error.problem, Problem::Length(length));
            }
        }
    }

    #[test]
    fn cut_in_the_fixed_part_names_the_field() {
        for (len, field, offset) in [
            (0, "Signature", 0),
            (9, "MessageType", 8),
            (19, "TargetNameFields", 12),
            (23, "NegotiateFlags", 20),
            (31, "ServerChallenge", 24),
            (47, "TargetInfoFields", 40),
            (51, "ProductBuild", 50),
            (55, "NTLMRevisionCurrent", 55),
        ] {
            let error = Challenge::parse(&SHADOW[..len]).unwrap_err();
            assert_eq!((error.field, error.offset, error.problem), (field, offset, Problem::Cut), "{len}");
        }
    }

    #[test]
    fn other_messages_are_told_apart() {
        let mut negotiate = SHADOW;
        negotiate[8] = 1;
        let error = Challenge::parse(&negotiate).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("MessageType", 8, Problem::Value(1)));
        let mut other = SHADOW;
        other[7] = b' ';
        assert_eq!(Challenge::parse(&other).unwrap_err().field, "Signature");
    }

    #[test]
    fn fault_among_the_pairs_comes_after_those_before_it() {
        // The second pair promises more than there is.
        let mut octets = SHADOW;
        octets[70] = 0x40;
        let challenge = Challenge::parse(&octets).unwrap();
        let [Ok(first), Err(error)] = pairs(&challenge)[..] else { panic!("{:?}", pairs(&challenge)) };
        assert_eq!(first.id, AvId::NB_DOMAIN_NAME);
        assert_eq!((error.layer, error.field, error.offset), (Layer::Ntlm, "AvLen", 70));
        assert_eq!((error.len, error.problem), (108, Problem::Length(0x40)));
        assert!(challenge.av_pairs.find(AvId::NB_DOMAIN_NAME).is_some());
        assert!(challenge.av_pairs.find(AvId::TIMESTAMP).is_none());
    }

    #[test]
    fn list_without_an_end_is_cut_in_the_next_id() {
        let mut octets = SHADOW;
        // TargetInfo is 44 octets: MsvAvEOL is behind it.
        octets[40] = 44;
        let challenge = Challenge::parse(&octets).unwrap();
        let error = pairs(&challenge).pop().unwrap().unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("AvId", 104, Problem::Cut));
        octets[40] = 46;
        let challenge = Challenge::parse(&octets).unwrap();
        let error = pairs(&challenge).pop().unwrap().unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("AvLen", 106, Problem::Cut));
    }

    #[test]
    fn what_follows_the_end_of_the_list_is_ignored() {
        let mut octets = SHADOW;
        octets[60] = 0;
        octets[62] = 0;
        assert!(pairs(&Challenge::parse(&octets).unwrap()).is_empty());
    }

    #[test]
    fn unknown_pair_survives_and_clock_of_another_size_is_none() {
        let mut octets = SHADOW;
        octets[60] = 0x99;
        octets[92] = 6;
        let challenge = Challenge::parse(&octets).unwrap();
        let unknown = challenge.av_pairs.find(AvId(0x99)).unwrap();
        assert_eq!((unknown.id.name(), unknown.value), (None, &b"V\0M\0"[..]));
        let flags = AvPair { id: AvId::FLAGS, value: &[2, 0, 0, 0] };
        assert_eq!((flags.flags().map(|flags| flags.0), flags.timestamp()), (Some(2), None));
        let clock = AvPair { id: AvId::TIMESTAMP, value: &[0; 7] };
        assert_eq!(clock.timestamp(), None);
    }

    #[test]
    fn text_is_read_lossily_and_no_further_than_its_limit() {
        let text = |octets: &[u8], limit| utf16(octets, limit).collect::<String>();
        assert_eq!(text(&[0x3D, 0xD8, 0x00, 0xDE, 0x41, 0x00], 9), "\u{1F600}A");
        assert_eq!(text(&[0x3D, 0xD8, 0x41, 0x00], 9), "\u{FFFD}A");
        assert_eq!(text(&[0x41, 0x00, 0x42], 9), "A\u{FFFD}");
        assert_eq!(text(&[0x41; 64], 3).chars().count(), 3);
        assert_eq!(text(&[], 3), "");
    }
}
