//! Which targets are left out: by an option, or since they were met before.
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::done::Done;
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
    /// What another run has reported.
    done: Done,
    left_out: Arc<LeftOut>,
}

/// How many were left out, for whoever tells.
#[derive(Debug, Default)]
pub(crate) struct LeftOut {
    excluded: AtomicUsize,
    done: AtomicUsize,
    again: AtomicUsize,
}

impl Sieve {
    /// # Errors
    /// Where a file cannot be read, or an option.
    pub(crate) fn of(options: &Options) -> Result<Self, String> {
        let (exclude, keys) = (Exclude::of(&options.many.exclude)?, Keys::default());
        let met = (!options.many.duplicates && !options.single()).then(Met::new);
        let begins = || options.outputs.iter().any(|output| options.writes_on(output));
        let done = match &options.many.resume {
            // The same command line begins a run, and goes on with it.
            Some(path) if !path.exists() && begins() => Done::default(),
            Some(path) => Done::of(path, &keys)?,
            None => Done::default(),
        };
        Ok(Self { exclude, keys, met, done, left_out: Arc::default() })
    }

    /// What to warn of.
    pub(crate) fn warning(&self) -> Option<String> {
        let said = "--resume: of the reports the last 8,388,608 count, and the targets of those before them are asked again";
        self.done.more.then(|| said.to_owned())
    }

    /// How many it has left out so far, for others.
    pub(crate) fn left_out(&self) -> Arc<LeftOut> {
        Arc::clone(&self.left_out)
    }

    /// Whether a target is probed.
    pub(crate) fn takes(&mut self, Named { target, file }: &Named) -> bool {
        let is_excluded = self.exclude.has(target);
        if !is_excluded && self.met.is_none() && self.done.is_empty() {
            return true;
        }
        let key = match file {
            Some(_) => self.keys.of_file(&target.input),
            None => self.keys.of(&target.host, target.port),
        };
        let count = if is_excluded {
            &self.left_out.excluded
        } else if self.done.has(key) {
            &self.left_out.done
        } else if self.met.as_mut().is_some_and(|met| met.again(key)) {
            &self.left_out.again
        } else {
            return true;
        };
        count.fetch_add(1, Ordering::Relaxed);
        false
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

    fn all(&self) -> [(usize, &'static str); 3] {
        [
            (&self.excluded, "by --exclude"),
            (&self.done, "reported in the file of --resume"),
            (&self.again, "named before (--duplicates asks each as often as it is named)"),
        ]
        .map(|(count, why)| (count.load(Ordering::Relaxed), why))
    }
}
