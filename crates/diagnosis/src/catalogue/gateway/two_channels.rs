//! Two channels of HTTP, where there is no WebSocket: OUT is open, or its answer is kept back, and IN does not come about, or ends.
use rdp_probe_core::wire::http::Status;
use rdp_probe_core::{
    Awaited, Close, DialFault, DialFaultKind, Evidence, FailureKind, GatewayFault, Hop, Stage, TlsFault,
    TlsFaultKind, TunnelEnd,
};

use crate::catalogue::ends::silent;
use crate::rule::Basis::{Documented, Inferred, Reported};
use crate::rule::Likelihood::{Possible, Unlikely};
use crate::rule::{Candidate, Rule, VerdictOutcome};

/// Whether it failed at the IN channel's own connection, or its requests.
pub(super) fn is_in(evidence: &Evidence) -> bool {
    evidence.failure().is_some_and(|failure| failure.stage == Stage::GatewayHttp)
        && evidence.gateway_opened_out()
}

/// Whether it failed so.
fn is_in_by(evidence: &Evidence, is: fn(&FailureKind) -> bool) -> bool {
    is_in(evidence) && evidence.failure_kind().is_some_and(is)
}

/// The connection of IN was not made.
const fn is_not_made(kind: &FailureKind) -> bool {
    matches!(kind, FailureKind::Connect { .. } | FailureKind::Tls(_))
}

/// This computer could not make it.
const fn is_not_made_here(kind: &FailureKind) -> bool {
    const HERE: TlsFaultKind = TlsFaultKind::Local;
    matches!(
        kind,
        FailureKind::Connect {
            fault: DialFault {
                kind: DialFaultKind::LocalResources
                    | DialFaultKind::NotPermitted
                    | DialFaultKind::NetworkUnreachable,
                ..
            },
            ..
        } | FailureKind::Tls(TlsFault { kind: HERE, .. })
    )
}

/// It is with somebody whom nobody vouches for.
const fn is_somebody_elses(kind: &FailureKind) -> bool {
    matches!(kind, FailureKind::NotTrusted | FailureKind::NotPinned | FailureKind::KeyNotProven { .. })
}

/// What came of IN's requests is no answer of HTTP.
const fn is_no_answer(kind: &FailureKind) -> bool {
    matches!(kind, FailureKind::Closed { .. } | FailureKind::Malformed { .. } | FailureKind::NotExpected { .. })
}

/// How IN was refused.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Refusal {
    /// The peer opened it, and ends the connection.
    NotKept,
    /// The peer went on with the logon, and not to its end.
    Logon,
    /// By its status.
    Status,
}

fn refusal(evidence: &Evidence) -> Option<Refusal> {
    let GatewayFault::InRefused { status, fault } = evidence.gateway_fault()? else { return None };
    Some(match fault.as_deref() {
        Some(GatewayFault::NotPersistent) if Status(*status) == Status::OK => Refusal::NotKept,
        Some(
            GatewayFault::NotPersistent
            | GatewayFault::NotChallenged
            | GatewayFault::NoNtlm
            | GatewayFault::ChallengeUnreadable
            | GatewayFault::ChallengedAgain,
        ) => Refusal::Logon,
        Some(_) | None => Refusal::Status,
    })
}

fn is_refused(evidence: &Evidence, how: Refusal) -> bool {
    refusal(evidence) == Some(how)
}

/// IN wants a logon, and OUT wanted none.
fn wants_a_logon(evidence: &Evidence) -> bool {
    matches!(evidence.gateway_fault(), Some(GatewayFault::InRefused { status: 401, .. }))
        && !evidence.gateway_had_let_in()
}

/// IN ended while its body went on: that has rows of its own.
pub(super) fn ended_on_in(evidence: &Evidence) -> bool {
    let how = evidence.failure_kind().and_then(FailureKind::close);
    matches!(how, Some(Close::Tunnel(TunnelEnd::Answer(_) | TunnelEnd::In)))
}

/// It did so before the channel to the target was open, or after it.
fn in_ended(evidence: &Evidence, is_open: bool) -> bool {
    ended_on_in(evidence) && evidence.is_through_gateway() == is_open
}

/// Both are open, and the first packet is not answered.
pub(super) fn in_kept_back(evidence: &Evidence) -> bool {
    let awaits = evidence.failure().is_some_and(|failure| failure.awaiting == Awaited::HandshakeResponse);
    awaits && silent(evidence) && evidence.gateway_opened_out()
}

/// The proof is out, and whoever stands in front of the gateway says nothing in HTTP.
fn out_kept_back(evidence: &Evidence) -> bool {
    let awaits = evidence.failure().is_some_and(|failure| failure.awaiting == Awaited::HttpAnswer);
    let shown = evidence.shown_gateway().is_some_and(|gateway| gateway.method.is_some());
    awaits && shown && silent(evidence) && evidence.gateway_names_a_proxy()
}

