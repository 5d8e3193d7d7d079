//! The report in three lines for people: the verdict, the likeliest cause, and what to do about it.
use rdp_probe_diagnosis::{Rule, RuleKind, Severity};

use super::human::{GREEN, RED, YELLOW, paint, sentence};
use super::look::Look;
use super::word::{FAILED, word};
use super::wrap::wrapped;
use crate::escape::escape;
use crate::expect::ExpectedOutcome;
use crate::report::Report;
use crate::target::Target;

/// Renders a report: one line where there is nothing to do, else three at most. What is wider than the look is wrapped.
pub fn brief(report: &Report, look: &Look) -> String {
    let target = &report.evidence.plan.target;
    let host = target.host.to_string();
    let mut out = verdict(report, &Target::new(target.host.clone(), target.port).input, &host, look);
    let causes = &report.diagnosis.causes;
    let mut warnings = report.diagnosis.findings.iter().filter(|rule| is_warning(rule));
    let mut two = |why: String, text: fn(&Rule) -> &'static str, rule: &Rule| {
        wrapped(&mut out, &why, &sentence(&report.text_of(text, rule), &host), look.width);
        wrapped(&mut out, "  Do: ", &sentence(&report.text_of(|rule| rule.remedy, rule), &host), look.width);
    };
    if let Some(first) = causes.first() {
        two(numbered("Why", "likeliest", causes.len()), |rule| rule.cause, first);
    } else if report.is_unexpected() {
        wrapped(&mut out, "  Not so: ", &unexpected(report), look.width);
    } else if let Some(first) = warnings.next() {
        two(numbered("Worth knowing", "first", warnings.count() + 1), |rule| rule.summary, first);
    }
    out
}

fn verdict(report: &Report, name: &str, host: &str, look: &Look) -> String {
    let verdict = &report.diagnosis.verdict;
    let (word, color, at) = match (verdict.stage, verdict.hop) {
        (Some(stage), Some(hop)) => {
            let word = word(report);
            (word, if word == FAILED { RED } else { YELLOW }, format!(" at {stage} ({hop})"))
        }
        _ if report.is_unexpected() => ("OK", YELLOW, ", but not as expected".to_owned()),
        _ => ("OK", GREEN, String::new()),
    };
    let summary = sentence(&report.summary(), host);
    let mut lines = String::new();
    wrapped(&mut lines, "", &format!("{word} {}{at}: {summary}", escape(name)), look.width);
    // The word stands first.
    lines.replacen(word, &paint(look, color, word), 1)
}

/// A heading that says of how many it is one.
fn numbered(heading: &str, which: &str, of: usize) -> String {
    if of > 1 { format!("  {heading}, {which} of {of}: ") } else { format!("  {heading}: ") }
}

/// What was expected and is not so, with what is, and what has changed where nothing was to.
fn unexpected(report: &Report) -> String {
    let failed = report.expected().iter().filter(|one| one.outcome == ExpectedOutcome::Failed);
    let texts = failed.map(|one| {
        let got = one.got.as_deref().unwrap_or_default();
        format!("{} (it is {})", escape(&one.expectation), escape(got))
    });
    let changes = report.compared().filter(|_| report.is_unduly_changed()).map(|compared| &compared.changes);
    let changes = changes.into_iter().flatten();
    let changes = changes
        .map(|one| format!("{} (it was {}, and is {})", one.what, escape(&one.before), escape(&one.now)));
    texts.chain(changes).collect::<Vec<_>>().join("; ") + "."
}

const fn is_warning(rule: &Rule) -> bool {
    matches!(rule.kind, RuleKind::Finding(Severity::Warning))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::scenarios;

    fn of(wanted: &str, look: &Look) -> String {
        brief(&scenarios().into_iter().find(|(name, _)| name == wanted).unwrap().1, look)
    }

    #[test]
    fn every_scenario_is_three_lines_at_most_and_fits_into_forty_columns() {
        let wide = Look { width: 10_000, ..Look::PLAIN };
        for (name, report) in scenarios() {
            let text = brief(&report, &wide);
            assert!((1..=3).contains(&text.lines().count()), "{name}: {text}");
            assert_eq!(report.diagnosis.causes.is_empty(), !text.contains("\n  Why"), "{name}: {text}");
            assert!(!text.contains(|c| c != '\n' && crate::escape::is_harmful(c)), "{name}: {text:?}");
            for width in [40, 80] {
                let text = brief(&report, &Look { width, ..Look::PLAIN });
                let long = text.lines().find(|line| line.chars().count() > width && line.trim().contains(' '));
                assert_eq!(long, None, "{name}: {text}");
                let colored = brief(&report, &Look { width, color: true, ..Look::PLAIN });
                let plain =
                    [RED, GREEN, YELLOW, "\x1b[0m"].iter().fold(colored, |all, code| all.replace(code, ""));
                assert_eq!(plain, text, "{name}: colour changes nothing but colour");
            }
        }
    }

    #[test]
    fn verdict_cause_and_remedy_have_a_line_each() {
        let wide = Look { width: 10_000, ..Look::PLAIN };
        let failed = of("tcp-refused", &wide);
        let lines: Vec<&str> = failed.lines().collect();
        let [verdict, why, what] = lines.as_slice() else { panic!("{failed}") };
        assert!(verdict.starts_with("FAILED 127.0.0.1:20389 at tcp_connect (target): "), "{failed}");
        assert!(why.starts_with("  Why: ") && what.starts_with("  Do: "), "{failed}");
        assert!(of("fin-after-request-elsewhere", &wide).contains("\n  Why, likeliest of "), "several causes");
        let healthy = of("challenge-of-a-workgroup", &wide);
        assert!(healthy.starts_with("OK 127.0.0.1:20389: ") && healthy.lines().count() == 1, "{healthy}");
    }

    #[test]
    fn what_was_reached_and_has_a_warning_or_is_not_as_expected_says_so() {
        let wide = Look { width: 10_000, ..Look::PLAIN };
        let warned = of("certificate-ends-soon", &wide);
        assert!(warned.contains("\n  Worth knowing") && warned.contains("\n  Do: "), "{warned}");
        let report = scenarios().into_iter().find(|(name, _)| name == "certificate-ends-soon").unwrap().1;
        let text = brief(&report.expecting(&"exit!=0, nla=required".parse().unwrap()), &wide);
        assert!(text.contains(", but not as expected: ") && text.contains("\n  Not so: "), "{text}");
        assert_eq!(text.lines().count(), 2, "{text}");
    }
}
