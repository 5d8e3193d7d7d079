//! A run through whatever may happen: any plan, and events of any kind, in turn and out of turn.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::LazyLock;
use std::time::Duration;

use rdp_probe_core::wire::tls::{AlertDescription, CipherSuite, Version};
use rdp_probe_core::wire::tsgu::{StatusCode, extended_auth_response};
use rdp_probe_core::{
    Account, Address, AuthFault, AuthMethod, AuthOutput, Close, DialFault, DialFaultKind, Event, Evidence,
    Family, Gateway, GatewayLogon, GatewayTransport, Host, Link, Plan, Routing, Run, Security, SignatureCheck,
    Stage, TlsBreak, TlsFault, TlsFaultKind, TlsSession, Trust, TunnelEnd, Wants, base64,
};

use crate::certificate::Kind;
use crate::gateway::accepted;
use crate::gateway_messages::{HTTP_MESSAGES, TSGU_MESSAGES};
use crate::messages::{CREDSSP_MESSAGES, MCS_MESSAGES, TLS_MESSAGES, confirm};
use crate::scenario::Challenge;
use crate::scenario::said;

/// An [`Event`] that owns its octets.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "it follows the events it owns")]
#[expect(missing_docs, reason = "the variants and fields of `Event`")]
pub enum OwnedEvent {
    Resolved(Result<Vec<Address>, DialFault>),
    Dialed(Result<Link, DialFault>),
    Tls { before: usize, answer: Result<TlsSession, TlsFault> },
    Carried,
    Sent,
    Auth(Result<AuthOutput, AuthFault>),
    Pdu(Vec<u8>),
    Stray(Vec<u8>),
    Closed { how: Close, partial: Vec<u8> },
}

impl OwnedEvent {
    /// The event.
    #[must_use]
    pub fn as_event(&self) -> Event<'_> {
        match self {
            Self::Resolved(answer) => Event::Resolved(answer.clone()),
            Self::Dialed(answer) => Event::Dialed(*answer),
            Self::Tls { before, answer } => Event::Tls { before: *before, answer: answer.clone() },
            Self::Carried => Event::Carried,
            Self::Sent => Event::Sent,
            Self::Auth(answer) => Event::Auth(answer.clone()),
            Self::Pdu(octets) => Event::Pdu(octets),
            Self::Stray(octets) => Event::Stray(octets),
            Self::Closed { how, partial } => Event::Closed { how: *how, partial },
        }
    }
}

/// An event, and when it happens.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "written out by generators")]
pub struct Happening {
    /// What happens.
    pub event: OwnedEvent,
    /// How long after the last one.
    pub after: Duration,
    /// Whether it is reported although something else is due; otherwise it is then left out.
    pub out_of_turn: bool,
}

/// A plan, and what happens to it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "written out by generators")]
pub struct Walk {
    /// The plan.
    pub plan: Plan,
    /// What happens. When nothing is left, the run is cancelled.
    pub happenings: Vec<Happening>,
}

/// As many connections as a run can make: each address and its fallback, the TLS scout's two, and the enumeration.
const MOST_ADDRESSES: usize = 8;
const MOST_ATTEMPTS: usize = (1 + MOST_ADDRESSES) * 2 + 2 + Plan::ENUMERATION.0;
/// As many events as an attempt can have: the addresses, a connection to each, and a message or handshake for each stage after.
const MOST_EVENTS: usize = BEFORE_A_SESSION + OF_A_SESSION;
const BEFORE_A_SESSION: usize = 1 + MOST_ADDRESSES + 3 + MOST_ASIDES + OF_A_LOGON + OF_A_GATEWAY;
/// What lies behind the Connect Response: a user and two channels, what is sent, two messages of licensing, and two stages that begin anew three
/// times; and in each of them what nobody waits for.
const OF_A_SESSION: usize = 3 + 1 + 1 + (1 + 2 * (1 + 3)) * (1 + SKIPPED);
/// As many messages of a stage that nobody waits for are borne.
const SKIPPED: usize = 1024;
/// What a gateway takes: up to five answers of HTTP over both connections, with as many asides as each may have, and four of the tunnel,
/// with as many for all of them; a handshake more than the target's, the second connection and its own handshake, the two carriers; two
/// messages of a logon's for each connection, and what is made of the gateway's own proof. A logon inside of the tunnel takes less.
const OF_A_GATEWAY: usize = 5 * (1 + ASIDES) + 4 + ASIDES + 1 + 2 + 2 + 2 * 3;
/// What a gateway may say beside an answer.
const ASIDES: usize = 64;
/// What a server may say before its Connect Response, and once more.
const MOST_ASIDES: usize = 9;
/// What a logon takes: two tokens, the binding, the server's message, and its proof; and what is given away, with its result.
const OF_A_LOGON: usize = 5 + 2;

