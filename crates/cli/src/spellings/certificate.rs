//! `/cert`: what a client takes of a certificate.
use rdp_probe::{NotFollowed, Unfollowed};

/// What is taken.
pub(super) const EXPECTED: &str = "ignore, tofu, deny, name:NAME or fingerprint:HASH:HEX, or a list of them";

/// One part of its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Any certificate is taken.
    Ignore,
    /// What holds without it.
    Usual,
    Name(String),
    /// A SHA-256.
    Pin(String),
    Not(NotFollowed),
}

/// The parts of the value; `None` where it is none. Certificates are reported here, unless a name or a fingerprint says which it has to be.
/// Of a logon, `ignore` says that it may go to whoever it is; `tofu` and `deny` say what holds without them.
pub(super) fn parts(value: &str) -> Option<Vec<Part>> {
    value.split(',').map(part).collect()
}

fn part(part: &str) -> Option<Part> {
    let (what, rest) = part.split_once(':').unwrap_or((part, ""));
    Some(match (what.to_ascii_lowercase().as_str(), rest) {
        ("ignore", "") => Part::Ignore,
        ("tofu" | "deny", "") => Part::Usual,
        ("name", name) if !name.is_empty() => Part::Name(name.to_owned()),
        ("fingerprint", fingerprint) => {
            let (hash, hex) = fingerprint.split_once(':')?;
            let is_hex = |octet: u8| octet.is_ascii_hexdigit() || octet == b':';
            if hex.is_empty() || !hex.bytes().all(is_hex) {
                return None;
            }
            match hash.to_ascii_lowercase().as_str() {
                "sha256" => Part::Pin(hex.to_owned()),
                "sha1" | "sha384" | "sha512" => {
                    Part::Not(NotFollowed::new(Unfollowed::Fingerprint, fingerprint))
                }
                _ => return None,
            }
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_has_its_parts() {
        let not = NotFollowed::new(Unfollowed::Fingerprint, "sha1:ab");
        for (value, expected) in [
            ("ignore", vec![Part::Ignore]),
            ("TOFU", vec![Part::Usual]),
            ("deny,name:srv1", vec![Part::Usual, Part::Name("srv1".into())]),
            ("fingerprint:sha256:AB:CD,fingerprint:sha1:ab", vec![Part::Pin("AB:CD".into()), Part::Not(not)]),
        ] {
            assert_eq!(parts(value), Some(expected), "{value}");
        }
        for value in [
            "",
            "maybe",
            "name:",
            "ignore:x",
            "fingerprint:ab",
            "fingerprint:sha256:hunter2",
            "fingerprint:crc:ab",
            "ignore,",
        ] {
            assert_eq!(parts(value), None, "{value}");
        }
    }
}
