//! Stored reports, read back: through the library, and through `--from-report`.
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use proptest::prelude::*;
use rdp_probe::{FailureKind, Hop, Report, ReportFault, Rule, Stage, VerdictOutcome, diagnose_with};
use rdp_probe_testkit::{Scenario, generate};
use rdp_probe_tests::reads_again;
use serde_json::{Value, json};

use crate::binary::{self, FORMATS, Output, run};
use crate::scenarios;

/// The report of a scenario, as the machine alone gives it.
fn report(name: &str) -> Report {
    let is_it = |scenario: &&Scenario| scenario.name == name;
    scenarios::machine_report(scenarios::all().iter().find(is_it).unwrap()).0
}

fn text(report: &Report) -> String {
    serde_json::to_string(report).unwrap()
}

fn fault(text: &str) -> ReportFault {
    Report::all_from_json(text).unwrap_err().fault
}

#[test]
fn one_report_an_array_and_one_a_line_are_read() {
    let reports = [report("tcp-refused"), report("selects-tls"), report("fin-after-request")];
    let texts = reports.each_ref().map(text);
    assert_eq!(Report::from_json(&format!("\u{feff}{}\n", texts[0])).unwrap(), reports[0]);
    let array = format!(" [{}]", texts.join(",\n"));
    let lines = texts.join("\n") + "\n";
    for all in [array, lines] {
        assert_eq!(Report::all_from_json(&all).unwrap(), reports);
        assert_eq!(Report::from_json(&all).unwrap_err().fault, ReportFault::Several(3));
    }
}

/// Who made it, and when, is kept; this version does not put itself in the place of another.
#[test]
fn a_stored_report_keeps_when_it_was_made_and_by_which_version() {
    let mut stored: Value = serde_json::from_str(&text(&report("tcp-refused"))).unwrap();
    assert_eq!(stored["made_at"], "2026-11-21T00:00:00Z");
    let version = run(&["--version"]).stdout;
    assert_eq!(stored["made_by"], version.lines().next().unwrap());
    let again = |stored: &Value| serde_json::to_value(Report::from_json(&stored.to_string()).unwrap()).unwrap();
    stored["made_by"] = "rdp-probe 0.0.7\u{1B}[2J".into();
    let read = again(&stored);
    assert_eq!((&read["made_by"], &read["made_at"]), (&stored["made_by"], &stored["made_at"]));
    let human = rdp_probe::render::human(
        &Report::from_json(&stored.to_string()).unwrap(),
        &rdp_probe::render::Look { verbose: 1, ..rdp_probe::render::Look::PLAIN },
    );
    assert!(human.contains("\nBegun at 2026-11-21T00:00:00Z, by rdp-probe 0.0.7\\u{1b}[2J\n"), "{human}");
    stored.as_object_mut().unwrap().remove("made_by");
    assert_eq!(again(&stored)["made_by"], Value::Null);
    stored["made_by"] = "x".repeat(100_000).into();
    assert_eq!(again(&stored)["made_by"].as_str().map(str::len), Some(64));
}

#[test]
fn a_report_is_its_human_text_and_has_its_line() {
    let report = report("tcp-refused");
    let shown = report.to_string();
    assert_eq!(shown, rdp_probe::render::human(&report, &rdp_probe::render::Look::PLAIN));
    assert!(
        shown.ends_with("\nexit code 11: TCP connect failed (refused, unreachable, timed out)\n")
            && report.line().contains("[exit=11 "),
        "{shown}"
    );
}

#[test]
fn a_host_of_ipv6_stands_in_brackets_wherever_a_port_follows() {
    let target = || rdp_probe::Target::new(rdp_probe::Host::parse("::1").unwrap(), 3390);
    let evidence = rdp_probe::Evidence::new(rdp_probe::Plan::new(rdp_probe::Host::parse("::1").unwrap(), 3390));
    let diagnosis = rdp_probe::diagnose(&evidence);
    let report = Report::new(target(), evidence, diagnosis);
    let json = serde_json::to_value(&report).unwrap();
    assert!(report.to_string().starts_with("[::1]:3390\n"), "{report}");
    assert!(report.line().starts_with("[::1]:3390 "), "{}", report.line());
    assert_eq!(json["target"]["input"], "[::1]:3390");
}

