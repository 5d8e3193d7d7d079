//! MCS Connect Response with GCC Conference Create Response: how the server takes the client's basic settings, and its own.
//!
//! \[MS-RDPBCGR\] 2.2.1.4, ITU-T T.125 section 7 (BER) and T.124 section 8.7 (aligned PER); server to client inside an X.224 Data
//! TPDU.
use nom::IResult;

use crate::der;
use crate::fault::{Fault, Layer, Layout, Problem, WireError, bad, fixed, inside, read};
use crate::gcc::{ServerBlocks, blocks};
use crate::x224;

/// `result` of [`ConnectResponse`] (ITU-T T.125 Result); unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct McsResult(pub u8);

impl McsResult {
    /// rt-successful.
    pub const SUCCESSFUL: Self = Self(0);
    /// rt-parameters-unacceptable.
    pub const PARAMETERS_UNACCEPTABLE: Self = Self(8);
    /// rt-unspecified-failure.
    pub const UNSPECIFIED_FAILURE: Self = Self(14);

    /// The name in T.125, when it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "rt-successful",
            1 => "rt-domain-merging",
            2 => "rt-domain-not-hierarchical",
            3 => "rt-no-such-channel",
            4 => "rt-no-such-domain",
            5 => "rt-no-such-user",
            6 => "rt-not-admitted",
            7 => "rt-other-user-id",
            8 => "rt-parameters-unacceptable",
            9 => "rt-token-not-available",
            10 => "rt-token-not-possessed",
            11 => "rt-too-many-channels",
            12 => "rt-too-many-tokens",
            13 => "rt-too-many-users",
            14 => "rt-unspecified-failure",
            15 => "rt-user-rejected",
            _ => return None,
        })
    }
}

/// `result` of the GCC Conference Create Response (ITU-T T.124 section 8.7); the value as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct ConferenceResult(pub u8);

impl ConferenceResult {
    /// success.
    pub const SUCCESS: Self = Self(0);

    /// The name in T.124, when it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0 => "success",
            1 => "userRejected",
            2 => "resourcesNotAvailable",
            3 => "rejectedForSymmetryBreaking",
            4 => "lockedConferenceNotSupported",
            _ => return None,
        })
    }
}

/// MCS Connect Response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConnectResponse<'a> {
    /// `result`.
    pub result: McsResult,
    /// The conference; always there when `result` is rt-successful. A refusal may be `result` alone, so that what follows it
    /// is given only where it can be read.
    pub conference: Option<Conference<'a>>,
}

/// GCC Conference Create Response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conference<'a> {
    /// `result`.
    pub result: ConferenceResult,
    /// The server's data blocks.
    pub blocks: ServerBlocks<'a>,
}

/// Connect-Response is \[APPLICATION 102\], a tag of two octets.
const TAG: [u8; 2] = [0x7F, 0x66];

impl<'a> ConnectResponse<'a> {
    /// Reads a whole PDU, TPKT header included; octets after the message are ignored, and so is its own length, which servers
    /// get wrong.
    ///
    /// # Errors
    /// [`WireError`] when it is cut, is no Connect Response, or, with rt-successful, holds a conference that cannot be read.
    pub fn parse(pdu: &'a [u8]) -> Result<Self, WireError> {
        read(Layer::Mcs, pdu, |i| {
            let (i, ()) = x224::data(i)?;
            connect_response(i)
        })
    }

    /// Whether a whole PDU is one, as far as its tag tells.
    #[must_use]
    pub fn is_one(pdu: &[u8]) -> bool {
        x224::data(pdu).is_ok_and(|(i, ())| i.starts_with(&TAG))
    }
}

