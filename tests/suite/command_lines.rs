//! Command lines of other clients, pasted behind the program's name, through the binary; and FreeRDP's own list of its options.
use serde_json::Value;

use crate::binary::{Output, run};
use crate::peer::freerdp;

/// What they name.
const CLOSED: &str = "127.0.0.1:20999";

/// What lines of these kinds do not do here: the kinds are named as the report names it.
const NOT_FOLLOWED: [&str; 7] =
    ["shadow", "remote_guard", "no_negotiation", "logon", "proxy", "preconnection_id", "gateway"];

/// Each line that was pasted ends as its row says, with the target that it names, what is not followed in the report, and no password shown.
#[test]
fn what_people_paste_leads_to_their_one_target() {
    let rows: Vec<&str> =
        include_str!("../pasted/command_lines.tsv").lines().filter(|line| !line.starts_with('#')).collect();
    assert!(rows.len() > 40, "{}", rows.len());
    for row in rows {
        let columns: Vec<&str> = row.split('\t').collect();
        let [kind, text, exit] = columns[..] else { panic!("{row}") };
        let words: Vec<&str> = text.split(' ').collect();
        let output = run(&[&words, &["--until", "tcp_connect", "-o", "json", "--no-progress"][..]].concat());
        let Output { status, stdout, stderr, json } = output;
        assert_eq!(status, exit.parse().ok(), "{text}: {stdout} {stderr}");
        assert!(!format!("{stdout}{stderr}").contains("S3cret"), "{text}: {stdout} {stderr}");
        if exit == "2" {
            assert_eq!((stdout.as_str(), stderr.lines().count()), ("", 1), "{text}: {stderr}");
            continue;
        }
        let report = json.unwrap_or_else(|| panic!("{text}: {stdout}"));
        assert_eq!(report["target"]["input"], CLOSED, "{text}");
        assert_eq!(report["verdict"]["hop"], if exit == "20" { "gateway" } else { "target" }, "{text}");
        let not_followed = report["target"]["not_followed"].as_array().unwrap();
        let what: Vec<&str> = not_followed.iter().map(|row| row["what"].as_str().unwrap()).collect();
        let wanted: &[&str] = if NOT_FOLLOWED.contains(&kind) { &[kind] } else { &[] };
        assert_eq!(what, wanted, "{text}");
    }
}

#[test]
fn console_of_a_virtual_machine_has_a_port_of_its_own() {
    let json = run(&["/v:127.0.0.1", "/vmconnect:id", "--until", "resolve", "-o", "json"]).json.unwrap();
    assert_eq!((&json["target"]["host"], &json["target"]["port"]), (&"127.0.0.1".into(), &Value::from(2179)));
}

#[test]
fn what_is_no_command_line_of_a_client_is_one_line_with_the_place() {
    for (words, part) in [
        (
            &["cmdkey", "/generic:S3cret", "&&", "mstsc", "/v:srv1"][..],
            "cmdkey /generic:... >>> && <<< mstsc /v:...",
        ),
        (&["xfreerdp", "/v:srv1", "/p:S3cret", "2>&1"], "/p:... >>> 2>&1 <<<"),
        (&["mstsc", "/v:srv1", "S3cret"], "it is not shown"),
        (&["xfreerdp", "/help"], "/help asks the client itself"),
        (&["xfreerdp", "/args-from:stdin"], "/args-from names where more options are"),
        (&["/v:srv1", "/frobnicate:S3cret"], "/frobnicate is not an option"),
    ] {
        let Output { status, stdout, stderr, .. } = run(words);
        assert_eq!((status, stdout.as_str(), stderr.lines().count()), (Some(2), "", 1), "{words:?}: {stderr}");
        assert!(stderr.contains(part) && !stderr.contains("S3cret"), "{words:?}: {stderr}");
    }
}

/// The options of a page of help, between its syntax and its examples: a sign, and a name up to what is no letter of one.
fn options(help: &str) -> Vec<&str> {
    let (_, list) = help.split_once("/a:").unwrap_or_default();
    let (list, _) = list.split_once("\nExamples:").unwrap_or_default();
    let sign = |line: &str| line.starts_with("    ") && line[4..].starts_with(['/', '+', '-']);
    let name =
        |line: &str| line[5..].find(|letter: char| !letter.is_ascii_alphanumeric() && !"-_".contains(letter));
    list.lines()
        .filter(|line| sign(line))
        .map(|line| &line[5..][..name(line).unwrap_or(line.len() - 5)])
        .collect()
}

#[test]
fn every_option_that_xfreerdp_tells_of_is_known() {
    let help = freerdp::help();
    let options = options(&help);
    assert!(options.len() > 150, "few options in {help}");
    let unknown: Vec<&str> =
        options.into_iter().filter(|name| !rdp_probe_cli::oracle::is_known_option(name)).collect();
    assert!(unknown.is_empty(), "the table has no {unknown:?}");
}
