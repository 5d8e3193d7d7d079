//! Ends that any stage may come to.
use rdp_probe_core::{Cut, Evidence, Failure, Hop};

use crate::rule::{Basis, Rule, VerdictOutcome};

fn cancelled(evidence: &Evidence) -> bool {
    evidence.failure().and_then(Failure::cut) == Some(Cut::Cancelled)
}

pub(super) const RULES: &[Rule] = &[Rule {
    id: "interrupted",
    hop: Some(Hop::Client),
    matches: cancelled,
    outcome: VerdictOutcome::Inconclusive,
    exit: 5,
    rank: 0,
    summary: "the run was interrupted in stage {stage}",
    cause: "you, or the program around this one, ended the run while it waited for {awaiting}",
    remedy: "run it again and let it come to its end, which --timeout sets",
    basis: Basis::Documented,
    ..Rule::BLANK
}];
