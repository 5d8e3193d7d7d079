//! A run that is over makes no further connection: whoever started it ended it, or its own limit did, at whichever stage.
use std::net::SocketAddr;
use std::time::Duration;

use rdp_probe_core::wire::tls::{CipherSuite, Version};
use rdp_probe_core::{
    Account, AuthFault, AuthOutput, Close, DialFault, DialFaultKind, Event, Gateway, GatewayLogon, Hop, Host,
    Link, Plan, Run, Security, SignatureCheck, Stage, TlsFault, TlsFaultKind, TlsSession, Trust, Wants,
};
use rdp_probe_testkit::Scenario;
use rdp_probe_testkit::gateway::accepted;
use rdp_probe_testkit::scenario::Step;

/// A Connection Confirm that selects this protocol ([MS-RDPBCGR] 2.2.1.2.1).
const fn confirm(protocol: u8) -> [u8; 19] {
    [3, 0, 0, 0x13, 0x0E, 0xD0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, protocol, 0, 0, 0]
}

/// What a server says in these steps of a script, of one that does not encrypt and does without joins.
fn said(steps: &str) -> Vec<Vec<u8>> {
    let text = format!(
        "title = \"t\"\n[[connection]]\nsteps = [{steps}]\n[expect]\noutcome = \"reachable\"\nexit = 0"
    );
    let scenario = Scenario::parse("said", &text).unwrap();
    let octets = |step: &Step| if let Step::Send(octets) = step { octets.clone() } else { panic!("{step:?}") };
    scenario.connections[0].steps.iter().map(octets).collect()
}

/// A run that wants everything there is, up to the stage, with the selected protocol on the way.
fn run_to(stage: Stage, security: Security, protocol: u8) -> Run {
    let mut plan = Plan::new(Host::parse("srv1.lab.test").unwrap(), 3389);
    (plan.enumerate, plan.all_addresses, plan.security) = (true, true, security);
    if stage.rank() > plan.until.rank() {
        plan.until = stage;
    }
    let mut run = Run::new(plan);
    let attempt = run.next().unwrap();
    run.start(&attempt, Duration::ZERO);
    let addresses = [1, 2].map(|last| SocketAddr::from(([192, 0, 2, last], 3389)));
    let session = TlsSession {
        version: Version::TLS_1_3,
        cipher: CipherSuite(0x1302),
        chain: Vec::new(),
        trust: None,
        signature: SignatureCheck::Verified,
    };
    let confirm = confirm(protocol);
    let behind = said(
        "{ connect_response = { requested = \"0x0B\", early_flags = 8 } }, { say = \"attached\" }, { say = \"valid_client\" }, \
         { say = \"demand_active\" }",
    );
    let [response, attached, license, demand] = behind.as_slice() else { panic!("four messages") };
    let way = [
        Event::Resolved(Ok(addresses.to_vec())),
        Event::Dialed(Ok(Link { peer: addresses[0], local: None })),
        Event::Pdu(&confirm),
        Event::Tls { before: 0, answer: Ok(session) },
        Event::Pdu(response),
        Event::Pdu(attached),
        Event::Sent,
        Event::Pdu(license),
        Event::Pdu(demand),
    ];
    for (event, at) in way.into_iter().zip(1..) {
        if run.stage() == Some(stage) {
            break;
        }
        // Without TLS there is no handshake.
        if matches!(event, Event::Tls { .. }) && run.stage() != Some(Stage::Tls) {
            continue;
        }
        run.on(event, Duration::from_millis(at));
    }
    assert_eq!(run.stage(), Some(stage));
    run
}

/// The stages, each with the protocol that leads there, and how that is asked for.
const STAGES: [(Stage, Security, u8); 19] = [
    (Stage::Resolve, Security::Auto, 0),
    (Stage::TcpConnect, Security::Auto, 0),
    (Stage::ConnectionInitiation, Security::Auto, 0),
    (Stage::Tls, Security::Auto, 1),
    (Stage::Credssp, Security::Auto, 2),
    (Stage::Rdstls, Security::Rdstls, 4),
    (Stage::Rdsaad, Security::Aad, 0x10),
    (Stage::BasicSettingsExchange, Security::Auto, 0),
    (Stage::BasicSettingsExchange, Security::Auto, 1),
    (Stage::ChannelConnection, Security::Auto, 0),
    (Stage::ChannelConnection, Security::Auto, 1),
    (Stage::SecureSettingsExchange, Security::Auto, 0),
    (Stage::SecureSettingsExchange, Security::Auto, 1),
    (Stage::Licensing, Security::Auto, 0),
    (Stage::Licensing, Security::Auto, 1),
    (Stage::CapabilitiesExchange, Security::Auto, 0),
    (Stage::CapabilitiesExchange, Security::Auto, 1),
    (Stage::ConnectionFinalization, Security::Auto, 0),
    (Stage::ConnectionFinalization, Security::Auto, 1),
];

/// The end of a run, as the driver reports it in this stage.
fn end(stage: Stage, how: Close, fault: DialFaultKind) -> Event<'static> {
    if stage == Stage::Resolve {
        Event::Resolved(Err(DialFault::new(fault)))
    } else if stage == Stage::TcpConnect {
        Event::Dialed(Err(DialFault::new(fault)))
    } else if stage == Stage::Tls {
        Event::Tls { before: 0, answer: Err(TlsFault::new(TlsFaultKind::Closed(how), &[])) }
    } else {
        Event::Closed { how, partial: &[] }
    }
}

