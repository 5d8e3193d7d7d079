//! What many reports come to: a line for each as it ends, and at the end how many there were of each kind.
use std::collections::BTreeMap;
use std::fmt::Write as _;

use rdp_probe::explain::in_general;
use rdp_probe::render::{Look, exit_code_in_words, title, verdict_line, wrapped};
use rdp_probe::{ExpectedOutcome, Report, Rule, Target, escape};

use crate::exit::UNEXPECTED;

/// As many targets that failed are named: whoever has more of them reads another output.
const NAMED: usize = 1000;
/// What stands for the end of a line.
const CUT: &str = "...";

/// What many reports come to, in memory that is bounded by what can be wrong and not by how many there are.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    count: usize,
    codes: BTreeMap<u8, usize>,
    /// By the rule, and by the exit code where there is none.
    failed: BTreeMap<(u8, &'static str), Failed>,
    named: usize,
}

/// Those that failed for one reason.
#[derive(Debug)]
struct Failed {
    rule: Option<&'static Rule>,
    count: usize,
    /// The first of them.
    targets: Vec<String>,
}

impl Summary {
    /// One more.
    pub(crate) fn count(&mut self, report: &Report) {
        let code = report.run_exit_code();
        self.count += 1;
        *self.codes.entry(code).or_default() += 1;
        if code == 0 {
            return;
        }
        let rule = report.diagnosis.verdict.rule;
        let key = (code, rule.map_or("", |rule| rule.id));
        let failed = self.failed.entry(key).or_insert_with(|| Failed { rule, count: 0, targets: Vec::new() });
        failed.count += 1;
        if self.named < NAMED {
            self.named += 1;
            let target = &report.evidence.plan.target;
            failed.targets.push(Target::new(target.host.clone(), target.port).input);
        }
    }

    /// The whole of it, with what the run ends with.
    pub(crate) fn text(&self, code: u8, look: &Look) -> String {
        let mut out = String::new();
        let targets = if self.count == 1 { "target" } else { "targets" };
        _ = writeln!(out, "{}", title(&format!("{} {targets}", self.count), look));
        for (code, count) in &self.codes {
            wrapped(&mut out, &format!("{count:>7}  "), &exit_code_in_words(*code), look.width);
        }
        // What befell most comes first.
        let mut failed: Vec<_> = self.failed.iter().collect();
        failed.sort_by_key(|(key, failed)| (std::cmp::Reverse(failed.count), **key));
        for ((code, _), failed) in failed {
            failed.text(&mut out, *code, look);
        }
        let unnamed = self.failed.values().map(|failed| failed.count).sum::<usize>().saturating_sub(self.named);
        if unnamed > 0 {
            let more =
                format!("{unnamed} more failed that are not named here; -o line or -o ndjson names each");
            out.push('\n');
            wrapped(&mut out, "", &more, look.width);
        }
        out.push('\n');
        wrapped(&mut out, "", &exit_code_in_words(code), look.width);
        out
    }
}

impl Failed {
    /// What it is once, and who has it.
    fn text(&self, out: &mut String, code: u8, look: &Look) {
        let what = match self.rule {
            Some(rule) => rule.id.to_owned(),
            None if code == UNEXPECTED => "not as expected, or changed".to_owned(),
            None => format!("exit code {code}"),
        };
        _ = writeln!(out, "\n{}", title(&format!("{}: {what}", self.count), look));
        if let Some(rule) = self.rule {
            wrapped(out, "  Why: ", &sentence(rule.cause), look.width);
            wrapped(out, "  Do: ", &sentence(rule.remedy), look.width);
        }
        let mut targets = self.targets.clone();
        let unnamed = self.count.saturating_sub(targets.len());
        if unnamed > 0 {
            targets.push(format!("and {unnamed} more"));
        }
        if !targets.is_empty() {
            wrapped(out, "  ", &escape(&targets.join(", ")), look.width);
        }
    }
}

