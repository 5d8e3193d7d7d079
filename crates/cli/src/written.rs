//! A target as people write and paste it: what stands around a host and its port is passed over.
use rdp_probe::{Target, TargetError};

use crate::quote::quoted;
use crate::spread::{Spread, spread};
use crate::words::is_rdp_file;

/// As much of a text as a message shows, in characters.
const SHOWN: usize = 80;

/// A target that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) target: Target,
    /// Whether something stood behind its port that no target has, such as the user in `host:port:user`.
    pub(crate) more: bool,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Meant {
    One(Written),
    Many(Spread),
}

/// Whether it is no single target, be it one that cannot be read.
pub(crate) fn means_many(text: &str) -> bool {
    !is_rdp_file(text) && !matches!(spread(&spaced(text), Target::DEFAULT_PORT), Ok(None))
}

/// Reads one target or many, which are on `port` where they name none.
///
/// # Errors
/// As of [`target`].
pub(crate) fn meant(text: &str, port: u16) -> Result<Meant, String> {
    if is_plain(text) {
        return parsed(text, port).map(|target| Meant::One(Written { target, more: false }));
    }
    match spread(&spaced(text), port)? {
        Some(many) => Ok(Meant::Many(many)),
        None => target(text, port).map(Meant::One),
    }
}

/// Whether it is nothing but one host and perhaps a port, as nearly every line of a long list is: then there is nothing around it to look
/// for. A hyphen may be a range's, unless a letter stands in the host.
fn is_plain(text: &str) -> bool {
    let (mut has_port, mut has_letter, mut has_hyphen) = (false, false, false);
    for octet in text.bytes() {
        match octet {
            b'0'..=b'9' | b'.' | b'_' => {}
            b'a'..=b'z' | b'A'..=b'Z' => has_letter |= !has_port,
            b'-' => has_hyphen = true,
            b':' if !has_port => has_port = true,
            _ => return false,
        }
    }
    has_letter || !has_hyphen
}

fn spaced(text: &str) -> String {
    let plain = bare(text);
    with_port_behind_space(plain).unwrap_or_else(|| plain.to_owned())
}

/// Reads a target that is on `port` where it names none.
///
/// # Errors
/// What was expected. The text itself is not repeated: [`shown`] is for that.
pub(crate) fn target(text: &str, port: u16) -> Result<Written, String> {
    let (plain, more) = plain(text);
    if !plain.contains("://") && plain.contains('@') {
        return Err("a target is a host, and no user stands before it: --user names one".to_owned());
    }
    Ok(Written { target: parsed(&plain, port)?, more })
}

/// What has nothing around it any more.
fn parsed(plain: &str, port: u16) -> Result<Target, String> {
    Target::parse_or(plain, port).map_err(|error| {
        // The error would repeat a part of it.
        if plain.contains('@') {
            return "a link is https://HOST[:PORT]/... or rdp://HOST[:PORT]".to_owned();
        }
        let zone = matches!(error, TargetError::Zone | TargetError::LinkLocal);
        // There is a way to such an address all the same.
        let hint = if zone { " (--resolve NAME:3389:fe80::1%2 gives a name such an address)" } else { "" };
        format!("{error}{hint}")
    })
}

/// What was written, in quotation marks and cut, without what may be a password: whatever stands behind a port, and before an `@`.
pub(crate) fn shown(text: &str) -> String {
    let text = bare(text);
    let (start, rest) = match text.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), text),
    };
    let rest = match rest.rsplit_once('@') {
        Some((_, host)) => format!("...@{host}"),
        None => rest.to_owned(),
    };
    let rest = match behind_port(&rest) {
        Some(end) => format!("{}:...", rest.get(..end).unwrap_or_default()),
        None => rest,
    };
    let whole = start + &rest;
    let cut: String = whole.chars().take(SHOWN).collect();
    quoted(cut)
}

