//! A gateway on the command line: how deep the program goes, where it takes secrets from, and what it says.
use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};
use std::process::Stdio;

use rdp_probe_testkit::acceptor::Acceptor;
use rdp_probe_testkit::certificate::{authority, root_file};
use rdp_probe_testkit::gateway::{Routes, ScriptedGateway};
use rdp_probe_testkit::port;
use rdp_probe_testkit::scenario::GatewayTable;
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use crate::binary::binary;
use crate::logon::{RIGHT, accepts};
use crate::logon_program::at_a_terminal;
use crate::logon_secrets::forms;
use crate::usage::Scratch;

/// A gateway on loopback.
pub(crate) struct Served {
    runtime: Runtime,
    gateway: ScriptedGateway,
    /// The options that lead to it.
    way: Vec<String>,
    secrets: [String; 2],
}

impl Served {
    pub(crate) fn start(table: &GatewayTable, target: SocketAddr) -> Self {
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let gateway =
            runtime.block_on(async { ScriptedGateway::start(table, Routes::all_to(target)).unwrap() });
        let (host, port) = (&table.host, gateway.address().port());
        let way = vec![
            "-g".to_owned(),
            format!("{host}:{port}"),
            "--resolve".to_owned(),
            format!("{host}:{port}:{}", gateway.address().ip()),
            "--gateway-ca".to_owned(),
            root_file(&authority()).unwrap().to_str().unwrap().to_owned(),
        ];
        Self { runtime, gateway, way, secrets: [table.password.clone(), table.token.clone()] }
    }

    /// The same where files name the gateway: what is typed says only how it is reached and what is trusted. And what a file says.
    pub(crate) fn named_by_files(mut self, usage: u8) -> (Self, String) {
        let [_, place] = self.way.drain(..2).collect::<Vec<_>>().try_into().unwrap();
        (self, format!("gatewayhostname:s:{place}\r\ngatewayusagemethod:i:{usage}\r\n"))
    }

    /// Nobody says any more that its certificate is trusted.
    pub(crate) fn forget_roots(&mut self) {
        let at = self.way.iter().position(|word| word == "--gateway-ca").unwrap();
        self.way.drain(at..at + 2);
    }

    /// What the program does with these arguments, this on standard input, and these variables.
    pub(crate) fn program(
        &self,
        arguments: &[&str],
        stdin: &str,
        variables: &[(&str, &str)],
    ) -> (Option<i32>, String, String) {
        self.program_by(&self.way, arguments, stdin, variables)
    }

    /// The same where nothing but a pasted command line names the gateway.
    fn line(&self, words: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
        self.program_by(&self.way[2..], words, "", variables)
    }

    fn program_by(
        &self,
        way: &[String],
        arguments: &[&str],
        stdin: &str,
        variables: &[(&str, &str)],
    ) -> (Option<i32>, String, String) {
        let mut command = std::process::Command::new(binary());
        command.args(way).args(arguments).env_remove("RDP_PASSWORD").env_remove("RDG_PASSWORD");
        command.envs(variables.iter().copied());
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        // It may have ended before it reads.
        _ = child.stdin.take().unwrap().write_all(stdin.as_bytes());
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let complained = String::from_utf8(output.stderr).unwrap();
        for secret in &self.secrets {
            for form in forms(secret) {
                assert!(!(said.clone() + &complained).contains(&form), "{arguments:?} printed {form}");
            }
        }
        (output.status.code(), said, complained)
    }

    /// The report of a run.
    pub(crate) fn report(&self, arguments: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, Value) {
        let (code, said, complained) = self.program(&[arguments, &["-o", "json"]].concat(), "", variables);
        (code, serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}{complained}")))
    }

    /// How many logons it has seen, of which none was wrong in form.
    pub(crate) fn logons(&self) -> usize {
        let seen = self.gateway.seen();
        assert_eq!(seen.violations, [""; 0]);
        seen.logons
    }
}

