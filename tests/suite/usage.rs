//! The command line: what is refused, what is written where, and what a hostile server cannot do to a terminal.
use std::path::PathBuf;
use std::time::{Duration, Instant};

use rdp_probe_testkit::Scenario;
use rdp_probe_testkit::target::{FullBacklog, ScriptedTarget};

use crate::binary::{self, FORMATS, Output, code, heeding_signals, run};

/// A folder that is gone when this is dropped.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("rdp-probe-usage-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn file(&self, name: &str, octets: &[u8]) -> String {
        let path = self.path(name);
        std::fs::write(&path, octets).unwrap();
        path
    }

    /// Where a file of this name would be.
    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
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
        (list("bad", b"srv1\nsrv x\n"), list("latin1", b"srv1\nM\xfcnchen\n"), list("empty", b"# nothing\n"));
    let (only_bad, binary, columns) = (
        list("only-bad", b"srv x\n"),
        list("binary", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\n"),
        list("columns", b"Rechner;Port\nsrv1;3389\n"),
    );
    let folder = format!("@{}", scratch.path(""));
    // A file of nothing but holes takes no room.
    std::fs::File::create(scratch.0.join("large")).unwrap().set_len((64 << 20) + 1).unwrap();
    let large = format!("@{}", scratch.0.join("large").display());
    let place = |path: &str| format!("json={}", scratch.0.join(path).display());
    let (same, dotted) = (place("report.json"), place("./report.json"));
    let tls_name = scratch.file("name.rdp", b"full address:s:srv1-\nalternate full address:s:192.0.2.7\n");
    let password = scratch.file("password", b"hunter2\n");
    let written = format!("json={password}");
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
        (&["[fe80::1%2]:3389"], "a zone such as %2 is not supported here"),
        (&["fe80::1%eth0"], "--resolve NAME:3389:fe80::1%2"),
        (&["[fe80::1]:3389"], "a link-local address (fe80::/10) needs a zone"),
        (&["m\u{fc}nchen.example"], "xn-- form"),
        (&["nothing.rdp"], "cannot be read"),
        (&["explain"], "no code"),
        (&["explain", " "], "a code is empty"),
        (&["explain", "5", "--bogus"], "--bogus"),
        (
            &["explain", "5", "-o", "xml"],
            "expected human, line, json, ndjson, csv, junit, github or nagios, and =FILE",
        ),
        (&["explain", "5", "-o", "line"], "line is a form of reports"),
        (&["explain", "5", "-o", "json", "-o", "human"], "two outputs go to standard output"),
        (&["srv1", "--timeout", "soon"], "\"soon\" is not a duration"),
        (&["srv1", "--timeout", "0s"], "is not a duration from"),
        (&["srv1", "--stage-timeout", "x224=5h"], "\"5h\" is not a duration"),
        (&["srv1", "-p", "hunter2"], "-p: expected a port from 1 to 65535; what stands there is not repeated"),
        (&["srv1", "-p-hunter2"], "-p: expected a port from 1 to 65535"),
        (&["srv1", "--port", "0"], "-p: expected a port from 1 to 65535"),
        (&["me:hunter2@srv1"], "target \"...@srv1\": a target is a host, and no user stands before it"),
        (&["https://me:hunter2@srv x/"], "no character like ' '"),
        (&["srv x:3389:me:hunter2"], "target \"srv x:3389:...\""),
        (&["srv1", "--column", "host"], "--column is of no use without a list"),
        (&["srv1", "--strict"], "--strict is of no use without a list"),
        (&["srv1", "--until", "session"], "stage session is not in this version"),
        (&["srv1", "--user", "me"], "no password for \"me\": give it by"),
        (&["srv1", "-u", "LAB\\me@lab.test", "--password-file", &password], "in one of these forms"),
        (
            &["srv1", "-u", "LAB\\me", "-d", "LAB", "--password-file", &password],
            "the user has a domain already",
        ),
        (&["srv1", "-u", "", "--password-file", &password], "no user"),
        (&["srv1", "-d", "LAB"], "--user"),
        (&["srv1", "--password-file", &password], "--user"),
        (&["srv1", "--accept-certificate"], "--user"),
        (&["srv1", "-u", "me", "--password-file", "/nonexistent/p"], "/nonexistent/p"),
        (&["srv1", "-u", "me", "--password-file", "/dev/null"], "there is no password in it"),
        (&["srv1", "-u", "me", "--password-file", &large[1..]], "at most 4096 octets"),
        (&["srv1", "-u", "me", "--password-file", &not_utf8[1..]], "is not UTF-8"),
        (&["srv1", "-u", "me", "--password-stdin"], "there is no password in it"),
        (&["-", "-u", "me", "--password-stdin"], "one of them has to be a file"),
        (&["srv1", "-u", "me", "--password-stdin", "--password-file", &password], "--password-stdin"),
        (
            &["srv1", "-u", "me", "--password-file", &password, "-o", &written],
            "an output needs a file of its own",
        ),
        (&["-4", "2001:db8::1"], "-4"),
        (&["srv1", "--cookie", &"x".repeat(300)], "cookie"),
        (&["srv1", "--concurrency", "0"], "concurrency"),
        (&["srv1", "--routing-token", &"x".repeat(300)], "routing token"),
        (&["srv1", "--routing-token", "a\nb"], "CR or LF inside"),
        (&["srv1", "--routing-token", ""], "--routing-token"),
        (&["srv1", "--cookie", "a", "--load-balance-info", "b"], "--cookie"),
        (&["srv1", "--pcb", ""], "--pcb"),
        (&["srv1", "--client-name", ""], "1 to 15 characters"),
        (&["srv1", "--client-name", "sixteen-letters!"], "1 to 15 characters"),
        (&["srv1", "--server-name", "srv 9"], "TLS cannot carry the name \"srv 9\""),
        (&["srv1", "--server-name", "srv1-"], "\"srv1-\""),
        (&["srv1", "--server-name", ""], "\"\""),
        (&["srv1", "--server-name", "a..b"], "\"a..b\""),
        (&["/v:srv1", "/cert:name:srv 9"], "\"srv 9\""),
        (&[&tls_name], "line 1: full address: expected a name that TLS can carry, not \"srv1-\""),
        (&["/v:srv1", "hunter2"], "it is not shown, since it may be a password"),
        (
            &["srv1", "-u", "me", "--enumerate", "--password-file", &password],
            "--enumerate is not done with --user",
        ),
        (
            &["srv1", "-u", "me", "--until", "tcp", "--password-file", &password],
            "--until tcp_connect ends before the logon",
        ),
        (&["-", "--password-file", "/nonexistent/p"], "/nonexistent/p"),
        (&["/v:srv1", "/u:me", "-u", "you", "/p:hunter2"], "two users, --user and /u"),
        (&["/v:srv1", "/u:me", "/p:hunter2", "--password-stdin"], "two passwords, /p and an option"),
        (&["/v:srv1", "/u:a@b@c", "/p:hunter2"], "in one of these forms"),
        (&["/v:srv1", "/g:gw1/x"], "/g: expected /g:HOST[:PORT]"),
        (
            &["srv1", "-g", "gw1", "--gateway-user", "me"],
            "no password for \"me\" at the gateway \"gw1\": give it by",
        ),
        (&["srv1", "-g", "gw1", "--gateway-user", "a@b@c"], "--gateway-user \"a@b@c\": a user is written as"),
        (
            &["srv1", "-g", "gw1", "--gateway-user", "me", "--gateway-password-file", "/nonexistent/p"],
            "/nonexistent/p",
        ),
        (
            &["srv1", "-g", "gw1", "--gateway-user", "me", "--gateway-password-stdin"],
            "there is no password in it",
        ),
        (&["srv1", "-g", "gw1", "--gateway-token", "-"], "there is no token in its first line"),
        (&["srv1", "-g", "gw1", "--gateway-token", "/nonexistent/t"], "/nonexistent/t"),
        (
            &["srv1", "-g", "gw1", "--gateway-ca", "/nonexistent/ca"],
            "--gateway-ca /nonexistent/ca: cannot be read",
        ),
        (&["srv1", "-g", "gw1", "--gateway-ca", &password], "no certificate"),
        (&["srv1", "-g", "gw1", "--gateway-pin", "00"], "a pin is a SHA-256"),
        (&["srv1", "-g", "gw1", "--resolve", "srv1:3389:192.0.2.7"], "looks up the target's name itself"),
        (&["srv1", "-4", "-g", "2001:db8::1"], "--gateway 2001:db8::1 is not an address that -4 takes"),
        (
            &["srv1", "-g", "gw1", "--gateway-token", &password, "-o", &written],
            "an output needs a file of its own",
        ),
        (&["/v:srv1", "--restricted-admin"], "--restricted-admin is of no use without --user"),
        (&["/v:srv1", "/sec:strong"], "/sec: expected rdp, tls, nla, ext or aad"),
        (
            &["/v:srv1", "/g:gw1", "--no-gateway", "--gateway-only"],
            "--gateway-only is of no use without --gateway",
        ),
        (&["srv1", "-g", "gw1", "--no-gateway"], "cannot be used with"),
        (&["/v:srv1", "/frobnicate:x"], "/frobnicate is not an option"),
        (&["srv1", "-o", "json="], "file name"),
        (&["srv1", "-o", "json", "-o", "human"], "two outputs go to standard output"),
        (&["srv1", "-o", &same, "-o", &dotted], "two outputs go to"),
        (&["srv1", "--resolve", "srv2:3389:192.0.2.7"], "no target is srv2 on port 3389"),
        (&["srv1:3390", "--resolve", "srv1:3389:192.0.2.7"], "no target is srv1 on port 3389"),
        (&["192.0.2.7", "--resolve", "192.0.2.7:3389:192.0.2.8"], "only a name is resolved"),
        (&[&large], "line 1: longer than 64 KiB"),
        (&["@/nonexistent/list"], "/nonexistent/list"),
        (&[&bad_line, "--strict"], "line 2: \"srv x\""),
        (&[&not_utf8, "--strict"], "line 2: \"M\u{fc}nchen\": a host name is ASCII here"),
        (&[&only_bad], "line 1: \"srv x\": a host name has no character like ' '; passed over"),
        (&[&binary], "is no list: line "),
        (&[&columns], "--column names it; there are \"Rechner\", \"Port\""),
        (&[&columns, "--column", "host"], "there is no column \"host\"; there are \"Rechner\", \"Port\""),
        (&[&folder], "cannot be read"),
        (&[&empty], "no target"),
    ];
    for (arguments, part) in cases {
        let Output { status, stdout, stderr, .. } = run(arguments);
        assert_eq!(status, Some(2), "{arguments:?}: {stderr}");
        assert!(stderr.contains(part), "{arguments:?}: {stderr}");
        assert_eq!((stderr.lines().count(), stdout.as_str()), (1, ""), "{arguments:?}: {stderr}");
        assert!(!stderr.contains("hunter2"), "{arguments:?}: {stderr}");
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
fn an_output_that_fails_is_given_up_and_the_others_are_finished() {
    let scratch = Scratch::new("sinks");
    let file = scratch.0.join("all.json");
    let json = format!("json={}", file.display());
    // Standard output is a pipe that nobody reads: the first report breaks it.
    let (code, stderr) = without_a_reader(&["127.0.0.1:9", "127.0.0.2:9", "-o", "ndjson", "-o", &json]);
    assert_eq!((code, stderr.as_str()), (Some(4), ""), "nothing is said when the reader just left");
    let all: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(&file).unwrap()).unwrap();
    assert_eq!(all.as_array().unwrap().len(), 2);
    // And the other way round.
    let output = run(&["127.0.0.1:9", "127.0.0.2:9", "-o", "ndjson", "-o", "json=/dev/full"]);
    assert_eq!((output.status, output.stdout.lines().count()), (Some(4), 2), "{}", output.stderr);
    assert!(output.stderr.starts_with("rdp-probe: cannot write to /dev/full"), "{}", output.stderr);
}

