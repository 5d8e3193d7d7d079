//! `resolve`, `tcp_connect` and `gateway_tls` for the gateway: it was not reached, or nobody vouches for it.
use rdp_probe_core::{
    Close, DialFault, DialFaultKind, Evidence, FailureKind, Hop, Spoken, Stage, TlsFault, TlsFaultKind, Trust,
};

use crate::rule::Basis::{Documented, Inferred};
use crate::rule::Likelihood::{Possible, Unlikely};
use crate::rule::{Candidate, Rule, VerdictOutcome};

/// Why there is no address, or no connection.
fn dial(evidence: &Evidence) -> Option<DialFaultKind> {
    if let FailureKind::Resolve(DialFault { kind, .. })
    | FailureKind::Connect { fault: DialFault { kind, .. }, .. } = evidence.failure_kind()?
    {
        Some(*kind)
    } else {
        None
    }
}

fn tls(evidence: &Evidence) -> Option<&TlsFault> {
    if let FailureKind::Tls(fault) = evidence.failure_kind()? { Some(fault) } else { None }
}

/// This build and the gateway have nothing in common: by what rustls said, or by what the scout read.
fn too_old(evidence: &Evidence) -> bool {
    let ours = |spoken| match spoken {
        Spoken::Here => false,
        Spoken::Ssl3
        | Spoken::NotOffered
        | Spoken::InsecureSuite
        | Spoken::OldVersion
        | Spoken::OldSuite
        | _ => true,
    };
    let scouted = || evidence.gateway_scouted().is_some_and(|scout| ours(scout.spoken()));
    tls(evidence).is_some_and(|fault| fault.kind == TlsFaultKind::Incompatible || scouted())
}

fn tls_is(evidence: &Evidence, judge: fn(TlsFaultKind) -> bool) -> bool {
    !too_old(evidence) && tls(evidence).is_some_and(|fault| judge(fault.kind))
}

const fn is_silent(kind: TlsFaultKind) -> bool {
    matches!(kind, TlsFaultKind::Closed(Close::TimedOut { .. }))
}

/// The certificate was refused, and what this computer thinks of its chain is one of these.
fn untrusted(evidence: &Evidence, is: fn(Option<Trust>) -> bool) -> bool {
    matches!(evidence.failure_kind(), Some(FailureKind::NotTrusted))
        && evidence.gateway_tls().is_some_and(|tls| is(tls.trust))
}

const REACH: Rule = Rule {
    hop: Some(Hop::Gateway),
    outcome: VerdictOutcome::Unreachable,
    exit: 20,
    rank: 10,
    candidates: &[Candidate::pair(0x300_000C, Some(0), Possible, Documented)],
    basis: Documented,
    ..Rule::BLANK
};

