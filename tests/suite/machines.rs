//! Odd computers: clocks that are wrong or jump, stores of roots that are none, one thread, little memory.
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rdp_probe_testkit::certificate::authority_pem;
use serde_json::Value;

use crate::binary::binary;
use crate::runner::{Servers, command, end};
use crate::usage::Scratch;

const REQUEST: &str = "{ expect = \"connection_request\" }";
const HYBRID: &str = "{ send = \"03 00 00 13 0e d0 00 00 12 34 00 02 1f 08 00 02 00 00 00\" }";
/// Of an authority, so that the store of roots is asked.
const HANDSHAKE: &str = "{ tls = { certificate = \"ca_signed\" } }";
const TOKEN: &str = "{ expect = \"ts_request\" }";
const CHALLENGE: &str = "{ challenge = { credssp = 6, netbios_computer = \"SRV1\", netbios_domain = \"LAB\", \
    dns_computer = \"srv1.lab.test\", dns_domain = \"lab.test\", dns_tree = \"lab.test\", version = [10, 0, 20348], \
    clock_ahead_ms = 0 } }";
const HEALTHY: &[&str] = &[REQUEST, HYBRID, HANDSHAKE, TOKEN, CHALLENGE];

fn json(output: &Output, what: &str) -> Value {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{what}: {error}\n{stdout}\n{stderr}"))
}

/// The program under a clock that faketime makes.
fn under_clock(arguments: &[&str]) -> Command {
    let mut command = Command::new("faketime");
    let path = std::env::var_os("PATH").unwrap_or_default();
    command
        .env_clear()
        .env("PATH", path)
        .env("DONT_FAKE_MONOTONIC", "1")
        .env("FAKETIME_DONT_FAKE_MONOTONIC", "1");
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

#[test]
fn a_clock_that_says_anything_changes_nothing_but_what_is_said_of_time() {
    for clock in
        ["@1960-01-01 00:00:00", "@1969-12-31 23:59:59", "@1970-01-01 00:00:00", "-500y", "+8000y", "+200000y"]
    {
        let servers = Servers::start(&[(1, HEALTHY)]);
        let program = binary().to_str().unwrap();
        let arguments = ["-f", clock, program, &servers.address(), "-o", "json", "--no-enumerate"];
        let output = under_clock(&arguments).output().unwrap();
        let report = json(&output, clock);
        assert_eq!(output.status.code(), Some(0), "{clock}: {report:#}");
        assert_eq!(report["server"]["netbios_computer"], "SRV1", "{clock}");
        assert!(output.stderr.is_empty(), "{clock}: {output:?}");
        let human = Command::new(binary())
            .args(["--from-report", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn();
        let mut human = human.unwrap();
        std::io::Write::write_all(&mut human.stdin.take().unwrap(), &output.stdout).unwrap();
        assert_eq!(human.wait_with_output().unwrap().status.code(), Some(0), "{clock}");
    }
}

#[test]
fn a_clock_that_jumps_in_the_middle_of_a_run_ends_no_stage() {
    let scratch = Scratch::new("jump");
    for to in ["+50y", "-100y"] {
        let drip = "{ drip = \"03 00 00 13 0e d0 00 00 12 34 00 02 1f 08 00 02 00 00 00\", every_ms = 40 }";
        let servers = Servers::start(&[(1, &[REQUEST, drip, HANDSHAKE, TOKEN, CHALLENGE])]);
        let clock = scratch.file("clock", b"+0");
        let program = binary().to_str().unwrap();
        // What faketime itself is told goes before the file, so that the program must not hear of it.
        let arguments =
            ["-f", "+0", "env", "-u", "FAKETIME", program, &servers.address(), "-o", "json", "--no-enumerate"];
        let mut command = under_clock(&arguments);
        let child =
            command.env("FAKETIME_TIMESTAMP_FILE", &clock).env("FAKETIME_NO_CACHE", "1").spawn().unwrap();
        thread::sleep(Duration::from_millis(400));
        scratch.file("clock", to.as_bytes());
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), output.stderr.len()), (Some(0), 0), "{to}: {output:?}");
        let report = json(&output, to);
        assert_eq!(report["server"]["netbios_computer"], "SRV1");
        // What the drops took, and nothing of it was lost.
        let stages = report["stages"].as_array().unwrap();
        let dripped = stages.iter().find(|stage| stage["stage"] == "connection_initiation").unwrap();
        let took = Duration::from_micros(dripped["duration_us"].as_u64().unwrap());
        assert!((Duration::from_millis(700)..Duration::from_secs(5)).contains(&took), "{to}: {took:?}");
        assert!(!report.to_string().contains("this-computer-stood-still"), "{to}: {report:#}");
    }
}

