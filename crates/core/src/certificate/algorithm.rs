//! What the object identifiers of keys and signatures mean.
use rdp_probe_wire::tls::SignatureScheme;
use serde::{Deserialize, Serialize};
use x509_parser::asn1_rs::{Integer, Tag};
use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::{PublicKey, RSAPublicKey};
use x509_parser::signature_algorithm::RsaSsaPssParams;
use x509_parser::x509::{AlgorithmIdentifier, SubjectPublicKeyInfo};

use super::text::number;

/// The kinds of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum KeyKind {
    /// RSA.
    Rsa,
    /// An elliptic curve, by its name, or its object identifier when it has none here.
    Ec(String),
    /// Ed25519.
    Ed25519,
    /// Another one, by its name, or its object identifier when it has none here.
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
            Self::Other(name) => name,
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
            "brainpoolP256r1" => 0x081A,
            "brainpoolP384r1" => 0x081B,
            "brainpoolP512r1" => 0x081C,
            "Ed25519" => 0x0807,
            "Ed448" => 0x0808,
            "RSA-PSS" => 0x0809,
            "ML-DSA-44" => 0x0904,
            "ML-DSA-65" => 0x0905,
            "ML-DSA-87" => 0x0906,
            _ => return None,
        }))
    }
}

/// A key's kind and its size in bits, where it has one that says something.
pub(super) fn key_of(info: &SubjectPublicKeyInfo<'_>) -> (KeyKind, Option<u32>) {
    let oid = number(&info.algorithm.algorithm);
    let octets = &info.subject_public_key.data;
    match oid.as_str() {
        "1.2.840.113549.1.1.1" => (KeyKind::Rsa, modulus_bits(octets)),
        // RSASSA-PSS, RSAES-OAEP, and the name that X.500 has for RSA.
        "1.2.840.113549.1.1.10" => (KeyKind::Other("RSA-PSS".to_owned()), modulus_bits(octets)),
        "1.2.840.113549.1.1.7" => (KeyKind::Other("RSA-OAEP".to_owned()), modulus_bits(octets)),
        "2.5.8.1.1" => (KeyKind::Rsa, modulus_bits(octets)),
        "1.2.840.10045.2.1" => curve_of(info),
        "1.3.101.112" => (KeyKind::Ed25519, Some(256)),
        "1.2.840.10040.4.1" | "1.3.14.3.2.12" => (KeyKind::Other("DSA".to_owned()), dsa_bits(info)),
        _ => match other(&oid) {
            Some((name, bits)) => (KeyKind::Other(name.to_owned()), bits),
            None => (KeyKind::Other(oid), None),
        },
    }
}

/// Keys whose kind gives their size.
fn other(oid: &str) -> Option<(&'static str, Option<u32>)> {
    Some(match oid {
        "1.3.101.110" => ("X25519", Some(253)),
        "1.3.101.111" => ("X448", Some(448)),
        "1.3.101.113" => ("Ed448", Some(456)),
        "1.2.840.10046.2.1" => ("Diffie-Hellman", None),
        "1.2.643.2.2.19" => ("GOST R 34.10-2001", Some(256)),
        "1.2.643.2.2.20" => ("GOST R 34.10-94", None),
        "1.2.643.7.1.1.1.1" => ("GOST R 34.10-2012", Some(256)),
        "1.2.643.7.1.1.1.2" => ("GOST R 34.10-2012", Some(512)),
        "2.16.840.1.101.3.4.3.17" => ("ML-DSA-44", None),
        "2.16.840.1.101.3.4.3.18" => ("ML-DSA-65", None),
        "2.16.840.1.101.3.4.3.19" => ("ML-DSA-87", None),
        "2.16.840.1.101.3.4.3.20" => ("SLH-DSA-SHA2-128s", None),
        "2.16.840.1.101.3.4.3.21" => ("SLH-DSA-SHA2-128f", None),
        "2.16.840.1.101.3.4.3.22" => ("SLH-DSA-SHA2-192s", None),
        "2.16.840.1.101.3.4.3.23" => ("SLH-DSA-SHA2-192f", None),
        "2.16.840.1.101.3.4.3.24" => ("SLH-DSA-SHA2-256s", None),
        "2.16.840.1.101.3.4.3.25" => ("SLH-DSA-SHA2-256f", None),
        _ => return None,
    })
}

