//! Renderers: pure functions from a report, or from an explanation, to text.
mod explanation;
mod human;
mod line;
mod look;
#[cfg(test)]
mod samples;
pub(crate) mod wrap;

use std::borrow::Cow;
use std::fmt::Write as _;

use rdp_probe::{is_harmful, spelt};
use serde::Serialize;

pub(crate) use explanation::explanation;
pub(crate) use human::{First, first, human, rest, title};
pub(crate) use line::line;
pub(crate) use look::Look;

/// The whole report, over several lines.
pub(crate) fn json(report: &impl Serialize) -> String {
    // The report holds nothing that JSON cannot.
    harmless(serde_json::to_string_pretty(report).unwrap_or_default())
}

/// The whole report on one line.
pub(crate) fn json_line(report: &impl Serialize) -> String {
    harmless(serde_json::to_string(report).unwrap_or_default())
}

/// The same JSON as a line, with what could do something to a terminal or a page written as `\uXXXX`. Such characters stand inside
/// strings only.
fn harmless(mut json: String) -> String {
    let heeded = |c: char| c != '\n' && (is_harmful(c) || matches!(c, '<' | '>' | '&'));
    let spell = |character: char, out: &mut String| {
        for unit in character.encode_utf16(&mut [0; 2]) {
            _ = write!(out, "\\u{unit:04x}");
        }
    };
    if let Cow::Owned(spelt) = spelt(&json, heeded, spell) {
        json = spelt;
    }
    json.push('\n');
    json
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_stays_the_same_and_holds_nothing_that_a_terminal_or_a_page_heeds() {
        let value = serde_json::json!({ "name": "a\u{202e}<b>\u{e0041}\u{1b}[2J&\u{e4}" });
        let text = harmless(value.to_string());
        assert!(text.is_ascii() || text.contains('\u{e4}'));
        assert!(!text.contains(['\u{202e}', '<', '\u{1b}', '\u{e0041}']));
        assert_eq!(serde_json::from_str::<serde_json::Value>(&text).unwrap(), value);
    }
}
