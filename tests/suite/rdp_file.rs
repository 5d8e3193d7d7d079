//! .rdp files as targets, and command lines pasted from mstsc and xfreerdp, through the binary.
use rdp_probe_testkit::Scenario;
use rdp_probe_testkit::target::ScriptedTarget;

use crate::binary::{Output, run};
use crate::usage::{Scratch, on_runtime};

/// Runs the binary against one scripted connection that answers with mask 0x02, once the request has been held against
/// `plan`. `arguments` are made from the port.
fn against(plan: &str, steps: &str, arguments: impl FnOnce(u16) -> Vec<String>) -> Output {
    let text = format!(
        "title = \"t\"\n[plan]\n{plan}\n[[connection]]\nsteps = [{steps}]\n[expect]\noutcome = \"reachable\"\nexit = 0\n"
    );
    let scenario = Scenario::parse("rdp-file", &text).unwrap();
    on_runtime(async {
        let target = ScriptedTarget::start(&scenario).await.unwrap();
        let all = arguments(target.port());
        let ran = tokio::task::spawn_blocking(move || run(&all.iter().map(String::as_str).collect::<Vec<_>>()));
        let output = ran.await.unwrap();
        assert_eq!(target.finish().await.violations, [], "{} {}", output.stdout, output.stderr);
        output
    })
}

const ANSWER: &str = "{ send = \"03 00 00 13 0e d0 00 00 12 34 00 02 1f 08 00 02 00 00 00\" }";
const NO_PASSWORD: &str = "rdp-probe: user and domain of a file or another client's command line are not used without a \
                           password: --password-file, --password-stdin or RDP_PASSWORD gives one";
const SELECTS_TLS: &str = "{ send = \"03 00 00 13 0e d0 00 00 12 34 00 02 1f 08 00 01 00 00 00\" }";

fn request(answer: &str) -> String {
    format!("{{ expect = \"connection_request\" }}, {answer}")
}

fn words(line: &str) -> Vec<String> {
    line.split_ascii_whitespace().map(str::to_owned).collect()
}

