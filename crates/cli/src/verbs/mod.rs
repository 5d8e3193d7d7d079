//! What the program does beside probing: a verb in place of a target.
mod completions;
mod demo;
mod explain;
pub(crate) mod man;

use std::process::ExitCode;

use clap::{Command, Subcommand};

use crate::words::WAIT;

/// The verbs. A host of that name has to be written with its port.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    /// Say what a code means that a client, a server or a gateway shows
    Explain(explain::Explain),
    /// Show what the program does, on servers that it plays itself
    Demo(demo::Demo),
    /// Print completions for a shell
    Completions(completions::Completions),
    /// Print the manual page
    Man(man::Man),
}

/// Their names, each with whether it takes arguments: what a first word is held against before the command line is read.
pub(crate) const VERBS: [(&str, bool); 5] =
    [("explain", true), ("demo", true), ("completions", true), ("man", false), (WAIT, true)];

impl Verb {
    /// Does it, and gives the exit code. `command` makes the whole command line, for what describes it.
    pub(crate) fn run(self, command: fn() -> Command) -> ExitCode {
        match self {
            Self::Explain(verb) => verb.run(),
            Self::Demo(verb) => verb.run(),
            Self::Completions(verb) => verb.run(command()),
            Self::Man(verb) => verb.run(command()),
        }
    }
}
