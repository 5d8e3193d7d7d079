//! Through a gateway with the program and real servers: what they say behind it, what a real proxy in front of it makes of it, and peers that
//! stop, cut and never end.
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rdp_probe::{
    Account, AuthMethod, Credentials, Gateway, Hop, Host, Link, Plan, Probe, Report, Stage, Target, diagnose,
};
use rdp_probe_core::wire::tls::{CipherSuite, Version};
use rdp_probe_core::{
    AuthOutput, Event, Evidence, Gateway as Planned, GatewayLogon, LogonResult, Run, SignatureCheck,
    TlsSession, Trust,
};
use rdp_probe_testkit::gateway::{Routes, ScriptedGateway, Seen};
use rdp_probe_testkit::scenario::{Departs, Departure, Ending, GatewayPoint, GatewayTable};
use rdp_probe_testkit::target::FullBacklog;
use rdp_probe_testkit::{Scenario, certificate, machine, port};
use serde_json::{Value, json};

use crate::binary::{self, Output};
use crate::peer::xrdp::{self, Certificate, SecurityLayer};
use crate::peer::{Peer, freerdp, front};
use crate::turns::Counting;
use crate::usage::on_runtime;

pub(crate) const NAME: &str = "srv1.lab.test";

/// A gateway that serves on threads of its own.
pub(crate) struct Served {
    runtime: tokio::runtime::Runtime,
    pub(crate) gateway: ScriptedGateway,
    pub(crate) table: GatewayTable,
}

impl Served {
    pub(crate) fn start(table: &str, routes: Routes) -> Self {
        let table = GatewayTable::parse("gateway", table).unwrap();
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let gateway = runtime.block_on(async { ScriptedGateway::start(&table, routes).unwrap() });
        Self { runtime, gateway, table }
    }

    /// Runs the program through it, or through what stands in front of it at `front`.
    pub(crate) fn run_by(&self, front: SocketAddr, arguments: &[&str]) -> Output {
        let text = "title = \"t\"\n[gateway]\n[expect]\noutcome = \"reachable\"\nexit = 0\n";
        let mut scenario = Scenario::parse("gateway", text).unwrap();
        scenario.gateway = Some(self.table.clone());
        let way = scenario.arguments_of_gateway(front);
        let all: Vec<&str> = way.iter().map(String::as_str).chain(arguments.iter().copied()).collect();
        binary::run(&all)
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.run_by(self.gateway.address(), arguments)
    }

    pub(crate) fn finish(self) -> Seen {
        self.runtime.block_on(self.gateway.finish())
    }
}

/// Stages from the negotiation on, with how they ended.
fn stages(report: &Value) -> Vec<(String, String)> {
    let all = report["stages"].as_array().unwrap();
    let own = all.iter().filter(|stage| stage["hop"] == "target");
    let text = |stage: &Value, key: &str| stage[key].as_str().unwrap().to_owned();
    let all = own.map(|stage| (text(stage, "stage"), text(stage, "outcome")));
    all.filter(|(stage, _)| stage != "resolve" && stage != "tcp_connect").collect()
}

pub(crate) fn report(output: &Output) -> &Value {
    output.json.as_ref().unwrap_or_else(|| panic!("{}{}", output.stdout, output.stderr))
}

#[test]
fn real_servers_say_the_same_behind_a_gateway() {
    type Start = fn() -> Peer;
    let servers: [(&str, Start); 7] = [
        ("xrdp, TLS", || xrdp::start(SecurityLayer::Tls, Certificate::SelfSigned)),
        ("xrdp, negotiate", || xrdp::start(SecurityLayer::Negotiate, Certificate::SelfSigned)),
        ("xrdp, standard", || xrdp::start(SecurityLayer::Rdp, Certificate::SelfSigned)),
        ("xrdp without a certificate", || xrdp::start(SecurityLayer::Tls, Certificate::Missing)),
        ("shadow, standard", || freerdp::start(freerdp::Security::Rdp)),
        ("shadow, TLS", || freerdp::start(freerdp::Security::Tls)),
        ("shadow, NLA", || freerdp::start(freerdp::Security::Nla)),
    ];
    for (name, start) in servers {
        let peer = start();
        let address = peer.address();
        let direct = binary::run(&["-o", "json", "--no-enumerate", "--no-second-look", &address.to_string()]);
        let direct = report(&direct);
        for (table, transport, channels) in [
            ("", "websocket", 1),
            ("websocket = false", "http", 2),
            ("websocket = false\nchunked = true", "http", 2),
        ] {
            let name = format!("{name}, {transport}");
            let routes = Routes::nowhere().with(&address.ip().to_string(), address.port(), address);
            let served = Served::start(table, routes);
            let behind = served.run(&["-o", "json", &address.to_string()]);
            let seen = served.finish();
            let behind = report(&behind);
            assert_eq!(behind["gateway"]["transport"], transport, "{name}");
            assert_eq!(stages(behind), stages(direct), "{name}");
            for key in ["tls", "security", "server"] {
                let (mut one, mut other) = (direct[key].clone(), behind[key].clone());
                for report in [&mut one, &mut other] {
                    // Two clocks are read twice.
                    if let Some(skew) = report.get_mut("clock_skew_ms") {
                        *skew = Value::Null;
                    }
                    if let Some(days) = report.pointer_mut("/certificate/days_left") {
                        *days = Value::Null;
                    }
                }
                assert_eq!(other, one, "{name}: {key}");
            }
            assert_eq!(behind["verdict"]["exit_code"], direct["verdict"]["exit_code"], "{name}");
            let tunnels = tunnels(behind);
            assert_eq!(seen.violations, [""; 0], "{name}");
            assert_eq!(seen.logons, tunnels * channels, "{name}: {seen:?}");
            assert_eq!(seen.in_channels, tunnels * (channels - 1), "{name}: {seen:?}");
            // Where the server hung up as well, each end may have closed the channel.
            assert!(seen.closed_channels + seen.close_responses >= tunnels, "{name}: {seen:?}");
        }
    }
}

