//! Which words are this program's own options.
use clap::{Arg, Command, CommandFactory as _};

use crate::options::Options;

/// This program's options.
pub(super) struct Ours {
    command: Command,
}

impl Ours {
    pub(super) fn new() -> Self {
        Self { command: Options::command() }
    }

    /// Whether it is a verb.
    pub(super) fn verb(&self, word: &str) -> bool {
        self.command.get_subcommands().any(|verb| verb.get_name() == word)
    }

    /// Whether the word behind this one is its value.
    pub(super) fn takes_next(&self, word: &str) -> bool {
        let mut valued = self.command.get_arguments().filter(|argument| argument.get_action().takes_values());
        valued.any(|argument| match word.strip_prefix("--") {
            Some(name) => long(argument, name),
            None => argument
                .get_short()
                .is_some_and(|short| word.strip_prefix('-').is_some_and(|rest| is(rest, short))),
        })
    }

    /// Whether there is an option `--name`.
    pub(super) fn has_long(&self, name: &str) -> bool {
        ["help", "version"].contains(&name) || self.command.get_arguments().any(|argument| long(argument, name))
    }

    /// Whether there is an option `-letter`.
    pub(super) fn has_short(&self, letter: char) -> bool {
        ['h', 'V'].contains(&letter)
            || self.command.get_arguments().any(|argument| argument.get_short() == Some(letter))
    }
}

fn long(argument: &Arg, name: &str) -> bool {
    argument.get_long() == Some(name)
        || argument.get_all_aliases().is_some_and(|names| names.into_iter().any(|alias| alias == name))
}

fn is(text: &str, letter: char) -> bool {
    let mut letters = text.chars();
    letters.next() == Some(letter) && letters.next().is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_and_their_values_are_known() {
        let ours = Ours::new();
        for word in ["--until", "--load-balance-info", "-o", "-u"] {
            assert!(ours.takes_next(word), "{word}");
        }
        for word in ["--until=tcp", "-v", "--quiet", "-ojson", "until", "--", "-", "/v"] {
            assert!(!ours.takes_next(word), "{word}");
        }
        assert!(ours.has_long("help") && ours.has_long("timeout") && !ours.has_long("sec"));
        assert!(ours.has_short('v') && ours.has_short('h') && !ours.has_short('f'));
        assert!(ours.verb("explain") && !ours.verb("srv1"));
    }
}