#[test]
fn a_store_of_roots_that_is_none_has_no_say_in_whether_a_host_is_healthy() {
    let scratch = Scratch::new("store");
    let fifo = scratch.path("5ad8a5d6.0");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    std::os::unix::fs::symlink("/dev/zero", scratch.path("5ad8a5d6.1")).unwrap();
    let junk = scratch.file("5ad8a5d6.2", &b"-----BEGIN CERTIFICATE-----\nAAAA\n".repeat(10_000));
    let folder = scratch.path("");
    // What is good is read, from a file and from a folder.
    let good = scratch.file("good", authority_pem().as_bytes());
    let hashed = Scratch::new("hashed");
    hashed.file("5ad8a5d6.0", authority_pem().as_bytes());
    let good_folder = hashed.path("");
    let stores = [
        ("SSL_CERT_FILE", good.as_str()),
        ("SSL_CERT_DIR", good_folder.as_str()),
        ("SSL_CERT_FILE", "/nonexistent"),
        ("SSL_CERT_FILE", "/dev/null"),
        ("SSL_CERT_FILE", "/dev/zero"),
        ("SSL_CERT_FILE", &fifo),
        ("SSL_CERT_FILE", &junk),
        ("SSL_CERT_FILE", &folder),
        ("SSL_CERT_FILE", ""),
        ("SSL_CERT_DIR", &folder),
        ("SSL_CERT_DIR", "/nonexistent"),
    ];
    for (variable, value) in stores {
        let servers = Servers::start(&[(1, HEALTHY)]);
        // 1 GiB: what has no end does not get that far.
        let mut shell = Command::new("/bin/sh");
        shell.args(["-c", "ulimit -v 1048576; exec \"$0\" \"$@\"", binary().to_str().unwrap()]);
        shell.args([&servers.address(), "-o", "json", "--no-enumerate"]).env_clear().env(variable, value);
        let output = shell.stdin(Stdio::null()).output().unwrap();
        let report = json(&output, value);
        assert_eq!(output.status.code(), Some(0), "{variable}={value}: {report:#}");
        let trusted = &report["tls"]["certificate"]["trusted"];
        assert_eq!(trusted.is_null(), value != good && value != good_folder, "{variable}={value}: {trusted}");
    }
}

/// Whoever opens the file waits while this runs, as for a file server that does not answer.
fn held(file: &str) -> Child {
    let script = r#"$SIG{IO} = "IGNORE"; open(F, "+<", $ARGV[0]) && fcntl(F, 1024, 1) or die $!; $| = 1; print "held\n"; sleep 60"#;
    let mut holder = Command::new("perl").args(["-e", script, file]).stdout(Stdio::piped()).spawn().unwrap();
    let mut said = [0; 5];
    std::io::Read::read_exact(holder.stdout.as_mut().unwrap(), &mut said).unwrap();
    assert_eq!(&said, b"held\n");
    holder
}

#[test]
fn a_store_of_roots_that_hangs_is_laid_at_nobody_however_short_the_limit() {
    let scratch = Scratch::new("hanging");
    for limit in ["400ms", "10s"] {
        let servers = Servers::start(&[(1, HEALTHY)]);
        let store = scratch.file(limit, authority_pem().as_bytes());
        let mut holder = held(&store);
        let mut command = command(&[&servers.address(), "-o", "json", "--no-enumerate", "--timeout", limit]);
        let start = Instant::now();
        let output = command.env("SSL_CERT_FILE", &store).output().unwrap();
        let took = start.elapsed();
        holder.kill().unwrap();
        holder.wait().unwrap();
        let report = json(&output, limit);
        assert_eq!(output.status.code(), Some(0), "{limit}: {report:#}");
        assert!(report["tls"]["certificate"]["trusted"].is_null(), "{limit}: {report:#}");
        assert!(took < Duration::from_secs(5), "{limit}: {took:?}");
    }
}

#[test]
fn one_thread_and_little_memory_are_enough() {
    // A copy that another account can read, for root is asked for no limit of threads.
    let scratch = Scratch::new("small");
    let program = scratch.path("rdp-probe");
    std::fs::copy(binary(), &program).unwrap();
    let root = std::fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
    let other: &[&str] = &["setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups"];
    // With each thread more, another one is the first that cannot be had.
    let limits: [&[&str]; 6] = [
        &["prlimit", "--nproc=1"],
        &["prlimit", "--nproc=2"],
        &["prlimit", "--nproc=3"],
        &["prlimit", "--nproc=4"],
        &["prlimit", "--as=31457280"],
        &["prlimit", "--nproc=1", "--as=31457280", "--nofile=16"],
    ];
    for limit in limits {
        let servers = Servers::start(&[(40, HEALTHY)]);
        let list =
            format!("@{}", scratch.file("hosts", format!("{}\n", servers.address()).repeat(40).as_bytes()));
        let words: Vec<&str> = other.iter().filter(|_| root).chain(limit).copied().collect();
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).args([&program, &list, "--duplicates", "-o", "json"]).stdin(Stdio::null());
        let output = command.output().unwrap();
        let reports = json(&output, &format!("{limit:?}"));
        let codes: Vec<&Value> =
            reports.as_array().unwrap().iter().map(|r| &r["verdict"]["exit_code"]).collect();
        assert_eq!((output.status.code(), codes), (Some(0), vec![&Value::from(0); 40]), "{limit:?}");
    }
}

#[test]
fn an_interruption_waits_for_no_store_of_roots() {
    let scratch = Scratch::new("roots");
    let fifo = scratch.path("store");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let silent = "{ close = \"silent\" }";
    let servers = Servers::start(&[(1, &[REQUEST, HYBRID, HANDSHAKE, TOKEN, silent])]);
    let mut command = command(&[&servers.address(), "-o", "json", "--no-enumerate"]);
    let child = command.env("SSL_CERT_FILE", &fifo).spawn().unwrap();
    thread::sleep(Duration::from_millis(500));
    let (code, _, took) = end(child, "TERM");
    assert_eq!((code, took < Duration::from_secs(1)), (Some(5), true), "{took:?}");
}
