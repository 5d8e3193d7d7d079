//! Texts of others, as far as they are read.
use std::io::Read;

/// The whole of a text that is no larger than so many octets.
///
/// # Errors
/// Why it cannot be read.
pub(crate) fn text(source: impl Read, most: u64) -> Result<String, String> {
    let mut octets = Vec::new();
    source
        .take(most.saturating_add(1))
        .read_to_end(&mut octets)
        .map_err(|error| format!("cannot be read: {error}"))?;
    if u64::try_from(octets.len()).is_ok_and(|length| length > most) {
        return Err(format!("larger than {} MiB; divide it", most >> 20));
    }
    String::from_utf8(octets)
        .map_err(|error| format!("octet {} is not UTF-8", error.utf8_error().valid_up_to()))
}
