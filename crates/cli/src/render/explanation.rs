//! An explanation for people: what a code is, what is reported of it, when a Windows client shows it, what to do next.
use std::fmt::Write as _;

use rdp_probe::codes::Code;
use rdp_probe::explain::{
    FieldReport, Form, Meaning, Near, OwnWord, Reading, Shown, Slip, cause_in_general, in_general,
};
use rdp_probe::render::{Look, title, wrapped};
use rdp_probe::{Explanation, RuleKind, escape};

/// As many lines fit on one screen.
const SCREEN: usize = 24;

/// Renders an explanation: with detail in full, otherwise what fits on one screen.
pub(crate) fn explanation(explanation: &Explanation, look: &Look) -> String {
    if look.verbose > 0 { in_full(explanation, look) } else { brief(explanation, look) }
}

fn heading(out: &mut String, explanation: &Explanation, look: &Look) {
    _ = writeln!(out, "{}", title(&escape(&explanation.query), look));
    if let Some(from) = &explanation.from {
        wrapped(out, "  ", &escape(&format!("Line {}: {}", from.line, from.text)), look.width);
    }
}

fn section(out: &mut String, text: &str, look: &Look) {
    _ = writeln!(out, "\n{}", title(text, look));
}

fn in_full(explanation: &Explanation, look: &Look) -> String {
    let mut out = String::new();
    heading(&mut out, explanation, look);
    if !explanation.is_known() {
        unknown(&mut out, explanation, look);
    }
    if let Some(word) = explanation.own {
        own(&mut out, word, look);
    }
    for meaning in &explanation.meanings {
        row(&mut out, meaning, explanation, look);
    }
    near(&mut out, explanation, look);
    next(&mut out, explanation, look);
    if !explanation.shown.is_empty() {
        section(&mut out, SHOWN, look);
        shown(&mut out, &explanation.shown, look);
    }
    if !explanation.reports.is_empty() {
        section(&mut out, REPORTS, look);
        explanation.reports.iter().for_each(|one| report(&mut out, one, look));
    }
    out
}

const SHOWN: &str = "When a Windows client would show it, likeliest first";
const REPORTS: &str = "What the field reports";

/// What tells most, as far as it fits: what it is and what to do, then the first causes and reports, one by one.
fn brief(explanation: &Explanation, look: &Look) -> String {
    let mut head = String::new();
    heading(&mut head, explanation, look);
    if !explanation.is_known() {
        unknown(&mut head, explanation, look);
    }
    if let Some(word) = explanation.own {
        own(&mut head, word, look);
    }
    // Both halves of a pair are meant; of a number's families the first one is.
    let full = if explanation.form == Form::Pair { 2 } else { 1 };
    for meaning in explanation.meanings.iter().take(full) {
        row(&mut head, meaning, explanation, look);
    }
    near(&mut head, explanation, look);
    if explanation.own.is_none() || !explanation.meanings.is_empty() {
        next(&mut head, explanation, look);
    }
    let others = explanation.meanings.get(full..).unwrap_or_default();
    let others = others.iter().map(|Meaning { row, .. }| {
        let text = format!("{}, {}: {}", title_of(row), row.family.title(), row.meaning);
        listed(&text, look)
    });
    let mut causes: Vec<String> = Vec::new();
    for shown in &explanation.shown {
        let text = listed(&format!("{}: {}", shown.rule.id, first_clause(&cause_in_general(shown.rule))), look);
        if !causes.contains(&text) {
            causes.push(text);
        }
    }
    let reports = explanation.reports.iter().map(|one| {
        let mut text = String::new();
        report(&mut text, one, look);
        text
    });
    let mut parts = [
        Part {
            heading: "The same elsewhere, likeliest first",
            what: "other meaning",
            lines: others.collect(),
            shown: 0,
        },
        Part { heading: SHOWN, what: "cause", lines: causes, shown: 0 },
        Part { heading: REPORTS, what: "report", lines: reports.collect(), shown: 0 },
    ];
    fill(&mut parts, SCREEN.saturating_sub(lines(&head)));
    let mut left = Vec::new();
    for Part { heading, what, lines, shown } in &parts {
        let (first, rest) = lines.split_at_checked(*shown).unwrap_or_default();
        if !first.is_empty() {
            section(&mut head, heading, look);
            first.iter().for_each(|line| head.push_str(line));
        }
        if !rest.is_empty() {
            let more = if first.is_empty() { "" } else { " more" };
            left.push(format!("{}{more} {what}{}", rest.len(), if rest.len() == 1 { "" } else { "s" }));
        }
    }
    if !left.is_empty() {
        head.push('\n');
        wrapped(&mut head, "", &format!("-v says {}.", left.join(", ")), look.width);
    }
    head
}

