//! The report for people: a line a stage with its time, then the verdict, why, what to do, and what mstsc would show.
use std::fmt::Write as _;
use std::time::Duration;

use rdp_probe_core::wire::gcc::EncryptionMethods;
use rdp_probe_core::wire::nego::{Protocols, ResponseFlags};
use rdp_probe_core::{
    Evidence, Failure, Fields, MethodSummary, Nla, NtlmFacts, Offered, Outcome, PathStage, Product,
    SecuritySummary, ShownServer, ShownSettings, ShownTls, Stage, hex,
};
use rdp_probe_diagnosis::{
    AddressVerdict, Candidate, EXIT_CODES, Rule, RuleKind, Severity, VerdictOutcome, skew_words,
};

use super::gateway::gateway;
use super::look::Look;
use super::rows::{row, tls};
use super::word::{FAILED, word};
use super::wrap::{columns, continued, wrapped};
use crate::escape::escape;
use crate::expect::ExpectedOutcome;
use crate::report::Report;

const BOLD: &str = "\x1b[1m";
pub(super) const RED: &str = "\x1b[1;31m";
pub(super) const GREEN: &str = "\x1b[1;32m";
pub(super) const YELLOW: &str = "\x1b[33m";
const DIM: &str = "\x1b[2m";

/// What stands when the main path has ended, part by part: what follows shows against it what has changed since.
#[derive(Debug, PartialEq, Eq)]
pub struct First {
    /// The stages, and what came instead of what was due.
    stages: String,
    /// TLS, what the server says of itself, its settings.
    shown: Vec<String>,
    verdict: String,
    /// Why, what to do, and what a Windows client would show.
    why: String,
    /// Whether that is still open: further connections are to tell.
    open: bool,
}

/// Renders a report, from evidence and diagnosis.
pub fn human(report: &Report, look: &Look) -> String {
    let all = First { open: false, ..First::of(report, look) };
    all.text(report, look) + &further(report, look, &all, &all)
}

/// The stages and the verdict: all that is known when the main path has ended.
pub fn first(report: &Report, look: &Look) -> (String, First) {
    let first = First::of(report, look);
    (first.text(report, look), first)
}

/// What further connections add to what has been said, and the exit code.
pub fn rest(report: &Report, look: &Look, said: &First) -> String {
    further(report, look, said, &First::of(report, look))
}

fn further(report: &Report, look: &Look, said: &First, now: &First) -> String {
    let Report { evidence, diagnosis, .. } = report;
    let mut out = String::new();
    if now.stages != said.stages {
        _ = writeln!(out, "\n{}\n", title("Asked again, otherwise", look));
        out.push_str(&now.stages);
    }
    now.shown.iter().filter(|part| !said.shown.contains(part)).for_each(|part| out.push_str(part));
    let changed = now.verdict != said.verdict;
    if changed {
        _ = writeln!(out, "\n{}\n", title("Further connections change the verdict", look));
        out.push_str(&now.verdict);
    }
    if said.open || now.why != said.why {
        if !said.open && !changed {
            _ = writeln!(out, "\n{}", title("Further connections tell more", look));
        }
        out.push_str(&now.why);
    }
    if evidence.was_enumerated() && evidence.was_negotiated() {
        protocols(&mut out, evidence, look);
    }
    if diagnosis.addresses.len() > 1 {
        addresses(&mut out, &diagnosis.addresses, look);
    }
    let host = evidence.plan.target.host.to_string();
    findings(&mut out, report, &host, look);
    changes(&mut out, report, look);
    expectations(&mut out, report, look);
    if look.verbose > 0 {
        made(&mut out, report, look);
    }
    let mut code = String::new();
    wrapped(&mut code, "", &exit_code_in_words(report.run_exit_code()), look.width);
    _ = writeln!(out, "\n{}", paint(look, DIM, code.trim_end()));
    out
}

