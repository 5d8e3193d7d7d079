//! The hand-made ClientHello: offers everything a server might still speak, for its answer alone. No handshake follows.
//!
//! RFC 8446 section 4.1.2, RFC 5246 section 7.4.1.2; client to server, big-endian.
use alloc::vec::Vec;

use super::cipher_suite::CipherSuite;
use super::version::Version;

/// Which hello to make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "ours to decide")]
pub enum HelloForm {
    /// TLS 1.0 to 1.3, every suite.
    Full,
    /// The full one without TLS 1.3, in which a server shows its certificate to nobody but who goes on.
    Tls12,
    /// TLS 1.0 alone and nothing newer: for servers, and paths, that fall over the full one.
    Reduced,
}

/// What a form is made of.
struct Parts {
    version: Version,
    suites: &'static [&'static [CipherSuite]],
    groups: &'static [u8],
    // Not before TLS 1.2 (RFC 5246 section 7.4.1.4.1).
    signatures: &'static [u8],
    tls_1_3: bool,
}

impl HelloForm {
    const fn parts(self) -> Parts {
        let (version, groups, signatures) = (Version::TLS_1_2, GROUPS, SIGNATURES);
        match self {
            Self::Full => Parts { version, suites: &[FULL, REDUCED, LAST], groups, signatures, tls_1_3: true },
            Self::Tls12 => Parts { version, suites: &[REDUCED, LAST], groups, signatures, tls_1_3: false },
            Self::Reduced => Parts {
                version: Version::TLS_1_0,
                suites: &[REDUCED],
                groups: REDUCED_GROUPS,
                signatures: &[],
                tls_1_3: false,
            },
        }
    }
}

/// What goes into a [`client_hello`]. All randomness comes from the caller.
#[derive(Clone, Copy, Debug)]
#[expect(clippy::exhaustive_structs, reason = "all of it is the caller's to choose")]
pub struct Hello<'a> {
    /// `random`.
    pub random: [u8; 32],
    /// `legacy_session_id`: as a middlebox expects it (RFC 8446 appendix D.4); only the full form sends one.
    pub session_id: [u8; 32],
    /// The x25519 share: any octets are one, and no secret is ever drawn from it. Only the full form sends one.
    pub key_share: [u8; 32],
    /// A DNS name for the extension server_name; an address is none. Empty, or longer than DNS allows, it is left out.
    pub server_name: Option<&'a str>,
    /// Which hello.
    pub form: HelloForm,
}

/// The longest name that DNS has, in octets (RFC 1035 section 2.3.4).
const MAX_NAME: usize = 255;

/// The suites of TLS 1.2 and earlier that are offered, best first.
pub(crate) const REDUCED: &[CipherSuite] = &suites([
    0xC02C, 0xC02B, 0xC030, 0xC02F, 0xCCA9, 0xCCA8, // ECDHE with AEAD
    0xC024, 0xC023, 0xC028, 0xC027, 0xC00A, 0xC009, 0xC014, 0xC013, // ECDHE with CBC
    0x009F, 0x009E, 0x006B, 0x0067, 0x0039, 0x0033, // DHE
    0x009D, 0x009C, 0x003D, 0x003C, 0x0035, 0x002F, 0x000A, // RSA key exchange
    0x0005, 0x0004, // RC4
]);

/// The suites that only a server has a use for that has nothing else, which the full form offers last.
pub(crate) const LAST: &[CipherSuite] = &suites([
    0x0015, 0x0009, 0x0014, 0x0008, 0x0006, 0x0003, // DES, EXPORT
    0x003B, 0x0002, 0x0001, // NULL
]);

/// The suites of TLS 1.3, which the full form offers before those.
pub(crate) const FULL: &[CipherSuite] = &suites([0x1301, 0x1302, 0x1303]);

/// Whether the full form offers this suite.
#[must_use]
pub fn is_offered(suite: CipherSuite) -> bool {
    [FULL, REDUCED, LAST].iter().any(|suites| suites.contains(&suite))
}