/// The curve of a key, which stands in its parameters; one that is written out there has no name.
fn curve_of(info: &SubjectPublicKeyInfo<'_>) -> (KeyKind, Option<u32>) {
    let named = info.algorithm.parameters.as_ref().filter(|any| any.tag() == Tag::Oid);
    let Some(oid) = named.and_then(|any| any.as_oid().ok()).map(|oid| number(&oid)) else {
        return (KeyKind::Ec("EC with parameters of its own".to_owned()), None);
    };
    let (name, bits) = match oid.as_str() {
        "1.2.840.10045.3.1.1" => ("P-192", 192),
        "1.3.132.0.33" => ("P-224", 224),
        "1.2.840.10045.3.1.7" => ("P-256", 256),
        "1.3.132.0.34" => ("P-384", 384),
        "1.3.132.0.35" => ("P-521", 521),
        "1.3.132.0.6" => ("secp112r1", 112),
        "1.3.132.0.28" => ("secp128r1", 128),
        "1.3.132.0.8" => ("secp160r1", 160),
        "1.3.132.0.9" => ("secp160k1", 160),
        "1.3.132.0.30" => ("secp160r2", 160),
        "1.3.132.0.31" => ("secp192k1", 192),
        "1.3.132.0.32" => ("secp224k1", 224),
        "1.3.132.0.10" => ("secp256k1", 256),
        "1.3.132.0.26" => ("sect233k1", 233),
        "1.3.132.0.27" => ("sect233r1", 233),
        "1.3.132.0.16" => ("sect283k1", 283),
        "1.3.132.0.17" => ("sect283r1", 283),
        "1.3.132.0.36" => ("sect409k1", 409),
        "1.3.132.0.37" => ("sect409r1", 409),
        "1.3.132.0.38" => ("sect571k1", 571),
        "1.3.132.0.39" => ("sect571r1", 571),
        "1.3.36.3.3.2.8.1.1.1" => ("brainpoolP160r1", 160),
        "1.3.36.3.3.2.8.1.1.3" => ("brainpoolP192r1", 192),
        "1.3.36.3.3.2.8.1.1.5" => ("brainpoolP224r1", 224),
        "1.3.36.3.3.2.8.1.1.7" => ("brainpoolP256r1", 256),
        "1.3.36.3.3.2.8.1.1.8" => ("brainpoolP256t1", 256),
        "1.3.36.3.3.2.8.1.1.9" => ("brainpoolP320r1", 320),
        "1.3.36.3.3.2.8.1.1.11" => ("brainpoolP384r1", 384),
        "1.3.36.3.3.2.8.1.1.12" => ("brainpoolP384t1", 384),
        "1.3.36.3.3.2.8.1.1.13" => ("brainpoolP512r1", 512),
        "1.3.36.3.3.2.8.1.1.14" => ("brainpoolP512t1", 512),
        "1.2.156.10197.1.301" => ("SM2", 256),
        _ => {
            let size = if let Ok(PublicKey::EC(point)) = info.parsed() { point.key_size() } else { 0 };
            return (KeyKind::Ec(oid), u32::try_from(size).ok().filter(|bits| *bits > 0));
        }
    };
    (KeyKind::Ec(name.to_owned()), Some(bits))
}

/// The size of an RSA modulus; `None` where it cannot be found, or is 0.
fn modulus_bits(key: &[u8]) -> Option<u32> {
    let (_, key) = RSAPublicKey::from_der(key).ok()?;
    bits(key.modulus)
}

