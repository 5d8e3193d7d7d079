//! Strategies for property tests: octets that look like what targets send, events, plans, walks, and evidence.
use std::net::SocketAddr;
use std::time::Duration;

use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Just, Strategy, any};
use proptest::sample::select;
use proptest::strategy::Union;
use rdp_probe_core::wire::tls::{AlertDescription, CipherSuite, Version};
use rdp_probe_core::{
    Account, Address, AuthFault, AuthOutput, Close, DialFault, DialFaultKind, Evidence, Family, Gateway, Host,
    Link, NotFollowed, Plan, Routing, Security, SignatureCheck, Stage, TlsBreak, TlsFault, TlsFaultKind,
    TlsSession, Trust, Unfollowed,
};

use crate::certificate::Kind;

mod gateway;
mod licensing;
mod mutated;
mod secured;
mod settings;

pub use gateway::{http_octets, tsgu_octets, websocket_octets};
pub use licensing::{LICENSE_MESSAGES, license_octets};
pub use secured::{credssp_octets, tls_octets};
pub use settings::mcs_octets;

use mutated::mutated;

pub use crate::gateway_messages::{HTTP_MESSAGES, TSGU_MESSAGES, WEBSOCKET_MESSAGES};
pub use crate::messages::{CREDSSP_MESSAGES, MCS_MESSAGES, MESSAGES, TLS_MESSAGES, confirm};
pub use crate::walk::{Happening, OwnedEvent, Walk};

/// Octets as a hostile target might send them: one of [`MESSAGES`], or what is left of it after an accident; a confirm
/// with values of any kind; or anything.
pub fn octets() -> impl Strategy<Value = Vec<u8>> {
    // A packet whose lengths agree, around anything.
    let framed = (any::<u8>(), vec(any::<u8>(), 0..64)).prop_map(|(code, body)| {
        let len = u8::try_from(body.len()).unwrap_or_default();
        let mut octets = vec![3, 0, 0, len + 6, len + 1, code];
        octets.extend(body);
        octets
    });
    let confirms =
        (2_u8..4, any::<u8>(), 0_u32..0x20).prop_map(|(kind, flags, value)| confirm(kind, flags, value));
    Union::new([mutated(MESSAGES).boxed(), framed.boxed(), confirms.boxed(), vec(any::<u8>(), 0..64).boxed()])
}

/// Every way to close.
pub fn close() -> impl Strategy<Value = Close> {
    Union::new([
        select(&[Close::Fin, Close::Reset, Close::CloseNotify, Close::Cancelled][..]).boxed(),
        any::<u8>().prop_map(Close::Alert).boxed(),
        (limit(), any::<bool>()).prop_map(|(limit, overall)| Close::TimedOut { limit, overall }).boxed(),
        option::of(any::<i32>()).prop_map(|os| Close::Broken { os }).boxed(),
        select(&[TlsBreak::WrongTag, TlsBreak::Flood, TlsBreak::Misbehaved][..])
            .prop_map(Close::TlsBroken)
            .boxed(),
        option::of(any::<i32>()).prop_map(|os| Close::Local { os }).boxed(),
    ])
}

/// The ways in which resolving and dialing fail, beside running out of time.
pub const DIAL_FAULTS: &[DialFaultKind] = &[
    DialFaultKind::NotFound,
    DialFaultKind::ResolverFailed,
    DialFaultKind::Refused,
    DialFaultKind::Reset,
    DialFaultKind::HostUnreachable,
    DialFaultKind::NetworkUnreachable,
    DialFaultKind::NotPermitted,
    DialFaultKind::LocalResources,
    DialFaultKind::Cancelled,
    DialFaultKind::Other,
];

/// Every way in which resolving and dialing fail.
pub fn dial_fault() -> impl Strategy<Value = DialFault> {
    let timed_out =
        (limit(), any::<bool>()).prop_map(|(limit, overall)| DialFaultKind::TimedOut { limit, overall });
    let kind = Union::new([select(DIAL_FAULTS).boxed(), timed_out.boxed()]);
    (kind, option::of(any::<i32>())).prop_map(|(kind, os)| match os {
        Some(os) => DialFault::with_os(kind, os),
        None => DialFault::new(kind),
    })
}

