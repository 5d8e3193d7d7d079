//! A flat line a target: docs/csv.md.
use ::csv::{QuoteStyle, WriterBuilder};
use rdp_probe::render::client_codes;
use rdp_probe::{ExpectedOutcome, Hop, Nla, Report, SecuritySummary, Stage, escape};

use super::shown::{changes, expected, summary};

/// The columns.
pub(crate) const CSV_HEADER: &str = "made_at,input,host,port,address,gateway,outcome,exit_code,hop,stage,rule,summary,nla,tls_version,\
    cert_days_left,cert_sha256,cert_subject,server_name,os_build,guess,credentials,duration_us,mstsc,findings,unexpected,changed\n";

/// What a cell holds.
enum Cell {
    Text(String),
    /// Of this program's own making, and so never a formula.
    Number(String),
}

/// The line of one report, with its end.
pub(crate) fn csv_row(report: &Report) -> String {
    let cells = cells(report).map(|cell| match cell {
        Cell::Text(text) => harmless(&text),
        Cell::Number(number) => number,
    });
    let mut writer = WriterBuilder::new().quote_style(QuoteStyle::Necessary).from_writer(Vec::new());
    // A text in memory takes whatever is written to it.
    _ = writer.write_record(cells);
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

fn cells(report: &Report) -> [Cell; 26] {
    let (evidence, verdict) = (&report.evidence, &report.diagnosis.verdict);
    let target = &evidence.plan.target;
    let (tls, server) = (evidence.shown_tls(), evidence.shown_server());
    let certificate = tls.as_ref().and_then(|tls| tls.certificate);
    let nla = evidence.was_negotiated().then(|| SecuritySummary::of(evidence).nla());
    let facts = server.as_ref().map(|server| &server.facts);
    let computer = facts.and_then(|facts| facts.dns_computer.as_ref().or(facts.netbios_computer.as_ref()));
    let findings: Vec<&str> = report.diagnosis.findings.iter().map(|rule| rule.id).collect();
    let unexpected: Vec<&str> =
        expected(report, ExpectedOutcome::Failed).map(|one| one.expectation.as_str()).collect();
    let changed: Vec<String> = changes(report).into_iter().map(|(what, _)| what).collect();
    let text = |text: Option<String>| Cell::Text(text.unwrap_or_default());
    let id = |id: Option<&str>| Cell::Text(id.unwrap_or_default().to_owned());
    let number = |number: Option<String>| Cell::Number(number.unwrap_or_default());
    [
        text(report.made_at()),
        text(Some(report.target.input.clone())),
        text(Some(target.host.to_string())),
        number(Some(target.port.to_string())),
        text(evidence.peer().map(|address| address.to_string())),
        text(evidence.gateway().map(|gateway| gateway.leg.to_string())),
        id(Some(verdict.outcome.id())),
        number(Some(report.run_exit_code().to_string())),
        id(verdict.hop.map(Hop::id)),
        id(verdict.stage.map(Stage::id)),
        id(verdict.rule.map(|rule| rule.id)),
        text(Some(summary(report))),
        id(nla.map(Nla::id)),
        text(tls.as_ref().map(rdp_probe::ShownTls::version_text)),
        number(
            certificate
                .and_then(|facts| facts.days_left(evidence.plan.began_unix_ms))
                .map(|days| days.to_string()),
        ),
        id(certificate.map(|facts| facts.sha256.as_str())),
        text(certificate.and_then(|facts| facts.subject.clone())),
        text(computer.cloned()),
        text(facts.and_then(rdp_probe::NtlmFacts::build_text)),
        id(server.as_ref().and_then(|server| server.product).map(rdp_probe::Product::name)),
        id(evidence.plan.account.as_ref().map(|_| evidence.logon_result().id())),
        number(Some(report.duration().as_micros().to_string())),
        text(Some(client_codes(report).join(" "))),
        text(Some(findings.join(" "))),
        text(Some(unexpected.join(", "))),
        text(Some(changed.join(" "))),
    ]
}

/// A text that neither a terminal nor a spreadsheet takes for more than that: what begins as a formula does gets an apostrophe before it,
/// which spreadsheets take for "this is text". So does what stands behind a semicolon, which separates cells in many languages.
fn harmless(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut begins = true;
    for character in escape(text).chars() {
        if begins && is_formulas(character) {
            out.push('\'');
        }
        begins = character == ';' || (begins && matches!(character, ' ' | '"'));
        out.push(character);
    }
    out
}

/// Whether a formula begins so, also in full width. A tab and a carriage return are spelt out by then.
const fn is_formulas(character: char) -> bool {
    matches!(character, '=' | '+' | '-' | '@' | '\u{ff1d}' | '\u{ff0b}' | '\u{ff0d}' | '\u{ff20}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_begins_as_a_formula_is_text() {
        assert_eq!(harmless("=cmd|' /C calc'!A0"), "'=cmd|' /C calc'!A0");
        assert_eq!(harmless("+1"), "'+1");
        assert_eq!(harmless("-1+1"), "'-1+1");
        assert_eq!(harmless("@SUM(A1)"), "'@SUM(A1)");
        assert_eq!(harmless("\u{ff1d}1"), "'\u{ff1d}1");
        assert_eq!(harmless("\t=1\r"), "\\u{9}=1\\u{d}");
        assert_eq!(harmless("a; \"=1;b"), "a; \"'=1;b");
        assert_eq!(harmless(" =1"), " '=1");
        assert_eq!(harmless("CN=srv1, O=a-b+c"), "CN=srv1, O=a-b+c");
    }
}
