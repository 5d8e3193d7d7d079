//! What holds for every run, whatever happens to it.
use std::time::Duration;

use rdp_probe_core::wire::nego::Protocols;
use rdp_probe_core::{
    AttemptRecord, Evidence, Hop, Look, NotTried, Observed, Outcome, Plan, Purpose, SecuritySummary, Stage,
    StageRecord,
};

use crate::walk::Walk;

/// The run ends, and its evidence is well-formed.
///
/// # Panics
/// When it does not, or they are not.
pub fn machine(octets: &[u8]) {
    well_formed(&Walk::from_octets(octets).evidence());
}

/// Evidence of a run that is over: every attempt says something of every stage, the main path's times tile, and failure and
/// stages agree.
///
/// # Panics
/// When they do not.
pub fn well_formed(evidence: &Evidence) {
    // A direct way may be tried first; what follows it is the gateway's only where no connection was made.
    let direct = evidence.plan.tries_directly();
    let begins = if direct { Purpose::Direct } else { Purpose::Main };
    assert_eq!(evidence.attempts.first().map(|attempt| attempt.purpose), Some(begins));
    let main = evidence.attempts.iter().filter(|attempt| attempt.purpose == Purpose::Main).count();
    let unmade = direct && evidence.attempts.first().is_some_and(|first| first.peer().is_none());
    assert!(main <= 1 && (main == 0 || !direct || unmade), "{:?}", evidence.attempts);
    assert!(evidence.attempts.iter().skip(1).all(|attempt| attempt.purpose != Purpose::Direct));
    let enumerated = evidence.attempts.iter().filter(|a| a.purpose.enumerates()).count();
    assert!(enumerated <= Plan::ENUMERATION.0, "{enumerated}");
    for (at, attempt) in evidence.attempts.iter().enumerate() {
        let through = evidence.plan.gateway.is_some() && (!direct || main == 1 && at > 0);
        agrees(attempt, &evidence.plan, if through { Hop::Gateway } else { Hop::Target });
    }
    // A path that a second look opened begins when that had asked so far, and a gateway's when the direct way had ended.
    let stages = evidence.main_path().iter().flat_map(|attempt| &attempt.stages);
    let opened = stages.filter_map(|record| record.started).next();
    let opened = opened.filter(|_| evidence.is_by_cookie()).or_else(|| {
        let before = evidence.attempts.first().filter(|_| direct && main == 1);
        before.and_then(AttemptRecord::ended)
    });
    tiles(evidence.main_path(), opened.unwrap_or_default());
    let to = |peer| evidence.attempts_to(peer).count();
    let most = evidence.attempts.iter().map(|attempt| to(attempt.peer())).max().unwrap_or_default();
    assert!(evidence.plan.all_addresses || most <= Plan::MOST_CONNECTIONS, "{most} connections");
    let path = evidence.path();
    assert!(!path.is_empty() && !evidence.main_path().is_empty(), "no path");
    assert_eq!(evidence.failure(), path.last().and_then(|attempt| attempt.failure.as_deref()));
    // What only one of the deciding and the main path can tell, both are asked for; and nothing panics.
    let summary = SecuritySummary::of(evidence);
    assert_eq!(summary, SecuritySummary::of(&evidence.clone()));
    let _ = (summary.nla(), evidence.peer(), evidence.addresses(), evidence.response_flags());
}

