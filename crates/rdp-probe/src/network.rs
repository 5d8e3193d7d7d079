//! Resolving and connecting: the operating system's way, or the caller's.
use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::{fmt, io};

use rdp_probe_core::{Address, DialFault, DialFaultKind};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpSocket, TcpStream};
use tokio::sync::oneshot;

use crate::close::{ended_or_fault, lookup_fault_of};

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

    /// The same, with segments of at most so many octets either way. Who cannot do that fails, as this does: what is not small proves
    /// nothing of a path.
    fn dial_small(&self, _: Address, _: u16) -> BoxFuture<'_, Result<Box<dyn Io>, DialFault>> {
        Box::pin(std::future::ready(Err(DialFault::new(DialFaultKind::Other))))
    }
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
        Box::pin(async move { Ok(dial(address).await?.boxed()) })
    }

    fn dial_small(&self, address: Address, segment: u16) -> BoxFuture<'_, Result<Box<dyn Io>, DialFault>> {
        Box::pin(async move { Ok(dial_small(address, segment).await?.boxed()) })
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

/// What came of connecting.
pub(crate) enum Dialed {
    /// A connection.
    Tcp(TcpStream),
    /// A connection that was accepted, and had ended before anything was read from it.
    Ended(Ended),
}

/// Connects.
pub(crate) async fn dial(address: Address) -> Result<Dialed, DialFault> {
    dialed(TcpStream::connect(address).await, address)
}

/// The same, with segments of at most so many octets either way.
pub(crate) async fn dial_small(address: Address, segment: u16) -> Result<Dialed, DialFault> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
    let connected = match socket.and_then(|socket| small(&socket, segment).map(|()| socket)) {
        Ok(socket) => socket.connect(address).await,
        Err(error) => Err(error),
    };
    dialed(connected, address)
}

/// Told to the peer as well, when it is set before the connection is made.
fn small(socket: &TcpSocket, segment: u16) -> io::Result<()> {
    #[cfg(unix)]
    {
        socket2::SockRef::from(socket).set_tcp_mss(segment.into())
    }
    #[cfg(not(unix))]
    {
        _ = (socket, segment);
        Err(io::ErrorKind::Unsupported.into())
    }
}

impl Dialed {
    fn boxed(self) -> Box<dyn Io> {
        match self {
            Self::Tcp(stream) => {
                small_writes_at_once(&stream);
                Box::new(stream)
            }
            Self::Ended(ended) => Box::new(ended),
        }
    }
}

/// Where one message follows another before the first is acknowledged, Nagle's algorithm puts the second off.
pub(crate) fn small_writes_at_once(stream: &TcpStream) {
    // It cannot fail on a connected socket in a way that matters to the probe; what matters shows at the next read.
    _ = stream.set_nodelay(true);
}

fn dialed(connected: io::Result<TcpStream>, address: Address) -> Result<Dialed, DialFault> {
    match connected {
        Ok(stream) => Ok(Dialed::Tcp(stream)),
        Err(error) => ended_or_fault(&error, address).map(|_| Dialed::Ended(Ended(error))),
    }
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

/// The end of a connection that was over before it was used: whoever reads or writes sees the error that ended it.
#[derive(Debug)]
pub(crate) struct Ended(io::Error);

impl Ended {
    fn error(&self) -> io::Error {
        self.0.raw_os_error().map_or_else(|| self.0.kind().into(), io::Error::from_raw_os_error)
    }
}

impl AsyncRead for Ended {
    fn poll_read(self: Pin<&mut Self>, _: &mut Context<'_>, _: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(self.error()))
    }
}

impl AsyncWrite for Ended {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, _: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(Err(self.error()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Err(self.error()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use rdp_probe_core::Close;
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

    use super::*;
    use crate::close::close_of;

    #[tokio::test]
    async fn a_connection_that_was_reset_at_once_is_one_that_ended_by_a_reset() {
        let reset = Err(io::Error::from_raw_os_error(104));
        let Ok(Dialed::Ended(mut ended)) = dialed(reset, Address::from(([127, 0, 0, 1], 3389))) else {
            panic!("it was made")
        };
        assert_eq!(close_of(&ended.write_all(b"request").await.unwrap_err()), Close::Reset);
        assert_eq!(close_of(&ended.read_u8().await.unwrap_err()), Close::Reset);
    }
}
