//! One output: what is written where.
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rdp_probe::{Report, Statistics};

use crate::done::cleared;
use crate::exit::OutputFailure;
use crate::file::OutputFile;
use crate::format::{Format, OutputSpec};
use crate::look;
use crate::options::Options;
use crate::quote::short;
use crate::render::{self, Check, Look, StepTable};
use crate::step_summary::StepSummary;
use crate::writing::{STDOUT, in_pieces, stdout_is_open};

/// As much text is held before it is written, in octets.
const MUCH: usize = 64 << 10;

/// One output.
pub(crate) struct Sink {
    format: Format,
    place: Place,
    look: Look,
    /// Whether people get three lines a target.
    brief: bool,
    /// Whether it goes to a terminal, which has a width.
    terminal: bool,
    /// Whether there is one report, which stands for itself.
    single: bool,
    /// Whether reports are rounds: people and JSON have what they come to, at the end.
    rounds: bool,
    /// How many reports have been written.
    written: usize,
    /// What has been said of the report under way.
    said: Option<render::First>,
    /// What a check says at its end.
    check: Check,
    /// The summary of a step, and what it will say.
    step: Option<(StepSummary, StepTable)>,
    /// What the reports come to, where there are several and people read them.
    summary: Option<render::Summary>,
    /// What is to be written next.
    text: String,
    /// Counts what has been written, for who wants to know whether anything moves.
    octets: Arc<AtomicU64>,
}

enum Place {
    Stdout,
    File(PathBuf, OutputFile),
}

impl Sink {
    /// Opens it. `None` where nothing is to be written.
    pub(crate) fn open(
        spec: &OutputSpec,
        options: &Options,
        single: bool,
        octets: &Arc<AtomicU64>,
    ) -> Result<Option<Self>, OutputFailure> {
        let place = match &spec.file {
            None if options.quiet && spec.format == Format::Human => return Ok(None),
            None => {
                stdout_is_open().map_err(|error| OutputFailure { place: STDOUT.into(), error })?;
                Place::Stdout
            }
            Some(path) => {
                let file = if options.writes_on(spec) {
                    cleared(path).and_then(|()| OutputFile::append(path))
                } else {
                    OutputFile::create(path)
                };
                let file = file.map_err(|error| OutputFailure { place: short(path), error })?;
                Place::File(path.clone(), file)
            }
        };
        let step = if spec.writes_summary(&options.outputs) { StepSummary::open()? } else { None };
        let look = look::look(options.color, options.verbose, matches!(place, Place::Stdout));
        let octets = Arc::clone(octets);
        Ok(Some(Self {
            format: spec.format,
            terminal: matches!(place, Place::Stdout) && io::stdout().is_terminal(),
            place,
            look,
            brief: options.brief,
            single,
            rounds: options.rounds.repeats(),
            written: 0,
            said: None,
            check: Check::default(),
            step: step.map(|step| (step, StepTable::default())),
            summary: (spec.format == Format::Human && !single && !options.rounds.repeats())
                .then(render::Summary::default),
            text: String::new(),
            octets,
        }))
    }

    /// As messages have it.
    pub(crate) fn name(&self) -> String {
        match &self.place {
            Place::Stdout => STDOUT.into(),
            Place::File(path, _) => short(path),
        }
    }

    /// Takes what is known when the main path has ended, where a person waits for it; the report follows.
    pub(crate) fn begin(&mut self, report: &Report) {
        if !self.single || self.brief || self.format != Format::Human || !matches!(self.place, Place::Stdout) {
            return;
        }
        let (text, said) = render::first(report, &self.look);
        self.said = Some(said);
        self.text.push_str(&text);
    }

