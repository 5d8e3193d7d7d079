//! One leg of the way.
use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::target::{Address, Host};

/// One leg of the way: whom to reach, and what is asked of their certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Leg {
    /// The host as typed.
    pub host: Host,
    /// The port.
    pub port: u16,
    /// Addresses to take instead of asking a resolver; empty when it is to be asked.
    #[serde(default)]
    pub given: Vec<Address>,
    /// The name to send and to check in TLS, instead of the host's.
    #[serde(default)]
    pub server_name: Option<Box<str>>,
    /// SHA-256 of the certificates that are accepted, in lower-case hexadecimal; empty when any is.
    #[serde(default)]
    pub pins: Vec<String>,
    /// Whether the certificate has to lead to a trusted root for the name that was asked.
    #[serde(default)]
    pub require_trust: bool,
    /// Whether the user takes whatever certificate it shows, and so the logon that goes there.
    #[serde(default, skip_serializing_if = "is_not")]
    pub accept_certificate: bool,
    /// Whether a client of the file that names the target refuses a certificate that is not trusted, or not for the name
    /// (`authentication level:i:1`). The run goes on past one all the same.
    #[serde(default, skip_serializing_if = "is_not")]
    pub refuses_untrusted: bool,
    /// So many days before its certificate ends this is told; 0: never.
    #[serde(default = "usual_days")]
    pub certificate_days: u16,
}

/// What monitors of certificates take.
const fn usual_days() -> u16 {
    30
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_not(is: &bool) -> bool {
    !*is
}

impl Leg {
    /// A leg with the defaults: whatever the name resolves to, whatever certificate it shows.
    #[must_use]
    pub const fn new(host: Host, port: u16) -> Self {
        Self {
            host,
            port,
            given: Vec::new(),
            server_name: None,
            pins: Vec::new(),
            require_trust: false,
            accept_certificate: false,
            refuses_untrusted: false,
            certificate_days: usual_days(),
        }
    }

    /// Whether only some certificates will do: then it has to be shown, and its key proven.
    #[must_use]
    pub const fn has_policy(&self) -> bool {
        !self.pins.is_empty() || self.require_trust
    }

    /// The address, when the host is one.
    #[must_use]
    pub const fn address(&self) -> Option<Address> {
        match self.host {
            Host::Ip(ip) => Some(Address::new(ip, self.port)),
            Host::Name(_) => None,
        }
    }

    /// The name that TLS asks for.
    #[must_use]
    pub fn asked_name(&self) -> String {
        self.server_name.as_deref().map_or_else(|| self.host.to_string(), str::to_owned)
    }
}

impl fmt::Display for Leg {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host {
            // Long lists are full of these, and most of what the general way does is for what they do not need.
            Host::Ip(IpAddr::V4(ip)) if f.width().is_none() && f.precision().is_none() => {
                let mut digits = itoa::Buffer::new();
                for (octet, before) in ip.octets().into_iter().zip(["", ".", ".", "."]) {
                    f.write_str(before)?;
                    f.write_str(digits.format(octet))?;
                }
                f.write_str(":")?;
                f.write_str(digits.format(self.port))
            }
            Host::Ip(ip) => Address::new(ip, self.port).fmt(f),
            Host::Name(ref name) => write!(f, "{name}:{}", self.port),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_is_written_as_addresses_and_names_are() {
        for text in ["0.0.0.0", "9.10.99.100", "192.0.2.7", "255.255.255.255", "2001:db8::7"] {
            for port in [0, 1, 9, 10, 101, 3389, 10_000, 65_535] {
                let leg = Leg::new(Host::parse(text).unwrap(), port);
                let address = leg.address().unwrap();
                assert_eq!(leg.to_string(), address.to_string());
                assert_eq!(format!("{leg:>24}"), format!("{address:>24}"));
            }
        }
        assert_eq!(Leg::new(Host::parse("srv1").unwrap(), 3389).to_string(), "srv1:3389");
    }
}