impl Walk {
    /// Walks to the end.
    ///
    /// # Panics
    /// When the run does not end: more attempts, or more events in one, than any plan can lead to.
    #[must_use]
    pub fn evidence(self) -> Evidence {
        self.walked().0
    }

    /// The same, with the most events that one attempt had.
    fn walked(self) -> (Evidence, usize) {
        let mut most_events = 0;
        let mut run = Run::new(self.plan);
        let mut happenings = self.happenings.into_iter();
        let mut now = Duration::ZERO;
        let mut attempts = 0_usize;
        while let Some(attempt) = run.next() {
            attempts += 1;
            assert!(attempts <= MOST_ATTEMPTS, "attempt {attempts} for {:?}", attempt.purpose);
            now = now.saturating_add(attempt.pause);
            run.start(&attempt, now);
            let mut events = 0_usize;
            while let Some(wants) = run.wants() {
                events += 1;
                assert!(events <= MOST_EVENTS, "event {events} of one attempt: {wants:?}");
                let fits = |h: &Happening| h.out_of_turn || h.event.as_event().answers(&wants);
                let Happening { event, after, .. } = happenings.find(fits).unwrap_or_else(|| cancelled(&wants));
                now = now.saturating_add(after);
                let _ = run.limit();
                run.on(event.as_event(), now);
                let _ = run.take_octets();
            }
            most_events = most_events.max(events);
        }
        (run.into_evidence(), most_events)
    }

    /// Reads a walk from octets, as a fuzzer makes them: every string of octets is one.
    #[must_use]
    pub fn from_octets(octets: &[u8]) -> Self {
        let mut octets = Cursor(octets);
        let plan = plan(&mut octets);
        let mut happenings = Vec::new();
        while !octets.0.is_empty() && happenings.len() < MOST_HAPPENINGS {
            happenings.push(happening(&mut octets));
        }
        Self { plan, happenings }
    }
}

/// More than an input of a fuzzer's usual size has.
const MOST_HAPPENINGS: usize = 512;

fn cancelled(wants: &Wants<'_>) -> Happening {
    let fault = DialFault::new(DialFaultKind::Cancelled);
    let event = match wants {
        Wants::Resolve { .. } => OwnedEvent::Resolved(Err(fault)),
        Wants::Dial { .. } => OwnedEvent::Dialed(Err(fault)),
        Wants::Tls { .. } => {
            let fault = TlsFault::new(TlsFaultKind::Closed(Close::Cancelled), &[]);
            OwnedEvent::Tls { before: 0, answer: Err(fault) }
        }
        Wants::Carry(_) => OwnedEvent::Carried,
        Wants::Auth { .. } => OwnedEvent::Auth(Err(AuthFault::Closed(Close::Cancelled))),
        Wants::Pdu(_) | Wants::Send | _ => OwnedEvent::Closed { how: Close::Cancelled, partial: Vec::new() },
    };
    Happening { event, after: Duration::ZERO, out_of_turn: false }
}

