//! Text in NTLM messages: UTF-16LE without a terminator.
//!
//! \[MS-NLMP\] 2.2. What it is used for must still be escaped: a server may send any character.
use core::char::{REPLACEMENT_CHARACTER, decode_utf16};

/// The characters of `value`, at most `limit` of them. What is no character, a lone half of a pair or a last odd octet, is
/// given out as U+FFFD.
pub fn utf16(value: &[u8], limit: usize) -> impl Iterator<Item = char> + Clone {
    let (units, odd) = value.as_chunks::<2>();
    let units = units.iter().map(|unit| u16::from_le_bytes(*unit));
    decode_utf16(units)
        .map(|unit| unit.unwrap_or(REPLACEMENT_CHARACTER))
        .chain(odd.first().map(|_| REPLACEMENT_CHARACTER))
        .take(limit)
}
