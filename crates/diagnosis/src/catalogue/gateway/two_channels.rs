//! Two channels of HTTP, where there is no WebSocket: OUT is open, or its answer is kept back, and IN does not come about.
use rdp_probe_core::{Awaited, Close, Evidence, FailureKind, GatewayFault, Hop, Stage, TunnelEnd};

use crate::catalogue::ends::silent;
use crate::rule::Basis::{Documented, Inferred, Reported};
use crate::rule::Likelihood::{Possible, Unlikely};
use crate::rule::{Candidate, Rule, VerdictOutcome};

/// Whether it failed at the IN channel's own connection, or its requests.
pub(super) fn is_in(evidence: &Evidence) -> bool {
    evidence.failure().is_some_and(|failure| failure.stage == Stage::GatewayHttp)
        && evidence.gateway_opened_out()
}

/// The connection of IN was not made, or is with somebody else than OUT's.
fn not_made(evidence: &Evidence) -> bool {
    is_in(evidence)
        && matches!(
            evidence.failure_kind(),
            Some(
                FailureKind::Connect { .. }
                    | FailureKind::Tls(_)
                    | FailureKind::NotTrusted
                    | FailureKind::NotPinned
                    | FailureKind::KeyNotProven { .. }
            )
        )
}

/// What came of IN's requests is no answer of HTTP.
fn unanswered(evidence: &Evidence) -> bool {
    is_in(evidence)
        && matches!(
            evidence.failure_kind(),
            Some(FailureKind::Closed { .. } | FailureKind::Malformed { .. } | FailureKind::NotExpected { .. })
        )
}

/// IN was answered while its body goes on.
fn answered(evidence: &Evidence) -> bool {
    matches!(evidence.ended_after(), Some((Close::Tunnel(TunnelEnd::Answer(_)), _)))
        && !evidence.is_through_gateway()
}

/// Both are open, and the first packet is not answered.
fn in_kept_back(evidence: &Evidence) -> bool {
    let awaits = evidence.failure().is_some_and(|failure| failure.awaiting == Awaited::HandshakeResponse);
    awaits && silent(evidence) && evidence.gateway_opened_out()
}

/// The proof is out, and whoever stands in front of the gateway says nothing.
fn out_kept_back(evidence: &Evidence) -> bool {
    let shown = evidence.shown_gateway().is_some_and(|gateway| gateway.method.is_some());
    shown && silent(evidence) && evidence.gateway_names_a_proxy()
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

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "gateway-in-refused",
        stage: Some(Stage::GatewayHttp),
        matches: |f| matches!(f.gateway_fault(), Some(GatewayFault::InRefused { .. })),
        summary: "the gateway {gateway} opened its OUT channel, and refuses the IN channel beside it ({http_status})",
        cause: "both channels have to reach the same gateway: a balancer in front may send the second connection to another one, which knows \
                nothing of the first; or something in front takes RDG_OUT_DATA and not RDG_IN_DATA. The same logon had opened the OUT \
                channel: it is not the credentials",
        remedy: "let the balancer keep each client with one gateway (by its address), and let both methods through to /remoteDesktopGateway/; \
                 letting WebSockets pass makes the second channel needless",
        event: Some("TerminalServices-Gateway/Operational 210"),
        basis: Documented,
        ..CHANNELS
    },
    Rule {
        id: "gateway-in-not-made",
        stage: Some(Stage::GatewayHttp),
        matches: not_made,
        outcome: VerdictOutcome::Unreachable,
        summary: "the gateway {gateway} opened its OUT channel, and the second connection, for the IN channel, did not come about as the first \
                  one had",
        cause: "without a WebSocket a gateway needs two connections for a client: something in front allows one, or several gateways stand \
                behind the address, and one of them does not answer or has another certificate",
        remedy: "allow more than one connection for a client, and probe each gateway behind the address by itself",
        ..CHANNELS
    },
    Rule {
        id: "gateway-in-unanswered",
        stage: Some(Stage::GatewayHttp),
        matches: unanswered,
        outcome: VerdictOutcome::Inconclusive,
        summary: "the gateway {gateway} opened its OUT channel, and gave the request for the IN channel no answer that can be read",
        cause: "something in front of the gateway takes RDG_OUT_DATA, and keeps RDG_IN_DATA back or ends it; or several gateways stand behind \
                the address, and one of them hangs",
        remedy: "let both methods through to /remoteDesktopGateway/, and look at the log of the gateway and of what stands in front at this \
                 time, with the correlation id {correlation_id}",
        ..CHANNELS
    },
    Rule {
        id: "gateway-in-answered",
        matches: answered,
        summary: "the gateway {gateway} ended the IN channel with an answer ({http_status}) in stage {stage}",
        cause: "the body of that request goes on for as long as the tunnel does: something in front of the gateway takes no such body, or only \
                one of a certain size or time; or it passes the requests of one connection on by several, so that this one comes from \
                nobody who has logged on",
        remedy: "let what stands in front of the gateway pass RDG_IN_DATA on as it comes, by one connection for each of its clients', without a \
                 limit of size and time; letting WebSockets pass makes it needless",
        ..CHANNELS
    },
    Rule {
        id: "gateway-in-kept-back",
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
    },
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
    id: "gateway-in-ended",
    matches: |f| {
        matches!(f.failure_kind().and_then(FailureKind::close), Some(Close::Tunnel(TunnelEnd::Answer(_))))
            && f.is_through_gateway()
    },
    exit: 27,
    summary: "the gateway {gateway} ended the IN channel with an answer ({http_status}) in stage {stage}, and with it the tunnel",
    cause: "the body of that request goes on for as long as the tunnel does, and something in front of the gateway has a limit for it, of size \
            or time",
    remedy: "let what stands in front of the gateway pass RDG_IN_DATA on as it comes, without a limit of size and time; letting WebSockets pass \
             makes it needless",
    candidates: &[
        Candidate::pair(0x904, None, Unlikely, Inferred),
        Candidate::pair(0x300_000A, Some(0), Unlikely, Inferred),
    ],
    ..CHANNELS
}];
