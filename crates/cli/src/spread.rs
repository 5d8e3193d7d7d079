//! What is written once and means many targets: a network, a range of addresses, several ports. None of them is held whole.
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use rdp_probe::{Host, Target, TargetError};

use crate::quote::quoted;

/// As many addresses a network or a range may have where nobody named a rate.
const MOST: u64 = 1 << 16;
/// And as many where somebody did.
const MOST_AT_A_RATE: u64 = 1 << 31;
/// As many ports one host may have.
const MOST_PORTS: usize = 64;

/// Many targets, each made when it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Spread {
    hosts: Hosts,
    ports: Vec<u16>,
    /// As it was written.
    text: String,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Hosts {
    One(Host),
    /// All from the first to the last.
    Block {
        first: u128,
        last: u128,
        v6: bool,
        /// Whether the first and the last of them are the network's own, and no host's.
        ends: bool,
    },
    /// The first and the last of each octet.
    Octets([(u8, u8); 4]),
}

/// Reads what means many targets; `None` where the text is of another kind. Targets that name no port are on `port`.
///
/// # Errors
/// What is wrong with a network, a range or several ports.
pub(crate) fn spread(text: &str, port: u16) -> Result<Option<Spread>, String> {
    if text.contains("://") || text.contains(['@', '\\', ' ']) {
        return Ok(None);
    }
    let (host, ports) = apart(text);
    let several = ports.is_some_and(|ports| ports.contains(','));
    let hosts = match many(host)? {
        Some(hosts) => hosts,
        None if several => {
            Hosts::One(Host::parse_with_port(&bracketed(host)).map_err(|error| error.to_string())?.0)
        }
        None => return Ok(None),
    };
    if let Hosts::Block { first, v6: true, .. } = &hosts
        && Ipv6Addr::from_bits(*first).is_unicast_link_local()
    {
        return Err(TargetError::LinkLocal.to_string());
    }
    let ports = match ports {
        Some(ports) => of_ports(ports)?,
        None => vec![port],
    };
    Ok(Some(Spread { hosts, ports, text: text.to_owned() }))
}

/// Whether a port stands behind the host.
pub(crate) fn names_port(text: &str) -> bool {
    apart(text).1.is_some()
}

/// The host, and the ports behind it. An IPv6 address without brackets has none.
fn apart(text: &str) -> (&str, Option<&str>) {
    let colon = match text.rfind(']') {
        Some(bracket) => text.get(bracket..).and_then(|rest| rest.find(':')).map(|at| bracket + at),
        None if text.matches(':').count() > 1 => None,
        None => text.find(':'),
    };
    match colon.and_then(|at| text.split_at_checked(at)) {
        Some((host, ports)) => (host, ports.strip_prefix(':')),
        None => (text, None),
    }
}

/// An IPv6 address in brackets, as a host with a port needs it.
fn bracketed(host: &str) -> String {
    if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() }
}

fn of_ports(text: &str) -> Result<Vec<u16>, String> {
    let mut ports = Vec::new();
    for one in text.split(',') {
        let digits = !one.is_empty() && one.bytes().all(|octet| octet.is_ascii_digit());
        let port = one.parse().ok().filter(|port| digits && *port != 0);
        // What stands behind a port may be a password, and is not repeated.
        let port = port.ok_or("ports are numbers from 1 to 65535, with commas between them")?;
        if !ports.contains(&port) {
            ports.push(port);
        }
        if ports.len() > MOST_PORTS {
            return Err(format!("one host has at most {MOST_PORTS} ports here; divide them"));
        }
    }
    Ok(ports)
}

/// A network, or a range.
fn many(host: &str) -> Result<Option<Hosts>, String> {
    // Brackets may stand around the address alone, or around all of it.
    let host = host.replace(['[', ']'], "");
    if let Some((address, length)) = host.split_once('/') {
        return match address.parse() {
            Ok(address) => network(address, length).map(Some),
            Err(_) => Ok(None),
        };
    }
    if let Some((first, last)) = host.split_once('-')
        && let (Ok(first), Ok(last)) = (first.parse::<IpAddr>(), last.parse::<IpAddr>())
    {
        if first.is_ipv4() != last.is_ipv4() {
            return Err(
                "a range is of IPv4 addresses or of IPv6 addresses, not from one to the other".to_owned()
            );
        }
        let (first, last, v6) = (number(first), number(last), first.is_ipv6());
        if first > last {
            return Err(BACKWARDS.to_owned());
        }
        return Ok(Some(Hosts::Block { first, last, v6, ends: false }));
    }
    of_octets(&host)
}

