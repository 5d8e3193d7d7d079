//! The server's certificate of Standard RDP Security: the key that the client's random is encrypted with.
//!
//! \[MS-RDPBCGR\] 2.2.1.4.3.1; server to client inside SC_SECURITY. Little-endian; X.509 inside is DER.
use nom::IResult;

use crate::der;
use crate::fault::{Fault, Layer, Layout, Problem, WireError, bad, fixed, inside, read};
use crate::x509;

/// SERVER_CERTIFICATE.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerCertificate<'a> {
    /// The kind, from the lower bits of `dwVersion`.
    pub kind: CertificateKind,
    /// Whether it is a temporary one, from the top bit of `dwVersion`.
    pub temporary: bool,
    /// The RSA key. `None` when that of an X.509 certificate cannot be found.
    pub key: Option<RsaKey<'a>>,
}

/// The public half of an RSA key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RsaKey<'a> {
    /// The modulus as it stands there.
    modulus: &'a [u8],
    /// In which order.
    order: Order,
    /// The public exponent; `None` for one that is longer than 32 bits.
    pub exponent: Option<u32>,
    /// The size of the modulus, in bits.
    pub bits: u32,
}

/// Which octet of a number comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    /// The highest one.
    BigEndian,
    /// The lowest one.
    LittleEndian,
}

impl RsaKey<'_> {
    /// The modulus, its lowest octet first.
    pub fn modulus_le(&self) -> impl Iterator<Item = u8> + '_ {
        let (first, last) = match self.order {
            Order::LittleEndian => (Some(self.modulus.iter()), None),
            Order::BigEndian => (None, Some(self.modulus.iter().rev())),
        };
        first.into_iter().flatten().chain(last.into_iter().flatten()).copied()
    }
}

/// The two kinds of certificates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum CertificateKind {
    /// CERT_CHAIN_VERSION_1 (\[MS-RDPBCGR\] 2.2.1.4.3.1.1): signed with a key that everybody has.
    Proprietary,
    /// CERT_CHAIN_VERSION_2 (\[MS-RDPELE\] 2.2.1.4.2): a chain of X.509 certificates of the licence server.
    X509,
}

impl CertificateKind {
    /// The kind in words.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Proprietary => "proprietary",
            Self::X509 => "X.509",
        }
    }
}

const VERSION: Layout = &[("dwVersion", 4)];
const PROPRIETARY: Layout =
    &[("dwSigAlgId", 4), ("dwKeyAlgId", 4), ("wPublicKeyBlobType", 2), ("wPublicKeyBlobLen", 2)];
const PUBLIC_KEY: Layout = &[("magic", 4), ("keylen", 4), ("bitlen", 4), ("datalen", 4), ("pubExp", 4)];
/// "RSA1".
const MAGIC: u32 = 0x3141_5352;
/// No key is longer: what a client could ever be given to encrypt with.
const MOST_BITS: u32 = 16_384;
/// A chain has two to two hundred certificates (\[MS-RDPELE\] 2.2.1.4.2).
const MOST_CERTIFICATES: u32 = 200;

impl<'a> ServerCertificate<'a> {
    /// The size of the RSA key in bits, where it is found.
    #[must_use]
    pub const fn key_bits(&self) -> Option<u32> {
        match self.key {
            Some(key) => Some(key.bits),
            None => None,
        }
    }

    /// Reads `serverCertificate`.
    ///
    /// # Errors
    /// [`WireError`] naming the field when it is cut, of an unknown version, or its lengths disagree with what is there.
    pub fn parse(certificate: &'a [u8]) -> Result<Self, WireError> {
        read(Layer::ServerCertificate, certificate, server_certificate)
    }
}

fn server_certificate(i: &[u8]) -> IResult<&[u8], ServerCertificate<'_>, Fault> {
    let (rest, version) = fixed::<4>(i, VERSION)?;
    let version = u32::from_le_bytes(*version);
    let temporary = version >> 31 == 1;
    let (kind, (rest, key)) = match version & 0x7FFF_FFFF {
        1 => (CertificateKind::Proprietary, proprietary(rest)?),
        2 => (CertificateKind::X509, chain(rest)?),
        _ => return bad(i, "dwVersion", Problem::Value(version)),
    };
    Ok((rest, ServerCertificate { kind, temporary, key }))
}

