//! Every target once.
use std::sync::Arc;

use crate::exit::Ended;
use crate::limits;
use crate::networks::NAMES;
use crate::options::Options;
use crate::prepared::Prepared;
use crate::runner::{Places, Runner};
use crate::source::Source;

/// How many targets are probed at a time where nobody says, and more are not to be had.
const MOST: usize = 10_000;

/// Runs all probes.
pub(crate) async fn run(options: Arc<Options>) -> Ended {
    let Prepared { targets, outputs, warned, interruption } = match Prepared::of(&options).await {
        Ok(prepared) => prepared,
        Err(ended) => return ended,
    };
    let total = targets.total;
    let wanted = options.concurrency.map_or(MOST, usize::from);
    let most = total.map_or(wanted, |total| wanted.min(total));
    let twice = if options.gateway.gateway.is_some() { most } else { NAMES };
    // Who has named no number has none that could be missed.
    let asked = options.concurrency.map(|_| most);
    let places = Places::new(asked, limits::places(most, twice));
    let (left_out, expecting) = (targets.left_out(), targets.expecting());
    Runner::new(&options, (total, left_out), (Source::of(targets), expecting), places, outputs, warned)
        .run(interruption)
        .await
}