const fn suites<const N: usize>(values: [u16; N]) -> [CipherSuite; N] {
    let mut suites = [CipherSuite(0); N];
    let (mut to, mut from): (&mut [CipherSuite], &[u16]) = (&mut suites, &values);
    while let ([slot, slots @ ..], [value, values @ ..]) = (to, from) {
        *slot = CipherSuite(*value);
        (to, from) = (slots, values);
    }
    suites
}

// Extensions without the server_name, as they go out: type, length, contents.
const REDUCED_GROUPS: &[u8] = &[
    0x00, 0x0A, 0x00, 0x0A, // supported_groups (RFC 8422 section 5.1.1): 10
    0x00, 0x08, 0x00, 0x1D, 0x00, 0x17, 0x00, 0x18, 0x00, 0x19, // x25519, secp256r1, secp384r1, secp521r1
];
const GROUPS: &[u8] = &[
    0x00, 0x0A, 0x00, 0x20, // supported_groups (RFC 8446 section 4.2.7): 32
    0x00, 0x1E, 0x00, 0x1D, 0x00, 0x17, 0x00, 0x18, 0x00, 0x19, // x25519, secp256r1, secp384r1, secp521r1
    0x00, 0x1E, 0x00, 0x1A, 0x00, 0x1B, 0x00, 0x1C, 0x00, 0x16, 0x00,
    0x15, // x448, brainpool, secp256k1, secp224r1
    0x01, 0x00, 0x01, 0x01, 0x01, 0x02, 0x01, 0x03, 0x01, 0x04, // ffdhe2048 to ffdhe8192
];
const POINT_FORMATS: &[u8] = &[
    0x00, 0x0B, 0x00, 0x02, 0x01, 0x00, // ec_point_formats: uncompressed
];
const SIGNATURES: &[u8] = &[
    0x00, 0x0D, 0x00, 0x32, 0x00, 0x30, // signature_algorithms (RFC 8446 section 4.2.3): 50
    0x04, 0x03, 0x08, 0x04, 0x04, 0x01, // SHA-256: ECDSA, PSS, PKCS #1
    0x05, 0x03, 0x08, 0x05, 0x05, 0x01, // SHA-384
    0x06, 0x03, 0x08, 0x06, 0x06, 0x01, // SHA-512
    0x08, 0x07, 0x08, 0x08, // Ed25519, Ed448
    0x08, 0x09, 0x08, 0x0A, 0x08, 0x0B, // PSS with a key that is for it alone
    0x08, 0x1A, 0x08, 0x1B, 0x08, 0x1C, // brainpool
    0x04, 0x02, 0x03, 0x03, 0x03, 0x01, // DSA with SHA-256; SHA-224: ECDSA, PKCS #1
    0x02, 0x03, 0x02, 0x01, 0x02, 0x02, // SHA-1: ECDSA, RSA, DSA
    0x01, 0x01, // MD5
];
const RENEGOTIATION: &[u8] = &[
    0x00, 0x17, 0x00, 0x00, // extended_main_secret (RFC 7627)
    0xFF, 0x01, 0x00, 0x01, 0x00, // renegotiation_info (RFC 5746): none before
];
const VERSIONS: &[u8] = &[
    0x00, 0x2B, 0x00, 0x09, 0x08, // supported_versions (RFC 8446 section 4.2.1): 9
    0x03, 0x04, 0x03, 0x03, 0x03, 0x02, 0x03, 0x01, // TLS 1.3, 1.2, 1.1, 1.0
    0x00, 0x2D, 0x00, 0x02, 0x01, 0x01, // psk_key_exchange_modes: psk_dhe_ke
];
const KEY_SHARE: &[u8] = &[
    0x00, 0x33, 0x00, 0x26, 0x00, 0x24, // key_share (RFC 8446 section 4.2.8): 38
    0x00, 0x1D, 0x00, 0x20, // x25519, 32
];