fn proprietary(i: &[u8]) -> IResult<&[u8], Option<RsaKey<'_>>, Fault> {
    let (key, &[.., l0, l1]) = fixed::<12>(i, PROPRIETARY)?;
    let length = u16::from_le_bytes([l0, l1]);
    let Some((blob, after)) = key.split_at_checked(usize::from(length)) else {
        return bad(i.get(10..).unwrap_or_default(), "wPublicKeyBlobLen", Problem::Length(u32::from(length)));
    };
    let key = inside(blob, after, |i| {
        let (modulus, fields) = fixed::<20>(i, PUBLIC_KEY)?;
        let &[m0, m1, m2, m3, k0, k1, k2, k3, b0, b1, b2, b3, _, _, _, _, e0, e1, e2, e3] = fields;
        let (magic, key) = (u32::from_le_bytes([m0, m1, m2, m3]), u32::from_le_bytes([k0, k1, k2, k3]));
        let bits = u32::from_le_bytes([b0, b1, b2, b3]);
        if magic != MAGIC {
            return bad(i, "magic", Problem::Value(magic));
        }
        // The modulus and eight octets of padding (\[MS-RDPBCGR\] 2.2.1.4.3.1.1.1).
        if usize::try_from(key).ok().is_none_or(|key| key > modulus.len()) {
            return bad(i.get(4..).unwrap_or_default(), "keylen", Problem::Length(key));
        }
        if bits == 0 || bits > MOST_BITS || bits.div_ceil(8) > key {
            return bad(i.get(8..).unwrap_or_default(), "bitlen", Problem::Value(bits));
        }
        let octets = usize::try_from(bits.div_ceil(8)).ok().and_then(|octets| modulus.get(..octets));
        let exponent = Some(u32::from_le_bytes([e0, e1, e2, e3]));
        Ok(octets.map(|modulus| RsaKey { modulus, order: Order::LittleEndian, exponent, bits }))
    })?;
    Ok((after, key))
}

/// The root comes first, and the leaf, whose key is used, last.
fn chain(i: &[u8]) -> IResult<&[u8], Option<RsaKey<'_>>, Fault> {
    let (mut rest, count) = fixed::<4>(i, &[("NumCertBlobs", 4)])?;
    let count = u32::from_le_bytes(*count);
    if count == 0 || count > MOST_CERTIFICATES {
        return bad(i, "NumCertBlobs", Problem::Length(count));
    }
    let mut leaf: &[u8] = &[];
    for _ in 0..count {
        let (after, length) = fixed::<4>(rest, &[("cbCert", 4)])?;
        let length = u32::from_le_bytes(*length);
        let Some((der, next)) = usize::try_from(length).ok().and_then(|length| after.split_at_checked(length))
        else {
            return bad(rest, "cbCert", Problem::Length(length));
        };
        (leaf, rest) = (der, next);
    }
    Ok((rest, key_of(leaf)))
}

/// The key in a certificate. Terminal servers put object identifiers of their own where the key's algorithm
/// stands, so that only the place of the key tells what it is.
fn key_of(certificate: &[u8]) -> Option<RsaKey<'_>> {
    const BIT_STRING: u8 = 0x03;
    let info = x509::Certificate::read(certificate).subject_public_key_info?;
    let (_, info) = der::tagged(info, der::SEQUENCE, "subjectPublicKeyInfo").ok()?;
    let (info, _algorithm) = der::element(info, "algorithm").ok()?;
    let (_, bits) = der::tagged(info, BIT_STRING, "subjectPublicKey").ok()?;
    let (_unused, key) = bits.split_first()?;
    let (_, key) = der::tagged(key, der::SEQUENCE, "RSAPublicKey").ok()?;
    let (after, modulus) = der::tagged(key, der::INTEGER, "modulus").ok()?;
    let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
    let octets = u32::try_from(modulus.len()).ok()?;
    let bits = octets
        .checked_mul(8)?
        .checked_sub(modulus.first()?.leading_zeros())
        .filter(|bits| *bits <= MOST_BITS)?;
    let exponent =
        der::tagged(after, der::INTEGER, "publicExponent").ok().and_then(|(_, octets)| number(octets));
    Some(RsaKey { modulus, order: Order::BigEndian, exponent, bits })
}

