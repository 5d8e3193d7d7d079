//! The gateway that an .rdp file names, through the binary: followed as one that is typed, and shown no more than it may be.
use rdp_probe_testkit::acceptor::Acceptor;
use rdp_probe_testkit::scenario::GatewayTable;
use serde_json::Value;

use crate::gateway_program::{Served, anybody};
use crate::logon::{RIGHT, accepts};
use crate::usage::Scratch;

const ADDRESS: &str = "full address:s:srv1.lab.test\r\n";

/// What became of the credentials for the gateway and for the target.
fn results(report: &Value) -> (&str, &str) {
    let result = |pointer| report.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
    (result("/gateway/credentials/result"), result("/credentials/result"))
}

#[test]
fn file_with_gateway_and_token_runs_with_no_other_option() {
    let (_listener, target) = anybody();
    let table = GatewayTable::parse("gateway", "accepts = \"token\"").unwrap();
    let scratch = Scratch::new("rdp-file-token");
    for usage in [1, 3] {
        let (served, keys) = Served::start(&table, target).named_by_files(usage);
        let text =
            format!("{ADDRESS}{keys}gatewaycredentialssource:i:5\r\ngatewayaccesstoken:s:{}\r\n", table.token);
        let file = scratch.file("token.rdp", text.as_bytes());
        let (code, report) = served.report(&[&file, "--until", "gateway"], &[]);
        assert_eq!((code, results(&report)), (Some(0), ("accepted", "not_tried")), "{usage}: {report}");
        assert_eq!(report["target"]["not_followed"], serde_json::json!([]), "{report}");
        assert_eq!(report["target"]["host"], "srv1.lab.test");
        // As deep as whoever is shown something gets.
        let (code, said, complained) = served.program(&[&file, "--gateway-only", "-o", "line"], "", &[]);
        assert_eq!((code, complained.as_str()), (Some(0), ""), "{said}");
        assert!(said.contains(" gateway_credentials=accepted"), "{said}");
        assert_eq!(served.logons(), 2);
        // A token that is typed wins.
        let typed = scratch.file("typed", b"another\n");
        let (code, report) = served.report(&[&file, "--gateway-token", &typed], &[]);
        assert_eq!((code, results(&report).0), (Some(22), "rejected"), "{report}");
    }
}

#[test]
fn user_of_a_file_s_gateway_logs_on_with_a_password_for_gateways() {
    let (_listener, target) = anybody();
    let table = GatewayTable::default();
    let (served, keys) = Served::start(&table, target).named_by_files(1);
    let scratch = Scratch::new("rdp-file-user");
    let named =
        scratch.file("named.rdp", format!("{ADDRESS}{keys}gatewayusername:s:{}\r\n", table.user).as_bytes());
    let unnamed = scratch.file("unnamed.rdp", format!("{ADDRESS}{keys}").as_bytes());
    let right = [("RDG_PASSWORD", table.password.as_str())];
    let password = scratch.file("password", table.password.as_bytes());
    let until = ["--until", "gateway_channel"];
    for arguments in [
        vec![&*named],
        vec![&unnamed, "--gateway-user", &table.user],
        vec![&named, "--gateway-user", &table.user],
    ] {
        let (code, report) = served.report(&[&arguments[..], &until].concat(), &right);
        assert_eq!((code, results(&report)), (Some(0), ("accepted", "not_tried")), "{arguments:?}: {report}");
        assert_eq!(report["gateway"]["credentials"]["account"], table.user.as_str());
    }
    let (code, report) = served.report(&[&named, "--gateway-password-file", &password, "--gateway-only"], &[]);
    assert_eq!((code, results(&report).0), (Some(0), "accepted"), "{report}");
    assert_eq!(served.logons(), 4);
    // Of two files of one list one is told what a rejection means.
    let list = scratch.file("list", format!("{named}\n{named}\n").as_bytes());
    let at = format!("@{list}");
    let (code, said, _) =
        served.program(&[&at, "--duplicates", "-o", "line"], "", &[("RDG_PASSWORD", "wrong")]);
    assert_eq!((code, said.lines().count(), said.matches("[exit=22 ").count()), (Some(100), 2, 1), "{said}");
    assert_eq!((served.logons(), said.matches("rule=gateway-account-stopped").count()), (5, 1), "{said}");
}

