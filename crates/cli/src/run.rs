//! Every target once.
use std::sync::Arc;

use crate::exit::Ended;
use crate::limits;
use crate::options::Options;
use crate::prepared::Prepared;
use crate::runner::{Places, Runner};
use crate::source::Source;

/// How many targets are probed at a time where nobody says.
const USUAL: usize = 256;

/// Runs all probes.
pub(crate) async fn run(options: Arc<Options>) -> Ended {
    let Prepared { targets, outputs, warned, interruption } = match Prepared::of(&options).await {
        Ok(prepared) => prepared,
        Err(ended) => return ended,
    };
    let total = targets.total;
    let wanted = options.concurrency.map_or(USUAL, usize::from);
    let most = total.map_or(wanted, |total| wanted.min(total));
    // Who has named no number has none that could be missed.
    let asked = options.concurrency.map(|_| most);
    let places = Places::new(asked, limits::places(most));
    let expecting = targets.expecting();
    Runner::new(&options, total, (Source::of(targets), expecting), places, outputs, warned)
        .run(interruption)
        .await
}
