//! Stage `licensing`: the server was to say that no licence is needed, or to ask for one. Before its first message an end says nothing of
//! licences: that is its answer to the Client Info.
use rdp_probe_core::wire::license::LicenseErrorCode;
use rdp_probe_core::{Evidence, FailureKind, Stage};

use super::ends::{closed, cut, silent, stalled};
use super::mcs::{self, BROKEN, CLOSED, DISCONNECTED, broken, disconnected};
use crate::rule::Basis::{Documented, Inferred};
use crate::rule::Likelihood::Possible;
use crate::rule::{Candidate, Rule, VerdictOutcome};

fn refused(evidence: &Evidence) -> bool {
    matches!(evidence.failure_kind(), Some(FailureKind::LicenseError { .. }))
}

fn without_a_key(evidence: &Evidence) -> bool {
    matches!(evidence.failure_kind(), Some(FailureKind::LicenseKey))
}

fn error_is(evidence: &Evidence, expected: LicenseErrorCode) -> bool {
    matches!(evidence.failure_kind(), Some(FailureKind::LicenseError { code, .. }) if *code == expected)
}

/// What becomes of a client before licensing.
const FIRST: Rule = Rule { stage: Some(Stage::Licensing), ..mcs::MCS };

/// What becomes of licensing.
const LICENSING: Rule = Rule {
    stage: Some(Stage::Licensing),
    outcome: VerdictOutcome::Refused,
    exit: 70,
    rank: 20,
    candidates: &[
        Candidate::pair(0x808, Some(0), Possible, Inferred),
        Candidate::pair(0x808, Some(0x101), Possible, Inferred)
            .when(|f| error_is(f, LicenseErrorCode::NO_LICENSE_SERVER)),
        Candidate::pair(0x808, Some(0x105), Possible, Inferred)
            .when(|f| error_is(f, LicenseErrorCode::INVALID_CLIENT)),
    ],
    basis: Inferred,
    ..Rule::BLANK
};

const TIMEOUT: &[Candidate] =
    &[Candidate::pair(0x908, Some(0), Possible, Inferred), Candidate::pair(0x108, Some(0), Possible, Inferred)];

const TURNED_AWAY: &str = "the server ends the connection of a client that it knows by now, and not for its licence: it has reached a limit of \
    sessions, drains (change logon /drain), does not take what the client said of itself, or waits for a broker in vain";
const LOOK_AT_SESSIONS: &str = "on the target, look at the sessions that there are, at its limits of them, at whether it drains (change logon \
    /query), and at its log at this time{if xrdp: (xrdp: /var/log/xrdp.log)}";