fn agrees(attempt: &AttemptRecord, plan: &Plan, first_hop: Hop) {
    // Of alternatives, each attempt has one.
    let alternatives = [Stage::Credssp, Stage::Rdstls, Stage::Rdsaad];
    // What HTTP answers to a logon, and is none to that, comes after it.
    let again = attempt.stages.iter().rposition(|record| record.stage == Stage::GatewayHttp);
    let first = attempt.stages.iter().position(|record| record.stage == Stage::GatewayHttp);
    // A logon inside of the tunnel has its stage there, and one over HTTP may stand before it.
    let inside = attempt.stages.windows(2).position(
        |pair| matches!(pair, [tunnel, logon] if tunnel.stage == Stage::GatewayTunnel && logon.stage == Stage::GatewayAuth),
    );
    let over_http = attempt.stages.iter().position(|record| record.stage == Stage::GatewayAuth);
    let inside = inside.map(|at| at + 1).filter(|at| over_http != Some(*at));
    let is_first = |at: usize| (first == again || Some(at) != again) && Some(at) != inside;
    let records: Vec<&StageRecord> =
        attempt.stages.iter().enumerate().filter(|(at, _)| is_first(*at)).map(|(_, record)| record).collect();
    for record in &records {
        assert!(first_hop == Hop::Gateway || record.hop == Hop::Target, "{record:?}");
    }
    let of_gateway: Vec<Stage> =
        records.iter().filter(|record| record.hop == Hop::Gateway).map(|record| record.stage).collect();
    let reaches = [Stage::Resolve, Stage::TcpConnect];
    let way = Stage::BUILT.into_iter().filter(|stage| stage.is_gateways() || reaches.contains(stage));
    assert_eq!(of_gateway, way.filter(|_| first_hop == Hop::Gateway).collect::<Vec<_>>(), "{attempt:?}");
    let mut stages: Vec<Stage> =
        records.iter().filter(|record| record.hop == Hop::Target).map(|record| record.stage).collect();
    // A session that is taken back begins anew: both stages then stand again, one behind the other.
    let anew = [Stage::CapabilitiesExchange, Stage::ConnectionFinalization];
    let (once, again) =
        stages.split_at(stages.iter().position(|stage| *stage == anew[1]).map_or(stages.len(), |at| at + 1));
    assert!(again.iter().zip(anew.iter().cycle()).all(|(stage, due)| stage == due), "{attempt:?}");
    assert!(again.len() <= 2 * 3, "{attempt:?}");
    stages = once.to_vec();
    let taken: Vec<&Stage> = stages.iter().filter(|stage| alternatives.contains(stage)).collect();
    assert_eq!(taken.len(), 1, "{attempt:?}");
    // Who is greeted in TLS is not asked for a connection first.
    let tls_first = attempt.purpose == Purpose::Look(Look::TlsFirst);
    // What begins a session is told of where somebody asks for it.
    let told = attempt.purpose.depth(plan, first_hop).rank().max(Stage::BasicSettingsExchange.rank());
    let selected = attempt
        .facts()
        .filter_map(|fact| if let Observed::Selected { protocol, .. } = fact { Some(*protocol) } else { None });
    let protocol = selected.last().unwrap_or(attempt.offer);
    let depth = attempt.purpose.depth(plan, first_hop);
    let delegates = plan.account.is_some() && plan.until_asked && depth.rank() > Stage::Credssp.rank();
    let built = Stage::ALL.into_iter().filter(|stage| stage.rank() <= told && stage.can_be_asked_for());
    let built = built.filter(|stage| {
        // There is nothing of the kind where another protocol was selected, and it is told of where somebody asks for it.
        let asked = if *stage == Stage::EarlyUserAuth {
            depth == *stage || delegates && protocol == Protocols::HYBRID_EX
        } else if *stage == Stage::RdpSecurityCommencement {
            depth == *stage || protocol == Protocols::RDP
        } else {
            !tls_first || *stage != Stage::ConnectionInitiation
        };
        !stage.is_gateways() && asked && (taken.contains(&stage) || !alternatives.contains(stage))
    });
    assert_eq!(stages, built.collect::<Vec<_>>(), "{attempt:?}");
    let failed: Vec<Stage> = attempt
        .stages
        .iter()
        .filter(|record| record.outcome == Outcome::Failed)
        .map(|record| record.stage)
        .collect();
    let failure: Vec<Stage> = attempt.failure.iter().map(|failure| failure.stage).collect();
    assert_eq!(failed, failure, "{attempt:?}");

    // Not tried because it is known, then passed, then failed, then what was not reached or not wanted: in this order. What
    // the server's security protocol leaves out may stand between two that passed.
    let last_begun = attempt.stages.iter().rposition(|record| record.started.is_some()).unwrap_or_default();
    let place = |outcome| match outcome {
        Outcome::NotTried(NotTried::AddressKnown) => 0,
        Outcome::Passed => 1,
        Outcome::Failed => 2,
        Outcome::NotReached
        | Outcome::NotTried(NotTried::BeyondDepth | NotTried::NotSelected | NotTried::CredentialsNeeded) => 3,
        Outcome::NotTried(_) | _ => 4,
    };
    let left_out =
        [NotTried::NotSelected, NotTried::NoLogonAsked, NotTried::DoneByGateway].map(Outcome::NotTried);
    let in_order = attempt.stages.iter().enumerate().filter(|(at, record)| {
        let left_out = left_out.contains(&record.outcome);
        (*at > last_begun || !left_out) && record.outcome != Outcome::NotTried(NotTried::DoneByGateway)
    });
    assert!(in_order.map(|(_, record)| place(record.outcome)).is_sorted(), "{attempt:?}");
    for record in &attempt.stages {
        let began = matches!(record.outcome, Outcome::Passed | Outcome::Failed);
        assert_eq!((record.started.is_some(), record.duration.is_some()), (began, began), "{record:?}");
        let end = record.started.unwrap_or_default().saturating_add(record.duration.unwrap_or_default());
        for fact in &record.facts {
            // What a tunnel observes beside belongs to the stage that opened it.
            let beside = record.stage == Stage::GatewayChannel;
            assert!(began && record.started <= Some(fact.at) && (beside || fact.at <= end), "{record:?}");
        }
        match record.outcome {
            Outcome::NotReached => assert!(attempt.failure.is_some(), "{attempt:?}"),
            Outcome::NotTried(NotTried::BeyondDepth) => {
                let depth = attempt.purpose.depth(plan, first_hop);
                assert!(attempt.failure.is_none() && record.stage.rank() > depth.rank(), "{attempt:?}");
            }
            Outcome::NotTried(NotTried::NotSelected) => {
                let depth = attempt.purpose.depth(plan, first_hop);
                assert!(record.stage.rank() <= depth.rank(), "{attempt:?}");
            }
            Outcome::NotTried(NotTried::CredentialsNeeded) => {
                let depth = attempt.purpose.depth(plan, first_hop);
                assert!(attempt.failure.is_none() && record.stage.rank() <= depth.rank(), "{attempt:?}");
            }
            Outcome::Passed | Outcome::Failed | Outcome::NotTried(_) | _ => {}
        }
    }
}

/// The first stage begins with the run, and each other where the last one ended.
fn tiles(path: &[AttemptRecord], mut end: Duration) {
    for record in path.iter().flat_map(|attempt| &attempt.stages) {
        if let (Some(started), Some(duration)) = (record.started, record.duration) {
            assert_eq!(started, end, "{path:?}");
            end = started.saturating_add(duration);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]
        #[test]
        fn every_run_ends_well_formed(evidence in generate::evidence()) {
            well_formed(&evidence);
        }

        #[test]
        fn every_string_of_octets_is_a_run(octets in proptest::collection::vec(any::<u8>(), 0..256)) {
            machine(&octets);
        }
    }
}