const NO_OCTET: &str = "a range has numbers from 0 to 255, such as 10.0.0.1-50";
const BACKWARDS: &str = "a range goes from the lower to the higher end, such as 10.0.0.1-50";

fn network(address: IpAddr, length: &str) -> Result<Hosts, String> {
    let (bits, v6) = if address.is_ipv6() { (128, true) } else { (32, false) };
    let digits = length.bytes().all(|octet| octet.is_ascii_digit());
    let length: u32 = length.parse().ok().filter(|length| digits && *length <= bits).ok_or_else(|| {
        format!("a network is an address and the length of its prefix, such as {address}/{}", bits - 8)
    })?;
    let free = bits.saturating_sub(length);
    let mask = u128::MAX.checked_shr(128_u32.saturating_sub(free)).unwrap_or_default();
    let first = number(address) & !mask;
    Ok(Hosts::Block { first, last: first | mask, v6, ends: !v6 && free > 1 })
}

/// `10.0.0.1-50`, in whichever octet. A name with a hyphen is no such range.
fn of_octets(host: &str) -> Result<Option<Hosts>, String> {
    let mut octets = [(0, 0); 4];
    let mut parts = host.split('.');
    let mut any = false;
    for place in &mut octets {
        let Some(part) = parts.next() else { return Ok(None) };
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        any |= part.contains('-');
        let (Some(first), Some(last)) = (octet(first), octet(last)) else {
            // A name has a letter somewhere.
            let is_range = host.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.' || octet == b'-');
            let wrong = is_range && host.contains('-') && host.split('.').count() == 4;
            return if wrong { Err(NO_OCTET.to_owned()) } else { Ok(None) };
        };
        if first > last {
            return Err(BACKWARDS.to_owned());
        }
        *place = (first, last);
    }
    Ok((any && parts.next().is_none()).then_some(Hosts::Octets(octets)))
}

/// As an address has them: without a zero before it.
fn octet(text: &str) -> Option<u8> {
    let plain = text == "0" || (!text.starts_with('0') && text.bytes().all(|octet| octet.is_ascii_digit()));
    text.parse().ok().filter(|_| plain)
}

fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

fn address(number: u128, v6: bool) -> IpAddr {
    if v6 {
        return Ipv6Addr::from_bits(number).into();
    }
    // Nothing larger is ever made of an IPv4 address.
    Ipv4Addr::from_bits(u32::try_from(number).unwrap_or(u32::MAX)).into()
}

impl Spread {
    /// How many targets there are.
    pub(crate) fn len(&self) -> u64 {
        self.hosts.len().saturating_mul(u64::try_from(self.ports.len()).unwrap_or(u64::MAX))
    }

    /// Whether these are not too many to be meant, where a rate was named or not.
    ///
    /// # Errors
    /// What to do about it.
    pub(crate) fn fits(&self, at_a_rate: bool) -> Result<(), String> {
        let (is, most) = (self.hosts.width(), if at_a_rate { MOST_AT_A_RATE } else { MOST });
        if is <= most {
            return Ok(());
        }
        let all = if is == u64::MAX {
            "more addresses than can be counted".into()
        } else {
            format!("{is} addresses")
        };
        let hint = if is <= MOST_AT_A_RATE { ", or name a rate with --rate" } else { "" };
        Err(format!("{} has {all}; at most {most} are probed: divide it{hint}", quoted(&self.text)))
    }

    /// One of them, counted from 0.
    pub(crate) fn at(&self, index: u64) -> Option<Target> {
        let ports = u64::try_from(self.ports.len()).ok()?;
        let port = usize::try_from(index.checked_rem(ports)?).ok()?;
        Some(Target::new(self.hosts.at(index.checked_div(ports)?)?, *self.ports.get(port)?))
    }

    /// The host, where there is only one.
    pub(crate) const fn only_host(&self) -> Option<&Host> {
        match &self.hosts {
            Hosts::One(host) => Some(host),
            Hosts::Block { .. } | Hosts::Octets(_) => None,
        }
    }

    /// Whether a host lies in it that is written as hosts are compared ([`Host::bare`]), be it a network's own, on one of its ports. Port 0
    /// is any.
    pub(crate) fn covers(&self, host: &Host, port: u16) -> bool {
        self.hosts.covers(host) && self.ports.iter().any(|own| *own == 0 || *own == port)
    }
}

impl Hosts {
    /// From end to end.
    fn width(&self) -> u64 {
        match self {
            Self::One(_) => 1,
            Self::Block { first, last, .. } => {
                u64::try_from(last.saturating_sub(*first)).unwrap_or(u64::MAX).saturating_add(1)
            }
            Self::Octets(octets) => octets.iter().map(|octet| of_octet(*octet)).product(),
        }
    }

