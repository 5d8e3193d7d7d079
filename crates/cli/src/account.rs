//! Whose credentials are proven to the targets, and where their password is.
use rdp_probe::{Prober, RdpFile, Secret, Stage};

use crate::credentials::{Credentials, check, made, of_prober};
use crate::gateway::Way;
use crate::options::Options;
use crate::password::{self, NoRun, asked, from_file, from_stdin, from_variable};
use crate::quote::quoted;

/// Where it is looked for without an option.
const VARIABLE: &str = "RDP_PASSWORD";
/// How else it is given.
const WAYS: &str = "--password-file, --password-stdin or RDP_PASSWORD";
/// What a depth behind the logon does to the targets, in one line before it is done.
const DELEGATES: &str = "each target that proves who it is gets the password, and a session begins there, which stays disconnected afterwards; on a \
                         desktop Windows it takes the screen from the user who sits there";
/// The same without the password.
const BEGINS: &str = "a session begins at each target that proves who it is, and stays disconnected afterwards; on a desktop Windows it takes \
                      the screen from whoever sits there";

/// What is said where somebody logs on for a depth behind the logon.
fn said_before(options: &Options) -> Option<&'static str> {
    options.until.filter(|until| until.rank() > Stage::Credssp.rank())?;
    Some(if options.gives_nothing() { BEGINS } else { DELEGATES })
}

/// What is said where a user is named by whom the program does not ask for a password.
const NO_PASSWORD: &str = "user and domain of a file or another client's command line are not used without a password: \
                           --password-file, --password-stdin or RDP_PASSWORD gives one";
/// The same of a file, whose user is its cookie all the same.
const NO_PASSWORD_OF_FILE: &str = "the user of a file logs on nowhere without a password: --password-file, --password-stdin or RDP_PASSWORD gives one";

/// Who logs on to a target, and by which password, where there is one.
#[derive(Debug)]
pub(crate) struct Whose {
    pub(crate) user: String,
    pub(crate) domain: Option<String>,
    pub(crate) password: Option<Secret<String>>,
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
        let first = !std::mem::replace(&mut self.named, true);
        let Some(password) = self.password(options)? else {
            // Files have users who only want to see whether the host answers: nothing is missing there, unless an option was for a logon.
            let wanted = options.verbose > 0 || options.needs_a_user().is_some();
            warnings.extend(wanted.then(|| NO_PASSWORD_OF_FILE.to_owned()));
            return Ok(None);
        };
        warnings.extend(said_before(options).filter(|_| first).map(str::to_owned));
        let (user, domain) = of_file(options, user, file);
        let made = made(user, domain, password);
        Ok(made
            .map_err(|error| warnings.push(format!("{}: username {}: {error}", quoted(name), quoted(user))))
            .ok())
    }

    /// Who logs on to the target that a file names, and by which password: for its gateway, where that takes the same ones.
    ///
    /// # Errors
    /// A password that cannot be read.
    pub(crate) fn of_target(&mut self, options: &Options, file: &RdpFile) -> Result<Option<Whose>, String> {
        let typed = options.user.as_deref().or(options.pasted.user.as_deref());
        let (user, domain) = match (typed, &file.user) {
            (Some(user), _) => {
                let pasted = || beside(user, options.pasted.domain.as_deref());
                (user, options.domain.as_deref().or_else(pasted))
            }
            (None, Some(user)) => of_file(options, user, file),
            (None, None) => return Ok(None),
        };
        let (user, domain) = (user.to_owned(), domain.map(str::to_owned));
        Ok(Some(Whose { user, domain, password: self.password(options)? }))
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

/// The prober with the credentials of the run, where one account is for all its targets, and with those for the gateway on the way; what
/// is not used is warned of.
///
/// # Errors
/// What is wrong with them, without a secret in it.
pub(crate) fn of_all(
    accounts: &mut Accounts,
    options: &Options,
    mut prober: Prober,
    mut way: Option<Way>,
    warnings: &mut Vec<String>,
) -> Result<Prober, NoRun> {
    // Whoever pastes a command line is not asked for a password.
    let target = match (&options.user, &options.pasted.user) {
        (Some(user), _) => Some(("--user", user, true)),
        (None, Some(user)) => Some(("/u", user, false)),
        (None, None) => None,
    };
    let ends_before = options.ends_at_gateway();
    let domain = |user| options.domain.as_deref().or_else(|| beside(user, options.pasted.domain.as_deref()));
    let named = |option, user, error| format!("{option} {}: {error}", quoted(user));
    // Nobody is asked for the password of an account that cannot be one.
    if let Some((option, user, _)) = target.filter(|_| !ends_before) {
        check(user, domain(user)).map_err(|error| named(option, user, error))?;
    }
    if let Some(way) = way.take_if(|_| !options.gateway.same_credentials) {
        prober = way.log_on(options, prober, warnings)?;
    }
    // A line's user is the target's, whom nothing is asked of.
    let target = target.filter(|_| way.is_some() || !ends_before);
    let Some((option, user, asks)) = target else { return Ok(prober) };
    let named = |error| named(option, user, error);
    let password = match accounts.password(options)? {
        Some(password) => password,
        None if asks => {
            let password = asked(&quoted(user), WAYS)?;
            accounts.password = Some(Some(password.clone()));
            password
        }
        None => {
            warnings.push(NO_PASSWORD.to_owned());
            return Ok(prober);
        }
    };
    if let Some(way) = way {
        prober = way.log_on_as(options, prober, (user, domain(user)), password.clone()).map_err(named)?;
    }
    if ends_before {
        return Ok(prober);
    }
    warnings.extend(said_before(options).map(str::to_owned));
    Ok(of_prober(options, prober, made(user, domain(user), password).map_err(named)?))
}

/// User and domain of a file. What is typed wins, also over a domain that stands with the user.
fn of_file<'a>(options: &'a Options, user: &'a str, file: &'a RdpFile) -> (&'a str, Option<&'a str>) {
    match options.domain.as_deref().or(options.pasted.domain.as_deref()) {
        Some(domain) => (bare(user), Some(domain)),
        None => (user, beside(user, file.domain.as_deref())),
    }
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
        (None, true, _) => from_stdin().map(Some),
        (None, false, Some(password)) => password::whole(password.expose(), "/p").map(Some),
        (None, false, None) => from_variable(VARIABLE, std::env::var_os(VARIABLE).as_deref()),
    }
}
