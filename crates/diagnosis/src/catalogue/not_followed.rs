//! A way that a client takes and this program does not, so that the direct one means little.
use rdp_probe_core::{Answer, DialFault, DialFaultKind, Evidence, FailureKind, Hop, Stage};

use crate::rule::{Basis, Rule, VerdictOutcome};

/// The direct way ended before anybody answered by RDP, where a client would have gone another one.
fn ended_on_another_way(evidence: &Evidence) -> bool {
    // That there is no route from here to the target means nothing either.
    let no_route = matches!(
        evidence.failure_kind(),
        Some(FailureKind::Connect { fault: DialFault { kind: DialFaultKind::NetworkUnreachable, .. }, .. })
    );
    let another = evidence.plan.not_followed.iter().any(|one| one.what.is_way());
    let before = evidence.failure().is_some_and(|failure| {
        failure.stage.rank() <= Stage::ConnectionInitiation.rank() && (failure.hop != Hop::Client || no_route)
    });
    another && before && matches!(evidence.answer(), None | Some(Answer::Fin | Answer::None))
}

pub(super) const RULES: &[Rule] = &[Rule {
    id: "path-not-followed",
    hop: None,
    matches: ended_on_another_way,
    outcome: VerdictOutcome::Inconclusive,
    exit: 54,
    rank: 0,
    summary: "{target} was not reached directly, and a client would go another way: {not_followed}",
    cause: "the file or command line names {not_followed}, which this program does not follow; the direct way ended in stage {stage}, which says \
            nothing about the way that a client takes",
    remedy: "run the probe where that way ends, on a computer that reaches {host} directly, or give it the gateway on the way (--gateway)",
    basis: Basis::Documented,
    // What lays the end at the name, the network or the machine: none of them need be reached directly.
    supersedes: &[
        "name-not-found",
        "resolver-failed",
        "resolver-timed-out",
        "no-address-of-family",
        "tcp-refused",
        "tcp-timed-out",
        "host-unreachable",
        "network-unreachable",
        "tcp-reset",
        "connect-failed",
    ],
    ..Rule::BLANK
}];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::{resolve, tcp_connect};

    #[test]
    fn nothing_but_a_fault_of_this_computer_is_said_beside_it() {
        let [rule] = RULES else { panic!("one row") };
        for other in resolve::RULES.iter().chain(tcp_connect::RULES) {
            let here = other.hop == Some(Hop::Client) && other.id != "network-unreachable";
            assert_eq!(rule.supersedes.contains(&other.id), !here, "{}", other.id);
        }
    }
}
