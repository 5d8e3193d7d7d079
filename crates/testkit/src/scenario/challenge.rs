//! A TSRequest with an NTLM CHALLENGE, as a server answers the anonymous one ([MS-CSSP] 2.2.1, [MS-NLMP] 2.2.1.2).
use serde::de::Error as _;
use serde::{Deserialize, Deserializer};

/// What it says of the server; what is left out is not in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Challenge {
    /// `version` of the TSRequest.
    credssp: u8,
    netbios_computer: Option<String>,
    netbios_domain: Option<String>,
    dns_computer: Option<String>,
    dns_domain: Option<String>,
    dns_tree: Option<String>,
    /// Major, minor, build.
    version: Option<(u8, u8, u16)>,
    /// Milliseconds since 1970.
    clock_unix_ms: Option<u64>,
    /// The clock is as far ahead of the player's, in milliseconds, when the message is sent; in place of `clock_unix_ms`.
    clock_ahead_ms: Option<i64>,
    /// Without the flag for Unicode, which the toy context wants.
    #[serde(default)]
    unusable: bool,
    /// So many letters more in each name.
    #[serde(default)]
    longer: usize,
}

/// A challenge whose clock is the player's or its own.
pub(super) fn one_clock<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Box<Challenge>, D::Error> {
    let challenge = Box::<Challenge>::deserialize(deserializer)?;
    if challenge.has_two_clocks() {
        return Err(D::Error::custom("a challenge has clock_unix_ms or clock_ahead_ms, not both"));
    }
    Ok(challenge)
}

/// What a Windows server sets: 56, KEY_EXCH, 128, VERSION, TARGET_INFO, EXTENDED_SESSIONSECURITY, TARGET_TYPE_DOMAIN, ALWAYS_SIGN, NTLM,
/// SEAL, SIGN, REQUEST_TARGET, and of the character sets Unicode ([MS-NLMP] 2.2.2.5).
const FLAGS: u32 = 0xE289_8235;
const UNICODE: u32 = 1;

impl Challenge {
    /// The message, as it is sent at this time by the player's clock.
    pub(crate) fn octets(&self, now_unix_ms: i64) -> Vec<u8> {
        let ahead = self.clock_ahead_ms.map(|ahead| now_unix_ms.saturating_add(ahead));
        let token = self.ntlm(self.clock_unix_ms.or_else(|| u64::try_from(ahead?).ok()));
        let negotiation = tlv(0x30, &tlv(0x30, &tlv(0xA0, &tlv(0x04, &token))));
        let version = tlv(0xA0, &tlv(0x02, &[self.credssp]));
        tlv(0x30, &[version, tlv(0xA1, &negotiation)].concat())
    }

    /// The NTLM message in it, without a clock.
    pub(crate) fn token(&self) -> Vec<u8> {
        self.ntlm(None)
    }

    /// Whether it has two clocks, which cannot both be right.
    const fn has_two_clocks(&self) -> bool {
        self.clock_unix_ms.is_some() && self.clock_ahead_ms.is_some()
    }

    fn ntlm(&self, clock_unix_ms: Option<u64>) -> Vec<u8> {
        // MsvAvNbDomainName 2, MsvAvNbComputerName 1, MsvAvDnsDomainName 4, MsvAvDnsComputerName 3, MsvAvDnsTreeName 5.
        let names = [
            (2, &self.netbios_domain),
            (1, &self.netbios_computer),
            (4, &self.dns_domain),
            (3, &self.dns_computer),
            (5, &self.dns_tree),
        ];
        let mut pairs = Vec::new();
        for (id, name) in names.into_iter().filter_map(|(id, name)| Some((id, name.as_ref()?))) {
            let value =
                name.encode_utf16().chain(std::iter::repeat_n(0x61, self.longer)).flat_map(u16::to_le_bytes);
            pairs.extend(pair(id, &value.collect::<Vec<u8>>()));
        }
        if let Some(clock) = clock_unix_ms {
            // MsvAvTimestamp: hundreds of nanoseconds since 1601.
            let filetime = clock.saturating_mul(10_000).saturating_add(116_444_736_000_000_000);
            pairs.extend(pair(7, &filetime.to_le_bytes()));
        }
        pairs.extend(pair(0, &[]));
        let (major, minor, build) = self.version.unwrap_or_default();
        let target = self.netbios_domain.iter().flat_map(|name| name.encode_utf16().flat_map(u16::to_le_bytes));
        let target: Vec<u8> = target.collect();
        let flags = if self.version.is_some() { FLAGS } else { FLAGS & !0x0200_0000 };
        let flags = if self.unusable { flags & !UNICODE } else { flags };
        [
            &b"NTLMSSP\0"[..],
            &2_u32.to_le_bytes(), // MessageType: CHALLENGE
            &field(target.len(), HEAD),
            &flags.to_le_bytes(),
            &[0x11; 8], // ServerChallenge
            &[0; 8],    // Reserved
            &field(pairs.len(), HEAD + target.len()),
            &[major, minor],
            &build.to_le_bytes(),
            &[0, 0, 0, 15], // Reserved, NTLMRevisionCurrent
            &target,
            &pairs,
        ]
        .concat()
    }
}

