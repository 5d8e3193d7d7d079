//! What the program makes of one operation that fails, is short, is slow or is interrupted, of all that it asks its operating system for:
//! files, streams, descriptors, sockets, threads, clocks. tests/shim/operations.c stands between the two.
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};

use rdp_probe_testkit::target::ScriptedTarget;
use rdp_probe_testkit::{Scenario, Violation};
use serde_json::Value;

use crate::binary::{Output, run_on, run_with};
use crate::usage::Scratch;
use crate::{faults, scenarios};

/// What can befall an operation of a class. A socket that gives or takes less than it could would mislead the runtime, which is told by
/// nobody that there is more: pieces are the matter of the layer under the driver (faults.rs).
const CLASSES: [(&str, &[&str]); 14] = [
    ("open", &["fail", "slow", "interrupted"]),
    ("look", &["fail", "slow"]),
    ("read", &["fail", "short", "slow", "interrupted"]),
    ("write", &["fail", "short", "slow", "interrupted"]),
    ("move", &["fail", "slow"]),
    ("descriptor", &["fail", "slow"]),
    ("socket", &["fail", "slow"]),
    ("receive", &["fail", "slow"]),
    ("send", &["fail", "slow"]),
    ("watch", &["fail", "slow"]),
    ("wait", &["slow", "interrupted"]),
    ("thread", &["fail", "slow"]),
    ("clock", &["fail", "short", "slow"]),
    ("entropy", &["fail", "short", "slow"]),
];

/// Runs at the same time.
const AT_ONCE: usize = 6;

/// One operation, and what befalls it.
#[derive(Clone, Debug)]
struct Fault {
    class: &'static str,
    kind: &'static str,
    place: usize,
}

impl Fault {
    fn to_text(&self) -> String {
        format!("{} {} {}", self.class, self.kind, self.place)
    }

    /// Whether it changes nothing but when, or in how many pieces, something is done.
    fn is_harmless(&self) -> bool {
        self.kind != "fail"
    }
}

/// The layer between the program and its operating system, built once.
fn shim() -> &'static str {
    static SHIM: LazyLock<(Scratch, String)> = LazyLock::new(|| {
        let scratch = Scratch::new("operations");
        let library = scratch.path("operations.so");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("shim/operations.c");
        let words = ["-shared", "-fPIC", "-O1", "-o", &library];
        let output = Command::new("cc").args(words).arg(source).arg("-ldl").output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        (scratch, library)
    });
    &SHIM.1
}

/// Runs the program on the layer.
fn run(fault: Option<&Fault>, log: Option<&str>, stdin: &str, arguments: &[&str]) -> Output {
    let text = fault.map(Fault::to_text).unwrap_or_default();
    let mut environment = vec![("LD_PRELOAD", shim()), ("OPERATION", &text)];
    environment.extend(log.map(|log| ("OPERATIONS_LOG", log)));
    if stdin.is_empty() { run_with(&environment, arguments) } else { run_on(stdin, &environment, arguments) }
}

/// Every fault that the operations of a run can meet, from what the layer counted.
fn every_fault(log: &str) -> Vec<Fault> {
    let text = std::fs::read_to_string(log).unwrap();
    let counts: BTreeMap<&str, usize> = text
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(class, count)| (class, count.parse().unwrap()))
        .collect();
    let mut all = Vec::new();
    for (class, kinds) in CLASSES {
        for place in 0..counts[class] {
            all.extend(kinds.iter().map(|kind| Fault { class, kind, place }));
        }
    }
    all
}

/// What is wrong with how a run ended, whatever befell it.
fn ended_badly(output: &Output) -> Option<String> {
    let code = output.status.and_then(|code| u8::try_from(code).ok());
    if output.stderr.contains("panicked") {
        return Some(format!("a panic: {}", output.stderr));
    }
    match code {
        Some(code) if faults::documented().contains(&code) => None,
        Some(_) | None => Some(format!("ended with {:?}: {}", output.status, output.stderr)),
    }
}

