//! `--resolve`: the addresses of a host that no resolver is asked for.
use std::net::SocketAddrV6;

use rdp_probe::{Address, Host};

use crate::quote::quoted;

/// One `--resolve`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ResolveEntry {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) addresses: Vec<Address>,
}

impl ResolveEntry {
    /// Reads `HOST:PORT:ADDR[,ADDR]`.
    ///
    /// # Errors
    /// What was expected.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let wrong = || "expected HOST:PORT:ADDR[,ADDR], such as srv1:3389:192.0.2.7".to_owned();
        let literal = || "HOST is an address already: only a name is resolved".to_owned();
        if text.starts_with('[') {
            return Err(literal());
        }
        let mut parts = text.splitn(3, ':');
        let (Some(host), Some(port), Some(list)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(wrong());
        };
        let port: u16 = port.parse().ok().filter(|port| *port != 0).ok_or_else(wrong)?;
        match Host::parse(host) {
            Ok(Host::Name(_)) => {}
            Ok(_) => return Err(literal()),
            Err(error) => return Err(format!("HOST: {error}")),
        }
        let addresses = list.split(',').map(|one| resolved(one, port)).collect::<Result<_, _>>()?;
        Ok(Self { host: host.to_owned(), port, addresses })
    }

    /// Whether it is for this host and port. A full stop at a name's end makes no difference to whose name it is.
    pub(crate) fn is_for(&self, host: &str, port: u16) -> bool {
        let bare = |name: &str| name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
        self.port == port && bare(&self.host) == bare(host)
    }
}

/// One address of `--resolve`. A link-local one needs its zone, the number of an interface.
fn resolved(text: &str, port: u16) -> Result<Address, String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    if bare.contains('%') {
        let zoned: SocketAddrV6 = format!("[{bare}]:{port}").parse().map_err(|_| {
            format!(
                "{} is not an address with a zone, which is the number of an interface: fe80::1%2",
                quoted(text)
            )
        })?;
        return Ok(zoned.into());
    }
    match bare.parse() {
        Ok(std::net::IpAddr::V6(v6)) if v6.is_unicast_link_local() => {
            Err(format!("{text:?} is link-local and needs its zone, the number of an interface: {v6}%2"))
        }
        Ok(ip) => Ok(Address::new(ip, port)),
        Err(_) => Err(format!("{} is not an address", quoted(text))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_of_an_address_is_kept() {
        let entry = ResolveEntry::parse("srv1:3389:fe80::1%2,[fe80::2%3],192.0.2.7").unwrap();
        let all: Vec<String> = entry.addresses.iter().map(ToString::to_string).collect();
        assert_eq!(all, ["[fe80::1%2]:3389", "[fe80::2%3]:3389", "192.0.2.7:3389"]);
    }
}
