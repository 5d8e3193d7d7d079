//! Where secrets are read: files, standard input, the environment, the terminal. In no argument of this program's, since everybody can
//! read those; and in no message.
use std::ffi::OsStr;
use std::fs::File;
use std::io::{ErrorKind, IsTerminal as _, Read};
use std::path::Path;

use rdp_probe::Secret;
use zeroize::Zeroizing;

use crate::quote::quoted;
use crate::terminal;

/// The longest password, in octets: no system takes one as long.
const MOST: usize = 4096;
/// One octet more, and its line end.
const ROOM: usize = MOST + 3;
/// More than the longest token has: each of its UTF-16 units is at most three octets.
const ROOM_OF_TOKEN: usize = 256 * 1024;

/// Why there is no run.
#[derive(Debug)]
pub(crate) enum NoRun {
    /// What is wrong with what was given.
    Usage(String),
    /// Who was asked for a password had the program end.
    Interrupted,
}

impl From<String> for NoRun {
    fn from(message: String) -> Self {
        Self::Usage(message)
    }
}

/// The password of a file.
pub(crate) fn from_file(path: &Path) -> Result<Secret<String>, String> {
    let name = format!("password file {}", quoted(path));
    let file = File::open(path).map_err(|error| format!("{name}: cannot be read: {error}"))?;
    from(file, &name)
}

/// The password of standard input.
pub(crate) fn from_stdin() -> Result<Secret<String>, String> {
    from(std::io::stdin(), "standard input")
}

fn from(source: impl Read, name: &str) -> Result<Secret<String>, String> {
    let octets = read(source, ROOM, name)?;
    let text = std::str::from_utf8(&octets).map_err(|_| format!("{name}: the password is not UTF-8"))?;
    let line = text.strip_suffix('\n').map(|line| line.strip_suffix('\r').unwrap_or(line));
    whole(line.unwrap_or(text), name)
}

/// Reads as much as there is `room` for, which is more than it may have, so that what is too much is seen.
fn read(source: impl Read, room: usize, name: &str) -> Result<Zeroizing<Vec<u8>>, String> {
    // With room for all of it: what grows leaves copies behind.
    let mut octets = Zeroizing::new(Vec::with_capacity(room));
    let read = source.take(u64::try_from(room).unwrap_or(u64::MAX)).read_to_end(&mut octets);
    read.map_err(|error| format!("{name}: cannot be read: {error}"))?;
    Ok(octets)
}

/// The password of a variable of the environment, where there is one.
pub(crate) fn from_variable(name: &str, value: Option<&OsStr>) -> Result<Option<Secret<String>>, String> {
    let Some(value) = value else { return Ok(None) };
    let value = value.to_str().ok_or_else(|| format!("{name}: the password is not UTF-8"))?;
    whole(value, name).map(Some)
}

/// One line that can be a password.
pub(crate) fn whole(password: &str, name: &str) -> Result<Secret<String>, String> {
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

/// The token of a file: its first line. `-` is standard input.
pub(crate) fn token(path: &Path) -> Result<Secret<String>, String> {
    if path == Path::new("-") {
        return first_line(std::io::stdin(), "standard input");
    }
    let name = format!("token file {}", quoted(path));
    let file = File::open(path).map_err(|error| format!("{name}: cannot be read: {error}"))?;
    first_line(file, &name)
}

fn first_line(source: impl Read, name: &str) -> Result<Secret<String>, String> {
    let octets = read(source, ROOM_OF_TOKEN, name)?;
    let line = octets.split(|octet| *octet == b'\n').next().unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let text = std::str::from_utf8(line).map_err(|_| format!("{name}: the token is not UTF-8"))?;
    if text.is_empty() {
        return Err(format!("{name}: there is no token in its first line"));
    }
    Ok(Secret::new(text.to_owned()))
}

/// Asks whoever sits at the terminal for the password of this user; where nobody does, these are the ways to give it.
pub(crate) fn asked(whose: &str, ways: &str) -> Result<Secret<String>, NoRun> {
    if !std::io::stdin().is_terminal() {
        return Err(NoRun::Usage(format!("no password for {whose}: give it by {ways}")));
    }
    let typed = terminal::ask(&format!("Password for {whose}: ")).map_err(|error| {
        if error.kind() == ErrorKind::Interrupted {
            return NoRun::Interrupted;
        }
        NoRun::Usage(format!("no password for {whose}: the terminal cannot be read: {error}"))
    })?;
    Ok(whole(&typed, "terminal")?)
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
            from_variable("RDP_PASSWORD", Some(OsStr::new(""))).unwrap_err(),
            "RDP_PASSWORD: there is no password in it"
        );
        assert!(from_variable("RDP_PASSWORD", None).unwrap().is_none());
    }

    #[test]
    fn a_token_is_the_first_line_of_what_is_given() {
        for octets in ["token", "token\n", "token\r\n", "token\nanother\n"] {
            assert_eq!(first_line(octets.as_bytes(), "x").unwrap().expose(), "token", "{octets:?}");
        }
        for (octets, problem) in [
            (&b""[..], "x: there is no token in its first line"),
            (b"\ntoken\n", "x: there is no token in its first line"),
            (b"to\xffken", "x: the token is not UTF-8"),
        ] {
            assert_eq!(first_line(octets, "x").unwrap_err(), problem);
        }
    }
}
