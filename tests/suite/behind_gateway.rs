//! The conversations of tests/scenarios once more, behind a gateway: what a target says is the same from wherever it is asked.
use std::collections::BTreeSet;

use rdp_probe::{Close, Diagnosis, Evidence, Hop, Report, Stage, StageRecord, TunnelEnd};
use rdp_probe_testkit::Scenario;
use rdp_probe_testkit::scenario::{GatewayTable, Player};
use tokio::task::JoinSet;

use crate::scenarios::{all, driven, machine_report, programmed};

/// The conversations of one connection that every dial leads to.
fn conversations() -> impl Iterator<Item = Scenario> {
    let one = |scenario: &&Scenario| {
        scenario.gateway.is_none()
            && scenario.connections.len() == 1
            && scenario.dial.resolve.is_none()
            && scenario.dial.connect.is_empty()
            && !scenario.plan.all_addresses
            // Ends before there is a target to speak with.
            && scenario.plan.until.is_none_or(|until| until.rank() > Stage::TcpConnect.rank())
    };
    all().iter().filter(one).map(|scenario| {
        let mut scenario = scenario.clone();
        scenario.plan.enumerate = false;
        scenario.plan.second_look = false;
        scenario
    })
}

/// The same conversation behind a gateway, by each transport.
fn behind(scenario: &Scenario) -> [Scenario; 2] {
    let mut by_websocket = scenario.clone();
    by_websocket.gateway = Some(GatewayTable::default());
    let by_two_channels = by_websocket.over_two_channels().unwrap();
    [by_websocket, by_two_channels]
}

/// A stage by its id, how it ended, and its facts by their ids and values.
type Shown = (&'static str, &'static str, Vec<(&'static str, Vec<(&'static str, String)>)>);

/// What the target showed from the negotiation on.
fn shown(evidence: &Evidence) -> Vec<Shown> {
    let stages = evidence.path().iter().flat_map(|attempt| attempt.stages_for(Hop::Target));
    let of_target = stages.filter(|record| record.stage.rank() >= Stage::ConnectionInitiation.rank());
    let facts = |record: &StageRecord| {
        let facts = record.facts.iter().map(|fact| &fact.observed);
        facts.map(|fact| (fact.id(), fact.fields().into_iter().collect())).collect()
    };
    of_target.map(|record| (record.stage.id(), record.outcome.id(), facts(record))).collect()
}

/// Where the two reports differ.
fn differences(name: &str, direct: &Report, behind: &Report) -> Vec<String> {
    let mut problems = Vec::new();
    let (one, other) = (shown(&direct.evidence), shown(&behind.evidence));
    if one != other {
        problems.push(format!("{name}: direct {one:#?}\nbehind {other:#?}"));
    }
    let how = |report: &Report| report.evidence.failure().and_then(|failure| failure.kind.close());
    let (one, other) = (&direct.diagnosis, &behind.diagnosis);
    if one.verdict.exit != other.verdict.exit {
        problems.push(format!("{name}: exit {}, behind the gateway {}", one.verdict.exit, other.verdict.exit));
    }
    // A FIN and a RST look alike behind a gateway.
    let is_reset = matches!(how(direct), Some(Close::Reset | Close::Broken { .. }));
    let causes = |diagnosis: &Diagnosis| {
        let mut causes: Vec<&str> = diagnosis.causes.iter().map(|rule| rule.id).collect();
        // Which of them comes first hangs on whose address it is, and a gateway does not tell.
        if direct.evidence.is_own_address() {
            causes.sort_unstable();
        }
        causes
    };
    if !is_reset && causes(one) != causes(other) {
        problems.push(format!("{name}: causes {:?}, behind the gateway {:?}", causes(one), causes(other)));
    }
    match how(direct) {
        Some(Close::Fin | Close::Reset | Close::Broken { .. }) => {
            let targets = Some(Close::Tunnel(TunnelEnd::Channel(0xA0)));
            if how(behind) != targets {
                problems.push(format!("{name}: ended by {:?}", how(behind)));
            }
        }
        direct if direct != how(behind) => {
            problems.push(format!("{name}: ended by {direct:?}, behind the gateway by {:?}", how(behind)));
        }
        _ => {}
    }
    problems
}

#[test]
fn what_a_target_says_is_the_same_behind_a_gateway_through_the_machine_alone() {
    let mut problems = Vec::new();
    let mut played = 0;
    for scenario in conversations().filter(|scenario| scenario.is_for(Player::Machine)) {
        let (direct, _) = machine_report(&scenario);
        for scenario in behind(&scenario) {
            let (report, violations) = machine_report(&scenario);
            problems.extend(differences(&scenario.name, &direct, &report));
            // What the scenario expects of causes and candidates is held by the comparison.
            let of_gateway = violations.into_iter().filter(|problem| problem.contains("gateway:"));
            problems.extend(of_gateway.map(|problem| format!("{}: {problem}", scenario.name)));
        }
        played += 1;
    }
    assert!(played > 100, "{played} conversations");
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

#[test]
fn what_a_target_says_is_the_same_behind_a_gateway_through_the_driver() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let problems = runtime.block_on(async {
        let mut problems = Vec::new();
        let mut running = JoinSet::new();
        let mut rest = conversations().filter(|scenario| scenario.is_for(Player::Driver));
        loop {
            while running.len() < 8
                && let Some(scenario) = rest.next()
            {
                running.spawn(async move {
                    let (direct, _) = driven(&scenario).await.unwrap();
                    let mut problems = Vec::new();
                    for scenario in behind(&scenario) {
                        let (report, _) = driven(&scenario).await.unwrap();
                        problems.extend(differences(&scenario.name, &direct, &report));
                    }
                    problems
                });
            }
            let Some(compared) = running.join_next().await else { break };
            problems.extend(compared.unwrap());
        }
        problems
    });
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
}

/// Each end of the target's in each of its stages is told by the program as without a gateway.
#[test]
fn what_a_target_says_is_the_same_behind_a_gateway_through_the_program() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (problems, stages) = runtime.block_on(async {
        let (mut problems, mut stages) = (Vec::new(), BTreeSet::new());
        let mut running = JoinSet::new();
        let mut rest = conversations()
            .filter(|scenario| scenario.is_for(Player::Binary))
            .flat_map(|scenario| behind(&scenario));
        loop {
            while running.len() < 8
                && let Some(scenario) = rest.next()
            {
                running.spawn(async move {
                    let (output, _) = programmed(&scenario).await.unwrap();
                    (scenario, output)
                });
            }
            let Some(ran) = running.join_next().await else { break };
            let (scenario, output) = ran.unwrap();
            let (name, expect) = (&scenario.name, &scenario.expect);
            let json = output.json.unwrap_or_else(|| panic!("{name}: {}{}", output.stdout, output.stderr));
            let verdict = &json["verdict"];
            if output.status != Some(i32::from(expect.exit)) || verdict["exit_code"] != expect.exit {
                problems.push(format!("{name}: exit {:?}, expected {}", output.status, expect.exit));
            }
            let stage = expect.stage.map_or(serde_json::Value::Null, |stage| stage.id().into());
            if verdict["stage"] != stage {
                problems.push(format!("{name}: stage {}, expected {stage}", verdict["stage"]));
            }
            stages.extend(expect.stage.map(Stage::id));
        }
        (problems, stages)
    });
    assert!(problems.is_empty(), "\n{}", problems.join("\n"));
    let all = ["connection_initiation", "tls", "credssp", "basic_settings_exchange", "rdstls", "rdsaad"];
    assert!(all.iter().all(|stage| stages.contains(stage)), "{stages:?}");
}
