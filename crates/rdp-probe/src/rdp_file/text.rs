//! From a file's octets to text.
use std::borrow::Cow;
use std::char::decode_utf16;

/// The text, without a byte order mark. UTF-16 without one is known by its NULs: a name begins with a letter of ASCII.
///
/// # Errors
/// The line, from 1, that is text of neither kind.
pub(super) fn decode(octets: &[u8]) -> Result<Cow<'_, str>, usize> {
    let text = match octets {
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes).map(Cow::Owned),
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes).map(Cow::Owned),
        [1..=0xFF, 0, ..] => utf16(octets, u16::from_le_bytes).map(Cow::Owned),
        [0, 1..=0xFF, ..] => utf16(octets, u16::from_be_bytes).map(Cow::Owned),
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest).map(Cow::Borrowed),
        _ => utf8(octets).map(Cow::Borrowed),
    }?;
    // No setting has a NUL; the rest of a block after the last line may.
    let end = text.trim_end_matches('\0').len();
    match text.find('\0').filter(|at| *at < end) {
        Some(at) => Err(line_of(text.as_bytes().iter().take(at).copied())),
        None if end == text.len() => Ok(text),
        None => Ok(Cow::Owned(text.trim_end_matches('\0').to_owned())),
    }
}

fn utf8(octets: &[u8]) -> Result<&str, usize> {
    str::from_utf8(octets).map_err(|error| line_of(octets.iter().take(error.valid_up_to()).copied()))
}

fn utf16(octets: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, usize> {
    let (units, odd) = octets.as_chunks::<2>();
    let mut text = String::with_capacity(units.len());
    for character in decode_utf16(units.iter().map(|pair| unit(*pair))) {
        text.push(character.map_err(|_| line_of(text.bytes()))?);
    }
    if odd.is_empty() { Ok(text) } else { Err(line_of(text.bytes())) }
}

/// The number of the line that follows these octets.
fn line_of(before: impl Iterator<Item = u8>) -> usize {
    before.filter(|octet| *octet == b'\n').count().saturating_add(1)
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
            [text.as_bytes(), &[0, 0]].concat(),
        ] {
            assert_eq!(decode(&octets).as_deref(), Ok(text), "{octets:02X?}");
        }
        assert_eq!(decode(&[]).as_deref(), Ok(""));
    }

    #[test]
    fn line_that_is_no_text_is_numbered() {
        assert_eq!(decode(b"a:s:b\r\nc:s:\xFC\r\n"), Err(2), "Windows-1252");
        assert_eq!(decode(b"a:s:b\nc:s:d\ne\0:s:f"), Err(3), "a NUL inside");
        let lone = [le("a:s:b\nc"), vec![0, 0xD8], le("x")].concat();
        assert_eq!(decode(&lone), Err(2), "half of a pair");
        assert_eq!(decode(&le("a:s:b\n")[..11]), Err(1), "half of a unit");
    }
}