/// An exit code, and what it says.
pub fn exit_code_in_words(code: u8) -> String {
    let known = EXIT_CODES.iter().find(|row| row.code == code);
    known.map_or_else(|| format!("exit code {code}"), |row| format!("exit code {code}: {}", row.meaning))
}

/// What has changed since the baseline.
fn changes(out: &mut String, report: &Report, look: &Look) {
    let Some(compared) = report.compared() else { return };
    let since = compared.since.as_ref().map(|since| format!(" since {since}")).unwrap_or_default();
    if compared.changes.is_empty() {
        out.push('\n');
        return wrapped(out, "", &escape(&format!("Nothing has changed{since}.")), look.width);
    }
    _ = writeln!(out, "\n{}", title(&escape(&format!("What has changed{since}")), look));
    for change in &compared.changes {
        let text = format!("{}: {}, and was {}", change.what, change.now, change.before);
        wrapped(out, "  - ", &escape(&text), look.width);
    }
}

/// What became of what was expected.
fn expectations(out: &mut String, report: &Report, look: &Look) {
    if report.expected().is_empty() {
        return;
    }
    _ = writeln!(out, "\n{}", title("What was expected", look));
    for one in report.expected() {
        let (mark, color) = match one.outcome {
            ExpectedOutcome::Held => ("held", GREEN),
            ExpectedOutcome::Failed => (FAILED, RED),
            ExpectedOutcome::NotTestable => ("not told", YELLOW),
        };
        let mut text = escape(&one.expectation).into_owned();
        match (&one.got, one.why) {
            (Some(got), _) if one.outcome == ExpectedOutcome::Failed => {
                _ = write!(text, ": it is {}", escape(got))
            }
            (None, Some(why)) => _ = write!(text, ": {why}"),
            _ => {}
        }
        let mut lines = String::new();
        wrapped(&mut lines, &format!("  {mark:<9} "), &text, look.width);
        // The mark stands once, and first.
        out.push_str(&lines.replacen(mark, &paint(look, color, mark), 1));
    }
}

/// When the run began, and by which version it was made.
fn made(out: &mut String, report: &Report, look: &Look) {
    let at = report.made_at().map(|at| format!("Begun at {at}"));
    let by = report.made_by().map(|by| escape(by).into_owned());
    let made = match (at, by) {
        (Some(at), Some(by)) => format!("{at}, by {by}"),
        (Some(only), None) | (None, Some(only)) => only,
        (None, None) => return,
    };
    out.push('\n');
    wrapped(out, "", &made, look.width);
}

impl First {
    fn of(report: &Report, look: &Look) -> Self {
        let evidence = &report.evidence;
        let (mut stages, mut shown) = (String::new(), Vec::new());
        for stage in Evidence::sequence(evidence.path()) {
            stage_line(&mut stages, &stage, evidence.gateway().is_some(), look);
        }
        if let Some(failure) = evidence.failure().filter(|_| look.verbose > 0) {
            raw(&mut stages, failure, look);
        }
        let mut part = |write: &dyn Fn(&mut String)| {
            let mut text = String::new();
            write(&mut text);
            shown.push(text);
        };
        if let Some(shown) = evidence.shown_gateway() {
            part(&|out| gateway(out, evidence, &shown, look));
            if let Some(says) = &shown.says {
                part(&|out| self::says(out, "The gateway", says, look));
            }
        }
        if let Some(tls) = evidence.shown_tls() {
            part(&|out| certificate(out, evidence, &tls, look));
        }
        if let Some(server) = evidence.shown_server() {
            part(&|out| says(out, "The server", &server, look));
        }
        if let Some(settled) = evidence.shown_settings() {
            part(&|out| settings(out, &settled, look));
        }
        let next = evidence.plan.next(evidence);
        let open = next.is_some_and(|next| next.purpose.tells_why());
        Self { stages, shown, verdict: verdict(report, look), why: why(report, look), open }
    }

