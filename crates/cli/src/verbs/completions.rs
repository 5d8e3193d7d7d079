//! `completions`: what a shell needs to know of the command line.
use std::process::ExitCode;

use clap::{Args, Command};
use clap_complete::Shell;

use crate::writing;

/// The options of `completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell that is to read it
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, mut command: Command) -> ExitCode {
        let name = command.get_name().to_owned();
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, name, &mut script);
        writing::print(&String::from_utf8_lossy(&script))
    }
}
