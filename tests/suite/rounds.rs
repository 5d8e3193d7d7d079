//! A target that is probed again and again: until it is ready, or by a number.
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rdp_probe::Statistics;
use serde_json::Value;

use crate::binary::{Output, code, run};
use crate::catalogue::generated;
use crate::peer::xrdp::{self, Certificate, SecurityLayer};
use crate::runner::{Servers, command, end, ended};
use crate::scenarios::{all, machine_report};

/// Nothing listens there.
const CLOSED: &str = "127.0.0.1:20999";
const REQUEST: &str = "{ expect = \"connection_request\" }";
const SELECTS_NOTHING: &str = "{ send = \"03 00 00 0b 06 d0 00 00 12 34 00\" }";
const HANG_UP: &str = "{ close = \"fin\" }";
/// As long as anything may take that does not hang.
const PATIENCE: Duration = Duration::from_secs(60);

/// A program under way, and the lines of its standard error as they come.
struct Waiting {
    child: Child,
    lines: Receiver<String>,
}

impl Waiting {
    fn start(arguments: &[&str]) -> Self {
        let mut child = command(arguments).stdout(Stdio::null()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (said, lines) = channel();
        thread::spawn(move || stderr.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
        Self { child, lines }
    }

    /// The first line to come that has this in it, and all before it.
    fn until(&self, part: &str) -> Vec<String> {
        let begun = Instant::now();
        let mut seen = Vec::new();
        while !seen.last().is_some_and(|line: &String| line.contains(part)) {
            let left = PATIENCE.saturating_sub(begun.elapsed());
            let line = self.lines.recv_timeout(left).unwrap_or_else(|_| panic!("no {part:?} in {seen:?}"));
            seen.push(line);
        }
        seen
    }

    fn ends(mut self) -> (Option<i32>, Vec<String>) {
        let status = ended(&mut self.child);
        (code(status), self.lines.iter().collect())
    }
}

/// Not there, there after a while, gone again once it had answered, there for good: only the last is ready.
#[test]
fn a_server_is_ready_when_it_is_there_and_stays() {
    let mut peer = xrdp::start(SecurityLayer::Tls, Certificate::SelfSigned);
    peer.stop();
    let address = peer.address().to_string();
    let waiting = Waiting::start(&["wait", &address, "--for", "50s", "--every", "1500ms"]);
    waiting.until("refused the connection");
    thread::sleep(Duration::from_secs(3));
    xrdp::start_again(&mut peer);
    waiting.until("(1 of 2 in a row)");
    peer.stop();
    let seen = waiting.until("refused the connection");
    assert!(!seen.iter().any(|line| line.contains("is ready")), "{seen:?}");
    xrdp::start_again(&mut peer);
    let mut after = waiting.until("(1 of 2 in a row)");
    let (code, rest) = waiting.ends();
    after.extend(rest);
    assert_eq!(code, Some(0), "{after:?}");
    assert!(after.iter().any(|line| line.contains("(2 of 2 in a row)")), "{after:?}");
    assert!(after.last().unwrap().contains(&format!("{address} is ready after ")), "{after:?}");
}

#[test]
fn a_port_that_stays_closed_ends_the_wait_with_its_own_code_and_its_whole_verdict() {
    let begun = Instant::now();
    let Output { status, stdout, stderr, .. } = run(&["wait", CLOSED, "--for", "1s", "--every", "300ms"]);
    let took = begun.elapsed();
    assert_eq!(status, Some(11), "{stderr}");
    assert!(took >= Duration::from_secs(1), "{took:?}");
    // One line when it was seen first, since nothing changed; one at the end.
    assert_eq!(stderr.lines().count(), 2, "{stderr}");
    assert!(
        stderr.lines().next().unwrap().contains("refused the connection") && stderr.contains("(exit code 11)"),
        "{stderr}"
    );
    assert!(
        stderr.contains("is not ready after 1.0 s, in ") && stdout.contains("FAILED at tcp_connect (target)"),
        "{stderr}{stdout}"
    );
    let quiet = run(&["wait", CLOSED, "--for", "200ms", "-q"]);
    assert_eq!((quiet.status, quiet.stdout.as_str(), quiet.stderr.as_str()), (Some(11), "", ""));
}

/// On a terminal each target has a line that is written again, within its width, and taken away before what stays.
#[test]
fn on_a_terminal_each_target_has_a_line_of_its_own() {
    let program = crate::binary::binary().display();
    let wait = format!(
        "stty cols 40; {program} wait {CLOSED} 127.0.0.1:20998 --for 1500ms --every 300ms -o line >/dev/null"
    );
    let mut script = crate::binary::heeding_signals("script");
    script.args(["-qec", &wait, "/dev/null"]).env("SHELL", "/bin/sh").env("TERM", "xterm").stdin(Stdio::null());
    let said = String::from_utf8(script.output().unwrap().stdout).unwrap();
    // Two lines, and back to the first of them.
    assert!(said.contains("\u{1b}[2A\r\u{1b}[J"), "{said:?}");
    let shown: Vec<&str> = said.split(['\n', '\r']).filter(|line| line.contains(" s #")).collect();
    assert!(
        shown.len() > 4 && shown.iter().all(|line| line.trim_start_matches("\u{1b}[J").chars().count() < 40),
        "{shown:?}"
    );
    let (_, after) = said.rsplit_once("\u{1b}[J").unwrap();
    assert!(after.lines().all(|line| line.is_empty() || line.contains(" is not ready after ")), "{after:?}");
    assert!(said.matches(" is not ready after ").count() == 2, "{said:?}");
}

#[test]
fn several_are_waited_for_together_and_each_has_its_report() {
    let servers = Servers::start(&[(4, &[REQUEST, SELECTS_NOTHING, HANG_UP])]);
    let address = servers.address();
    let arguments =
        ["wait", &address, CLOSED, "--until", "x224", "--for", "1s", "--every", "100ms", "-o", "json"];
    let Output { status, stderr, json, .. } = run(&arguments);
    assert_eq!(status, Some(100), "{stderr}");
    let all = json.unwrap();
    let codes: Vec<(&Value, &Value)> = all
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (&one["target"]["input"], &one["verdict"]["exit_code"]))
        .collect();
    assert_eq!(
        codes,
        [(&Value::from(address.as_str()), &Value::from(0)), (&Value::from(CLOSED), &Value::from(11))]
    );
    assert!(stderr.contains(&format!("{address} is ready after ")), "{stderr}");
}

#[test]
fn stable_is_as_often_in_a_row_as_was_asked_and_only_the_last_look_is_a_close_one() {
    let steps: &[&str] = &[REQUEST, SELECTS_NOTHING, HANG_UP];
    for (stable, connections) in [("1", 1), ("4", 4)] {
        let servers = Servers::start(&[(connections, steps)]);
        let arguments = ["wait", &servers.address(), "--until", "x224", "--every", "50ms", "--stable", stable];
        let Output { status, stderr, .. } = run(&arguments);
        assert_eq!(status, Some(0), "{stderr}");
        assert_eq!(servers.violations(), Vec::<String>::new());
    }
    // What only the enumeration tells is asked for in the round that decides.
    let servers = Servers::start(&[(12, steps)]);
    let arguments = [
        "wait",
        &servers.address(),
        "--until",
        "x224",
        "--every",
        "50ms",
        "--expect",
        "nla=not_supported",
        "-o",
        "json",
    ];
    let Output { json, stderr, .. } = run(&arguments);
    let probes = &json.unwrap()["probes"];
    assert!(
        probes
            .as_array()
            .unwrap()
            .iter()
            .any(|probe| probe["purpose"].as_str().unwrap().starts_with("enumerate")),
        "{stderr} {probes}"
    );
}

#[test]
fn what_is_not_as_expected_is_not_ready() {
    let servers = Servers::start(&[(60, &[REQUEST, SELECTS_NOTHING, HANG_UP])]);
    let arguments = [
        "wait",
        &servers.address(),
        "--until",
        "x224",
        "--every",
        "200ms",
        "--for",
        "1s",
        "--expect",
        "stage>=tls",
    ];
    let Output { status, stderr, stdout, .. } = run(&arguments);
    assert_eq!(status, Some(1), "{stderr}");
    assert!(
        stderr.contains("but is not as it is expected") && stdout.contains("FAILED    stage>=tls"),
        "{stderr} {stdout}"
    );
}

#[test]
fn what_no_waiting_cures_ends_it_where_that_was_asked_for() {
    let pin = "00".repeat(32);
    let servers = Servers::start(&[(3, &[REQUEST, SELECTS_NOTHING, HANG_UP])]);
    let arguments = ["wait", &servers.address(), "--for", "50s", "--give-up", "--pin", &pin];
    let begun = Instant::now();
    let Output { status, stderr, .. } = run(&arguments);
    assert_eq!(status, Some(41), "{stderr}");
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}", begun.elapsed());
    // A port that is closed may open.
    let Output { status, stderr, .. } =
        run(&["wait", CLOSED, "--for", "400ms", "--every", "100ms", "--give-up"]);
    assert!(status == Some(11) && !stderr.contains("in 1 round"), "{stderr}");
}

