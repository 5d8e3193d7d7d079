//! The gateway on the way, as the command line has it, and what it is shown.
use rdp_probe::{Account, Credentials, Family, Gateway, Host, Prober, Secret};

use crate::gateway_options::Place;
use crate::options::Options;
use crate::password::{NoRun, asked, from_file, from_stdin, from_variable, token, whole};
use crate::quote::{quoted, short};
use crate::resolve_entry::ResolveEntry;

/// Where the password for a gateway is looked for without an option.
pub(crate) const VARIABLE: &str = "RDG_PASSWORD";
/// How else it is given.
const WAYS: &str = "--gateway-password-file, --gateway-password-stdin or RDG_PASSWORD";
/// What is said where a user is named by whom the program does not ask for a password.
const NO_PASSWORD: &str = "the gateway's user of another client's command line is not used without a password: \
                           --gateway-password-file, --gateway-password-stdin or RDG_PASSWORD gives one";

/// A gateway, as far as it can be put together before anybody is asked for a password.
#[derive(Debug)]
pub(crate) struct Way {
    gateway: Gateway,
    /// As people call it.
    name: String,
    /// The password, where an option says where it is.
    password: Option<Secret<String>>,
    /// Which entry of `--resolve` it has.
    pub(crate) resolved: Option<usize>,
}

impl Way {
    /// The one that the options name. Files are read here, once.
    ///
    /// # Errors
    /// What is wrong with it, without a secret in it.
    pub(crate) fn of(options: &Options) -> Result<Option<Self>, String> {
        let Some(Place { host, port }) = &options.gateway.gateway else { return Ok(None) };
        let name = host.to_string();
        takes(options.family(), host, *port)?;
        let given = &options.gateway;
        let roots = Roots::of(options)?;
        let (mut gateway, resolved) =
            as_asked(options, &roots, Gateway::new(host.clone(), *port).detect(given.detect), (host, *port))?;
        if let Some(path) = &given.gateway_token {
            gateway = gateway.token(token(path)?).map_err(|error| format!("--gateway-token: {error}"))?;
        } else if let Some(token) = &given.pasted_token {
            gateway = gateway.token(token.clone()).map_err(|error| format!("/gat: {error}"))?;
        }
        if let Some(user) = &given.gateway_user {
            // Nobody is asked for the password of an account that cannot be one.
            let account = Account::parse(user, given.gateway_domain.as_deref());
            account.map_err(|error| format!("--gateway-user {}: {error}", quoted(user)))?;
        }
        let password = match (&given.gateway_password_file, given.gateway_password_stdin) {
            (Some(path), _) => Some(from_file(path)?),
            (None, true) => Some(from_stdin()?),
            (None, false) => match &given.pasted_password {
                Some(password) => Some(whole(password.expose(), "/gp")?),
                None => None,
            },
        };
        Ok(Some(Self { gateway, name, password, resolved }))
    }

    /// Through it, with nobody who logs on by a password yet.
    pub(crate) fn without_account(&self, prober: Prober) -> Prober {
        prober.gateway(self.gateway.clone())
    }

    /// Through it, with the account that its own options name; what is not used is warned of.
    ///
    /// # Errors
    /// What is wrong with its password, or that nobody gave it.
    pub(crate) fn log_on(
        self,
        options: &Options,
        prober: Prober,
        warnings: &mut Vec<String>,
    ) -> Result<Prober, NoRun> {
        let Some(user) = &options.gateway.gateway_user else {
            return Ok(with_limit(options, prober.gateway(self.gateway)));
        };
        let given = match &self.password {
            Some(password) => Some(password.clone()),
            None => from_variable(VARIABLE, std::env::var_os(VARIABLE).as_deref())?,
        };
        let password = match given {
            Some(password) => password,
            // Whoever pastes a command line is not asked for a password.
            None if options.gateway.pasted => {
                warnings.push(NO_PASSWORD.to_owned());
                return Ok(prober.gateway(self.gateway));
            }
            None => asked(&format!("{} at the gateway {}", quoted(user), quoted(&self.name)), WAYS)?,
        };
        let account = (user.as_str(), options.gateway.gateway_domain.as_deref());
        let named = |error| format!("--gateway-user {}: {error}", quoted(user));
        Ok(self.log_on_as(options, prober, account, password).map_err(named)?)
    }

    /// Through it, with this account.
    ///
    /// # Errors
    /// What is wrong with the account.
    pub(crate) fn log_on_as(
        self,
        options: &Options,
        prober: Prober,
        (user, domain): (&str, Option<&str>),
        password: Secret<String>,
    ) -> Result<Prober, String> {
        let credentials = Credentials::new(user, domain, password).map_err(|error| error.to_string())?;
        Ok(with_limit(options, prober.gateway(self.gateway.credentials(credentials))))
    }
}

/// The roots for gateways, as the options have them.
#[derive(Debug, Default)]
pub(crate) struct Roots(Option<Vec<u8>>);

impl Roots {
    /// Reads their file, once.
    ///
    /// # Errors
    /// That it cannot be read.
    pub(crate) fn of(options: &Options) -> Result<Self, String> {
        let Some(path) = &options.gateway.gateway_ca else { return Ok(Self(None)) };
        let read = std::fs::read(path);
        let pem = read.map_err(|error| format!("--gateway-ca {}: cannot be read: {error}", short(path)))?;
        Ok(Self(Some(pem)))
    }
}

/// A gateway with all that options say of whichever it is, but for who logs on there; and which entry of `--resolve` it has.
///
/// # Errors
/// What is wrong with an option, or with an address of the gateway.
pub(crate) fn as_asked(
    options: &Options,
    roots: &Roots,
    gateway: Gateway,
    (host, port): (&Host, u16),
) -> Result<(Gateway, Option<usize>), String> {
    let given = &options.gateway;
    let mut gateway = gateway.accept_consent(given.accept_consent).channel_binding(!given.no_channel_binding);
    if let Some(transport) = given.gateway_transport {
        gateway = gateway.transport(transport);
    }
    if let Some(scheme) = given.scheme() {
        gateway = gateway.auth(scheme);
    }
    for pin in &given.gateway_pin {
        gateway = gateway.pin(pin);
    }
    if let (Some(path), Some(pem)) = (&given.gateway_ca, &roots.0) {
        gateway = gateway.trust(pem).map_err(|error| format!("--gateway-ca {}: {error}", short(path)))?;
    }
    let name = host.to_string();
    let resolved = options.resolve.iter().position(|entry: &ResolveEntry| entry.is_for(&name, port));
    if let Some(entry) = resolved.and_then(|index| options.resolve.get(index)) {
        gateway = gateway.resolve_to(entry.addresses.clone());
    }
    Ok((gateway, resolved))
}

/// A logon at a gateway has a limit of its own for the run, and what was typed wins.
fn with_limit(options: &Options, prober: Prober) -> Prober {
    match options.timeout {
        Some(limit) => prober.timeout(limit),
        None => prober,
    }
}

/// An address is of the family that was asked for.
pub(crate) fn takes(family: Family, host: &Host, port: u16) -> Result<(), String> {
    match host {
        Host::Ip(ip) if !family.takes(&std::net::SocketAddr::new(*ip, port)) => {
            let option = if family == Family::V4 { "-4" } else { "-6" };
            Err(format!("--gateway {ip} is not an address that {option} takes"))
        }
        Host::Ip(_) | Host::Name(_) | _ => Ok(()),
    }
}
