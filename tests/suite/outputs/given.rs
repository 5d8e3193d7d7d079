//! Reports to write.
use rdp_probe::Report;
use rdp_probe_testkit::Scenario;

use crate::scenarios;
use crate::usage::Scratch;

/// The report of a conversation, as the machine alone gives it.
pub(super) fn report(name: &str) -> Report {
    let is_it = |scenario: &&Scenario| scenario.name == name;
    scenarios::machine_report(scenarios::all().iter().find(is_it).unwrap_or_else(|| panic!("{name}"))).0
}

/// A file of these reports.
pub(super) fn stored(scratch: &Scratch, name: &str, reports: &[Report]) -> String {
    let lines: Vec<String> = reports.iter().map(|report| serde_json::to_string(report).unwrap()).collect();
    scratch.file(name, lines.join("\n").as_bytes())
}
