//! `explain`: what a code means, without a network.
use std::process::ExitCode;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use rdp_probe::explain::TextReader;
use rdp_probe::explanation::ExplanationView;

use crate::exit::{self, OutputFailure, complain};
use crate::format::{Color, Format, OutputSpec, output, shared_place};
use crate::look;
use crate::render;
use crate::writing;

/// The options of `explain`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rdp-probe explain 0x904/0x7              error code and extended one\n  rdp-probe explain 2308 7                 the same in decimal\n  rdp-probe explain STATUS_LOGON_FAILURE   a name\n  rdp-probe explain \"Connection reset by peer\"\n                                           what a program says\n  rdp-probe explain exit 30                a word of this program's reports\n  xfreerdp /v:srv1 2>&1 | rdp-probe explain -\n                                           whatever a log holds\n\nExit codes: 0 all is known, 1 something is not, or nothing was found; 2 usage."
)]
pub(crate) struct Explain {
    /// A number in hexadecimal, decimal or signed decimal, a name, a pair with a slash, a message, or a rule, exit code or stage of a report; -
    /// takes everything that is known from a text on standard input
    #[arg(value_name = "CODE", allow_negative_numbers = true)]
    codes: Vec<String>,

    /// human, json or ndjson, to standard output or a file; may be repeated
    #[arg(short = 'o', long = "output", value_name = "FORMAT[=FILE]", value_parser = OsStringValueParser::new().try_map(output))]
    outputs: Vec<OutputSpec>,

    /// Every family in full, with sources
    #[arg(short, long)]
    verbose: bool,

    /// Colour, which is never the only sign
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

impl Explain {
    pub(super) fn run(self) -> ExitCode {
        if self.codes.is_empty() {
            return complain("no code; try: rdp-probe explain 0x904/0x7", exit::USAGE);
        }
        let from_stdin = self.codes.iter().any(|code| code == "-");
        if from_stdin && self.codes.len() > 1 {
            return complain("- and codes together: which of them is meant? give one", exit::USAGE);
        }
        if self.codes.iter().any(|code| code.trim().is_empty()) {
            return complain("a code is empty; try: rdp-probe explain 0x904/0x7", exit::USAGE);
        }
        if let Some(message) = shared_place(&self.outputs) {
            return complain(&message, exit::USAGE);
        }
        let only_of_reports = |output: &&OutputSpec| !Format::GENERAL.contains(&output.format);
        if let Some(output) = self.outputs.iter().find(only_of_reports) {
            let (format, general) = (output.format.id(), Format::listed(&Format::GENERAL, "and"));
            let message = format!("-o {format} is a form of reports; explain has {general}");
            return complain(&message, exit::USAGE);
        }
        let all = if from_stdin {
            match text(std::io::stdin()) {
                Ok(all) => all,
                Err(error) => {
                    return complain(&format!("standard input cannot be read: {error}"), exit::USAGE);
                }
            }
        } else if is_sentence(&self.codes) {
            let sentence = self.codes.join(" ");
            rdp_probe::explain(&[sentence])
        } else {
            rdp_probe::explain(&self.codes)
        };
        if all.is_empty() {
            let hint = "nothing in it is a code, a name or a message that this program knows";
            return complain(hint, exit::UNKNOWN_CODE);
        }
        let human = [OutputSpec { format: Format::Human, file: None }];
        let specs = if self.outputs.is_empty() { &human[..] } else { &self.outputs };
        let failures = writing::write_all(specs, |format, stdout| match format {
            Format::Json => render::json(&all.iter().map(ExplanationView::of).collect::<Vec<_>>()),
            Format::Ndjson => all.iter().map(|one| render::json_line(&ExplanationView::of(one))).collect(),
            Format::Human | Format::Line | Format::Csv | Format::Junit | Format::Github | Format::Nagios => {
                let look = look::look(self.color, u8::from(self.verbose), stdout);
                all.iter().map(|one| render::explanation(one, &look)).collect::<Vec<_>>().join("\n")
            }
        });
        for message in failures.iter().filter_map(OutputFailure::message) {
            complain(&message, exit::OUTPUT);
        }
        if !failures.is_empty() {
            ExitCode::from(exit::OUTPUT)
        } else if all.iter().all(rdp_probe::Explanation::is_known) {
            ExitCode::SUCCESS
        } else {
            ExitCode::from(exit::UNKNOWN_CODE)
        }
    }
}

/// As much of a text is held at a time, in octets.
const PIECE: usize = 64 << 10;

/// All that a text holds.
fn text(mut source: impl std::io::Read) -> std::io::Result<Vec<rdp_probe::Explanation>> {
    let mut reader = TextReader::new();
    let mut piece = vec![0; PIECE];
    loop {
        match source.read(&mut piece) {
            Ok(0) => return Ok(reader.finish()),
            Ok(count) => reader.read(piece.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// Whether these are the words of one message that was pasted without quotation marks: two of them are words of a language, and no codes.
fn is_sentence(words: &[String]) -> bool {
    let is_word = |word: &&String| {
        let bare = word.trim_matches(|c: char| ",.;:!?()[]\"'".contains(c));
        let letters = bare.chars().all(|c| c.is_alphabetic() || "'-\u{2019}".contains(c));
        letters
            && bare.chars().count() > 1
            && !rdp_probe::explain(&[bare]).iter().all(rdp_probe::Explanation::is_known)
    };
    words.iter().filter(is_word).nth(1).is_some()
}