/// The certificate of the first connection says nothing of who takes the second one.
#[test]
fn a_second_connection_that_somebody_else_answers_gets_nothing() {
    let session = |trust| TlsSession {
        version: Version::TLS_1_3,
        cipher: CipherSuite(0x1302),
        chain: certificate::Kind::Gateway.chain(),
        signature: SignatureCheck::Verified,
        trust: Some(trust),
    };
    let peer = SocketAddr::from(([127, 0, 0, 1], Gateway::PORT));
    for (second, passes) in [(Trust::Trusted, true), (Trust::UnknownIssuer, false), (Trust::OtherName, false)] {
        let mut plan = Plan::new(Host::parse(NAME).unwrap(), 3389);
        let mut gateway = Planned::new(Host::parse("127.0.0.1").unwrap(), Gateway::PORT);
        gateway.logon = GatewayLogon::Account(Account::parse("gwuser", None).unwrap());
        plan.gateway = Some(Box::new(gateway));
        plan.limits.overall = Duration::from_secs(300);
        let mut run = Run::new(plan);
        run.begin(Duration::ZERO);
        let at = |seconds| Duration::from_secs(seconds);
        let on = |run: &mut Run, event, seconds| {
            run.on(event, at(seconds));
            run.take_octets()
        };
        let proof = || Event::Auth(Ok(AuthOutput::Token { token: b"gwuser:secret".to_vec(), done: true }));
        let asks = b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
        on(&mut run, Event::Dialed(Ok(Link { peer, local: None })), 0);
        on(&mut run, Event::Tls { before: 0, answer: Ok(session(Trust::Trusted)) }, 0);
        on(&mut run, Event::Pdu(asks), 0);
        let sent = on(&mut run, proof(), 0);
        assert!(sent.windows(6).any(|window| window == b"Basic "), "the first one gets it");
        let opens = Event::Pdu(b"HTTP/1.1 200 OK\r\n\r\n");
        assert_eq!(on(&mut run, opens, 0), b"", "nothing more is said there");
        let dialed = Event::Dialed(Ok(Link { peer, local: None }));
        assert_eq!(on(&mut run, dialed, 4), b"", "nobody knows whom this is with");
        assert_eq!(on(&mut run, Event::Tls { before: 0, answer: Ok(session(second)) }, 8), b"");
        if passes {
            assert_eq!(run.limit().end, at(8 + 10), "each message has the stage's limit");
        }
        assert_eq!(on(&mut run, proof(), 9).is_empty(), !passes, "{second:?}");
        if passes {
            assert_eq!(run.limit().end, at(9 + 60), "and who judges a logon that of a logon");
        }
        let diagnosis = diagnose(run.evidence());
        let rule = diagnosis.verdict.rule.map(|rule| rule.id);
        assert_eq!(rule, (!passes).then_some("gateway-in-other-certificate"), "{second:?}");
        assert_eq!(run.evidence().gateway_logon_result(), LogonResult::Accepted, "{second:?}");
    }
}

/// How many tunnels a run opened: the path, and where a refusal named what the server wants, once more.
fn tunnels(report: &Value) -> usize {
    let all = report["stages"].as_array().unwrap();
    all.iter().filter(|stage| stage["stage"] == "gateway_channel" && stage["outcome"] == "passed").count()
}