#[test]
fn what_no_report_can_be_made_of_is_told_apart() {
    let good: Value = serde_json::from_str(&text(&report("tcp-refused"))).unwrap();
    let with = |key: &str, value: Value| {
        let mut changed = good.clone();
        changed[key] = value;
        changed.to_string()
    };
    let without = |key: &str| {
        let mut changed = good.clone();
        changed.as_object_mut().unwrap().remove(key).unwrap();
        changed.to_string()
    };
    assert_eq!(fault(""), ReportFault::Empty);
    assert_eq!(fault(" \n"), ReportFault::Empty);
    assert_eq!(fault("[]"), ReportFault::Empty);
    assert_eq!(fault("{}"), ReportFault::NoVersion);
    assert_eq!(fault(&without("schema_version")), ReportFault::NoVersion);
    assert_eq!(fault(&without("evidence")), ReportFault::NoEvidence);
    assert_eq!(fault(&with("evidence", Value::Null)), ReportFault::NoEvidence);
    assert_eq!(fault(&with("schema_version", json!(2))), ReportFault::Newer(2));
    // A newer version may keep its evidence in another way: what to say is that it is newer.
    let mut newer: Value = serde_json::from_str(&with("schema_version", json!(7))).unwrap();
    newer["evidence"] = json!({ "runs": [] });
    assert_eq!(fault(&newer.to_string()), ReportFault::Newer(7));
    for broken in
        ["nothing", "{", "[1]", "17", "\"x\"", &with("evidence", json!({})), &with("evidence", json!(1))]
    {
        assert!(matches!(fault(broken), ReportFault::Unreadable { .. }), "{broken}");
    }
    let ReportFault::Unreadable { what, line, column } = fault("{\n  \"schema_version\": x\n}") else {
        panic!("readable")
    };
    assert_eq!((what.as_str(), line, column), ("expected value", 2, 21));
    // Which of several it is.
    let error = Report::all_from_json(&format!("{good}\n{}", without("evidence"))).unwrap_err();
    assert_eq!(error.report, Some(2));
    assert!(error.to_string().starts_with("report 2: no evidence"), "{error}");
}

#[test]
fn evidence_beyond_any_run_is_refused_before_it_is_diagnosed() {
    let mut json: Value = serde_json::from_str(&text(&report("tcp-refused"))).unwrap();
    let attempt = json["evidence"]["attempts"][0].clone();
    json["evidence"]["attempts"] = vec![attempt; 4097].into();
    assert_eq!(fault(&json.to_string()), ReportFault::TooMuch);
}

#[test]
fn what_is_said_of_a_broken_report_is_short_whatever_stands_in_it() {
    let mut json: Value = serde_json::from_str(&text(&report("tcp-refused"))).unwrap();
    json["evidence"]["plan"]["security"] = "x".repeat(1_000_000).into();
    let error = Report::from_json(&json.to_string()).unwrap_err().to_string();
    assert!(error.len() < 300, "{} octets", error.len());
}

/// Reports of earlier versions, as they were written. They are read for ever: none of them is ever made anew.
#[test]
fn reports_of_earlier_versions_are_read() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports");
    let mut read = 0_usize;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let reports =
            Report::all_from_json(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let stored: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for (report, stored) in reports.iter().zip(&stored) {
            let verdict = &stored["verdict"];
            assert_eq!(Value::from(report.exit_code()), verdict["exit_code"], "{}", path.display());
            // A later version may know a cause that is likelier; none is taken back.
            let causes: Vec<&str> = report.diagnosis.causes.iter().map(|rule| rule.id).collect();
            assert!(
                verdict["rule"].as_str().is_none_or(|rule| causes.contains(&rule)),
                "{verdict}: {causes:?}"
            );
            assert_eq!(report.diagnosis.verdict.rule.map(|rule| rule.id), causes.first().copied());
            read += 1;
        }
    }
    assert!(read >= 8, "{read}");
}

/// A proxy refuses connections too, and what it refuses tells nothing of the target.
#[test]
fn a_failure_that_is_laid_at_a_proxy_has_no_cause_of_the_target_s() {
    let refused = report("tcp-refused");
    assert_eq!((refused.exit_code(), refused.diagnosis.mstsc.len()), (11, 1));
    let mut json: Value = serde_json::from_str(&text(&refused)).unwrap();
    json["evidence"]["attempts"][0]["failure"]["hop"] = json!("proxy");

    let again = Report::from_json(&json.to_string()).unwrap();
    let verdict = &again.diagnosis.verdict;
    assert_eq!((again.exit_code(), verdict.rule, verdict.outcome.id()), (3, None, "inconclusive"));
    assert_eq!((verdict.hop, verdict.stage), (Some(Hop::Proxy), Some(Stage::TcpConnect)));
    assert!(again.diagnosis.causes.is_empty() && again.diagnosis.mstsc.is_empty());
    let summary = again.summary();
    for word in ["tcp_connect", "proxy", "no explanation"] {
        assert!(summary.contains(word), "{summary}");
    }
    assert!(!summary.contains("internal error"), "{summary}");
}

