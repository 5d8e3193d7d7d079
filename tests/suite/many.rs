//! Many targets: what they have in common costs once.
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::thread;

use rdp_probe::{AttemptRecord, Observed, Probe, Stage};
use rdp_probe_testkit::certificate::authority_pem;
use rdp_probe_testkit::target::ScriptedTarget;
use rdp_probe_testkit::{Scenario, machine};

use crate::binary::{run_with, run_with_descriptors};
use crate::usage::Scratch;

/// A server behind an authority's certificate, so many times.
fn conversation(targets: usize) -> String {
    let connection = r#"
        [[connection]]
        steps = [
          { expect = "connection_request" },
          { send = "03 00 00 13 0e d0 00 00 12 34 00 02 1f 08 00 02 00 00 00" },
          { tls = { certificate = "ca_signed" } },
        ]
    "#;
    let expect = "[expect]\noutcome = \"reachable\"\nexit = 0\n";
    format!("title = \"t\"\n{}{expect}", connection.repeat(targets))
}

#[test]
fn roots_are_read_once_and_a_key_log_is_opened_once_however_many_targets_there_are() {
    const TARGETS: usize = 300;
    let scratch = Scratch::new("many");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let scenario = Scenario::parse("many", &conversation(TARGETS)).unwrap();
    let target = runtime.block_on(ScriptedTarget::start(&scenario)).unwrap();
    let list = scratch.file("hosts", format!("127.0.0.1:{}\n", target.port()).repeat(TARGETS).as_bytes());
    let key_log = scratch.file("keys", b"");
    // What can be read but once: whoever asks for it again waits for ever.
    let roots = scratch.path("roots");
    assert!(Command::new("mkfifo").arg(&roots).status().unwrap().success());
    let writer = thread::spawn({
        let roots = roots.clone();
        move || std::fs::write(roots, authority_pem()).unwrap()
    });

    let list = format!("@{list}");
    let arguments = ["--until", "tls", "--ca", &roots, "--keylog", &key_log, "-o", "ndjson", &list];
    let output = run_with_descriptors(256, &arguments);
    writer.join().unwrap();
    assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""), "{}", output.stdout);
    assert_eq!(output.stdout.lines().count(), TARGETS);
    let keys = std::fs::read_to_string(&key_log).unwrap();
    let handshakes = keys.lines().filter(|line| line.starts_with("CLIENT_HANDSHAKE_TRAFFIC_SECRET ")).count();
    assert_eq!(handshakes, TARGETS);
    assert_eq!(runtime.block_on(target.finish()).violations, []);
}

#[test]
fn a_key_log_is_its_owner_s_and_one_that_cannot_be_written_is_a_note() {
    const SAID: &str = "session keys cannot be written to";
    let scratch = Scratch::new("keys");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    // Two targets, and the environment's file; what has to be said, and how often.
    let played = |file: &str, variable: bool| {
        let scenario = Scenario::parse("keys", &conversation(2)).unwrap();
        let target = runtime.block_on(ScriptedTarget::start(&scenario)).unwrap();
        let host = format!("127.0.0.1:{}", target.port());
        let mut arguments = vec!["--until", "tls", "--no-enumerate", "-o", "line", &host, &host];
        if !variable {
            arguments.extend(["--keylog", file]);
        }
        let variables = [("SSLKEYLOGFILE", file)];
        let output = run_with(variables.get(..usize::from(variable)).unwrap(), &arguments);
        assert_eq!(runtime.block_on(target.finish()).violations, []);
        assert_eq!(output.status, Some(0), "{file}: {}", output.stderr);
        output.stderr
    };
    for variable in [true, false] {
        let keys = scratch.path(if variable { "by-variable" } else { "by-option" });
        assert_eq!(played(&keys, variable), "", "{keys}");
        let mode = std::fs::metadata(&keys).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{keys}");
        for file in ["/nonexistent/keys", "/dev/full"] {
            let said = played(file, variable);
            assert_eq!((said.lines().count(), said.contains(SAID)), (1, true), "{file}: {said}");
        }
    }
    assert_eq!(played("", true), "", "an empty variable is none");
}

#[test]
fn a_name_of_many_addresses_has_sixteen_dialled_and_with_all_asked_for_sixty_four() {
    let all: Vec<String> = (1..=70).map(|last| format!("\"192.0.2.{last}\"")).collect();
    let dialled = |plan: &str| {
        let text = format!(
            "title = \"t\"\n[target]\nhost = \"srv1.lab.test\"\n[plan]\n{plan}\n[dial]\nresolve = [{}]\n\
             connect = {{ \"*\" = \"refused\" }}\n[expect]\noutcome = \"reachable\"\nexit = 0\n",
            all.join(", ")
        );
        let played = machine::play(&Scenario::parse("many addresses", &text).unwrap());
        assert_eq!(played.violations, []);
        let facts = played.evidence.attempts.iter().flat_map(AttemptRecord::facts);
        let dialled = facts.filter(|fact| matches!(fact, Observed::AddressFailed { .. })).count();
        let found =
            rdp_probe::diagnose(&played.evidence).findings.iter().any(|rule| rule.id == "addresses-left-out");
        (dialled, played.evidence.addresses().len(), found)
    };
    assert_eq!(dialled(""), (16, 70, true));
    assert_eq!(dialled("all_addresses = true"), (64, 70, true));
}

#[test]
fn a_connection_that_is_accepted_and_reset_at_once_is_one_that_was_made_however_fast_that_is() {
    const RUNS: usize = 200;
    let reset = "[[connection]]\nsteps = [{ close = \"reset\" }]\n".repeat(RUNS);
    let expect = "[expect]\noutcome = \"reachable\"\nexit = 0\n";
    let scenario = Scenario::parse("reset", &format!("title = \"t\"\n{reset}{expect}")).unwrap();
    // The server on a thread of its own, so that its reset may come before anybody has asked how the dial went.
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let target = runtime.block_on(ScriptedTarget::start(&scenario)).unwrap();
    let probe = Probe::builder(format!("127.0.0.1:{}", target.port()).parse().unwrap()).build().unwrap();
    let own = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for run in 0..RUNS {
        let report = own.block_on(probe.run());
        let verdict = &report.diagnosis.verdict;
        let rule = verdict.rule.map(|rule| rule.id);
        assert_eq!(
            (rule, verdict.exit, verdict.stage),
            (Some("forwarder-without-backend"), 30, Some(Stage::ConnectionInitiation)),
            "run {run}"
        );
    }
    assert_eq!(runtime.block_on(target.finish()).violations, []);
}
