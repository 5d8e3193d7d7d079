//! Stages `credssp`, `rdstls` and `rdsaad`, without credentials; and depths that the server does not have.
use rdp_probe_core::wire::credssp::NtStatus;
use rdp_probe_core::{Evidence, FailureKind, Stage};

use super::ends::{CHECK_THE_PATH, CUT, LOOK_FOR_A_CRASH, STALLED, closed, cut, silent, stalled};
use super::logon::is_due;
use crate::codes::Family;
use crate::phrases::status_said;
use crate::rule::Basis::{Documented, Inferred, Reported};
use crate::rule::Likelihood::{Possible, Unlikely};
use crate::rule::{Candidate, Rule, VerdictOutcome};

/// STATUS_NOT_SUPPORTED, STATUS_NTLM_BLOCKED.
const NTLM_BLOCKED: [NtStatus; 2] = [NtStatus(0xC000_00BB), NtStatus(0xC000_0418)];
/// negState reject (RFC 4178 section 4.2.2).
const REJECT: u8 = 2;

fn ntlm_blocked(evidence: &Evidence) -> bool {
    match evidence.failure_kind() {
        Some(FailureKind::CredsspError(status)) => NTLM_BLOCKED.contains(status),
        Some(FailureKind::NoChallenge { state, .. }) => *state == Some(REJECT),
        Some(_) | None => false,
    }
}

fn other_error(evidence: &Evidence) -> bool {
    matches!(evidence.failure_kind(), Some(FailureKind::CredsspError(status)) if !NTLM_BLOCKED.contains(status))
}

/// Nothing came of what was due.
fn not_begun(evidence: &Evidence) -> bool {
    evidence.failure().is_some() && !cut(evidence) && !stalled(evidence)
}

fn broken(evidence: &Evidence) -> bool {
    match evidence.failure_kind() {
        Some(FailureKind::Malformed { .. } | FailureKind::NotExpected { .. }) => true,
        Some(FailureKind::NoChallenge { state, .. }) => *state != Some(REJECT),
        Some(_) | None => false,
    }
}

const CREDSSP: Rule = Rule {
    stage: Some(Stage::Credssp),
    outcome: VerdictOutcome::Refused,
    exit: 50,
    rank: 20,
    basis: Inferred,
    ..Rule::BLANK
};

const HUNG_UP: &[Candidate] =
    &[Candidate::pair(0x904, Some(7), Possible, Inferred), Candidate::pair(0x207, Some(0), Unlikely, Inferred)];
