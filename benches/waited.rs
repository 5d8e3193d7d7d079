//! A server that is waited for: it lets a client come to a point and says no more.
use std::error::Error;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rdp_probe_testkit::certificate::Kind;
use rdp_probe_testkit::port;
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::responder::{CONFIRM, REQUEST, runtime};

/// Where it stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Holds {
    /// In place of the Connection Confirm.
    Confirm,
    /// Behind the beginning of one that is to be as long as a TPKT can be.
    LongConfirm,
    /// Inside TLS, after the client's first message.
    Inside,
}

/// The first octets of a TPKT of 65,535.
const LONG: [u8; 7] = [0x03, 0x00, 0xFF, 0xFF, 0xFE, 0xD0, 0x00];

/// A server on a thread of its own. It ends with the process.
#[derive(Debug)]
pub struct Waited {
    address: SocketAddr,
    waiting: Arc<AtomicUsize>,
}

impl Waited {
    /// Listens on loopback.
    ///
    /// # Errors
    /// As the operating system says.
    pub fn start(holds: Holds) -> Result<Self, Box<dyn Error>> {
        let (runtime, waiting) = (runtime()?, Arc::new(AtomicUsize::new(0)));
        let (port, listener) = runtime.block_on(async {
            port::find(|port| {
                let socket = TcpSocket::new_v4()?;
                socket.bind(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
                socket.listen(4096)
            })
        })?;
        let acceptor = acceptor()?;
        let count = Arc::clone(&waiting);
        std::thread::spawn(move || runtime.block_on(serve(listener, holds, acceptor, count)));
        Ok(Self { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), waiting })
    }

    /// Where.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many clients have come to that point.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.load(Ordering::Relaxed)
    }
}

fn acceptor() -> Result<TlsAcceptor, Box<dyn Error>> {
    let chain = Kind::P256.chain().into_iter().map(CertificateDer::from).collect();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, Kind::P256.key())?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}

async fn serve(listener: TcpListener, holds: Holds, acceptor: TlsAcceptor, waiting: Arc<AtomicUsize>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (acceptor, waiting) = (acceptor.clone(), Arc::clone(&waiting));
        // A client that leaves early is missed by who counts.
        tokio::spawn(async move { hold(stream, holds, &acceptor, &waiting).await });
    }
}

async fn hold(
    mut stream: TcpStream,
    holds: Holds,
    acceptor: &TlsAcceptor,
    waiting: &AtomicUsize,
) -> io::Result<()> {
    stream.read_exact(&mut [0; REQUEST.len()]).await?;
    let arrived = || waiting.fetch_add(1, Ordering::Relaxed);
    match holds {
        Holds::Confirm => _ = arrived(),
        Holds::LongConfirm => {
            stream.write_all(&LONG).await?;
            arrived();
        }
        Holds::Inside => {
            stream.write_all(&CONFIRM).await?;
            let mut inside = acceptor.accept(stream).await?;
            _ = inside.read(&mut [0; 256]).await?;
            arrived();
            inside.read_to_end(&mut Vec::new()).await?;
            return Ok(());
        }
    }
    stream.read_to_end(&mut Vec::new()).await.map(drop)
}
