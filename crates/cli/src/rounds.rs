//! What probing a target again and again has in common, by a number or until it is ready.
use std::sync::Arc;

use rdp_probe::{LogonResult, Probe, Report};
use tokio::sync::Semaphore;

use crate::exit::{Ended, say_soon};
use crate::jobs::Job;
use crate::limits;
use crate::options::Options;
use crate::targets::Targets;
use crate::warned::Warned;

/// So many targets at most are probed again and again: each is kept.
const MOST: usize = 1024;
/// How many at a time, where nobody says.
const USUAL: usize = 256;

/// The probes of all targets. What there is to warn of is said.
///
/// # Errors
/// How the run ends without one.
pub(crate) fn probes(targets: Targets, warned: &mut Warned) -> Result<Vec<Probe>, Ended> {
    let (known, left_out) = (targets.total.is_some(), targets.left_out());
    let mut all = Vec::new();
    for job in targets.jobs() {
        let Job { probe, warnings } = job.map_err(Ended::usage)?;
        if !known {
            warnings.iter().for_each(|line| warned.of(line, say_soon));
        }
        all.push(probe);
        if all.len() > MOST {
            return Err(Ended::usage(format!(
                "more than {MOST} targets: so many are not probed again and again"
            )));
        }
    }
    if let Some(said) = left_out.said() {
        warned.of(&said, say_soon);
    }
    if all.is_empty() {
        return Err(Ended::usage("no target is left to probe".to_owned()));
    }
    Ok(all)
}

/// As many places as there are probes at a time.
pub(crate) fn places(options: &Options, targets: usize) -> Arc<Semaphore> {
    let wanted = options.concurrency.map_or(USUAL, usize::from).min(targets).max(1);
    Arc::new(Semaphore::new(limits::places(wanted, wanted)))
}

/// Says where each round logs on, before the first.
pub(crate) fn say_logons(probes: &[Probe], at_target: bool, warned: &mut Warned) {
    for plan in probes.iter().map(Probe::plan) {
        if let Some(gateway) = plan.gateway.as_ref().filter(|gateway| gateway.logon.is_some()) {
            warned.of(&format!("each round logs on at the gateway {}", gateway.leg), say_soon);
        }
        if at_target && plan.account.is_some() {
            warned.of(&format!("each round logs on at {}", plan.target), say_soon);
        }
    }
}

/// Whether somebody refused an account: it is not tried again.
pub(crate) fn is_rejected(report: &Report) -> bool {
    let refused = |result| {
        matches!(result, LogonResult::Rejected | LogonResult::AccountState | LogonResult::NoRemoteRight)
    };
    let evidence = &report.evidence;
    refused(evidence.logon_result())
        || (evidence.gateway().is_some() && refused(evidence.gateway_logon_result()))
}
