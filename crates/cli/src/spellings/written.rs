//! An option as mstsc and FreeRDP write it: a sign, a name, and a value behind `:` or `=`.

/// One, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Written<'a> {
    /// `/`, `+`, `-` or `--`.
    pub(super) sign: &'static str,
    pub(super) name: &'a str,
    /// What stands behind the separator.
    pub(super) value: Option<&'a str>,
    /// Whether the separator is a colon, which no option of this program's has.
    pub(super) colon: bool,
}

impl<'a> Written<'a> {
    /// The word as an option; `None` where it begins as none does.
    pub(super) fn of(word: &'a str) -> Option<Self> {
        let (sign, body) =
            ["/", "+", "--", "-"].into_iter().find_map(|sign| Some((sign, word.strip_prefix(sign)?)))?;
        if body.is_empty() {
            return None;
        }
        let (name, value) = match body.split_once([':', '=']) {
            Some((name, value)) => (name, Some(value)),
            None => (body, None),
        };
        let colon = body.as_bytes().get(name.len()) == Some(&b':');
        Some(Self { sign, name, value, colon })
    }

    /// Its name of one letter.
    pub(super) fn letter(&self) -> Option<char> {
        let mut letters = self.name.chars();
        letters.next().filter(|_| letters.next().is_none())
    }

    /// Whether it is switched on: only a single hyphen switches off.
    pub(super) fn on(&self) -> bool {
        self.sign != "-"
    }
}

/// Whether a word can be the value of the option before it: it begins as no option does.
pub(super) fn is_bare(word: &str) -> bool {
    !word.starts_with(['/', '-', '+'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn options_are_taken_apart_at_the_first_separator() {
        for (word, sign, name, value, colon) in [
            ("/v:srv1:3390", "/", "v", Some("srv1:3390"), true),
            ("--sec:nla:off", "--", "sec", Some("nla:off"), true),
            ("-p=a:b", "-", "p", Some("a:b"), false),
            ("+clipboard", "+", "clipboard", None, false),
            ("/u:", "/", "u", Some(""), true),
        ] {
            assert_eq!(Written::of(word), Some(Written { sign, name, value, colon }), "{word}");
        }
        for word in ["srv1", "-", "/", "--", ""] {
            assert_eq!(Written::of(word), None, "{word}");
        }
    }
}
