//! What a server sends while licensing is under way.
//!
//! \[MS-RDPBCGR\] 2.2.1.12, \[MS-RDPELE\] 2.2.2; server to client, little-endian.
use nom::IResult;

use super::error_alert::{ErrorAlert, alert};
use super::license_request::{LicenseRequest, request};
use super::preamble::{
    self, ERROR_ALERT, LICENSE_REQUEST, NEW_LICENSE, PLATFORM_CHALLENGE, PREAMBLE, UPGRADE_LICENSE,
};
use crate::fault::{Fault, Layer, Problem, WireError, bad, fixed, inside, read};
use crate::security_header::{SecurityFlags, security_header};

/// A message of licensing, by `bMsgType` of its preamble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LicenseMessage<'a> {
    /// LICENSE_REQUEST (\[MS-RDPELE\] 2.2.2.1).
    LicenseRequest(LicenseRequest<'a>),
    /// PLATFORM_CHALLENGE (\[MS-RDPELE\] 2.2.2.4), of which the type alone is read: who sends it issues licences.
    PlatformChallenge,
    /// NEW_LICENSE (\[MS-RDPELE\] 2.2.2.7), of which the type alone is read.
    NewLicense,
    /// UPGRADE_LICENSE (\[MS-RDPELE\] 2.2.2.6), of which the type alone is read.
    UpgradeLicense,
    /// ERROR_ALERT (\[MS-RDPBCGR\] 2.2.1.12.1.3): an error, or the word that no licence is needed.
    ErrorAlert(ErrorAlert),
    /// Another one, by its type.
    Other(u8),
    /// Encrypted by Standard RDP Security, so that it cannot be read: not even of which type it is.
    Encrypted,
}

impl<'a> LicenseMessage<'a> {
    /// Reads the data of an MCS Send Data Indication, basic security header included; octets behind the message are ignored.
    ///
    /// # Errors
    /// [`WireError`] naming the field when it is cut, is no message of licensing, or its lengths disagree with what is there.
    pub fn parse(data: &'a [u8]) -> Result<Self, WireError> {
        read(Layer::License, data, message)
    }
}

