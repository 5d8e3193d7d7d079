//! How the program ends: its exit codes, and what it complains of.
use std::io;
use std::process::ExitCode;

pub(crate) use crate::exit_codes::{
    INTERNAL, INTERRUPTED, OUTPUT, SOME_FAILED, UNEXPECTED, UNKNOWN_CODE, USAGE,
};
use crate::exit_style::ExitStyle;
use crate::status::Status;
use crate::stderr;

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
    /// The worst state of what was reported; `None` where nothing was.
    status: Option<Status>,
    /// What is wrong with what was given.
    usage: Option<String>,
    failures: Vec<OutputFailure>,
}

impl Ended {
    pub(crate) const fn of(code: u8) -> Self {
        Self { code, status: None, usage: None, failures: Vec::new() }
    }

    pub(crate) fn usage(message: String) -> Self {
        Self::of(USAGE).because(Some(message))
    }

    /// With what is wrong with what was given, where something is.
    pub(crate) fn because(self, usage: Option<String>) -> Self {
        Self { usage, ..self }
    }

    /// With the worst state of what was reported.
    pub(crate) fn in_state(self, status: Option<Status>) -> Self {
        Self { status, ..self }
    }

    pub(crate) fn output(failure: OutputFailure) -> Self {
        Self { failures: vec![failure], ..Self::of(OUTPUT) }
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
        self.complain_in(ExitStyle::Own)
    }

    /// The same, with the exit code in this style.
    pub(crate) fn complain_in(self, style: ExitStyle) -> ExitCode {
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
        let own = if self.failures.is_empty() || goes_before { own } else { OUTPUT };
        ExitCode::from(style.code(own, self.status))
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