    fn text(&self, report: &Report, look: &Look) -> String {
        let target = &report.evidence.plan.target;
        let name = title(&escape(&target.to_string()), look);
        let why = if self.open { "  More connections follow, to find out why.\n" } else { &self.why };
        let mut not_followed = String::new();
        for one in &report.evidence.plan.not_followed {
            wrapped(&mut not_followed, "  ", &escape(&format!("Not followed: {one}.")), look.width);
        }
        format!("{name}\n{not_followed}\n{}{}\n{}{why}", self.stages, self.shown.concat(), self.verdict)
    }
}

fn verdict(report: &Report, look: &Look) -> String {
    let verdict = &report.diagnosis.verdict;
    let head = match (verdict.stage, verdict.hop) {
        (Some(stage), Some(hop)) => {
            let word = word(report);
            let colour = if word == FAILED { RED } else { YELLOW };
            let mut head = String::new();
            wrapped(&mut head, "", &format!("{word} at {stage} ({hop})"), look.width);
            paint(look, colour, head.trim_end())
        }
        _ => paint(look, GREEN, "OK"),
    };
    let mut out = format!("{head}\n");
    let host = report.evidence.plan.target.host.to_string();
    wrapped(&mut out, "  ", &sentence(&report.summary(), &host), look.width);
    out
}

/// Why, what to do, and what a Windows client would show.
fn why(report: &Report, look: &Look) -> String {
    let host = report.evidence.plan.target.host.to_string();
    let mut out = String::new();
    causes(&mut out, report, &host, look);
    windows_client(&mut out, report, look);
    out
}

/// A heading, without the end of its last line.
pub fn title(text: &str, look: &Look) -> String {
    let mut lines = String::new();
    wrapped(&mut lines, "", text, look.width);
    paint(look, BOLD, lines.trim_end())
}

pub(super) fn paint(look: &Look, color: &str, text: &str) -> String {
    if look.color { format!("{color}{text}\x1b[0m") } else { text.to_owned() }
}

fn stage_line(out: &mut String, stage: &PathStage<'_>, through_gateway: bool, look: &Look) {
    let record = stage.record;
    // They stand there for gateway and target.
    let for_both = through_gateway && [Stage::Resolve, Stage::TcpConnect].contains(&record.stage);
    let of_hop = if for_both { format!(" ({})", record.hop) } else { String::new() };
    let name = format!("{}{of_hop}", record.stage);
    let (mark, color) = match record.outcome {
        Outcome::Passed => ("ok", GREEN),
        Outcome::Failed if stage.asked_again => ("refused", YELLOW),
        Outcome::Failed => ("FAILED", RED),
        Outcome::NotReached => ("not reached", DIM),
        Outcome::NotTried(_) | _ => ("not tried", DIM),
    };
    let duration = record.duration.map(time).unwrap_or_default();
    let mut detail: Vec<String> = record.facts.iter().filter_map(|fact| fact.observed.in_brief()).collect();
    detail.extend(stage.why().map(str::to_owned));
    let mark = paint(look, color, &format!("{mark:<11}"));
    let line = if look.width < DETAILS {
        // No room for a column of times.
        detail.splice(0..0, record.duration.map(time));
        format!("  {mark}  {name}")
    } else {
        // A long name takes some of the room that its time leaves.
        let room = NAME_AND_TIME.saturating_sub(name.len().max(23));
        format!("  {mark}  {name:<23} {duration:>room$}")
    };
    details(out, &line, &escape(&detail.join(", ")), look.width);
    if look.verbose == 0 {
        return;
    }
    for fact in &record.facts {
        let first = format!("      +{} {}", time(fact.at), fact.observed.id());
        out.push_str(&first);
        let values = named(fact.observed.fields());
        if values.is_empty() {
            out.push('\n');
        } else {
            continued(out, first.chars().count(), 8, &escape(&values.join(" ")), look.width);
        }
    }
}

