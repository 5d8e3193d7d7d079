//! Standard output and standard error that are full, closed or gone, and names of files as they are on disks.
use std::ffi::{OsStr, OsString};
use std::fs::OpenOptions;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::binary::{binary, run};
use crate::usage::Scratch;

/// The program with these arguments, and nothing from the caller's environment that it might heed.
fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(arguments).env_clear().stdin(Stdio::null());
    command
}

/// Runs it in a shell that does this with its streams first.
fn with_streams(redirection: &str, arguments: &[&str]) -> Output {
    let line = format!("exec \"$0\" \"$@\" {redirection}");
    let program = binary().to_str().unwrap();
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", &line, program]).args(arguments).env_clear().stdin(Stdio::null());
    shell.output().unwrap()
}

fn full() -> Stdio {
    OpenOptions::new().write(true).open("/dev/full").unwrap().into()
}

#[test]
fn a_complaint_that_cannot_be_written_changes_neither_exit_code_nor_report() {
    let (reader, gone) = std::io::pipe().unwrap();
    drop(reader);
    let probe = ["/v:127.0.0.1:9", "/u:me", "-o", "line"];
    let streams: [fn() -> Stdio; 2] = [full, Stdio::null];
    for stream in streams {
        assert_eq!(command(&["--bogus"]).stderr(stream()).status().unwrap().code(), Some(2));
        let output = command(&probe).stdout(Stdio::piped()).stderr(stream()).output().unwrap();
        assert_eq!(output.status.code(), Some(11));
        assert!(String::from_utf8_lossy(&output.stdout).contains("[exit=11"), "{output:?}");
    }
    let broken = command(&["--bogus"]).stderr(gone).status().unwrap();
    assert_eq!(broken.code(), Some(2));
    assert_eq!(with_streams("2>&-", &["--bogus"]).status.code(), Some(2));
    let output = with_streams("2>&-", &probe);
    assert_eq!(output.status.code(), Some(11));
    assert!(String::from_utf8_lossy(&output.stdout).contains("[exit=11"), "{output:?}");
}

#[test]
fn a_standard_output_that_is_closed_is_exit_code_4_and_one_that_is_null_is_none() {
    let calls: [&[&str]; 6] =
        [&["127.0.0.1:9"], &["--help"], &["--version"], &["explain", "5"], &["man"], &["demo", "hang-up"]];
    for arguments in calls {
        let output = with_streams(">&-", arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(4), "{arguments:?}: {stderr}");
        assert!(stderr.starts_with("rdp-probe: cannot write to standard output"), "{arguments:?}: {stderr}");
        assert_eq!(stderr.lines().count(), 1, "{arguments:?}: {stderr}");
    }
    // What needs no standard output does not miss it.
    assert_eq!(with_streams(">&-", &["-q", "127.0.0.1:9"]).status.code(), Some(11));
    let read_and_write = || OpenOptions::new().read(true).write(true).open("/dev/null").unwrap();
    assert_eq!(command(&["--help"]).stdout(read_and_write()).status().unwrap().code(), Some(0));
    assert_eq!(with_streams(">/dev/null 2>&-", &["--help"]).status.code(), Some(0));
}

#[test]
fn a_usage_error_quotes_at_most_200_characters_of_what_was_given() {
    const MOST: usize = 200;
    let scratch = Scratch::new("long");
    let long = "x".repeat(100_000);
    let line = format!("@{}", scratch.file("line", format!("srv1\n{long} y\n").as_bytes()));
    let with = |before: &str, after: &str| format!("{before}{long}{after}");
    let calls: Vec<Vec<String>> = vec![
        vec![long.clone()],
        vec![with("", ":3389")],
        vec![with("srv1:", "")],
        vec![with("rdp://srv1:", "")],
        vec![with("", ".rdp")],
        vec![with("@", "")],
        vec![with("--", "")],
        vec![with("--", "=5")],
        vec![with("-Z", "")],
        vec![with("/", "")],
        vec![with("/v:srv1:", "")],
        vec![with("/v:srv1:", ""), "/port:3390".into()],
        vec!["srv1".into(), "--pin".into(), long.clone()],
        vec!["srv1".into(), "--timeout".into(), long.clone()],
        vec!["srv1".into(), "--color".into(), long.clone()],
        vec!["srv1".into(), "--concurrency".into(), long.clone()],
        vec!["srv1".into(), "--stage-timeout".into(), with("tls=", "")],
        vec!["srv1".into(), "--resolve".into(), with("srv1:3389:", "")],
        vec!["srv1".into(), "--resolve".into(), with("srv1:3389:fe80::1%", "")],
        vec!["srv1".into(), "--ca".into(), long.clone()],
        vec!["srv1".into(), "--server-name".into(), "a b".into(), "--keylog".into(), long.clone()],
        vec!["srv1".into(), "-o".into(), long.clone()],
        vec!["srv1".into(), "-o".into(), with("json=", ""), "-o".into(), with("line=", "")],
        vec!["--from-report".into(), long.clone()],
        vec!["explain".into(), "5".into(), with("--", "")],
        vec!["demo".into(), long.clone()],
        vec!["completions".into(), long.clone()],
        vec![line],
    ];
    for arguments in &calls {
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let output = run(&arguments);
        let short: Vec<String> = arguments.iter().map(|a| a.chars().take(24).collect()).collect();
        assert_eq!(output.status, Some(2), "{short:?}: {:.600}", output.stderr);
        let quoted = output.stderr.split(|c| c != 'x').map(str::len).max().unwrap_or_default();
        assert!(quoted <= MOST, "{short:?}: {quoted} characters: {:.600}", output.stderr);
        assert_eq!(output.stderr.lines().count(), 1, "{short:?}: {:.600}", output.stderr);
    }
}

#[test]
fn names_of_files_need_not_be_text() {
    let scratch = Scratch::new("names");
    let name = |name: &[u8]| {
        let mut path = OsString::from(scratch.path("")).into_vec();
        path.extend_from_slice(name);
        OsString::from_vec(path)
    };
    let with = |before: &str, path: &OsStr| {
        let mut all = before.as_bytes().to_vec();
        all.extend_from_slice(path.as_bytes());
        OsString::from_vec(all)
    };
    let (list, file, report) = (name(b"M\xfcnchen"), name(b"M\xfcnchen.RDP"), name(b"M\xfcnchen.json"));
    std::fs::write(&list, "127.0.0.1:9\n").unwrap();
    std::fs::write(&file, "full address:s:127.0.0.1:9\n").unwrap();
    for target in [with("@", &list), file] {
        let output = command(&[]).arg(&target).arg("-o").arg(with("json=", &report)).output().unwrap();
        assert_eq!(output.status.code(), Some(11), "{output:?}");
        let written = std::fs::read_to_string(&report).unwrap();
        assert!(written.contains("\"exit_code\": 11"), "{written}");
        std::fs::remove_file(&report).unwrap();
    }
    // What is wrong is said with the name as far as it is text.
    let output = command(&[]).arg(name(b"\xfc.rdp")).output().unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{stderr}");
    assert!(stderr.contains("\u{fffd}.rdp") && stderr.contains("cannot be read"), "{stderr}");
    let mut bad = with("json=", Path::new("/nonexistent/").as_os_str());
    bad.push(OsStr::from_bytes(b"\xfc"));
    let output = command(&["127.0.0.1:9", "-o"]).arg(bad).output().unwrap();
    assert_eq!(output.status.code(), Some(4), "{output:?}");
    // A host's name is text.
    let output = command(&[]).arg(OsStr::from_bytes(b"srv\xfc")).output().unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
