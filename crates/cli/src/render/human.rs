//! The report for people: a line a stage with its time, then the verdict, why, what to do, and what mstsc would show.
use std::fmt::Write as _;
use std::time::Duration;

use rdp_probe::view::{ReportView, SecurityView};
use rdp_probe::{Candidate, Report, RuleKind, escape};

use super::Look;
use super::wrap::wrapped;

const BOLD: &str = "\x1b[1m";
const RED: &str = "\x1b[1;31m";
const GREEN: &str = "\x1b[1;32m";
const YELLOW: &str = "\x1b[33m";
const DIM: &str = "\x1b[2m";

/// Renders a report.
pub(crate) fn human(report: &Report, look: &Look) -> String {
    let view = ReportView::of(report);
    let mut out = String::new();
    let paint = |color: &str, text: &str| {
        if look.color { format!("{color}{text}\x1b[0m") } else { text.to_owned() }
    };

    let target = format!("{}:{}", view.target.host, view.target.port);
    _ = writeln!(out, "{}\n", paint(BOLD, &escape(&target)));
    stages(&mut out, &view, look, &paint);
    if let Some(security) =
        view.security.as_ref().filter(|_| view.probes.iter().any(|p| p.purpose.starts_with("enum")))
    {
        protocols(&mut out, security);
    }
    if view.addresses.len() > 1 {
        out.push_str("\n  Addresses\n");
        for address in &view.addresses {
            let at = address.stage.map(|stage| format!(" at {stage}")).unwrap_or_default();
            _ = writeln!(out, "    {:<40}  {}{at}", address.address, words(address.outcome));
        }
    }

    out.push('\n');
    let verdict = &report.diagnosis.verdict;
    let summary = sentence(&view.verdict.summary, &view.target.host);
    match (verdict.stage, verdict.hop) {
        (Some(stage), Some(hop)) => {
            let head = format!("FAILED at {stage} ({hop})");
            _ = writeln!(out, "{}", paint(RED, &head));
            wrapped(&mut out, "  ", &summary, look.width);
        }
        _ => {
            _ = writeln!(out, "{}", paint(GREEN, "OK"));
            wrapped(&mut out, "  ", &summary, look.width);
        }
    }
    causes(&mut out, &view, look, &paint);
    windows_client(&mut out, report, &paint);
    findings(&mut out, report, &view, look, &paint);
    _ = writeln!(out, "\n{}", paint(DIM, &format!("exit code {}", view.verdict.exit_code)));
    out
}

type Paint<'a> = dyn Fn(&str, &str) -> String + 'a;

fn stages(out: &mut String, view: &ReportView, look: &Look, paint: &Paint<'_>) {
    for stage in &view.stages {
        let (mark, color) = match (stage.outcome, stage.why) {
            ("passed", _) => ("ok", GREEN),
            ("failed", Some(_)) => ("refused", YELLOW),
            ("failed", None) => ("FAILED", RED),
            ("not_reached", _) => ("not reached", DIM),
            _ => ("not tried", DIM),
        };
        let time = stage.duration_us.map(time).unwrap_or_default();
        let mut detail: Vec<String> =
            stage.facts.iter().filter_map(|fact| telling(fact.fact, &fact.detail)).collect();
        detail.extend(stage.why.map(str::to_owned));
        let mark = paint(color, &format!("{mark:<11}"));
        let line = format!("  {mark}  {:<22} {time:>9}  {}", stage.stage, escape(&detail.join(", ")));
        _ = writeln!(out, "{}", line.trim_end());
        if look.verbose > 0 {
            for fact in &stage.facts {
                let values: Vec<String> =
                    fact.detail.iter().map(|(key, value)| format!("{key}={value}")).collect();
                _ = writeln!(out, "      +{} {} {}", time_of(fact.at_us), fact.fact, escape(&values.join(" ")));
            }
        }
    }
    if let Some(failure) = view.failure.as_ref().filter(|_| look.verbose > 0) {
        let codes: Vec<String> = failure.codes.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let closed = failure.close.as_ref().map(|close| format!(" {}", close.how)).unwrap_or_default();
        let line = format!("      awaiting {}: {}{closed} {}", failure.awaiting, failure.kind, codes.join(" "));
        _ = writeln!(out, "{}", escape(line.trim_end()));
        if look.verbose > 1 && failure.partial_len > 0 {
            _ = writeln!(out, "      {} octets:", failure.partial_len);
            wrapped(out, "        ", &failure.partial, look.width);
        }
    }
}

/// What a fact says on a stage's line; others are for `-v`.
fn telling(fact: &str, detail: &std::collections::BTreeMap<&'static str, String>) -> Option<String> {
    let value = |key: &str| detail.get(key).cloned();
    match fact {
        "addresses" => value("addresses"),
        "connected" => value("peer"),
        "address_failed" => Some(format!("{} {}", value("address")?, words(&value("fault")?))),
        "selected" => Some(format!("selected {}", protocol(&value("protocol")?))),
        "refused" => {
            Some(format!("{} ({})", value("name").unwrap_or_else(|| "refused".into()), value("failure_code")?))
        }
        "no_negotiation" => Some("no negotiation".into()),
        _ => None,
    }
}

