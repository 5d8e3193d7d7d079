//! Many targets, a few at a time; reports come as they are ready: `cargo run --example many_targets -- srv1 srv2:3390`
#![expect(clippy::print_stdout, reason = "an example shows something")]
use std::process::ExitCode;

use rdp_probe::{Prober, Target, escape};

/// Probes at the same time: polite to the network, and far below any limit of open files.
const AT_ONCE: usize = 16;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    // A name that cannot be probed is the caller's mistake, and better told before the first connection than after.
    let targets = std::env::args().skip(1).map(|text| text.parse()).collect::<Result<Vec<Target>, _>>()?;
    // It is a futures_core::Stream, too: with futures or tokio-stream it can be mapped, filtered and merged.
    let mut reports = Prober::new().sweep(targets).at_a_time(AT_ONCE);
    let mut all_reachable = true;
    while let Some(report) = reports.next().await {
        all_reachable &= report.is_reachable();
        // The summary may quote what a server sent.
        let line = format!("{}: {} (exit code {})", report.target, report.summary(), report.exit_code());
        println!("{}", escape(&line));
    }
    Ok(if all_reachable { ExitCode::SUCCESS } else { ExitCode::from(100) })
}
