//! In a word, how a run came out that is not in order.
use crate::report::Report;

/// Something failed.
pub(super) const FAILED: &str = "FAILED";
/// Nothing did, and what was asked could not be told.
const UNDECIDED: &str = "UNDECIDED";

/// The word that stands before the stage of the verdict.
pub(super) fn word(report: &Report) -> &'static str {
    if report.evidence.failure().is_some() { FAILED } else { UNDECIDED }
}
