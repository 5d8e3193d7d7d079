//! Prepares a run, as far as it can be before anything is probed: a mistake is no reason to bother a host.
use std::sync::Arc;

use crate::exit::{self, Ended, say};
use crate::limits;
use crate::networks::NAMES;
use crate::options::Options;
use crate::outputs::Outputs;
use crate::password::NoRun;
use crate::runner::{Places, Runner};
use crate::signals::Interruption;
use crate::source::Source;
use crate::targets::Targets;
use crate::terminal;
use crate::threads::aside;
use crate::warned::Warned;

/// How many targets are probed at a time where nobody says, and more are not to be had.
const MOST: usize = 10_000;

/// Runs all probes.
pub(crate) async fn run(options: Arc<Options>) -> Ended {
    let mut interruption = Interruption::listen();
    let theirs = Arc::clone(&options);
    let targets = tokio::select! {
        targets = aside("targets", move || Targets::of(&theirs)) => targets,
        () = interruption.first() => return Ended::of(exit::INTERRUPTED),
    };
    let targets = match targets {
        Some(Ok(targets)) => targets,
        Some(Err(message)) => return Ended::usage(message),
        None => return Ended::of(exit::INTERNAL),
    };
    let theirs = Arc::clone(&options);
    let opened = tokio::select! {
        opened = aside("outputs", move || Outputs::open(&theirs, theirs.single())) => opened,
        () = interruption.first() => return Ended::of(exit::INTERRUPTED),
    };
    let outputs = match opened {
        Some(Ok(outputs)) => outputs,
        Some(Err(failure)) => return Ended::output(failure),
        None => return Ended::of(exit::INTERNAL),
    };
    let targets = tokio::select! {
        targets = aside("credentials", move || targets.log_on()) => targets,
        () = interruption.first() => {
            terminal::give_back();
            return Ended::of(exit::INTERRUPTED);
        }
    };
    let targets = match targets {
        Some(Ok(targets)) => targets,
        Some(Err(NoRun::Usage(message))) => return Ended::usage(message),
        Some(Err(NoRun::Interrupted)) => return Ended::of(exit::INTERRUPTED),
        None => {
            terminal::give_back();
            return Ended::of(exit::INTERNAL);
        }
    };
    let mut warned = Warned::new(options.quiet);
    for line in options.notes.iter().chain(&targets.warnings) {
        warned.of(line, say);
    }
    let total = targets.total;
    let wanted = options.concurrency.map_or(MOST, usize::from);
    let most = total.map_or(wanted, |total| wanted.min(total));
    let twice = if options.gateway.gateway.is_some() { most } else { NAMES };
    // Who has named no number has none that could be missed.
    let asked = options.concurrency.map(|_| most);
    let places = Places::new(asked, limits::places(most, twice));
    let left_out = targets.left_out();
    Runner::new(&options, (total, left_out), Source::of(targets), places, outputs, warned)
        .run(interruption)
        .await
}
