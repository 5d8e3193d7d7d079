//! Time as a run was able to use it: what this computer lost, stopped, suspended or starved, is no silence of a peer's.
use std::time::Duration;

use tokio::time::Instant;

/// How often a run looks at the clock while it waits.
const LOOK: Duration = Duration::from_millis(250);
/// How much later than asked for it may look: a computer has other things to do.
const LATE: Duration = Duration::from_millis(100);

/// The time of one run. It stands still as long as the run does.
#[derive(Debug)]
pub(crate) struct Pace {
    began: Instant,
    looked: Instant,
    /// What was lost, all together, and since it was told of last.
    lost: Duration,
    untold: Duration,
}

impl Pace {
    pub(crate) fn begin() -> Self {
        let now = Instant::now();
        Self { began: now, looked: now, lost: Duration::ZERO, untold: Duration::ZERO }
    }

    /// Looks at the clock: since the run began, without what was lost.
    pub(crate) fn now(&mut self) -> Duration {
        let now = Instant::now();
        let gap = now.saturating_duration_since(self.looked);
        self.looked = now;
        if gap > LOOK.saturating_add(LATE) {
            self.lost = self.lost.saturating_add(gap);
            self.untold = self.untold.saturating_add(gap);
        }
        now.saturating_duration_since(self.began).saturating_sub(self.lost)
    }

    /// When to look again, by a clock that never stands still, for what is to end then.
    pub(crate) fn look_again(&self, end: Duration) -> Instant {
        let due = end.checked_add(self.lost).and_then(|end| self.began.checked_add(end));
        let soon = self.looked.checked_add(LOOK).unwrap_or(self.looked);
        due.map_or(soon, |due| due.min(soon))
    }

    /// What was lost since this was asked last.
    pub(crate) fn take_lost(&mut self) -> Option<Duration> {
        Some(std::mem::take(&mut self.untold)).filter(|lost| !lost.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn time_that_was_lost_does_not_count_and_is_told_once() {
        let mut pace = Pace::begin();
        tokio::time::advance(LOOK).await;
        assert_eq!((pace.now(), pace.take_lost()), (LOOK, None));
        tokio::time::advance(Duration::from_secs(3)).await;
        assert_eq!(pace.now(), LOOK);
        assert_eq!((pace.take_lost(), pace.take_lost()), (Some(Duration::from_secs(3)), None));
        let end = Duration::from_millis(300);
        assert_eq!(pace.look_again(end) - pace.began, Duration::from_millis(3300));
        assert_eq!(pace.look_again(Duration::MAX) - pace.looked, LOOK);
    }
}