/// Appends the record with the ClientHello to `out`. It is shorter than 600 octets in any case: one segment on any path.
pub fn client_hello(out: &mut Vec<u8>, hello: &Hello<'_>) {
    let parts = hello.form.parts();
    // Old stacks look at the record's version first.
    out.push(0x16);
    out.extend(Version::TLS_1_0.0.to_be_bytes());
    counted::<2>(out, |out| {
        out.push(1 /* client_hello */);
        counted::<3>(out, |out| {
            out.extend(parts.version.0.to_be_bytes());
            out.extend(hello.random);
            counted::<1>(out, |out| {
                if parts.tls_1_3 {
                    out.extend(hello.session_id);
                }
            });
            counted::<2>(out, |out| {
                let suites = parts.suites.iter().copied().flatten();
                out.extend(suites.flat_map(|suite| suite.0.to_be_bytes()));
            });
            out.extend([1, 0]); // legacy_compression_methods: null
            counted::<2>(out, |out| extensions(out, hello, &parts));
        });
    });
}

fn extensions(out: &mut Vec<u8>, hello: &Hello<'_>, parts: &Parts) {
    if let Some(name) = hello.server_name.filter(|name| (1..=MAX_NAME).contains(&name.len())) {
        out.extend([0x00, 0x00]); // server_name (RFC 6066 section 3)
        counted::<2>(out, |out| {
            counted::<2>(out, |out| {
                out.push(0 /* host_name */);
                counted::<2>(out, |out| out.extend(name.bytes()));
            });
        });
    }
    out.extend(parts.groups);
    out.extend(POINT_FORMATS);
    out.extend(parts.signatures);
    out.extend(RENEGOTIATION);
    if parts.tls_1_3 {
        out.extend(VERSIONS);
        out.extend(KEY_SHARE);
        out.extend(hello.key_share);
    }
}

