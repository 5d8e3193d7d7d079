//! Where the reports go.
use std::io::{self, Write};
use std::path::PathBuf;

use rdp_probe::Report;

use crate::exit::OutputFailure;
use crate::file::OutputFile;
use crate::format::{Format, OutputSpec};
use crate::options::Options;
use crate::quote::short;
use crate::render::{self, Look};
use crate::writing::{STDOUT, stdout_is_open, to_stdout};

/// All outputs of one run. One that fails is given up, and the others go on.
pub(crate) struct Outputs {
    sinks: Vec<Sink>,
    failures: Vec<OutputFailure>,
}

struct Sink {
    format: Format,
    place: Place,
    look: Look,
    /// How many reports have been written.
    written: usize,
}

enum Place {
    Stdout,
    File(PathBuf, OutputFile),
}

impl Outputs {
    /// Opens the outputs before anything is probed: a report that cannot be written is no reason to bother a host.
    pub(crate) fn open(options: &Options) -> Result<Self, OutputFailure> {
        let human = [OutputSpec { format: Format::Human, file: None }];
        let specs = if options.outputs.is_empty() { &human[..] } else { &options.outputs };
        let mut sinks = Vec::new();
        for spec in specs {
            let place = match &spec.file {
                None if options.quiet && spec.format == Format::Human => continue,
                None => {
                    stdout_is_open().map_err(|error| OutputFailure { place: STDOUT.into(), error })?;
                    Place::Stdout
                }
                Some(path) => {
                    let file = OutputFile::create(path)
                        .map_err(|error| OutputFailure { place: short(path), error })?;
                    Place::File(path.clone(), file)
                }
            };
            let look = Look::of(options.color, options.verbose, matches!(place, Place::Stdout));
            sinks.push(Sink { format: spec.format, place, look, written: 0 });
        }
        Ok(Self { sinks, failures: Vec::new() })
    }

    /// Writes one report, `single` when it is the only one and stands for itself.
    pub(crate) fn write(&mut self, report: &Report, single: bool) {
        self.each(|sink| {
            let text = match sink.format {
                Format::Human => {
                    let gap = if sink.written == 0 { "" } else { "\n" };
                    format!("{gap}{}", render::human(report, &sink.look))
                }
                Format::Line => render::line(report),
                Format::Ndjson => render::json_line(report),
                Format::Json if single => render::json(report),
                Format::Json => {
                    let before = if sink.written == 0 { "[\n" } else { ",\n" };
                    format!("{before}{}", render::json(report).trim_end())
                }
            };
            sink.written += 1;
            sink.put(&text)
        });
    }

    /// Whether every output has failed: nobody is left who would read what is found.
    pub(crate) fn all_failed(&self) -> bool {
        self.sinks.is_empty() && !self.failures.is_empty()
    }

    /// Ends every output, and tells which have failed.
    pub(crate) fn finish(mut self, single: bool) -> Vec<OutputFailure> {
        for sink in self.sinks {
            let place = sink.place.name();
            self.failures.extend(sink.finish(single).err().map(|error| OutputFailure { place, error }));
        }
        self.failures
    }

    /// Does the same with each output; one where it fails is given up.
    fn each(&mut self, mut act: impl FnMut(&mut Sink) -> io::Result<()>) {
        let failures = &mut self.failures;
        self.sinks.retain_mut(|sink| match act(sink) {
            Ok(()) => true,
            Err(error) => {
                failures.push(OutputFailure { place: sink.place.name(), error });
                false
            }
        });
    }
}

impl Sink {
    fn put(&mut self, text: &str) -> io::Result<()> {
        match &mut self.place {
            Place::Stdout => to_stdout(text),
            Place::File(_, file) => file.write_all(text.as_bytes()),
        }
    }

    fn finish(mut self, single: bool) -> io::Result<()> {
        if self.format == Format::Json && !single {
            self.put(if self.written == 0 { "[]\n" } else { "\n]\n" })?;
        }
        match self.place {
            Place::Stdout => Ok(()),
            Place::File(_, file) => file.finish(),
        }
    }
}

impl Place {
    fn name(&self) -> String {
        match self {
            Self::Stdout => STDOUT.into(),
            Self::File(path, _) => short(path),
        }
    }
}
