//! Stage `connection_initiation`: the first request is not answered, or answered with a refusal.
use rdp_probe_core::wire::nego::{FailureCode, Protocols};
use rdp_probe_core::{Address, Close, Evidence, FailureKind, Look, Security, Stage};

use crate::codes::Family;
use crate::rule::Basis::{Documented, Inferred, Reported};
use crate::rule::Likelihood::Possible;
use crate::rule::{Candidate, Rule, VerdictOutcome};
use crate::waited::as_long_as_a_dial;
use rdp_probe_core::wire::Problem;

/// How the stream ended, and whether something of the answer had arrived.
fn closed(evidence: &Evidence) -> Option<(Close, bool)> {
    if let Some(FailureKind::Closed { how, partial }) = evidence.failure_kind() {
        Some((how.without_tunnel(), !partial.is_empty()))
    } else {
        None
    }
}

const fn broken(close: Close) -> bool {
    matches!(close, Close::Reset | Close::Broken { .. })
}

/// Neither TLS nor its end can be here; they count as a FIN would.
const fn ended(close: Close) -> bool {
    matches!(close, Close::Fin | Close::CloseNotify | Close::Alert(_))
}

fn fin(evidence: &Evidence) -> bool {
    closed(evidence).is_some_and(|(close, partial)| ended(close) && !partial)
}

fn reset(evidence: &Evidence) -> bool {
    closed(evidence).is_some_and(|(close, partial)| broken(close) && !partial)
}

fn silent(evidence: &Evidence) -> bool {
    matches!(closed(evidence), Some((Close::TimedOut { .. }, false)))
}

/// No octet of an answer came, however that ended.
fn wordless(evidence: &Evidence) -> bool {
    fin(evidence) || reset(evidence) || silent(evidence)
}

fn explained_by(evidence: &Evidence, look: Look) -> bool {
    evidence.explanation().is_some_and(|(by, attempt)| by == look && attempt.foreign().is_none())
}

/// The address is this computer's own, or one that containers have by default: what listens there passes connections on.
fn is_here(evidence: &Evidence) -> bool {
    evidence.is_own_address()
        || evidence.peer().is_some_and(|peer| match peer {
            Address::V4(v4) => {
                v4.ip().is_loopback() || matches!(v4.ip().octets(), [172, 17, ..] | [10, 88, ..])
            }
            Address::V6(v6) => v6.ip().is_loopback(),
        })
}

/// The refusal, and what had been offered when it came.
fn refusal(evidence: &Evidence) -> Option<(FailureCode, Protocols)> {
    let Some(FailureKind::NegotiationRefused(code)) = evidence.failure_kind() else { return None };
    Some((*code, evidence.path().last()?.offer))
}

fn refused_with(evidence: &Evidence, code: FailureCode) -> bool {
    refusal(evidence).is_some_and(|(refused, _)| refused == code)
}

/// The server demands what it was offered: codes 1, 2 and 5 name what it wants instead. Where it was asked again with just
/// that, any of them contradicts the first.
fn contradicts(evidence: &Evidence) -> bool {
    let again = evidence.path().len() > 1;
    refusal(evidence).is_some_and(|(code, offer)| match code {
        FailureCode::SSL_REQUIRED_BY_SERVER => again || offer.contains(Protocols::SSL),
        FailureCode::SSL_NOT_ALLOWED_BY_SERVER => again || offer.is_standard(),
        FailureCode::HYBRID_REQUIRED_BY_SERVER => again || offer.contains(Protocols::HYBRID),
        _ => false,
    })
}

/// A length that disagrees with what is there, against a value that cannot be.
fn malformed(evidence: &Evidence, lies: bool) -> bool {
    if let Some(FailureKind::Malformed { error, .. }) = evidence.failure_kind() {
        matches!(error.problem, Problem::Length(_)) == lies
    } else {
        false
    }
}

/// 100.64.0.0/10 (RFC 6598): what overlay networks and zero-trust agents give out for hosts behind them.
fn overlay_address(evidence: &Evidence) -> bool {
    evidence.peer().is_some_and(|peer| match peer {
        Address::V4(v4) => matches!(v4.ip().octets(), [100, 64..=127, ..]),
        Address::V6(_) => false,
    })
}

