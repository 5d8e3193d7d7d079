//! What a certificate says, read once, without judging it. The checks are rules of the diagnosis, each on its own.
#![expect(clippy::wildcard_enum_match_arm, reason = "of all extensions and names there are, a few matter here")]
use rdp_probe_wire::tls::SignatureScheme;
use serde::{Deserialize, Serialize};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use x509_parser::asn1_rs::Oid;
use x509_parser::certificate::X509CertificateParser;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::nom::Parser as _;
use x509_parser::prelude::{FromDer as _, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::x509::X509Name;

/// The facts of one certificate. Texts are a peer's: bounded here, escaped by whoever prints them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CertificateFacts {
    /// The subject, as `CN=srv1, O=...`.
    pub subject: String,
    /// The common name of the subject.
    pub common_name: Option<String>,
    /// The issuer.
    pub issuer: String,
    /// Serial number in hexadecimal.
    pub serial: String,
    /// DNS names and addresses of the subject alternative names.
    pub names: Vec<String>,
    /// Seconds since 1970 from which on it is valid.
    pub not_before: i64,
    /// Seconds since 1970 until which it is valid.
    pub not_after: i64,
    /// Whether subject and issuer are the same.
    pub self_signed: bool,
    /// The key's algorithm.
    pub key: KeyKind,
    /// The key's size in bits.
    pub key_bits: Option<u32>,
    /// The signature's algorithm, by its name, or its object identifier.
    pub signature: String,
    /// Whether the signature's digest is SHA-1 or MD5.
    pub weak_signature: bool,
    /// X.509 version.
    pub version: u32,
    /// Object identifiers of the extended key usages; `None` without the extension.
    pub extended_key_usage: Option<Vec<String>>,
    /// SHA-1 of the DER, in upper-case hexadecimal: the form of the registry's SSLCertificateSHA1Hash.
    pub sha1: String,
    /// SHA-256 of the DER, in lower-case hexadecimal.
    pub sha256: String,
}

/// The kinds of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KeyKind {
    /// RSA.
    Rsa,
    /// An elliptic curve, by its name or object identifier.
    Ec(String),
    /// Ed25519.
    Ed25519,
    /// Another one, by its object identifier.
    Other(String),
}

impl KeyKind {
    /// The name in reports.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::Rsa => "RSA",
            Self::Ec(curve) => curve,
            Self::Ed25519 => "Ed25519",
            Self::Other(oid) => oid,
        }
    }

    /// The scheme that a handshake of TLS 1.3 is signed with, where such a key leaves no choice (RFC 8446 section 4.2.3, RFC 8734), or
    /// the first of those that are for such keys alone.
    #[must_use]
    pub fn signs_tls_1_3_with(&self) -> Option<SignatureScheme> {
        Some(SignatureScheme(match self.name() {
            "P-256" => 0x0403,
            "P-384" => 0x0503,
            "P-521" => 0x0603,
            "1.3.36.3.3.2.8.1.1.7" => 0x081A,
            "1.3.36.3.3.2.8.1.1.11" => 0x081B,
            "1.3.36.3.3.2.8.1.1.13" => 0x081C,
            "Ed25519" => 0x0807,
            "1.3.101.113" => 0x0808,
            "1.2.840.113549.1.1.10" => 0x0809,
            _ => return None,
        }))
    }
}

/// Texts longer than this are cut: no name is, and a peer may send any length.
const MAX_TEXT: usize = 512;
/// So many names are kept.
const MAX_NAMES: usize = 64;

/// serverAuth.
const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
/// Remote Desktop Authentication.
const REMOTE_DESKTOP: &str = "1.3.6.1.4.1.311.54.1.2";
/// anyExtendedKeyUsage.
const ANY_USAGE: &str = "2.5.29.37.0";

