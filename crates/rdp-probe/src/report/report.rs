//! What one run found, and what it means.
use std::time::Duration;

use rdp_probe_core::Evidence;
use rdp_probe_diagnosis::{Diagnosis, Rule, fill, summary, utc};

use crate::expect::{Baseline, Compared, Expectations, Expected, ExpectedOutcome};
use crate::target::Target;

/// What was found, and what it means. Serialises as docs/json.md and docs/report.schema.json have it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// What was probed.
    pub target: Target,
    /// Everything that was observed.
    pub evidence: Evidence,
    /// What it means.
    pub diagnosis: Diagnosis,
    /// Who made it, where that was not this version: a pointer, since a run has its report within it while it waits.
    stored: Option<Box<Stored>>,
    /// What it is held against: behind a pointer for the same reason.
    held_against: Option<Box<HeldAgainst>>,
}

/// What a report is held against, beyond the asked depth.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct HeldAgainst {
    expected: Vec<Expected>,
    compared: Option<Compared>,
    /// Whether a change is no way to end well.
    no_change: bool,
}

/// What a stored report says of its origin.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Stored {
    made_by: Option<String>,
}

/// The exit code of a run that reached its end, and is not as it was expected, or not as it was.
const NOT_AS_EXPECTED: u8 = 1;

/// This library and its version.
const HERE: &str = concat!("rdp-probe ", env!("CARGO_PKG_VERSION"));

impl Report {
    /// A report of this evidence. [`crate::Probe`] makes it; so can who has stored evidence.
    #[must_use]
    pub const fn new(target: Target, evidence: Evidence, diagnosis: Diagnosis) -> Self {
        Self { target, evidence, diagnosis, stored: None, held_against: None }
    }

    /// The same, as it was stored by this program and version; `None` of one that was stored before this was noted.
    pub(super) fn stored_by(self, made_by: Option<String>) -> Self {
        let here = made_by.as_deref() == Some(HERE);
        Self { stored: (!here).then(|| Box::new(Stored { made_by })), ..self }
    }

    /// By which program and version it was made; `None` of one that was stored before this was noted.
    #[must_use]
    pub fn made_by(&self) -> Option<&str> {
        self.stored.as_ref().map_or(Some(HERE), |stored| stored.made_by.as_deref())
    }

    /// When the run began, as RFC 3339 has it; `None` when nobody said what time it was.
    #[must_use]
    pub fn made_at(&self) -> Option<String> {
        utc(self.evidence.plan.began_unix_ms.div_euclid(1000)).filter(|_| self.evidence.plan.began_unix_ms > 0)
    }

    /// Whether the asked depth was reached.
    #[must_use]
    pub const fn is_reachable(&self) -> bool {
        self.diagnosis.verdict.exit == 0
    }

    /// The exit code of docs/exit-codes.md.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        self.diagnosis.verdict.exit
    }

    /// The same, with what became of these expectations.
    #[must_use]
    pub fn expecting(self, expectations: &Expectations) -> Self {
        let expected = expectations.check(&self.evidence, &self.diagnosis);
        self.held(|held| held.expected = expected)
    }

    /// The same, with what has changed since a baseline. With `no_change` a run that reached its end ends with 1 where something has.
    #[must_use]
    pub fn compared_with(self, baseline: &Baseline, no_change: bool) -> Self {
        let compared = baseline.compare(&self.evidence, &self.diagnosis);
        self.held(|held| (held.compared, held.no_change) = (compared, no_change))
    }

    fn held(mut self, hold: impl FnOnce(&mut HeldAgainst)) -> Self {
        let mut held = self.held_against.take().unwrap_or_default();
        hold(&mut held);
        let anything = !held.expected.is_empty() || held.compared.is_some();
        Self { held_against: anything.then_some(held), ..self }
    }

    /// What has changed since the baseline; `None` without one, and where that does not know the target.
    #[must_use]
    pub fn compared(&self) -> Option<&Compared> {
        self.held_against.as_ref()?.compared.as_ref()
    }

    /// What became of what was expected of the run.
    #[must_use]
    pub fn expected(&self) -> &[Expected] {
        self.held_against.as_ref().map_or(&[], |held| &held.expected)
    }

    /// Whether something has changed where nothing was to.
    #[must_use]
    pub fn is_unduly_changed(&self) -> bool {
        let no_change = self.held_against.as_ref().is_some_and(|held| held.no_change);
        no_change && self.compared().is_some_and(|compared| !compared.changes.is_empty())
    }

    /// What of it came to this.
    pub fn expected_of(&self, outcome: ExpectedOutcome) -> impl Iterator<Item = &Expected> {
        self.expected().iter().filter(move |one| one.outcome == outcome)
    }

    /// Whether something that was expected is not so, or has changed where nothing was to.
    #[must_use]
    pub fn is_unexpected(&self) -> bool {
        self.is_unduly_changed() || self.expected().iter().any(|one| one.outcome == ExpectedOutcome::Failed)
    }

    /// Whether nobody can tell something that was expected.
    #[must_use]
    pub fn is_untold(&self) -> bool {
        self.expected().iter().any(|one| one.outcome == ExpectedOutcome::NotTestable)
    }

    /// The exit code of a run with this report: the verdict's own, or 1 where that is 0 and something is not as it was expected
    /// ([`Report::is_unexpected`]).
    #[must_use]
    pub fn run_exit_code(&self) -> u8 {
        let as_expected = self.exit_code() != 0 || !self.is_unexpected();
        if as_expected { self.exit_code() } else { NOT_AS_EXPECTED }
    }

    /// The verdict in one sentence, without a full stop. What a peer sent stands in it as it is: escape it before it
    /// reaches a terminal ([`crate::escape`]).
    #[must_use]
    pub fn summary(&self) -> String {
        summary(&self.diagnosis, &self.evidence)
    }

    /// A text of a rule, with its placeholders filled from this evidence. See [`Report::summary`] for escaping.
    #[must_use]
    pub fn text_of(&self, text: fn(&Rule) -> &'static str, rule: &Rule) -> String {
        fill(text(rule), &self.evidence)
    }

    /// How long the main path took.
    #[must_use]
    pub fn duration(&self) -> Duration {
        self.evidence.duration()
    }
}
