//! From what was asked to what is known of it.
use crate::catalogue;
use crate::codes::{Code, Family, lookup};
use crate::explain::explanation::{Explanation, Form, Meaning, Near, Reading, Shown, Slip};
use crate::explain::layer::{Layer, Shape};
use crate::explain::names;
use crate::explain::next::{self, Next};
use crate::explain::number::{Notation, Number};
use crate::explain::ranking;
use crate::explain::reports::{self, FieldReport};
use crate::placeholder::replace;
use crate::rule::{Candidate, Rule, RuleKind};

/// Explains what was asked, word by word, in that order. A word is a number, a name, or a pair with a slash; two numbers that
/// follow each other are a pair when the first is a disconnect reason and the second an extended code. A text of several words
/// in one piece is a name, or else a message whose numbers are taken. Total: what is unknown is explained as that.
#[must_use]
pub fn explain<S: AsRef<str>>(words: &[S]) -> Vec<Explanation> {
    let mut queries: Vec<Query<'_>> = Vec::new();
    for word in words {
        expand(word.as_ref(), &mut queries);
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
}

fn expand<'a>(word: &'a str, out: &mut Vec<Query<'a>>) {
    if let Some(number) = Number::parse(word) {
        out.push(Query::Number(word, number));
        return;
    }
    let meanings = names::find(word);
    let before = out.len();
    if meanings.is_empty() {
        pieces(word, out);
    }
    if out.len() == before {
        out.push(Query::Name(word, meanings));
    }
}

/// What a text that is no name holds: numbers, or a message with some in hexadecimal.
fn pieces<'a>(text: &'a str, out: &mut Vec<Query<'a>>) {
    let words: Vec<&str> = text.split_whitespace().collect();
    let numbers = words.iter().all(|word| Number::parse(word).is_some());
    for word in &words {
        if word.contains('/') {
            halves(word, out);
        } else if let Some(number) = Number::parse(word)
            && (numbers || number.notation == Notation::Hexadecimal)
        {
            out.push(Query::Number(word, number));
        }
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

/// A disconnect reason, and an extended code that is no disconnect reason unless it is published as extended too.
fn is_pair(code: Number, extended: Number) -> bool {
    let published = extended
        .value
        .is_some_and(|extended| lookup(Family::MstscExt, extended).is_some() || disconnect(extended).is_none());
    published && is_pair_with_slash(code, extended)
}

/// A disconnect reason, and an extended code: a published one, or a Set Error Info, which a client shows as it is.
fn is_pair_with_slash(code: Number, extended: Number) -> bool {
    let (Some(code), Some(extended)) = (code.value, extended.value) else { return false };
    let second = lookup(Family::MstscExt, extended).or_else(|| lookup(Family::SetErrorInfo, extended));
    disconnect(code).is_some() && second.is_some()
}

fn disconnect(code: u32) -> Option<&'static Code> {
    lookup(Family::MstscDisc, code).or_else(|| lookup(Family::MstscGateway, code))
}

fn pair(query: &str, code: Number, extended: Number) -> Explanation {
    let mut all = Explanation::blank(query, Form::Pair);
    (all.code, all.extended) = (code.value, extended.value);
    let first = all.code.and_then(disconnect).map(|row| Meaning { row, reading: Reading::Number });
    let half = |family, reading| {
        let row = extended.value.and_then(|extended| lookup(family, extended))?;
        Some(Meaning { row, reading })
    };
    let second = half(Family::MstscExt, Reading::Extended);
    // ERRINFO_NONE says nothing, and is not sent.
    let sent = half(Family::SetErrorInfo, Reading::ErrorInfo).filter(|_| all.extended != Some(0));
    all.meanings = first.into_iter().chain(second).chain(sent).collect();
    complete(&mut all);
    all
}

fn single(text: &str, number: Number) -> Explanation {
    let mut all = Explanation::blank(text, ranking::form(number.notation));
    all.code = number.value;
    if let Some(value) = number.value {
        all.meanings = ranking::meanings(value, number.notation);
        all.near = ranking::near(value, number.notation, all.meanings.first());
    }
    complete(&mut all);
    all
}

