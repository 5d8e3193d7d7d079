//! An .rdp file: what a Windows client is told of a connection, and what of it changes a probe.
//!
//! One setting a line, `name:type:value`. Clients save it in UTF-16LE with a byte order mark; people write it in UTF-8.
mod error;
mod keys;
mod settings;
mod text;
mod warning;

use rdp_probe_core::{Host, Security};

use crate::target::Target;
use crate::tls::can_carry;
use settings::Settings;

pub use error::RdpFileError;
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
    /// What a client would do, or might, and a probe does not.
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
        let text = text::decode(octets).map_err(|line| RdpFileError::Text { line })?;
        let settings = Settings::read(&text)?;
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
            (None, None) => return Err(RdpFileError::NoAddress),
        };
        if let Some(name) = server_name.as_ref().filter(|name| !can_carry(name)) {
            let line = settings.text("full address")?.map_or(0, |setting| setting.line);
            return Err(RdpFileError::ServerName { line, name: name.clone() });
        }
        let port = own_port.or(other_port).or(default_port).unwrap_or(Target::DEFAULT_PORT);
        Ok(Self {
            host,
            port,
            server_name,
            security: settings.security()?,
            routing_token: settings.routing_token()?,
            preconnection_blob: settings.preconnection_blob()?,
            user: settings.trimmed("username")?,
            domain: settings.trimmed("domain")?,
            warnings: warning::all(&settings)?,
        })
    }

    /// The target that it names.
    #[must_use]
    pub fn target(&self) -> Target {
        Target::new(self.host.clone(), self.port)
    }
}

#[cfg(test)]
mod tests;
