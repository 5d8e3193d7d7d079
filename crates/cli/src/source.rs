//! Where the runner has its jobs from.
use tokio::sync::mpsc;

use crate::targets::{Job, Targets};
use crate::threads;

/// How many jobs are made ahead.
const AHEAD: usize = 64;

type Jobs = Box<dyn Iterator<Item = Result<Job, String>> + Send>;

/// The jobs to come. A list may come slowly, so that it is read on a thread of its own.
pub(crate) enum Source {
    Aside(mpsc::Receiver<Result<Job, String>>),
    /// What was typed, and where no thread can be had.
    Here(Jobs),
}

impl Source {
    pub(crate) fn of(targets: Targets) -> Self {
        let typed = targets.are_typed();
        let jobs: Jobs = Box::new(targets.jobs());
        if typed {
            return Self::Here(jobs);
        }
        let (made, waiting) = mpsc::channel(AHEAD);
        let spawned = threads::spawn("targets", jobs, move |jobs| {
            for job in jobs {
                // Nobody wants any more.
                if made.blocking_send(job).is_err() {
                    return;
                }
            }
        });
        match spawned {
            Ok(()) => Self::Aside(waiting),
            Err(jobs) => Self::Here(jobs),
        }
    }

    /// The next one. Nothing is lost when it is not waited for to the end.
    pub(crate) async fn next(&mut self) -> Option<Result<Job, String>> {
        match self {
            Self::Aside(waiting) => waiting.recv().await,
            Self::Here(jobs) => jobs.next(),
        }
    }
}