const NOT_AT_ITS_END: &str = "the server asked the client for a licence and did not get to its end: its licence server fails, or it does not take the answer";
const LOOK_AT_LICENSING: &str = "on the target, look at the licensing mode, at its licence server and at the System log at this time (source \
    TermService or TerminalServices-Licensing)";

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "client-info-closed",
        matches: |f| (closed(f) || cut(f)) && !f.has_licensing_begun(),
        summary: "{address} took the Client Info, and hung up before it said anything of a licence ({close})",
        cause: TURNED_AWAY,
        remedy: LOOK_AT_SESSIONS,
        candidates: CLOSED,
        ..FIRST
    },
    Rule {
        id: "client-info-disconnected",
        matches: |f| disconnected(f) && !f.has_licensing_begun(),
        summary: "{address} took the Client Info, and then disconnected the client ({reason})",
        cause: TURNED_AWAY,
        remedy: LOOK_AT_SESSIONS,
        candidates: DISCONNECTED,
        ..FIRST
    },
    Rule {
        id: "client-info-silent",
        matches: |f| (silent(f) || stalled(f)) && !f.has_licensing_begun(),
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} took the Client Info, and said nothing more within {limit}",
        cause: "the listener answers and the service behind it does not: it hangs, or waits for a broker, or for a session that does not come",
        remedy: "on the target, see whether the Remote Desktop Services service answers to being stopped and started; probe from the target's \
                 own network",
        candidates: TIMEOUT,
        ..FIRST
    },
    Rule {
        id: "client-info-broken",
        matches: |f| broken(f) && !f.has_licensing_begun(),
        outcome: VerdictOutcome::Misconfigured,
        summary: "{address} took the Client Info, and what it then sent is not the {awaiting} that was due",
        cause: "the answer cannot be read, or has no place here: a broken server, or a device in between that answers for it or changes the \
                stream",
        remedy: "find out what answers at {address}; what it sent stands in the JSON report",
        candidates: BROKEN,
        basis: Documented,
        ..FIRST
    },
    Rule {
        id: "licensing-refused",
        matches: refused,
        summary: "{address} refused the client over its licensing: {license_error}",
        cause: "{license_meaning}",
        remedy: LOOK_AT_LICENSING,
        basis: Documented,
        ..LICENSING
    },
    Rule {
        id: "licensing-without-a-key",
        matches: without_a_key,
        outcome: VerdictOutcome::Misconfigured,
        summary: "{address} asked for a licence with a key that nothing can be encrypted with",
        cause: "the certificate in the licence request has no RSA key, or one of a size or value that no key has: the server's keys for \
                licensing are broken",
        remedy: "on the target, look at the certificates of its licensing, at its licence server, and at the System log at this time{if xrdp:; on xrdp, look at rsakeys.ini}",
        ..LICENSING
    },
    Rule {
        id: "licensing-closed",
        matches: |f| (closed(f) || cut(f)) && f.has_licensing_begun(),
        summary: "{address} asked for a licence, and hung up on the answer ({close})",
        cause: NOT_AT_ITS_END,
        remedy: LOOK_AT_LICENSING,
        ..LICENSING
    },
    Rule {
        id: "licensing-disconnected",
        matches: |f| disconnected(f) && f.has_licensing_begun(),
        summary: "{address} asked for a licence, and then disconnected the client ({reason})",
        cause: NOT_AT_ITS_END,
        remedy: LOOK_AT_LICENSING,
        ..LICENSING
    },
    Rule {
        id: "licensing-silent",
        matches: |f| (silent(f) || stalled(f)) && f.has_licensing_begun(),
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} asked for a licence, and said nothing to the answer within {limit}",
        cause: "the server waits for its licence server, which does not answer",
        remedy: LOOK_AT_LICENSING,
        candidates: TIMEOUT,
        ..LICENSING
    },
    Rule {
        id: "licensing-broken",
        matches: |f| broken(f) && f.has_licensing_begun(),
        outcome: VerdictOutcome::Misconfigured,
        summary: "{address} asked for a licence, and what it then sent is not the {awaiting} that was due",
        cause: "the answer cannot be read, or has no place here: a broken server, or a device in between that answers for it or changes the \
                stream",
        remedy: "find out what answers at {address}; what it sent stands in the JSON report",
        basis: Documented,
        ..LICENSING
    },
    Rule {
        id: "depth-behind-license",
        matches: Evidence::needs_license,
        outcome: VerdictOutcome::Inconclusive,
        exit: 54,
        rank: 10,
        summary: "stage {until} of {address} lies behind a licence: the server issues one to each client, and this run takes none",
        cause: "the server is a Remote Desktop Session Host with licensing; to go on a licence would have to be taken from its licence server, \
                which this version does not do; nothing failed",
        remedy: "leave out --until, or ask for --until licensing; a client that connects shows the rest, and whether there are licences left",
        client_connects: true,
        basis: Documented,
        ..Rule::BLANK
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    /// A rule of this stage says "licence" where the server did, and nowhere else.
    #[test]
    fn what_comes_before_the_first_message_is_not_laid_at_licences() {
        for rule in RULES.iter().filter(|rule| rule.exit == 60) {
            assert_eq!(rule.exit_without_tls, Some(61), "{}", rule.id);
            assert!(!rule.remedy.contains("icens") && !rule.remedy.contains("icence"), "{}", rule.id);
        }
    }
}