/// Writes what `body` writes, and before it its length in `WIDTH` octets.
fn counted<const WIDTH: usize>(out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let at = out.len();
    out.extend([0; WIDTH]);
    let start = out.len();
    body(out);
    // All of it is shorter than 600 octets.
    let length = u32::try_from(out.len().saturating_sub(start)).unwrap_or_default().to_be_bytes();
    let low = length.iter().skip(length.len().saturating_sub(WIDTH));
    for (slot, octet) in out.iter_mut().skip(at).zip(low) {
        *slot = *octet;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tls::record::{RECORD_HEADER, record};
    use crate::tpkt::Frame;

    fn made(form: HelloForm, server_name: Option<&str>) -> Vec<u8> {
        let mut out = Vec::new();
        let hello =
            Hello { random: [0xAA; 32], session_id: [0xBB; 32], key_share: [0xCC; 32], server_name, form };
        client_hello(&mut out, &hello);
        out
    }

    fn extension(hello: &[u8], wanted: u16) -> Option<&[u8]> {
        // Behind the headers, version and random: session, suites and compression, each with its length.
        let rest = &hello[RECORD_HEADER + 4 + 2 + 32..];
        let rest = &rest[1 + usize::from(rest[0])..];
        let rest = &rest[2 + usize::from(u16::from_be_bytes([rest[0], rest[1]]))..];
        let rest = &rest[1 + usize::from(rest[0])..];
        let (length, mut rest) = rest.split_at(2);
        assert_eq!(usize::from(u16::from_be_bytes([length[0], length[1]])), rest.len());
        while let [t0, t1, l0, l1, data @ ..] = rest {
            let (data, after) = data.split_at(usize::from(u16::from_be_bytes([*l0, *l1])));
            if u16::from_be_bytes([*t0, *t1]) == wanted {
                return Some(data);
            }
            rest = after;
        }
        None
    }

    #[test]
    fn every_offered_suite_has_a_name() {
        for suite in FULL.iter().chain(REDUCED).chain(LAST) {
            assert!(suite.name().is_some(), "{suite:?}");
        }
    }

    #[test]
    fn every_hello_is_one_record_with_one_message_in_it() {
        for form in [HelloForm::Full, HelloForm::Tls12, HelloForm::Reduced] {
            for name in [None, Some("srv1.lab.test"), Some("")] {
                let hello = made(form, name);
                assert_eq!(record(&hello), Frame::Whole(hello.len()));
                assert_eq!(hello[..3], [0x16, 0x03, 0x01]);
                assert_eq!(hello[5], 1, "client_hello");
                let length = u32::from_be_bytes([0, hello[6], hello[7], hello[8]]);
                assert_eq!(usize::try_from(length).unwrap() + RECORD_HEADER + 4, hello.len());
            }
        }
    }

    #[test]
    fn full_hello_offers_every_version_and_every_suite() {
        let hello = made(HelloForm::Full, Some("srv1.lab.test"));
        assert_eq!(hello[9..11], [0x03, 0x03], "legacy_version");
        assert_eq!(hello[11..43], [0xAA; 32], "random");
        assert_eq!((hello[43], &hello[44..76]), (32, &[0xBB; 32][..]), "session");
        assert_eq!(hello[76..84], [0x00, 0x52, 0x13, 0x01, 0x13, 0x02, 0x13, 0x03], "41 suites");
        assert_eq!(extension(&hello, 0x2B), Some(&[8, 3, 4, 3, 3, 3, 2, 3, 1][..]), "supported_versions");
        let share = extension(&hello, 0x33).unwrap();
        assert_eq!(
            (&share[..6], &share[6..]),
            (&[0, 0x24, 0, 0x1D, 0, 0x20][..], &[0xCC; 32][..]),
            "key_share"
        );
        assert_eq!(extension(&hello, 0), Some(&b"\x00\x10\x00\x00\x0Dsrv1.lab.test"[..]), "server_name");
        for wanted in [0x0A, 0x0B, 0x0D, 0x17, 0x2D, 0xFF01] {
            assert!(extension(&hello, wanted).is_some(), "{wanted:04X}");
        }
    }

    #[test]
    fn hello_of_tls_1_2_is_the_full_one_without_what_is_of_tls_1_3() {
        let (hello, full) = (made(HelloForm::Tls12, None), made(HelloForm::Full, None));
        assert_eq!(hello[9..11], [0x03, 0x03], "client_version");
        assert_eq!(hello[43], 0, "session");
        assert_eq!(hello[44..48], [0x00, 0x4C, 0xC0, 0x2C], "38 suites");
        for absent in [0, 0x2B, 0x2D, 0x33] {
            assert_eq!(extension(&hello, absent), None, "{absent:04X}");
        }
        for same in [0x0A, 0x0B, 0x0D, 0x17, 0xFF01] {
            assert_eq!(extension(&hello, same), extension(&full, same), "{same:04X}");
        }
    }

    #[test]
    fn reduced_hello_has_nothing_of_tls_1_3_and_fits_any_path() {
        let hello = made(HelloForm::Reduced, None);
        assert_eq!(hello[9..11], [0x03, 0x01], "client_version");
        assert_eq!(hello[43], 0, "session");
        assert_eq!(hello[44..48], [0x00, 0x3A, 0xC0, 0x2C], "29 suites");
        for absent in [0, 0x0D, 0x2B, 0x2D, 0x33] {
            assert_eq!(extension(&hello, absent), None, "{absent:04X}");
        }
        assert!(hello.len() <= 256, "{}", hello.len());
    }

    #[test]
    fn name_that_dns_cannot_have_is_left_out() {
        let (fits, long) = ("n".repeat(MAX_NAME), "n".repeat(MAX_NAME + 1));
        assert!(extension(&made(HelloForm::Full, Some(&fits)), 0).is_some());
        assert_eq!(made(HelloForm::Full, Some(&long)), made(HelloForm::Full, None));
        assert!(made(HelloForm::Full, Some(&fits)).len() < 600);
    }

    #[test]
    fn hello_is_appended_to_what_is_there() {
        let mut out = b"before".to_vec();
        let hello = Hello {
            random: [0; 32],
            session_id: [0; 32],
            key_share: [0; 32],
            server_name: None,
            form: HelloForm::Full,
        };
        client_hello(&mut out, &hello);
        assert_eq!(record(&out[6..]), Frame::Whole(out.len() - 6));
    }
}
