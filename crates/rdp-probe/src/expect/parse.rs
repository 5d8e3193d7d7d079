//! From text to expectations.
use std::fmt;
use std::ops::Range;

use rdp_probe_core::Stage;
use strsim::osa_distance;

use super::keys::{ExpectationKey, KEYS};
use super::value::{Test, Value, ValueKind};

/// One expectation.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// As it was written.
    pub(super) text: String,
    pub(super) key: &'static ExpectationKey,
    /// The stage, of a key for each of them.
    pub(super) stage: Option<Stage>,
    pub(super) test: Test,
    pub(super) value: Value,
}

impl PartialEq for Expectation {
    fn eq(&self, other: &Self) -> bool {
        (&self.text, self.key.name, self.stage, self.test, &self.value)
            == (&other.text, other.key.name, other.stage, other.test, &other.value)
    }
}

impl Eq for Expectation {}

/// A text that is no expectation, and where in it that shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExpectationError {
    text: String,
    at: Range<usize>,
    why: String,
}

/// What precedes in a name one key for each stage.
const FOR_STAGE: &str = ".STAGE";

impl fmt::Display for ExpectationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |range: Range<usize>| self.text.get(range).unwrap_or_default();
        let (before, after) = (part(0..self.at.start), part(self.at.end..self.text.len()));
        let marked = part(self.at.clone());
        write!(f, "{before}>>>{marked}<<<{after}: {}", self.why)
    }
}

impl std::error::Error for ExpectationError {}

/// Reads expectations with commas between them.
pub(super) fn all(text: &str) -> Result<Vec<Expectation>, ExpectationError> {
    let error = |at: Range<usize>, why: String| ExpectationError { text: text.to_owned(), at, why };
    let mut all = Vec::new();
    for piece in pieces(text) {
        let whole = text.get(piece.clone()).unwrap_or_default();
        let expectation = one(whole).map_err(|(within, why)| {
            let start = piece.start.saturating_add(within.start);
            error(start..piece.start.saturating_add(within.end), why)
        })?;
        all.push(expectation);
    }
    if all.is_empty() {
        return Err(error(0..text.len(), "nothing is expected; such as nla=required, tls>=1.2".into()));
    }
    Ok(all)
}

/// Where the expectations stand in the text, without the space around them.
fn pieces(text: &str) -> Vec<Range<usize>> {
    let (mut pieces, mut start, mut quoted) = (Vec::new(), 0, false);
    let ends = text.char_indices().map(|(at, character)| (at, Some(character))).chain([(text.len(), None)]);
    for (at, character) in ends {
        match character {
            Some('"') => quoted = !quoted,
            Some(',' | '\n') if !quoted => {}
            Some(_) => continue,
            None => {}
        }
        if character == Some('"') {
            continue;
        }
        let piece = text.get(start..at).unwrap_or_default();
        let before = piece.len().saturating_sub(piece.trim_start().len());
        let begins = start.saturating_add(before);
        if !piece.trim().is_empty() {
            pieces.push(begins..begins.saturating_add(piece.trim().len()));
        }
        start = at.saturating_add(1);
    }
    pieces
}

type Wrong = (Range<usize>, String);

fn one(text: &str) -> Result<Expectation, Wrong> {
    let is_sign = |c: char| matches!(c, '=' | '<' | '>' | '!');
    let begins = usize::from(text.starts_with('!'));
    let name_end = text
        .char_indices()
        .skip(begins)
        .find(|(_, character)| is_sign(*character))
        .map_or(text.len(), |(at, _)| at);
    let name = text.get(begins..name_end).unwrap_or_default().trim();
    let name_at = begins..begins.saturating_add(name.len());
    let (key, stage) = found(name).map_err(|why| (name_at.clone(), why))?;
    let expectation = |test, value| Expectation { text: text.to_owned(), key, stage, test, value };
    let rest = text.get(name_end..).unwrap_or_default();
    let Some((sign, test)) = Test::ALL.into_iter().find(|(sign, _)| rest.starts_with(sign)) else {
        // A name alone wants what it says to be so.
        let wanted = begins == 0;
        let Some(value) = key
            .kind
            .read(if wanted { "true" } else { "false" })
            .filter(|value| matches!(value, Value::Flag(_)))
        else {
            return Err((name_at, format!("{name} needs a value, such as {}", key.example)));
        };
        return Ok(expectation(Test::Is, value));
    };
    if begins == 1 {
        return Err((0..1, format!("! stands before a name alone; write {name}!=... instead")));
    }
    let sign_at = name_end..name_end.saturating_add(sign.len());
    if test.is_of_order() && !key.kind.has_order() {
        return Err((sign_at, format!("{name} has no order: = and != compare it")));
    }
    let behind = rest.get(sign.len()..).unwrap_or_default();
    let before = behind.len().saturating_sub(behind.trim_start().len());
    let typed = behind.trim();
    let start = sign_at.end.saturating_add(before);
    let value_at = start..start.saturating_add(typed.len());
    let quoted = typed.strip_prefix('"').map(|typed| typed.strip_suffix('"'));
    let Some(bare) = quoted.unwrap_or(Some(typed)) else {
        return Err((value_at, "a quotation mark is not closed".to_owned()));
    };
    let Some(value) = key.kind.read(bare) else {
        let words = key.kind.words();
        // Of numbers none is meant by another.
        let near = Some(bare).filter(|_| key.kind != ValueKind::Version);
        let near = near.and_then(|bare| nearest(bare, words.iter().copied()));
        let meant = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
        // A list that can be taken in at once.
        let which = if near.is_none() && (1..=9).contains(&words.len()) {
            format!(": {}", words.join(", "))
        } else {
            String::new()
        };
        return Err((value_at, format!("{name} wants {}{which}{meant}", key.kind.expected())));
    };
    Ok(expectation(test, value))
}

/// The key of that name, and its stage.
fn found(name: &str) -> Result<(&'static ExpectationKey, Option<Stage>), String> {
    if let Some(key) = KEYS.iter().find(|key| key.name.eq_ignore_ascii_case(name)) {
        return Ok((key, None));
    }
    for key in &KEYS {
        let Some(before) = key.name.strip_suffix(FOR_STAGE) else { continue };
        let Some(stage) = name.strip_prefix(before).and_then(|rest| rest.strip_prefix('.')) else { continue };
        if let Some(stage) = Stage::parse(stage) {
            return Ok((key, Some(stage)));
        }
    }
    if name.is_empty() {
        return Err("a name is missing".into());
    }
    let names = names();
    let near = nearest(name, names.iter().map(String::as_str));
    Err(near.map_or_else(
        || format!("there is no {name}; docs/expectations.md has all names"),
        |near| format!("there is no {name}; did you mean {near}?"),
    ))
}

/// All names, those for each stage by the stages' ids.
pub(super) fn names() -> Vec<String> {
    let of = |key: &ExpectationKey| match key.name.strip_suffix(FOR_STAGE) {
        Some(before) => Stage::ALL.iter().map(|stage| format!("{before}.{}", stage.id())).collect(),
        None => vec![key.name.to_owned()],
    };
    KEYS.iter().flat_map(of).collect()
}

/// The word that is nearest, where it is near.
fn nearest<'a>(typed: &str, words: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let typed = typed.to_ascii_lowercase();
    let near = words.map(|word| (osa_distance(&typed, word), word)).min_by_key(|(distance, _)| *distance);
    near.filter(|(distance, _)| distance.saturating_mul(3) <= typed.len().max(3)).map(|(_, word)| word)
}
