//! `--from-report`: reports that were written before, diagnosed again.
use std::ffi::OsStr;
use std::io::Read as _;
use std::path::Path;
use std::sync::Arc;

use rdp_probe::Report;

use crate::exit::{self, Ended};
use crate::options::Options;
use crate::outputs::Outputs;
use crate::quote::quoted;
use crate::signals::Interruption;
use crate::tally::Tally;
use crate::threads::aside;

/// The largest file of reports that is read, in octets.
const MAX_REPORTS: u64 = 64 << 20;
/// What a file of reports is.
const REPORTS: &str = "a report is what -o json or -o ndjson writes";

/// What was read, and whether it is one report that stands for itself.
struct Stored {
    reports: Vec<Report>,
    single: bool,
}

/// Reads the reports, and writes them as they would be written today.
pub(crate) async fn run(options: Arc<Options>, file: &Path) -> Ended {
    let mut interruption = Interruption::listen();
    let path = file.to_owned();
    let stored = tokio::select! {
        stored = aside("reports", move || stored(&path)) => stored,
        () = interruption.first() => return Ended::of(exit::INTERRUPTED),
    };
    let Stored { reports, single } = match stored {
        Some(Ok(stored)) => stored,
        Some(Err(message)) => return Ended::usage(message),
        None => return Ended::of(exit::INTERNAL),
    };
    let opened = tokio::select! {
        opened = aside("outputs", move || Outputs::open(&options, single)) => opened,
        () = interruption.first() => return Ended::of(exit::INTERRUPTED),
    };
    let mut outputs = match opened {
        Some(Ok(outputs)) => outputs,
        Some(Err(failure)) => return Ended::output(failure),
        None => return Ended::of(exit::INTERNAL),
    };
    let mut tally = Tally::default();
    let mut interrupted = false;
    for report in reports {
        while !outputs.has_room(1) && !interrupted {
            outputs.leave();
            tokio::select! {
                () = outputs.moved() => {}
                () = interruption.first() => interrupted = true,
            }
        }
        if outputs.all_failed() || interrupted {
            break;
        }
        tally.count(&report);
        outputs.write(report);
    }
    let code = if interrupted { exit::INTERRUPTED } else { tally.code() };
    Ended::of(code).with(outputs.finish(code, &mut interruption).await)
}

fn stored(file: &Path) -> Result<Stored, String> {
    let (name, text) = text(file)?;
    let reports = Report::all_from_json(&text).map_err(|error| format!("{name}: {error}"))?;
    // An array stays one, however short it is.
    let single = reports.len() == 1 && !is_array(&text);
    Ok(Stored { reports, single })
}

/// The file's name as messages have it, and what is in it.
fn text(file: &Path) -> Result<(String, String), String> {
    if file.as_os_str() == OsStr::new("-") {
        let name = "standard input".to_owned();
        let text = read_all(std::io::stdin(), &name, REPORTS)?;
        return Ok((name, text));
    }
    let name = format!("report file {}", quoted(file));
    let source = std::fs::File::open(file).map_err(|error| format!("{name}: cannot be read: {error}"))?;
    let text = read_all(source, &name, REPORTS)?;
    Ok((name, text))
}

fn is_array(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('[')
}

/// Reads a text that is not too large; `what` says what was expected.
fn read_all(source: impl std::io::Read, name: &str, what: &str) -> Result<String, String> {
    let mut octets = Vec::new();
    source
        .take(MAX_REPORTS + 1)
        .read_to_end(&mut octets)
        .map_err(|error| format!("{name}: cannot be read: {error}"))?;
    if u64::try_from(octets.len()).is_ok_and(|length| length > MAX_REPORTS) {
        return Err(format!("{name}: larger than {} MiB; divide it", MAX_REPORTS >> 20));
    }
    String::from_utf8(octets).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        format!("{name}: octet {offset} is not UTF-8; {what}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_too_large_is_refused_and_not_cut() {
        let octets = |number| std::io::repeat(b'\n').take(number);
        assert!(read_all(octets(MAX_REPORTS), "list", "x").is_ok());
        let error = read_all(octets(MAX_REPORTS + 1), "list", "x").unwrap_err();
        assert_eq!(error, "list: larger than 64 MiB; divide it");
    }
}
