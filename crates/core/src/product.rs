//! Which product a server is: a guess, from what it says of itself and what it speaks beside.
use rdp_probe_wire::gcc::RdpVersion;
use rdp_probe_wire::nego::{Protocols, ResponseFlags};
use rdp_probe_wire::tls::Version;

use crate::attempt::{Answer, AttemptRecord};
use crate::evidence::Evidence;
use crate::fact::Observed;
use crate::hop::Hop;
use crate::ntlm::NtlmFacts;

/// A product, or what several have in common.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Product {
    /// Windows, of the version that has this build: client and server editions share builds.
    Windows(&'static str),
    /// FreeRDP 2, or what is built on it.
    FreeRdp2,
    /// The same, or Windows in a workgroup: both show this build, and one name in every field.
    FreeRdp2OrWindows,
    /// FreeRDP 3, or what is built on it.
    FreeRdp3,
    /// The same, or Windows in a workgroup.
    FreeRdp3OrWindows,
    /// A server that uses Samba's library.
    Samba,
    /// `IronRDP`, or another server that uses its library.
    IronRdp,
    /// xrdp.
    Xrdp,
    /// None that is known, and no Windows: what it speaks, none of its build does.
    NoWindows,
}

impl Product {
    /// The product in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Windows(name) => name,
            Self::FreeRdp2 => "FreeRDP 2 or a server built on it, such as GNOME Remote Desktop; not Windows",
            Self::FreeRdp2OrWindows => {
                "FreeRDP 2 or a server built on it, such as GNOME Remote Desktop; or Windows 7 or Windows Server 2008 R2 in a workgroup"
            }
            Self::FreeRdp3 => "FreeRDP 3 or a server built on it, such as GNOME Remote Desktop; not Windows",
            Self::FreeRdp3OrWindows => {
                "FreeRDP 3 or a server built on it, such as GNOME Remote Desktop; or Windows 11 in a workgroup"
            }
            Self::Samba => "a server that uses Samba's library; not Windows",
            Self::IronRdp => "IronRDP or a server that uses its library; not Windows",
            Self::Xrdp => "xrdp; not Windows",
            Self::NoWindows => "not Windows: no Windows with this build speaks what this server speaks",
        }
    }

    /// Whether it cannot be Windows.
    #[must_use]
    pub const fn is_no_windows(self) -> bool {
        match self {
            Self::Windows(_) | Self::FreeRdp2OrWindows | Self::FreeRdp3OrWindows => false,
            Self::FreeRdp2 | Self::FreeRdp3 | Self::Samba | Self::IronRdp | Self::Xrdp | Self::NoWindows => {
                true
            }
        }
    }
}

/// What a server shows beside its CHALLENGE.
#[derive(Clone, Copy, Debug, Default)]
struct Beside {
    tls: Option<Version>,
    rdp: Option<RdpVersion>,
    flags: Option<ResponseFlags>,
}

/// RDP 5.0 to 8.1; what is higher came with Windows 10.
const RDP_8_1: u32 = 0x0008_0004;

impl Evidence {
    /// Which product the one that answers at this hop is; `None` where nothing tells.
    #[must_use]
    pub fn product(&self, hop: Hop) -> Option<Product> {
        let beside = if hop == Hop::Target { self.beside() } else { Beside::default() };
        match self.challenge_of(hop) {
            Some((facts, _)) => of_challenge(facts, beside),
            None if hop == Hop::Target => self.is_xrdp(beside).then_some(Product::Xrdp),
            None => None,
        }
    }

    fn beside(&self) -> Beside {
        Beside {
            tls: self.shown_tls().map(|tls| tls.version),
            rdp: self.rdp_version(),
            flags: self.response_flags(),
        }
    }

    /// `version` of the server's core data.
    #[must_use]
    pub fn rdp_version(&self) -> Option<RdpVersion> {
        self.facts().find_map(|fact| {
            if let Observed::ServerCore { version, .. } = fact { Some(*version) } else { None }
        })
    }