fn limit() -> impl Strategy<Value = Duration> {
    (0_u64..20_000).prop_map(Duration::from_millis)
}

/// Addresses of both families, few enough to meet again.
pub fn address() -> impl Strategy<Value = Address> {
    const ALL: &[&str] =
        &["127.0.0.1:3389", "127.0.0.2:3389", "192.0.2.7:3389", "[::1]:3389", "[2001:db8::7]:3389"];
    select(ALL).prop_filter_map("an address", |text| text.parse::<SocketAddr>().ok())
}

/// Every kind of event.
pub fn event() -> impl Strategy<Value = OwnedEvent> {
    let link = (address(), option::of(address())).prop_map(|(peer, local)| Link { peer, local });
    Union::new([
        vec(address(), 0..5).prop_map(|all| OwnedEvent::Resolved(Ok(all))).boxed(),
        dial_fault().prop_map(|fault| OwnedEvent::Resolved(Err(fault))).boxed(),
        link.prop_map(|link| OwnedEvent::Dialed(Ok(link))).boxed(),
        dial_fault().prop_map(|fault| OwnedEvent::Dialed(Err(fault))).boxed(),
        (0_usize..3, session())
            .prop_map(|(before, session)| OwnedEvent::Tls { before, answer: Ok(session) })
            .boxed(),
        (0_usize..3, tls_fault(), tls_octets())
            .prop_map(|(before, kind, octets)| OwnedEvent::Tls {
                before,
                answer: Err(TlsFault::new(kind, &octets)),
            })
            .boxed(),
        auth().prop_map(OwnedEvent::Auth).boxed(),
        octets().prop_map(OwnedEvent::Pdu).boxed(),
        credssp_octets().prop_map(OwnedEvent::Pdu).boxed(),
        tls_octets().prop_map(OwnedEvent::Pdu).boxed(),
        mcs_octets().prop_map(OwnedEvent::Pdu).boxed(),
        octets().prop_map(OwnedEvent::Stray).boxed(),
        (close(), octets()).prop_map(|(how, partial)| OwnedEvent::Closed { how, partial }).boxed(),
    ])
}

/// Whatever a security context may answer.
fn auth() -> impl Strategy<Value = Result<AuthOutput, AuthFault>> {
    let token = (octets(), any::<bool>()).prop_map(|(token, done)| Ok(AuthOutput::Token { token, done }));
    let faults = vec![AuthFault::Token, AuthFault::Altered, AuthFault::Local];
    Union::new([
        token.boxed(),
        octets().prop_map(|octets| Ok(AuthOutput::Sealed(octets))).boxed(),
        octets().prop_map(|octets| Ok(AuthOutput::Opened(octets))).boxed(),
        select(faults).prop_map(Err).boxed(),
        close().prop_map(|how| Err(AuthFault::Closed(how))).boxed(),
    ])
}

/// Handshakes with every kind of certificate, and with none.
pub fn session() -> impl Strategy<Value = TlsSession> {
    const SIGNATURES: &[SignatureCheck] =
        &[SignatureCheck::Verified, SignatureCheck::NotVerifiable, SignatureCheck::Wrong];
    const TRUST: &[Trust] = &[
        Trust::Trusted,
        Trust::UnknownIssuer,
        Trust::Expired,
        Trust::OtherName,
        Trust::NoName,
        Trust::Refused,
    ];
    let chain = Union::new([
        select(&Kind::ALL[..]).prop_map(Kind::chain).boxed(),
        vec(vec(any::<u8>(), 0..32), 0..3).boxed(),
    ]);
    let version = select(&[Version::TLS_1_2, Version::TLS_1_3][..]);
    let checks = (select(SIGNATURES), option::of(select(TRUST)));
    (version, any::<u16>(), chain, checks).prop_map(|(version, cipher, chain, (signature, trust))| TlsSession {
        version,
        cipher: CipherSuite(cipher),
        chain,
        signature,
        trust,
    })
}

