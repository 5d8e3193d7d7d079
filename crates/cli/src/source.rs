//! Where the runner has its jobs from.
use std::vec;

use tokio::sync::mpsc;

use crate::jobs::Job;
use crate::targets::Targets;
use crate::threads;

/// How many jobs are made ahead, and how many of them come together where none has to be waited for.
const AHEAD: usize = 64;
const TOGETHER: usize = 32;

type Made = Result<Job, String>;
type Jobs = Box<dyn Iterator<Item = Made> + Send>;

/// The jobs to come. A list may come slowly, so that it is read on a thread of its own.
pub(crate) enum Source {
    Aside {
        come: vec::IntoIter<Made>,
        waiting: mpsc::Receiver<Vec<Made>>,
    },
    /// What was typed, and where no thread can be had.
    Here(Jobs),
}

impl Source {
    pub(crate) fn of(targets: Targets) -> Self {
        let (typed, streams) = (targets.are_typed(), targets.total.is_none());
        let jobs: Jobs = Box::new(targets.jobs());
        if typed {
            return Self::Here(jobs);
        }
        // Who writes a list as it goes waits for what comes of its last line.
        let together = if streams { 1 } else { TOGETHER };
        let (made, waiting) = mpsc::channel(AHEAD / together);
        let spawned = threads::spawn("targets", jobs, move |mut jobs| {
            loop {
                let come: Vec<Made> = jobs.by_ref().take(together).collect();
                // No more of them, or nobody wants any more.
                if come.is_empty() || made.blocking_send(come).is_err() {
                    return;
                }
            }
        });
        match spawned {
            Ok(()) => Self::Aside { come: Vec::new().into_iter(), waiting },
            Err(jobs) => Self::Here(jobs),
        }
    }

    /// The next one. Nothing is lost when it is not waited for to the end.
    pub(crate) async fn next(&mut self) -> Option<Made> {
        match self {
            Self::Aside { come, waiting } => {
                if let Some(job) = come.next() {
                    return Some(job);
                }
                *come = waiting.recv().await?.into_iter();
                come.next()
            }
            Self::Here(jobs) => jobs.next(),
        }
    }
}
