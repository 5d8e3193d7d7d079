//! What is known of a number, a pair, a name or a phrase.
use crate::catalogue;
use crate::codes::{Code, Family, lookup};
use crate::explain::explanation::{Explanation, Form, Meaning, Near, Reading, Shown, Slip};
use crate::explain::layer::{Layer, Shape};
use crate::explain::names;
use crate::explain::next::{self, Next};
use crate::explain::number::Number;
use crate::explain::own::OwnWord;
use crate::explain::pairs::disconnect;
use crate::explain::ranking;
use crate::explain::reports::{self, FieldReport};
use crate::rule::{Candidate, RuleKind};

pub(super) fn pair(query: &str, code: Number, extended: Number) -> Explanation {
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

pub(super) fn single(text: &str, number: Number) -> Explanation {
    let mut all = Explanation::blank(text, ranking::form(number.notation));
    all.code = number.value;
    if let Some(value) = number.value {
        all.meanings = ranking::meanings(value, number.notation);
        all.near = ranking::near(value, number.notation, all.meanings.first());
    }
    complete(&mut all);
    all
}

pub(super) fn name(text: &str, meanings: Vec<Meaning>) -> Explanation {
    let mut all = Explanation::blank(text, Form::Name);
    all.own = OwnWord::find(text);
    all.meanings = meanings;
    all.meanings.sort_by_key(|meaning| {
        let whole = names::is_whole(meaning.row, text);
        (meaning.reading != Reading::Name, !whole, ranking::place(&Family::ALL, meaning.row.family))
    });
    if !all.is_known() {
        all.near = names::near(text).into_iter().map(|row| Near { slip: Slip::Spelling, row }).collect();
    }
    complete(&mut all);
    all
}

const fn is_shown(family: Family) -> bool {
    matches!(family, Family::MstscDisc | Family::MstscGateway)
}

/// What an exit code of this tool says.
pub(super) fn exit(text: &str, word: OwnWord) -> Explanation {
    let mut all = Explanation::blank(text, Form::Name);
    all.own = Some(word);
    complete(&mut all);
    all
}

/// The row that a phrase stands for.
pub(super) fn phrase(text: &str, row: &'static Code) -> Explanation {
    let mut all = Explanation::blank(text, Form::Phrase);
    all.code = row.code;
    all.meanings = vec![Meaning { row, reading: Reading::Phrase }];
    complete(&mut all);
    all
}

/// A number that is one of these families; `None` where none of them has it.
pub(super) fn of_families(text: &str, number: Number, families: &[Family]) -> Option<Explanation> {
    let value = number.value?;
    let rows = families.iter().filter_map(|family| lookup(*family, value));
    let meanings: Vec<Meaning> = rows.map(|row| Meaning { row, reading: Reading::Number }).collect();
    if meanings.is_empty() {
        return None;
    }
    let mut all =
        Explanation { meanings, code: Some(value), ..Explanation::blank(text, ranking::form(number.notation)) };
    complete(&mut all);
    Some(all)
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