/// Every way in which a handshake fails.
pub fn tls_fault() -> impl Strategy<Value = TlsFaultKind> {
    const KINDS: &[TlsFaultKind] = &[
        TlsFaultKind::NotTls,
        TlsFaultKind::Incompatible,
        TlsFaultKind::Misbehaved,
        TlsFaultKind::BadCertificate,
        TlsFaultKind::Local,
    ];
    Union::new([
        select(KINDS).boxed(),
        close().prop_map(TlsFaultKind::Closed).boxed(),
        any::<u8>().prop_map(|code| TlsFaultKind::Alert(AlertDescription(code))).boxed(),
    ])
}

/// Every plan.
pub fn plan() -> impl Strategy<Value = Plan> {
    let host = Union::new([
        Just(Host::Name("srv1.lab.test".to_owned())).boxed(),
        address().prop_map(|address| Host::Ip(address.ip())).boxed(),
    ]);
    let routing = Union::new([
        Just(Routing::None).boxed(),
        "[ -~]{0,250}".prop_map(Routing::Cookie).boxed(),
        vec(any::<u8>(), 0..250).prop_map(Routing::Token).boxed(),
    ]);
    let not_followed = (vec((select(&Unfollowed::ALL[..]), "[\\PC]{0,20}"), 0..3), any::<bool>());
    let routing = (routing, option::of("[\0-~]{0,40}"), not_followed);
    let limits = (limit(), option::of((select(&Stage::ALL[..]), limit())));
    let account = option::of(any::<bool>());
    let policy = (any::<(bool, bool)>(), vec(select(&Kind::ALL[..]), 0..3), any::<u32>(), account);
    let family = select(&[Family::Any, Family::V4, Family::V6][..]);
    let until = Union::new([
        Just(Stage::ConnectionInitiation).boxed(),
        Just(Stage::BasicSettingsExchange).boxed(),
        select(&Stage::ALL[..]).boxed(),
    ]);
    (host, select(&Security::ALL[..]), until, any::<(bool, bool, bool)>(), family, routing, limits, policy)
        .prop_map(
            |(
                host,
                security,
                until,
                (enumerate, second_look, all_addresses),
                family,
                (routing, blob, (not_followed, refuses_untrusted)),
                (overall, stage),
                ((asked, trust), pins, began, account),
            )| {
                let mut plan = Plan::new(host, 3389);
                plan.security = security;
                plan.until = until;
                plan.until_asked = asked;
                plan.target.require_trust = trust;
                plan.target.pins = pins.iter().map(|kind| kind.sha256()).collect();
                plan.account = account.and_then(|_| Account::parse("alice", None).ok().map(Box::new));
                plan.target.accept_certificate = account.unwrap_or_default();
                plan.restricted_admin = account == Some(true);
                plan.began_unix_ms = i64::from(began).saturating_mul(1000);
                (plan.enumerate, plan.second_look) = (enumerate, second_look);
                plan.all_addresses = all_addresses;
                plan.family = family;
                plan.routing = routing;
                plan.preconnection_blob = blob.map(String::into);
                let one = |(what, value): &(_, String)| NotFollowed::new(*what, value);
                plan.not_followed = not_followed.iter().map(one).collect();
                plan.target.refuses_untrusted = refuses_untrusted;
                plan.limits.overall = overall;
                plan.limits.stages = stage.into_iter().collect();
                plan
            },
        )
}

/// A plan, and what happens to it: mostly in turn.
pub fn walk() -> impl Strategy<Value = Walk> {
    let happening = (event(), 0_u64..3_000, 0_u8..32).prop_map(|(event, after, turn)| Happening {
        event,
        after: Duration::from_millis(after),
        out_of_turn: turn == 0,
    });
    (plan_of_walk(), vec(happening, 0..64)).prop_map(|(plan, happenings)| Walk { plan, happenings })
}

/// Every plan, and some with a gateway for where there is no direct way.
fn plan_of_walk() -> impl Strategy<Value = Plan> {
    (plan(), 0_u8..4).prop_map(|(mut plan, detects)| {
        if detects == 0 {
            let mut gateway = Gateway::new(Host::Name("gw.lab.test".to_owned()), Gateway::PORT);
            gateway.detect = true;
            plan.gateway = Some(Box::new(gateway));
        }
        plan
    })
}

/// What a run may find.
pub fn evidence() -> impl Strategy<Value = Evidence> {
    walk().prop_map(Walk::evidence)
}