    fn len(&self) -> u64 {
        match self {
            Self::Block { ends: true, .. } => self.width().saturating_sub(2),
            Self::One(_) | Self::Block { .. } | Self::Octets(_) => self.width(),
        }
    }

    fn at(&self, index: u64) -> Option<Host> {
        if index >= self.len() {
            return None;
        }
        match self {
            Self::One(host) => Some(host.clone()),
            Self::Block { first, v6, ends, .. } => {
                let number = first.checked_add(u128::from(index))?.checked_add(u128::from(*ends))?;
                Some(Host::Ip(address(number, *v6)))
            }
            Self::Octets(octets) => {
                let (mut rest, mut number, mut unit) = (index, 0_u32, 1_u32);
                for octet in octets.iter().rev() {
                    let own = rest.checked_rem(of_octet(*octet))?;
                    rest = rest.checked_div(of_octet(*octet))?;
                    let own = u32::from(octet.0).checked_add(u32::try_from(own).ok()?)?;
                    number = number.checked_add(own.checked_mul(unit)?)?;
                    unit = unit.wrapping_mul(256);
                }
                Some(Host::Ip(Ipv4Addr::from_bits(number).into()))
            }
        }
    }

    fn covers(&self, host: &Host) -> bool {
        match (self, host) {
            (Self::One(own), host) => own.bare() == *host,
            (Self::Block { first, last, v6, .. }, Host::Ip(ip)) => {
                ip.is_ipv6() == *v6 && (*first..=*last).contains(&number(*ip))
            }
            (Self::Octets(octets), Host::Ip(IpAddr::V4(ip))) => {
                ip.octets().iter().zip(octets).all(|(octet, (first, last))| (*first..=*last).contains(octet))
            }
            (Self::Block { .. } | Self::Octets(_), _) => false,
        }
    }
}

