//! `demo`: servers that the program plays itself, each probed and explained.
use std::process::ExitCode;

use clap::Args;

/// The options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {}

impl Demo {
    pub(super) fn run(self) -> ExitCode {
        crate::complain("demo is not in this version", crate::exit::USAGE)
    }
}
