//! Octets, masks and codes, as scenarios spell them.
use rdp_probe_core::Host;
use rdp_probe_core::wire::nego::Protocols;
use serde::de::Error as _;
use serde::{Deserialize as _, Deserializer};

/// Pairs of hexadecimal digits, with white space between as one likes.
pub(super) fn octets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    hex(&String::deserialize(deserializer)?).map_err(D::Error::custom)
}

/// Such octets where there are some.
pub(super) fn maybe_octets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Vec<u8>>, D::Error> {
    octets(deserializer).map(Some)
}

/// A mask in hexadecimal.
pub(super) fn mask<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Protocols>, D::Error> {
    let text = String::deserialize(deserializer)?;
    match number(&text) {
        Some(value) => Ok(Some(Protocols(value))),
        None => Err(D::Error::custom(format_args!("a mask is like 0x0B, not {text:?}"))),
    }
}

/// A code in hexadecimal.
pub(super) fn code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    let text = String::deserialize(deserializer)?;
    number(&text).ok_or_else(|| D::Error::custom(format_args!("a code is like 0x112F, not {text:?}")))
}

/// A code where there is one.
pub(super) fn maybe_code<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u32>, D::Error> {
    code(deserializer).map(Some)
}

/// A name or an address.
pub(super) fn host<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Host, D::Error> {
    let text = String::deserialize(deserializer)?;
    Host::parse(&text).map_err(D::Error::custom)
}

fn number(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

fn hex(text: &str) -> Result<Vec<u8>, String> {
    let mut octets = Vec::new();
    for word in text.split_ascii_whitespace() {
        let wrong = || format!("octets are pairs of hexadecimal digits, not {word:?}");
        if !word.len().is_multiple_of(2) || !word.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut rest = word;
        while let Some((pair, after)) = rest.split_at_checked(2) {
            octets.push(u8::from_str_radix(pair, 16).map_err(|_| wrong())?);
            rest = after;
        }
    }
    if octets.is_empty() { Err("no octets".to_owned()) } else { Ok(octets) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn octets_may_be_grouped_as_one_likes() {
        assert_eq!(hex("03 00\n  0013\t0eD0").unwrap(), [3, 0, 0, 0x13, 0x0E, 0xD0]);
        for wrong in ["", "  ", "3", "03 0", "0g", "+1", "é0"] {
            assert!(hex(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn numbers_are_hexadecimal_and_say_so() {
        assert_eq!((number("0x0B"), number("0x112F")), (Some(11), Some(0x112F)));
        for wrong in ["", "7", "0x", "0xg", "0X1", "0x100000000"] {
            assert_eq!(number(wrong), None, "{wrong:?}");
        }
    }
}
