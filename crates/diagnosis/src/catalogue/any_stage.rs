//! Ends that any stage may come to.
use rdp_probe_core::{Close, Cut, Evidence, Failure, FailureKind, Hop};

use crate::rule::{Basis, Rule, VerdictOutcome};

fn cancelled(evidence: &Evidence) -> bool {
    evidence.failure().and_then(Failure::cut) == Some(Cut::Cancelled)
}

fn failed_here(evidence: &Evidence) -> bool {
    matches!(evidence.failure_kind().and_then(FailureKind::close), Some(Close::Local { .. }))
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
        id: "stream-failed-here",
        hop: Some(Hop::Client),
        matches: failed_here,
        outcome: VerdictOutcome::Inconclusive,
        exit: 3,
        rank: 0,
        summary: "this computer could not go on with its connection to {address}, in stage {stage}; nothing more is known of it",
        cause: "the operating system here gave an error while {awaiting} was awaited: it has no memory, buffer or descriptor left, \
                its network went down, or it does not let the octets out",
        remedy: "probe fewer targets at a time, and check this computer's network and its local firewall",
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
