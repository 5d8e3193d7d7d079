//! ServerHello: the version and the cipher suite that a server chooses.
//!
//! RFC 8446 section 4.1.3, RFC 5246 section 7.4.1.3; server to client.
use core::borrow::Borrow as _;

use super::cipher_suite::CipherSuite;
use super::named_group::NamedGroup;
use super::spliced::{Piece, Stretch};
use super::version::Version;
use crate::fault::{Fault, Layer, Layout, Problem, WireError, locate};

/// ServerHello, or the HelloRetryRequest that has its form (RFC 8446 section 4.1.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct ServerHello {
    /// The version chosen: `selected_version` of the extension supported_versions, or else `legacy_version`.
    pub version: Version,
    /// `legacy_version`.
    pub legacy_version: Version,
    /// `cipher_suite`.
    pub cipher: CipherSuite,
    /// The group chosen, in TLS 1.3: of the extension key_share.
    pub group: Option<NamedGroup>,
    /// Octets in `legacy_session_id_echo`.
    pub session_id_len: u8,
    /// Whether this is a HelloRetryRequest, told by its `random`.
    pub is_hello_retry_request: bool,
}

const HEADER: Layout = &[("msg_type", 1), ("length", 3)];
const HEAD: Layout = &[("legacy_version", 2), ("random", 32), ("legacy_session_id_echo", 1)];
const SUITE: Layout = &[("cipher_suite", 2), ("legacy_compression_method", 1)];
const EXTENSIONS: Layout = &[("extensions", 2)];
const EXTENSION: Layout = &[("extension_type", 2), ("extension_data", 2)];

/// `msg_type`.
pub(crate) const SERVER_HELLO: u8 = 2;
const SUPPORTED_VERSIONS: u16 = 43;
const KEY_SHARE: u16 = 51;
const MAX_SESSION_ID: usize = 32;

/// `random` of a HelloRetryRequest: SHA-256 of "HelloRetryRequest".
const HELLO_RETRY_REQUEST: [u8; 32] = [
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, //
    0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
];

impl ServerHello {
    /// Reads a whole handshake message, its header of four octets included, without the record around it; octets after it
    /// are ignored.
    ///
    /// # Errors
    /// [`WireError`] when it is another message or cut, when `length` or a length in it disagrees with what is there, or when
    /// the extension supported_versions does not hold one version or comes twice.
    pub fn parse(message: &[u8]) -> Result<Self, WireError> {
        read_message(Piece::new(message, 0)).map_err(|fault| locate(Layer::Tls, message, fault))
    }
}

fn read_message<'a, S: Stretch<'a>>(message: S) -> Result<ServerHello, Fault> {
    let (header, rest) = message.fixed(HEADER)?;
    let &[kind, a, b, c] = header.borrow();
    if kind != SERVER_HELLO {
        return Err(message.fault("msg_type", Problem::Value(u32::from(kind))));
    }
    let length = u32::from_be_bytes([0, a, b, c]);
    match usize::try_from(length).ok().and_then(|length| rest.split(length)) {
        Some((body, _)) => server_hello(body),
        None => Err(message.fault_at(1, "length", Problem::Length(length))),
    }
}

/// The body of the message.
pub(crate) fn server_hello<'a, S: Stretch<'a>>(body: S) -> Result<ServerHello, Fault> {
    let (head, rest) = body.fixed::<35>(HEAD)?;
    let &[v0, v1, ref random @ .., session_id_len] = head.borrow();
    let id = usize::from(session_id_len);
    let Some((_, rest)) = rest.split(id).filter(|_| id <= MAX_SESSION_ID) else {
        return Err(body.fault_at(34, "legacy_session_id_echo", Problem::Length(u32::from(session_id_len))));
    };
    let (suite, rest) = rest.fixed(SUITE)?;
    let &[c0, c1, _compression] = suite.borrow();
    let legacy_version = Version(u16::from_be_bytes([v0, v1]));
    // Up to TLS 1.2 a message may end here (RFC 5246 section 7.4.1.3).
    let chosen = if rest.len() == 0 { Chosen::default() } else { chosen(rest)? };
    Ok(ServerHello {
        version: chosen.version.unwrap_or(legacy_version),
        legacy_version,
        cipher: CipherSuite(u16::from_be_bytes([c0, c1])),
        group: chosen.group,
        session_id_len,
        is_hello_retry_request: *random == HELLO_RETRY_REQUEST,
    })
}

