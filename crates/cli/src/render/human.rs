//! The report for people: a line a stage with its time, then the verdict, why, what to do, and what mstsc would show.
use std::fmt::Write as _;
use std::time::Duration;

use rdp_probe::view::{McsView, ReportView, SecurityView, ServerView, StageView, TlsView};
use rdp_probe::{Candidate, Report, RuleKind, escape};

use super::look::Look;
use super::wrap::{columns, continued, wrapped};

pub(super) const BOLD: &str = "\x1b[1m";
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
    stages(&mut out, &view, &report.deciding_stages(), look, &paint);
    if let Some(tls) = &view.tls {
        certificate(&mut out, tls, look);
    }
    if let Some(server) = &view.server {
        says(&mut out, server, look);
    }
    if let Some(mcs) = &view.mcs {
        settings(&mut out, mcs, look);
    }
    if let Some(security) =
        view.security.as_ref().filter(|_| view.probes.iter().any(|p| p.purpose.starts_with("enum")))
    {
        protocols(&mut out, security);
    }
    if view.addresses.len() > 1 {
        out.push_str("\n  Addresses\n");
        let longest = view.addresses.iter().map(|address| address.address.len()).max().unwrap_or_default();
        let second = longest.max(40).saturating_add(6);
        for address in &view.addresses {
            let at = address.stage.map(|stage| format!(" at {stage}")).unwrap_or_default();
            let outcome = format!("{}{at}", words(address.outcome));
            columns(&mut out, 4, &address.address, second, &outcome, look.width);
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
    windows_client(&mut out, report, look, &paint);
    findings(&mut out, report, &view, look, &paint);
    _ = writeln!(out, "\n{}", paint(DIM, &format!("exit code {}", view.verdict.exit_code)));
    out
}

/// A heading.
pub(crate) fn title(text: &str, look: &Look) -> String {
    if look.color { format!("{BOLD}{text}\x1b[0m") } else { text.to_owned() }
}

type Paint<'a> = dyn Fn(&str, &str) -> String + 'a;

fn stages(out: &mut String, view: &ReportView, stages: &[StageView], look: &Look, paint: &Paint<'_>) {
    for stage in stages {
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
        let line = format!("  {mark}  {:<23} {time:>9}", stage.stage);
        details(out, &line, &escape(&detail.join(", ")), look.width);
        if look.verbose > 0 {
            for fact in &stage.facts {
                let values: Vec<String> =
                    fact.detail.iter().map(|(key, value)| format!("{key}={value}")).collect();
                let first = format!("      +{} {}", time_of(fact.at_us), fact.fact);
                out.push_str(&first);
                if values.is_empty() {
                    out.push('\n');
                } else {
                    continued(out, first.chars().count(), 8, &escape(&values.join(" ")), look.width);
                }
            }
        }
    }
    if let Some(failure) = view.failure.as_ref().filter(|_| look.verbose > 0) {
        let codes: Vec<String> = failure.codes.iter().map(|(key, value)| format!("{key}={value}")).collect();
        let closed = failure.close.as_ref().map(|close| format!(" {}", close.how)).unwrap_or_default();
        let line = format!("awaiting {}: {}{closed} {}", failure.awaiting, failure.kind, codes.join(" "));
        wrapped(out, "      ", &escape(line.trim_end()), look.width);
        if look.verbose > 1 && failure.partial_len > 0 {
            _ = writeln!(out, "      {} octets:", failure.partial_len);
            wrapped(out, "        ", &failure.partial, look.width);
        }
    }
}

/// Where the details of a stage begin.
const DETAILS: usize = 50;

/// Where they begin when they have a word that is too long for what is left of the line.
const DETAILS_BELOW: usize = 17;

/// A stage's line with its details behind it, in a column of their own, or below it.
fn details(out: &mut String, line: &str, text: &str, width: usize) {
    let longest = text.split(' ').map(|word| word.chars().count()).max().unwrap_or_default();
    if text.is_empty() {
        _ = writeln!(out, "{}", line.trim_end());
    } else if DETAILS.saturating_add(longest) <= width {
        _ = write!(out, "{line}  ");
        continued(out, DETAILS, DETAILS, text, width);
    } else {
        _ = writeln!(out, "{}", line.trim_end());
        wrapped(out, &" ".repeat(DETAILS_BELOW), text, width);
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
        "server_core" => Some(format!("RDP {}", value("rdp").or_else(|| value("version"))?)),
        "encryption" => match value("method")?.as_str() {
            "0x0" => None,
            _ => value("key"),
        },
        "challenge" => value("dns_computer").or_else(|| value("netbios_computer")),
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
        ("Encryption with 40 bits", security.encryption_methods.bits_40),
        ("Encryption with 56 bits", security.encryption_methods.bits_56),
        ("Encryption with 128 bits", security.encryption_methods.bits_128),
        ("Encryption with Triple DES", security.encryption_methods.fips),
        ("Restricted Admin", flag(security.restricted_admin)),
        ("Remote Credential Guard", flag(security.remote_credential_guard)),
    ];
    out.push_str("\n  Security\n");
    // The methods of Standard RDP Security are asked for only where it is taken.
    let idle = |name: &str, value: &str| name.starts_with("Encryption") && value == "unknown";
    for (name, value) in rows.into_iter().filter(|(name, value)| !idle(name, value)) {
        _ = writeln!(out, "    {name:<30}  {}", words(value));
    }
}

/// The certificate, and how it was read.
fn certificate(out: &mut String, tls: &TlsView, look: &Look) {
    let read =
        if tls.source == "scout" { "TLS, as the server would choose (read in the clear)" } else { "TLS" };
    _ = writeln!(out, "\n  {read}");
    row(out, "Version", &format!("{}, {}", tls.version, tls.cipher), look);
    let Some(certificate) = &tls.certificate else { return };
    row(out, "Certificate", &certificate.subject, look);
    if !certificate.self_signed {
        row(out, "Issuer", &certificate.issuer, look);
    }
    if !certificate.names.is_empty() {
        row(out, "Names", &certificate.names.join(", "), look);
    }
    let until = certificate.not_after.as_deref().unwrap_or("a year beyond 9999");
    let left = certificate.days_left.map(|days| format!(" ({days} days)")).unwrap_or_default();
    row(out, "Valid until", &format!("{until}{left}"), look);
    row(out, "Key, signature", &format!("{}, {}", certificate.key, certificate.signature), look);
    row(out, "SHA-1", &certificate.sha1, look);
    row(out, "SHA-256", &certificate.sha256, look);
}

/// What the server says of itself.
fn says(out: &mut String, server: &ServerView, look: &Look) {
    out.push_str("\n  The server says that it is\n");
    let mut known = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            row(out, name, value, look);
        }
    };
    known("Computer", server.dns_computer.as_deref().or(server.netbios_computer.as_deref()));
    known("Domain", server.dns_domain.as_deref().or(server.netbios_domain.as_deref()));
    let guess = server.guess.map(|guess| format!(" (a guess: {guess})")).unwrap_or_default();
    known("Build", server.os_build.as_ref().map(|build| format!("{build}{guess}")).as_deref());
    known("Clock", server.clock_skew_ms.map(|skew| format!("{skew:+} ms from this computer's")).as_deref());
    known("CredSSP version", server.credssp_version.map(|version| version.to_string()).as_deref());
}