/// Somebody who takes connections and says nothing.
pub(crate) fn anybody() -> (TcpListener, SocketAddr) {
    let listener = port::find(|port| TcpListener::bind(("127.0.0.1", port))).unwrap().1;
    let address = listener.local_addr().unwrap();
    (listener, address)
}

#[test]
fn the_program_takes_a_gateway_s_password_in_each_way_and_the_report_says_what_came_of_it() {
    let (_listener, target) = anybody();
    let table = GatewayTable::default();
    let served = Served::start(&table, target);
    let scratch = Scratch::new("gateway-passwords");
    let file = scratch.file("password", format!("{}\n", table.password).as_bytes());
    let alone = ["srv1.lab.test", "--gateway-only"];
    let as_user = [&alone[..], &["--gateway-user", &table.user]].concat();
    let with = |more: &[&str], stdin: &str, variables: &[(&str, &str)]| {
        let more: Vec<&str> = as_user.iter().copied().chain(more.iter().copied()).collect();
        served.program(&[&more[..], &["-o", "line"]].concat(), stdin, variables)
    };
    let right = table.password.as_str();
    let ways = [
        with(&[], "", &[("RDG_PASSWORD", right)]),
        with(&["--gateway-password-file", &file], "", &[("RDG_PASSWORD", "another")]),
        with(&["--gateway-password-stdin", "--gateway-auth", "basic"], &format!("{right}\n"), &[]),
    ];
    for (code, said, complained) in ways {
        let account = format!("gateway_credentials=accepted gateway_account=\"{}\"", table.user);
        assert_eq!((code, said.contains(&account), complained.as_str()), (Some(0), true, ""), "{said}");
    }
    assert_eq!(served.logons(), 3);
    // The target's password is not the gateway's.
    let (code, said, complained) = with(&[], "", &[("RDP_PASSWORD", right)]);
    assert_eq!((code, said.as_str()), (Some(2), ""), "{complained}");
    assert!(complained.contains("--gateway-password-stdin or RDG_PASSWORD"), "{complained}");
    let (code, report) = served.report(&as_user, &[("RDG_PASSWORD", "wrong")]);
    let credentials = json!({
        "result": "rejected", "method": "basic", "status": null, "account": table.user, "why": null
    });
    assert_eq!((code, &report["gateway"]["credentials"]), (Some(22), &credentials), "{report}");
    assert_eq!(
        (&report["target"]["address"], &report["credentials"]["result"]),
        (&Value::Null, &"not_tried".into())
    );
    // Nobody is given: its question is what was asked for.
    let (code, report) = served.report(&alone, &[]);
    assert_eq!((code, &report["gateway"]["credentials"]["result"]), (Some(0), &"not_tried".into()), "{report}");
    assert_eq!(report["gateway"]["tls"]["certificate"]["trusted"], true);
    assert!(report["gateway"]["schemes"].as_array().is_some_and(|schemes| !schemes.is_empty()), "{report}");
    assert_eq!(served.logons(), 4);
    // A report that is read again says the same.
    let stored = scratch.file("report.json", report.to_string().as_bytes());
    let again = crate::binary::run(&["--from-report", &stored, "-o", "json"]);
    assert_eq!(again.json.unwrap()["gateway"], report["gateway"]);
}

#[test]
fn the_program_takes_a_token_from_a_file_and_from_standard_input() {
    let (_listener, target) = anybody();
    let table = GatewayTable::parse("gateway", "accepts = \"token\"").unwrap();
    let served = Served::start(&table, target);
    let scratch = Scratch::new("gateway-tokens");
    let file = scratch.file("token", format!("{}\r\nnot this\n", table.token).as_bytes());
    let run = |token: &str, stdin: &str| {
        let arguments = ["srv1.lab.test", "--gateway-only", "--gateway-token", token, "-o", "line"];
        served.program(&arguments, stdin, &[])
    };
    for (code, said, _) in [run(&file, ""), run("-", &format!("{}\n", table.token))] {
        assert!(code == Some(0) && said.contains(" gateway_credentials=accepted"), "{code:?} {said}");
        assert!(!said.contains("gateway_account"), "{said}");
    }
    let (code, said, _) = run("-", "wrong\n");
    assert!(code == Some(22) && said.contains(" gateway_credentials=rejected"), "{code:?} {said}");
    assert_eq!(served.logons(), 3);
}

