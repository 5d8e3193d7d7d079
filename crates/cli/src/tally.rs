//! What the reports come to, all together.
use rdp_probe::Report;

use crate::exit;

/// What has been reported so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) done: usize,
    pub(crate) failed: usize,
    interrupted: bool,
    last: u8,
}

impl Tally {
    pub(crate) fn count(&mut self, report: &Report) {
        self.done += 1;
        self.failed += usize::from(!report.is_reachable());
        self.last = report.exit_code();
        self.interrupted |= self.last == exit::INTERRUPTED;
    }

    /// The exit code: of one report its own.
    pub(crate) const fn code(&self) -> u8 {
        match (self.done, self.interrupted, self.failed) {
            (1, ..) => self.last,
            (_, true, _) => exit::INTERRUPTED,
            (_, false, 0) => 0,
            (_, false, _) => exit::SOME_FAILED,
        }
    }
}
