//! A suite a target, for whatever reads JUnit's XML: docs/junit.md.
use quick_junit::{NonSuccessKind, Property, TestCase, TestCaseStatus, TestSuite};
use rdp_probe::render::{client_codes, exit_code_in_words};
use rdp_probe::{Evidence, Expected, ExpectedOutcome, Outcome, PathStage, Report, escape};

use super::shown::{changes, is_undecided, name, summary, text, wanted};

/// What stands before the first suite. How many tests there are is known at the end only, and nobody needs it said.
pub(crate) const JUNIT_BEGIN: &str =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"rdp-probe\">\n";
/// What stands behind the last one.
pub(crate) const JUNIT_END: &str = "</testsuites>\n";

/// Of whom a case is that is no stage.
const EXPECTATION: &str = "expectation";
const BASELINE: &str = "baseline";

/// The suite of one report.
pub(crate) fn junit_suite(report: &Report) -> String {
    let mut whole = quick_junit::Report::new("rdp-probe");
    whole.add_test_suite(suite(report));
    // The library writes whole documents; what stands between the root's tags is the suite. No text can hold such a tag.
    let document = whole.to_string().unwrap_or_default();
    let from = document.find("    <testsuite ").unwrap_or_default();
    let to = document.rfind(JUNIT_END.trim_end()).unwrap_or_default();
    document.get(from..to).unwrap_or_default().to_owned()
}

fn suite(report: &Report) -> TestSuite {
    let (evidence, verdict) = (&report.evidence, &report.diagnosis.verdict);
    let mut suite = TestSuite::new(name(report));
    suite.set_time(report.duration());
    if let Some(made_at) = report.made_at() {
        suite.extra.insert("timestamp".into(), made_at.into());
    }
    let known = [
        ("outcome", Some(verdict.outcome.id().to_owned())),
        ("rule", verdict.rule.map(|rule| rule.id.to_owned())),
        ("exit_code", Some(report.run_exit_code().to_string())),
        ("address", evidence.peer().map(|address| address.to_string())),
        ("gateway", evidence.gateway().map(|gateway| escape(&gateway.leg.to_string()).into_owned())),
    ];
    let known = known.into_iter().filter_map(|(name, value)| Some((name, value?)));
    suite.add_properties(known.map(|(name, value)| Property::new(name, value)));
    for finding in &report.diagnosis.findings {
        suite.add_property(Property::new(
            format!("finding.{}", finding.id),
            text(report, |rule| rule.summary, finding),
        ));
    }
    let (undue, changes) = (report.is_unduly_changed(), changes(report));
    for (what, said) in changes.iter().filter(|_| !undue) {
        suite.add_property(Property::new(format!("changed.{what}"), said.as_str()));
    }
    let stages = Evidence::sequence(evidence.path());
    let deciding = stages.iter().rposition(|stage| {
        Some(stage.record.stage) == verdict.stage
            && !stage.asked_again
            && stage.record.outcome != Outcome::Passed
    });
    for (index, stage) in stages.iter().enumerate() {
        let status = if deciding == Some(index) { end(report) } else { passed_or_not(stage) };
        suite.add_test_case(case(stage, status));
    }
    // Every end is somebody's case, so that no reader takes a failed target for a good one.
    if deciding.is_none()
        && let (Some(stage), Some(hop)) = (verdict.stage, verdict.hop)
    {
        let mut last = TestCase::new(stage.id(), end(report));
        last.set_classname(hop.id());
        suite.add_test_case(last);
    }
    suite.add_test_cases(report.expected().iter().map(expectation));
    suite.add_test_cases(changes.iter().filter(|_| undue).map(|(what, said)| change(what, said)));
    suite
}

fn case(stage: &PathStage<'_>, status: TestCaseStatus) -> TestCase {
    let record = stage.record;
    let before = if stage.asked_again { " (before it was asked again)" } else { "" };
    let mut case = TestCase::new(format!("{}{before}", record.stage), status);
    case.set_classname(record.hop.id());
    if let Some(duration) = record.duration {
        case.set_time(duration);
    }
    case
}

/// A stage that decides nothing.
fn passed_or_not(stage: &PathStage<'_>) -> TestCaseStatus {
    let why = match stage.record.outcome {
        Outcome::Passed => return TestCaseStatus::success(),
        Outcome::Failed => stage.why().unwrap_or("it failed, and the run went on without it"),
        Outcome::NotReached => "an earlier stage failed",
        Outcome::NotTried(_) | _ => stage.why().unwrap_or("not tried"),
    };
    let mut status = TestCaseStatus::skipped();
    status.set_message(why);
    status
}

/// The stage that decides: a failure, or an error where nothing failed, and what was asked could not be told.
fn end(report: &Report) -> TestCaseStatus {
    let kind = if is_undecided(report) { NonSuccessKind::Error } else { NonSuccessKind::Failure };
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(report.diagnosis.verdict.rule.map_or("none", |rule| rule.id));
    status.set_message(summary(report));
    status.set_description(why(report));
    status
}

/// Causes with their remedies, and what a Windows client would show.
fn why(report: &Report) -> String {
    let mut lines = Vec::new();
    for cause in &report.diagnosis.causes {
        lines.push(format!("Why: {} ({})", text(report, |rule| rule.cause, cause), cause.basis.id()));
        lines.push(format!("Do: {}", text(report, |rule| rule.remedy, cause)));
        lines.extend(cause.event.map(|event| format!("Look for: {}", escape(event))));
    }
    let codes = client_codes(report);
    if !codes.is_empty() {
        lines.push(format!("A Windows client (mstsc) would show: {}", codes.join(", ")));
    }
    lines.push(exit_code_in_words(report.exit_code()));
    lines.join("\n")
}

/// Something that has changed where nothing was to.
fn change(what: &str, said: &str) -> TestCase {
    let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
    status.set_type(BASELINE).set_message(said);
    let mut case = TestCase::new(what, status);
    case.set_classname(BASELINE);
    case
}

fn expectation(expected: &Expected) -> TestCase {
    let status = match expected.outcome {
        ExpectedOutcome::Held => TestCaseStatus::success(),
        ExpectedOutcome::Failed => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_type(EXPECTATION).set_message(wanted(expected));
            status
        }
        ExpectedOutcome::NotTestable | _ => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(expected.why.unwrap_or("nobody can tell"));
            status
        }
    };
    let mut case = TestCase::new(escape(&expected.expectation), status);
    case.set_classname(EXPECTATION);
    case
}
