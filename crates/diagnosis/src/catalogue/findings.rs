//! What is worth knowing without a failure. A finding never changes the exit code.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use rdp_probe_core::wire::gcc::EncryptionMethods;
use rdp_probe_core::wire::nego::Protocols;
use rdp_probe_core::{
    Answer, AttemptRecord, Evidence, MethodSummary, Nla, Observed, Offered, SecuritySummary, ServerKey, Stage,
    TlsFault,
};

use crate::rule::Basis::{Documented, Inferred, Reported};
use crate::rule::Likelihood::{Likely, Possible};
use crate::rule::{Candidate, Rule, RuleKind, Severity, VerdictOutcome};

const INFO: Rule = Rule {
    kind: RuleKind::Finding(Severity::Info),
    outcome: VerdictOutcome::Reachable,
    exit: 0,
    basis: Documented,
    ..Rule::BLANK
};

const WARNING: Rule = Rule { kind: RuleKind::Finding(Severity::Warning), rank: 40, ..INFO };

fn downgraded(evidence: &Evidence) -> bool {
    const TLS: [Protocols; 3] = [Protocols::SSL, Protocols::HYBRID, Protocols::HYBRID_EX];
    let offered = |attempt: &AttemptRecord| TLS.iter().any(|protocol| attempt.offer.contains(*protocol));
    evidence.is_without_tls() && evidence.path().iter().any(offered)
}

/// Nobody knows what else a server takes that took CredSSP on the only connection, as with most of many targets.
fn nla(evidence: &Evidence) -> Nla {
    const CREDSSP: [Protocols; 2] = [Protocols::HYBRID, Protocols::HYBRID_EX];
    let took = |answer| matches!(answer, Answer::Selected { protocol, .. } if CREDSSP.contains(&protocol));
    match evidence.attempts.as_slice() {
        [only] if took(only.answer()) => Nla::Unknown,
        _ => SecuritySummary::of(evidence).nla(),
    }
}

fn takes_standard_security(evidence: &Evidence) -> bool {
    let took = |attempt: &AttemptRecord| attempt.answer().is_standard();
    evidence.attempts.iter().any(took) && SecuritySummary::of(evidence).rdp == Offered::Offered
}

/// The address is this computer's own: the connection has the same one at both ends, or it is the usual loopback one.
fn this_computer(evidence: &Evidence) -> bool {
    const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];
    let loopback = evidence.facts().any(
        |fact| matches!(fact, Observed::AddressFailed { address, .. } if LOOPBACK.contains(&address.ip())),
    );
    evidence.plan.target.port == 3389 && (evidence.is_own_address() || (loopback && evidence.peer().is_none()))
}

/// Some address failed, and another did not.
fn address_failed(evidence: &Evidence) -> bool {
    let on_path = evidence.facts().any(|fact| matches!(fact, Observed::AddressFailed { .. }));
    let failed = |path: &[AttemptRecord]| path.last().is_some_and(|attempt| attempt.failure.is_some());
    (on_path && evidence.peer().is_some())
        || (evidence.paths().any(failed) && evidence.paths().any(|path| !failed(path)))
}

fn odd(evidence: &Evidence) -> bool {
    evidence.facts().any(|fact| matches!(fact, Observed::Oddity { .. }))
}

/// The server broke the enumeration off; when the run itself was over, that says nothing about the server.
fn enumeration_ended(evidence: &Evidence) -> bool {
    evidence.is_enumeration_over() && !evidence.is_over()
}

fn weak_encryption(evidence: &Evidence) -> bool {
    let methods = MethodSummary::of(evidence);
    let weak = [EncryptionMethods::BITS_40, EncryptionMethods::BITS_56];
    weak.iter().any(|method| methods.method(*method) == Offered::Offered)
}

/// Something came in the clear before TLS began. A disconnect there is the verdict's own: a moment later it is the answer to the
/// ClientHello, and which of the two it is says nothing of the server.
fn before_tls(evidence: &Evidence) -> bool {
    evidence.path().iter().any(|attempt| {
        let came = attempt.facts().any(|fact| matches!(fact, Observed::OctetsBeforeTls(_)));
        came && !attempt.tls_fault().is_some_and(TlsFault::is_disconnect)
    })
}