/// A section that may be shown in part.
struct Part {
    heading: &'static str,
    /// One of its lines.
    what: &'static str,
    lines: Vec<String>,
    shown: usize,
}

/// Shows of each part in turn one more, as long as there is room: a section takes two lines more, and what is left out two.
fn fill(parts: &mut [Part], room: usize) {
    let mut room = room.saturating_sub(2);
    loop {
        let mut added = false;
        // What people report of a code is said before a second guess.
        for part in parts.iter_mut().rev() {
            let Some(line) = part.lines.get(part.shown) else { continue };
            let takes = lines(line) + if part.shown == 0 { 2 } else { 0 };
            if takes <= room {
                room -= takes;
                part.shown += 1;
                added = true;
            }
        }
        if !added {
            return;
        }
    }
}

fn lines(text: &str) -> usize {
    text.matches('\n').count()
}

fn listed(text: &str, look: &Look) -> String {
    let mut out = String::new();
    wrapped(&mut out, "  - ", text, look.width);
    out
}

/// A cause up to where it begins to say more.
fn first_clause(cause: &str) -> &str {
    let ends = [": ", "; ", ". "];
    let end = ends.iter().filter_map(|end| cause.find(end)).min();
    end.and_then(|end| cause.get(..end)).unwrap_or(cause)
}

/// What to do next; in brief the first of it.
fn next(out: &mut String, explanation: &Explanation, look: &Look) {
    let most = if look.verbose > 0 { usize::MAX } else { 1 };
    section(out, "What to do next", look);
    for next in explanation.next.iter().take(most) {
        wrapped(out, "  ", next.command, look.width);
        wrapped(out, "      ", next.settles, look.width);
    }
}

fn report(out: &mut String, report: &FieldReport, look: &Look) {
    let extended = report.extended.map(|extended| format!("/0x{extended:X}")).unwrap_or_default();
    let (basis, code) = (report.basis.id(), report.code);
    let text = format!("{basis}, 0x{code:X}{extended}: {} ({})", report.report, report.source);
    wrapped(out, "  - ", &text, look.width);
}

/// A word of this tool's own.
fn own(out: &mut String, word: OwnWord, look: &Look) {
    let article = match word {
        OwnWord::Rule(rule) if rule.kind == RuleKind::Cause => "A cause in this program's reports",
        OwnWord::Rule(_) => "A finding in this program's reports",
        OwnWord::Exit(_) => "An exit code of this program",
        OwnWord::Stage(_) => "A stage in this program's reports",
        OwnWord::Hop(_) => "Whom a stage is for, or a failure is laid at",
        OwnWord::Outcome(_) => "A verdict of this program",
        OwnWord::Basis(_) => "How something is known, in this program's reports",
        OwnWord::Likelihood(_) => "How probable it is that a Windows client shows a code",
        OwnWord::Severity(_) => "How much a finding matters, in this program's reports",
        _ => "A word of this program's reports",
    };
    out.push('\n');
    wrapped(out, "  ", &format!("{article}: {}.", in_general(word.meaning())), look.width);
    if let OwnWord::Rule(rule) = word {
        if rule.kind == RuleKind::Cause {
            wrapped(out, "    Why      ", &in_general(rule.cause), look.width);
        }
        wrapped(out, "    Do       ", &in_general(rule.remedy), look.width);
        if rule.kind == RuleKind::Cause {
            wrapped(out, "    Exit     ", &rule.exit.to_string(), look.width);
        }
    }
    let rules: Vec<&str> = word.rules().iter().map(|rule| rule.id).collect();
    if !rules.is_empty() {
        wrapped(
            out,
            "    Causes   ",
            &some_of(&rules, if look.verbose > 0 { usize::MAX } else { 12 }),
            look.width,
        );
    }
}