const RESOLVE: Rule = Rule { stage: Some(Stage::Resolve), ..REACH };
const CONNECT: Rule = Rule { stage: Some(Stage::TcpConnect), ..REACH };
const TLS: Rule = Rule { stage: Some(Stage::GatewayTls), candidates: &[], basis: Inferred, ..REACH };
const CERTIFICATE: Rule =
    Rule { stage: Some(Stage::GatewayTls), outcome: VerdictOutcome::Misconfigured, ..REACH };

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "gateway-name-not-found",
        matches: |f| dial(f) == Some(DialFaultKind::NotFound),
        summary: "the name of the gateway {gateway} does not exist, as seen from this computer",
        cause: "no name server that this computer asks knows the gateway's name: it is mistyped, or known only inside or only \
                outside of the network",
        remedy: "check the name in the client's settings, and ask for it with nslookup from where the client is; \
                 --resolve HOST:PORT:ADDR goes around the name servers",
        ..RESOLVE
    },
    Rule {
        id: "gateway-resolver-failed",
        matches: |f| {
            !matches!(dial(f), Some(DialFaultKind::NotFound | DialFaultKind::LocalResources))
                && matches!(f.failure_kind(), Some(FailureKind::Resolve(_)))
        },
        summary: "the name servers gave no answer for the gateway {gateway}",
        cause: "the name servers of this computer failed, or did not answer in time, so that nothing is known about the gateway",
        remedy: "check the DNS servers and the VPN of this computer; --resolve HOST:PORT:ADDR goes around them",
        ..RESOLVE
    },
    Rule {
        id: "gateway-no-address-of-family",
        matches: |f| matches!(f.failure_kind(), Some(FailureKind::NoAddressOfFamily)),
        summary: "the gateway {gateway} has no {family} address",
        cause: "its name has addresses, but this run was told to take {family} only",
        remedy: "leave out -4 or -6, or add the missing record",
        candidates: &[],
        ..RESOLVE
    },
    Rule {
        id: "gateway-refused",
        matches: |f| matches!(dial(f), Some(DialFaultKind::Refused | DialFaultKind::Reset)),
        outcome: VerdictOutcome::Refused,
        summary: "nothing listens for the gateway {gateway}: the connection was refused",
        cause: "the web server of the gateway is stopped, it listens on another port, or a firewall answers for it",
        remedy: "on the gateway, check that the Remote Desktop Gateway service and the port of its binding are up (443 unless it was \
                 changed); then the firewall in front of it",
        ..CONNECT
    },
    Rule {
        id: "gateway-timed-out",
        matches: |f| matches!(dial(f), Some(DialFaultKind::TimedOut { .. })),
        summary: "the gateway {gateway} did not answer within {limit}",
        cause: "the connection request was dropped on the way, or the gateway is off; from here these look the same",
        remedy: "check that the gateway is on, and that the firewalls in between let its port through; from inside of the network \
                 another name or address may be the right one",
        ..CONNECT
    },
    Rule {
        id: "gateway-unreachable",
        matches: |f| dial(f) == Some(DialFaultKind::HostUnreachable),
        summary: "the gateway {gateway} cannot be reached: the network said so",
        cause: "a router or firewall answered that it cannot be reached, or no host has that address",
        remedy: "check that the gateway is on, that its address is the right one, and the routes and firewalls in between",
        ..CONNECT
    },
    Rule {
        id: "gateway-connect-failed",
        matches: |f| {
            matches!(
                dial(f),
                Some(DialFaultKind::Other | DialFaultKind::NotFound | DialFaultKind::ResolverFailed)
            )
        },
        summary: "the connection to the gateway {gateway} failed with the operating system's error {os}",
        cause: "the operating system gave an error that stands for none of the usual causes",
        remedy: "look the number up in the operating system's documentation",
        ..CONNECT
    },
    Rule {
        id: "gateway-not-tls",
        matches: |f| tls_is(f, |kind| kind == TlsFaultKind::NotTls),
        outcome: VerdictOutcome::Misconfigured,
        summary: "the gateway {gateway} does not speak TLS on this port",
        cause: "another service answers there, or the port is the one of plain HTTP",
        remedy: "check the gateway's port: 443 unless it was changed",
        ..TLS
    },
    Rule {
        id: "gateway-tls-too-old",
        matches: too_old,
        outcome: VerdictOutcome::Inconclusive,
        summary: "this build and the gateway {gateway} have no version or cipher of TLS in common",
        cause: "the gateway takes only versions or ciphers of TLS that this build does not speak; a Windows client may well speak them",
        remedy: "on the gateway, switch on TLS 1.2 with ECDHE ciphers, or TLS 1.3; until then this program cannot test it",
        basis: Documented,
        ..TLS
    },
    Rule {
        id: "gateway-tls-timed-out",
        matches: |f| tls_is(f, is_silent),
        summary: "the gateway {gateway} took the connection and did not answer in TLS within {limit}",
        cause: "the web server of the gateway hangs, or a device in between drops what is larger than the first packets",
        remedy: "on the gateway, look at the load and the log of its web server; with a VPN in between try a smaller MTU",
        ..TLS
    },
    Rule {
        id: "gateway-tls-failed",
        matches: |f| tls_is(f, |kind| !is_silent(kind) && kind != TlsFaultKind::NotTls),
        outcome: VerdictOutcome::Refused,
        summary: "TLS with the gateway {gateway} failed",
        cause: "the gateway, or a device that looks into TLS on the way, ended the handshake: a binding without a certificate, a name \
                that is not bound, or a demand for a client's certificate",
        remedy: "on the gateway, check the certificate of its binding and, with several names at one address, that this one is bound; \
                 look for Schannel events of this time",
        event: Some("System, source Schannel"),
        candidates: &[
            Candidate::pair(0x300_000C, Some(0), Possible, Inferred),
            Candidate::pair(0x300_0003, Some(0), Unlikely, Inferred),
        ],
        ..TLS
    },
    Rule {
        id: "gateway-certificate-untrusted",
        matches: |f| untrusted(f, |trust| matches!(trust, None | Some(Trust::UnknownIssuer))),
        rank: 5,
        summary: "the certificate of the gateway {gateway} is not trusted on this computer",
        cause: "the certificate signed itself, or its authority is not among the roots of this computer, or the chain is not sent whole; a \
                Windows client refuses such a gateway too, and asks nobody",
        remedy: "bind a certificate of an authority that the clients trust, with its whole chain. If you know that this is the gateway's: \
                 --gateway-ca FILE with the authority's certificate, or --gateway-pin {gateway_sha256}",
        candidates: &[
            Candidate::pair(0x300_0005, Some(0), Possible, Documented),
            Candidate::pair(0x300_0003, Some(0), Possible, Documented),
        ],
        ..CERTIFICATE
    },
    Rule {
        id: "gateway-certificate-refused",
        matches: |f| untrusted(f, |trust| matches!(trust, Some(Trust::Refused | Trust::Trusted))),
        rank: 5,
        summary: "the certificate of the gateway {gateway} is not one for a server, or its chain is broken",
        cause: "it is meant for another use, or a certificate between it and its root may not vouch for it; a Windows client refuses such a \
                gateway too, and asks nobody",
        remedy: "bind a certificate for server authentication, with its whole chain. To go on nevertheless: --gateway-pin {gateway_sha256}",
        candidates: &[Candidate::pair(0x300_0003, Some(0), Possible, Documented)],
        ..CERTIFICATE
    },
    Rule {
        id: "gateway-certificate-expired",
        matches: |f| untrusted(f, |trust| trust == Some(Trust::Expired)),
        rank: 6,
        summary: "the certificate of the gateway {gateway} is not valid today: it is from {gateway_not_before} to {gateway_not_after}",
        cause: "it has expired, or is not valid yet, by this computer's clock; a Windows client refuses such a gateway, and does not ask the user",
        remedy: "renew the certificate and bind it to the gateway; check this computer's clock. To go on nevertheless: --gateway-pin \
                 {gateway_sha256}",
        candidates: &[
            Candidate::pair(0x300_0007, Some(0), Possible, Documented),
            Candidate::pair(0x300_0003, Some(0), Possible, Documented),
        ],
        ..CERTIFICATE
    },
    Rule {
        id: "gateway-certificate-name-mismatch",
        matches: |f| untrusted(f, |trust| matches!(trust, Some(Trust::OtherName | Trust::NoName))),
        rank: 7,
        summary: "the certificate of the gateway is for {gateway_names}, not for {gateway_host}",
        cause: "the certificate does not have the name that was given; a Windows client refuses such a gateway, and does not ask the user",
        remedy: "give the client a name that the certificate has, or bind a certificate that has this one. To go on nevertheless: \
                 --gateway-pin {gateway_sha256}",
        candidates: &[
            Candidate::pair(0x300_0006, Some(0), Possible, Documented),
            Candidate::pair(0x300_0003, Some(0), Possible, Documented),
        ],
        ..CERTIFICATE
    },
    Rule {
        id: "gateway-certificate-not-pinned",
        matches: |f| matches!(f.failure_kind(), Some(FailureKind::NotPinned)),
        summary: "the certificate of the gateway {gateway} is not one of those that --gateway-pin names",
        cause: "the gateway has a new certificate, another gateway answers, or somebody looks into TLS on the way",
        remedy: "compare with the certificate on the gateway itself. If this is the new one: --gateway-pin {gateway_sha256}",
        candidates: &[],
        ..CERTIFICATE
    },
    Rule {
        id: "gateway-key-not-proven",
        matches: |f| matches!(f.failure_kind(), Some(FailureKind::KeyNotProven { .. })),
        summary: "the gateway {gateway} did not prove that the certificate it shows is its own",
        cause: "the signature of the handshake is wrong, or made with a key that this build cannot check: anybody may show a certificate",
        remedy: "bind a certificate with an RSA key from 2048 bits on, or one on the curve P-256 or P-384",
        candidates: &[],
        ..CERTIFICATE
    },
];
