//! Renderers: pure functions from a report to text.
mod human;
mod wrap;

use std::io::IsTerminal as _;

use rdp_probe::Report;

use crate::options::{Color, Options};

pub(crate) use human::human;

/// How human output looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Look {
    pub(crate) color: bool,
    pub(crate) width: usize,
    pub(crate) verbose: u8,
}

impl Look {
    /// For standard output or a file.
    pub(crate) fn of(options: &Options, stdout: bool) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        let terminal = stdout && std::io::stdout().is_terminal();
        let color = match options.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => terminal && !dumb && !set("NO_COLOR"),
        };
        Self { color, width: 80, verbose: options.verbose }
    }
}

/// The whole report, over several lines.
pub(crate) fn json(report: &Report) -> String {
    // The report holds nothing that JSON cannot.
    let mut text = serde_json::to_string_pretty(report).unwrap_or_default();
    text.push('\n');
    text
}

/// The whole report on one line.
pub(crate) fn json_line(report: &Report) -> String {
    let mut text = serde_json::to_string(report).unwrap_or_default();
    text.push('\n');
    text
}
