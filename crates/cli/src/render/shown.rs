//! What several forms of a report say in the same words.
use rdp_probe::{Change, Expected, ExpectedOutcome, Report, Rule, Target, escape};

/// The target, with its port.
pub(super) fn name(report: &Report) -> String {
    let target = &report.evidence.plan.target;
    escape(&Target::new(target.host.clone(), target.port).input).into_owned()
}

/// Where it failed, or that it did not.
pub(super) fn at(report: &Report) -> String {
    let verdict = &report.diagnosis.verdict;
    match (verdict.stage, verdict.hop) {
        (Some(stage), Some(hop)) => {
            let word = if is_undecided(report) { "UNDECIDED" } else { "FAILED" };
            format!("{word} at {stage} ({hop})")
        }
        _ if report.is_unexpected() => "OK, but not as expected".to_owned(),
        _ => "OK".to_owned(),
    }
}

/// Whether nothing failed, and what was asked could not be told.
pub(super) fn is_undecided(report: &Report) -> bool {
    report.evidence.failure().is_none() && report.diagnosis.verdict.stage.is_some()
}

/// The verdict in one sentence.
pub(super) fn summary(report: &Report) -> String {
    escape(&report.summary()).into_owned()
}

/// A text of a rule.
pub(super) fn text(report: &Report, text: fn(&Rule) -> &'static str, rule: &Rule) -> String {
    escape(&report.text_of(text, rule)).into_owned()
}

/// Expectations of this outcome.
pub(super) fn expected(report: &Report, outcome: ExpectedOutcome) -> impl Iterator<Item = &Expected> {
    report.expected().iter().filter(move |one| one.outcome == outcome)
}

/// What has changed since the baseline, by its name: what it is, and what it was.
pub(super) fn changes(report: &Report) -> Vec<(String, String)> {
    let changes = report.compared().map(|compared| &compared.changes).into_iter().flatten();
    let said = |one: &Change| format!("it is {}, and was {}", escape(&one.now), escape(&one.before));
    changes.map(|one| (escape(&one.what).into_owned(), said(one))).collect()
}

/// What was wanted, and what is.
pub(super) fn wanted(expected: &Expected) -> String {
    let got = expected.got.as_deref().unwrap_or("unknown");
    format!("wanted {}, got {}", escape(&expected.wanted), escape(got))
}
