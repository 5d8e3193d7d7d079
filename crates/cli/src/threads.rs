//! Threads for what may block: the one that probes never does.
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::Builder;

use tokio::sync::oneshot;

/// Enough for what is done on them, and little where address space is short.
const STACK: usize = 512 * 1024;

/// Does it on a thread of its own. Where no thread can be had, gives back what it was to be done with.
pub(crate) fn spawn<T: Send + 'static>(
    name: &str,
    with: T,
    work: impl FnOnce(T) + Send + 'static,
) -> Result<(), T> {
    // A thread that cannot be had takes with it what it was given, unless that stays here.
    let kept = Arc::new(Mutex::new(Some(with)));
    let there = Arc::clone(&kept);
    let take = |kept: &Mutex<Option<T>>| kept.lock().unwrap_or_else(PoisonError::into_inner).take();
    let spawned = Builder::new().name(name.into()).stack_size(STACK).spawn(move || {
        if let Some(with) = take(&there) {
            work(with);
        }
    });
    match spawned {
        Ok(_) => Ok(()),
        Err(_) => take(&kept).map_or(Ok(()), Err),
    }
}

/// Does it beside the caller; in place where no thread can be had. `None` when it panicked, which is a defect here.
pub(crate) async fn aside<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (answer, waiting) = oneshot::channel();
    let spawned = spawn(name, (work, answer), |(work, answer)| {
        // Nobody may be waiting any more, which is no error.
        _ = answer.send(work());
    });
    match spawned {
        Ok(()) => waiting.await.ok(),
        Err((work, _)) => Some(work()),
    }
}