#[test]
fn a_real_proxy_in_front_of_the_gateway_passes_it_on_and_its_own_answers_are_told_apart() {
    const WEBSOCKET: &str = "proxy_pass {to}; proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
        proxy_set_header Connection \"upgrade\"; proxy_set_header Host $host;";
    let peer = xrdp::start(SecurityLayer::Tls, Certificate::SelfSigned);
    let routes = || Routes::nowhere().with(NAME, peer.address().port(), peer.address());
    let pem = certificate::Kind::Gateway.chain().iter().map(|der| certificate::pem_of(der)).collect::<String>();
    let key = certificate::key_pem();
    let target = format!("{NAME}:{}", peer.address().port());

    let served = Served::start("schemes = ['Basic realm=\"gw\"']", routes());
    let location = format!("location /remoteDesktopGateway/ {{ {WEBSOCKET} }}");
    let nginx = front::nginx_http((&pem, &key), &location, served.gateway.address());
    let output = served.run_by(nginx.address(), &["-o", "json", &target]);
    let passed = report(&output);
    assert_eq!(passed["verdict"]["exit_code"], 0, "{passed:#}\n{}", nginx.log());
    assert_eq!(passed["gateway"]["credentials"]["result"], "accepted", "{passed:#}");
    let seen = served.finish();
    assert_eq!((seen.logons, seen.closed_channels), (1, 1), "{seen:?}");

    let answers = [
        ("location / { return 302 https://gw.lab.test/RDWeb; }", "gateway-http-redirect"),
        ("location / { return 404; }", "gateway-http-not-found"),
        // It knows the usual methods only where it has files to give.
        ("location /other { return 200; }", "gateway-http-method"),
        ("location / { proxy_pass http://127.0.0.1:9; }", "gateway-http-upstream"),
        ("location / { return 503; }", "gateway-http-unavailable"),
        ("location / { return 403; }", "gateway-http-forbidden"),
    ];
    for (location, rule) in answers {
        let served = Served::start("", routes());
        let nginx = front::nginx_http((&pem, &key), location, served.gateway.address());
        let output = served.run_by(nginx.address(), &["-o", "json", &target]);
        let answered = report(&output);
        let verdict = &answered["verdict"];
        assert_eq!(
            (&verdict["rule"], &verdict["exit_code"]),
            (&json!(rule), &json!(21)),
            "{location}: {verdict:#}"
        );
        assert!(
            verdict.to_string().contains("nginx") || answered.to_string().contains("nginx"),
            "{answered:#}"
        );
        assert_eq!(served.finish().requests, 0, "{location}");
    }
}

/// A scenario whose gateway departs so, before a target that waits for a request.
fn departing(at: GatewayPoint, how: Departs, close: Option<Ending>) -> Scenario {
    let text = "title = \"t\"\n[target]\nhost = \"srv1.lab.test\"\n[plan]\nstage_ms = { gateway_tls = 200, gateway_http = 200, \
                gateway_auth = 200, gateway_tunnel = 200, gateway_authorization = 200, gateway_channel = 200, \
                connection_initiation = 200 }\n[gateway]\n[[connection]]\nsteps = [{ expect = \"connection_request\" }]\n\
                [expect]\noutcome = \"reachable\"\nexit = 0\n";
    let mut scenario = Scenario::parse("departs", text).unwrap();
    let mut departure = Departure::new(at, how);
    departure.close = close;
    let mut table = GatewayTable::default();
    table.consent = Some("Members only".into());
    table.departs = Some(departure);
    scenario.plan.accept_consent = true;
    scenario.gateway = Some(table);
    scenario
}

/// Where an answer is due, the stage that waits for it, and the exit code of what comes in its place.
const DUE: [(GatewayPoint, Stage, u8); 6] = [
    (GatewayPoint::Http, Stage::GatewayHttp, 21),
    (GatewayPoint::Auth, Stage::GatewayAuth, 22),
    (GatewayPoint::Handshake, Stage::GatewayTunnel, 21),
    (GatewayPoint::Create, Stage::GatewayTunnel, 21),
    (GatewayPoint::Authorization, Stage::GatewayAuthorization, 21),
    (GatewayPoint::Channel, Stage::GatewayChannel, 21),
];