/// Octets before the payload.
const HEAD: usize = 56;

/// Len, MaxLen, BufferOffset.
fn field(len: usize, offset: usize) -> [u8; 8] {
    let [a, b] = u16::try_from(len).unwrap_or(u16::MAX).to_le_bytes();
    let [c, d, e, f] = u32::try_from(offset).unwrap_or(u32::MAX).to_le_bytes();
    [a, b, a, b, c, d, e, f]
}

/// AV_PAIR.
fn pair(id: u16, value: &[u8]) -> Vec<u8> {
    let length = u16::try_from(value.len()).unwrap_or(u16::MAX);
    [&id.to_le_bytes()[..], &length.to_le_bytes(), value].concat()
}

/// An element of DER.
fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
    let length = u32::try_from(contents.len()).unwrap_or(u32::MAX).to_be_bytes();
    let significant: Vec<u8> = length.into_iter().skip_while(|octet| *octet == 0).collect();
    let long = u8::try_from(significant.len()).unwrap_or_default();
    let head = match significant.as_slice() {
        [] => vec![0],
        [short @ ..=0x7F] => vec![*short],
        _ => [&[0x80 | long][..], &significant].concat(),
    };
    [&[tag][..], &head, contents].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdp_probe_core::NtlmFacts;
    use rdp_probe_core::wire::credssp::{TsRequest, ntlm_in};
    use rdp_probe_core::wire::ntlm;

    fn facts(octets: &[u8]) -> NtlmFacts {
        let request = TsRequest::parse(octets).unwrap();
        assert_eq!((request.version, request.nego_tokens), (6, 1));
        let message = ntlm_in(request.nego_token.unwrap()).unwrap();
        NtlmFacts::of(&ntlm::Challenge::parse(message).unwrap())
    }

    const SERVER: Challenge = Challenge {
        credssp: 6,
        netbios_computer: None,
        netbios_domain: None,
        dns_computer: None,
        dns_domain: None,
        dns_tree: None,
        version: Some((10, 0, 20348)),
        clock_unix_ms: None,
        clock_ahead_ms: None,
        unusable: false,
        longer: 0,
    };

    #[test]
    fn challenge_is_read_as_it_is_written() {
        for longer in [0, 4000] {
            let challenge = Challenge {
                netbios_computer: Some("SRV1".into()),
                netbios_domain: Some("LAB".into()),
                dns_computer: Some("srv1.lab.test".into()),
                clock_unix_ms: Some(1_700_000_000_000),
                longer,
                ..SERVER
            };
            let facts = facts(&challenge.octets(0));
            assert_eq!(facts.build, Some((10, 0, 20348)));
            assert_eq!(facts.unix_ms(), Some(1_700_000_000_000));
            assert!(facts.netbios_computer.unwrap().starts_with("SRV1"));
            assert_eq!(facts.dns_domain, None);
        }
    }

    #[test]
    fn clock_that_is_ahead_follows_the_players() {
        let ahead = |ahead| Challenge { clock_ahead_ms: Some(ahead), ..SERVER };
        let clock = |ahead_ms, now| facts(&ahead(ahead_ms).octets(now)).unix_ms();
        assert_eq!(clock(40_000, 1_700_000_000_000), Some(1_700_000_040_000));
        assert_eq!(clock(-60_000, 1_800_000_000_000), Some(1_799_999_940_000));
        assert_eq!(clock(-60_000, 0), None, "before 1970 there is no clock");
        assert!(!ahead(0).has_two_clocks());
        assert!(Challenge { clock_unix_ms: Some(0), ..ahead(0) }.has_two_clocks());
    }
}
