//! `demo`, through the program: what a newcomer sees, on a terminal and in a pipe.
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::binary::{self, run};

/// The acts, and what each shows that no other does.
const ACTS: [(&str, &[&str]); 5] = [
    ("healthy", &["Network Level Authentication    required", "2099-01-01", "exit code 0"]),
    ("hang-up", &["FAILED at connection_initiation (target)", "error code 0x904", "exit code 30"]),
    ("broken-key", &["FAILED at tls (target)", "event 36870", "exit code 40"]),
    ("clock-skew", &[" ahead of this computer's", "exit code 0"]),
    ("old-tls", &["speaks TLS 1.0 at best", "(read in the clear)", "exit code 42"]),
];

#[test]
fn every_act_is_played_in_its_order_and_in_seconds() {
    binary::binary();
    let start = Instant::now();
    let output = run(&["demo"]);
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""), "{}", output.stdout);
    let mut rest = output.stdout.as_str();
    for (index, (act, marks)) in ACTS.iter().enumerate() {
        let title = format!("=== {} of {}: {act} ===\n", index + 1, ACTS.len());
        let (_, after) = rest.split_once(&title).unwrap_or_else(|| panic!("{title} is not in {rest}"));
        rest = after;
        let own = rest.split("\n=== ").next().unwrap();
        for mark in *marks {
            assert!(own.contains(mark), "{act}: {mark:?} is not in {own}");
        }
        assert!(own.contains("\n=> "), "{act} has no lesson: {own}");
    }
    assert!(rest.contains("\nWhat next\n") && rest.contains("rdp-probe HOST"), "{rest}");
}

#[test]
fn output_in_a_pipe_is_plain_and_fits_into_eighty_columns() {
    let output = run(&["demo"]);
    assert!(!output.stdout.contains(|c: char| c.is_control() && c != '\n'), "{}", output.stdout);
    assert!(output.stdout.is_ascii(), "{}", output.stdout);
    for line in output.stdout.lines() {
        assert!(line.len() <= 80, "{} columns: {line}", line.len());
        assert_eq!(line, line.trim_end());
    }
}

#[test]
fn one_act_is_shown_alone_and_an_unknown_one_is_refused() {
    for (act, marks) in ACTS {
        let output = run(&["demo", act]);
        assert_eq!(output.status, Some(0), "{act}: {}", output.stderr);
        assert!(output.stdout.starts_with(&format!("=== {act} ===\n")), "{}", output.stdout);
        assert_eq!(output.stdout.matches("===\n").count(), 1, "{}", output.stdout);
        assert!(marks.iter().all(|mark| output.stdout.contains(mark)), "{act}: {}", output.stdout);
        assert!(run(&["demo", "--help"]).stdout.contains(act), "{act} is not in the help");
    }
    let output = run(&["demo", "nothing"]);
    assert_eq!((output.status, output.stderr.lines().count()), (Some(2), 1), "{}", output.stderr);
    assert!(output.stderr.contains("healthy"), "{}", output.stderr);
}

/// Without what differs between two runs: ports and times.
fn without_numbers(text: &str) -> String {
    let mut kept = Vec::new();
    let mut words = text.split_whitespace();
    while let Some(word) = words.next() {
        if word.contains('.') && word.parse::<f64>().is_ok() {
            // A time, and its unit.
            words.next();
        } else {
            let pieces: Vec<_> =
                word.split(|c: char| c.is_ascii_digit()).filter(|piece| !piece.is_empty()).collect();
            kept.push(pieces.join("0"));
        }
    }
    kept.join(" ")
}

#[test]
fn times_and_ports_of_every_length_are_what_differs_between_two_runs() {
    let quick = without_numbers("ok  tcp_connect      0.1 ms  127.0.0.1:9990");
    for slow in ["ok tcp_connect 12.3 ms 127.0.0.1:20963", "ok tcp_connect 1.04 s 127.0.0.1:80"] {
        assert_eq!(without_numbers(slow), quick);
    }
    assert_ne!(without_numbers("failed tcp_connect 0.1 ms 127.0.0.1:9990"), quick);
}

#[test]
fn readme_shows_an_act_as_it_is_played() {
    let readme = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap();
    let act = |text: &str| {
        let (_, act) = text.split_once("=== 2 of 5: hang-up ===\n").unwrap();
        let end = ["\n=== 3 of 5", "\n```"].iter().filter_map(|mark| act.find(mark)).min().unwrap();
        act[..end].trim_end().to_owned()
    };
    let played = run(&["demo"]).stdout;
    assert_eq!(without_numbers(&act(&readme)), without_numbers(&act(&played)), "{}", act(&played));
}

#[test]
fn colour_is_there_when_asked_for_and_says_nothing_of_its_own() {
    let plain = run(&["demo", "hang-up", "--color", "never"]).stdout;
    let colored = run(&["demo", "hang-up", "--color", "always"]).stdout;
    assert!(!plain.contains('\u{1b}') && colored.contains("\u{1b}[1m=== hang-up ===\u{1b}[0m"), "{colored}");
    let mut stripped = String::new();
    for (index, part) in colored.split("\u{1b}[").enumerate() {
        stripped.push_str(if index == 0 { part } else { part.split_once('m').unwrap().1 });
    }
    assert_eq!(without_numbers(&stripped), without_numbers(&plain));
}

#[test]
fn no_color_is_heeded_where_colour_is_left_to_the_program() {
    let output = Command::new(binary::binary())
        .args(["demo", "hang-up"])
        .env_clear()
        .env("NO_COLOR", "1")
        .env("TERM", "xterm-256color")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success() && !output.stdout.contains(&0x1B));
}

#[test]
fn nothing_is_left_behind() {
    // Its servers are in the same process: when that has ended, so have they, and the port can be had again.
    let output = run(&["demo", "hang-up"]);
    let port = output.stdout.split_once("srv1.lab.test:").unwrap().1.split_once('\n').unwrap().0;
    let port: u16 = port.parse().unwrap();
    assert!(port < 32_768);
    assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok(), "{port}");
}

#[test]
fn a_reader_that_left_ends_it_with_exit_code_4() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let output = Command::new(binary::binary())
        .arg("demo")
        .env_clear()
        .stdin(Stdio::null())
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()
        .unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(4), &b""[..]));
}
