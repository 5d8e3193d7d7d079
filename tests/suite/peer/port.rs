//! Free loopback ports, below the range that outgoing connections take theirs from.

use std::{
    collections::BTreeSet,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    ops::Range,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Linux takes ports of outgoing connections from 32768 on, and the testkit's targets theirs from 20000 on: were these the
/// same, one of them could take a port between our look and the server's `bind`.
const PORTS: Range<u16> = 10_000..20_000;

/// What this process uses now, and where it looks next.
static BOOK: Mutex<Book> = Mutex::new(Book { taken: BTreeSet::new(), next: None });

#[derive(Debug)]
struct Book {
    taken: BTreeSet<u16>,
    next: Option<u16>,
}

/// A port of 127.0.0.1 that was free a moment ago, and that no other test of this process gets.
#[derive(Debug)]
pub(super) struct Claim(u16);

impl Claim {
    /// The next free port. Two runs side by side start their search at different places.
    pub(super) fn new() -> Self {
        let mut book = book();
        for _ in PORTS {
            let port = book.next.unwrap_or_else(first);
            book.next = port.checked_add(1).filter(|next| PORTS.contains(next)).or(Some(PORTS.start));
            if TcpListener::bind(at(port)).is_ok() && book.taken.insert(port) {
                return Self(port);
            }
        }
        panic!("every port of {PORTS:?} is in use");
    }

    /// Address and port.
    pub(super) const fn address(&self) -> SocketAddr {
        at(self.0)
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        book().taken.remove(&self.0);
    }
}

/// The book, also after a test failed while it held it: each change to it is a single step.
fn book() -> MutexGuard<'static, Book> {
    BOOK.lock().unwrap_or_else(PoisonError::into_inner)
}

const fn at(port: u16) -> SocketAddr {
    SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

/// Where this process begins its search, spread by its id.
fn first() -> u16 {
    let width = u32::from(PORTS.end.abs_diff(PORTS.start));
    let offset = std::process::id().wrapping_mul(97).checked_rem(width).unwrap_or_default();
    PORTS.start.saturating_add(u16::try_from(offset).unwrap_or_default())
}
