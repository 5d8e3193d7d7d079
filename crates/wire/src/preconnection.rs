//! Pre-connection PDU: which of several behind one port a client means, before the RDP connection begins.
//!
//! \[MS-RDPEPS\] 2.2.1.1 (version 1) and 2.2.1.2 (version 2), client to server, in front of the X.224 Connection Request. No
//! TPKT, little-endian, and never answered. A blob may be the identifier of a virtual machine.
use alloc::vec::Vec;

use nom::IResult;

use crate::fault::{Fault, Layer, Layout, Problem, WireError, bad, fixed, read};
use crate::ntlm::utf16;
use crate::tpkt::Frame;

const HEADER: Layout = &[("cbSize", 4), ("Flags", 4), ("Version", 4), ("Id", 4)];
const COUNT: Layout = &[("cchPCB", 2)];

/// RDP_PRECONNECTION_PDU_V1 or RDP_PRECONNECTION_PDU_V2, as it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PreconnectionPdu<'a> {
    /// `Id`: 0 when the blob alone tells.
    pub id: u32,
    /// `wszPCB` without its terminator, in UTF-16LE; none in version 1.
    pub blob: Option<&'a [u8]>,
}

/// A blob that cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BlobError {
    /// `cchPCB` is two octets, and counts the terminator.
    #[error("it has {got} UTF-16 units, at most {} fit", PreconnectionPdu::MAX_UNITS)]
    TooLong {
        /// UTF-16 units it takes.
        got: usize,
    },
    /// A NUL inside would end the text early.
    #[error("it has a NUL inside")]
    Nul,
    /// There is nothing to tell.
    #[error("it is empty")]
    Empty,
}

impl<'a> PreconnectionPdu<'a> {
    /// Size of version 1 on the wire, in octets.
    pub const LEN_V1: usize = 4 /* cbSize */ + 4 /* Flags */ + 4 /* Version */ + 4 /* Id */;
    /// Size of version 2 without its text, in octets.
    pub const LEN_V2: usize = Self::LEN_V1 + 2 /* cchPCB */;
    /// The longest text, in UTF-16 units without the terminator.
    pub const MAX_UNITS: usize = 65_534;
    /// The longest PDU, in octets.
    pub const MAX_LEN: usize = Self::LEN_V2 + 2 * (Self::MAX_UNITS + 1/* terminator */);

    /// Appends version 2 with `Id` 0 and this text to `out`.
    ///
    /// # Errors
    /// [`BlobError`] when the text is empty, too long, or holds a NUL; `out` is then unchanged.
    pub fn encode(text: &str, out: &mut Vec<u8>) -> Result<(), BlobError> {
        if text.is_empty() {
            return Err(BlobError::Empty);
        }
        if text.contains('\0') {
            return Err(BlobError::Nul);
        }
        let units = text.encode_utf16().count();
        let too_long = BlobError::TooLong { got: units };
        let count = units.saturating_add(1);
        let size = Self::LEN_V2.saturating_add(count.saturating_mul(2));
        let (Ok(count), Ok(size)) = (u16::try_from(count), u32::try_from(size)) else { return Err(too_long) };
        out.extend_from_slice(&size.to_le_bytes()); // cbSize
        out.extend_from_slice(&[0; 4]); // Flags
        out.extend_from_slice(&2_u32.to_le_bytes()); // Version
        out.extend_from_slice(&[0; 4]); // Id
        out.extend_from_slice(&count.to_le_bytes()); // cchPCB
        for unit in text.encode_utf16().chain([0]) {
            out.extend_from_slice(&unit.to_le_bytes()); // wszPCB
        }
        Ok(())
    }

    /// Reads one whole PDU: what a scripted target needs to see what the client asked for. `Flags` is ignored, as it has no
    /// meaning yet.
    ///
    /// # Errors
    /// [`WireError`] when the PDU is cut, is of another version, or its lengths disagree.
    pub fn parse(pdu: &'a [u8]) -> Result<Self, WireError> {
        read(Layer::Preconnection, pdu, preconnection)
    }

    /// The characters of the blob; none in version 1.
    pub fn text(&self) -> impl Iterator<Item = char> + Clone {
        utf16(self.blob.unwrap_or_default(), Self::MAX_UNITS)
    }
}

fn preconnection(pdu: &[u8]) -> IResult<&[u8], PreconnectionPdu<'_>, Fault> {
    let (i, &[s0, s1, s2, s3, _, _, _, _, v0, v1, v2, v3, i0, i1, i2, i3]) =
        fixed::<{ PreconnectionPdu::LEN_V1 }>(pdu, HEADER)?;
    let (size, version) = (u32::from_le_bytes([s0, s1, s2, s3]), u32::from_le_bytes([v0, v1, v2, v3]));
    if usize::try_from(size) != Ok(pdu.len()) {
        return bad(pdu, "cbSize", Problem::Length(size));
    }
    let id = u32::from_le_bytes([i0, i1, i2, i3]);
    match version {
        1 => Ok((i, PreconnectionPdu { id, blob: None })),
        2 => {
            let (text, &[low, high]) = fixed::<2>(i, COUNT)?;
            let count = u16::from_le_bytes([low, high]);
            let octets = usize::from(count).saturating_mul(2);
            let blob = text.strip_suffix(&[0, 0]).filter(|_| text.len() == octets);
            match blob {
                Some(blob) => Ok((&[], PreconnectionPdu { id, blob: Some(blob) })),
                None => bad(i, "cchPCB", Problem::Length(u32::from(count))),
            }
        }
        other => bad(pdu.get(8..).unwrap_or_default(), "Version", Problem::Value(other)),
    }
}