/// The rules of the caller's judge each address as they judge the run.
#[test]
fn a_rule_of_the_caller_s_decides_what_is_said_of_an_address() {
    static FARM: Rule = Rule {
        id: "lab-farm-is-empty",
        stage: Some(Stage::ConnectionInitiation),
        matches: |evidence| matches!(evidence.failure_kind(), Some(FailureKind::Foreign { .. })),
        outcome: VerdictOutcome::Unreachable,
        exit: 30,
        rank: 0,
        ..Rule::BLANK
    };
    static CLOSED: Rule = Rule {
        id: "lab-closed",
        stage: Some(Stage::TcpConnect),
        matches: |evidence| evidence.failure().is_some(),
        outcome: VerdictOutcome::Misconfigured,
        ..FARM
    };
    let outcomes = |name: &str, rules: &[&'static Rule]| {
        let mut report = report(name);
        report.diagnosis = diagnose_with(&report.evidence, rules);
        let json = serde_json::to_value(&report).unwrap();
        let views = json["addresses"].as_array().unwrap().clone();
        let said = views.iter().map(|view| view["outcome"].as_str().unwrap().to_owned());
        said.collect::<Vec<_>>()
    };
    let name = "all-addresses-one-is-ssh";
    assert_eq!(outcomes(name, &[]), ["reachable", "misconfigured"]);
    assert_eq!(outcomes(name, &[&FARM, &CLOSED]), ["reachable", "unreachable"]);
    // An address that a path went past is judged by what its dial came to.
    let name = "first-address-refuses-second-works";
    assert_eq!(outcomes(name, &[]), ["refused", "reachable"]);
    assert_eq!(outcomes(name, &[&FARM, &CLOSED]), ["misconfigured", "reachable"]);
}

