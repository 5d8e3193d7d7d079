//! What a run makes of one operation of its network that fails, is short, or is slow: each of all that a conversation takes.
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rdp_probe::{BoxFuture, DialFault, DialFaultKind, Hop, Io, Network, Probe, Report, SystemNetwork, Target};
use rdp_probe_testkit::Scenario;
use rdp_probe_testkit::faults::{Done, Fault, Faults, Faulty, Operation};
use rdp_probe_testkit::target::ScriptedTarget;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

use crate::scenarios;

/// One of each kind of path: to the end of each depth, with and without a fallback, with all that follows the main path, and
/// into failures at every stage.
pub(crate) const CONVERSATIONS: [&str; 10] = [
    "challenge-of-a-domain-member",
    "challenge-over-tls-1-2",
    "fallback-to-tls",
    "selects-standard-security",
    "preconnection-blob-is-sent",
    "all-addresses-work",
    "enumerated-nla-required",
    "failure-5-nla-required",
    "certificate-is-not-the-pinned-one",
    "alert-handshake-failure-at-every-hello",
];

/// ENOBUFS of Linux: this computer's, whatever the operation.
const NO_BUFFERS: i32 = 105;

/// Later than everything else, and long before any limit.
const LATER: Duration = Duration::from_millis(30);

/// Longer than any of these runs may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs at the same time.
const AT_ONCE: usize = 8;

/// The operating system's network, with a fault in it.
#[derive(Debug)]
struct Faulted {
    addresses: Vec<SocketAddr>,
    faults: Arc<Faults>,
}

impl Faulted {
    async fn befalls(&self, operation: Operation) -> Result<(), DialFault> {
        match self.faults.befalls(operation) {
            Some(Fault::Fails(os)) => Err(DialFault::with_os(DialFaultKind::LocalResources, os)),
            Some(Fault::Slow(time)) => {
                sleep(time).await;
                Ok(())
            }
            Some(Fault::Short) | None => Ok(()),
        }
    }
}

impl Network for Faulted {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, Result<Vec<SocketAddr>, DialFault>> {
        Box::pin(async move {
            self.befalls(Operation::Resolve).await?;
            Ok(self.addresses.clone())
        })
    }

    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Io>, DialFault>> {
        Box::pin(async move {
            self.befalls(Operation::Dial).await?;
            let stream = SystemNetwork.dial(address).await?;
            let stream: Box<dyn Io> = Box::new(Faulty::new(stream, Arc::clone(&self.faults)));
            Ok(stream)
        })
    }
}

/// Plays a conversation over a network with these faults; no report when it does not end.
async fn play(scenario: &Scenario, faults: &Arc<Faults>) -> Option<Report> {
    let target = ScriptedTarget::start(scenario).await.unwrap();
    let plan = scenario.plan(target.port());
    let network = Faulted { addresses: target.addresses().collect(), faults: Arc::clone(faults) };
    let builder = Probe::builder(Target::new(plan.target.host.clone(), plan.target.port)).plan(plan);
    let probe = builder.network(Arc::new(network)).build().unwrap();
    timeout(PATIENCE, probe.run()).await.ok()
}

/// What is wrong with a report on a run with this fault, which struck there; beside it the report without one.
fn problems(
    scenario: &Scenario,
    fault: Fault,
    (place, (connection, operation)): (usize, Done),
    done: &[Done],
    (report, without): (&Report, &Report),
) -> Vec<String> {
    let verdict = &report.diagnosis.verdict;
    let Fault::Fails(_) = fault else {
        // In how many pieces octets come, and when, changes nothing.
        return scenario.expect.differences(&report.evidence, &report.diagnosis);
    };
    // What follows the main path decides nothing; what it could not ask stays unknown.
    if connection > report.evidence.main_path().len() {
        return claims_too_much(report, without);
    }
    let differences = scenario.expect.differences(&report.evidence, &report.diagnosis);
    if differences.is_empty() && !is_needed(scenario, place, (connection, operation), done) {
        return Vec::new();
    }
    let mut wrong = Vec::new();
    if verdict.exit == 0 {
        wrong.push("healthy".to_owned());
    }
    if verdict.hop != Some(Hop::Client) {
        wrong.push(format!("laid at {:?}: {:?}", verdict.hop, report.summary()));
    }
    wrong
}

