//! The clock, and the comparison with an anchor.
use std::hint::black_box;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Pairs in a comparison. The median of them counts.
const PAIRS: usize = 7;
/// Batches of each side in a pair. The least of them counts: what else the machine does only ever adds.
const BATCHES: usize = 9;

/// A batch of calls. Results are looked at where they are: moving one costs more than reading a PDU.
pub fn repeat<T>(times: usize, call: impl Fn() -> T) -> impl FnMut() {
    move || {
        for _ in 0..times {
            _ = black_box(&call());
        }
    }
}

/// The CPU time that the calling thread has taken, the kernel's work for it included.
fn thread_cpu() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

/// The CPU time of one call.
pub(crate) fn cpu_of(work: impl FnOnce()) -> Duration {
    let before = thread_cpu();
    work();
    thread_cpu().saturating_sub(before)
}

/// How much ours costs, by its anchor. Each call is one batch and gives its cost; the batches alternate.
pub(crate) fn compare(mut ours: impl FnMut() -> Duration, mut anchor: impl FnMut() -> Duration) -> f64 {
    // The first calls pay for what is not there yet: pages, caches, sockets.
    ours();
    anchor();
    let ratios = (0..PAIRS).map(|_| {
        let (mut least, mut least_anchor) = (Duration::MAX, Duration::MAX);
        for _ in 0..BATCHES {
            least = least.min(ours());
            least_anchor = least_anchor.min(anchor());
        }
        least.div_duration_f64(least_anchor)
    });
    median(ratios.collect())
}

/// The one in the middle. Not a number when there is none, which no bar lets pass.
#[must_use]
pub fn median(values: Vec<f64>) -> f64 {
    share(values, 2)
}

/// The value that one in `parts` is not below.
#[must_use]
pub fn share(mut values: Vec<f64>, parts: usize) -> f64 {
    values.sort_by(f64::total_cmp);
    let above = values.len().checked_div(parts).unwrap_or_default();
    values.iter().rev().nth(above).copied().unwrap_or(f64::NAN)
}
