//! What TLS to the certificate costs beside a bare handshake with the same provider, and whether the CHALLENGE comes without
//! a delay that is nobody's.
#![expect(clippy::arithmetic_side_effects, reason = "a bench counts what is its own")]
use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use rdp_probe::{Host, Probe, Stage, Target};
use rdp_probe_benches::{Bars, Beside, CONFIRM, Kind, REQUEST, client_config, nla, runtime};
use rustls::pki_types::ServerName;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Connections in a batch.
const ROUNDS: usize = 12;
/// Challenges whose times are compared.
const CHALLENGES: usize = 200;

/// What a client has to do at the least.
async fn bare(address: SocketAddr, connector: &TlsConnector) -> std::io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&REQUEST).await?;
    stream.read_exact(&mut [0_u8; CONFIRM.len()]).await?;
    let mut inside = connector.connect(ServerName::from(address.ip()), stream).await?;
    inside.shutdown().await
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let (send, receive) = std::sync::mpsc::channel();
    let server = runtime()?;
    std::thread::spawn(move || {
        server.block_on(async {
            if let Ok((address, listener)) = nla::listen()
                && send.send(address).is_ok()
            {
                // It ends with the process; a failure is missed by the client.
                _ = nla::serve(listener).await;
            }
        });
    });
    let address = receive.recv()?;
    let client = runtime()?;
    let target = || Target::new(Host::Ip(address.ip()), address.port());
    let probe = Probe::builder(target()).until(Stage::Tls).build()?;

    let connector = TlsConnector::from(Arc::new(client_config()?));

    let batch = |connect: &dyn Fn() -> bool| {
        for _ in 0..ROUNDS {
            assert!(connect(), "a connection failed");
        }
    };
    let mut bars = Bars::new()?;
    bars.beside(
        "tls: by a bare handshake",
        Beside::each(1.3, 1.2),
        || batch(&|| client.block_on(probe.run()).is_reachable()),
        || batch(&|| client.block_on(bare(address, &connector)).is_ok()),
    )?;
    if !bars.are_counting() {
        let spread = spread(&client, &Probe::builder(target()).build()?);
        bars.at_most(Kind::Wall, "challenge: 95th percentile by median", spread, 3.0);
    }
    Ok(bars.finish())
}

/// How the slow challenges compare with the usual ones.
fn spread(client: &tokio::runtime::Runtime, probe: &Probe) -> f64 {
    let mut times: Vec<Duration> = (0..CHALLENGES)
        .map(|_| {
            let report = client.block_on(probe.run());
            let stages = report.evidence.main_path().iter().flat_map(|attempt| &attempt.stages);
            let credssp = stages.clone().find(|record| record.stage == Stage::Credssp);
            credssp.and_then(|record| record.duration).unwrap_or(Duration::MAX)
        })
        .collect();
    times.sort_unstable();
    let at = |share: usize| times.get(CHALLENGES * share / 100).map_or(f64::NAN, Duration::as_secs_f64);
    at(95) / at(50)
}
