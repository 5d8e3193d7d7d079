//! What is probed: a host by name or address, and a port.
use std::fmt;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use serde::{Deserialize, Serialize};

/// An address and a port.
pub type Address = SocketAddr;

/// A host as it was typed.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Host {
    /// A name, to be resolved.
    Name(String),
    /// An address.
    Ip(IpAddr),
}

/// A target that cannot be probed: what is wrong with the text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// There is no host.
    #[error("no host name or address")]
    Empty,
    /// No name has such a character.
    #[error("a host name has no character like {0:?}")]
    Character(char),
    /// A name in another script than that of DNS: nothing here translates it.
    #[error("a host name is ASCII here: write an international one in its xn-- form")]
    International,
    /// Longer than a name can be.
    #[error("a host name has at most 253 characters, this one has {0}")]
    TooLong(usize),
    /// The bracket is not closed, or something other than a port follows it.
    #[error("an IPv6 address stands in brackets: [2001:db8::7] or [2001:db8::7]:3389")]
    Brackets,
    /// A zone behind an IPv6 address: a [`Host`] has no place for it.
    #[error("a zone such as %2 is not supported here; give a name, or an address that needs none")]
    Zone,
    /// A link-local IPv6 address stands on every link, and which one is meant is its zone.
    #[error(
        "a link-local address (fe80::/10) needs a zone, which is not supported here; give a name, or another address"
    )]
    LinkLocal,
    /// The port is not a number from 1 to 65535.
    #[error("a port is a number from 1 to 65535, not {0:?}")]
    Port(String),
    /// Digits and dots that are no address.
    #[error("not an IPv4 address: four numbers from 0 to 255 are needed")]
    Ipv4,
}

impl Host {
    /// The same as hosts are compared: a name in small letters and without the full stop at its end, an IPv4 address inside of an IPv6 one as
    /// itself.
    #[must_use]
    pub fn bare(&self) -> Self {
        match self {
            Self::Name(name) => Self::Name(name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()),
            Self::Ip(address) => Self::Ip(address.to_canonical()),
        }
    }

    /// Reads a host name or an address, IPv6 without brackets.
    ///
    /// # Errors
    /// [`TargetError`] when it is neither.
    pub fn parse(text: &str) -> Result<Self, TargetError> {
        if let Ok(address) = text.parse() {
            return Self::of_address(address);
        }
        if has_zone(text) {
            return Err(TargetError::Zone);
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        if name.is_empty() {
            return Err(TargetError::Empty);
        }
        if name.len() > 253 {
            return Err(TargetError::TooLong(name.len()));
        }
        let strange = |c: &char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        if name.chars().any(|c| !c.is_ascii() && c.is_alphanumeric()) {
            return Err(TargetError::International);
        }
        if let Some(character) = name.chars().find(strange) {
            return Err(TargetError::Character(character));
        }
        if name.split('.').all(|label| !label.is_empty() && label.bytes().all(|b| b.is_ascii_digit())) {
            return Err(TargetError::Ipv4);
        }
        Ok(Self::Name(text.to_owned()))
    }

    /// Reads `host`, `host:port`, `[v6]`, `[v6]:port`, or an IPv6 address without brackets and port.
    ///
    /// # Errors
    /// [`TargetError`] naming what is wrong.
    pub fn parse_with_port(text: &str) -> Result<(Self, Option<u16>), TargetError> {
        if let Some(rest) = text.strip_prefix('[') {
            let (inside, after) = rest.split_once(']').ok_or(TargetError::Brackets)?;
            let host = Self::of_ipv6(inside)?;
            return match after.strip_prefix(':') {
                Some(port) => Ok((host, Some(parse_port(port)?))),
                None if after.is_empty() => Ok((host, None)),
                None => Err(TargetError::Brackets),
            };
        }
        match text.split_once(':') {
            Some((_, after)) if after.contains(':') => Ok((Self::of_ipv6(text)?, None)),
            Some((host, port)) => Ok((Self::parse(host)?, Some(parse_port(port)?))),
            None => Ok((Self::parse(text)?, None)),
        }
    }

    fn of_address(address: IpAddr) -> Result<Self, TargetError> {
        match address {
            IpAddr::V6(v6) if v6.is_unicast_link_local() => Err(TargetError::LinkLocal),
            IpAddr::V4(_) | IpAddr::V6(_) => Ok(Self::Ip(address)),
        }
    }

    /// Reads an IPv6 address without brackets.
    fn of_ipv6(text: &str) -> Result<Self, TargetError> {
        match text.parse() {
            Ok(v6) => Self::of_address(IpAddr::V6(v6)),
            Err(_) if has_zone(text) => Err(TargetError::Zone),
            Err(_) => Err(TargetError::Brackets),
        }
    }
}

/// Whether this is an IPv6 address with a zone.
fn has_zone(text: &str) -> bool {
    text.split_once('%').is_some_and(|(v6, _)| v6.parse::<Ipv6Addr>().is_ok())
}

/// A port from 1 to 65535.
fn parse_port(text: &str) -> Result<u16, TargetError> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        Ok(port) if digits && port != 0 => Ok(port),
        Ok(_) | Err(_) => Err(TargetError::Port(text.chars().take(32).collect())),
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::Ip(ip) => ip.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_a_target_is_read() {
        let ip = |text: &str| Host::Ip(text.parse().unwrap());
        let cases = [
            ("srv1", Host::Name("srv1".into()), None),
            ("srv1.lab.test.:3390", Host::Name("srv1.lab.test.".into()), Some(3390)),
            ("rds_farm:1", Host::Name("rds_farm".into()), Some(1)),
            ("192.0.2.7:65535", ip("192.0.2.7"), Some(65535)),
            ("2001:db8::7", ip("2001:db8::7"), None),
            ("[2001:db8::7]", ip("2001:db8::7"), None),
            ("[::1]:3389", ip("::1"), Some(3389)),
            ("[fec0::1]:3389", ip("fec0::1"), Some(3389)),
            ("169.254.1.1", ip("169.254.1.1"), None),
            ("xn--mnchen-3ya.example:3389", Host::Name("xn--mnchen-3ya.example".into()), Some(3389)),
        ];
        for (text, host, port) in cases {
            assert_eq!(Host::parse_with_port(text), Ok((host, port)), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_a_target_is_named() {
        let port = |text: &str| TargetError::Port(text.into());
        let cases = [
            ("", TargetError::Empty),
            (":3389", TargetError::Empty),
            ("srv1:0", port("0")),
            ("srv1:65536", port("65536")),
            ("srv1:", port("")),
            ("srv1:+80", port("+80")),
            ("srv 1", TargetError::Character(' ')),
            ("srv1/x", TargetError::Character('/')),
            ("a\u{202e}b", TargetError::Character('\u{202e}')),
            ("[::1", TargetError::Brackets),
            ("[::1]x", TargetError::Brackets),
            ("1:2:3", TargetError::Brackets),
            ("[fe80::1%2]:3389", TargetError::Zone),
            ("fe80::1%eth0", TargetError::Zone),
            ("[2001:db8::7%1]", TargetError::Zone),
            ("[::1%", TargetError::Brackets),
            ("[srv1%2]", TargetError::Brackets),
            ("[fe80::1]:3389", TargetError::LinkLocal),
            ("febf:ffff::1", TargetError::LinkLocal),
            ("m\u{fc}nchen.example:3389", TargetError::International),
            ("\u{65e5}\u{672c}.example", TargetError::International),
            ("192.0.2.777", TargetError::Ipv4),
        ];
        for (text, error) in cases {
            assert_eq!(Host::parse_with_port(text), Err(error), "{text}");
        }
    }
}
