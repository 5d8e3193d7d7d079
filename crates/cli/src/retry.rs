//! `--retries`: which verdicts may be others the next time.
use std::time::Duration;

use rdp_probe::{Close, DialFault, DialFaultKind, Evidence, FailureKind, LogonResult, Observed, Report};

/// How long a target is left alone before it is asked again.
pub(crate) const PAUSE: Duration = Duration::from_millis(500);

/// The exit code of evidence that contradicts itself.
const CONTRADICTORY: u8 = 33;

/// Whether a target is worth asking again: something was slow, full or broken off, or did not go together. What a server said, it would say
/// again; and where a logon was tried nothing is tried a second time, since an account may be locked for it.
pub(crate) fn may_be_another(report: &Report) -> bool {
    let evidence = &report.evidence;
    let tried = [evidence.logon_result(), evidence.gateway_logon_result()];
    if tried.iter().any(|result| *result != LogonResult::NotTried) {
        return false;
    }
    report.exit_code() == CONTRADICTORY || evidence.failure().is_some_and(|failure| of_kind(&failure.kind))
}

fn of_kind(kind: &FailureKind) -> bool {
    // A host that refuses a connection, or a name that is not there, does so the next time; of these nobody can tell.
    if let FailureKind::Resolve(fault) | FailureKind::Connect { fault, .. } = kind
        && matches!(
            fault.kind,
            DialFaultKind::ResolverFailed | DialFaultKind::Reset | DialFaultKind::HostUnreachable
        )
    {
        return true;
    }
    // A stream that ended, or stood still, without a word.
    let is_alone = matches!(
        kind,
        FailureKind::Resolve(_)
            | FailureKind::Connect { .. }
            | FailureKind::Closed { .. }
            | FailureKind::Tls(_)
    );
    is_alone
        && matches!(
            kind.close(),
            Some(
                Close::Fin | Close::Reset | Close::CloseNotify | Close::TimedOut { .. } | Close::Broken { .. }
            )
        )
}

/// Whether this computer had no descriptor, port, memory or thread for it: then nothing is known about the target.
pub(crate) fn lacked_resources(evidence: &Evidence) -> bool {
    let lack = |fault: &DialFault| fault.kind == DialFaultKind::LocalResources;
    evidence.attempts.iter().any(|attempt| {
        let mut facts = attempt.stages.iter().flat_map(|stage| &stage.facts);
        facts.any(|fact| matches!(&fact.observed, Observed::AddressFailed { fault, .. } if lack(fault)))
            || attempt.failure.as_ref().is_some_and(|failure| match_lack(&failure.kind, lack))
    })
}

fn match_lack(kind: &FailureKind, lack: impl Fn(&DialFault) -> bool) -> bool {
    matches!(kind, FailureKind::Resolve(fault) | FailureKind::Connect { fault, .. } if lack(fault))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_slow_or_broken_off_may_be_another_the_next_time_and_what_was_said_is_not() {
        let dial = |kind| FailureKind::Resolve(DialFault::new(kind));
        let closed = |how| FailureKind::Closed { how, partial: Default::default() };
        let limit = Duration::from_secs(1);
        for kind in [
            dial(DialFaultKind::ResolverFailed),
            dial(DialFaultKind::TimedOut { limit, overall: false }),
            dial(DialFaultKind::HostUnreachable),
            closed(Close::Fin),
            closed(Close::Reset),
            closed(Close::TimedOut { limit, overall: true }),
            closed(Close::Broken { os: None }),
        ] {
            assert!(of_kind(&kind), "{kind:?}");
        }
        for kind in [
            dial(DialFaultKind::NotFound),
            dial(DialFaultKind::Refused),
            dial(DialFaultKind::NetworkUnreachable),
            dial(DialFaultKind::Cancelled),
            closed(Close::Cancelled),
            closed(Close::Alert(40)),
            closed(Close::Local { os: None }),
            FailureKind::NoAddressOfFamily,
            FailureKind::NotPinned,
            FailureKind::DisconnectRequest { reason: 0 },
        ] {
            assert!(!of_kind(&kind), "{kind:?}");
        }
    }
}
