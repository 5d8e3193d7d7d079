//! Renderers: pure functions from a report, or from an explanation, to text.
mod explanation;
mod gateway;
mod human;
mod line;
mod look;
mod rows;
#[cfg(test)]
mod samples;
mod word;
pub(crate) mod wrap;

use rdp_probe::harmless_json;
use serde::Serialize;

pub(crate) use explanation::explanation;
pub(crate) use human::{First, first, human, rest, title};
pub(crate) use line::line;
pub(crate) use look::Look;

/// The whole report, over several lines.
pub(crate) fn json(report: &impl Serialize) -> String {
    // The report holds nothing that JSON cannot.
    harmless_json(serde_json::to_string_pretty(report).unwrap_or_default()) + "\n"
}

/// The whole report on one line.
pub(crate) fn json_line(report: &impl Serialize) -> String {
    harmless_json(serde_json::to_string(report).unwrap_or_default()) + "\n"
}