#[test]
fn without_credentials_the_run_ends_at_the_gateway_s_question() {
    let (_listener, target) = anybody();
    let table = GatewayTable::default();
    let (served, keys) = Served::start(&table, target).named_by_files(1);
    let scratch = Scratch::new("rdp-file-nobody");
    let keys = format!("{ADDRESS}username:s:me\r\n{keys}");
    let bare = scratch.file("bare.rdp", keys.as_bytes());
    // The target's password is not the gateway's, unless the file says so.
    for variables in [&[][..], &[("RDP_PASSWORD", "whatever")]] {
        let (code, report) = served.report(&[&bare], variables);
        assert_eq!((code, results(&report).0), (Some(54), "not_tried"), "{report}");
        assert_eq!(report["verdict"]["hop"], "gateway");
    }
    let (code, report) = served.report(&[&bare, "--gateway-only"], &[]);
    assert_eq!((code, results(&report).0), (Some(0), "not_tried"), "{report}");
    // Nobody is asked for a password on account of a file.
    let named = scratch.file("named.rdp", format!("{keys}gatewayusername:s:{}\r\n", table.user).as_bytes());
    let (code, said, complained) = served.program(&[&named, "-o", "line"], "", &[]);
    assert_eq!(code, Some(54), "{said} {complained}");
    assert!(complained.contains("the user of a file's gateway is not used without a password"), "{complained}");
    assert_eq!(served.logons(), 0);
}

#[test]
fn one_password_is_for_both_where_the_file_says_so() {
    let accepts = accepts();
    let mut table = GatewayTable::default();
    (table.user, table.password) = ("LAB\\alice".to_owned(), RIGHT.to_owned());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let acceptor = runtime.block_on(async { Acceptor::start(accepts.clone()).unwrap() });
    let (served, keys) = Served::start(&table, acceptor.address()).named_by_files(1);
    let scratch = Scratch::new("rdp-file-once");
    let text = format!("{ADDRESS}username:s:LAB\\alice\r\n{keys}promptcredentialonce:i:1\r\n");
    let once = scratch.file("once.rdp", text.as_bytes());
    let pin = accepts.certificate.sha256();
    let (code, report) = served.report(&[&once, "--pin", &pin], &[("RDP_PASSWORD", RIGHT)]);
    assert_eq!((code, results(&report)), (Some(0), ("accepted", "accepted")), "{report}");
    assert_eq!((served.logons(), acceptor.logons()), (1, 1));
    let zero = text.replace("once:i:1", "once:i:0");
    let twice = scratch.file("twice.rdp", zero.as_bytes());
    let (code, report) = served.report(&[&twice, "--pin", &pin], &[("RDP_PASSWORD", RIGHT)]);
    assert_eq!((code, results(&report)), (Some(54), ("not_tried", "not_tried")), "{report}");
    assert_eq!((served.logons(), acceptor.logons()), (1, 1));
}

#[test]
fn nothing_is_shown_to_a_gateway_that_nobody_vouches_for() {
    let (_listener, target) = anybody();
    let table = GatewayTable::parse("gateway", "accepts = \"token\"").unwrap();
    let (mut served, keys) = Served::start(&table, target).named_by_files(1);
    served.forget_roots();
    let scratch = Scratch::new("rdp-file-untrusted");
    let text = format!("{ADDRESS}{keys}gatewayaccesstoken:s:{}\r\n", table.token);
    let file = scratch.file("work.rdp", text.as_bytes());
    let (code, report) = served.report(&[&file], &[]);
    assert_eq!(
        (code, report["verdict"]["rule"].as_str()),
        (Some(20), Some("gateway-certificate-untrusted")),
        "{report}"
    );
    assert_eq!(served.logons(), 0);
}