/// A number of at most 32 bits.
fn number(octets: &[u8]) -> Option<u32> {
    let octets = octets.strip_prefix(&[0]).unwrap_or(octets);
    (octets.len() <= size_of::<u32>())
        .then(|| octets.iter().fold(0, |number, octet| number << 8_u32 | u32::from(*octet)))
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use super::*;

    /// As Windows 2003 and xrdp send it, with a modulus of so many bits.
    fn proprietary(bits: u16) -> Vec<u8> {
        let octets = bits.div_ceil(8);
        let key = octets.saturating_add(8);
        let mut out = vec![1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 6, 0];
        out.extend(key.saturating_add(20).to_le_bytes());
        out.extend(MAGIC.to_le_bytes());
        for value in [key, bits, octets.saturating_sub(1)] {
            out.extend(u32::from(value).to_le_bytes());
        }
        out.extend([1, 0, 1, 0]);
        out.extend(core::iter::repeat_n(0x5A, usize::from(octets)));
        out.extend([0; 8]);
        out.extend([8, 0, 72, 0]);
        out.extend([0; 72]);
        out
    }

    #[test]
    fn proprietary_keys_are_measured() {
        for (bits, len) in [(512_u16, 184), (2048, 376)] {
            let octets = proprietary(bits);
            assert_eq!(octets.len(), len);
            let read = ServerCertificate::parse(&octets).unwrap();
            assert_eq!(
                (read.kind, read.temporary, read.key_bits()),
                (CertificateKind::Proprietary, false, Some(u32::from(bits)))
            );
            let key = read.key.unwrap();
            assert_eq!((key.exponent, key.modulus_le().count()), (Some(65_537), usize::from(bits / 8)));
            assert!(key.modulus_le().all(|octet| octet == 0x5A), "without its padding");
        }
    }

    #[test]
    fn exponent_of_more_than_32_bits_is_none() {
        for (octets, exponent) in
            [(&[1, 0, 1][..], Some(65_537)), (&[0, 0xFF, 0, 0, 1], Some(0xFF00_0001)), (&[1, 0, 0, 0, 1], None)]
        {
            assert_eq!(number(octets), exponent);
        }
    }

    #[test]
    fn lengths_that_lie_are_named() {
        let cases: [(usize, &[u8], &str, usize); 5] = [
            (14, &[0xFF, 0xFF], "wPublicKeyBlobLen", 14),
            (16, b"RSA2", "magic", 16),
            (20, &[0xFF, 0xFF, 0xFF, 0xFF], "keylen", 20),
            (24, &[0xFF, 0xFF, 0xFF, 0xFF], "bitlen", 24),
            (0, &[3], "dwVersion", 0),
        ];
        for (at, octets, field, offset) in cases {
            let mut certificate = proprietary(512);
            certificate[at..at + octets.len()].copy_from_slice(octets);
            let error = ServerCertificate::parse(&certificate).unwrap_err();
            assert_eq!((error.layer, error.field, error.offset), (Layer::ServerCertificate, field, offset));
        }
    }

    #[test]
    fn chain_of_forged_counts_is_a_fault_and_a_strange_leaf_has_no_size() {
        let chain = |count: u32, length: u32, der: &[u8]| {
            [&0x8000_0002_u32.to_le_bytes()[..], &count.to_le_bytes(), &length.to_le_bytes(), der].concat()
        };
        let error = ServerCertificate::parse(&chain(u32::MAX, 1, &[0])).unwrap_err();
        assert_eq!((error.field, error.problem), ("NumCertBlobs", Problem::Length(u32::MAX)));
        let error = ServerCertificate::parse(&chain(1, 9, &[0])).unwrap_err();
        assert_eq!((error.field, error.offset), ("cbCert", 8));
        let strange = chain(1, 2, &[0x30, 0]);
        let strange = ServerCertificate::parse(&strange).unwrap();
        assert_eq!((strange.kind, strange.temporary, strange.key_bits()), (CertificateKind::X509, true, None));
    }

    #[test]
    fn key_of_a_leaf_is_measured_whatever_its_algorithm_is_called() {
        let tlv = |tag: u8, contents: &[u8]| {
            let length = u8::try_from(contents.len()).unwrap();
            [&[tag, length][..], contents].concat()
        };
        let mut modulus = vec![0, 0x80];
        modulus.resize(65, 1);
        let key = tlv(0x30, &[tlv(2, &modulus), tlv(2, &[1, 0, 1])].concat());
        // 1.2.840.113549.1.1.4, md5WithRSAEncryption: what terminal servers have in the place of rsaEncryption.
        let odd = tlv(0x30, &tlv(6, &[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 4]));
        let info = tlv(0x30, &[odd, tlv(3, &[&[0][..], &key].concat())].concat());
        let fields = [
            tlv(0xA0, &tlv(2, &[2])),
            tlv(2, &[1]),
            tlv(0x30, &[]),
            tlv(0x30, &[]),
            tlv(0x30, &[]),
            tlv(0x30, &[]),
            info,
        ];
        let certificate = tlv(0x30, &tlv(0x30, &fields.concat()));
        let key = key_of(&certificate).unwrap();
        assert_eq!((key.bits, key.exponent), (512, Some(65_537)));
        let expected: Vec<u8> = core::iter::repeat_n(1, 63).chain([0x80]).collect();
        assert_eq!(key.modulus_le().collect::<Vec<_>>(), expected);
        for len in 0..certificate.len() {
            assert_eq!(key_of(&certificate[..len]), None, "{len}");
        }
    }
}