/// What came instead of what was due, as it was received.
fn raw(out: &mut String, failure: &Failure, look: &Look) {
    let kind = &failure.kind;
    let closed = kind.close().map(|close| format!(" {}", close.id())).unwrap_or_default();
    let codes = named(kind.fields()).join(" ");
    let line = format!("awaiting {}: {}{closed} {codes}", failure.awaiting, kind.id());
    wrapped(out, "      ", &escape(line.trim_end()), look.width);
    if let Some(head) = kind.head().filter(|head| look.verbose > 1 && !head.is_empty()) {
        _ = writeln!(out, "      {} octets:", head.total());
        wrapped(out, "        ", &head.to_string(), look.width);
    }
}

/// `name=value`, by name.
fn named(fields: Fields) -> Vec<String> {
    let mut all: Vec<(&str, String)> = fields.into_iter().collect();
    all.sort();
    all.into_iter().map(|(name, value)| format!("{name}={value}")).collect()
}

/// Where the details of a stage begin.
const DETAILS: usize = 50;

/// As wide as the name of a stage and its time are beside each other, without the space between them.
const NAME_AND_TIME: usize = 32;

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

/// The target's security protocols, and how it encrypts without TLS.
fn protocols(out: &mut String, evidence: &Evidence, look: &Look) {
    let (summary, methods) = (SecuritySummary::of(evidence), MethodSummary::of(evidence));
    // Both belong to Network Level Authentication.
    let without = summary.nla() == Nla::NotSupported;
    let flag = |flag: ResponseFlags| match evidence.response_flags().map(|flags| flags.contains(flag)) {
        _ if without => "not applicable",
        Some(true) => "supported",
        Some(false) => "not supported",
        None => "unknown",
    };
    let protocol = |protocol| summary.protocol(protocol).id();
    let mut rows = vec![
        ("Network Level Authentication", summary.nla().id()),
        ("CredSSP, early authorization", protocol(Protocols::HYBRID_EX)),
        ("CredSSP", protocol(Protocols::HYBRID)),
        ("TLS", protocol(Protocols::SSL)),
        ("Standard RDP Security", protocol(Protocols::RDP)),
        ("RDSTLS", protocol(Protocols::RDSTLS)),
        ("Entra sign-in (RDS AAD)", protocol(Protocols::RDSAAD)),
    ];
    let each = [
        ("Encryption with 40 bits", EncryptionMethods::BITS_40),
        ("Encryption with 56 bits", EncryptionMethods::BITS_56),
        ("Encryption with 128 bits", EncryptionMethods::BITS_128),
        ("Encryption with Triple DES", EncryptionMethods::FIPS),
    ];
    // The methods of Standard RDP Security are asked for only where it is taken.
    let known = each.map(|(name, method)| (name, methods.method(method)));
    rows.extend(known.iter().filter(|(_, offered)| *offered != Offered::Unknown).map(|(n, o)| (*n, o.id())));
    rows.push(("Restricted Admin", flag(ResponseFlags::RESTRICTED_ADMIN_MODE_SUPPORTED)));
    rows.push(("Remote Credential Guard", flag(ResponseFlags::REDIRECTED_AUTHENTICATION_MODE_SUPPORTED)));
    out.push_str("\n  Security\n");
    for (name, value) in rows {
        columns(out, 4, name, 36, &words(value), look.width);
    }
}

/// What is known of each address.
fn addresses(out: &mut String, all: &[AddressVerdict], look: &Look) {
    out.push_str("\n  Addresses\n");
    let longest = all.iter().map(|one| one.address.to_string().len()).max().unwrap_or_default();
    let second = longest.max(40) + 6;
    for one in all {
        let at = one.stage.map(|stage| format!(" at {stage}")).unwrap_or_default();
        let outcome = one.outcome.map_or("not tried", VerdictOutcome::id);
        columns(out, 4, &one.address.to_string(), second, &format!("{}{at}", words(outcome)), look.width);
    }
}

