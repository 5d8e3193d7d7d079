//! `--from-report`: reports that were written before, diagnosed again.
use std::ffi::OsStr;
use std::path::Path;
use std::process::ExitCode;

use rdp_probe::Report;

use crate::exit::{self, OutputFailure, complain, end};
use crate::options::Options;
use crate::outputs::Outputs;
use crate::quote::quoted;
use crate::run::code_of_several;
use crate::targets::read_all;

/// What a file of reports is.
const REPORTS: &str = "a report is what -o json or -o ndjson writes";

/// Reads the reports, and writes them as they would be written today.
pub(crate) fn run(options: &Options, file: &Path) -> ExitCode {
    let (name, text) = match text(file) {
        Ok(text) => text,
        Err(message) => return complain(&message, exit::USAGE),
    };
    let reports = match Report::all_from_json(&text) {
        Ok(reports) => reports,
        Err(error) => return complain(&format!("{name}: {error}"), exit::USAGE),
    };
    let outputs = match Outputs::open(options) {
        Ok(outputs) => outputs,
        Err(failure) => return end((exit::OUTPUT, vec![failure])),
    };
    // An array stays one, however short it is.
    let single = reports.len() == 1 && !is_array(&text);
    end(written(outputs, &reports, single))
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

fn written(mut outputs: Outputs, reports: &[Report], single: bool) -> (u8, Vec<OutputFailure>) {
    for report in reports {
        outputs.write(report, single);
        if outputs.all_failed() {
            break;
        }
    }
    let interrupted = reports.iter().any(|report| report.exit_code() == exit::INTERRUPTED);
    let failed = reports.iter().filter(|report| !report.is_reachable()).count();
    let code = if let [only] = reports { only.exit_code() } else { code_of_several(interrupted, failed) };
    (code, outputs.finish(single))
}
