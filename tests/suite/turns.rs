//! How many connections a run makes, and how often on each it speaks and then has to listen: what a probe costs on a long way.
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, ready};

use rdp_probe::{BoxFuture, Credentials, DialFault, Io, Network, Probe, Stage, SystemNetwork, Target};
use rdp_probe_core::wire::tls::Version;
use rdp_probe_testkit::Scenario;
use rdp_probe_testkit::acceptor::{Acceptor, Accepts};
use rdp_probe_testkit::scenario::Step;
use rdp_probe_testkit::target::ScriptedTarget;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::delegation::{TO_THE_END, steps};
use crate::logon::accepts;
use crate::scenarios::all;
use crate::usage::on_runtime;

/// What was said on one connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Said {
    /// How often the client spoke after the server had, or first. Each but a farewell is a round trip.
    turns: usize,
    /// In how many writes: more than turns are more segments than need be.
    writes: usize,
    listened: bool,
}

/// The operating system's TCP, counted.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counting {
    said: Arc<Mutex<Vec<Said>>>,
    /// Whether what is said on one connection may be answered on another one.
    as_one: bool,
}

struct Counted {
    stream: Box<dyn Io>,
    place: usize,
    counting: Counting,
}

impl Network for Counting {
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> BoxFuture<'a, Result<Vec<SocketAddr>, DialFault>> {
        SystemNetwork.resolve(name, port)
    }

    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Io>, DialFault>> {
        Box::pin(async move {
            let stream = SystemNetwork.dial(address).await?;
            let mut all = self.said.lock().unwrap();
            if all.is_empty() || !self.as_one {
                all.push(Said::default());
            }
            let counted: Box<dyn Io> =
                Box::new(Counted { stream, place: all.len() - 1, counting: self.clone() });
            Ok(counted)
        })
    }
}

impl Counting {
    /// Counts all connections as one.
    pub(crate) fn as_one() -> Self {
        Self { as_one: true, ..Self::default() }
    }

    /// How often the client spoke after the server had, or first, on each connection.
    pub(crate) fn turns(&self) -> Vec<usize> {
        self.said.lock().unwrap().iter().map(|said| said.turns).collect()
    }
}

impl Counted {
    fn said(&self, change: impl FnOnce(&mut Said)) {
        change(&mut self.counting.said.lock().unwrap()[self.place]);
    }

    fn wrote(&self, octets: usize) -> usize {
        self.said(|said| {
            if said.writes == 0 || said.listened {
                said.turns += 1;
            }
            said.writes += 1;
            said.listened = false;
        });
        octets
    }
}

impl AsyncRead for Counted {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_read(cx, buf))?;
        self.said(|said| said.listened = true);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Counted {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, buf))?;
        Poll::Ready(Ok(self.wrote(written)))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(cx, bufs))?;
        Poll::Ready(Ok(self.wrote(written)))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Turns and writes of each connection that a run makes against this scenario's target.
fn said(name: &str) -> Vec<(usize, usize)> {
    said_of(all().iter().find(|scenario| scenario.name == name).unwrap())
}

/// The same of a scenario that is not one of the files.
fn said_of(scenario: &Scenario) -> Vec<(usize, usize)> {
    let name = &scenario.name;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let counting = Counting::default();
    runtime.block_on(async {
        let target = ScriptedTarget::start(scenario).await.unwrap();
        let plan = scenario.plan(target.port());
        let probe = Probe::builder(Target::new(plan.target.host.clone(), plan.target.port)).plan(plan);
        let probe = probe.resolve_to(target.addresses().collect()).network(Arc::new(counting.clone()));
        let report = probe.build().unwrap().run().await;
        assert_eq!(target.finish().await.violations, []);
        let all = counting.said.lock().unwrap();
        assert_eq!(all.len(), report.evidence.attempts.len(), "{name}");
        all.iter().map(|said| (said.turns, said.writes)).collect()
    })
}

