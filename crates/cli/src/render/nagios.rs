//! What a check says to Nagios, Icinga and their like: one line for all targets, then what is not in order. docs/nagios.md.
use std::fmt::Write as _;

use rdp_probe::render::{client_codes, exit_code_in_words};
use rdp_probe::{ExpectedOutcome, Hop, Report, Stage, escape};

use super::shown::{at, changes, expected, name, summary, text, wanted};
use crate::status::{Status, is_warning};

/// As many targets have a line of their own, and a time: whoever reads it takes some kilobytes and no more.
const MOST: usize = 100;

/// A check under way.
#[derive(Debug, Default)]
pub(crate) struct Check {
    /// How many are in which, the best state first.
    counts: [usize; 4],
    /// What there is to say of one target, if it stays the only one.
    only: Only,
    /// Lines of those that are not in order.
    lines: Vec<String>,
    /// How many of them have none.
    left: usize,
    /// A time for each target.
    times: Vec<String>,
}

/// One target in full.
#[derive(Debug, Default)]
struct Only {
    said: String,
    lines: Vec<String>,
    data: Vec<String>,
}

impl Check {
    pub(crate) fn add(&mut self, report: &Report) {
        let status = Status::of(report);
        if self.worst().is_none() {
            self.only = Only::of(report);
        }
        for (count, one) in self.counts.iter_mut().zip(Status::ALL) {
            *count += usize::from(one == status);
        }
        if self.times.len() < MOST {
            self.times.push(datum(&name(report), report.duration().as_secs_f64()));
        }
        if status == Status::Ok {
            return;
        }
        if self.lines.len() < MOST {
            self.lines.push(format!("[{}] {}", status.word(), said(report)));
        } else {
            self.left += 1;
        }
    }

    /// The worst state; `None` where nothing was reported.
    fn worst(&self) -> Option<Status> {
        let states = self.counts.iter().zip(Status::ALL).rev();
        states.filter(|(count, _)| **count > 0).map(|(_, status)| status).next()
    }

    /// All of it; the run ends with this exit code.
    pub(crate) fn text(&self, code: u8) -> String {
        let targets: usize = self.counts.iter().sum();
        let mut out = format!("RDP {} - ", Status::of_run(code, self.worst()).word());
        if targets == 0 {
            return out + "nothing was probed\n";
        }
        if targets == 1 {
            let Only { said, lines, data } = &self.only;
            _ = writeln!(out, "{said}|{}", data.join(" "));
            lines.iter().for_each(|line| _ = writeln!(out, "{line}"));
            return out;
        }
        let of = |status: Status| {
            self.counts.iter().zip(Status::ALL).find(|(_, one)| *one == status).map_or(0, |(n, _)| *n)
        };
        let words: Vec<String> = Status::ALL
            .into_iter()
            .rev()
            .filter(|status| of(*status) > 0)
            .map(|status| format!("{} {}", of(status), status.word()))
            .collect();
        let counts =
            Status::ALL.map(|status| format!("{}={};;;0;{targets}", status.word().to_lowercase(), of(status)));
        let data =
            std::iter::once(format!("targets={targets};;;0")).chain(counts).chain(self.times.iter().cloned());
        _ = writeln!(out, "{targets} targets: {}|{}", words.join(", "), data.collect::<Vec<_>>().join(" "));
        self.lines.iter().for_each(|line| _ = writeln!(out, "{line}"));
        if self.left > 0 {
            _ = writeln!(out, "and {} more", self.left);
        }
        out
    }
}

