//! Stage `channel_connection`: the server was to attach the user, and to let it join its channels, over TLS or without it.
use rdp_probe_core::{Evidence, FailureKind, Stage};

use super::ends::{closed, cut, silent, stalled};
use super::mcs::{self, BROKEN, CLOSED, DISCONNECTED, REFUSED, SILENT, broken, disconnected};
use crate::rule::Basis::Documented;
use crate::rule::{Rule, VerdictOutcome};

fn refused(evidence: &Evidence) -> bool {
    matches!(evidence.failure_kind(), Some(FailureKind::ChannelRefused { .. }))
}

const CHANNELS: Rule = Rule { stage: Some(Stage::ChannelConnection), ..mcs::MCS };

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "channels-closed",
        matches: closed,
        summary: "{address} took the basic settings, and hung up in place of the {awaiting} ({close})",
        cause: "the server ended the connection without a reason: it has reached a limit of sessions, drains, is stopping, or is a broker \
                without a host to offer",
        remedy: "look at the target's System log and at the log of its connection broker at this time; try once more after a minute",
        candidates: CLOSED,
        ..CHANNELS
    },
    Rule {
        id: "channels-silent",
        matches: silent,
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} took the basic settings, and the {awaiting} did not come within {limit}",
        cause: "the listener answers and the service behind it does not: it hangs, or waits for a broker or a session that does not come",
        remedy: "on the target, see whether the Remote Desktop Services service answers to being stopped and started; probe from the target's \
                 own network",
        candidates: SILENT,
        ..CHANNELS
    },
    Rule {
        id: "channels-cut",
        matches: cut,
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} took the basic settings, and the stream ended after {part_of} octets of the {awaiting} ({close})",
        cause: "the answer began and was cut: the server broke down while it answered, or a device in between ended the connection",
        remedy: "on the target, look for a crash of the service at this time; probe from the target's own network",
        candidates: CLOSED,
        ..CHANNELS
    },
    Rule {
        id: "channels-stalled",
        matches: stalled,
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} took the basic settings, and stopped after {part_of} octets of the {awaiting}; the rest did not come within {limit}",
        cause: "the beginning of a short answer came and the rest did not: the server hangs in the middle of it",
        remedy: "on the target, look for a service that hangs at this time; probe from the target's own network",
        candidates: SILENT,
        ..CHANNELS
    },
    Rule {
        id: "channels-disconnected",
        matches: disconnected,
        summary: "{address} took the basic settings, and then disconnected the client ({reason})",
        cause: "the server refuses the client at the MCS layer without a further reason: it has reached a limit of sessions, drains, or does \
                not take the client's settings",
        remedy: "look at the server's log at this time{if xrdp: (xrdp: /var/log/xrdp.log)}, and at its limits of sessions",
        candidates: DISCONNECTED,
        ..CHANNELS
    },
    Rule {
        id: "channels-refused",
        matches: refused,
        summary: "{address} took the basic settings, and refused the client {channel_asked}: {mcs_result}",
        cause: "the server has no place for one more client, or is broken: a server that takes the basic settings lets the client in",
        remedy: "look at the server's log at this time, and at its limits of sessions",
        candidates: REFUSED,
        basis: Documented,
        ..CHANNELS
    },
    Rule {
        id: "channels-broken",
        matches: |f| broken(f) || matches!(f.failure_kind(), Some(FailureKind::OtherChannel { .. })),
        outcome: VerdictOutcome::Misconfigured,
        summary: "{address} took the basic settings, and what it then sent is not the {awaiting} that was due",
        cause: "the answer cannot be read, or is to another question: a broken server, or a device in between that answers for it or changes \
                the stream",
        remedy: "find out what answers at {address}; what it sent stands in the JSON report",
        candidates: BROKEN,
        basis: Documented,
        ..CHANNELS
    },
    Rule {
        id: "depth-behind-encryption",
        matches: Evidence::needs_encryption,
        outcome: VerdictOutcome::Inconclusive,
        exit: 54,
        rank: 10,
        summary: "stage {until} of {address} lies behind encryption by Standard RDP Security, which is not in this version",
        cause: "the server took Standard RDP Security, and encrypts what follows with a key of its own; nothing failed",
        remedy: "leave out --until to go as deep as this version does; set up TLS on the server to go deeper",
        client_connects: true,
        basis: Documented,
        ..Rule::BLANK
    },
];
