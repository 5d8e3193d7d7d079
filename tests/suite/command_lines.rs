//! Command lines of other clients, pasted behind the program's name, through the binary; and FreeRDP's own list of its options.
use serde_json::{Value, json};

use crate::binary::{Output, run};
use crate::peer::freerdp;

/// Nothing listens there.
const CLOSED: &str = "127.0.0.1:20999";

fn pasted(words: &[&str]) -> Output {
    run(&[words, &["--until", "tcp_connect", "-o", "json", "--no-progress"]].concat())
}

/// A line whose words have no spaces, with the address in the place of `@`.
fn line(text: &str) -> Output {
    let text = text.replace('@', CLOSED);
    let words: Vec<&str> = text.split(' ').collect();
    pasted(&words)
}

#[test]
fn lines_of_every_kind_lead_to_their_one_target() {
    for text in [
        "mstsc /v:@",
        r"C:\Windows\System32\mstsc.exe /v:@ /f",
        "mstsc -v @ -admin",
        "xfreerdp3 /u:d-d /p:S3cret /v:@ /cert:tofu",
        "wfreerdp.exe /d:test_domain /u:test_user /p:S3cret /v:@ /cert-ignore",
        "sudo -E env DISPLAY=:0 wlfreerdp /v:@ /u:me",
        "/v:@ /u:localAdmin /p:S3cret! +clipboard /cert:ignore /timeout:30000 /dynamic-resolution",
        "/v:@ /u:me /p",
        "/v:@ /p:S3cret",
        "/v:@ /d:LAB",
        "/v:@ /u:me /tls-seclevel:0 -themes -menu-anims -wallpaper",
        "/v:@ /tls-ciphers:ciphers=ECDHE_RSA_AES256_GCM_SHA384",
        "/v:@ -sec-nla",
        "/v:@ /sec:nla:off,tls:on",
        "/v:@ /auth-pkg-list:ntlm",
        r"/size:2560x1440 /smart-sizing:2560x1440 /t:Name /u:\me@lab.test /gfx:RFX /drive:home,/home/user /kbd:0x00020409 /v:@",
        "/d: /u:me /v:@ /log-level:TRACE",
        "/v:@ /w:1280 /h:720 /public /span /prompt",
        "/v:@ /restrictedAdmin",
        "-g 800x600 -u username @",
        "rdesktop -u me -p S3cret -P -z @",
    ] {
        let Output { status, stdout, stderr, json } = line(text);
        assert_eq!(status, Some(11), "{text}: {stderr}");
        let report = json.unwrap_or_else(|| panic!("{text}: {stdout}"));
        assert_eq!(report["target"]["input"], CLOSED, "{text}");
        assert_eq!(report["target"]["not_followed"], json!([]), "{text}");
        assert!(!(stdout + &stderr).contains("S3cret"), "{text}: {stderr}");
    }
}

#[test]
fn what_a_client_would_do_and_the_run_does_not_stands_in_the_report() {
    for (text, exit, what) in [
        ("/v:@ /shadow:2 /control /noConsentPrompt", 11, "shadow"),
        ("/v:@ /remoteGuard", 11, "remote_guard"),
        ("/v:@ /vmconnect:b510551d-1aed-4946-8f7b-9a5e0bcbc9be", 11, "no_negotiation"),
        ("/v:@ /pth:S3cret", 11, "logon"),
        ("/v:@ /proxy:http://me:S3cret@proxy.lab.test:3128", 54, "proxy"),
        ("/v:@ /pcid:3", 11, "preconnection_id"),
        ("/v:@ /g:gw.lab.test /gt:rpc", 54, "gateway"),
    ] {
        let text = text.replace("S3cret@", "S3cret%").replace('@', CLOSED).replace("S3cret%", "S3cret@");
        let words: Vec<&str> = text.split(' ').collect();
        let Output { status, stdout, stderr, json } = pasted(&words);
        assert_eq!(status, Some(exit), "{text}: {stdout} {stderr}");
        let not_followed = &json.unwrap()["target"]["not_followed"];
        assert_eq!(not_followed[0]["what"], what, "{text}: {not_followed}");
        assert_eq!(not_followed.as_array().map(Vec::len), Some(1), "{text}: {not_followed}");
        assert!(!(stdout + &stderr).contains("S3cret"), "{text}: {stderr}");
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
