//! Lists and targets as people have them: whatever wrote them, and with lines that are none.
use std::io::{BufRead as _, BufReader};
use std::time::{Duration, Instant};

use crate::binary::{run, run_on, within_memory};
use crate::runner::{command, ended};
use crate::usage::Scratch;

/// What comes of a list on standard input: exit code, how many reports there are, and what is said.
fn on_standard_input(scratch: &Scratch, input: &[u8], more: &[&str]) -> (Option<i32>, Option<usize>, String) {
    let list = scratch.file("list", input);
    let output = run_on(&list, &[], &[&["-", "-o", "json"], more].concat());
    let all = output.json.unwrap_or_else(|| panic!("{}", output.stderr));
    (output.status, all.as_array().map(Vec::len), output.stderr)
}

#[test]
fn a_line_of_standard_input_that_cannot_be_read_ends_a_strict_run_after_what_came_before_it() {
    let scratch = Scratch::new("strict");
    let cases: [(&[u8], &[&str], usize, &str); 8] = [
        (
            b"127.0.0.1:9\n127.0.0.2:9\nsrv x\n127.0.0.3:9\n",
            &["--strict"],
            2,
            "standard input, line 3: \"srv x\"",
        ),
        (b"127.0.0.1:9\nM\xfcnchen\n", &["--strict"], 1, "line 2: \"M\u{fc}nchen\""),
        (b"127.0.0.1:9\n::1\n", &["-4", "--strict"], 1, "-4"),
        // Of what is no list nothing can be passed over.
        (b"# nothing\n", &[], 0, "the list has no target"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", &[], 0, "standard input: is no list"),
        (&[b'x'; 70_000], &[], 0, "longer than 64 KiB"),
        (b"host,port\n127.0.0.1,9\n", &["--column", "fqdn"], 0, "there are \"host\", \"port\""),
        (b"127.0.0.1:9\n", &["--resolve", "srv2:3389:192.0.2.7"], 1, "no target is srv2"),
    ];
    for (input, more, reports, part) in cases {
        let (code, number, stderr) = on_standard_input(&scratch, input, more);
        assert_eq!((code, number), (Some(2), Some(reports)), "{part}: {stderr}");
        assert!(stderr.contains(part) && stderr.lines().count() == 1, "{part}: {stderr}");
    }
}

#[test]
fn bad_lines_of_standard_input_are_named_and_the_others_are_probed() {
    let scratch = Scratch::new("standard-input");
    let (code, reports, stderr) = on_standard_input(
        &scratch,
        b"127.0.0.1:9\nsrv x\n::1\n127.0.0.2:9;Berlin\n\xfc\n127.0.0.3 9\n",
        &["-4", "-q"],
    );
    assert_eq!((code, reports), (Some(100), Some(3)), "{stderr}");
    let said: Vec<&str> = stderr.lines().map(|line| line.split_once(", ").unwrap().1).collect();
    assert_eq!(
        said,
        [
            "line 2: \"srv x\": a host name has no character like ' '; passed over",
            "line 3: \"::1\": target \"::1\" is not an address that -4 takes; passed over",
            "line 5: \"\u{fc}\": a host name is ASCII here: write an international one in its xn-- form; passed over",
        ]
    );
    let (code, reports, stderr) = on_standard_input(&scratch, b"127.0.0.2:9;Berlin\n", &[]);
    assert_eq!((code, reports), (Some(11), Some(1)));
    assert!(
        stderr.contains("line 1: \"127.0.0.2:9\": what stands beside the target is passed over"),
        "{stderr}"
    );
    // Nothing is left.
    let (code, reports, stderr) = on_standard_input(&scratch, &b"srv x\n".repeat(1000), &[]);
    assert_eq!((code, reports, stderr.lines().count()), (Some(2), Some(0), 22), "{stderr}");
    assert!(stderr.contains("980 more lines are no targets; passed over\n"), "{stderr}");
    assert!(stderr.contains("the list has no target"), "{stderr}");
}

#[test]
fn bad_lines_of_a_list_file_are_named_before_the_others_are_probed() {
    let scratch = Scratch::new("bad-lines");
    let lines = format!("127.0.0.1:9\n{}127.0.0.2:9\n", "srv x\n".repeat(25));
    let list = format!("@{}", scratch.file("hosts", lines.as_bytes()));
    let output = run(&[&list, "-o", "ndjson"]);
    assert_eq!((output.status, output.stdout.lines().count()), (Some(100), 2), "{}", output.stderr);
    assert_eq!(output.stderr.lines().count(), 21, "{}", output.stderr);
    assert!(
        output
            .stderr
            .lines()
            .next()
            .unwrap()
            .ends_with(", line 2: \"srv x\": a host name has no character like ' '; passed over")
    );
    assert!(output.stderr.ends_with("5 more lines are no targets; passed over\n"), "{}", output.stderr);
    let strict = run(&[&list, "-o", "ndjson", "--strict"]);
    assert_eq!((strict.status, strict.stdout.as_str(), strict.stderr.lines().count()), (Some(2), "", 1));
    // What the options refuse is no line's fault.
    let refused = run(&[&list, "--pin", "00"]);
    assert_eq!((refused.status, refused.stderr.lines().count()), (Some(2), 1), "{}", refused.stderr);
    // A file that is named in it is a line like the others.
    let with_file = format!("@{}", scratch.file("with-file", b"/nonexistent/work.rdp\n127.0.0.1:9\n"));
    let output = run(&[&with_file, "-o", "ndjson"]);
    assert_eq!((output.status, output.stdout.lines().count()), (Some(11), 1), "{}", output.stderr);
    assert!(output.stderr.contains(", line 1: \"/nonexistent/work.rdp\": cannot be read"), "{}", output.stderr);
}

/// So many addresses of loopback, on a port where nothing listens.
fn loopback(lines: usize) -> String {
    let of = |index: usize| format!("127.{}.{}.{}:9\n", index >> 16 & 255, index >> 8 & 255, index & 255);
    (0..lines).map(of).collect()
}

#[test]
fn a_long_list_is_read_as_it_is_probed_and_bad_lines_are_named_as_they_come() {
    const LINES: usize = 12_000;
    let scratch = Scratch::new("long");
    let mut lines: Vec<String> = loopback(LINES).lines().map(|line| format!("{line}\n")).collect();
    lines.insert(4, "srv x\n".into());
    lines.insert(11_000, "srv y\n".into());
    let list = format!("@{}", scratch.file("hosts", lines.concat().as_bytes()));
    let output = run(&[&list, "-o", "line"]);
    assert_eq!((output.status, output.stdout.lines().count()), (Some(100), LINES), "{}", output.stderr);
    let said: Vec<&str> =
        output.stderr.lines().filter_map(|line| line.split_once(", line ")).map(|two| two.1).collect();
    assert_eq!(said.len(), 2, "{}", output.stderr);
    assert!(said[0].starts_with("5: \"srv x\"") && said[1].starts_with("11001: \"srv y\""), "{said:?}");
    // One bad line refuses all of it, wherever it stands.
    let strict = run(&[&list, "-o", "line", "--strict", "--exclude", "127.0.0.3"]);
    assert_eq!((strict.status, strict.stdout.as_str()), (Some(2), ""), "{}", strict.stderr);
}

#[test]
fn the_first_report_of_a_list_of_a_million_lines_is_out_within_a_second() {
    let scratch = Scratch::new("million");
    let list = format!("@{}", scratch.file("hosts", loopback(1_000_000).as_bytes()));
    crate::binary::binary();
    let first = || {
        let start = Instant::now();
        let mut child = command(&[&list, "-o", "line"]).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let took = start.elapsed();
        assert!(line.starts_with("127."), "{line}");
        // Whoever has read enough closes the pipe.
        drop(stdout);
        assert_eq!(ended(&mut child).code(), Some(4));
        took
    };
    // What the machine does beside it is not what is measured.
    let least = (0..3).map(|_| first()).min().unwrap();
    assert!(least < Duration::from_secs(1), "{least:?}");
}

#[test]
fn lists_as_other_programs_write_them_are_probed() {
    let scratch = Scratch::new("kinds");
    let utf16 =
        |text: &str| [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let kinds: [(Vec<u8>, &[&str]); 7] = [
        (utf16("127.0.0.1:9\r\n127.0.0.2:10 # second\r\n"), &[]),
        (utf16("#TYPE x\r\n\"Name\",\"Port\"\r\n\"127.0.0.1\",\"9\"\r\n\"127.0.0.2\",\"10\"\r\n"), &[]),
        (b"Ort;Host;Port\r\nM\xfcnchen;127.0.0.1;9\r\nK\xf6ln;127.0.0.2;10\r\n".to_vec(), &[]),
        (b"Ort\tRechner\tPort\nx\t127.0.0.1\t9\ny\t127.0.0.2\t10\n".to_vec(), &["--column", "rechner"]),
        (b"127.0.0.1\r127.0.0.2 10\r".to_vec(), &["-p", "9"]),
        (b"\"127.0.0.1:9\",\nhttps://127.0.0.2:10/RDWeb\n".to_vec(), &[]),
        (b"Name      Port\n----      ----\n127.0.0.1    9\n127.0.0.2   10\n".to_vec(), &[]),
    ];
    for (octets, more) in kinds {
        let list = format!("@{}", scratch.file("hosts", &octets));
        let output = run(&[&[list.as_str(), "--in-order", "-o", "line"], more].concat());
        let targets: Vec<&str> = output.stdout.lines().filter_map(|line| line.split(' ').next()).collect();
        assert_eq!(targets, ["127.0.0.1:9", "127.0.0.2:10"], "{octets:?}: {}", output.stderr);
        assert_eq!(output.stderr, "", "{octets:?}");
    }
}

#[test]
fn a_target_is_probed_as_people_paste_it() {
    for (typed, more, said) in [
        (" 127.0.0.1:9\u{a0}", &[][..], ""),
        ("127.0.0.1 9", &[], ""),
        ("https://127.0.0.1:9/RDWeb", &[], ""),
        ("\\\\127.0.0.1\\c$", &["-p", "9"], ""),
        ("[127.0.0.1]", &["--port=9"], ""),
        ("127.0.0.1:9", &["-p10", "--timeout", "20"], ""),
        (
            "127.0.0.1:9:hunter2",
            &[],
            "rdp-probe: target \"127.0.0.1:9\": what stands behind the port is passed over\n",
        ),
    ] {
        let output = run(&[&[typed, "-o", "line"], more].concat());
        assert_eq!((output.status, output.stderr.as_str()), (Some(11), said), "{typed}");
        assert!(output.stdout.starts_with("127.0.0.1:9 "), "{typed}: {}", output.stdout);
    }
}

#[test]
fn what_is_no_list_is_one_line_in_little_memory_however_long_it_is() {
    let scratch = Scratch::new("no-list");
    let long = scratch.path("long");
    std::fs::File::create(&long).unwrap().set_len(1 << 30).unwrap();
    let folder = scratch.path("");
    let bad = scratch.file("bad", &b"srv x\n".repeat(200_000));
    let lines = |output: &crate::binary::Output| output.stderr.lines().count();
    within_memory(64 << 20, || {
        for (file, part) in
            [(&*long, "longer than 64 KiB"), ("/dev/zero", "longer than 64 KiB"), (&folder, "cannot be read")]
        {
            let output = run_on(file, &[], &["-", "-o", "line"]);
            assert_eq!(
                (output.status, output.stdout.as_str(), lines(&output)),
                (Some(2), "", 1),
                "{}",
                output.stderr
            );
            assert!(output.stderr.contains(part), "{}", output.stderr);
        }
        let output = run(&[&format!("@{bad}")]);
        assert_eq!((output.status, lines(&output)), (Some(2), 22), "{}", output.stderr);
        assert!(output.stderr.contains("199980 more lines are no targets; passed over"), "{}", output.stderr);
    });
}
