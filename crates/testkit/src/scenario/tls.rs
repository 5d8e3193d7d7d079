//! What a scripted target does in TLS: a handshake, or its first messages in the clear.
use rdp_probe_core::wire::tls::{CipherSuite, Version};
use serde::Deserialize;
use serde::de::Error as _;

use crate::certificate::Kind;

/// A whole handshake; what follows is inside.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Handshake {
    /// The certificate that is shown.
    pub certificate: Kind,
    /// The versions that are spoken: both of them when left out.
    #[serde(default, deserialize_with = "versions")]
    pub versions: Vec<Version>,
    /// Whether the probe has to break it off, because of what the target said in the clear before it.
    #[serde(default)]
    pub broken_off: bool,
    /// With what key it is signed.
    #[serde(default)]
    pub signature: Signature,
    /// With what scheme it is signed: as both ends like best when left out.
    #[serde(default)]
    pub scheme: Option<Scheme>,
}

/// How a handshake is signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "a signature is right, wrong, or beyond whoever checks it")]
pub enum Signature {
    /// With the key of the certificate, where the target holds it.
    #[default]
    Own,
    /// With a key of the same algorithm that is somebody else's: what an impostor can do.
    OtherKey,
    /// With the scheme of SHA-1, which this build cannot check.
    Sha1,
}

/// The schemes that a target can sign with (RFC 8446 section 4.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the specification's names")]
#[expect(clippy::exhaustive_enums, reason = "what rustls can sign with")]
pub enum Scheme {
    RsaPkcs1Sha256,
    RsaPkcs1Sha384,
    RsaPkcs1Sha512,
    RsaPssRsaeSha256,
    RsaPssRsaeSha384,
    RsaPssRsaeSha512,
    EcdsaSecp256r1Sha256,
    EcdsaSecp384r1Sha384,
    Ed25519,
}

impl Handshake {
    /// Whether it is spoken.
    #[must_use]
    pub fn speaks(&self, version: Version) -> bool {
        self.versions.is_empty() || self.versions.contains(&version)
    }
}

/// Which ClientHello it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(clippy::exhaustive_enums, reason = "a probe has these four")]
pub enum Hello {
    /// Of the handshake proper.
    Modern,
    /// Of the TLS scout: offers everything.
    Scout,
    /// Of the TLS scout: as that one, but TLS 1.2 at most.
    Tls12,
    /// Of the TLS scout: TLS 1.0 and nothing newer.
    Reduced,
}

/// Only a hello that offers everything has TLS_RSA_WITH_RC4_128_SHA.
const ANCIENT: [u8; 2] = [0, 5];

/// A hello that offers TLS 1.3 begins with its suites.
const NEW: [u8; 1] = [0x13];

impl Hello {
    /// Which one a record holds; `None` when it is no ClientHello.
    pub(crate) fn of(record: &[u8]) -> Option<Self> {
        // ContentType handshake, version, length; then ClientHello, length, version, random (RFC 8446 section 4.1.2).
        let ([22, outer @ ..], rest) = record.split_first_chunk::<5>()? else { return None };
        let ([1, _, _, _], rest) = rest.split_first_chunk::<4>()? else { return None };
        let (version, rest) = rest.split_first_chunk::<2>()?;
        let (_, rest) = rest.split_first_chunk::<32>()?;
        let (session, rest) = rest.split_first()?;
        let (_, rest) = rest.split_at_checked(usize::from(*session))?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (suites, _) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        let all = suites.chunks_exact(2).any(|suite| suite == ANCIENT);
        Some(match all {
            true if *version == Version::TLS_1_0.0.to_be_bytes() && outer.starts_with(version) => Self::Reduced,
            true if !suites.starts_with(&NEW) => Self::Tls12,
            true => Self::Scout,
            false => Self::Modern,
        })
    }
}

/// ServerHello, and what follows it in the clear: as a server answers that a probe cannot go on with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServerHello {
    #[serde(deserialize_with = "version")]
    version: Version,
    #[serde(deserialize_with = "suite")]
    suite: CipherSuite,
    certificate: Option<Kind>,
    /// The group of the key exchange (RFC 8446 section 4.2.7).
    group: Option<u16>,
    /// How it is signed, before TLS 1.3 (RFC 8446 section 4.2.3).
    #[serde(default, deserialize_with = "scheme")]
    signature: Option<u16>,
}

