//! What an NTLM CHALLENGE tells about a server, without any credentials.
use rdp_probe_wire::ntlm::{AvId, Challenge, utf16};
use serde::{Deserialize, Serialize};

/// Texts longer than this are cut: no name is, and a peer may send any length.
const MAX_TEXT: usize = 256;

/// The facts of one CHALLENGE. Texts are a peer's: bounded here, escaped by whoever prints them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct NtlmFacts {
    /// MsvAvNbComputerName.
    pub netbios_computer: Option<String>,
    /// MsvAvNbDomainName; the computer's own name in a workgroup.
    pub netbios_domain: Option<String>,
    /// MsvAvDnsComputerName.
    pub dns_computer: Option<String>,
    /// MsvAvDnsDomainName.
    pub dns_domain: Option<String>,
    /// MsvAvDnsTreeName.
    pub dns_tree: Option<String>,
    /// Version: major, minor and build.
    pub build: Option<(u8, u8, u16)>,
    /// MsvAvTimestamp, the server's clock: hundreds of nanoseconds since 1601.
    pub filetime: Option<u64>,
}

impl NtlmFacts {
    /// The facts of a CHALLENGE.
    #[must_use]
    pub fn of(challenge: &Challenge<'_>) -> Self {
        let text = |id: AvId| {
            let value = challenge.av_pairs.find(id)?.value;
            let text: String = utf16(value, MAX_TEXT).collect();
            (!text.is_empty()).then_some(text)
        };
        Self {
            netbios_computer: text(AvId::NB_COMPUTER_NAME),
            netbios_domain: text(AvId::NB_DOMAIN_NAME),
            dns_computer: text(AvId::DNS_COMPUTER_NAME),
            dns_domain: text(AvId::DNS_DOMAIN_NAME),
            dns_tree: text(AvId::DNS_TREE_NAME),
            build: challenge.version.map(|version| (version.major, version.minor, version.build)),
            filetime: challenge.av_pairs.find(AvId::TIMESTAMP).and_then(|pair| {
                <[u8; 8]>::try_from(pair.value).ok().map(u64::from_le_bytes).filter(|time| *time != 0)
            }),
        }
    }

    /// The server's clock in milliseconds since 1970.
    #[must_use]
    pub fn unix_ms(&self) -> Option<i64> {
        const EPOCH: u64 = 116_444_736_000_000_000;
        let since = self.filetime?.checked_sub(EPOCH)?;
        i64::try_from(since / 10_000).ok()
    }

    /// Version and build in words, such as `10.0.20348`.
    #[must_use]
    pub fn build_text(&self) -> Option<String> {
        self.build.map(|(major, minor, build)| format!("{major}.{minor}.{build}"))
    }

    /// Which product has this build: a guess, since client and server editions and later versions share builds.
    #[must_use]
    pub fn product(&self) -> Option<&'static str> {
        Some(match self.build? {
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
            (5, 2, _) => "Windows Server 2003",
            _ => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filetime_is_counted_from_1601() {
        let facts = NtlmFacts { filetime: Some(133_444_736_000_000_000), ..NtlmFacts::default() };
        assert_eq!(facts.unix_ms(), Some(1_700_000_000_000));
        assert_eq!(NtlmFacts { filetime: Some(1), ..NtlmFacts::default() }.unix_ms(), None);
    }

    #[test]
    fn a_build_that_nobody_knows_has_no_product() {
        assert_eq!(NtlmFacts { build: Some((4, 0, 1381)), ..NtlmFacts::default() }.product(), None);
    }
}
