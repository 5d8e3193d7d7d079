//! Runs the probes, and writes each report as soon as those before it are written.
use std::collections::BTreeMap;
use std::sync::Arc;

use rdp_probe::{Probe, Report};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::exit::{self, OutputFailure};
use crate::options::Options;
use crate::outputs::Outputs;
use crate::progress::{self, Line};

/// Runs all probes and gives the exit code, and the outputs that failed on the way.
pub(crate) async fn run(
    options: &Options,
    jobs: Vec<Probe>,
) -> Result<(u8, Vec<OutputFailure>), OutputFailure> {
    let single = options.single();
    let mut outputs = Outputs::open(options)?;
    let (interrupt, interrupted) = watch::channel(false);
    let keys = tokio::spawn(async move {
        if tokio::signal::ctrl_c().await.is_ok() {
            // Nobody waiting any more is no error.
            _ = interrupt.send(true);
        }
        // Without a signal handler there is no interruption, and the channel has to stay open.
        std::future::pending::<()>().await;
    });
    let code = if let [only] = jobs.as_slice() {
        let report = alone(options, only, interrupted).await;
        outputs.write(&report, single);
        report.exit_code()
    } else {
        several(options, jobs, interrupted, &mut outputs).await
    };
    keys.abort();
    Ok((code, outputs.finish(single)))
}

/// Ready when the user interrupts.
async fn interruption(mut interrupted: watch::Receiver<bool>) {
    if interrupted.wait_for(|yes| *yes).await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn alone(options: &Options, probe: &Probe, interrupted: watch::Receiver<bool>) -> Report {
    if !progress::wanted(options) {
        return probe.run_until(interruption(interrupted)).await;
    }
    let (events, report) = probe.watch(interruption(interrupted));
    let target = probe.plan().target.to_string();
    let (report, ()) = tokio::join!(report, progress::one(events, target));
    report
}

async fn several(
    options: &Options,
    jobs: Vec<Probe>,
    interrupted: watch::Receiver<bool>,
    outputs: &mut Outputs,
) -> u8 {
    let total = jobs.len();
    let places = Arc::new(Semaphore::new(usize::from(options.concurrency)));
    let mut running = JoinSet::new();
    for (index, probe) in jobs.into_iter().enumerate() {
        let (places, interrupted) = (Arc::clone(&places), interrupted.clone());
        running.spawn(async move {
            // The semaphore is never closed.
            let place = places.acquire().await;
            let report = probe.run_until(interruption(interrupted)).await;
            drop(place);
            (index, report)
        });
    }
    let show = progress::wanted(options);
    let mut line = Line::default();
    let mut waiting: BTreeMap<usize, Report> = BTreeMap::new();
    let (mut next, mut failed, mut interrupted_one) = (0, 0_usize, false);
    let mut done = 0_usize;
    while let Some(ended) = running.join_next().await {
        // A panic in a probe is a defect here: the report is missing, and the exit code says so.
        let Ok((index, report)) = ended else { return exit::INTERNAL };
        done += 1;
        interrupted_one |= report.exit_code() == exit::INTERRUPTED;
        failed += usize::from(!report.is_reachable());
        waiting.insert(index, report);
        line.clear();
        while let Some(report) = waiting.remove(&next) {
            outputs.write(&report, false);
            next += 1;
        }
        // Then there is no reason to bother more hosts.
        if outputs.all_failed() {
            break;
        }
        if show {
            line.show(&format!("{done} of {total} done, {failed} failed"));
        }
    }
    code_of_several(interrupted_one, failed)
}

/// The exit code of several reports, of which so many failed.
pub(crate) const fn code_of_several(interrupted: bool, failed: usize) -> u8 {
    match (interrupted, failed) {
        (true, _) => exit::INTERRUPTED,
        (false, 0) => 0,
        (false, _) => exit::SOME_FAILED,
    }
}
