//! A logon by NTLM at a gateway: what the gateway sees of it, what real proxies in front make of it, a client that nobody here wrote, and what
//! whoever listens gets of the password.
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::net::TcpListener;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rdp_probe::{Credentials, Gateway, Host, Prober, Target};
use rdp_probe_core::LogonResult;
use rdp_probe_core::wire::credssp::ntlm_in;
use rdp_probe_testkit::certificate::{self, Kind};
use rdp_probe_testkit::gateway::{Bound, Routes, Seen};
use rdp_probe_testkit::{Scenario, machine, port};
use serde_json::json;
use tracing::subscriber::with_default;

use crate::binary;
use crate::gateway::{NAME, Served, report};
use crate::logon::RIGHT;
use crate::logon_secrets::{Ears, WRONG, forms, forms_of, forms_of_text, told};
use crate::peer::xrdp::{self, Certificate, SecurityLayer};
use crate::peer::{Peer, freerdp, front};
use crate::usage::Scratch;

/// A server behind the gateway, and where the gateway finds it.
fn behind() -> (Peer, Routes, String) {
    let peer = xrdp::start(SecurityLayer::Tls, Certificate::SelfSigned);
    let address = peer.address();
    (peer, Routes::nowhere().with(NAME, address.port(), address), format!("{NAME}:{}", address.port()))
}

#[test]
fn a_right_password_is_proven_once_and_bound_to_the_certificate() {
    let (_peer, routes, target) = behind();
    let certificates = [
        ("gateway", "sent"),
        ("gateway_sha384", "sent"),
        ("gateway_sha512", "sent"),
        // Nobody says by which digest: SHA-256 is a guess, and the gateway's here, too.
        ("gateway_ed25519", "uncertain"),
    ];
    // By two channels each has a logon of its own, the second one without the question for it.
    let all = certificates.map(|with| [(with, true, 1), (with, false, 2)]);
    for ((certificate, binding), websocket, logons) in all.into_iter().flatten() {
        let table = format!(
            "accepts = \"ntlm\"\nbinding = \"required\"\ncertificate = \"{certificate}\"\nwebsocket = {websocket}"
        );
        let served = Served::start(&table, routes.clone());
        let output = served.run(&["-o", "json", &target]);
        let seen = served.finish();
        let report = report(&output);
        assert_eq!(report["verdict"]["exit_code"], 0, "{certificate}: {report:#}");
        let gateway = &report["gateway"];
        assert_eq!(
            (&gateway["auth"], &gateway["channel_binding"], &gateway["credentials"]["result"]),
            (&json!("ntlm"), &json!(binding), &json!("accepted")),
            "{certificate}: {gateway:#}"
        );
        assert!(gateway["server"]["os_build"].is_string(), "{gateway:#}");
        let requests = if websocket { 3 } else { 6 };
        let bound = vec![Bound::Own; logons];
        assert_eq!((seen.logons, seen.requests, seen.bound), (logons, requests, bound), "{table}");
        assert_eq!(seen.authorizations, vec!["NTLM"; 2 * logons]);
        assert_eq!(seen.violations, [""; 0]);
    }
}

#[test]
fn a_logon_inside_of_negotiate_is_bound_and_the_gateway_s_own_proof_is_looked_at() {
    let (_peer, routes, target) = behind();
    for (asked, websocket, requests, logons) in [
        (&[][..], true, 3, 1),
        (&["--gateway-auth", "negotiate"], true, 2, 1),
        (&[], false, 6, 2),
        (&["--gateway-auth", "negotiate"], false, 5, 2),
    ] {
        let table = "accepts = \"ntlm\"\nbinding = \"required\"\nschemes = [\"Negotiate\"]\nproves = true";
        let served = Served::start(&format!("{table}\nwebsocket = {websocket}"), routes.clone());
        let output = served.run(&[asked, &["-o", "json", &target]].concat());
        let (seen, report) = (served.finish(), report(&output));
        assert_eq!(report["verdict"]["exit_code"], 0, "{report:#}");
        assert_eq!(report["gateway"]["auth"], "negotiate");
        let bound = vec![Bound::Own; logons];
        assert_eq!((seen.logons, seen.requests, seen.bound), (logons, requests, bound), "{asked:?}");
        let facts =
            report["stages"].as_array().unwrap().iter().flat_map(|stage| stage["facts"].as_array().unwrap());
        let proof = facts.clone().find(|fact| fact["fact"] == "own_proof");
        assert_eq!(
            proof.map(|fact| &fact["detail"]["holds"]),
            Some(&json!("true")),
            "{:#?}",
            facts.collect::<Vec<_>>()
        );
    }
}