/// The size of p, the first of the parameters of a DSA key (RFC 3279 section 2.3.2).
fn dsa_bits(info: &SubjectPublicKeyInfo<'_>) -> Option<u32> {
    let parameters = info.algorithm.parameters.as_ref()?;
    let (_, p) = Integer::from_der(parameters.data).ok()?;
    bits(p.any().data)
}

/// The size of a number, its highest octet first; `None` for 0.
fn bits(octets: &[u8]) -> Option<u32> {
    let zeros = octets.iter().position(|octet| *octet != 0)?;
    let digits = octets.get(zeros..)?;
    let first = digits.first()?;
    u32::try_from(digits.len()).ok()?.checked_mul(u8::BITS)?.checked_sub(first.leading_zeros())
}

/// The digest of a signature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Digest {
    /// MD2, MD4, MDC-2 and the first SHA: broken, or as short as MD5.
    Older,
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    /// Another one, or none that would be known, or not a single one.
    Other,
}

/// The algorithm of a signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signature {
    /// Its name; its object identifier where it has none here.
    pub(crate) name: String,
    pub(crate) digest: Digest,
}

impl Signature {
    /// Whether its digest is no longer safe.
    pub(super) const fn is_weak(&self) -> bool {
        matches!(self.digest, Digest::Older | Digest::Md5 | Digest::Sha1)
    }

    pub(crate) fn of(algorithm: &AlgorithmIdentifier<'_>) -> Self {
        let oid = number(&algorithm.algorithm);
        if oid == "1.2.840.113549.1.1.10" {
            return pss(algorithm);
        }
        match known(&oid) {
            Some((name, digest)) => Self { name: name.to_owned(), digest },
            None => Self { name: oid, digest: Digest::Other },
        }
    }
}

/// The digest of RSASSA-PSS is the one of its parameters, SHA-1 where they name none (RFC 4055 section 3.1).
fn pss(algorithm: &AlgorithmIdentifier<'_>) -> Signature {
    let parameters = match &algorithm.parameters {
        Some(any) if any.tag() == Tag::Sequence => RsaSsaPssParams::try_from(any).ok(),
        // Without parameters it is a key that leaves the digest open, and no signature (RFC 4055 section 3.1).
        Some(_) | None => None,
    };
    let Some(parameters) = parameters else {
        return Signature { name: "rsassaPss".to_owned(), digest: Digest::Other };
    };
    let oid = number(parameters.hash_algorithm_oid());
    let (name, digest) = match oid.as_str() {
        "1.2.840.113549.2.2" => ("MD2", Digest::Older),
        "1.2.840.113549.2.4" => ("MD4", Digest::Older),
        "1.2.840.113549.2.5" => ("MD5", Digest::Md5),
        "1.3.14.3.2.26" => ("SHA-1", Digest::Sha1),
        "2.16.840.1.101.3.4.2.4" => ("SHA-224", Digest::Sha224),
        "2.16.840.1.101.3.4.2.1" => ("SHA-256", Digest::Sha256),
        "2.16.840.1.101.3.4.2.2" => ("SHA-384", Digest::Sha384),
        "2.16.840.1.101.3.4.2.3" => ("SHA-512", Digest::Sha512),
        "2.16.840.1.101.3.4.2.8" => ("SHA3-256", Digest::Other),
        "2.16.840.1.101.3.4.2.9" => ("SHA3-384", Digest::Other),
        "2.16.840.1.101.3.4.2.10" => ("SHA3-512", Digest::Other),
        other => (other, Digest::Other),
    };
    Signature { name: format!("rsassaPss with {name}"), digest }
}

