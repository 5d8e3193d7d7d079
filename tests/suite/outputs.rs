//! What other programs read, each read by the program that it is for: JUnit's XML, CSV, GitHub's commands, Nagios's checks.
mod consumers;
mod github;
mod given;
mod nagios;

use rdp_probe::{Evidence, Report};
use rdp_probe_testkit::target::ScriptedTarget;
use serde_json::{Value, json};

use crate::binary::{self, FORMATS, Output, run, run_with};
use crate::catalogue::{generated, page};
use crate::scenarios;
use crate::usage::Scratch;
use consumers::{rows, suites};
use given::{report, stored};

/// Eleven targets; the twelfth is a port where nobody listens.
const ELEVEN: [&str; 11] = [
    "challenge-with-the-right-clock",
    "challenge-with-hostile-names",
    "challenge-with-a-clock-of-2020",
    "certificate-expired",
    "certificate-with-hostile-names",
    "first-ts-request-draws-fin",
    "failure-3-no-certificate",
    "reset-after-request",
    "silence-after-request",
    "http-400",
    "tls-1-0-in-answer-to-everything",
];

/// How many cases of a suite came to this.
fn results(suite: &Value, kind: &str) -> usize {
    let cases = suite["cases"].as_array().unwrap().iter();
    cases.flat_map(|case| case["results"].as_array().unwrap()).filter(|result| result[0] == kind).count()
}

#[test]
fn every_output_of_one_run_over_twelve_targets_is_accepted_by_its_consumer() {
    binary::binary();
    let scratch = Scratch::new("outputs");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let scripted = ELEVEN.map(|name| {
        let scenario = scenarios::all().iter().find(|scenario| scenario.name == name).unwrap();
        runtime.block_on(ScriptedTarget::start(scenario)).unwrap()
    });
    let mut targets: Vec<String> =
        scripted.iter().map(|target| format!("127.0.0.1:{}", target.port())).collect();
    targets.push("127.0.0.1:9".to_owned());
    let file = |format: &str| format!("{format}={}", scratch.path(format));
    let outputs = FORMATS.map(file);
    let mut arguments: Vec<&str> = targets.iter().map(String::as_str).collect();
    arguments.extend(outputs.iter().flat_map(|output| ["-o", output.as_str()]));
    arguments.extend(["--stage-timeout", "x224=300ms", "--expect", "tls>=1.3, cert.days>1"]);
    let summary = scratch.path("summary.md");
    let Output { status, stdout, stderr, .. } = run_with(&[("GITHUB_STEP_SUMMARY", &summary)], &arguments);
    scripted.into_iter().for_each(|target| _ = runtime.block_on(target.finish()));
    assert_eq!((status, stdout.as_str(), stderr.as_str()), (Some(1), "", ""));

    let read = |format: &str| std::fs::read_to_string(scratch.path(format)).unwrap();
    let reports: Vec<Report> = Report::all_from_json(&read("ndjson")).unwrap();
    let all: Vec<Value> = serde_json::from_str(&read("json")).unwrap();
    assert_eq!((reports.len(), all.len()), (12, 12));
    // What was expected is not part of a report that is read again.
    let failed = |value: &Value| {
        value["verdict"]["exit_code"] != 0
            || value["expectations"].as_array().unwrap().iter().any(|one| one["outcome"] == "failed")
    };
    let codes: Vec<bool> = all.iter().map(failed).collect();
    let healthy = codes.iter().filter(|failed| !**failed).count();
    assert!((3..10).contains(&healthy), "{codes:?}");

    let suites = suites(&scratch.path("junit"));
    let rows = rows(&scratch.path("csv"));
    let commands = github::commands(&read("github"));
    let check = nagios::Said::read(&read("nagios"));
    assert_eq!((suites.len(), rows.len(), check.lines.len() < 13), (12, 12, true));
    for (((report, failed), suite), row) in all.iter().zip(&codes).zip(&suites).zip(&rows) {
        let target = &report["target"]["input"];
        assert_eq!((&suite["name"], &row["input"]), (target, target));
        let bad = results(suite, "Failure") + results(suite, "Error");
        assert_eq!(bad > 0, *failed, "{suite:#}");
        let counted = |key: &str| usize::try_from(suite[key].as_u64().unwrap()).unwrap();
        assert_eq!(counted("tests"), suite["cases"].as_array().unwrap().len());
        assert_eq!(counted("failures") + counted("errors"), bad);
        assert_eq!(counted("skipped"), results(suite, "Skipped"));
        // A case a stage, and one an expectation.
        let expected = suite["cases"].as_array().unwrap().iter().filter(|case| case["class"] == "expectation");
        assert_eq!(expected.count(), 2, "{suite:#}");
        assert_eq!(row["outcome"], report["verdict"]["outcome"]);
        assert_eq!(row["exit_code"] != "0", *failed, "{row:#}");
        assert_eq!(row["rule"], *report["verdict"]["rule"].as_str().unwrap_or_default());
        let title = |command: &&github::Command| command.title().starts_with(target.as_str().unwrap());
        let of: Vec<&str> = commands.iter().filter(title).map(|command| command.name.as_str()).collect();
        assert_eq!(of == ["error"], *failed, "{of:?}");
    }
    let bad = codes.iter().filter(|failed| **failed).count();
    assert_eq!((check.word.as_str(), check.data["targets"].as_str()), ("CRITICAL", "12"));
    let number = |label: &str| check.data[label].parse::<usize>().unwrap();
    assert_eq!(number("critical") + number("unknown"), bad);
    assert_eq!(number("ok") + number("warning"), healthy);
    let table = std::fs::read_to_string(&summary).unwrap();
    assert!(
        table.starts_with(&format!("### rdp-probe: 12 targets, {healthy} as they should be, {bad} not\n")),
        "{table}"
    );
    assert_eq!(table.lines().filter(|line| line.starts_with("| 127.0.0.1")).count(), 12, "{table}");
}

