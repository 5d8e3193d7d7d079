//! What a report is written as, and where to.
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::ValueEnum;

use crate::quote::quoted;
use crate::words::behind;

/// A format of the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    Human,
    Line,
    Json,
    Ndjson,
    Csv,
    Junit,
    Github,
    Nagios,
}

impl Format {
    /// All of them.
    pub(crate) const ALL: [Self; 8] =
        [Self::Human, Self::Line, Self::Json, Self::Ndjson, Self::Csv, Self::Junit, Self::Github, Self::Nagios];
    /// Those that are forms of more than reports.
    pub(crate) const GENERAL: [Self; 3] = [Self::Human, Self::Json, Self::Ndjson];

    /// The name in options.
    pub(crate) const fn id(self) -> &'static str {
        match self {
            Self::Human => "human",
            Self::Line => "line",
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::Csv => "csv",
            Self::Junit => "junit",
            Self::Github => "github",
            Self::Nagios => "nagios",
        }
    }

    /// Names of these, in a sentence.
    pub(crate) fn listed(formats: &[Self], or: &str) -> String {
        let names: Vec<&str> = formats.iter().map(|format| format.id()).collect();
        match names.split_last() {
            Some((last, before)) if !before.is_empty() => format!("{} {or} {last}", before.join(", ")),
            _ => names.concat(),
        }
    }
}

/// A format, and where to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OutputSpec {
    pub(crate) format: Format,
    /// Standard output when absent.
    pub(crate) file: Option<PathBuf>,
}

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    Auto,
    Always,
    Never,
}

impl OutputSpec {
    /// Whether it is the one of these that writes the summary of a step: that is one file, however many outputs there are.
    pub(crate) fn writes_summary(&self, outputs: &[Self]) -> bool {
        outputs.iter().find(|output| output.format == Format::Github) == Some(self)
    }

    /// Where it goes, the same for two spellings of one place; `None` is standard output.
    pub(crate) fn place(&self) -> Option<PathBuf> {
        let file = self.file.as_ref().filter(|file| file.as_os_str() != "/dev/stdout")?;
        // A file that is not there yet has a folder that is.
        let there = file.canonicalize().or_else(|_| {
            let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty());
            let folder = folder.unwrap_or_else(|| Path::new(".")).canonicalize()?;
            Ok::<_, std::io::Error>(folder.join(file.file_name().unwrap_or_default()))
        });
        Some(there.unwrap_or_else(|_| file.clone()))
    }
}

/// What is wrong with outputs that go to one place.
pub(crate) fn shared_place(outputs: &[OutputSpec]) -> Option<String> {
    for (index, output) in outputs.iter().enumerate() {
        let before = outputs.get(..index).unwrap_or_default();
        if before.iter().any(|other| other.place() == output.place()) {
            let place = output.file.as_ref().map_or_else(|| "standard output".into(), quoted);
            return Some(format!("two outputs go to {place}; each needs a place of its own"));
        }
    }
    None
}

/// Reads `FORMAT[=FILE]`.
pub(crate) fn output(typed: OsString) -> Result<OutputSpec, String> {
    for format in Format::ALL {
        let name = format.id();
        if typed == name {
            return Ok(OutputSpec { format, file: None });
        }
        if let Some(file) = behind(&typed, name).and_then(|rest| behind(&rest, "=")) {
            return match file.to_str() {
                Some("") => Err("the file name after = is missing".into()),
                Some("-") => Ok(OutputSpec { format, file: None }),
                Some(_) | None => Ok(OutputSpec { format, file: Some(file.into()) }),
            };
        }
    }
    Err(format!("expected {}, and =FILE for a file", Format::listed(&Format::ALL, "or")))
}