/// Whether it stands around a text and not in it: white space, marks that show nothing, quotation marks.
fn is_around(character: char) -> bool {
    character.is_whitespace()
        || matches!(character, '"' | '\'' | '`' | '\u{2018}'..='\u{201f}' | '\u{ab}' | '\u{bb}' | '<' | '>')
        || matches!(character, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
        // The end of a file, as DOS has it.
        || character == '\u{1a}'
}

/// Without what stands around it, and without the comma of an enumeration.
fn bare(text: &str) -> &str {
    text.trim_start_matches(is_around)
        .trim_end_matches(|character| is_around(character) || matches!(character, ',' | ';'))
}

/// The target alone, `host[:port]` or a link, and whether something stood behind its port.
fn plain(text: &str) -> (String, bool) {
    let text = bare(text);
    if let Some((scheme, rest)) = text.split_once("://") {
        return (format!("{scheme}://{}", without_user(rest)), false);
    }
    // A share's path names its host.
    let text = match text.strip_prefix("\\\\") {
        Some(path) => path.split('\\').next().unwrap_or(path),
        None => text,
    };
    let text = with_port_behind_space(text).unwrap_or_else(|| text.to_owned());
    let more = behind_port(&text);
    let text = match more {
        Some(end) => text.get(..end).unwrap_or_default().to_owned(),
        None => text,
    };
    (without_brackets(&text).unwrap_or(text), more.is_some())
}

/// A link without the user that may stand before its host. The attributes of `rdp://full%20address=...` hold one elsewhere.
fn without_user(link: &str) -> &str {
    if link.to_ascii_lowercase().starts_with("full%20address=") {
        return link;
    }
    let end = link.find(['/', '?', '#']).unwrap_or(link.len());
    let at = link.get(..end).and_then(|authority| authority.rfind('@'));
    at.and_then(|at| link.get(at.saturating_add(1)..)).unwrap_or(link)
}

/// `host port` as `host:port`.
fn with_port_behind_space(text: &str) -> Option<String> {
    let mut words = text.split_whitespace();
    let (Some(host), Some(port), None) = (words.next(), words.next(), words.next()) else { return None };
    let host = host.strip_suffix(':').filter(|host| !host.ends_with(':')).unwrap_or(host);
    let v6 = !host.starts_with('[') && host.contains(':') && host.parse::<std::net::Ipv6Addr>().is_ok();
    // What has a port already is left for a message.
    let free = v6 || host.ends_with(']') || !host.contains(':');
    (free && is_number(port)).then(|| if v6 { format!("[{host}]:{port}") } else { format!("{host}:{port}") })
}

/// Where a port ends that has a colon and more behind it. An IPv6 address without brackets has none.
fn behind_port(text: &str) -> Option<usize> {
    let is_of_address = |c: char| c.is_ascii_hexdigit() || c == ':' || c == '.';
    if text.chars().all(is_of_address) && !text.contains('.') {
        return None;
    }
    let host = match text.strip_prefix('[') {
        Some(inside) => inside.find(']')?.checked_add(2)?,
        None => text.find(':')?,
    };
    let behind = text.get(host..)?.strip_prefix(':')?;
    let port = behind.find(':')?;
    let end = host.checked_add(1)?.checked_add(port)?;
    is_number(behind.get(..port)?).then_some(end)
}

/// `[host]` is how an IPv6 address is written; around another host the brackets say nothing.
fn without_brackets(text: &str) -> Option<String> {
    let (inside, after) = text.strip_prefix('[')?.split_once(']')?;
    let is_alone = after.is_empty() || after.starts_with(':');
    (is_alone && !inside.contains([':', '[', '%'])).then(|| format!("{inside}{after}"))
}

pub(crate) fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_stands_around_a_target_is_passed_over() {
        for (text, host, port) in [
            ("srv1", "srv1", 3390),
            (" \u{a0}srv1\t\r", "srv1", 3390),
            ("\u{feff}srv1:1\u{200b}", "srv1", 1),
            ("\"srv1\",", "srv1", 3390),
            ("'srv1:1';", "srv1", 1),
            ("\u{201e}srv1:1\u{201c}", "srv1", 1),
            ("<srv1>", "srv1", 3390),
            ("srv1 1", "srv1", 1),
            ("srv1\u{a0}1", "srv1", 1),
            ("srv1\t 1", "srv1", 1),
            ("srv1: 1", "srv1", 1),
            ("2001:db8::7 1", "2001:db8::7", 1),
            ("[2001:db8::7] 1", "2001:db8::7", 1),
            ("[2001:db8::7]:1", "2001:db8::7", 1),
            ("2001:db8::7", "2001:db8::7", 3390),
            ("[2001:db8::7]", "2001:db8::7", 3390),
            ("::ffff:192.0.2.7", "::ffff:192.0.2.7", 3390),
            ("[srv1]", "srv1", 3390),
            ("[srv1]:1", "srv1", 1),
            ("[192.0.2.7]:1", "192.0.2.7", 1),
            ("srv1.lab.test.", "srv1.lab.test.", 3390),
            ("srv1.lab.test.:1", "srv1.lab.test.", 1),
            ("\\\\srv1", "srv1", 3390),
            ("\\\\srv1\\c$\\temp", "srv1", 3390),
            ("https://srv1:1/RDWeb", "srv1", 1),
            ("https://srv1/RDWeb", "srv1", 3390),
            ("https://me:hunter2=@srv1:1/RDWeb@x", "srv1", 1),
            ("rdp://me@srv1:1", "srv1", 1),
            ("rdp://full%20address=s:srv1:1&username=s:me@lab.test", "srv1", 1),
            ("srv1\u{1a}", "srv1", 3390),
        ] {
            let written = target(text, 3390).unwrap_or_else(|error| panic!("{text}: {error}"));
            assert_eq!(
                (written.target.host.to_string().as_str(), written.target.port, written.more),
                (host, port, false),
                "{text}"
            );
            assert!(!written.target.input.contains("hunter2"), "{text}");
        }
    }

    #[test]
    fn what_stands_behind_a_port_is_passed_over_and_never_kept() {
        for (text, input) in [
            ("srv1:1:me", "srv1:1"),
            ("srv1:1:me:hunter2", "srv1:1"),
            ("192.0.2.7:1:me", "192.0.2.7:1"),
            ("[2001:db8::7]:1:me", "[2001:db8::7]:1"),
            ("[srv1]:1:", "srv1:1"),
        ] {
            let written = target(text, 3389).unwrap();
            assert_eq!((written.target.input.as_str(), written.more), (input, true), "{text}");
        }
    }

    #[test]
    fn what_is_no_target_is_said_to_be_none() {
        for (text, part) in [
            ("", "no host"),
            ("\"\"", "no host"),
            ("\\\\", "no host"),
            ("srv x", "no character like ' '"),
            ("srv1 1 2", "no character like ' '"),
            ("srv1:1 2", "a port is a number"),
            ("srv1 99999", "a port is a number"),
            ("srv1:99999:me", "a port is a number"),
            ("1:2:3", "brackets"),
            ("srv1;x", "no character like ';'"),
            ("srv1/x", "no character like '/'"),
            ("me:hunter2@srv1", "no user stands before it"),
            ("https://me:hunter2/x@srv1/", "a link is"),
            ("fe80::1%2", "--resolve"),
            ("[::1", "brackets"),
            ("a\u{202e}b", "no character like"),
        ] {
            let error = target(text, 3389).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
            assert!(!error.contains("hunter2"), "{text}: {error}");
        }
    }

    #[test]
    fn what_may_be_a_password_is_not_shown() {
        for (text, seen) in [
            ("srv x", "\"srv x\""),
            ("srv x:1:me:hunter2", "\"srv x:1:...\""),
            ("me:hunter2@srv/x", "\"...@srv/x\""),
            ("https://me:hunter2@srv x/", "\"https://...@srv x/\""),
            ("a\u{1b}[31m", "\"a\\u{1b}[31m\""),
        ] {
            assert_eq!(shown(text), seen);
        }
        assert_eq!(shown(&"x".repeat(1000)).len(), SHOWN + 2);
    }

    #[test]
    fn plain_is_what_most_lines_of_a_list_are() {
        for text in ["srv1", "srv-1.lab.test.:3390", "192.0.2.7:1", "rds_farm", "SRV1", "a-1:x", ""] {
            assert!(is_plain(text), "{text}");
        }
        for text in
            ["10.0.0.1-2", "10.0.0.1-2:x", "srv1:1:me", "::1", "[::1]", " srv1", "srv1,", "a/b", "\u{e4}"]
        {
            assert!(!is_plain(text), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn what_is_plain_is_read_as_if_somebody_had_looked_around_it(
            text in "[0-9a-zA-Z._-]{0,9}(:[0-9a-z-]{0,6})?|(10\\.0\\.|[a-c0-9.-]{0,4})[0-9]{0,3}-?[0-9.]{0,9}(:[0-9,-]{0,5})?"
        ) {
            if is_plain(&text) {
                let slowly = match spread(&spaced(&text), 3390) {
                    Ok(None) => target(&text, 3390).map(Meant::One),
                    other => Err(format!("{other:?}")),
                };
                prop_assert_eq!(meant(&text, 3390), slowly);
            }
        }

        #[test]
        fn whatever_is_written_is_a_target_that_is_read_again_as_the_same(
            text in "[\\[ \"<]{0,2}(srv1|::1|1\\.2\\.3\\.4|\\PC{0,9})[\\]: ]{0,2}[0-9]{0,3}[:@/ ]?\\PC{0,5}"
        ) {
            _ = shown(&text);
            if let Ok(Written { target: read, .. }) = target(&text, Target::DEFAULT_PORT) {
                prop_assert_eq!(read.input.parse::<Target>(), Ok(read.clone()));
                prop_assert_eq!(target(&read.input, Target::DEFAULT_PORT).map(|again| again.target), Ok(read));
            }
        }
    }
}
