//! A way to the target of one's own, here through a web proxy that has CONNECT (RFC 9110 section 9.3.6):
//! `cargo run --example own_network -- srv1.lab.test:3389 127.0.0.1:3128`
#![expect(clippy::print_stdout, reason = "an example shows something")]
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use rdp_probe::{
    Address, BoxFuture, DialFault, DialFaultKind, Io, Network, Probe, SystemNetwork, Target, escape,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

/// More octets than the head of an answer to CONNECT has.
const MOST_HEAD: usize = 8192;

#[derive(Debug)]
struct ThroughProxy {
    proxy: SocketAddr,
    target: Target,
}

impl Network for ThroughProxy {
    /// The proxy resolves the name, and never says to what: this address stands for that (RFC 5737 section 3).
    fn resolve<'a>(&'a self, _: &'a str, port: u16) -> BoxFuture<'a, Result<Vec<Address>, DialFault>> {
        Box::pin(async move { Ok(vec![Address::from((Ipv4Addr::new(192, 0, 2, 0), port))]) })
    }

    fn dial(&self, _: Address) -> BoxFuture<'_, Result<Box<dyn Io>, DialFault>> {
        Box::pin(async move {
            let mut stream = SystemNetwork.dial(self.proxy).await?;
            // Deadlines are the probe's: whatever waits here is dropped when they run out.
            match connect(&mut stream, &self.target).await {
                Ok(true) => Ok(stream),
                Ok(false) => Err(DialFault::new(DialFaultKind::Refused)),
                Err(error) => {
                    Err(DialFault { os: error.raw_os_error(), ..DialFault::new(DialFaultKind::Other) })
                }
            }
        })
    }
}

/// Asks for the tunnel, and says whether there is one now.
async fn connect(stream: &mut Box<dyn Io>, target: &Target) -> std::io::Result<bool> {
    let authority = Target::new(target.host.clone(), target.port);
    stream.write_all(format!("CONNECT {authority} HTTP/1.1\r\nHost: {authority}\r\n\r\n").as_bytes()).await?;
    let mut head = Vec::new();
    // Octet by octet: what follows the head is the target's already.
    while !head.ends_with(b"\r\n\r\n") && head.len() < MOST_HEAD {
        head.push(stream.read_u8().await?);
    }
    Ok(head.starts_with(b"HTTP/1.") && head.get(8..10) == Some(b" 2"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let target: Target = arguments.next().ok_or("which target?")?.parse()?;
    let proxy = arguments.next().ok_or("through which proxy (address:port)?")?.parse()?;
    let network = ThroughProxy { proxy, target: target.clone() };
    let report = Probe::builder(target).network(Arc::new(network)).build()?.run().await;

    let line = format!("{}: {} (exit code {})", report.target, report.summary(), report.exit_code());
    println!("{}", escape(&line));
    Ok(())
}
