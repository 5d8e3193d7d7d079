//! What is said of the lines of a list that are no targets: so many of them, and how many there were.
use crate::exit::say;

/// As many of a list are named.
const NAMED: usize = 20;
/// As many are kept back before anything else has come of a list: what is no list at all is said in one line.
const KEPT_BACK: usize = 3;

/// The bad lines of a list.
#[derive(Debug, Default)]
pub(crate) struct BadLines {
    /// Those that are not said yet.
    pub(crate) kept: Vec<String>,
    pub(crate) count: usize,
    /// Whether they are said as they come.
    at_once: bool,
}

impl BadLines {
    /// One more.
    pub(crate) fn add(&mut self, message: &str) {
        self.count += 1;
        if self.count <= NAMED {
            self.kept.push(format!("{message}; passed over"));
        }
    }

    /// One more of a list that is under way.
    pub(crate) fn say(&mut self, message: &str) {
        self.add(message);
        self.at_once |= self.count > KEPT_BACK;
        if self.at_once {
            self.say_kept();
        }
    }

    /// A target has come: it is a list.
    pub(crate) fn is_list(&mut self) {
        self.at_once = true;
        self.say_kept();
    }

    fn say_kept(&mut self) {
        self.kept.drain(..).for_each(|line| say(&line));
    }

    /// The list is over. Nothing is left to say where what is kept is the one thing to say.
    pub(crate) fn end(mut self, name: &str) -> Vec<String> {
        let more = self.count.saturating_sub(NAMED);
        if more > 0 {
            let lines = if more == 1 { "line is no target" } else { "lines are no targets" };
            self.kept.push(format!("{name}: {more} more {lines}; passed over"));
        }
        self.kept
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_lines_are_named_and_the_others_counted() {
        let mut bad = BadLines::default();
        for line in 1..=22 {
            bad.add(&format!("x, line {line}: \"srv x\": bad"));
        }
        let said = bad.end("x");
        assert_eq!(said.len(), 21);
        assert_eq!(said[19], "x, line 20: \"srv x\": bad; passed over");
        assert_eq!(said[20], "x: 2 more lines are no targets; passed over");
    }

    #[test]
    fn the_first_lines_of_what_may_be_no_list_are_kept_back() {
        let mut bad = BadLines::default();
        for line in ["1", "2", "3"] {
            bad.say(line);
        }
        assert_eq!(bad.kept.len(), 3);
        bad.say("4");
        assert_eq!((bad.kept.len(), bad.count), (0, 4));
    }
}