impl Only {
    fn of(report: &Report) -> Self {
        let mut lines = Vec::new();
        if let Some(cause) = report.diagnosis.causes.first() {
            lines.push(format!("Why: {}", text(report, |rule| rule.cause, cause)));
            lines.push(format!("Do: {}", text(report, |rule| rule.remedy, cause)));
        }
        let codes = client_codes(report);
        if !codes.is_empty() {
            lines.push(format!("A Windows client (mstsc) would show: {}", codes.join(", ")));
        }
        let failed = expected(report, ExpectedOutcome::Failed);
        lines.extend(
            failed.map(|one| format!("Not as expected: {}: {}", escape(&one.expectation), wanted(one))),
        );
        lines.extend(changes(report).into_iter().map(|(what, said)| format!("Changed: {what}: {said}")));
        for finding in report.diagnosis.findings.iter().filter(|rule| is_warning(rule)) {
            lines.push(format!("Worth knowing: {}", text(report, |rule| rule.summary, finding)));
            lines.push(format!("Do: {}", text(report, |rule| rule.remedy, finding)));
        }
        lines.push(exit_code_in_words(report.run_exit_code()));
        Self { said: said(report), lines: lines.iter().map(|line| plain(line)).collect(), data: data(report) }
    }
}

/// A target in one line.
fn said(report: &Report) -> String {
    let at = at(report);
    let at = at.strip_prefix("OK").map_or_else(|| format!(" {at}"), str::to_owned);
    let warnings = report.diagnosis.findings.iter().filter(|rule| report.is_reachable() && is_warning(rule));
    let mut all = vec![summary(report)];
    all.extend(warnings.map(|rule| text(report, |rule| rule.summary, rule)));
    plain(&format!("{}{at}: {}", name(report), all.join("; ")))
}

/// What is measured: the whole path and each stage of it in seconds, and the days that the certificate has left.
fn data(report: &Report) -> Vec<String> {
    let evidence = &report.evidence;
    let mut all = vec![datum("time", report.duration().as_secs_f64())];
    let mut stages: Vec<(String, f64)> = Vec::new();
    for record in evidence.main_path().iter().flat_map(|attempt| &attempt.stages) {
        let Some(duration) = record.duration else { continue };
        // They stand there for gateway and target.
        let of_gateway =
            matches!(record.stage, Stage::Resolve | Stage::TcpConnect) && record.hop == Hop::Gateway;
        let label = if of_gateway {
            format!("time_gateway_{}", record.stage)
        } else {
            format!("time_{}", record.stage)
        };
        let seconds = duration.as_secs_f64();
        // A stage that came again took both times.
        match stages.iter_mut().find(|(other, _)| *other == label) {
            Some((_, sum)) => *sum += seconds,
            None => stages.push((label, seconds)),
        }
    }
    all.extend(stages.iter().map(|(label, seconds)| datum(label, *seconds)));
    let tls = evidence.shown_tls();
    let certificate = tls.as_ref().and_then(|tls| tls.certificate);
    if let Some(days) = certificate.and_then(|facts| facts.days_left(evidence.plan.began_unix_ms)) {
        // A colon behind the number: worse is what lies below it.
        all.push(format!("cert_days={days};{}:", evidence.plan.target.certificate_days));
    }
    all
}

/// A time in seconds, which is never below 0.
fn datum(label: &str, seconds: f64) -> String {
    format!("{}={seconds:.6}s;;;0", quoted(label))
}

/// A name of what is measured, in quotation marks where it is more than a word. It has no equals sign, and no bar.
fn quoted(label: &str) -> String {
    let is_word = !label.is_empty() && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if is_word { label.to_owned() } else { format!("'{}'", plain(label).replace('=', "_").replace('\'', "''")) }
}

/// Without the bar that figures stand behind; line breaks are spelt out by then.
fn plain(text: &str) -> String {
    text.replace('|', "/")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_figures_are_quoted_where_they_are_more_than_a_word() {
        assert_eq!(quoted("time_tls"), "time_tls");
        assert_eq!(quoted("srv1:3389"), "'srv1:3389'");
        assert_eq!(quoted("it's a|b=1"), "'it''s a/b_1'");
        assert_eq!(datum("time", 0.0125), "time=0.012500s;;;0");
    }

    #[test]
    fn nothing_probed_is_unknown() {
        assert_eq!(Check::default().text(0), "RDP UNKNOWN - nothing was probed\n");
    }
}
