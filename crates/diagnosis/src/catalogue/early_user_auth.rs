//! Stage `early_user_auth`: the server knows the credentials, and was to say whether the user may connect.
use rdp_probe_core::wire::early_user_auth::EarlyUserAuthorizationResult;
use rdp_probe_core::{Evidence, FailureKind, Stage};

use super::ends::{closed, cut, silent, stalled};
use super::mcs::{CLOSED, DISCONNECTED, SILENT, broken, disconnected};
use crate::rule::Basis::{Documented, Inferred};
use crate::rule::Likelihood::Possible;
use crate::rule::{Candidate, Rule, VerdictOutcome};

const DENIED: FailureKind = FailureKind::NotAuthorized(EarlyUserAuthorizationResult::ACCESS_DENIED);

/// A result that is neither success nor a refusal.
fn unknown(evidence: &Evidence) -> bool {
    let kind = evidence.failure_kind();
    matches!(kind, Some(FailureKind::NotAuthorized(_))) && kind != Some(&DENIED)
}

fn refused(evidence: &Evidence) -> bool {
    matches!(evidence.failure_kind(), Some(FailureKind::CredsspError(_)))
}

const EARLY: Rule = Rule {
    stage: Some(Stage::EarlyUserAuth),
    outcome: VerdictOutcome::Refused,
    exit: 50,
    rank: 20,
    event: Some("Security log, event 4625"),
    basis: Inferred,
    ..Rule::BLANK
};

const LOOK: &str = "on the target, look at the Security and System logs at this time; --until credssp tests the credentials alone";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "early-no-remote-right",
        matches: |f| f.failure_kind() == Some(&DENIED),
        exit: 53,
        summary: "{address} knows the credentials of {account}, and does not let the user log on remotely",
        cause: "the account is not in the Remote Desktop Users group of the target, or a right denies it; a server that drains, or has no session \
                left for it, says it in other ways",
        remedy: "add the account to the Remote Desktop Users group of the target, and look for a deny right that covers it \
                 (SeDenyRemoteInteractiveLogonRight)",
        candidates: &[
            Candidate::pair(0x3, Some(9), Possible, Inferred),
            Candidate::pair(0x3, Some(0), Possible, Inferred),
        ],
        basis: Documented,
        ..EARLY
    },
    Rule {
        id: "early-result-unknown",
        matches: unknown,
        summary: "{address} knows the credentials of {account}, and answers whether the user may log on with {early_result}",
        cause: "the specification has two results, and this is neither: it may be an error of Windows in the server that decides it",
        remedy: LOOK,
        ..EARLY
    },
    Rule {
        id: "early-refused",
        matches: refused,
        summary: "{address} proved that it knows the credentials of {account}, and then refused what it was given ({credssp_status})",
        cause: "the logon with the password failed where the proof had passed: a policy for delegation, or a domain controller that fails",
        remedy: LOOK,
        ..EARLY
    },
    Rule {
        id: "early-closed",
        matches: |f| closed(f) || cut(f),
        summary: "{address} proved that it knows the credentials of {account}, and hung up in place of whether the user may log on ({close})",
        cause: "the server ended the connection without a reason: who decides it broke down, or something in between ended it",
        remedy: LOOK,
        candidates: CLOSED,
        ..EARLY
    },
    Rule {
        id: "early-disconnected",
        matches: disconnected,
        summary: "{address} proved that it knows the credentials of {account}, and then disconnected the client ({reason})",
        cause: "the server ended the connection without a reason, before it said whether the user may log on",
        remedy: LOOK,
        candidates: DISCONNECTED,
        ..EARLY
    },
    Rule {
        id: "early-silent",
        matches: |f| silent(f) || stalled(f),
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} proved that it knows the credentials of {account}, and did not say within {limit} whether the user may log on",
        cause: "the server asks somebody who does not answer: a domain controller, or a service that hangs",
        remedy: LOOK,
        candidates: SILENT,
        ..EARLY
    },
    Rule {
        id: "early-broken",
        matches: broken,
        outcome: VerdictOutcome::Misconfigured,
        summary: "{address} proved that it knows the credentials of {account}, and what it then sent is not the {awaiting} that was due",
        cause: "the server selected a protocol whose messages it does not send: a broken server, or a device in between that changes the stream",
        remedy: "find out what answers at {address}; what it sent stands in the JSON report. --security nla leaves that message out",
        basis: Documented,
        ..EARLY
    },
];