fn of_octet((first, last): (u8, u8)) -> u64 {
    u64::from(last.saturating_sub(first)).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Vec<String> {
        let spread = spread(text, 3389).unwrap().unwrap_or_else(|| panic!("{text}"));
        let all: Vec<String> = (0..).map_while(|index| spread.at(index)).map(|target| target.input).collect();
        assert_eq!(u64::try_from(all.len()).unwrap(), spread.len(), "{text}");
        all
    }

    #[test]
    fn networks_ranges_and_several_ports_are_many_targets() {
        for (text, targets) in [
            ("10.0.0.0/30", &["10.0.0.1:3389", "10.0.0.2:3389"][..]),
            ("10.0.0.3/30:3390", &["10.0.0.1:3390", "10.0.0.2:3390"]),
            ("10.0.0.2/31", &["10.0.0.2:3389", "10.0.0.3:3389"]),
            ("10.0.0.2/32", &["10.0.0.2:3389"]),
            ("10.0.0.1-3", &["10.0.0.1:3389", "10.0.0.2:3389", "10.0.0.3:3389"]),
            ("10.0.0-1.7-8", &["10.0.0.7:3389", "10.0.0.8:3389", "10.0.1.7:3389", "10.0.1.8:3389"]),
            ("10.0.0.255-10.0.1.0:9", &["10.0.0.255:9", "10.0.1.0:9"]),
            ("srv1:3389,3390,3389", &["srv1:3389", "srv1:3390"]),
            ("srv-1:1,2", &["srv-1:1", "srv-1:2"]),
            ("10.0.0.7:1,2", &["10.0.0.7:1", "10.0.0.7:2"]),
            ("10.0.0.1-2:1,2", &["10.0.0.1:1", "10.0.0.1:2", "10.0.0.2:1", "10.0.0.2:2"]),
            ("2001:db8::/127", &["[2001:db8::]:3389", "[2001:db8::1]:3389"]),
            ("[2001:db8::7]:1,2", &["[2001:db8::7]:1", "[2001:db8::7]:2"]),
            ("[2001:db8::]/127:9", &["[2001:db8::]:9", "[2001:db8::1]:9"]),
            ("[2001:db8::/127]:9", &["[2001:db8::]:9", "[2001:db8::1]:9"]),
            ("2001:db8::1-2001:db8::2", &["[2001:db8::1]:3389", "[2001:db8::2]:3389"]),
            ("[2001:db8::1]-[2001:db8::2]:9", &["[2001:db8::1]:9", "[2001:db8::2]:9"]),
        ] {
            assert_eq!(all(text), targets, "{text}");
        }
        assert_eq!(all("10.0.0.0/24").len(), 254);
        assert_eq!(all("0-1.0.0-9.0-255").len(), 5120);
    }

    #[test]
    fn a_name_with_a_hyphen_and_whatever_else_is_one_target_are_none() {
        for text in [
            "srv1",
            "srv1:3389",
            "srv-1",
            "a-10.0.0.1",
            "10.0.0.1-lab",
            "10.0.0.1",
            "1-2",
            "10.0.0-1",
            "srv1/x",
            "::1",
            "[::1]:3389",
            "https://10.0.0.1/24",
            "\\\\srv1\\a-b",
            "rdp://srv1:1,2",
            "10.0.0.1-2.5",
            "",
            "-",
            "/",
        ] {
            assert_eq!(spread(text, 3389), Ok(None), "{text}");
        }
        // Without a letter it is no name.
        for text in ["10.0.0.01-2", "10.0.0.1-300", "10.0.0.256-300:3390", "10.0.0.1-"] {
            assert_eq!(spread(text, 3389), Err(NO_OCTET.to_owned()), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_with_many_is_said() {
        for (text, part) in [
            ("10.0.0.0/33", "such as 10.0.0.0/24"),
            ("10.0.0.0/255.255.255.0", "the length of its prefix"),
            ("10.0.0.0/", "the length of its prefix"),
            ("2001:db8::/129", "such as 2001:db8::/120"),
            ("10.0.0.9-5", "from the lower to the higher"),
            ("10.0.0.9-10.0.0.5", "from the lower to the higher"),
            ("10.0.0.9-::1", "not from one to the other"),
            ("srv1:1,0", "ports are numbers"),
            ("srv1:1,", "ports are numbers"),
            ("10.0.0.0/24:x", "ports are numbers"),
            ("fe80::/120", "link-local"),
            ("sr_v x:1,2", ""),
            ("2001:db8::1-2001:db8::2:1", ""),
        ] {
            let read = spread(text, 3389);
            assert!(read.is_ok() == part.is_empty(), "{text}: {read:?}");
            assert!(read.err().is_none_or(|error| error.contains(part)), "{text}");
        }
        let ports: Vec<String> = (1..=65).map(|port| port.to_string()).collect();
        assert!(spread(&format!("srv1:{}", ports.join(",")), 1).unwrap_err().contains("at most 64 ports"));
    }

    #[test]
    fn what_is_too_large_is_refused_and_less_of_it_where_a_rate_is_named() {
        let fits = |text: &str, rate| spread(text, 1).unwrap().unwrap().fits(rate);
        assert_eq!(fits("10.0.0.0/16:1,2", false), Ok(()));
        let error = fits("10.0.0.0/15", false).unwrap_err();
        assert_eq!(
            error,
            "\"10.0.0.0/15\" has 131072 addresses; at most 65536 are probed: divide it, or name a rate with --rate"
        );
        assert_eq!(fits("10.0.0.0/8", true), Ok(()));
        assert_eq!(fits("2001:db8::/112", false), Ok(()));
        assert!(fits("2001:db8::/111", false).is_err());
        for all in [
            "0.0.0.0/0",
            "::/0",
            "10.1.1.1/0",
            "0.0.0.0-255.255.255.255",
            "0-255.0-255.0-255.0-255",
            "2001:db8::/64",
        ] {
            let error = fits(all, true).unwrap_err();
            assert!(error.ends_with("divide it"), "{all}: {error}");
        }
        assert_eq!(spread("0-255.0-255.0-255.0-255", 1).unwrap().unwrap().len(), 1 << 32);
    }

    #[test]
    fn what_lies_in_it_is_covered_on_its_ports() {
        let covers = |text: &str, host: &str, port| {
            spread(text, 0).unwrap().unwrap().covers(&Host::parse_with_port(host).unwrap().0, port)
        };
        assert!(covers("10.0.0.0/24", "10.0.0.0", 1) && covers("10.0.0.0/24", "10.0.0.255", 1));
        assert!(!covers("10.0.0.0/24", "10.0.1.0", 1) && !covers("10.0.0.0/24", "srv1", 1));
        assert!(covers("10.0.0.0/24:9", "10.0.0.1", 9) && !covers("10.0.0.0/24:9", "10.0.0.1", 1));
        assert!(covers("10.0.0-1.5-7", "10.0.1.6", 1) && !covers("10.0.0-1.5-7", "10.0.1.8", 1));
        assert!(covers("::/0", "::1", 1) && !covers("::/0", "1.2.3.4", 1) && covers("0.0.0.0/0", "1.2.3.4", 1));
        assert!(covers("SRV1:1,2", "srv1", 2) && !covers("srv1:1,2", "srv2", 2));
    }
}