fn connect_response(i: &[u8]) -> IResult<&[u8], ConnectResponse<'_>, Fault> {
    let Some(rest) = i.strip_prefix(&TAG) else {
        return match *i {
            [] | [0x7F] => bad(i, "Connect-Response", Problem::Cut),
            [0x7F, tag, ..] | [tag, ..] => bad(i, "Connect-Response", Problem::Value(u32::from(tag))),
        };
    };
    // The second octet of the tag and the length look like an element's header.
    let tag_and_length = i.get(1..).unwrap_or_default();
    let Some(header) = der::header(tag_and_length) else { return bad(rest, "length", Problem::Cut) };
    let i = tag_and_length.get(header.len..).unwrap_or_default();
    let (i, &[tag, length, result]) = fixed::<3>(i, &[("result tag", 1), ("result length", 1), ("result", 1)])?;
    if (tag, length) != (der::ENUMERATED, 1) {
        return bad(
            rest.get(header.len.saturating_sub(1)..).unwrap_or_default(),
            "result",
            Problem::Value(u32::from(tag)),
        );
    }
    let result = McsResult(result);
    let conference = match conference(i) {
        Ok((_, conference)) => Some(conference),
        Err(error) if result == McsResult::SUCCESSFUL => return Err(error),
        // What is due is said already; servers leave the rest out.
        Err(_) => None,
    };
    Ok((&[], ConnectResponse { result, conference }))
}

/// The T.124 identifier 0.0.20.124.0.1 as an object, with its choice and length.
const KEY: [u8; 7] = [0, 5, 0, 0x14, 0x7C, 0, 1];
/// What servers have to call themselves.
const H221_KEY: &[u8; 4] = b"McDn";
const NODE: Layout = &[("ConnectGCCPDU", 1), ("nodeID", 2), ("tag length", 1)];
const SETS: Layout = &[
    ("result", 1),
    ("userData count", 1),
    ("userData choice", 1),
    ("h221NonStandard length", 1),
    ("h221NonStandard", 4),
];

fn conference(i: &[u8]) -> IResult<&[u8], Conference<'_>, Fault> {
    let (i, _called_connect_id) = der::tagged(i, der::INTEGER, "calledConnectId")?;
    let (i, _domain_parameters) = der::tagged(i, der::SEQUENCE, "domainParameters")?;
    let (after, user_data) = der::tagged(i, der::OCTET_STRING, "userData")?;
    let conference = inside(user_data, after, |i| {
        let (i, ()) = t124_identifier(i)?;
        // Windows sends a constant here, whatever follows.
        let (node, _connect_pdu_length) = per_length(i, "connectPDU length")?;
        let (i, &[choice, _, _, tag_length]) = fixed::<4>(node, NODE)?;
        // conferenceCreateResponse, with or without its optional user data.
        if choice & 0xF0 != 0x10 {
            return bad(node, "ConnectGCCPDU", Problem::Value(u32::from(choice)));
        }
        let Some(sets) = i.get(usize::from(tag_length)..) else {
            return bad(
                node.get(3..).unwrap_or_default(),
                "tag length",
                Problem::Length(u32::from(tag_length)),
            );
        };
        let (i, &[result, count, _choice, _length, a, b, c, d]) = fixed::<8>(sets, SETS)?;
        if count == 0 || [a, b, c, d] != *H221_KEY {
            let key = sets.get(4..).unwrap_or_default();
            return bad(key, "h221NonStandard", Problem::Value(u32::from_be_bytes([a, b, c, d])));
        }
        // Nothing follows the blocks (T.124 section 8.7): a length that leaves some of them out lies as one that promises more.
        let data = all_that_follows(i, "serverData length")?;
        // An extension bit, then three bits of value.
        let result = ConferenceResult((result >> 4) & 0x07);
        let blocks = blocks(data)?;
        // Each of the three has to be there; a server without any of them has settled nothing.
        let none = blocks.core.is_none() && blocks.security.is_none() && blocks.network.is_none();
        if none && result == ConferenceResult::SUCCESS {
            return bad(&[], "serverCoreData", Problem::Cut);
        }
        Ok(Conference { result, blocks })
    })?;
    Ok((after, conference))
}

