//! Human output of one target: the verdict is there when the main path has ended, and what further connections add follows.
use std::io::Read as _;
use std::process::{Command, Stdio};

use rdp_probe_testkit::Scenario;
use rdp_probe_testkit::target::ScriptedTarget;

use crate::binary::{binary, code, heeding_signals, run};
use crate::scenarios;

/// A server that selects TLS and goes on, and says nothing to whoever asks further.
const MUTE_LATER: &str = r#"
title = "answers the first, and no further connection"
[[connection]]
steps = [
  { expect = "connection_request" },
  { send = "03 00 00 13 0e d0 00 00 12 34 00 02 1f 08 00 01 00 00 00" },
  { tls = { certificate = "good" } },
]
[[connection]]
steps = [{ expect = "connection_request" }, { close = "silent" }]
[[connection]]
steps = [{ expect = "connection_request" }, { close = "silent" }]
[expect]
outcome = "reachable"
exit = 0
"#;

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap()
}

/// Without what is another at each run: times, days, ports.
fn steady(text: &str, port: u16) -> String {
    let text = text.replace(&format!(":{port}"), ":PORT");
    let mut lines = Vec::new();
    for line in text.lines() {
        let line =
            line.split_once(" (").filter(|(_, days)| days.ends_with(" days)")).map_or(line, |(date, _)| date);
        let (before, after) = line.split_once(" ms").unwrap_or((line, ""));
        let times = !after.is_empty() || line.ends_with(" ms");
        let kept = before.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == ' ');
        lines.push(if times { format!("{kept} TIME{after}") } else { line.to_owned() });
    }
    lines.join("\n")
}

#[test]
fn the_verdict_can_be_read_and_kept_while_further_connections_are_asked() {
    let scenario = Scenario::parse("mute-later", MUTE_LATER).unwrap();
    let runtime = runtime();
    let target = runtime.block_on(ScriptedTarget::start(&scenario)).unwrap();
    let address = format!("127.0.0.1:{}", target.port());
    let mut child = heeding_signals(binary())
        .args([&address, "--until", "tls", "--enumerate"])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut text = String::new();
    let mut some = [0; 4096];
    // The second connection is answered by nobody.
    while !text.contains("\nOK\n") {
        let read = stdout.read(&mut some).unwrap();
        assert!(read > 0, "{text}");
        text.push_str(std::str::from_utf8(&some[..read]).unwrap());
    }
    assert!(!text.contains("Security\n") && !text.contains("exit code"), "{text}");
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    stdout.read_to_string(&mut text).unwrap();
    // The report keeps its verdict; the key is raised again all the same, so that a loop around it ends.
    assert_eq!(code(child.wait().unwrap()), Some(130), "{text}");
    assert!(
        text.contains("\nWorth knowing\n") && text.ends_with("\nexit code 0: asked depth reached\n"),
        "{text}"
    );
    drop(target);
}

#[test]
fn what_further_connections_add_follows_and_a_verdict_that_they_change_is_said_to_be_changed() {
    let runtime = runtime();
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("../snapshots/human");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for name in [
        "enumerated-nla-required",
        "key-on-p-521-is-hidden-in-tls-1-3",
        "hello-draws-fin-and-the-same-one-a-handshake",
        "fin-and-a-cookie-opens-the-way",
        "silence-and-no-look-explains-it",
    ] {
        let found = scenarios::all().iter().find(|scenario| scenario.name == name);
        let scenario = found.unwrap_or_else(|| panic!("there is no scenario {name}"));
        let target = runtime.block_on(ScriptedTarget::start(scenario)).unwrap();
        let arguments = scenario.arguments(target.port());
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = run(&words);
        assert_eq!(output.status, Some(i32::from(scenario.expect.exit)), "{output:?}");
        let text = steady(&output.stdout, target.port());
        settings.bind(|| insta::assert_snapshot!(name, text));
    }
}
