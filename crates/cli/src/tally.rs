//! What the reports come to, all together.
use std::collections::HashMap;

use rdp_probe::Report;

use crate::exit;
use crate::status::Status;

/// What has been reported so far.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    pub(crate) done: usize,
    pub(crate) failed: usize,
    /// By rule, those that failed.
    rules: HashMap<&'static str, usize>,
    interrupted: bool,
    /// Something that was expected of one that was reached is not so.
    unexpected: bool,
    last: u8,
    /// The worst state so far; `None` where nothing was reported.
    status: Option<Status>,
}

impl Tally {
    pub(crate) fn count(&mut self, report: &Report) {
        self.note(report.run_exit_code());
        self.status = self.status.max(Some(Status::of(report)));
        if let Some(rule) = report.diagnosis.verdict.rule.filter(|_| !report.is_reachable()) {
            *self.rules.entry(rule.id).or_default() += 1;
        }
    }

    /// The exit code of one.
    pub(crate) fn note(&mut self, code: u8) {
        self.done += 1;
        self.last = code;
        self.failed += usize::from(code != 0);
        self.unexpected |= code == exit::UNEXPECTED;
        self.interrupted |= code == exit::INTERRUPTED;
    }

    /// The worst state of what was reported.
    pub(crate) const fn status(&self) -> Option<Status> {
        self.status
    }

    /// So many rules by which most failed, the commonest first.
    pub(crate) fn commonest(&self, many: usize) -> Vec<(&'static str, usize)> {
        let mut all: Vec<_> = self.rules.iter().map(|(rule, count)| (*rule, *count)).collect();
        all.sort_unstable_by_key(|(rule, count)| (std::cmp::Reverse(*count), *rule));
        all.truncate(many);
        all
    }

    /// The exit code: of one report its own.
    pub(crate) const fn code(&self) -> u8 {
        match (self.done, self.interrupted, self.failed) {
            (1, ..) => self.last,
            (_, true, _) => exit::INTERRUPTED,
            (_, false, 0) => 0,
            (_, false, _) if self.unexpected => exit::UNEXPECTED,
            (_, false, _) => exit::SOME_FAILED,
        }
    }
}
