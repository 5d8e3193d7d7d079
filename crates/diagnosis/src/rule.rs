//! A row of the catalogue.
use std::fmt;

use rdp_probe_core::{Evidence, Hop, Stage};
use serde::Serialize;

use crate::codes::Family;

/// One cause or finding: what it looks like, what it means, what to do, and what a Windows client would show.
///
/// `id`s are API: never renamed, never reused. Texts may change. `{name}` in a text, a [`Placeholder`](crate::Placeholder), is
/// filled from the evidence ([`fill`](fn@crate::fill)). CONTRIBUTING.md says how to add a row.
#[derive(Clone, Copy)]
#[expect(clippy::exhaustive_structs, reason = "rows are written out, here and by users")]
pub struct Rule {
    /// The id in reports.
    pub id: &'static str,
    /// Whether it explains a failure, or is worth knowing without one.
    pub kind: RuleKind,
    /// Whom the failure is laid at that it explains; `None` when that may be anybody. The target, unless it says otherwise.
    pub hop: Option<Hop>,
    /// The stage whose failure it explains; `None` when that may be any. Of a finding: the one that what it rests on is observed in, or in
    /// one behind it.
    pub stage: Option<Stage>,
    /// Whether it holds for this evidence. Must be total and pure. A cause is asked only about failures of its hop and stage, a finding with
    /// a stage only where some connection came as far as that.
    pub matches: fn(&Evidence) -> bool,
    /// The outcome, when this is the top cause.
    pub outcome: VerdictOutcome,
    /// The exit code, when this is the top cause.
    pub exit: u8,
    /// The exit code in its place where Standard RDP Security was agreed on, when that is another one.
    pub exit_without_tls: Option<u8>,
    /// The exit code in place of both where it is that of the stage that failed.
    pub exit_of: Option<fn(&Evidence) -> u8>,
    /// Its place among causes that match together; lower comes first, ties go by id.
    pub rank: u8,
    /// What puts it before all others, whatever its rank.
    pub first_when: fn(&Evidence) -> bool,
    /// The verdict in one sentence.
    pub summary: &'static str,
    /// Why.
    pub cause: &'static str,
    /// What to do. Never something destructive.
    pub remedy: &'static str,
    /// Which Windows event to look for on the target, where that helps.
    pub event: Option<&'static str>,
    /// What a Windows client would show, likeliest first; empty when it would not fail, or nobody knows.
    pub candidates: &'static [Candidate],
    /// The codes in the table that stand for just this: what a peer sends, or what a system or another client says of it.
    pub meets: &'static [(Family, u32)],
    /// A Windows client decides this before it sends anything: no other row's candidates apply then.
    pub client_decides: bool,
    /// A Windows client would connect all the same, so that there is nothing it would show.
    pub client_connects: bool,
    /// How the cause is known.
    pub basis: Basis,
    /// Rules of which none may be said beside this one: they say the opposite.
    pub excludes: &'static [&'static str],
    /// Rules that this one hides when both match.
    pub supersedes: &'static [&'static str],
}

impl Rule {
    /// What rows leave out: the target as hop, no event, no candidates, nothing superseded, the last rank.
    pub const BLANK: Self = Self {
        id: "",
        kind: RuleKind::Cause,
        hop: Some(Hop::Target),
        stage: None,
        matches: |_| false,
        outcome: VerdictOutcome::Inconclusive,
        exit: 3,
        exit_without_tls: None,
        exit_of: None,
        rank: 50,
        first_when: |_| false,
        summary: "",
        cause: "",
        remedy: "",
        event: None,
        candidates: &[],
        meets: &[],
        client_decides: false,
        client_connects: false,
        basis: Basis::Inferred,
        excludes: &[],
        supersedes: &[],
    };
}

impl Rule {
    /// Whether it is about failures of this stage that are laid at this hop.
    pub(crate) fn is_about(&self, hop: Hop, stage: Stage) -> bool {
        self.hop.is_none_or(|of| of == hop) && self.stage.is_none_or(|of| of == stage)
    }

    /// Whether a run that came as far as this may show it.
    pub(crate) fn is_within(&self, deepest: Option<Stage>) -> bool {
        let rank = |stage: Stage| stage.rank();
        self.stage.is_none_or(|of| deepest.is_some_and(|deepest| rank(of) <= rank(deepest)))
    }
}

/// Rules are told apart by their ids.
impl PartialEq for Rule {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Rule {}

impl fmt::Debug for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rule").field(&self.id).finish()
    }
}

