//! Stage `resolve`.
use rdp_probe_core::{DialFault, DialFaultKind, Evidence, FailureKind, Hop, Stage};

use crate::codes::Family;
use crate::rule::Basis::{Documented, Inferred};
use crate::rule::Likelihood::Possible;
use crate::rule::{Candidate, Rule, VerdictOutcome};

/// Why there is no answer.
fn fault(evidence: &Evidence) -> Option<DialFaultKind> {
    if let FailureKind::Resolve(DialFault { kind, .. }) = evidence.failure_kind()? { Some(*kind) } else { None }
}

/// Whatever the resolver does but answer, or keep silent.
fn resolver_failed(evidence: &Evidence) -> bool {
    matches!(
        fault(evidence),
        Some(
            DialFaultKind::ResolverFailed
                | DialFaultKind::Refused
                | DialFaultKind::Reset
                | DialFaultKind::HostUnreachable
                | DialFaultKind::NetworkUnreachable
                | DialFaultKind::NotPermitted
                | DialFaultKind::Other
        )
    )
}

fn no_address_of_family(evidence: &Evidence) -> bool {
    evidence.failure_kind() == Some(&FailureKind::NoAddressOfFamily)
}

const RESOLVE: Rule = Rule {
    hop: Some(Hop::Resolver),
    stage: Some(Stage::Resolve),
    outcome: VerdictOutcome::Unreachable,
    exit: 10,
    rank: 10,
    ..Rule::BLANK
};

/// Several DNS codes exist, and which one stands for what is nowhere written.
const UNDECIDED: &[Candidate] = &[
    Candidate::pair(0x104, Some(0), Possible, Inferred),
    Candidate::pair(0x508, Some(0), Possible, Inferred),
    Candidate::pair(0x208, Some(0), Possible, Inferred),
];

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "name-not-found",
        matches: |f| fault(f) == Some(DialFaultKind::NotFound),
        summary: "the name {host} does not exist, or has no address",
        cause: "the resolver answered that there is no address for {host}: a typing error, a missing DNS suffix or VPN, or \
                a record that was removed",
        remedy: "check the spelling; try the full name with its domain; compare with a computer that can connect",
        candidates: &[Candidate::pair(0x104, Some(0), Possible, Inferred)],
        basis: Documented,
        meets: &[
            (Family::Win32, 9003),
            (Family::Win32, 11_001),
            (Family::Win32, 11_004),
            (Family::FreerdpConnect, 0x2_0005),
            (Family::XfreerdpExit, 0x8C),
        ],
        ..RESOLVE
    },
    Rule {
        id: "resolver-failed",
        matches: resolver_failed,
        summary: "the resolver could not say whether {host} exists",
        cause: "the name servers of this computer failed or refused to answer, so nothing is known about {host}",
        remedy: "check the DNS servers and the VPN of this computer; --resolve HOST:PORT:ADDR or the address itself goes \
                 around them",
        candidates: UNDECIDED,
        basis: Documented,
        meets: &[(Family::Win32, 9002), (Family::Win32, 11_002), (Family::FreerdpConnect, 0x2_0004)],
        ..RESOLVE
    },
    Rule {
        id: "resolver-timed-out",
        matches: |f| matches!(fault(f), Some(DialFaultKind::TimedOut { .. })),
        summary: "the resolver did not answer for {host} within {limit}",
        cause: "no name server of this computer answered: they are down, or cannot be reached from here",
        remedy: "check the DNS servers and the VPN of this computer; --resolve HOST:PORT:ADDR or the address itself goes \
                 around them",
        candidates: UNDECIDED,
        basis: Documented,
        ..RESOLVE
    },
    Rule {
        id: "resolver-not-asked",
        hop: Some(Hop::Client),
        matches: |f| fault(f) == Some(DialFaultKind::LocalResources),
        outcome: VerdictOutcome::Inconclusive,
        summary: "this computer has nothing left to ask for {host} with; nothing is known about the name",
        cause: "the limit of open files, of ports or of memory is reached here, before any name server was asked",
        remedy: "raise the limit of open files, or probe fewer targets at a time",
        basis: Documented,
        ..RESOLVE
    },
    Rule {
        id: "no-address-of-family",
        matches: no_address_of_family,
        summary: "{host} has no {family} address",
        cause: "the name has addresses, but this run was told to take {family} only",
        remedy: "leave out -4 or -6, or add the missing record",
        basis: Documented,
        ..RESOLVE
    },
];
