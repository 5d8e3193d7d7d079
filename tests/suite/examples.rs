//! Every example, run against a target on loopback and held against what its index shows.
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use rdp_probe_testkit::target::ScriptedTarget;
use rdp_probe_testkit::{Scenario, port};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

use crate::binary::{Output, run_example};
use crate::scenarios;

/// Runs an example, and holds what it does.
type Play = fn(&Example);

/// The examples, and what plays each.
const EXAMPLES: [(&str, Play); 6] = [
    ("one_target", one_target),
    ("many_targets", many_targets),
    ("ci_gate", ci_gate),
    ("custom_rule", custom_rule),
    ("own_network", own_network),
    ("std_driver", std_driver),
];

/// What the index calls the first target and the second one: nobody can know their ports before.
const NAMES: [&str; 2] = ["127.0.0.1:3389", "127.0.0.1:3390"];

/// One example, and what it printed.
struct Example {
    name: &'static str,
    runtime: Runtime,
    printed: RefCell<BTreeSet<String>>,
}

impl Example {
    /// Runs it with these arguments, where `{}` stands for each target in turn, against targets that play the scenarios, and
    /// gives exit code and lines, with the targets called as in the index.
    fn run(&self, targets: &[&Scenario], arguments: &[&str]) -> (i32, Vec<String>) {
        let start = |scenario: &&Scenario| self.runtime.block_on(ScriptedTarget::start(scenario)).unwrap();
        let targets: Vec<ScriptedTarget> = targets.iter().map(start).collect();
        let ports: Vec<u16> = targets.iter().map(ScriptedTarget::port).collect();
        let output = self.run_at(&ports, arguments);
        for target in targets {
            let served = self.runtime.block_on(target.finish());
            assert!(served.violations.is_empty(), "{}: {:?}", self.name, served.violations);
        }
        output
    }

    /// The same, with targets that are there already.
    fn run_at(&self, ports: &[u16], arguments: &[&str]) -> (i32, Vec<String>) {
        let addresses: Vec<String> = ports.iter().map(|port| format!("127.0.0.1:{port}")).collect();
        let mut next = addresses.iter();
        let arguments: Vec<&str> =
            arguments.iter().map(|text| if *text == "{}" { next.next().unwrap() } else { *text }).collect();
        let Output { status, mut stdout, stderr, .. } = run_example(self.name, &arguments);
        assert_eq!(stderr, "", "{}", self.name);
        for (address, name) in addresses.iter().zip(NAMES) {
            stdout = stdout.replace(address, name);
        }
        assert!(!stdout.contains(|c: char| c.is_control() && c != '\n'), "{}: {stdout:?}", self.name);
        let lines: Vec<String> = stdout.lines().map(str::to_owned).collect();
        self.printed.borrow_mut().extend(lines.iter().cloned());
        (status.unwrap(), lines)
    }
}

/// A scenario of tests/scenarios.
fn scenario(name: &str) -> &'static Scenario {
    scenarios::all().iter().find(|scenario| scenario.name == name).unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().join("examples")
}

/// The index, and the section of one example.
fn section(name: &str) -> String {
    let index = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let section = index.split("\n## ").find(|section| section.starts_with(&format!("{name}\n")));
    section.unwrap_or_else(|| panic!("{name} has no section in the index")).to_owned()
}

/// The lines of a section's blocks of text: what is shown as output.
fn shown(section: &str) -> BTreeSet<String> {
    let blocks = section.split("```text\n").skip(1);
    blocks.flat_map(|block| block.split("```").next().unwrap().lines().map(str::to_owned)).collect()
}

