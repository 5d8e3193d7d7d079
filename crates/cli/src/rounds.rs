//! What probing a target again and again has in common, by a number or until it is ready.
use std::sync::Arc;

use rdp_probe::{LogonResult, Probe, Report};
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::exit::{self, Ended, say_soon};
use crate::expecting::Expecting;
use crate::jobs::Job;
use crate::limits;
use crate::options::Options;
use crate::outputs::Outputs;
use crate::prepared::Prepared;
use crate::signals::Interruption;
use crate::targets::Targets;
use crate::threads::aside;
use crate::warned::Warned;

/// So many targets at most are probed again and again: each is kept.
const MOST: usize = 1024;
/// How many at a time, where nobody says.
const USUAL: usize = 256;

/// What rounds need.
pub(crate) struct Rounds {
    pub(crate) probes: Vec<Probe>,
    pub(crate) expecting: Arc<Expecting>,
    pub(crate) outputs: Outputs,
    pub(crate) interruption: Interruption,
    /// As many as are probed at a time.
    places: Arc<Semaphore>,
    rejected: watch::Sender<bool>,
}

/// Who probes one target again and again: when it may begin a round, and when there are to be no more.
#[derive(Clone)]
pub(crate) struct Turns {
    places: Arc<Semaphore>,
    interruption: Interruption,
    rejected: watch::Receiver<bool>,
}

impl Rounds {
    /// Looks at everything that was typed. `each_logs_on` where every round has a logon at the target.
    ///
    /// # Errors
    /// How the run ends without a round.
    pub(crate) async fn prepare(options: &Arc<Options>, each_logs_on: bool) -> Result<Self, Ended> {
        let Prepared { targets, outputs, warned, mut interruption } = Prepared::of(options).await?;
        let expecting = targets.expecting();
        // A list may come slowly.
        let probes = tokio::select! {
            probes = aside("targets", move || probes(targets, warned)) => probes,
            () = interruption.first() => return Err(Ended::of(exit::INTERRUPTED)),
        };
        let (probes, mut warned) = probes.unwrap_or_else(|| Err(Ended::of(exit::INTERNAL)))?;
        say_logons(&probes, each_logs_on, &mut warned);
        let wanted = options.concurrency.map_or(USUAL, usize::from).min(probes.len());
        let places = Arc::new(Semaphore::new(limits::places(wanted, wanted)));
        Ok(Self { probes, expecting, outputs, interruption, places, rejected: watch::channel(false).0 })
    }

    pub(crate) fn turns(&self) -> Turns {
        Turns {
            places: Arc::clone(&self.places),
            interruption: self.interruption.clone(),
            rejected: self.rejected.subscribe(),
        }
    }

    /// Looks whether somebody refused an account: it is not tried again, and no round begins any more.
    pub(crate) fn look_at(&self, report: &Report) {
        if is_rejected(report) && !self.rejected.send_replace(true) {
            say_soon("an account was not accepted: it is not tried again");
        }
    }

    /// The end of all of them: `code` is what they came to.
    pub(crate) async fn over(&self, mut running: JoinSet<()>, code: u8) -> u8 {
        // Nobody reads any more what they would tell.
        if self.outputs.all_failed() {
            running.abort_all();
        }
        let mut panicked = false;
        while let Some(ended) = running.join_next().await {
            panicked |= ended.is_err_and(|error| error.is_panic());
        }
        self.expecting.unmet().for_each(|line| say_soon(&line));
        match (panicked, self.interruption.happened()) {
            (true, _) => exit::INTERNAL,
            (false, true) => exit::INTERRUPTED,
            // One that was cut off by somebody else's rejection.
            (false, false) if code == exit::INTERRUPTED => exit::SOME_FAILED,
            (false, false) => code,
        }
    }
}

impl Turns {
    /// One round. `None` where it was cut off, which says nothing of the target, unless there is no other.
    pub(crate) async fn round(&self, probe: &Probe, is_first: bool) -> Option<Report> {
        let _place = self.places.acquire().await.ok()?;
        let mut cancel = self.clone();
        let report = probe.run_until(cancel.end()).await;
        (is_first || report.exit_code() != exit::INTERRUPTED).then_some(report)
    }

    /// Ready when no round is to begin any more.
    pub(crate) async fn end(&mut self) {
        tokio::select! {
            () = self.interruption.first() => {}
            // It is there for as long as rounds are.
            _ = self.rejected.wait_for(|rejected| *rejected) => {}
        }
    }
}

/// The probes of all targets. What there is to warn of is said.
fn probes(targets: Targets, mut warned: Warned) -> Result<(Vec<Probe>, Warned), Ended> {
    let (known, left_out) = (targets.total.is_some(), targets.left_out());
    let mut all = Vec::new();
    for job in targets.jobs() {
        let Job { probe, warnings } = job.map_err(Ended::usage)?;
        if !known {
            warnings.iter().for_each(|line| warned.of(line, say_soon));
        }
        all.push(probe);
        if all.len() > MOST {
            let why = format!("more than {MOST} targets: so many are not probed again and again");
            return Err(Ended::usage(why));
        }
    }
    if let Some(said) = left_out.said() {
        warned.of(&said, say_soon);
    }
    if all.is_empty() {
        return Err(Ended::usage("no target is left to probe".to_owned()));
    }
    Ok((all, warned))
}

/// Says where each round logs on, before the first.
fn say_logons(probes: &[Probe], at_target: bool, warned: &mut Warned) {
    for plan in probes.iter().map(Probe::plan) {
        if let Some(gateway) = plan.gateway.as_ref().filter(|gateway| gateway.logon.is_some()) {
            warned.of(&format!("each round logs on at the gateway {}", gateway.leg), say_soon);
        }
        if at_target && plan.account.is_some() {
            warned.of(&format!("each round logs on at {}", plan.target), say_soon);
        }
    }
}

/// Whether somebody refused an account.
pub(crate) fn is_rejected(report: &Report) -> bool {
    let refused = |result| {
        matches!(result, LogonResult::Rejected | LogonResult::AccountState | LogonResult::NoRemoteRight)
    };
    let evidence = &report.evidence;
    refused(evidence.logon_result())
        || (evidence.gateway().is_some() && refused(evidence.gateway_logon_result()))
}
