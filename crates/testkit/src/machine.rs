//! Plays a scenario through the state machine alone: no socket, no clock, no runtime.
//!
//! Time is virtual: each event comes one millisecond after the last, what never comes ends at its limit, and drops fall
//! as far apart as the scenario says.
use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use rdp_probe_core::{
    AuthAsk, AuthFault, AuthMethod, AuthOutput, Carrier, Close, DialFault, DialFaultKind, Event, Evidence,
    Found, Framing, Hop, Host, Limit, Link, Run, Wants,
};

use crate::certificate::authority;
use crate::gateway::judge::bound;
use crate::gateway::{Notes, Seen};
use crate::scenario::{
    Connect, Dial, Ending, Expected, Handshake, Hello, Resolve, ResolveFault, Route, Scenario, Step, echo,
    plain_alert,
};
use crate::script::{Claim, Claims, Violation, check, offered, segment, whole};
use crate::session::{self, TODAY_UNIX_MS};
use crate::toy::Toy;
use crate::way::{Came, Way};

/// What came of playing a scenario.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Played {
    /// What the run found.
    pub evidence: Evidence,
    /// Where script and run disagree; empty when the scenario was played as it is written.
    pub violations: Vec<Violation>,
    /// What the gateway saw, where there is one.
    pub seen: Seen,
}

/// The port of a target that has none of its own. Not 3389, since a client treats that port of its own computer in a way of
/// its own, and other players cannot have it either.
pub const PORT: u16 = 20_389;

/// More events than any scenario has.
pub const MOST_EVENTS: usize = 2048;

/// ENOBUFS of Linux.
const NO_BUFFERS: i32 = 105;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

const TICK: Duration = Duration::from_millis(1);

/// Plays the scenario to its end.
#[must_use]
pub fn play(scenario: &Scenario) -> Played {
    let mut plan = scenario.plan(scenario.target.port.unwrap_or(PORT));
    plan.began_unix_ms = TODAY_UNIX_MS;
    let mut player = Machine {
        scenario,
        run: Run::new(plan),
        claims: Claims::new(scenario),
        violations: Vec::new(),
        now: Duration::ZERO,
        events: 0,
        way: None,
        notes: Notes::default(),
    };
    player.play();
    player.violations.extend(player.claims.unused());
    let seen = player.notes.seen();
    player.violations.extend(seen.violations.iter().cloned().map(Violation::Gateway));
    Played { evidence: player.run.into_evidence(), violations: player.violations, seen }
}

struct Machine<'a> {
    scenario: &'a Scenario,
    run: Run,
    claims: Claims,
    violations: Vec<Violation>,
    now: Duration,
    events: usize,
    /// The connection to the gateway, where there is one.
    way: Option<Way>,
    notes: Notes,
}

/// What a script's end of the connection does next.
enum Arrival {
    Octets(Vec<u8>, Duration),
    Handshake(Handshake),
    Ended(Close),
    StoodStill(Duration),
    Nothing,
}