#[test]
fn exit_code_is_the_same_whatever_the_format_and_the_styles_are_three() {
    let scratch = Scratch::new("styles");
    let several = ["challenge-with-the-right-clock", "certificate-ends-soon", "tcp-refused"].map(report);
    // Exit code, and the one for a monitoring system.
    let cases: [(&str, &[Report], i32, i32); 8] = [
        ("healthy", &[report("certificate-of-the-authority")], 0, 0),
        ("ends-soon", &[report("certificate-ends-soon")], 0, 1),
        ("refused", &[report("tcp-refused")], 11, 2),
        ("unresolved", &[report("name-not-found")], 10, 2),
        ("undecided", &[report("certificate-not-accepted-for-a-logon")], 54, 3),
        ("interrupted", &[report("interrupted-while-connecting")], 5, 3),
        ("several", &several, 100, 2),
        ("two", &several[..2], 0, 1),
    ];
    for (name, reports, code, state) in cases {
        let file = stored(&scratch, name, reports);
        for format in FORMATS {
            let with = |more: &[&str]| run(&[&["--from-report", &file, "-o", format], more].concat());
            let plain = with(&[]);
            assert_eq!((plain.status, plain.stderr.as_str()), (Some(code), ""), "{name} {format}");
            assert_eq!(with(&["--exit", "nagios"]).status, Some(state), "{name} {format}");
            assert_eq!(with(&["--exit-zero"]).status, Some(0), "{name} {format}");
            if format == "nagios" {
                let said = nagios::Said::read(&plain.stdout);
                assert_eq!(
                    said.word,
                    ["OK", "WARNING", "CRITICAL", "UNKNOWN"][usize::try_from(state).unwrap()]
                );
            }
        }
        assert_eq!(run(&["--from-report", &file, "--brief"]).status, Some(code), "{name}");
    }
}

