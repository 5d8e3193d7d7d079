//! The gateways that .rdp files name, and what they are shown.
use rdp_probe::{Account, AuthMethod, Credentials, Gateway, RdpFile, RdpFileGateway, Secret};

use crate::account::{Accounts, Whose};
use crate::gateway::{Roots, VARIABLE, as_asked, takes};
use crate::gateway_options::Method;
use crate::options::Options;
use crate::password::{from_file, from_stdin, from_variable, token};
use crate::quote::quoted;

/// What is said where a user is named for a gateway and nobody gave a password: on account of a file nobody is asked for one.
const NO_PASSWORD: &str = "the user of a file's gateway is not used without a password: --gateway-password-file, --gateway-password-stdin or \
                           RDG_PASSWORD gives one";

/// What the options say of all of them. Files are read once.
#[derive(Debug, Default)]
pub(crate) struct FileGateways {
    roots: Roots,
    token: Option<Secret<String>>,
    /// The password, once it was looked for.
    password: Option<Option<Secret<String>>>,
    /// Whether a file named a gateway.
    pub(crate) named: bool,
    /// Whether a user is there for one of them.
    has_user: bool,
}

/// A gateway to go through to one target.
#[derive(Debug)]
pub(crate) struct FileWay {
    pub(crate) gateway: Gateway,
    /// Whether anybody logs on there.
    pub(crate) logs_on: bool,
    /// Which entry of `--resolve` it has.
    pub(crate) resolved: Option<usize>,
}

/// The gateway of a file, where the run goes through it: what is typed wins.
pub(crate) fn of_use<'a>(options: &Options, file: Option<&'a RdpFile>) -> Option<&'a RdpFileGateway> {
    let typed = options.gateway.gateway.is_some() || options.no_gateway;
    file?.gateway.as_ref().filter(|_| !typed)
}

/// Who is shown to a gateway.
enum Shown {
    Token(Secret<String>),
    Account(Credentials),
    Nobody,
}

impl FileGateways {
    /// Looks where options say that something is: what cannot be read is no reason to bother a host.
    ///
    /// # Errors
    /// What is wrong with it, without a secret in it.
    pub(crate) fn look(options: &Options) -> Result<Self, String> {
        let given = &options.gateway;
        // A gateway that is typed has them all.
        if given.gateway.is_some() {
            return Ok(Self::default());
        }
        if let Some(user) = &given.gateway_user {
            let account = Account::parse(user, given.gateway_domain.as_deref());
            account.map_err(|error| format!("--gateway-user {}: {error}", quoted(user)))?;
        }
        let token = given.gateway_token.as_deref().map(token).transpose()?;
        let password = match (&given.gateway_password_file, given.gateway_password_stdin) {
            (Some(path), _) => Some(Some(from_file(path)?)),
            (None, true) => Some(Some(from_stdin()?)),
            (None, false) => None,
        };
        Ok(Self { roots: Roots::of(options)?, token, password, ..Self::default() })
    }

    /// The way through the gateway of a file, which is called so; what is not used is warned of.
    ///
    /// # Errors
    /// What is wrong with an option, without a secret in it.
    pub(crate) fn of_file(
        &mut self,
        options: &Options,
        accounts: &mut Accounts,
        (name, file, named): (&str, &RdpFile, &RdpFileGateway),
        warnings: &mut Vec<String>,
    ) -> Result<FileWay, String> {
        self.named = true;
        takes(options.family(), &named.host, named.port)
            .map_err(|error| format!("{}: {error}", quoted(name)))?;
        let bare = Gateway::new(named.host.clone(), named.port).detect(named.usage.is_detect());
        let (gateway, resolved) = as_asked(options, &self.roots, bare, (&named.host, named.port))?;
        let shown = self.shown(options, accounts, (name, file, named), warnings)?;
        let (gateway, logs_on) = match shown {
            Shown::Token(token) => {
                (gateway.token(token).map_err(|error| format!("--gateway-token: {error}"))?, true)
            }
            Shown::Account(credentials) => (gateway.credentials(credentials), true),
            Shown::Nobody => (gateway, false),
        };
        Ok(FileWay { gateway, logs_on, resolved })
    }

    /// What is wrong where options are of use to no gateway, once all files were read.
    pub(crate) fn of_no_use(&self, options: &Options) -> Option<String> {
        if options.gateway.gateway.is_some() {
            return None;
        }
        if !self.named {
            return options.gateway.needs_a_gateway(options.until);
        }
        options.gateway.needs_a_user().filter(|_| !self.has_user)
    }

    /// Who logs on: as it is typed, else as the file has it.
    fn shown(
        &mut self,
        options: &Options,
        accounts: &mut Accounts,
        (name, file, named): (&str, &RdpFile, &RdpFileGateway),
        warnings: &mut Vec<String>,
    ) -> Result<Shown, String> {
        let given = &options.gateway;
        let by = match given.gateway_auth {
            Some(Method::By(method)) => Some(method),
            Some(Method::Auto) | None => None,
        };
        if let Some(token) = &self.token {
            return Ok(Shown::Token(token.clone()));
        }
        let typed = given.gateway_user.is_some() || given.same_credentials;
        let takes_token = by.is_none_or(|method| method == AuthMethod::Token) && !typed;
        if let Some(token) = named.token.as_ref().filter(|_| takes_token) {
            return Ok(Shown::Token(token.clone()));
        }
        if by == Some(AuthMethod::Token) {
            return Ok(Shown::Nobody);
        }
        let same = given.same_credentials || (named.same_credentials && given.gateway_user.is_none());
        let of_target = if same { accounts.of_target(options, file)? } else { None };
        let user = given.gateway_user.as_ref().or(named.user.as_ref()).filter(|_| !given.same_credentials);
        let password = if given.same_credentials { None } else { self.password()? };
        let Whose { user, domain, password } = match (user.cloned(), of_target) {
            // A user of the gateway's own, and the one password that a client asks for.
            (Some(user), same) => {
                let password = password.or_else(|| same.and_then(|same| same.password));
                Whose { user, domain: given.gateway_domain.clone(), password }
            }
            (None, Some(same)) => Whose { password: password.or(same.password), ..same },
            (None, None) => return Ok(Shown::Nobody),
        };
        self.has_user = true;
        let Some(password) = password else {
            // Whoever types --user is asked for the one password when everything else is right.
            let is_asked = same && options.user.is_some();
            warnings.extend((!is_asked).then(|| NO_PASSWORD.to_owned()));
            return Ok(Shown::Nobody);
        };
        let domain = domain.as_deref().filter(|_| !user.contains(['\\', '@']));
        match Credentials::new(&user, domain, password) {
            Ok(credentials) => Ok(Shown::Account(credentials)),
            Err(error) => {
                warnings.push(format!("{}: gatewayusername {}: {error}", quoted(name), quoted(&user)));
                Ok(Shown::Nobody)
            }
        }
    }

    /// The password for gateways, where one is given; looked for once.
    fn password(&mut self) -> Result<Option<Secret<String>>, String> {
        let found = match self.password.take() {
            Some(found) => found,
            None => from_variable(VARIABLE, std::env::var_os(VARIABLE).as_deref())?,
        };
        Ok(self.password.insert(found).clone())
    }
}