const INITIATION: Rule = Rule {
    stage: Some(Stage::ConnectionInitiation),
    outcome: VerdictOutcome::Refused,
    exit: 30,
    rank: 10,
    ..Rule::BLANK
};

const REFUSED: Rule = Rule { exit: 31, basis: Documented, ..INITIATION };

/// What is said where nothing better is known of an end without a word.
pub(super) const WORDLESS: &[&str] = &[
    "closed-after-request",
    "reset-after-request",
    "no-answer",
    "overlay-without-target",
    "forwarder-without-backend",
    "limit-or-ban",
    "proxy-protocol-on-one-side",
    "another-service-waits",
    "filtered-in-between",
];

/// By FIN or by RST: which of the two it is varies from one time to the next with the same peer.
const HUNG_UP: &str = "the listener hung up on the request without giving a reason: the Remote Desktop service is stopping, \
    restarting or broken, it takes none of the security protocols offered (some servers say so by hanging up), or what listens there \
    passes connections on and could not";
const TRY_AGAIN: &str = "try once more after a minute; then look at the Remote Desktop Services service and its log on the target, and \
    at what stands between";

/// A FIN: the code is documented, the extended half rests on one confirmed report.
const AFTER_FIN: &[Candidate] =
    &[Candidate::pair(0x904, Some(7), Possible, Reported), Candidate::pair(0x904, Some(0), Possible, Inferred)];
/// A reset reads like a closed socket to the client, or like a failed recv(); nothing found settles it.
const AFTER_RESET: &[Candidate] = &[
    Candidate::pair(0x904, Some(7), Possible, Inferred),
    Candidate::pair(0x904, Some(0), Possible, Inferred),
    Candidate::pair(0x404, Some(0), Possible, Inferred),
];
/// What either end leads to, where it does not matter which it was.
const AFTER_EITHER: &[Candidate] = &[
    Candidate::pair(0x904, Some(7), Possible, Reported).when(fin),
    Candidate::pair(0x904, Some(7), Possible, Inferred).when(reset),
    Candidate::pair(0x904, Some(0), Possible, Inferred),
    Candidate::pair(0x404, Some(0), Possible, Inferred).when(reset),
];
/// As after a FIN, where nobody has reported it of this cause.
const NOT_REPORTED: &[Candidate] =
    &[Candidate::pair(0x904, Some(7), Possible, Inferred), Candidate::pair(0x904, Some(0), Possible, Inferred)];
const AFTER_SILENCE: &[Candidate] =
    &[Candidate::pair(0x108, Some(0), Possible, Inferred), Candidate::pair(0x704, Some(0), Possible, Inferred)];
const CUT: &[Candidate] = &[Candidate::pair(0x904, None, Possible, Inferred)];