/// The server saw another request than was sent.
fn negotiation_altered(evidence: &Evidence) -> bool {
    evidence.path().last().is_some_and(|attempt| {
        attempt.facts().any(|fact| {
            matches!(fact, Observed::ServerCore { requested: Some(requested), .. } if *requested != attempt.offer)
        })
    })
}

/// It answers as if it had not been asked for a protocol. One that repeats the offer in its core data does know what that is ([MS-RDPBCGR]
/// 2.2.1.4.2): the request, or the answer, was changed on the way.
fn knows_no_negotiation(evidence: &Evidence) -> bool {
    let repeats = |fact: &Observed| matches!(fact, Observed::ServerCore { requested: Some(_), .. });
    evidence.answer() == Some(Answer::NoNegotiation)
        && !evidence.facts().any(repeats)
        && !evidence.is_of_rdp_10()
}

/// Long enough to be worth a word: a busy computer is late by less.
fn stood_still(evidence: &Evidence) -> bool {
    const NOTED: Duration = Duration::from_secs(1);
    evidence.facts().map(Observed::lost).fold(Duration::ZERO, Duration::saturating_add) >= NOTED
}

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "rdsh-licensing",
        stage: Some(Stage::Licensing),
        matches: Evidence::issues_licenses,
        summary: "the server is a Remote Desktop Session Host that issues licences; none was taken",
        cause: "it sent a Platform Challenge, which only a server with licensing does; whether its licence server has any left shows only when \
                one is taken",
        remedy: "nothing has to be done; with trouble over licences, look at the licence server and at the licensing mode of the target",
        ..INFO
    },
    Rule {
        id: "this-computer-stood-still",
        matches: stood_still,
        summary: "this computer stood still during the run",
        cause: "it was stopped, suspended, or had no time for this program; limits and times leave that out",
        remedy: "where times matter, probe again while it is awake and has less to do",
        ..WARNING
    },
    Rule {
        id: "downgraded-to-standard-security",
        stage: Some(Stage::ConnectionInitiation),
        matches: downgraded,
        summary: "the connection uses Standard RDP Security: the server did not take the TLS that was offered",
        cause: "the server's security layer is RDP, or it has no usable certificate{or_too_old}; the connection is \
                encrypted weakly or not at all, and the server does not prove who it is",
        remedy: "on the target, {set_tls}, and require Network Level Authentication where it has that{if xrdp:; on xrdp, check certificate and key_file, and that xrdp may read them}",
        ..WARNING
    },
    Rule {
        id: "nla-not-supported",
        stage: Some(Stage::ConnectionInitiation),
        matches: |f| nla(f) == Nla::NotSupported,
        summary: "the server does not support Network Level Authentication",
        cause: "it takes no CredSSP, so everybody who reaches the port reaches its logon screen",
        remedy: "{require_nla}",
        excludes: &["nla-not-required", "credssp-unpatched"],
        ..WARNING
    },
    Rule {
        id: "nla-not-required",
        stage: Some(Stage::ConnectionInitiation),
        matches: |f| nla(f) == Nla::Supported,
        summary: "Network Level Authentication is supported, but not required",
        cause: "the server also takes a protocol without CredSSP, so everybody who reaches the port reaches its logon screen",
        remedy: "on the target, require Network Level Authentication",
        ..WARNING
    },
    Rule {
        id: "standard-security-accepted",
        stage: Some(Stage::ConnectionInitiation),
        matches: |f| takes_standard_security(f) && !downgraded(f) && !knows_no_negotiation(f),
        summary: "the server also takes Standard RDP Security",
        cause: "a client that offers no TLS is let in with the old encryption, and a device in between can bring that about",
        remedy: "on the target, {set_tls}",
        excludes: &["downgraded-to-standard-security", "no-negotiation"],
        ..WARNING
    },
    Rule {
        id: "no-encryption",
        stage: Some(Stage::BasicSettingsExchange),
        matches: |f| MethodSummary::of(f).is_none(),
        summary: "Standard RDP Security goes without encryption here",
        cause: "the server's encryption level is none: everything that is typed and shown goes over the network in the clear",
        remedy: "on the target, {set_tls}, or set at the least the encryption level to high",
        excludes: &["weak-encryption"],
        ..WARNING
    },
    Rule {
        id: "weak-encryption",
        stage: Some(Stage::BasicSettingsExchange),
        matches: weak_encryption,
        summary: "the server takes encryption with 40 or 56 bits",
        cause: "Standard RDP Security with such keys can be read by anyone who listens, and 128 bits of RC4 are not much better",
        remedy: "on the target, {set_tls}, or set at the least the encryption level to high",
        ..WARNING
    },
    Rule {
        id: "server-key-small",
        stage: Some(Stage::BasicSettingsExchange),
        matches: |f| f.server_key_bits().is_some_and(|bits| bits < 1024),
        summary: "the server's key of Standard RDP Security has {server_key_bits} bits only",
        cause: "keys of this size can be broken, and with them every session that was recorded",
        remedy: "on the target, {set_tls}{if xrdp:; on xrdp, make the keys anew with xrdp-keygen}",
        ..WARNING
    },
    Rule {
        id: "server-key-unreadable",
        stage: Some(Stage::BasicSettingsExchange),
        matches: |f| matches!(f.server_key(), Some(ServerKey::Unreadable(_))),
        summary: "the server's certificate of Standard RDP Security cannot be read",
        cause: "a client cannot encrypt its random with it, and gives up after this stage",
        remedy: "on the target, have the key made anew, or {set_tls}{if xrdp:; on xrdp, make the keys anew with xrdp-keygen}",
        candidates: &[Candidate::pair(0x706, None, Possible, Reported)],
        ..WARNING
    },
    Rule {
        id: "octets-before-tls",
        stage: Some(Stage::Tls),
        matches: before_tls,
        summary: "{octets_before_tls} octets came in the clear behind the Connection Confirm, before TLS",
        cause: "nothing is due from a server there: what it says in the clear then is not protected, and somebody in between can \
                put it there. It was read as the beginning of the handshake, and never as if it had come inside TLS",
        remedy: "probe from the target's own network: if nothing comes there, a device in between adds it; else the server is at \
                 fault (the octets stand in the JSON report where the handshake failed over them)",
        ..WARNING
    },
    Rule {
        id: "negotiation-altered",
        stage: Some(Stage::BasicSettingsExchange),
        matches: negotiation_altered,
        summary: "the server saw another security offer ({requested_protocols}) than was sent ({offered})",
        cause: "the server repeats what it was asked for, and that is something else: a proxy or somebody in between changed the \
                request, or the server makes it up",
        remedy: "probe from the target's own network: if the offer arrives there as it was sent, a device in between changes it",
        ..WARNING
    },
    Rule {
        id: "address-failed",
        matches: address_failed,
        summary: "not every address works: {failed_addresses}",
        cause: "a client that takes one of these addresses first waits or fails there",
        remedy: "remove the address from DNS, or make it work; --all-addresses goes through each of them",
        ..WARNING
    },
    Rule {
        id: "addresses-left-out",
        matches: |f| f.address_count() > f.plan.most_addresses(),
        rank: 30,
        summary: "the name has {address_count} addresses, of which only the first {most_addresses} are tried",
        cause: "DNS may give any number of addresses, and a run has to end",
        remedy: "look at the name's records, which are more than a client goes through; --resolve HOST:PORT:ADDR probes the others",
        ..INFO
    },
    Rule {
        id: "gateway-not-needed",
        matches: |f| f.gateway_not_needed().is_some(),
        rank: 30,
        summary: "the target was reached directly, and the gateway {gateway} was not gone through",
        cause: "the gateway is for where no direct connection is made within 2 s, as clients have it that detect whether they need one",
        remedy: "nothing needs to be done; to test the gateway, go through it always (--gateway)",
        ..INFO
    },
    Rule {
        id: "direct-way-failed",
        matches: Evidence::gave_direct_up,
        rank: 30,
        summary: "no direct connection to the target was made, so the run went through the gateway {gateway}",
        cause: "the gateway is for where no direct connection is made within 2 s, as clients have it that detect whether they need one",
        remedy: "nothing needs to be done where the target is to be reached through the gateway only; how the direct way ended stands under \
                 `probes` in the JSON report",
        ..INFO
    },
    Rule {
        id: "fell-back",
        matches: |f| f.path().len() > 1,
        rank: 30,
        summary: "the server refused the first offer ({first_refusal}) and was asked again with {offered}",
        cause: "the server named what it accepts, as servers do that are set to one security protocol",
        remedy: "nothing needs to be done: clients do the same",
        ..INFO
    },
    Rule {
        id: "no-negotiation",
        stage: Some(Stage::ConnectionInitiation),
        matches: knows_no_negotiation,
        rank: 30,
        summary: "the server knows no security negotiation",
        cause: "it confirmed the connection without a negotiation block, as Windows 2000, XP and the first 2003 do",
        remedy: "replace or isolate the host: it knows Standard RDP Security only",
        excludes: &["negotiation-altered"],
        ..INFO
    },
    Rule {
        id: "nonstandard-confirm",
        stage: Some(Stage::ConnectionInitiation),
        matches: odd,
        rank: 30,
        summary: "the Connection Confirm is unusual: {oddities}",
        cause: "a field has a value that the specification does not have; the answer could be read all the same",
        remedy: "nothing needs to be done; it tells what kind of server this is",
        basis: Inferred,
        ..INFO
    },
    Rule {
        id: "answers-differ",
        matches: |f| !f.differences().is_empty(),
        summary: "the answers of {address} cannot all come from one server: {differences}",
        cause: "several servers stand behind one address, which are not set up alike or not all up; or something in between \
                answers for the server, as a device that inspects RDP or a honeypot does",
        remedy: "probe each of the servers by an address of its own; if there is one only, find out what stands between",
        ..WARNING
    },
    Rule {
        id: "routing-cookie-wanted",
        matches: Evidence::is_by_cookie,
        summary: "{address} answers only a request with a routing cookie, and hangs up on one without",
        cause: "a load balancer in front lets in only clients that send a cookie, as mstsc and FreeRDP do; this run went on with one",
        remedy: "nothing needs to be done for these clients; use --cookie with a name to take the same way at once",
        ..INFO
    },
    Rule {
        id: "second-look-explained-nothing",
        matches: |f| f.wordless().is_some() && f.looks().next().is_some() && f.explanation().is_none(),
        rank: 30,
        summary: "asked again in other ways, without an answer: {looks}",
        cause: "what would have named the port's protocol, a server that is not always there, a cookie or a header that is wanted, \
                was tried and did not explain the end",
        remedy: "look at the causes in their order; --no-second-look leaves this out",
        basis: Inferred,
        ..INFO
    },
    Rule {
        id: "enumeration-ended-early",
        matches: enumeration_ended,
        rank: 30,
        summary: "the enumeration was broken off after {connections} connections; what was not asked is unknown",
        cause: "one of the further connections was reset, not answered, or answered by something else: a limit of connections, or a device that counts them",
        remedy: "wait a minute before the next run, or use --no-enumerate",
        basis: Inferred,
        ..INFO
    },
    Rule {
        id: "target-is-this-computer",
        matches: this_computer,
        rank: 60,
        summary: "the target is this computer",
        cause: "a Windows client refuses to connect to the computer it runs on, whatever the server would answer",
        remedy: "run the client on another computer; for a tunnel, use another port or 127.0.0.2",
        candidates: &[Candidate::pair(0x708, Some(0), Likely, Reported)],
        client_decides: true,
        basis: Reported,
        ..INFO
    },
];
