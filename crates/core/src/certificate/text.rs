//! Values as text, of bounded length.
use x509_parser::asn1_rs::Oid;

/// Texts longer than this are cut: no name is, and a peer may send any length.
pub(super) const MAX_TEXT: usize = 512;

/// An object identifier in digits and dots.
pub(super) fn number(oid: &Oid<'_>) -> String {
    let digits = oid.to_id_string();
    if digits.is_empty() { "unknown".to_owned() } else { text(&digits) }
}

/// A text of bounded length.
pub(super) fn text(whole: &str) -> String {
    if whole.len() <= MAX_TEXT {
        return whole.to_owned();
    }
    match whole.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}...", whole.get(..end).unwrap_or_default()),
        None => whole.to_owned(),
    }
}

pub(super) fn hex(octets: &[u8]) -> String {
    octets.iter().flat_map(|octet| digits(*octet)).collect()
}

/// A serial number as `0a:1b`.
pub(super) fn serial(octets: &[u8]) -> String {
    let mut out = String::new();
    // More could not be kept.
    for octet in octets.iter().take(MAX_TEXT) {
        if !out.is_empty() {
            out.push(':');
        }
        out.extend(digits(*octet));
    }
    text(&out)
}

fn digits(octet: u8) -> [char; 2] {
    [octet >> 4, octet & 0x0f].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0'))
}