/// The first of them, and how many more there are.
fn some_of(ids: &[&str], most: usize) -> String {
    let more = ids.len().saturating_sub(most);
    let shown = ids.get(..ids.len() - more).unwrap_or_default().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

/// The rules, each with its cause.
fn shown(out: &mut String, all: &[Shown], look: &Look) {
    // What many rules say stands there once, behind all of them.
    let mut causes: Vec<(String, Vec<&Shown>)> = Vec::new();
    for shown in all {
        let cause = cause_in_general(shown.rule);
        match causes.iter_mut().find(|(same, _)| *same == cause) {
            Some((_, rules)) if rules.iter().any(|other| other.rule == shown.rule) => {}
            Some((_, rules)) => rules.push(shown),
            None => causes.push((cause, vec![shown])),
        }
    }
    for (cause, rules) in &causes {
        wrapped(out, "  - ", &known(rules), look.width);
        wrapped(out, "    ", cause, look.width);
    }
}

/// The ids of rules, and how they are known: once for those that are known alike.
fn known(rules: &[&Shown]) -> String {
    let how = |shown: &Shown| format!("{}, {}", shown.candidate.likelihood.id(), shown.candidate.basis.id());
    let alike: Vec<String> = rules
        .chunk_by(|one, other| how(one) == how(other))
        .filter_map(|alike| {
            let ids: Vec<&str> = alike.iter().map(|shown| shown.rule.id).collect();
            Some(format!("{} ({})", ids.join(", "), how(alike.first()?)))
        })
        .collect();
    alike.join(", ")
}

/// A number in every form that it is met in, and its name.
fn title_of(row: &Code) -> String {
    match row.code {
        None => row.name.to_owned(),
        Some(code) if code > i32::MAX.cast_unsigned() => {
            format!("0x{code:X} ({code}, {}) {}", code.cast_signed(), name(row))
        }
        Some(code) => format!("0x{code:X} ({code}) {}", name(row)),
    }
}

fn name(row: &Code) -> &'static str {
    if row.name == "-" { "without a name" } else { row.name }
}

fn row(out: &mut String, meaning: &Meaning, explanation: &Explanation, look: &Look) {
    let row = meaning.row;
    out.push('\n');
    wrapped(out, "  ", &title_of(row), look.width);
    let mut line = |label: &str, text: &str| wrapped(out, &format!("    {label:<9}"), text, look.width);
    line("Is", row.family.title());
    if let Some(read) = read(meaning.reading) {
        line("Read", read);
    }
    line("Stage", row.stage);
    line("Meaning", row.meaning);
    let in_full = look.verbose > 0;
    if let Some(layer) = explanation.layer.filter(|_| in_full && meaning.reading == Reading::Number) {
        line("Layer", layer.title());
    }
    let rules: Vec<&str> = meaning.rules().into_iter().map(|rule| rule.id).collect();
    if !rules.is_empty() {
        line("Rule", &format!("{}, when this program meets it", rules.join(", ")));
    }
    if in_full {
        line("Source", row.source);
    }
}

/// How the query leads to the row, where that is not plain.
const fn read(reading: Reading) -> Option<&'static str> {
    Some(match reading {
        Reading::ErrorInfo => "what the server sent, when the extended code repeats it",
        Reading::NtStatusInHresult => "an NTSTATUS written as HRESULT: 0xD in place of 0xC",
        Reading::Win32InHresult => "a Win32 error in the low word of an HRESULT",
        Reading::Win32InNtStatus => "a Win32 error in the low word of an NTSTATUS",
        Reading::SspiInNtStatus => "0xC007 in place of 0x8009, as sspi-rs writes it",
        Reading::ErrorInfoInFreerdp => "a Set Error Info in the low word, as FreeRDP writes it",
        Reading::Label => "found by the words of its label",
        Reading::Phrase => "the text that is shown with it",
        Reading::OtherSpelling => "found by another project's spelling",
        Reading::Number | Reading::Extended | Reading::Name | _ => return None,
    })
}

fn unknown(out: &mut String, explanation: &Explanation, look: &Look) {
    out.push('\n');
    let mut line = |text: &str| wrapped(out, "  ", text, look.width);
    let code = explanation.code;
    match (explanation.form, code) {
        (Form::Name, _) => line("No code has this name."),
        (_, None) => line("No code has this value: it does not fit into 32 bits."),
        (Form::Pair, Some(_)) => line("A half of this pair is no code that was ever published."),
        (_, Some(code)) => line(&format!("No code has the value 0x{code:X} (decimal {code}).")),
    }
    if let Some(layer) = explanation.layer {
        line(&format!("No published meaning; by its low octet the layer is {} (inferred).", layer.title()));
    } else if let Some(shape) = explanation.shape {
        line(&format!("No published meaning; it has the form of {}.", shape.title()));
    } else if let Some(code @ 0x100..=0xFFFF) = code {
        line(&format!("No layer of a Windows client has the low octet 0x{:02X}.", code & 0xFF));
    }
}

