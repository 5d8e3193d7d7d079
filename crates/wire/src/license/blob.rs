//! LICENSE_BINARY_BLOB: a type, a length, and so many octets.
//!
//! \[MS-RDPBCGR\] 2.2.1.12.1.2; either direction, little-endian.
use alloc::vec::Vec;

use nom::IResult;

use crate::fault::{Fault, Problem, bad, fixed};

/// One blob of a message: its `wBlobType`, and what its two fields are called in errors.
pub(super) struct Blob {
    pub(super) kind: u16,
    pub(super) layout: &'static [(&'static str, usize); 2],
}

/// Takes a blob of that type. One without contents may be of any: servers that leave something out need not say what.
pub(super) fn blob<'a>(i: &'a [u8], expected: &Blob) -> IResult<&'a [u8], &'a [u8], Fault> {
    let [(kind_field, _), (length_field, _)] = expected.layout;
    let (after, &[k0, k1, l0, l1]) = fixed::<4>(i, expected.layout)?;
    let (kind, length) = (u16::from_le_bytes([k0, k1]), u16::from_le_bytes([l0, l1]));
    if kind != expected.kind && length != 0 {
        return bad(i, kind_field, Problem::Value(u32::from(kind)));
    }
    match after.split_at_checked(usize::from(length)) {
        Some((contents, rest)) => Ok((rest, contents)),
        None => bad(i.get(2..).unwrap_or_default(), length_field, Problem::Length(u32::from(length))),
    }
}

/// Appends type and length. Whoever writes a message has checked that the length fits.
pub(super) fn head(kind: u16, length: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(&kind.to_le_bytes());
    out.extend_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_le_bytes());
}
