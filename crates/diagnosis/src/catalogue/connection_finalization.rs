//! Stage `connection_finalization`: the server was to give the session to the client (Font Map).
use rdp_probe_core::Stage;

use super::capabilities_exchange::{BROKEN, SESSION};
use super::ends::{closed, cut, silent, stalled};
use super::mcs::{CLOSED, DISCONNECTED, broken, disconnected};
use crate::rule::Basis::{Documented, Inferred};
use crate::rule::Likelihood::Unlikely;
use crate::rule::{Candidate, Rule, VerdictOutcome};

const ACTIVATION: Rule = Rule { stage: Some(Stage::ConnectionFinalization), ..SESSION };

const LOOK_FOR_A_CRASH: &str = "on the target, look at the Application log for a crash at this time (dwm.exe, winlogon.exe, rdpcorets{if xrdp:; xrdp: /var/log/xrdp-sesman.log and the session's own log})";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "activation-closed",
        matches: |f| closed(f) || cut(f),
        summary: "{address} had a session for the client, and hung up before it gave it ({close})",
        cause: "the session ended while it began: it crashed (its graphics driver, its shell), or the server did not take what the client can \
                do; or a device in between ended the connection",
        remedy: LOOK_FOR_A_CRASH,
        candidates: CLOSED,
        ..ACTIVATION
    },
    Rule {
        id: "activation-disconnected",
        matches: disconnected,
        summary: "{address} had a session for the client, and then disconnected it ({reason})",
        cause: "the session ended while it began: it crashed (its graphics driver, its shell), or the server did not take what the client can \
                do",
        remedy: LOOK_FOR_A_CRASH,
        candidates: DISCONNECTED,
        ..ACTIVATION
    },
    Rule {
        id: "activation-silent",
        matches: |f| silent(f) || stalled(f),
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} had a session for the client, and did not give it within {limit}",
        cause: "the session hangs while it begins, or packets are lost on the way",
        remedy: "on the target, look at what the session does (its processor, its memory, its log); probe from the target's own network",
        candidates: &[
            Candidate::pair(0x108, Some(0), Unlikely, Inferred),
            Candidate::pair(0x704, Some(0), Unlikely, Inferred),
        ],
        ..ACTIVATION
    },
    Rule {
        id: "activation-broken",
        matches: broken,
        outcome: VerdictOutcome::Misconfigured,
        summary: "{address} had a session for the client, and what it then sent is not the {awaiting} that was due",
        cause: "the answer cannot be read, or the server takes its session back again and again: a broken server, or a device in between that \
                changes the stream",
        remedy: "find out what answers at {address}; what it sent stands in the JSON report",
        candidates: BROKEN,
        basis: Documented,
        ..ACTIVATION
    },
];