impl Machine<'_> {
    fn play(&mut self) {
        while let Some(attempt) = self.run.next() {
            self.now = self.now.saturating_add(attempt.pause);
            self.run.start(&attempt, self.now);
            let mut peer: Option<Peer> = None;
            let mut toy = Toy::new(0);
            let mut at_gateway = Toy::new(u8::from(!self.scenario.gateway_knows_the_password()));
            self.way = None;
            loop {
                self.beside();
                // What is to be sent goes out before anything else is done.
                let octets = self.run.take_octets();
                match (&mut self.way, &mut peer) {
                    (Some(way), _) => way.sends(&octets),
                    (None, Some(peer)) => peer.request.extend(octets),
                    (None, None) => {}
                }
                let Some(wants) = self.run.wants() else { break };
                self.events += 1;
                if self.events > MOST_EVENTS {
                    self.violations.push(Violation::Endless(MOST_EVENTS));
                    return;
                }
                match wants {
                    Wants::Resolve { leg } => {
                        let port = leg.port;
                        self.resolve(port);
                    }
                    Wants::Dial { address, share, .. } => peer = self.dial(address, share),
                    Wants::Tls { hop: Hop::Gateway, leg } => {
                        let host = leg.asked_name();
                        self.shake_hands_with_gateway(&host);
                    }
                    Wants::Tls { leg, .. } => {
                        let host = leg.asked_name();
                        self.shake_hands(&host, &mut peer);
                    }
                    Wants::Pdu(framing) => self.read(framing, &mut peer),
                    Wants::Send => self.deliver(&mut peer),
                    Wants::Auth { hop: Hop::Gateway, method, binding, ask }
                        if !matches!(method, AuthMethod::Basic | AuthMethod::Token) =>
                    {
                        // Each connection's logon is one of its own.
                        if ask == AuthAsk::Token(None) {
                            at_gateway = Toy::new(u8::from(!self.scenario.gateway_knows_the_password()));
                        }
                        let none = self.scenario.plan.no_context;
                        let answer = if none { Err(AuthFault::Local) } else { at_gateway.ask(ask) };
                        let answer = answer.map(|mut answer| {
                            if let AuthOutput::Token { token, done: true } = &mut answer {
                                *token = bound(token, binding);
                            }
                            answer
                        });
                        self.run.on(Event::Auth(answer), self.now);
                    }
                    Wants::Auth { hop: Hop::Gateway, .. } => {
                        let token = self.scenario.gateway_secret().into_bytes();
                        let answer = Ok(AuthOutput::Token { token, done: true });
                        self.run.on(Event::Auth(answer), self.now);
                    }
                    Wants::Auth { ask, .. } => {
                        let none = self.scenario.plan.no_context;
                        let answer = if none { Err(AuthFault::Local) } else { toy.ask(ask) };
                        self.run.on(Event::Auth(answer), self.now);
                    }
                    Wants::Carry(carrier) => {
                        match (carrier, &mut self.way) {
                            (Carrier::Channel, Some(way)) => way.opens(),
                            (Carrier::TwoChannels { .. }, Some(way)) => way.joins(),
                            (_, _) => {}
                        }
                        self.run.on(Event::Carried, self.now);
                    }
                    _ => {
                        self.violations.push(Violation::UnknownWant);
                        return;
                    }
                }
            }
            if let Some(way) = &mut self.way {
                way.leave();
            }
            self.beside();
            if let Some(peer) = &mut peer {
                peer.is_left(&mut self.violations);
            }
        }
    }

    /// Tells the run what the tunnel observed.
    fn beside(&mut self) {
        if let Some(way) = &mut self.way {
            self.run.beside(way.take_facts(), self.now);
        }
    }

    /// Who is dialled, and what that does.
    fn under_way(&self) -> (&Dial, &Host) {
        match &self.scenario.direct {
            Some(direct) if self.run.evidence().first_hop() == Hop::Target => {
                (direct, &self.scenario.target.host)
            }
            Some(_) | None => (&self.scenario.dial, self.scenario.first_host()),
        }
    }

    fn resolve(&mut self, port: u16) {
        let (dial, host) = self.under_way();
        let fault = match &dial.resolve {
            Some(Resolve::Fault(fault)) => *fault,
            Some(Resolve::Addresses(_)) | None => {
                let all = dial.addresses(host).into_iter().map(|ip| SocketAddr::new(ip, port)).collect();
                return self.report(Event::Resolved(Ok(all)), TICK, |kind| Event::Resolved(Err(kind)));
            }
        };
        let kind = match fault {
            ResolveFault::NotFound => DialFaultKind::NotFound,
            ResolveFault::ResolverFailed => DialFaultKind::ResolverFailed,
            ResolveFault::LocalResources => DialFaultKind::LocalResources,
            ResolveFault::TimedOut => return self.run_out(|fault| Event::Resolved(Err(fault))),
        };
        self.report(Event::Resolved(Err(DialFault::new(kind))), TICK, |kind| Event::Resolved(Err(kind)));
    }

    fn dial(&mut self, address: SocketAddr, share: Duration) -> Option<Peer> {
        let again = self.scenario.dial.again.filter(|_| self.way.is_some());
        let connect = again.unwrap_or_else(|| self.under_way().0.connect(address.ip()));
        if connect == Connect::Ok {
            return self.connected(address);
        }
        let silence = DialFault::new(DialFaultKind::TimedOut { limit: share, overall: false });
        let (fault, after) = connect.fault().map_or((silence, share), |fault| (fault, TICK));
        self.report(Event::Dialed(Err(fault)), after, |fault| Event::Dialed(Err(fault)));
        None
    }

    fn connected(&mut self, address: SocketAddr) -> Option<Peer> {
        let ip = address.ip();
        let own = match ip {
            IpAddr::V4(v4) if v4.is_loopback() => Some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
            IpAddr::V6(v6) if v6.is_loopback() => Some(ip),
            IpAddr::V4(_) | IpAddr::V6(_) => None,
        };
        // Any port of those that systems give to clients.
        let local = self.scenario.dial.local.or(own).map(|ip| SocketAddr::new(ip, 49_152));
        let through = self.run.evidence().first_hop() == Hop::Gateway;
        if let Some(table) = self.scenario.gateway.as_ref().filter(|_| through) {
            match &mut self.way {
                Some(way) => way.connects_again(table, &self.notes),
                None => self.way = Some(Way::new(table, &self.notes)),
            }
            let link = Link { peer: address, local };
            self.report(Event::Dialed(Ok(link)), TICK, |fault| Event::Dialed(Err(fault)));
            return None;
        }
        let claim = self.claims.on_accept(&self.scenario.connections, ip);
        let link = Link { peer: address, local };
        self.report(Event::Dialed(Ok(link)), TICK, |fault| Event::Dialed(Err(fault)));
        let request = self.run.take_octets();
        self.served(claim, ip, request)
    }

    /// The gateway dials the target; whether it is there. With scripts that are chosen by what is asked, that is known when it is.
    fn dialed_by_gateway(&mut self, peer: &mut Option<Peer>) {
        let there = !self.scenario.connections.is_empty();
        if there {
            let claim = match self.claims.on_accept(&self.scenario.connections, LOOPBACK) {
                // What the run is going to ask is known already.
                Claim::AfterRequest => {
                    let offer = self.run.evidence().attempts.last().map(|attempt| attempt.offer);
                    let claimed = self.claims.on_request(&self.scenario.connections, LOOPBACK, offer);
                    claimed.map_or(Claim::None, Claim::Script)
                }
                claim @ (Claim::Script(_) | Claim::None) => claim,
            };
            *peer = self.served(claim, LOOPBACK, Vec::new());
        }
        if let Some(way) = &mut self.way {
            way.dialed(there);
        }
    }

    /// The script that serves a connection that was made, and has asked this.
    fn served(&mut self, claim: Claim, ip: IpAddr, request: Vec<u8>) -> Option<Peer> {
        let script = match claim {
            Claim::Script(index) => Some(index),
            Claim::AfterRequest => self.claims.on_request(&self.scenario.connections, ip, offered(&request)),
            Claim::None => None,
        };
        let script = script.and_then(|index| Some((index, self.scenario.connections.get(index)?)));
        let Some((script, connection)) = script else {
            self.violations.push(Violation::Unclaimed { address: ip, offered: offered(&request) });
            return None;
        };
        let steps = connection.steps.clone().into();
        Some(Peer {
            script,
            ip,
            hello: connection.hello,
            route: Route::of(self.scenario.plan(0)),
            request,
            last: Vec::new(),
            steps,
            held: Vec::new(),
            sent: 0,
            inside: false,
        })
    }

    /// Reads as a driver does: until there is a whole PDU, or something that is none, or the end.
    fn read(&mut self, framing: Framing, peer: &mut Option<Peer>) {
        if self.way.as_ref().is_some_and(|way| !way.is_open()) {
            return self.read_of_gateway(framing, peer);
        }
        // A connection that no script serves has been complained of; it ends as a closed one does.
        let Some(peer) = peer else {
            let ended = Event::Closed { how: Close::Fin, partial: &[] };
            return self.run.on(ended, self.now);
        };
        let limit = self.run.limit();
        loop {
            match framing.find(&peer.held) {
                Found::Pdu(length) => {
                    let rest = peer.held.split_off(length.min(peer.held.len()));
                    let pdu = std::mem::replace(&mut peer.held, rest);
                    return self.run.on(Event::Pdu(&pdu), self.now);
                }
                Found::Stray => return self.run.on(Event::Stray(&peer.held), self.now),
                Found::More => {}
            }
            if let Some(how) = self.arrive(peer, limit, None) {
                return self.run.on(Event::Closed { how, partial: &peer.held }, self.now);
            }
        }
    }

    /// What was to be sent is on its way.
    fn deliver(&mut self, peer: &mut Option<Peer>) {
        let Some(peer) = peer.as_mut().filter(|peer| peer.takes_nothing()) else {
            return self.run.on(Event::Sent, self.now);
        };
        let limit = self.run.limit();
        let how = loop {
            if let Some(how) = self.arrive(peer, limit, None) {
                break how;
            }
        };
        self.run.on(Event::Closed { how, partial: &peer.held }, self.now);
    }

    /// The same, of the gateway's own octets.
    fn read_of_gateway(&mut self, framing: Framing, peer: &mut Option<Peer>) {
        let limit = self.run.limit();
        loop {
            let held = self.way.as_ref().map(|way| way.held.clone()).unwrap_or_default();
            match framing.find(&held) {
                Found::Pdu(length) => {
                    if let Some(way) = &mut self.way {
                        way.held.drain(..length.min(held.len()));
                    }
                    return self.run.on(Event::Pdu(held.get(..length).unwrap_or(&held)), self.now);
                }
                Found::Stray => return self.run.on(Event::Stray(&held), self.now),
                Found::More => {}
            }
            if let Some(how) = self.arrive_of_gateway(limit, peer) {
                return self.run.on(Event::Closed { how, partial: &held }, self.now);
            }
        }
    }

    /// Waits for what the gateway does next; gives out how its connection ended, if it did.
    fn arrive_of_gateway(&mut self, limit: Limit, peer: &mut Option<Peer>) -> Option<Close> {
        let timed_out = Close::TimedOut { limit: limit.limit, overall: limit.overall };
        let Some(way) = &mut self.way else { return Some(Close::Fin) };
        let how = match way.next() {
            Came::Octets(octets, after) => {
                let then = self.now.saturating_add(after);
                if then < limit.end {
                    self.now = then;
                    way.held.extend(octets);
                    return None;
                }
                timed_out
            }
            Came::Dials => {
                self.dialed_by_gateway(peer);
                return None;
            }
            // Before the channel is open there is nobody who sends any.
            Came::ToTarget(_) => return None,
            Came::TookEverything(octets) => {
                self.violations
                    .push(Violation::Gateway(format!("{octets} octets were taken, and more wanted")));
                timed_out
            }
            Came::Ended(how) => how,
            Came::Nothing => timed_out,
        };
        let waits = matches!(how, Close::TimedOut { .. });
        self.now = if waits { limit.end.max(self.now) } else { self.now.saturating_add(TICK) };
        Some(how)
    }

    /// Shakes hands with the gateway as a driver does.
    fn shake_hands_with_gateway(&mut self, host: &str) {
        let limit = self.run.limit();
        let shakes = self.way.as_mut().is_some_and(Way::shakes_hands);
        let handshake = self.way.as_ref().filter(|_| shakes).map(Way::handshake);
        let answer = match handshake {
            Some(handshake) => {
                self.now = self.now.saturating_add(TICK);
                let root = (!self.scenario.plan.gateway_untrusted).then(authority);
                Ok(session::session(&handshake, host, LOOPBACK, root.as_deref()))
            }
            None => loop {
                let held = self.way.as_ref().map(|way| way.held.clone()).unwrap_or_default();
                if let Some(fault) = session::fault(&held) {
                    break Err(fault);
                }
                if let Some(how) = self.arrive_of_gateway(limit, &mut None) {
                    break Err(session::ended(how, &held));
                }
            },
        };
        self.run.on(Event::Tls { before: 0, answer }, self.now);
    }

    /// Shakes hands as a driver does, or finds out why that does not work.
    fn shake_hands(&mut self, host: &str, peer: &mut Option<Peer>) {
        let Some(peer) = peer else {
            let fault = session::ended(Close::Fin, &[]);
            return self.run.on(Event::Tls { before: 0, answer: Err(fault) }, self.now);
        };
        let before = peer.held.len();
        let limit = self.run.limit();
        let answer = loop {
            if let Some(fault) = session::fault(&peer.held) {
                break Err(fault);
            }
            let mut handshake = None;
            let how = self.arrive(peer, limit, Some(&mut handshake));
            if let Some(handshake) = handshake {
                // What came in the clear before it is the beginning of what the handshake reads.
                break if !peer.held.is_empty() {
                    Err(session::misplaced(&peer.held))
                } else {
                    if handshake.broken_off {
                        let why = "it was to be broken off".to_owned();
                        self.violations.push(Violation::NoHandshake { script: peer.script, why });
                    }
                    peer.inside = true;
                    Ok(session::session(&handshake, host, peer.ip, self.scenario.plan.root().as_deref()))
                };
            }
            if let Some(how) = how {
                break Err(session::ended(how, &peer.held));
            }
        };
        self.run.on(Event::Tls { before, answer }, self.now);
    }

    /// Waits for what the peer does next; gives out how the stream ended, if it did. `handshake` takes the place of octets
    /// where one is due.
    fn arrive(
        &mut self,
        peer: &mut Peer,
        limit: Limit,
        handshake: Option<&mut Option<Handshake>>,
    ) -> Option<Close> {
        let timed_out = Close::TimedOut { limit: limit.limit, overall: limit.overall };
        let handed = match &mut self.way {
            None => None,
            Some(way) => match way.next() {
                // What the gateway has to say comes before what the target says next.
                Came::Octets(octets, after) => {
                    let then = self.now.saturating_add(after);
                    if then < limit.end {
                        self.now = then;
                        way.held.extend(octets);
                        peer.held.extend(way.inside());
                        match way.ended() {
                            Some(how) => Some(how),
                            None => return None,
                        }
                    } else {
                        Some(timed_out)
                    }
                }
                Came::ToTarget(octets) => {
                    peer.request.extend(octets);
                    return None;
                }
                Came::Dials => return None,
                Came::Ended(how) => Some(way.carrier_ended(how)),
                Came::TookEverything(octets) => {
                    self.violations
                        .push(Violation::Gateway(format!("{octets} octets were taken, and more wanted")));
                    Some(timed_out)
                }
                Came::Nothing => None,
            },
        };
        if let Some(how) = handed {
            let waits = matches!(how, Close::TimedOut { .. });
            self.now = if waits { limit.end.max(self.now) } else { self.now.saturating_add(TICK) };
            return Some(how);
        }
        let how = match (peer.next(handshake.is_some(), &mut self.violations), handshake) {
            (Arrival::Octets(octets, after), _) => {
                let then = self.now.saturating_add(after);
                if then < limit.end {
                    self.now = then;
                    match &mut self.way {
                        Some(way) => way.target_said(&octets),
                        None => peer.held.extend(octets),
                    }
                    return None;
                }
                timed_out
            }
            (Arrival::Handshake(due), Some(place)) => {
                self.now = self.now.saturating_add(TICK);
                *place = Some(due);
                return None;
            }
            (Arrival::Handshake(_), None) => {
                let why = "the probe waits for octets".to_owned();
                self.violations.push(Violation::NoHandshake { script: peer.script, why });
                timed_out
            }
            (Arrival::StoodStill(lost), _) => {
                self.run.stood_still(lost, self.now);
                return None;
            }
            // What is said inside of TLS of its end reaches whoever is there; a bare end is the gateway's to tell.
            (Arrival::Ended(how), _) => match &mut self.way {
                Some(way) if how.is_bare() => {
                    way.target_ended();
                    return None;
                }
                Some(_) | None => how,
            },
            (Arrival::Nothing, _) => timed_out,
        };
        let waits = matches!(how, Close::TimedOut { .. });
        self.now = if waits { limit.end.max(self.now) } else { self.now.saturating_add(TICK) };
        Some(how)
    }

    /// Reports the event after so long, or that the limit ran out before.
    fn report(&mut self, event: Event<'_>, after: Duration, late: impl FnOnce(DialFault) -> Event<'static>) {
        let then = self.now.saturating_add(after);
        if then < self.run.limit().end {
            self.now = then;
            self.run.on(event, self.now);
        } else {
            self.run_out(late);
        }
    }

    fn run_out(&mut self, late: impl FnOnce(DialFault) -> Event<'static>) {
        let limit = self.run.limit();
        self.now = limit.end.max(self.now);
        let kind = DialFaultKind::TimedOut { limit: limit.limit, overall: limit.overall };
        self.run.on(late(DialFault::new(kind)), self.now);
    }
}

