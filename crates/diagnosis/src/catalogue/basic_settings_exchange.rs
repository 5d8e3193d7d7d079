//! Stage `basic_settings_exchange`: the server was to answer the MCS Connect Initial, over TLS or without it: what it tells and
//! what to do then differ, and placeholders say it.
use rdp_probe_core::{End, Evidence, FailureKind, Stage};

use super::ends::{CHECK_THE_PATH, CUT, LOOK_FOR_A_CRASH, STALLED, closed, cut, silent, stalled};
use super::mcs::{self, BROKEN, CLOSED, DISCONNECTED, REFUSED, SILENT, broken, disconnected};
use crate::rule::Basis::{Documented, Inferred};
use crate::rule::Likelihood::Possible;
use crate::rule::{Candidate, Rule, VerdictOutcome};

fn refused(kind: &FailureKind) -> bool {
    matches!(kind, FailureKind::ConnectRefused { .. })
}

/// The reason that Set Error Info gave, and how the connection ended after it.
fn error_info(evidence: &Evidence) -> Option<(u32, End)> {
    if let FailureKind::ErrorInfo { code, end } = evidence.failure_kind()? {
        Some((code.0, *end))
    } else {
        None
    }
}

fn error_info_is(evidence: &Evidence, judge: fn(u32) -> bool) -> bool {
    error_info(evidence).is_some_and(|(code, _)| judge(code))
}

const fn is_licensing(code: u32) -> bool {
    rdp_probe_core::wire::share::ErrorInfo(code).is_licensing()
}

const NO_RIGHT: u32 = rdp_probe_core::wire::share::ErrorInfo::SERVER_INSUFFICIENT_PRIVILEGES.0;

fn by_ultimatum(evidence: &Evidence) -> bool {
    matches!(error_info(evidence), Some((_, End::Ultimatum(_))))
}

fn by_close(evidence: &Evidence) -> bool {
    matches!(error_info(evidence), Some((_, End::Closed(_))))
}

const MCS: Rule = Rule { stage: Some(Stage::BasicSettingsExchange), ..mcs::MCS };

/// The extended code is the reason that the server gave; how it then ended the connection picks the other one.
const ERROR_INFO: &[Candidate] = &[
    Candidate::pair(0x3, None, Possible, Inferred).with_extended(error_info_code).when(by_ultimatum),
    Candidate::pair(0x904, None, Possible, Inferred).with_extended(error_info_code).when(by_close),
];

fn error_info_code(evidence: &Evidence) -> Option<u32> {
    error_info(evidence).map(|(code, _)| code)
}

const ERROR: Rule = Rule {
    stage: None,
    outcome: VerdictOutcome::Refused,
    rank: 10,
    candidates: ERROR_INFO,
    basis: Documented,
    ..Rule::BLANK
};

pub(super) const RULES: &[Rule] = &[
    Rule {
        id: "mcs-closed",
        matches: closed,
        summary: "{address} agreed to {security_layer} and then hung up on the MCS Connect Initial ({close})",
        cause: "the server ended the connection without a reason: it does not take {client_settings}, asks for {stronger_layer} \
                only now, has reached a limit of connections, is stopping, or is a broker without a host to offer",
        remedy: "look at the target's System log and at the log of its connection broker at this time; try once more after a \
                 minute; {settings_to_check}",
        candidates: CLOSED,
        ..MCS
    },
    Rule {
        id: "mcs-silent",
        matches: silent,
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} agreed to {security_layer}, but did not answer the MCS Connect Initial within {limit}",
        cause: "the listener answers and the service behind it does not: it hangs, {cause_of_silence}",
        remedy: "probe from the target's own network; on the target, see whether the Remote Desktop Services service answers to \
                 being stopped and started",
        candidates: SILENT,
        ..MCS
    },
    Rule {
        id: "mcs-cut",
        matches: cut,
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} began to answer the MCS Connect Initial, and the stream ended after {part_of} octets ({close})",
        cause: CUT,
        remedy: LOOK_FOR_A_CRASH,
        candidates: CLOSED,
        ..MCS
    },
    Rule {
        id: "mcs-stalled",
        matches: stalled,
        outcome: VerdictOutcome::Unreachable,
        summary: "{address} began to answer the MCS Connect Initial and stopped after {part_of} octets; the rest did not come \
                  within {limit}",
        cause: STALLED,
        remedy: CHECK_THE_PATH,
        candidates: SILENT,
        ..MCS
    },
    Rule {
        id: "mcs-disconnected",
        matches: disconnected,
        summary: "{address} answered the MCS Connect Initial with a disconnect ({reason}), over {security_layer}",
        cause: "the server refuses the connection at the MCS layer without a further reason: it may not take \
                {client_settings}",
        remedy: "look at the server's log at this time{if xrdp: (xrdp: /var/log/xrdp.log)}; {settings_to_check}{if xrdp:; on xrdp, look at crypt_level and at the keys in rsakeys.ini}",
        candidates: DISCONNECTED,
        ..MCS
    },
    Rule {
        id: "mcs-refused",
        matches: |f| f.failure_kind().is_some_and(refused),
        summary: "{address} refused the basic settings over {security_layer}: {mcs_result}",
        cause: "the MCS Connect Response says no: the server does not take {client_settings}, or has no place for the client",
        remedy: "look at the server's log at this time; {settings_to_check}",
        candidates: REFUSED,
        basis: Documented,
        ..MCS
    },
    Rule {
        id: "mcs-broken",
        matches: broken,
        outcome: VerdictOutcome::Misconfigured,
        summary: "{address} agreed to {security_layer}, and then sent something that is not an MCS Connect Response",
        cause: "the answer cannot be read: a broken server, another service behind the same port, or a device in between that \
                answers for it or changes the stream",
        remedy: "find out what answers at {address}; the octets it sent stand in the JSON report",
        candidates: BROKEN,
        basis: Documented,
        ..MCS
    },
    Rule {
        id: "redirected-before-connect-response",
        stage: None,
        matches: |f| f.failure_kind() == Some(&FailureKind::Redirected),
        exit: 90,
        exit_without_tls: None,
        summary: "{address} redirects to another server, in stage {stage}",
        cause: "a connection broker sends its clients on; this version does not follow it",
        remedy: "probe the server that the broker names, or ask the broker for the load of its hosts",
        ..MCS
    },
    Rule {
        id: "server-denies-remote-logon",
        matches: |f| error_info_is(f, |code| code == NO_RIGHT),
        exit: 53,
        summary: "{address} says that the right to log on remotely is missing ({error_info})",
        cause: "the server gave its reason by Set Error Info: {error_info_meaning}",
        remedy: "add the account to the Remote Desktop Users group of the target, and look for a deny right that covers it",
        ..ERROR
    },
    Rule {
        id: "server-licensing-error",
        matches: |f| error_info_is(f, is_licensing),
        exit: 70,
        summary: "{address} ends the connection over its licensing ({error_info})",
        cause: "the server gave its reason by Set Error Info: {error_info_meaning}",
        remedy: "on the target, look at the licensing mode and at its licence server",
        ..ERROR
    },
    Rule {
        id: "server-gave-error-info",
        matches: |f| error_info_is(f, |code| code != NO_RIGHT && !is_licensing(code)),
        exit: 90,
        summary: "{address} ended the connection and said why: {error_info}",
        cause: "the server gave its reason by Set Error Info: {error_info_meaning}",
        remedy: "rdp-probe explain {error_info_code} says more; the target's log at this time too",
        ..ERROR
    },
];
