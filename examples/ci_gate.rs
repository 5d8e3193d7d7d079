//! Lets a pipeline go on when a target is ready: `cargo run --example ci_gate -- srv1:3389 tls 30 10`
//!
//! Target, stage, how many attempts (default 30), seconds between them (default 10). The exit code is the last report's: 0
//! when the stage was reached, otherwise the one of docs/exit-codes.md that says where it ended. 2 is a mistake in the call.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "an example shows something")]
use std::process::ExitCode;
use std::time::Duration;

use rdp_probe::{Probe, Stage, escape};

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match gate().await {
        Ok(code) => ExitCode::from(code),
        Err(mistake) => {
            eprintln!("{}", escape(&mistake.to_string()));
            ExitCode::from(2)
        }
    }
}

async fn gate() -> Result<u8, Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let target = arguments.next().ok_or("usage: TARGET STAGE [ATTEMPTS] [SECONDS]")?.parse()?;
    let stage = arguments.next().and_then(|id| Stage::parse(&id)).ok_or("no such stage: see docs/stages.md")?;
    let attempts: u32 = arguments.next().map_or(Ok(30), |text| text.parse())?;
    let pause = Duration::from_secs(arguments.next().map_or(Ok(10), |text| text.parse())?);
    if attempts == 0 {
        return Err("at least one attempt".into());
    }
    // `until` makes it an expectation: a server that does not go as deep is then a failure too.
    let probe = Probe::builder(target).until(stage).build()?;
    let mut attempt = 1;
    loop {
        let report = probe.run().await;
        let said = if report.is_reachable() { "ready" } else { "not ready" };
        let line = format!("{said}, attempt {attempt} of {attempts}: {}", report.summary());
        println!("{}", escape(&line));
        if report.is_reachable() || attempt >= attempts {
            return Ok(report.exit_code());
        }
        // Each attempt is a connection that the server logs: a machine that starts needs no more than a few a minute.
        tokio::time::sleep(pause).await;
        attempt = attempt.saturating_add(1);
    }
}