/// The other end of a connection.
struct Peer {
    script: usize,
    ip: IpAddr,
    hello: Option<Hello>,
    route: Route,
    /// What the run has sent and no step has read.
    request: Vec<u8>,
    /// What a step has read last.
    last: Vec<u8>,
    steps: VecDeque<Step>,
    held: Vec<u8>,
    sent: usize,
    /// Whether TLS is up.
    inside: bool,
}

impl Peer {
    /// Reads what the run says at its end, where the script expects something.
    fn is_left(&mut self, violations: &mut Vec<Violation>) {
        while let Some(Step::Expect(due)) = self.steps.front() {
            let due = *due;
            self.steps.pop_front();
            self.expect(due, violations);
        }
    }

    /// Reads what the run says, and checks that it is this.
    fn expect(&mut self, due: Expected, violations: &mut Vec<Violation>) {
        let script = self.script;
        let request =
            whole(due.framing(), &mut self.request).unwrap_or_else(|| std::mem::take(&mut self.request));
        if request.is_empty() {
            violations.push(Violation::NoRequest { script, due, got: 0 });
        } else if let Err(violation) = check(script, due, &request, self.hello, &self.route) {
            violations.push(violation);
        }
        self.last = request;
    }

    /// Whether it takes nothing more: else a write does not wait for whoever reads.
    fn takes_nothing(&self) -> bool {
        matches!(self.steps.front(), Some(Step::Close(Ending::BeforeTheNextWrite | Ending::FailsHere)))
    }

