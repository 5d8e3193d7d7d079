//! An .rdp file: what a Windows client is told of a connection, and what of it changes a probe.
//!
//! One setting a line, `name:type:value`. Clients save it in UTF-16LE with a byte order mark; people write it in UTF-8.
mod keys;
mod text;
mod warning;

use std::collections::HashMap;

use rdp_probe_core::wire::preconnection::{BlobError, PreconnectionPdu};
use rdp_probe_core::wire::x224::{self, ConnectionRequest};
use rdp_probe_core::{Host, Security, TargetError};

use crate::target::Target;

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
    /// What a client would do, or might, and a probe does not.
    pub warnings: Vec<RdpFileWarning>,
}

/// An .rdp file that cannot be used: the line, and what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RdpFileError {
    /// It is larger than any such file.
    #[error("larger than 1 MiB, which no .rdp file is")]
    TooLarge,
    /// A line is text of neither kind.
    #[error("line {line}: expected text in UTF-8 or UTF-16")]
    Text {
        /// The line, from 1.
        line: usize,
    },
    /// A line is no setting.
    #[error("line {line}: expected name:type:value, such as full address:s:srv1")]
    Line {
        /// The line, from 1.
        line: usize,
    },
    /// A setting is of no type that there is.
    #[error("line {line}: expected the type s, i or b behind the name, not {found:?}")]
    Type {
        /// The line, from 1.
        line: usize,
        /// What stands in its place.
        found: String,
    },
    /// A setting is of another type than its name tells.
    #[error("line {line}: expected {key}:{expected}:value")]
    OtherType {
        /// The line, from 1.
        line: usize,
        /// The name.
        key: &'static str,
        /// The type that it has.
        expected: char,
    },
    /// A value is no number.
    #[error("line {line}: {key}: expected a number, not {value:?}")]
    Number {
        /// The line, from 1.
        line: usize,
        /// The name.
        key: &'static str,
        /// What stands in its place.
        value: String,
    },
    /// A number is no port.
    #[error("line {line}: {key}: expected a port from 1 to 65535, not {value}")]
    Port {
        /// The line, from 1.
        line: usize,
        /// The name.
        key: &'static str,
        /// The number.
        value: i64,
    },
    /// A value is no host, or none with a port.
    #[error("line {line}: {key}: expected host[:port]: {error}")]
    Address {
        /// The line, from 1.
        line: usize,
        /// The name.
        key: &'static str,
        /// What is wrong with it.
        #[source]
        error: TargetError,
    },
    /// `loadbalanceinfo` does not fit, or would break the request.
    #[error("line {line}: loadbalanceinfo: expected a routing token that can be sent: {error}")]
    RoutingToken {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        error: x224::RequestError,
    },
    /// `pcb` does not fit, or would break its PDU.
    #[error("line {line}: pcb: expected a pre-connection blob that can be sent: {error}")]
    PreconnectionBlob {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        #[source]
        error: BlobError,
    },
    /// Nothing says where to connect to.
    #[error("expected a line full address:s:HOST, which is missing")]
    NoAddress,
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
        let port = own_port.or(other_port).or(default_port).unwrap_or(Target::DEFAULT_PORT);
        Ok(Self {
            host,
            port,
            server_name,
            security: settings.security()?,
            routing_token: settings.routing_token()?,
            preconnection_blob: settings.preconnection_blob()?,
            warnings: warning::all(&settings)?,
        })
    }

    /// The target that it names.
    #[must_use]
    pub fn target(&self) -> Target {
        Target::new(self.host.clone(), self.port)
    }
}

/// One line.
#[derive(Clone, Copy, Debug)]
struct Setting<'a> {
    line: usize,
    /// `s`, `i` or `b`.
    kind: char,
    value: &'a str,
}

/// The lines by their names in lower case.
struct Settings<'a> {
    by_name: HashMap<String, Setting<'a>>,
    /// Names that this program does not know, as they were first written.
    unknown: Vec<&'a str>,
    /// Names that stand on several lines.
    repeated: Vec<&'a str>,
}