/// What is told where so many octets of the answer came, and then this: more than none, and less than all.
fn rule_of_cut(at: GatewayPoint, two_channels: bool, octets: usize, ending: Ending) -> &'static str {
    // What is shorter than the head of a packet may be of the seed, which such a body begins with.
    let none = octets == 0 || two_channels && at == GatewayPoint::Handshake && octets < 8;
    let logon = at == GatewayPoint::Auth;
    match (none, ending) {
        (false, _) if logon => "gateway-logon-unreadable",
        (false, _) => "gateway-answer-cut",
        (true, Ending::Silent) if logon => "gateway-logon-silent",
        (true, _) if logon => "gateway-logon-closed",
        (true, Ending::Silent) if two_channels && at == GatewayPoint::Handshake => "gateway-in-kept-back",
        (true, Ending::Silent) => "gateway-silent",
        (true, Ending::Reset) => "gateway-reset",
        (true, Ending::Fin | Ending::CloseNotify | Ending::FailsHere | Ending::BeforeTheNextWrite) => {
            "gateway-closed"
        }
    }
}

#[test]
fn an_answer_that_is_cut_at_any_octet_is_told_at_the_stage_that_waited() {
    let awaited = |evidence: &Evidence| evidence.failure().map(|failure| (failure.stage, failure.awaiting));
    for (at, stage, exit) in DUE {
        for ending in [Ending::CloseNotify, Ending::Reset, Ending::Silent] {
            let all = departing(at, Departs::Cut(usize::MAX), Some(ending));
            let by_two_channels = all.over_two_channels().unwrap();
            for (all, two_channels) in [(all, false), (by_two_channels, true)] {
                let cut_to = |octets| {
                    let mut scenario = all.clone();
                    scenario.gateway.as_mut().unwrap().departs.as_mut().unwrap().how = Departs::Cut(octets);
                    machine::play(&scenario)
                };
                let played = machine::play(&all);
                let [whole] = played.seen.cut[..] else { panic!("{}: {:?}", all.name, played.seen) };
                assert!(whole >= 18, "{}: {at:?}: {whole} octets", all.name);
                let nothing = awaited(&cut_to(0).evidence);
                for octets in 0..whole {
                    let name = format!("{}: {at:?} {octets} of {whole}, {ending:?}", all.name);
                    let played = cut_to(octets);
                    assert_eq!(played.seen.cut, [whole], "{name}");
                    let (verdict, awaited) = (diagnose(&played.evidence).verdict, awaited(&played.evidence));
                    assert_eq!((awaited, awaited.map(|(stage, _)| stage)), (nothing, Some(stage)), "{name}");
                    let rule = rule_of_cut(at, two_channels, octets, ending);
                    assert_eq!(
                        (verdict.rule.map(|rule| rule.id), verdict.exit, verdict.hop),
                        (Some(rule), exit, Some(Hop::Gateway)),
                        "{name}"
                    );
                }
                // What ends behind the whole was waited for by the next one.
                let name = format!("{}: {at:?} {whole}, {ending:?}", all.name);
                let next = awaited(&cut_to(whole).evidence);
                assert!(next.is_some() && next != nothing, "{name}: {next:?}");
                assert_eq!(awaited(&played.evidence), next, "{name}: there is no more of it");
            }
        }
    }
}

#[test]
fn a_gateway_that_drops_in_any_stage_is_told_in_that_stage() {
    let open = (GatewayPoint::Open { after: 1 }, Stage::ConnectionInitiation, 27);
    for (at, stage, exit) in DUE.into_iter().chain([(GatewayPoint::Tls, Stage::GatewayTls, 20), open]) {
        for ending in [Ending::Fin, Ending::Reset, Ending::Silent] {
            let scenario = departing(at, Departs::Nothing, Some(ending));
            let by_two_channels = scenario.over_two_channels().unwrap();
            for scenario in [scenario, by_two_channels] {
                let (report, _) = on_runtime(crate::scenarios::driven(&scenario)).unwrap();
                let verdict = &report.diagnosis.verdict;
                // Whoever says nothing behind an open channel may be the target as well.
                let silent = stage == Stage::ConnectionInitiation && ending == Ending::Silent;
                let (exit, hop) = if silent { (30, Hop::Target) } else { (exit, Hop::Gateway) };
                assert_eq!(
                    (verdict.stage, verdict.hop, verdict.exit),
                    (Some(stage), Some(hop), exit),
                    "{}: {at:?} {ending:?}",
                    scenario.name
                );
                assert!(verdict.rule.is_some(), "{}: {at:?} {ending:?}", scenario.name);
            }
        }
    }
}

/// More than any client takes of what never ends.
const AT_MOST: usize = 256 << 20;

/// How a gateway departs that says this at a place, beside frames and chunks, and then that without end.
fn without_end(at: &str, first: Option<&[u8]>, then: &[u8]) -> String {
    let hex = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x} ")).collect::<String>();
    let first = first.map(|first| format!("raw = \"{}\", ", hex(first))).unwrap_or_default();
    let then = hex(then);
    format!("departs = {{ stage = {at}, {first}endless = {{ octets = \"{then}\", at_most = {AT_MOST} }} }}")
}

