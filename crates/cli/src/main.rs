//! `rdp-probe`: why does this remote desktop not connect?
#![expect(
    clippy::arithmetic_side_effects,
    reason = "targets, lines and columns are counted here; what a peer's lengths lead to is computed in the library"
)]
mod duration;
mod exit;
mod file;
mod format;
mod inputs;
mod options;
mod outputs;
mod parse;
mod progress;
mod quote;
mod render;
mod run;
mod spellings;
mod stored;
mod targets;
mod verbs;
mod words;
mod writing;

use std::collections::HashSet;
use std::process::ExitCode;

use exit::{complain, end, say};
use parse::Parsed;

fn main() -> ExitCode {
    let options = match parse::parse(std::env::args_os()) {
        Parsed::Options(options) => options,
        Parsed::Verb(verb) => return verb.run(options::command),
        Parsed::Text(text) => return writing::print(&text),
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