#[test]
fn one_password_is_for_both_where_that_is_asked_for() {
    let accepts = accepts();
    let mut table = GatewayTable::default();
    (table.user, table.password) = ("LAB\\alice".to_owned(), RIGHT.to_owned());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let acceptor = runtime.block_on(async { Acceptor::start(accepts.clone()).unwrap() });
    let served = Served::start(&table, acceptor.address());
    let pin = accepts.certificate.sha256();
    let both = ["srv1.lab.test", "-u", "LAB\\alice", "--pin", &pin, "--same-credentials"];
    let (code, report) = served.report(&both, &[("RDP_PASSWORD", RIGHT)]);
    let results = (&report["gateway"]["credentials"]["result"], &report["credentials"]["result"]);
    assert_eq!((code, results), (Some(0), (&"accepted".into(), &"accepted".into())), "{report}");
    assert_eq!((served.logons(), acceptor.logons()), (1, 1));
    // Where nothing is asked of the target, it is the gateway's alone.
    let alone = ["srv1.lab.test", "-u", "LAB\\alice", "--same-credentials", "--gateway-only"];
    let (code, report) = served.report(&alone, &[("RDP_PASSWORD", RIGHT)]);
    let results = (&report["gateway"]["credentials"]["result"], &report["credentials"]["result"]);
    assert_eq!((code, results), (Some(0), (&"accepted".into(), &"not_tried".into())), "{report}");
    assert_eq!((served.logons(), acceptor.logons()), (2, 1));
    // Two passwords are asked for one after the other, and neither is shown.
    let way = served.way.join(" ");
    let arguments = format!(
        "{way} srv1.lab.test -u alice -d LAB --gateway-user alice --gateway-domain LAB --pin {pin} -o line"
    );
    let (said, shows) = at_a_terminal(&arguments, &format!("{RIGHT}\n{RIGHT}\n"));
    assert!(said.contains("Password for \"alice\" at the gateway \"gw.lab.test\": "), "{said}");
    assert!(said.contains("Password for \"alice\": ") && said.contains("code 0") && shows, "{said}");
    assert!(!said.contains(RIGHT), "{said}");
    assert_eq!((served.logons(), acceptor.logons()), (3, 2));
    drop(served.runtime);
}

#[test]
fn what_is_typed_wins_over_the_gateway_of_a_file() {
    let (_listener, target) = anybody();
    let served = Served::start(&GatewayTable::default(), target);
    let scratch = Scratch::new("gateway-of-a-file");
    let text = b"full address:s:srv1.lab.test\ngatewayhostname:s:other.lab.test\ngatewayusagemethod:i:1\n";
    let file = scratch.file("work.rdp", text);
    let (code, said, complained) = served.program(&[&file, "--gateway-only", "-o", "line"], "", &[]);
    assert_eq!((code, complained.as_str()), (Some(0), ""), "{said}");
    assert!(said.contains(" gateway=gw.lab.test:"), "{said}");
    assert_eq!(served.logons(), 0);
}