fn protocol(hex: &str) -> &str {
    match hex {
        "0x0" => "Standard RDP Security",
        "0x1" => "TLS",
        "0x2" => "CredSSP (HYBRID)",
        "0x4" => "RDSTLS",
        "0x8" => "CredSSP (HYBRID_EX)",
        "0x10" => "Entra sign-in (RDSAAD)",
        other => other,
    }
}

fn protocols(out: &mut String, security: &SecurityView) {
    let flag = |flag: Option<bool>| match flag {
        Some(true) => "supported",
        Some(false) => "not supported",
        None => "unknown",
    };
    let rows = [
        ("Network Level Authentication", security.nla),
        ("CredSSP, early authorization", security.protocols.hybrid_ex),
        ("CredSSP", security.protocols.hybrid),
        ("TLS", security.protocols.ssl),
        ("Standard RDP Security", security.protocols.rdp),
        ("RDSTLS", security.protocols.rdstls),
        ("Entra sign-in (RDS AAD)", security.protocols.rdsaad),
        ("Restricted Admin", flag(security.restricted_admin)),
        ("Remote Credential Guard", flag(security.remote_credential_guard)),
    ];
    out.push_str("\n  Security\n");
    for (name, value) in rows {
        _ = writeln!(out, "    {name:<30}  {}", words(value));
    }
}

fn causes(out: &mut String, view: &ReportView, look: &Look, paint: &Paint<'_>) {
    if view.causes.is_empty() {
        return;
    }
    let (several, host) = (view.causes.len() > 1, view.target.host.as_str());
    _ = writeln!(out, "\n{}", paint(BOLD, if several { "Why, likeliest first" } else { "Why" }));
    for (index, cause) in view.causes.iter().enumerate() {
        let number = format!("  {}. ", index.saturating_add(1));
        let first = if several { number.as_str() } else { "  " };
        let indent = " ".repeat(first.len());
        wrapped(out, first, &sentence(&format!("{} ({})", cause.cause, cause.basis), host), look.width);
        wrapped(out, &format!("{indent}Do: "), &sentence(&cause.remedy, host), look.width);
        if let Some(event) = cause.event {
            wrapped(out, &format!("{indent}Look for: "), &sentence(event, host), look.width);
        }
    }
}

fn windows_client(out: &mut String, report: &Report, paint: &Paint<'_>) {
    if report.diagnosis.verdict.rule.is_none() && report.diagnosis.mstsc.is_empty() {
        return;
    }
    _ = writeln!(out, "\n{}", paint(BOLD, "A Windows client (mstsc) would show"));
    if report.diagnosis.mstsc.is_empty() {
        out.push_str("  not known\n");
    }
    for candidate in &report.diagnosis.mstsc {
        _ = writeln!(out, "  {}", shown(candidate));
    }
}

fn shown(candidate: &Candidate) -> String {
    let half = |code: Option<u32>| code.map_or_else(|| "?".to_owned(), |code| format!("0x{code:X}"));
    let mut text = match (candidate.code, candidate.text) {
        (None, Some(text)) => text.to_owned(),
        _ => format!("error code {}, extended {}", half(candidate.code), half(candidate.extended)),
    };
    if let Some(status) = candidate.status {
        _ = write!(text, ", status 0x{status:X}");
    }
    format!("{text:<40}  {}, {}", candidate.likelihood.id(), candidate.basis.id())
}

fn findings(out: &mut String, report: &Report, view: &ReportView, look: &Look, paint: &Paint<'_>) {
    if view.findings.is_empty() {
        return;
    }
    _ = writeln!(out, "\n{}", paint(BOLD, "Worth knowing"));
    for (finding, rule) in view.findings.iter().zip(&report.diagnosis.findings) {
        let warning = matches!(rule.kind, RuleKind::Finding(rdp_probe::Severity::Warning));
        let first = if warning { "  ! " } else { "  - " };
        wrapped(out, first, &sentence(&finding.text, &view.target.host), look.width);
        if warning || look.verbose > 0 {
            wrapped(out, "    Do: ", &sentence(&finding.remedy, &view.target.host), look.width);
        }
    }
}

/// Escaped, with a full stop, and with a capital where it begins with a word and not with the target's name.
fn sentence(text: &str, host: &str) -> String {
    let text = escape(text);
    let mut characters = text.chars();
    match characters.next() {
        Some(first) if first.is_ascii_lowercase() && !text.starts_with(host) => {
            format!("{}{}.", first.to_ascii_uppercase(), characters.as_str())
        }
        Some(_) | None => format!("{text}."),
    }
}

fn words(id: &str) -> String {
    id.replace('_', " ")
}

fn time(micros: u64) -> String {
    time_of(micros)
}

fn time_of(micros: u64) -> String {
    let duration = Duration::from_micros(micros);
    if duration < Duration::from_secs(1) {
        format!("{:.1} ms", duration.as_secs_f64() * 1000.0)
    } else {
        format!("{:.2} s", duration.as_secs_f64())
    }
}
