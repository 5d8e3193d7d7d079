//! What keeps a run going, and what ends it: readers that are slow, signals, and a computer that stood still.
use std::fs;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rdp_probe_testkit::Scenario;
use rdp_probe_testkit::target::{FullBacklog, ScriptedTarget};
use serde_json::Value;
use tokio::runtime::Runtime;

use crate::binary::{binary, code, heeding_signals};
use crate::usage::Scratch;

/// How long anything may take that does not hang.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long an interruption may take.
const AT_ONCE: Duration = Duration::from_millis(200);

/// The octets of a Connection Confirm that selects TLS.
const TLS: &str = "{ send = \"03 00 00 13 0e d0 00 00 12 34 00 02 1f 08 00 01 00 00 00\" }";
const REQUEST: &str = "{ expect = \"connection_request\" }";
const HANDSHAKE: &str = "{ tls = { certificate = \"good\" } }";

/// Servers on a thread of their own.
pub(crate) struct Servers {
    runtime: Runtime,
    target: Option<ScriptedTarget>,
}

impl Servers {
    /// So many connections, each with these steps.
    pub(crate) fn start(connections: &[(usize, &[&str])]) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let scripts: String = connections
            .iter()
            .map(|(times, steps)| format!("[[connection]]\nsteps = [{}]\n", steps.join(", ")).repeat(*times))
            .collect();
        let text = format!("title = \"t\"\n{scripts}[expect]\noutcome = \"reachable\"\nexit = 0\n");
        let scenario = Scenario::parse("runner", &text).unwrap();
        let target = runtime.block_on(ScriptedTarget::start(&scenario)).unwrap();
        Self { runtime, target: Some(target) }
    }

    pub(crate) fn address(&self) -> String {
        format!("127.0.0.1:{}", self.target.as_ref().unwrap().port())
    }

    /// Where script and clients disagreed.
    pub(crate) fn violations(mut self) -> Vec<String> {
        let served = self.runtime.block_on(self.target.take().unwrap().finish());
        served.violations.iter().map(ToString::to_string).collect()
    }
}