#[test]
fn mistakes_and_outputs_that_fail_are_unknown_to_a_monitoring_system() {
    for arguments in [
        &["srv1", "--bogus", "--exit", "nagios"][..],
        &["srv1", "--exit=nagios", "-o", "xml"],
        &["srv x", "--exit", "nagios"],
        &["@/nonexistent", "--exit", "nagios"],
        &["--from-report", "/nonexistent", "--exit", "nagios"],
        &["127.0.0.1:9", "--exit", "nagios", "-o", "json=/nonexistent/x"],
        &["127.0.0.1:9", "--exit", "nagios", "-o", "json=/dev/full"],
    ] {
        let output = run(arguments);
        assert_eq!(
            (output.status, output.stderr.lines().count()),
            (Some(3), 1),
            "{arguments:?}: {}",
            output.stderr
        );
    }
    for arguments in [&["srv1", "--bogus", "--exit-zero"][..], &["srv x", "--exit-zero"]] {
        assert_eq!(run(arguments).status, Some(2), "{arguments:?}");
    }
    let both = run(&["srv1", "--exit", "nagios", "--exit-zero"]);
    assert_eq!((both.status, both.stderr.lines().count()), (Some(2), 1), "{}", both.stderr);
    assert!(
        both.stderr.contains("--exit-zero") && both.stderr.contains("cannot be used with"),
        "{}",
        both.stderr
    );
}

#[test]
fn what_has_changed_since_a_baseline_is_in_every_output_and_fails_where_nothing_was_to() {
    let scratch = Scratch::new("changed");
    let before = stored(&scratch, "before", &[report("certificate-of-the-authority")]);
    let now = stored(&scratch, "now", &[report("challenge-over-tls-1-2")]);
    for (more, code) in [(&["--fail-on-change"][..], 1), (&[], 0)] {
        let of = |format: &str| {
            let base = ["--from-report", &now, "--baseline", &before, "-o", format];
            let output = run(&[&base[..], more].concat());
            assert_eq!((output.status, output.stderr.as_str()), (Some(code), ""), "{format}");
            (scratch.file(format, output.stdout.as_bytes()), output.stdout)
        };
        let suite = &suites(&of("junit").0)[0];
        let cases = suite["cases"].as_array().unwrap().iter().filter(|case| case["class"] == "baseline");
        let cases: Vec<&str> = cases.map(|case| case["name"].as_str().unwrap()).collect();
        assert_eq!(
            (cases.contains(&"tls"), suite["properties"].get("changed.tls").is_some()),
            (code == 1, code == 0)
        );
        assert_eq!(results(suite, "Failure"), cases.len(), "{suite:#}");
        let row = &rows(&of("csv").0)[0];
        assert!(row["changed"].as_str().unwrap().split(' ').any(|what| what == "tls"), "{row:#}");
        let commands = github::commands(&of("github").1);
        assert_eq!(commands[0].name == "error", code == 1, "{}", commands[0].name);
        assert!(commands[0].data.contains("\ntls has changed: it is 1.2, and was 1.3"), "{}", commands[0].data);
        let said = nagios::Said::read(&of("nagios").1);
        assert_eq!(said.word == "CRITICAL", code == 1, "{}", said.word);
        assert!(said.lines.contains(&"Changed: tls: it is 1.2, and was 1.3".to_owned()), "{:?}", said.lines);
        let brief = run(&[&["--from-report", &now, "--baseline", &before, "--brief"], more].concat()).stdout;
        assert_eq!(brief.contains("\n  Not so: ") && brief.contains("tls (it was 1.3,"), code == 1, "{brief}");
    }
}

/// What nobody would call a host.
const HOSTILE: &str = "=cmd|' /C calc'!A0\u{1b}[2J\r\n::error::x%0A::stop-commands::y,z=1\u{202e}<b>&\"]]>\u{ffff}`[l](http://h)` | 'q'=9;;; ";