fn name(text: &str, meanings: Vec<Meaning>) -> Explanation {
    let mut all = Explanation::blank(text, Form::Name);
    all.meanings = meanings;
    all.meanings.sort_by_key(|meaning| {
        let whole = names::is_whole(meaning.row, text);
        (meaning.reading != Reading::Name, !whole, ranking::place(&Family::ALL, meaning.row.family))
    });
    if all.meanings.is_empty() {
        all.near = names::near(text).into_iter().map(|row| Near { slip: Slip::Spelling, row }).collect();
    }
    complete(&mut all);
    all
}

const fn is_shown(family: Family) -> bool {
    matches!(family, Family::MstscDisc | Family::MstscGateway)
}

/// What follows from the meanings.
fn complete(all: &mut Explanation) {
    let first = all.meanings.first().map(|meaning| meaning.row);
    let code = first.and_then(|row| row.code).or(all.code);
    if first.is_none_or(|row| is_shown(row.family)) {
        all.layer = code.and_then(Layer::of);
    }
    if first.is_none() {
        all.shape = code.and_then(Shape::of);
    }
    all.reports = reports_of(all);
    all.shown = shown(all);
    for row in all.meanings.iter().map(|meaning| meaning.row) {
        // A pair is one question: both halves have a say. Of the families of a number the likeliest is meant.
        if first == Some(row) || all.form == Form::Pair {
            let more =
                next::of(row).into_iter().filter(|next| !all.next.iter().any(|n| n.command == next.command));
            let more: Vec<&'static Next> = more.collect();
            all.next.extend(more);
        }
    }
    if all.next.is_empty() {
        all.next.push(next::UNKNOWN);
    }
}

fn reports_of(all: &Explanation) -> Vec<&'static FieldReport> {
    let rows = all.meanings.iter().map(|meaning| meaning.row);
    let mut keys: Vec<(Family, u32)> = rows.filter_map(|row| Some((row.family, row.code?))).collect();
    if keys.is_empty() {
        // A number that many pages name, and that is none: there are reports of it all the same.
        keys.extend(all.code.map(|code| (Family::MstscDisc, code)));
    }
    let mut reports: Vec<&'static FieldReport> = Vec::new();
    for (family, code) in keys {
        reports.extend(reports::of(family, code));
    }
    if all.form == Form::Pair {
        reports.retain(|report| report.extended.is_none() || report.extended == all.extended);
    }
    reports
}

/// The likeliest meaning, looked for among the candidates of the catalogue.
fn shown(all: &Explanation) -> Vec<Shown> {
    let Some(Code { family, code: Some(code), .. }) = all.meanings.first().map(|meaning| meaning.row) else {
        return Vec::new();
    };
    let fits = |candidate: &Candidate| {
        if is_shown(*family) {
            let extended = candidate.extended.is_none() || candidate.extended == all.extended;
            candidate.code == Some(*code) && (extended || all.form != Form::Pair)
        } else if *family == Family::MstscExt {
            *code != 0 && candidate.extended == Some(*code)
        } else {
            matches!(family, Family::Sspi | Family::Hresult) && candidate.status == Some(*code)
        }
    };
    let mut found: Vec<Shown> = Vec::new();
    for rule in catalogue::all() {
        let candidates = rule.candidates.iter().filter(|candidate| fits(candidate));
        found.extend(candidates.map(|candidate| Shown { rule, candidate: *candidate }));
    }
    // What explains a failure goes before what is only worth knowing.
    found.sort_by_key(|shown| {
        let Shown { rule, candidate } = shown;
        (candidate.likelihood, candidate.basis, rule.kind != RuleKind::Cause, rule.rank, rule.id)
    });
    found
}

/// The cause of a rule without a run behind it: what it would fill in is told in general, or left open.
#[must_use]
pub fn cause_in_general(rule: &Rule) -> String {
    replace(rule.cause, |placeholder| Some(placeholder.in_general()), || true)
}
