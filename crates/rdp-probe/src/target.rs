//! A target as people write it.
use std::fmt;
use std::str::FromStr;

use rdp_probe_core::Host;

pub use rdp_probe_core::TargetError;

/// A host and a port: `host`, `host:port`, `[v6]:port`, an IPv6 address, or an `rdp://` link.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Target {
    /// As it was typed.
    pub input: String,
    /// The host.
    pub host: Host,
    /// The port, 3389 when none was given.
    pub port: u16,
}

impl Target {
    /// The port of Remote Desktop.
    pub const DEFAULT_PORT: u16 = 3389;

    /// A target by its parts.
    #[must_use]
    pub fn new(host: Host, port: u16) -> Self {
        let v6 = matches!(&host, Host::Ip(ip) if ip.is_ipv6());
        let input = if v6 { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
        Self { input, host, port }
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(input: &str) -> Result<Self, TargetError> {
        let (host, port) = match input.split_at_checked(6) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("rdp://") => from_link(rest)?,
            Some(_) | None => Host::parse_with_port(input)?,
        };
        Ok(Self { input: input.to_owned(), host, port: port.unwrap_or(Self::DEFAULT_PORT) })
    }
}

/// Both forms of a link: `rdp://host:port/`, and the attributes `rdp://full%20address=s:host:port&...`.
fn from_link(rest: &str) -> Result<(Host, Option<u16>), TargetError> {
    let attribute = rest.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let full_address = name.replace("%20", " ").eq_ignore_ascii_case("full address");
        full_address.then(|| value.strip_prefix("s:").unwrap_or(value))
    });
    Host::parse_with_port(attribute.unwrap_or_else(|| rest.strip_suffix('/').unwrap_or(rest)))
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_name_a_host_in_both_forms() {
        for link in ["rdp://srv1:3390", "RDP://srv1:3390/", "rdp://full%20address=s:srv1:3390&audiomode=i:2"] {
            let target: Target = link.parse().unwrap();
            assert_eq!((target.host, target.port), (Host::Name("srv1".into()), 3390), "{link}");
        }
    }

    #[test]
    fn port_is_3389_when_none_is_given() {
        assert_eq!("srv1".parse::<Target>().unwrap().port, 3389);
    }
}
