//! From evidence to a diagnosis.
use rdp_probe_core::{Evidence, Hop, Stage};

use crate::catalogue;
use crate::rule::{Candidate, Rule, RuleKind, VerdictOutcome};

/// What the evidence means.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The verdict, from the top cause.
    pub verdict: Verdict,
    /// Why it failed, likeliest first; empty on success.
    pub causes: Vec<&'static Rule>,
    /// What else is worth knowing.
    pub findings: Vec<&'static Rule>,
    /// What a Windows client would show, likeliest first.
    pub mstsc: Vec<Candidate>,
}

/// The verdict of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// In one word.
    pub outcome: VerdictOutcome,
    /// Who a failure is laid at.
    pub hop: Option<Hop>,
    /// The failing stage.
    pub stage: Option<Stage>,
    /// The top cause.
    pub rule: Option<&'static Rule>,
    /// The exit code of docs/exit-codes.md.
    pub exit: u8,
}

/// Diagnoses with the built-in catalogue. Total and deterministic.
#[must_use]
pub fn diagnose(evidence: &Evidence) -> Diagnosis {
    diagnose_with(evidence, &[])
}

/// Diagnoses with the built-in catalogue and `more` rows of the caller's, which may supersede it.
#[must_use]
pub fn diagnose_with(evidence: &Evidence, more: &[&'static Rule]) -> Diagnosis {
    let short = evidence.fell_short_of();
    let failed = evidence.failure().is_some() || short.is_some();
    let mut matching: Vec<&'static Rule> = Vec::new();
    for rule in catalogue::all().chain(more.iter().copied()) {
        // A cause explains a failure, so without one there is none.
        let asked = failed || rule.kind != RuleKind::Cause;
        if asked && (rule.matches)(evidence) {
            matching.push(rule);
        }
    }
    let shown = |rule: &&&'static Rule| !matching.iter().any(|other| other.supersedes.contains(&rule.id));
    let (mut causes, mut worth): (Vec<&'static Rule>, Vec<&'static Rule>) =
        matching.iter().filter(shown).copied().partition(|rule| rule.kind == RuleKind::Cause);
    causes.sort_by_key(|rule| (rule.rank, rule.id));
    worth.sort_by_key(|rule| (rule.rank, rule.id));

    let top = causes.first().copied();
    let mut mstsc: Vec<Candidate> = Vec::new();
    let decided = worth.iter().any(|rule| rule.client_decides);
    let telling = top.into_iter().chain(worth.iter().copied()).filter(|rule| rule.client_decides || !decided);
    for candidate in telling.flat_map(|rule| rule.candidates) {
        let extended = candidate.extended_of.map_or(candidate.extended, |of| of(evidence));
        let candidate = Candidate { extended, ..*candidate };
        if candidate.when.is_none_or(|when| when(evidence)) && !mstsc.contains(&candidate) {
            mstsc.push(candidate);
        }
    }
    mstsc.sort_by_key(|candidate| candidate.likelihood);
    let (hop, stage) = match (evidence.failure(), short) {
        (Some(failure), _) => (Some(failure.hop), Some(failure.stage)),
        (None, Some(stage)) => (Some(Hop::Target), Some(stage)),
        (None, None) => (None, None),
    };
    let verdict = match top {
        Some(rule) => Verdict { outcome: rule.outcome, hop, stage, rule: Some(rule), exit: rule.exit },
        // Only a defect here has no row: an event out of turn, a TLS library that does not start.
        None if failed => Verdict { outcome: VerdictOutcome::Inconclusive, hop, stage, rule: None, exit: 3 },
        None => Verdict { outcome: VerdictOutcome::Reachable, hop, stage, rule: None, exit: 0 },
    };
    Diagnosis { verdict, causes, findings: worth, mstsc }
}