/// Octets, from the front; zeros when they are used up.
struct Cursor<'a>(&'a [u8]);

impl Cursor<'_> {
    fn octet(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        *first
    }

    fn flag(&mut self) -> bool {
        self.octet() & 1 == 1
    }

    fn octets(&mut self) -> Vec<u8> {
        let wanted = usize::from(self.octet());
        let (taken, rest) = self.0.split_at_checked(wanted).unwrap_or((self.0, &[]));
        self.0 = rest;
        taken.to_vec()
    }

    fn duration(&mut self) -> Duration {
        Duration::from_millis(u64::from(self.octet()).saturating_mul(50))
    }

    fn one_of<T: Copy>(&mut self, all: &[T], otherwise: T) -> T {
        let index = usize::from(self.octet()).checked_rem(all.len()).unwrap_or_default();
        all.get(index).copied().unwrap_or(otherwise)
    }

    fn address(&mut self) -> Address {
        let last = self.octet();
        let ip = if last & 1 == 0 {
            IpAddr::V4(Ipv4Addr::new(127, 0, 0, last))
        } else {
            IpAddr::V6(Ipv6Addr::new(0x2001, 0x0DB8, 0, 0, 0, 0, 0, u16::from(last)))
        };
        SocketAddr::new(ip, 3389)
    }
}

fn plan(octets: &mut Cursor<'_>) -> Plan {
    let host = match octets.octet() & 3 {
        0 => Host::Ip(octets.address().ip()),
        _ => Host::Name("srv1.lab.test".to_owned()),
    };
    let mut plan = Plan::new(host, 3389);
    plan.security = octets.one_of(&Security::ALL, Security::Auto);
    // Every other plan goes all the way.
    if octets.flag() {
        plan.until = octets.one_of(&Stage::ALL, plan.until);
        plan.until_asked = octets.flag();
    }
    if octets.flag() {
        plan.target.pins = vec![Kind::Good.sha256()];
        plan.target.require_trust = octets.flag();
        plan.began_unix_ms = i64::from(octets.octet()).saturating_mul(10_000_000_000);
    }
    let asks = octets.octet();
    (plan.enumerate, plan.second_look) = (asks & 1 == 1, asks & 2 == 2);
    plan.account = (asks & 4 == 4).then(|| Account::parse("alice", None).ok().map(Box::new)).flatten();
    plan.target.accept_certificate = asks & 8 == 8;
    plan.restricted_admin = asks & 0xC8 == 0xC8 && plan.account.is_some();
    if asks & 16 == 16 {
        let mut gateway = Gateway::new(Host::Name("gw.lab.test".to_owned()), Gateway::PORT);
        gateway.accept_consent = asks & 32 == 32;
        gateway.logon = match asks >> 6 {
            0 => GatewayLogon::None,
            1 => GatewayLogon::Token,
            _ => Account::parse("gwuser", None).map_or(GatewayLogon::None, GatewayLogon::Account),
        };
        gateway.scheme = (asks >> 6 == 3)
            .then(|| octets.one_of(&[AuthMethod::SspiNtlm, AuthMethod::Negotiate], AuthMethod::Ntlm));
        if gateway.scheme.is_some() {
            gateway.transport = octets.one_of(&GatewayTransport::ALL, GatewayTransport::Auto);
        }
        plan.gateway = Some(Box::new(gateway));
    }
    plan.all_addresses = octets.flag();
    plan.family = octets.one_of(&[Family::Any, Family::V4, Family::V6], Family::Any);
    match octets.octet() & 3 {
        1 => plan.routing = Routing::Cookie(text(octets)),
        2 => plan.routing = Routing::Token(octets.octets()),
        3 => plan.preconnection_blob = Some(text(octets).into()),
        _ => {}
    }
    if octets.flag() {
        plan.limits.overall = octets.duration();
        plan.limits.stages = [(octets.one_of(&Stage::ALL, Stage::Resolve), octets.duration())].into();
    }
    plan
}

