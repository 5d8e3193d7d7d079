//! The settings of an .rdp file, line by line.
use std::collections::HashMap;

use rdp_probe_core::wire::preconnection::PreconnectionPdu;
use rdp_probe_core::wire::x224::{self, ConnectionRequest};
use rdp_probe_core::{Host, Security};

use super::error::RdpFileError;
use super::keys;

/// One line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Setting<'a> {
    pub(super) line: usize,
    /// `s`, `i` or `b`.
    pub(super) kind: char,
    pub(super) value: &'a str,
}

/// The lines by their names in lower case.
pub(super) struct Settings<'a> {
    pub(super) by_name: HashMap<String, Setting<'a>>,
    /// Names that this program does not know, as they were first written.
    pub(super) unknown: Vec<&'a str>,
    /// Names that stand on several lines.
    pub(super) repeated: Vec<&'a str>,
}

impl<'a> Settings<'a> {
    pub(super) fn read(text: &'a str) -> Result<Self, RdpFileError> {
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
    pub(super) fn of(&self, key: &'static str, expected: char) -> Result<Option<Setting<'a>>, RdpFileError> {
        let Some(setting) = self.by_name.get(key).copied().filter(|setting| !setting.value.trim().is_empty())
        else {
            return Ok(None);
        };
        if setting.kind != expected {
            return Err(RdpFileError::OtherType { line: setting.line, key, expected });
        }
        Ok(Some(setting))
    }

    pub(super) fn text(&self, key: &'static str) -> Result<Option<Setting<'a>>, RdpFileError> {
        self.of(key, 's')
    }

    pub(super) fn trimmed(&self, key: &'static str) -> Result<Option<String>, RdpFileError> {
        Ok(self.text(key)?.map(|setting| setting.value.trim().to_owned()))
    }

    pub(super) fn number(&self, key: &'static str) -> Result<Option<(usize, i64)>, RdpFileError> {
        let Some(Setting { line, value, .. }) = self.of(key, 'i')? else { return Ok(None) };
        let number = value.trim().parse();
        number.map(|number| Some((line, number))).map_err(|_| RdpFileError::Number {
            line,
            key,
            value: short(value),
        })
    }

    pub(super) fn is(&self, key: &'static str, value: i64) -> Result<bool, RdpFileError> {
        Ok(self.number(key)?.is_some_and(|(_, number)| number == value))
    }

    pub(super) fn address(&self, key: &'static str) -> Result<Option<(Host, Option<u16>)>, RdpFileError> {
        let Some(Setting { line, value, .. }) = self.text(key)? else { return Ok(None) };
        let read = Host::parse_with_port(value.trim());
        read.map(Some).map_err(|error| RdpFileError::Address { line, key, error })
    }

    pub(super) fn port(&self, key: &'static str) -> Result<Option<u16>, RdpFileError> {
        let Some((line, value)) = self.number(key)? else { return Ok(None) };
        match u16::try_from(value) {
            Ok(port @ 1..) => Ok(Some(port)),
            Ok(0) | Err(_) => Err(RdpFileError::Port { line, key, value }),
        }
    }

    pub(super) fn security(&self) -> Result<Option<Security>, RdpFileError> {
        Ok(if self.is("enablerdsaadauth", 1)? {
            Some(Security::Aad)
        } else if self.is("enablecredsspsupport", 0)? {
            Some(Security::Tls)
        } else {
            None
        })
    }

    /// As it was written: a blank at its end is part of a token.
    pub(super) fn routing_token(&self) -> Result<Option<Vec<u8>>, RdpFileError> {
        let Some(Setting { line, value, .. }) = self.text("loadbalanceinfo")? else { return Ok(None) };
        let token = value.as_bytes();
        // The block of a request with any mask is as long as this one.
        let negotiation = Some(x224_block());
        let request = ConnectionRequest { routing: x224::Routing::Token(token), negotiation };
        request.encode(&mut Vec::new()).map_err(|error| RdpFileError::RoutingToken { line, error })?;
        Ok(Some(token.to_vec()))
    }

    pub(super) fn preconnection_blob(&self) -> Result<Option<String>, RdpFileError> {
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