/// TLS with the target, and how it was read.
fn certificate(out: &mut String, evidence: &Evidence, shown: &ShownTls<'_>, look: &Look) {
    let read = if shown.scouted { "TLS, as the server would choose (read in the clear)" } else { "TLS" };
    out.push('\n');
    wrapped(out, "  ", read, look.width);
    tls(out, "Version", shown, &evidence.plan, look);
}

/// What the server says of itself.
fn says(out: &mut String, who: &str, server: &ShownServer, look: &Look) {
    let facts = &server.facts;
    // What is only guessed is nothing that it said.
    let says = if *facts == NtlmFacts::default() { "is, as it seems" } else { "says that it is" };
    out.push_str(&format!("\n  {who} {says}\n"));
    let mut known = |name: &str, value: Option<&str>| {
        if let Some(value) = value {
            row(out, name, value, look);
        }
    };
    known("Computer", facts.dns_computer.as_deref().or(facts.netbios_computer.as_deref()));
    known("Domain", facts.dns_domain.as_deref().or(facts.netbios_domain.as_deref()));
    known("Build", facts.build_text().as_deref());
    known("Product, a guess", server.product.map(Product::name));
    known("Clock", server.clock_skew_ms.map(|skew| format!("{} this computer's", skew_words(skew))).as_deref());
    known("CredSSP version", server.credssp_version.map(|version| version.to_string()).as_deref());
}

/// What the server answered to the basic settings.
fn settings(out: &mut String, shown: &ShownSettings<'_>, look: &Look) {
    out.push_str("\n  The server's basic settings\n");
    if let Some(version) = shown.version {
        row(out, "RDP version", &version.name().map_or_else(|| hex(version.0), str::to_owned), look);
    }
    let encrypted = shown.encryption.filter(|(method, ..)| *method != EncryptionMethods::NONE);
    if let Some((method, level, key)) = encrypted {
        let method = method.name().map_or_else(|| hex(method.0), str::to_owned);
        let level = level.name().map_or_else(|| hex(level.0), str::to_owned);
        row(out, "Encryption", &format!("{method}, level {level}"), look);
        if let Some(key) = key {
            row(out, "Server key", &key.to_string(), look);
        }
    }
}

fn causes(out: &mut String, report: &Report, host: &str, look: &Look) {
    let causes = &report.diagnosis.causes;
    if causes.is_empty() {
        return;
    }
    let several = causes.len() > 1;
    _ = writeln!(out, "\n{}", title(if several { "Why, likeliest first" } else { "Why" }, look));
    for (index, rule) in causes.iter().enumerate() {
        let number = format!("  {}. ", index + 1);
        let first = if several { number.as_str() } else { "  " };
        let indent = " ".repeat(first.len());
        let text = |text: fn(&Rule) -> &'static str| report.text_of(text, rule);
        let cause = format!("{} ({})", text(|rule| rule.cause), rule.basis.id());
        wrapped(out, first, &sentence(&cause, host), look.width);
        wrapped(out, &format!("{indent}Do: "), &sentence(&text(|rule| rule.remedy), host), look.width);
        if let Some(event) = rule.event {
            wrapped(out, &format!("{indent}Look for: "), &sentence(event, host), look.width);
        }
    }
}

