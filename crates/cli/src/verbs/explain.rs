//! `explain`: what a code means.
use std::process::ExitCode;

use clap::Args;

/// The options of `explain`.
#[derive(Debug, Args)]
pub(crate) struct Explain {}

impl Explain {
    pub(super) fn run(self) -> ExitCode {
        crate::complain("explain is not in this version", crate::exit::USAGE)
    }
}