#[test]
fn a_wrong_password_is_tried_once_and_nothing_goes_to_the_target() {
    let (_peer, routes, target) = behind();
    let files = Scratch::new("gateway-wrong");
    let secret = files.file("target", b"the target's own");
    let own = ["--user", "LAB\\bob", "--password-file", &secret, "--accept-certificate"];
    for transport in ["websocket = true", "websocket = false"] {
        let table = format!("accepts = \"ntlm\"\n{transport}");
        let served = Served::start(&format!("{table}\npassword = \"another one\""), routes.clone());
        let wrong = Served::start(&table, Routes::nowhere());
        let output = wrong.run_by(served.gateway.address(), &[&own[..], &["-o", "json", &target]].concat());
        let (seen, report) = (served.finish(), report(&output));
        assert_eq!(report["verdict"]["rule"], "gateway-logon-rejected", "{report:#}");
        assert_eq!(report["credentials"]["result"], "not_tried", "{report:#}");
        let credentials = &report["gateway"]["credentials"];
        assert_eq!(credentials["result"], "rejected");
        assert!(credentials["why"].as_str().unwrap().contains("TLS is taken apart"), "{credentials:#}");
        assert_eq!((seen.logons, seen.channels.len(), seen.connections), (1, 0, 1), "{transport}: {seen:?}");
    }
}

#[test]
fn the_best_scheme_that_is_offered_is_taken_in_whatever_order_they_come() {
    const OFFERED: [&str; 5] = ["SSPI_NTLM", "Digest realm=\"gw\"", "Basic realm=\"gw\"", "Negotiate", "NTLM"];
    let text = "title = \"t\"\n[target]\nhost = \"srv1.lab.test\"\n[gateway]\naccepts = \"ntlm\"\n[expect]\n\
                outcome = \"reachable\"\nexit = 0\n";
    let scenario = Scenario::parse("schemes", text).unwrap();
    for some in 0..1_usize << OFFERED.len() {
        let of = |index: &usize| some & 1 << index != 0;
        let mut schemes: Vec<&str> = (0..OFFERED.len()).filter(of).map(|index| OFFERED[index]).collect();
        // An exchange before a password in the clear, and what is for other clients where there is nothing else.
        let best = match &schemes {
            all if all.contains(&"NTLM") => Some("NTLM"),
            all if all.contains(&"Negotiate") => Some("Negotiate"),
            all if all.iter().any(|scheme| scheme.starts_with("Basic")) => Some("Basic"),
            all if all.contains(&"SSPI_NTLM") => Some("SSPI_NTLM"),
            _ => None,
        };
        for _ in 0..schemes.len().max(1) {
            for schemes in [schemes.clone(), schemes.iter().rev().copied().collect(), vec![&schemes.join(", ")]]
            {
                let mut scenario = scenario.clone();
                let offered =
                    schemes.iter().filter(|scheme| !scheme.is_empty()).map(|scheme| (*scheme).to_owned());
                scenario.gateway.as_mut().unwrap().schemes = Some(offered.collect());
                let played = machine::play(&scenario);
                let taken = played.seen.authorizations.first().map(String::as_str);
                assert_eq!(taken, best, "{schemes:?}");
                let all = played.seen.authorizations.iter();
                assert!(all.clone().all(|scheme| Some(scheme.as_str()) == best), "{schemes:?}: {all:?}");
                let rule = rdp_probe::diagnose(&played.evidence).verdict.rule.map(|rule| rule.id);
                assert_eq!(rule == Some("gateway-no-scheme"), best.is_none(), "{schemes:?}: {rule:?}");
            }
            if !schemes.is_empty() {
                schemes.rotate_left(1);
            }
        }
    }
}

