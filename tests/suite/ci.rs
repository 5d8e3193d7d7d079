//! The examples for pipelines and monitors (examples/ci), each run as its page says.
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::binary::{binary, code};
use crate::peer::xrdp::{self, Certificate, SecurityLayer};
use crate::usage::Scratch;

/// Nothing listens there.
const CLOSED: &str = "127.0.0.1:20999";
/// The examples, by their files' names; each has a page of that name without its end.
const EXAMPLES: [(&str, &str); 5] = [
    ("audit.sh", "audit.md"),
    ("gate.sh", "gate.md"),
    ("github.yml", "github.md"),
    ("gitlab-ci.yml", "gitlab.md"),
    ("nagios.cfg", "nagios.md"),
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn example(name: &str) -> String {
    std::fs::read_to_string(root().join("examples/ci").join(name)).unwrap()
}

/// What a script comes to that finds the program as somebody's shell does: exit code, and what it says on both streams.
fn script(text: &str, scratch: &Scratch, variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let path = format!("{}:/usr/bin:/bin", binary().parent().unwrap().display());
    let output = Command::new("bash")
        .args(["-eo", "pipefail", "-c", text])
        .current_dir(scratch.path(""))
        .env_clear()
        .env("PATH", path)
        .envs(variables.iter().copied())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |octets: Vec<u8>| String::from_utf8(octets).unwrap();
    (code(output.status), text(output.stdout), text(output.stderr))
}

#[test]
fn every_example_has_its_page_and_is_named_there() {
    let names = |folder: &str| {
        let mut names: Vec<String> = std::fs::read_dir(root().join(folder))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    assert_eq!(names("examples/ci"), EXAMPLES.map(|(example, _)| example));
    assert_eq!(names("docs/ci"), EXAMPLES.map(|(_, page)| page));
    for (example, page) in EXAMPLES {
        let page = std::fs::read_to_string(root().join("docs/ci").join(page)).unwrap();
        assert!(page.contains(&format!("(../../examples/ci/{example})")), "{example}");
    }
}

/// The steps of a workflow that are shell scripts.
fn steps(workflow: &str) -> Vec<String> {
    let mut steps = Vec::new();
    let mut lines = workflow.lines().peekable();
    while let Some(line) = lines.next() {
        if line.trim_start() != "run: |" {
            continue;
        }
        let indent = line.len() - line.trim_start().len();
        let mut text = String::new();
        while let Some(line) = lines.next_if(|line| line.len() - line.trim_start().len() > indent) {
            text.push_str(line.trim_start());
            text.push('\n');
        }
        steps.push(text);
    }
    steps
}

#[test]
fn a_workflow_annotates_what_failed_and_keeps_the_reports() {
    let peer = xrdp::start(SecurityLayer::Tls, Certificate::SelfSigned);
    let scratch = Scratch::new("ci-github");
    scratch.file("desktops.txt", format!("{}\n{CLOSED}\n", peer.address()).as_bytes());
    let summary = scratch.path("summary.md");
    let [step] = &steps(&example("github.yml"))[..] else { panic!("one step runs the program") };
    let (code, said, errors) = script(step, &scratch, &[("GITHUB_STEP_SUMMARY", &summary)]);
    // xrdp has no Network Level Authentication, so that something that was expected is not so.
    assert_eq!(code, Some(1), "{said}{errors}");
    assert!(said.lines().filter(|line| line.starts_with("::error ")).count() >= 2, "{said}");
    assert!(said.contains("nla=required") && said.contains("refused the connection"), "{said}");
    let summary = std::fs::read_to_string(summary).unwrap();
    assert!(
        summary.contains("0 as they should be, 2 not") && summary.contains("20999 | FAILED at"),
        "{summary}"
    );
    let reports = std::fs::read_to_string(scratch.path("desktops.ndjson")).unwrap();
    assert_eq!(reports.lines().count(), 2);
    let xml = std::fs::read_to_string(scratch.path("desktops.xml")).unwrap();
    assert_eq!(xml.matches("<testsuite ").count(), 2, "{xml}");
}

#[test]
fn a_pipeline_goes_on_when_the_machine_is_ready() {
    let peer = xrdp::start(SecurityLayer::Tls, Certificate::SelfSigned);
    let job = example("gitlab-ci.yml");
    let line = job.lines().find_map(|line| line.trim_start().strip_prefix("- rdp-probe ")).unwrap();
    let command = format!("rdp-probe {line}");
    let scratch = Scratch::new("ci-gitlab");
    let address = peer.address().to_string();
    let (code, said, errors) = script(&command, &scratch, &[("MACHINE", &address)]);
    assert_eq!(code, Some(0), "{said}{errors}");
    assert!(errors.contains("is ready after ") && said.contains("held      stage>=tls"), "{said}{errors}");
    assert!(std::fs::read_to_string(scratch.path("ready.xml")).unwrap().contains("</testsuites>"));
    // Nobody waits for ten minutes here.
    let (code, _, errors) = script(&command.replace("10m", "1s"), &scratch, &[("MACHINE", CLOSED)]);
    assert_eq!(code, Some(11), "{errors}");
}

#[test]
fn a_monitor_has_a_line_with_times_and_its_own_exit_codes() {
    let config = example("nagios.cfg");
    let command =
        config.lines().find_map(|line| line.trim_start().strip_prefix("command_line")).unwrap().trim();
    let arguments =
        config.lines().find_map(|line| line.trim_start().strip_prefix("check_command")).unwrap().trim();
    let [_, _, limit] = arguments.split('!').collect::<Vec<_>>()[..] else { panic!("{arguments}") };
    let check = |address: &str| {
        let (host, port) = address.rsplit_once(':').unwrap();
        let command = command.replace("$HOSTADDRESS$", host).replace("$ARG1$", port).replace("$ARG2$", limit);
        let command = command.replace("/usr/local/bin/", "");
        assert!(!command.contains('$'), "{command}");
        script(&command, &Scratch::new("ci-nagios"), &[])
    };
    let (code, said, _) = check(CLOSED);
    assert!(code == Some(2) && said.starts_with("RDP CRITICAL - ") && said.contains('|'), "{said}");
    // Whose certificate is for another name, and who has no Network Level Authentication.
    let peer = xrdp::start(SecurityLayer::Tls, Certificate::SelfSigned);
    let (code, said, _) = check(&peer.address().to_string());
    assert!(code == Some(1) && said.starts_with("RDP WARNING - ") && said.contains("time_tls="), "{said}");
}

#[test]
fn an_audit_says_what_has_changed_since_the_last_one() {
    let scratch = Scratch::new("ci-audit");
    // Nothing listens at any of them, for now.
    let networks = scratch.file("networks.txt", b"127.0.9.0/29:20999\n");
    let audit = root().join("examples/ci/audit.sh");
    let audit = |day: &str| {
        // A day of its own each time.
        let date = format!("date() {{ echo {day}; }}; export -f date");
        script(&format!("{date}; bash {} {networks} {}", audit.display(), scratch.path("audit")), &scratch, &[])
    };
    let (code, said, errors) = audit("2026-01-01");
    assert_eq!((code, said.as_str()), (Some(0), ""), "{errors}");
    let kept = |name: &str| std::fs::read_to_string(scratch.path("audit") + "/" + name).unwrap();
    assert_eq!(kept("2026-01-01.ndjson").lines().count(), 6);
    let table = format!("rdp-probe --from-report {}/2026-01-01.ndjson -o csv", scratch.path("audit"));
    let (_, table, errors) = script(&format!("{table} || [ $? -eq 100 ]"), &scratch, &[]);
    assert_eq!(table.lines().count(), 7, "{errors}");
    // The same day again: everything was asked already.
    let (code, _, errors) = audit("2026-01-01");
    assert_eq!((code, kept("2026-01-01.ndjson").lines().count()), (Some(0), 6), "{errors}");
    // One of them is no longer what it was.
    let listener = std::net::TcpListener::bind("127.0.9.3:20999").unwrap();
    std::thread::spawn(move || listener.incoming().for_each(drop));
    let (code, said, errors) = audit("2026-01-02");
    assert_eq!(code, Some(0), "{errors}");
    assert!(
        said.lines().count() == 1 && said.starts_with("127.0.9.3:20999 ") && said.contains(" changed=rule"),
        "{said}"
    );
}

#[test]
fn a_gate_opens_for_a_machine_that_is_ready() {
    let peer = xrdp::start(SecurityLayer::Tls, Certificate::SelfSigned);
    let gate = root().join("examples/ci/gate.sh");
    let scratch = Scratch::new("ci-gate");
    let gate = |address: &str, command: &str| {
        script(&format!("sh {} {address} {command}", gate.display()), &scratch, &[("PATIENCE", "2s")])
    };
    let (code, said, errors) = gate(&peer.address().to_string(), "sh -c 'echo went on; exit 7'");
    assert!(code == Some(7) && said.ends_with("went on\n"), "{said}{errors}");
    let (code, said, errors) = gate(CLOSED, "echo went on");
    assert!(
        code == Some(11) && !said.contains("went on") && errors.ends_with("is not there (yet)\n"),
        "{said}{errors}"
    );
}
