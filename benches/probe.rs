//! What a probe costs beside a bare loop that connects, writes 19 octets, reads 19 octets and closes.
#![expect(clippy::arithmetic_side_effects, reason = "a bench counts what is its own")]
use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;

use rdp_probe::{Host, Probe, Stage, Target};
use rdp_probe_benches::{Bars, Beside, CONFIRM, REQUEST, Responder, runtime};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// Addresses to connect to in turn: a port rests for a minute after its connection, and each address has ports of its own.
const ADDRESSES: u8 = 16;
/// Connections to each address in a batch.
const ROUNDS: u8 = 8;

/// What a client has to do at the least.
async fn bare(address: SocketAddr) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&REQUEST).await?;
    let mut confirm = [0_u8; CONFIRM.len()];
    stream.read_exact(&mut confirm).await?;
    Ok(())
}

/// One batch, in which every connection has to go well.
fn batch<T>(runtime: &Runtime, peers: &[T], connect: impl AsyncFn(&T) -> bool) {
    runtime.block_on(async {
        for _ in 0..ROUNDS {
            for peer in peers {
                assert!(connect(peer).await, "a connection failed");
            }
        }
    });
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let responder = Responder::start(ADDRESSES, |_| CONFIRM)?;
    let addresses = responder.addresses();
    let probes = addresses
        .iter()
        .map(|address| {
            let target = Target::new(Host::Ip(address.ip()), address.port());
            Probe::builder(target).until(Stage::ConnectionInitiation).enumerate(false).build()
        })
        .collect::<Result<Vec<_>, _>>()?;
    let client = runtime()?;
    let (mut probing, mut plain) = (0_u64, 0_u64);
    let mut bars = Bars::new()?;
    bars.beside(
        "probe: by a bare connection",
        Beside::each(1.5, 6.5),
        || {
            probing += 1;
            batch(&client, &probes, async |probe| probe.run().await.is_reachable());
        },
        || {
            plain += 1;
            batch(&client, addresses, async |address| bare(*address).await.is_ok());
        },
    )?;
    let each = u64::from(ADDRESSES) * u64::from(ROUNDS);
    responder.expect_exactly((probing + plain) * each);
    Ok(bars.finish())
}
