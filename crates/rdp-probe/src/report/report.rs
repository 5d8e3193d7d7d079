//! What one run found, and what it means.
use std::borrow::Cow;
use std::time::Duration;

use rdp_probe_core::Evidence;
use rdp_probe_diagnosis::{Diagnosis, Rule, fill, summary, utc};

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
    /// By which program and version it was made; `None` of one that was stored before this was noted.
    pub made_by: Option<Cow<'static, str>>,
}

/// This library and its version.
const HERE: &str = concat!("rdp-probe ", env!("CARGO_PKG_VERSION"));

impl Report {
    /// A report of this evidence. [`crate::Probe`] makes it; so can who has stored evidence.
    #[must_use]
    pub fn new(target: Target, evidence: Evidence, diagnosis: Diagnosis) -> Self {
        Self { target, evidence, diagnosis, made_by: Some(Cow::Borrowed(HERE)) }
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
        self.evidence
            .main_path()
            .iter()
            .filter_map(rdp_probe_core::AttemptRecord::ended)
            .max()
            .unwrap_or_default()
    }
}