#[test]
fn what_never_ends_is_given_up_by_its_octets_with_little_memory() {
    /// More than is read of any of it, with what the sockets of both ends hold.
    const FEW: usize = 32 << 20;
    /// As long as nothing takes that its octets end.
    const LIMIT: Duration = Duration::from_secs(20);
    const KEEPALIVE: &[u8] = b"\x0d\0\0\0\x08\0\0\0";
    const SERVICE: &[u8] = b"\x0b\0\0\0\x10\0\0\0\x06\0\x4f\0\x4b\0\0\0";
    const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
    const QUESTION: &[u8] = b"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n";
    const HANDSHAKE: &str = "\"gateway_tunnel\", step = \"handshake\"";
    const OPEN: &str = "\"open\", after = 1";
    const STATUS: Option<&[u8]> = Some(b"HTTP/1.1 200 OK\r\n");
    let endless = |at, then| without_end(at, None, then);
    let by_two = |departs: String| format!("websocket = false\n{departs}");
    let on_in = |at: &str, first: Option<&[u8]>, then: &[u8]| {
        by_two(without_end(&format!("{at}, channel = \"in\""), first, then))
    };
    // In place of a chunk of OUT.
    let no_chunk = |first, then| format!("chunked = true\n{}", by_two(without_end(OPEN, Some(first), then)));
    let (http, tunnel, initiation) = (Stage::GatewayHttp, Stage::GatewayTunnel, Stage::ConnectionInitiation);
    let broken = (initiation, "gateway-broken-tunnel", 27);
    let unreadable = (tunnel, "gateway-answer-unreadable", 21);
    let cases = [
        (by_two(endless(HANDSHAKE, b"\xab\xcd")), unreadable),
        (by_two(endless(HANDSHAKE, SERVICE)), (tunnel, "gateway-other-packet", 21)),
        (by_two(endless(OPEN, KEEPALIVE)), broken),
        (on_in("\"gateway_auth\"", None, CONTINUE), (http, "gateway-in-refused", 21)),
        (on_in("\"gateway_auth\"", STATUS, b"X: 1\r\n"), (http, "gateway-in-unanswered", 21)),
        (on_in("\"gateway_auth\"", STATUS, b"X"), (http, "gateway-in-unanswered", 21)),
        (on_in("\"gateway_auth\"", None, QUESTION), (http, "gateway-in-refused", 21)),
        (on_in("\"open\"", None, b"\xab\xcd"), unreadable),
        (on_in("\"open\"", None, CONTINUE), unreadable),
        (no_chunk(b"-1\r\n", KEEPALIVE), broken),
        (no_chunk(b"11111111111111111\r\n", KEEPALIVE), broken),
        (no_chunk(b"1", b"1"), broken),
        (no_chunk(b"8;", b"x"), broken),
        (no_chunk(b"0\r\n", b"t: t\r\n"), broken),
        (no_chunk(b"0\r\n", b"t"), broken),
        (endless("\"gateway_tls\"", b"\x16\x03\x03\x40\0"), (Stage::GatewayTls, "gateway-tls-failed", 20)),
        (without_end("\"gateway_http\"", STATUS, b"X: 1\r\n"), (http, "gateway-not-http", 21)),
        (without_end("\"gateway_http\"", STATUS, b"X"), (http, "gateway-not-http", 21)),
        (endless("\"gateway_http\"", b"A"), (http, "gateway-not-http", 21)),
        (endless("\"gateway_auth\"", CONTINUE), (http, "gateway-http-other", 21)),
        (endless(HANDSHAKE, SERVICE), (tunnel, "gateway-other-packet", 21)),
        (
            endless("\"gateway_authorization\"", b"\x0e\0\0\0\xff\xff\0\0"),
            (Stage::GatewayAuthorization, "gateway-answer-unreadable", 21),
        ),
        (endless("\"gateway_channel\"", KEEPALIVE), (Stage::GatewayChannel, "gateway-other-packet", 21)),
        (endless(OPEN, KEEPALIVE), broken),
    ];
    for (table, (stage, rule, exit)) in cases {
        let (report, seen) = given_up(&table, LIMIT);
        let verdict = &report["verdict"];
        let told = (&verdict["stage"], &verdict["rule"], &verdict["exit_code"]);
        assert_eq!(told, (&json!(stage.id()), &json!(rule), &json!(exit)), "{table}: {verdict:#}");
        let failed = report["stages"].as_array().unwrap().iter().find(|stage| stage["outcome"] == "failed");
        let took = failed.and_then(|failed| failed["duration_us"].as_u64()).map(Duration::from_micros);
        assert!(took.is_some_and(|took| took < LIMIT), "{table}: {failed:?}");
        assert!((1..FEW).contains(&seen.endless), "{table}: {} octets went out", seen.endless);
        assert_eq!(seen.violations, [""; 0], "{table}");
    }
    // DATA of nothing says nothing, and is let pass for as long as the stage lasts: it takes time, and no memory.
    let table = endless(OPEN, b"\x0a\0\0\0\x0a\0\0\0\0\0");
    let (report, _) = given_up(&table, Duration::from_secs(2));
    let verdict = &report["verdict"];
    assert_eq!((&verdict["rule"], &verdict["stage"]), (&json!("no-answer"), &json!(initiation.id())));
}

