//! The report in one line, to paste into a ticket or to look for with grep. What is in brackets is for programs.
use std::borrow::Cow;
use std::fmt::Write as _;

use rdp_probe_diagnosis::{Candidate, Likelihood};

use super::word::word;
use crate::escape::escape;
use crate::expect::ExpectedOutcome;
use crate::report::Report;

/// Most lines are no longer, in octets.
const USUAL: usize = 192;

/// The verdict in one line, without its end: what stands before the brackets.
pub fn verdict_line(report: &Report) -> String {
    escape(&sentence(report)).into_owned()
}

fn sentence(report: &Report) -> String {
    let (plan, verdict) = (&report.evidence.plan, &report.diagnosis.verdict);
    let mut out = String::with_capacity(USUAL);
    _ = write!(out, "{}", plan.target);
    match (verdict.stage, verdict.hop) {
        (Some(stage), Some(hop)) => _ = write!(out, " {} at {stage} ({hop})", word(report)),
        _ if report.is_unexpected() => out.push_str(" OK, but not as expected"),
        _ => out.push_str(" OK"),
    }
    _ = write!(out, ": {}", report.summary());
    out
}

/// Renders a report. Always exactly one line, whatever a peer sent.
pub fn line(report: &Report) -> String {
    let (plan, verdict) = (&report.evidence.plan, &report.diagnosis.verdict);
    let mut out = sentence(report);
    _ = write!(out, " [exit={}", report.run_exit_code());
    if let Some(rule) = verdict.rule {
        _ = write!(out, " rule={}", rule.id);
    }
    if let Some(gateway) = report.evidence.gateway() {
        _ = write!(out, " gateway={}", gateway.leg);
        if gateway.logon.is_some() {
            _ = write!(out, " gateway_credentials={}", report.evidence.gateway_logon_result().id());
        }
        if let Some(account) = gateway.logon.account() {
            _ = write!(out, " gateway_account=\"{account}\"");
        }
    }
    if let Some(account) = &plan.account {
        let result = report.evidence.logon_result().id();
        _ = write!(out, " credentials={result} account=\"{account}\"");
    }
    let mut list = |name: &str, items: Vec<String>| {
        if !items.is_empty() {
            _ = write!(out, " {name}={}", items.join(","));
        }
    };
    list("not_followed", plan.not_followed.iter().map(|one| one.what.id().to_owned()).collect());
    list("mstsc", client_codes(report));
    list("findings", report.diagnosis.findings.iter().map(|rule| rule.id.to_owned()).collect());
    let changed = report.compared().map(|compared| compared.changes.iter().map(|change| change.what.clone()));
    list("changed", changed.into_iter().flatten().collect());
    for (name, outcome) in [("unexpected", ExpectedOutcome::Failed), ("untold", ExpectedOutcome::NotTestable)] {
        let all: Vec<String> =
            report.expected_of(outcome).map(|one| one.expectation.replace('"', "'")).collect();
        if !all.is_empty() {
            _ = write!(out, " {name}=\"{}\"", all.join(", "));
        }
    }
    let mut line = match escape(&out) {
        Cow::Borrowed(_) => out,
        Cow::Owned(escaped) => escaped,
    };
    line.push_str("]\n");
    line
}

/// What a Windows client would show, likeliest first, a word each: `0x904/0x7`, with a question mark for an unknown half, and one behind what
/// is not likely. What has no number is left out.
pub fn client_codes(report: &Report) -> Vec<String> {
    report.diagnosis.mstsc.iter().filter_map(candidate).collect()
}

/// `0x904/0x7`, with a question mark for an unknown half, and one behind what is not likely. What has no number is left out.
fn candidate(candidate: &Candidate) -> Option<String> {
    let half = |code: Option<u32>| code.map_or_else(|| "?".to_owned(), |code| format!("0x{code:X}"));
    let pair = match (candidate.code, candidate.status) {
        (Some(code), _) => format!("{}/{}", half(Some(code)), half(candidate.extended)),
        (None, Some(status)) => half(Some(status)),
        (None, None) => return None,
    };
    let doubt = if candidate.likelihood == Likelihood::Likely { "" } else { "?" };
    Some(pair + doubt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::scenarios;

    #[test]
    fn every_scenario_is_one_line_without_anything_harmful() {
        for (name, report) in scenarios() {
            let text = line(&report);
            assert!(text.ends_with("]\n") && text.matches('\n').count() == 1, "{name}: {text}");
            assert!(!text.contains(|c| c != '\n' && crate::escape::is_harmful(c)), "{name}: {text}");
            let exit = format!(" [exit={}", report.exit_code());
            assert!(text.contains(&exit), "{name}: {text}");
        }
    }

    #[test]
    fn line_has_stage_hop_summary_and_ids() {
        let of = |wanted: &str| {
            let report = scenarios().into_iter().find(|(name, _)| name == wanted).unwrap().1;
            line(&report)
        };
        assert_eq!(
            of("fin-after-request-elsewhere"),
            "srv1.lab.test:20389 FAILED at connection_initiation (target): srv1.lab.test:20389 (192.0.2.7:20389) accepted the connection and closed it \
             without an answer to the first RDP request [exit=30 rule=closed-after-request mstsc=0x904/0x7?,0x904/0x0?]\n"
        );
        assert!(
            of("certificate-not-accepted-for-a-logon")
                .starts_with("127.0.0.1:20389 UNDECIDED at credssp (target): the credentials of"),
            "{}",
            of("certificate-not-accepted-for-a-logon")
        );
        assert!(
            of("logon-rejected")
                .contains(" [exit=51 rule=logon-rejected credentials=rejected account=\"LAB\\alice\" mstsc=")
        );
        assert_eq!(
            of("challenge-with-a-clock-of-2020"),
            "127.0.0.1:20389 OK: 127.0.0.1:20389 answers, and selects CredSSP [exit=0 \
             findings=certificate-long-lifetime,certificate-self-signed,clock-skew]\n"
        );
    }
}
