//! One line of fields, as spreadsheets and PowerShell write it.
use std::borrow::Cow;

/// What may stand between fields.
pub(super) const SEPARATORS: [char; 3] = [',', ';', '\t'];

/// The fields of a line.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fields<'a> {
    pub(super) all: Vec<Cow<'a, str>>,
    /// A quotation mark is not closed: the field goes on in the next line.
    pub(super) open: bool,
}

/// Divides a line. A field that begins with a quotation mark ends with the next one; two of them are one in it.
pub(super) fn split(line: &str, separator: char) -> Fields<'_> {
    let (mut all, mut open, mut rest) = (Vec::new(), false, line);
    loop {
        let field = match rest.trim_start_matches(' ').strip_prefix('"') {
            Some(quoted) => {
                let field;
                (field, rest, open) = until_quote(quoted);
                Some(Cow::Owned(field))
            }
            None => None,
        };
        let (before, after) = match rest.split_once(separator) {
            Some((before, after)) => (before, Some(after)),
            None => (rest, None),
        };
        all.push(field.unwrap_or(Cow::Borrowed(before)));
        let Some(after) = after else { return Fields { all, open } };
        rest = after;
    }
}

/// What a quotation mark has behind it up to the closing one, what follows that, and whether there is none.
fn until_quote(quoted: &str) -> (String, &str, bool) {
    let (mut field, mut rest) = (String::new(), quoted);
    loop {
        let Some((before, after)) = rest.split_once('"') else {
            field.push_str(rest);
            return (field, "", true);
        };
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(after) => {
                field.push('"');
                rest = after;
            }
            None => return (field, after, false),
        }
    }
}

/// The first separator of a line that stands in no quotation marks, and what is before it.
pub(super) fn first_separator(line: &str) -> Option<(char, &str)> {
    if !line.bytes().any(|octet| SEPARATORS.contains(&char::from(octet))) {
        return None;
    }
    let mut inside = false;
    for (at, character) in line.char_indices() {
        if character == '"' {
            inside = !inside;
        } else if !inside && SEPARATORS.contains(&character) {
            return Some((character, line.get(..at)?));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_divided_where_no_quotation_marks_are_around_the_separator() {
        for (line, separator, fields) in [
            ("", ',', &[""][..]),
            ("srv1", ',', &["srv1"]),
            ("srv1,3390,", ',', &["srv1", "3390", ""]),
            ("srv1;a,b", ';', &["srv1", "a,b"]),
            ("\"srv1\";\"a;b\"", ';', &["srv1", "a;b"]),
            ("\"a\"\"b\", \"c\" ,d\"e", ',', &["a\"b", "c", "d\"e"]),
            ("\"\"\t\"\"\"\"", '\t', &["", "\""]),
            ("\"a\"b,c", ',', &["a", "c"]),
        ] {
            let Fields { all, open } = split(line, separator);
            assert_eq!(
                (all, open),
                (fields.iter().map(|field| Cow::Borrowed(*field)).collect(), false),
                "{line}"
            );
        }
    }

    #[test]
    fn a_quotation_mark_that_is_not_closed_is_told() {
        let Fields { all, open } = split("a,\"b,c", ',');
        assert_eq!((all, open), (vec!["a".into(), "b,c".into()], true));
    }

    #[test]
    fn the_first_separator_is_not_one_in_quotation_marks() {
        assert_eq!(first_separator("\"a,b\" ;c"), Some((';', "\"a,b\" ")));
        assert_eq!(first_separator("srv1"), None);
    }
}
