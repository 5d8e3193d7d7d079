//! `gateway_auth`, and codes that are about who somebody is: the gateway does not take the logon, or could not be asked.
use rdp_probe_core::wire::Layer;
use rdp_probe_core::{
    AuthFault, AuthMethod, BindingSent, Close, Evidence, FailureKind, GatewayFault, Hop, Stage, TunnelEnd,
};

use super::codes::{Meaning, means};
use super::two_channels::{ended_on_in, in_kept_back, is_in};
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
    evidence
        .shown_gateway()
        .is_some_and(|gateway| gateway.method.is_some_and(|method| method != AuthMethod::Token))
}

/// A code that denies the logon.
fn denied(evidence: &Evidence) -> bool {
    means(evidence, Meaning::LogonDenied)
}

/// Whether a password was proven, and nobody had taken it.
fn is_proven(evidence: &Evidence) -> bool {
    has_shown_a_password(evidence) && !evidence.gateway_had_let_in()
}

/// Whether what went out of a logon is no more than anybody's first message.
fn is_begun(evidence: &Evidence) -> bool {
    !has_shown_a_password(evidence)
}

/// A logon that several connections would spoil, and somebody in front of the gateway who may have several.
fn may_be_spread(evidence: &Evidence) -> bool {
    let method = evidence.shown_gateway().and_then(|gateway| gateway.method);
    method.is_some_and(AuthMethod::is_exchange) && evidence.gateway_names_a_proxy()
}

/// A logon that is bound to a certificate by one of the digests that some servers cannot do.
fn is_bound_by_a_long_digest(evidence: &Evidence) -> bool {
    let bound = evidence.shown_gateway().and_then(|gateway| gateway.channel_binding) == Some(BindingSent::Sent);
    let long = |signature: &str| {
        ["sha384", "sha512"].iter().any(|digest| signature.to_ascii_lowercase().contains(digest))
    };
    bound
        && evidence
            .gateway_certificate()
            .is_some_and(|certificate| certificate.signature.as_deref().is_some_and(long))
}

fn is_at_the_logon(evidence: &Evidence) -> bool {
    evidence.failure().is_some_and(|failure| failure.stage == Stage::GatewayAuth)
}

/// A logon to the gateway that cannot be made here.
fn context_failed(evidence: &Evidence) -> bool {
    let of_gateway = evidence.failure().is_some_and(|failure| failure.stage.is_gateways());
    of_gateway
        && matches!(evidence.failure_kind(), Some(FailureKind::Auth(AuthFault::Local | AuthFault::Closed(_))))
}

fn is_fault(evidence: &Evidence, fault: &GatewayFault) -> bool {
    evidence.gateway_fault() == Some(fault)
}

/// What came cannot be read, whatever the carrier calls that: it was given up from here.
fn is_broken(evidence: &Evidence) -> bool {
    evidence.ended_after().is_some_and(|(how, _)| {
        matches!(
            how,
            Close::TlsBroken(_) | Close::Tunnel(TunnelEnd::Frame | TunnelEnd::Packet | TunnelEnd::Flood)
        )
    })
}

/// The connection of the logon ended.
fn is_ended(evidence: &Evidence) -> bool {
    closed(evidence) && !is_broken(evidence) && !ended_on_in(evidence)
}