impl CertificateFacts {
    /// Reads a certificate in DER; `None` when it is none.
    #[must_use]
    pub fn read(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let (mut names, mut extended_key_usage) = (Vec::new(), None);
        for extension in certificate.extensions() {
            match extension.parsed_extension() {
                ParsedExtension::SubjectAlternativeName(alternatives) => {
                    names.extend(alternatives.general_names.iter().filter_map(name_of).take(MAX_NAMES));
                }
                ParsedExtension::ExtendedKeyUsage(usage) => extended_key_usage = Some(usages(usage)),
                _ => {}
            }
        }
        let (subject, issuer) = (certificate.subject(), certificate.issuer());
        let (key, key_bits) = key_of(&certificate);
        let algorithm = number(&certificate.signature_algorithm.algorithm);
        let (signature, weak_signature) = signature_of(&algorithm);
        let self_signed = subject.as_raw() == issuer.as_raw();
        let name = rendered(subject);
        let common_name = subject.iter_common_name().next().and_then(|name| name.as_str().ok()).map(text);
        Some(Self {
            issuer: if self_signed { name.clone() } else { rendered(issuer) },
            subject: name,
            common_name,
            serial: serial(certificate.raw_serial()),
            names,
            not_before: certificate.validity().not_before.timestamp(),
            not_after: certificate.validity().not_after.timestamp(),
            self_signed,
            key,
            key_bits,
            signature,
            weak_signature,
            version: certificate.version().0.saturating_add(1),
            extended_key_usage,
            sha1: hex(&Sha1::digest(der)).to_ascii_uppercase(),
            sha256: hex(&Sha256::digest(der)),
        })
    }

    /// Whether subject and issuer of a certificate in DER are the same; `None` when it is none. Cheaper than all facts.
    #[must_use]
    pub fn is_self_issued(der: &[u8]) -> Option<bool> {
        // Two names are wanted, and none of the extensions.
        let (_, certificate) =
            X509CertificateParser::new().with_deep_parse_extensions(false).parse(der).ok()?;
        Some(certificate.subject().as_raw() == certificate.issuer().as_raw())
    }

    /// subjectPublicKey of a certificate in DER: the contents of the BIT STRING, which a logon by CredSSP is bound to. `None` when it is
    /// no certificate.
    #[must_use]
    pub fn subject_public_key(der: &[u8]) -> Option<Vec<u8>> {
        let (_, certificate) =
            X509CertificateParser::new().with_deep_parse_extensions(false).parse(der).ok()?;
        Some(certificate.public_key().subject_public_key.data.to_vec())
    }

    /// Whether one of its names stands for `host`: a DNS name with its wildcards, the NetBIOS form (the first label), or an
    /// address.
    #[must_use]
    pub fn matches(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        let names = self.names.iter().map(String::as_str);
        names.chain(self.common_name.as_deref()).any(|name| stands_for(name, host))
    }

    /// The key in words, such as `RSA 2048`.
    #[must_use]
    pub fn key_text(&self) -> String {
        let bits = self.key_bits.map(|bits| format!(" {bits}")).unwrap_or_default();
        format!("{}{bits}", self.key.name())
    }

    /// Whole days until it expires; negative when it has. `None` when nobody said what time it was.
    #[must_use]
    pub fn days_left(&self, now_unix_ms: i64) -> Option<i64> {
        let now = now_unix_ms.div_euclid(1000);
        (now > 0).then(|| self.not_after.saturating_sub(now).div_euclid(86_400))
    }

    /// Whether its extended key usage, if it has one, allows a Remote Desktop server.
    #[must_use]
    pub fn is_for_servers(&self) -> bool {
        self.extended_key_usage.as_ref().is_none_or(|usages| {
            usages.iter().any(|oid| [SERVER_AUTH, REMOTE_DESKTOP, ANY_USAGE].contains(&oid.as_str()))
        })
    }
}