    /// Whether the server's version is one that came with Windows 10: it is not too old for anything.
    #[must_use]
    pub fn is_of_rdp_10(&self) -> bool {
        self.rdp_version().is_some_and(|version| version.0 > RDP_8_1)
    }

    /// xrdp has TLS as new as its library, the version of RDP 5 and one flag alone, and the reference that the specification's example has: no
    /// Windows has all of these.
    fn is_xrdp(&self, beside: Beside) -> bool {
        let last = self.path().last();
        let reference = last
            .into_iter()
            .flat_map(AttemptRecord::facts)
            .any(|fact| *fact == Observed::SourceReference(0x1234));
        let selected = matches!(self.answer(), Some(Answer::Selected { protocol: Protocols::SSL, .. }));
        let flags = beside.flags == Some(ResponseFlags::EXTENDED_CLIENT_DATA_SUPPORTED);
        let old = beside.rdp.is_none_or(|version| version.0 == RDP_8_1);
        selected && reference && flags && old && beside.tls >= Some(Version::TLS_1_3)
    }
}

fn of_challenge(facts: &NtlmFacts, beside: Beside) -> Option<Product> {
    let build = facts.build?;
    let contradicts = contradicts(build, beside);
    let credential_guard = ResponseFlags::REDIRECTED_AUTHENTICATION_MODE_SUPPORTED;
    Some(match build {
        // No Windows has a build 0.
        (6, 1, 0) => Product::Samba,
        (10, 0, 17_763) if !facts.has_names() => Product::IronRdp,
        (6, 1, 7601) if facts.has_one_name() => match contradicts {
            true => Product::FreeRdp2,
            false => Product::FreeRdp2OrWindows,
        },
        (10, 0, 22_631) if facts.has_one_name() => match beside.flags {
            _ if contradicts => Product::FreeRdp3,
            Some(flags) if flags.contains(credential_guard) => Product::Windows(windows(build)?),
            Some(_) => Product::FreeRdp3,
            None => Product::FreeRdp3OrWindows,
        },
        _ if contradicts => Product::NoWindows,
        _ => Product::Windows(windows(build)?),
    })
}

/// Whether no Windows with this build speaks what this server speaks.
fn contradicts((major, minor, build): (u8, u8, u16), beside: Beside) -> bool {
    // Windows Server 2022 is the first (Schannel's documentation of TLS 1.3).
    let tls = beside.tls >= Some(Version::TLS_1_3) && (major, minor, build) < (10, 0, 20_348);
    // [MS-RDPBCGR] 2.2.1.4.2, and its note on product behaviour: each version of RDP 10 belongs to a version of Windows 10 or later.
    let rdp = beside.rdp.is_some_and(|version| (version.0 > RDP_8_1) != (major >= 10));
    // Network Level Authentication came with Windows Vista; a CHALLENGE is seen in it alone.
    tls || rdp || major < 6
}

