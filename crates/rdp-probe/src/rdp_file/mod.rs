//! An .rdp file: what a Windows client is told of a connection, and what of it changes a probe.
//!
//! One setting a line, `name:type:value`. Clients save it in UTF-16LE with a byte order mark; people write it in UTF-8, and older programs
//! in Windows-1252. What is no setting is passed over; only a value that decides where and how to connect has to be one.
mod error;
mod gateway;
mod keys;
mod passed_over;
mod settings;
mod text;
mod unfollowed;
mod warning;

use rdp_probe_core::{Host, NotFollowed, Security, Unfollowed};

use crate::target::Target;
use crate::tls::can_carry;
use settings::Settings;

pub use error::RdpFileError;
pub use gateway::{GatewayCredentials, GatewayUsage, RdpFileGateway};
pub use keys::{RdpFileKey, RdpFileKeyUse};
pub use passed_over::PassedOver;
pub use warning::RdpFileWarning;

/// What an .rdp file says of a connection.
///
/// ```
/// use rdp_probe::{Probe, RdpFile, Security};
///
/// let file = RdpFile::parse(b"full address:s:srv1.lab.test:3390\r\nenablecredsspsupport:i:0\r\n")?;
/// assert_eq!((file.port, file.security), (3390, Some(Security::Tls)));
/// let probe = Probe::builder(file.target()).rdp_file(&file).build()?;
/// # let _ = probe;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RdpFile {
    /// The host to connect to: `alternate full address` where there is one, else `full address`.
    pub host: Host,
    /// The port: that of the address, else `server port`, else 3389.
    pub port: u16,
    /// Whether the file names the port.
    pub names_port: bool,
    /// The name for TLS, when `full address` names another host than the one to connect to.
    pub server_name: Option<String>,
    /// The security protocols that the client would offer, when they are not the usual ones.
    pub security: Option<Security>,
    /// `loadbalanceinfo`.
    pub routing_token: Option<Vec<u8>>,
    /// `pcb`.
    pub preconnection_blob: Option<String>,
    /// `username`, as it was written: it may hold its domain.
    pub user: Option<String>,
    /// `domain`.
    pub domain: Option<String>,
    /// What a client makes of `username` for `Cookie: mstshash=` of its first request, where it sends no routing token.
    pub cookie: Option<String>,
    /// `authentication level:i:1`: a client refuses a certificate that is not trusted, or not for the name.
    pub refuses_untrusted: bool,
    /// The gateway on the way.
    pub gateway: Option<RdpFileGateway>,
    /// What a client would do, and a probe does not. What it would do by way of the gateway stands with that.
    pub not_followed: Vec<NotFollowed>,
    /// What was passed over.
    pub warnings: Vec<RdpFileWarning>,
}

impl RdpFile {
    /// The largest file that is read, in octets.
    pub const MAX_LEN: usize = 1 << 20;

    /// Reads a file's octets.
    ///
    /// # Errors
    /// [`RdpFileError`] naming the line and what was expected there.
    pub fn parse(octets: &[u8]) -> Result<Self, RdpFileError> {
        if octets.len() > Self::MAX_LEN {
            return Err(RdpFileError::TooLarge);
        }
        let text = text::decode(octets);
        let settings = Settings::read(&text);
        if !settings.any && settings.passed_over.as_ref().is_some_and(|_| is_binary(&text)) {
            return Err(RdpFileError::NoSettings);
        }
        let full = settings.address("full address")?;
        let alternate = settings.address("alternate full address")?;
        let default_port = settings.port("server port")?;
        // The alternate address is where to connect to; the full one stays the name of whom to meet there.
        let (server_name, (host, own_port), other_port) = match (full, alternate) {
            (Some((full, port)), Some((host, own))) => {
                let name = Some(full.to_string()).filter(|name| !name.eq_ignore_ascii_case(&host.to_string()));
                (name, (host, own), port)
            }
            (Some(only), None) | (None, Some(only)) => (None, only, None),
            (None, None) => {
                return Err(match settings.find("full address") {
                    Some(setting) => RdpFileError::EmptyAddress { line: setting.line },
                    None => RdpFileError::NoAddress { passed_over: settings.passed_over },
                });
            }
        };
        if let Some(name) = server_name.as_ref().filter(|name| !can_carry(name)) {
            let line = settings.find("full address").map_or(0, |setting| setting.line);
            return Err(RdpFileError::ServerName { line, name: name.clone() });
        }
        let port = own_port.or(other_port).or(default_port);
        let mut not_followed = unfollowed::all(&settings);
        let gateway = gateway::read(&settings, &mut not_followed)?;
        let user = settings.trimmed("username");
        Ok(Self {
            host,
            port: port.unwrap_or(Target::DEFAULT_PORT),
            names_port: port.is_some(),
            server_name,
            security: settings.security()?,
            routing_token: settings.routing_token()?,
            preconnection_blob: settings.preconnection_blob()?,
            cookie: user.as_deref().and_then(cookie_of),
            user,
            domain: settings.trimmed("domain"),
            refuses_untrusted: settings.number_if_any("authentication level") == Some(1),
            gateway,
            not_followed,
            warnings: warning::all(&settings),
        })
    }

    /// The target that it names.
    #[must_use]
    pub fn target(&self) -> Target {
        Target::new(self.host.clone(), self.port)
    }

    /// The same where nobody goes through its gateway, nor misses that.
    #[must_use]
    pub fn without_gateway(mut self) -> Self {
        self.gateway = None;
        self.not_followed.retain(|one| one.what != Unfollowed::Gateway);
        self
    }
}

/// The most of a user's name that mstsc sends, in characters ([MS-RDPBCGR] 2.2.1.1 and its note on it).
const MOST_OF_USER: usize = 9;

/// What a client makes of a user for the cookie: the login name, which has no domain before it. What is not of ASCII cannot be one.
fn cookie_of(user: &str) -> Option<String> {
    let name = user.rsplit_once('\\').map_or(user, |(_, name)| name).trim_start();
    let sent: String = name.chars().take(MOST_OF_USER).collect();
    let fits = |c: char| c.is_ascii_graphic() || c == ' ';
    (!sent.is_empty() && name.chars().all(fits)).then_some(sent)
}

/// Whether it holds what no text does.
fn is_binary(text: &str) -> bool {
    let strange =
        |c: char| (c.is_control() && !matches!(c, '\t' | '\r' | '\n' | '\u{1a}' | '\u{c}')) || c == '\u{fffd}';
    text.contains(strange)
}

#[cfg(test)]
mod tests;
