//! Prepares a run, as far as it can be before anything is probed: a mistake is no reason to bother a host.
use std::sync::Arc;

use crate::exit::{self, Ended, say};
use crate::options::Options;
use crate::outputs::Outputs;
use crate::password::NoRun;
use crate::signals::Interruption;
use crate::targets::Targets;
use crate::terminal;
use crate::threads::aside;
use crate::warned::Warned;

/// What a run needs.
pub(crate) struct Prepared {
    pub(crate) targets: Targets,
    pub(crate) outputs: Outputs,
    pub(crate) warned: Warned,
    pub(crate) interruption: Interruption,
}

impl Prepared {
    /// Looks at the targets, opens the outputs, asks for passwords, and says what there is to warn of.
    ///
    /// # Errors
    /// How the run ends without a probe.
    pub(crate) async fn of(options: &Arc<Options>) -> Result<Self, Ended> {
        let mut interruption = Interruption::listen();
        let theirs = Arc::clone(options);
        let targets = tokio::select! {
            targets = aside("targets", move || Targets::of(&theirs)) => targets,
            () = interruption.first() => return Err(Ended::of(exit::INTERRUPTED)),
        };
        let targets = match targets {
            Some(Ok(targets)) => targets,
            Some(Err(message)) => return Err(Ended::usage(message)),
            None => return Err(Ended::of(exit::INTERNAL)),
        };
        let theirs = Arc::clone(options);
        let opened = tokio::select! {
            opened = aside("outputs", move || Outputs::open(&theirs, theirs.single())) => opened,
            () = interruption.first() => return Err(Ended::of(exit::INTERRUPTED)),
        };
        let outputs = match opened {
            Some(Ok(outputs)) => outputs,
            Some(Err(failure)) => return Err(Ended::output(failure)),
            None => return Err(Ended::of(exit::INTERNAL)),
        };
        let targets = tokio::select! {
            targets = aside("credentials", move || targets.log_on()) => targets,
            () = interruption.first() => {
                terminal::give_back();
                return Err(Ended::of(exit::INTERRUPTED));
            }
        };
        let targets = match targets {
            Some(Ok(targets)) => targets,
            Some(Err(NoRun::Usage(message))) => return Err(Ended::usage(message)),
            Some(Err(NoRun::Interrupted)) => return Err(Ended::of(exit::INTERRUPTED)),
            None => {
                terminal::give_back();
                return Err(Ended::of(exit::INTERNAL));
            }
        };
        let mut warned = Warned::new(options.quiet);
        for line in options.notes.iter().chain(&targets.warnings) {
            warned.of(line, say);
        }
        Ok(Self { targets, outputs, warned, interruption })
    }
}
