//! The one table of phrases: texts as clients, libraries and logs print them, and the row of the table of codes that each stands for.
use std::cmp::Reverse;
use std::sync::LazyLock;

use crate::codes::{self, Code, Family, lookup};
use crate::rule::Basis;

const TABLE: &str = include_str!("../data/phrases.tsv");

/// A text that a client, a library or a log prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnownPhrase {
    /// The text as it is printed, in English, without a full stop at its end. At most one `*` stands for a part that varies, such as a host
    /// name, and that may be empty. Case, runs of white space, and the kind of quotes make no difference.
    pub text: &'static str,
    /// The row that it stands for.
    pub row: &'static Code,
    /// How that is known.
    pub basis: Basis,
    /// Where from.
    pub source: &'static str,
}

/// All phrases, the longest first: where one holds another, the longer one is meant. Read on first use.
#[must_use]
pub fn known_phrases() -> &'static [KnownPhrase] {
    static ROWS: LazyLock<Vec<KnownPhrase>> = LazyLock::new(|| {
        let mut all: Vec<KnownPhrase> = TABLE.lines().skip(1).filter_map(phrase).collect();
        all.sort_by_key(|phrase| Reverse(weight(phrase.text)));
        all
    });
    &ROWS
}

/// How much of a text is said by the phrase itself: what `*` stands for does not count.
fn weight(text: &str) -> usize {
    text.bytes().filter(|byte| *byte != b'*').count()
}

fn phrase(line: &'static str) -> Option<KnownPhrase> {
    let mut columns = line.split('\t');
    let text = columns.next()?;
    let family = Family::parse(columns.next()?)?;
    let key = columns.next()?;
    let row = match key.strip_prefix("0x") {
        Some(hex) => lookup(family, u32::from_str_radix(hex, 16).ok()?)?,
        None => codes::all().iter().find(|row| row.family == family && row.name == key)?,
    };
    let basis = match columns.next()? {
        "documented" => Basis::Documented,
        "reported" => Basis::Reported,
        "inferred" => Basis::Inferred,
        _ => return None,
    };
    Some(KnownPhrase { text, row, basis, source: columns.next()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As a reader compares: what makes no difference is made alike.
    fn plain(text: &str) -> String {
        text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
    }

    /// The parts before and behind the `*`.
    fn parts(text: &str) -> Vec<String> {
        text.split('*').map(plain).filter(|part| !part.is_empty()).collect()
    }

    #[test]
    fn every_line_of_phrases_is_read_and_every_row_exists() {
        assert_eq!(known_phrases().len(), TABLE.lines().count() - 1);
        for line in TABLE.lines().skip(1) {
            assert_eq!(line.split('\t').count(), 5, "{line}");
            assert!(phrase(line).is_some(), "{line}");
        }
        assert!(known_phrases().len() > 300);
    }

    #[test]
    fn no_phrase_stands_twice() {
        let mut all: Vec<String> = known_phrases().iter().map(|phrase| plain(phrase.text)).collect();
        all.sort();
        for pair in all.windows(2) {
            assert_ne!(pair[0], pair[1]);
        }
    }

    #[test]
    fn no_phrase_is_so_short_that_prose_may_have_it() {
        // Words of the system that nobody uses otherwise.
        const TWO_WORDS: [&str; 3] = ["Broken pipe", "Connection refused", "Preauthentication failed"];
        for phrase in known_phrases() {
            let words = phrase.text.replace('*', " ").split([' ', ':']).filter(|word| !word.is_empty()).count();
            assert!(words >= 3 || TWO_WORDS.contains(&phrase.text), "{phrase:?}");
            assert!(weight(phrase.text) >= 10, "{phrase:?}");
        }
        for text in TWO_WORDS {
            assert!(known_phrases().iter().any(|phrase| phrase.text == text), "{text}");
        }
    }

    #[test]
    fn every_phrase_is_written_as_the_reader_needs_it() {
        for phrase in known_phrases() {
            let text = phrase.text;
            assert!(!text.ends_with('.') && text.trim() == text && !text.contains("  "), "{phrase:?}");
            assert!(text.is_ascii(), "quotes are straight: {phrase:?}");
            assert!(text.matches('*').count() <= 1, "{phrase:?}");
            assert!(!text.starts_with('*') && !text.ends_with('*'), "{phrase:?}");
            assert!(!phrase.source.is_empty() && phrase.source != "-", "{phrase:?}");
        }
    }

    #[test]
    fn of_phrases_that_hold_each_other_the_longer_goes_first() {
        let mut held = 0;
        for (index, shorter) in known_phrases().iter().enumerate() {
            for (other, longer) in known_phrases().iter().enumerate().filter(|(other, _)| *other != index) {
                let text = plain(longer.text);
                let mut rest = text.as_str();
                let holds = parts(shorter.text).iter().all(|part| {
                    let found = rest.find(part.as_str()).map(|at| &rest[at + part.len()..]);
                    rest = found.unwrap_or("");
                    found.is_some()
                });
                if holds && shorter.row != longer.row {
                    assert!(other < index, "{longer:?} holds {shorter:?}");
                    held += 1;
                }
            }
        }
        assert!(held > 5, "{held}");
    }

    #[test]
    fn every_row_without_a_number_of_the_family_of_phrases_has_one() {
        for row in codes::all().iter().filter(|row| row.family == Family::Phrase) {
            assert!(known_phrases().iter().any(|phrase| phrase.row == row), "{row:?}");
            assert!(row.is_label() && row.code.is_none(), "{row:?}");
        }
    }

    #[test]
    fn texts_that_people_paste_stand_for_the_row_that_they_ask_about() {
        let cases = [
            ("Connection reset by peer", "ECONNRESET"),
            ("The Local Security Authority cannot be contacted", "SEC_E_INTERNAL_ERROR"),
            ("The function requested is not supported", "SEC_E_UNSUPPORTED_FUNCTION"),
            ("The remote computer requires Network Level Authentication", "(NLA required)"),
            ("encryption oracle remediation", "(encryption oracle remediation)"),
            ("Clock skew too great", "KRB5KRB_AP_ERR_SKEW"),
            ("tlsv1 alert protocol version", "tlsv1 alert protocol version"),
        ];
        for (text, name) in cases {
            let phrase = known_phrases().iter().find(|phrase| phrase.text == text);
            assert_eq!(phrase.map(|phrase| phrase.row.name), Some(name), "{text}");
        }
    }
}
