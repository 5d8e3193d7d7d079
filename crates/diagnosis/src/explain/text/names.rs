//! The names and phrases that a text is searched for.
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use super::flat::Flat;
use crate::codes::{self, Code, Family};
use crate::explain::names::{base, spellings};
use crate::known_phrases::{KnownPhrase, known_phrases};

/// A name or a phrase, and where it stands.
#[derive(Clone, Copy, Debug)]
pub(super) struct Hit {
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) what: Word,
}

/// What the search finds.
#[derive(Clone, Copy, Debug)]
pub(super) enum Word {
    /// A name of the table, or another project's spelling of one.
    Name,
    Phrase(&'static KnownPhrase),
}

struct Words {
    /// `None` where the tables have too many names for a search, which a test excludes.
    search: Option<AhoCorasick>,
    /// By the pattern's number.
    words: Vec<Pattern>,
}

struct Pattern {
    what: Word,
    /// What has to follow, where a part of a phrase is left open.
    rest: &'static str,
    /// The letters as they have to be, where they would be an ordinary word otherwise.
    exact: Option<String>,
}

/// As many octets at most may stand for what a phrase leaves open.
const OPEN: usize = 200;

/// What stands for it.
const ANYTHING: char = '*';

static WORDS: LazyLock<Words> = LazyLock::new(|| {
    let mut patterns: Vec<(String, Pattern)> = Vec::new();
    for name in codes::all().iter().flat_map(names) {
        let exact = (!name.contains('_')).then(|| name.clone());
        patterns.push((name.to_ascii_lowercase(), Pattern { what: Word::Name, rest: "", exact }));
    }
    for phrase in known_phrases() {
        let (first, rest) = phrase.text.split_once(ANYTHING).unwrap_or((phrase.text, ""));
        let pattern = Pattern { what: Word::Phrase(phrase), rest: rest.trim(), exact: None };
        patterns.push((first.trim().to_ascii_lowercase(), pattern));
    }
    let (texts, words): (Vec<String>, Vec<Pattern>) = patterns.into_iter().unzip();
    let search = AhoCorasick::builder()
        .kind(Some(AhoCorasickKind::ContiguousNFA))
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .build(texts);
    Words { search: search.ok(), words }
});

/// The names of a row that are nothing else, wherever they stand: those with an underscore in capitals, and what else is particular to its
/// family.
fn names(row: &'static Code) -> Vec<String> {
    let base = base(row.name);
    let mut all = Vec::new();
    if let Some(rest) = base.strip_prefix("FREERDP_ERROR_CONNECT/") {
        all.extend(["ERRCONNECT_", "FREERDP_ERROR_"].map(|prefix| format!("{prefix}{rest}")));
    } else if is_particular(base, row.family) {
        all.push(base.to_owned());
    }
    all.extend(spellings(row).filter(|name| is_particular(name, row.family)).map(str::to_owned));
    all
}

fn is_particular(name: &str, family: Family) -> bool {
    let is_word = name.bytes().all(|octet| octet.is_ascii_alphanumeric() || octet == b'_');
    let in_capitals = name.bytes().all(|octet| !octet.is_ascii_lowercase());
    let camel = ["disconnectReason", "exDiscReason"]
        .iter()
        .any(|prefix| name.len() > prefix.len() && name.starts_with(prefix));
    let of_system = in_capitals && matches!(family, Family::Errno | Family::Win32 | Family::Aadsts);
    is_word
        && name.len() > 4
        && (camel || (in_capitals && name.contains('_')) || (of_system && !name.contains('_')))
}

/// The names and phrases of a text, in their order; of those that lie in one another the longest.
pub(super) fn hits(flat: &Flat) -> Vec<Hit> {
    let Some(search) = &WORDS.search else { return Vec::new() };
    let mut all: Vec<Hit> = Vec::new();
    for found in search.find_overlapping_iter(&flat.text) {
        let Some(pattern) = WORDS.words.get(found.pattern().as_usize()) else { continue };
        let (start, end) = (found.start(), found.end());
        let begins = !flat.before(start).is_some_and(is_of_word);
        let is_exact = pattern.exact.as_ref().is_none_or(|exact| exact.as_bytes() == flat.get(start, end));
        let end = followed(flat, end, pattern.rest).filter(|end| !flat.at(*end).is_some_and(is_of_word));
        let Some(end) = end.filter(|_| begins && is_exact) else { continue };
        all.push(Hit { start, end, what: pattern.what });
    }
    all.sort_by_key(|hit| (hit.start, std::cmp::Reverse(hit.end)));
    let mut over = 0;
    all.retain(|hit| {
        let inside = hit.end <= over;
        over = over.max(hit.end);
        !inside
    });
    all
}

pub(super) const fn is_of_word(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet == b'_'
}

/// Where `rest` ends, which follows soon; `end` itself where nothing has to.
fn followed(flat: &Flat, end: usize, rest: &str) -> Option<usize> {
    if rest.is_empty() {
        return Some(end);
    }
    // Several lines of a log may begin alike, and what a line of a dialog leaves open does not go on in the next one.
    let most = end.saturating_add(OPEN).min(flat.line_end(end)).saturating_add(rest.len()).min(flat.text.len());
    let window = flat.get(end, most);
    let at = window.windows(rest.len()).position(|part| part.eq_ignore_ascii_case(rest.as_bytes()))?;
    Some(end.saturating_add(at).saturating_add(rest.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_and_phrase_is_found_as_it_is_written() {
        assert!(WORDS.search.is_some());
        let all = codes::all().iter().flat_map(names);
        for text in all.chain(known_phrases().iter().map(|phrase| phrase.text.replace(ANYTHING, "x"))) {
            let flat = Flat::of(format!("({text})").as_bytes(), 1);
            let hits = hits(&flat);
            assert!(hits.iter().any(|hit| hit.start <= 1 && hit.end > text.len()), "{text}: {hits:?}");
        }
    }

    #[test]
    fn a_part_of_a_word_is_no_name() {
        let found = |text: &str| hits(&Flat::of(text.as_bytes(), 1)).len();
        assert_eq!(found("STATUS_LOGON_FAILURE"), 1);
        assert_eq!(found("NT_STATUS_LOGON_FAILURES"), 0);
        assert_eq!(found("status_logon_failure;"), 1);
        assert_eq!((found("ECONNRESET"), found("econnreset")), (1, 0));
    }
}