fn near(out: &mut String, explanation: &Explanation, look: &Look) {
    if explanation.near.is_empty() {
        return;
    }
    out.push('\n');
    for Near { slip, row, .. } in &explanation.near {
        let code = row.code.map(|code| format!("0x{code:X}, ")).unwrap_or_default();
        let digits = explanation.code.unwrap_or_default();
        let text = match slip {
            Slip::DecimalDigits => format!("Decimal {digits:X} is {code}{}.", name(row)),
            Slip::HexadecimalDigits => format!("Hexadecimal {digits} is {code}{}.", name(row)),
            Slip::Zeros => format!("With another number of zeros it is {code}{}.", name(row)),
            Slip::Spelling | _ => format!("Nearly the same: {code}{} ({}).", name(row), row.family.title()),
        };
        wrapped(out, "  ", &text, look.width);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdp_probe::{codes, explain};

    const PLAIN: Look = Look { color: false, width: 80, verbose: 0 };

    #[test]
    fn every_row_stays_within_eighty_columns() {
        for row in codes::all() {
            let query = row.code.map_or_else(|| row.name.to_owned(), |code| format!("0x{code:X}"));
            for one in explain(&[query]) {
                for look in [PLAIN, Look { verbose: 1, ..PLAIN }] {
                    let text = explanation(&one, &look);
                    let long = |line: &&str| line.chars().count() > 80 && line.trim().contains(' ');
                    assert_eq!(text.lines().find(long), None, "{row:?}");
                    assert!(!text.lines().any(|line| line.ends_with(' ')), "{text}");
                    let colored = explanation(&one, &Look { color: true, ..look });
                    assert_eq!(colored.replace("\x1b[1m", "").replace("\x1b[0m", ""), text);
                }
            }
        }
    }

    #[test]
    fn what_is_not_asked_for_in_full_fits_on_one_screen() {
        for row in codes::all() {
            let query = row.code.map_or_else(|| row.name.to_owned(), |code| format!("0x{code:X}"));
            for one in explain(&[query]) {
                let text = explanation(&one, &PLAIN);
                assert!(lines(&text) <= SCREEN, "{} lines: {text}", lines(&text));
            }
        }
        for (code, extended) in [(0x904, 7), (0x204, 0), (0x3, 0x7), (0x300_0006, 0)] {
            let text = explanation(&rdp_probe::explain_pair(code, extended), &PLAIN);
            assert!(lines(&text) <= SCREEN, "{text}");
        }
    }

    #[test]
    fn what_is_left_out_is_counted_and_said_in_full() {
        let [one] = explain(&["0x904"]).try_into().unwrap();
        let (brief, full) = (explanation(&one, &PLAIN), explanation(&one, &Look { verbose: 1, ..PLAIN }));
        assert!(brief.contains("\n-v says ") && brief.ends_with(" more reports.\n"), "{brief}");
        assert!(lines(&full) > 100 && !full.contains("-v says"), "{full}");
        let [one] = explain(&["exit 30"]).try_into().unwrap();
        let text = explanation(&one, &PLAIN);
        assert!(text.contains("An exit code of this program: port open, no or broken RDP answer."), "{text}");
        assert!(text.contains("closed-after-request,") && text.contains(" more\n"), "{text}");
    }

    #[test]
    fn nothing_is_left_open_and_no_cause_stands_twice() {
        for row in codes::all() {
            let Some(code) = row.code else { continue };
            for one in explain(&[format!("0x{code:X}")]) {
                let text = explanation(&one, &Look { verbose: 1, ..PLAIN });
                assert!(!text.contains("..."), "{text}");
                let mut causes: Vec<&str> = text
                    .split("\n  - ")
                    .filter_map(|part| part.split_once('\n'))
                    .map(|(_, cause)| cause)
                    .collect();
                causes.retain(|cause| cause.starts_with("    ") && !cause.contains("\n\n"));
                let all = causes.len();
                causes.sort_unstable();
                causes.dedup();
                assert_eq!(causes.len(), all, "{text}");
            }
        }
    }

    #[test]
    fn what_was_asked_is_escaped() {
        let [one] = explain(&["a\u{1b}[2J\u{202e}"]).try_into().unwrap();
        let text = explanation(&one, &PLAIN);
        assert!(text.starts_with("a\\u{1b}[2J\\u{202e}\n"), "{text}");
    }
}
