//! How a server wants to be convinced: `WWW-Authenticate` and `Proxy-Authenticate`, RFC 9110 section 11.
use super::list::{Element, elements, is_token, start_trimmed, token};

/// A challenge, RFC 9110 section 11.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Challenge<'a> {
    /// `auth-scheme`, as it came: it means the same in upper and lower case.
    pub scheme: &'a str,
    /// `token68`: what the scheme has to say, mostly in base64.
    pub token68: Option<&'a str>,
    /// Its parameters as they came, commas and quotation marks included; where what follows the scheme is neither a token nor parameters,
    /// that.
    pub params: &'a [u8],
}

/// The challenges of one field's value. What cannot be one is passed over.
pub fn challenges(value: &[u8]) -> impl Iterator<Item = Challenge<'_>> {
    let mut elements = elements(value).peekable();
    core::iter::from_fn(move || {
        let (mut challenge, rest) = elements.by_ref().find_map(begin)?;
        let mut params = rest.map(|rest| range(&rest));
        // What follows is its own up to the next one.
        while let Some(element) = elements.next_if(|element| begin(*element).is_none()) {
            if is_param(element.text) {
                let (start, end) = range(&element);
                params = Some((params.map_or(start, |(first, _)| first), end));
            }
        }
        challenge.params = params.and_then(|(start, end)| value.get(start..end)).unwrap_or_default();
        Some(challenge)
    })
}

/// The challenge that begins with this element, and what follows its scheme where that is no token.
fn begin(element: Element<'_>) -> Option<(Challenge<'_>, Option<Element<'_>>)> {
    let (scheme, rest) = token(element.text);
    let text = start_trimmed(rest);
    // Spaces may stand before the sign of a parameter that has no value.
    let is_other = text.first() == Some(&b'=') || (text.len() == rest.len() && !rest.is_empty());
    if scheme.is_empty() || is_other || is_param(element.text) {
        return None;
    }
    let token68 = token68(text);
    let start = element.start.saturating_add(element.text.len().saturating_sub(text.len()));
    let params = (token68.is_none() && !text.is_empty()).then_some(Element { text, start });
    Some((Challenge { scheme, token68, params: &[] }, params))
}

/// `auth-param`: a name, and a value after a sign.
fn is_param(text: &[u8]) -> bool {
    let (name, rest) = token(text);
    let value = start_trimmed(rest).strip_prefix(b"=").map(start_trimmed).unwrap_or_default();
    !name.is_empty() && value.first().is_some_and(|octet| is_token(*octet) || *octet == b'"')
}

/// `token68`, RFC 9110 section 11.2.
fn token68(text: &[u8]) -> Option<&str> {
    let length = text.iter().take_while(|octet| is_token68(**octet)).count();
    let padding = text.get(length..).filter(|_| length > 0)?;
    if !padding.iter().all(|octet| *octet == b'=') {
        return None;
    }
    core::str::from_utf8(text).ok()
}

const fn is_token68(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
}

fn range(element: &Element<'_>) -> (usize, usize) {
    (element.start, element.start.saturating_add(element.text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;

    fn all(value: &[u8]) -> Vec<(&str, Option<&str>, &[u8])> {
        challenges(value).map(|one| (one.scheme, one.token68, one.params)).collect()
    }

    #[test]
    fn challenges_are_told_apart_from_parameters() {
        let value = br#"Negotiate, NTLM TlRMTVNTUAAC+/==, Basic realm="a, b", charset = UTF-8, Digest a=1,b="\"," , PAA"#;
        let expected: [(&str, Option<&str>, &[u8]); 5] = [
            ("Negotiate", None, b""),
            ("NTLM", Some("TlRMTVNTUAAC+/=="), b""),
            ("Basic", None, br#"realm="a, b", charset = UTF-8"#),
            ("Digest", None, br#"a=1,b="\",""#),
            ("PAA", None, b""),
        ];
        assert_eq!(all(value), expected);
    }

    #[test]
    fn empty_elements_and_folds_are_passed_over() {
        assert_eq!(all(b""), []);
        assert_eq!(all(b" , ,"), []);
        assert_eq!(
            all(b", Negotiate ,, NTLM\r\n\tabc,"),
            [("Negotiate", None, &b""[..]), ("NTLM", Some("abc"), b"")]
        );
        assert_eq!(all(b"X ,, a=1,, b=2,"), [("X", None, &b"a=1,, b=2"[..])]);
    }

    #[test]
    fn what_is_no_challenge_is_passed_over_and_what_follows_is_read() {
        for garbage in [&b"\xFF\xFE"[..], b"a/b", b"=", b"a =", b"a==", b"\"x\"", b"realm=\"x\"", b"(", b"\0"] {
            let value = [garbage, b", NTLM"].concat();
            assert_eq!(all(&value), [("NTLM", None, &b""[..])], "{garbage:?}");
            let value = [b"NTLM, ", garbage, b", Basic realm=x"].concat();
            let [ntlm, basic] = all(&value)[..] else { panic!("{garbage:?}") };
            assert_eq!((ntlm.0, basic), ("NTLM", ("Basic", None, &b"realm=x"[..])), "{garbage:?}");
        }
        assert_eq!(
            all(b"Basic realm=\"\xE9, NTLM"),
            [("Basic", None, &b"realm=\"\xE9, NTLM"[..])],
            "not closed"
        );
        assert_eq!(all(b"Negotiate a b, x=1"), [("Negotiate", None, &b"a b, x=1"[..])]);
        assert_eq!(all(b"Negotiate \xFF"), [("Negotiate", None, &b"\xFF"[..])]);
    }

    #[test]
    fn a_token_may_look_like_a_name_and_have_parameters_behind_it() {
        assert_eq!(all(b"Basic realm"), [("Basic", Some("realm"), &b""[..])]);
        assert_eq!(all(b"X abc=, y=1"), [("X", Some("abc="), &b"y=1"[..])]);
        assert_eq!(all(b"X  -._~+/"), [("X", Some("-._~+/"), &b""[..])]);
    }

    #[test]
    fn every_cut_of_a_value_is_read_and_keeps_the_schemes_before_it() {
        let value = br#"Negotiate, NTLM abc==, Basic realm="a, \"b", q=1, PAA"#;
        for cut in 0..=value.len() {
            let schemes: Vec<&str> = challenges(&value[..cut]).map(|one| one.scheme).collect();
            if let Some((_, before)) = schemes.split_last() {
                assert!(["Negotiate", "NTLM", "Basic"].starts_with(before), "{schemes:?}");
            }
        }
    }
}