    /// Takes one report, or the rest of it. [`Sink::flush`] writes it.
    pub(crate) fn write(&mut self, report: &Report) {
        if self.rounds && matches!(self.format, Format::Human | Format::Json) {
            return;
        }
        let text = match self.format {
            Format::Human if let Some(said) = self.said.take() => render::rest(report, &self.look, &said),
            Format::Human if self.brief => render::brief(report, &self.look),
            Format::Human if self.summary.is_some() && self.look.verbose == 0 => {
                render::ended(report, &self.look, self.terminal)
            }
            Format::Human => {
                let gap = if self.written == 0 { "" } else { "\n" };
                format!("{gap}{}", render::human(report, &self.look))
            }
            Format::Line => render::line(report),
            Format::Ndjson => render::json_line(report),
            Format::Json if self.single => render::json(report),
            Format::Json => {
                let before = if self.written == 0 { "[\n" } else { ",\n" };
                format!("{before}{}", render::json(report).trim_end())
            }
            Format::Csv => self.begun(render::CSV_HEADER) + &render::csv_row(report),
            Format::Junit => self.begun(render::JUNIT_BEGIN) + &render::junit_suite(report),
            Format::Github => {
                if let Some((_, table)) = &mut self.step {
                    table.add(report);
                }
                render::github_command(report)
            }
            Format::Nagios => {
                self.check.add(report);
                String::new()
            }
        };
        if let Some(summary) = &mut self.summary {
            summary.count(report);
        }
        self.written += 1;
        self.text.push_str(&text);
    }

    /// Takes what many rounds came to.
    pub(crate) fn sum(&mut self, all: &[Statistics]) {
        for one in all {
            let first = self.written == 0;
            let text = match self.format {
                Format::Human => {
                    format!("{}{}", if first { "" } else { "\n" }, render::statistics(one, &self.look))
                }
                Format::Json if self.single => render::json(one),
                Format::Json => {
                    format!("{}{}", if first { "[\n" } else { ",\n" }, render::json(one).trim_end())
                }
                Format::Line
                | Format::Ndjson
                | Format::Csv
                | Format::Junit
                | Format::Github
                | Format::Nagios => return,
            };
            self.written += 1;
            self.text.push_str(&text);
        }
    }

    /// What stands before the first report, and not before another one.
    fn begun(&self, with: &str) -> String {
        if self.written == 0 { with.to_owned() } else { String::new() }
    }

    /// What stands behind the last report.
    fn end(&self, code: u8) -> String {
        match self.format {
            Format::Json if self.single => String::new(),
            Format::Json => if self.written == 0 { "[]\n" } else { "\n]\n" }.to_owned(),
            Format::Csv => self.begun(render::CSV_HEADER),
            Format::Junit => self.begun(render::JUNIT_BEGIN) + render::JUNIT_END,
            Format::Nagios => self.check.text(code),
            Format::Human | Format::Line | Format::Ndjson | Format::Github => String::new(),
        }
    }

    /// Ends it: nothing more comes, and the run ends with this exit code.
    pub(crate) fn finish(mut self, code: u8) -> Result<(), OutputFailure> {
        if let Some(summary) = self.summary.take().filter(|_| self.written > 0) {
            self.text.push('\n');
            self.text.push_str(&summary.text(code, &self.look));
        }
        let end = self.end(code);
        self.text.push_str(&end);
        let flushed = self.flush();
        let name = self.name();
        let written = flushed.and_then(|()| match self.place {
            Place::Stdout => Ok(()),
            Place::File(_, file) => file.finish(),
        });
        written.map_err(|error| OutputFailure { place: name, error })?;
        match self.step {
            Some((summary, table)) => summary.append(&table),
            None => Ok(()),
        }
    }

    /// Writes what was taken where that is much: reports of many targets may come together.
    pub(crate) fn relieve(&mut self) -> io::Result<()> {
        if self.text.len() < MUCH { Ok(()) } else { self.flush() }
    }

    /// Writes what was taken.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let text = std::mem::take(&mut self.text);
        let octets = &self.octets;
        let moved = |more| {
            octets.fetch_add(more, Ordering::Relaxed);
        };
        match &mut self.place {
            Place::Stdout => in_pieces(&mut io::stdout().lock(), &text, moved),
            Place::File(_, file) => in_pieces(file, &text, moved),
        }
    }
}