/// One report in one line that is no longer than a terminal's: what is cut stands in the other outputs whole.
pub(crate) fn ended(report: &Report, look: &Look, terminal: bool) -> String {
    let text = format!("{}{}", verdict_line(report), beside(report));
    if !terminal || text.chars().count() <= look.width {
        return format!("{text}\n");
    }
    let room = look.width.saturating_sub(CUT.len());
    let cut: String = text.chars().take(room).collect();
    format!("{}{CUT}\n", cut.trim_end())
}

/// What became of what was expected, and what has changed, in brackets.
fn beside(report: &Report) -> String {
    let of = |outcome| {
        let all = report.expected_of(outcome).map(|one| one.expectation.as_str());
        all.collect::<Vec<_>>().join(", ")
    };
    let changes = report.compared().map(|compared| compared.changes.as_slice()).unwrap_or_default();
    let changed = changes.iter().map(|change| change.what.as_str()).collect::<Vec<_>>().join(", ");
    let parts = [
        ("not so", of(ExpectedOutcome::Failed)),
        ("not told", of(ExpectedOutcome::NotTestable)),
        ("changed", changed),
    ];
    let parts = parts.iter().filter(|(_, what)| !what.is_empty());
    let parts: Vec<String> = parts.map(|(name, what)| format!("{name}: {what}")).collect();
    if parts.is_empty() { String::new() } else { escape(&format!(" ({})", parts.join("; "))).into_owned() }
}

/// A text of a rule for whichever target it is said of.
fn sentence(text: &str) -> String {
    let text = in_general(text);
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    format!("{first}{}.", characters.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Reports of all kinds, as the suite's scenarios have them.
    fn reports() -> Vec<Report> {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
        let all = rdp_probe_testkit::Scenario::load_all(&folder).unwrap();
        let report = |scenario| {
            let evidence = rdp_probe_testkit::machine::play(scenario).evidence;
            let target = Target::new(evidence.plan.target.host.clone(), evidence.plan.target.port);
            Report::new(target, evidence.clone(), rdp_probe::diagnose(&evidence))
        };
        all.iter().map(report).collect()
    }

    fn of(reports: &[Report], times: usize) -> Summary {
        let mut summary = Summary::default();
        (0..times).for_each(|_| reports.iter().for_each(|report| summary.count(report)));
        summary
    }

    #[test]
    fn a_summary_and_each_line_fit_any_width_and_are_harmless() {
        let reports = reports();
        for width in [40, 57, 80] {
            let look = Look { color: false, width, verbose: 0 };
            let text = of(&reports, 2).text(100, &look);
            let long = text.lines().find(|line| line.chars().count() > width && line.trim().contains(' '));
            assert_eq!(long, None, "wider than {width} columns");
            assert!(!text.contains(|c| c != '\n' && rdp_probe::is_harmful(c)), "{text:?}");
            for report in &reports {
                let line = ended(report, &look, true);
                assert!(line.ends_with('\n') && line.trim_end().chars().count() <= width, "{line}");
                assert!(!ended(report, &look, false).contains("[exit="));
            }
        }
    }

    #[test]
    fn the_first_thousand_that_failed_are_named_and_a_cause_once_a_rule() {
        let reports: Vec<Report> =
            reports().into_iter().filter(|report| report.exit_code() == 11).take(3).collect();
        let summary = of(&reports, 500);
        assert_eq!(summary.named, NAMED);
        assert_eq!(summary.failed.values().map(|failed| failed.targets.len()).sum::<usize>(), NAMED);
        let text = summary.text(100, &Look::PLAIN);
        assert!(text.starts_with("1500 targets\n   1500  exit code 11: TCP connect failed"), "{text}");
        assert_eq!(text.matches("\n  Why: ").count(), summary.failed.len());
        assert!(text.contains("500 more failed that are not named here"), "{text}");
        assert!(text.ends_with("\nexit code 100: several targets, and any failed\n"), "{text}");
    }
}