/// What the server answered to the basic settings.
fn settings(out: &mut String, mcs: &McsView, look: &Look) {
    out.push_str("\n  The server's basic settings\n");
    if let Some(version) = mcs.rdp.map(str::to_owned).or_else(|| mcs.rdp_version.clone()) {
        row(out, "RDP version", &version, look);
    }
    if let Some(encryption) = mcs.encryption.as_ref().filter(|encryption| encryption.method != "none") {
        row(out, "Encryption", &format!("{}, level {}", encryption.method, encryption.level), look);
        if let Some(key) = &encryption.key {
            row(out, "Server key", key, look);
        }
    }
}

/// A name and its value, which a peer may have sent.
fn row(out: &mut String, name: &str, value: &str, look: &Look) {
    columns(out, 4, name, 22, &escape(value), look.width);
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

fn windows_client(out: &mut String, report: &Report, look: &Look, paint: &Paint<'_>) {
    if report.diagnosis.verdict.rule.is_none() && report.diagnosis.mstsc.is_empty() {
        return;
    }
    _ = writeln!(out, "\n{}", paint(BOLD, "A Windows client (mstsc) would show"));
    if report.diagnosis.mstsc.is_empty() {
        let connects = report.diagnosis.verdict.rule.is_some_and(|rule| rule.client_connects);
        out.push_str(if connects { "  nothing: it would connect\n" } else { "  not known\n" });
    }
    for candidate in &report.diagnosis.mstsc {
        let known = format!("{}, {}", candidate.likelihood.id(), candidate.basis.id());
        columns(out, 2, &shown(candidate), 44, &known, look.width);
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
    text
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::{report, scenarios};
    use rdp_probe_testkit::Scenario;

    const PLAIN: Look = Look { color: false, width: 80, verbose: 0 };

    /// Lines that do not fit, except those that hold nothing but one word.
    fn too_long(text: &str) -> Vec<&str> {
        let one_word = |line: &str| !line.trim().contains(' ');
        text.lines().filter(|line| line.chars().count() > 80 && !one_word(line)).collect()
    }

    #[test]
    fn every_scenario_stays_within_eighty_columns_and_ends_with_its_exit_code() {
        for (name, report) in scenarios() {
            for verbose in 0..=2 {
                let text = human(&report, &Look { verbose, ..PLAIN });
                assert_eq!(too_long(&text), [""; 0], "{name}, verbose {verbose}");
                assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{name}: {text:?}");
                assert!(!text.lines().any(|line| line.ends_with(' ')), "{name}: {text:?}");
                let last = format!("\n\nexit code {}\n", report.exit_code());
                assert!(text.ends_with(&last), "{name}: {text}");
                let colored = human(&report, &Look { color: true, verbose, ..PLAIN });
                assert_eq!(without_color(&colored), text, "{name}: colour changes nothing but colour");
            }
        }
    }

    fn without_color(text: &str) -> String {
        [BOLD, RED, GREEN, YELLOW, DIM, "\x1b[0m"]
            .iter()
            .fold(text.to_owned(), |text, code| text.replace(code, ""))
    }

    #[test]
    fn long_addresses_and_long_lists_of_them_are_wrapped() {
        let addresses: Vec<String> =
            (1..=9).map(|n| format!("\"2001:db8:1111:2222:3333:4444:5555:{n}\"")).collect();
        let text = format!(
            "title = \"t\"\n[target]\nhost = \"a-rather-long-name.of-a-farm.in-some.department.lab.test\"\n\
             [plan]\nall_addresses = true\n[dial]\nresolve = [{}]\nconnect = {{ \"*\" = \"refused\" }}\n\
             [expect]\noutcome = \"reachable\"\nexit = 0\n",
            addresses.join(", ")
        );
        let report = report(&Scenario::parse("long", &text).unwrap());
        for verbose in 0..=2 {
            let text = human(&report, &Look { verbose, ..PLAIN });
            assert_eq!(too_long(&text), [""; 0], "{text}");
            assert!(
                text.contains("\n                 [2001:db8:1111:2222:3333:4444:5555:1]:20389,\n"),
                "{text}"
            );
        }
    }
}
