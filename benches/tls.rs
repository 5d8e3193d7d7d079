//! What TLS to the certificate, and a whole run to the CHALLENGE, cost beside the same work done by a bare client with the same provider.
use std::error::Error;
use std::process::ExitCode;
use std::sync::Arc;

use rdp_probe::{Host, Probe, Stage, Target};
use rdp_probe_benches::{Bars, Beside, bare, client_config, nla, runtime};
use tokio_rustls::TlsConnector;

/// Connections in a batch.
const ROUNDS: usize = 12;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let address = nla::start()?;
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
        Beside::each(1.3, 1.12),
        || batch(&|| client.block_on(probe.run()).is_reachable()),
        || batch(&|| client.block_on(bare(address, &connector, false)).is_ok()),
    )?;
    let probe = Probe::builder(target()).build()?;
    bars.beside(
        "whole run to the challenge: by the same bare",
        Beside::each(1.8, 1.4),
        || batch(&|| client.block_on(probe.run()).is_reachable()),
        || batch(&|| client.block_on(bare(address, &connector, true)).is_ok()),
    )?;
    Ok(bars.finish())
}
