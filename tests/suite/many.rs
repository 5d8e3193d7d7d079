//! Many targets: what they have in common costs once.
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use rdp_probe::{AttemptRecord, Observed, Probe, Stage};
use rdp_probe_testkit::certificate::authority_pem;
use rdp_probe_testkit::target::{FullBacklog, ScriptedTarget};
use rdp_probe_testkit::{Scenario, machine};

use serde_json::Value;

use crate::binary::{run, run_with, run_with_descriptors};
use crate::runner::{Servers, command, end, interrupted};
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
    let arguments =
        ["--until", "tls", "--ca", &roots, "--keylog", &key_log, "-o", "ndjson", "--duplicates", &list];
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
        let mut arguments =
            vec!["--until", "tls", "--no-enumerate", "--duplicates", "-o", "line", &host, &host];
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

/// The targets of what `-o line` wrote, in order.
fn targets(stdout: &str) -> Vec<&str> {
    let mut targets: Vec<&str> = stdout.lines().filter_map(|line| line.split(' ').next()).collect();
    targets.sort_unstable();
    targets
}

#[test]
fn networks_ranges_and_ports_are_asked_one_by_one_and_each_once() {
    let scratch = Scratch::new("spread");
    let list = format!("@{}", scratch.file("hosts", b"127.0.0.4/30:9\n127.0.0.6:9,10\n"));
    let few: [(&[&str], &[&str]); 4] = [
        (&["127.0.0.4/30:9"], &["127.0.0.5:9", "127.0.0.6:9"]),
        (&["127.0.0.1:9,10"], &["127.0.0.1:10", "127.0.0.1:9"]),
        (&["127.0.0.1-2", "-p9"], &["127.0.0.1:9", "127.0.0.2:9"]),
        (&[&list], &["127.0.0.5:9", "127.0.0.6:10", "127.0.0.6:9"]),
    ];
    for (arguments, expected) in few {
        let output = run(&[arguments, &["-o", "line"]].concat());
        assert_eq!((output.status, targets(&output.stdout)), (Some(100), expected.to_vec()), "{arguments:?}");
        let again = if arguments == [&list] { "1 named before" } else { "" };
        assert!(
            output.stderr.contains(again) && output.stderr.is_empty() == again.is_empty(),
            "{}",
            output.stderr
        );
    }
    // Networks that overlap.
    let output = run(&["127.0.0.0/24:9", "127.0.0.128/25:9", "127.0.0.7:9", "-o", "line"]);
    let all: Vec<String> = (1..=254).map(|last| format!("127.0.0.{last}:9")).collect();
    let mut all: Vec<&str> = all.iter().map(String::as_str).collect();
    all.sort_unstable();
    assert_eq!(targets(&output.stdout), all);
    assert_eq!(
        output.stderr,
        "rdp-probe: not probed: 127 named before (--duplicates asks each as often as it is named)\n"
    );
    // An array, however few there are.
    let output = run(&["127.0.0.1/32:9", "-o", "json"]);
    assert_eq!((output.status, output.json.unwrap().as_array().map(Vec::len)), (Some(11), Some(1)));
    for (network, part) in [
        ("0.0.0.0/0", "4294967296 addresses; at most 65536 are probed: divide it"),
        ("10.0.0.0/8", "\"10.0.0.0/8\" has 16777216 addresses"),
        ("2001:db8::/64", "more addresses than can be counted"),
    ] {
        let output = run(&[network]);
        assert_eq!((output.status, output.stdout.as_str()), (Some(2), ""), "{network}");
        assert!(output.stderr.contains(part), "{network}: {}", output.stderr);
    }
}

