//! What a code means: every family that has it, likeliest first, what is reported of it, and what to do next.
//!
//! ```
//! use rdp_probe_diagnosis::explain;
//!
//! let [pair] = explain(&["0x904/0x7"]).try_into().unwrap();
//! assert!(pair.is_known());
//! assert_eq!(pair.meanings.first().unwrap().row.name, "disconnectReasonAtClientWinsockFDCLOSE");
//!
//! let [unknown] = explain(&["0x516"]).try_into().unwrap();
//! assert!(!unknown.is_known());
//! assert_eq!(unknown.near.first().unwrap().row.code, Some(0x204));
//! ```
mod layer;
mod names;
mod next;
mod number;
mod ranking;
mod reports;

use rdp_probe_core::Stage;

use crate::catalogue;
use crate::codes::{Code, Family, lookup};
use crate::rule::{Candidate, Rule, RuleKind};

use number::{Notation, Number};

pub use layer::{Layer, Shape};
pub use next::{Next, all_next};
pub use reports::{FieldReport, field_reports};

/// What is known of one code, or of one pair of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Explanation {
    /// What was asked, as it was written.
    pub query: String,
    /// How it was written.
    pub form: Form,
    /// The number; of a pair the error code. `None` for names, and for numbers of more than 32 bits.
    pub code: Option<u32>,
    /// The extended code of a pair.
    pub extended: Option<u32>,
    /// Every row that it may be, likeliest first; empty when it is unknown.
    pub meanings: Vec<Meaning>,
    /// The layer of a Windows client that the number belongs to, when it is a disconnect reason or nothing at all.
    pub layer: Option<Layer>,
    /// What the number looks like, when it is unknown.
    pub shape: Option<Shape>,
    /// What people and vendors have reported.
    pub reports: Vec<&'static FieldReport>,
    /// When a Windows client shows this, as the catalogue has it: likeliest first.
    pub shown: Vec<Shown>,
    /// What to do next with this tool, for the likeliest meaning.
    pub next: Vec<&'static Next>,
    /// What may have been meant.
    pub near: Vec<Near>,
}

/// How a query was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// An error code and an extended one.
    Pair,
    /// A number in hexadecimal.
    Hexadecimal,
    /// A number in decimal.
    Decimal,
    /// A number in decimal, with its sign.
    Signed,
    /// A name, or words.
    Name,
}

impl Form {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pair, Self::Hexadecimal, Self::Decimal, Self::Signed, Self::Name];

    /// The id in JSON.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Pair => "pair",
            Self::Hexadecimal => "hexadecimal",
            Self::Decimal => "decimal",
            Self::Signed => "signed",
            Self::Name => "name",
        }
    }
}

/// A row that a query may mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Meaning {
    /// The row of the table.
    pub row: &'static Code,
    /// How the query leads to it.
    pub reading: Reading,
}

impl Meaning {
    /// The stages where it appears; none where that may be any, or none of the connection's.
    #[must_use]
    pub fn stages(&self) -> Vec<Stage> {
        next::stages(self.row)
    }

    /// The catalogue's rows for the code itself, where this tool meets it on the way.
    #[must_use]
    pub fn rules(&self) -> Vec<&'static Rule> {
        next::meets(self.row).collect()
    }
}

/// How a query leads to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reading {
    /// The number stands in the row.
    Number,
    /// The second half of a pair stands in the row.
    Extended,
    /// The extended code of a pair has the number of a Set Error Info from the server.
    ErrorInfo,
    /// HRESULT_FROM_NT: 0xD0000000 for 0xC0000000.
    NtStatusInHresult,
    /// HRESULT_FROM_WIN32: 0x8007 before the number.
    Win32InHresult,
    /// NTSTATUS_FROM_WIN32: 0xC007 before the number.
    Win32InNtStatus,
    /// As sspi-rs writes it: 0xC007 for 0x8009.
    SspiInNtStatus,
    /// As FreeRDP writes it: 0x0001 before the number of a Set Error Info.
    ErrorInfoInFreerdp,
    /// The name, with or without its prefix.
    Name,
    /// The words of a label.
    Label,
    /// Another project's spelling of the name.
    OtherSpelling,
}

impl Reading {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Number,
        Self::Extended,
        Self::ErrorInfo,
        Self::NtStatusInHresult,
        Self::Win32InHresult,
        Self::Win32InNtStatus,
        Self::SspiInNtStatus,
        Self::ErrorInfoInFreerdp,
        Self::Name,
        Self::Label,
        Self::OtherSpelling,
    ];

    /// The id in JSON.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Extended => "extended",
            Self::ErrorInfo => "error_info",
            Self::NtStatusInHresult => "ntstatus_in_hresult",
            Self::Win32InHresult => "win32_in_hresult",
            Self::Win32InNtStatus => "win32_in_ntstatus",
            Self::SspiInNtStatus => "sspi_in_ntstatus",
            Self::ErrorInfoInFreerdp => "error_info_in_freerdp",
            Self::Name => "name",
            Self::Label => "label",
            Self::OtherSpelling => "other_spelling",
        }
    }
}

/// A rule of the catalogue, and what a Windows client shows when it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Shown {
    /// The rule.
    pub rule: &'static Rule,
    /// Its candidate.
    pub candidate: Candidate,
}

/// What may have been meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Near {
    /// How the query would lead there.
    pub slip: Slip,
    /// The row: of several the likeliest.
    pub row: &'static Code,
}

/// What may have gone wrong with a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Slip {
    /// The digits are decimal, and were written as hexadecimal.
    DecimalDigits,
    /// The digits are hexadecimal, and were written as decimal.
    HexadecimalDigits,
    /// A zero is missing, or one too many.
    Zeros,
    /// The name is written otherwise.
    Spelling,
}

impl Slip {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::DecimalDigits, Self::HexadecimalDigits, Self::Zeros, Self::Spelling];

    /// The id in JSON.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::DecimalDigits => "decimal_digits",
            Self::HexadecimalDigits => "hexadecimal_digits",
            Self::Zeros => "zeros",
            Self::Spelling => "spelling",
        }
    }
}

impl Explanation {
    /// Whether a row has it; of a pair, each half.
    #[must_use]
    pub fn is_known(&self) -> bool {
        let half = |extended: bool| {
            self.meanings.iter().any(|meaning| (meaning.reading != Reading::Number) == extended)
        };
        if self.form == Form::Pair { half(false) && half(true) } else { !self.meanings.is_empty() }
    }

    fn blank(query: &str, form: Form) -> Self {
        Self {
            query: query.trim().to_owned(),
            form,
            code: None,
            extended: None,
            meanings: Vec::new(),
            layer: None,
            shape: None,
            reports: Vec::new(),
            shown: Vec::new(),
            next: Vec::new(),
            near: Vec::new(),
        }
    }
}

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
        (meaning.reading != Reading::Name, ranking::place(&Family::ALL, meaning.row.family))
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

/// The cause of a rule without a run behind it: what it would fill in is left open.
#[must_use]
pub fn cause_in_general(rule: &Rule) -> String {
    let mut out = String::new();
    let mut rest = rule.cause;
    while let Some((before, (name, after))) =
        rest.split_once('{').and_then(|(b, a)| Some((b, a.split_once('}')?)))
    {
        out.push_str(before);
        out.push_str(match name {
            "host" => "the host",
            "awaiting" => "an answer",
            "family" => "one family",
            "scout_version" => "some version",
            "scout_cipher" => "some suite",
            "certificate_sha256" => "another one",
            "tls_alert" => "an alert",
            _ => "...",
        });
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests;
