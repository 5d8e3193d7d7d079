//! A TSRequest with an NTLM CHALLENGE, as a server answers the anonymous one ([MS-CSSP] 2.2.1, [MS-NLMP] 2.2.1.2).
use serde::Deserialize;

/// What it says of the server; what is left out is not in it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Challenge {
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
    /// So many letters more in each name.
    #[serde(default)]
    longer: usize,
}

// NTLMSSP_NEGOTIATE_VERSION, _TARGET_INFO, _NTLM, _REQUEST_TARGET, _UNICODE.
const FLAGS: u32 = 0x0280_0205;

impl Challenge {
    /// The message.
    pub(super) fn octets(&self) -> Vec<u8> {
        let token = self.ntlm();
        let negotiation = tlv(0x30, &tlv(0x30, &tlv(0xA0, &tlv(0x04, &token))));
        let version = tlv(0xA0, &tlv(0x02, &[self.credssp]));
        tlv(0x30, &[version, tlv(0xA1, &negotiation)].concat())
    }

    fn ntlm(&self) -> Vec<u8> {
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
        if let Some(clock) = self.clock_unix_ms {
            // MsvAvTimestamp: hundreds of nanoseconds since 1601.
            let filetime = clock.saturating_mul(10_000).saturating_add(116_444_736_000_000_000);
            pairs.extend(pair(7, &filetime.to_le_bytes()));
        }
        pairs.extend(pair(0, &[]));
        let (major, minor, build) = self.version.unwrap_or_default();
        let target = self.netbios_domain.iter().flat_map(|name| name.encode_utf16().flat_map(u16::to_le_bytes));
        let target: Vec<u8> = target.collect();
        let flags = if self.version.is_some() { FLAGS } else { FLAGS & !0x0200_0000 };
        [
            &b"NTLMSSP\0"[..],
            &2_u32.to_le_bytes(), // MessageType: CHALLENGE
            &field(target.len(), HEAD),
            &flags.to_le_bytes(),
            &[0x11; 8], // ServerChallenge
            &[0; 8],    // Reserved
            &field(pairs.len(), HEAD.saturating_add(target.len())),
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

    #[test]
    fn challenge_is_read_as_it_is_written() {
        for longer in [0, 4000] {
            let challenge = Challenge {
                credssp: 6,
                netbios_computer: Some("SRV1".into()),
                netbios_domain: Some("LAB".into()),
                dns_computer: Some("srv1.lab.test".into()),
                dns_domain: None,
                dns_tree: None,
                version: Some((10, 0, 20348)),
                clock_unix_ms: Some(1_700_000_000_000),
                longer,
            };
            let octets = challenge.octets();
            let request = TsRequest::parse(&octets).unwrap();
            assert_eq!((request.version, request.nego_tokens), (6, 1));
            let message = ntlm_in(request.nego_token.unwrap()).unwrap();
            let facts = NtlmFacts::of(&ntlm::Challenge::parse(message).unwrap());
            assert_eq!(facts.build, Some((10, 0, 20348)));
            assert_eq!(facts.unix_ms(), Some(1_700_000_000_000));
            assert!(facts.netbios_computer.unwrap().starts_with("SRV1"));
            assert_eq!(facts.dns_domain, None);
        }
    }
}
