//! Sessions are never resumed: CredSSP servers break on that, and a resumed session shows no certificate.
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use std::time::Duration;

use rdp_probe::{BoxFuture, DialFault, Io, Network, Probe, Stage, SystemNetwork};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::peer::openssl::Front;

/// session_ticket: empty when there is none (RFC 5077 section 3.2).
const SESSION_TICKET: u16 = 35;
const PRE_SHARED_KEY: u16 = 41;
const SUPPORTED_VERSIONS: u16 = 43;

/// The operating system's network; what is written on each connection is kept.
#[derive(Clone, Debug, Default)]
struct Tapped(Arc<Mutex<Vec<Vec<u8>>>>);

struct Tap {
    inner: Box<dyn Io>,
    written: Tapped,
}

impl Network for Tapped {
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> BoxFuture<'a, Result<Vec<SocketAddr>, DialFault>> {
        SystemNetwork.resolve(name, port)
    }

    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Io>, DialFault>> {
        Box::pin(async move {
            let inner = SystemNetwork.dial(address).await?;
            self.0.lock().unwrap().push(Vec::new());
            let tap: Box<dyn Io> = Box::new(Tap { inner, written: self.clone() });
            Ok(tap)
        })
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl AsyncWrite for Tap {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, octets);
        if let Poll::Ready(Ok(length)) = written {
            let mut all = self.written.0.lock().unwrap();
            all.last_mut().unwrap().extend_from_slice(&octets[..length]);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

/// The extensions in the ClientHello that follows the Connection Request: types and lengths (RFC 8446 section 4.1.2).
fn extensions(written: &[u8]) -> Vec<(u16, usize)> {
    let pair = |octets: &[u8]| u16::from_be_bytes([octets[0], octets[1]]);
    let record = &written[usize::from(pair(&written[2..]))..];
    assert_eq!((record[0], record[5]), (22, 1), "a ClientHello: {record:02X?}");
    // Headers of record and message, legacy_version, random.
    let rest = &record[5 + 4 + 2 + 32..];
    let rest = &rest[1 + usize::from(rest[0])..]; // legacy_session_id
    let rest = &rest[2 + usize::from(pair(rest))..]; // cipher_suites
    let rest = &rest[1 + usize::from(rest[0])..]; // legacy_compression_methods
    let mut rest = &rest[2..2 + usize::from(pair(rest))];
    let mut all = Vec::new();
    while !rest.is_empty() {
        let length = usize::from(pair(&rest[2..]));
        all.push((pair(rest), length));
        rest = &rest[4 + length..];
    }
    all
}

#[tokio::test]
async fn second_probe_of_a_server_that_gives_tickets_shakes_hands_anew() {
    for version in ["-tls1_2", "-tls1_3"] {
        let server = Front::start(&["-newkey", "rsa:2048"], &[version]);
        let tapped = Tapped::default();
        let network: Arc<dyn Network> = Arc::new(tapped.clone());
        let target = server.address().to_string().parse().unwrap();
        // It sends tickets behind the handshake, and waits for ever for a request of its own kind.
        let short = Duration::from_millis(500);
        let probe = Probe::builder(target).network(network).stage_timeout(Stage::BasicSettingsExchange, short);
        let probe = probe.build().unwrap();
        for _ in 0..2 {
            let report = probe.run().await;
            assert!(report.evidence.tls().is_some(), "{version}: {:?}", report.evidence.failure());
        }
        let written = tapped.0.lock().unwrap();
        let [first, second] = &written[..] else { panic!("{version}: {} connections", written.len()) };
        for extensions in [extensions(first), extensions(second)] {
            let ticket = |(kind, length): &(u16, usize)| {
                (*kind == SESSION_TICKET && *length > 0) || *kind == PRE_SHARED_KEY
            };
            assert!(
                extensions.iter().any(|(kind, _)| *kind == SUPPORTED_VERSIONS),
                "{version}: {extensions:?}"
            );
            assert!(!extensions.iter().any(ticket), "{version}: {extensions:?}");
        }
    }
}