/// Whoever answers another one's key has the password's proof by then: it is shown to nobody a second time.
#[test]
fn a_101_for_another_request_behind_a_logon_is_the_end_of_it() {
    let (_peer, routes, target) = behind();
    for (accepts, requests) in [("basic", 2), ("ntlm", 3), ("ntlm\"\nschemes = [\"Negotiate\"]\n#\"", 3)] {
        let table =
            format!("accepts = \"{accepts}\"\ndeparts = {{ stage = \"gateway_auth\", wrong_accept = true }}");
        let served = Served::start(&table, routes.clone());
        let output = served.run(&["-o", "json", &target]);
        let (seen, report) = (served.finish(), report(&output));
        let verdict = &report["verdict"];
        assert_eq!(
            (&verdict["rule"], &verdict["exit_code"]),
            (&json!("gateway-wrong-accept"), &json!(21)),
            "{table}: {verdict:#}"
        );
        assert_eq!((seen.connections, seen.requests, seen.logons), (1, requests, 1), "{table}: {seen:?}");
        assert_eq!((seen.out_channels, seen.client_names.len()), (0, 0), "{table}: {seen:?}");
    }
}

/// A certificate for the gateway's name that is not the gateway's own, and its key.
fn of_the_front() -> (String, String) {
    let pem = Kind::GatewaySha384.chain().iter().map(|der| certificate::pem_of(der)).collect::<String>();
    (pem, certificate::key_pem())
}

#[test]
fn a_real_proxy_that_spoils_a_logon_is_named_before_the_password() {
    const WEBSOCKET: &str = "proxy_pass {to}; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
        proxy_set_header Connection \"upgrade\"; proxy_set_header Host $host;";
    let (_peer, routes, target) = behind();
    let (pem, key) = of_the_front();

    // Each message of the logon by a connection of its own.
    let served = Served::start("accepts = \"ntlm\"", routes.clone());
    let location = format!("location /remoteDesktopGateway/ {{ {WEBSOCKET} }}");
    let nginx = front::nginx_http((&pem, &key), &location, served.gateway.address());
    let output = served.run_by(nginx.address(), &["-o", "json", &target]);
    let (seen, spoiled) = (served.finish(), report(&output));
    let verdict = &spoiled["verdict"];
    assert_eq!(
        (&verdict["rule"], &verdict["exit_code"]),
        (&json!("gateway-logon-spread"), &json!(22)),
        "{verdict:#}"
    );
    assert!(verdict["summary"].as_str().unwrap().contains("may be right"), "{verdict:#}");
    assert_eq!(seen.logons, 1, "{seen:?}");

    // TLS taken apart, the connection kept.
    for (binding, rule) in [("off", json!(null)), ("required", json!("gateway-logon-rejected"))] {
        let served = Served::start(&format!("accepts = \"ntlm\"\nbinding = \"{binding}\""), routes.clone());
        let nginx = front::nginx_tls((&pem, &key), served.gateway.address());
        let output = served.run_by(nginx.address(), &["-o", "json", &target]);
        let (seen, report) = (served.finish(), report(&output));
        let verdict = &report["verdict"];
        assert_eq!(verdict["rule"], rule, "{binding}: {verdict:#}\n{}", nginx.log());
        assert_eq!((seen.logons, seen.bound), (1, vec![Bound::Other]), "{binding}");
        if binding == "required" {
            let words = report["causes"][0].to_string();
            for word in ["takes TLS apart", "0xC000035B", "EnforceChannelBinding"] {
                assert!(words.contains(word), "{word}: {verdict:#}");
            }
        }
    }
}

