//! Many targets at a time, as a stream of reports.
use std::fmt;
use std::future::poll_fn;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;
use tokio::task::JoinSet;

use crate::builder::Probe;
use crate::report::Report;

/// How many probes run at a time where nobody says.
const USUAL: usize = 256;

/// The reports of many targets, each as it ends: [`crate::Prober::sweep`].
#[must_use = "a stream does nothing until it is polled"]
pub struct Sweep {
    probes: Box<dyn Iterator<Item = Probe> + Send>,
    running: JoinSet<Report>,
    at_a_time: usize,
    over: bool,
}

impl fmt::Debug for Sweep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sweep")
            .field("running", &self.running.len())
            .field("over", &self.over)
            .finish_non_exhaustive()
    }
}

impl Sweep {
    /// Of these probes, each taken when there is a place for it. Needs to be polled within a tokio runtime.
    pub fn of<I>(probes: I) -> Self
    where
        I: IntoIterator<Item = Probe>,
        I::IntoIter: Send + 'static,
    {
        let probes = Box::new(probes.into_iter());
        Self { probes, running: JoinSet::new(), at_a_time: USUAL, over: false }
    }

    /// So many at a time, at least one. Default: 256.
    pub fn at_a_time(self, many: usize) -> Self {
        Self { at_a_time: many.max(1), ..self }
    }

    /// The next report, or `None` when all are there.
    pub async fn next(&mut self) -> Option<Report> {
        poll_fn(|context| Pin::new(&mut *self).poll_next(context)).await
    }
}

impl Stream for Sweep {
    type Item = Report;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Report>> {
        let this = self.get_mut();
        while !this.over && this.running.len() < this.at_a_time {
            match this.probes.next() {
                // In a box, since it is moved on its way there.
                Some(probe) => drop(this.running.spawn(Box::pin(async move { probe.run().await }))),
                None => this.over = true,
            }
        }
        match this.running.poll_join_next(context) {
            Poll::Ready(Some(Ok(report))) => Poll::Ready(Some(report)),
            // A defect here, or a judge's: it is the caller's to see.
            Poll::Ready(Some(Err(error))) => match error.try_into_panic() {
                Ok(panic) => resume_unwind(panic),
                Err(_) => Poll::Ready(None),
            },
            Poll::Ready(None) => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    }
}
