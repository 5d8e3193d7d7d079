//! How the program ends: its exit codes, and what it complains of.
use std::io;
use std::process::ExitCode;

use crate::stderr;

// The codes that no diagnosis gives: docs/exit-codes.md.
pub(crate) const UNEXPECTED: u8 = 1;
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

/// How the outputs ended.
#[derive(Debug, Default)]
pub(crate) struct Finished {
    pub(crate) failures: Vec<OutputFailure>,
    /// Something was left unwritten, since nobody read.
    pub(crate) abandoned: bool,
    /// A report could not be rendered, which is a defect here.
    pub(crate) panicked: bool,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    code: u8,
    /// What is wrong with what was given.
    usage: Option<String>,
    failures: Vec<OutputFailure>,
}

impl Ended {
    pub(crate) const fn of(code: u8) -> Self {
        Self { code, usage: None, failures: Vec::new() }
    }

    pub(crate) fn usage(message: String) -> Self {
        Self::of(USAGE).because(Some(message))
    }

    /// With what is wrong with what was given, where something is.
    pub(crate) fn because(self, usage: Option<String>) -> Self {
        Self { usage, ..self }
    }

    pub(crate) fn output(failure: OutputFailure) -> Self {
        Self { code: OUTPUT, usage: None, failures: vec![failure] }
    }

    /// With how the outputs ended.
    pub(crate) fn with(mut self, Finished { failures, abandoned, panicked }: Finished) -> Self {
        self.failures.extend(failures);
        if panicked {
            self.code = INTERNAL;
        } else if abandoned {
            self.code = INTERRUPTED;
        }
        self
    }

    /// Complains, and gives the exit code.
    pub(crate) fn complain(self) -> ExitCode {
        for message in self.failures.iter().filter_map(OutputFailure::message) {
            say(&message);
        }
        if let Some(message) = &self.usage {
            say(message);
        }
        stderr::drain();
        // A defect of ours outweighs an output that could not be written, and so does what cannot be read.
        let own = if self.usage.is_some() && self.code != INTERNAL { USAGE } else { self.code };
        let goes_before = matches!(own, INTERNAL | USAGE);
        ExitCode::from(if self.failures.is_empty() || goes_before { own } else { OUTPUT })
    }
}

pub(crate) fn complain(message: &str, code: u8) -> ExitCode {
    say(message);
    ExitCode::from(code)
}

/// The one place that complains and warns.
pub(crate) fn say(message: &str) {
    stderr::write(line(message));
}

/// Warns in the middle of a run, which waits for nobody.
pub(crate) fn say_soon(message: &str) {
    stderr::write_soon(line(message));
}

fn line(message: &str) -> String {
    format!("rdp-probe: {}\n", rdp_probe::escape(message))
}
