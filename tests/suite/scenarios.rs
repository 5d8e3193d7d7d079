//! Every conversation of tests/scenarios, through the machine alone, the driver, and the binary.
use std::net::SocketAddr;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rdp_probe::{
    BoxFuture, Credentials, DialFault, DialFaultKind, Evidence, Gateway, GatewayFact, GatewayTransport, Host,
    Io, Network, Probe, Report, Stage, SystemNetwork, Target,
};
use rdp_probe_testkit::gateway::{Routes, ScriptedGateway, Seen};
use rdp_probe_testkit::scenario::{Connect, Dial, PASSWORD, Player, Resolve, ResolveFault, Shown, candidate};
use rdp_probe_testkit::target::ScriptedTarget;
use rdp_probe_testkit::{Scenario, certificate, machine};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::binary::{self, FORMATS, Output};

/// Scenarios played at the same time.
const AT_ONCE: usize = 8;

/// All scenarios.
pub(crate) fn all() -> &'static [Scenario] {
    static ALL: LazyLock<Vec<Scenario>> = LazyLock::new(|| {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
        Scenario::load_all(&folder).unwrap_or_else(|error| panic!("{error}"))
    });
    &ALL
}

/// The report that the machine alone gives, in the JSON form.
pub(crate) fn machine_report(scenario: &Scenario) -> (Report, Vec<String>) {
    let played = machine::play(scenario);
    let diagnosis = rdp_probe::diagnose(&played.evidence);
    let mut problems: Vec<String> = played.violations.iter().map(ToString::to_string).collect();
    problems.extend(seen_otherwise(scenario, &played.seen));
    problems.extend(scenario.expect.differences(&played.evidence, &diagnosis));
    problems.extend(carried_otherwise(scenario, &played.evidence));
    let target = Target::new(played.evidence.plan.target.host.clone(), played.evidence.plan.target.port);
    (Report::new(target, played.evidence, diagnosis), problems)
}