impl<'a> Settings<'a> {
    fn read(text: &'a str) -> Result<Self, RdpFileError> {
        let mut all = Self { by_name: HashMap::new(), unknown: Vec::new(), repeated: Vec::new() };
        // How often a name has been met, so that each is told of once.
        let mut met: HashMap<String, u8> = HashMap::new();
        for (index, content) in text.lines().enumerate() {
            let line = index.saturating_add(1);
            if content.trim().is_empty() {
                continue;
            }
            let (name, rest) = content.split_once(':').ok_or(RdpFileError::Line { line })?;
            let (kind, value) = rest.split_once(':').ok_or(RdpFileError::Line { line })?;
            let name = name.trim();
            if name.is_empty() {
                return Err(RdpFileError::Line { line });
            }
            let kind = match kind.trim() {
                "s" | "S" => 's',
                "i" | "I" => 'i',
                "b" | "B" => 'b',
                other => return Err(RdpFileError::Type { line, found: short(other) }),
            };
            let key = name.to_ascii_lowercase();
            let times = met.entry(key.clone()).or_default();
            *times = times.saturating_add(1);
            match *times {
                1 if !keys::is_known(&key) => all.unknown.push(name),
                2 => all.repeated.push(name),
                _ => {}
            }
            all.by_name.insert(key, Setting { line, kind, value });
        }
        Ok(all)
    }

    /// The value of a name, when it is of this type and not empty.
    fn of(&self, key: &'static str, expected: char) -> Result<Option<Setting<'a>>, RdpFileError> {
        let Some(setting) = self.by_name.get(key).copied().filter(|setting| !setting.value.trim().is_empty())
        else {
            return Ok(None);
        };
        if setting.kind != expected {
            return Err(RdpFileError::OtherType { line: setting.line, key, expected });
        }
        Ok(Some(setting))
    }

    fn text(&self, key: &'static str) -> Result<Option<Setting<'a>>, RdpFileError> {
        self.of(key, 's')
    }

    fn number(&self, key: &'static str) -> Result<Option<(usize, i64)>, RdpFileError> {
        let Some(Setting { line, value, .. }) = self.of(key, 'i')? else { return Ok(None) };
        let number = value.trim().parse();
        number.map(|number| Some((line, number))).map_err(|_| RdpFileError::Number {
            line,
            key,
            value: short(value),
        })
    }

    fn is(&self, key: &'static str, value: i64) -> Result<bool, RdpFileError> {
        Ok(self.number(key)?.is_some_and(|(_, number)| number == value))
    }

    fn address(&self, key: &'static str) -> Result<Option<(Host, Option<u16>)>, RdpFileError> {
        let Some(Setting { line, value, .. }) = self.text(key)? else { return Ok(None) };
        let read = Host::parse_with_port(value.trim());
        read.map(Some).map_err(|error| RdpFileError::Address { line, key, error })
    }

    fn port(&self, key: &'static str) -> Result<Option<u16>, RdpFileError> {
        let Some((line, value)) = self.number(key)? else { return Ok(None) };
        match u16::try_from(value) {
            Ok(port @ 1..) => Ok(Some(port)),
            Ok(0) | Err(_) => Err(RdpFileError::Port { line, key, value }),
        }
    }

    fn security(&self) -> Result<Option<Security>, RdpFileError> {
        Ok(if self.is("enablerdsaadauth", 1)? {
            Some(Security::Aad)
        } else if self.is("enablecredsspsupport", 0)? {
            Some(Security::Tls)
        } else {
            None
        })
    }

    /// As it was written: a blank at its end is part of a token.
    fn routing_token(&self) -> Result<Option<Vec<u8>>, RdpFileError> {
        let Some(Setting { line, value, .. }) = self.text("loadbalanceinfo")? else { return Ok(None) };
        let token = value.as_bytes();
        // The block of a request with any mask is as long as this one.
        let negotiation = Some(x224_block());
        let request = ConnectionRequest { routing: x224::Routing::Token(token), negotiation };
        request.encode(&mut Vec::new()).map_err(|error| RdpFileError::RoutingToken { line, error })?;
        Ok(Some(token.to_vec()))
    }

    fn preconnection_blob(&self) -> Result<Option<String>, RdpFileError> {
        let Some(Setting { line, value, .. }) = self.text("pcb")? else { return Ok(None) };
        PreconnectionPdu::encode(value, &mut Vec::new())
            .map_err(|error| RdpFileError::PreconnectionBlob { line, error })?;
        Ok(Some(value.to_owned()))
    }
}

fn x224_block() -> rdp_probe_core::wire::nego::NegRequest {
    rdp_probe_core::wire::nego::NegRequest { flags: Default::default(), protocols: Security::Auto.mask() }
}

/// As much of it as a message needs.
fn short(text: &str) -> String {
    text.trim().chars().take(32).collect()
}

#[cfg(test)]
mod tests;
