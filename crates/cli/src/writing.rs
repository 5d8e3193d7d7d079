//! Writes what is known at once, whole.
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;

use crate::exit::{Ended, OutputFailure};
use crate::file::OutputFile;
use crate::format::{Format, OutputSpec};
use crate::quote::short;

/// Standard output, as messages have it.
pub(crate) const STDOUT: &str = "standard output";

/// Whether standard output was closed when the program began: Rust opens the null device in its place, where all is lost silently.
#[cfg(unix)]
static CLOSED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// Runs before `main`, and before Rust looks after the standard streams.
#[cfg(unix)]
#[ctor::ctor]
fn look_at_stdout() {
    let closed = rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err();
    CLOSED.store(closed, std::sync::atomic::Ordering::Relaxed);
}

/// Whether there is a standard output.
pub(crate) fn stdout_is_open() -> io::Result<()> {
    #[cfg(unix)]
    if CLOSED.load(std::sync::atomic::Ordering::Relaxed) {
        return Err(io::Error::other("it is closed"));
    }
    Ok(())
}

pub(crate) fn to_stdout(text: &str) -> io::Result<()> {
    stdout_is_open()?;
    in_pieces(&mut io::stdout().lock(), text, |_| ())
}

/// What a pipe takes whole or not at all, in octets.
const PIECE: usize = 4096;

/// Writes it, and tells of each piece when it is written.
pub(crate) fn in_pieces(to: &mut impl Write, text: &str, mut moved: impl FnMut(u64)) -> io::Result<()> {
    for piece in text.as_bytes().chunks(PIECE) {
        to.write_all(piece)?;
        to.flush()?;
        moved(u64::try_from(piece.len()).unwrap_or_default());
    }
    Ok(())
}

fn to_file(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OutputFile::create(path)?;
    file.write_all(text.as_bytes())?;
    file.finish()
}

/// Writes what is known at once to every output, and tells which have failed.
pub(crate) fn write_all(specs: &[OutputSpec], text: impl Fn(Format, bool) -> String) -> Vec<OutputFailure> {
    let mut failures = Vec::new();
    for spec in specs {
        let text = text(spec.format, spec.file.is_none());
        let (place, written) = match &spec.file {
            None => (STDOUT.into(), to_stdout(&text)),
            Some(path) => (short(path), to_file(path, &text)),
        };
        failures.extend(written.err().map(|error| OutputFailure { place, error }));
    }
    failures
}

/// Writes to standard output what is no report.
pub(crate) fn say(text: &str) -> Result<(), OutputFailure> {
    to_stdout(text).map_err(|error| OutputFailure { place: STDOUT.into(), error })
}

/// Prints a text that is all there is to say: help, version, what a verb makes.
pub(crate) fn print(text: &str) -> ExitCode {
    match say(text) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => Ended::output(failure).complain(),
    }
}
