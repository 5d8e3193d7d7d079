//! An MCS Connect Response with the server's data blocks ([MS-RDPBCGR] 2.2.1.4), and a Set Error Info PDU (2.2.5.1.1).
use rdp_probe_core::wire::nego::Protocols;
use serde::Deserialize;

use super::text::mask;

/// What it says; what is left out is as a server with TLS has it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ConnectResponse {
    /// `version` of SC_CORE.
    #[serde(default = "version")]
    version: u32,
    /// `clientRequestedProtocols` of SC_CORE; without it the block ends before.
    #[serde(default, deserialize_with = "mask")]
    requested: Option<Protocols>,
    /// `earlyCapabilityFlags` of SC_CORE; only with `requested`.
    early_flags: Option<u32>,
    /// `encryptionMethod` of SC_SECURITY.
    #[serde(default)]
    method: u32,
    /// `encryptionLevel` of SC_SECURITY.
    #[serde(default)]
    level: u32,
    /// The size of the proprietary key, when there is a method.
    #[serde(default = "key_bits")]
    key_bits: u16,
    /// `result` of the Connect Response: another one than 0 stands alone.
    #[serde(default)]
    result: u8,
    /// `result` of the conference.
    #[serde(default)]
    conference: u8,
}

/// RDP 10.7.
const fn version() -> u32 {
    0x0008_000C
}

const fn key_bits() -> u16 {
    2048
}

impl ConnectResponse {
    /// The message.
    pub(super) fn octets(&self) -> Vec<u8> {
        let result = [0x0A, 1, self.result];
        if self.result != 0 {
            return packet(&[&[0x7F, 0x66, 3][..], &result].concat());
        }
        let blocks = self.blocks();
        let length = u16::try_from(blocks.len()).unwrap_or(0x3FFF) | 0x8000;
        let conference = [
            &[0, 5, 0, 0x14, 0x7C, 0, 1, 0x2A, 0x14, 0x76, 0x0A, 1, 1][..], // key, connectPDU, nodeID, tag
            &[(self.conference & 7) << 4, 1, 0xC0, 0],
            b"McDn",
            &length.to_be_bytes(),
            &blocks,
        ]
        .concat();
        // Windows' parameters.
        let parameters =
            [0x30, 0x1A, 2, 1, 0x22, 2, 1, 3, 2, 1, 0, 2, 1, 1, 2, 1, 0, 2, 1, 1, 2, 3, 0, 0xFF, 0xF8, 2, 1, 2];
        let body = [&result[..], &[2, 1, 0], &parameters, &element(&[4], &conference)].concat();
        packet(&element(&[0x7F, 0x66], &body))
    }

    fn blocks(&self) -> Vec<u8> {
        let mut core = self.version.to_le_bytes().to_vec();
        if let Some(requested) = self.requested {
            core.extend(requested.0.to_le_bytes());
            core.extend(self.early_flags.into_iter().flat_map(u32::to_le_bytes));
        }
        let mut security = [self.method.to_le_bytes(), self.level.to_le_bytes()].concat();
        if self.method != 0 {
            let certificate = self.certificate();
            let length = u32::try_from(certificate.len()).unwrap_or(u32::MAX);
            security.extend([32_u32.to_le_bytes(), length.to_le_bytes()].concat());
            security.extend([0x5A; 32]);
            security.extend(certificate);
        }
        [block(0x0C01, &core), block(0x0C03, &[0xEB, 3, 0, 0]), block(0x0C02, &security)].concat()
    }

    /// PROPRIETARYSERVERCERTIFICATE ([MS-RDPBCGR] 2.2.1.4.3.1.1).
    fn certificate(&self) -> Vec<u8> {
        let octets = self.key_bits.div_ceil(8);
        let key = octets.saturating_add(8);
        let mut certificate = vec![1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 6, 0];
        certificate.extend(key.saturating_add(20).to_le_bytes());
        certificate.extend(b"RSA1");
        for value in [key, self.key_bits, octets.saturating_sub(1)] {
            certificate.extend(u32::from(value).to_le_bytes());
        }
        certificate.extend([1, 0, 1, 0]);
        certificate.extend(std::iter::repeat_n(0xA5, usize::from(octets)));
        certificate.extend([0; 8]);
        certificate.extend([8, 0, 72, 0]);
        certificate.extend([0xC3; 72]);
        certificate
    }
}

/// Set Error Info on the I/O channel.
pub(super) fn error_info(code: u32) -> Vec<u8> {
    let data = [
        &[0x16, 0, 0x17, 0, 0xEA, 3][..], // totalLength 22, PDUTYPE_DATAPDU, pduSource
        &[0xEA, 3, 1, 0, 0, 1, 8, 0, 0x2F, 0, 0, 0], // shareId, streamId, length, PDUTYPE2_SET_ERROR_INFO_PDU
        &code.to_le_bytes(),
    ]
    .concat();
    packet(&[&[0x68, 0, 1, 3, 0xEB, 0x70, 0x16][..], &data].concat())
}

/// TPKT and X.224 Data.
pub(super) fn packet(mcs: &[u8]) -> Vec<u8> {
    let length = u16::try_from(mcs.len()).unwrap_or(u16::MAX).saturating_add(7);
    [&[3, 0][..], &length.to_be_bytes(), &[2, 0xF0, 0x80], mcs].concat()
}

/// An element of BER, with its length in two octets.
fn element(tag: &[u8], contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len()).unwrap_or(u16::MAX);
    [tag, &[0x82], &length.to_be_bytes(), contents].concat()
}

/// Type, length, and what it holds.
fn block(kind: u16, contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len()).unwrap_or(u16::MAX).saturating_add(4);
    [&kind.to_le_bytes()[..], &length.to_le_bytes(), contents].concat()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdp_probe_core::wire::gcc::{EncryptionLevel, EncryptionMethods};
    use rdp_probe_core::wire::mcs;
    use rdp_probe_core::wire::server_certificate::ServerCertificate;
    use rdp_probe_core::wire::share::{ErrorInfo, ServerMessage};

    fn response(text: &str) -> Vec<u8> {
        toml::from_str::<ConnectResponse>(text).unwrap().octets()
    }

    #[test]
    fn response_is_read_as_it_is_written() {
        let octets = response("requested = \"0x0B\"\nearly_flags = 8\nmethod = 2\nlevel = 3\nkey_bits = 512");
        let conference = mcs::ConnectResponse::parse(&octets).unwrap().conference.unwrap();
        let core = conference.blocks.core.unwrap();
        assert_eq!((core.version.name(), core.requested_protocols), (Some("10.7"), Some(Protocols(0x0B))));
        let security = conference.blocks.security.unwrap();
        assert_eq!((security.method, security.level), (EncryptionMethods::BITS_128, EncryptionLevel::HIGH));
        assert_eq!(security.random.len(), 32);
        assert_eq!(security.certificate.len(), 184);
        assert_eq!(ServerCertificate::parse(security.certificate).unwrap().key_bits(), Some(512));
    }

    #[test]
    fn refusals_are_read_as_they_are_written() {
        let alone = response("result = 14");
        assert_eq!(mcs::ConnectResponse::parse(&alone).unwrap().result.0, 14);
        let conference = response("conference = 2");
        assert_eq!(mcs::ConnectResponse::parse(&conference).unwrap().conference.unwrap().result.0, 2);
    }

    #[test]
    fn error_info_is_read_as_it_is_written() {
        let octets = error_info(0x112F);
        assert_eq!(ServerMessage::parse(&octets), Ok(ServerMessage::SetErrorInfo(ErrorInfo(0x112F))));
    }
}
