//! DER elements, as far as CredSSP and SPNEGO need them: one-octet tags, definite lengths.
//!
//! ITU-T X.690 section 8.1. What DER forbids and a server might do all the same is read: a length in more octets than it needs.
use alloc::vec::Vec;

use nom::IResult;

use crate::fault::{Fault, Problem, bad};

/// SEQUENCE, and SEQUENCE OF.
pub(crate) const SEQUENCE: u8 = 0x30;
/// INTEGER.
pub(crate) const INTEGER: u8 = 0x02;
/// OCTET STRING.
pub(crate) const OCTET_STRING: u8 = 0x04;
/// OBJECT IDENTIFIER.
pub(crate) const OID: u8 = 0x06;
/// ENUMERATED.
pub(crate) const ENUMERATED: u8 = 0x0A;

/// Tag and length of an element.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) tag: u8,
    /// Size of the header itself, in octets.
    pub(crate) len: usize,
    /// `Err` holds what cannot be a length: the first length octet of the indefinite form, or of one too long.
    pub(crate) contents: Result<usize, u8>,
}

/// The size of an element with contents of `len` octets, header included. Beyond 24 bits no header of ours holds the length.
pub(crate) const fn size(len: usize) -> usize {
    len.saturating_add(match len {
        0..=0x7F => 2,
        0x80..=0xFF => 3,
        0x100..=0xFFFF => 4,
        _ => 5,
    })
}

/// Appends the header of an element with contents of `len` octets, which fit into 24 bits.
pub(crate) fn put_header(tag: u8, len: usize, out: &mut Vec<u8>) {
    let octets = len.to_be_bytes();
    let [.., a, b, c] = octets;
    out.push(tag);
    match len {
        0..=0x7F => out.push(c),
        0x80..=0xFF => out.extend_from_slice(&[0x81, c]),
        0x100..=0xFFFF => out.extend_from_slice(&[0x82, b, c]),
        _ => out.extend_from_slice(&[0x83, a, b, c]),
    }
}

/// As many of the octets of a number in two's complement as an INTEGER needs: none that only repeats the sign.
pub(crate) const fn least(mut octets: &[u8]) -> &[u8] {
    while let [0, 0..=0x7F, ..] | [0xFF, 0x80..=0xFF, ..] = octets
        && let [_, rest @ ..] = octets
    {
        octets = rest;
    }
    octets
}

/// The header at the start of `octets`, or `None` when they end inside it.
#[inline]
pub(crate) fn header(octets: &[u8]) -> Option<Header> {
    let (tag, len, contents) = match *octets {
        [tag, length @ 0..=0x7F, ..] => (tag, 2, Ok(usize::from(length))),
        [tag, 0x81, length, ..] => (tag, 3, Ok(usize::from(length))),
        [tag, 0x82, high, low, ..] => (tag, 4, Ok(usize::from(u16::from_be_bytes([high, low])))),
        // Three octets always fit: no host this runs on counts in fewer than 32 bits.
        [tag, 0x83, a, b, c, ..] => {
            (tag, 5, usize::try_from(u32::from_be_bytes([0, a, b, c])).map_err(|_| 0x83))
        }
        [tag, form @ (0x80 | 0x84..), ..] => (tag, 2, Err(form)),
        _ => return None,
    };
    Some(Header { tag, len, contents })
}

/// Takes one element of any tag: the tag and the contents.
#[inline]
pub(crate) fn element<'a>(i: &'a [u8], field: &'static str) -> IResult<&'a [u8], (u8, &'a [u8]), Fault> {
    let Some(header) = header(i) else { return bad(i, field, Problem::Cut) };
    if header.tag & 0x1F == 0x1F {
        // A tag of more than one octet: nothing here has one.
        return bad(i, field, Problem::Value(u32::from(header.tag)));
    }
    let length = match header.contents {
        Ok(length) => length,
        Err(form) => return bad(i, field, Problem::Length(u32::from(form))),
    };
    let after_header = i.get(header.len..).unwrap_or_default();
    match after_header.split_at_checked(length) {
        Some((contents, rest)) => Ok((rest, (header.tag, contents))),
        None => bad(i, field, Problem::Length(u32::try_from(length).unwrap_or(u32::MAX))),
    }
}

/// Takes one element that must have this tag.
#[inline]
pub(crate) fn tagged<'a>(i: &'a [u8], tag: u8, field: &'static str) -> IResult<&'a [u8], &'a [u8], Fault> {
    let (rest, (found, contents)) = element(i, field)?;
    if found != tag {
        return bad(i, field, Problem::Value(u32::from(found)));
    }
    Ok((rest, contents))
}

/// The contents of an element that must have this tag and be all there is, as within an explicit tag.
#[inline]
pub(crate) fn only<'a>(i: &'a [u8], tag: u8, field: &'static str) -> Result<&'a [u8], nom::Err<Fault>> {
    let (rest, contents) = tagged(i, tag, field)?;
    if !rest.is_empty() {
        return bad(rest, field, Problem::Length(u32::try_from(rest.len()).unwrap_or(u32::MAX)));
    }
    Ok(contents)
}

/// The INTEGER that is all there is, as the 32 bits of its two's complement: at most 4 octets, or 5 of which the first is 0.
#[inline]
pub(crate) fn integer(i: &[u8], field: &'static str) -> Result<u32, nom::Err<Fault>> {
    let contents = only(i, INTEGER, field)?;
    match *contents {
        [a, b, c, d] | [0, a, b, c, d] => Ok(u32::from_be_bytes([a, b, c, d])),
        [first, ..] if contents.len() < 4 => {
            let sign = if first & 0x80 == 0 { 0 } else { u32::MAX };
            Ok(contents.iter().fold(sign, |value, octet| (value << 8) | u32::from(*octet)))
        }
        _ => bad(i, field, Problem::Length(u32::try_from(contents.len()).unwrap_or(u32::MAX))),
    }
}

/// The INTEGER that is all there is, as [`integer`], when it is not negative.
#[inline]
pub(crate) fn unsigned(i: &[u8], field: &'static str) -> Result<u32, nom::Err<Fault>> {
    let value = integer(i, field)?;
    match *only(i, INTEGER, field)? {
        [0x80..=0xFF, ..] => bad(i, field, Problem::Value(value)),
        _ => Ok(value),
    }
}

/// Keeps the value of an element that begins at `at` and must not come twice.
#[inline]
pub(crate) fn once<T>(
    at: &[u8],
    slot: &mut Option<T>,
    field: &'static str,
    value: T,
) -> Result<(), nom::Err<Fault>> {
    if slot.replace(value).is_some() {
        return bad(at, field, Problem::Value(u32::from(at.first().copied().unwrap_or_default())));
    }
    Ok(())
}