/// What the program tells of a gateway of this table when each stage has this limit, and it has little memory.
fn given_up(table: &str, limit: Duration) -> (Value, Seen) {
    let peer = port::find(|port| std::net::TcpListener::bind(("127.0.0.1", port))).unwrap().1;
    let port = peer.local_addr().unwrap().port();
    let served = Served::start(table, Routes::nowhere().with(NAME, port, peer.local_addr().unwrap()));
    let target = format!("{NAME}:{port}");
    let limits: Vec<String> = ["gateway_tls", "gateway_http", "gateway_auth", "gateway_tunnel"]
        .into_iter()
        .chain(["gateway_authorization", "gateway_channel", "connection_initiation"])
        .flat_map(|stage| ["--stage-timeout".to_owned(), format!("{stage}={}s", limit.as_secs())])
        .collect();
    let arguments: Vec<&str> =
        limits.iter().map(String::as_str).chain(["--timeout", "60s", "-o", "json", &target]).collect();
    // The whole address space, code and stacks included: more than is resident.
    let output = binary::within_memory(64 << 20, || served.run(&arguments));
    (report(&output).clone(), served.finish())
}

#[test]
fn no_output_holds_a_password_or_a_token_and_nothing_secret_goes_to_whom_nobody_knows() {
    let peer = port::find(|port| std::net::TcpListener::bind(("127.0.0.1", port))).unwrap().1;
    let port = peer.local_addr().unwrap().port();
    let target = format!("{NAME}:{port}");
    let known = [
        "",
        "accepts = \"token\"",
        "departs = { stage = \"gateway_auth\", status = 401 }",
        "websocket = false",
        "websocket = false\naccepts = \"token\"",
    ];
    let unknown =
        ["certificate = \"good\"", "certificate = \"ca_signed\"", "certificate = \"gateway_expired\""];
    for (table, trusted) in
        known.into_iter().map(|table| (table, true)).chain(unknown.map(|table| (table, false)))
    {
        for output in ["human", "json", "ndjson", "line"] {
            let served = Served::start(table, Routes::nowhere().with(NAME, port, peer.local_addr().unwrap()));
            let secrets = [served.table.password.clone(), served.table.token.clone()];
            let basic = rdp_probe_core::base64(format!("{}:{}", served.table.user, secrets[0]).as_bytes());
            let run = served.run(&["-vv", "-o", output, "--stage-timeout", "x224=300ms", &target]);
            let text = run.stdout + &run.stderr;
            for secret in secrets.iter().chain([&basic]) {
                assert!(!text.contains(secret.as_str()), "{table} {output}: {text}");
            }
            let seen = served.finish();
            assert_eq!(seen.secrets_seen.is_empty(), !trusted, "{table} {output}: {seen:?}");
            // A token goes into the tunnel, which is one.
            let channels = 1 + usize::from(table == "websocket = false");
            assert_eq!(seen.logons, usize::from(trusted) * channels, "{table} {output}");
            if !trusted {
                assert!(
                    output == "line" || text.contains("--gateway-pin") || output.contains("json"),
                    "{text}"
                );
            }
        }
    }
}

#[test]
fn the_pin_that_is_named_opens_the_way() {
    let served = Served::start("certificate = \"good\"", Routes::nowhere());
    let refused = served.run(&["-o", "json", "srv1.lab.test"]);
    let remedy = report(&refused)["causes"][0]["remedy"].as_str().unwrap().to_owned();
    let pin = remedy.split_whitespace().skip_while(|word| *word != "--gateway-pin").nth(1).unwrap().to_owned();
    assert_eq!(refused.status, Some(20), "{remedy}");
    let opened = served.run(&["-o", "json", "--gateway-pin", &pin, "srv1.lab.test"]);
    assert_eq!(report(&opened)["verdict"]["rule"], "gateway-target-not-reached", "{}", opened.stdout);
    served.finish();
}

