//! What is printed: reports as the library renders them, explanations, JSON, and what other programs read.
mod csv;
mod explanation;
mod github;
mod junit;
mod nagios;
mod shown;
mod summary;

use rdp_probe::harmless_json;
use serde::Serialize;

pub(crate) use self::csv::{CSV_HEADER, csv_row};
pub(crate) use explanation::explanation;
pub(crate) use github::{StepTable, github_command};
pub(crate) use junit::{JUNIT_BEGIN, JUNIT_END, junit_suite};
pub(crate) use nagios::Check;
pub(crate) use rdp_probe::render::{First, Look, brief, first, human, line, rest, statistics, title, wrapped};
pub(crate) use summary::{Summary, ended};

/// The whole report, over several lines.
pub(crate) fn json(report: &impl Serialize) -> String {
    // The report holds nothing that JSON cannot.
    harmless_json(serde_json::to_string_pretty(report).unwrap_or_default()) + "\n"
}

/// The whole report on one line.
pub(crate) fn json_line(report: &impl Serialize) -> String {
    harmless_json(serde_json::to_string(report).unwrap_or_default()) + "\n"
}
