//! Lists in the values of fields, RFC 9110 section 5.6.1.

/// An element, and where it stands in the value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Element<'a> {
    /// What is in it, without the spaces around it.
    pub(super) text: &'a [u8],
    /// Octets of the value before it.
    pub(super) start: usize,
}

/// The elements of a list: what commas outside of quotation marks part. Some may be empty. A quotation mark that is not closed holds all
/// that follows it.
pub(super) fn elements(value: &[u8]) -> impl Iterator<Item = Element<'_>> + Clone {
    let mut next = Some(0_usize);
    core::iter::from_fn(move || {
        let begin = next?;
        let rest = value.get(begin..)?;
        let length = comma(rest);
        next = length.map(|length| begin.saturating_add(length).saturating_add(1));
        let whole = rest.get(..length.unwrap_or(rest.len())).unwrap_or_default();
        let text = start_trimmed(whole);
        let start = begin.saturating_add(whole.len().saturating_sub(text.len()));
        Some(Element { text: end_trimmed(text), start })
    })
}

/// Where the first comma outside of quotation marks stands.
fn comma(rest: &[u8]) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    rest.iter().position(|octet| {
        match octet {
            _ if escaped => escaped = false,
            b'\\' if quoted => escaped = true,
            b'"' => quoted = !quoted,
            _ => return *octet == b',' && !quoted,
        }
        false
    })
}

/// A space; of a field that was folded, the ends of its lines as well.
const fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t' | b'\r' | b'\n')
}

/// Without the spaces that it begins with.
pub(super) fn start_trimmed(text: &[u8]) -> &[u8] {
    let spaces = text.iter().take_while(|octet| is_space(**octet)).count();
    text.get(spaces..).unwrap_or_default()
}

/// Without the spaces that it ends with.
pub(super) fn end_trimmed(text: &[u8]) -> &[u8] {
    let spaces = text.iter().rev().take_while(|octet| is_space(**octet)).count();
    text.get(..text.len().saturating_sub(spaces)).unwrap_or_default()
}

/// The token that it begins with, RFC 9110 section 5.6.2, and what follows; the token may be empty.
pub(super) fn token(text: &[u8]) -> (&str, &[u8]) {
    let length = text.iter().take_while(|octet| is_token(**octet)).count();
    let (token, rest) = text.split_at_checked(length).unwrap_or_default();
    // A token is ASCII.
    (core::str::from_utf8(token).unwrap_or_default(), rest)
}

/// `tchar`.
pub(super) const fn is_token(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(
            octet,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    #[test]
    fn commas_part_elements_where_no_quotation_mark_holds_them() {
        let all = |value: &'static str| elements(value.as_bytes()).map(|one| one.text).collect::<Vec<_>>();
        assert_eq!(all(""), [b""]);
        assert_eq!(all(" a ,, b"), [&b"a"[..], b"", b"b"]);
        assert_eq!(all("a=\"x, y\", b"), [&b"a=\"x, y\""[..], b"b"]);
        assert_eq!(all(r#"a="\",\\", b"#), [&br#"a="\",\\""#[..], b"b"]);
        assert_eq!(all("a, \"b, c"), [&b"a"[..], b"\"b, c"]);
        assert_eq!(all("a,\r\n\tb,"), [&b"a"[..], b"b", b""]);
    }

    #[test]
    fn each_element_is_where_it_says() {
        let value = b"\ta , b\r\n , \"c,\" ,";
        for Element { text, start } in elements(value) {
            assert_eq!(&value[start..start + text.len()], text);
        }
    }
}