/// A number to another one, a string to another one, anything to null or away: a report of somebody who means harm.
fn spoil(value: &mut Value, steps: &mut impl Iterator<Item = u16>) {
    let Some(step) = steps.next() else { return };
    match value {
        Value::Array(items) if !items.is_empty() && !step.is_multiple_of(16) => {
            let index = usize::from(step).checked_rem(items.len()).unwrap();
            spoil(&mut items[index], steps);
        }
        Value::Object(map) if !map.is_empty() && !step.is_multiple_of(16) => {
            let index = usize::from(step).checked_rem(map.len()).unwrap();
            spoil(map.iter_mut().nth(index).unwrap().1, steps);
        }
        Value::Null
        | Value::Bool(_)
        | Value::Number(_)
        | Value::String(_)
        | Value::Array(_)
        | Value::Object(_) => {
            *value = match step % 9 {
                0 => Value::Null,
                1 => json!(u64::MAX),
                2 => json!(i64::MIN),
                3 => json!("\u{1b}[2J\r\n\u{202e}"),
                4 => json!(step),
                5 => json!(999_999_999),
                6 => json!([]),
                7 => json!("[::ffff:0.0.0.0%4294967295]:65535"),
                _ => json!({}),
            };
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]
    #[test]
    fn every_run_is_read_back_as_it_was(evidence in generate::evidence()) {
        let diagnosis = rdp_probe::diagnose(&evidence);
        let target = rdp_probe::Target::new(evidence.plan.target.host.clone(), evidence.plan.target.port);
        let report = Report::new(target, evidence, diagnosis);
        let json = text(&report);
        prop_assert_eq!(text(&Report::from_json(&json).unwrap()), json);
    }

    #[test]
    fn every_spoilt_report_is_refused_or_diagnosed(
        index in any::<prop::sample::Index>(),
        spoils in prop::collection::vec(prop::collection::vec(1_u16..1000, 6..14), 1..4),
    ) {
        let (report, _) = scenarios::machine_report(index.get(scenarios::all()));
        let mut json = serde_json::to_value(&report).unwrap();
        for steps in spoils {
            spoil(&mut json["evidence"], &mut steps.into_iter());
        }
        reads_again(&json.to_string());
    }

    #[test]
    fn every_text_is_refused_or_diagnosed(text in any::<String>()) {
        reads_again(&text);
    }
}

/// Runs the program with this on standard input.
fn piped(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = Command::new(binary::binary())
        .args(arguments)
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    // It may have read enough before the end.
    _ = writer.join().unwrap();
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    Output { status: output.status.code(), json: serde_json::from_str(&stdout).ok(), stdout, stderr }
}

#[test]
fn a_report_becomes_every_format_and_keeps_its_exit_code() {
    let report = report("fin-after-request");
    let stored = text(&report);
    let from = |format: &str| piped(&["--from-report", "-", "-o", format], stored.as_bytes());
    for format in FORMATS {
        let output = from(format);
        assert_eq!((output.status, output.stderr.as_str()), (Some(30), ""), "{format}");
    }
    assert_eq!(from("json").json.unwrap(), serde_json::from_str::<Value>(&stored).unwrap());
    let line = from("line").stdout;
    assert!(line.contains(" FAILED at connection_initiation (target): ") && line.ends_with("]\n"), "{line}");
    assert_eq!(line.lines().count(), 1);
    assert!(from("human").stdout.ends_with("\nexit code 30: port open, no or broken RDP answer\n"));
}

#[test]
fn several_reports_have_the_exit_code_of_several_targets() {
    let (good, bad, cancelled) =
        (report("selects-tls"), report("tcp-refused"), report("interrupted-while-connecting"));
    let code = |reports: &[&Report]| {
        let lines: Vec<String> = reports.iter().map(|report| text(report)).collect();
        let output = piped(&["--from-report", "-", "-o", "line"], lines.join("\n").as_bytes());
        assert_eq!(output.stdout.lines().count(), reports.len(), "{}", output.stderr);
        output.status
    };
    assert_eq!(code(&[&good, &good]), Some(0));
    assert_eq!(code(&[&good, &bad]), Some(100));
    assert_eq!(code(&[&bad, &cancelled]), Some(5));
    assert_eq!(code(&[&bad]), Some(11));
}

#[test]
fn an_array_stays_an_array_however_short_it_is() {
    let array = format!("[{}]", text(&report("tcp-refused")));
    let output = piped(&["--from-report", "-", "-o", "json"], array.as_bytes());
    assert_eq!((output.status, output.json.unwrap().as_array().map(Vec::len)), (Some(11), Some(1)));
}

#[test]
fn a_probe_and_its_stored_report_look_alike() {
    let file = std::env::temp_dir().join(format!("rdp-probe-from-report-{}.json", std::process::id()));
    let json = format!("json={}", file.display());
    let human = run(&["127.0.0.1:9", "-v", "-o", "human", "-o", &json]);
    let again = run(&["--from-report", file.to_str().unwrap(), "-v"]);
    std::fs::remove_file(&file).unwrap();
    assert_eq!((again.status, again.stdout), (human.status, human.stdout));
}

#[test]
fn a_report_that_cannot_be_read_is_one_line_and_exit_code_2() {
    let not_utf8 = [0xFF, 0xFE, b'{', 0];
    let cases: [(&[u8], &str); 6] = [
        (b"", "standard input: no report in it"),
        (b"srv1\n", "standard input: not a report as -o json or -o ndjson writes it: expected value at line 1"),
        (b"{}", "no schema_version"),
        (b"{\"schema_version\":1}", "no evidence in it"),
        (b"{\"schema_version\":9}", "schema_version 9 is newer"),
        (&not_utf8, "octet 0 is not UTF-8; a report is what"),
    ];
    for (input, part) in cases {
        let output = piped(&["--from-report", "-"], input);
        assert_eq!((output.status, output.stdout.as_str()), (Some(2), ""), "{part}: {}", output.stderr);
        assert!(output.stderr.contains(part) && output.stderr.lines().count() == 1, "{}", output.stderr);
    }
    let missing = run(&["--from-report", "/nonexistent/a.json"]);
    assert_eq!(missing.status, Some(2));
    assert!(
        missing.stderr.contains("report file \"/nonexistent/a.json\": cannot be read"),
        "{}",
        missing.stderr
    );
}

#[test]
fn a_file_that_is_too_large_is_refused() {
    let file = std::env::temp_dir().join(format!("rdp-probe-large-report-{}", std::process::id()));
    // A file of nothing but holes takes no room.
    std::fs::File::create(&file).unwrap().set_len((64 << 20) + 1).unwrap();
    let output = run(&["--from-report", file.to_str().unwrap()]);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(output.status, Some(2));
    assert!(output.stderr.contains("larger than 64 MiB"), "{}", output.stderr);
}

#[test]
fn names_in_a_stored_report_reach_no_output_unescaped() {
    let mut json: Value = serde_json::from_str(&text(&report("fin-after-request"))).unwrap();
    json["evidence"]["plan"]["target"]["host"] = json!({ "name": "a\u{1b}[2J\r\nb\u{202e}" });
    json["target"]["input"] = "c\u{9b}\n".into();
    for format in FORMATS {
        let output = piped(&["--from-report", "-", "-vv", "-o", format], json.to_string().as_bytes());
        assert_eq!(output.status, Some(30), "{}", output.stderr);
        let harmful = |c: char| c != '\n' && rdp_probe::is_harmful(c);
        assert!(!output.stdout.contains(harmful), "{format}: {:?}", output.stdout);
        if format == "line" {
            assert_eq!(output.stdout.lines().count(), 1, "{:?}", output.stdout);
        }
    }
}