fn message(i: &[u8]) -> IResult<&[u8], LicenseMessage<'_>, Fault> {
    let (at, header) = security_header(i)?;
    // Servers set others beside it.
    if !header.flags.contains(SecurityFlags::LICENSE_PKT) {
        return bad(i, "flags", Problem::Value(u32::from(header.flags.0)));
    }
    if header.flags.contains(SecurityFlags::ENCRYPT) {
        return Ok((at, LicenseMessage::Encrypted));
    }
    let (after, &[message_type, _flags, s0, s1]) = fixed::<{ preamble::LEN }>(at, PREAMBLE)?;
    // What it says has its place whatever the lengths say, and is not lost to a wrong one.
    if message_type == ERROR_ALERT {
        let (rest, alert) = alert(after)?;
        return Ok((rest, LicenseMessage::ErrorAlert(alert)));
    }
    let size = u16::from_le_bytes([s0, s1]);
    let contents = usize::from(size).checked_sub(preamble::LEN);
    let Some((contents, rest)) = contents.and_then(|length| after.split_at_checked(length)) else {
        return bad(at.get(2..).unwrap_or_default(), "wMsgSize", Problem::Length(u32::from(size)));
    };
    let message = match message_type {
        LICENSE_REQUEST => {
            let request = inside(contents, rest, |i| request(i).map(|(_, request)| request))?;
            LicenseMessage::LicenseRequest(request)
        }
        PLATFORM_CHALLENGE => LicenseMessage::PlatformChallenge,
        NEW_LICENSE => LicenseMessage::NewLicense,
        UPGRADE_LICENSE => LicenseMessage::UpgradeLicense,
        other => LicenseMessage::Other(other),
    };
    Ok((rest, message))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::super::error_alert::{LicenseErrorCode, StateTransition};
    use super::super::license_request::{KeyExchangeAlgorithm, Scopes};
    use super::*;
    use crate::mcs::SendDataIndication;
    use crate::server_certificate::{CertificateKind, ServerCertificate};

    /// What xrdp 0.9.21 sent to everybody, with stand-ins for modulus and signature.
    fn golden() -> Vec<u8> {
        let company: Vec<u8> = b"Microsoft Corporation\0".iter().flat_map(|octet| [*octet, 0]).collect();
        [
            &[0x80, 0, 0x3E, 1, 1, 2, 0x3E, 1][..], // flags, flagsHi; bMsgType, flags, wMsgSize: 318
            b"\x7B\x3C\x31\xA6\xAE\xE8\x74\xF6\xB4\xA5\x03\x90\xE7\xC2\xC7\x39", // ServerRandom
            b"\xBA\x53\x1C\x30\x54\x6E\x90\x05\xD0\x05\xCE\x44\x18\x91\x83\x81",
            &[0, 0, 4, 0, 44, 0, 0, 0], // dwVersion: 4.0, cbCompanyName
            &company,
            b"\x08\0\0\x002\x003\x006\0\0\0", // cbProductId, pbProductId
            &[0x0D, 0, 4, 0, 1, 0, 0, 0, 3, 0, 184, 0], // KeyExchangeList, ServerCertificate
            &[1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 6, 0, 92, 0], // dwVersion to wPublicKeyBlobLen
            b"RSA1\x48\0\0\0\0\x02\0\0\x3F\0\0\0\x01\0\x01\0", // magic to pubExp
            &[0x5B; 64],                      // modulus
            &[0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 72, 0], // its padding, and the signature's head
            &[0xA5; 72],
            b"\x01\0\0\0\x0E\0\x0E\0microsoft.com\0", // ScopeCount, ScopeArray
        ]
        .concat()
    }

    fn request_of(data: &[u8]) -> LicenseRequest<'_> {
        let Ok(LicenseMessage::LicenseRequest(request)) = LicenseMessage::parse(data) else {
            panic!("{:?}", LicenseMessage::parse(data))
        };
        request
    }

    const fn alert(code: u32, transition: u32) -> LicenseMessage<'static> {
        let (code, transition) = (LicenseErrorCode(code), StateTransition(transition));
        LicenseMessage::ErrorAlert(ErrorAlert { code, transition })
    }

    #[test]
    fn valid_client_is_read_as_each_server_sends_it() {
        let whole: [&[u8]; 4] = [
            // xrdp 0.9.21: size in flagsHi, version 2, another type of blob.
            b"\x03\0\0\x22\x02\xF0\x80\x68\0\x07\x03\xEB\x70\x14\x80\0\x10\0\xFF\x02\x10\0\x07\0\0\0\x02\0\0\0\x28\x14\0\0",
            // FreeRDP's shadow server, ironrdp.
            b"\x03\0\0\x23\x02\xF0\x80\x68\0\x08\x03\xEB\x70\x80\x14\x80\0\0\0\xFF\x03\x10\0\x07\0\0\0\x02\0\0\0\x04\0\0\0",
            b"\x03\0\0\x22\x02\xF0\x80\x68\0\x01\x03\xEB\x70\x14\x80\0\0\0\xFF\x03\x10\0\x07\0\0\0\x02\0\0\0\x04\0\0\0",
            // A server of several sessions: SEC_LICENSE_ENCRYPT_CS beside SEC_LICENSE_PKT.
            b"\x03\0\0\x22\x02\xF0\x80\x68\0\x01\x03\xEB\x70\x14\x80\x02\0\0\xFF\x03\x10\0\x07\0\0\0\x02\0\0\0\x04\0\0\0",
        ];
        for pdu in whole {
            let data = SendDataIndication::parse(pdu).unwrap().data;
            assert_eq!(LicenseMessage::parse(data), Ok(alert(7, 2)), "{pdu:02X?}");
        }
    }

    #[test]
    fn alert_is_read_whatever_its_headers_and_its_blob_say() {
        for garbage in 0..=u8::MAX {
            let data = [
                0x80, garbage, garbage, garbage, // flags, flagsHi
                0xFF, garbage, garbage, garbage, // bMsgType, flags, wMsgSize
                7, 0, 0, 0, 2, 0, 0, 0, // dwErrorCode, dwStateTransition
                garbage, garbage, garbage, garbage, // bbErrorInfo
            ];
            for len in 16..=data.len() {
                assert_eq!(LicenseMessage::parse(&data[..len]), Ok(alert(7, 2)), "{garbage:#X}");
            }
        }
        let unknown = *b"\x80\0\0\0\xFF\x03\x10\0\xEF\xBE\xAD\xDE\xFF\xFF\xFF\xFF\x04\0\0\0";
        assert_eq!(LicenseMessage::parse(&unknown), Ok(alert(0xDEAD_BEEF, u32::MAX)));
        let abort = *b"\x80\0\0\0\xFF\x03\x10\0\x06\0\0\0\x01\0\0\0\x04\0\0\0";
        assert_eq!(LicenseMessage::parse(&abort), Ok(alert(6, 1)));
    }

    #[test]
    fn alert_cut_anywhere_names_the_field() {
        let data = *b"\x80\0\0\0\xFF\x03\x10\0\x07\0\0\0\x02\0\0\0";
        let fields = [
            (0..2, "flags", 0),
            (2..4, "flagsHi", 2),
            (4..5, "bMsgType", 4),
            (5..6, "preamble flags", 5),
            (6..8, "wMsgSize", 6),
            (8..12, "dwErrorCode", 8),
            (12..16, "dwStateTransition", 12),
        ];
        for (lengths, field, offset) in fields {
            for len in lengths {
                let error = LicenseMessage::parse(&data[..len]).unwrap_err();
                assert_eq!((error.layer, error.problem), (Layer::License, Problem::Cut), "{len}");
                assert_eq!((error.field, error.offset, error.len), (field, offset, len));
            }
        }
    }

    #[test]
    fn what_is_encrypted_says_so_and_what_is_no_licensing_is_none() {
        for flags in [0x88, 0x8A] {
            assert_eq!(LicenseMessage::parse(&[flags, 0x02, 2, 3]), Ok(LicenseMessage::Encrypted));
        }
        // Set Error Info 7.
        let share = *b"\x16\0\x17\0\xEA\x03\xEA\x03\x01\0\0\x01\x08\0\x2F\0\0\0\x07\0\0\0";
        let error = LicenseMessage::parse(&share).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("flags", 0, Problem::Value(0x16)));
    }

    #[test]
    fn messages_whose_type_is_enough_are_told_by_it() {
        let types = [
            (2, LicenseMessage::PlatformChallenge),
            (3, LicenseMessage::NewLicense),
            (4, LicenseMessage::UpgradeLicense),
            (0x13, LicenseMessage::Other(0x13)),
        ];
        for (message_type, expected) in types {
            let data = [0x80, 0, 0, 0, message_type, 3, 5, 0, 0xAA, 0xBB];
            assert_eq!(LicenseMessage::parse(&data), Ok(expected));
            for size in [0, 3, 7, 0xFF] {
                let mut lying = data;
                lying[6] = size;
                let error = LicenseMessage::parse(&lying).unwrap_err();
                let problem = Problem::Length(u32::from(size));
                assert_eq!((error.field, error.offset, error.problem), ("wMsgSize", 6, problem));
            }
        }
    }

    #[test]
    fn license_request_of_xrdp_gives_out_all_that_it_says() {
        let data = golden();
        let request = request_of(&data);
        assert_eq!((request.server_random[0], request.server_random[31]), (0x7B, 0x81));
        assert_eq!(request.product.version, 0x0004_0000);
        let company: Vec<u8> = b"Microsoft Corporation".iter().flat_map(|octet| [*octet, 0]).collect();
        assert_eq!(
            (request.product.company_name, request.product.product_id),
            (&*company, &b"2\x003\x006\0"[..])
        );
        assert!(request.key_exchange.iter().eq([KeyExchangeAlgorithm::RSA]));
        let certificate = ServerCertificate::parse(request.certificate).unwrap();
        assert_eq!((certificate.kind, certificate.key_bits()), (CertificateKind::Proprietary, Some(512)));
        assert_eq!(request.scopes.count(), 1);
        assert!(request.scopes.iter().eq([&b"microsoft.com"[..]]));
    }

    #[test]
    fn license_request_cut_anywhere_is_a_fault_and_what_follows_it_is_ignored() {
        let mut data = golden();
        for len in 0..data.len() {
            let error = LicenseMessage::parse(&data[..len]).unwrap_err();
            assert!(error.len == len && error.offset <= len && !error.field.is_empty(), "{error:?}");
        }
        data.extend([0xFF; 8]);
        assert_eq!(request_of(&data).scopes.count(), 1);
    }

    #[test]
    fn license_request_whose_size_cuts_it_names_the_field_that_was_cut() {
        let whole = golden();
        let ends = [
            (4, "ServerRandom", 8, None),
            (36, "dwVersion", 40, None),
            (43, "cbCompanyName", 44, None),
            (44, "cbCompanyName", 44, Some(44)),
            (88, "cbProductId", 92, None),
            (95, "cbProductId", 92, Some(8)),
            (101, "KeyExchangeList wBlobType", 104, None),
            (103, "KeyExchangeList wBlobLen", 106, None),
            (104, "KeyExchangeList wBlobLen", 106, Some(4)),
            (108, "ServerCertificate wBlobType", 112, None),
            (295, "ServerCertificate wBlobLen", 114, Some(184)),
            (296, "ScopeCount", 300, None),
            (300, "ScopeCount", 300, Some(1)),
            (304, "ScopeArray wBlobLen", 306, Some(14)),
        ];
        for (size, field, offset, lying) in ends {
            let mut data = whole.clone();
            data[6..8].copy_from_slice(&u16::to_le_bytes(size));
            let error = LicenseMessage::parse(&data).unwrap_err();
            let problem = lying.map_or(Problem::Cut, Problem::Length);
            assert_eq!((error.field, error.offset, error.problem), (field, offset, problem), "{size}");
        }
    }

    #[test]
    fn lengths_and_types_that_lie_are_named() {
        let cases: [(usize, &[u8], &str, usize, Problem); 8] = [
            (44, &[0xFF; 4], "cbCompanyName", 44, Problem::Length(u32::MAX)),
            (92, &[0xFF; 4], "cbProductId", 92, Problem::Length(u32::MAX)),
            (104, &[9], "KeyExchangeList wBlobType", 104, Problem::Value(9)),
            (106, &[3], "KeyExchangeList wBlobLen", 106, Problem::Length(3)),
            (112, &[9], "ServerCertificate wBlobType", 112, Problem::Value(9)),
            (114, &[0xFF, 0xFF], "ServerCertificate wBlobLen", 114, Problem::Length(0xFFFF)),
            (300, &[0xFF; 4], "ScopeCount", 300, Problem::Length(u32::MAX)),
            (306, &[0xFF], "ScopeArray wBlobLen", 306, Problem::Length(0xFF)),
        ];
        for (at, octets, field, offset, problem) in cases {
            let mut data = golden();
            data[at..at + octets.len()].copy_from_slice(octets);
            let error = LicenseMessage::parse(&data).unwrap_err();
            assert_eq!((error.field, error.offset, error.problem), (field, offset, problem));
        }
    }

    /// The golden request without its certificate, with other scopes.
    fn scoped(count: u32, scopes: &[u8]) -> Vec<u8> {
        let mut data = golden();
        data.truncate(112);
        data.extend([0xFF, 0xFF, 0, 0]); // ServerCertificate, of any type where it is left out
        data.extend(count.to_le_bytes());
        data.extend_from_slice(scopes);
        let size = u16::try_from(data[4..].len()).unwrap();
        data[6..8].copy_from_slice(&size.to_le_bytes());
        data
    }

    #[test]
    fn certificate_that_is_left_out_is_empty_whatever_its_type() {
        assert_eq!(request_of(&scoped(0, &[])).certificate, &[0; 0]);
    }

    #[test]
    fn ten_thousand_scopes_are_counted_and_sixteen_looked_at() {
        let mut scopes = [0x0E, 0, 2, 0, b'a', 0].repeat(16);
        scopes.extend([0xFF; 39_936]);
        let data = scoped(10_000, &scopes);
        let request = request_of(&data);
        assert_eq!((request.scopes.count(), request.scopes.iter().count()), (10_000, 16));
        assert!(request.scopes.iter().all(|scope| scope == b"a") && Scopes::MOST == 16);
        let one_more = scoped(10_009, &scopes);
        let error = LicenseMessage::parse(&one_more).unwrap_err();
        assert_eq!((error.field, error.problem), ("ScopeCount", Problem::Length(10_009)));
    }
}