#[test]
fn a_real_balancer_that_keeps_connections_passes_a_logon_on() {
    let (_peer, routes, target) = behind();
    let (pem, key) = of_the_front();
    for (websocket, connections) in [(true, 1), (false, 2)] {
        let table = format!("accepts = \"ntlm\"\nwebsocket = {websocket}");
        let served = Served::start(&table, routes.clone());
        let haproxy = front::haproxy_http((&pem, &key), &served.gateway.address().to_string());
        let output = served.run_by(haproxy.address(), &["-o", "json", &target]);
        let (seen, passed) = (served.finish(), report(&output));
        assert_eq!(passed["verdict"]["exit_code"], 0, "{passed:#}\n{}", haproxy.log());
        assert_eq!((seen.logons, seen.connections), (connections, connections), "{seen:?}");
    }

    let served = Served::start("accepts = \"ntlm\"", Routes::nowhere());
    let haproxy = front::haproxy_http((&pem, &key), front::DEAD);
    let output = served.run_by(haproxy.address(), &["-o", "json", &target]);
    let (seen, none) = (served.finish(), report(&output));
    let verdict = &none["verdict"];
    assert_eq!(
        (&verdict["rule"], &verdict["exit_code"]),
        (&json!("gateway-http-unavailable"), &json!(21)),
        "{verdict:#}"
    );
    assert_eq!(seen.connections, 0);
}

/// What nginx does with two channels unless somebody tells it otherwise: it collects answers, and bodies of requests.
#[test]
fn a_real_proxy_that_keeps_a_channel_back_is_named() {
    const OUT_PASSES: &str = "proxy_buffering off;";
    const IN_PASSES: &str = "proxy_request_buffering off;";
    let (_peer, routes, target) = behind();
    let (pem, key) = of_the_front();
    let limits = ["--stage-timeout", "gateway_auth=1s", "--stage-timeout", "gateway_tunnel=1s"];
    for (settings, rule, exit) in [
        (String::new(), json!("gateway-out-kept-back"), 22),
        (OUT_PASSES.to_owned(), json!("gateway-in-kept-back"), 21),
        // Still each request has a connection of its own to the gateway, where the last one is nobody's.
        (format!("{OUT_PASSES} {IN_PASSES}"), json!("gateway-in-ended"), 21),
    ] {
        // It names itself in its answers, as it comes: Basic is spoilt by no proxy.
        let served = Served::start("websocket = false", routes.clone());
        let location = format!(
            "location /remoteDesktopGateway/ {{ proxy_pass {{to}}; proxy_http_version 1.1; \
             proxy_set_header Connection \"\"; proxy_set_header Host $host; {settings} }}"
        );
        let nginx = front::nginx_http((&pem, &key), &location, served.gateway.address());
        let output = served.run_by(nginx.address(), &[&limits[..], &["-o", "json", &target]].concat());
        let report = report(&output);
        let verdict = &report["verdict"];
        assert_eq!(
            (&verdict["rule"], &verdict["exit_code"]),
            (&rule, &json!(exit)),
            "{settings}: {verdict:#}\n{}",
            nginx.log()
        );
        served.finish();
    }
}

#[test]
fn a_client_that_nobody_here_wrote_reaches_a_server_through_the_scripted_gateway() {
    let (peer, routes, target) = behind();
    for (transport, websocket, logons) in
        [("http", true, 1), ("http,no-websockets", true, 2), ("http", false, 2)]
    {
        let table = format!("accepts = \"ntlm\"\nbinding = \"required\"\nwebsocket = {websocket}");
        let served = Served::start(&table, routes.clone());
        let account = (served.table.user.clone(), served.table.password.clone());
        let went = freerdp::client(&target, served.gateway.address(), transport, (&account.0, &account.1));
        let seen = served.finish();
        assert!(went.reached, "{transport}: {seen:?}\n{}\n{}", went.log, peer.log());
        assert_eq!((seen.logons, seen.channels.len()), (logons, 1), "{transport}: {seen:?}");
        assert_eq!(seen.in_channels, logons - 1, "{transport}: {seen:?}");
        assert_eq!(seen.bound, vec![Bound::Own; logons], "{transport}: {seen:?}");
    }
}

