//! Credentials on the command line: where the program takes them from, and what it says.
use std::io::{Read as _, Write as _};
use std::process::{Output, Stdio};

use rdp_probe_testkit::acceptor::Acceptor;
use rdp_probe_testkit::certificate::{authority, root_file};

use crate::binary::{binary, heeding_signals};
use crate::logon::{RIGHT, accepts};
use crate::logon_secrets::forms;
use crate::peer::{freerdp, xrdp};
use crate::usage::Scratch;

/// What the program does with these arguments, this on standard input, and this in the environment.
fn program(arguments: &[&str], stdin: &str, variable: Option<&str>) -> (Option<i32>, String) {
    let mut command = std::process::Command::new(binary());
    command.args(arguments).env_remove("RDP_PASSWORD").envs(variable.map(|value| ("RDP_PASSWORD", value)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(stdin.as_bytes()).unwrap();
    let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
    let said = String::from_utf8(stdout).unwrap() + &String::from_utf8(stderr).unwrap();
    for form in forms(RIGHT) {
        assert!(!said.contains(&form), "{arguments:?} printed {form}");
    }
    (status.code(), said)
}

#[test]
fn the_program_takes_a_password_in_each_way_and_tries_it_once() {
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let accepts = accepts();
    let acceptor = server.block_on(async { Acceptor::start(accepts.clone()).unwrap() });
    let (address, pin) = (acceptor.address().to_string(), accepts.certificate.sha256());
    let scratch = Scratch::new("passwords");
    let file = scratch.file("password", format!("{RIGHT}\n").as_bytes());
    let with = |more: &[&'static str]| [&[&*address, "-u", "LAB\\alice", "--pin", &pin], more].concat();
    let ways = [
        program(&with(&[]), "", Some(RIGHT)),
        program(&[with(&["--password-file"]), vec![&*file]].concat(), "", Some("another")),
        program(&with(&["--password-stdin"]), &format!("{RIGHT}\n"), None),
    ];
    for (code, said) in ways {
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("accepts the credentials of LAB\\alice"), "{said}");
        assert!(!said.contains("0x00000004"), "no enumeration: {said}");
    }
    assert_eq!(acceptor.logons(), 3);
    let (code, said) = program(&with(&[]), "", Some("wrong"));
    assert_eq!(code, Some(51), "{said}");
    // Not pinned: nothing is sent, and what to do stands there.
    let (code, said) = program(&[&address, "-u", "alice"], "", Some(RIGHT));
    assert_eq!((code, said.contains("--pin") && said.contains(&pin)), (Some(54), true), "{said}");
    let (code, said) =
        program(&[&address, "-u", "alice", "--accept-certificate", "-o", "json"], "", Some(RIGHT));
    assert_eq!(code, Some(0), "{said}");
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    let credentials = serde_json::json!({
        "result": "accepted", "method": "ntlm", "status": null, "account": "alice", "why": null
    });
    assert_eq!(report["credentials"], credentials);
    assert_eq!(acceptor.logons(), 5);
    // A list: one try.
    let list = scratch.file("list", format!("{address}\n").repeat(20).as_bytes());
    let list = format!("@{list}");
    let (code, said) =
        program(&[&list, "--duplicates", "-u", "alice", "--pin", &pin, "-o", "line"], "", Some("wrong"));
    assert_eq!(code, Some(100), "{said}");
    assert_eq!(
        (said.matches("rule=logon-rejected").count(), said.matches("rule=account-stopped").count()),
        (1, 19)
    );
    assert_eq!((acceptor.logons(), acceptor.delegated(), acceptor.errors()), (6, 0, vec![]));
}

#[test]
fn an_account_of_another_client_or_of_a_file_is_proven_where_there_is_a_password() {
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let accepts = accepts();
    let acceptor = server.block_on(async { Acceptor::start(accepts.clone()).unwrap() });
    let address = acceptor.address().to_string();
    let host = format!("/v:{address}");
    // Without a password nobody is asked for one, and the run is one without credentials.
    let (code, said) = program(&[&host, "/u:LAB\\alice", "/cert:ignore", "--no-enumerate"], "", None);
    assert!(code == Some(0) && said.contains("are not used without a password"), "{said}");
    assert_eq!(acceptor.logons(), 0);
    let (code, said) = program(&[&host, "/u:LAB\\alice", "/d:LAB", "/cert:ignore"], "", Some(RIGHT));
    assert!(code == Some(0) && said.contains("accepts the credentials of LAB\\alice"), "{said}");
    // What is warned of is a password that stands there; it is not repeated.
    let (code, said) = program(&[&host, "/u:alice", "/d:LAB", "/p:wrong", "/cert-ignore"], "", Some(RIGHT));
    assert!(code == Some(51) && said.contains("can read the password of /p"), "{said}");
    let (code, said) = program(&[&host, "/u:alice", "/cert:deny"], "", Some(RIGHT));
    assert_eq!((code, acceptor.logons()), (Some(54), 2), "{said}");
    // Of two files each has its account; of one account there is one rejection.
    let scratch = Scratch::new("accounts-of-files");
    let file = |name: &str, user: &str| {
        let text = format!("full address:s:{address}\ndomain:s:LAB\nusername:s:{user}\n");
        scratch.file(name, text.as_bytes())
    };
    let files =
        [file("a.rdp", "alice"), file("b.rdp", "LAB\\bob"), file("c.rdp", "ALICE"), file("d.rdp", "a@b@c")];
    let list = scratch.file("list", files.join("\n").as_bytes());
    let arguments = [&*format!("@{list}"), "--accept-certificate", "-o", "line"];
    let (code, said) = program(&arguments, "", Some(RIGHT));
    assert_eq!((code, acceptor.logons()), (Some(0), 5), "{said}");
    assert!(said.contains("d.rdp\": username \"a@b@c\": a user is written as"), "{said}");
    let (_, said) = program(&arguments, "", Some("wrong"));
    assert_eq!((acceptor.logons(), said.matches("rule=account-stopped").count()), (7, 1), "{said}");
    // What is typed wins, also over the domain that stands with the file's user.
    let typed = program(&[&*files[1], "-d", "OTHER", "--accept-certificate"], "", Some(RIGHT));
    assert!(typed.1.contains("accepts the credentials of OTHER\\bob"), "{typed:?}");
    let typed = program(&[&*files[0], "/d:OTHER", "--accept-certificate"], "", Some(RIGHT));
    assert!(typed.1.contains("accepts the credentials of OTHER\\alice"), "{typed:?}");
    let typed = program(&[&address, "-u", "alice", "/d:OTHER", "--accept-certificate"], "", Some(RIGHT));
    assert!(typed.1.contains("accepts the credentials of OTHER\\alice"), "{typed:?}");
    // Of a list that is read but once it is known at its end that nobody had a user.
    let (code, said) = program(&["-", "--domain", "LAB", "--until", "tcp"], &format!("{address}\n"), None);
    assert!(code == Some(2) && said.contains("--domain is of no use without --user"), "{code:?} {said}");
    // Who is typed is meant.
    let typed = program(&[&*files[1], "-u", "LAB\\carol", "--accept-certificate"], "", Some(RIGHT));
    assert!(typed.1.contains("accepts the credentials of LAB\\carol"), "{typed:?}");
    let nobody = scratch.file("nobody.rdp", format!("full address:s:{address}\n").as_bytes());
    let (code, said) = program(&[&nobody, "--password-stdin"], RIGHT, None);
    assert_eq!((code, said.as_str()), (Some(2), "rdp-probe: --password-stdin is of no use without --user\n"));
}

/// What comes of the program at a terminal of its own, where this is typed once it asks; and whether the terminal shows what is typed
/// after that.
pub(crate) fn at_a_terminal(arguments: &str, typed: &str) -> (String, bool) {
    // The keys go to the shell too, which has to outlive the program: some shells end by them and others do not.
    let command = format!("trap : INT; tty; {} {arguments}; echo \"code $?\"; stty -a", binary().display());
    let mut command = {
        let mut script = heeding_signals("script");
        script.args(["-qec", &command, "/dev/null"]);
        script
    };
    command.env_remove("RDP_PASSWORD").env_remove("RDG_PASSWORD").env("SHELL", "/bin/sh");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().unwrap();
    let (mut stdin, mut stdout) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
    let mut said = Vec::new();
    // It is not shown from the question on, so that nothing is typed before; a little later it is that in any case.
    while !String::from_utf8_lossy(&said).contains("Password for") {
        let mut octets = [0; 256];
        let count = stdout.read(&mut octets).unwrap();
        assert_ne!(count, 0, "{}", String::from_utf8_lossy(&said));
        said.extend(&octets[..count]);
    }
    // Its lines and keys stay its own, so that nobody but the program's own question has changed it, and has to set it back.
    let text = String::from_utf8_lossy(&said);
    let terminal = text.split_ascii_whitespace().find(|word| word.starts_with("/dev/")).unwrap();
    let asked = std::process::Command::new("stty").args(["-F", terminal, "-a"]).output().unwrap();
    let asked = String::from_utf8(asked.stdout).unwrap();
    for mode in ["-echo", "echonl", "icanon", "isig"] {
        assert!(asked.split([' ', '\n', ';']).any(|word| word == mode), "{mode}: {asked}");
    }
    stdin.write_all(typed.as_bytes()).unwrap();
    stdout.read_to_end(&mut said).unwrap();
    child.wait().unwrap();
    let said = String::from_utf8(said).unwrap();
    let shows = said.split_ascii_whitespace().any(|word| word == "echo");
    (said, shows)
}

#[test]
fn a_password_is_asked_for_at_a_terminal_and_not_shown() {
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let accepts = accepts();
    let acceptor = server.block_on(async { Acceptor::start(accepts.clone()).unwrap() });
    let arguments = format!("{} -u alice --accept-certificate -o line", acceptor.address());
    let (said, shows) = at_a_terminal(&arguments, &format!("{RIGHT}\n"));
    assert!(said.contains("code 0") && said.contains("Password for \"alice\": ") && shows, "{said}");
    assert!(!said.contains("assword\r") && !said.contains(RIGHT), "{said}");
    // Whoever takes the key, the program or the terminal, and whoever is the faster one then.
    for _ in 0..10 {
        let (said, shows) = at_a_terminal(&arguments, "secre\u{3}");
        assert!(said.contains("code 130") && shows && !said.contains("secre"), "{said}");
    }
    let (said, shows) = at_a_terminal(&arguments, "\u{4}");
    assert!(said.contains("code 2") && shows && said.contains("the terminal cannot be read"), "{said}");
    assert_eq!(acceptor.logons(), 1);
}

#[test]
fn a_certificate_that_signed_itself_is_trusted_when_the_system_has_it_among_its_roots() {
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let accepts = accepts();
    let acceptor = server.block_on(async { Acceptor::start(accepts.clone()).unwrap() });
    let address = acceptor.address().to_string();
    let [its_own] = accepts.certificate.chain().try_into().unwrap();
    let another = authority();
    let run = |root: &[u8], arguments: &[&str]| {
        let mut command = std::process::Command::new(binary());
        command.args([&[&*address, "-o", "json"], arguments].concat());
        command.env("SSL_CERT_FILE", root_file(root).unwrap()).env("RDP_PASSWORD", RIGHT);
        let Output { status, stdout, .. } = command.stdin(Stdio::null()).output().unwrap();
        let report: serde_json::Value = serde_json::from_slice(&stdout).unwrap();
        (status.code(), report["tls"]["certificate"]["trusted"].clone())
    };
    let user = ["-u", "alice"];
    assert_eq!(run(&its_own, &user), (Some(0), serde_json::json!(true)));
    assert_eq!(acceptor.logons(), 1);
    assert_eq!(run(&another, &user), (Some(54), serde_json::Value::Null));
    // Whatever it is worth, it decides nothing here: the store is not read for it.
    let only_tls = ["--until", "tls"];
    assert_eq!(run(&its_own, &only_tls), (Some(0), serde_json::Value::Null));
    assert_eq!(acceptor.logons(), 1, "no AUTHENTICATE came");
}

#[test]
fn freerdp_takes_the_right_password_and_no_other() {
    let peer = freerdp::start(freerdp::Security::Nla);
    let address = peer.address().to_string();
    let (code, said) = program(&[&address, "-o", "json"], "", None);
    assert_eq!(code, Some(0), "{said}");
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    let pin = report["tls"]["certificate"]["sha256"].as_str().unwrap().to_owned();
    let mut seen = Vec::new();
    for (user, password) in [("user", "password"), ("user", "wrong"), ("nobody", "password")] {
        let (code, said) = program(&[&address, "-u", user, "--pin", &pin, "-o", "line"], "", Some(password));
        seen.push((code, said));
    }
    let (code, said) = program(&[&address, "-u", "user", "-o", "line"], "", Some("password"));
    seen.push((code, said));
    let codes: Vec<_> = seen.iter().map(|(code, _)| *code).collect();
    assert_eq!(codes, [Some(0), Some(51), Some(51), Some(54)], "{seen:#?}");
}

/// The whole sequence with Network Level Authentication; and what stands in its way.
#[test]
fn freerdp_gives_a_session_to_who_gives_it_the_right_password() {
    let peer = freerdp::start(freerdp::Security::Nla);
    let address = peer.address().to_string();
    let (_, said) = program(&[&address, "-o", "json"], "", None);
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    let pin = report["tls"]["certificate"]["sha256"].as_str().unwrap().to_owned();
    let deep = [&address, "--until", "active", "-o", "json"];
    let active = |arguments: &[&str], password: &str| {
        let (code, said) = program(&[&deep[..], arguments].concat(), "", Some(password));
        let json = said.get(said.find('{').unwrap()..).unwrap();
        let report: serde_json::Value =
            serde_json::Deserializer::from_str(json).into_iter().next().unwrap().unwrap();
        (code, report, said)
    };
    let (code, report, said) = active(&["-u", "user", "--pin", &pin], "password");
    assert_eq!((code, &report["credentials"]["result"]), (Some(0), &"accepted".into()), "{report:#}");
    let last = report["stages"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["stage"], &last["outcome"]), (&"connection_finalization".into(), &"passed".into()));
    assert!(said.contains("gets the password, and a session begins there"), "{said}");
    let (code, report, _) = active(&["-u", "user", "--pin", &pin], "wrong");
    assert_eq!((code, &report["verdict"]["stage"]), (Some(51), &"credssp".into()), "{report:#}");
    let (code, report, _) = active(&["-u", "user"], "password");
    assert_eq!(
        (code, &report["verdict"]["rule"]),
        (Some(54), &"certificate-not-accepted".into()),
        "{report:#}"
    );
    let (code, report, _) = active(&[], "");
    assert_eq!((code, &report["verdict"]["rule"]), (Some(54), &"depth-behind-logon".into()), "{report:#}");
}

#[test]
fn a_server_without_network_level_authentication_is_no_place_to_test_credentials() {
    let peer = xrdp::start(xrdp::SecurityLayer::Tls, xrdp::Certificate::SelfSigned);
    let address = peer.address().to_string();
    let arguments = [&address, "-u", "user", "--accept-certificate", "-o", "json"];
    let (code, said) = program(&arguments, "", Some("password"));
    let report: serde_json::Value = serde_json::from_str(&said).unwrap();
    assert_eq!((code, &report["credentials"]["result"]), (Some(54), &"not_testable".into()), "{said}");
    assert_eq!(report["verdict"]["rule"], "logon-not-offered");
}

/// Looks are cheap and a logon is not: only the round that decides has one, and a rejected one ends everything.
#[test]
fn waiting_logs_on_once_and_a_rejected_account_ends_wait_and_rounds() {
    let server = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let accepts = accepts();
    let acceptor = server.block_on(async { Acceptor::start(accepts.clone()).unwrap() });
    let (address, pin) = (acceptor.address().to_string(), accepts.certificate.sha256());
    let with = |more: &[&'static str]| [&[&*address, "-u", "LAB\\alice", "--pin", &pin], more].concat();
    let waits = |more: &[&'static str]| {
        [vec!["wait"], with(&["--every", "50ms", "--stable", "3"]), more.to_vec()].concat()
    };
    let (code, said) = program(&waits(&["--expect", "credentials=accepted"]), "", Some(RIGHT));
    assert_eq!((code, acceptor.logons()), (Some(0), 1), "{said}");
    assert!(said.contains("is ready after") && said.contains("in 3 rounds"), "{said}");
    let (code, said) = program(&waits(&["--for", "50s"]), "", Some("wrong"));
    assert_eq!((code, acceptor.logons()), (Some(51), 2), "{said}");
    assert!(said.contains("an account was not accepted: it is not tried again"), "{said}");
    // What is known of the others by then is told.
    let others = [waits(&["--for", "50s", "-o", "line"]), vec!["127.0.0.1:20999"]].concat();
    let (code, said) = program(&others, "", Some("wrong"));
    assert_eq!((code, acceptor.logons()), (Some(100), 3), "{said}");
    assert!(said.contains("rule=logon-rejected") && said.contains("rule=tcp-refused"), "{said}");
    // Each round by number is a logon, which is said; the first rejected one is the last.
    let rounds = |password| program(&with(&["--count", "3", "--interval", "20ms"]), "", Some(password));
    let (code, said) = rounds(RIGHT);
    assert_eq!((code, acceptor.logons()), (Some(0), 6), "{said}");
    assert!(said.contains(&format!("each round logs on at {address}")), "{said}");
    let (code, said) = rounds("wrong");
    assert_eq!((code, acceptor.logons()), (Some(51), 7), "{said}");
    assert!(said.contains("1 round, 0 reached"), "{said}");
}