fn unreadable(evidence: &Evidence) -> bool {
    let kind = evidence.failure_kind();
    let of_gateway = |layer| matches!(layer, Layer::Http | Layer::Tsgu);
    is_broken(evidence)
        || matches!(kind, Some(FailureKind::Malformed { error, .. }) if of_gateway(error.layer))
        || matches!(kind, Some(FailureKind::Gateway(GatewayFault::OtherPacket { .. })))
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
        cause: "the gateway wants a logon, and no credentials were given; it offers {gateway_schemes}",
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
        matches: |f| {
            ((refused(f, true) && !may_be_spread(f)) || (denied(f) && is_proven(f)))
                && !f.gateway_let_in_before()
        },
        summary: "the gateway {gateway} does not accept the credentials{gateway_account}",
        cause: "user or password are wrong, or the account is locked, disabled or expired: a gateway does not say which{gateway_doubt}",
        remedy: "check user, domain and password, and the account's state{gateway_domain}; this run tries them no more. Look for the logon on \
                 the gateway at this time{gateway_look}",
        event: Some("Security 4625, on the gateway"),
        candidates: DENIED,
        ..TOKEN
    },
    Rule {
        id: "gateway-logon-not-constant",
        matches: |f| (refused(f, true) || (denied(f) && is_proven(f))) && f.gateway_let_in_before(),
        summary: "the gateway {gateway} refuses the credentials{gateway_account}, and had let them in a moment ago in this run",
        cause: "several gateways stand behind the name and differ, a second factor or a limit of logons stops the second one, or a proxy has \
                spoilt it: the credentials are not wrong",
        remedy: "probe each gateway behind the name by its address (--resolve), and look for both logons on the gateway at this time; this run \
                 tries them no more",
        event: Some("Security 4625, on the gateway"),
        candidates: DENIED,
        basis: Inferred,
        ..TOKEN
    },
    Rule {
        id: "gateway-logon-spread",
        matches: |f| refused(f, true) && may_be_spread(f) && !f.gateway_let_in_before(),
        summary: "the gateway {gateway} refused the logon{gateway_account} by way of {http_server}, which may have spoilt it: the credentials \
                  may be right",
        cause: "what answers does not call itself a Windows gateway, and a logon by NTLM is one conversation on one connection{gateway_doubt}",
        remedy: "let the proxy keep a connection to the gateway for each of its clients' (most do so when they pass TCP on, or have a setting \
                 for NTLM), or test behind it. Where it does so already, check user, domain and password{gateway_domain}; this run tries them \
                 no more. Look for the logon on the gateway at this time{gateway_look}",
        event: Some("Security 4625, on the gateway"),
        candidates: DENIED,
        basis: Reported,
        ..LOGON
    },
    Rule {
        id: "gateway-logon-again",
        matches: |f| is_fault(f, &GatewayFault::ChallengedAgain),
        outcome: VerdictOutcome::Misconfigured,
        summary: "the gateway {gateway} answered the logon{gateway_account} with its question once more, as if no answer had come",
        cause: "whoever answered has not seen how the logon began: a proxy or a balancer passes it on by several connections, or to several \
                gateways. Whether the credentials are right is not known",
        remedy: "let what stands in front of the gateway keep each client's connection with one gateway; this run does not send the \
                 credentials again",
        candidates: &[Candidate::pair(0x300_0015, Some(0), Possible, Inferred)],
        basis: Inferred,
        ..LOGON
    },
    Rule {
        id: "gateway-logon-not-continued",
        matches: |f| {
            is_fault(f, &GatewayFault::NotChallenged) || (denied(f) && is_begun(f) && is_at_the_logon(f))
        },
        outcome: VerdictOutcome::Misconfigured,
        summary: "the gateway {gateway} offers a logon by {gateway_schemes}, and does not go on with it",
        cause: "no challenge came for it: a policy restricts NTLM there, something in front of the gateway takes the logon's headers away, or \
                the gateway knows the scheme by its name alone. On this connection no password was sent",
        remedy: "check the policies \"Network security: Restrict NTLM\" of the gateway and its domain, and let what stands in front pass \
                 Authorization and WWW-Authenticate on",
        basis: Inferred,
        ..LOGON
    },
    Rule {
        id: "gateway-negotiate-without-ntlm",
        matches: |f| is_fault(f, &GatewayFault::NoNtlm),
        outcome: VerdictOutcome::Inconclusive,
        summary: "the gateway {gateway} takes no NTLM inside Negotiate, and this version speaks nothing else there",
        cause: "it is set up for Kerberos alone, or a policy restricts NTLM. On this connection no password was sent",
        remedy: "test with a token, or from the target's own network; where NTLM is meant to work, check the policies \"Network security: \
                 Restrict NTLM\" of the gateway and its domain",
        basis: Inferred,
        ..LOGON
    },
    Rule {
        id: "gateway-challenge-not-kept",
        matches: |f| is_fault(f, &GatewayFault::NotPersistent),
        outcome: VerdictOutcome::Misconfigured,
        summary: "the gateway {gateway} ends the connection with its challenge: the logon cannot go on",
        cause: "a logon by NTLM is one conversation on one connection, and a proxy in front of the gateway does not keep connections. On this connection no \
                password was sent",
        remedy: "let the proxy keep connections on both of its sides (HTTP/1.1, keep-alive)",
        basis: Inferred,
        ..LOGON
    },
    Rule {
        id: "gateway-challenge-unreadable",
        matches: |f| {
            is_fault(f, &GatewayFault::ChallengeUnreadable)
                || (f.failure_kind() == Some(&FailureKind::Auth(AuthFault::Token)) && !is_in(f))
                || (unreadable(f) && is_begun(f) && is_at_the_logon(f))
        },
        stage: None,
        outcome: VerdictOutcome::Misconfigured,
        summary: "the challenge of the gateway {gateway} cannot be answered",
        cause: "it is not an NTLM CHALLENGE, was cut, or does not fit together: something on the way changes it, or the gateway has a defect. On this connection no \
                password was sent",
        remedy: "check what stands in front of the gateway; what it sent stands in the JSON report",
        basis: Inferred,
        ..LOGON
    },
    Rule {
        id: "gateway-context-failed",
        hop: Some(Hop::Client),
        stage: None,
        matches: context_failed,
        outcome: VerdictOutcome::Inconclusive,
        exit: 3,
        summary: "this computer could not make a logon{gateway_account}; nothing is known of how the gateway {gateway} would answer it",
        cause: "the library for NTLM failed here",
        remedy: "run it again; if it fails again, please report it",
        basis: Inferred,
        ..LOGON
    },
    Rule {
        id: "gateway-logon-denied",
        matches: |f| denied(f) && !is_proven(f) && !is_at_the_logon(f),
        summary: "the gateway {gateway} denies the logon in the tunnel ({gateway_code})",
        cause: "HTTP let the client pass, and the tunnel does not: the gateway takes a token for nobody's, lets in only who logs on inside of \
                the tunnel, or an extension of it, as one for a second factor, says no",
        remedy: "use user and password with this gateway (--gateway-auth sspi-ntlm for a logon inside of the tunnel), or a new token, and look \
                 at the gateway's log at this time",
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
        matches: |f| is_fault(f, &GatewayFault::NoScheme),
        outcome: VerdictOutcome::Inconclusive,
        summary: "the gateway {gateway} takes a logon by {gateway_schemes}, and this run speaks {gateway_spoken}",
        cause: "there is no scheme that both speak; on this connection no password was sent",
        remedy: "leave out --gateway-auth where it was given; otherwise test with a token, or from the target's own network",
        ..LOGON
    },
    Rule {
        id: "gateway-binding-defect",
        matches: |f| is_ended(f) && is_bound_by_a_long_digest(f),
        summary: "the gateway {gateway} ended the connection when it saw the credentials, and its certificate is signed by \
                  {gateway_signature}",
        cause: "gateways are known to end so without a word where the logon is bound to a certificate that is signed with SHA-384 or SHA-512: \
                a defect of the server's. The credentials may be right",
        remedy: "give the gateway a certificate that is signed with SHA-256. To find out, run it again with --no-channel-binding: that is one \
                 more logon",
        candidates: DENIED,
        basis: Reported,
        ..LOGON
    },
    Rule {
        id: "gateway-logon-cut-off",
        matches: |f| is_ended(f) && is_begun(f),
        outcome: VerdictOutcome::Misconfigured,
        summary: "the gateway {gateway} ended the connection at the first message of the logon, which does not hold a password",
        cause: "the gateway, or what stands in front of it, lets no logon by NTLM through, though it offers one",
        remedy: "look at the log of what stands in front of the gateway at this time, and let it pass a logon by NTLM on",
        basis: Inferred,
        ..LOGON
    },
    Rule {
        id: "gateway-logon-closed",
        matches: |f| is_ended(f) && !is_begun(f) && !is_bound_by_a_long_digest(f),
        summary: "the gateway {gateway} ended the connection when it saw the credentials, without an answer",
        cause: "the gateway, or what stands in front of it, drops a logon that it does not take; it says no more than that",
        remedy: "check user and password, and look at the gateway's log at this time; this run tries them no more",
        candidates: DENIED,
        basis: Reported,
        ..LOGON
    },
    Rule {
        id: "gateway-challenge-silent",
        matches: |f| silent(f) && is_begun(f) && !in_kept_back(f),
        outcome: VerdictOutcome::Inconclusive,
        summary: "the gateway {gateway} did not answer the first message of the logon within {limit}",
        cause: "it offers NTLM and does not go on with it: the gateway hangs, or what stands in front of it keeps the message or the answer. \
                On this connection no password was sent",
        remedy: "look at the gateway and at what stands in front of it at this time",
        basis: Inferred,
        ..LOGON
    },
    Rule {
        id: "gateway-logon-silent",
        matches: |f| silent(f) && !is_begun(f),
        outcome: VerdictOutcome::Inconclusive,
        summary: "the gateway {gateway} did not answer the logon within {limit}",
        cause: "who checks the password for it does not answer: a domain controller, a service for a second factor, a helper of its own",
        remedy: "if a second factor has to be approved, approve it; otherwise check what the gateway asks for logons",
        basis: Inferred,
        ..LOGON
    },
    Rule {
        id: "gateway-logon-unreadable",
        matches: |f| unreadable(f) && !is_begun(f),
        outcome: VerdictOutcome::Inconclusive,
        summary: "the answer of the gateway {gateway} to the logon cannot be read",
        cause: "what came is not an answer to a logon, or was cut: whether the credentials are right is not known",
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