impl ServerHello {
    /// The records: ServerHello, Certificate and ServerHelloDone; for TLS 1.3 what a middlebox expects after its ServerHello.
    pub(super) fn octets(&self) -> Vec<u8> {
        let new = self.version == Version::TLS_1_3;
        let legacy = if new { Version::TLS_1_2 } else { self.version }.0.to_be_bytes();
        let mut hello = [&legacy[..], &[0xAB; 32], &[0], &self.suite.0.to_be_bytes(), &[0]].concat();
        if new {
            let share: Vec<u8> = self
                .group
                .map(|group| [&[0, 0x33, 0, 5], &group.to_be_bytes()[..], &[0, 1, 4]].concat())
                .unwrap_or_default();
            hello.extend([0, u8::try_from(6 + share.len()).unwrap_or_default()]);
            hello.extend([0, 0x2B, 0, 2, 3, 4]); // supported_versions: TLS 1.3
            hello.extend(share);
        }
        let mut messages = message(2, &hello);
        if !new {
            if let Some(kind) = self.certificate {
                let list: Vec<u8> = kind.chain().iter().flat_map(|der| counted(der)).collect();
                messages.extend(message(11, &counted(&list)));
            }
            if let Some(group) = self.group {
                // A point of one octet, and an empty signature: nobody goes on with them.
                let mut exchange = [&[3][..], &group.to_be_bytes(), &[1, 4]].concat();
                exchange.extend(self.signature.into_iter().flat_map(u16::to_be_bytes));
                messages.extend(message(12, &[&exchange[..], &[0, 0]].concat()));
            }
            messages.extend(message(14, &[]));
        }
        let record = |kind: u8, contents: &[u8]| {
            let length = u16::try_from(contents.len()).unwrap_or(u16::MAX).to_be_bytes();
            [&[kind][..], &legacy, &length, contents].concat()
        };
        let mut records: Vec<u8> = messages.chunks(16_384).flat_map(|part| record(22, part)).collect();
        if new {
            records.extend(record(20, &[1]));
        }
        records
    }
}

/// The octets, with their length in three octets before them.
fn counted(octets: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(octets.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&length[..], octets].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    [&[kind][..], &counted(body)].concat()
}

fn named(text: &str) -> Option<Version> {
    Some(match text {
        "3.0" => Version::SSL_3_0,
        "1.0" => Version::TLS_1_0,
        "1.1" => Version::TLS_1_1,
        "1.2" => Version::TLS_1_2,
        "1.3" => Version::TLS_1_3,
        _ => return None,
    })
}

fn version<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
    let text = String::deserialize(deserializer)?;
    named(&text).ok_or_else(|| {
        D::Error::custom(format_args!("a version is 3.0 (of SSL) or 1.0 to 1.3 (of TLS), not {text:?}"))
    })
}

fn versions<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Vec<Version>, D::Error> {
    let texts = Vec::<String>::deserialize(deserializer)?;
    let spoken = |text: &String| named(text).filter(|version| *version >= Version::TLS_1_2);
    let read: Option<Vec<Version>> = texts.iter().map(spoken).collect();
    read.filter(|versions| !versions.is_empty())
        .ok_or_else(|| D::Error::custom(format_args!("a handshake is of 1.2, 1.3 or both, not {texts:?}")))
}

fn suite<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<CipherSuite, D::Error> {
    let text = String::deserialize(deserializer)?;
    let value = text.strip_prefix("0x").and_then(|digits| u16::from_str_radix(digits, 16).ok());
    value.map(CipherSuite).ok_or_else(|| D::Error::custom(format_args!("a suite is like 0x002F, not {text:?}")))
}

fn scheme<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<u16>, D::Error> {
    suite(deserializer).map(|CipherSuite(value)| Some(value))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdp_probe_core::wire::tls::{FlightEnd, HelloForm, ServerFlight, client_hello};

    fn hello(form: HelloForm) -> Vec<u8> {
        let mut out = Vec::new();
        let [random, session_id, key_share] = [[7; 32]; 3];
        let hello =
            rdp_probe_core::wire::tls::Hello { random, session_id, key_share, server_name: Some("srv1"), form };
        client_hello(&mut out, &hello);
        out
    }

    #[test]
    fn hellos_are_told_apart() {
        assert_eq!(Hello::of(&hello(HelloForm::Full)), Some(Hello::Scout));
        assert_eq!(Hello::of(&hello(HelloForm::Tls12)), Some(Hello::Tls12));
        assert_eq!(Hello::of(&hello(HelloForm::Reduced)), Some(Hello::Reduced));
        let mut modern = hello(HelloForm::Full);
        for pair in (0..modern.len() - 1).filter(|at| modern[*at..*at + 2] == ANCIENT).collect::<Vec<_>>() {
            modern[pair + 1] = 0x0A;
        }
        assert_eq!(Hello::of(&modern), Some(Hello::Modern));
        assert_eq!(Hello::of(b"GET / HTTP/1.1\r\n"), None);
        assert_eq!(Hello::of(&modern[..40]), None);
    }

    #[test]
    fn server_hellos_are_read_as_they_are_written() {
        for (version, certificate, end) in [
            (Version::TLS_1_0, Some(Kind::Good), FlightEnd::Done),
            (Version::TLS_1_2, Some(Kind::Hostile), FlightEnd::Done),
            (Version::TLS_1_2, None, FlightEnd::Done),
            (Version::TLS_1_3, None, FlightEnd::Encrypted),
        ] {
            let octets =
                ServerHello { version, suite: CipherSuite(0x002F), certificate, group: None, signature: None }
                    .octets();
            let flight = ServerFlight::read(&octets);
            let read = flight.hello.unwrap();
            assert_eq!((read.version, read.cipher.0, flight.end), (version, 0x002F, end));
            assert_eq!(flight.certificates.map(|list| list.len()), certificate.map(|kind| kind.chain().len()));
        }
    }
}