/// How the client takes turns until the channel is open; connecting is a round trip before the first one.
fn turns(table: &str, scheme: Option<AuthMethod>) -> (usize, Report) {
    on_runtime(async {
        let table = GatewayTable::parse("turns", table).unwrap();
        let peer = port::find(|port| std::net::TcpListener::bind(("127.0.0.1", port))).unwrap().1;
        let (port, address) = (peer.local_addr().unwrap().port(), peer.local_addr().unwrap());
        let served = ScriptedGateway::start(&table, Routes::nowhere().with(NAME, port, address)).unwrap();
        let gateway = Gateway::new(Host::parse("gw.lab.test").unwrap(), served.address().port());
        let gateway = gateway.trust(certificate::authority_pem().as_bytes()).unwrap();
        let gateway = gateway.resolve_to(vec![served.address()]);
        let gateway = scheme.into_iter().fold(gateway, Gateway::auth);
        let token = table.accepts == rdp_probe_testkit::scenario::Accepts::Token;
        let gateway = if token {
            gateway.token(table.token.clone().into()).unwrap()
        } else {
            gateway.credentials(Credentials::new(&table.user, None, table.password.clone()).unwrap())
        };
        let counting = Counting::as_one();
        let probe = Probe::builder(Target::new(Host::parse(NAME).unwrap(), port)).gateway(gateway);
        let probe = probe.until(Stage::GatewayChannel).network(Arc::new(counting.clone()));
        let report = probe.build().unwrap().run().await;
        let seen = served.finish().await;
        assert_eq!((seen.closed_channels, seen.violations), (1, Vec::new()));
        let all = counting.turns();
        let [turns] = all.as_slice() else { panic!("one count: {all:?}") };
        (*turns, report)
    })
}

#[test]
fn channel_is_open_after_nine_round_trips_by_ntlm_ten_in_the_tunnel_eight_by_basic_seven_with_a_token() {
    let ntlm = "accepts = \"ntlm\"";
    for (table, scheme, trips) in [
        (ntlm, None, 9),
        (ntlm, Some(AuthMethod::Ntlm), 8),
        ("accepts = \"ntlm\"\nschemes = [\"Negotiate\"]", None, 9),
        (ntlm, Some(AuthMethod::Negotiate), 8),
        ("accepts = \"ntlm\"\nschemes = [\"SSPI_NTLM\"]", None, 10),
        ("", None, 8),
        ("accepts = \"token\"", None, 7),
    ] {
        let (turns, report) = turns(table, scheme);
        assert_eq!(report.exit_code(), 0, "{:?}", report.evidence);
        assert_eq!(report.evidence.gateway_logon_result(), LogonResult::Accepted);
        // Connecting is one of them, and the last two turns are the leave: CLOSE_CHANNEL, and the end of the carrier.
        assert_eq!(turns + 1 - 2, trips, "{table}");
        assert!(
            report.evidence.gateway_facts().any(|fact| fact.id() == "channel_left"),
            "{:?}",
            report.evidence
        );
    }
}

#[test]
fn two_channels_are_open_after_those_of_the_second_connection_beside() {
    let ntlm = "accepts = \"ntlm\"";
    for (table, scheme, trips, second) in [
        // Beside: connecting, TLS, and the logon without the question for it.
        (ntlm, None, 9, 4),
        (ntlm, Some(AuthMethod::Ntlm), 8, 4),
        ("accepts = \"ntlm\"\nschemes = [\"SSPI_NTLM\"]", None, 10, 3),
        ("", None, 8, 3),
        ("accepts = \"token\"", None, 7, 3),
    ] {
        let (turns, report) = turns(&format!("websocket = false\n{table}"), scheme);
        assert_eq!(report.exit_code(), 0, "{:?}", report.evidence);
        assert_eq!(report.evidence.gateway_logon_result(), LogonResult::Accepted);
        // Connecting is one of them, twice, and the last two turns are the leave.
        assert_eq!(turns + 2 - 2, trips + second, "{table}");
    }
}

#[test]
fn leaving_a_gateway_that_confirms_nothing_takes_no_longer_than_its_limit() {
    on_runtime(async {
        let mut scenario = departing(GatewayPoint::Open { after: 0 }, Departs::Nothing, None);
        scenario.plan.until = Some(Stage::GatewayChannel);
        let began = std::time::Instant::now();
        let (report, _) = crate::scenarios::driven(&scenario).await.unwrap();
        assert_eq!(report.exit_code(), 0, "{:?}", report.evidence);
        assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    });
}

