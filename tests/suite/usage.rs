//! The command line: what is refused, what is written where, and what a hostile server cannot do to a terminal.
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rdp_probe_testkit::Scenario;
use rdp_probe_testkit::target::{FullBacklog, ScriptedTarget};

use crate::binary::{self, Output, run};

/// A folder that is gone when this is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rdp-probe-usage-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, octets: &[u8]) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, octets).unwrap();
        path.to_str().unwrap().to_owned()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn every_mistake_is_one_line_that_names_the_item_and_exit_code_2() {
    let scratch = Scratch::new("mistakes");
    let list = |name: &str, octets: &[u8]| format!("@{}", scratch.file(name, octets));
    let (bad_line, not_utf8, empty) =
        (list("bad", b"srv1\nsrv 2\n"), list("latin1", b"srv1\nM\xfcnchen\n"), list("empty", b"# nothing\n"));
    let cases: &[(&[&str], &str)] = &[
        (&[], "no target"),
        (&[""], "no host name"),
        (&["srv1:0"], "a port is a number from 1 to 65535, not \"0\""),
        (&["srv1:99999"], "\"99999\""),
        (&["srv1:http"], "\"http\""),
        (&["[::1"], "brackets"),
        (&["192.0.2.777"], "not an IPv4 address"),
        (&["srv1/x"], "'/'"),
        (&["a\u{1b}[31mb"], "\\u{1b}"),
        (&["host.rdp"], ".rdp files are not in this version"),
        (&["explain"], "not in this version"),
        (&["srv1", "--timeout", "soon"], "\"soon\" is no duration"),
        (&["srv1", "--timeout", "0s"], "no duration from"),
        (&["srv1", "--stage-timeout", "x224=5"], "\"5\" is no duration"),
        (&["srv1", "--until", "credssp"], "stage credssp is not in this version"),
        (&["srv1", "--user", "me"], "--user"),
        (&["-4", "2001:db8::1"], "-4"),
        (&["srv1", "--cookie", &"x".repeat(300)], "cookie"),
        (&["srv1", "--concurrency", "0"], "concurrency"),
        (&["srv1", "-o", "json="], "file name"),
        (&["@/nonexistent/list"], "/nonexistent/list"),
        (&[&bad_line], "line 2: \"srv 2\""),
        (&[&not_utf8], "octet 6 is not UTF-8"),
        (&[&empty], "no target"),
    ];
    for (arguments, part) in cases {
        let Output { status, stdout, stderr, .. } = run(arguments);
        assert_eq!(status, Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(part), "{arguments:?}: {stderr}");
        assert_eq!((stderr.lines().count(), stdout.as_str()), (1, ""), "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("rdp-probe: ") && !stderr.contains('\u{1b}'), "{arguments:?}: {stderr}");
    }
}

#[test]
fn help_and_version_go_to_standard_output() {
    let help = run(&["--help"]);
    assert_eq!((help.status, help.stderr.as_str()), (Some(0), ""));
    for option in ["--until", "--security", "--enumerate", "--timeout", "--resolve", "--output"] {
        assert!(help.stdout.contains(option), "{option} is not in the help");
    }
    assert!(run(&["--version"]).stdout.starts_with("rdp-probe "));
}

#[test]
fn an_output_that_cannot_be_written_is_exit_code_4_before_anything_is_probed() {
    let output = run(&["127.0.0.1:9", "-o", "json=/nonexistent/report.json"]);
    assert_eq!(output.status, Some(4));
    assert!(output.stderr.contains("/nonexistent/report.json"), "{}", output.stderr);
    let full = run(&["127.0.0.1:9", "-o", "json=/dev/full"]);
    assert_eq!(full.status, Some(4), "{}", full.stderr);
}

#[test]
fn several_targets_keep_their_order_and_give_exit_code_100() {
    let scratch = Scratch::new("several");
    let list = format!("@{}", scratch.file("hosts", b"127.0.0.1:9 # closed\n127.0.0.2:9\n"));
    let file = scratch.0.join("all.json");
    let json = format!("json={}", file.display());
    let output = run(&[&list, "127.0.0.3:9", "-o", "ndjson", "-o", &json]);
    assert_eq!(output.status, Some(100), "{}", output.stderr);
    let inputs: Vec<String> = output
        .stdout
        .lines()
        .map(|line| {
            serde_json::from_str::<serde_json::Value>(line).unwrap()["target"]["input"].as_str().unwrap().into()
        })
        .collect();
    assert_eq!(inputs, ["127.0.0.1:9", "127.0.0.2:9", "127.0.0.3:9"]);
    let all: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 3);
}

#[test]
fn quiet_prints_nothing_and_the_exit_code_tells() {
    let output = run(&["-q", "127.0.0.1:9"]);
    assert_eq!((output.status, output.stdout.as_str(), output.stderr.as_str()), (Some(11), "", ""));
}

fn on_runtime<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(future)
}