/// Which Windows has this build.
fn windows(build: (u8, u8, u16)) -> Option<&'static str> {
    Some(match build {
        (10, 0, 26_100..) => "Windows Server 2025 or Windows 11 24H2 or later",
        (10, 0, 22_000..) => "Windows 11",
        (10, 0, 20_348) => "Windows Server 2022",
        (10, 0, 19_041..20_348) => "Windows 10 2004 or later",
        (10, 0, 17_763) => "Windows Server 2019 or Windows 10 1809",
        (10, 0, 14_393) => "Windows Server 2016 or Windows 10 1607",
        (10, 0, _) => "Windows 10",
        (6, 3, 9600) => "Windows Server 2012 R2 or Windows 8.1",
        (6, 2, 9200) => "Windows Server 2012 or Windows 8",
        (6, 1, _) => "Windows Server 2008 R2 or Windows 7",
        (6, 0, _) => "Windows Server 2008 or Windows Vista",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(build: (u8, u8, u16), names: [Option<&str>; 4]) -> NtlmFacts {
        let [computer, domain, dns, dns_domain] = names.map(|name| name.map(str::to_owned));
        NtlmFacts {
            build: Some(build),
            netbios_computer: computer,
            netbios_domain: domain,
            dns_computer: dns,
            dns_domain,
            ..NtlmFacts::default()
        }
    }

    const ONE: [Option<&str>; 4] = [Some("HOST42"), Some("HOST42"), Some("host42"), None];
    const DOMAIN: [Option<&str>; 4] = [Some("SRV1"), Some("LAB"), Some("srv1.lab.test"), Some("lab.test")];
    const NONE: [Option<&str>; 4] = [None; 4];
    const TLS_1_2: Beside = Beside { tls: Some(Version::TLS_1_2), rdp: None, flags: None };
    const TLS_1_3: Beside = Beside { tls: Some(Version::TLS_1_3), ..TLS_1_2 };

    #[test]
    fn constants_of_libraries_are_named_as_such() {
        let cases = [
            ((6, 1, 7601), ONE, TLS_1_3, Product::FreeRdp2),
            ((6, 1, 7601), ONE, TLS_1_2, Product::FreeRdp2OrWindows),
            ((6, 1, 7601), DOMAIN, TLS_1_2, Product::Windows("Windows Server 2008 R2 or Windows 7")),
            ((6, 1, 7601), DOMAIN, TLS_1_3, Product::NoWindows),
            ((10, 0, 22_631), ONE, TLS_1_3, Product::FreeRdp3OrWindows),
            ((10, 0, 22_631), ONE, Beside { flags: Some(ResponseFlags(0x0B)), ..TLS_1_3 }, Product::FreeRdp3),
            (
                (10, 0, 22_631),
                ONE,
                Beside { flags: Some(ResponseFlags(0x1F)), ..TLS_1_3 },
                Product::Windows("Windows 11"),
            ),
            ((10, 0, 22_631), DOMAIN, TLS_1_3, Product::Windows("Windows 11")),
            ((6, 1, 0), DOMAIN, TLS_1_2, Product::Samba),
            ((6, 1, 0), NONE, Beside::default(), Product::Samba),
            ((10, 0, 17_763), NONE, TLS_1_3, Product::IronRdp),
            ((10, 0, 17_763), DOMAIN, TLS_1_2, Product::Windows("Windows Server 2019 or Windows 10 1809")),
            ((10, 0, 17_763), DOMAIN, TLS_1_3, Product::NoWindows),
            ((10, 0, 20_348), DOMAIN, TLS_1_3, Product::Windows("Windows Server 2022")),
            ((5, 2, 3790), DOMAIN, Beside::default(), Product::NoWindows),
        ];
        for (build, names, beside, product) in cases {
            assert_eq!(
                of_challenge(&facts(build, names), beside),
                Some(product),
                "{build:?} {names:?} {beside:?}"
            );
            assert_eq!(product.is_no_windows(), product.name().contains("not Windows"), "{product:?}");
        }
    }

    #[test]
    fn version_of_rdp_belongs_to_the_build() {
        let rdp = |version| Beside { rdp: Some(RdpVersion(version)), ..TLS_1_2 };
        for (build, version, contradictory) in [
            ((6, 3, 9600), 0x0008_0004, false),
            ((6, 3, 9600), 0x0008_0005, true),
            ((10, 0, 14_393), 0x0008_0004, true),
            ((10, 0, 14_393), 0x0008_0007, false),
        ] {
            let product = of_challenge(&facts(build, DOMAIN), rdp(version)).unwrap();
            assert_eq!(product == Product::NoWindows, contradictory, "{build:?} {version:X}");
        }
    }

    #[test]
    fn build_that_nobody_knows_has_no_product() {
        assert_eq!(of_challenge(&facts((7, 0, 1), DOMAIN), TLS_1_2), None);
        assert_eq!(of_challenge(&NtlmFacts::default(), TLS_1_3), None);
    }
}
