//! What the stages of MCS have in common, over TLS or without it.
use rdp_probe_core::wire::mcs::Reason;
use rdp_probe_core::{Evidence, FailureKind};

use crate::rule::Basis::Inferred;
use crate::rule::Likelihood::{Possible, Unlikely};
use crate::rule::{Candidate, Rule, VerdictOutcome};

/// A row of such a stage.
pub(super) const MCS: Rule = Rule {
    outcome: VerdictOutcome::Refused,
    exit: 60,
    exit_without_tls: Some(61),
    rank: 20,
    basis: Inferred,
    ..Rule::BLANK
};

pub(super) const CLOSED: &[Candidate] =
    &[Candidate::pair(0x904, Some(0), Possible, Inferred), Candidate::pair(0x904, Some(7), Possible, Inferred)];
pub(super) const SILENT: &[Candidate] = &[Candidate::pair(0x108, Some(0), Possible, Inferred)];
pub(super) const DISCONNECTED: &[Candidate] = &[
    Candidate::pair(0x3, Some(0), Possible, Inferred).when(|f| reason_is(f, Reason::PROVIDER_INITIATED)),
    Candidate::pair(0x2, Some(0), Possible, Inferred).when(|f| reason_is(f, Reason::USER_REQUESTED)),
];
pub(super) const REFUSED: &[Candidate] =
    &[Candidate::pair(0x3, None, Unlikely, Inferred), Candidate::pair(0x1104, None, Unlikely, Inferred)];
pub(super) const BROKEN: &[Candidate] = &[Candidate::pair(0x1104, Some(0), Unlikely, Inferred)];

fn reason_is(evidence: &Evidence, reason: Reason) -> bool {
    evidence.failure_kind() == Some(&FailureKind::Ultimatum(reason))
}

/// The server ended the connection in the words of its layers.
pub(super) fn disconnected(evidence: &Evidence) -> bool {
    matches!(
        evidence.failure_kind(),
        Some(FailureKind::Ultimatum(_) | FailureKind::DisconnectRequest { .. } | FailureKind::TpduError { .. })
    )
}

/// What came is not what was due, or cannot be read.
pub(super) fn broken(evidence: &Evidence) -> bool {
    matches!(
        evidence.failure_kind(),
        Some(FailureKind::Malformed { .. } | FailureKind::OtherTpdu { .. } | FailureKind::NotExpected { .. })
    )
}
