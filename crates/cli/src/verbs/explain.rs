//! `explain`: what a code means, without a network.
use std::process::ExitCode;

use clap::Args;
use clap::builder::{OsStringValueParser, TypedValueParser as _};
use rdp_probe::explanation::ExplanationView;

use crate::exit::{self, OutputFailure, complain};
use crate::format::{Color, Format, OutputSpec, output, shared_place};
use crate::look;
use crate::render;
use crate::writing;

/// The options of `explain`.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  rdp-probe explain 0x904/0x7                   error code and extended one\n  rdp-probe explain 2308 7                      the same in decimal\n  rdp-probe explain STATUS_ACCOUNT_LOCKED_OUT   a name\n  rdp-probe explain -2146893044 -o json         a signed number, as JSON\n\nExit codes: 0 every code is known, 1 one is not; 2 usage."
)]
pub(crate) struct Explain {
    /// A number in hexadecimal, decimal or signed decimal, a name, or a pair with a slash. A disconnect reason and an
    /// extended code that follow each other are a pair
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
        if self.codes.iter().any(|code| code.trim().is_empty()) {
            return complain("a code is empty; try: rdp-probe explain 0x904/0x7", exit::USAGE);
        }
        if let Some(message) = shared_place(&self.outputs) {
            return complain(&message, exit::USAGE);
        }
        if self.outputs.iter().any(|output| output.format == Format::Line) {
            return complain("-o line is a form of reports; explain has human, json and ndjson", exit::USAGE);
        }
        let all = rdp_probe::explain(&self.codes);
        let human = [OutputSpec { format: Format::Human, file: None }];
        let specs = if self.outputs.is_empty() { &human[..] } else { &self.outputs };
        let failures = writing::write_all(specs, |format, stdout| match format {
            Format::Human | Format::Line => {
                let look = look::look(self.color, u8::from(self.verbose), stdout);
                all.iter().map(|one| render::explanation(one, &look)).collect::<Vec<_>>().join("\n")
            }
            Format::Json => render::json(&all.iter().map(ExplanationView::of).collect::<Vec<_>>()),
            Format::Ndjson => all.iter().map(|one| render::json_line(&ExplanationView::of(one))).collect(),
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
