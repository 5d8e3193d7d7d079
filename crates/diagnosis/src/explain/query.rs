//! From what was asked to what is known of it.
use crate::explain::answer::{exit, name, pair, single};
use crate::explain::explanation::{Explanation, Meaning};
use crate::explain::names;
use crate::explain::number::{Notation, Number};
use crate::explain::own::OwnWord;
use crate::explain::pairs::{is_pair, is_pair_with_slash};
use crate::explain::text::explain_text;
use crate::placeholder::replace;
use crate::rule::Rule;

/// Explains what was asked, word by word, in that order. A word is a number, a name, or a pair with a slash; two numbers that
/// follow each other are a pair when the first is a disconnect reason and the second an extended code. A text of several words
/// in one piece is a name, or else a message, of which everything is taken that [`explain_text`] finds. Total: what is unknown is explained as
/// that.
#[must_use]
pub fn explain<S: AsRef<str>>(words: &[S]) -> Vec<Explanation> {
    let mut queries: Vec<Query<'_>> = Vec::new();
    let words: Vec<&str> = words.iter().map(AsRef::as_ref).collect();
    let mut words = words.as_slice();
    while let Some((first, after)) = words.split_first() {
        words = after;
        // Two words are one exit code: exit 30.
        let exit = after.first().filter(|_| first.eq_ignore_ascii_case("exit"));
        if let Some((code, own)) = exit.and_then(|code| Some((*code, OwnWord::exit(&format!("exit {code}"))?)))
        {
            queries.push(Query::Exit(format!("{first} {code}"), own));
            words = after.get(1..).unwrap_or_default();
        } else {
            expand(first, &mut queries);
        }
    }
    let mut out = Vec::new();
    let mut rest = queries.as_slice();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        match (first, after.split_first()) {
            (Query::Number(code, a), Some((Query::Number(extended, b), after))) if is_pair(*a, *b) => {
                out.push(pair(&format!("{} {}", code.trim(), extended.trim()), *a, *b));
                rest = after;
            }
            (Query::Number(text, number), _) => out.push(single(text, *number)),
            (Query::Slash(text, a, b), _) => out.push(pair(text, *a, *b)),
            (Query::Name(text, meanings), _) => out.push(name(text, meanings.clone())),
            (Query::Exit(text, own), _) => out.push(exit(text, *own)),
            (Query::Text(all), _) => out.extend(all.iter().cloned()),
        }
    }
    out
}

/// Explains an error code and an extended one, as a Windows client shows them, whether they are known or not.
#[must_use]
pub fn explain_pair(code: u32, extended: u32) -> Explanation {
    let number = |value| Number { notation: Notation::Hexadecimal, value: Some(value) };
    pair(&format!("0x{code:X}/0x{extended:X}"), number(code), number(extended))
}

enum Query<'a> {
    Number(&'a str, Number),
    Slash(&'a str, Number, Number),
    Name(&'a str, Vec<Meaning>),
    Text(Vec<Explanation>),
    Exit(String, OwnWord),
}

fn expand<'a>(word: &'a str, out: &mut Vec<Query<'a>>) {
    if let Some(number) = Number::parse(word) {
        out.push(Query::Number(word, number));
        return;
    }
    if let Some(own) = OwnWord::exit(word) {
        out.push(Query::Exit(word.trim().to_owned(), own));
        return;
    }
    let meanings = names::find(word);
    let before = out.len();
    if meanings.is_empty() && OwnWord::find(word).is_none() {
        pieces(word, out);
    }
    if out.len() == before {
        out.push(Query::Name(word, meanings));
    }
}

/// What a text that is no name holds: numbers alone, or a message.
fn pieces<'a>(text: &'a str, out: &mut Vec<Query<'a>>) {
    let words = || text.split_whitespace();
    let is_number = |word: &str| Number::parse(word).is_some();
    if words().all(|word| word.split('/').all(is_number)) {
        for word in words() {
            match Number::parse(word) {
                Some(number) => out.push(Query::Number(word, number)),
                None => halves(word, out),
            }
        }
        return;
    }
    let all = explain_text(text);
    if !all.is_empty() {
        out.push(Query::Text(all));
    } else if words().nth(1).is_none() {
        halves(text, out);
    }
}

/// A pair with a slash; otherwise what stands between slashes, if any of it is a number.
fn halves<'a>(word: &'a str, out: &mut Vec<Query<'a>>) {
    let parts: Vec<(&str, Option<Number>)> =
        word.split('/').filter(|part| !part.is_empty()).map(|part| (part, Number::parse(part))).collect();
    match parts.as_slice() {
        [(_, Some(a)), (_, Some(b))] if is_pair_with_slash(*a, *b) => out.push(Query::Slash(word, *a, *b)),
        parts if parts.iter().any(|(_, number)| number.is_some()) => {
            out.extend(parts.iter().map(|(part, number)| match number {
                Some(number) => Query::Number(part, *number),
                None => Query::Name(part, names::find(part)),
            }));
        }
        _ => {}
    }
}

/// The cause of a rule without a run behind it: what it would fill in is told in general, or left open.
#[must_use]
pub fn cause_in_general(rule: &Rule) -> String {
    in_general(rule.cause)
}

/// A text of a rule without a run behind it.
#[must_use]
pub fn in_general(text: &str) -> String {
    replace(text, |placeholder| Some(placeholder.in_general()), || true)
}