/// Of a report what does not depend on when it was made.
fn verdict(report: &Value) -> Value {
    let mut verdict = report["verdict"].clone();
    // Says how long a stage took.
    if let Some(fields) = verdict.as_object_mut() {
        fields.remove("summary");
    }
    verdict
}

/// A text without its numbers, and without what makes room for them: the demo has ports and times of its own.
fn timeless(text: &str) -> String {
    let words = text.split_whitespace().map(|word| word.trim_matches(|c: char| c.is_ascii_digit() || c == '.'));
    let words = words.map(|word| word.split(|c: char| c.is_ascii_digit()).collect::<String>());
    words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
}

/// What is wrong with a probe that this befell; beside it the same without.
fn probed_badly(fault: &Fault, output: &Output, without: &Output) -> Option<String> {
    let report = output.json.as_ref();
    let same = report.map(verdict) == without.json.as_ref().map(verdict) && output.status == without.status;
    let said = || format!("{:?}, {:?}, {}", output.status, report.map(verdict), output.stderr);
    if same {
        return None;
    }
    if fault.is_harmless() {
        return Some(format!("not the same: {}", said()));
    }
    let here = report.is_some_and(|report| report["verdict"]["hop"] == "client");
    // What could not begin or could not be written is said on standard error, where that is not what failed.
    let local = matches!(output.status, Some(3 | 4));
    (!here && !local).then(|| format!("laid elsewhere: {}", said()))
}

/// Runs the cases, several at a time, and collects what is wrong.
fn each<T: Debug + Sync>(cases: &[T], judge: impl Fn(&T) -> Option<String> + Sync) -> Vec<String> {
    let (next, wrong) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some(case) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    // A run that does not end is a panic of who waits for it.
                    let judged = catch_unwind(AssertUnwindSafe(|| judge(case)));
                    let what = judged.unwrap_or_else(|_| Some(format!("no end: {case:?}")));
                    wrong.lock().unwrap().extend(what);
                }
            });
        }
    });
    wrong.into_inner().unwrap()
}

