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

    fn names(&self) -> impl Iterator<Item = &str> {
        let names = [&self.netbios_computer, &self.netbios_domain, &self.dns_computer, &self.dns_domain];
        names.into_iter().filter_map(|name| name.as_deref())
    }

    /// Whether it has any name.
    pub(crate) fn has_names(&self) -> bool {
        self.names().next().is_some()
    }

    /// Whether it has one name in every field that it has, and more than one of these.
    pub(crate) fn has_one_name(&self) -> bool {
        let mut names = self.names();
        let Some(first) = names.next() else { return false };
        names.next().is_some_and(|next| next.eq_ignore_ascii_case(first))
            && names.all(|name| name.eq_ignore_ascii_case(first))
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
}