/// A report of a run in which whoever is asked calls itself that, and so does its certificate.
fn hostile() -> Report {
    fn taint(value: &mut Value) {
        match value {
            Value::String(text) if ["srv1", "srv9", "SRV9"].iter().any(|name| text.contains(name)) => {
                *text = HOSTILE.to_owned()
            }
            Value::Array(all) => all.iter_mut().for_each(taint),
            Value::Object(all) => all.values_mut().for_each(taint),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let mut report = serde_json::to_value(report("challenge-of-another-host")).unwrap();
    taint(&mut report["evidence"]["attempts"]);
    report["evidence"]["plan"]["target"]["host"] = json!({ "name": HOSTILE });
    report["target"]["input"] = HOSTILE.into();
    let read = Report::from_json(&report.to_string()).unwrap();
    let evidence: &Evidence = &read.evidence;
    assert!(evidence.shown_tls().is_some_and(|tls| tls.certificate.is_some()), "the certificate is read");
    read
}

#[test]
fn hostile_names_reach_no_output_unescaped() {
    let scratch = Scratch::new("hostile");
    let one = hostile();
    for (name, reports) in [("one", vec![one.clone()]), ("two", vec![one.clone(), one])] {
        let file = stored(&scratch, name, &reports);
        let of = |format: &str| {
            let summary = scratch.path("summary.md");
            _ = std::fs::remove_file(&summary);
            let expect = ["--expect", "server.name=x, cert.subject=\"=1|<b>\""];
            let arguments = [&["--from-report", &file, "-o", format][..], &expect].concat();
            let output = run_with(&[("GITHUB_STEP_SUMMARY", &summary)], &arguments);
            let harmful = |c: char| c != '\n' && rdp_probe::is_harmful(c);
            assert!(!output.stdout.contains(harmful), "{format}: {:?}", output.stdout);
            let written = scratch.file(&format!("{name}.{format}"), output.stdout.as_bytes());
            (output.stdout, written, std::fs::read_to_string(&summary).unwrap_or_default())
        };
        let escaped = rdp_probe::escape(HOSTILE).into_owned();

        let (_, junit, _) = of("junit");
        let suites = suites(&junit);
        assert_eq!(suites.len(), reports.len());
        for suite in suites {
            assert!(suite["name"].as_str().unwrap().starts_with(&escaped), "{suite:#}");
        }

        let (_, csv, _) = of("csv");
        for row in rows(&csv) {
            let formulas = row.as_object().unwrap().iter().filter(|(_, cell)| {
                let cell = cell.as_str().unwrap();
                cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<i64>().is_err()
            });
            assert_eq!(formulas.count(), 0, "{row:#}");
            assert_eq!(row["input"], format!("'{escaped}"));
        }

        let (github, _, summary) = of("github");
        let commands = github::commands(&github);
        assert_eq!((commands.len(), github.lines().count()), (reports.len(), reports.len()));
        for command in commands {
            assert!(command.title().starts_with(&escaped), "{:?}", command.title());
            assert_eq!(command.properties.len(), 1, "{:?}", command.properties);
        }
        let table: Vec<&str> = summary.lines().filter(|line| line.starts_with('|')).skip(2).collect();
        assert_eq!(table.len(), reports.len(), "{summary}");
        for row in table {
            assert_eq!(row.matches('|').count(), 5, "{row}");
            assert!(
                !row.contains(['`', '[', ']', '*', '_']) && !row.replace("<br>", "").contains('<'),
                "{row}"
            );
        }

        let (nagios, _, _) = of("nagios");
        let said = nagios::Said::read(&nagios);
        let known = ["time", "cert_days", "targets", "ok", "warning", "unknown", "critical"];
        for label in said.data.keys() {
            let is_name = label.starts_with("=cmd/".replace('=', "_").as_str());
            assert!(known.contains(&label.as_str()) || label.starts_with("time_") || is_name, "{label:?}");
        }
    }
}

/// What is held of a run does not grow with it.
#[test]
fn of_many_targets_the_first_that_failed_are_told_and_the_others_counted() {
    let scratch = Scratch::new("many-outputs");
    let failed = serde_json::to_string(&report("tcp-refused")).unwrap();
    let file = scratch.file("many", format!("{failed}\n").repeat(150).as_bytes());
    let nagios = run(&["--from-report", &file, "-o", "nagios"]);
    let lines: Vec<&str> = nagios.stdout.lines().collect();
    assert_eq!((lines.len(), lines.last()), (102, Some(&"and 50 more")), "{}", nagios.stdout);
    assert!(lines[0].starts_with("RDP CRITICAL - 150 targets: 150 CRITICAL|targets=150;;;0 "), "{}", lines[0]);
    // What others have written leaves less room.
    let summary = scratch.file("summary.md", &[b'x'; (1 << 20) - 6000]);
    let github = run_with(&[("GITHUB_STEP_SUMMARY", &summary)], &["--from-report", &file, "-o", "github"]);
    assert_eq!((github.status, github.stdout.lines().count()), (Some(100), 150));
    let text = std::fs::read_to_string(&summary).unwrap();
    let rows = text.matches("\n| 127.0.0.1").count();
    assert!(text.len() <= 1 << 20 && rows > 2, "{} octets, {rows} rows", text.len());
    assert!(
        text.ends_with(&format!(
            "\n{0} more are not shown, {0} of them not as they should be.\n\n",
            150 - rows
        ))
    );
    let unwritable = [("GITHUB_STEP_SUMMARY", "/nonexistent/summary")];
    let output = run_with(&unwritable, &["127.0.0.1:9", "-o", "github"]);
    assert_eq!((output.status, output.stdout.as_str()), (Some(4), ""), "{}", output.stderr);
    assert!(output.stderr.contains("/nonexistent/summary"), "{}", output.stderr);
    // Who does not ask for it gets none.
    assert_eq!(run_with(&unwritable, &["127.0.0.1:9", "-o", "csv"]).status, Some(11));
}

#[test]
fn nothing_to_report_is_a_whole_output_all_the_same() {
    let scratch = Scratch::new("nothing");
    let list = scratch.file("list", b"srv x\n");
    let of = |format: &str| binary::run_on(&list, &[], &["-", "--strict", "-o", format]).stdout;
    assert_eq!(suites(&scratch.file("junit", of("junit").as_bytes())).len(), 0);
    assert_eq!(rows(&scratch.file("csv", of("csv").as_bytes())).len(), 0);
    assert_eq!((of("github").as_str(), of("csv").lines().count()), ("", 1));
    assert_eq!(of("nagios"), "RDP UNKNOWN - nothing was probed\n");
}

#[test]
fn brief_is_for_one_and_for_several_and_changes_no_other_format() {
    let scratch = Scratch::new("brief");
    let failed = report("tcp-refused");
    let of = |reports: &[Report], more: &[&str]| {
        let file = stored(&scratch, "reports", reports);
        run(&[&["--from-report", &file, "--brief"], more].concat()).stdout
    };
    let one = of(std::slice::from_ref(&failed), &[]);
    assert!(one.starts_with("FAILED 127.0.0.1:20389 at tcp_connect (target): "), "{one}");
    assert!(one.contains("\n  Why: ") && one.contains("\n  Do: ") && !one.contains("exit code"), "{one}");
    // Of several, what they come to follows.
    let several = of(&[failed.clone(), failed.clone()], &[]);
    let sum = several.strip_prefix(&one.repeat(2)).unwrap_or_else(|| panic!("{several}"));
    assert!(sum.starts_with("\n2 targets\n"), "{several}");
    assert_eq!(of(std::slice::from_ref(&failed), &["-o", "line"]), failed.line());
    // A run that a person waits for says the same once.
    let live = run(&["127.0.0.1:9", "--brief"]);
    assert_eq!((live.status, live.stdout.matches("FAILED ").count()), (Some(11), 1), "{}", live.stdout);
    assert!(live.stdout.lines().all(|line| line.chars().count() <= 80), "{}", live.stdout);
    assert_eq!(run(&["127.0.0.1:9", "--brief", "-v"]).status, Some(2));
}

/// The page with its example as the program writes it today.
fn with_example(page: &str, example: &str) -> String {
    let (before, rest) = page.split_once("<!-- example -->\n").unwrap();
    let (_, after) = rest.split_once("<!-- end -->\n").unwrap();
    let kind = if example.starts_with("<?xml") { "xml" } else { "text" };
    format!("{before}<!-- example -->\n```{kind}\n{example}```\n<!-- end -->\n{after}")
}

#[test]
fn pages_of_outputs_show_what_is_written_and_name_every_column() {
    let scratch = Scratch::new("pages");
    let file = stored(&scratch, "report", &[report("tcp-refused")]);
    for format in ["csv", "junit", "github", "nagios"] {
        let output = run(&["--from-report", &file, "-o", format]).stdout;
        let name = format!("{format}.md");
        generated(&name, &with_example(&page(&name), &output));
        if let ("csv", Some(header)) = (format, output.lines().next()) {
            for column in header.split(',') {
                assert!(
                    page(&name).contains(&format!("| `{column}` |")),
                    "docs/csv.md does not name the column {column}"
                );
            }
        }
    }
}