#[test]
fn every_stage_can_be_interrupted_and_nobody_else_is_blamed() {
    for (stage, security, protocol) in STAGES {
        let mut run = run_to(stage, security, protocol);
        run.on(end(stage, Close::Cancelled, DialFaultKind::Cancelled), Duration::from_secs(1));
        let failure = run.evidence().failure().unwrap();
        assert_eq!((failure.stage, failure.hop), (stage, Hop::Client), "{protocol}");
        assert!(run.evidence().is_over() && run.next().is_none(), "{stage}, {protocol}");
    }
    // What lies behind a logon is interrupted in cut_short.rs.
    let mut direct =
        Stage::BUILT.iter().filter(|stage| !stage.is_gateways() && **stage != Stage::EarlyUserAuth);
    assert!(direct.all(|built| STAGES.iter().any(|(stage, ..)| stage == built)));
}

/// A run that logs on at a gateway with a token, as far as this stage.
fn run_through_gateway_to(stage: Stage) -> Run {
    let mut plan = Plan::new(Host::parse("srv1.lab.test").unwrap(), 3389);
    let mut gateway = Gateway::new(Host::parse("192.0.2.9").unwrap(), Gateway::PORT);
    let account = Account::parse("gwuser", None).unwrap();
    gateway.logon = GatewayLogon::Account(account);
    plan.gateway = Some(Box::new(gateway));
    let mut run = Run::new(plan);
    run.begin(Duration::ZERO);
    let peer = SocketAddr::from(([192, 0, 2, 9], 443));
    let session = TlsSession {
        version: Version::TLS_1_3,
        cipher: CipherSuite(0x1302),
        chain: Vec::new(),
        trust: Some(Trust::Trusted),
        signature: SignatureCheck::Verified,
    };
    let challenge =
        b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"gw\"\r\nContent-Length: 0\r\n\r\n";
    let mut at = 1;
    let mut key = String::new();
    while run.stage() != Some(stage) {
        let request = String::from_utf8_lossy(&run.take_octets()).into_owned();
        let sent = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        key = sent.map_or(key, str::to_owned);
        let upgrade = format!("HTTP/1.1 101 Up\r\nSec-WebSocket-Accept: {}\r\n\r\n", accepted(&key));
        let event = match (run.stage().unwrap(), run.wants().unwrap()) {
            (_, Wants::Dial { .. }) => Event::Dialed(Ok(Link { peer, local: None })),
            (_, Wants::Tls { .. }) => Event::Tls { before: 0, answer: Ok(session.clone()) },
            (_, Wants::Auth { .. }) => {
                Event::Auth(Ok(AuthOutput::Token { token: b"eDp5".to_vec(), done: true }))
            }
            (_, Wants::Carry(_)) => Event::Carried,
            (Stage::GatewayHttp, _) => Event::Pdu(challenge),
            (Stage::GatewayAuth, _) => Event::Pdu(upgrade.as_bytes()),
            (Stage::GatewayTunnel, _) if at < 9 => {
                Event::Pdu(&[2, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0])
            }
            (Stage::GatewayTunnel, _) => Event::Pdu(&[5, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            (Stage::GatewayAuthorization, _) => Event::Pdu(&[7, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
            (other, wants) => panic!("{other}: {wants:?}"),
        };
        run.on(event, Duration::from_millis(at));
        at = if run.evidence().gateway_facts().any(|fact| fact.id() == "gateway_version") { 9 } else { 1 };
    }
    run
}

#[test]
fn every_stage_of_a_gateway_can_be_interrupted_and_has_its_limit() {
    for stage in Stage::BUILT.into_iter().filter(|stage| stage.is_gateways()) {
        for how in [
            Close::Cancelled,
            Close::TimedOut { limit: stage.limit(), overall: false },
            Close::TimedOut { limit: Duration::from_secs(20), overall: true },
        ] {
            let mut run = run_through_gateway_to(stage);
            let event = match run.wants().unwrap() {
                Wants::Tls { .. } => {
                    Event::Tls { before: 0, answer: Err(TlsFault::new(TlsFaultKind::Closed(how), &[])) }
                }
                Wants::Auth { .. } => Event::Auth(Err(AuthFault::Closed(how))),
                // Putting a carrier in its place takes no time: what it is for is waited for behind it.
                Wants::Carry(_) => {
                    run.on(Event::Carried, Duration::from_millis(9));
                    Event::Closed { how, partial: &[] }
                }
                Wants::Resolve { .. } | Wants::Dial { .. } | Wants::Pdu(_) | Wants::Send | _ => {
                    Event::Closed { how, partial: &[] }
                }
            };
            let context = matches!(event, Event::Auth(_));
            run.on(event, Duration::from_secs(1));
            let failure = run.evidence().failure().unwrap();
            let hop = if how == Close::Cancelled || context { Hop::Client } else { Hop::Gateway };
            assert_eq!((failure.stage, failure.hop), (stage, hop), "{how:?}");
            let over = matches!(how, Close::Cancelled | Close::TimedOut { overall: true, .. });
            assert_eq!(run.evidence().is_over(), over, "{stage} {how:?}");
        }
    }
}

#[test]
fn limit_of_the_run_ends_it_in_every_stage() {
    for (stage, security, protocol) in STAGES {
        for overall in [true, false] {
            let mut run = run_to(stage, security, protocol);
            let limit = Duration::from_secs(1);
            let (how, fault) = (Close::TimedOut { limit, overall }, DialFaultKind::TimedOut { limit, overall });
            run.on(end(stage, how, fault), limit);
            if run.stage() == Some(Stage::TcpConnect) {
                // There is another address, unless the time is over.
                assert!(!overall, "{stage}");
                continue;
            }
            let failure = run.evidence().failure().unwrap();
            assert_ne!(failure.hop, Hop::Client, "{stage}");
            assert_eq!((failure.stage, run.evidence().is_over()), (stage, overall), "{protocol}");
            assert!(!overall || run.next().is_none(), "{stage}, {protocol}");
        }
    }
}
