//! A report as text: for people, and in one line. Pure functions: whatever a peer sent is escaped here.
//!
//! [`Report`] itself is the human text when it is displayed; what is here says more, in colour, or in two halves.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "columns of lines, and lengths of texts that are in memory: no two of them overflow"
)]
mod brief;
mod gateway;
mod human;
mod line;
mod look;
mod rows;
#[cfg(test)]
mod samples;
mod statistics;
mod word;
mod wrap;

use std::fmt;

pub use brief::brief;
pub use human::{First, exit_code_in_words, first, human, rest, title};
pub use line::{client_codes, line, verdict_line};
pub use look::Look;
pub use statistics::statistics;
pub use wrap::wrapped;

use crate::report::Report;

/// The human text, in plain: as [`human`] gives it with [`Look::PLAIN`].
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&human(self, &Look::PLAIN))
    }
}

impl Report {
    /// The report in one line, as `-o line` prints it (docs/line.md), with its end.
    #[must_use]
    pub fn line(&self) -> String {
        line(self)
    }
}