/// That what is above is the password's doing, and that client's gateway looks at it.
#[test]
fn that_client_with_a_wrong_password_reaches_nobody() {
    let target = port::find(|port| TcpListener::bind(("127.0.0.1", port))).unwrap().1;
    target.set_nonblocking(true).unwrap();
    let address = target.local_addr().unwrap();
    let routes = Routes::nowhere().with(NAME, address.port(), address);
    let name = format!("{NAME}:{}", address.port());
    for (transport, websocket) in [("http", true), ("http,no-websockets", true), ("http", false)] {
        let table = format!("accepts = \"ntlm\"\nbinding = \"required\"\nwebsocket = {websocket}");
        let served = Served::start(&table, routes.clone());
        let user = served.table.user.clone();
        let went = freerdp::client(&name, served.gateway.address(), transport, (&user, WRONG));
        let seen = served.finish();
        assert!(!went.reached, "{transport}: {seen:?}\n{}", went.log);
        assert!(seen.logons > 0, "{transport}: it was tried: {seen:?}\n{}", went.log);
        assert_eq!((&seen.channels[..], seen.out_channels, seen.in_channels), (&[][..], 0, 0), "{seen:?}");
        let connected = target.accept().map_err(|error| error.kind());
        assert_eq!(connected.map(drop), Err(ErrorKind::WouldBlock), "{transport}");
    }
}

/// What must not be told of a logon at a gateway that saw this, each by what it is, in every form.
fn untold(seen: &Seen) -> Vec<(String, Vec<String>)> {
    let mut all = Vec::new();
    for password in [RIGHT, WRONG] {
        all.push((format!("the password {password}"), forms(password)));
    }
    for value in seen.authorization_values.iter().filter(|value| !value.is_empty()) {
        all.push((format!("what stands behind a scheme, {value}"), forms_of_text(value)));
        let octets = STANDARD.decode(value).unwrap();
        all.push((format!("the octets of {value}"), forms_of(&octets)));
        let message = ntlm_in(&octets).unwrap_or_default();
        // What a password is guessed by: the proof in NtChallengeResponse ([MS-NLMP] 2.2.1.3, 2.2.2.8).
        if message.starts_with(b"NTLMSSP\0\x03") {
            all.push((format!("the AUTHENTICATE of {value}"), forms_of(message)));
            let offset: [u8; 4] = message[24..28].try_into().unwrap();
            let proof = &message[usize::try_from(u32::from_le_bytes(offset)).unwrap()..][..16];
            all.push((format!("the proof of {value}"), forms_of(proof)));
        }
    }
    all
}