#[test]
fn every_example_does_what_the_index_shows() {
    let mut wrong = Vec::new();
    for (name, play) in EXAMPLES {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let example = Example { name, runtime, printed: RefCell::default() };
        play(&example);
        let (shown, printed) = (shown(&section(name)), example.printed.into_inner());
        assert!(!shown.is_empty(), "the index shows no output of {name}");
        let missing: Vec<&String> = shown.difference(&printed).collect();
        if !missing.is_empty() {
            wrong.push(format!("{name} does not print {missing:#?}, it prints {printed:#?}"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn every_example_is_run_here_and_stands_in_the_index_and_the_manifest() {
    let files = std::fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let found: BTreeSet<String> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "rs"))
        .map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned())
        .collect();
    let run: BTreeSet<String> = EXAMPLES.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(found, run, "files of examples/ on the left, what is run here on the right");
    let index = std::fs::read_to_string(folder().join("README.md")).unwrap();
    let manifest = std::fs::read_to_string(folder().join("Cargo.toml")).unwrap();
    for name in found {
        assert!(index.contains(&format!("| [{name}.rs]({name}.rs) | ")), "{name} is not in the index");
        assert!(section(&name).contains(&format!("--example {name} -- ")), "{name} has no command");
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} is not in the manifest");
    }
}

fn one_target(example: &Example) {
    let (status, lines) = example.run(&[scenario("fin-after-request")], &["{}"]);
    assert_eq!(status, 0, "a sick target is no error");
    assert!(lines[0].ends_with("(exit code 30)"), "{lines:?}");
    assert!(lines[1].starts_with("- forwarder-without-backend: "), "{lines:?}");
}

fn many_targets(example: &Example) {
    let (sick, well) = (scenario("failure-3-no-certificate"), scenario("challenge-of-a-domain-member"));
    let (status, mut lines) = example.run(&[sick, well], &["{}", "{}"]);
    lines.sort();
    assert_eq!((status, lines.len()), (100, 2), "{lines:?}");
    assert!(lines[0].starts_with(NAMES[0]) && lines[0].ends_with("(exit code 31)"), "{lines:?}");
    assert!(lines[1].starts_with(NAMES[1]) && lines[1].ends_with("(exit code 0)"), "{lines:?}");
    assert_eq!(example.run(&[well], &["{}"]).0, 0);

    // More than are probed at the same time.
    let many: Vec<&Scenario> = std::iter::repeat_n(scenario("tcp-refused"), 40).collect();
    let (status, lines) = example.run(&many, &["{}"; 40]);
    assert_eq!((status, lines.len()), (100, 40));
    assert!(lines.iter().all(|line| line.ends_with("(exit code 11)")), "{lines:?}");
}

fn ci_gate(example: &Example) {
    const SECOND_TIME: &str = r#"
        title = "the target hangs up, and is ready a moment later"
        [[connection]]
        steps = [{ expect = "connection_request" }, { close = "fin" }]
        [[connection]]
        steps = [
          { expect = "connection_request" },
          { send = "03 00 00 13 0e d0 00 00 12 34 00 02 1f 08 00 02 00 00 00" },
        ]
        [expect]
        outcome = "reachable"
        exit = 0
    "#;
    let second_time = Scenario::parse("second-time", SECOND_TIME).unwrap();
    let (status, lines) = example.run(&[&second_time], &["{}", "nego", "30", "0"]);
    assert_eq!(status, 0, "{lines:?}");
    assert_eq!(lines.len(), 2, "it ends with the first success: {lines:?}");
    assert!(lines[0].starts_with("not ready, attempt 1 of 30: "), "{lines:?}");
    assert!(lines[1].starts_with("ready, attempt 2 of 30: "), "{lines:?}");

    let (status, lines) = example.run(&[scenario("tcp-refused")], &["{}", "tcp", "3", "0"]);
    assert_eq!((status, lines.len()), (11, 3), "attempts are bounded, and the code is the report's: {lines:?}");

    for (arguments, said) in [
        (&[][..], "usage"),
        (&["srv1"], "stage"),
        (&["srv1", "nowhere"], "stage"),
        (&["srv1", "session"], "not in this version"),
        (&["srv 1", "tls"], "' '"),
        (&["srv1", "tls", "0"], "at least one"),
        (&["srv1", "tls", "many"], "digit"),
    ] {
        let output = run_example(example.name, arguments);
        assert_eq!((output.status, output.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(output.stderr.contains(said) && output.stderr.lines().count() == 1, "{}", output.stderr);
    }
}

fn custom_rule(example: &Example) {
    let (status, lines) = example.run(&[scenario("fin-after-request")], &["{}"]);
    assert_eq!(status, 0);
    assert!(lines[0].contains("no bastion to send anybody to"), "{lines:?}");
    assert!(lines[1].starts_with("- lab-farm-is-empty: "), "{lines:?}");
    assert_eq!(lines.len(), 2, "the others are superseded: {lines:?}");

    // Not its business: the catalogue's own cause stands.
    let (_, lines) = example.run(&[scenario("reset-after-request")], &["{}"]);
    assert!(lines[1].starts_with("- forwarder-without-backend: "), "{lines:?}");

    let (_, lines) = example.run(&[scenario("challenge-of-a-domain-member")], &["{}"]);
    assert!(lines.iter().any(|line| line.starts_with("- lab-not-a-bastion: ")), "{lines:?}");
    let (_, lines) = example.run(&[scenario("challenge-without-names")], &["{}"]);
    assert!(!lines.concat().contains("lab-"), "{lines:?}");
    let (_, lines) = example.run(&[scenario("challenge-with-hostile-names")], &["{}"]);
    assert!(lines.concat().contains("\\u{2066}"), "a server's own words are escaped: {lines:?}");
}

fn own_network(example: &Example) {
    let (target, proxy) = example.runtime.block_on(async {
        let target = ScriptedTarget::start(scenario("challenge-of-a-domain-member")).await.unwrap();
        let (port, listener) = port::listen([127, 0, 0, 1].into()).unwrap();
        tokio::spawn(proxy(listener, target.port()));
        (target, port)
    });
    let (status, lines) = example.run_at(&[proxy], &["srv1.lab.test:3389", "{}"]);
    assert_eq!((status, lines.len()), (0, 1), "{lines:?}");
    assert!(lines[0].ends_with("(exit code 0)"), "{lines:?}");
    let served = example.runtime.block_on(target.finish());
    assert!(served.violations.is_empty(), "{:?}", served.violations);

    let (_, lines) = example.run_at(&[proxy], &["elsewhere.lab.test:3389", "{}"]);
    assert!(lines[0].ends_with("(exit code 11)"), "the proxy refuses: {lines:?}");
    let (_, lines) = example.run(&[scenario("tcp-refused")], &["srv1.lab.test:3389", "{}"]);
    assert!(lines[0].ends_with("(exit code 11)"), "there is no proxy: {lines:?}");
}

/// A web proxy that knows one host.
fn std_driver(example: &Example) {
    let played = |connections: &str| {
        let text = format!("title = \"t\"\n{connections}[expect]\noutcome = \"reachable\"\nexit = 0\n");
        let scenario = Scenario::parse("std_driver", &text).unwrap();
        example.run(&[&scenario], &["{}"])
    };
    let selects = |mask: &str| {
        format!(
            "[[connection]]\nsteps = [{{ expect = \"connection_request\" }}, \
             {{ send = \"03 00 00 13 0e d0 00 00 12 34 00 {mask} 00 00 00\" }}]\n"
        )
    };
    let (status, lines) = played(&selects("02 1f 08 00 02"));
    assert!(status == 0 && lines[0].ends_with("selects CredSSP (exit code 0)"), "{lines:?}");
    let (status, lines) = example.run(&[scenario("fin-after-request")], &["{}"]);
    assert!(status == 30 && lines[0].contains("closed it without an answer"), "{lines:?}");
    let (status, lines) = example.run_at(&[20_999], &["{}"]);
    assert!(status == 11 && lines[0].contains("refused the connection"), "{lines:?}");
    // A refusal that names what the server wants leads to one more connection, as in every driver.
    let (status, lines) = played(&(selects("03 00 08 00 02") + &selects("02 00 08 00 00")));
    assert!(status == 0 && lines[0].contains("Standard RDP Security"), "{lines:?}");
}

async fn proxy(listener: TcpListener, target: u16) {
    loop {
        let (mut client, _) = listener.accept().await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(client.read_u8().await.unwrap());
        }
        if !head.starts_with(b"CONNECT srv1.lab.test:3389 HTTP/1.1\r\nHost: srv1.lab.test:3389\r\n") {
            client.write_all(b"HTTP/1.1 403 Forbidden\r\n\r\n").await.unwrap();
            continue;
        }
        client.write_all(b"HTTP/1.1 200 Connection established\r\nVia: 1.1 lab\r\n\r\n").await.unwrap();
        let mut server = TcpStream::connect(("127.0.0.1", target)).await.unwrap();
        // The client may reset it when it has heard enough.
        _ = tokio::io::copy_bidirectional(&mut client, &mut server).await;
    }
}