#[test]
fn what_is_excluded_is_not_asked_whoever_names_it() {
    let scratch = Scratch::new("exclude");
    let file = format!("@{}", scratch.file("out", b"# not these\n127.0.0.4/30\nSRV1\n"));
    let list =
        format!("@{}", scratch.file("hosts", b"127.0.0.5:9\n127.0.0.6:9\n127.0.0.7:9\n127.0.0.8:9\nsrv1:9\n"));
    let output = run(&["127.0.0.1-9:9", &list, "-o", "line", "--exclude", &file, "--exclude", "127.0.0.8:10"]);
    let expected = ["127.0.0.1:9", "127.0.0.2:9", "127.0.0.3:9", "127.0.0.8:9", "127.0.0.9:9"];
    assert_eq!((output.status, targets(&output.stdout)), (Some(100), expected.to_vec()), "{}", output.stderr);
    assert!(output.stderr.contains("not probed: 8 by --exclude, 1 named before"), "{}", output.stderr);
    for (exclude, part) in [
        ("127.0.0.0/8", "--exclude leaves no target"),
        ("srv x", "--exclude \"srv x\": a host name has no character"),
        ("10.0.0.0/33", "the length of its prefix"),
        ("@/nonexistent/out", "/nonexistent/out"),
    ] {
        let output = run(&["127.0.0.1:9", "127.0.0.2:9", "-o", "line", "--exclude", exclude]);
        assert_eq!((output.status, output.stdout.as_str()), (Some(2), ""), "{exclude}");
        assert!(output.stderr.contains(part), "{exclude}: {}", output.stderr);
    }
}

#[test]
fn a_seed_gives_the_order_of_asking_again_and_in_order_leaves_it() {
    let scratch = Scratch::new("seed");
    let lines: String = (1..=60).map(|last| format!("127.0.1.{last}:9\n")).collect();
    let list = format!("@{}", scratch.file("hosts", lines.as_bytes()));
    let all: Vec<String> =
        (1..=62).map(|last| format!("127.0.0.{last}:9")).chain(lines.lines().map(str::to_owned)).collect();
    let asked = |more: &[&str]| {
        let arguments = [&["127.0.0.0/26:9", &*list, "-o", "line", "--concurrency", "1"], more].concat();
        let output = run(&arguments);
        assert_eq!((output.status, output.stdout.lines().count()), (Some(100), all.len()), "{}", output.stderr);
        let order: Vec<String> =
            output.stdout.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect();
        (order, output.stderr)
    };
    assert_eq!(asked(&["--in-order"]), (all.clone(), String::new()));
    let (first, said) = asked(&["--seed", "7", "-v"]);
    assert_eq!(said, "rdp-probe: the order of asking is that of --seed 7\n");
    assert_eq!(asked(&["--seed", "7"]).0, first);
    assert_ne!(asked(&["--seed", "8"]).0, first);
    // A network is asked whole, and then the list.
    let (network, listed) = first.split_at(62);
    for (shuffled, sorted) in [(network, &all[..62]), (listed, &all[62..])] {
        assert_ne!(shuffled, sorted);
        let mut shuffled = shuffled.to_vec();
        shuffled.sort_by_key(|target| sorted.iter().position(|other| other == target));
        assert_eq!(shuffled, sorted);
    }
    // What is typed by name stays as it is.
    let output = run(&["127.0.0.3:9", "127.0.0.1:9", "127.0.0.2:9", "-o", "line", "--concurrency", "1"]);
    let order: Vec<&str> = output.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(order, ["127.0.0.3:9", "127.0.0.1:9", "127.0.0.2:9"]);
}

#[test]
fn so_many_probes_begin_in_a_second_and_no_more() {
    let list: Vec<String> = (1..=21).map(|last| format!("127.0.0.{last}:9")).collect();
    let list: Vec<&str> = list.iter().map(String::as_str).chain(["-o", "line", "--rate", "20/s"]).collect();
    let start = Instant::now();
    let output = run(&list);
    assert_eq!((output.status, output.stdout.lines().count()), (Some(100), 21), "{}", output.stderr);
    assert!(start.elapsed() > Duration::from_millis(900), "{:?}", start.elapsed());
    // A rate makes a larger network one that is meant.
    let large = run(&["10.0.0.0/8", "--exclude", "10.0.0.0/8", "--rate", "5"]);
    assert_eq!(large.status, Some(2));
    assert!(large.stderr.ends_with("--exclude leaves no target\n"), "{}", large.stderr);
    for (arguments, part) in [
        (["127.0.0.1:9", "--rate", "0"], "is not a rate"),
        (["127.0.0.1:9", "--concurrency", "10001"], "10001"),
        (["127.0.0.1:9", "--per-network", "0"], "--per-network"),
    ] {
        let output = run(&arguments);
        assert!(output.status == Some(2) && output.stderr.contains(part), "{arguments:?}: {}", output.stderr);
    }
}