/// What is denied in the tunnel is a rejection, though HTTP had let the account pass; and whoever is accepted once may come again.
#[test]
fn an_account_that_a_gateway_rejects_is_not_shown_to_it_for_another_target() {
    let denied = "departs = { stage = \"gateway_tunnel\", step = \"create\", code = \"0x8009030C\" }";
    let rejected = "departs = { stage = \"gateway_auth\", status = 401 }";
    let ntlm = |departs: &str| format!("accepts = \"ntlm\"\n{departs}");
    // Its target info is none, which the library that would answer it does not take: nothing goes out, and nobody is stopped.
    let broken = "TlRMTVNTUAACAAAABgAGADgAAAA1goniEREREREREREAAAAAAAAAAAQABAA+AAAACgB8TwAAAA9MAEEAQgACAP//";
    let broken = format!(
        "departs = {{ stage = \"gateway_auth\", step = \"challenge\", status = 401, headers = [\"WWW-Authenticate: NTLM {broken}\"] }}"
    );
    let once = (1, [22, 54, 54]);
    for (table, (logons, exits)) in [
        (String::new(), (3, [25; 3])),
        (denied.to_owned(), once),
        (rejected.to_owned(), once),
        (ntlm(""), (3, [25; 3])),
        (ntlm(denied), once),
        (ntlm(rejected), once),
        (ntlm(&broken), (0, [22; 3])),
    ] {
        on_runtime(async {
            let table = GatewayTable::parse("targets", &table).unwrap();
            let served = ScriptedGateway::start(&table, Routes::nowhere()).unwrap();
            let gateway = Gateway::new(table.host.clone(), served.address().port());
            let gateway = gateway.trust(certificate::authority_pem().as_bytes()).unwrap();
            let credentials = Credentials::new(&table.user, None, table.password.clone()).unwrap();
            let gateway = gateway.resolve_to(vec![served.address()]).credentials(credentials);
            let prober = rdp_probe::Prober::new().gateway(gateway);
            let mut got = Vec::new();
            for name in ["srv1", "srv2", "srv3"] {
                let probe = prober.probe(Target::new(Host::parse(name).unwrap(), 3389)).build().unwrap();
                got.push(probe.run().await.exit_code());
            }
            assert_eq!(got, exits);
            assert_eq!(served.finish().await.logons, logons);
        });
    }
}

#[test]
fn a_gateway_by_its_address_and_one_of_two_addresses_are_gone_through() {
    let served = Served::start("", Routes::nowhere());
    let port = served.gateway.address().port();
    let root = certificate::root_file(&certificate::authority()).unwrap();
    let common = ["--gateway-ca", root.to_str().unwrap(), "--gateway-user", "gwuser", "-o", "json", NAME];
    let password = [("RDG_PASSWORD", served.table.password.as_str())];
    let by_address = format!("127.0.0.1:{port}");
    let by_name = format!("gw.lab.test:{port}");
    let two = format!("{by_name}:127.0.0.2,127.0.0.1");
    for way in [vec!["-g", &by_address], vec!["-g", &by_name, "--resolve", &two]] {
        let output = binary::run_with(&password, &[&way[..], &common].concat());
        assert_eq!(
            report(&output)["verdict"]["rule"],
            "gateway-target-not-reached",
            "{way:?}: {}",
            output.stdout
        );
        assert_eq!(report(&output)["gateway"]["address"], by_address, "{way:?}");
    }
    assert_eq!(served.finish().logons, 2);
}

#[test]
fn a_gateway_that_refuses_or_does_not_answer_is_told_apart_by_the_program() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (refuses, silent, full) = runtime.block_on(async {
        let (refuses, listener) = port::listen([127, 0, 0, 1].into()).unwrap();
        drop(listener);
        let silent = port::listen([127, 0, 0, 1].into()).unwrap();
        (refuses, silent, FullBacklog::start([127, 0, 0, 1].into()).await.unwrap())
    });
    let cases = [
        (format!("127.0.0.1:{refuses}"), "gateway-refused", "tcp_connect"),
        (full.address().to_string(), "gateway-timed-out", "tcp_connect"),
        (format!("127.0.0.1:{}", silent.0), "gateway-tls-timed-out", "gateway_tls"),
    ];
    for (gateway, rule, stage) in cases {
        let limits = ["--stage-timeout", "tcp_connect=300ms", "--stage-timeout", "gateway_tls=300ms"];
        let output = binary::run(&[&["-g", &gateway, "-o", "json", NAME][..], &limits].concat());
        let verdict = &report(&output)["verdict"];
        assert_eq!((&verdict["rule"], &verdict["stage"]), (&json!(rule), &json!(stage)), "{verdict:#}");
        assert_eq!((output.status, &verdict["hop"]), (Some(20), &json!("gateway")), "{verdict:#}");
    }
}
