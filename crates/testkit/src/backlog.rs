//! A listener that answers nobody.
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::port;

/// A listener whose backlog is full: a further connection is not answered until this is dropped.
#[derive(Debug)]
pub struct FullBacklog {
    address: SocketAddr,
    _listener: TcpListener,
    _held: Vec<TcpStream>,
}

/// How long a connection on loopback may take. One that takes longer is not coming.
const LOOPBACK_CONNECT: Duration = Duration::from_millis(200);

/// More connections than a backlog of nothing takes on any system.
const MOST_HELD: usize = 16;

pub(crate) fn tiny(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = port::socket(address)?;
    socket.bind(address)?;
    socket.listen(0)
}

impl FullBacklog {
    /// Listens at `ip` on a port of its own, and fills the backlog.
    ///
    /// # Errors
    /// As the operating system says, or when the backlog cannot be filled. Needs to be called within a tokio runtime.
    pub async fn start(ip: IpAddr) -> io::Result<Self> {
        let (_, listener) = port::find(|port| tiny(SocketAddr::new(ip, port)))?;
        Self::fill(listener).await
    }

    pub(crate) async fn fill(listener: TcpListener) -> io::Result<Self> {
        let address = listener.local_addr()?;
        let mut held = Vec::new();
        for _ in 0..MOST_HELD {
            match timeout(LOOPBACK_CONNECT, TcpStream::connect(address)).await {
                Ok(stream) => held.push(stream?),
                Err(_) => return Ok(Self { address, _listener: listener, _held: held }),
            }
        }
        Err(io::Error::other("the backlog takes every connection"))
    }

    /// Where a connection is not answered.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_backlog_answers_nobody() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let full = FullBacklog::start([127, 0, 0, 1].into()).await.unwrap();
            let connect = TcpStream::connect(full.address());
            assert!(timeout(Duration::from_millis(300), connect).await.is_err());
        });
    }
}
