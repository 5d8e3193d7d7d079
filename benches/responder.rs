//! An RDP server's first answer, given on a thread of its own, so that the client's CPU time is the client's.
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use rdp_probe_testkit::port;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;

/// What a probe sends first.
pub const REQUEST: [u8; 19] = [
    0x03, 0x00, 0x00, 0x13, // TPKT: 19 octets
    0x0E, 0xE0, 0x00, 0x00, 0x00, 0x00, 0x00, // LI 14, CR, DST-REF 0, SRC-REF 0, class 0
    0x01, 0x00, 0x08, 0x00, 0x0B, 0x00, 0x00, 0x00, // RDP_NEG_REQ, SSL, HYBRID and HYBRID_EX
];
/// The server selects CredSSP.
pub const CONFIRM: [u8; 19] = [
    0x03, 0x00, 0x00, 0x13, // TPKT: 19 octets
    0x0E, 0xD0, 0x00, 0x00, 0x12, 0x34, 0x00, // LI 14, CC, DST-REF 0, SRC-REF 0x1234, class 0
    0x02, 0x1F, 0x08, 0x00, 0x02, 0x00, 0x00, 0x00, // RDP_NEG_RSP, flags 0x1F, HYBRID
];
/// The server wants CredSSP without Early User Authorization: a probe tries again with that.
pub const REFUSAL: [u8; 19] = [
    0x03, 0x00, 0x00, 0x13, // TPKT: 19 octets
    0x0E, 0xD0, 0x00, 0x00, 0x12, 0x34, 0x00, // LI 14, CC, DST-REF 0, SRC-REF 0x1234, class 0
    0x03, 0x00, 0x08, 0x00, 0x05, 0x00, 0x00, 0x00, // RDP_NEG_FAILURE, HYBRID_REQUIRED_BY_SERVER
];

/// How long the last connections may take to be counted.
const PATIENCE: Duration = Duration::from_secs(5);

/// A server that answers the first request of every connection. It ends with the process.
#[derive(Debug)]
pub struct Responder {
    addresses: Vec<SocketAddr>,
    seen: Arc<Seen>,
}

/// Connections that ended.
#[derive(Debug, Default)]
struct Seen {
    /// Nineteen octets came, and as many went.
    exact: AtomicU64,
    /// Anything else.
    odd: AtomicU64,
}

/// A runtime of one thread.
///
/// # Errors
/// As the operating system says.
pub fn runtime() -> io::Result<Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

impl Responder {
    /// Listens at `count` addresses on one port: a client that uses them in turn does not run out of ports.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn start(count: u8, answer: fn(&[u8; 19]) -> [u8; 19]) -> io::Result<Self> {
        let ips = (1..=count).map(|last| IpAddr::V4(Ipv4Addr::new(127, 0, 77, last)));
        let (port, listeners) = port::find(|port| {
            ips.clone().map(|ip| listen(SocketAddr::new(ip, port))).collect::<io::Result<Vec<_>>>()
        })?;
        let addresses = ips.map(|ip| SocketAddr::new(ip, port)).collect();
        let seen = Arc::new(Seen::default());
        let (runtime, counts) = (runtime()?, Arc::clone(&seen));
        std::thread::spawn(move || {
            runtime.block_on(async {
                let mut tasks = JoinSet::new();
                // One that fails is missed by the client.
                for listener in
                    listeners.into_iter().filter_map(|listener| TcpListener::from_std(listener).ok())
                {
                    tasks.spawn(respond(listener, answer, Arc::clone(&counts)));
                }
                while tasks.join_next().await.is_some() {}
            });
        });
        Ok(Self { addresses, seen })
    }

    /// Where it listens.
    #[must_use]
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// Waits until so many connections have ended, and holds that on each nineteen octets came and as many went.
    ///
    /// # Panics
    /// When that is not so.
    pub fn expect_exactly(&self, connections: u64) {
        let began = Instant::now();
        let counts = || (self.seen.exact.load(Ordering::Relaxed), self.seen.odd.load(Ordering::Relaxed));
        while counts().0 < connections && began.elapsed() < PATIENCE {
            std::thread::yield_now();
        }
        assert!(counts() == (connections, 0), "(exact, odd) is {:?} of {connections}", counts());
    }
}

fn listen(address: SocketAddr) -> io::Result<std::net::TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

async fn respond(listener: TcpListener, answer: fn(&[u8; 19]) -> [u8; 19], seen: Arc<Seen>) {
    while let Ok((stream, _)) = listener.accept().await {
        let exact = serve(stream, answer).await.unwrap_or(false);
        if exact { &seen.exact } else { &seen.odd }.fetch_add(1, Ordering::Relaxed);
    }
}

/// Whether nineteen octets came before the end, and as many went.
async fn serve(mut stream: TcpStream, answer: fn(&[u8; 19]) -> [u8; 19]) -> io::Result<bool> {
    let mut request = [0_u8; REQUEST.len()];
    stream.read_exact(&mut request).await?;
    let answer = answer(&request);
    let written = stream.write(&answer).await?;
    let more = stream.read(&mut [0_u8; 64]).await?;
    Ok(written == answer.len() && more == 0)
}
