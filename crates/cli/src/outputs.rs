//! Where the reports go.
use std::fs::File;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use rdp_probe::Report;

use crate::exit;
use crate::options::{Format, Options, OutputSpec};
use crate::render::{self, Look};

/// An output that could not be written.
#[derive(Debug)]
pub(crate) struct OutputFailure {
    place: String,
    error: io::Error,
}

impl OutputFailure {
    /// What to say; nothing when the reader of a pipe just left.
    pub(crate) fn message(&self) -> Option<String> {
        let silent = self.error.kind() == io::ErrorKind::BrokenPipe;
        (!silent).then(|| format!("cannot write to {}: {}", self.place, self.error))
    }
}

/// All outputs of one run.
pub(crate) struct Outputs {
    sinks: Vec<Sink>,
}

struct Sink {
    format: Format,
    place: Place,
    /// How many reports have been written.
    written: usize,
}

enum Place {
    Stdout,
    File(PathBuf, io::BufWriter<File>),
}

impl Outputs {
    /// Opens the outputs before anything is probed: a report that cannot be written is no reason to bother a host.
    pub(crate) fn open(options: &Options) -> Result<Self, OutputFailure> {
        let human = [OutputSpec { format: Format::Human, file: None }];
        let specs = if options.outputs.is_empty() { &human[..] } else { &options.outputs };
        let mut sinks = Vec::new();
        for spec in specs {
            let place = match &spec.file {
                None => Place::Stdout,
                Some(path) => {
                    let file = File::create(path)
                        .map_err(|error| OutputFailure { place: path.display().to_string(), error })?;
                    Place::File(path.clone(), io::BufWriter::new(file))
                }
            };
            sinks.push(Sink { format: spec.format, place, written: 0 });
        }
        Ok(Self { sinks })
    }

    /// Writes one report, `single` when it is the only one.
    pub(crate) fn write(
        &mut self,
        report: &Report,
        single: bool,
        options: &Options,
    ) -> Result<(), OutputFailure> {
        for sink in &mut self.sinks {
            let text = match sink.format {
                Format::Human if options.quiet => continue,
                Format::Human => {
                    let look = Look::of(options, matches!(sink.place, Place::Stdout));
                    let gap = if sink.written == 0 { "" } else { "\n" };
                    format!("{gap}{}", render::human(report, &look))
                }
                Format::Ndjson => render::json_line(report),
                Format::Json if single => render::json(report),
                Format::Json => {
                    let before = if sink.written == 0 { "[\n" } else { ",\n" };
                    format!("{before}{}", render::json(report).trim_end())
                }
            };
            sink.written = sink.written.saturating_add(1);
            sink.put(&text)?;
        }
        Ok(())
    }

    /// Ends every output.
    pub(crate) fn finish(mut self, single: bool) -> Result<(), OutputFailure> {
        for sink in &mut self.sinks {
            if sink.format == Format::Json && !single {
                sink.put(if sink.written == 0 { "[]\n" } else { "\n]\n" })?;
            }
            if let Place::File(path, file) = &mut sink.place {
                file.flush().map_err(|error| OutputFailure { place: path.display().to_string(), error })?;
            }
        }
        Ok(())
    }
}

impl Sink {
    fn put(&mut self, text: &str) -> Result<(), OutputFailure> {
        match &mut self.place {
            Place::Stdout => {
                to_stdout(text).map_err(|error| OutputFailure { place: "standard output".into(), error })
            }
            Place::File(path, file) => file
                .write_all(text.as_bytes())
                .map_err(|error| OutputFailure { place: path.display().to_string(), error }),
        }
    }
}

fn to_stdout(text: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    stdout.write_all(text.as_bytes())?;
    stdout.flush()
}

/// Prints help or version.
pub(crate) fn print(text: &str) -> ExitCode {
    if to_stdout(text).is_ok() { ExitCode::SUCCESS } else { ExitCode::from(exit::OUTPUT) }
}