#[test]
fn file_is_probed_as_a_client_would_connect() {
    let scratch = Scratch::new("rdp");
    let steps = format!("{{ expect = \"preconnection_blob\" }}, {}", request(SELECTS_TLS));
    let plan = "routing_token = \"tsv://MS Terminal Services Plugin.1.Farm\"\npcb = \"vm\"";
    let output = against(plan, &steps, |port| {
        let text = format!(
            "full address:s:farm.lab.test\r\nalternate full address:s:127.0.0.1\r\nserver port:i:{port}\r\n\
             loadbalanceinfo:s:tsv://MS Terminal Services Plugin.1.Farm\r\npcb:s:vm\r\nenablecredsspsupport:i:0\r\n\
             username:s:LAB\\me\r\ngatewayhostname:s:gw1\u{202e}.lab.test\r\ngatewayusagemethod:i:1\r\nfoo\u{1b}:i:1\r\n"
        );
        let utf16: Vec<u8> =
            [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
        vec![scratch.file("Work.RDP", &utf16), "--until=x224".into(), "--no-enumerate".into(), "-ojson".into()]
    });
    assert_eq!(output.status, Some(0), "{} {}", output.stdout, output.stderr);
    let json = output.json.unwrap();
    assert!(json["target"]["input"].as_str().unwrap().ends_with("Work.RDP"), "{json:#}");
    assert_eq!(json["target"]["host"], "127.0.0.1");
    assert_eq!(json["security"]["protocols"]["ssl"], "offered", "the mask was TLS alone: {json:#}");
    let lines: Vec<&str> = output.stderr.lines().collect();
    assert_eq!(lines.len(), 3, "{}", output.stderr);
    assert!(lines.iter().all(|line| line.starts_with("rdp-probe: ")), "{}", output.stderr);
    assert!(lines[0].contains("Work.RDP\": gateway \"gw1"), "{}", lines[0]);
    assert!(lines[0].ends_with("is not yet followed: the target is probed directly"), "{}", lines[0]);
    assert!(lines[1].contains("unknown keys, which change nothing: \"foo\\u{1b}\""), "{}", lines[1]);
    assert_eq!(lines[2], NO_PASSWORD);
    assert!(!output.stderr.contains(['\u{1b}', '\u{202e}']), "{:?}", output.stderr);
}

#[test]
fn options_win_over_the_file_and_quiet_says_nothing() {
    let scratch = Scratch::new("rdp-wins");
    let output = against("cookie = \"me\"", &request(ANSWER), |port| {
        let text = format!(
            "full address:s:127.0.0.1:{port}\nloadbalanceinfo:s:x\nenablecredsspsupport:i:0\nusername:s:me\n"
        );
        let mut all = words("-q --until x224 --no-enumerate --security nla --cookie me");
        all.push(scratch.file("a.rdp", text.as_bytes()));
        all
    });
    assert_eq!((output.status, output.stdout.as_str(), output.stderr.as_str()), (Some(0), "", ""));
}

#[test]
fn lists_hold_files_and_the_note_on_accounts_comes_once() {
    let scratch = Scratch::new("rdp-list");
    let one = scratch.file("one.rdp", b"full address:s:127.0.0.1:9\nusername:s:a\n");
    let two = scratch.file("two.rdp", b"full address:s:127.0.0.2:9\nusername:s:b\n");
    let list = scratch.file("list", format!("{one}\n{two} # the other\n").as_bytes());
    let output = run(&[&format!("@{list}"), "-o", "json", "--until", "tcp"]);
    let json = output.json.unwrap();
    assert_eq!((output.status, json.as_array().map(Vec::len)), (Some(100), Some(2)), "{json:#}");
    assert_eq!(json[1]["target"]["host"], "127.0.0.2");
    assert_eq!(output.stderr, format!("{NO_PASSWORD}\n"));
}

#[test]
fn malformed_file_is_one_line_that_names_file_and_line() {
    let scratch = Scratch::new("rdp-bad");
    let large = vec![b'\n'; (1 << 20) + 1];
    for (name, octets, part) in [
        ("line.rdp", &b"full address:s:srv1\nwhat"[..], "line 2: expected name:type:value"),
        ("type.rdp", b"full address:x:srv1", "line 1: expected the type s, i or b"),
        ("port.rdp", b"full address:s:srv1\nserver port:i:99999", "line 2: server port: expected a port"),
        ("host.rdp", b"full address:s:srv 1", "line 1: full address: expected host[:port]"),
        ("text.rdp", b"full address:s:srv1\nusername:s:J\xFCrgen", "line 2: expected text in UTF-8 or UTF-16"),
        ("none.rdp", b"", "expected a line full address:s:HOST"),
        ("large.rdp", &large, "larger than 1 MiB"),
    ] {
        let file = scratch.file(name, octets);
        for target in [file.clone(), format!("@{}", scratch.file("list", file.as_bytes()))] {
            let Output { status, stdout, stderr, .. } = run(&[&target]);
            assert_eq!((status, stdout.as_str(), stderr.lines().count()), (Some(2), "", 1), "{name}: {stderr}");
            assert!(stderr.contains(name) && stderr.contains(part), "{name}: {stderr}");
        }
    }
}

#[test]
fn command_lines_of_other_clients_are_taken_as_they_are() {
    let plan = "routing_token = \"tsv://x\"\npcb = \"vm\"";
    let steps = format!("{{ expect = \"preconnection_blob\" }}, {}", request(ANSWER));
    let output = against(plan, &steps, |port| {
        let line = format!(
            "/v:127.0.0.1 /port:{port} /u:LAB\\me /d:LAB /sec:nla /cert:ignore /f /size:1920x1080 +clipboard -wallpaper \
             /load-balance-info:tsv://x /pcb:vm /timeout:9000 /ipv4 --until x224 --no-enumerate -o json"
        );
        words(&line)
    });
    assert_eq!(output.status, Some(0), "{} {}", output.stdout, output.stderr);
    assert_eq!(output.stderr, format!("{NO_PASSWORD}\n"));
    // A computer may have the name of a verb.
    let verb = run(&["/v:explain", "--resolve", "explain:3389:127.0.0.1", "--until", "resolve"]);
    assert_eq!(verb.status, Some(0), "{}", verb.stderr);
}

#[test]
fn password_is_never_printed() {
    for line in [
        "/v:srv1 /u:me /p:hunter2 /p:hunter2",
        "/v:srv1 /u:a@b@c /p=hunter2",
        "/v:srv1 /u:me -u you /p:hunter2",
        "/v:srv1 /u:me --password-file x /p:hunter2",
        "/v:srv1 /g:gw1 /gu:a@b@c /gp:hunter2",
        "srv1 --password=hunter2",
        "srv1 -phunter2",
    ] {
        let Output { status, stdout, stderr, .. } =
            run(&words(line).iter().map(String::as_str).collect::<Vec<_>>());
        assert_eq!(status, Some(2), "{line}: {stderr}");
        assert!(!(stdout + &stderr).contains("hunter2"), "{line}: {stderr}");
    }
}

#[test]
fn plan_of_an_older_report_is_still_read() {
    let plan = rdp_probe::Plan::new(rdp_probe::Host::parse("srv1").unwrap(), 3389);
    let mut json = serde_json::to_value(&plan).unwrap();
    json.as_object_mut().unwrap().remove("preconnection_blob").unwrap();
    let read: rdp_probe::Plan = serde_json::from_value(json).unwrap();
    assert_eq!(read, plan);
}