#[test]
fn gateway_of_a_pasted_line_is_gone_through_with_what_the_line_has() {
    let (_listener, target) = anybody();
    let table = GatewayTable::default();
    let served = Served::start(&table, target);
    let way = &served.way[1];
    let (user, right) = (&table.user, table.password.as_str());
    let seen =
        |what: &str, option: &str| format!("rdp-probe: everybody on this computer can read {what} of {option}");
    let line = ["xfreerdp", "/v:srv1.lab.test", "/cert:tofu", "--gateway-only", "-o", "line"];
    let with = |more: &[&str], variables: &[(&str, &str)]| {
        let words: Vec<&str> = line.iter().chain(more).copied().collect();
        served.line(&words, variables)
    };
    let (g, gu, gp) = (format!("/g:{way}"), format!("/gu:{user}"), format!("/gp:{right}"));
    let (u, p) = (format!("/u:{user}"), format!("/p:{right}"));
    let list = format!("/gateway:g:{way},u:{user},p:{right},type:http");
    for (more, warned) in [
        (&[&*g, &gu, &gp][..], seen("the gateway's password", "/gp")),
        (&[&*g, &u, &gp], seen("the gateway's password", "/gp")),
        (&[&*g, &u, &p], seen("the password", "/p")),
        (&[&*list], seen("the gateway's password or token", "/gateway")),
    ] {
        let (code, said, complained) = with(more, &[]);
        let account = format!("gateway_credentials=accepted gateway_account=\"{user}\"");
        assert!(code == Some(0) && said.contains(&account), "{more:?}: {said} {complained}");
        assert!(complained.starts_with(&warned) && complained.lines().count() == 1, "{complained}");
    }
    let (code, _, complained) = with(&[&g, &gu], &[("RDG_PASSWORD", right)]);
    assert_eq!((code, complained.as_str()), (Some(0), ""));
    assert_eq!(served.logons(), 5);
    // Nobody is asked for a password: the run is one without credentials, as with -g.
    for (who, says) in [
        (&gu, "the gateway's user of another client's command line is not used"),
        (&u, "user and domain of a file"),
    ] {
        let (code, said, complained) = served.line(&["mstsc", "/v:srv1.lab.test", &g, who, "-o", "line"], &[]);
        assert!(code == Some(54) && said.contains(" gateway=gw.lab.test:"), "{said} {complained}");
        assert!(complained.contains(says), "{complained}");
    }
    assert_eq!(served.logons(), 5);
}

#[test]
fn gateway_of_a_pasted_line_is_left_out_where_that_is_asked_for_and_said_where_it_cannot_be_gone_through() {
    let (_listener, target) = anybody();
    let served = Served::start(&GatewayTable::default(), target);
    let (g, v) = (format!("/g:{}", served.way[1]), format!("/v:{target}"));
    let plain = ["--until", "tcp_connect", "-o", "json"];
    let run = |more: &[&str]| {
        let words: Vec<&str> = [&*v, &g].into_iter().chain(plain).chain(more.iter().copied()).collect();
        // What leads to the gateway is of no use where nobody goes there.
        let output = crate::binary::run(&words);
        assert_eq!(output.status, Some(0), "{more:?}: {}", output.stderr);
        output.json.unwrap()
    };
    for more in [&["--no-gateway"][..], &["/gateway-usage-method:none"]] {
        let report = run(more);
        assert_eq!(
            (&report["gateway"], &report["target"]["not_followed"]),
            (&Value::Null, &json!([])),
            "{more:?}"
        );
    }
    let report = run(&["/gt:rpc"]);
    let said = json!([{ "what": "gateway", "value": format!("{} by RPC over HTTP", served.way[1]) }]);
    assert_eq!((&report["gateway"], &report["target"]["not_followed"]), (&Value::Null, &said));
    // What is typed goes before it.
    let (code, said, _) = served.program(&[&*v, "/g:other.lab.test", "--gateway-only", "-o", "line"], "", &[]);
    assert!(code == Some(0) && said.contains(" gateway=gw.lab.test:"), "{said}");
}

#[test]
fn token_of_a_pasted_line_is_shown_to_the_gateway() {
    let (_listener, target) = anybody();
    let table = GatewayTable::parse("gateway", "accepts = \"token\"").unwrap();
    let served = Served::start(&table, target);
    let (g, token) = (format!("/g:{}", served.way[1]), format!("/gat:{}", table.token));
    let (code, said, complained) =
        served.line(&["/v:srv1.lab.test", &g, &token, "--gateway-only", "-o", "line"], &[]);
    assert!(code == Some(0) && said.contains(" gateway_credentials=accepted"), "{said} {complained}");
    assert!(complained.contains("can read the gateway's token of /gat"), "{complained}");
}
