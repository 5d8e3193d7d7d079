//! What was given, as messages repeat it: no more of it than helps to find it.
use std::ffi::OsStr;

/// The most of it, in characters.
const MOST: usize = 200;
/// What stands for the rest.
const REST: &str = "...";

/// As it is; a name of a file as far as it is text.
pub(crate) fn short(given: impl AsRef<OsStr>) -> String {
    let text = given.as_ref().to_string_lossy();
    if text.chars().count() <= MOST {
        return text.into_owned();
    }
    text.chars().take(MOST - REST.len()).chain(REST.chars()).collect()
}

/// In quotation marks.
pub(crate) fn quoted(given: impl AsRef<OsStr>) -> String {
    format!("{:?}", short(given))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_is_cut_at_200_characters_however_many_octets_they_have() {
        assert_eq!(quoted("srv1"), "\"srv1\"");
        assert_eq!(short("\u{e4}".repeat(MOST)), "\u{e4}".repeat(MOST));
        let cut = short("\u{e4}".repeat(MOST + 1));
        assert_eq!((cut.chars().count(), cut.ends_with("\u{e4}...")), (MOST, true));
    }
}
