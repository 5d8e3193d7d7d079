//! Ports of one's own on loopback.
//!
//! They lie below the range from which the operating system takes ports for outgoing connections, so that no client takes
//! one by chance; and whoever looks for one binds it at once, so that nobody can take it in between.
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::net::{TcpListener, TcpSocket};

const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// Calls `bind` with one port after the other until it takes one, and hands over what it bound.
///
/// # Errors
/// What `bind` says, when it is not that the port is taken; or that all are.
pub fn find<T>(mut bind: impl FnMut(u16) -> io::Result<T>) -> io::Result<(u16, T)> {
    // Processes begin at different places, and calls in one process go on from each other.
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let offset = std::process::id().wrapping_mul(97);
    for _ in 0..COUNT {
        let turn = offset.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let step = u16::try_from(turn.checked_rem(u32::from(COUNT)).unwrap_or_default()).unwrap_or_default();
        let port = FIRST + step;
        match bind(port) {
            Ok(bound) => return Ok((port, bound)),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::from(io::ErrorKind::AddrInUse))
}

/// Listens at `address`, on a port of its own.
///
/// # Errors
/// As the operating system says. Needs to be called within a tokio runtime.
pub fn listen(address: IpAddr) -> io::Result<(u16, TcpListener)> {
    find(|port| listen_on(SocketAddr::new(address, port)))
}

/// Listens exactly there.
pub(crate) fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = std::net::TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    TcpListener::from_std(listener)
}

/// A socket that can be bound there.
pub(crate) fn socket(address: SocketAddr) -> io::Result<TcpSocket> {
    if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn two_searches_never_find_the_same_port() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let (one, _held) = listen(Ipv4Addr::LOCALHOST.into()).unwrap();
            let (two, _also) = listen(Ipv4Addr::LOCALHOST.into()).unwrap();
            assert_ne!(one, two);
            assert!((FIRST..FIRST + COUNT).contains(&one));
        });
    }

    #[test]
    fn port_that_is_taken_is_passed_over_and_another_error_is_not() {
        let mut calls = 0;
        let (_, third) = find(|_| {
            calls += 1;
            if calls < 3 { Err(io::ErrorKind::AddrInUse.into()) } else { Ok(calls) }
        })
        .unwrap();
        assert_eq!(third, 3);
        let error = find::<()>(|_| Err(io::ErrorKind::PermissionDenied.into())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
    }
}