fn text(octets: &mut Cursor<'_>) -> String {
    String::from_utf8_lossy(&octets.octets()).into_owned()
}

fn happening(octets: &mut Cursor<'_>) -> Happening {
    let kind = octets.octet();
    let event = match kind & 0x0F {
        0 => OwnedEvent::Resolved(Err(dial_fault(octets))),
        1 => {
            let count = usize::from(octets.octet()).checked_rem(MOST_ADDRESSES + 1).unwrap_or_default();
            OwnedEvent::Resolved(Ok((0..count).map(|_| octets.address()).collect()))
        }
        2 => OwnedEvent::Dialed(Err(dial_fault(octets))),
        3 => {
            let (peer, known) = (octets.address(), octets.flag());
            OwnedEvent::Dialed(Ok(Link { peer, local: known.then_some(peer) }))
        }
        4 => OwnedEvent::Stray(octets.octets()),
        5 => OwnedEvent::Closed { how: close(octets), partial: octets.octets() },
        // A Connection Confirm is what gets furthest.
        6 => OwnedEvent::Pdu(confirm(octets.one_of(&[2, 3], 2), octets.octet(), u32::from(octets.octet()))),
        7 => OwnedEvent::Pdu(octets.octets()),
        9 => OwnedEvent::Auth(answer(octets)),
        8 if kind >> 4 == 1 => OwnedEvent::Sent,
        // What gets furthest behind the Connect Response, and one of the results before it.
        8 if kind >> 4 == 2 => {
            let all = said::all();
            OwnedEvent::Pdu(all.get(usize::from(octets.octet()) % all.len()).cloned().unwrap_or_default())
        }
        8 if kind >> 4 == 3 => OwnedEvent::Pdu(vec![octets.octet(), 0, 0, 0]),
        8 => OwnedEvent::Tls { before: usize::from(kind >> 6), answer: Ok(session(octets)) },
        10 => OwnedEvent::Tls { before: usize::from(kind >> 6), answer: Err(tls_fault(octets)) },
        // What gets furthest inside of TLS, and in its place.
        14 => OwnedEvent::Pdu(octets.one_of(MCS_MESSAGES, &[]).to_vec()),
        11 | 12 => OwnedEvent::Pdu(octets.one_of(CREDSSP_MESSAGES, &[]).to_vec()),
        13 => OwnedEvent::Pdu(octets.one_of(TLS_MESSAGES, &[]).to_vec()),
        _ => match octets.octet() & 3 {
            0 => OwnedEvent::Pdu(confirm(2, 0x1F, octets.one_of(&[1, 2, 4, 8, 16], 2))),
            1 => OwnedEvent::Pdu(octets.one_of(HTTP_MESSAGES, &[]).to_vec()),
            2 => OwnedEvent::Pdu(octets.one_of(TSGU_MESSAGES, &[]).to_vec()),
            // What gets furthest at a gateway.
            _ => octets.one_of(&GATEWAY, Furthest::Carried).event(),
        },
    };
    Happening { event, after: octets.duration(), out_of_turn: kind & 0xF0 == 0xF0 }
}

