//! Properties that hold for every input; property tests and fuzz targets share them.
//!
//! Each function panics when its property does not hold, which is how fuzzers want it.
use std::ffi::OsString;

use rdp_probe::explanation::ExplanationView;
use rdp_probe::{Report, Target, diagnose, explain, is_harmful};
use rdp_probe_testkit::generate::Walk;
use serde::Serialize;
use serde_json::Value;

use crate::parse::{Parsed, parse};
use crate::render::{self, Check, Look, StepTable};
use crate::spellings;
use crate::targets::list;

/// Reports and explanations become texts that do nothing to a terminal: what is known of the codes behind a question mark, or
/// stored reports, or the report of a run that the octets tell of.
///
/// # Panics
/// When one does.
pub fn rendering(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    if let Some(codes) = text.strip_prefix('?') {
        for one in explain(&[codes.chars().take(80).collect::<String>()]) {
            looks(|look| render::explanation(&one, look));
            forms(&ExplanationView::of(&one));
        }
        return;
    }
    let mut reports = Report::all_from_json(&text).unwrap_or_default();
    if reports.is_empty() {
        let evidence = Walk::from_octets(octets).evidence();
        let mut target = Target::new(evidence.plan.target.host.clone(), evidence.plan.target.port);
        // As it was typed.
        text.chars().take(80).collect::<String>().clone_into(&mut target.input);
        let diagnosis = diagnose(&evidence);
        reports.push(Report::new(target, evidence, diagnosis));
    }
    reports.iter().for_each(printed);
}

/// A report becomes texts that do nothing to a terminal.
///
/// # Panics
/// When one does.
pub fn printed(report: &Report) {
    let line = render::line(report);
    assert!(is_one_line(&line), "{line:?}");
    looks(|look| render::human(report, look));
    looks(|look| render::brief(report, look));
    forms(report);
    read_by_programs(report);
}

/// What other programs read is whole, and nothing that a peer sent is more than text there.
fn read_by_programs(report: &Report) {
    let row = render::csv_row(report);
    assert!(is_one_line(&row), "{row:?}");
    let mut reader = csv::Reader::from_reader(render::CSV_HEADER.as_bytes());
    let columns = reader.headers().ok().cloned().unwrap_or_default();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(row.as_bytes());
    let cells = reader.records().next().and_then(Result::ok).unwrap_or_default();
    assert_eq!(cells.len(), columns.len(), "{row:?}");
    for (column, cell) in columns.iter().zip(&cells) {
        assert!(cell.parse::<i64>().is_ok() || !cell.starts_with(['=', '+', '-', '@']), "{column}: {cell:?}");
    }

    let suites = format!("{}{}{}", render::JUNIT_BEGIN, render::junit_suite(report), render::JUNIT_END);
    assert!(is_harmless(&suites), "{suites:?}");
    let read = quick_junit::Report::deserialize_from_str(&suites);
    assert!(read.is_ok(), "{read:?}: {suites}");
    let all: Vec<_> = read.into_iter().flat_map(|read| read.test_suites).collect();
    assert_eq!(all.len(), 1, "{suites}");
    let failed: usize = all.iter().map(|suite| suite.failures + suite.errors).sum();
    assert_eq!(failed == 0, report.run_exit_code() == 0, "{suites}");

    let command = render::github_command(report);
    let begins =
        ["::error title=", "::warning title=", "::notice title="].iter().any(|one| command.starts_with(one));
    assert!(command.is_empty() || (begins && is_one_line(&command)), "{command:?}");
    let mut table = StepTable::default();
    table.add(report);
    let summary = table.text(1 << 20);
    assert!(is_harmless(&summary) && summary.matches("\n| ").count() == 3, "{summary:?}");

    let mut check = Check::default();
    for _ in 0..2 {
        check.add(report);
        let said = check.text(0);
        let figures = said.lines().next().unwrap_or_default().matches('|').count();
        assert!(is_harmless(&said) && said.matches('|').count() == 1 && figures == 1, "{said:?}");
    }
}

