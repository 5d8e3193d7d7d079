//! What happens while a probe runs, for a display.
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use rdp_probe_core::{Evidence, Outcome, Purpose, Stage};
use tokio::sync::mpsc;

/// One thing that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Progress {
    /// A connection begins.
    Attempt {
        /// What it is for.
        purpose: Purpose,
    },
    /// A stage begins.
    Began {
        /// Which.
        stage: Stage,
        /// When, since the run began.
        at: Duration,
    },
    /// A stage ended.
    Ended {
        /// Which.
        stage: Stage,
        /// How.
        outcome: Outcome,
        /// How long it took.
        duration: Duration,
    },
    /// The main path has ended, and further connections follow. They may add to what is known, and may change the verdict.
    PathEnded {
        /// What is known by now: [`Probe::report_of`](crate::Probe::report_of) makes a report of it.
        evidence: Box<Evidence>,
    },
}

/// The stream of what happens. It ends when the run does.
#[derive(Debug)]
pub struct Events(pub(crate) mpsc::UnboundedReceiver<Progress>);

impl Events {
    /// The next thing, or `None` when the run is over.
    pub async fn next(&mut self) -> Option<Progress> {
        self.0.recv().await
    }
}

impl Stream for Events {
    type Item = Progress;

    fn poll_next(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Progress>> {
        self.get_mut().0.poll_recv(context)
    }
}
