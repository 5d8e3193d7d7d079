//! The lines of an .rdp file that are no settings, as far as one message tells of them.
use std::fmt;

use super::keys::{self, RdpFileKey};

/// Lines that are no settings: comments, junk, what was cut. A client passes over them, too.
///
/// [`fmt::Display`] gives one line, without what may be a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PassedOver {
    /// How many.
    pub count: usize,
    /// The number of the first one, from 1.
    pub first: usize,
    /// What stands there, up to what may be a secret; empty where that is all.
    pub text: String,
}

/// As much of a line as is shown, in characters.
const MOST: usize = 40;

/// What a secret is called where it stands in a line, in lower case. `pass` is in `password` and `passwd`.
const SECRET: [&str; 8] = ["pass", "pwd", "token", "secret", "kennwort", "credential", "jwt", "cookie"];

impl PassedOver {
    /// The first one.
    pub(super) fn new(number: usize, line: &str) -> Self {
        Self { count: 1, first: number, text: harmless(line) }
    }

    /// One more.
    pub(super) const fn more(&mut self) {
        self.count = self.count.saturating_add(1);
    }
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { count, first, text } = self;
        match count {
            0 | 1 => write!(f, "line {first} is no setting (name:type:value) and is passed over")?,
            _ => write!(
                f,
                "{count} lines are no settings (name:type:value) and are passed over, the first is line {first}"
            )?,
        }
        if text.is_empty() { f.write_str("; it is not shown") } else { write!(f, ": {text:?}") }
    }
}

/// The beginning of a line, up to what may be a secret: whatever follows the word for one, and a word that is no plain one. Of a key whose
/// values are never one all of it.
fn harmless(line: &str) -> String {
    let line = line.trim();
    let all = || line.chars().take(MOST).collect::<String>();
    let lower = line.to_ascii_lowercase();
    let secret = SECRET.iter().any(|word| lower.contains(word));
    let name = lower.split([':', '=']).next().unwrap_or_default().trim();
    let key =
        keys::find(name).or_else(|| RdpFileKey::ALL.iter().find(|key| behind(&lower, key.name).is_some()));
    if key.is_some_and(is_never_one) && !secret && !line.contains('@') {
        return all();
    }
    let mut shown = String::new();
    for word in line.split_inclusive(|c: char| c.is_whitespace() || matches!(c, ':' | '=')) {
        let is_secret = SECRET.iter().any(|secret| word.to_ascii_lowercase().contains(secret));
        if is_secret || !is_plain(word) || shown.chars().count().saturating_add(word.len()) > MOST {
            let end = shown.trim_end();
            return if end.is_empty() { String::new() } else { format!("{end} ...") };
        }
        shown.push_str(word);
    }
    shown.trim_end().to_owned()
}

/// Whether nobody writes a secret behind this key: numbers, and where to connect to.
fn is_never_one(key: &RdpFileKey) -> bool {
    key.kind == 'i' || key.name.ends_with("address") || key.name.ends_with("hostname")
}

/// What follows a name as a word of its own.
fn behind<'a>(line: &'a str, name: &str) -> Option<&'a str> {
    line.strip_prefix(name).filter(|rest| !rest.starts_with(|next: char| next.is_alphanumeric()))
}

/// Whether it is a word as prose has them: letters, or the marks of a comment.
fn is_plain(word: &str) -> bool {
    let word = word.trim_matches(|c: char| c.is_whitespace() || c.is_ascii_punctuation() || c.is_control());
    word.len() <= 16 && word.chars().all(char::is_alphabetic)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_shown_up_to_what_may_be_a_secret() {
        for (line, shown) in [
            ("modify", "modify"),
            ("# written by hand", "# written by hand"),
            ("// made on 2024-01-02", "// made on ..."),
            ("\u{1a}", "\u{1a}"),
            ("full address srv1.lab.test", "full address srv1.lab.test"),
            ("full address:srv1", "full address:srv1"),
            ("audiomode=i:2", "audiomode=i:2"),
            ("username me hunter2", "username me ..."),
            ("gatewayhostname me:hunter@gw", "gatewayhostname me: ..."),
            ("password hunter", ""),
            ("password=hunter2", ""),
            ("the password is hunter", "the ..."),
            ("gatewayaccesstoken=abc", ""),
            ("eyJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJ", ""),
            ("hunter2", ""),
            ("username pass:word", "username ..."),
            ("foo:q:x", "foo:q:x"),
            ("me:hunter2", "me: ..."),
            ("::", "::"),
            ("username:me:with a token", "username:me:with a ..."),
            ("abcdefghijklmnopq", ""),
        ] {
            assert_eq!(harmless(line), shown, "{line:?}");
        }
    }

    #[test]
    fn one_line_says_how_many_there_are_and_which_is_the_first() {
        let mut lines = PassedOver::new(5, " modify\u{1b} ");
        let said = "line 5 is no setting (name:type:value) and is passed over: \"modify\\u{1b}\"";
        assert_eq!(lines.to_string(), said);
        lines.more();
        let said = "2 lines are no settings (name:type:value) and are passed over, the first is line 5: ";
        assert!(lines.to_string().starts_with(said), "{lines}");
        assert!(PassedOver::new(1, "hunter2").to_string().ends_with("; it is not shown"));
    }
}
