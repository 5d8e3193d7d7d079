//! For a step of a workflow on GitHub: a command a target that is not in order, and the step's summary. docs/github.md.
use rdp_probe::render::exit_code_in_words;
use rdp_probe::{ExpectedOutcome, Report, escape};

use super::shown::{at, changes, expected, name, summary, text, wanted};
use crate::status::is_warning;

/// The command that makes an annotation of a target: an error where it ends with another exit code than 0, a warning where something is to
/// be looked after, a notice where something could not be told or has changed. Empty where all is in order.
pub(crate) fn github_command(report: &Report) -> String {
    let mut lines = vec![summary(report)];
    let kind = if report.run_exit_code() != 0 {
        if let Some(cause) = report.diagnosis.causes.first() {
            lines.push(format!("Why: {}", text(report, |rule| rule.cause, cause)));
            lines.push(format!("Do: {}", text(report, |rule| rule.remedy, cause)));
        }
        let failed = expected(report, ExpectedOutcome::Failed);
        lines.extend(failed.map(|one| format!("{}: {}", escape(&one.expectation), wanted(one))));
        lines.extend(changed(report));
        lines.push(exit_code_in_words(report.run_exit_code()));
        "error"
    } else {
        let warnings: Vec<String> = warnings(report).collect();
        let untold = expected(report, ExpectedOutcome::NotTestable);
        let untold: Vec<String> = untold
            .map(|one| format!("{} cannot be told: {}", escape(&one.expectation), one.why.unwrap_or_default()))
            .collect();
        let kind = if warnings.is_empty() { "notice" } else { "warning" };
        lines.extend(warnings.into_iter().chain(untold).chain(changed(report)));
        if lines.len() == 1 {
            return String::new();
        }
        kind
    };
    let title = format!("{} {}", name(report), at(report));
    format!("::{kind} title={}::{}\n", property(&title), data(&lines.join("\n")))
}

/// What has changed since the baseline.
fn changed(report: &Report) -> impl Iterator<Item = String> {
    changes(report).into_iter().map(|(what, said)| format!("{what} has changed: {said}"))
}

/// What is to be looked after, with what to do.
fn warnings(report: &Report) -> impl Iterator<Item = String> {
    let warnings = report.diagnosis.findings.iter().filter(|rule| is_warning(rule));
    warnings.map(|rule| {
        format!("{}. Do: {}", text(report, |rule| rule.summary, rule), text(report, |rule| rule.remedy, rule))
    })
}

/// What stands behind the last `::`, as GitHub's own toolkit escapes it.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// The value of a property, likewise.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

/// The table of a step's summary, as it comes together.
#[derive(Debug, Default)]
pub(crate) struct StepTable {
    targets: usize,
    /// How many end with another exit code than 0, and the first rows of them.
    failed: usize,
    rows: Vec<String>,
    /// How long these are, in octets.
    length: usize,
    /// Rows of those that end with 0: the first ones.
    good: Vec<String>,
}

/// As many octets of rows are kept: no summary has room for more.
const KEPT: usize = 1 << 20;
/// And as many rows of targets that are in order.
const GOOD: usize = 100;
/// As long is what stands around the rows at most, in octets.
const AROUND: usize = 1024;
/// The head of the table.
const HEAD: &str = "| target | verdict | summary | exit code |\n| --- | --- | --- | --- |\n";

impl StepTable {
    pub(crate) fn add(&mut self, report: &Report) {
        let code = report.run_exit_code();
        self.targets += 1;
        self.failed += usize::from(code != 0);
        let enough = if code == 0 { self.good.len() >= GOOD } else { self.length >= KEPT };
        if enough {
            return;
        }
        let mut said = vec![summary(report)];
        said.extend(warnings(report));
        said.extend(
            expected(report, ExpectedOutcome::Failed)
                .map(|one| format!("{}: {}", escape(&one.expectation), wanted(one))),
        );
        said.extend(changed(report));
        let said: Vec<String> = said.iter().map(|one| cell(one)).collect();
        let code_in_words = exit_code_in_words(code);
        let row = format!(
            "| {} | {} | {} | {} |\n",
            cell(&name(report)),
            cell(&at(report)),
            said.join("<br>"),
            cell(&code_in_words)
        );
        if code == 0 {
            self.good.push(row);
        } else {
            self.length = self.length.saturating_add(row.len());
            self.rows.push(row);
        }
    }

    /// The whole summary, which is no longer than this, in octets: what failed first.
    pub(crate) fn text(&self, room: usize) -> String {
        let Some(mut room) = room.checked_sub(AROUND) else { return String::new() };
        let reached = self.targets.saturating_sub(self.failed);
        let targets = if self.targets == 1 { "target" } else { "targets" };
        let mut out = format!(
            "### rdp-probe: {} {targets}, {reached} as they should be, {} not\n\n",
            self.targets, self.failed
        );
        if self.targets > 0 {
            out.push_str(HEAD);
        }
        let mut shown = 0;
        for row in self.rows.iter().chain(&self.good) {
            match room.checked_sub(row.len()) {
                Some(rest) => room = rest,
                None => break,
            }
            out.push_str(row);
            shown += 1;
        }
        let left = self.targets.saturating_sub(shown);
        if left > 0 {
            let failed = self.failed.saturating_sub(shown);
            out.push_str(&format!("\n{left} more are not shown, {failed} of them not as they should be.\n"));
        }
        out.push('\n');
        out
    }
}

/// A text in a cell: whatever Markdown would heed is written as a number.
fn cell(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for character in text.chars() {
        let heeded = matches!(
            character,
            '\\' | '`'
                | '*'
                | '_'
                | '['
                | ']'
                | '<'
                | '>'
                | '#'
                | '!'
                | '|'
                | '&'
                | '~'
                | '@'
                | ':'
                | '$'
                | '"'
                | '\''
        );
        // A name that begins with www becomes a link.
        if heeded || (character == '.' && matches!(before, 'w' | 'W')) {
            out.push_str(&format!("&#{};", u32::from(character)));
        } else {
            out.push(character);
        }
        before = character;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_commands_heed_is_escaped_as_their_reader_takes_it_back() {
        assert_eq!(data("100%\r\n::error::x"), "100%25%0D%0A::error::x");
        assert_eq!(property("a:1,b%0A\n::"), "a%3A1%2Cb%250A%0A%3A%3A");
    }

    #[test]
    fn cells_are_text() {
        assert_eq!(cell("a|b<img src=x>"), "a&#124;b&#60;img src=x&#62;");
        assert_eq!(cell("www.example.test"), "www&#46;example.test");
        assert_eq!(cell("[x](http://y)"), "&#91;x&#93;(http&#58;//y)");
    }

    #[test]
    fn a_summary_is_no_longer_than_there_is_room_for_and_says_what_it_leaves_out() {
        let row = "x".repeat(1000) + "\n";
        let table =
            StepTable { targets: 50, failed: 40, rows: vec![row.clone(); 40], length: 0, good: vec![row; 10] };
        for room in [0, 1023, 1024, 5_000, 30_000, 48_000, 1 << 20] {
            let text = table.text(room);
            assert!(text.len() <= room, "{} of {room}", text.len());
            let shown = text.matches("x\n").count();
            let left =
                format!("\n{} more are not shown, {} of them not", 50 - shown, 40_usize.saturating_sub(shown));
            assert_eq!(text.contains(&left), room >= 1024 && shown < 50, "{text}");
        }
        assert_eq!(table.text(1 << 20).matches("x\n").count(), 50);
    }
}