/// The verdict in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum VerdictOutcome {
    /// The asked depth was reached.
    Reachable,
    /// The peer said no.
    Refused,
    /// Nothing answered, or the path failed.
    Unreachable,
    /// It answers, but cannot work as it stands.
    Misconfigured,
    /// Not testable, or the evidence contradicts itself.
    Inconclusive,
}

impl VerdictOutcome {
    /// All of them.
    pub const ALL: [Self; 5] =
        [Self::Reachable, Self::Refused, Self::Unreachable, Self::Misconfigured, Self::Inconclusive];

    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Reachable => "reachable",
            Self::Refused => "refused",
            Self::Unreachable => "unreachable",
            Self::Misconfigured => "misconfigured",
            Self::Inconclusive => "inconclusive",
        }
    }
}

/// What a [`Rule`] is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RuleKind {
    /// It explains a failure.
    Cause,
    /// It is worth knowing, and never changes the exit code.
    Finding(Severity),
}

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Severity {
    /// Good to know.
    Info,
    /// Something should be changed.
    Warning,
}

impl Severity {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Info, Self::Warning];

    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
        }
    }
}

/// How something is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Basis {
    /// A specification or the vendor's documentation says so.
    Documented,
    /// People saw it, or it was measured on a real server.
    Reported,
    /// It follows from what is known, but nobody is known to have seen it.
    Inferred,
}

impl Basis {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Documented, Self::Reported, Self::Inferred];

    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Documented => "documented",
            Self::Reported => "reported",
            Self::Inferred => "inferred",
        }
    }
}

/// How probable it is that a Windows client shows this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Likelihood {
    /// Both halves of the pair are documented or reported for this symptom.
    Likely,
    /// A sound inference, or rival candidates.
    Possible,
    /// A guess.
    Unlikely,
}

impl Likelihood {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Likely, Self::Possible, Self::Unlikely];

    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Likely => "likely",
            Self::Possible => "possible",
            Self::Unlikely => "unlikely",
        }
    }
}

/// What a Windows client would show.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "written out in rows, here and by users")]
pub struct Candidate {
    /// "Error code"; `None` when unknown.
    pub code: Option<u32>,
    /// "Extended error code"; `None` when unknown.
    pub extended: Option<u32>,
    /// The HRESULT of "an authentication error has occurred".
    pub status: Option<u32>,
    /// What is shown instead of a number.
    pub text: Option<&'static str>,
    /// How probable.
    pub likelihood: Likelihood,
    /// How that is known: the basis of the weaker half.
    pub basis: Basis,
    /// When it applies, if not always.
    pub when: Option<fn(&Evidence) -> bool>,
    /// Where "extended error code" comes from, when it is what the server said.
    pub extended_of: Option<fn(&Evidence) -> Option<u32>>,
    /// Where `status` comes from, when it is what the server said.
    pub status_of: Option<fn(&Evidence) -> Option<u32>>,
}

impl Candidate {
    /// A pair of codes.
    #[must_use]
    pub const fn pair(code: u32, extended: Option<u32>, likelihood: Likelihood, basis: Basis) -> Self {
        Self {
            code: Some(code),
            extended,
            status: None,
            text: None,
            likelihood,
            basis,
            when: None,
            extended_of: None,
            status_of: None,
        }
    }

    /// The status of "an authentication error has occurred", as the server gave it.
    #[must_use]
    pub const fn status_of(
        status_of: fn(&Evidence) -> Option<u32>,
        likelihood: Likelihood,
        basis: Basis,
    ) -> Self {
        Self { code: None, status_of: Some(status_of), ..Self::pair(0, None, likelihood, basis) }
    }

    /// The same, with what the server said as "extended error code".
    #[must_use]
    pub const fn with_extended(self, extended_of: fn(&Evidence) -> Option<u32>) -> Self {
        Self { extended_of: Some(extended_of), ..self }
    }

    /// The same, only when `when` holds.
    #[must_use]
    pub const fn when(self, when: fn(&Evidence) -> bool) -> Self {
        Self { when: Some(when), ..self }
    }
}

/// Candidates are told apart by what is shown; when they apply is not compared.
impl PartialEq for Candidate {
    fn eq(&self, other: &Self) -> bool {
        (self.code, self.extended, self.status, self.text, self.likelihood, self.basis)
            == (other.code, other.extended, other.status, other.text, other.likelihood, other.basis)
    }
}

impl Eq for Candidate {}
