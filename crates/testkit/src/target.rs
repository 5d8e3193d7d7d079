//! A target on loopback that does what a scenario says, for clients with real sockets.
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdp_probe_core::wire::tpkt::Frame;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

pub use crate::backlog::FullBacklog;
use crate::backlog::tiny;
use crate::listen::{accept, still_open};
use crate::port;
use crate::scenario::{Connect, Connection, Ending, Route, Scenario, Step, echo};
use crate::script::{Claim, Claims, Violation, check, first_request, offered, segment, whole};
use crate::stream::Stream;

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A target that serves a scenario's connections. It ends when it is dropped.
#[derive(Debug)]
pub struct ScriptedTarget {
    port: u16,
    addresses: Vec<IpAddr>,
    shared: Arc<Shared>,
    done: watch::Sender<bool>,
    acceptors: JoinSet<JoinSet<()>>,
    _full: Vec<FullBacklog>,
    _closed: Vec<TcpSocket>,
}

/// What a target has served.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Served {
    /// The scripts by index, in the order in which they were begun.
    pub scripts: Vec<usize>,
    /// Where script and client disagree; empty when the scenario was played as it is written.
    pub violations: Vec<Violation>,
}

#[derive(Debug)]
struct Shared {
    scripts: Vec<Connection>,
    route: Route,
    state: Mutex<(Claims, Served)>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, (Claims, Served)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn violation(&self, violation: Violation) {
        self.lock().1.violations.push(violation);
    }
}

impl ScriptedTarget {
    /// Begins to serve: on the scenario's port or on one that is free, at each of its addresses. An address that refuses is
    /// bound but does not listen; one that does not answer listens with a full backlog. What else a connection can do is not
    /// in a target's power, and such an address is left alone.
    ///
    /// # Errors
    /// As the operating system says. Needs to be called within a tokio runtime.
    pub async fn start(scenario: &Scenario) -> io::Result<Self> {
        // What is said of dialling is of the gateway's address, where there is one.
        let through = scenario.gateway.is_some();
        let mut addresses = if through { vec![LOOPBACK] } else { scenario.addresses() };
        let direct = scenario.direct.as_ref();
        let directly = direct.map(|direct| direct.addresses(&scenario.target.host)).unwrap_or_default();
        addresses.extend(directly.into_iter().filter(|ip| *ip != LOOPBACK));
        let bind = |port: u16| {
            let mut bound = Bound::default();
            for ip in &addresses {
                let connect = match direct.filter(|_| *ip != LOOPBACK) {
                    Some(direct) => direct.connect(*ip),
                    None if through => Connect::Ok,
                    None => scenario.connect(*ip),
                };
                bound.bind(SocketAddr::new(*ip, port), connect)?;
            }
            Ok(bound)
        };
        let (port, bound) = match scenario.target.port {
            Some(port) => (port, bind(port)?),
            None => port::find(bind)?,
        };
        let mut full = Vec::with_capacity(bound.tiny.len());
        for listener in bound.tiny {
            full.push(FullBacklog::fill(listener).await?);
        }
        let shared = Arc::new(Shared {
            scripts: scenario.connections.clone(),
            route: Route::of(scenario.plan(0)),
            state: Mutex::new((Claims::new(scenario), Served::default())),
        });
        let (done, _) = watch::channel(false);
        let mut acceptors = JoinSet::new();
        for listener in bound.open {
            let shared = Arc::clone(&shared);
            let serve = move |stream: TcpStream| {
                let ip = stream.local_addr().ok()?.ip();
                let claim = shared.lock().0.on_accept(&shared.scripts, ip);
                Some(serve(stream, ip, claim, Arc::clone(&shared)))
            };
            acceptors.spawn(accept(listener, done.subscribe(), serve));
        }
        Ok(Self { port, addresses, shared, done, acceptors, _full: full, _closed: bound.closed })
    }

    /// The port, the same at each address.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Where it stands, with the port.
    pub fn addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.addresses.iter().map(|ip| SocketAddr::new(*ip, self.port))
    }

    /// To be called when the client is done: serves what still waits in the backlog, and tells what was served.
    pub async fn finish(self) -> Served {
        self.done.send_replace(true);
        let open = still_open(self.acceptors).await;
        if open > 0 {
            self.shared.violation(Violation::StillOpen { open });
        }
        let (claims, served) = &mut *self.shared.lock();
        served.violations.extend(claims.unused());
        std::mem::take(served)
    }
}

#[derive(Default)]
struct Bound {
    open: Vec<TcpListener>,
    tiny: Vec<TcpListener>,
    closed: Vec<TcpSocket>,
}

