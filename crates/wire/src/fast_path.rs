//! Fast-path: what a server sends graphics in once a session is there, without TPKT, X.224 and MCS. Both stand in one stream from
//! then on.
//!
//! \[MS-RDPBCGR\] 2.2.9.1.2; server to client. The length is big-endian, in one octet or two.
use nom::IResult;

use crate::fault::{Fault, Layer, Layout, Problem, WireError, bad, cut, fixed, read};
use crate::tpkt::{self, Frame};

/// `flags` of `fpOutputHeader`, two bits: how the PDU is protected under Standard RDP Security.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct OutputFlags(pub u8);

impl OutputFlags {
    /// FASTPATH_OUTPUT_SECURE_CHECKSUM.
    pub const SECURE_CHECKSUM: Self = Self(0x1);
    /// FASTPATH_OUTPUT_ENCRYPTED.
    pub const ENCRYPTED: Self = Self(0x2);

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// TS_FP_UPDATE_PDU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FastPathOutput<'a> {
    /// `flags` of `fpOutputHeader`.
    pub flags: OutputFlags,
    /// What follows the length, as received: behind a signature, where there is one, the updates.
    pub updates: &'a [u8],
}

/// The bits of the first octet that hold `action`. FASTPATH_OUTPUT_ACTION_FASTPATH is 0; TPKT's version looks like 3.
const ACTION: u8 = 0x03;
const LAYOUT: Layout = &[("fpOutputHeader", 1), ("length1", 1)];
const LONG_LAYOUT: Layout = &[("fpOutputHeader", 1), ("length1", 1), ("length2", 1)];

impl<'a> FastPathOutput<'a> {
    /// Reads a whole PDU; octets after it are ignored, and so are the reserved bits of the first one.
    ///
    /// # Errors
    /// [`WireError`] when it is cut, is not fast-path, or its length is below its own header or more than there is.
    pub fn parse(pdu: &'a [u8]) -> Result<Self, WireError> {
        read(Layer::FastPath, pdu, output)
    }

    /// Whether a whole PDU is one, as far as its first octet tells; else it is a TPKT.
    #[must_use]
    pub fn is_one(pdu: &[u8]) -> bool {
        pdu.first().is_some_and(|first| first & ACTION == 0)
    }
}

fn output(i: &[u8]) -> IResult<&[u8], FastPathOutput<'_>, Fault> {
    let (_, &[header, _]) = fixed::<2>(i, LAYOUT)?;
    if header & ACTION != 0 {
        return bad(i, "fpOutputHeader", Problem::Value(u32::from(header)));
    }
    let Some(Header { len, whole }) = length(i) else {
        return Err(nom::Err::Error(cut(i, LONG_LAYOUT)));
    };
    let Some((updates, rest)) =
        i.split_at_checked(usize::from(whole)).and_then(|(pdu, rest)| Some((pdu.get(len..)?, rest)))
    else {
        return bad(i.get(1..).unwrap_or_default(), "length1", Problem::Length(u32::from(whole)));
    };
    Ok((rest, FastPathOutput { flags: OutputFlags(header >> 6), updates }))
}

/// The two lengths of a fast-path PDU, in octets: of its header, and of all of it.
struct Header {
    len: usize,
    whole: u16,
}

/// `None` before the header is whole. Both forms of the length occur below 128.
fn length(held: &[u8]) -> Option<Header> {
    match *held {
        [_, short @ 0..=0x7F, ..] => Some(Header { len: 2, whole: u16::from(short) }),
        [_, high, low, ..] => Some(Header { len: 3, whole: u16::from_be_bytes([high & 0x7F, low]) }),
        [] | [_] | [_, _] => None,
    }
}

