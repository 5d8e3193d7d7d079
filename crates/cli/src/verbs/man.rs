//! `man`: the manual page.
use std::process::ExitCode;

use clap::Args;

/// The options of `man`.
#[derive(Debug, Args)]
pub(crate) struct Man {}

impl Man {
    pub(super) fn run(self) -> ExitCode {
        crate::complain("man is not in this version", crate::exit::USAGE)
    }
}
