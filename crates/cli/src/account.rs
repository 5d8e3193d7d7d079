//! Whose credentials are proven, and where the password is: in no argument, since everybody can read those.
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use rdp_probe::{Credentials, Secret};
use zeroize::Zeroizing;

use crate::options::Options;
use crate::quote::quoted;

/// The longest password, in octets: no system takes one as long.
const MOST: usize = 4096;
/// One octet more, and its line end.
const ROOM: usize = MOST + 3;
/// Where it is looked for without an option.
const VARIABLE: &str = "RDP_PASSWORD";

/// The credentials; none without a user.
///
/// # Errors
/// What is wrong with them, without a secret in it.
pub(crate) fn credentials(options: &Options) -> Result<Option<Credentials>, String> {
    let Some(user) = &options.user else { return Ok(None) };
    let password = match (&options.password_file, options.password_stdin) {
        (Some(path), _) => from_file(path)?,
        (None, true) => from(std::io::stdin(), "standard input")?,
        (None, false) => from_variable(std::env::var_os(VARIABLE).as_deref(), user)?,
    };
    let credentials = Credentials::new(user, options.domain.as_deref(), password);
    credentials.map(Some).map_err(|error| format!("--user {}: {error}", quoted(user)))
}

fn from_file(path: &Path) -> Result<Secret<String>, String> {
    let name = format!("password file {}", quoted(path));
    let file = File::open(path).map_err(|error| format!("{name}: cannot be read: {error}"))?;
    from(file, &name)
}

fn from(source: impl Read, name: &str) -> Result<Secret<String>, String> {
    // With room for all of it: what grows leaves copies behind.
    let mut octets = Zeroizing::new(Vec::with_capacity(ROOM));
    // One octet more than it may have, and its line end, so that what is too much is seen.
    let read = source.take(u64::try_from(ROOM).unwrap_or(u64::MAX)).read_to_end(&mut octets);
    read.map_err(|error| format!("{name}: cannot be read: {error}"))?;
    let text = std::str::from_utf8(&octets).map_err(|_| format!("{name}: the password is not UTF-8"))?;
    let line = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    whole(line.unwrap_or(text), name)
}

fn from_variable(value: Option<&OsStr>, user: &str) -> Result<Secret<String>, String> {
    let Some(value) = value else {
        return Err(format!(
            "no password for {}: give it by --password-file, --password-stdin or {VARIABLE}",
            quoted(user)
        ));
    };
    let value = value.to_str().ok_or_else(|| format!("{VARIABLE}: the password is not UTF-8"))?;
    whole(value, VARIABLE)
}

fn whole(password: &str, name: &str) -> Result<Secret<String>, String> {
    if password.is_empty() {
        return Err(format!("{name}: there is no password in it"));
    }
    if password.len() > MOST {
        return Err(format!("{name}: a password has at most {MOST} octets"));
    }
    if password.contains(['\n', '\r', '\0']) {
        return Err(format!("{name}: a password is one line"));
    }
    Ok(Secret::new(password.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_one_line_with_or_without_its_end() {
        for (octets, password) in [
            ("secret", "secret"),
            ("secret\n", "secret"),
            ("se cret\r\n", "se cret"),
            (" p\u{e4}ss\n", " p\u{e4}ss"),
        ] {
            assert_eq!(from(octets.as_bytes(), "x").unwrap().expose(), password, "{octets:?}");
        }
        let longest = "x".repeat(4096);
        assert_eq!(from(format!("{longest}\r\n").as_bytes(), "x").unwrap().expose(), &longest);
    }

    #[test]
    fn what_is_no_password_is_refused_without_a_word_of_it() {
        let long = vec![b'x'; 1 << 20];
        for (octets, problem) in [
            (&b""[..], "x: there is no password in it"),
            (b"\n", "x: there is no password in it"),
            (b"hunter2\nmore\n", "x: a password is one line"),
            (b"hunter2\0", "x: a password is one line"),
            (b"hunter\xff2", "x: the password is not UTF-8"),
            (&long, "x: a password has at most 4096 octets"),
        ] {
            assert_eq!(from(octets, "x").unwrap_err(), problem);
        }
        assert_eq!(
            from_variable(Some(OsStr::new("")), "me").unwrap_err(),
            "RDP_PASSWORD: there is no password in it"
        );
        let none = from_variable(None, "LAB\\me").unwrap_err();
        assert_eq!(
            none,
            "no password for \"LAB\\\\me\": give it by --password-file, --password-stdin or RDP_PASSWORD"
        );
    }
}
