//! The file that a step of a workflow on GitHub leaves its summary in: `GITHUB_STEP_SUMMARY`.
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::PathBuf;

use crate::exit::OutputFailure;
use crate::quote::short;
use crate::render::StepTable;

/// The variable that names it.
const VARIABLE: &str = "GITHUB_STEP_SUMMARY";
/// As much of a step is shown, in octets; of more than this, nothing is.
const MOST: u64 = 1 << 20;

/// The file, which others may have written to.
pub(crate) struct StepSummary {
    path: PathBuf,
    file: File,
}

impl StepSummary {
    /// Opens it; `None` where nobody asks for one.
    pub(crate) fn open() -> Result<Option<Self>, OutputFailure> {
        let Some(path) = std::env::var_os(VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from) else {
            return Ok(None);
        };
        match OpenOptions::new().append(true).create(true).open(&path) {
            Ok(file) => Ok(Some(Self { path, file })),
            Err(error) => Err(OutputFailure { place: short(&path), error }),
        }
    }

    /// Appends as much of it as there is room for.
    pub(crate) fn append(mut self, table: &StepTable) -> Result<(), OutputFailure> {
        let there = self.file.metadata().map_or(0, |metadata| metadata.len());
        let room = usize::try_from(MOST.saturating_sub(there)).unwrap_or_default();
        let text = table.text(room);
        self.file
            .write_all(text.as_bytes())
            .and_then(|()| self.file.flush())
            .map_err(|error| OutputFailure { place: short(&self.path), error })
    }
}
