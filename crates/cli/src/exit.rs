//! How the program ends: its exit codes, and what it complains of.
use std::io::{self, Write as _};
use std::process::ExitCode;

// The codes that no diagnosis gives: docs/exit-codes.md.
pub(crate) const UNKNOWN_CODE: u8 = 1;
pub(crate) const USAGE: u8 = 2;
pub(crate) const INTERNAL: u8 = 3;
pub(crate) const OUTPUT: u8 = 4;
pub(crate) const INTERRUPTED: u8 = 5;
pub(crate) const SOME_FAILED: u8 = 100;

/// An output that could not be written.
#[derive(Debug)]
pub(crate) struct OutputFailure {
    pub(crate) place: String,
    pub(crate) error: io::Error,
}

impl OutputFailure {
    /// What to say; nothing when the reader of a pipe just left.
    pub(crate) fn message(&self) -> Option<String> {
        let silent = self.error.kind() == io::ErrorKind::BrokenPipe;
        (!silent).then(|| format!("cannot write to {}: {}", self.place, self.error))
    }
}

/// Complains of the outputs that failed, and gives the exit code.
pub(crate) fn end((code, failures): (u8, Vec<OutputFailure>)) -> ExitCode {
    for message in failures.iter().filter_map(OutputFailure::message) {
        complain(&message, OUTPUT);
    }
    // A defect of ours outweighs an output that could not be written.
    ExitCode::from(if failures.is_empty() || code == INTERNAL { code } else { OUTPUT })
}

pub(crate) fn complain(message: &str, code: u8) -> ExitCode {
    say(message);
    ExitCode::from(code)
}

/// The one place that complains and warns. Where nobody can be told, the run goes on all the same.
pub(crate) fn say(message: &str) {
    let line = format!("rdp-probe: {}\n", rdp_probe::escape(message));
    _ = io::stderr().lock().write_all(line.as_bytes());
}