/// The program with these arguments, and nothing from the caller's environment that it might heed.
pub(crate) fn command(arguments: &[&str]) -> Command {
    let mut command = heeding_signals(binary());
    command.args(arguments).env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn signal(child: &Child, name: &str) {
    let line = format!("kill -{name} {}", child.id());
    assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
}

/// Waits for the end of a process that does not hang.
pub(crate) fn ended(child: &mut Child) -> ExitStatus {
    let start = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if start.elapsed() > PATIENCE {
            child.kill().unwrap();
            child.wait().unwrap();
            panic!("it still ran after {PATIENCE:?}");
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Reads beside whoever calls.
fn reading(mut from: impl Read + Send + 'static) -> thread::JoinHandle<String> {
    thread::spawn(move || {
        let mut text = String::new();
        from.read_to_string(&mut text).unwrap();
        text
    })
}

/// What an interruption by this signal ends with: the key's is raised again, so that shells see it.
pub(crate) fn interrupted(name: &str) -> Option<i32> {
    Some(if name == "INT" { 130 } else { 5 })
}

/// Ends it by this signal: exit code as a shell has it, what it wrote, and how long that took.
pub(crate) fn end(mut child: Child, name: &str) -> (Option<i32>, String, Duration) {
    let stdout = reading(child.stdout.take().unwrap());
    signal(&child, name);
    let start = Instant::now();
    let status = ended(&mut child);
    let took = start.elapsed();
    (code(status), stdout.join().unwrap(), took)
}

#[test]
fn every_signal_that_ends_a_program_ends_a_run_in_any_stage_with_what_is_known() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let backlog = runtime.block_on(FullBacklog::start([127, 0, 0, 1].into())).unwrap();
    let credssp = "{ send = \"03 00 00 13 0e d0 00 00 12 34 00 02 1f 08 00 02 00 00 00\" }";
    let standard = "{ send = \"03 00 00 13 0e d0 00 00 12 34 00 02 1f 08 00 00 00 00 00\" }";
    let mcs = "{ expect = \"connect_initial\" }";
    let silent = "{ close = \"silent\" }";
    let stages: [(&str, &[&str]); 5] = [
        ("tcp_connect", &[]),
        ("connection_initiation", &[REQUEST, silent]),
        ("tls", &[REQUEST, TLS, silent]),
        ("credssp", &[REQUEST, credssp, HANDSHAKE, silent]),
        ("basic_settings_exchange", &[REQUEST, standard, mcs, silent]),
    ];
    let mut took = Vec::new();
    for (stage, steps) in stages {
        for name in ["INT", "TERM", "HUP"] {
            let servers = (!steps.is_empty()).then(|| Servers::start(&[(1, steps)]));
            let address = servers.as_ref().map_or_else(|| backlog.address().to_string(), Servers::address);
            let child = command(&[&address, "-o", "json", "--no-enumerate"]).spawn().unwrap();
            // It waits where it is to wait once it has not moved for a while.
            thread::sleep(Duration::from_millis(300));
            let (code, stdout, time) = end(child, name);
            let report: Value =
                serde_json::from_str(&stdout).unwrap_or_else(|e| panic!("{stage}: {e}: {stdout}"));
            let verdict = &report["verdict"];
            let told = (code, verdict["stage"].as_str(), verdict["rule"].as_str(), verdict["hop"].as_str());
            let expected = (interrupted(name), Some(stage), Some("interrupted"), Some("client"));
            assert_eq!(told, expected, "SIG{name}");
            assert_eq!(verdict["exit_code"], 5, "SIG{name}");
            took.push(time);
        }
    }
    took.sort();
    assert!(took[took.len() / 2] <= AT_ONCE, "{took:?}");
}

#[test]
fn a_list_that_is_interrupted_gives_the_reports_of_all_that_had_ended() {
    const DONE: usize = 40;
    const PLACES: usize = 8;
    let answers: &[&str] = &[REQUEST, TLS];
    let silent: &[&str] = &[REQUEST, "{ close = \"silent\" }"];
    for name in ["TERM", "HUP"] {
        // The first one that is silent keeps the reports of as many waiting, until there are no places left.
        let servers = Servers::start(&[(DONE, answers), (1, silent), (DONE, answers), (PLACES - 1, silent)]);
        let scratch = Scratch::new("interrupted");
        let list =
            format!("@{}", scratch.file("hosts", format!("{}\n", servers.address()).repeat(1000).as_bytes()));
        let file = scratch.file("last.json", b"last");
        let json = format!("json={file}");
        let part = ["--until", "x224", "--concurrency", "8", "--duplicates", "--in-order"];
        let mut child = command(&[&list, "-o", "ndjson", "-o", &json]).args(part).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut lines: Vec<String> = Vec::new();
        for _ in 0..DONE {
            let mut line = String::new();
            stdout.read_line(&mut line).unwrap();
            lines.push(line);
        }
        // It waits where it is to wait once it has not moved for a while.
        thread::sleep(Duration::from_millis(500));
        let rest = reading(stdout);
        signal(&child, name);
        let start = Instant::now();
        let status = ended(&mut child);
        let took = start.elapsed();
        assert_eq!((status.code(), took < 5 * AT_ONCE), (Some(5), true), "{took:?}");
        lines.extend(rest.join().unwrap().lines().map(str::to_owned));
        let codes: Vec<i64> = lines
            .iter()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["verdict"]["exit_code"].as_i64().unwrap())
            .collect();
        let (before, rest) = codes.split_at(DONE);
        assert_eq!((before, rest[0]), (&[0; DONE][..], 5));
        // How far the others came by then is the machine's affair.
        let ended = rest.iter().filter(|code| **code == 0).count();
        let cut = rest.iter().filter(|code| **code == 5).count();
        assert!((1..=DONE).contains(&ended) && (1..=PLACES).contains(&cut), "{codes:?}");
        assert_eq!(ended + cut, rest.len(), "{codes:?}");
        let all: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
        assert_eq!(all.as_array().map(Vec::len), Some(codes.len()));
    }
}

#[test]
fn one_that_is_silent_holds_back_nobody_unless_the_order_is_to_be_kept() {
    const OTHERS: usize = 1500;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let backlog = runtime.block_on(FullBacklog::start([127, 0, 0, 1].into())).unwrap();
    let silent = backlog.address().to_string();
    let others = (0..OTHERS).map(|one| format!("127.0.{}.{}:9\n", one / 250, one % 250 + 1));
    let scratch = Scratch::new("silent");
    let list =
        format!("@{}", scratch.file("hosts", format!("{silent}\n{}", others.collect::<String>()).as_bytes()));
    for (more, first) in [(&[][..], false), (&["--in-order"], true)] {
        let arguments = [&[&*list, "-o", "line", "--timeout", "2s", "--concurrency", "8"], more].concat();
        let mut child = command(&arguments).spawn().unwrap();
        let stdout = reading(child.stdout.take().unwrap()).join().unwrap();
        assert_eq!(ended(&mut child).code(), Some(100));
        let at = stdout.lines().position(|line| line.starts_with(&format!("{silent} ")));
        assert_eq!((stdout.lines().count(), at == Some(0)), (OTHERS + 1, first), "{at:?}");
        // All others were over long before.
        assert!(first || at > Some(OTHERS - 100), "{at:?}");
    }
}

#[test]
fn an_interruption_ends_a_run_whatever_it_waits_for() {
    let scratch = Scratch::new("waits");
    let fifo = |name: &str| {
        let path = scratch.path(name);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        path
    };
    let (list, output, roots) = (fifo("list"), fifo("output"), fifo("roots"));
    let (at, to) = (format!("@{list}"), format!("json={output}"));
    let waits: [&[&str]; 6] = [
        &["-"],
        &[&at],
        &["127.0.0.1:9", "-o", &to],
        &["127.0.0.1:9", "--ca", &roots],
        &["--from-report", "-"],
        &["--from-report", &list],
    ];
    for arguments in waits {
        for name in ["INT", "TERM", "HUP"] {
            let mut child = command(arguments).stdin(Stdio::piped()).spawn().unwrap();
            let stdin = child.stdin.take();
            thread::sleep(Duration::from_millis(200));
            let (code, ..) = end(child, name);
            assert_eq!(code, interrupted(name), "{arguments:?} SIG{name}");
            drop(stdin);
        }
    }
}

#[test]
fn an_interruption_ends_a_run_whose_reader_sleeps() {
    const TARGETS: usize = 400;
    let closed = vec!["127.0.0.1:9"; TARGETS];
    for name in ["INT", "TERM"] {
        let mut child = command(&["-o", "ndjson", "--duplicates"]).args(&closed).spawn().unwrap();
        let sleeper = child.stdout.take();
        // By then the pipe is full.
        thread::sleep(Duration::from_millis(700));
        assert!(child.try_wait().unwrap().is_none(), "there is nothing left to interrupt");
        signal(&child, name);
        let start = Instant::now();
        assert_eq!(code(ended(&mut child)), interrupted(name));
        assert!(start.elapsed() < Duration::from_secs(2), "{:?}", start.elapsed());
        drop(sleeper);
    }
}

/// A loop goes on when a program ends with some code, and ends when it dies of the key.
#[test]
fn the_key_that_interrupts_ends_the_loop_of_a_shell_too() {
    let (port, listener) =
        rdp_probe_testkit::port::find(|port| std::net::TcpListener::bind(("127.0.0.1", port))).unwrap();
    let scratch = Scratch::new("loop");
    let seen = scratch.path("seen");
    let (program, address) = (binary().display().to_string(), format!("127.0.0.1:{port}"));
    let script = format!("until \"{program}\" {address} -o line --no-second-look; do echo again; done >{seen}");
    let mut shell = heeding_signals("bash");
    shell.args(["-c", &script]).stdin(Stdio::null()).process_group(0);
    let mut shell = shell.spawn().unwrap();
    // Once the request is there, the program waits for its answer.
    let (mut connection, _) = listener.accept().unwrap();
    connection.read_exact(&mut [0; 19]).unwrap();
    // The terminal sends it to all that run in its foreground.
    let group = format!("kill -INT -{}", shell.id());
    assert!(Command::new("bash").args(["-c", &group]).status().unwrap().success());
    assert_eq!(code(ended(&mut shell)), Some(130));
    let seen = fs::read_to_string(seen).unwrap();
    assert!(seen.contains("rule=interrupted") && !seen.contains("again"), "{seen}");
}

#[test]
fn a_signal_that_is_ignored_from_the_start_ends_nothing() {
    for name in ["HUP", "INT"] {
        let servers = Servers::start(&[(1, &[REQUEST, "{ close = \"silent\" }"])]);
        let arguments = [&servers.address(), "-o", "json", "--no-enumerate", "--timeout", "900ms"];
        let mut shell = Command::new("/bin/sh");
        let script = format!("trap '' {name}; exec \"$0\" \"$@\"");
        shell.args(["-c", &script, binary().to_str().unwrap()]).args(arguments);
        let child = shell.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).spawn().unwrap();
        thread::sleep(Duration::from_millis(300));
        let (code, stdout, _) = end(child, name);
        assert_eq!(code, Some(30), "SIG{name}: {stdout}");
    }
}