const SILENT: &[Candidate] = &[Candidate::pair(0x108, Some(0), Possible, Reported)];

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "ntlm-blocked",
        matches: |f| !is_due(f) && ntlm_blocked(f),
        outcome: VerdictOutcome::Inconclusive,
        exit: 54,
        rank: 10,
        summary: "{address} does not take NTLM, so that nothing more can be learnt without credentials",
        cause: "the server's policy refuses NTLM, or it takes Kerberos only ({credssp_status})",
        remedy: "connect by the name that has the host's Kerberos service, from a computer that reaches a domain controller; if \
                 NTLM should work, look at the policy \"Restrict NTLM: incoming traffic\" on the target",
        basis: Inferred,
        meets: &[(Family::NtStatus, 0xC000_00BB)],
        ..CREDSSP
    },
    Rule {
        id: "credssp-closed",
        matches: |f| !is_due(f) && closed(f),
        summary: "{address} hung up on the first CredSSP message ({close})",
        cause: "the server selected CredSSP and then ended the connection without a reason: a security provider that fails, a \
                policy that wants newer clients, or a device that inspects TLS",
        remedy: "look at the target's System and Security logs at this time; probe from the target's own network",
        candidates: HUNG_UP,
        ..CREDSSP
    },
    Rule {
        id: "credssp-silent",
        matches: |f| !is_due(f) && silent(f),
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} did not answer the first CredSSP message within {limit}",
        cause: "TLS is up and CredSSP is not: the server's security provider hangs, as when it waits for a domain controller",
        remedy: "on the target, check that a domain controller can be reached; then the Remote Desktop Services service",
        candidates: SILENT,
        basis: Reported,
        ..CREDSSP
    },
    Rule {
        id: "credssp-cut",
        matches: |f| !is_due(f) && cut(f),
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} began to answer the first CredSSP message, and the stream ended after {part_of} octets ({close})",
        cause: CUT,
        remedy: LOOK_FOR_A_CRASH,
        candidates: HUNG_UP,
        ..CREDSSP
    },
    Rule {
        id: "credssp-stalled",
        matches: |f| !is_due(f) && stalled(f),
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} began to answer the first CredSSP message and stopped after {part_of} octets; the rest did not come \
                  within {limit}",
        cause: STALLED,
        remedy: CHECK_THE_PATH,
        candidates: SILENT,
        ..CREDSSP
    },
    Rule {
        id: "credssp-error",
        matches: |f| !is_due(f) && other_error(f),
        summary: "{address} answered the first CredSSP message with an error ({credssp_status})",
        cause: "the server refused before any credentials were given, so this is about itself, its policy or the client's version",
        remedy: "rdp-probe explain {credssp_code} says what the status means; the target's Security log at this time says more",
        candidates: &[Candidate::status_of(status_said, Possible, Inferred)],
        basis: Documented,
        ..CREDSSP
    },
    Rule {
        id: "credssp-disconnected",
        matches: |f| !is_due(f) && matches!(f.failure_kind(), Some(FailureKind::Ultimatum(_))),
        summary: "{address} answered the first CredSSP message with a disconnect ({reason})",
        cause: "the server ended the connection at the MCS layer in place of a TSRequest, as GNOME Remote Desktop does",
        remedy: "look at the server's log: its credentials may not be set, or its session may not be ready",
        basis: Reported,
        ..CREDSSP
    },
    Rule {
        id: "credssp-broken",
        matches: |f| !is_due(f) && broken(f),
        outcome: VerdictOutcome::Misconfigured,
        summary: "{address} selected CredSSP, and its first answer cannot be read",
        cause: "what came after TLS cannot be read as a TSRequest with an NTLM CHALLENGE: a broken server, or another service \
                behind the same port",
        remedy: "find out what answers at {address}; the octets it sent stand in the JSON report",
        basis: Documented,
        ..CREDSSP
    },
    Rule {
        id: "rdstls-cut",
        stage: Some(Stage::Rdstls),
        matches: cut,
        exit: 56,
        summary: "{address} selected RDSTLS and began it, and the stream ended after {part_of} octets ({close})",
        cause: CUT,
        remedy: LOOK_FOR_A_CRASH,
        ..CREDSSP
    },
    Rule {
        id: "rdstls-stalled",
        stage: Some(Stage::Rdstls),
        matches: stalled,
        exit: 56,
        summary: "{address} selected RDSTLS, began it and stopped after {part_of} octets; the rest did not come within {limit}",
        cause: STALLED,
        remedy: CHECK_THE_PATH,
        ..CREDSSP
    },
    Rule {
        id: "rdstls-broken",
        stage: Some(Stage::Rdstls),
        matches: not_begun,
        exit: 56,
        summary: "{address} selected RDSTLS and did not begin it",
        cause: "the server speaks first in RDSTLS, and its Capabilities did not come",
        remedy: "RDSTLS belongs to connection brokers: connect through the broker or the feed that names this host",
        ..CREDSSP
    },
    Rule {
        id: "rdsaad-cut",
        stage: Some(Stage::Rdsaad),
        matches: cut,
        exit: 56,
        summary: "{address} selected the Entra sign-in and began it, and the stream ended after {part_of} octets ({close})",
        cause: CUT,
        remedy: LOOK_FOR_A_CRASH,
        ..CREDSSP
    },
    Rule {
        id: "rdsaad-stalled",
        stage: Some(Stage::Rdsaad),
        matches: stalled,
        exit: 56,
        summary: "{address} selected the Entra sign-in, began it and stopped after {part_of} octets; the rest did not come within {limit}",
        cause: STALLED,
        remedy: CHECK_THE_PATH,
        ..CREDSSP
    },
    Rule {
        id: "rdsaad-broken",
        stage: Some(Stage::Rdsaad),
        matches: not_begun,
        exit: 56,
        summary: "{address} selected the Entra sign-in and did not begin it",
        cause: "the server speaks first, and its nonce did not come",
        remedy: "look at the target's Entra join and its event log",
        ..CREDSSP
    },
    Rule {
        id: "depth-not-offered",
        stage: None,
        matches: |f| {
            let behind = f.needs_credentials()
                || f.needs_encryption()
                || f.needs_license()
                || f.lacks_restricted_admin();
            f.fell_short_of().is_some() && !behind
        },
        outcome: VerdictOutcome::Inconclusive,
        exit: 54,
        rank: 10,
        summary: "{address} has no stage {until}: it selected {selected_protocol}",
        cause: "the security protocol that the server selected does not have the stage that was asked for; nothing failed",
        remedy: "leave out --until to go as deep as the server does{or_nla_ext}",
        client_connects: true,
        basis: Documented,
        ..CREDSSP
    },
    Rule {
        id: "depth-behind-logon",
        stage: None,
        matches: Evidence::needs_credentials,
        outcome: VerdictOutcome::Inconclusive,
        exit: 54,
        rank: 10,
        summary: "stage {until} of {address} lies behind a logon: it selected {selected_protocol}",
        cause: "the server goes on only with somebody who logs on, and this run has no credentials; nothing failed",
        remedy: "leave out --until to go as deep as the server lets a stranger; --security tls shows whether it takes one without \
                 Network Level Authentication",
        client_connects: true,
        basis: Documented,
        ..CREDSSP
    },
];
