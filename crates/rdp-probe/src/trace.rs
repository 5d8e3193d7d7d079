//! Spans of `tracing`: one for each stage, around what is waited for in it. Without the feature there are none.
//!
//! What a peer sent is in neither span nor event: a failure says in words what came, and the report has the octets.
#[cfg(not(feature = "tracing"))]
pub(crate) use without::Spans;

#[cfg(feature = "tracing")]
pub(crate) use with::Spans;

#[cfg(not(feature = "tracing"))]
mod without {
    use rdp_probe_core::{Address, Run};

    /// Nothing.
    #[derive(Debug)]
    pub(crate) struct Spans;

    impl Spans {
        pub(crate) const fn new() -> Self {
            Self
        }

        pub(crate) const fn follow(&mut self, _: &Run, _: Option<Address>) {}

        pub(crate) fn within<F>(&self, waiting: F) -> F {
            waiting
        }
    }
}

#[cfg(feature = "tracing")]
mod with {
    use std::future::Future;

    use rdp_probe_core::{Address, Outcome, Run, Wants};
    use tracing::field::{Empty, display};
    use tracing::{Instrument as _, Span, debug, debug_span};

    /// What spans and events are filtered by.
    const TARGET: &str = "rdp_probe";

    /// The span of the stage under way on one connection.
    #[derive(Debug)]
    pub(crate) struct Spans {
        /// The place of the stage's record.
        place: Option<usize>,
        peer: Option<Address>,
        span: Span,
    }

    impl Spans {
        /// No stage is under way.
        pub(crate) const fn new() -> Self {
            Self { place: None, peer: None, span: Span::none() }
        }

        /// Goes on to the stage under way, and tells how the one before it ended.
        pub(crate) fn follow(&mut self, run: &Run, peer: Option<Address>) {
            let Some(attempt) = run.evidence().attempts.last() else { return };
            let under_way = run.stage().and_then(|_| attempt.stages.len().checked_sub(1));
            if under_way != self.place {
                if let Some(record) = self.place.and_then(|place| attempt.stages.get(place)) {
                    let took = record.duration.unwrap_or_default();
                    let failure = record.failure.as_deref().or(attempt.failure.as_deref());
                    match failure.filter(|_| record.outcome == Outcome::Failed) {
                        None => debug!(target: TARGET, parent: &self.span, ?took, "passed"),
                        Some(failure) => debug!(target: TARGET, parent: &self.span, ?took, %failure, "failed"),
                    }
                }
                let record = under_way.and_then(|place| attempt.stages.get(place));
                let span = record.map(|record| {
                    let (stage, hop) = (record.stage.id(), record.hop.id());
                    debug_span!(target: TARGET, "stage", stage, hop, peer = Empty)
                });
                *self = Self { place: under_way, peer: None, span: span.unwrap_or_else(Span::none) };
            }
            // While a connection is made, it is known whom to.
            let peer = if let Some(Wants::Dial { address, .. }) = run.wants() { Some(address) } else { peer };
            if let Some(peer) = peer.filter(|_| peer != self.peer) {
                self.span.record("peer", display(peer));
                self.peer = Some(peer);
            }
        }

        /// What the stage waits for, within its span.
        pub(crate) fn within<F: Future>(&self, waiting: F) -> impl Future<Output = F::Output> + use<F> {
            waiting.instrument(self.span.clone())
        }
    }
}