#[test]
fn nothing_of_a_logon_at_a_gateway_is_told_to_anybody() {
    for (accepts, schemes, scheme, proofs) in [
        ("basic", "Basic realm=\"gw\"", "Basic", 0),
        ("ntlm", "NTLM", "NTLM", 1),
        ("ntlm", "Negotiate", "Negotiate", 1),
        ("ntlm", "SSPI_NTLM", "SSPI_NTLM", 1),
    ] {
        for (websocket, password) in [(true, RIGHT), (true, WRONG), (false, RIGHT), (false, WRONG)] {
            let name = format!("{scheme}, websocket = {websocket}, {password}");
            let table = format!(
                "password = {RIGHT:?}\naccepts = \"{accepts}\"\nschemes = [{schemes:?}]\nwebsocket = {websocket}"
            );
            let served = Served::start(&table, Routes::nowhere());
            let (heard, said) = everything_of(&served, password);
            let seen = served.finish();
            // Inside of the tunnel there is one, and the second channel is for whom the first one let in.
            let twice = !websocket && password == RIGHT && scheme != "SSPI_NTLM";
            let logons = RUNS * if twice { 2 } else { 1 };
            assert_eq!(seen.logons, logons, "{name}: {seen:?}");
            assert!(seen.authorizations.iter().all(|own| own == scheme), "{name}: {seen:?}");
            assert!(heard.contains("gateway_auth"), "{name}: the subscriber hears: {heard}");
            assert!(!heard.contains("<sspi"), "{name}: it heard the library that has the secret: {heard}");
            let untold = untold(&seen);
            let there = |what: &str| untold.iter().filter(|(is, _)| is.starts_with(what)).count();
            assert_eq!(there("the proof"), proofs * logons, "{name}");
            assert!(there("what stands behind a scheme") >= logons, "{name}");
            // What a gateway has seen, it can tell.
            let seen = format!("{seen:?}");
            for (what, forms) in untold.iter().filter(|(is, _)| is.starts_with("what stands")) {
                assert!(told(&seen, forms).is_some(), "{name}: {what} is not found");
            }
            for (what, forms) in untold {
                assert_eq!(told(&heard, &forms), None, "{name}: the subscriber heard {what}");
                assert_eq!(told(&said, &forms), None, "{name}: printed was {what}");
            }
        }
    }
}

/// How often [`everything_of`] logs on.
const RUNS: usize = 5;

/// What a subscriber hears, and what is said by library and program in all of their forms, where this password is shown to that gateway.
fn everything_of(served: &Served, password: &str) -> (String, String) {
    let (ears, mut said) = (Ears::default(), String::new());
    let (table, address) = (&served.table, served.gateway.address());
    with_default(ears.clone(), || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let credentials = Credentials::new(&table.user, None, password.to_owned()).unwrap();
            write!(said, "{credentials:?}").unwrap();
            let gateway = Gateway::new(table.host.clone(), address.port()).resolve_to(vec![address]);
            let gateway =
                gateway.trust(certificate::authority_pem().as_bytes()).unwrap().credentials(credentials);
            let target = Target::new(Host::Name(NAME.to_owned()), 3389);
            write!(said, "{gateway:?}").unwrap();
            let probe = Prober::new().gateway(gateway).probe(target).build().unwrap();
            let (mut events, report) = probe.watch(std::future::pending());
            let report = report.await;
            while let Some(event) = events.next().await {
                write!(said, "{event:?}").unwrap();
            }
            write!(said, "{probe:?} {report:?} {}", serde_json::to_string(&report).unwrap()).unwrap();
            let accepted = report.evidence.gateway_logon_result() == LogonResult::Accepted;
            assert_eq!(accepted, password == RIGHT, "{report:?}");
        });
    });
    let files = Scratch::new("gateway-secrets");
    let secret = files.file("password", password.as_bytes());
    let way =
        ["-g", &format!("{}:{}", table.host, address.port()), "--gateway-user", &table.user].map(str::to_owned);
    let place = format!("{}:{}:{}", table.host, address.port(), address.ip());
    let ca = certificate::root_file(&certificate::authority()).unwrap();
    let more = ["--resolve", &place, "--gateway-ca", ca.to_str().unwrap()].map(str::to_owned);
    for format in ["human", "json", "ndjson", "line"] {
        let own = ["-vv", "-o", format, "--gateway-password-file", &secret, NAME].map(str::to_owned);
        let all: Vec<String> = way.iter().chain(&more).chain(&own).cloned().collect();
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        let output = binary::run(&all);
        said += &output.stdout;
        said += &output.stderr;
        if format == "json" {
            // Stored, and read again.
            let stored = files.file("report.json", output.stdout.as_bytes());
            for format in ["human", "json", "ndjson", "line"] {
                let again = binary::run(&["-vv", "-o", format, "--from-report", &stored]);
                assert!(!again.stdout.is_empty(), "{}", again.stderr);
                said += &again.stdout;
                said += &again.stderr;
            }
        }
    }
    (ears.heard(), said)
}
