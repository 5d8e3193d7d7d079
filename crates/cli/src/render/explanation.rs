//! An explanation for people: what a code is, what is reported of it, when a Windows client shows it, what to do next.
use std::fmt::Write as _;

use rdp_probe::codes::Code;
use rdp_probe::explain::{Form, Meaning, Near, Reading, Shown, Slip, cause_in_general};
use rdp_probe::render::{Look, title, wrapped};
use rdp_probe::{Explanation, Likelihood, escape};

/// Renders an explanation.
pub(crate) fn explanation(explanation: &Explanation, look: &Look) -> String {
    let mut out = String::new();
    let heading = |out: &mut String, text: &str| {
        _ = writeln!(out, "{}", title(text, look));
    };
    let section = |out: &mut String, text: &str| {
        out.push('\n');
        heading(out, text);
    };
    heading(&mut out, &escape(&explanation.query));
    if !explanation.is_known() {
        unknown(&mut out, explanation, look);
    }
    // Both halves of a pair are meant; of a number's families the first one is.
    let full = if explanation.form == Form::Pair || look.verbose > 0 { usize::MAX } else { 1 };
    for meaning in explanation.meanings.iter().take(full) {
        in_full(&mut out, meaning, explanation, look);
    }
    near(&mut out, explanation, look);
    let others = explanation.meanings.get(full..).unwrap_or_default();
    if !others.is_empty() {
        section(&mut out, "The same elsewhere, likeliest first");
        for Meaning { row, .. } in others {
            let text = format!("{}, {}: {}", title_of(row), row.family.title(), row.meaning);
            wrapped(&mut out, "  - ", &text, look.width);
        }
    }
    section(&mut out, "What to do next");
    for next in &explanation.next {
        wrapped(&mut out, "  ", next.command, look.width);
        wrapped(&mut out, "      ", next.settles, look.width);
    }
    if !explanation.shown.is_empty() {
        section(&mut out, "When a Windows client would show it, likeliest first");
        shown(&mut out, &explanation.shown, look);
    }
    if !explanation.reports.is_empty() {
        section(&mut out, "What the field reports");
        for report in &explanation.reports {
            let extended = report.extended.map(|extended| format!("/0x{extended:X}")).unwrap_or_default();
            let (basis, code) = (report.basis.id(), report.code);
            let text = format!("{basis}, 0x{code:X}{extended}: {} ({})", report.report, report.source);
            wrapped(&mut out, "  - ", &text, look.width);
        }
    }
    out
}

/// The rules, each with its cause; of unlikely ones the ids, unless more was asked for.
fn shown(out: &mut String, all: &[Shown], look: &Look) {
    let (unlikely, rest): (Vec<&Shown>, Vec<&Shown>) =
        all.iter().partition(|shown| look.verbose == 0 && shown.candidate.likelihood == Likelihood::Unlikely);
    // What many rules say stands there once, behind all of them.
    let mut causes: Vec<(String, Vec<&Shown>)> = Vec::new();
    for shown in rest {
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
    if !unlikely.is_empty() {
        let mut ids: Vec<&str> = unlikely.into_iter().map(|shown| shown.rule.id).collect();
        ids.dedup();
        wrapped(out, "  - ", &format!("unlikely: {} (-v says more)", ids.join(", ")), look.width);
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

fn in_full(out: &mut String, meaning: &Meaning, explanation: &Explanation, look: &Look) {
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
    if let Some(layer) = explanation.layer.filter(|_| meaning.reading == Reading::Number) {
        line("Layer", layer.title());
    }
    let rules: Vec<&str> = meaning.rules().into_iter().map(|rule| rule.id).collect();
    if !rules.is_empty() {
        line("Rule", &format!("{}, when this program meets it", rules.join(", ")));
    }
    line("Source", row.source);
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
