//! Whose credentials are proven, and where the password is: in no argument of this program's, since everybody can read those.
use std::ffi::OsStr;
use std::fs::File;
use std::io::{ErrorKind, IsTerminal as _, Read};
use std::path::Path;

use rdp_probe::{Prober, RdpFile, Secret};
use zeroize::Zeroizing;

use crate::credentials::{Credentials, check, made, of_prober};
use crate::options::Options;
use crate::quote::quoted;
use crate::terminal;

/// The longest password, in octets: no system takes one as long.
const MOST: usize = 4096;
/// One octet more, and its line end.
const ROOM: usize = MOST + 3;
/// Where it is looked for without an option.
const VARIABLE: &str = "RDP_PASSWORD";
/// What is said where a user is named by whom the program does not ask for a password.
const NO_PASSWORD: &str = "user and domain of a file or another client's command line are not used without a password: \
                           --password-file, --password-stdin or RDP_PASSWORD gives one";

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

/// What each target's probe is to prove.
#[derive(Debug, Default)]
pub(crate) struct Accounts {
    /// The password of the accounts that files name, once it was looked for.
    password: Option<Option<Secret<String>>>,
    /// Whether a file named an account.
    pub(crate) named: bool,
}

impl Accounts {
    /// The credentials of the account that a file names, which is called so; what is not used is warned of.
    ///
    /// # Errors
    /// A password that cannot be read.
    pub(crate) fn of_file(
        &mut self,
        options: &Options,
        (name, file): (&str, &RdpFile),
        warnings: &mut Vec<String>,
    ) -> Result<Option<Credentials>, String> {
        let is_one = options.user.is_some() || options.pasted.user.is_some();
        let Some(user) = file.user.as_deref().filter(|_| !is_one) else { return Ok(None) };
        self.named = true;
        let Some(password) = self.password(options)? else {
            warnings.push(NO_PASSWORD.to_owned());
            return Ok(None);
        };
        // What is typed wins, also over a domain that stands with the user.
        let typed = options.domain.as_deref().or(options.pasted.domain.as_deref());
        let (user, domain) = match typed {
            Some(domain) => (bare(user), Some(domain)),
            None => (user, beside(user, file.domain.as_deref())),
        };
        let made = made(user, domain, password);
        Ok(made
            .map_err(|error| warnings.push(format!("{}: username {}: {error}", quoted(name), quoted(user))))
            .ok())
    }

    /// Looks where an option says that a password is: what cannot be read is no reason to bother a host.
    ///
    /// # Errors
    /// A password that cannot be read.
    pub(crate) fn look(&mut self, options: &Options) -> Result<(), String> {
        if options.password_file.is_some() || options.password_stdin {
            self.password(options)?;
        }
        Ok(())
    }

    /// The password, where one is given; looked for once.
    fn password(&mut self, options: &Options) -> Result<Option<Secret<String>>, String> {
        let found = match self.password.take() {
            Some(found) => found,
            None => password(options)?,
        };
        Ok(self.password.insert(found).clone())
    }
}

/// The prober with the credentials of the run, where one account is for all its targets; what is not used is warned of.
///
/// # Errors
/// What is wrong with them, without a secret in it.
pub(crate) fn of_all(
    accounts: &mut Accounts,
    options: &Options,
    prober: Prober,
    warnings: &mut Vec<String>,
) -> Result<Prober, NoRun> {
    // Whoever pastes a command line is not asked for a password.
    let (option, user, asks) = match (&options.user, &options.pasted.user) {
        (Some(user), _) => ("--user", user, true),
        (None, Some(user)) => ("/u", user, false),
        (None, None) => return Ok(prober),
    };
    let named = |error| format!("{option} {}: {error}", quoted(user));
    let domain = options.domain.as_deref().or_else(|| beside(user, options.pasted.domain.as_deref()));
    // Nobody is asked for the password of an account that cannot be one.
    check(user, domain).map_err(named)?;
    let password = match accounts.password(options)? {
        Some(password) => password,
        None if asks => asked(user)?,
        None => {
            warnings.push(NO_PASSWORD.to_owned());
            return Ok(prober);
        }
    };
    Ok(of_prober(options, prober, made(user, domain, password).map_err(named)?))
}

/// A domain that stands beside a user without one: other clients write both, and mean the user's own.
fn beside<'a>(user: &str, domain: Option<&'a str>) -> Option<&'a str> {
    domain.filter(|_| !user.contains(['\\', '@']))
}

/// A user without the domain or realm that stands with it.
fn bare(user: &str) -> &str {
    let user = user.rsplit_once('\\').map_or(user, |(_, user)| user);
    user.split_once('@').map_or(user, |(user, _)| user)
}

/// Where a password is given.
fn password(options: &Options) -> Result<Option<Secret<String>>, String> {
    match (&options.password_file, options.password_stdin, &options.pasted.password) {
        (Some(path), ..) => from_file(path).map(Some),
        (None, true, _) => from(std::io::stdin(), "standard input").map(Some),
        (None, false, Some(password)) => whole(password.expose(), "/p").map(Some),
        (None, false, None) => from_variable(std::env::var_os(VARIABLE).as_deref()),
    }
}

/// Asks whoever sits at the terminal.
fn asked(user: &str) -> Result<Secret<String>, NoRun> {
    let user = quoted(user);
    if !std::io::stdin().is_terminal() {
        let ways = "give it by --password-file, --password-stdin or";
        return Err(NoRun::Usage(format!("no password for {user}: {ways} {VARIABLE}")));
    }
    let typed = terminal::ask(&format!("Password for {user}: ")).map_err(|error| {
        if error.kind() == ErrorKind::Interrupted {
            return NoRun::Interrupted;
        }
        NoRun::Usage(format!("no password for {user}: the terminal cannot be read: {error}"))
    })?;
    Ok(whole(&typed, "terminal")?)
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

fn from_variable(value: Option<&OsStr>) -> Result<Option<Secret<String>>, String> {
    let Some(value) = value else { return Ok(None) };
    let value = value.to_str().ok_or_else(|| format!("{VARIABLE}: the password is not UTF-8"))?;
    whole(value, VARIABLE).map(Some)
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
            from_variable(Some(OsStr::new(""))).unwrap_err(),
            "RDP_PASSWORD: there is no password in it"
        );
        assert!(from_variable(None).unwrap().is_none());
    }
}
