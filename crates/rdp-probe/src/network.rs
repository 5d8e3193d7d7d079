//! Resolving and connecting: the operating system's way, or the caller's.
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::{fmt, io};

use rdp_probe_core::{Address, Close, DialFault, DialFaultKind, Link};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use crate::close::{dial_fault_of, lookup_fault_of};
use crate::tls::Inside;

/// A future that can be kept in a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// A byte stream that somebody else made.
pub trait Io: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Io for T {}

/// How names become addresses, and addresses connections. Deadlines are the probe's: an implementation only has to be
/// droppable at any time.
pub trait Network: Send + Sync + fmt::Debug {
    /// The addresses of a name, in the order in which they should be tried.
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> BoxFuture<'a, Result<Vec<Address>, DialFault>>;

    /// A stream to an address.
    fn dial(&self, address: Address) -> BoxFuture<'_, Result<Box<dyn Io>, DialFault>>;
}

/// The operating system's resolver and TCP. What a probe uses unless it is told otherwise.
#[derive(Clone, Copy, Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "it has no state")]
pub struct SystemNetwork;

impl Network for SystemNetwork {
    fn resolve<'a>(&'a self, name: &'a str, port: u16) -> BoxFuture<'a, Result<Vec<Address>, DialFault>> {
        Box::pin(resolve(name, port))
    }

    fn dial(&self, address: Address) -> BoxFuture<'_, Result<Box<dyn Io>, DialFault>> {
        Box::pin(async move {
            let stream: Box<dyn Io> = Box::new(dial(address).await?);
            Ok(stream)
        })
    }
}

/// Asks the operating system's resolver on a thread of its own: one that hangs must keep neither a runtime's pool nor the
/// end of the process waiting.
pub(crate) async fn resolve(name: &str, port: u16) -> Result<Vec<Address>, DialFault> {
    let (answer, waiting) = oneshot::channel();
    let name = name.to_owned();
    let thread = std::thread::Builder::new().name("resolve".into()).spawn(move || {
        // Nobody may be waiting any more, which is no error.
        _ = answer.send(lookup(&name, port));
    });
    if let Err(error) = thread {
        return Err(DialFault { os: error.raw_os_error(), ..DialFault::new(DialFaultKind::LocalResources) });
    }
    waiting.await.unwrap_or_else(|_| Err(DialFault::new(DialFaultKind::ResolverFailed)))
}

fn lookup(name: &str, port: u16) -> Result<Vec<Address>, DialFault> {
    // One answer an address instead of one a socket type.
    let socktype = dns_lookup::SockType::Stream.into();
    let hints = dns_lookup::AddrInfoHints { socktype, ..dns_lookup::AddrInfoHints::default() };
    let found =
        dns_lookup::getaddrinfo(Some(name), None, Some(hints)).map_err(|error| lookup_fault_of(&error))?;
    let mut addresses = Vec::new();
    for info in found.flatten() {
        let mut address: SocketAddr = info.sockaddr;
        address.set_port(port);
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    Ok(addresses)
}

/// Connects; small requests go out at once, and so do acknowledgements.
pub(crate) async fn dial(address: Address) -> Result<TcpStream, DialFault> {
    let stream = TcpStream::connect(address).await.map_err(|error| dial_fault_of(&error, address))?;
    // It cannot fail on a connected socket in a way that matters to the probe; what matters shows at the next read.
    _ = stream.set_nodelay(true);
    Ok(stream)
}

/// A delayed acknowledgement meets Nagle's algorithm at the server and puts 40 ms on a stage that took none. Linux forgets
/// the setting, so it is set again before each read.
pub(crate) fn quick_acknowledgement(stream: &TcpStream) {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    {
        _ = stream.set_quickack(true);
    }
    #[cfg(not(any(target_os = "linux", target_os = "android")))]
    {
        _ = stream;
    }
}

/// What the driver reads from and writes to.
pub(crate) enum Transport {
    /// The operating system's TCP.
    Tcp(TcpStream),
    /// The caller's stream.
    Custom(Box<dyn Io>),
    /// Inside TLS.
    Tls(Inside),
}

impl Transport {
    /// Before a read whose answer is timed.
    pub(crate) fn about_to_read(&self) {
        if let Self::Tcp(stream) = self {
            quick_acknowledgement(stream);
        }
    }

    /// The ends of the connection, as far as they are known.
    pub(crate) fn link(&self, peer: Address) -> Link {
        let local = match self {
            Self::Tcp(stream) => stream.local_addr().ok(),
            Self::Custom(_) | Self::Tls(_) => None,
        };
        Link { peer, local }
    }

    /// What it means when nothing more is read.
    pub(crate) const fn end(&self) -> Close {
        match self {
            Self::Tcp(_) | Self::Custom(_) => Close::Fin,
            // A bare FIN is an error to rustls; without one, the end was announced.
            Self::Tls(_) => Close::CloseNotify,
        }
    }
}

impl AsyncRead for Transport {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Custom(stream) => Pin::new(stream).poll_read(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Custom(stream) => Pin::new(stream).poll_write(cx, buf),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, buf),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Custom(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, bufs),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.is_write_vectored(),
            Self::Custom(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_flush(cx),
            Self::Custom(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Tcp(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Custom(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}