impl Bound {
    fn bind(&mut self, address: SocketAddr, connect: Connect) -> io::Result<()> {
        match connect {
            Connect::Ok => self.open.push(port::listen_on(address)?),
            Connect::TimedOut => self.tiny.push(tiny(address)?),
            Connect::Refused => {
                let socket = port::socket(address)?;
                socket.bind(address)?;
                self.closed.push(socket);
            }
            Connect::Reset
            | Connect::HostUnreachable
            | Connect::NetworkUnreachable
            | Connect::NotPermitted
            | Connect::LocalResources
            | Connect::Other
            | Connect::Cancelled => {}
        }
        Ok(())
    }
}

async fn serve(stream: TcpStream, ip: IpAddr, claim: Claim, shared: Arc<Shared>) {
    // Each step's octets go out at once.
    let _ = stream.set_nodelay(true);
    let mut stream = Stream::Plain(stream);
    let mut held = Vec::new();
    let script = match claim {
        Claim::Script(index) => Some(index),
        Claim::None => None,
        Claim::AfterRequest => {
            held = read_pdu(&mut stream, first_request).await;
            let script = shared.lock().0.on_request(&shared.scripts, ip, offered(&held));
            if script.is_none() {
                return shared.violation(Violation::Unclaimed { address: ip, offered: offered(&held) });
            }
            script
        }
    };
    let Some((script, connection)) = script.and_then(|index| Some((index, shared.scripts.get(index)?))) else {
        let octets = read_pdu(&mut stream, first_request).await;
        return shared.violation(Violation::Unclaimed { address: ip, offered: offered(&octets) });
    };
    shared.lock().1.scripts.push(script);
    if let Err(violation) = follow(stream, script, connection, &shared.route, held).await {
        shared.violation(violation);
    }
}

/// Follows the script to its end, or until the client closes. `held` has been read before the script was known.
async fn follow(
    mut stream: Stream,
    script: usize,
    connection: &Connection,
    route: &Route,
    mut held: Vec<u8>,
) -> Result<(), Violation> {
    // What was read last.
    let mut last = Vec::new();
    for step in &connection.steps {
        // A write fails when the client has closed: it has heard enough.
        let sent = match step {
            Step::Expect(due) => {
                let framed = due.framing();
                let octets = match whole(framed, &mut held) {
                    Some(octets) => octets,
                    None if held.is_empty() => read_pdu(&mut stream, framed).await,
                    None => std::mem::take(&mut held),
                };
                if !matches!(framed(&octets), Frame::Whole(_)) {
                    return Err(Violation::NoRequest { script, due: *due, got: octets.len() });
                }
                check(script, *due, &octets, connection.hello, route)?;
                last = octets;
                Ok(())
            }
            Step::Send(octets) => stream.write(octets).await,
            Step::Challenge(challenge) => stream.write(&challenge.octets(now_unix_ms())).await,
            Step::Echo(version) => stream.write(&echo(*version, &last)).await,
            Step::Drip { octets, every } => drip(&mut stream, octets, *every).await,
            Step::Endless { octets, at_most } => {
                let segment = segment(octets);
                let mut taken = 0_usize;
                loop {
                    if taken >= *at_most {
                        return Err(Violation::TookEverything { script, octets: taken });
                    }
                    if let Err(error) = stream.write(&segment).await {
                        break Err(error);
                    }
                    taken += segment.len();
                }
            }
            Step::Tls(handshake) => {
                // What was read with the request before it is the client's hello.
                let shaken = stream.shake_hands(handshake, std::mem::take(&mut held)).await;
                match (shaken, handshake.broken_off) {
                    (Ok(()), false) => Ok(()),
                    (Err(_), true) => return Ok(()),
                    (Ok(()), true) => {
                        let why = "it was to be broken off".to_owned();
                        return Err(Violation::NoHandshake { script, why });
                    }
                    (Err(error), false) => {
                        return Err(Violation::NoHandshake { script, why: error.to_string() });
                    }
                }
            }
            Step::Alert(description) => stream.alert(*description).await,
            Step::BreakTls(how) => stream.break_tls(*how).await,
            Step::Close(Ending::Fin) => stream.fin().await,
            Step::Close(Ending::CloseNotify) => stream.close_notify().await,
            Step::Close(Ending::Reset) => {
                // The connection is reset when it is dropped.
                stream.reset_on_drop();
                return Ok(());
            }
            // It is the client's computer that does.
            Step::StandStill(_)
            | Step::Close(Ending::Silent | Ending::FailsHere | Ending::BeforeTheNextWrite) => Ok(()),
        };
        if sent.is_err() {
            return Ok(());
        }
    }
    stream.closed().await;
    Ok(())
}

