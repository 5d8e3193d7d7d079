//! Stage `capabilities_exchange`: the server was to have a session for the client (Demand Active).
use rdp_probe_core::Stage;

use super::ends::{closed, cut, silent, stalled};
use super::mcs::{CLOSED, DISCONNECTED, broken, disconnected};
use crate::rule::Basis::{Documented, Inferred};
use crate::rule::Likelihood::Unlikely;
use crate::rule::{Candidate, Rule, VerdictOutcome};

/// A row of this stage, and of the next one.
pub(super) const SESSION: Rule = Rule {
    stage: Some(Stage::CapabilitiesExchange),
    outcome: VerdictOutcome::Refused,
    exit: 80,
    rank: 20,
    basis: Inferred,
    ..Rule::BLANK
};

pub(super) const BROKEN: &[Candidate] = &[
    Candidate::pair(0xD06, Some(0), Unlikely, Inferred),
    Candidate::pair(0x1104, Some(0), Unlikely, Inferred),
];

const NO_SESSION: &str = "the server could not make a session, or would not: a service that sessions need has failed, or a limit is reached";
const LOOK_AT_LOGS: &str = "on the target, look at the System and Application logs at this time, and at whether somebody can log on at its \
    console{if xrdp: (xrdp: /var/log/xrdp.log and xrdp-sesman.log)}";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "session-closed",
        matches: |f| closed(f) || cut(f),
        summary: "{address} was done with licensing, and hung up before it had a session for the client ({close})",
        cause: NO_SESSION,
        remedy: LOOK_AT_LOGS,
        candidates: CLOSED,
        ..SESSION
    },
    Rule {
        id: "session-disconnected",
        matches: disconnected,
        summary: "{address} was done with licensing, and then disconnected the client ({reason})",
        cause: NO_SESSION,
        remedy: LOOK_AT_LOGS,
        candidates: DISCONNECTED,
        ..SESSION
    },
    Rule {
        id: "session-not-ready",
        matches: |f| silent(f) || stalled(f),
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} was done with licensing, and had no session for the client within {limit}",
        cause: "making the session hangs or takes very long: the target is short of memory or of disk, a service that sessions need hangs, or a \
                virtual desktop is being started",
        remedy: "on the target, look at memory, disk and processor, and at the services that sessions need; try once more, with a longer \
                 --timeout",
        candidates: &[
            Candidate::pair(0x108, Some(0), Unlikely, Inferred),
            Candidate::pair(0x704, Some(0), Unlikely, Inferred),
            Candidate::pair(0x4, Some(0), Unlikely, Inferred),
        ],
        ..SESSION
    },
    Rule {
        id: "session-broken",
        matches: broken,
        outcome: VerdictOutcome::Misconfigured,
        summary: "{address} was done with licensing, and what it then sent is not the {awaiting} that was due",
        cause: "the answer cannot be read, or has no place here: a broken server, or a device in between that changes the stream",
        remedy: "find out what answers at {address}; what it sent stands in the JSON report",
        candidates: BROKEN,
        basis: Documented,
        ..SESSION
    },
];