#[test]
fn no_target_costs_more_connections_or_turns_than_it_has_to() {
    let once = (1, 1);
    // The first word of TLS follows a request, the second one the server's flight; the last turn is the farewell.
    for (name, expected) in [
        ("selects-credssp", &[once][..]),
        ("ssh-banner", &[once]),
        ("reset-after-request", &[once]),
        ("fallback-to-tls", &[once; 2]),
        ("enumerated-nla-not-required", &[once; 6]),
        // A handshake that ends with our word; what follows it is a write of its own.
        ("stops-after-tls", &[(3, 4)]),
        ("challenge-of-a-workgroup", &[(4, 5)]),
        ("deactivate-all-before-disconnect", &[(4, 5)]),
        // One that ends with the server's.
        ("challenge-over-tls-1-2", &[(5, 5)]),
        // RDSTLS and RDSAAD begin with the server's word.
        ("rdstls-capabilities", &[(4, 4)]),
        ("rdsaad-nonce", &[(4, 4)]),
        ("no-encryption-at-all", &[(3, 3)]),
        ("enumerated-encryption-methods", &[(3, 3), once, once, (3, 3), (3, 3), (2, 2)]),
        // The same hello once more, the scout, and the scout with a reduced hello.
        ("hello-draws-fin-and-the-same-one-a-handshake", &[(2, 2), (3, 4)]),
        ("alert-handshake-failure-at-every-hello", &[(2, 2); 3]),
        ("hello-draws-a-fin-and-the-scout-an-answer", &[(2, 2); 3]),
        // A choice of TLS 1.3 hides the certificate: once more with TLS 1.2 at most.
        ("hello-draws-a-reset-and-the-scout-an-answer", &[(2, 2); 4]),
        ("every-hello-draws-a-reset", &[(2, 2); 4]),
    ] {
        assert_eq!(said(name), expected, "{name}");
    }
}

#[test]
fn credentials_are_proven_in_five_round_trips_and_over_tls_1_2_in_six() {
    on_runtime(async {
        for (tls_1_3, trips) in [(true, 5), (false, 6)] {
            let accepts = Accepts { tls_1_3, ..accepts() };
            let acceptor = Acceptor::start(accepts.clone()).unwrap();
            let counting = Counting::default();
            let credentials = Credentials::new("LAB\\alice", None, accepts.password.clone()).unwrap();
            let probe = Probe::builder(acceptor.address().to_string().parse::<Target>().unwrap());
            let probe = probe.credentials(credentials).pin(&accepts.certificate.sha256());
            let report = probe.network(Arc::new(counting.clone())).build().unwrap().run().await;
            assert!(report.evidence.logon_accepted(), "{:?}", report.evidence);
            let all = counting.said.lock().unwrap().clone();
            let [Said { turns, .. }] = all.as_slice() else { panic!("one connection: {all:?}") };
            // Connecting is a round trip before the first turn, and the last turn, the farewell, is none.
            assert_eq!(*turns, trips, "TLS 1.3 {tls_1_3}");
        }
    });
}

/// Connecting is a round trip before the first turn, and the last turn, the farewell, is none: there are as many round trips as turns.
#[test]
fn a_session_is_there_in_as_few_round_trips_as_the_protocol_allows() {
    for (name, trips) in [
        ("session-becomes-active", 7),
        ("session-becomes-active-with-joins", 8),
        ("licensing-with-a-request", 8),
        // There is no handshake.
        ("session-becomes-active-without-tls", 7),
    ] {
        let scenario = all().iter().find(|scenario| scenario.name == name).unwrap();
        let [(turns, writes)] = said_of(scenario)[..] else { panic!("one connection") };
        assert_eq!(turns, trips, "{name}");
        // The end of the handshake is a write of its own, and so is that of TLS.
        assert!(writes <= turns + 2, "{name}: {writes} writes");
        let mut old = scenario.clone();
        let handshakes = old.connections.iter_mut().flat_map(|connection| &mut connection.steps);
        let mut over_tls = false;
        for step in handshakes {
            if let Step::Tls(handshake) = step {
                handshake.versions = vec![Version::TLS_1_2];
                over_tls = true;
            }
        }
        let [(turns, _)] = said_of(&old)[..] else { panic!("one connection") };
        assert_eq!(turns, trips + usize::from(over_tls), "{name}, TLS 1.2");
    }
}

#[test]
fn a_session_behind_a_logon_takes_two_or_three_round_trips_more() {
    on_runtime(async {
        for (protocol, tls_1_3, trips) in [(2, true, 9), (2, false, 10), (8, true, 10), (8, false, 11)] {
            let may = if protocol == 8 { "{ send = \"00 00 00 00\" }, " } else { "" };
            let behind = steps(&format!("{may}{TO_THE_END}"));
            let accepts = Accepts { tls_1_3, behind, selects: (protocol, 0x1F), ..accepts() };
            let acceptor = Acceptor::start(accepts.clone()).unwrap();
            let counting = Counting::default();
            let credentials = Credentials::new("LAB\\alice", None, accepts.password.clone()).unwrap();
            let probe = Probe::builder(acceptor.address().to_string().parse::<Target>().unwrap());
            let probe = probe.credentials(credentials).pin(&accepts.certificate.sha256());
            let probe = probe.until(Stage::ConnectionFinalization).network(Arc::new(counting.clone()));
            let report = probe.build().unwrap().run().await;
            assert_eq!(report.exit_code(), 0, "{:?}", report.evidence);
            assert_eq!(counting.turns(), [trips], "protocol {protocol}, TLS 1.3 {tls_1_3}");
        }
    });
}
