//! Renderers: pure functions from a report, or from an explanation, to text.
mod explanation;
mod human;
mod line;
pub(crate) mod wrap;

use std::fmt::Write as _;
use std::io::IsTerminal as _;

#[cfg(test)]
use rdp_probe::Report;
use rdp_probe::is_harmful;
use serde::Serialize;

use crate::options::Color;

pub(crate) use explanation::explanation;
pub(crate) use human::{human, title};
pub(crate) use line::line;

/// How human output looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) color: bool,
    pub(crate) width: usize,
    pub(crate) verbose: u8,
}

impl Look {
    /// For standard output or a file.
    pub(crate) fn of(color: Color, verbose: u8, stdout: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let terminal = stdout && std::io::stdout().is_terminal();
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !dumb && !set("NO_COLOR"),
        };
        Self { color, width: 80, verbose }
    }
}

/// The whole report, over several lines.
pub(crate) fn json(report: &impl Serialize) -> String {
    // The report holds nothing that JSON cannot.
    harmless(&serde_json::to_string_pretty(report).unwrap_or_default())
}

/// The whole report on one line.
pub(crate) fn json_line(report: &impl Serialize) -> String {
    harmless(&serde_json::to_string(report).unwrap_or_default())
}

/// The same JSON, with what could do something to a terminal or a page written as `\uXXXX`. Such characters stand inside
/// strings only.
fn harmless(json: &str) -> String {
    let mut out = String::with_capacity(json.len().saturating_add(1));
    for character in json.chars() {
        if character != '\n' && (is_harmful(character) || matches!(character, '<' | '>' | '&')) {
            for unit in character.encode_utf16(&mut [0; 2]) {
                _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(character);
        }
    }
    out.push('\n');
    out
}

/// The reports of all scenarios, as the machine alone gives them.
#[cfg(test)]
fn scenarios() -> Vec<(String, Report)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    let all = rdp_probe_testkit::Scenario::load_all(&folder).unwrap();
    all.iter().map(|scenario| (scenario.name.clone(), report(scenario))).collect()
}

/// The report of one.
#[cfg(test)]
fn report(scenario: &rdp_probe_testkit::Scenario) -> Report {
    let evidence = rdp_probe_testkit::machine::play(scenario).evidence;
    let target = rdp_probe::Target::new(evidence.plan.target.host.clone(), evidence.plan.target.port);
    let diagnosis = rdp_probe::diagnose(&evidence);
    Report::new(target, evidence, diagnosis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_the_same_and_holds_nothing_that_a_terminal_or_a_page_heeds() {
        let value = serde_json::json!({ "name": "a\u{202e}<b>\u{e0041}\u{1b}[2J&\u{e4}" });
        let text = harmless(&value.to_string());
        assert!(text.is_ascii() || text.contains('\u{e4}'));
        assert!(!text.contains(['\u{202e}', '<', '\u{1b}', '\u{e0041}']));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
