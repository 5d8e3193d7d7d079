//! Before the channel is open: what came in place of a gateway's answer, whichever of them was due.
use rdp_probe_core::wire::Layer;
use rdp_probe_core::{Close, Evidence, FailureKind, GatewayFault, Hop, Stage, TunnelEnd};

use super::two_channels::{ended_on_in, is_in};
use crate::catalogue::ends::{closed, cut, silent, stalled};
use crate::rule::Basis::{Documented, Inferred, Reported};
use crate::rule::Likelihood::{Possible, Unlikely};
use crate::rule::{Candidate, Rule, VerdictOutcome};

/// Whether an answer of the gateway's was due, and no word on a logon.
fn is_due(evidence: &Evidence) -> bool {
    evidence.failure().is_some_and(|failure| {
        failure.stage.is_gateways() && !matches!(failure.stage, Stage::GatewayTls | Stage::GatewayAuth)
    }) && !is_in(evidence)
}

fn how(evidence: &Evidence) -> Option<Close> {
    evidence.ended_after().map(|(how, _)| how)
}

const fn is_reset(how: Close) -> bool {
    matches!(how, Close::Reset | Close::Broken { .. })
}

/// What cannot be read ends it from here, whatever the carrier calls that.
const fn is_unreadable(how: Close) -> bool {
    matches!(how, Close::TlsBroken(_) | Close::Tunnel(TunnelEnd::Frame | TunnelEnd::Packet | TunnelEnd::Flood))
}

fn unreadable(evidence: &Evidence) -> bool {
    let of_packets = matches!(
        evidence.failure_kind(),
        Some(FailureKind::Malformed { error, .. }) if error.layer == Layer::Tsgu
    );
    is_due(evidence) && (of_packets || how(evidence).is_some_and(is_unreadable))
}

fn ended(evidence: &Evidence, reset: bool) -> bool {
    is_due(evidence)
        && closed(evidence)
        && !ended_on_in(evidence)
        && how(evidence).is_some_and(|how| is_reset(how) == reset && !is_unreadable(how))
}

const ANSWER: Rule = Rule {
    hop: Some(Hop::Gateway),
    outcome: VerdictOutcome::Misconfigured,
    exit: 21,
    rank: 15,
    candidates: &[
        Candidate::pair(0x300_000D, Some(0), Possible, Inferred),
        Candidate::pair(0x300_000A, Some(0), Unlikely, Inferred),
    ],
    basis: Inferred,
    ..Rule::BLANK
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "gateway-closed",
        matches: |f| ended(f, false),
        summary: "the gateway {gateway} ended the connection in place of an answer, in stage {stage}",
        cause: "the gateway, or what stands in front of it, does not like the request and says nothing: Windows drops some that way, and \
                firewalls drop methods that they do not know",
        remedy: "look at the log of the gateway and of what stands in front at this time, with the correlation id {correlation_id}",
        basis: Reported,
        ..ANSWER
    },
    Rule {
        id: "gateway-reset",
        matches: |f| ended(f, true),
        summary: "the connection to the gateway {gateway} was reset or broke in place of an answer, in stage {stage}",
        cause: "a firewall or balancer in between ended it, the network in between failed, or the gateway's service broke down",
        remedy: "look at the firewalls in between and at the gateway's log at this time",
        ..ANSWER
    },
    Rule {
        id: "gateway-silent",
        matches: |f| is_due(f) && silent(f),
        outcome: VerdictOutcome::Inconclusive,
        summary: "the gateway {gateway} did not answer within {limit}, in stage {stage}",
        cause: "a device in between keeps the answer back, the gateway waits for somebody (a second factor, a network policy server), or, where \
                it was asked for the channel, it still tries to reach {target}",
        remedy: "if a second factor has to be approved, approve it; otherwise look at the gateway's log at this time, and probe {target} from \
                 the gateway itself",
        ..ANSWER
    },
    Rule {
        id: "gateway-answer-cut",
        matches: |f| is_due(f) && (cut(f) || stalled(f)) && !unreadable(f),
        summary: "the answer of the gateway {gateway} began and did not come to its end, in stage {stage}",
        cause: "the gateway broke down while it answered, or what stands in front cut its answer",
        remedy: "look at the log of the gateway and of what stands in front at this time",
        ..ANSWER
    },
    Rule {
        id: "gateway-answer-unreadable",
        matches: unreadable,
        summary: "the answer of the gateway {gateway} cannot be read, in stage {stage}",
        cause: "what answers is not a gateway of this protocol, or something on the way changes what it says",
        remedy: "check what stands in front of the gateway, and keep it from looking into the connection",
        ..ANSWER
    },
    Rule {
        id: "gateway-other-packet",
        matches: |f| is_due(f) && matches!(f.gateway_fault(), Some(GatewayFault::OtherPacket { .. })),
        summary: "the gateway {gateway} sent another packet than was due, in stage {stage}",
        cause: "what answers does not keep to the protocol of gateways, or mixes up connections",
        remedy: "update the gateway, and look at what stands in front of it",
        ..ANSWER
    },
    Rule {
        id: "gateway-version",
        matches: |f| matches!(f.gateway_fault(), Some(GatewayFault::Version { .. })),
        summary: "the gateway {gateway} speaks another version of the protocol of gateways than 1.0",
        cause: "no other version is known",
        remedy: "check what answers at that address",
        candidates: &[Candidate::pair(0x300_0025, Some(0), Possible, Documented)],
        basis: Documented,
        ..ANSWER
    },
];