/// What the extensions say.
#[derive(Default)]
struct Chosen {
    /// `selected_version`.
    version: Option<Version>,
    /// `group` of the server's share, or `selected_group` of a HelloRetryRequest.
    group: Option<NamedGroup>,
}

/// What the extensions say, as far as they are there. Every one's length is checked, known or not.
fn chosen<'a, S: Stretch<'a>>(block: S) -> Result<Chosen, Fault> {
    let (chunk, mut rest) = block.fixed(EXTENSIONS)?;
    let length = u16::from_be_bytes(*chunk.borrow());
    if usize::from(length) != rest.len() {
        return Err(block.fault("extensions", Problem::Length(u32::from(length))));
    }
    let mut chosen = Chosen::default();
    while rest.len() > 0 {
        let (chunk, data) = rest.fixed(EXTENSION)?;
        let &[t0, t1, l0, l1] = chunk.borrow();
        let length = u16::from_be_bytes([l0, l1]);
        let Some((data, after)) = data.split(usize::from(length)) else {
            return Err(rest.fault_at(2, "extension_data", Problem::Length(u32::from(length))));
        };
        let kind = u16::from_be_bytes([t0, t1]);
        if kind == KEY_SHARE {
            let Some((chunk, _)) = data.chunk::<2>() else {
                return Err(rest.fault_at(2, "extension_data", Problem::Length(u32::from(length))));
            };
            chosen.group = Some(NamedGroup(u16::from_be_bytes(*chunk.borrow())));
        } else if kind == SUPPORTED_VERSIONS {
            let (Some((chunk, _)), 2) = (data.chunk::<2>(), data.len()) else {
                return Err(rest.fault_at(2, "extension_data", Problem::Length(u32::from(length))));
            };
            if chosen.version.replace(Version(u16::from_be_bytes(*chunk.borrow()))).is_some() {
                return Err(rest.fault("extension_type", Problem::Value(u32::from(SUPPORTED_VERSIONS))));
            }
        }
        rest = after;
    }
    Ok(chosen)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// What OpenSSL answers to the full hello when it has TLS 1.3, without its key share.
    pub(crate) const TLS_1_3: [u8; 82] = [
        0x02, 0x00, 0x00, 0x4E, // server_hello, 78
        0x03, 0x03, // legacy_version: TLS 1.2
        0x77, 0x64, 0x3D, 0x36, 0x6C, 0x6D, 0x93, 0x5B, 0x7F, 0x2D, 0x17, 0xEF, 0xE3, 0xC5, 0x04,
        0xC8, // random
        0x0C, 0x6D, 0x39, 0x82, 0xD3, 0x0B, 0x94, 0xD4, 0x77, 0x8E, 0xE6, 0xDD, 0x5F, 0x26, 0x4E, 0xA3, //
        0x20, // legacy_session_id_echo: 32
        0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, //
        0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, 0xBB, //
        0x13, 0x02, // cipher_suite: TLS_AES_256_GCM_SHA384
        0x00, // legacy_compression_method
        0x00, 0x06, // extensions: 6
        0x00, 0x2B, 0x00, 0x02, 0x03, 0x04, // supported_versions: TLS 1.3
    ];

    /// What a server of TLS 1.1 without extensions answers.
    pub(crate) const TLS_1_1: [u8; 42] = [
        0x02, 0x00, 0x00, 0x26, // server_hello, 38
        0x03, 0x02, // server_version: TLS 1.1
        0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A,
        0x5A, // random
        0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, //
        0x00, // session_id: none
        0x00, 0x2F, // cipher_suite: TLS_RSA_WITH_AES_128_CBC_SHA
        0x00, // compression_method
    ];

    #[test]
    fn version_of_tls_1_3_stands_in_the_extension() {
        let hello = ServerHello::parse(&TLS_1_3).unwrap();
        assert_eq!((hello.version, hello.legacy_version), (Version::TLS_1_3, Version::TLS_1_2));
        assert_eq!(hello.cipher.name(), Some("TLS_AES_256_GCM_SHA384"));
        assert_eq!((hello.session_id_len, hello.is_hello_retry_request), (32, false));
    }

    #[test]
    fn hello_without_extensions_has_the_version_in_front() {
        let hello = ServerHello::parse(&TLS_1_1).unwrap();
        assert_eq!((hello.version, hello.legacy_version), (Version::TLS_1_1, Version::TLS_1_1));
        assert_eq!((hello.cipher, hello.session_id_len), (CipherSuite(0x002F), 0));
    }

    #[test]
    fn hello_retry_request_is_told_by_its_random() {
        let mut retry = TLS_1_3;
        retry[6..38].copy_from_slice(&HELLO_RETRY_REQUEST);
        assert!(ServerHello::parse(&retry).unwrap().is_hello_retry_request);
        retry[37] ^= 1;
        assert!(!ServerHello::parse(&retry).unwrap().is_hello_retry_request);
    }

    #[test]
    fn unknown_version_and_suite_survive() {
        let mut hello = TLS_1_1;
        hello[4..6].copy_from_slice(&[0x09, 0x99]);
        hello[39..41].copy_from_slice(&[0xFA, 0xFA]);
        let hello = ServerHello::parse(&hello).unwrap();
        assert_eq!((hello.version, hello.version.name()), (Version(0x0999), None));
        assert_eq!(hello.cipher, CipherSuite(0xFAFA));
    }

    #[test]
    fn every_cut_is_a_length_that_lies_and_every_honest_cut_names_the_field() {
        for len in 4..TLS_1_3.len() {
            let error = ServerHello::parse(&TLS_1_3[..len]).unwrap_err();
            assert_eq!((error.field, error.offset, error.problem), ("length", 1, Problem::Length(78)));
            let mut cut = TLS_1_3;
            cut[3] = u8::try_from(len - 4).unwrap();
            match ServerHello::parse(&cut[..len]) {
                // The extensions are gone and nothing tells that they were there.
                Ok(hello) => assert_eq!((len, hello.version), (74, Version::TLS_1_2)),
                Err(error) => assert!(!error.field.is_empty() && error.offset <= len, "{len}: {error:?}"),
            }
        }
        let error = ServerHello::parse(&[2, 0, 0]).unwrap_err();
        assert_eq!((error.layer, error.field, error.offset), (Layer::Tls, "length", 1));
    }

    #[test]
    fn lengths_inside_that_disagree_are_named_at_their_offset() {
        for (at, value, field, offset, problem) in [
            (0, 0x0B, "msg_type", 0, 0x0B),
            (38, 33, "legacy_session_id_echo", 38, 33),
            (75, 7, "extensions", 74, 7),
            (75, 5, "extensions", 74, 5),
            (79, 3, "extension_data", 78, 3),
            (79, 1, "extension_data", 78, 1),
        ] {
            let mut hello = TLS_1_3;
            hello[at] = value;
            let error = ServerHello::parse(&hello).unwrap_err();
            assert_eq!((error.field, error.offset), (field, offset), "octet {at}");
            assert!(
                matches!(error.problem, Problem::Value(found) | Problem::Length(found) if found == problem)
            );
        }
    }

    #[test]
    fn two_versions_are_one_too_many() {
        let mut hello = [0; 88];
        hello[..82].copy_from_slice(&TLS_1_3);
        hello[82..].copy_from_slice(&TLS_1_3[76..]);
        (hello[3], hello[75]) = (84, 12);
        let error = ServerHello::parse(&hello).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("extension_type", 82, Problem::Value(43)));
    }

    #[test]
    fn octet_after_the_compression_method_is_half_of_a_length_and_not_nothing() {
        let mut hello = [0; 43];
        hello[..42].copy_from_slice(&TLS_1_1);
        hello[3] = 39;
        let error = ServerHello::parse(&hello).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("extensions", 42, Problem::Cut));
    }
}