#[test]
fn rounds_come_to_numbers_for_people_and_programs() {
    let steps: &[&str] = &[REQUEST, SELECTS_NOTHING, HANG_UP];
    let servers = Servers::start(&[(2, steps), (1, &[REQUEST, HANG_UP]), (2, steps)]);
    let rounds = ["--until", "x224", "--count", "5", "--interval", "20ms"];
    let json = run(&[&[servers.address().as_str(), "-o", "json"], &rounds[..]].concat());
    assert_eq!(json.status, Some(30), "{}", json.stdout);
    let all = json.json.unwrap();
    let schema = serde_json::to_value(Statistics::schema()).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&all), "{all:#}");
    for (key, value) in [("rounds", 5), ("reached", 4), ("changes", 2), ("exit_code", 30), ("unexpected", 0)] {
        assert_eq!(all[key], value, "{key}: {all:#}");
    }
    assert_eq!((&all["rules"]["none"], &all["rules"]["forwarder-without-backend"]), (&4.into(), &1.into()));
    let stage = &all["stages"].as_array().unwrap()[1];
    assert_eq!(
        (&stage["stage"], &stage["tried"], &stage["passed"]),
        (&"connection_initiation".into(), &5.into(), &4.into())
    );
    let spread = &stage["time"];
    let of = |name: &str| spread[name].as_u64().unwrap();
    assert!(
        of("min_us") <= of("p50_us") && of("p50_us") <= of("p95_us") && of("p99_us") <= of("max_us"),
        "{spread}"
    );
    // For people a table; for lines and NDJSON each round.
    let servers = Servers::start(&[(2, steps), (1, &[REQUEST, HANG_UP]), (2, steps)]);
    let people = run(&[&[servers.address().as_str()], &rounds[..]].concat()).stdout;
    for part in [
        "5 rounds, 4 reached the asked depth (80 %)",
        "connection_initiation             4/5",
        "4 x reached",
        "1 x forwarder-without-backend",
        "The verdict changed 2 times.",
    ] {
        assert!(people.contains(part), "{part}: {people}");
    }
    let bars = people.lines().rev().nth(2).unwrap().trim();
    assert!(people.ends_with("\nexit code 30: port open, no or broken RDP answer\n"), "{people}");
    assert!(bars.chars().count() == 5 && bars.chars().nth(2) == Some('x'), "{people}");
    let servers = Servers::start(&[(5, steps)]);
    let lines = run(&[&[servers.address().as_str(), "-o", "ndjson"], &rounds[..]].concat());
    assert_eq!((lines.status, lines.stdout.lines().count()), (Some(0), 5), "{}", lines.stdout);
}

