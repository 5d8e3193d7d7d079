//! Rust source as words and marks, each with its line. Comments, strings and numbers are left out: no path stands in them.

/// What stands in a source beside what is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token<'a> {
    /// A name or a keyword.
    Word(&'a str),
    /// `::`.
    Colons,
    /// Any other character that is no space.
    Mark(char),
}

/// A token, and the line that it stands on, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Located<'a> {
    pub(super) token: Token<'a>,
    pub(super) line: usize,
}

/// Takes a source apart.
pub(super) fn tokens(source: &str) -> Vec<Located<'_>> {
    let mut found = Vec::new();
    let (mut rest, mut line) = (source, 1);
    while let Some(first) = rest.chars().next() {
        let (token, len) = next(rest, first);
        let (taken, after) = rest.split_at(len);
        found.extend(token.map(|token| Located { token, line }));
        line += taken.matches('\n').count();
        rest = after;
    }
    found
}

/// What `rest` begins with, unless it is left out, and how many octets it takes.
fn next(rest: &str, first: char) -> (Option<Token<'_>>, usize) {
    let is_word = |c: char| c == '_' || c.is_alphanumeric();
    let word = |text: &str| text.find(|c| !is_word(c)).unwrap_or(text.len());
    if rest.starts_with("//") {
        (None, rest.find('\n').unwrap_or(rest.len()))
    } else if rest.starts_with("/*") {
        (None, block_comment(rest))
    } else if let Some(len) = string(rest) {
        (None, len)
    } else if first == '\'' {
        (None, quoted(rest).unwrap_or_else(|| 1 + word(&rest[1..])))
    } else if let Some(raw) = rest.strip_prefix("r#") {
        let len = word(raw);
        (Some(Token::Word(&raw[..len])), 2 + len)
    } else if first.is_ascii_digit() {
        (None, word(rest))
    } else if is_word(first) {
        let len = word(rest);
        (Some(Token::Word(&rest[..len])), len)
    } else if rest.starts_with("::") {
        (Some(Token::Colons), 2)
    } else {
        ((!first.is_whitespace()).then_some(Token::Mark(first)), first.len_utf8())
    }
}

/// The length of a comment that others may stand in.
fn block_comment(rest: &str) -> usize {
    let (mut at, mut depth) = (0, 0_usize);
    loop {
        let here = &rest[at..];
        if here.starts_with("/*") {
            (at, depth) = (at + 2, depth + 1);
        } else if here.starts_with("*/") {
            (at, depth) = (at + 2, depth - 1);
            if depth == 0 {
                return at;
            }
        } else {
            let Some(one) = here.chars().next() else { return at };
            at += one.len_utf8();
        }
    }
}

/// The length of a string of any kind: `""`, `b""`, `c""`, `r#""#`, `br""`.
fn string(rest: &str) -> Option<usize> {
    let body = rest.trim_start_matches(['b', 'c', 'r']);
    let prefix = &rest[..rest.len() - body.len()];
    let inside = body.trim_start_matches('#');
    let hashes = &body[..body.len() - inside.len()];
    let text = inside.strip_prefix('"')?;
    match prefix {
        "" | "b" | "c" if hashes.is_empty() => {
            let mut escaped = false;
            let end = text.find(|c| {
                let ends = c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                ends
            });
            Some(rest.len() - text.len() + end.map_or(text.len(), |end| end + 1))
        }
        "r" | "br" | "cr" => {
            let end = format!("\"{hashes}");
            let inside = text.find(&end).map_or(text.len(), |at| at + end.len());
            Some(rest.len() - text.len() + inside)
        }
        _ => None,
    }
}

/// The length of a character in quotes; none when it is a lifetime or a label.
fn quoted(rest: &str) -> Option<usize> {
    let text = &rest[1..];
    if let Some(escape) = text.strip_prefix('\\') {
        let one = escape.chars().next()?.len_utf8();
        return Some(2 + one + escape[one..].find('\'')? + 1);
    }
    let one = text.chars().next()?.len_utf8();
    text[one..].starts_with('\'').then_some(1 + one + 1)
}

#[test]
fn comments_strings_and_numbers_are_left_out_and_lines_counted() {
    let source = r##"a // b::c "
/* d /* e */ " */ 'f' '\'' 'g: "h::i \" j" k r#"l " m"# b"n" 1_u8
o::r#type "p
q" r"\" s"##;
    let words: Vec<_> = tokens(source)
        .into_iter()
        .filter_map(|located| match located.token {
            Token::Word(word) => Some((word, located.line)),
            Token::Colons | Token::Mark(_) => None,
        })
        .collect();
    assert_eq!(words, [("a", 1), ("k", 2), ("o", 3), ("type", 3), ("s", 4)]);
}