#[test]
fn sixty_four_descriptors_are_enough_for_any_number_of_targets() {
    let output = run_with_descriptors(64, &["127.0.0.0/21:9", "-o", "line"]);
    assert_eq!((output.status, output.stdout.lines().count(), &*output.stderr), (Some(100), 2046, ""));
    let said = run_with_descriptors(64, &["127.0.0.0/24:9", "-o", "line", "--concurrency", "200"]);
    assert_eq!((said.status, said.stdout.lines().count()), (Some(100), 254));
    assert!(said.stderr.contains("targets are probed at a time, not 200"), "{}", said.stderr);
}

#[test]
fn as_many_targets_as_files_may_be_open_up_to_ten_thousand_are_in_flight_and_an_interruption_reports_them_all()
{
    const TARGETS: usize = 10_000;
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let files = limits.lines().find(|line| line.starts_with("Max open files")).unwrap();
    let hard = files.split_whitespace().nth(4).and_then(|hard| hard.parse().ok()).unwrap_or(usize::MAX);
    // Some are for what else the program opens.
    let open = TARGETS.min(hard.saturating_sub(300));
    assert!(open > 500, "too few files may be open here: {hard}");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let backlog = runtime.block_on(FullBacklog::start([127, 0, 0, 1].into())).unwrap();
    let scratch = Scratch::new("in-flight");
    let list = scratch.file("hosts", format!("{}\n", backlog.address()).repeat(TARGETS).as_bytes());
    let list = format!("@{list}");
    let limits = ["--connect-timeout", "60s", "--timeout", "60s", "--duplicates", "-o", "line"];
    let mut child = command(&[&[&*list][..], &limits].concat()).spawn().unwrap();
    let files = format!("/proc/{}/fd", child.id());
    let start = Instant::now();
    while std::fs::read_dir(&files).unwrap().count() < open {
        assert!(child.try_wait().unwrap().is_none() && start.elapsed() < Duration::from_secs(60));
        thread::sleep(Duration::from_millis(20));
    }
    let stderr = child.stderr.take();
    let (code, stdout, took) = end(child, "TERM");
    drop(stderr);
    let cut = stdout.lines().filter(|line| line.contains(" rule=interrupted")).count();
    assert_eq!((code, cut, stdout.lines().count()), (Some(5), cut, cut));
    assert!(cut >= open - 50 && took < Duration::from_secs(20), "{cut} in {took:?}");
}

#[test]
fn what_may_be_another_the_next_time_is_asked_again_and_the_last_report_counts() {
    const REQUEST: &str = "{ expect = \"connection_request\" }";
    let confirm = "{ send = \"03 00 00 13 0e d0 00 00 12 34 00 02 1f 08 00 01 00 00 00\" }";
    let refusal = "{ send = \"03 00 00 13 0e d0 00 00 12 34 00 03 00 08 00 05 00 00 00\" }";
    let reset: &[&str] = &[REQUEST, "{ close = \"reset\" }"];
    type Connections<'a> = &'a [(usize, &'a [&'a str])];
    let cases: [(Connections<'_>, &str, i32); 4] = [
        (&[(2, reset), (1, &[REQUEST, confirm])], "2", 0),
        (&[(2, reset)], "1", 30),
        (&[(1, reset)], "0", 30),
        // What a server says, it would say again.
        (&[(1, &[REQUEST, refusal])], "5", 31),
    ];
    for (connections, retries, code) in cases {
        let servers = Servers::start(connections);
        let address = servers.address();
        let more = [
            "--no-second-look",
            "--no-enumerate",
            "--until",
            "x224",
            "--security",
            "tls",
            "--retries",
            retries,
        ];
        let output = run(&[&[&*address, "-o", "line"][..], &more].concat());
        assert_eq!((output.status, output.stdout.lines().count()), (Some(code), 1), "{}", output.stdout);
        assert_eq!(servers.violations(), [""; 0], "{retries}: {}", output.stdout);
    }
}