#[test]
fn rounds_without_end_end_with_their_sum() {
    for name in ["INT", "TERM"] {
        let mut child =
            command(&[CLOSED, "--forever", "--interval", "10ms", "-o", "json", "-o", "line=/dev/stderr"])
                .spawn()
                .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
        (0..5).for_each(|_| assert!(lines.next().unwrap().unwrap().contains("tcp-refused")));
        thread::spawn(move || lines.for_each(drop));
        let (code, stdout, _) = end(child, name);
        assert_eq!(code, crate::runner::interrupted(name));
        let all: Value = serde_json::from_str(&stdout).unwrap();
        assert!(
            all["rounds"].as_u64().unwrap() >= 5 && all["rules"]["tcp-refused"] == all["rounds"],
            "{all:#}"
        );
    }
}

#[test]
fn how_often_is_said_in_one_line_where_it_cannot_be() {
    for (arguments, part) in [
        (&["wait"][..], "no target to wait for"),
        (&["wait", CLOSED, "--count", "3"], "--count is of no use with wait"),
        (&[CLOSED, "--give-up"], "--give-up is of wait only"),
        (&[CLOSED, "--for", "1m"], "--for is of wait only"),
        (&[CLOSED, "--interval", "1s"], "--interval is of no use without --count"),
        (&[CLOSED, "--count", "0"], "'0'"),
        (&[CLOSED, "--count", "2", "--forever"], "cannot be used with"),
        (&[CLOSED, "--count", "2", "-o", "nagios"], "-o nagios says how a target is"),
        (&["wait", CLOSED, "--rate", "2"], "--rate is of no use where targets are probed again and again"),
        (&[CLOSED, "--count", "2", "--retries", "1"], "--retries is of no use where"),
        (&[CLOSED, "--fail-on-change"], "--fail-on-change is of no use without --baseline"),
        (&["127.0.0.1-300:9"], "a range has numbers from 0 to 255"),
        (&[CLOSED, "--exclude", "127.0.0.1-300"], "a range has numbers from 0 to 255"),
        (&[CLOSED, "--exclude", "a.rdp"], "name its host"),
        (&["wait", CLOSED, "--stable", "0"], "'0'"),
        (&["wiat", CLOSED], "did you mean rdp-probe wait?"),
    ] {
        let Output { status, stdout, stderr, .. } = run(arguments);
        assert_eq!(
            (status, stdout.as_str(), stderr.lines().count()),
            (Some(2), "", 1),
            "{arguments:?}: {stderr}"
        );
        assert!(stderr.contains(part), "{arguments:?}: {stderr}");
    }
}

