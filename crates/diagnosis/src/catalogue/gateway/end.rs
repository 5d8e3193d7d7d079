//! Once the channel is open: the gateway, or what is between here and it, ends the tunnel.
use rdp_probe_core::{Close, Evidence, FailureKind, Hop, TunnelEnd};

use crate::rule::Basis::{Documented, Inferred, Reported};
use crate::rule::Likelihood::{Possible, Unlikely};
use crate::rule::{Candidate, Rule, VerdictOutcome};

/// What ended the tunnel, when the path ended by that.
fn end(evidence: &Evidence) -> Option<TunnelEnd> {
    let how = evidence.failure_kind().and_then(FailureKind::close)?;
    if let Close::Tunnel(end) = how { Some(end).filter(|_| evidence.is_through_gateway()) } else { None }
}

/// The code that the gateway closed the channel with, as its low word where it is of a known form.
fn code(evidence: &Evidence) -> Option<u32> {
    if let TunnelEnd::Channel(code) = end(evidence)? {
        Some(if matches!(code >> 16, 0 | 0x8007) { code & 0xFFFF } else { code })
    } else {
        None
    }
}

/// The low words that have a row of their own.
const KNOWN: [u32; 7] = [0x59F6, 0x59FA, 0x59FB, 0x59FC, 0x5A00, 0x04D4, 0x03E3];

const fn is_broken(end: TunnelEnd) -> bool {
    match end {
        TunnelEnd::TlsBroken | TunnelEnd::Frame | TunnelEnd::Packet | TunnelEnd::Flood => true,
        TunnelEnd::Channel(_)
        | TunnelEnd::WebSocket(_)
        | TunnelEnd::CloseNotify
        | TunnelEnd::Fin
        | TunnelEnd::Reset
        | TunnelEnd::Alert(_)
        | TunnelEnd::Broken { .. }
        | TunnelEnd::LastChunk
        | TunnelEnd::Answer(_)
        | TunnelEnd::In
        | _ => false,
    }
}

const END: Rule = Rule {
    hop: Some(Hop::Gateway),
    outcome: VerdictOutcome::Refused,
    exit: 27,
    rank: 10,
    event: Some("TerminalServices-Gateway/Operational 303"),
    basis: Documented,
    ..Rule::BLANK
};

/// By the text of the code alone.
const TERMINATED: &[Candidate] = &[
    Candidate::pair(0x300_0018, Some(0), Possible, Inferred),
    Candidate::pair(0x300_0019, Some(0), Possible, Inferred),
];

/// Nobody said anything: to a client the connection is lost.
const LOST: &[Candidate] = &[
    Candidate::pair(0x904, None, Unlikely, Inferred),
    Candidate::pair(0x300_000A, Some(0), Unlikely, Inferred),
];

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "gateway-session-limit",
        matches: |f| code(f) == Some(0x59F6),
        summary: "the gateway {gateway} ended the tunnel: the session has lasted as long as it may ({gateway_code})",
        cause: "the connection policy of the gateway has a limit of time, and disconnects when it is reached",
        remedy: "connect again, or raise the limit in the connection policy",
        candidates: &[Candidate::pair(0x300_0033, Some(0), Possible, Documented)],
        ..END
    },
    Rule {
        id: "gateway-reauthentication-failed",
        matches: |f| code(f).is_some_and(|code| matches!(code, 0x59FA..=0x59FC | 0x5A00)),
        summary: "the gateway {gateway} ended the tunnel: it asked once more who may, and the answer was no ({gateway_code})",
        cause: "the account, the policies or the health of this computer changed since the logon",
        remedy: "check the account, and the gateway's connection and resource policies",
        candidates: &[
            Candidate::pair(0x300_0038, Some(0), Possible, Documented),
            Candidate::pair(0x300_0039, Some(0), Possible, Documented),
            Candidate::pair(0x300_0041, Some(0), Possible, Documented),
        ],
        ..END
    },
    Rule {
        id: "gateway-aborted",
        matches: |f| code(f) == Some(0x04D4),
        summary: "the gateway {gateway} aborted the tunnel in stage {stage} ({gateway_code})",
        cause: "its administrator disconnected the user, a limit of time was reached, or the connection to {target} broke in a way that the \
                gateway tells no further: one with a broken certificate on the target was seen to end so",
        remedy: "on the gateway, look for event 303 at this time; on the target, for Schannel events; probe {target} from the gateway itself",
        candidates: TERMINATED,
        ..END
    },
    Rule {
        id: "gateway-timer",
        matches: |f| code(f) == Some(0x03E3),
        summary: "the gateway {gateway} ended the tunnel: its timer of the connection ran out ({gateway_code})",
        cause: "the gateway waits only for so long for a connection to come about, or to be used",
        remedy: "look at the gateway's log at this time; where {target} answers slowly, probe it from the gateway itself",
        candidates: TERMINATED,
        ..END
    },
    Rule {
        id: "gateway-closed-channel",
        matches: |f| code(f).is_some_and(|code| !KNOWN.contains(&code)),
        summary: "the gateway {gateway} closed the channel to {target} in stage {stage} ({gateway_code})",
        cause: "the gateway ended it by itself, and its code says nothing more",
        remedy: "on the gateway, look for event 303 at this time, with the correlation id {correlation_id}",
        candidates: TERMINATED,
        ..END
    },
    Rule {
        id: "gateway-dropped-tunnel",
        matches: |f| end(f).is_some_and(TunnelEnd::is_without_a_word),
        summary: "the connection to the gateway {gateway} ended in stage {stage}, and the gateway had not said that it would",
        cause: "the gateway's service was stopped, or what stands in front of it gave the connection up; behind an open-source gateway it may \
                be {target} that ended, which such a one does not tell",
        remedy: "look at the log of the gateway and of what stands in front at this time; probe {target} from the gateway itself",
        candidates: LOST,
        basis: Reported,
        ..END
    },
    Rule {
        id: "gateway-reset-tunnel",
        matches: |f| {
            end(f).is_some_and(|end| {
                matches!(end, TunnelEnd::Reset | TunnelEnd::Alert(_) | TunnelEnd::Broken { .. })
            })
        },
        outcome: VerdictOutcome::Unreachable,
        summary: "the connection to the gateway {gateway} was reset or broke in stage {stage}",
        cause: "a firewall or balancer between here and the gateway ended it, the network in between failed, or the gateway's service broke down",
        remedy: "look at the firewalls in between and at the gateway's log at this time",
        candidates: LOST,
        basis: Inferred,
        ..END
    },
    Rule {
        id: "gateway-broken-tunnel",
        matches: |f| end(f).is_some_and(is_broken),
        outcome: VerdictOutcome::Misconfigured,
        summary: "what the gateway {gateway} sent in stage {stage} cannot be read as a tunnel any more",
        cause: "something between here and the gateway changes what it says, or its software is broken",
        remedy: "check what stands in front of the gateway, and keep it from looking into the connection",
        candidates: LOST,
        basis: Inferred,
        ..END
    },
];
