//! From a file's octets to text, whatever they are: what is text of no kind is replaced, and no file is refused for it.
use std::char::{REPLACEMENT_CHARACTER, decode_utf16};

use zeroize::Zeroizing;

/// So many octets tell whether a file without a byte order mark is UTF-16.
const LOOKED_AT: usize = 1024;

/// The text, without a byte order mark: UTF-16 of either order, UTF-8, or else Windows-1252, in which every octet is something. It may hold a
/// token.
pub(super) fn decode(octets: &[u8]) -> Zeroizing<String> {
    // With room for all of it, since what grows leaves copies behind: no octet and no unit of two is more than three octets of UTF-8.
    let mut text = Zeroizing::new(String::with_capacity(octets.len().saturating_mul(3)));
    match octets {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes, &mut text),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes, &mut text),
        [0xEF, 0xBB, 0xBF, rest @ ..] => eight_bit(rest, &mut text),
        _ => match order_of(octets) {
            Some(unit) => utf16(octets, unit, &mut text),
            None => eight_bit(octets, &mut text),
        },
    }
    text
}

/// How a unit of UTF-16 is read where no mark says so: most characters of such a file are of ASCII, one half of which is NUL.
fn order_of(octets: &[u8]) -> Option<fn([u8; 2]) -> u16> {
    let (units, _) = octets.get(..LOOKED_AT).unwrap_or(octets).as_chunks::<2>();
    let (mut little, mut big) = (0_usize, 0_usize);
    for unit in units {
        match unit {
            [1..=0xFF, 0] => little = little.saturating_add(1),
            [0, 1..=0xFF] => big = big.saturating_add(1),
            [0, 0] | [1..=0xFF, 1..=0xFF] => {}
        }
    }
    let half = units.len().div_ceil(2);
    if units.is_empty() {
        None
    } else if little >= half && little > big {
        Some(u16::from_le_bytes)
    } else if big >= half {
        Some(u16::from_be_bytes)
    } else {
        None
    }
}

fn eight_bit(octets: &[u8], text: &mut String) {
    match str::from_utf8(octets) {
        Ok(read) => text.push_str(read),
        Err(_) => text.extend(octets.iter().map(|octet| windows_1252(*octet))),
    }
}

fn utf16(octets: &[u8], unit: fn([u8; 2]) -> u16, text: &mut String) {
    let (units, odd) = octets.as_chunks::<2>();
    let characters = decode_utf16(units.iter().map(|pair| unit(*pair)));
    text.extend(characters.map(|character| character.unwrap_or(REPLACEMENT_CHARACTER)));
    // Half of a unit.
    if !odd.is_empty() {
        text.push(REPLACEMENT_CHARACTER);
    }
}

/// The character of an octet in Windows-1252. Where that has none, ISO 8859-1's control character stands in for it.
fn windows_1252(octet: u8) -> char {
    /// Those of 0x80 to 0x9F.
    const OTHER: [char; 32] = [
        '\u{20ac}', '\u{81}', '\u{201a}', '\u{192}', '\u{201e}', '\u{2026}', '\u{2020}', '\u{2021}', '\u{2c6}',
        '\u{2030}', '\u{160}', '\u{2039}', '\u{152}', '\u{8d}', '\u{17d}', '\u{8f}', '\u{90}', '\u{2018}',
        '\u{2019}', '\u{201c}', '\u{201d}', '\u{2022}', '\u{2013}', '\u{2014}', '\u{2dc}', '\u{2122}',
        '\u{161}', '\u{203a}', '\u{153}', '\u{9d}', '\u{17e}', '\u{178}',
    ];
    let other = octet.checked_sub(0x80).and_then(|index| OTHER.get(usize::from(index)));
    other.copied().unwrap_or_else(|| char::from(octet))
}

/// The lines: they end in CR, LF or both, and at a NUL, behind which the rest of a block may lie.
pub(super) fn lines(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let Some((line, after)) = text.find(['\r', '\n', '\0']).and_then(|at| text.split_at_checked(at)) else {
            rest = None;
            return Some(text);
        };
        let both = after.strip_prefix("\r\n");
        rest = both.or_else(|| after.get(1..));
        Some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn le(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_le_bytes).collect()
    }

    fn be(text: &str) -> Vec<u8> {
        text.encode_utf16().flat_map(u16::to_be_bytes).collect()
    }

    #[test]
    fn every_encoding_is_known_with_and_without_its_mark() {
        let text = "username:s:J\u{fc}rgen \u{1f5a5}\r\n";
        for octets in [
            [&[0xFF, 0xFE][..], &le(text)].concat(),
            le(text),
            [&[0xFE, 0xFF][..], &be(text)].concat(),
            be(text),
            [&[0xEF, 0xBB, 0xBF][..], text.as_bytes()].concat(),
            text.as_bytes().to_vec(),
        ] {
            assert_eq!(*decode(&octets), text, "{octets:02X?}");
        }
        let greek = "username:s:\u{391}\u{3b8}\u{3b7}\u{3bd}\u{3ac}\n";
        assert_eq!(*decode(&le(greek)), greek);
        assert_eq!(*decode(&be(greek)), greek);
        assert_eq!(*decode(&[]), "");
    }

    #[test]
    fn what_is_text_of_no_kind_is_replaced() {
        assert_eq!(*decode(b"c:s:M\xFCller \x80\x8d"), "c:s:M\u{fc}ller \u{20ac}\u{8d}", "Windows-1252");
        let lone = [le("a:s:b\nc"), vec![0, 0xD8], le("x")].concat();
        assert_eq!(*decode(&lone), "a:s:b\nc\u{fffd}x", "half of a pair");
        assert_eq!(*decode(&le("a:s:b\n")[..11]), "a:s:b\u{fffd}", "half of a unit");
        for octet in 0..=u8::MAX {
            assert_eq!(windows_1252(octet).is_ascii(), octet.is_ascii(), "{octet:#X}");
        }
    }

    #[test]
    fn lines_end_in_any_manner() {
        let all = |text: &'static str| lines(text).collect::<Vec<_>>();
        assert_eq!(all("a\r\nb\nc\rd\0e"), ["a", "b", "c", "d", "e"]);
        assert_eq!(all("a\r\n\r\n"), ["a", "", ""]);
        assert_eq!(all("\n\r"), ["", "", ""]);
        assert_eq!(all(""), [""]);
    }
}
