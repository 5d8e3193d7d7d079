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
const NO_PASSWORD_OF_FILE: &str = "rdp-probe: the user of a file logs on nowhere without a password: --password-file, \
                                   --password-stdin or RDP_PASSWORD gives one";
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
             username:s:LAB\\me\r\ngatewayhostname:s:gw1\u{202e}.lab.test\r\ngatewayusagemethod:i:1\r\nfoo\u{1b}:i:1\r\n\
             modify\u{1b}\r\n\u{1a}"
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
    assert_eq!(lines.len(), 2, "{}", output.stderr);
    assert!(lines.iter().all(|line| line.starts_with("rdp-probe: ")), "{}", output.stderr);
    let passed_over = "Work.RDP\": 2 lines are no settings (name:type:value) and are passed over, the first is line 11: \"modify";
    assert!(lines[0].contains(passed_over), "{}", lines[0]);
    assert!(lines[1].contains("unknown keys, which change nothing: \"foo\\u{1b}\""), "{}", lines[1]);
    assert_eq!(json["target"]["not_followed"][0]["what"], "gateway");
    assert!(!output.stderr.contains(['\u{1b}', '\u{202e}']), "{:?}", output.stderr);
}

#[test]
fn options_win_over_the_file_and_quiet_says_nothing() {
    let scratch = Scratch::new("rdp-wins");
    let output = against("cookie = \"me\"", &request(ANSWER), |port| {
        let text = format!(
            "full address:s:127.0.0.1:{port}\nloadbalanceinfo:s:x\nenablecredsspsupport:i:0\nusername:s:me\n"
        );
        let mut all = words("-q --until x224 --no-enumerate --security nla --cookie me --no-cookie");
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
    let output = run(&[&format!("@{list}"), "--in-order", "-o", "json", "--until", "tcp"]);
    let json = output.json.unwrap();
    assert_eq!((output.status, json.as_array().map(Vec::len)), (Some(100), Some(2)), "{json:#}");
    assert_eq!(json[1]["target"]["host"], "127.0.0.2");
    // Nobody asked for a logon; who asks for more detail, or says something of a logon, hears of it, once.
    assert_eq!(output.stderr, "");
    for more in [["-v", "-ojson"], ["--domain", "LAB"]] {
        let output = run(&[&format!("@{list}"), "--until", "tcp", more[0], more[1]]);
        assert!(output.stderr.starts_with(&format!("{NO_PASSWORD_OF_FILE}\n")), "{}", output.stderr);
        assert_eq!(output.stderr.matches(NO_PASSWORD_OF_FILE).count(), 1, "{}", output.stderr);
    }
}

#[test]
fn user_of_a_file_is_the_cookie_as_a_client_sends_it() {
    let scratch = Scratch::new("rdp-cookie");
    for (user, more, plan) in [
        ("LAB\\me", "", "cookie = \"me\""),
        ("Administrator", "", "cookie = \"Administr\""),
        ("LAB\\me", "--no-cookie", ""),
        ("LAB\\me", "--cookie you", "cookie = \"you\""),
        ("LAB\\me", "--routing-token tsv://x", "routing_token = \"tsv://x\""),
    ] {
        let output = against(plan, &request(ANSWER), |port| {
            let text = format!("full address:s:127.0.0.1:{port}\r\nusername:s:{user}\r\n");
            let mut all = words(&format!("--until x224 --no-enumerate -o line {more}"));
            all.push(scratch.file("me.rdp", text.as_bytes()));
            all
        });
        assert_eq!((output.status, output.stderr.as_str()), (Some(0), ""), "{user} {more}");
    }
}

#[test]
fn a_file_without_a_port_has_that_of_the_command_line() {
    let scratch = Scratch::new("rdp-port");
    for (rest, listed) in [("", false), ("", true), ("server port:i:9\r\n", false)] {
        let named = !rest.is_empty();
        let output = against("", &request(ANSWER), |port| {
            let text = format!(
                "full address:s:127.0.0.1{}\r\n",
                if named { format!(":{port}") } else { String::new() }
            );
            let file = scratch.file("port.rdp", format!("{text}{rest}").as_bytes());
            let typed = if listed { format!("@{}", scratch.file("list", file.as_bytes())) } else { file };
            let mut all = words("--until x224 --no-enumerate -o line -p");
            all.extend([if named { "9".to_owned() } else { port.to_string() }, typed]);
            all
        });
        assert_eq!(output.status, Some(0), "{rest} {listed}: {}", output.stderr);
    }
}

#[test]
fn user_of_a_pasted_line_is_the_cookie_as_its_client_sends_it() {
    for (line, plan) in [
        ("xfreerdp /u:LAB\\averylongusername", "cookie = \"averylongusername\""),
        ("/u:me --no-cookie", ""),
        ("/u:me --cookie you", "cookie = \"you\""),
        ("/u:me /load-balance-info:tsv://x", "routing_token = \"tsv://x\""),
    ] {
        let output = against(plan, &request(ANSWER), |port| {
            words(&format!("{line} /v:127.0.0.1:{port} --until x224 --no-enumerate -o line"))
        });
        assert_eq!(output.status, Some(0), "{line}: {}", output.stderr);
    }
}

/// Its name and octets, the exit code, host and port, and what is said.
type Case = (&'static str, Vec<u8>, i32, &'static str, u16, &'static str);

/// Files that people have, rebuilt, with what is right: the exit code for `--until resolve`, where they lead, and what is said of it.
#[test]
fn files_as_people_have_them_lead_where_they_should() {
    let scratch = Scratch::new("rdp-field");
    let wide = |text: &str| -> Vec<u8> {
        [0xFF, 0xFE].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect()
    };
    let imported = "redirectclipboard:i:1\nsession bpp:i:32\nprompt for credentials on client:i:1\nserver port:i:3389\n\
                    gatewayusagemethod:i:0\ngatewayprofileusagemethod:i:1\ngatewaycredentialssource:i:0\n\
                    full address:s:127.0.0.1\nworkspace id:s127.0.0.1\nuse redirection server name:i:1\n\
                    loadbalanceinfo:s:tsv://MS Terminal Services Plugin.1.RDS-NAME\nuse multimon:i:1\n\
                    alternate full address:s:127.0.0.1\nsignscope:s:Full Address,Server Port\nsignature:s:AQABAAEAAADu\n\n";
    let gateway = "gatewayhostname:s:rdgw.lab.test\ngatewayusagemethod:i:";
    let junk = "screen mode id:i:2\r\nfull address:s:127.0.0.1\r\nuse redirection server name:i:0\r\nkdcproxyname:s:\r\n\
                modify\r\n";
    let cases: [Case; 10] = [
        (
            "behind-a-gateway",
            format!("full address:s:ts1.internal.lab.test\n{gateway}1\n").into_bytes(),
            20,
            "ts1.internal.lab.test",
            3389,
            "",
        ),
        (
            "detect",
            format!("{gateway}2\nalternate full address:s:127.0.0.1\nworkspace id:s:rdcb.lab.test\n")
                .into_bytes(),
            // The direct way comes first, and the run ends at its first stage.
            0,
            "127.0.0.1",
            3389,
            "",
        ),
        ("imported", imported.as_bytes().to_vec(), 0, "127.0.0.1", 3389, "line 9 is no setting"),
        ("ipv6", b"full address:s:[::1]:20999\nprompt for credentials:i:1\n".to_vec(), 0, "::1", 20999, ""),
        (
            "junk-last-line",
            wide(junk),
            0,
            "127.0.0.1",
            3389,
            "line 5 is no setting (name:type:value) and is passed over: \"modify\"",
        ),
        (
            "hash-comments",
            wide("# written by hand\r\n#\r\nfull address:s:127.0.0.1\nusername:s:me\r\n"),
            0,
            "127.0.0.1",
            3389,
            "2 lines are no settings (name:type:value) and are passed over, the first is line 1: \"# written by hand\"",
        ),
        (
            "code-page-1252",
            b"full address:s:127.0.0.1\r\nusername:s:M\xFCller\r\n".to_vec(),
            0,
            "127.0.0.1",
            3389,
            "",
        ),
        (
            "cloud",
            b"auto connect:i:1\nfull address:s:127.0.0.1\nusername:s:Administrator\n".to_vec(),
            0,
            "127.0.0.1",
            3389,
            "",
        ),
        (
            "ends-in-ctrl-z",
            b"full address:s:127.0.0.1:3390\r\n\x1a".to_vec(),
            0,
            "127.0.0.1",
            3390,
            "passed over: \"\\u{1a}\"",
        ),
        (
            "ends-in-cr",
            b"screen mode id:i:2\rfull address:s:127.0.0.1:3390\r".to_vec(),
            0,
            "127.0.0.1",
            3390,
            "",
        ),
    ];
    for (name, octets, code, host, port, said) in cases {
        let file = scratch.file(&format!("{name}.rdp"), &octets);
        let output = run(&[&file, "--until", "resolve", "--timeout", "5s", "-o", "json"]);
        let json = output.json.unwrap_or_else(|| panic!("{name}: {}", output.stderr));
        assert_eq!(
            (output.status, &json["target"]["host"], &json["target"]["port"]),
            (Some(code), &host.into(), &port.into()),
            "{name}"
        );
        assert_eq!(output.stderr.lines().count(), usize::from(!said.is_empty()), "{name}: {}", output.stderr);
        assert!(output.stderr.contains(said), "{name}: {}", output.stderr);
    }
}

#[test]
fn malformed_file_is_one_line_that_names_file_and_line() {
    let scratch = Scratch::new("rdp-bad");
    let large = vec![b'\n'; (1 << 20) + 1];
    for (name, octets, part) in [
        (
            "line.rdp",
            &b"what\nfull address srv1"[..],
            "expected a line full address:s:HOST, which is missing; 2 lines are no",
        ),
        ("type.rdp", b"full address:x:srv1", "line 1: expected full address:s:value"),
        ("port.rdp", b"full address:s:srv1\nserver port:i:99999", "line 2: server port: expected a port"),
        ("host.rdp", b"full address:s:srv 1", "line 1: full address: expected host[:port]"),
        (
            "empty.rdp",
            b"screen mode id:i:2\r\nfull address:s:\r\n",
            "line 2: full address: the line is there and empty",
        ),
        (
            "usage.rdp",
            b"full address:s:x\ngatewayhostname:s:gw\ngatewayusagemethod:i:9",
            "line 3: gatewayusagemethod: expected",
        ),
        (
            "png.rdp",
            b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\0",
            "no .rdp file: not one line of it is a setting",
        ),
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
fn what_is_no_file_is_one_line_and_nobody_waits_for_it() {
    let scratch = Scratch::new("rdp-no-file");
    let folder = scratch.path("folder.rdp");
    std::fs::create_dir(&folder).unwrap();
    // Nobody writes into it.
    let pipe = scratch.path("pipe.rdp");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    // A file of nothing but holes takes no room.
    let holes = scratch.path("holes.rdp");
    std::fs::File::create(&holes).unwrap().set_len(1 << 30).unwrap();
    for (target, part) in
        [(&folder, "it is a folder"), (&pipe, "it is a pipe or a device"), (&holes, "larger than 1 MiB")]
    {
        let Output { status, stderr, .. } = run(&[target]);
        assert_eq!((status, stderr.lines().count()), (Some(2), 1), "{stderr}");
        assert!(stderr.contains(part), "{stderr}");
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
