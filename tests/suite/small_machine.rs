//! The program where its machine gives it little: streams that are full or closed, few descriptors, little memory. Whatever
//! happens, it ends by itself, with an exit code that is documented and without a panic.
use std::process::{Command, Stdio};
use std::time::Duration;

use rdp_probe_testkit::Scenario;
use rdp_probe_testkit::target::ScriptedTarget;

use crate::usage::{Scratch, on_runtime};
use crate::{binary, faults, scenarios};

/// What a shell does to the program's streams and limits before it becomes the program.
const MACHINES: [&str; 15] = [
    "exec \"$@\" >/dev/full",
    "exec \"$@\" 2>/dev/full",
    "exec \"$@\" >/dev/full 2>/dev/full",
    "exec \"$@\" >&-",
    "exec \"$@\" 2>&-",
    "exec \"$@\" <&-",
    "exec \"$@\" <&- >&- 2>&-",
    "ulimit -n 4; exec \"$@\"",
    "ulimit -n 5; exec \"$@\"",
    "ulimit -n 6; exec \"$@\"",
    "ulimit -n 7; exec \"$@\"",
    "ulimit -n 8; exec \"$@\"",
    "ulimit -n 10; exec \"$@\"",
    "ulimit -n 12; exec \"$@\"",
    "ulimit -v 200000; exec \"$@\"",
];

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// The exit code of the program on such a machine; what is wrong with how it ended otherwise.
fn ends(machine: &str, arguments: &[String]) -> Result<u8, String> {
    let output = Command::new("timeout")
        .args(["--kill-after=1", &PATIENCE.as_secs().to_string(), "sh", "-c", machine, "sh"])
        .arg(binary::binary())
        .args(arguments)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let code = output.status.code().and_then(|code| u8::try_from(code).ok());
    let documented = faults::documented();
    let code = code.filter(|code| documented.contains(code));
    match code {
        Some(code) if !said.contains("panicked") => Ok(code),
        Some(_) | None => Err(format!("{machine}: {arguments:?}: {}: {said:?}", output.status)),
    }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

#[test]
fn every_verb_ends_by_itself_where_streams_are_full_or_closed_and_resources_are_few() {
    let scratch = Scratch::new("small-machine");
    let stored = scratch.file(
        "stored.ndjson",
        &std::fs::read(std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("reports/0.1.ndjson")).unwrap(),
    );
    let verbs: [&[&str]; 12] = [
        &["--help"],
        &["--version"],
        &["--no-such-option"],
        &["explain", "0x904/0x7"],
        &["explain", "nothing-of-the-kind", "-o", "json"],
        &["man"],
        &["completions", "bash"],
        &["demo", "healthy"],
        &["--from-report", &stored],
        &["--from-report", &stored, "-o", "json"],
        &["--from-report", "-"],
        &["127.0.0.1:9", "--timeout", "2s", "-o", "ndjson"],
    ];
    let mut wrong = Vec::new();
    for machine in MACHINES {
        for words in verbs {
            match ends(machine, &strings(words)) {
                // What was to be said and could not be is never a success.
                Ok(0) if machine.contains("\" >/dev/full") => wrong.push(format!("{machine}: {words:?}: 0")),
                Ok(_) => {}
                Err(what) => wrong.push(what),
            }
        }
    }
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn every_conversation_ends_with_its_verdict_or_a_documented_code() {
    let wrong = on_runtime(async {
        let mut wrong = Vec::new();
        for name in faults::CONVERSATIONS {
            let scenario: &Scenario = scenarios::all().iter().find(|scenario| scenario.name == name).unwrap();
            for machine in MACHINES {
                let target = ScriptedTarget::start(scenario).await.unwrap();
                let arguments = scenario.arguments(target.port());
                let ended = tokio::task::spawn_blocking(move || ends(machine, &arguments)).await.unwrap();
                drop(target);
                match ended {
                    Ok(0) if scenario.expect.exit != 0 => wrong.push(format!("{machine}: {name}: healthy")),
                    Ok(0) if machine.contains("\" >/dev/full") => wrong.push(format!("{machine}: {name}: 0")),
                    Ok(_) => {}
                    Err(what) => wrong.push(what),
                }
            }
        }
        wrong
    });
    assert!(wrong.is_empty(), "{} are wrong:\n{}", wrong.len(), wrong.join("\n"));
}