/// Whether an operation of the main path that failed was one that the verdict rests on.
fn is_needed(scenario: &Scenario, place: usize, (connection, operation): Done, done: &[Done]) -> bool {
    match operation {
        // A farewell is heard by nobody.
        Operation::Write | Operation::Flush | Operation::Shutdown => {
            done.iter().skip(place).any(|(of, later)| *of == connection && *later == Operation::Read)
        }
        // TLS reads ahead of what it gives.
        Operation::Read => !scenario.title.contains("CredSSP"),
        Operation::Resolve | Operation::Dial => true,
    }
}

/// Where a report says of a protocol what it could not know, or is of another mind than without a fault.
fn claims_too_much(report: &Report, without: &Report) -> Vec<String> {
    let mut wrong = Vec::new();
    let verdict = &report.diagnosis.verdict;
    // Of several addresses the worst decides, and this computer's failure at one of them is a failure.
    if *verdict != without.diagnosis.verdict && verdict.hop != Some(Hop::Client) {
        wrong.push(format!("another verdict: {:?}", report.summary()));
    }
    let protocols = |report: &Report| serde_json::to_value(report).unwrap()["security"]["protocols"].clone();
    let (said, known) = (protocols(report), protocols(without));
    for (name, said) in said.as_object().unwrap() {
        if *said != known[name] && *said != "unknown" {
            wrong.push(format!("{name} is {said}, and was {}", known[name]));
        }
    }
    wrong
}

/// The exit codes of docs/exit-codes.md.
pub(crate) fn documented() -> BTreeSet<u8> {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/exit-codes.md");
    let text = std::fs::read_to_string(path).unwrap();
    let rows = text.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse().ok());
    rows.collect()
}

#[test]
fn any_operation_that_fails_or_is_short_or_slow_comes_to_what_is_known() {
    let documented = documented();
    assert!(documented.len() > 30, "{documented:?}");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let wrong = runtime.block_on(async {
        let mut cases = Vec::new();
        for name in CONVERSATIONS {
            let scenario = scenarios::all().iter().find(|scenario| scenario.name == name).unwrap();
            let faults = Arc::new(Faults::none());
            let report = Arc::new(play(scenario, &faults).await.unwrap());
            assert_eq!(scenario.expect.differences(&report.evidence, &report.diagnosis), [""; 0], "{name}");
            for place in 0..faults.done().len() {
                let each = [Fault::Fails(NO_BUFFERS), Fault::Short, Fault::Slow(LATER)];
                cases.extend(each.map(|fault| (scenario, Arc::clone(&report), place, fault)));
            }
        }
        assert!(cases.len() > 250, "{} cases", cases.len());
        let mut running = JoinSet::new();
        let mut cases = cases.into_iter();
        let mut wrong = Vec::new();
        loop {
            while running.len() < AT_ONCE
                && let Some((scenario, without, place, fault)) = cases.next()
            {
                running.spawn(async move {
                    let faults = Arc::new(Faults::at(place, fault));
                    (scenario, without, fault, play(scenario, &faults).await, faults)
                });
            }
            let Some(ended) = running.join_next().await else { break };
            let (scenario, without, fault, report, faults) = ended.unwrap();
            // How many reads there are is not the same in every run.
            let Some(struck) = faults.struck() else { continue };
            let Some(report) = report else {
                wrong.push(format!("{}: {fault:?} at {struck:?}: no report", scenario.name));
                continue;
            };
            let exit = report.exit_code();
            let mut all = problems(scenario, fault, struck, &faults.done(), (&report, &without));
            if !documented.contains(&exit) {
                all.push(format!("exit code {exit}"));
            }
            wrong.extend(
                all.into_iter().map(|what| format!("{}: {fault:?} at {struck:?}: {what}", scenario.name)),
            );
        }
        wrong.sort();
        wrong
    });
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