fn stands_for(name: &str, host: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.eq_ignore_ascii_case(host) {
        return true;
    }
    match (name.strip_prefix("*."), host.split_once('.')) {
        // A wildcard stands for one label.
        (Some(domain), Some((_, rest))) => domain.eq_ignore_ascii_case(rest),
        // Asked by its NetBIOS name, the host shows its full one.
        (None, None) => name.split('.').next().is_some_and(|label| label.eq_ignore_ascii_case(host)),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

fn name_of(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some(text(name)),
        GeneralName::IPAddress(octets) => match **octets {
            [a, b, c, d] => Some(std::net::Ipv4Addr::new(a, b, c, d).to_string()),
            ref other => <[u8; 16]>::try_from(other).ok().map(|v6| std::net::Ipv6Addr::from(v6).to_string()),
        },
        _ => None,
    }
}

fn usages(usage: &x509_parser::extensions::ExtendedKeyUsage<'_>) -> Vec<String> {
    let mut oids: Vec<String> = usage.other.iter().take(MAX_NAMES).map(number).collect();
    oids.extend(usage.any.then(|| ANY_USAGE.to_owned()));
    oids.extend(usage.server_auth.then(|| SERVER_AUTH.to_owned()));
    oids.extend(usage.client_auth.then(|| "1.3.6.1.5.5.7.3.2".to_owned()));
    oids.sort();
    oids
}

fn key_of(certificate: &X509Certificate<'_>) -> (KeyKind, Option<u32>) {
    let info = certificate.public_key();
    let algorithm = number(&info.algorithm.algorithm);
    let bits = |size: usize| u32::try_from(size).ok();
    match info.parsed() {
        Ok(PublicKey::RSA(key)) => (KeyKind::Rsa, bits(key.key_size())),
        Ok(PublicKey::EC(point)) => {
            let curve = info.algorithm.parameters.as_ref().and_then(|any| any.as_oid().ok());
            let curve = curve.map_or_else(|| algorithm.clone(), |oid| number(&oid));
            let (name, size) = match curve.as_str() {
                "1.2.840.10045.3.1.7" => ("P-256", 256),
                "1.3.132.0.34" => ("P-384", 384),
                "1.3.132.0.35" => ("P-521", 521),
                _ => (curve.as_str(), point.key_size()),
            };
            (KeyKind::Ec(name.to_owned()), bits(size))
        }
        Ok(_) | Err(_) if algorithm == "1.3.101.112" => (KeyKind::Ed25519, Some(256)),
        Ok(_) | Err(_) => (KeyKind::Other(algorithm), None),
    }
}

/// The algorithm's name, and whether its digest is no longer safe.
fn signature_of(oid: &str) -> (String, bool) {
    let (name, weak) = match oid {
        "1.2.840.113549.1.1.4" => ("md5WithRSAEncryption", true),
        "1.2.840.113549.1.1.5" => ("sha1WithRSAEncryption", true),
        "1.2.840.113549.1.1.11" => ("sha256WithRSAEncryption", false),
        "1.2.840.113549.1.1.12" => ("sha384WithRSAEncryption", false),
        "1.2.840.113549.1.1.13" => ("sha512WithRSAEncryption", false),
        "1.2.840.113549.1.1.10" => ("rsassaPss", false),
        "1.2.840.10045.4.1" => ("ecdsa-with-SHA1", true),
        "1.2.840.10045.4.3.2" => ("ecdsa-with-SHA256", false),
        "1.2.840.10045.4.3.3" => ("ecdsa-with-SHA384", false),
        "1.2.840.10045.4.3.4" => ("ecdsa-with-SHA512", false),
        "1.3.101.112" => ("ed25519", false),
        other => (other, false),
    };
    (name.to_owned(), weak)
}

fn rendered(name: &X509Name<'_>) -> String {
    text(&name.to_string())
}

/// An object identifier in digits and dots.
fn number(oid: &Oid<'_>) -> String {
    let digits = oid.to_id_string();
    if digits.is_empty() { "unknown".to_owned() } else { text(&digits) }
}

/// A text of bounded length.
fn text(whole: &str) -> String {
    if whole.len() <= MAX_TEXT {
        return whole.to_owned();
    }
    match whole.char_indices().nth(MAX_TEXT) {
        Some((end, _)) => format!("{}...", whole.get(..end).unwrap_or_default()),
        None => whole.to_owned(),
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().flat_map(|octet| digits(*octet)).collect()
}

/// A serial number as `0a:1b`.
fn serial(octets: &[u8]) -> String {
    let mut out = String::new();
    // More could not be kept.
    for octet in octets.iter().take(MAX_TEXT) {
        if !out.is_empty() {
            out.push(':');
        }
        out.extend(digits(*octet));
    }
    text(&out)
}

fn digits(octet: u8) -> [char; 2] {
    [octet >> 4, octet & 0x0f].map(|digit| char::from_digit(u32::from(digit), 16).unwrap_or('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_hosts_with_wildcards_and_in_their_netbios_form() {
        assert!(stands_for("SRV1.lab.test", "srv1.LAB.test"));
        assert!(stands_for("*.lab.test", "srv1.lab.test"));
        assert!(stands_for("srv1.lab.test", "SRV1"));
        assert!(stands_for("192.0.2.7", "192.0.2.7"));
        assert!(stands_for("srv1.lab.test.", "srv1.lab.test"), "a dot at the end says that the name is whole");
        assert!(!stands_for("*.lab.test", "a.srv1.lab.test"));
        assert!(!stands_for("*.lab.test", "lab.test"));
        assert!(!stands_for("srv1.lab.test", "srv2"));
        assert!(!stands_for("srv1.lab.test", "srv1.other.test"));
    }

    #[test]
    fn octets_that_are_no_certificate_give_no_facts() {
        assert_eq!(CertificateFacts::read(b"\x30\x82\xff\xff"), None);
        assert_eq!(CertificateFacts::read(&[]), None);
    }
}
