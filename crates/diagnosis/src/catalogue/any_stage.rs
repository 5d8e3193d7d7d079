//! Ends that any stage may come to.
use rdp_probe_core::{Cut, Evidence, Failure, Hop};

use crate::rule::{Basis, Rule, VerdictOutcome};

fn cancelled(evidence: &Evidence) -> bool {
    evidence.failure().and_then(Failure::cut) == Some(Cut::Cancelled)
}

fn lost_time(evidence: &Evidence) -> bool {
    evidence.failure().is_some_and(|failure| failure.hop == Hop::Client && failure.kind.is_hang_up())
}

pub(super) const RULES: &[Rule] = &[
    Rule {
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
    },
    Rule {
        id: "this-computer-lost-time",
        hop: Some(Hop::Client),
        matches: lost_time,
        outcome: VerdictOutcome::Inconclusive,
        exit: 54,
        rank: 0,
        summary: "the connection ended while this computer stood still; nothing is known about {address}",
        cause: "this computer did not run for a while (stopped, suspended, or without a turn), and whoever waited for it in stage {stage} gave up",
        remedy: "probe again while this computer is awake and has less to do",
        basis: Basis::Inferred,
        ..Rule::BLANK
    },
];