/// What becomes of a run of 500 targets, of which 480 are healthy.
#[derive(Clone, Copy, Debug)]
enum Adversity {
    SlowReader,
    PausedReader,
    Stopped,
    FewDescriptors,
    FewerDescriptors,
    FullStderr,
}

#[test]
fn what_happens_here_changes_no_verdict_on_500_targets() {
    use Adversity as A;
    const ALL: usize = 500;
    const HEALTHY: usize = 480;
    // So slow that some are in the middle of it whenever the computer stops, with a handshake to come.
    let drip = TLS.replace("send", "drip").replace(" }", ", every_ms = 5 }");
    let all =
        [A::SlowReader, A::PausedReader, A::Stopped, A::FewDescriptors, A::FewerDescriptors, A::FullStderr];
    for adversity in all {
        let answer = if matches!(adversity, A::Stopped) { &drip } else { TLS };
        let servers = Servers::start(&[(HEALTHY, &[REQUEST, answer, HANDSHAKE])]);
        let scratch = Scratch::new("adversity");
        let is_closed = |index: &usize| index % 25 == 7;
        let lines: String =
            (0..ALL)
                .map(|index| {
                    if is_closed(&index) { "127.0.0.1:9\n".into() } else { format!("{}\n", servers.address()) }
                })
                .collect();
        let list = format!("@{}", scratch.file("hosts", lines.as_bytes()));
        let arguments =
            [&list, "-o", "ndjson", "--until", "tls", "--timeout", "2s", "--duplicates", "--in-order"];
        let mut command = command(&arguments);
        if matches!(adversity, A::FewDescriptors) {
            let program = binary().to_str().unwrap();
            command = Command::new("/bin/sh");
            command.args(["-c", "ulimit -n 32 && exec \"$0\" \"$@\"", program]).args(arguments).env_clear();
            command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
            // Whoever names no number misses none.
            command.args(["--concurrency", "32"]);
        } else {
            // One thread is all of these servers: it is not to be what is too slow.
            command.args(["--concurrency", "256"]);
        }
        let (stderr, full) = std::io::pipe().unwrap();
        if matches!(adversity, A::FullStderr) {
            // There is something to say, and no room for it.
            fill(&full);
            command.args(["/u:me", "--no-cookie"]).stderr(full);
        }
        let mut child = command.spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        let mut text = Vec::new();
        let mut piece = [0; 4096];
        match adversity {
            A::SlowReader => {
                for _ in 0..30 {
                    let read = stdout.read(&mut piece).unwrap();
                    text.extend_from_slice(&piece[..read]);
                    thread::sleep(Duration::from_millis(150));
                }
            }
            A::PausedReader => thread::sleep(Duration::from_secs(4)),
            A::Stopped => {
                let read = stdout.read(&mut piece).unwrap();
                text.extend_from_slice(&piece[..read]);
                signal(&child, "STOP");
                thread::sleep(Duration::from_secs(3));
                signal(&child, "CONT");
            }
            A::FewerDescriptors => {
                // There were enough when it began.
                let read = stdout.read(&mut piece).unwrap();
                text.extend_from_slice(&piece[..read]);
                let limit = ["--nofile=16:16", "--pid", &child.id().to_string()];
                assert!(Command::new("prlimit").args(limit).status().unwrap().success());
            }
            A::FewDescriptors | A::FullStderr => {}
        }
        stdout.read_to_end(&mut text).unwrap();
        assert_eq!(ended(&mut child).code(), Some(100), "{adversity:?}");
        let text = String::from_utf8(text).unwrap();
        // It is told, and not laid at anybody.
        let told = text.contains("\"this-computer-stood-still\"");
        assert!(told || !matches!(adversity, A::Stopped));
        let codes: Vec<i64> = text
            .lines()
            .map(|line| serde_json::from_str::<Value>(line).unwrap()["verdict"]["exit_code"].as_i64().unwrap())
            .collect();
        let expected: Vec<i64> = (0..ALL).map(|index| if is_closed(&index) { 11 } else { 0 }).collect();
        assert_eq!(codes, expected, "{adversity:?}");
        if let Some(mut stderr) = child.stderr.take() {
            let mut said = String::new();
            stderr.read_to_string(&mut said).unwrap();
            let parts: &[&str] = match adversity {
                A::FewDescriptors => &["targets are probed at a time, not 32"],
                A::FewerDescriptors => &["no sockets, ports or threads left"],
                A::SlowReader | A::PausedReader | A::Stopped | A::FullStderr => &[],
            };
            assert_eq!(said.lines().count(), parts.len(), "{adversity:?}: {said}");
            assert!(parts.iter().all(|part| said.contains(part)), "{adversity:?}: {said}");
        }
        drop(stderr);
        assert_eq!(servers.violations(), [""; 0], "{adversity:?}");
    }
}

