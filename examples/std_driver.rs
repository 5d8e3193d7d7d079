//! A driver of one's own, on blocking sockets and without a runtime: the machine decides what is next, the driver does it and says what
//! came of it. It goes as far as the negotiation: `cargo run --example std_driver -- srv1:3389`
#![expect(clippy::print_stdout, reason = "an example shows something")]
use std::io::{Error, ErrorKind, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use rdp_probe_core::{
    Address, Close, DialFault, DialFaultKind, Event, Found, Framing, Link, Plan, Run, Stage, Wants,
};
use rdp_probe_diagnosis::{diagnose, summary};

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let target: rdp_probe::Target = std::env::args().nth(1).ok_or("which target?")?.parse()?;
    let mut plan = Plan::new(target.host, target.port);
    plan.until = Stage::ConnectionInitiation;
    let mut run = Run::new(plan);
    let begun = Instant::now();
    // What is next follows from what was seen: a fallback, another address, or nothing.
    while run.begin(begun.elapsed()).is_some() {
        Connection::default().drive(&mut run, begun);
    }
    let evidence = run.into_evidence();
    let diagnosis = diagnose(&evidence);
    let line = format!("{} (exit code {})", summary(&diagnosis, &evidence), diagnosis.verdict.exit);
    println!("{}", rdp_probe::escape(&line));
    Ok(ExitCode::from(diagnosis.verdict.exit))
}

/// One connection, and what was read of it beyond the last message.
#[derive(Default)]
struct Connection {
    stream: Option<TcpStream>,
    held: Vec<u8>,
}

impl Connection {
    /// Does what the machine wants until it wants nothing more of this connection.
    fn drive(mut self, run: &mut Run, begun: Instant) {
        loop {
            let octets = run.take_octets();
            if let Some(stream) = &mut self.stream {
                // Where that fails, the next read says why.
                _ = stream.write_all(&octets);
            }
            let limit = run.limit();
            let left = limit.end.saturating_sub(begun.elapsed()).max(Duration::from_millis(1));
            let timed_out = Close::TimedOut { limit: limit.limit, overall: limit.overall };
            let event = match run.wants() {
                None => return,
                Some(Wants::Resolve { leg }) => {
                    let found = (leg.host.to_string(), leg.port).to_socket_addrs();
                    Event::Resolved(found.map(Iterator::collect).map_err(|error| DialFault {
                        os: error.raw_os_error(),
                        ..DialFault::new(DialFaultKind::NotFound)
                    }))
                }
                Some(Wants::Dial { address, share, .. }) => Event::Dialed(self.dial(address, share.min(left))),
                Some(Wants::Pdu(framing)) => self.read(framing, left, timed_out),
                Some(Wants::Send) => Event::Sent,
                // Not as deep as this driver goes.
                Some(_) => return,
            };
            run.on(event, begun.elapsed());
        }
    }

    fn dial(&mut self, address: Address, share: Duration) -> Result<Link, DialFault> {
        let stream = TcpStream::connect_timeout(&address, share).map_err(|error| {
            let is = |kinds: &[ErrorKind]| kinds.contains(&error.kind());
            let kind = if is(&[ErrorKind::ConnectionRefused]) {
                DialFaultKind::Refused
            } else if is(&[ErrorKind::TimedOut, ErrorKind::WouldBlock]) {
                DialFaultKind::TimedOut { limit: share, overall: false }
            } else {
                DialFaultKind::Other
            };
            DialFault { os: error.raw_os_error(), ..DialFault::new(kind) }
        })?;
        let local = stream.local_addr().ok();
        self.stream = Some(stream);
        Ok(Link { peer: address, local })
    }

    /// Reads until the framing finds a message, or until there is none to come.
    fn read(&mut self, framing: Framing, left: Duration, timed_out: Close) -> Event<'_> {
        let begun = Instant::now();
        loop {
            match framing.find(&self.held) {
                Found::Pdu(length) => return Event::Pdu(self.held.get(..length).unwrap_or_default()),
                Found::Stray => return Event::Stray(&self.held),
                Found::More => {}
            }
            let Some(stream) = &mut self.stream else {
                return Event::Closed { how: Close::Fin, partial: &self.held };
            };
            let left = left.saturating_sub(begun.elapsed()).max(Duration::from_millis(1));
            let mut some = [0; 4096];
            let how = match stream.set_read_timeout(Some(left)).and_then(|()| stream.read(&mut some)) {
                Ok(0) => Close::Fin,
                Ok(read) => {
                    self.held.extend_from_slice(some.get(..read).unwrap_or_default());
                    continue;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => how(&error, timed_out),
            };
            return Event::Closed { how, partial: &self.held };
        }
    }
}

/// How the connection ended, by what a read gave.
fn how(error: &Error, timed_out: Close) -> Close {
    let is = |kinds: &[ErrorKind]| kinds.contains(&error.kind());
    if is(&[ErrorKind::WouldBlock, ErrorKind::TimedOut]) {
        timed_out
    } else if is(&[ErrorKind::ConnectionReset, ErrorKind::BrokenPipe]) {
        Close::Reset
    } else {
        Close::Broken { os: error.raw_os_error() }
    }
}
