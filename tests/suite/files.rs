//! Output files: written beside, renamed at the end, and never the list that is read.
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::process::{Command, Stdio};
use std::thread;

use crate::binary::{binary, run};
use crate::usage::Scratch;

/// The names in a folder, hidden ones too.
fn names(scratch: &Scratch) -> Vec<String> {
    let entries = fs::read_dir(scratch.path("")).unwrap();
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

#[test]
fn an_output_file_is_replaced_when_it_is_whole_and_keeps_its_rights() {
    let scratch = Scratch::new("replaced");
    let (file, link) = (scratch.file("last.json", b"last"), scratch.path("link.json"));
    symlink("last.json", &link).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let before = fs::metadata(&file).unwrap();
    let output = run(&["127.0.0.1:9", "-o", &format!("json={link}")]);
    assert_eq!((output.status, output.stderr.as_str()), (Some(11), ""));
    let after = fs::metadata(&file).unwrap();
    assert_ne!(before.ino(), after.ino(), "it was written beside");
    assert_eq!(after.permissions().mode() & 0o777, 0o640);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&file).unwrap().contains("\"exit_code\": 11"));
    assert_eq!(names(&scratch), ["last.json", "link.json"]);
}

#[test]
fn the_last_good_output_file_outlives_a_run_that_is_killed_or_cannot_write() {
    let scratch = Scratch::new("outlives");
    let file = scratch.file("last.json", b"last");
    let (port, _listener) =
        crate::usage::on_runtime(async { rdp_probe_testkit::port::listen([127, 0, 0, 1].into()).unwrap() });
    let mut child = Command::new(binary())
        .args(["127.0.0.1:9", &format!("127.0.0.1:{port}"), "-o", "ndjson", "-o", &format!("json={file}")])
        .env_clear()
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // The first report is out, and the second target says nothing.
    let mut line = String::new();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(child.stdout.take().unwrap()), &mut line).unwrap();
    assert!(line.ends_with("}\n"), "{line}");
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "last");
    // A file that may grow no further: what there was of it is removed.
    let limited = format!("ulimit -f 1; exec \"$0\" \"$@\" -o json={file}");
    let targets = vec!["127.0.0.1:9"; 20];
    let status = Command::new("/bin/sh")
        .args(["-c", &format!("trap '' XFSZ; {limited}"), binary().to_str().unwrap()])
        .args(targets)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(4));
    assert_eq!(fs::read_to_string(&file).unwrap(), "last");
    let left = names(&scratch).into_iter().filter(|name| name != "last.json").count();
    assert_eq!(left, 1, "the killed run could not tidy up, and the other one did");
}

#[test]
fn what_is_no_regular_file_is_written_directly() {
    let scratch = Scratch::new("fifo");
    let fifo = scratch.path("fifo");
    assert!(Command::new("mkfifo").arg(&fifo).status().unwrap().success());
    let reader = thread::spawn({
        let fifo = fifo.clone();
        move || fs::read_to_string(fifo).unwrap()
    });
    assert_eq!(run(&["127.0.0.1:9", "-o", &format!("line={fifo}")]).status, Some(11));
    assert!(reader.join().unwrap().contains("[exit=11"));
    assert_eq!(names(&scratch), ["fifo"]);
    let output = run(&["127.0.0.1:9", "-o", "line=/dev/stdout"]);
    assert!(output.stdout.contains("[exit=11"), "{output:?}");
    // A folder that takes no new file is no reason not to write one that is there.
    let explained = scratch.file("explained", b"");
    assert_eq!(run(&["explain", "5", "-o", &format!("json={explained}")]).status, Some(0));
    assert!(fs::read_to_string(explained).unwrap().contains("\"query\""));
}

#[test]
fn a_file_is_never_both_read_and_written() {
    let scratch = Scratch::new("both");
    let list = scratch.file("hosts", b"127.0.0.1:9\n");
    let rdp = scratch.file("work.rdp", b"full address:s:127.0.0.1:9\n");
    let (hard, soft) = (scratch.path("hard"), scratch.path("soft"));
    fs::hard_link(&list, &hard).unwrap();
    symlink(&list, &soft).unwrap();
    let at = format!("@{list}");
    let cases = [
        vec![at.clone(), "-o".into(), format!("json={list}")],
        vec![at.clone(), "-o".into(), format!("json={hard}")],
        vec![at.clone(), "-o".into(), format!("json={soft}")],
        vec![rdp.clone(), "-o".into(), format!("json={rdp}")],
        vec!["127.0.0.1:9".into(), "--ca".into(), list.clone(), "-o".into(), format!("json={list}")],
        vec!["127.0.0.1:9".into(), "--keylog".into(), soft, "-o".into(), format!("json={list}")],
        vec![at, "--keylog".into(), list.clone()],
    ];
    for arguments in &cases {
        let output = run(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(output.status, Some(2), "{arguments:?}: {output:?}");
        assert_eq!(output.stderr.lines().count(), 1, "{output:?}");
    }
    for redirection in ["- <hosts -o json=hosts", "- <hosts >>hosts", "@hosts >>hosts", "work.rdp >>work.rdp"] {
        let line = format!("exec \"$0\" {redirection}");
        let mut shell = Command::new("/bin/sh");
        let output =
            shell.args(["-c", &line, binary().to_str().unwrap()]).current_dir(scratch.path("")).output();
        assert_eq!(output.as_ref().unwrap().status.code(), Some(2), "{redirection}: {output:?}");
    }
    assert_eq!(fs::read_to_string(&list).unwrap(), "127.0.0.1:9\n");
    // A report may take the place of the one that it was made of.
    let report = scratch.path("report.json");
    assert_eq!(run(&["127.0.0.1:9", "-o", &format!("json={report}")]).status, Some(11));
    assert_eq!(run(&["--from-report", &report, "-o", &format!("line={report}")]).status, Some(11));
    assert!(fs::read_to_string(&report).unwrap().contains("[exit=11"));
}