/// Fills a pipe until it takes nothing more.
fn fill(pipe: &std::io::PipeWriter) {
    let mut pipe = pipe.try_clone().unwrap();
    let (told, wrote) = std::sync::mpsc::channel();
    thread::spawn(move || {
        // It ends when the pipe's last reader does.
        while pipe.write_all(&[b'x'; 4096]).is_ok() {
            _ = told.send(());
        }
    });
    while wrote.recv_timeout(Duration::from_millis(200)).is_ok() {}
}

#[test]
fn a_list_on_standard_input_is_read_as_it_comes() {
    let mut child = command(&["-", "-o", "ndjson"]).stdin(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for target in ["127.0.0.1:9", "127.0.0.2:9"] {
        writeln!(stdin, "{target}").unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let report: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(report["target"]["input"], target);
    }
    drop(stdin);
    assert_eq!(ended(&mut child).code(), Some(100));
}

#[test]
fn a_list_in_a_pipe_is_one_that_is_read_as_it_comes() {
    let scratch = Scratch::new("pipe");
    let fifo = scratch.path("list");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let mut child = command(&[&format!("@{fifo}"), "-o", "line"]).spawn().unwrap();
    let mut list = fs::OpenOptions::new().write(true).open(&fifo).unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    for target in ["127.0.0.1:9", "127.0.0.2:9"] {
        writeln!(list, "{target}").unwrap();
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(line.starts_with(target), "{line}");
    }
    drop(list);
    assert_eq!((ended(&mut child).code(), stdout.lines().count()), (Some(100), 0));
}
