//! Real RDP servers, started for one test on a loopback port and ended with it.
//!
//! Nobody here wrote them, so they hold us to what is on the wire. They come from Debian (`tests/run` installs
//! them); one that cannot be started fails the test, since a peer that is skipped proves nothing.
//!
//! A server belongs to the thread that started it and ends with that thread, however the test ends. Everything a
//! server prints goes to its scratch folder, and to the test's output when the test fails.

pub(crate) mod freerdp;
pub(crate) mod front;
pub(crate) mod openssl;
mod port;
mod process;
pub(crate) mod raw;
mod scratch;
pub(crate) mod xrdp;

use port::Claim;
use process::{Ended, Process};
use scratch::Scratch;
use std::{net::SocketAddr, process::Command};

/// How many ports are tried: another program may take one between our look and the server's `bind`.
const ATTEMPTS: usize = 5;

/// A server that listens, with all it needs. It is ended, and its files removed, on drop.
///
/// INVARIANT: the fields are dropped in this order: a process first, then what it uses.
#[derive(Debug)]
pub(crate) struct Peer {
    server: Process,
    helpers: Vec<(Process, Claim)>,
    port: Claim,
    scratch: Scratch,
    /// What it stands in front of, and needs.
    behind: Vec<Self>,
}

impl Peer {
    /// Ends with this one.
    fn keep(&mut self, behind: Self) {
        self.behind.push(behind);
    }

    /// Starts the server that `command` makes for a port, and returns once it listens there.
    fn start(
        name: &'static str,
        scratch: Scratch,
        helpers: Vec<(Process, Claim)>,
        command: impl Fn(SocketAddr) -> Command,
    ) -> Self {
        let mut ends = Vec::new();
        for _ in 0..ATTEMPTS {
            let port = Claim::new();
            let mut server = Process::spawn(name, command(port.address()), &scratch);
            match server.listen(port.address()) {
                Ok(()) => return Self { server, helpers, port, scratch, behind: Vec::new() },
                Err(Ended(status)) => ends.push(format!("on {}: {status}\n{}", port.address(), server.log())),
            }
        }
        ends.extend(helpers.iter().map(|(helper, _)| format!("{}:\n{}", helper.name(), helper.log())));
        panic!("{name} did not start (tests/run installs what is missing)\n{}", ends.join("\n"));
    }

    /// Ends the server; its port stays claimed.
    pub(crate) fn stop(&mut self) {
        self.server.end();
    }

    /// Starts it at its port once more.
    fn start_again(&mut self, command: Command) {
        self.server.end();
        self.server = Process::spawn(self.server.name(), command, &self.scratch);
        let listens = self.server.listen(self.port.address());
        assert!(listens.is_ok(), "{} did not start again\n{}", self.server.name(), self.server.log());
    }

    /// What it printed so far.
    pub(crate) fn log(&self) -> String {
        self.server.log()
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.port.address()
    }
}

impl Drop for Peer {
    #[expect(
        clippy::print_stderr,
        reason = "what a server said belongs into the output of the test that failed"
    )]
    fn drop(&mut self) {
        if std::thread::panicking() {
            for process in self.helpers.iter().map(|(process, _)| process).chain([&self.server]) {
                eprintln!("--- {} in {}\n{}", process.name(), self.scratch.path("").display(), process.log());
            }
        }
    }
}
