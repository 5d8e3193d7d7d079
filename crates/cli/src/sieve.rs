//! Which targets are left out: by an option, or since they were met before.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rdp_probe::Target;

use crate::exclude::Exclude;
use crate::keys::{Keys, Met};
use crate::named::Named;
use crate::options::Options;

/// What decides it.
pub(crate) struct Sieve {
    exclude: Exclude,
    keys: Keys,
    /// `None` where each is asked as often as it is named.
    met: Option<Met>,
    left_out: Arc<LeftOut>,
}

/// How many were left out, for whoever tells.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    excluded: AtomicUsize,
    again: AtomicUsize,
}

impl Sieve {
    /// # Errors
    /// Where an option cannot be read.
    pub(crate) fn of(options: &Options) -> Result<Self, String> {
        let met = (!options.duplicates && !options.single()).then(Met::new);
        Ok(Self {
            exclude: Exclude::of(&options.exclude)?,
            keys: Keys::default(),
            met,
            left_out: Arc::default(),
        })
    }

    /// How many it has left out so far, for others.
    pub(crate) fn left_out(&self) -> Arc<LeftOut> {
        Arc::clone(&self.left_out)
    }

    /// Whether a target is probed.
    pub(crate) fn takes(&mut self, Named { target, file }: &Named) -> bool {
        let count = if self.exclude.has(target) {
            &self.left_out.excluded
        } else if self.is_met(target, file.is_some()) {
            &self.left_out.again
        } else {
            return true;
        };
        count.fetch_add(1, Ordering::Relaxed);
        false
    }

    fn is_met(&mut self, target: &Target, is_file: bool) -> bool {
        let Some(met) = &mut self.met else { return false };
        let keys = &self.keys;
        met.again(if is_file { keys.of_file(&target.input) } else { keys.of(&target.host, target.port) })
    }
}

impl LeftOut {
    /// How many altogether.
    pub(crate) fn count(&self) -> usize {
        self.all().iter().map(|(count, _)| count).sum()
    }

    /// Whether something is, and all of that by --exclude.
    pub(crate) fn is_all_excluded(&self) -> bool {
        let excluded = self.excluded.load(Ordering::Relaxed);
        excluded > 0 && excluded == self.count()
    }

    /// What is said of them at the end.
    pub(crate) fn said(&self) -> Option<String> {
        let parts: Vec<String> = self
            .all()
            .into_iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, why)| format!("{count} {why}"))
            .collect();
        (!parts.is_empty()).then(|| format!("not probed: {}", parts.join(", ")))
    }

    fn all(&self) -> [(usize, &'static str); 2] {
        [
            (&self.excluded, "by --exclude"),
            (&self.again, "named before (--duplicates asks each as often as it is named)"),
        ]
        .map(|(count, why)| (count.load(Ordering::Relaxed), why))
    }
}