fn windows_client(out: &mut String, report: &Report, look: &Look) {
    if report.diagnosis.verdict.rule.is_none() && report.diagnosis.mstsc.is_empty() {
        return;
    }
    // Where nothing failed, what it shows hangs on the client.
    let shows = if report.is_reachable() { "may show" } else { "would show" };
    _ = writeln!(out, "\n{}", title(&format!("A Windows client (mstsc) {shows}"), look));
    if report.diagnosis.mstsc.is_empty() {
        let connects = report.diagnosis.verdict.rule.is_some_and(|rule| rule.client_connects);
        let said = if connects { "nothing: a client of today would connect" } else { "not known" };
        wrapped(out, "  ", said, look.width);
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

fn findings(out: &mut String, report: &Report, host: &str, look: &Look) {
    if report.diagnosis.findings.is_empty() {
        return;
    }
    _ = writeln!(out, "\n{}", title("Worth knowing", look));
    for rule in &report.diagnosis.findings {
        let warning = matches!(rule.kind, RuleKind::Finding(Severity::Warning));
        let first = if warning { "  ! " } else { "  - " };
        wrapped(out, first, &sentence(&report.text_of(|rule| rule.summary, rule), host), look.width);
        if look.verbose > 0 {
            wrapped(out, "    Why: ", &sentence(&report.text_of(|rule| rule.cause, rule), host), look.width);
        }
        if warning || look.verbose > 0 {
            wrapped(out, "    Do: ", &sentence(&report.text_of(|rule| rule.remedy, rule), host), look.width);
        }
    }
}

/// Escaped, with a full stop, and with a capital where it begins with a word and not with the target's name.
pub(super) fn sentence(text: &str, host: &str) -> String {
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

fn time(duration: Duration) -> String {
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
    fn too_long(text: &str, width: usize) -> Vec<&str> {
        let one_word = |line: &str| !line.trim().contains(' ');
        text.lines().filter(|line| line.chars().count() > width && !one_word(line)).collect()
    }

    #[test]
    fn the_verdict_stands_before_all_that_further_connections_tell() {
        for (name, report) in scenarios() {
            let text = human(&report, &PLAIN);
            let at = |heading: &str| text.find(heading);
            let heading = if report.evidence.failure().is_some() { "\nFAILED at " } else { "\nUNDECIDED at " };
            let verdict = at(heading).or_else(|| at("\nOK\n")).unwrap();
            for later in ["\n  Security\n", "\n  Addresses\n", "\nWorth knowing\n"] {
                assert!(at(later).is_none_or(|later| verdict < later), "{name}: {text}");
            }
            // What is said in two halves says the same, each thing once.
            let (begun, said) = first(&report, &PLAIN);
            let open = begun.replace("  More connections follow, to find out why.\n", "");
            assert_eq!(open + &rest(&report, &PLAIN, &said), text, "{name}");
        }
    }

    #[test]
    fn every_scenario_stays_within_eighty_columns_and_ends_with_its_exit_code() {
        for (name, report) in scenarios() {
            for verbose in 0..=2 {
                let text = human(&report, &Look { verbose, ..PLAIN });
                assert_eq!(too_long(&text, 80), [""; 0], "{name}, verbose {verbose}");
                let narrow = human(&report, &Look { width: 40, verbose, ..PLAIN });
                assert_eq!(too_long(&narrow, 40), [""; 0], "{name}, verbose {verbose}");
                assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{name}: {text:?}");
                assert!(!text.lines().any(|line| line.ends_with(' ')), "{name}: {text:?}");
                let mut last = String::from("\n\n");
                wrapped(&mut last, "", &exit_code_in_words(report.exit_code()), 80);
                assert!(text.ends_with(&last), "{name}: {text}");
                let colored = human(&report, &Look { color: true, verbose, ..PLAIN });
                assert_eq!(without_color(&colored), text, "{name}: colour changes nothing but colour");
            }
        }
    }

    #[test]
    fn times_and_details_of_all_stages_stand_in_columns() {
        let mut times = 0;
        for (name, report) in scenarios() {
            for line in human(&report, &PLAIN).lines().filter(|line| line.starts_with("  ok  ")) {
                let details = line.get(DETAILS - 2..DETAILS + 1);
                assert!(details.is_none_or(|at| at.starts_with("  ") && !at.ends_with(' ')), "{name}: {line}");
                let time = line.find(" ms");
                assert!(time.is_none_or(|at| at == DETAILS - 5), "{name}: {line}");
                times += usize::from(time.is_some());
            }
        }
        assert!(times > 100, "{times}");
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
            assert_eq!(too_long(&text, 80), [""; 0], "{text}");
            assert!(
                text.contains("\n                 [2001:db8:1111:2222:3333:4444:5555:1]:20389,\n"),
                "{text}"
            );
        }
    }
}