#[test]
fn what_is_typed_and_what_a_file_switches_off_goes_before_its_gateway() {
    let (listener, target) = anybody();
    let (served, keys) = Served::start(&GatewayTable::default(), target).named_by_files(1);
    let scratch = Scratch::new("rdp-file-direct");
    let direct = format!("full address:s:127.0.0.1:{}\r\n", listener.local_addr().unwrap().port());
    let file = |name: &str, keys: &str| scratch.file(name, format!("{direct}{keys}").as_bytes());
    let run = |arguments: &[&str]| {
        let output = crate::binary::run(&[arguments, &["--until", "tcp", "-o", "json"]].concat());
        (output.status, output.json.unwrap(), output.stderr)
    };
    let always = file("always.rdp", &keys);
    for (arguments, what) in [
        (vec![&*always, "--no-gateway"], "typed"),
        (vec![&file("0.rdp", &keys.replace("method:i:1", "method:i:0"))], "0"),
        (vec![&file("4.rdp", &keys.replace("method:i:1", "method:i:4"))], "4"),
    ] {
        let (code, report, complained) = run(&arguments);
        assert_eq!(
            (code, &report["gateway"], complained.as_str()),
            (Some(0), &Value::Null, ""),
            "{what}: {report}"
        );
        assert_eq!(report["target"]["not_followed"], serde_json::json!([]), "{what}");
    }
    // Which gateway it is, is said by whoever types.
    let other = file("other.rdp", "gatewayhostname:s:gw1.lab.test\r\ngatewayusagemethod:i:1\r\n");
    let output = crate::binary::run(&[&other, "-g", "gw2.lab.test", "--timeout", "5s", "-o", "json"]);
    assert_eq!(output.status, Some(20), "{}", output.stderr);
    let json = output.json.unwrap();
    assert_eq!(
        (&json["gateway"]["host"], &json["verdict"]["hop"]),
        (&"gw2.lab.test".into(), &"gateway".into())
    );
    assert_eq!(served.logons(), 0);
}

#[test]
fn gateway_whose_name_is_unknown_is_where_the_run_ends_and_one_that_cannot_be_one_stands_in_the_report() {
    let scratch = Scratch::new("rdp-file-unknown");
    let behind = |gateway: &str| {
        let text = format!(
            "full address:s:srv1.inside.lab.test\r\ngatewayhostname:s:{gateway}\r\ngatewayusagemethod:i:2\r\n"
        );
        crate::binary::run(&[&scratch.file("work.rdp", text.as_bytes()), "--timeout", "5s", "-o", "json"])
    };
    let output = behind("gw1.lab.test");
    let json = output.json.unwrap();
    assert_eq!((output.status, &json["verdict"]["hop"]), (Some(20), &"gateway".into()), "{json}");
    assert_eq!(json["target"]["host"], "srv1.inside.lab.test");
    let output = behind("https://gw1.lab.test/rdweb");
    let json = output.json.unwrap();
    assert_eq!((output.status, &json["verdict"]["rule"]), (Some(54), &"path-not-followed".into()), "{json}");
    let unfollowed = serde_json::json!([{ "what": "gateway", "value": "https://gw1.lab.test/rdweb" }]);
    assert_eq!(json["target"]["not_followed"], unfollowed);
}

#[test]
fn options_of_gateways_are_of_use_where_a_file_names_one() {
    let scratch = Scratch::new("rdp-file-options");
    let without = scratch.file("without.rdp", b"full address:s:127.0.0.1:9\r\n");
    let keys = b"full address:s:127.0.0.1:9\r\ngatewayhostname:s:gw1.lab.test\r\ngatewayusagemethod:i:1\r\n";
    let with = scratch.file("with.rdp", keys);
    let (password, list) =
        (scratch.file("password", b"x"), scratch.file("list", format!("{without}\n").as_bytes()));
    let at_list = format!("@{list}");
    for (arguments, message) in [
        (&[&*without, "--accept-consent"][..], "--accept-consent is of no use without --gateway"),
        (&[&at_list, "--accept-consent"], "--accept-consent is of no use without --gateway"),
        (&[&with, "--no-gateway", "--accept-consent"], "--accept-consent is of no use without --gateway"),
        (
            &[&with, "--gateway-password-file", &password],
            "--gateway-password-file is of no use without --gateway-user",
        ),
        (&[&with, "--gateway-user", "a@b@c"], "--gateway-user \"a@b@c\": "),
        (&[&with, "--gateway-ca", &password], "--gateway-ca "),
        (&[&with, "--gateway-ca", "/nowhere/x.pem"], "cannot be read"),
        (&[&with, "--gateway-pin", "00"], "a pin is a SHA-256"),
        (&[&with, &without, "--gateway-only"], "without.rdp\": stage gateway_http is one of a gateway's"),
        (&[&without, "--until", "gateway_tls"], "gateway_tls is one of a gateway's"),
        (&[&with, "--gateway-only", "--until", "tls"], "two depths"),
        (&[&with, "--no-gateway", "-g", "gw"], "--no-gateway"),
    ] {
        let output = crate::binary::run(arguments);
        assert_eq!(
            (output.status, output.stderr.lines().count()),
            (Some(2), 1),
            "{arguments:?}: {}",
            output.stderr
        );
        assert!(output.stderr.contains(message), "{arguments:?}: {}", output.stderr);
    }
    // What is not done on such a way is said; it is for whoever has another way beside it.
    let output =
        crate::binary::run(&[&with, "--enumerate", "--accept-consent", "--timeout", "5s", "-o", "line"]);
    assert_eq!(output.status, Some(20), "{}", output.stderr);
    let said = "with.rdp\": --enumerate is not done through its gateway: it would open more tunnels there";
    assert!(output.stderr.lines().count() == 1 && output.stderr.contains(said), "{}", output.stderr);
}

