//! `completions`: what a shell needs to know of the command line.
use std::process::ExitCode;

use clap::Args;

/// The options of `completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {}

impl Completions {
    pub(super) fn run(self) -> ExitCode {
        crate::complain("completions is not in this version", crate::exit::USAGE)
    }
}