#[test]
fn every_conversation_is_told_as_it_was_or_laid_at_this_computer() {
    let scratch = Scratch::new("operations-log");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let play = |scenario: &Scenario, fault: Option<&Fault>, log: Option<&str>| {
        let target = runtime.block_on(ScriptedTarget::start(scenario)).unwrap();
        let mut arguments = scenario.arguments(target.port());
        arguments.extend(["-o".to_owned(), "json".to_owned()]);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = run(fault, log, "", &arguments);
        (output, runtime.block_on(target.finish()).violations)
    };
    let mut cases = Vec::new();
    let (mut withouts, mut all) = (BTreeMap::new(), BTreeMap::new());
    for name in faults::CONVERSATIONS {
        let scenario = scenarios::all().iter().find(|scenario| scenario.name == name).unwrap();
        let log = scratch.path(name);
        let (without, violations) = play(scenario, None, Some(&log));
        assert!(violations.is_empty(), "{name}: {violations:?}");
        assert_eq!(without.status, Some(i32::from(scenario.expect.exit)), "{name}: {without:?}");
        withouts.insert(name, without);
        cases.extend(every_fault(&log).into_iter().map(|fault| (name, fault)));
        all.insert(name, scenario);
    }
    let count = cases.len();
    assert!(count > 2000, "{count}");
    let wrong = each(&cases, |(name, fault)| {
        let (output, violations) = play(all[name], Some(fault), None);
        // Where there was nothing left for a further connection, all is asked again, of a target that has said all it had to say.
        let over = |violation: &Violation| matches!(violation, Violation::Unclaimed { .. });
        let asked_again = matches!(fault.class, "descriptor" | "watch") && violations.iter().any(over);
        let judged = || {
            let without = &withouts[name];
            if asked_again {
                let healthy = output.status == Some(0) && without.status != Some(0);
                return healthy.then(|| "healthy".to_owned());
            }
            probed_badly(fault, &output, without)
        };
        let wrong = ended_badly(&output).or_else(judged)?;
        Some(format!("{name}: {}: {wrong}", fault.to_text()))
    });
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_verb_says_what_it_says_or_that_it_could_not() {
    let scratch = Scratch::new("operations-verbs");
    let stored = Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/0.1.ndjson");
    let stored = stored.to_str().unwrap();
    let list = scratch.file("list", b"127.0.0.1:9\n127.0.0.1:7\n");
    let file = scratch.file("target.rdp", b"full address:s:127.0.0.1:9\nprompt for credentials:i:1\n");
    let at_list = format!("@{list}");
    let verbs: [(&str, &[&str]); 14] = [
        ("", &["--help"]),
        ("", &["--version"]),
        ("", &["--no-such-option"]),
        ("", &["explain", "0x904/0x7"]),
        ("", &["explain", "nothing-of-the-kind", "-o", "json"]),
        ("", &["man"]),
        ("", &["completions", "bash"]),
        ("", &["demo", "hang-up"]),
        ("", &["--from-report", stored]),
        (stored, &["--from-report", "-", "-o", "ndjson"]),
        ("", &["127.0.0.1:9", "-o", "line"]),
        ("", &[&at_list, "-o", "line"]),
        (&list, &["-", "-o", "line"]),
        ("", &[&file, "-o", "line"]),
    ];
    let mut cases = Vec::new();
    let mut withouts = Vec::new();
    for (index, (stdin, arguments)) in verbs.iter().enumerate() {
        let log = scratch.path(&format!("log{index}"));
        withouts.push(run(None, Some(&log), stdin, arguments));
        cases.extend(every_fault(&log).into_iter().map(|fault| (index, fault)));
    }
    assert!(cases.len() > 1500, "{}", cases.len());
    let wrong = each(&cases, |(index, fault)| {
        let (stdin, arguments) = verbs[*index];
        let (output, without) = (run(Some(fault), None, stdin, arguments), &withouts[*index]);
        let wrong = ended_badly(&output).or_else(|| {
            let same = output.status == without.status && timeless(&output.stdout) == timeless(&without.stdout);
            if same {
                return None;
            }
            let said = format!("{:?}: {}: {}", output.status, output.stdout, output.stderr);
            if fault.is_harmless() {
                return Some(format!("not the same: {said}"));
            }
            // Half of what was to be said is never a success.
            (output.status == without.status && without.status == Some(0)).then(|| format!("a success: {said}"))
        })?;
        Some(format!("{arguments:?}: {}: {wrong}", fault.to_text()))
    });
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn a_report_that_could_not_be_written_leaves_the_last_good_one() {
    let scratch = Scratch::new("operations-files");
    let arguments =
        |name: &str| ["127.0.0.1:9".to_owned(), "-o".to_owned(), format!("json={}", scratch.path(name))];
    let play = |name: &str, fault: Option<&Fault>, log: Option<&str>| {
        std::fs::write(scratch.path(name), "the last good one").unwrap();
        let arguments = arguments(name);
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = run(fault, log, "", &words);
        (output, std::fs::read_to_string(scratch.path(name)).unwrap())
    };
    let log = scratch.path("log");
    let (without, _) = play("report.json", None, Some(&log));
    assert_eq!(without.status, Some(11), "{without:?}");
    let cases: Vec<(usize, Fault)> = every_fault(&log).into_iter().enumerate().collect();
    let wrong = each(&cases, |(number, fault)| {
        let (output, there) = play(&format!("report{number}.json"), Some(fault), None);
        let whole = serde_json::from_str::<Value>(&there).is_ok();
        let good = match output.status {
            Some(11) => whole,
            Some(3 | 4) => !fault.is_harmless() && (whole || there == "the last good one"),
            Some(_) | None => false,
        };
        let bad = || Some(format!("{:?}: {there:.60}: {}", output.status, output.stderr));
        let wrong = ended_badly(&output).or_else(|| if good { None } else { bad() })?;
        Some(format!("{}: {wrong}", fault.to_text()))
    });
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
