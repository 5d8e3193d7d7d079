//! Reports that were written before.
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read as _};
use std::path::Path;

use rdp_probe::{Baseline, Report};

use crate::bounded::{self, Fault};
use crate::quote::{quoted, short};

/// The largest file of reports that is read, in octets.
const MAX_REPORTS: u64 = 64 << 20;
/// What a file of reports is.
const REPORTS: &str = "a report is what -o json or -o ndjson writes";

/// What was read, and whether it is one report that stands for itself.
pub(crate) struct Stored {
    pub(crate) reports: Vec<Report>,
    pub(crate) single: bool,
}

/// Reads them.
///
/// # Errors
/// Why they cannot be read, with the file's name.
pub(crate) fn stored(file: &Path) -> Result<Stored, String> {
    let (name, text) = text(file)?;
    let reports = Report::all_from_json(&text).map_err(|error| format!("{name}: {error}"))?;
    // An array stays one, however short it is.
    let single = reports.len() == 1 && !is_array(&text);
    Ok(Stored { reports, single })
}

/// What stored reports say of their targets, to compare others with. A report a line is read line by line, however many there are.
///
/// # Errors
/// Why they cannot be read, with the file's name.
pub(crate) fn baseline(file: &Path) -> Result<Baseline, String> {
    let name = format!("--baseline {}", short(file));
    let cannot = |error: io::Error| format!("{name}: cannot be read: {error}");
    let mut baseline = Baseline::default();
    let mut add = |report: &Report| baseline.add(&report.evidence, &report.diagnosis, report.made_at());
    let mut lines = BufReader::new(File::open(file).map_err(cannot)?);
    let mut line = String::new();
    let mut number = 0_usize;
    loop {
        line.clear();
        (&mut lines).take(MAX_REPORTS).read_line(&mut line).map_err(cannot)?;
        number += 1;
        if line.is_empty() {
            break;
        }
        if line.trim().is_empty() {
            continue;
        }
        match Report::from_json(&line) {
            Ok(report) => add(&report),
            // One report over several lines, or several in brackets.
            Err(_) if number == 1 => {
                let mut rest = line.into_bytes();
                lines.take(MAX_REPORTS).read_to_end(&mut rest).map_err(cannot)?;
                let text = read_all(rest.as_slice(), &name, REPORTS)?;
                Report::all_from_json(&text).map_err(|error| format!("{name}: {error}"))?.iter().for_each(add);
                break;
            }
            Err(error) => return Err(format!("{name}, line {number}: {error}")),
        }
    }
    if baseline.is_empty() {
        return Err(format!("{name}: no report stands there; {REPORTS}"));
    }
    Ok(baseline)
}

/// The file's name as messages have it, and what is in it.
fn text(file: &Path) -> Result<(String, String), String> {
    if file.as_os_str() == OsStr::new("-") {
        let name = "standard input".to_owned();
        let text = read_all(io::stdin(), &name, REPORTS)?;
        return Ok((name, text));
    }
    let name = format!("report file {}", quoted(file));
    let source = File::open(file).map_err(|error| format!("{name}: cannot be read: {error}"))?;
    let text = read_all(source, &name, REPORTS)?;
    Ok((name, text))
}

fn is_array(text: &str) -> bool {
    text.trim_start_matches('\u{feff}').trim_start().starts_with('[')
}

/// Reads a text that is not too large; `what` says what was expected.
fn read_all(source: impl io::Read, name: &str, what: &str) -> Result<String, String> {
    bounded::text(source, MAX_REPORTS).map_err(|fault| match fault {
        Fault::NoText(_) => format!("{name}: {fault}; {what}"),
        Fault::Read(_) | Fault::Larger(_) => format!("{name}: {fault}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_that_is_too_large_is_refused_and_not_cut() {
        let octets = |number| io::repeat(b'\n').take(number);
        assert!(read_all(octets(MAX_REPORTS), "list", "x").is_ok());
        let error = read_all(octets(MAX_REPORTS + 1), "list", "x").unwrap_err();
        assert_eq!(error, "list: larger than 64 MiB; divide it");
    }
}
