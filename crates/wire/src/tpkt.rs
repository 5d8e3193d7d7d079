//! TPKT: the frame around every PDU before fast-path begins.
//!
//! RFC 1006 section 6, \[T123\] section 8. Four octets, big-endian, both ways.
use nom::IResult;

use crate::fault::{Fault, Layer, Layout, Problem, WireError, bad, fixed, read};

const LAYOUT: Layout = &[("version", 1), ("reserved", 1), ("length", 2)];

/// TPKT header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tpkt {
    /// `length`: the whole packet in octets, these four included.
    pub length: u16,
}

impl Tpkt {
    /// Size on the wire, in octets.
    pub const LEN: usize = 1 /* version */ + 1 /* reserved */ + 2 /* length */;
    /// `version`.
    pub const VERSION: u8 = 3;
    /// The shortest packet that can hold a TPDU: the header, the length indicator, a code, and one more octet.
    pub const MIN_PACKET: u16 = 7;
    /// The longest packet that `length` can tell of, in octets.
    pub const MAX_PACKET: u16 = u16::MAX;

    /// Reads the header at the start of `input`; octets after it are ignored, and so is `reserved`.
    ///
    /// # Errors
    /// [`WireError`] when `input` is shorter than [`Self::LEN`] (field and offset of the cut), when `version` is not 3, or
    /// when `length` is below [`Self::MIN_PACKET`].
    pub fn parse(input: &[u8]) -> Result<Self, WireError> {
        read(Layer::Tpkt, input, tpkt)
    }
}

pub(crate) fn tpkt(i: &[u8]) -> IResult<&[u8], Tpkt, Fault> {
    let (rest, &[version, _reserved, high, low]) = fixed::<{ Tpkt::LEN }>(i, LAYOUT)?;
    if version != Tpkt::VERSION {
        return bad(i, "version", Problem::Value(u32::from(version)));
    }
    let length = u16::from_be_bytes([high, low]);
    if length < Tpkt::MIN_PACKET {
        return bad(i.get(2..).unwrap_or_default(), "length", Problem::Length(u32::from(length)));
    }
    Ok((rest, Tpkt { length }))
}

/// What a framer should do with the octets it holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Frame {
    /// The first so many octets are one whole PDU.
    Whole(usize),
    /// More octets are needed before there is a PDU. How many in all is known once the header is there.
    Partial {
        /// The PDU's length in octets, or `None` before the header is whole.
        length: Option<usize>,
    },
    /// These octets cannot begin a TPKT.
    Stray,
}

/// Asks where the first PDU in `held` ends. A `length` too short to be one is given out as a whole PDU of a header, so that
/// the reader can name the fault.
#[must_use]
pub fn frame(held: &[u8]) -> Frame {
    match held {
        [] | [Tpkt::VERSION] | [Tpkt::VERSION, _] | [Tpkt::VERSION, _, _] => Frame::Partial { length: None },
        [Tpkt::VERSION, _, high, low, ..] => {
            let length = usize::from(u16::from_be_bytes([*high, *low])).max(Tpkt::LEN);
            if held.len() < length { Frame::Partial { length: Some(length) } } else { Frame::Whole(length) }
        }
        [_, ..] => Frame::Stray,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tpkt_cut_in_the_length_names_the_field_and_its_offset() {
        let error = Tpkt::parse(&[0x03, 0x00, 0x00]).unwrap_err();
        assert_eq!((error.field, error.offset, error.len, error.problem), ("length", 2, 3, Problem::Cut));
    }

    #[test]
    fn tpkt_of_another_version_names_the_version() {
        let error = Tpkt::parse(b"SSH-").unwrap_err();
        assert_eq!((error.field, error.problem), ("version", Problem::Value(0x53)));
    }

    #[test]
    fn tpkt_length_below_a_tpdu_is_a_lying_length() {
        let error = Tpkt::parse(&[3, 0, 0, 6]).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("length", 2, Problem::Length(6)));
        // The shortest there is, such as a Data TPDU with nothing in it.
        assert_eq!(Tpkt::parse(&[3, 0, 0, 7]), Ok(Tpkt { length: 7 }));
    }

    #[test]
    fn reserved_octet_is_ignored() {
        assert_eq!(Tpkt::parse(&[3, 0xFF, 0, 19]), Ok(Tpkt { length: 19 }));
    }

    #[test]
    fn frame_asks_for_more_until_the_length_is_reached() {
        assert_eq!(frame(&[]), Frame::Partial { length: None });
        assert_eq!(frame(&[3, 0, 0]), Frame::Partial { length: None });
        assert_eq!(frame(&[3, 0, 0, 9, 2]), Frame::Partial { length: Some(9) });
        assert_eq!(frame(&[3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80, 0xAA]), Frame::Whole(9));
        assert_eq!(frame(b"HTTP/1.1 400"), Frame::Stray);
    }

    #[test]
    fn frame_of_a_length_below_the_header_is_the_header() {
        assert_eq!(frame(&[3, 0, 0, 0]), Frame::Whole(4));
    }
}
