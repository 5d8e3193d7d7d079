//! `gateway_auth`, and codes that are about who somebody is: the gateway does not take the logon, or could not be asked.
use rdp_probe_core::wire::Layer;
use rdp_probe_core::{AuthMethod, Close, Evidence, FailureKind, GatewayFault, Hop, Stage};

use super::codes::{Meaning, means};
use crate::catalogue::ends::{closed, cut, silent, stalled};
use crate::rule::Basis::{Documented, Inferred, Reported};
use crate::rule::Likelihood::Possible;
use crate::rule::{Candidate, Rule, VerdictOutcome};

/// A status of 401, once the logon had gone out or not.
fn refused(evidence: &Evidence, after: bool) -> bool {
    matches!(
        evidence.gateway_fault(),
        Some(GatewayFault::Status { status: 401, after_logon }) if *after_logon == after
    )
}

/// Whether a password went out on this connection.
fn has_shown_a_password(evidence: &Evidence) -> bool {
    evidence.shown_gateway().is_some_and(|gateway| gateway.method == Some(AuthMethod::Basic))
}

/// TLS broke: it was given up from here.
fn is_broken(evidence: &Evidence) -> bool {
    evidence.ended_after().is_some_and(|(how, _)| matches!(how, Close::TlsBroken(_)))
}

fn unreadable(evidence: &Evidence) -> bool {
    let kind = evidence.failure_kind();
    is_broken(evidence)
        || matches!(kind, Some(FailureKind::Malformed { error, .. }) if error.layer == Layer::Http)
        || matches!(kind, Some(FailureKind::NotExpected { .. }))
        || cut(evidence)
        || stalled(evidence)
}

const LOGON: Rule = Rule {
    hop: Some(Hop::Gateway),
    stage: Some(Stage::GatewayAuth),
    outcome: VerdictOutcome::Refused,
    exit: 22,
    rank: 10,
    basis: Documented,
    ..Rule::BLANK
};

const TOKEN: Rule = Rule { stage: None, ..LOGON };
const UNTESTED: Rule = Rule { outcome: VerdictOutcome::Inconclusive, exit: 54, ..LOGON };