/// Asks where the first PDU in `held` ends. A TPKT is none: its header would be a `cbSize` beyond
/// [`PreconnectionPdu::MAX_LEN`].
#[must_use]
pub fn frame(held: &[u8]) -> Frame {
    let Some((size, _)) = held.split_first_chunk::<4>() else { return Frame::Partial { length: None } };
    match usize::try_from(u32::from_le_bytes(*size)) {
        Ok(size @ PreconnectionPdu::LEN_V1..=PreconnectionPdu::MAX_LEN) if held.len() < size => {
            Frame::Partial { length: Some(size) }
        }
        Ok(size @ PreconnectionPdu::LEN_V1..=PreconnectionPdu::MAX_LEN) => Frame::Whole(size),
        Ok(_) | Err(_) => Frame::Stray,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str) -> Vec<u8> {
        let mut out = Vec::new();
        PreconnectionPdu::encode(text, &mut out).unwrap();
        out
    }

    #[test]
    fn blob_stands_in_version_2_with_its_terminator() {
        #[rustfmt::skip]
        let expected = [
            0x18, 0x00, 0x00, 0x00, // cbSize: 24
            0x00, 0x00, 0x00, 0x00, // Flags
            0x02, 0x00, 0x00, 0x00, // Version: 2
            0x00, 0x00, 0x00, 0x00, // Id: 0
            0x03, 0x00, // cchPCB: 3
            0x76, 0x00, 0x6D, 0x00, 0x00, 0x00, // wszPCB: "vm"
        ];
        assert_eq!(encoded("vm"), expected);
    }

    #[test]
    fn what_is_written_is_read_again() {
        for text in ["vm", "4d5e6f70-0000-4000-8000-0123456789ab;EnhancedMode=1", "\u{1f5a5}\u{e4}"] {
            let octets = encoded(text);
            assert_eq!(frame(&octets), Frame::Whole(octets.len()));
            let read = PreconnectionPdu::parse(&octets).unwrap();
            assert_eq!((read.id, alloc::string::String::from_iter(read.text()).as_str()), (0, text));
        }
    }

    #[test]
    fn version_1_has_an_identifier_and_no_blob() {
        let pdu = [16, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0];
        assert_eq!(PreconnectionPdu::parse(&pdu), Ok(PreconnectionPdu { id: 7, blob: None }));
    }

    #[test]
    fn blob_that_cannot_be_sent_is_refused_and_writes_nothing() {
        let long = "a".repeat(PreconnectionPdu::MAX_UNITS + 1);
        let mut out = Vec::new();
        for (text, error) in [
            ("", BlobError::Empty),
            ("a\0b", BlobError::Nul),
            (long.as_str(), BlobError::TooLong { got: PreconnectionPdu::MAX_UNITS + 1 }),
        ] {
            assert_eq!(PreconnectionPdu::encode(text, &mut out), Err(error));
            assert!(out.is_empty());
        }
        assert_eq!(encoded(&long[1..]).len(), PreconnectionPdu::MAX_LEN);
    }

    #[test]
    fn lying_lengths_and_other_versions_name_the_field() {
        let good = encoded("vm");
        let broken = |at: usize, value: u8| {
            let mut octets = good.clone();
            octets[at] = value;
            PreconnectionPdu::parse(&octets)
                .map_err(|error| (error.field, error.offset, error.problem))
                .unwrap_err()
        };
        assert_eq!(broken(0, 25), ("cbSize", 0, Problem::Length(25)));
        assert_eq!(broken(8, 3), ("Version", 8, Problem::Value(3)));
        assert_eq!(broken(16, 4), ("cchPCB", 16, Problem::Length(4)));
        assert_eq!(broken(22, 1), ("cchPCB", 16, Problem::Length(3)));
        let error = PreconnectionPdu::parse(&good[..10]).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("Version", 8, Problem::Cut));
    }

    #[test]
    fn frame_is_told_from_a_tpkt() {
        let octets = encoded("vm");
        assert_eq!(frame(&octets[..3]), Frame::Partial { length: None });
        assert_eq!(frame(&octets[..5]), Frame::Partial { length: Some(24) });
        assert_eq!(frame(&[3, 0, 0, 0x13, 0x0E]), Frame::Stray);
        assert_eq!(frame(&[15, 0, 0, 0]), Frame::Stray);
    }
}