fn is_one_line(text: &str) -> bool {
    is_harmless(text) && text.ends_with('\n') && text.lines().count() == 1
}

fn is_harmless(text: &str) -> bool {
    !text.contains(|character| character != '\n' && is_harmful(character))
}

/// A text is harmless in every look, colours change nothing else in it, and it fits into any width that terminals have.
fn looks(human: impl Fn(&Look) -> String) {
    for width in [40, 57, 80] {
        let text = human(&Look { color: false, width, verbose: 1 });
        let long = text.lines().find(|line| line.chars().count() > width && line.trim().contains(' '));
        assert_eq!(long, None, "wider than {width} columns");
    }
    for verbose in 0..3 {
        let plain = human(&Look { color: false, width: 80, verbose });
        assert!(is_harmless(&plain) && plain.ends_with('\n'), "{plain:?}");
        let mut colored = human(&Look { color: true, width: 80, verbose });
        for sequence in ["\x1b[1;31m", "\x1b[1;32m", "\x1b[33m", "\x1b[1m", "\x1b[2m", "\x1b[0m"] {
            colored = colored.replace(sequence, "");
        }
        assert_eq!(colored, plain);
    }
}

/// Both forms of JSON are the same value, harmless, and one of them is one line.
fn forms(value: &impl Serialize) {
    let (whole, line) = (render::json(value), render::json_line(value));
    assert!(is_harmless(&whole) && is_one_line(&line), "{line:?}");
    let read = |text: &str| serde_json::from_str::<Value>(text).ok();
    assert!(read(&whole).is_some() && read(&whole) == read(&line), "{line:?}");
}

/// A command line, a word a line, comes to options, a verb, a text, or a complaint of one line. Nothing is opened for that.
///
/// # Panics
/// When it does not.
pub fn command_line(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    said(text.split('\n').map(OsString::from));
    // The same as a line of another client's whose passwords are one word that nothing else has.
    let theirs = text.split('\n').filter(|word| !word.starts_with('-') && !word.contains(SECRET));
    let with_secrets = theirs.map(|word| OsString::from(secret(word)));
    for message in said(std::iter::once("/v:srv1".into()).chain(with_secrets)) {
        assert!(!message.contains(SECRET), "{message:?}");
    }
}

/// What stands for every password.
const SECRET: &str = "S3cretS3cret";

/// The word with another value, where its value is a password.
fn secret(word: &str) -> String {
    let name = word.get(1..).and_then(|rest| rest.split([':', '=']).next()).unwrap_or_default();
    let secrets = ["p", "gp", "pth", "pass-the-hash", "gat", "assistance", "smartcard-logon", "frobnicate"];
    let is_secret = word.starts_with(['/', '+']) && secrets.contains(&name.to_ascii_lowercase().as_str());
    if is_secret { format!("/{name}:{SECRET}") } else { word.to_owned() }
}

/// What is said of a command line before anything is probed, each in one line.
fn said(words: impl Iterator<Item = OsString>) -> Vec<String> {
    let messages = match parse(std::iter::once("rdp-probe".into()).chain(words)) {
        Parsed::Usage(message) => vec![message],
        Parsed::Text(text) => {
            assert!(text.ends_with('\n'), "{text:?}");
            Vec::new()
        }
        Parsed::Options(options) => {
            assert!(options.contradiction().is_none(), "{options:?}");
            let followed = options.pasted.not_followed.iter().map(|not| not.value.clone());
            options.notes.iter().cloned().chain(followed).collect()
        }
        Parsed::Verb(_) => Vec::new(),
    };
    let is_line = |message: &String| !message.contains('\n');
    assert!(messages.iter().all(is_line), "{messages:?}");
    messages
}

/// Whether it is an option of mstsc or FreeRDP that is known, written without its sign.
#[must_use]
pub fn is_known_option(name: &str) -> bool {
    spellings::is_known(name)
}

