//! What was typed, of which a name of a file need not be text.
use std::ffi::{OsStr, OsString};

/// The verb that takes what a probe does, so that it is one with an option more.
pub(crate) const WAIT: &str = "wait";

/// What follows `prefix`, which is ASCII; `None` when it does not begin so.
pub(crate) fn behind(typed: &OsStr, prefix: &str) -> Option<OsString> {
    if let Some(text) = typed.to_str() {
        return text.strip_prefix(prefix).map(Into::into);
    }
    #[cfg(unix)]
    {
        use std::os::unix::ffi::OsStrExt as _;
        typed.as_bytes().strip_prefix(prefix.as_bytes()).map(|rest| OsStr::from_bytes(rest).to_owned())
    }
    #[cfg(not(unix))]
    None
}

/// Whether it is the name of an .rdp file. A host of such a name has to be written with its port.
pub(crate) fn is_rdp_file(typed: impl AsRef<OsStr>) -> bool {
    let octets = typed.as_ref().as_encoded_bytes();
    octets.len() > 4 && octets.last_chunk::<4>().is_some_and(|end| end.eq_ignore_ascii_case(b".rdp"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_prefix_is_kept_as_it_is() {
        assert_eq!(behind(OsStr::new("@hosts"), "@"), Some("hosts".into()));
        assert_eq!(behind(OsStr::new("hosts"), "@"), None);
        #[cfg(unix)]
        {
            use std::os::unix::ffi::OsStrExt as _;
            let typed = OsStr::from_bytes(b"json=M\xfcnchen");
            assert_eq!(behind(typed, "json="), Some(OsStr::from_bytes(b"M\xfcnchen").to_owned()));
            assert_eq!(behind(typed, "line="), None);
        }
    }

    #[test]
    fn an_rdp_file_has_a_name_before_its_ending() {
        assert!(is_rdp_file("a.rdp") && is_rdp_file("A.RDP") && is_rdp_file("/x/\u{e4}.rdp"));
        assert!(!is_rdp_file(".rdp") && !is_rdp_file("rdp") && !is_rdp_file("a.rdp:3389"));
    }
}