#[test]
fn every_scenario_is_as_expected_through_the_machine_alone() {
    let mut wrong = Vec::new();
    for scenario in all().iter().filter(|scenario| scenario.is_for(Player::Machine)) {
        let (_, problems) = machine_report(scenario);
        wrong.extend(problems.into_iter().map(|problem| format!("{}: {problem}", scenario.name)));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// What is wrong where a tunnel was begun, and not over the carrier that there is.
fn carried_otherwise(scenario: &Scenario, evidence: &Evidence) -> Option<String> {
    let shown = evidence.shown_gateway()?;
    let begun = evidence.gateway_facts().any(|fact| matches!(fact, GatewayFact::Handshake { .. }));
    let is = if scenario.is_over_two_channels() { GatewayTransport::Http } else { GatewayTransport::WebSocket };
    (begun && shown.transport != Some(is)).then(|| format!("the tunnel is carried by {:?}", shown.transport))
}

/// Those with a gateway, where the tunnel lies in two channels of HTTP in place of a WebSocket: the same fault has the same verdict.
fn over_two_channels() -> Vec<Scenario> {
    let all: Vec<Scenario> = all().iter().filter_map(Scenario::over_two_channels).collect();
    assert!(all.len() > 100, "{} conversations", all.len());
    // How packets lie in messages is no reason to leave one out.
    let in_pieces =
        |scenario: &&Scenario| scenario.gateway.as_ref().is_some_and(|table| table.fragments.is_some());
    for scenario in self::all().iter().filter(in_pieces) {
        assert!(all.iter().any(|own| own.name.starts_with(&scenario.name)), "{}", scenario.name);
    }
    all
}

#[test]
fn every_scenario_of_a_gateway_is_as_expected_over_two_channels_through_the_machine_alone() {
    let mut wrong = Vec::new();
    for scenario in over_two_channels().iter().filter(|scenario| scenario.is_for(Player::Machine)) {
        let (_, problems) = machine_report(scenario);
        wrong.extend(problems.into_iter().map(|problem| format!("{}: {problem}", scenario.name)));
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_report_is_as_its_snapshot_and_fits_the_schema() {
    let schema = serde_json::to_value(Report::schema()).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for scenario in all().iter().filter(|scenario| scenario.is_for(Player::Machine)) {
        let (report, _) = machine_report(scenario);
        let mut json = serde_json::to_value(&report).unwrap();
        let errors: Vec<String> =
            validator.iter_errors(&json).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{}:\n{}", scenario.name, errors.join("\n"));
        // Internal, and no promise: `evidence_gives_every_report_again` holds it.
        json.as_object_mut().unwrap().remove("evidence").unwrap();
        assert!(validator.is_valid(&json), "{}: the schema wants the evidence", scenario.name);
        settings.set_description(scenario.title.clone());
        settings.bind(|| insta::assert_json_snapshot!(scenario.name.clone(), json));
    }
}

#[test]
fn every_report_fits_any_terminal() {
    for scenario in all().iter().filter(|scenario| scenario.is_for(Player::Machine)) {
        let (report, _) = machine_report(scenario);
        let printed = std::panic::catch_unwind(|| rdp_probe_cli::oracle::printed(&report));
        assert!(printed.is_ok(), "{}", scenario.name);
    }
}

#[test]
fn evidence_gives_every_report_again() {
    for scenario in all().iter().filter(|scenario| scenario.is_for(Player::Machine)) {
        let (report, _) = machine_report(scenario);
        let json = serde_json::to_string(&report).unwrap();
        let again = Report::from_json(&json).unwrap_or_else(|error| panic!("{}: {error}", scenario.name));
        assert_eq!(serde_json::to_string(&again).unwrap(), json, "{}", scenario.name);
    }
}

#[test]
fn every_scenario_is_as_expected_through_the_driver() {
    play_all(all(), Player::Driver, through_the_driver);
}

#[test]
fn every_scenario_of_a_gateway_is_as_expected_over_two_channels_through_the_driver() {
    play_all(&over_two_channels(), Player::Driver, through_the_driver);
}

pub(crate) async fn through_the_driver(scenario: Scenario) -> Vec<String> {
    let (report, mut problems) = match driven(&scenario).await {
        Ok(driven) => driven,
        Err(error) => return vec![format!("the scripted target does not start: {error}")],
    };
    problems.extend(carried_otherwise(&scenario, &report.evidence));
    let mut diagnosis = report.diagnosis.clone();
    diagnosis.findings.retain(|finding| is_of(&scenario, finding.id));
    problems.extend(scenario.expect.differences(&report.evidence, &diagnosis));
    problems.extend(tiles(&report));
    problems
}

/// Whether a finding is one of the conversation, and not of the computer that it is played on: a busy one may stand still, and then says so.
fn is_of(scenario: &Scenario, finding: &str) -> bool {
    finding != "this-computer-stood-still"
        || scenario.expect.findings.iter().any(|expected| expected == finding)
}

/// The report that the driver gives over loopback, and where script and driver disagree.
pub(crate) async fn driven(scenario: &Scenario) -> std::io::Result<(Report, Vec<String>)> {
    let target = ScriptedTarget::start(scenario).await?;
    let gateway = in_front(scenario, &target)?;
    let plan = scenario.plan(target.port());
    let mut builder = Probe::builder(Target::new(plan.target.host.clone(), plan.target.port)).plan(plan);
    if let Some(served) = &gateway {
        builder = builder.gateway(gateway_of(scenario, served.address()));
        builder = builder.timeout(scenario.plan.overall.unwrap_or(Duration::from_secs(20)));
    }
    if let Some(root) = scenario.plan.root() {
        builder = builder.trust(certificate::pem_of(&root).as_bytes()).unwrap();
    }
    if let Some(user) = scenario.plan.user.as_ref().filter(|_| !scenario.plan.no_context) {
        let credentials = Credentials::new(user, None, PASSWORD.to_owned()).unwrap();
        builder = builder.credentials(credentials);
        builder = builder.accept_certificate(scenario.plan.accept_certificate);
        builder = builder.restricted_admin(scenario.plan.restricted_admin);
    }
    // What can happen for real on loopback does.
    let dial = &scenario.dial;
    if dial.resolve.is_some()
        || !dial.connect.is_empty()
        || dial.again.is_some()
        || scenario.addresses().is_empty()
        || scenario.direct.is_some()
    {
        let (scenario, dialed) = (scenario.clone(), AtomicUsize::new(0));
        builder = builder.network(Arc::new(Scripted { scenario, target: target.port(), dialed }));
    } else if gateway.is_none() {
        builder = builder.resolve_to(target.addresses().collect());
    }
    let report = builder.build().unwrap().run().await;
    let mut problems = seen(scenario, gateway).await;
    let served = target.finish().await;
    problems.extend(served.violations.iter().map(ToString::to_string));
    Ok((report, problems))
}

/// What the program does over loopback, and where script and program disagree.
pub(crate) async fn programmed(scenario: &Scenario) -> std::io::Result<(Output, Vec<String>)> {
    let target = ScriptedTarget::start(scenario).await?;
    let gateway = in_front(scenario, &target)?;
    let mut arguments = scenario.arguments(target.port());
    if let Some(gateway) = &gateway {
        let front = scenario.arguments_of_gateway(gateway.address());
        arguments.splice(0..0, front);
    }
    arguments.extend(["-o", "json"].map(str::to_owned));
    let run = tokio::task::spawn_blocking(move || {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        binary::run(&arguments)
    });
    let output = run.await.unwrap();
    let mut problems = seen(scenario, gateway).await;
    let served = target.finish().await;
    problems.extend(served.violations.iter().map(ToString::to_string));
    Ok((output, problems))
}

/// The gateway of a scenario that has one, in front of its target; where that serves no connection, it is not there.
fn in_front(scenario: &Scenario, target: &ScriptedTarget) -> std::io::Result<Option<ScriptedGateway>> {
    let Some(table) = &scenario.gateway else { return Ok(None) };
    let routes = match target.addresses().next().filter(|_| !scenario.connections.is_empty()) {
        Some(address) => Routes::nowhere().with(&scenario.target.host.to_string(), target.port(), address),
        None => Routes::nowhere(),
    };
    ScriptedGateway::start(table, routes).map(Some)
}

/// The same to the library.
fn gateway_of(scenario: &Scenario, address: SocketAddr) -> Gateway {
    let table = scenario.gateway.as_ref().unwrap();
    let mut gateway =
        Gateway::new(table.host.clone(), address.port()).accept_consent(scenario.plan.accept_consent);
    gateway = gateway.channel_binding(!scenario.plan.gateway_unbound).detect(scenario.direct.is_some());
    if let Some(transport) = scenario.plan.gateway_transport {
        gateway = gateway.transport(transport);
    }
    if let Some(scheme) = scenario.plan.gateway_auth {
        gateway = gateway.auth(scheme);
    }
    if scenario.dial.resolve.is_none() && scenario.dial.connect.is_empty() {
        gateway = gateway.resolve_to(vec![address]);
    }
    if !scenario.plan.gateway_untrusted {
        gateway = gateway.trust(certificate::pem_of(&certificate::authority()).as_bytes()).unwrap();
    }
    for pin in &scenario.plan.gateway_pins {
        gateway = gateway.pin(pin);
    }
    match scenario.gateway_shows() {
        Some(Shown::Account(user, password)) => {
            gateway.credentials(Credentials::new(&user, None, password).unwrap())
        }
        Some(Shown::Token(token)) => gateway.token(token.into()).unwrap(),
        None => gateway,
    }
}

/// What a gateway saw that is wrong, and in what it differs from what it should have seen.
async fn seen(scenario: &Scenario, gateway: Option<ScriptedGateway>) -> Vec<String> {
    let Some(gateway) = gateway else { return Vec::new() };
    let seen = gateway.finish().await;
    seen.violations.iter().cloned().chain(seen_otherwise(scenario, &seen)).collect()
}

/// More than one logon a tunnel, or a secret where nobody vouched for it.
fn seen_otherwise(scenario: &Scenario, seen: &Seen) -> Vec<String> {
    let mut problems = Vec::new();
    // The second one of some ends before it is one.
    let departs = scenario.gateway.as_ref().and_then(|table| table.departs.as_ref());
    let cut_short = departs.is_some_and(|departure| departure.connection == Some(2));
    let tunnels = scenario.connections.len().max(1) + usize::from(cut_short);
    // On IN again, by whom OUT had let in by HTTP, and by nobody else.
    let in_http = |scheme: &String| ["Basic", "NTLM", "Negotiate"].contains(&scheme.as_str());
    let again = if seen.authorizations.iter().any(in_http) { seen.out_channels } else { 0 };
    if seen.logons > tunnels + again {
        let logons = seen.logons;
        problems.push(format!("{logons} logons, {tunnels} connections to the target, {again} OUT channels"));
    }
    let vouched = scenario.expect.stage != Some(Stage::GatewayTls);
    if !(vouched || seen.secrets_seen.is_empty()) {
        problems.push("a secret went to a gateway that nobody vouches for".to_owned());
    }
    problems
}

/// The main path's stages follow each other without a gap.
fn tiles(report: &Report) -> Vec<String> {
    let mut end = Duration::ZERO;
    let mut problems = Vec::new();
    // A path that a second look opened begins when that had asked so far, and a gateway's when the direct way had ended.
    if report.evidence.is_by_cookie() || report.evidence.gave_direct_up() {
        let stages = report.evidence.main_path().iter().flat_map(|attempt| &attempt.stages);
        end = stages.filter_map(|record| record.started).next().unwrap_or_default();
    }
    for record in report.evidence.main_path().iter().flat_map(|attempt| &attempt.stages) {
        let (Some(started), Some(duration)) = (record.started, record.duration) else { continue };
        if started != end {
            problems
                .push(format!("{} began at {started:?}, the stage before it ended at {end:?}", record.stage));
        }
        end = started.saturating_add(duration);
    }
    problems
}

#[test]
fn every_scenario_is_as_expected_through_the_binary() {
    binary::binary();
    play_all(all(), Player::Binary, through_the_binary);
}

#[test]
fn every_scenario_of_a_gateway_is_as_expected_over_two_channels_through_the_binary() {
    binary::binary();
    play_all(&over_two_channels(), Player::Binary, through_the_binary);
}

async fn through_the_binary(scenario: Scenario) -> Vec<String> {
    let (output, mut problems) = match programmed(&scenario).await {
        Ok(programmed) => programmed,
        Err(error) => return vec![format!("the scripted target does not start: {error}")],
    };
    let Some(json) = &output.json else {
        problems.push(format!("no JSON: {} {}", output.stdout, output.stderr));
        return problems;
    };
    problems.extend(as_json_expects(&scenario, json));
    if output.status != Some(i32::from(scenario.expect.exit)) {
        problems.push(format!("exit status {:?}, expected {}", output.status, scenario.expect.exit));
    }
    // Who logs on for a depth behind the logon is told what that does.
    let told = scenario.plan.user.is_some()
        && scenario.plan.until.is_some_and(|until| until.rank() > Stage::Credssp.rank());
    if told != output.stderr.contains("a session begins") || (!told && !output.stderr.is_empty()) {
        problems.push(format!("standard error has {:?}", output.stderr));
    }
    problems
}

/// A candidate of the JSON form as scenarios spell it.
fn shown(item: &Value) -> String {
    let half = |key: &str| item[key].as_str().unwrap_or("-").to_owned();
    format!("{}/{} {} {}", half("code"), half("extended"), half("likelihood"), half("basis"))
}

/// What a peer names itself goes to terminals, logs and pages.
#[test]
fn hostile_names_reach_no_output_unescaped_or_at_full_length() {
    const LONGEST: usize = 32_768;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let hostile: Vec<&Scenario> =
        all().iter().filter(|scenario| scenario.name.ends_with("hostile-names")).collect();
    assert_eq!(hostile.len(), 2);
    for scenario in hostile {
        let formats = FORMATS.map(|format| vec!["-o", format]);
        for output in formats.into_iter().chain([vec!["-v"], vec!["-vv"], vec!["--brief"]]) {
            let target = runtime.block_on(ScriptedTarget::start(scenario)).unwrap();
            let mut arguments = scenario.arguments(target.port());
            arguments.extend(output.iter().map(|word| (*word).to_owned()));
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            let run = binary::run(&arguments);
            runtime.block_on(target.finish());
            let text = run.stdout + &run.stderr;
            let bad = |c: &char| {
                (c.is_control() && *c != '\n') || matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
            };
            let found: Vec<char> = text.chars().filter(bad).collect();
            assert!(found.is_empty(), "{} {output:?}: {found:?}", scenario.name);
            // Of a target that is in order, GitHub is told nothing.
            let least = usize::from(output != ["-o", "github"]);
            assert!(
                (least..LONGEST).contains(&text.len()),
                "{} {output:?}: {} octets",
                scenario.name,
                text.len()
            );
        }
    }
}

/// The expectations, held against the JSON form.
fn as_json_expects(scenario: &Scenario, json: &Value) -> Vec<String> {
    let expect = &scenario.expect;
    let ids = |list: &Value, key: &str| -> Vec<String> {
        let ids = list.as_array().into_iter().flatten().filter_map(|item| item[key].as_str());
        ids.map(str::to_owned).collect()
    };
    let text = |id: Option<&str>| id.map_or(Value::Null, Value::from);
    let mstsc: Vec<String> = json["mstsc"].as_array().into_iter().flatten().map(shown).collect();
    let findings: Vec<String> =
        ids(&json["findings"], "id").into_iter().filter(|finding| is_of(scenario, finding)).collect();
    let mut pairs = vec![
        ("outcome", json["verdict"]["outcome"].clone(), text(Some(expect.outcome.id()))),
        ("stage", json["verdict"]["stage"].clone(), text(expect.stage.map(Stage::id))),
        ("hop", json["verdict"]["hop"].clone(), text(expect.hop.map(rdp_probe::Hop::id))),
        ("rule", json["verdict"]["rule"].clone(), text(expect.rule.as_deref())),
        ("exit_code", json["verdict"]["exit_code"].clone(), Value::from(expect.exit)),
        ("findings", findings.into(), expect.findings.clone().into()),
        ("mstsc", mstsc.into(), expect.mstsc.clone().into()),
    ];
    if let Some(causes) = &expect.causes {
        pairs.push(("causes", ids(&json["causes"], "rule").into(), causes.clone().into()));
    }
    let security = &expect.security;
    let mut protocol = |name, got: &Value, expected: Option<Value>| {
        pairs.extend(expected.map(|expected| (name, got.clone(), expected)));
    };
    for (name, offered) in security.protocols() {
        protocol(name, &json["security"]["protocols"][name], offered.map(|o| serde_json::to_value(o).unwrap()));
    }
    protocol("nla", &json["security"]["nla"], security.nla.map(|nla| serde_json::to_value(nla).unwrap()));
    let differences = pairs.into_iter().filter(|(_, got, expected)| got != expected);
    differences.map(|(what, got, expected)| format!("{what}: got {got}, expected {expected}")).collect()
}

/// Plays every scenario of this player, some at a time, and fails with all that is wrong.
fn play_all<F>(scenarios: &[Scenario], player: Player, play: impl Fn(Scenario) -> F)
where
    F: Future<Output = Vec<String>> + Send + 'static,
{
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let wrong = runtime.block_on(async {
        let mut wrong = Vec::new();
        let mut running = JoinSet::new();
        let mut rest = scenarios.iter().filter(|scenario| scenario.is_for(player));
        loop {
            while running.len() < AT_ONCE
                && let Some(scenario) = rest.next()
            {
                let (name, playing) = (scenario.name.clone(), play(scenario.clone()));
                running.spawn(async move { (name, playing.await) });
            }
            let Some(played) = running.join_next().await else { break };
            let (name, problems) = played.unwrap();
            wrong.extend(problems.into_iter().map(|problem| format!("{name}: {problem}")));
        }
        wrong.sort();
        wrong
    });
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Resolves and dials as a scenario says.
#[derive(Debug)]
struct Scripted {
    scenario: Scenario,
    /// The target's port.
    target: u16,
    /// How many connections were made.
    dialed: AtomicUsize,
}

impl Scripted {
    /// Who is meant by this port, and what dialling them does.
    fn at(&self, port: u16) -> (&Dial, &Host) {
        match &self.scenario.direct {
            Some(direct) if port == self.target => (direct, &self.scenario.target.host),
            Some(_) | None => (&self.scenario.dial, self.scenario.first_host()),
        }
    }
}

impl Network for Scripted {
    fn resolve<'a>(&'a self, _: &'a str, port: u16) -> BoxFuture<'a, Result<Vec<SocketAddr>, DialFault>> {
        Box::pin(async move {
            let (dial, host) = self.at(port);
            match &dial.resolve {
                Some(Resolve::Fault(ResolveFault::NotFound)) => Err(DialFault::new(DialFaultKind::NotFound)),
                Some(Resolve::Fault(ResolveFault::ResolverFailed)) => {
                    Err(DialFault::new(DialFaultKind::ResolverFailed))
                }
                Some(Resolve::Fault(ResolveFault::LocalResources)) => {
                    Err(DialFault::new(DialFaultKind::LocalResources))
                }
                Some(Resolve::Fault(ResolveFault::TimedOut)) => std::future::pending().await,
                Some(Resolve::Fault(other)) => panic!("{other:?} has no meaning here yet"),
                Some(Resolve::Addresses(_)) | None => {
                    Ok(dial.addresses(host).into_iter().map(|ip| SocketAddr::new(ip, port)).collect())
                }
            }
        })
    }

    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Io>, DialFault>> {
        let dialed = self.dialed.fetch_add(1, Ordering::Relaxed);
        let again = self.scenario.dial.again.filter(|_| dialed > 0);
        let connect = again.unwrap_or_else(|| self.at(address.port()).0.connect(address.ip()));
        if connect == Connect::Ok {
            return SystemNetwork.dial(address);
        }
        match connect.fault() {
            Some(fault) => Box::pin(std::future::ready(Err(fault))),
            None => Box::pin(std::future::pending()),
        }
    }
}

/// `candidate` spells a pair as the scenarios do; the JSON form has to agree with it, entry by entry.
#[test]
fn mstsc_candidates_are_spelt_alike_in_both_forms() {
    let mut compared = 0_usize;
    for scenario in all().iter().filter(|scenario| scenario.is_for(Player::Machine)) {
        let (report, _) = machine_report(scenario);
        let spelt: Vec<String> = report.diagnosis.mstsc.iter().map(candidate).collect();
        let json = serde_json::to_value(&report).unwrap();
        let in_json: Vec<String> = json["mstsc"].as_array().unwrap().iter().map(shown).collect();
        assert_eq!(in_json, spelt, "{}", scenario.name);
        compared += spelt.len();
    }
    assert!(compared > 0, "no scenario has a candidate");
}