/// A list is refused in one line, or each of its lines is: each target is written so that it is read again as the same, and what is none
/// is named in one line. The first line of what is given is the column that somebody asks for, where it begins with `--column=`.
///
/// # Panics
/// When that does not hold.
pub fn target_list(octets: &[u8]) {
    let (column, octets) = match octets.strip_prefix(b"--column=") {
        Some(rest) => {
            let (column, rest) =
                rest.split_at(rest.iter().position(|octet| *octet == b'\n').unwrap_or(rest.len()));
            (Some(String::from_utf8_lossy(column).into_owned()), rest)
        }
        None => (None, octets),
    };
    let is_told = |message: &str| {
        let short = message.len() < 8192;
        assert!(short && message.starts_with("list") && !message.contains(is_control), "{message:?}");
    };
    match list("list", octets, column) {
        Ok((targets, bad)) => {
            let lines = octets.iter().filter(|octet| matches!(octet, b'\n' | b'\r')).count() + 1;
            assert!(targets.len() + bad.len() <= lines, "{targets:?} {bad:?}");
            assert!(targets.iter().all(|line| !line.is_empty()), "{targets:?}");
            for target in targets.into_iter().flatten() {
                assert_eq!(target.input.parse::<Target>().as_ref(), Ok(&target));
            }
            for message in bad {
                is_told(&message);
            }
        }
        Err(message) => is_told(&message),
    }
}

fn is_control(character: char) -> bool {
    character.is_control()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::man::EXAMPLES;
    use proptest::prelude::*;

    const BEGINNINGS: &[&[u8]] =
        &[b"", b"\xFF\xFE", b"\xFE\xFF", b"\xEF\xBB\xBFhost;port\n", b"--column=host\nname,host\n"];

    #[test]
    fn every_example_is_a_command_line_in_any_beginning_of_it() {
        for (line, _) in EXAMPLES {
            let words: Vec<&str> = line.split(' ').skip(1).collect();
            for len in 0..=words.len() {
                command_line(words[..len].join("\n").as_bytes());
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(100) })]
        #[test]
        fn whatever_happened_is_rendered_harmless(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
            rendering(&octets);
        }

        #[test]
        fn whatever_is_known_is_rendered_harmless(codes in "[-0-9a-fx/ ]{0,20}|\\PC{0,20}") {
            rendering(format!("?{codes}").as_bytes());
        }

        #[test]
        fn whatever_is_typed_comes_to_something(text in "(/[a-z]{1,8}:?|--?[a-z-]{1,9}=?|\\PC{0,6}|\n){0,12}") {
            command_line(text.as_bytes());
            target_list(text.as_bytes());
        }

        #[test]
        fn whatever_is_pasted_comes_to_something(
            words in proptest::collection::vec(
                prop_oneof![
                    "(mstsc|xfreerdp|rdesktop|sudo|env|A=b|timeout|30|&&|>|remmina|-c|rdp://srv1|srv1|a.rdp|,|&)",
                    "[/+-]{1,2}(v|g|gu|u|d|p|gp|pth|sec|cert|gateway|proxy|port|vmconnect|frobnicate|t|-)([:=].{0,9})?",
                    "/(gateway|gt|gum|cert|sec|kerberos|auth-pkg-list):[a-z0-9:,!]{0,20}",
                    "-[a-zA-Z0-9]{1,3}",
                    "[0-9]{1,3}x[0-9]{1,3}",
                ],
                0..9,
            )
        ) {
            command_line(words.join("\n").as_bytes());
        }

        #[test]
        fn whatever_octets_a_list_has_it_is_read_or_refused(
            begins in proptest::sample::select(BEGINNINGS),
            octets in proptest::collection::vec(prop_oneof![any::<u8>(), Just(b'\n'), Just(b','), Just(b'"'), Just(0)], 0..80),
        ) {
            target_list(&[begins, &octets].concat());
        }
    }
}
