//! `rdp-probe`: why does this remote desktop not connect?
mod duration;
mod options;
mod outputs;
mod progress;
mod render;
mod run;
mod spellings;
mod stored;
mod targets;
mod verbs;

use std::collections::HashSet;
use std::process::ExitCode;

use options::Parsed;

/// Exit codes that no diagnosis gives: docs/exit-codes.md.
pub(crate) mod exit {
    pub(crate) const UNKNOWN_CODE: u8 = 1;
    pub(crate) const USAGE: u8 = 2;
    pub(crate) const INTERNAL: u8 = 3;
    pub(crate) const OUTPUT: u8 = 4;
    pub(crate) const INTERRUPTED: u8 = 5;
    pub(crate) const SOME_FAILED: u8 = 100;
}

fn main() -> ExitCode {
    let options = match options::parse(std::env::args_os()) {
        Parsed::Options(options) => options,
        Parsed::Verb(verb) => return verb.run(),
        Parsed::Text(text) => return outputs::print(&text),
        Parsed::Usage(message) => return complain(&message, exit::USAGE),
    };
    if let Some(file) = &options.from_report {
        return stored::run(&options, file);
    }
    let (jobs, warnings) = match targets::jobs(&options) {
        Ok(jobs) => jobs,
        Err(message) => return complain(&message, exit::USAGE),
    };
    if !options.quiet {
        let mut said = HashSet::new();
        for line in options.notes.iter().chain(&warnings).filter(|line| said.insert(line.as_str())) {
            say(line);
        }
    }
    // One thread is enough: a probe waits for the network, and a cold start is what a person feels.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("cannot start: {error}"), exit::INTERNAL),
    };
    let ended = runtime.block_on(run::run(&options, jobs));
    end(ended.unwrap_or_else(|failure| (exit::OUTPUT, vec![failure])))
}

/// Complains of the outputs that failed, and gives the exit code.
pub(crate) fn end((code, failures): (u8, Vec<outputs::OutputFailure>)) -> ExitCode {
    for message in failures.iter().filter_map(outputs::OutputFailure::message) {
        complain(&message, exit::OUTPUT);
    }
    // A defect of ours outweighs an output that could not be written.
    ExitCode::from(if failures.is_empty() || code == exit::INTERNAL { code } else { exit::OUTPUT })
}

pub(crate) fn complain(message: &str, code: u8) -> ExitCode {
    say(message);
    ExitCode::from(code)
}

#[expect(clippy::print_stderr, reason = "the one place that complains and warns")]
fn say(message: &str) {
    eprintln!("rdp-probe: {}", rdp_probe::escape(message));
}