#[test]
fn a_run_ends_when_nobody_is_left_to_read_it() {
    on_runtime(async {
        let (port, listener) = rdp_probe_testkit::port::listen([127, 0, 0, 1].into()).unwrap();
        let target = format!("127.0.0.1:{port}");
        let run = tokio::task::spawn_blocking(move || {
            let mut arguments = vec!["-o", "ndjson", "--until", "tcp", "--concurrency", "1", "--duplicates"];
            arguments.extend([target.as_str(); 40]);
            without_a_reader(&arguments)
        });
        assert_eq!(run.await.unwrap(), (Some(4), String::new()));
        // The operating system has made the connections; they wait to be counted.
        let listener = listener.into_std().unwrap();
        let made = std::iter::from_fn(|| listener.accept().ok()).count();
        assert!((1..10).contains(&made), "{made} of 40 targets were connected to");
    });
}

/// Runs the program with a standard output whose reader is gone: exit code and standard error.
fn without_a_reader(arguments: &[&str]) -> (Option<i32>, String) {
    use std::process::{Command, Stdio};
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = Command::new(binary::binary())
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn a_list_gives_an_array_however_short_it_is_and_is_not_enumerated() {
    let scratch = Scratch::new("short-list");
    let list = format!("@{}", scratch.file("hosts", b"127.0.0.1:9\n"));
    let from_list = run(&[&list, "-o", "json"]);
    let array = from_list.json.unwrap();
    assert_eq!((from_list.status, array.as_array().map(Vec::len)), (Some(11), Some(1)), "{array}");
    assert!(run(&["127.0.0.1:9", "-o", "json"]).json.unwrap().is_object());
    // The one connection that is scripted is enough.
    let confirm = "03 00 00 13 0e d0 00 00 12 34 00 02 1f 08 00 08 00 00 00";
    let text = format!(
        "title = \"t\"\n[[connection]]\nsteps = [{{ expect = \"connection_request\" }}, {{ send = \"{confirm}\" }}]\n\
         [expect]\noutcome = \"reachable\"\nexit = 0\n"
    );
    let scenario = Scenario::parse("usage", &text).unwrap();
    on_runtime(async {
        let target = ScriptedTarget::start(&scenario).await.unwrap();
        let list = scratch.file("one", format!("127.0.0.1:{}\n", target.port()).as_bytes());
        let arguments = [format!("@{list}"), "--until=x224".into(), "-ojson".into()];
        let run = tokio::task::spawn_blocking(move || run(&arguments.each_ref().map(String::as_str)));
        let output = run.await.unwrap();
        assert_eq!(output.status, Some(0), "{}", output.stdout);
        assert_eq!(target.finish().await.violations, []);
    });
}

#[test]
fn several_targets_keep_their_order_where_that_is_asked_for_and_give_exit_code_100() {
    let scratch = Scratch::new("several");
    let list = format!("@{}", scratch.file("hosts", b"127.0.0.1:9 # closed\n127.0.0.2:9\n"));
    let file = scratch.0.join("all.json");
    let json = format!("json={}", file.display());
    let output = run(&[&list, "127.0.0.3:9", "--in-order", "-o", "ndjson", "-o", &json]);
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
    // What was asked for in a file is written.
    let scratch = Scratch::new("quiet");
    let file = scratch.0.join("report.txt");
    let output = run(&["-q", "127.0.0.1:9", "-o", &format!("human={}", file.display())]);
    assert_eq!((output.status, output.stdout.as_str()), (Some(11), ""));
    assert!(
        std::fs::read_to_string(file)
            .unwrap()
            .ends_with("exit code 11: TCP connect failed (refused, unreachable, timed out)\n")
    );
}

pub(crate) fn on_runtime<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap().block_on(future)
}