/// What begins the user data of both sides.
pub(super) fn t124_identifier(i: &[u8]) -> IResult<&[u8], (), Fault> {
    let (rest, key) = fixed::<7>(i, &[("t124Identifier", 7)])?;
    if *key != KEY {
        return bad(i, "t124Identifier", Problem::Value(u32::from(key.first().copied().unwrap_or_default())));
    }
    Ok((rest, ()))
}

/// What follows an aligned PER length that has to count all of it.
pub(super) fn all_that_follows<'a>(i: &'a [u8], field: &'static str) -> Result<&'a [u8], nom::Err<Fault>> {
    let (rest, length) = per_length(i, field)?;
    if usize::from(length) != rest.len() {
        return bad(i, field, Problem::Length(u32::from(length)));
    }
    Ok(rest)
}

/// An aligned PER length: one octet below 128, or two of which the first has its top bit set. Both forms occur below 128.
pub(crate) fn per_length<'a>(i: &'a [u8], field: &'static str) -> IResult<&'a [u8], u16, Fault> {
    match *i {
        [short @ 0..=0x7F, ref rest @ ..] => Ok((rest, u16::from(short))),
        [high @ 0x80..=0xBF, low, ref rest @ ..] => Ok((rest, u16::from_be_bytes([high & 0x3F, low]))),
        // Fragments, which no PDU is long enough for.
        [fragments @ 0xC0..=0xFF, ..] => bad(i, field, Problem::Length(u32::from(fragments))),
        [] | [_] => bad(i, field, Problem::Cut),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gcc::ServerCore;

    /// xrdp with TLS, as captured: four channels, a core block of 12 octets.
    const XRDP: &[u8] = &[
        3, 0, 0, 0x6D, 2, 0xF0, 0x80, // TPKT, X.224 Data
        0x7F, 0x66, 0x63, 0x0A, 1, 0, 2, 1, 0, // Connect-Response, rt-successful, calledConnectId 0
        0x30, 0x1A, 2, 1, 0x16, 2, 1, 3, 2, 1, 0, 2, 1, 1, 2, 1, 0, 2, 1, 1, 2, 3, 0, 0xFF, 0xF8, 2, 1,
        2, // domainParameters
        4, 0x3F, 0, 5, 0, 0x14, 0x7C, 0, 1, 0x2A, 0x14, 0x76, 0x0A, 1, 1, 0, 1, 0xC0, 0, // userData
        b'M', b'c', b'D', b'n', 0x80, 0x28, // h221NonStandard, 40 octets in the long form
        1, 0x0C, 0x0C, 0, 4, 0, 8, 0, 1, 0, 0, 0, // SC_CORE: RDP 5.0 to 8.1, requested TLS
        3, 0x0C, 0x10, 0, 0xEB, 3, 4, 0, 0xEC, 3, 0xED, 3, 0xEE, 3, 0xEF, 3, // SC_NET
        2, 0x0C, 0x0C, 0, 0, 0, 0, 0, 0, 0, 0, 0, // SC_SECURITY: none, none
    ];

    #[test]
    fn response_of_xrdp_is_read_with_its_blocks() {
        let response = ConnectResponse::parse(XRDP).unwrap();
        assert_eq!(response.result, McsResult::SUCCESSFUL);
        let conference = response.conference.unwrap();
        assert_eq!(conference.result, ConferenceResult::SUCCESS);
        let core = conference.blocks.core.unwrap();
        assert_eq!(
            (core.version.0, core.requested_protocols),
            (0x0008_0004, Some(crate::nego::Protocols::SSL))
        );
        assert_eq!(core.early_capability_flags, None);
        let network = conference.blocks.network.unwrap();
        assert_eq!((network.io_channel, network.channels().count()), (1003, 4));
        assert_eq!(conference.blocks.security.unwrap().method.0, 0);
    }

    #[test]
    fn other_node_and_short_lengths_are_read_alike() {
        // ironrdp-server: connectPDU length 40, nodeID 1, tag 1, the short form of the last length.
        let at = XRDP.windows(7).position(|seven| seven == KEY).unwrap();
        let mut other = XRDP[..at + KEY.len()].to_vec();
        other.extend([0x40, 0x14, 0, 1, 1, 1, 0, 1, 0xC0, 0, b'M', b'c', b'D', b'n', 8]);
        other.extend([1, 0x0C, 8, 0, 4, 0, 8, 0]);
        other[at - 1] = u8::try_from(other.len() - at).unwrap();
        let core = ConnectResponse::parse(&other).unwrap().conference.unwrap().blocks.core;
        assert_eq!(core.map(|core: ServerCore| core.version.0), Some(0x0008_0004));
    }

    #[test]
    fn refusal_may_be_a_result_alone() {
        let alone = [3, 0, 0, 0x0D, 2, 0xF0, 0x80, 0x7F, 0x66, 3, 0x0A, 1, 0x0E];
        let refused = ConnectResponse::parse(&alone).unwrap();
        assert_eq!((refused.result, refused.conference), (McsResult::UNSPECIFIED_FAILURE, None));
        let mut successful = alone;
        successful[12] = 0;
        let error = ConnectResponse::parse(&successful).unwrap_err();
        assert_eq!((error.layer, error.field, error.problem), (Layer::Mcs, "calledConnectId", Problem::Cut));
    }

    #[test]
    fn every_cut_is_a_fault_in_a_field_with_a_name() {
        for len in 0..XRDP.len() {
            let error = ConnectResponse::parse(&XRDP[..len]).unwrap_err();
            assert!(!error.field.is_empty() && error.offset <= len, "{len}: {error:?}");
        }
    }

    #[test]
    fn another_mcs_pdu_is_none() {
        let ultimatum = [3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80];
        assert!(!ConnectResponse::is_one(&ultimatum) && ConnectResponse::is_one(XRDP));
        let error = ConnectResponse::parse(&ultimatum).unwrap_err();
        assert_eq!((error.field, error.problem), ("Connect-Response", Problem::Value(0x21)));
    }

    #[test]
    fn key_of_a_client_is_refused() {
        let mut client = XRDP.to_vec();
        let at = client.windows(4).position(|four| four == b"McDn").unwrap();
        client[at..at + 4].copy_from_slice(b"Duca");
        let error = ConnectResponse::parse(&client).unwrap_err();
        assert_eq!((error.field, error.offset), ("h221NonStandard", at));
    }

    #[test]
    fn length_that_lies_names_itself() {
        let at = XRDP.windows(4).position(|four| four == b"McDn").unwrap() + 4;
        // More than there is, all but an octet, the first block alone, and nothing.
        for length in [0x29, 0x27, 0x0C, 0] {
            let mut lying = XRDP.to_vec();
            lying[at + 1] = length;
            let error = ConnectResponse::parse(&lying).unwrap_err();
            assert_eq!(
                (error.field, error.offset, error.problem),
                ("serverData length", at, Problem::Length(u32::from(length)))
            );
        }
    }

    #[test]
    fn success_without_settings_is_none_and_a_refusal_needs_none() {
        let to_mc_dn = XRDP.windows(4).position(|four| four == b"McDn").unwrap() + 4;
        let user_data = XRDP.windows(KEY.len()).position(|key| key == KEY).unwrap();
        // No blocks at all, and one of a type that nobody knows.
        for blocks in [&[][..], &[0xFF, 0x0C, 5, 0, 0]] {
            let mut pdu = XRDP[..to_mc_dn].to_vec();
            pdu.extend([0x80, u8::try_from(blocks.len()).unwrap()]);
            pdu.extend(blocks);
            pdu[user_data - 1] = u8::try_from(pdu.len() - user_data).unwrap();
            let error = ConnectResponse::parse(&pdu).unwrap_err();
            assert_eq!((error.field, error.offset, error.problem), ("serverCoreData", pdu.len(), Problem::Cut));
            // userRejected.
            pdu[user_data + KEY.len() + 6] = 0x10;
            let conference = ConnectResponse::parse(&pdu).unwrap().conference.unwrap();
            assert_eq!(conference.result.name(), Some("userRejected"));
        }
    }
}