/// Three texts of a client that hardly differ.
const DENIED: &[Candidate] = &[
    Candidate::pair(0x300_0015, Some(0), Possible, Documented),
    Candidate::pair(0x300_0001, Some(0), Possible, Documented),
    Candidate::pair(0x300_001A, Some(0), Possible, Documented),
];

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "gateway-needs-credentials",
        matches: Evidence::gateway_needs_credentials,
        summary: "the gateway {gateway} works as far as can be tested without credentials: it asks who you are",
        cause: "a gateway lets nobody through without a logon, and none was given; it offers {gateway_schemes}",
        remedy: "give --gateway-user (the password is asked for), --gateway-token FILE, or --same-credentials; --gateway-only without them \
                 ends here and is well",
        ..UNTESTED
    },
    Rule {
        id: "gateway-account-stopped",
        matches: Evidence::gateway_account_is_stopped,
        summary: "the account for the gateway {gateway} was not accepted before in this run, and was not tried again",
        cause: "what was not accepted is tried once an account and run: more of them would lock the account",
        remedy: "check user and password, and run it again",
        ..UNTESTED
    },
    Rule {
        id: "gateway-logon-rejected",
        matches: |f| refused(f, true) || (means(f, Meaning::LogonDenied) && has_shown_a_password(f)),
        summary: "the gateway {gateway} does not accept the credentials{gateway_account}",
        cause: "user or password are wrong, or the account is locked, disabled or expired: a gateway does not say which. Where a proxy takes \
                TLS apart in front of it, a right password may be refused too",
        remedy: "check user, domain and password, and the account's state; this run tries them no more. Look for the logon on the gateway at \
                 this time",
        event: Some("Security 4625, on the gateway"),
        candidates: DENIED,
        ..TOKEN
    },
    Rule {
        id: "gateway-logon-denied",
        matches: |f| means(f, Meaning::LogonDenied) && !has_shown_a_password(f),
        summary: "the gateway {gateway} denies the logon ({gateway_code})",
        cause: "the gateway lets in who logs on inside of the tunnel, by NTLM, and this version does not; or it takes the token for nobody's",
        remedy: "use user and password with this gateway, or a new token, and look at the gateway's log at this time",
        candidates: DENIED,
        ..TOKEN
    },
    Rule {
        id: "gateway-takes-no-token",
        matches: |f| refused(f, false),
        outcome: VerdictOutcome::Misconfigured,
        summary: "the gateway {gateway} wants a logon, and no token: it offers {gateway_schemes}",
        cause: "a gateway takes tokens or passwords, as it is set up; this one asks for a logon before it would look at a token",
        remedy: "use user and password with this gateway, or the gateway that the token was made for",
        candidates: &[Candidate::pair(0x300_0037, Some(0), Possible, Inferred)],
        ..LOGON
    },
    Rule {
        id: "gateway-no-scheme",
        matches: |f| matches!(f.gateway_fault(), Some(GatewayFault::NoScheme)),
        outcome: VerdictOutcome::Inconclusive,
        summary: "the gateway {gateway} takes a logon by {gateway_schemes}, and this version speaks Basic only",
        cause: "Windows gateways take NTLM and Kerberos; the password was not sent",
        remedy: "test with a token or with the target's own network until a later version speaks {gateway_schemes}",
        ..LOGON
    },
    Rule {
        id: "gateway-logon-closed",
        matches: |f| closed(f) && !is_broken(f),
        summary: "the gateway {gateway} ended the connection when it saw the credentials, without an answer",
        cause: "the gateway, or what stands in front of it, drops a logon that it does not take; it says no more than that",
        remedy: "check user and password, and look at the gateway's log at this time; this run tries them no more",
        candidates: DENIED,
        basis: Reported,
        ..LOGON
    },
    Rule {
        id: "gateway-logon-silent",
        matches: silent,
        outcome: VerdictOutcome::Inconclusive,
        summary: "the gateway {gateway} did not answer the logon within {limit}",
        cause: "who checks the password for it does not answer: a domain controller, a service for a second factor, a helper of its own",
        remedy: "if a second factor has to be approved, approve it; otherwise check what the gateway asks for logons",
        basis: Inferred,
        ..LOGON
    },
    Rule {
        id: "gateway-logon-unreadable",
        matches: unreadable,
        outcome: VerdictOutcome::Inconclusive,
        summary: "the answer of the gateway {gateway} to the logon cannot be read",
        cause: "what answers inside TLS is no HTTP from here on, or its answer was cut: whether the credentials are right is not known",
        remedy: "check what stands in front of the gateway; this run does not send the credentials again",
        basis: Inferred,
        ..LOGON
    },
    Rule {
        id: "gateway-token-missing",
        matches: |f| means(f, Meaning::TokenMissing),
        summary: "the gateway {gateway} found no token where it looks for one ({gateway_code})",
        cause: "the gateway takes tokens only, and there was none, or an empty one",
        remedy: "give the token with --gateway-token FILE; it stands in the .rdp file of the portal as gatewayaccesstoken",
        candidates: &[Candidate::pair(0x300_0034, Some(0), Possible, Documented)],
        ..TOKEN
    },
    Rule {
        id: "gateway-token-rejected",
        matches: |f| means(f, Meaning::TokenRejected),
        summary: "the gateway {gateway} rejects the token ({gateway_code})",
        cause: "the token has expired (most live for minutes), was made by somebody else, or for another target or client",
        remedy: "download a new .rdp file from the portal, and use its token at once",
        candidates: &[Candidate::pair(0x300_0035, Some(0), Possible, Documented)],
        ..TOKEN
    },
    Rule {
        id: "gateway-other-method",
        matches: |f| means(f, Meaning::OtherMethod),
        outcome: VerdictOutcome::Misconfigured,
        summary: "the gateway {gateway} wants another way to prove who you are ({gateway_code})",
        cause: "it is set up for tokens and was shown a password, or the other way round",
        remedy: "give --gateway-token FILE where the gateway takes tokens, and --gateway-user where it takes passwords",
        candidates: &[Candidate::pair(0x300_0037, Some(0), Possible, Documented)],
        ..TOKEN
    },
];
