//! Many targets, a few at a time; reports come as they are ready: `cargo run --example many_targets -- srv1 srv2:3390`
#![expect(clippy::print_stdout, reason = "an example shows something")]
use std::process::ExitCode;

use rdp_probe::{Probe, ProbeError, Report, Target, escape};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Probes at the same time: polite to the network, and far below any limit of open files.
const AT_ONCE: usize = 16;

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    // A name that cannot be probed is the caller's mistake, and better told before the first connection than after.
    let targets = std::env::args().skip(1).map(|text| text.parse()).collect::<Result<Vec<Target>, _>>()?;
    let mut reports = stream(targets)?;
    let mut all_reachable = true;
    while let Some(report) = reports.recv().await {
        all_reachable &= report.is_reachable();
        // The summary may quote what a server sent.
        let line = format!("{}: {} (exit code {})", report.target, report.summary(), report.exit_code());
        println!("{}", escape(&line));
    }
    Ok(if all_reachable { ExitCode::SUCCESS } else { ExitCode::from(100) })
}

/// The reports of `targets`, the first one ready first. Who drops the receiver ends the probes under way.
fn stream(targets: Vec<Target>) -> Result<mpsc::Receiver<Report>, ProbeError> {
    let probes =
        targets.into_iter().map(|target| Probe::builder(target).build()).collect::<Result<Vec<_>, _>>()?;
    // A channel of one: a slow reader slows the probes instead of filling the memory.
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let (mut waiting, mut running) = (probes.into_iter(), JoinSet::new());
        loop {
            while running.len() < AT_ONCE
                && let Some(probe) = waiting.next()
            {
                running.spawn(async move { probe.run().await });
            }
            let next = tokio::select! {
                next = running.join_next() => next,
                () = sender.closed() => break,
            };
            // A probe does not panic; if one did, the others go on.
            let Some(report) = next else { break };
            if let Ok(report) = report
                && sender.send(report).await.is_err()
            {
                break;
            }
        }
    });
    Ok(receiver)
}
