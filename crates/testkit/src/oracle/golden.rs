//! Golden octets, for the tests of the properties.

/// The octets of a file in `tests/golden`: in hexadecimal, `#` starts a comment.
pub(crate) fn golden(name: &str) -> Vec<u8> {
    let path = format!("{}/../../tests/golden/{name}.hex", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    let octets = text.lines().filter_map(|line| line.split('#').next()).flat_map(str::split_whitespace);
    octets.map(|octet| u8::from_str_radix(octet, 16).unwrap()).collect()
}