/// What a gateway says to get furthest.
#[derive(Clone, Copy)]
enum Furthest {
    Carried,
    Asks(&'static str),
    Challenge,
    ChallengeInTunnel,
    Begins,
    Proves,
    Upgrade,
    /// A channel of HTTP.
    Opens,
    /// The second connection, and a handshake on it.
    Connects,
    Shakes,
    Packet(&'static [u8]),
}

const GATEWAY: [Furthest; 19] = [
    Furthest::Carried,
    Furthest::Asks("Basic realm=\"gw\""),
    Furthest::Asks("NTLM"),
    Furthest::Asks("SSPI_NTLM"),
    Furthest::ChallengeInTunnel,
    Furthest::Packet(&[3, 0, 0, 0, 14, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    Furthest::Challenge,
    Furthest::Begins,
    Furthest::Proves,
    Furthest::Upgrade,
    Furthest::Opens,
    Furthest::Opens,
    Furthest::Connects,
    Furthest::Shakes,
    // Behind a seed.
    Furthest::Packet(&[0xAB, 0xCD, 2, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4, 0]),
    Furthest::Packet(&[2, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 4, 0]),
    Furthest::Packet(&[5, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    Furthest::Packet(&[7, 0, 0, 0, 16, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]),
    Furthest::Packet(&[9, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]),
];

impl Furthest {
    fn event(self) -> OwnedEvent {
        match self {
            Self::Carried => OwnedEvent::Carried,
            Self::Asks(scheme) => asks(scheme),
            Self::Challenge => asks(&format!("NTLM {}", base64(&Challenge::default().token()))),
            Self::ChallengeInTunnel => {
                let mut packet = Vec::new();
                // As short as it is, it fits.
                _ = extended_auth_response(StatusCode::OK, &Challenge::default().token(), &mut packet);
                OwnedEvent::Pdu(packet)
            }
            Self::Begins => OwnedEvent::Auth(Ok(AuthOutput::Token { token: b"begins".to_vec(), done: false })),
            Self::Proves => OwnedEvent::Auth(Ok(AuthOutput::Token { token: b"proves".to_vec(), done: true })),
            Self::Upgrade => OwnedEvent::Pdu(upgrade().to_vec()),
            Self::Opens => OwnedEvent::Pdu(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
            Self::Connects => {
                let peer = SocketAddr::from(([127, 0, 0, 1], Gateway::PORT));
                OwnedEvent::Dialed(Ok(Link { peer, local: None }))
            }
            Self::Shakes => OwnedEvent::Tls { before: 0, answer: Ok(vouched_for()) },
            Self::Packet(octets) => OwnedEvent::Pdu(octets.to_vec()),
        }
    }
}

/// A handshake with a gateway that somebody vouches for.
pub(crate) fn vouched_for() -> TlsSession {
    TlsSession {
        version: Version::TLS_1_3,
        cipher: CipherSuite(0x1302),
        chain: Vec::new(),
        signature: SignatureCheck::Verified,
        trust: Some(Trust::Trusted),
    }
}

/// The question for a logon by this.
fn asks(scheme: &str) -> OwnedEvent {
    let head = format!("HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: {scheme}\r\nContent-Length: 0\r\n\r\n");
    OwnedEvent::Pdu(head.into_bytes())
}

/// The answer that a gateway gives to the request of a plan without randomness: what a run asks there is always the same.
fn upgrade() -> &'static [u8] {
    static UPGRADE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let mut plan = Plan::new(Host::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST)), 3389);
        let gateway = Gateway::new(Host::Ip(IpAddr::V4(Ipv4Addr::LOCALHOST)), Gateway::PORT);
        plan.gateway = Some(Box::new(gateway));
        let mut run = Run::new(plan);
        run.begin(Duration::ZERO);
        let peer = SocketAddr::from(([127, 0, 0, 1], Gateway::PORT));
        run.on(Event::Dialed(Ok(Link { peer, local: None })), Duration::ZERO);
        run.on(Event::Tls { before: 0, answer: Ok(vouched_for()) }, Duration::ZERO);
        let request = run.take_octets();
        let request = String::from_utf8_lossy(&request);
        let key = request.lines().find_map(|line| line.strip_prefix("Sec-WebSocket-Key: "));
        let accept = accepted(key.unwrap_or_default());
        let lines = ["HTTP/1.1 101 Switching Protocols", "Upgrade: websocket", "Connection: Upgrade"];
        format!("{}\r\nSec-WebSocket-Accept: {accept}\r\n\r\n", lines.join("\r\n")).into_bytes()
    });
    &UPGRADE
}

fn answer(octets: &mut Cursor<'_>) -> Result<AuthOutput, AuthFault> {
    match octets.octet() & 7 {
        0..=2 => Ok(AuthOutput::Token { done: octets.flag(), token: octets.octets() }),
        3 | 4 => Ok(AuthOutput::Sealed(octets.octets())),
        5 | 6 => Ok(AuthOutput::Opened(octets.octets())),
        _ => Err(octets.one_of(&[AuthFault::Token, AuthFault::Altered], AuthFault::Local)),
    }
}

fn session(octets: &mut Cursor<'_>) -> TlsSession {
    let trust = [
        None,
        Some(Trust::Trusted),
        Some(Trust::UnknownIssuer),
        Some(Trust::Expired),
        Some(Trust::OtherName),
        Some(Trust::NoName),
        Some(Trust::Refused),
    ];
    let signature = [SignatureCheck::Verified, SignatureCheck::NotVerifiable, SignatureCheck::Wrong];
    let known = octets.flag();
    TlsSession {
        version: octets.one_of(&[Version::TLS_1_2, Version::TLS_1_3], Version::TLS_1_3),
        cipher: CipherSuite(u16::from_be_bytes([octets.octet(), octets.octet()])),
        chain: if known { octets.one_of(&Kind::ALL, Kind::Good).chain() } else { vec![octets.octets()] },
        signature: octets.one_of(&signature, SignatureCheck::Verified),
        trust: octets.one_of(&trust, None),
    }
}

fn tls_fault(octets: &mut Cursor<'_>) -> TlsFault {
    let kinds = [
        TlsFaultKind::Closed(close(octets)),
        TlsFaultKind::Alert(AlertDescription(octets.octet())),
        TlsFaultKind::NotTls,
        TlsFaultKind::Incompatible,
        TlsFaultKind::Misbehaved,
        TlsFaultKind::BadCertificate,
        TlsFaultKind::Local,
    ];
    let kind = octets.one_of(&kinds, TlsFaultKind::NotTls);
    TlsFault::new(kind, &octets.octets())
}

fn dial_fault(octets: &mut Cursor<'_>) -> DialFault {
    let limit = octets.duration();
    let kinds = [
        DialFaultKind::NotFound,
        DialFaultKind::ResolverFailed,
        DialFaultKind::Refused,
        DialFaultKind::Reset,
        DialFaultKind::HostUnreachable,
        DialFaultKind::NetworkUnreachable,
        DialFaultKind::NotPermitted,
        DialFaultKind::LocalResources,
        DialFaultKind::TimedOut { limit, overall: false },
        DialFaultKind::TimedOut { limit, overall: true },
        DialFaultKind::Cancelled,
        DialFaultKind::Other,
    ];
    let kind = octets.one_of(&kinds, DialFaultKind::Other);
    match octets.octet() {
        0 => DialFault::new(kind),
        os => DialFault::with_os(kind, i32::from(os)),
    }
}

fn close(octets: &mut Cursor<'_>) -> Close {
    let limit = octets.duration();
    let code = octets.octet();
    let all = [
        Close::Fin,
        Close::Reset,
        Close::CloseNotify,
        Close::Alert(code),
        Close::TimedOut { limit, overall: false },
        Close::TimedOut { limit, overall: true },
        Close::Tunnel(TunnelEnd::Channel(0xA0)),
        Close::Tunnel(TunnelEnd::WebSocket(None)),
        Close::Broken { os: None },
        Close::Broken { os: Some(i32::from(code)) },
        Close::TlsBroken(TlsBreak::WrongTag),
        Close::Local { os: Some(i32::from(code)) },
        Close::Cancelled,
    ];
    octets.one_of(&all, Close::Fin)
}

#[cfg(test)]
mod tests {
    use rdp_probe_core::Outcome;

    use super::*;
    use crate::scenario::said::Said;

    #[test]
    fn no_octets_are_a_walk_that_is_cancelled() {
        let evidence = Walk::from_octets(&[]).evidence();
        assert_eq!(evidence.attempts.len(), 1);
        assert!(evidence.failure().is_some());
    }

    /// What gets through a gateway by two channels.
    fn two_channels() -> Vec<u8> {
        let mut octets = vec![1, 0, 0, 0, 0x90, 0, 0, 0, 0];
        octets.extend([1, 1, 2, 0, 3, 2, 0, 0]);
        for furthest in [13, 1, 8, 10, 12, 13, 8, 10, 0, 14, 16, 17, 18, 0] {
            octets.extend([0x0F, 3, furthest, 0]);
        }
        octets
    }

    #[test]
    fn a_walk_gets_through_a_gateway_by_two_channels() {
        let octets = two_channels();
        let evidence = Walk::from_octets(&octets).evidence();
        assert!(evidence.gateway_opened_out() && evidence.is_through_gateway(), "{evidence:?}");
        // The fuzzer begins with them, too, and with more behind.
        let seed = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/machine/two-channels");
        let seed = std::fs::read(seed).unwrap();
        assert!(seed.starts_with(&octets) && seed.len() > octets.len(), "{seed:02X?}");
        let evidence = Walk::from_octets(&seed).evidence();
        assert!(evidence.gateway_opened_out() && evidence.is_through_gateway(), "{evidence:?}");
    }

    /// From the Connect Response to the Font Map, with as many messages in each stage as nobody waits for, and a session that begins anew.
    #[test]
    fn a_session_takes_as_many_events_as_are_allowed_and_no_more() {
        let said = |name: Said| at_once(OwnedEvent::Pdu(name.octets()));
        let beside = || vec![said(Said::OtherChannel); SKIPPED];
        let mut plan = Plan::new(Host::parse("192.0.2.7").unwrap(), 3389);
        (plan.until, plan.until_asked) = (Stage::ConnectionFinalization, true);
        let address = Address::from(([192, 0, 2, 7], 3389));
        let mut happenings = vec![
            at_once(OwnedEvent::Dialed(Ok(Link { peer: address, local: None }))),
            at_once(OwnedEvent::Pdu(confirm(2, 0x1F, 1))),
            at_once(OwnedEvent::Tls { before: 0, answer: Ok(vouched_for()) }),
            at_once(OwnedEvent::Pdu(MCS_MESSAGES[0].to_vec())),
            said(Said::Attached),
            said(Said::JoinedUser),
            said(Said::JoinedIo),
            at_once(OwnedEvent::Sent),
            said(Said::LicenseRequest),
        ];
        happenings.extend(beside());
        happenings.push(said(Said::ValidClient));
        for again in 0..=3 {
            happenings.extend(beside());
            happenings.push(said(Said::DemandActive));
            happenings.extend(beside());
            happenings.push(said(if again < 3 { Said::DeactivateAll } else { Said::FontMap }));
        }
        let (evidence, most) = Walk { plan, happenings }.walked();
        assert_eq!(evidence.failure(), None);
        let last = evidence.attempts[0].stages.last().unwrap();
        assert_eq!((last.stage, last.outcome), (Stage::ConnectionFinalization, Outcome::Passed));
        // The connection, the negotiation, TLS and the settings are none of a session's.
        assert_eq!(most, OF_A_SESSION + 4);
    }

    /// More than a run hears in any attempt before there is a session.
    const ON_AND_ON: usize = 2 * BEFORE_A_SESSION;

    fn at_once(event: OwnedEvent) -> Happening {
        Happening { event, after: Duration::ZERO, out_of_turn: false }
    }

    /// A run that hears what it waits for, for as long as it waits for that, is at an end by its own count and not by ours.
    #[test]
    fn whatever_is_said_on_and_on_ends_every_attempt_by_itself() {
        let session = || OwnedEvent::Tls { before: 0, answer: Ok(vouched_for()) };
        let all = [HTTP_MESSAGES, TSGU_MESSAGES, CREDSSP_MESSAGES, TLS_MESSAGES, MCS_MESSAGES].concat();
        let all = all.into_iter().map(|octets| OwnedEvent::Pdu(octets.to_vec()));
        let all = all.chain(GATEWAY.iter().map(|furthest| furthest.event()));
        let mut longest = 0;
        for event in all {
            let walk = Walk::from_octets(&two_channels());
            for so_far in 0..=walk.happenings.len() {
                let mut happenings = walk.happenings[..so_far].to_vec();
                for _ in 0..ON_AND_ON {
                    for event in [&event, &Furthest::Connects.event(), &session(), &OwnedEvent::Carried] {
                        happenings.push(at_once(event.clone()));
                    }
                    for furthest in [Furthest::Begins, Furthest::Proves] {
                        happenings.push(at_once(furthest.event()));
                    }
                }
                let (_, most) = Walk { plan: walk.plan.clone(), happenings }.walked();
                longest = longest.max(most);
            }
        }
        assert!(longest > ASIDES, "{longest} events");
    }

    /// The ways that take the most, with all that may be said beside: the sum is theirs, and no larger.
    #[test]
    fn a_gateway_takes_as_many_events_as_are_allowed_and_no_more() {
        use Furthest::{
            Asks, Begins, Carried, Challenge, ChallengeInTunnel, Connects, Opens, Packet, Proves, Shakes,
        };
        const SERVICE: &[u8] = &[0x0B, 0, 0, 0, 0x10, 0, 0, 0, 6, 0, 0x4F, 0, 0x4B, 0, 0, 0];
        const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
        let [.., handshake, create, authorize, channel] = GATEWAY;
        let offers_a_logon = Packet(&[2, 0, 0, 0, 18, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 5, 0]);
        let accepted = Packet(&[3, 0, 0, 0, 14, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        let to_target = [create, authorize, channel, Carried];
        let in_http = [
            &[Connects, Shakes, Asks("NTLM"), Begins, Challenge, Proves, Opens][..],
            &[Connects, Shakes, Begins, Challenge, Proves, Opens, Carried, handshake],
            &to_target,
        ];
        let in_the_tunnel = [
            &[Connects, Shakes, Asks("SSPI_NTLM"), Opens, Connects, Shakes, Opens, Carried, offers_a_logon][..],
            &[Begins, ChallengeInTunnel, Proves, accepted],
            &to_target,
        ];
        let plan = Walk::from_octets(&two_channels()).plan;
        let most = [in_http.concat(), in_the_tunnel.concat()].map(|way| {
            let address = Address::from(([127, 0, 0, 1], Gateway::PORT));
            let mut happenings = vec![at_once(OwnedEvent::Resolved(Ok(vec![address])))];
            let beside = |octets: &[u8]| vec![at_once(OwnedEvent::Pdu(octets.to_vec())); ASIDES];
            let mut in_tunnel = false;
            for said in way {
                if matches!(said, Asks(_) | Challenge | Opens) {
                    happenings.extend(beside(CONTINUE));
                }
                // So many in all of it.
                if matches!(said, Packet(_)) && !std::mem::replace(&mut in_tunnel, true) {
                    happenings.extend(beside(SERVICE));
                }
                happenings.push(at_once(said.event()));
            }
            let (evidence, most) = Walk { plan: plan.clone(), happenings }.walked();
            assert!(evidence.is_through_gateway(), "{evidence:?}");
            most
        });
        // The address, the first connection, and the target's first message are no gateway's; its own proof for each connection came not.
        assert_eq!(most.iter().max(), Some(&(OF_A_GATEWAY - 2 + 3)), "{most:?}");
    }

    #[test]
    fn zeros_after_the_end_make_every_walk_end() {
        for len in 0..64 {
            let walk = Walk::from_octets(&vec![0xFF; len]);
            let _ = walk.evidence();
        }
    }
}