/// Runs the binary against one scripted connection, repeated for each run.
fn against(steps: &str, arguments: &[&str]) -> Output {
    let text = format!(
        "title = \"t\"\n[[connection]]\nsteps = [{steps}]\n[expect]\noutcome = \"reachable\"\nexit = 0\n"
    );
    let scenario = Scenario::parse("usage", &text).unwrap();
    on_runtime(async {
        let target = ScriptedTarget::start(&scenario).await.unwrap();
        let mut all: Vec<String> = arguments.iter().map(|argument| (*argument).to_owned()).collect();
        all.push(format!("127.0.0.1:{}", target.port()));
        let output =
            tokio::task::spawn_blocking(move || run(&all.iter().map(String::as_str).collect::<Vec<_>>()));
        let output = output.await.unwrap();
        drop(target.finish().await);
        output
    })
}

#[test]
fn what_a_peer_sends_reaches_no_output_unescaped() {
    // "SSH-2.0-" ESC "[2J" ESC "]0;x" BEL, a right-to-left mark, and the octet of an eight-bit CSI.
    let banner =
        "53 53 48 2d 32 2e 30 2d 1b 5b 32 4a 1b 5d 30 3b 78 07 e2 80 ae 9b 41 41 41 41 41 41 41 41 0d 0a";
    let steps =
        format!("{{ expect = \"connection_request\" }}, {{ send = \"{banner}\" }}, {{ close = \"fin\" }}");
    for format in ["human", "json", "ndjson"] {
        let output = against(&steps, &["-vv", "-o", format]);
        assert_eq!(output.status, Some(32), "{} {}", output.stdout, output.stderr);
        let harmful = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}' || c == '\u{9b}';
        if format == "human" {
            assert!(!output.stdout.contains(harmful), "{format}: {:?}", output.stdout);
            assert!(output.stdout.contains("SSH-2.0-\\u{1b}"), "{}", output.stdout);
        } else {
            assert!(
                !output.stdout.contains(|c: char| c.is_control() && c != '\n'),
                "{format}: {:?}",
                output.stdout
            );
        }
    }
}

#[test]
fn human_output_stays_within_eighty_columns_and_has_no_colour_in_a_pipe() {
    let output = against("{ expect = \"connection_request\" }, { close = \"reset\" }", &[]);
    assert!(!output.stdout.contains('\u{1b}'), "{}", output.stdout);
    for line in output.stdout.lines() {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
    }
    assert!(output.stdout.contains("FAILED at connection_initiation (target)"), "{}", output.stdout);
    assert!(output.stdout.contains("exit code 30"), "{}", output.stdout);
}

#[test]
fn colour_is_there_when_asked_for() {
    assert!(run(&["--color", "always", "127.0.0.1:9"]).stdout.contains('\u{1b}'));
}

#[test]
fn a_drip_and_endless_data_end_in_a_verdict_by_the_deadline() {
    binary::binary();
    let drip =
        "{ expect = \"connection_request\" }, { drip = \"03 00 00 13 0e d0 00 00 12 34 00\", every_ms = 100 }";
    // A TPKT that promises 65,535 octets, and then more than that.
    let endless = "{ expect = \"connection_request\" }, { send = \"03 00 ff ff\" }, { endless = \"41\", at_most = 50000000 }";
    for (steps, rules) in [
        (drip, ["confirm-stalled"].as_slice()),
        (endless, ["confirm-malformed", "confirm-length-lies", "unexpected-tpdu"].as_slice()),
    ] {
        let start = Instant::now();
        let output = against(steps, &["-o", "json", "--timeout", "400ms"]);
        let rule = output.json.as_ref().unwrap()["verdict"]["rule"].as_str().unwrap().to_owned();
        assert!(rules.contains(&rule.as_str()), "{rule}");
        assert!(start.elapsed() < Duration::from_secs(3), "{:?}", start.elapsed());
    }
}

#[test]
fn a_full_backlog_is_a_connection_that_times_out() {
    on_runtime(async {
        let backlog = FullBacklog::start([127, 0, 0, 1].into()).await.unwrap();
        let target = backlog.address().to_string();
        let arguments = ["-o", "json", "--connect-timeout", "300ms", &target].map(str::to_owned);
        let output = tokio::task::spawn_blocking(move || run(&arguments.each_ref().map(String::as_str)));
        let output = output.await.unwrap();
        assert_eq!(output.status, Some(11), "{} {}", output.stdout, output.stderr);
        assert_eq!(output.json.unwrap()["verdict"]["rule"], "tcp-timed-out");
    });
}

#[test]
fn an_interrupted_run_says_so_with_exit_code_5() {
    use std::io::Read as _;
    use std::process::{Command, Stdio};
    on_runtime(async {
        let (port, listener) = rdp_probe_testkit::port::listen([127, 0, 0, 1].into()).unwrap();
        let address = format!("127.0.0.1:{port}");
        let mut child = Command::new(binary::binary())
            .args(["-o", "json", &address])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        // SIGINT as soon as the request is there: the program is waiting then.
        let pid = child.id().to_string();
        let (mut connection, _) = listener.accept().await.unwrap();
        tokio::io::AsyncReadExt::read_exact(&mut connection, &mut [0; 19]).await.unwrap();
        let kill = format!("kill -INT {pid}");
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let status = tokio::task::spawn_blocking(move || {
            let mut stdout = String::new();
            child.stdout.take().unwrap().read_to_string(&mut stdout).unwrap();
            (child.wait().unwrap().code(), stdout)
        });
        let (code, stdout) = status.await.unwrap();
        let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!((code, json["verdict"]["rule"].as_str()), (Some(5), Some("interrupted")), "{json:#}");
    });
}