/// This computer's clock.
fn now_unix_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or_default()
}

/// Sends octet by octet, for as long as the client listens.
async fn drip(stream: &mut Stream, octets: &[u8], every: Duration) -> io::Result<()> {
    for (index, octet) in octets.iter().enumerate() {
        if index > 0 && timeout(every, stream.closed()).await.is_ok() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        stream.write(&[*octet]).await?;
    }
    Ok(())
}

/// Reads one PDU, or what there is when the client closes or says something else.
async fn read_pdu(stream: &mut Stream, frame: fn(&[u8]) -> Frame) -> Vec<u8> {
    let mut held = Vec::new();
    let mut octet = [0_u8; 1];
    // One octet at a time, so that nothing after the PDU is taken.
    while matches!(frame(&held), Frame::Partial { .. }) {
        match stream.read(&mut octet).await {
            Ok(1..) => held.extend_from_slice(&octet),
            Ok(0) | Err(_) => break,
        }
    }
    held
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdp_probe_core::wire::nego::Protocols;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    /// The first request of a probe: mask 0x0B.
    const REQUEST: [u8; 19] = [3, 0, 0, 0x13, 0x0E, 0xE0, 0, 0, 0, 0, 0, 1, 0, 8, 0, 0x0B, 0, 0, 0];

    fn run<T>(test: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
    }

    fn scenario(text: &str) -> Scenario {
        let rest = "[expect]\noutcome = \"reachable\"\nexit = 0\n";
        Scenario::parse("target", &format!("title = \"t\"\n{text}\n{rest}")).unwrap()
    }

    async fn target(steps: &str) -> ScriptedTarget {
        let text = format!("[[connection]]\nsteps = [{{ expect = \"connection_request\" }}, {steps}]");
        ScriptedTarget::start(&scenario(&text)).await.unwrap()
    }

    async fn client(target: &ScriptedTarget) -> TcpStream {
        let mut stream = TcpStream::connect(target.addresses().next().unwrap()).await.unwrap();
        stream.write_all(&REQUEST).await.unwrap();
        stream
    }

    async fn read_all(stream: &mut TcpStream) -> (Vec<u8>, io::Result<()>) {
        let mut got = Vec::new();
        let mut octet = [0_u8; 1];
        loop {
            match stream.read(&mut octet).await {
                Ok(0) => return (got, Ok(())),
                Ok(_) => got.push(octet[0]),
                Err(error) => return (got, Err(error)),
            }
        }
    }

    async fn finished(target: ScriptedTarget, stream: TcpStream) {
        drop(stream);
        assert_eq!(target.finish().await, Served { scripts: vec![0], violations: vec![] });
    }

    #[test]
    fn fin_is_seen_as_the_end_of_the_stream() {
        run(async {
            let target = target("{ send = \"03 00 00\" }, { close = \"fin\" }").await;
            let mut stream = client(&target).await;
            let (got, end) = read_all(&mut stream).await;
            assert_eq!(got, [3, 0, 0]);
            end.unwrap();
            finished(target, stream).await;
        });
    }

    #[test]
    fn reset_is_seen_as_a_reset_after_the_octets_before_it() {
        run(async {
            let target = target("{ send = \"03 00 00\" }, { close = \"reset\" }").await;
            let mut stream = client(&target).await;
            let (got, end) = read_all(&mut stream).await;
            assert_eq!(end.unwrap_err().kind(), io::ErrorKind::ConnectionReset);
            assert_eq!(got, [3, 0, 0]);
            finished(target, stream).await;
        });
    }

    #[test]
    fn silence_is_neither_data_nor_an_end() {
        run(async {
            let target = target("{ close = \"silent\" }").await;
            let mut stream = client(&target).await;
            assert!(timeout(Duration::from_millis(50), stream.read_u8()).await.is_err());
            finished(target, stream).await;
        });
    }

    #[test]
    fn drops_come_one_by_one_and_stop_when_the_client_closes() {
        run(async {
            let target =
                target("{ drip = \"03 00 00 13\", every_ms = 1 }, { drip = \"00 00\", every_ms = 60000 }")
                    .await;
            let mut stream = client(&target).await;
            let mut five = [0_u8; 5];
            stream.read_exact(&mut five).await.unwrap();
            assert_eq!(five, [3, 0, 0, 0x13, 0]);
            finished(target, stream).await;
        });
    }

    #[test]
    fn endless_octets_end_with_the_client_and_are_its_fault_when_it_takes_them_all() {
        run(async {
            let sane = target("{ endless = \"41 42\", at_most = 100000000 }").await;
            let mut stream = client(&sane).await;
            stream.read_u8().await.unwrap();
            finished(sane, stream).await;

            let greedy = target("{ endless = \"41 42\", at_most = 100000 }").await;
            let mut stream = client(&greedy).await;
            let (got, _) = read_all(&mut stream).await;
            assert!(got.len() >= 100_000);
            drop(stream);
            let served = greedy.finish().await;
            assert!(matches!(served.violations[..], [Violation::TookEverything { script: 0, .. }]));
        });
    }

    #[test]
    fn scripts_are_chosen_by_mask_and_address() {
        run(async {
            let text = "[target]\nhost = \"n\"\n[dial]\nresolve = [\"127.0.0.1\", \"127.0.0.2\"]\n\
                [[connection]]\noffers = \"0x01\"\nsteps = [{ send = \"01\" }]\n\
                [[connection]]\noffers = \"0x0B\"\nsteps = [{ send = \"0b\" }]\n\
                [[connection]]\naddress = \"127.0.0.2\"\nsteps = [{ send = \"22\" }]";
            let target = ScriptedTarget::start(&scenario(text)).await.unwrap();
            let addresses: Vec<_> = target.addresses().collect();
            let mut answers = Vec::new();
            let mut tls = REQUEST;
            tls[15] = 1;
            for (address, request) in [(addresses[1], [0; 19]), (addresses[0], REQUEST), (addresses[0], tls)] {
                let mut stream = TcpStream::connect(address).await.unwrap();
                stream.write_all(&request).await.unwrap();
                answers.push(stream.read_u8().await.unwrap());
            }
            assert_eq!(answers, [0x22, 0x0B, 0x01]);
            assert_eq!(target.finish().await, Served { scripts: vec![2, 1, 0], violations: vec![] });
        });
    }

    #[test]
    fn too_many_and_too_few_connections_are_told() {
        run(async {
            let one = "[[connection]]\nsteps = [{ close = \"fin\" }]\n";
            let target = ScriptedTarget::start(&scenario(one)).await.unwrap();
            // Both wait in the backlog when the client is done.
            for _ in 0..2 {
                drop(client(&target).await);
            }
            let served = target.finish().await;
            let unclaimed =
                Violation::Unclaimed { address: [127, 0, 0, 1].into(), offered: Some(Protocols(0x0B)) };
            assert_eq!(served, Served { scripts: vec![0], violations: vec![unclaimed] });

            let target = ScriptedTarget::start(&scenario(one)).await.unwrap();
            assert_eq!(target.finish().await.violations, [Violation::Unused { script: 0 }]);
        });
    }

    #[test]
    fn request_that_is_cut_or_none_is_told() {
        run(async {
            for (octets, expected) in
                [(&REQUEST[..7], "7 octets"), (&b"GET / HTTP/1.1\r\n"[..], "after 1 octets")]
            {
                let target = target("{ close = \"fin\" }").await;
                let mut stream = TcpStream::connect(target.addresses().next().unwrap()).await.unwrap();
                stream.write_all(octets).await.unwrap();
                drop(stream);
                let [violation] = &target.finish().await.violations[..] else { panic!("not one violation") };
                assert!(violation.to_string().contains(expected), "{violation}");
            }
        });
    }

    #[test]
    fn dropped_target_lets_its_connections_go() {
        run(async {
            let target = target("{ close = \"silent\" }").await;
            let mut stream = client(&target).await;
            // Until its task runs there is nothing to end.
            tokio::task::yield_now().await;
            let address = target.addresses().next().unwrap();
            drop(target);
            let (got, _) = read_all(&mut stream).await;
            assert_eq!(got, []);
            assert_eq!(TcpStream::connect(address).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
        });
    }

    #[test]
    fn addresses_refuse_and_stay_silent_as_the_scenario_says() {
        run(async {
            let text = "[target]\nhost = \"n\"\n[dial]\nresolve = [\"127.0.0.1\", \"127.0.0.2\"]\n\
                connect = { \"127.0.0.1\" = \"refused\", \"*\" = \"timed_out\" }";
            let target = ScriptedTarget::start(&scenario(text)).await.unwrap();
            let addresses: Vec<_> = target.addresses().collect();
            let refused = TcpStream::connect(addresses[0]).await.unwrap_err();
            assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
            assert!(timeout(Duration::from_millis(300), TcpStream::connect(addresses[1])).await.is_err());
            assert_eq!(target.finish().await, Served::default());
        });
    }
}