/// RFC 3279, 4055, 5754, 5758, 8410, 8692, 9215, 9881; those of OIW and of X9.57's forerunners, which Windows knows and its older tools write;
/// BSI TR-03111.
fn known(oid: &str) -> Option<(&'static str, Digest)> {
    use Digest::{Md5, Older, Other, Sha1, Sha224, Sha256, Sha384, Sha512};
    Some(match oid {
        "1.2.840.113549.1.1.2" => ("md2WithRSAEncryption", Older),
        "1.2.840.113549.1.1.3" => ("md4WithRSAEncryption", Older),
        "1.2.840.113549.1.1.4" => ("md5WithRSAEncryption", Md5),
        "1.2.840.113549.1.1.5" => ("sha1WithRSAEncryption", Sha1),
        "1.2.840.113549.1.1.11" => ("sha256WithRSAEncryption", Sha256),
        "1.2.840.113549.1.1.12" => ("sha384WithRSAEncryption", Sha384),
        "1.2.840.113549.1.1.13" => ("sha512WithRSAEncryption", Sha512),
        "1.2.840.113549.1.1.14" => ("sha224WithRSAEncryption", Sha224),
        "1.2.840.113549.1.1.15" => ("sha512-224WithRSAEncryption", Other),
        "1.2.840.113549.1.1.16" => ("sha512-256WithRSAEncryption", Other),
        "1.3.14.3.2.2" => ("md4WithRSA (OIW)", Older),
        "1.3.14.3.2.3" => ("md5WithRSA (OIW)", Md5),
        "1.3.14.3.2.4" => ("md4WithRSAEncryption (OIW)", Older),
        "1.3.14.3.2.13" => ("dsaWithSHA (OIW)", Older),
        "1.3.14.3.2.14" => ("mdc2WithRSASignature (OIW)", Older),
        "1.3.14.3.2.15" => ("shaWithRSASignature (OIW)", Older),
        "1.3.14.3.2.24" => ("md2WithRSASignature (OIW)", Older),
        "1.3.14.3.2.25" => ("md5WithRSASignature (OIW)", Md5),
        "1.3.14.3.2.27" => ("dsaWithSHA1 (OIW)", Sha1),
        "1.3.14.3.2.28" => ("dsaWithCommonSHA1 (OIW)", Sha1),
        "1.3.14.3.2.29" => ("sha1WithRSASignature (OIW)", Sha1),
        "1.3.14.7.2.3.1" => ("md2WithRSA (OIW)", Older),
        "1.3.14.7.2.3.2" => ("md2WithElGamal (OIW)", Older),
        "2.16.840.1.101.2.1.1.19" => ("mosaicUpdatedSig (SHA-1 with DSA)", Sha1),
        "1.3.36.3.3.1.2" => ("ripemd160WithRSA", Other),
        "1.2.840.10040.4.3" => ("dsa-with-sha1", Sha1),
        "2.16.840.1.101.3.4.3.1" => ("dsa-with-sha224", Sha224),
        "2.16.840.1.101.3.4.3.2" => ("dsa-with-sha256", Sha256),
        "2.16.840.1.101.3.4.3.3" => ("dsa-with-sha384", Sha384),
        "2.16.840.1.101.3.4.3.4" => ("dsa-with-sha512", Sha512),
        "1.2.840.10045.4.1" => ("ecdsa-with-SHA1", Sha1),
        "1.2.840.10045.4.3.1" => ("ecdsa-with-SHA224", Sha224),
        "1.2.840.10045.4.3.2" => ("ecdsa-with-SHA256", Sha256),
        "1.2.840.10045.4.3.3" => ("ecdsa-with-SHA384", Sha384),
        "1.2.840.10045.4.3.4" => ("ecdsa-with-SHA512", Sha512),
        "0.4.0.127.0.7.1.1.4.1.1" => ("ecdsa-plain-SHA1", Sha1),
        "0.4.0.127.0.7.1.1.4.1.2" => ("ecdsa-plain-SHA224", Sha224),
        "0.4.0.127.0.7.1.1.4.1.3" => ("ecdsa-plain-SHA256", Sha256),
        "0.4.0.127.0.7.1.1.4.1.4" => ("ecdsa-plain-SHA384", Sha384),
        "0.4.0.127.0.7.1.1.4.1.5" => ("ecdsa-plain-SHA512", Sha512),
        "2.16.840.1.101.3.4.3.9" => ("ecdsa-with-SHA3-224", Other),
        "2.16.840.1.101.3.4.3.10" => ("ecdsa-with-SHA3-256", Other),
        "2.16.840.1.101.3.4.3.11" => ("ecdsa-with-SHA3-384", Other),
        "2.16.840.1.101.3.4.3.12" => ("ecdsa-with-SHA3-512", Other),
        "2.16.840.1.101.3.4.3.13" => ("sha3-224WithRSAEncryption", Other),
        "2.16.840.1.101.3.4.3.14" => ("sha3-256WithRSAEncryption", Other),
        "2.16.840.1.101.3.4.3.15" => ("sha3-384WithRSAEncryption", Other),
        "2.16.840.1.101.3.4.3.16" => ("sha3-512WithRSAEncryption", Other),
        "2.16.840.1.101.3.4.3.17" => ("ML-DSA-44", Other),
        "2.16.840.1.101.3.4.3.18" => ("ML-DSA-65", Other),
        "2.16.840.1.101.3.4.3.19" => ("ML-DSA-87", Other),
        "1.3.101.112" => ("ed25519", Other),
        "1.3.101.113" => ("ed448", Other),
        "1.2.643.2.2.3" => ("GOST R 34.10-2001", Other),
        "1.2.643.2.2.4" => ("GOST R 34.10-94", Other),
        "1.2.643.7.1.1.3.2" => ("GOST R 34.10-2012 256", Other),
        "1.2.643.7.1.1.3.3" => ("GOST R 34.10-2012 512", Other),
        "1.2.156.10197.1.501" => ("SM2 with SM3", Other),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tlv(tag: u8, contents: &[u8]) -> Vec<u8> {
        let length = contents.len().to_be_bytes();
        let header = match contents.len() {
            0..=0x7F => vec![tag, length[7]],
            _ => vec![tag, 0x82, length[6], length[7]],
        };
        [header, contents.to_vec()].concat()
    }

    /// An object identifier in DER.
    #[expect(clippy::arithmetic_side_effects, reason = "of the numbers that stand below")]
    fn oid(dotted: &str) -> Vec<u8> {
        let arcs: Vec<u32> = dotted.split('.').map(|arc| arc.parse().unwrap()).collect();
        let mut out = Vec::new();
        for arc in [&[arcs[0] * 40 + arcs[1]][..], &arcs[2..]].concat() {
            let groups = (0..5).rev().map(|group| arc >> (7 * group)).skip_while(|rest| *rest == 0);
            let groups: Vec<u32> = groups.collect();
            let last = groups.len().max(1) - 1;
            out.extend((0..=last).map(|at| {
                let seven = groups.get(at).copied().unwrap_or_default() & 0x7F;
                u8::try_from(seven).unwrap() | if at == last { 0 } else { 0x80 }
            }));
        }
        tlv(6, &out)
    }

    fn algorithm(dotted: &str, parameters: &[u8]) -> Vec<u8> {
        tlv(0x30, &[oid(dotted), parameters.to_vec()].concat())
    }

    fn signature(dotted: &str, parameters: &[u8]) -> Signature {
        let der = algorithm(dotted, parameters);
        Signature::of(&AlgorithmIdentifier::from_der(&der).unwrap().1)
    }

    fn key(dotted: &str, parameters: &[u8], key: &[u8]) -> (KeyKind, Option<u32>) {
        let der = tlv(0x30, &[algorithm(dotted, parameters), tlv(3, &[&[0][..], key].concat())].concat());
        key_of(&SubjectPublicKeyInfo::from_der(&der).unwrap().1)
    }

    #[test]
    fn weak_signatures_are_weak_by_their_meaning() {
        let weak = [
            ("1.2.840.113549.1.1.2", "md2WithRSAEncryption"),
            ("1.2.840.113549.1.1.3", "md4WithRSAEncryption"),
            ("1.2.840.113549.1.1.4", "md5WithRSAEncryption"),
            ("1.2.840.113549.1.1.5", "sha1WithRSAEncryption"),
            ("1.3.14.3.2.2", "md4WithRSA (OIW)"),
            ("1.3.14.3.2.3", "md5WithRSA (OIW)"),
            ("1.3.14.3.2.4", "md4WithRSAEncryption (OIW)"),
            ("1.3.14.3.2.13", "dsaWithSHA (OIW)"),
            ("1.3.14.3.2.14", "mdc2WithRSASignature (OIW)"),
            ("1.3.14.3.2.15", "shaWithRSASignature (OIW)"),
            ("1.3.14.3.2.24", "md2WithRSASignature (OIW)"),
            ("1.3.14.3.2.25", "md5WithRSASignature (OIW)"),
            ("1.3.14.3.2.27", "dsaWithSHA1 (OIW)"),
            ("1.3.14.3.2.28", "dsaWithCommonSHA1 (OIW)"),
            ("1.3.14.3.2.29", "sha1WithRSASignature (OIW)"),
            ("1.3.14.7.2.3.1", "md2WithRSA (OIW)"),
            ("2.16.840.1.101.2.1.1.19", "mosaicUpdatedSig (SHA-1 with DSA)"),
            ("1.2.840.10040.4.3", "dsa-with-sha1"),
            ("1.2.840.10045.4.1", "ecdsa-with-SHA1"),
            ("0.4.0.127.0.7.1.1.4.1.1", "ecdsa-plain-SHA1"),
        ];
        for (oid, name) in weak {
            let read = signature(oid, &[5, 0]);
            assert_eq!((read.name.as_str(), read.is_weak()), (name, true), "{oid}");
        }
        let good = [
            ("1.2.840.113549.1.1.11", "sha256WithRSAEncryption"),
            ("1.2.840.113549.1.1.14", "sha224WithRSAEncryption"),
            ("2.16.840.1.101.3.4.3.2", "dsa-with-sha256"),
            ("1.2.840.10045.4.3.4", "ecdsa-with-SHA512"),
            ("1.3.101.113", "ed448"),
            ("1.2.643.7.1.1.3.2", "GOST R 34.10-2012 256"),
            ("2.16.840.1.101.3.4.3.18", "ML-DSA-65"),
            ("1.2.3.4.55555", "1.2.3.4.55555"),
        ];
        for (oid, name) in good {
            let read = signature(oid, &[]);
            assert_eq!((read.name.as_str(), read.is_weak()), (name, false), "{oid}");
        }
    }

    #[test]
    fn pss_is_as_weak_as_the_digest_of_its_parameters() {
        const PSS: &str = "1.2.840.113549.1.1.10";
        let with = |digest: &str| tlv(0x30, &tlv(0xA0, &algorithm(digest, &[5, 0])));
        for (digest, name, weak) in [
            ("1.2.840.113549.2.5", "rsassaPss with MD5", true),
            ("1.3.14.3.2.26", "rsassaPss with SHA-1", true),
            ("2.16.840.1.101.3.4.2.1", "rsassaPss with SHA-256", false),
            ("2.16.840.1.101.3.4.2.3", "rsassaPss with SHA-512", false),
        ] {
            let read = signature(PSS, &with(digest));
            assert_eq!((read.name.as_str(), read.is_weak()), (name, weak));
        }
        let usual = signature(PSS, &tlv(0x30, &[]));
        assert_eq!((usual.name.as_str(), usual.is_weak()), ("rsassaPss with SHA-1", true));
        for open in [&[][..], &[5, 0]] {
            assert_eq!(
                (signature(PSS, open).name.as_str(), signature(PSS, open).is_weak()),
                ("rsassaPss", false)
            );
        }
    }

    #[test]
    fn keys_have_names_and_the_size_that_is_theirs() {
        let curves = [
            ("1.3.132.0.33", "P-224", 224),
            ("1.2.840.10045.3.1.7", "P-256", 256),
            ("1.3.132.0.34", "P-384", 384),
            ("1.3.132.0.35", "P-521", 521),
            ("1.3.132.0.10", "secp256k1", 256),
            ("1.3.36.3.3.2.8.1.1.7", "brainpoolP256r1", 256),
            ("1.3.36.3.3.2.8.1.1.11", "brainpoolP384r1", 384),
            ("1.3.36.3.3.2.8.1.1.13", "brainpoolP512r1", 512),
        ];
        for (curve, name, bits) in curves {
            assert_eq!(
                key("1.2.840.10045.2.1", &oid(curve), &[4, 1, 2]),
                (KeyKind::Ec(name.to_owned()), Some(bits))
            );
        }
        assert_eq!(
            key("1.2.840.10045.2.1", &oid("1.2.3"), &[4, 1, 2]),
            (KeyKind::Ec("1.2.3".to_owned()), Some(8))
        );
        let own = key("1.2.840.10045.2.1", &tlv(0x30, &[2, 1, 1]), &[4, 1, 2]);
        assert_eq!(own, (KeyKind::Ec("EC with parameters of its own".to_owned()), None));
        assert_eq!(key("1.3.101.112", &[], &[0; 32]), (KeyKind::Ed25519, Some(256)));
        let named = [
            ("1.3.101.113", "Ed448", Some(456)),
            ("1.2.643.2.2.19", "GOST R 34.10-2001", Some(256)),
            ("1.2.643.7.1.1.1.2", "GOST R 34.10-2012", Some(512)),
            ("2.16.840.1.101.3.4.3.18", "ML-DSA-65", None),
            ("1.2.3.4", "1.2.3.4", None),
        ];
        for (oid, name, bits) in named {
            assert_eq!(key(oid, &[], &[0; 4]), (KeyKind::Other(name.to_owned()), bits));
        }
    }

    #[test]
    fn sizes_are_counted_by_the_bit_and_nothing_is_none() {
        const RSA: &str = "1.2.840.113549.1.1.1";
        let rsa = |modulus: &[u8]| tlv(0x30, &[tlv(2, modulus), tlv(2, &[1, 0, 1])].concat());
        let with = |first: &[u8], len: usize| [first, &vec![0x5A; len]].concat();
        for (modulus, bits) in [
            (with(&[0, 0x80], 255), Some(2048)),
            (with(&[0x7F], 255), Some(2047)),
            (with(&[0x40], 255), Some(2047)),
            (with(&[1], 255), Some(2041)),
            (with(&[0, 0xFF], 2047), Some(16_384)),
            (vec![0], None),
            (vec![0; 20], None),
        ] {
            assert_eq!(key(RSA, &[5, 0], &rsa(&modulus)), (KeyKind::Rsa, bits));
        }
        assert_eq!(key(RSA, &[5, 0], b"no key"), (KeyKind::Rsa, None));
        let pss = key("1.2.840.113549.1.1.10", &[], &rsa(&with(&[0, 0x80], 127)));
        assert_eq!(pss, (KeyKind::Other("RSA-PSS".to_owned()), Some(1024)));
        let parameters = tlv(0x30, &[tlv(2, &with(&[0, 0x80], 127)), tlv(2, &[7]), tlv(2, &[2])].concat());
        let dsa = key("1.2.840.10040.4.1", &parameters, &tlv(2, &[9]));
        assert_eq!(dsa, (KeyKind::Other("DSA".to_owned()), Some(1024)));
        assert_eq!(key("1.2.840.10040.4.1", &[], &tlv(2, &[9])).1, None, "its parameters are its issuer's");
    }
}