    /// `shakes` says that the run is about to shake hands: its ClientHello is then not one of octets.
    fn next(&mut self, shakes: bool, violations: &mut Vec<Violation>) -> Arrival {
        let script = self.script;
        loop {
            let Some(step) = self.steps.pop_front() else { return Arrival::Nothing };
            match step {
                Step::Expect(Expected::ClientHello) if shakes => {
                    let got = Some(Hello::Modern);
                    if self.hello.is_some() && self.hello != got {
                        violations.push(Violation::OtherHello { script, due: self.hello, got });
                    }
                }
                Step::Expect(due) => self.expect(due, violations),
                Step::Echo(version) => return Arrival::Octets(echo(version, &self.last), TICK),
                Step::Tls(handshake) => return Arrival::Handshake(handshake),
                Step::Alert(description) if self.inside => return Arrival::Ended(Close::Alert(description)),
                Step::Alert(description) => return Arrival::Octets(plain_alert(description).to_vec(), TICK),
                Step::BreakTls(how) => return Arrival::Ended(Close::TlsBroken(session::broken(how))),
                Step::Send(octets) => return Arrival::Octets(octets, TICK),
                Step::Challenge(challenge) => return Arrival::Octets(challenge.octets(TODAY_UNIX_MS), TICK),
                Step::Drip { octets, every } => {
                    let Some((first, rest)) = octets.split_first() else { continue };
                    let drop = vec![*first];
                    self.sent += 1;
                    let after = if self.sent == 1 { TICK } else { every };
                    if rest.is_empty() {
                        self.sent = 0;
                    } else {
                        self.steps.push_front(Step::Drip { octets: rest.to_vec(), every });
                    }
                    return Arrival::Octets(drop, after);
                }
                Step::Endless { octets, at_most } => {
                    if self.sent >= at_most {
                        violations.push(Violation::TookEverything { script, octets: self.sent });
                        return Arrival::Nothing;
                    }
                    let segment = segment(&octets);
                    self.sent += segment.len();
                    self.steps.push_front(Step::Endless { octets, at_most });
                    return Arrival::Octets(segment, TICK);
                }
                Step::StandStill(lost) => return Arrival::StoodStill(lost),
                Step::Close(Ending::Fin) => return Arrival::Ended(Close::Fin),
                Step::Close(Ending::CloseNotify) => return Arrival::Ended(Close::CloseNotify),
                Step::Close(Ending::Reset | Ending::BeforeTheNextWrite) => return Arrival::Ended(Close::Reset),
                Step::Close(Ending::Silent) => return Arrival::Nothing,
                Step::Close(Ending::FailsHere) => return Arrival::Ended(Close::Local { os: Some(NO_BUFFERS) }),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdp_probe_core::wire::first_octets::Foreign;
    use rdp_probe_core::wire::nego::{FailureCode, Protocols};
    use rdp_probe_core::{Answer, FailureKind, Hop, Observed, Purpose, Stage};

    const REST: &str = "[expect]\noutcome = \"reachable\"\nexit = 0\n";

    fn played(text: &str) -> Played {
        play(&Scenario::parse("machine", &format!("title = \"t\"\n{text}\n{REST}")).unwrap())
    }

    fn one(steps: &str) -> Played {
        let until = "[plan]\nuntil = \"connection_initiation\"\n";
        let played =
            played(&format!("{until}[[connection]]\nsteps = [{{ expect = \"connection_request\" }}, {steps}]"));
        assert_eq!(played.violations, []);
        played
    }

    fn kind(played: &Played) -> &FailureKind {
        &played.evidence.failure().unwrap().kind
    }

    #[test]
    fn each_ending_reaches_the_machine_as_what_it_is() {
        for (ending, expected) in [
            ("fin", Close::Fin),
            ("reset", Close::Reset),
            ("silent", Close::TimedOut { limit: Duration::from_secs(5), overall: false }),
        ] {
            let played = one(&format!("{{ send = \"03 00 00 13\" }}, {{ close = \"{ending}\" }}"));
            let FailureKind::Closed { how, partial } = kind(&played) else { panic!("{played:?}") };
            assert_eq!((*how, partial.as_slice()), (expected, &[3, 0, 0, 0x13][..]));
        }
    }

    #[test]
    fn confirm_in_drops_is_read_and_drops_slower_than_the_limit_are_not() {
        let confirm = "03 00 00 13 0e d0 00 00 12 34 00 02 1f 08 00 02 00 00 00";
        let fast = one(&format!("{{ drip = \"{confirm}\", every_ms = 50 }}"));
        assert!(matches!(fast.evidence.answer(), Some(Answer::Selected { .. })));
        let slow = one(&format!("{{ drip = \"{confirm}\", every_ms = 500 }}"));
        let FailureKind::Closed { how: Close::TimedOut { .. }, partial } = kind(&slow) else {
            panic!("{slow:?}")
        };
        // The first comes after the request at 1 ms, and ten more before 5 s have passed.
        assert_eq!(partial.total(), 10);
        let stages = &slow.evidence.attempts[0].stages;
        assert_eq!(stages[2].duration, Some(Duration::from_secs(5)));
    }

    #[test]
    fn endless_garbage_is_stray_after_the_first_segment() {
        let played = one("{ endless = \"41 42\", at_most = 100000 }");
        let FailureKind::Foreign { protocol, head } = kind(&played) else { panic!("{played:?}") };
        assert_eq!((*protocol, head.total()), (Foreign::Unknown, segment(b"?").len()));
    }

    #[test]
    fn half_a_banner_is_stray_when_nothing_more_comes() {
        let FailureKind::Foreign { protocol, .. } = *kind(&one("{ send = \"53 53\" }, { close = \"fin\" }"))
        else {
            panic!("not foreign")
        };
        assert_eq!(protocol, Foreign::Unknown);
    }

    #[test]
    fn connections_that_are_not_scripted_and_scripts_that_are_not_used_are_told() {
        assert_eq!(
            played("").violations,
            [Violation::Unclaimed { address: Ipv4Addr::LOCALHOST.into(), offered: Some(Protocols(0x0B)) }]
        );
        let twice = "[[connection]]\nsteps = [{ close = \"fin\" }]\n".repeat(2);
        assert_eq!(played(&twice).violations, [Violation::Unused { script: 1 }]);
        let masked = "[[connection]]\noffers = \"0x01\"\nsteps = [{ close = \"fin\" }]";
        assert_eq!(played(masked).violations.len(), 2, "unclaimed and unused");
    }

    #[test]
    fn script_of_a_run_that_sends_nothing_is_silence() {
        let text = "[plan]\nuntil = \"tcp_connect\"\n[[connection]]\nsteps = [{ close = \"silent\" }]";
        assert_eq!(played(text).violations, []);
    }

    #[test]
    fn resolver_and_dial_do_what_the_scenario_says() {
        let name = "[target]\nhost = \"srv1.lab.test\"\n";
        let played_1 = played(&format!("{name}[dial]\nresolve = \"timed_out\""));
        let failure = played_1.evidence.failure().unwrap();
        assert_eq!((failure.hop, failure.stage), (Hop::Resolver, Stage::Resolve));
        assert_eq!(played_1.evidence.attempts[0].ended(), Some(Duration::from_secs(5)));

        let played_2 = played(&format!(
            "{name}[dial]\nresolve = [\"127.0.0.1\", \"127.0.0.2\"]\nconnect = {{ \"127.0.0.1\" = \"timed_out\" }}\n\
             [[connection]]\naddress = \"127.0.0.2\"\nsteps = [{{ close = \"fin\" }}]"
        ));
        assert_eq!(played_2.violations, []);
        let stages = &played_2.evidence.attempts[0].stages;
        assert!(matches!(stages[1].facts[0].observed, Observed::AddressFailed { .. }));
        assert_eq!(stages[1].duration, Some(Duration::from_millis(2501)), "half of five seconds, and one tick");
    }

    const HYBRID: &str = "{ expect = \"connection_request\" }, \
        { send = \"03 00 00 13 0e d0 00 00 12 34 00 02 1f 08 00 02 00 00 00\" }";

    fn secured(steps: &str, further: &str) -> Played {
        let played = played(&format!("[[connection]]\nsteps = [{HYBRID}, {steps}]\n{further}"));
        assert_eq!(played.violations, []);
        played
    }

    #[test]
    fn handshake_and_challenge_are_played_to_the_end() {
        let played = secured(
            "{ tls = { certificate = \"good\", versions = [\"1.2\"] } }, { expect = \"ts_request\" }, \
             { challenge = { credssp = 6, netbios_computer = \"SRV1\" } }",
            "",
        );
        assert_eq!(played.evidence.failure(), None);
        let tls = played.evidence.tls().unwrap();
        assert_eq!((tls.version.0, tls.cipher.0, tls.trust), (0x0303, 0xC030, None));
        assert!(tls.certificate.as_ref().unwrap().matches("srv1.lab.test"));
        let (facts, skew) = played.evidence.challenge().unwrap();
        assert_eq!((facts.netbios_computer.as_deref(), skew), (Some("SRV1"), None));
    }

    #[test]
    fn ends_inside_tls_are_told_apart() {
        let tls = "{ tls = { certificate = \"good\" } }, { expect = \"ts_request\" }";
        for (step, expected) in [
            ("{ close = \"fin\" }", Close::Fin),
            ("{ close = \"close_notify\" }", Close::CloseNotify),
            ("{ alert = 80 }", Close::Alert(80)),
        ] {
            let played = secured(&format!("{tls}, {step}"), "");
            assert!(matches!(kind(&played), FailureKind::Closed { how, .. } if *how == expected), "{played:?}");
        }
    }

    #[test]
    fn each_hello_is_checked_against_its_script() {
        let scout = |hello: &str| {
            format!(
                "[[connection]]\nhello = \"{hello}\"\nsteps = [{HYBRID}, {{ expect = \"client_hello\" }}, \
                 {{ server_hello = {{ version = \"1.1\", suite = \"0x002F\", certificate = \"good\" }} }}]"
            )
        };
        let modern = "{ expect = \"client_hello\" }, { alert = 70 }";
        let again = format!("[[connection]]\nhello = \"modern\"\nsteps = [{HYBRID}, {modern}]\n");
        let played_1 = secured(modern, &(again.clone() + &scout("scout")));
        let scouted = played_1.evidence.scouted().unwrap();
        assert_eq!((scouted.version.0, scouted.cipher.0, scouted.chain_length), (0x0302, 0x002F, 1));
        let text = format!("[[connection]]\nsteps = [{HYBRID}, {modern}]\n{again}{}", scout("reduced"));
        let [Violation::OtherHello { got: Some(Hello::Scout), .. }] = played(&text).violations[..] else {
            panic!("{:?}", played(&text).violations)
        };
    }

    #[test]
    fn fallback_and_enumeration_are_served_by_mask() {
        let confirm = |kind: u8, value: u8| {
            format!("03 00 00 13 0e d0 00 00 12 34 00 0{kind} 00 08 00 {value:02x} 00 00 00")
        };
        let script = |mask: &str, kind, value| {
            let send = confirm(kind, value);
            format!(
                "[[connection]]\noffers = \"{mask}\"\nsteps = [{{ expect = \"connection_request\" }}, {{ send = \"{send}\" }}]\n"
            )
        };
        let text = [
            "[plan]\nuntil = \"connection_initiation\"\nenumerate = true\n".to_owned(),
            script("0x00", 3, 5),
            script("0x01", 3, 5),
            script("0x04", 3, 5),
            script("0x10", 3, 5),
            script("0x0B", 2, 2),
        ]
        .concat();
        let played = played(&text);
        assert_eq!(played.violations, []);
        assert!(
            played
                .evidence
                .attempts
                .iter()
                .any(|attempt| attempt.answer() == Answer::Refused(FailureCode::HYBRID_REQUIRED_BY_SERVER))
        );
        let purposes: Vec<_> = played.evidence.attempts.iter().map(|attempt| attempt.purpose).collect();
        assert_eq!(purposes[0], Purpose::Main);
        assert_eq!(purposes[1], Purpose::Enumerate(Protocols::SSL));
    }
}