/// The handshake of the tunnel may be a part of the logon.
fn exit_of_stage(evidence: &Evidence) -> u8 {
    let at_logon = evidence.failure().is_some_and(|failure| failure.stage == Stage::GatewayAuth);
    if at_logon { 22 } else { 21 }
}

const CHANNELS: Rule = Rule {
    hop: Some(Hop::Gateway),
    outcome: VerdictOutcome::Misconfigured,
    exit: 21,
    rank: 5,
    candidates: &[
        Candidate::pair(0x300_000D, Some(0), Possible, Inferred),
        Candidate::pair(0x300_000C, Some(0), Unlikely, Inferred),
    ],
    basis: Inferred,
    ..Rule::BLANK
};

/// What IN does not come to.
const IN: Rule = Rule { stage: Some(Stage::GatewayHttp), ..CHANNELS };

const KEPT_BACK: Rule = Rule {
    stage: Some(Stage::GatewayTunnel),
    matches: in_kept_back,
    outcome: VerdictOutcome::Inconclusive,
    summary: "both HTTP channels of the gateway {gateway} are open, and it did not answer the first packet within {limit}: the packet may \
              not have reached it",
    cause: "something in front of the gateway keeps back the body of the IN channel: it collects a request before it passes it on, and this \
            one does not end",
    remedy: "switch off the buffering of requests for /remoteDesktopGateway/ in what stands in front of the gateway (nginx: \
             proxy_request_buffering off, with proxy_http_version 1.1), or let it pass WebSockets on",
    basis: Reported,
    ..CHANNELS
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "gateway-in-refused",
        matches: |f| is_refused(f, Refusal::Status) && !wants_a_logon(f) && !f.gateway_of_in_is_another(),
        summary: "the gateway {gateway} opened its OUT channel, and refuses the IN channel beside it ({http_status})",
        cause: "both channels have to reach the same gateway: a balancer in front may send the second connection to another one, which knows \
                nothing of the first; or something in front takes RDG_OUT_DATA and not RDG_IN_DATA. The OUT channel was opened to the same \
                client: who it is is not what is refused",
        remedy: "let the balancer keep each client with one gateway (by its address), and let both methods through to /remoteDesktopGateway/; \
                 letting WebSockets pass makes the second channel needless",
        event: Some("TerminalServices-Gateway/Operational 210"),
        basis: Documented,
        ..IN
    },
    Rule {
        id: "gateway-in-at-another",
        matches: |f| is_refused(f, Refusal::Status) && !wants_a_logon(f) && f.gateway_of_in_is_another(),
        summary: "the gateway {gateway} opened its OUT channel, and another one behind the same address refuses the IN channel ({http_status})",
        cause: "the second connection came to another gateway, which knows nothing of the first channel: it has the certificate \
                {second_sha256}, and the first one {gateway_sha256}. The OUT channel was opened to the same client: who it is is not what is \
                refused",
        remedy: "let the balancer keep each client with one gateway (by its address); letting WebSockets pass makes the second channel needless",
        event: Some("TerminalServices-Gateway/Operational 210"),
        basis: Documented,
        ..IN
    },
    Rule {
        id: "gateway-in-not-kept",
        matches: |f| is_refused(f, Refusal::NotKept),
        summary: "the gateway {gateway} opened its OUT channel, and answers the request for the IN channel with {http_status} and word that it \
                  ends that connection",
        cause: "the IN channel lies in one more request on that connection: something in front of the gateway ends a connection with each \
                answer",
        remedy: "let what stands in front of the gateway keep connections on both of its sides (HTTP/1.1, keep-alive), or let WebSockets pass",
        ..IN
    },
    Rule {
        id: "gateway-in-wants-logon",
        matches: wants_a_logon,
        summary: "the gateway {gateway} opened its OUT channel without a logon, and asks for one on the IN channel ({http_status})",
        cause: "some gateways that take tokens let no client in by two HTTP channels, whatever is shown in the tunnel; or several gateways behind \
                one name are set up differently",
        remedy: "let WebSockets pass on the way to this gateway (the headers Upgrade and Connection), and leave out --gateway-transport http",
        ..IN
    },
    Rule {
        id: "gateway-in-logon-broken",
        matches: |f| is_refused(f, Refusal::Logon),
        summary: "the gateway {gateway} took the logon for its OUT channel, and did not come to its end with the one for the IN channel \
                  ({http_status})",
        cause: "what stands in front of the gateway passes the second connection's messages on by several connections, ends it too early or \
                changes what is said; or several gateways behind one name differ. The credentials were right a moment before",
        remedy: "let what stands in front keep each client's connections with one gateway, or let WebSockets pass, which need one connection \
                 only; this run does not send the credentials again",
        ..IN
    },
    Rule {
        id: "gateway-in-other-certificate",
        matches: |f| is_in_by(f, is_somebody_elses),
        summary: "the second connection to the gateway {gateway}, for its IN channel, is with another certificate than the first, for which \
                  nobody vouches",
        cause: "several gateways behind one address have different certificates, or something takes some connections apart. Nothing was sent \
                there. The first one showed {gateway_sha256}, this one {second_sha256}",
        remedy: "check whose certificate that is; where it is the gateway's, bind the same one to each, or pin it, too (--gateway-pin \
                 {second_sha256})",
        candidates: &[],
        ..IN
    },
    Rule {
        id: "gateway-in-not-made",
        matches: |f| is_in_by(f, is_not_made),
        outcome: VerdictOutcome::Unreachable,
        summary: "the gateway {gateway} opened its OUT channel, and the second connection, for the IN channel, did not come about as the first \
                  one had: {second_fault}",
        cause: "without a WebSocket a gateway needs two connections for a client: something in front allows one, or several gateways stand \
                behind the address, and one of them does not work",
        remedy: "allow more than one connection for a client, and probe each gateway behind the address by itself",
        ..IN
    },
    Rule {
        id: "gateway-in-failed-here",
        hop: Some(Hop::Client),
        matches: |f| is_in_by(f, is_not_made_here),
        outcome: VerdictOutcome::Inconclusive,
        exit: 3,
        rank: 0,
        summary: "this computer could not make the second connection to the gateway {gateway}, for its IN channel: {second_fault}",
        cause: "the limit of open files, of ports or of memory is reached here, its network went down, or it does not let the connection out",
        remedy: "probe fewer targets at a time, raise the limit of open files, and check this computer's network and its local firewall",
        candidates: &[],
        ..IN
    },
    Rule {
        id: "gateway-in-unanswered",
        matches: |f| is_in_by(f, is_no_answer),
        outcome: VerdictOutcome::Inconclusive,
        summary: "the gateway {gateway} opened its OUT channel, and gave the request for the IN channel no answer that can be read",
        cause: "something in front of the gateway takes RDG_OUT_DATA, and keeps RDG_IN_DATA back or ends it; several gateways stand behind the \
                address, and one of them hangs; or who checks the logon for the gateway, or approves it, does so for each channel and did not \
                answer the second time",
        remedy: "let both methods through to /remoteDesktopGateway/, approve a second factor for each channel where there is one, and look at \
                 the log of the gateway and of what stands in front at this time, with the correlation id {correlation_id}",
        ..IN
    },
    Rule {
        id: "gateway-in-ended",
        matches: |f| in_ended(f, false),
        exit_of: Some(exit_of_stage),
        summary: "the gateway {gateway} ended the IN channel {in_end}, in stage {stage}",
        cause: "the body of that request goes on for as long as the tunnel does: something in front of the gateway takes no such body, or only \
                one of a certain size or time; or it passes the requests of one connection on by several, so that this one comes from \
                nobody who has logged on",
        remedy: "let what stands in front of the gateway pass RDG_IN_DATA on as it comes, by one connection for each of its clients', without a \
                 limit of size and time; letting WebSockets pass makes it needless",
        ..CHANNELS
    },
    Rule { id: "gateway-in-kept-back", ..KEPT_BACK },
    // The same where the handshake is a part of the logon, which nobody wants to go beyond.
    Rule { id: "gateway-in-kept-back-at-logon", stage: Some(Stage::GatewayAuth), exit: 22, ..KEPT_BACK },
    Rule {
        id: "gateway-out-kept-back",
        stage: Some(Stage::GatewayAuth),
        matches: out_kept_back,
        outcome: VerdictOutcome::Inconclusive,
        exit: 22,
        candidates: &[],
        summary: "the answer of the gateway {gateway} to the logon did not come within {limit}, by way of {http_server}: that may keep it back",
        cause: "without a WebSocket the answer to an accepted logon is one that does not end, and a proxy that collects an answer before it \
                passes it on keeps it for ever: nginx does by default. Whether the credentials are right is not known",
        remedy: "switch off the buffering of answers for /remoteDesktopGateway/ in the proxy (nginx: proxy_buffering off), or let it pass \
                 WebSockets on. If a second factor has to be approved, approve it",
        basis: Reported,
        ..CHANNELS
    },
];

/// Once the channel is open, what is said of IN is said of the tunnel.
pub(super) const END: &[Rule] = &[Rule {
    id: "gateway-in-dropped",
    matches: |f| in_ended(f, true),
    exit: 27,
    summary: "the gateway {gateway} ended the IN channel {in_end} in stage {stage}, and with it the tunnel",
    cause: "the body of that request goes on for as long as the tunnel does: something in front of the gateway has a limit for it, of size or \
            time, or the gateway gave the tunnel up and said no more of it",
    remedy: "let what stands in front of the gateway pass RDG_IN_DATA on as it comes, without a limit of size and time; letting WebSockets pass \
             makes it needless. Look at the gateway's log at this time, with the correlation id {correlation_id}",
    candidates: &[
        Candidate::pair(0x904, None, Unlikely, Inferred),
        Candidate::pair(0x300_000A, Some(0), Unlikely, Inferred),
    ],
    ..CHANNELS
}];
