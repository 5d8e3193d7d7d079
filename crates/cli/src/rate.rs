//! `--rate`: how many probes begin in a second.
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use crate::quote::quoted;

/// What was not used so long ago may be made up for: a clock that ticks in milliseconds would lose a part of a high rate otherwise.
const MADE_UP: Duration = Duration::from_millis(20);
/// The highest rate: nothing here is as fast.
const MOST: u32 = 1_000_000;

/// The rate of one run, whoever begins something.
#[derive(Clone, Debug)]
pub(crate) struct Rate(Option<Arc<Shared>>);

#[derive(Debug)]
struct Shared {
    each: Duration,
    /// When the next one may begin.
    next: Mutex<Instant>,
}

impl Rate {
    pub(crate) fn new(per_second: Option<u32>) -> Self {
        let each = per_second.and_then(|many| Duration::from_secs(1).checked_div(many));
        Self(each.map(|each| Arc::new(Shared { each, next: Mutex::new(Instant::now()) })))
    }

    /// What has to be waited for before another one may begin.
    pub(crate) fn wait(&self) -> Option<Instant> {
        let shared = self.0.as_ref()?;
        let next = *shared.next.lock().unwrap_or_else(PoisonError::into_inner);
        (next > Instant::now()).then_some(next)
    }

    /// One begins. When it may.
    pub(crate) fn take(&self) -> Option<Instant> {
        let shared = self.0.as_ref()?;
        let mut next = shared.next.lock().unwrap_or_else(PoisonError::into_inner);
        let at = at(*next, Instant::now());
        *next = at + shared.each;
        Some(at)
    }

    /// Waits for a turn, and takes it.
    pub(crate) async fn turn(&self) {
        if let Some(at) = self.take() {
            sleep_until(at).await;
        }
    }
}

/// When one begins whose turn this is, or was a moment ago.
fn at(next: Instant, now: Instant) -> Instant {
    now.checked_sub(MADE_UP).map_or(next, |earliest| next.max(earliest))
}

/// Reads `N` or `N/s`.
pub(crate) fn parse(text: &str) -> Result<u32, String> {
    let number = text.strip_suffix("/s").unwrap_or(text);
    let digits = number.bytes().all(|octet| octet.is_ascii_digit());
    let rate = number.parse().ok().filter(|rate| digits && (1..=MOST).contains(rate));
    rate.ok_or_else(|| format!("{} is not a rate: write 50 or 50/s, at most {MOST}", quoted(text)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_is_a_number_a_second() {
        assert_eq!((parse("50"), parse("50/s"), parse("1000000")), (Ok(50), Ok(50), Ok(1_000_000)));
        for text in ["", "/s", "0", "-1", "1.5", "50/m", "1000001", "+5"] {
            assert!(parse(text).unwrap_err().contains("is not a rate"), "{text}");
        }
    }

    #[test]
    fn so_many_begin_in_a_second_and_what_was_not_used_is_not_made_up_for() {
        for (per_second, most) in [(10, 11), (5000, 5101)] {
            let each = Duration::from_secs(1) / per_second;
            let start = Instant::now() + Duration::from_secs(60);
            let (mut now, mut next, mut begun) = (start, start - Duration::from_secs(30), 0);
            // A clock that ticks in milliseconds.
            while now < start + Duration::from_secs(1) {
                while next <= now {
                    next = at(next, now) + each;
                    begun += 1;
                }
                now += Duration::from_millis(1);
            }
            assert!((per_second..=most).contains(&begun), "{begun} of {per_second}");
        }
        assert_eq!((Rate::new(None).wait(), Rate::new(None).take()), (None, None));
    }
}