/// Asks where the first PDU in `held` ends, TPKT or fast-path. A length too short to be one is given out as a whole PDU of a header,
/// so that the reader can name the fault.
///
/// To be asked only when a session is there: before that fast-path does not occur, and the `H` of "HTTP" would look like it.
#[must_use]
pub fn frame(held: &[u8]) -> Frame {
    if held.first().is_some_and(|first| first & ACTION != 0) {
        return tpkt::frame(held);
    }
    let Some(Header { len, whole }) = length(held) else { return Frame::Partial { length: None } };
    let whole = usize::from(whole).max(len);
    if held.len() < whole { Frame::Partial { length: Some(whole) } } else { Frame::Whole(whole) }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    /// The first output of xrdp: Synchronize.
    const SYNCHRONIZE: [u8; 7] = [0, 0x80, 7, 0x83, 0, 0, 0];

    #[test]
    fn output_is_given_out_without_its_header() {
        for (pdu, flags, updates) in [
            (&SYNCHRONIZE[..], OutputFlags(0), &[0x83, 0, 0, 0][..]),
            (&[0, 6, 3, 0, 0, 0], OutputFlags(0), &[3, 0, 0, 0]),
            (&[0x80, 2], OutputFlags::ENCRYPTED, &[]),
            (&[0xC0, 0x80, 3], OutputFlags(3), &[]),
            // Reserved bits mean nothing.
            (&[0x3C, 3, 0xAA], OutputFlags(0), &[0xAA]),
        ] {
            assert_eq!(FastPathOutput::parse(pdu), Ok(FastPathOutput { flags, updates }));
            assert_eq!(frame(pdu), Frame::Whole(pdu.len()));
            assert!(FastPathOutput::is_one(pdu));
            // What follows is the next PDU.
            let with = [pdu, &[3, 0, 0, 9]].concat();
            assert_eq!(FastPathOutput::parse(&with), Ok(FastPathOutput { flags, updates }));
            assert_eq!(frame(&with), Frame::Whole(pdu.len()));
        }
        assert!(OutputFlags(3).contains(OutputFlags::SECURE_CHECKSUM));
    }

    #[test]
    fn every_cut_asks_for_more_and_names_the_field() {
        for len in 0..SYNCHRONIZE.len() {
            let promised = (len > 2).then_some(7);
            assert_eq!(frame(&SYNCHRONIZE[..len]), Frame::Partial { length: promised }, "{len}");
            let error = FastPathOutput::parse(&SYNCHRONIZE[..len]).unwrap_err();
            let (field, offset, problem) = match len {
                0 => ("fpOutputHeader", 0, Problem::Cut),
                1 => ("length1", 1, Problem::Cut),
                2 => ("length2", 2, Problem::Cut),
                _ => ("length1", 1, Problem::Length(7)),
            };
            assert_eq!((error.layer, error.field, error.offset), (Layer::FastPath, field, offset), "{len}");
            assert_eq!((error.len, error.problem), (len, problem));
        }
    }

    #[test]
    fn length_below_the_header_is_a_header_that_lies() {
        for (octets, header, length) in [
            (&[0, 0, 0xAA][..], 2, 0),
            (&[0, 1, 0xAA], 2, 1),
            (&[0, 0x80, 0, 0xAA], 3, 0),
            (&[0, 0x80, 2], 3, 2),
        ] {
            assert_eq!(frame(octets), Frame::Whole(header));
            let error = FastPathOutput::parse(&octets[..header]).unwrap_err();
            assert_eq!((error.field, error.offset, error.problem), ("length1", 1, Problem::Length(length)));
        }
    }

    #[test]
    fn longest_pdu_is_of_32_767_octets() {
        let mut pdu = vec![0; 0x7FFF];
        (pdu[1], pdu[2]) = (0xFF, 0xFF);
        assert_eq!(frame(&pdu[..4]), Frame::Partial { length: Some(0x7FFF) });
        assert_eq!(frame(&pdu), Frame::Whole(0x7FFF));
        assert_eq!(FastPathOutput::parse(&pdu).map(|output| output.updates.len()), Ok(0x7FFC));
    }

    #[test]
    fn tpkt_ends_where_its_own_frame_says() {
        for held in
            [&[3][..], &[3, 0, 0], &[3, 0, 0, 9, 2], &[3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80], &[3, 0, 0, 0]]
        {
            assert_eq!(frame(held), tpkt::frame(held));
            assert!(!FastPathOutput::is_one(held));
        }
        let error = FastPathOutput::parse(&[3, 0, 0, 9]).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("fpOutputHeader", 0, Problem::Value(3)));
        assert_eq!(frame(&[]), Frame::Partial { length: None });
        assert!(!FastPathOutput::is_one(&[]));
    }

    #[test]
    fn what_is_neither_is_stray() {
        for first in (0..=u8::MAX).filter(|first| first & 3 != 0 && *first != 3) {
            assert_eq!(frame(&[first]), Frame::Stray, "{first:02X}");
        }
    }
}
