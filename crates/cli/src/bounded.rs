//! Texts of others, as far as they are read.
use std::io::{self, Read};

/// Why a text is not taken.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("cannot be read: {0}")]
    Read(#[from] io::Error),
    /// More than so many octets.
    #[error("larger than {} MiB; divide it", .0 >> 20)]
    Larger(u64),
    /// Where it ceases to be one.
    #[error("octet {0} is not UTF-8")]
    NoText(usize),
}

/// The whole of a text that is no larger than so many octets.
///
/// # Errors
/// Why it is not taken.
pub(crate) fn text(source: impl Read, most: u64) -> Result<String, Fault> {
    let mut octets = Vec::new();
    source.take(most.saturating_add(1)).read_to_end(&mut octets)?;
    if u64::try_from(octets.len()).is_ok_and(|length| length > most) {
        return Err(Fault::Larger(most));
    }
    String::from_utf8(octets).map_err(|error| Fault::NoText(error.utf8_error().valid_up_to()))
}
