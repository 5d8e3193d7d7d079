//! What was warned of: each thing once.
use std::collections::HashSet;

/// As much of it is remembered.
const MOST: usize = 10_000;

/// What was warned of.
#[derive(Debug)]
pub(crate) struct Warned {
    quiet: bool,
    said: HashSet<String>,
}

impl Warned {
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet, said: HashSet::new() }
    }

    /// Says it, unless that was done before.
    pub(crate) fn of(&mut self, line: &str, say: fn(&str)) {
        if self.quiet || self.said.contains(line) {
            return;
        }
        // Whoever has so many .rdp files reads some of it twice.
        if self.said.len() >= MOST {
            self.said.clear();
        }
        self.said.insert(line.to_owned());
        say(line);
    }
}