#[test]
fn people_get_a_line_of_each_target_and_what_all_of_them_come_to() {
    let output = run(&[
        "127.0.0.0/24:9",
        "nosuch.invalid",
        "--resolve",
        "nosuch.invalid:3389:127.0.0.1",
        "--until",
        "resolve",
    ]);
    assert_eq!(output.status, Some(0), "{}", output.stderr);
    let (lines, summary) = output.stdout.split_once("\n\n").unwrap();
    assert_eq!(lines.lines().count(), 255);
    assert_eq!(
        summary,
        "255 targets\n    255  exit code 0: asked depth reached\n\nexit code 0: asked depth reached\n"
    );

    let output = run(&["127.0.0.0/24:9", "127.0.1.1-46:9"]);
    let (lines, summary) = output.stdout.split_once("\n\n").unwrap();
    assert_eq!((output.status, lines.lines().count()), (Some(100), 300));
    assert!(lines.lines().all(|line| line.contains(":9 FAILED at tcp_connect (target): ")), "{lines}");
    assert!(summary.starts_with("300 targets\n    300  exit code 11: TCP connect failed"), "{summary}");
    assert!(summary.contains("\n300: tcp-refused\n  Why: "), "{summary}");
    assert!(summary.ends_with("\nexit code 100: several targets, and any failed\n"), "{summary}");
    assert_eq!(summary.matches(":9").count(), 300);
    assert!(
        summary.lines().count() < 90 && summary.lines().all(|line| line.chars().count() <= 80),
        "{summary}"
    );
    // In full, and then the same.
    let whole = run(&["127.0.0.1:9", "127.0.0.2:9", "-v"]);
    let (reports, summary) = whole.stdout.split_once("\n\n2 targets\n").unwrap();
    assert_eq!(reports.matches("\nexit code 11").count(), 2, "{reports}");
    assert!(summary.contains("\n2: tcp-refused\n"), "{summary}");
    // One target that was typed is as it was.
    assert!(run(&["127.0.0.1:9"]).stdout.contains("\nexit code 11: TCP connect failed"));
}