pub(super) const RULES: &[Rule] = &[
    // The port is open, and no RDP answer comes.
    Rule {
        id: "closed-after-request",
        matches: fin,
        summary: "{address} accepted the connection and closed it without an answer to the first RDP request",
        cause: HUNG_UP,
        remedy: TRY_AGAIN,
        candidates: AFTER_FIN,
        basis: Reported,
        ..INITIATION
    },
    Rule {
        id: "reset-after-request",
        matches: reset,
        summary: "{address} accepted the connection and reset it on the first RDP request",
        cause: HUNG_UP,
        remedy: TRY_AGAIN,
        candidates: AFTER_RESET,
        basis: Reported,
        ..INITIATION
    },
    Rule {
        id: "no-answer",
        matches: silent,
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} accepted the connection, but did not answer the first RDP request within {limit}",
        cause: "TCP is up and RDP is not: the Remote Desktop service hangs or is overloaded, or something in front of the host \
                accepts connections for it",
        remedy: "on the target, see whether the Remote Desktop Services service answers to being stopped and started; a local \
                 probe on the target tells a hung service from a device in front of it",
        candidates: AFTER_SILENCE,
        basis: Reported,
        ..INITIATION
    },
    Rule {
        id: "overlay-without-target",
        matches: |f| wordless(f) && overlay_address(f),
        rank: 20,
        summary: "the overlay network accepted the connection for {address}, and nothing answered behind it",
        cause: "the address is one that overlay networks and zero-trust agents give out (100.64.0.0/10): the agent on this \
                computer accepts connections at once, whether or not the host behind answers",
        remedy: "check in the agent that the target is online and that the access rule covers the port; probe from the other \
                 side of the overlay",
        basis: Inferred,
        ..INITIATION
    },
    Rule {
        id: "forwarder-without-backend",
        matches: wordless,
        rank: 30,
        first_when: |f| (fin(f) || reset(f)) && (is_here(f) || as_long_as_a_dial(f).is_some()),
        summary: "{address} accepted the connection and closed it without an answer, as a forwarder does whose other end is down",
        cause: "a port forward, load balancer, SSH tunnel or TCP proxy accepts connections while the host behind it is down or \
                refuses them{forwarder_evidence}",
        remedy: "if the address belongs to a forwarder or tunnel, check its other end; probe the host itself",
        candidates: AFTER_EITHER,
        basis: Reported,
        ..INITIATION
    },
    Rule {
        id: "limit-or-ban",
        matches: wordless,
        rank: 40,
        summary: "{address} may not let this client in at the moment",
        cause: "a brute-force blocker has banned this client's address, or a limit of connections is reached",
        remedy: "probe from another address: if that works, look for this client's address in the blocker's list; otherwise \
                 look at the number of sessions and connections on the target",
        basis: Reported,
        ..INITIATION
    },
    Rule {
        id: "proxy-protocol-on-one-side",
        matches: wordless,
        rank: 42,
        summary: "{address} may stand behind a proxy that tells of clients in a way the server does not read, or does not tell it",
        cause: "the PROXY protocol is switched on at one end only of the way from a load balancer to the server: one end waits for \
                a header that the other does not send, or gets one that it does not understand",
        remedy: "on the load balancer and on the server behind it, switch the PROXY protocol on at both or at neither",
        basis: Inferred,
        ..INITIATION
    },
    Rule {
        id: "another-service-waits",
        matches: silent,
        rank: 44,
        summary: "{address} may be another service, which waits to be spoken to in its own way",
        cause: "many services say nothing until a client says what they understand, and some ignore everything else",
        remedy: "find out what listens on the port; Remote Desktop listens on 3389 by default",
        basis: Inferred,
        ..INITIATION
    },
    Rule {
        id: "filtered-in-between",
        matches: wordless,
        rank: 60,
        summary: "a device between this computer and {address} may cut what looks like RDP",
        cause: "an intrusion prevention system or a filter by country or by content ends connections that carry RDP",
        remedy: "probe from the target's own network: if it works there, a device in between cuts the connection",
        basis: Inferred,
        ..INITIATION
    },
    // What a second look found out.
    Rule {
        id: "not-always-answered",
        matches: |f| wordless(f) && explained_by(f, Look::Again),
        outcome: VerdictOutcome::Unreachable,
        rank: 5,
        summary: "{address} ended a connection without an answer, and answered the same request the next time",
        cause: "the same request was answered once and not the other time: of several servers behind the address one is down, \
                or the server is just starting, overloaded, or at a limit of connections",
        remedy: "try again; if it comes and goes, look at each of the servers behind the address, and at the target's load",
        candidates: NOT_REPORTED,
        basis: Documented,
        supersedes: WORDLESS,
        ..INITIATION
    },
    Rule {
        id: "bare-request-only",
        matches: |f| wordless(f) && explained_by(f, Look::Bare),
        exit: 31,
        rank: 5,
        summary: "{address} answers a request without negotiation only, and hangs up on this run's ({offered})",
        cause: "the server takes none of the protocols offered, or does not know that they can be negotiated: it answered a \
                request that names none, which leads to Standard RDP Security",
        remedy: "on the target, set the security layer to Negotiate or TLS, or update the server; --security rdp shows more",
        basis: Inferred,
        supersedes: WORDLESS,
        ..INITIATION
    },
    Rule {
        id: "offer-not-taken",
        matches: |f| wordless(f) && explained_by(f, Look::FullOffer),
        exit: 31,
        rank: 5,
        summary: "{address} hangs up on the offer {offered}, and answers one of every protocol: {full_answer}",
        cause: "the server does not take what --security insists on, and says so by hanging up",
        remedy: "leave out --security, or use one that it takes",
        client_connects: true,
        basis: Documented,
        supersedes: WORDLESS,
        ..INITIATION
    },
    Rule {
        id: "proxy-protocol-wanted",
        matches: |f| wordless(f) && explained_by(f, Look::ProxyHeader),
        rank: 5,
        summary: "{address} answers only behind a header of the PROXY protocol",
        cause: "the server, or the proxy in front of it, wants to be told who the client is before anything else, as a load \
                balancer does that speaks the PROXY protocol; clients do not",
        remedy: "connect through the load balancer; or switch the PROXY protocol off on this listener",
        candidates: NOT_REPORTED,
        basis: Documented,
        supersedes: WORDLESS,
        ..INITIATION
    },
    Rule {
        id: "disconnected-in-place-of-confirm",
        matches: |f| matches!(f.failure_kind(), Some(FailureKind::Ultimatum(_))),
        summary: "{address} answered the first RDP request with a disconnect ({reason})",
        cause: "the server speaks RDP and refused the request with an MCS Disconnect Provider Ultimatum; xrdp does that for \
                protocols and flags that it does not know",
        remedy: "look at the server's log{if xrdp: (xrdp: /var/log/xrdp.log)}; with --security tls or rdp fewer protocols are asked for",
        basis: Reported,
        ..INITIATION
    },
    Rule {
        id: "x224-disconnect-request",
        matches: |f| matches!(f.failure_kind(), Some(FailureKind::DisconnectRequest { .. })),
        summary: "{address} answered with an X.224 Disconnect Request (reason {reason})",
        cause: "a gateway or appliance in front of the host refused the connection at the X.224 layer",
        remedy: "find out what answers at {address}, and look at its log",
        basis: Documented,
        ..INITIATION
    },
    Rule {
        id: "x224-error",
        matches: |f| matches!(f.failure_kind(), Some(FailureKind::TpduError { .. })),
        summary: "{address} answered with an X.224 Error (cause {reason})",
        cause: "the peer speaks X.224, but could not read the request: a gateway or appliance, or another service over TPKT",
        remedy: "find out what answers at {address}; try without --cookie, if one was given",
        basis: Documented,
        ..INITIATION
    },
    Rule {
        id: "unexpected-tpdu",
        matches: |f| matches!(f.failure_kind(), Some(FailureKind::OtherTpdu { .. })),
        outcome: VerdictOutcome::Misconfigured,
        summary: "{address} answered with a message that has no place here (X.224 code {code})",
        cause: "the peer speaks TPKT, but did not confirm the connection before it went on: it is not an RDP listener, or a broken \
                one",
        remedy: "find out what answers at {address}; the octets it sent stand in the JSON report",
        basis: Inferred,
        ..INITIATION
    },
    Rule {
        id: "confirm-cut",
        matches: |f| closed(f).is_some_and(|(close, partial)| (ended(close) || broken(close)) && partial),
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} began to answer and the stream ended after {partial_len} octets",
        cause: "the connection was closed in the middle of the Connection Confirm: a device in between cut it, or the server \
                broke down while it answered",
        remedy: "probe from the target's own network to see whether a device in between cuts the stream; look for a crash of \
                 the service on the target",
        candidates: CUT,
        basis: Inferred,
        ..INITIATION
    },
    Rule {
        id: "confirm-stalled",
        matches: |f| matches!(closed(f), Some((Close::TimedOut { .. }, true))),
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} began to answer and stopped after {partial_len} octets; the rest did not come within {limit}",
        cause: "the Connection Confirm came in part: packets are lost on the way, or the peer promises more octets than it sends",
        remedy: "check the path for packet loss; --stage-timeout connection_initiation=30s with \
                 --timeout 60s tells slow from dead",
        candidates: AFTER_SILENCE,
        basis: Inferred,
        ..INITIATION
    },
    Rule {
        id: "confirm-length-lies",
        matches: |f| malformed(f, true),
        outcome: VerdictOutcome::Misconfigured,
        summary: "the answer of {address} is broken: its length {field} disagrees with what it sent",
        cause: "the Connection Confirm contradicts itself, which no working RDP server does: a broken server, or a device that \
                changes the stream",
        remedy: "find out what answers at {address}; the octets it sent stand in the JSON report",
        basis: Documented,
        ..INITIATION
    },
    Rule {
        id: "confirm-malformed",
        matches: |f| malformed(f, false),
        outcome: VerdictOutcome::Misconfigured,
        summary: "the answer of {address} is broken: {field} cannot be read",
        cause: "the peer answered with a Connection Confirm that is not one by the specification: a broken server, or another \
                service over TPKT",
        remedy: "find out what answers at {address}; the octets it sent stand in the JSON report",
        basis: Documented,
        ..INITIATION
    },
    // The server answers, and refuses.
    Rule {
        id: "tls-required",
        matches: |f| refused_with(f, FailureCode::SSL_REQUIRED_BY_SERVER),
        summary: "{address} requires TLS or CredSSP; this run offered {offered}",
        cause: "the server's security layer is set to TLS (failure code 1, SSL_REQUIRED_BY_SERVER)",
        remedy: "leave out --security, or use --security tls. At the client: mstsc, Remmina and the macOS client offer TLS by themselves, FreeRDP too \
                 unless /sec:rdp is given",
        client_connects: true,
        meets: &[(Family::RdpNegFailure, 1)],
        ..REFUSED
    },
    Rule {
        id: "standard-security-only",
        matches: |f| refused_with(f, FailureCode::SSL_NOT_ALLOWED_BY_SERVER),
        summary: "{address} accepts Standard RDP Security only; this run offered {offered}",
        cause: "the server's security layer is set to RDP (failure code 2, SSL_NOT_ALLOWED_BY_SERVER)",
        remedy: "on the target, set the security layer to Negotiate or TLS; --security rdp shows what it takes now. At the client until then: \
                 {with_standard_security}",
        client_connects: true,
        meets: &[(Family::RdpNegFailure, 2)],
        ..REFUSED
    },
    Rule {
        id: "policy-without-certificate",
        matches: |f| f.failure_kind() == Some(&FailureKind::PolicyWithoutCertificate),
        exit: 41,
        summary: "{address} goes on without TLS only, and so without the certificate that --pin or --ca asks for",
        cause: "the server, or somebody in between, refused TLS, did not select it, or was not offered it: nothing tells who it \
                is, and the run does not go on",
        remedy: "on the target, set the security layer to Negotiate or TLS; if it is set so, find out what stands between; leave \
                 out --pin and --ca to see what it takes",
        ..REFUSED
    },
    Rule {
        id: "server-has-no-certificate",
        matches: |f| refused_with(f, FailureCode::SSL_CERT_NOT_ON_SERVER),
        outcome: VerdictOutcome::Misconfigured,
        summary: "{address} has no certificate that it can use for TLS",
        cause: "the server is set to TLS, but its certificate or the private key is missing or cannot be read (failure code 3, \
                SSL_CERT_NOT_ON_SERVER)",
        remedy: "on the target, check the certificate that is bound to the RDP listener, and that NETWORK SERVICE may read its \
                 private key{if xrdp:; on xrdp, check certificate and key_file, and that xrdp may read them}",
        event: Some("System log, source Schannel, event 36870: the private key cannot be used"),
        candidates: &[
            Candidate::pair(0x904, Some(7), Possible, Inferred),
            Candidate::pair(0x4, Some(0), Possible, Reported),
        ],
        meets: &[(Family::RdpNegFailure, 3)],
        ..REFUSED
    },
    Rule {
        id: "inconsistent-flags",
        matches: |f| refused_with(f, FailureCode::INCONSISTENT_FLAGS),
        summary: "{address} says that the offer {offered} does not fit the security already in effect",
        cause: "the server believes that the connection is already secured, as behind a connection broker or in Hyper-V's direct \
                approach (failure code 4, INCONSISTENT_FLAGS)",
        remedy: "find out whether {address} expects TLS before RDP; compare with the .rdp file of a client that connects",
        meets: &[(Family::RdpNegFailure, 4)],
        ..REFUSED
    },
    Rule {
        id: "nla-required",
        matches: |f| refused_with(f, FailureCode::HYBRID_REQUIRED_BY_SERVER),
        summary: "{address} requires Network Level Authentication; this run offered {offered}",
        cause: "the server accepts CredSSP only (failure code 5, HYBRID_REQUIRED_BY_SERVER)",
        remedy: "leave out --security, or use --security nla. At the client, Network Level Authentication has to be on: {with_nla}",
        candidates: &[Candidate::pair(0xB09, Some(0), Possible, Reported).when(without_credssp)],
        meets: &[(Family::RdpNegFailure, 5), (Family::FreerdpConnect, 0x2_001E)],
        ..REFUSED
    },
    Rule {
        id: "client-certificate-required",
        matches: |f| refused_with(f, FailureCode::SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER),
        summary: "{address} wants TLS with a client certificate",
        cause: "the server asks for certificate-based client authentication (failure code 6, \
                SSL_WITH_USER_AUTH_REQUIRED_BY_SERVER), which only very old servers are known to send",
        remedy: "find out what answers at {address}; no current Windows client offers this",
        meets: &[(Family::RdpNegFailure, 6)],
        ..REFUSED
    },
    Rule {
        id: "entra-sign-in-required",
        matches: |f| refused_with(f, FailureCode::ENTRA_AUTH_REQUIRED_BY_SERVER),
        exit: 56,
        summary: "{address} accepts an Entra sign-in only",
        cause: "the host is joined to Entra and takes RDS AAD only (failure code 7, ENTRA_AUTH_REQUIRED_BY_SERVER; not in the \
                published specification)",
        remedy: "connect with a client that signs in to Entra (in the .rdp file: enablerdsaadauth:i:1)",
        basis: Reported,
        meets: &[(Family::RdpNegFailure, 7)],
        ..REFUSED
    },
    Rule {
        id: "refused-with-unknown-code",
        matches: |f| matches!(refusal(f), Some((code, _)) if code.name().is_none()),
        summary: "{address} refused the offer {offered} with the unknown failure code {code}",
        cause: "the server gave a failure code that no published specification has",
        remedy: "report the code with the name and version of the server, so that it can be named here",
        ..REFUSED
    },
    Rule {
        id: "refusal-contradicts-offer",
        matches: contradicts,
        outcome: VerdictOutcome::Inconclusive,
        exit: 33,
        summary: "{address} refuses the offer {offered} (failure code {code}), and contradicts itself by that",
        cause: "the server demands what it was offered: its security settings contradict each other",
        remedy: "on the target, set the security layer and Network Level Authentication anew, and look at the server's log; \
                 --enumerate shows what it answers to each protocol",
        basis: Reported,
        supersedes: &["tls-required", "standard-security-only", "nla-required"],
        ..INITIATION
    },
    Rule {
        id: "asked-security-not-selected",
        matches: |f| matches!(f.failure_kind(), Some(FailureKind::OtherProtocol { .. })),
        summary: "{address} selected {selected}, and this run insists on {asked}",
        cause: "the server does not take the security protocol that --security asks for, but a weaker one that has to be \
                offered beside it",
        remedy: "on the target, require or allow Network Level Authentication; or leave out --security to see what works",
        ..REFUSED
    },
    Rule {
        id: "unrequested-protocol",
        matches: |f| matches!(f.failure_kind(), Some(FailureKind::UnrequestedProtocol { .. })),
        outcome: VerdictOutcome::Inconclusive,
        exit: 33,
        summary: "{address} selected {selected}, which was not offered ({offered})",
        cause: "the answer contradicts the request: a broken server, or a device that changes the stream",
        remedy: "probe from the target's own network: if the answer differs there, a device in between changes it",
        basis: Documented,
        ..INITIATION
    },
];

/// The plan is a client without CredSSP.
fn without_credssp(evidence: &Evidence) -> bool {
    matches!(evidence.plan.security, Security::Tls | Security::Rdp)
}