/// Nobody is ready, and nothing was well, where there is nobody.
#[test]
fn rounds_of_nobody_are_a_mistake() {
    for first in [&["wait"][..], &["--count", "2"]] {
        let Output { status, stdout, stderr, .. } =
            run(&[first, &[CLOSED, "--exclude", "127.0.0.0/8"]].concat());
        assert_eq!((status, stdout.as_str()), (Some(2), ""), "{stderr}");
        assert!(stderr.contains("no target is left to probe") && stderr.contains("1 by --exclude"), "{stderr}");
    }
}

/// What is to be so and nobody can tell is not ready.
#[test]
fn what_cannot_be_told_is_not_ready() {
    let servers = Servers::start(&[(40, &[REQUEST, SELECTS_NOTHING, HANG_UP])]);
    let arguments = [
        "wait",
        &servers.address(),
        "--until",
        "x224",
        "--every",
        "100ms",
        "--for",
        "1s",
        "--expect",
        "server.name=x",
        "-o",
        "line",
    ];
    let Output { status, stderr, stdout, .. } = run(&arguments);
    assert_eq!(status, Some(54), "{stderr}");
    assert!(stderr.contains("cannot be told") && stderr.contains("is not ready after"), "{stderr}");
    assert!(stdout.contains(" untold=\"server.name=x\""), "{stdout}");
}

#[test]
fn schema_of_statistics_is_that_of_the_types_and_every_run_fits_it() {
    let schema = Statistics::schema();
    generated("statistics.schema.json", &format!("{}\n", serde_json::to_string_pretty(&schema).unwrap()));
    let validator = jsonschema::validator_for(&serde_json::to_value(schema).unwrap()).unwrap();
    let mut one = Statistics::new("srv1".parse().unwrap());
    for scenario in
        all().iter().filter(|scenario| scenario.is_for(rdp_probe_testkit::scenario::Player::Machine))
    {
        one.add(&machine_report(scenario).0);
    }
    assert!(validator.is_valid(&serde_json::to_value(&one).unwrap()));
    assert!(one.rounds() > 400 && one.stages().len() > 15);
}
