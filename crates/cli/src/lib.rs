//! The program `rdp-probe` as a library, so that tests reach its parts. It promises nothing: the library to build on is `rdp-probe`.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "targets, lines and columns are counted here; what a peer's lengths lead to is computed in the library"
)]
mod account;
mod bad_lines;
mod block;
mod bounded;
mod columns;
mod credentials;
mod done;
mod duration;
mod exclude;
mod exit;
mod exit_codes;
mod exit_style;
mod expecting;
mod file;
mod file_gateway;
mod first_word;
mod format;
mod gateway;
mod gateway_options;
mod help;
mod inputs;
mod jobs;
mod keys;
mod limits;
mod line_way;
mod lists;
mod look;
mod many_options;
mod named;
mod networks;
mod options;
#[cfg(feature = "dev")]
pub mod oracle;
mod order;
mod outputs;
mod parse;
mod password;
mod pasted;
mod port;
mod prepared;
mod progress;
mod quote;
mod rate;
mod render;
mod reorder;
mod repeat;
mod reports;
mod resolve_entry;
mod retry;
mod round_options;
mod rounds;
mod run;
mod runner;
mod runtime;
mod sieve;
mod signals;
mod sink;
mod source;
mod spellings;
mod spread;
mod status;
mod stderr;
mod step_summary;
mod stored;
mod tally;
mod targets;
mod terminal;
mod threads;
mod verbs;
mod wait;
mod warned;
mod words;
mod writing;
mod written;

use std::ffi::OsString;
use std::process::ExitCode;
use std::sync::Arc;

use exit::{Ended, complain};
use exit_style::ExitStyle;
use parse::Parsed;

/// Does what the command line says.
pub fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    let options = match parse::parse(args.iter().cloned()) {
        Parsed::Options(options) => Arc::<options::Options>::from(options),
        Parsed::Verb(verb) => return verb.run(help::command),
        Parsed::Text(text) => return writing::print(&text),
        Parsed::Usage(message) => return Ended::usage(message).complain_in(ExitStyle::typed(&args)),
    };
    let runtime = match runtime::runtime() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("cannot start: {error}"), exit::INTERNAL),
    };
    let (stored, style) = (options.from_report.clone(), options.exit_style());
    let ended = runtime.block_on(async {
        match stored {
            Some(file) => stored::run(options, &file).await,
            None if options.rounds.wait => wait::run(options).await,
            None if options.rounds.repeats() => repeat::run(options).await,
            None => run::run(options).await,
        }
    });
    let code = ended.complain_in(style);
    // Whoever asks for other codes gets these, and not a signal.
    if style == ExitStyle::Own {
        signals::raise_again();
    }
    code
}