/// Runs the binary against one scripted connection, repeated for each run.
pub(crate) fn against(steps: &str, arguments: &[&str]) -> Output {
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
    for format in FORMATS {
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
    // Every octet comes well within the limit but the last ones, which come after it.
    let drip =
        "{ expect = \"connection_request\" }, { drip = \"03 00 00 13 0e d0 00 00 12 34 00\", every_ms = 250 }";
    // A TPKT that promises 65,535 octets, and then more than that: no TPDU has the code that comes.
    let endless = "{ expect = \"connection_request\" }, { send = \"03 00 ff ff\" }, { endless = \"41\", at_most = 50000000 }";
    for (steps, limit, rule) in [(drip, "1500ms", "confirm-stalled"), (endless, "10s", "unexpected-tpdu")] {
        let start = Instant::now();
        let output = against(steps, &["-o", "json", "--timeout", limit]);
        let json = output.json.unwrap();
        assert_eq!(json["verdict"]["rule"], rule, "{json:#}");
        assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
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
        let mut child = heeding_signals(binary::binary())
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
            (code(child.wait().unwrap()), stdout)
        });
        let (code, stdout) = status.await.unwrap();
        let json: serde_json::Value = serde_json::from_str(&stdout).unwrap();
        assert_eq!((code, json["verdict"]["rule"].as_str()), (Some(130), Some("interrupted")), "{json:#}");
    });
}