/// The inputs of reports that were not interrupted, one a line.
fn reported(file: &str) -> Vec<String> {
    let text = std::fs::read_to_string(file).unwrap();
    let reports = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let whole = reports.filter(|report| report["verdict"]["exit_code"] != 5);
    whole.map(|report| report["target"]["input"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn an_interruption_and_a_resumption_lose_and_repeat_none_of_5_000_targets() {
    const TARGETS: usize = 5000;
    let scratch = Scratch::new("resume");
    let lines: Vec<String> =
        (0..TARGETS).map(|one| format!("127.0.{}.{}:9", one / 250, one % 250 + 1)).collect();
    let list = format!("@{}", scratch.file("hosts", lines.join("\n").as_bytes()));
    let file = scratch.path("all.ndjson");
    let output = format!("ndjson={file}");
    let arguments = [&*list, "-q", "--resume", &file, "-o", &output];
    // The same command line until it is through: the first ones are interrupted, each in another place, and once in the middle of a report.
    for (signal, least) in [("INT", 300), ("TERM", 1500), ("KILL", 3000)] {
        let mut child = command(&[&arguments[..], &["--rate", "2000"]].concat()).spawn().unwrap();
        let start = Instant::now();
        let lines =
            || std::fs::read(&file).map_or(0, |octets| octets.iter().filter(|octet| **octet == b'\n').count());
        while lines() < least {
            assert!(
                child.try_wait().unwrap().is_none() && start.elapsed() < Duration::from_secs(60),
                "{signal}"
            );
            thread::sleep(Duration::from_millis(5));
        }
        drop(child.stderr.take());
        let (code, ..) = end(child, signal);
        let expected = if signal == "KILL" { Some(137) } else { interrupted(signal) };
        assert_eq!(code, expected, "{signal}");
    }
    let mut cut = std::fs::OpenOptions::new().append(true).open(&file).unwrap();
    cut.write_all(b"{\"schema_version\":1,\"target\":{\"inp").unwrap();
    let before = reported_before(&file);
    assert!((3000..TARGETS).contains(&before), "{before}");
    let output = run(&arguments);
    // The exit code is that of the targets of this run.
    assert_eq!(output.status, Some(100), "{}", output.stderr);
    let mut all = reported(&file);
    assert_eq!(
        std::fs::read_to_string(&file).unwrap().lines().count(),
        all.len(),
        "no interrupted one is left"
    );
    all.sort_unstable();
    let mut expected = lines;
    expected.sort_unstable();
    assert_eq!(all, expected);
    // Nothing is left to do.
    let output = run(&[&list, "--resume", &file, "-o", "line"]);
    assert_eq!((output.status, output.stdout.as_str()), (Some(0), ""));
    assert_eq!(output.stderr, "rdp-probe: not probed: 5000 reported in the file of --resume\n");
}

/// How many targets have a report there, the last line of which may be cut.
fn reported_before(file: &str) -> usize {
    let text = std::fs::read_to_string(file).unwrap();
    let reports = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    reports.filter(|report| report["verdict"]["exit_code"] != 5).count()
}

#[test]
fn a_file_that_cannot_be_resumed_is_named_before_anything_is_probed() {
    let scratch = Scratch::new("not-resumed");
    let report = run(&["127.0.0.1:9", "127.0.0.2:9", "-o", "ndjson"]).stdout;
    let other =
        scratch.file("other", report.replace("\"schema_version\":1", "\"schema_version\":2").as_bytes());
    let none = scratch.file("none", format!("{report}127.0.0.3:9\n{report}").as_bytes());
    let whole = scratch.file("whole", report.as_bytes());
    let (json, missing) = (format!("json={whole}"), scratch.path("missing"));
    for (arguments, part) in [
        (&["--resume", &*other][..], "line 1: a report of schema_version 2, and this program writes 1"),
        (&["--resume", &none], "line 3: no report; expected what -o ndjson writes"),
        (&["--resume", &missing], "cannot be read"),
        (&["--resume", &whole, "-o", &json], "an output needs a file of its own"),
    ] {
        let output = run(&[&["127.0.0.1:9", "127.0.0.3:9"], arguments].concat());
        assert_eq!((output.status, output.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(output.stderr.contains(part), "{arguments:?}: {}", output.stderr);
    }
    assert_eq!(std::fs::read_to_string(&whole).unwrap(), report);
    // What goes elsewhere leaves the file as it is; an .rdp file is one by its name.
    let work = scratch.file("work.rdp", b"full address:s:127.0.0.1:9\n");
    let output = run(&["127.0.0.1:9", "127.0.0.3:9", &work, "--resume", &whole, "-o", "line"]);
    assert_eq!((output.status, targets(&output.stdout)), (Some(100), vec!["127.0.0.1:9", "127.0.0.3:9"]));
    assert_eq!(std::fs::read_to_string(&whole).unwrap(), report);
}

#[test]
fn a_full_disk_ends_a_run_with_exit_code_4_and_what_was_written_before_stays() {
    let scratch = Scratch::new("full");
    let list = scratch
        .file("hosts", (1..=250).map(|last| format!("127.0.0.{last}:9\n")).collect::<String>().as_bytes());
    let list = format!("@{list}");
    let output = run(&[&list, "-o", "ndjson=/dev/full"]);
    assert_eq!(output.status, Some(4), "{}", output.stderr);
    assert!(output.stderr.contains("cannot write to /dev/full"), "{}", output.stderr);
    // A limit of the file's size is a disk that is full in the middle of a report; what fits is resumed.
    let file = scratch.path("all.ndjson");
    let (program, to) = (crate::binary::binary().to_str().unwrap(), format!("ndjson={file}"));
    let limited = "trap '' XFSZ; ulimit -f 512 && exec \"$0\" \"$@\"";
    let mut small = Command::new("/bin/bash");
    small.args(["-c", limited, program, &list, "-q", "--resume", &file, "-o", &to]).env_clear();
    let small = small.output().unwrap();
    let said = String::from_utf8_lossy(&small.stderr).into_owned();
    assert_eq!(small.status.code(), Some(4), "{said}");
    assert!(said.contains("cannot write to") && said.contains("File too large"), "{said}");
    let before = reported_before(&file);
    assert!((1..250).contains(&before), "{before}");
    let output = run(&[&list, "-q", "--resume", &file, "-o", &to]);
    assert_eq!((output.status, reported(&file).len()), (Some(100), 250), "{}", output.stderr);
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
