//! What was warned of: each thing once.
use std::collections::HashSet;

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
        if !self.quiet && self.said.insert(line.to_owned()) {
            say(line);
        }
    }
}