#[test]
fn gateway_for_where_there_is_no_direct_way_is_gone_through_only_there() {
    let (_listener, target) = anybody();
    let port = target.port();
    let table = GatewayTable::parse("gateway", "accepts = \"token\"").unwrap();
    let scratch = Scratch::new("rdp-file-detects");
    let (served, keys) = Served::start(&table, target).named_by_files(2);
    let address = format!("full address:s:srv1.lab.test:{port}\r\n");
    let text = format!("{address}{keys}gatewayaccesstoken:s:{}\r\n", table.token);
    let file = scratch.file("detects.rdp", text.as_bytes());
    let findings = |report: &Value| -> Vec<String> {
        let all = report["findings"].as_array().into_iter().flatten();
        all.map(|finding| finding["id"].as_str().unwrap_or_default().to_owned()).collect()
    };
    let purposes = |report: &Value| -> Vec<Value> {
        report["probes"].as_array().unwrap().iter().map(|probe| probe["purpose"].clone()).collect()
    };
    // Somebody takes the connection here: nothing is shown to the gateway.
    let here = format!("srv1.lab.test:{port}:127.0.0.1");
    let (code, report) = served.report(&[&file, "--resolve", &here, "--until", "tcp_connect"], &[]);
    assert_eq!((code, &report["gateway"]), (Some(0), &Value::Null), "{report}");
    assert_eq!((findings(&report), purposes(&report)), (vec!["gateway-not-needed".to_owned()], vec![]));
    assert!(report["stages"].as_array().unwrap().iter().all(|stage| stage["hop"] == "target"), "{report}");
    assert_eq!(served.logons(), 0);
    // And nobody there, where its port is taken and not listened on.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let nowhere = format!("127.0.0.3:{port}").parse().unwrap();
    let _closed = runtime.block_on(async {
        let socket = tokio::net::TcpSocket::new_v4().unwrap();
        socket.bind(nowhere).unwrap();
        socket
    });
    let there = format!("srv1.lab.test:{port}:127.0.0.3");
    let limit = ["--stage-timeout", "connection_initiation=200ms"];
    let (_, report) = served.report(&[&[&*file, "--resolve", &there][..], &limit].concat(), &[]);
    assert_eq!(results(&report).0, "accepted", "{report}");
    assert_eq!(
        (&report["verdict"]["stage"], purposes(&report)),
        (&"connection_initiation".into(), vec!["direct".into()])
    );
    assert!(findings(&report).contains(&"direct-way-failed".to_owned()), "{report}");
    assert_eq!(report["probes"][0]["failure"]["stage"], "tcp_connect");
    assert_eq!(served.logons(), 1);
    // Who asks about the gateway alone goes there at once; and it can be left out.
    let (code, report) = served.report(&[&file, "--gateway-only"], &[]);
    assert_eq!((code, results(&report).0, purposes(&report)), (Some(0), "accepted", vec![]), "{report}");
    assert_eq!(served.logons(), 2);
}
