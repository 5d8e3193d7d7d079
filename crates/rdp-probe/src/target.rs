//! A target as people write it.
use std::fmt;
use std::str::FromStr;

use rdp_probe_core::Host;

pub use rdp_probe_core::TargetError;

/// A host and a port: `host`, `host:port`, `[v6]:port`, an IPv6 address, or a link that names them (`rdp://`, `https://`, `http://`).
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

impl Target {
    /// Reads a target that is on `port` where it names none.
    ///
    /// # Errors
    /// [`TargetError`] naming what is wrong with it.
    pub fn parse_or(input: &str, port: u16) -> Result<Self, TargetError> {
        let link = SCHEMES.iter().find_map(|scheme| {
            let (start, rest) = input.split_at_checked(scheme.len())?;
            start.eq_ignore_ascii_case(scheme).then_some(rest)
        });
        let (host, own) = link.map_or_else(|| Host::parse_with_port(input), from_link)?;
        Ok(Self { input: input.to_owned(), host, port: own.unwrap_or(port) })
    }
}

impl FromStr for Target {
    type Err = TargetError;

    fn from_str(input: &str) -> Result<Self, TargetError> {
        Self::parse_or(input, Self::DEFAULT_PORT)
    }
}

/// What links to a host begin with. Whatever the link is for: the port that counts is the one it names.
const SCHEMES: [&str; 3] = ["rdp://", "https://", "http://"];

/// Both forms of a link: `scheme://host:port/...`, and the attributes `rdp://full%20address=s:host:port&...`.
fn from_link(rest: &str) -> Result<(Host, Option<u16>), TargetError> {
    let attribute = rest.split('&').find_map(|pair| {
        let (name, value) = pair.split_once('=')?;
        let full_address = name.replace("%20", " ").eq_ignore_ascii_case("full address");
        full_address.then(|| value.replace("%3A", ":").replace("%3a", ":"))
    });
    match attribute {
        Some(value) => Host::parse_with_port(value.strip_prefix("s:").unwrap_or(&value)),
        None => Host::parse_with_port(rest.split(['/', '?', '#']).next().unwrap_or(rest)),
    }
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
        for link in [
            "rdp://srv1:3390",
            "RDP://srv1:3390/",
            "rdp://full%20address=s:srv1:3390&audiomode=i:2",
            "rdp://full%20address=s%3Asrv1%3a3390",
            "https://srv1:3390",
            "HTTPS://srv1:3390/RDWeb/Pages/en-US/Default.aspx?x=1#y",
            "http://srv1:3390?x",
        ] {
            let target: Target = link.parse().unwrap();
            assert_eq!((target.host, target.port), (Host::Name("srv1".into()), 3390), "{link}");
            assert_eq!(target.input, link);
        }
        assert_eq!("https://[::1]/x".parse::<Target>().unwrap().port, 3389, "the probe speaks RDP");
        for (link, error) in [
            ("https://", TargetError::Empty),
            ("https:///x", TargetError::Empty),
            ("ftp://srv1", TargetError::Port("//srv1".into())),
            ("https://srv1:https/", TargetError::Port("https".into())),
        ] {
            assert_eq!(link.parse::<Target>(), Err(error), "{link}");
        }
    }

    #[test]
    fn a_port_that_is_given_beside_it_is_that_of_a_target_without_one() {
        for (text, port) in [("srv1", 3390), ("srv1:3391", 3391), ("[::1]", 3390), ("rdp://srv1/", 3390)] {
            assert_eq!(Target::parse_or(text, 3390).unwrap().port, port, "{text}");
        }
    }

    #[test]
    fn port_is_3389_when_none_is_given() {
        assert_eq!("srv1".parse::<Target>().unwrap().port, 3389);
    }
}
