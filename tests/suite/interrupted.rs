//! A run that is over makes no further connection: whoever started it ended it, or its own limit did, at whichever stage.
use std::net::SocketAddr;
use std::time::Duration;

use rdp_probe_core::wire::tls::{CipherSuite, Version};
use rdp_probe_core::{
    Close, DialFault, DialFaultKind, Event, Hop, Host, Link, Plan, Run, Security, SignatureCheck, Stage,
    TlsFault, TlsFaultKind, TlsSession,
};

/// A Connection Confirm that selects this protocol ([MS-RDPBCGR] 2.2.1.2.1).
const fn confirm(protocol: u8) -> [u8; 19] {
    [3, 0, 0, 0x13, 0x0E, 0xD0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, protocol, 0, 0, 0]
}

/// A run that wants everything there is, up to the stage, with the selected protocol on the way.
fn run_to(stage: Stage, security: Security, protocol: u8) -> Run {
    let mut plan = Plan::new(Host::parse("srv1.lab.test").unwrap(), 3389);
    (plan.enumerate, plan.all_addresses, plan.security) = (true, true, security);
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
    let way = [
        Event::Resolved(Ok(addresses.to_vec())),
        Event::Dialed(Ok(Link { peer: addresses[0], local: None })),
        Event::Pdu(&confirm),
        Event::Tls { before: 0, answer: Ok(session) },
    ];
    for (event, at) in way.into_iter().zip(1..) {
        if run.stage() == Some(stage) {
            break;
        }
        run.on(event, Duration::from_millis(at));
    }
    assert_eq!(run.stage(), Some(stage));
    run
}

/// The stages, each with the protocol that leads there, and how that is asked for.
const STAGES: [(Stage, Security, u8); 9] = [
    (Stage::Resolve, Security::Auto, 0),
    (Stage::TcpConnect, Security::Auto, 0),
    (Stage::ConnectionInitiation, Security::Auto, 0),
    (Stage::Tls, Security::Auto, 1),
    (Stage::Credssp, Security::Auto, 2),
    (Stage::Rdstls, Security::Rdstls, 4),
    (Stage::Rdsaad, Security::Aad, 0x10),
    (Stage::BasicSettingsExchange, Security::Auto, 0),
    (Stage::BasicSettingsExchange, Security::Auto, 1),
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
    assert!(Stage::BUILT.iter().all(|built| STAGES.iter().any(|(stage, ..)| stage == built)));
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
