//! Certificates for scripted targets, made when they are asked for: always of the same keys, and with the same octets.
//!
//! The keys are published with the source: they protect nothing.
use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::LazyLock;

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, PKCS_RSA_SHA384,
    PKCS_RSA_SHA512, PublicKeyData, SanType, SerialNumber, SignatureAlgorithm, date_time_ymd,
};
use rdp_probe_core::CertificateFacts;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use serde::Deserialize;
use sha2::{Digest as _, Sha256, Sha384, Sha512};

/// RSA, 2048 bits, PKCS #8.
static KEY: &[u8] = include_bytes!("../data/test-key.pk8");

/// The same of somebody else.
static OTHER_KEY: &[u8] = include_bytes!("../data/other-key.pk8");

static P256: &[u8] = include_bytes!("../data/p256.pk8");
static P384: &[u8] = include_bytes!("../data/p384.pk8");
static ED25519: &[u8] = include_bytes!("../data/ed25519.pk8");

/// The certificates that a target can show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Kind {
    /// Signed itself, for srv1.lab.test and 127.0.0.1, from 2020 to 2099.
    Good,
    /// As Windows makes its own: CN=SRV1 and no other name, for six months from November 2026.
    Windows,
    /// From 2015 to 2016.
    Expired,
    /// From 2090 to 2099.
    NotYet,
    /// For other.lab.test.
    NameMismatch,
    /// For clients only.
    NoServerUsage,
    /// For Remote Desktop Authentication only.
    RemoteDesktop,
    /// Ends three days after the day of all scenarios.
    EndsThisWeek,
    /// Ends three weeks after it.
    EndsSoon,
    /// Its last day is in month 13.
    Month13,
    /// Its only name is a BMPString.
    BmpName,
    /// Has ten thousand names, of which the last one is the target's.
    ManyNames,
    /// Of the test authority, which is sent after it; from 2020 to 2099.
    CaSigned,
    /// As the last one, with a key on the curve P-256.
    P256,
    /// With a key on the curve P-384.
    P384,
    /// Says that its key is on the curve P-521, which the target does not have.
    P521,
    /// With an Ed25519 key.
    Ed25519,
    /// Names with control characters, right-to-left marks and HTML, and one of 60 000 octets.
    Hostile,
    /// Says that it is signed with SHA-1.
    Sha1,
    /// With a key of 1024 bits, which the target does not have.
    SmallKey,
    /// With a key that the target does not have.
    WrongKey,
    /// No certificate at all.
    Garbage,
    /// A gateway's: of the test authority, which is sent after it, for gw.lab.test and 127.0.0.1; from 2020 to 2099.
    Gateway,
    /// The same, from 2015 to 2016.
    GatewayExpired,
    /// The same, for clients only.
    GatewayForClients,
    /// The first of them, signed with SHA-384.
    GatewaySha384,
    /// The same, signed with SHA-512.
    GatewaySha512,
    /// The same, of an authority between them that signs by Ed25519: no digest belongs to that.
    GatewayEd25519,
}

type Date = (i32, u8, u8);

const GOOD: (Date, Date) = ((2020, 1, 1), (2099, 1, 1));

impl Kind {
    /// All of them.
    pub const ALL: [Self; 28] = [
        Self::Good,
        Self::Windows,
        Self::Expired,
        Self::NotYet,
        Self::NameMismatch,
        Self::NoServerUsage,
        Self::RemoteDesktop,
        Self::EndsThisWeek,
        Self::EndsSoon,
        Self::Month13,
        Self::BmpName,
        Self::ManyNames,
        Self::CaSigned,
        Self::P256,
        Self::P384,
        Self::P521,
        Self::Ed25519,
        Self::Hostile,
        Self::Sha1,
        Self::SmallKey,
        Self::WrongKey,
        Self::Garbage,
        Self::Gateway,
        Self::GatewayExpired,
        Self::GatewayForClients,
        Self::GatewaySha384,
        Self::GatewaySha512,
        Self::GatewayEd25519,
    ];

    /// What the target sends, in DER, its own certificate first.
    #[must_use]
    pub fn chain(self) -> Vec<Vec<u8>> {
        static CHAINS: LazyLock<Vec<Vec<Vec<u8>>>> =
            LazyLock::new(|| Kind::ALL.iter().map(|kind| made(*kind).unwrap_or_default()).collect());
        let place = Self::ALL.iter().position(|kind| *kind == self);
        place.and_then(|place| CHAINS.get(place)).cloned().unwrap_or_default()
    }

    /// SHA-256 of the target's own certificate, as a pin has it.
    #[must_use]
    pub fn sha256(self) -> String {
        let facts = self.chain().first().map(|der| CertificateFacts::read(der));
        facts.map(|facts| facts.sha256).unwrap_or_default()
    }

    /// What a logon over HTTP is bound to that is made on a connection with it (RFC 5929 section 4).
    #[must_use]
    pub fn end_point(self) -> Vec<u8> {
        let chain = self.chain();
        let der = chain.first().map(Vec::as_slice).unwrap_or_default();
        let digest = if self == Self::GatewaySha384 {
            Sha384::digest(der).to_vec()
        } else if self == Self::GatewaySha512 {
            Sha512::digest(der).to_vec()
        } else {
            Sha256::digest(der).to_vec()
        };
        [b"tls-server-end-point:", digest.as_slice()].concat()
    }

    /// Whether the target holds the key that the certificate names.
    #[must_use]
    pub const fn has_its_key(self) -> bool {
        !matches!(self, Self::P521 | Self::SmallKey | Self::WrongKey | Self::Garbage)
    }

    /// The key that the target signs with: the certificate's own, where it holds that.
    #[must_use]
    pub fn key(self) -> PrivateKeyDer<'static> {
        self.curve().map_or_else(key, |(own, _)| pkcs8(own))
    }

    /// A key of the same algorithm that is somebody else's.
    ///
    /// # Errors
    /// As whoever makes it says.
    pub fn key_of_somebody_else(self) -> Result<PrivateKeyDer<'static>, rcgen::Error> {
        let Some((_, algorithm)) = self.curve() else { return Ok(pkcs8(OTHER_KEY)) };
        Ok(PrivatePkcs8KeyDer::from(KeyPair::generate_for(algorithm)?.serialize_der()).into())
    }

    /// The key and its algorithm, where they are not RSA.
    fn curve(self) -> Option<(&'static [u8], &'static SignatureAlgorithm)> {
        match self {
            Self::P256 => Some((P256, &PKCS_ECDSA_P256_SHA256)),
            Self::P384 => Some((P384, &PKCS_ECDSA_P384_SHA384)),
            Self::Ed25519 => Some((ED25519, &PKCS_ED25519)),
            Self::Good
            | Self::Windows
            | Self::Expired
            | Self::NotYet
            | Self::NameMismatch
            | Self::NoServerUsage
            | Self::RemoteDesktop
            | Self::EndsThisWeek
            | Self::EndsSoon
            | Self::Month13
            | Self::BmpName
            | Self::ManyNames
            | Self::CaSigned
            | Self::P521
            | Self::Hostile
            | Self::Sha1
            | Self::SmallKey
            | Self::WrongKey
            | Self::Garbage
            | Self::Gateway
            | Self::GatewayExpired
            | Self::GatewayForClients
            | Self::GatewaySha384
            | Self::GatewaySha512
            | Self::GatewayEd25519 => None,
        }
    }

    /// The kind with this name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let name = serde::de::value::StrDeserializer::<serde::de::value::Error>::new(name);
        Self::deserialize(name).ok()
    }
}

/// The key of every certificate that has none of its own.
#[must_use]
pub fn key() -> PrivateKeyDer<'static> {
    pkcs8(KEY)
}

/// The same in PEM.
#[must_use]
pub fn key_pem() -> String {
    pem::encode(&pem::Pem::new("PRIVATE KEY", KEY))
}

fn pkcs8(octets: &'static [u8]) -> PrivateKeyDer<'static> {
    PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(octets))
}

/// The test authority, in DER.
#[must_use]
pub fn authority() -> Vec<u8> {
    Kind::CaSigned.chain().into_iter().nth(1).unwrap_or_default()
}

/// The test authority, in PEM.
#[must_use]
pub fn authority_pem() -> &'static str {
    static PEM: LazyLock<String> = LazyLock::new(|| pem_of(&authority()));
    &PEM
}

/// A certificate in PEM.
#[must_use]
pub fn pem_of(der: &[u8]) -> String {
    pem::encode(&pem::Pem::new("CERTIFICATE", der))
}

/// A file with this certificate in PEM, for whoever can only be given a path. It always holds the same, and is written once.
///
/// # Errors
/// As the operating system says.
pub fn root_file(der: &[u8]) -> io::Result<PathBuf> {
    let name = CertificateFacts::read(der).sha256;
    let (path, pem) = (std::env::temp_dir().join(format!("rdp-probe-test-{name}.pem")), pem_of(der));
    if std::fs::read_to_string(&path).is_ok_and(|there| there == pem) {
        return Ok(path);
    }
    // Others may read it at this moment.
    let new = path.with_extension(format!("{}.new", std::process::id()));
    std::fs::write(&new, pem)?;
    std::fs::rename(&new, &path)?;
    Ok(path)
}

fn made(kind: Kind) -> Result<Vec<Vec<u8>>, rcgen::Error> {
    let key = key_pair()?;
    let alone = |params: CertificateParams| Ok(vec![params.self_signed(&key)?.der().to_vec()]);
    let signed = |leaf: CertificateParams, public: &KeyPair| {
        let authority = authority_params();
        let leaf = leaf.signed_by(public, &Issuer::from_params(&authority, &key))?;
        Ok(vec![leaf.der().to_vec(), authority.self_signed(&key)?.der().to_vec()])
    };
    let dated = |name: &str, public: &KeyPair, dates| signed(params(name, &names(name)?, dates), public);
    let of_authority = |name: &str, public: &KeyPair| dated(name, public, GOOD);
    // Another key than the one that signs.
    let of_key = |octets: Option<Vec<u8>>| {
        let other = OtherKey(octets.unwrap_or_default());
        let params = params(TARGET, &names(TARGET)?, GOOD);
        Ok(vec![params.signed_by(&other, &Issuer::from_params(&params, &key))?.der().to_vec()])
    };
    let good = |dates| names(TARGET).map(|names| params(TARGET, &names, dates));
    match kind {
        Kind::Good => alone(good(GOOD)?),
        Kind::Windows => alone(params("SRV1", &[], ((2026, 11, 1), (2027, 5, 1)))),
        Kind::Expired => alone(good(((2015, 1, 1), (2016, 1, 1)))?),
        Kind::NotYet => alone(good(((2090, 1, 1), (2099, 1, 1)))?),
        Kind::NameMismatch => {
            let names = [SanType::DnsName("other.lab.test".try_into()?)];
            alone(params("other.lab.test", &names, GOOD))
        }
        Kind::NoServerUsage => {
            let mut params = good(GOOD)?;
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            alone(params)
        }
        Kind::RemoteDesktop => {
            let mut params = good(GOOD)?;
            params.extended_key_usages =
                vec![ExtendedKeyUsagePurpose::Other(vec![1, 3, 6, 1, 4, 1, 311, 54, 1, 2])];
            alone(params)
        }
        Kind::EndsThisWeek => alone(good(((2026, 6, 1), (2026, 11, 24)))?),
        Kind::EndsSoon => alone(good(((2026, 6, 1), (2026, 12, 12)))?),
        Kind::Month13 => {
            // GeneralizedTime, which a year from 2050 on wants.
            let chain = alone(good(GOOD)?)?;
            Ok(chain.iter().map(|der| replaced(der, b"20990101000000Z", b"20991301000000Z")).collect())
        }
        Kind::BmpName => {
            let mut params = params(TARGET, &[], GOOD);
            params.distinguished_name = DistinguishedName::new();
            params.distinguished_name.push(DnType::CommonName, rcgen::DnValue::BmpString(TARGET.try_into()?));
            alone(params)
        }
        Kind::ManyNames => {
            let others = (0..9_999_u32).map(|number| format!("{number:x}").try_into().map(SanType::DnsName));
            let names: Vec<SanType> =
                others.chain([TARGET.try_into().map(SanType::DnsName)]).collect::<Result<_, _>>()?;
            alone(params("many", &names, GOOD))
        }
        Kind::CaSigned => of_authority(TARGET, &key),
        Kind::Gateway => of_authority("gw.lab.test", &key),
        Kind::GatewayForClients => {
            let mut params = params("gw.lab.test", &names("gw.lab.test")?, GOOD);
            params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
            signed(params, &key)
        }
        Kind::GatewaySha384 | Kind::GatewaySha512 => {
            let params = params("gw.lab.test", &names("gw.lab.test")?, GOOD);
            let authority = authority_params();
            let by = if kind == Kind::GatewaySha384 { &PKCS_RSA_SHA384 } else { &PKCS_RSA_SHA512 };
            let other = KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(KEY), by)?;
            let leaf = params.signed_by(&key, &Issuer::from_params(&authority, &other))?;
            Ok(vec![leaf.der().to_vec(), authority.self_signed(&key)?.der().to_vec()])
        }
        Kind::GatewayEd25519 => {
            let leaf = params("gw.lab.test", &names("gw.lab.test")?, GOOD);
            let authority = authority_params();
            let mut between = params("rdp-probe test authority between", &[], GOOD);
            between.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
            between.extended_key_usages = Vec::new();
            let own = KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(ED25519), &PKCS_ED25519)?;
            let leaf = leaf.signed_by(&key, &Issuer::from_params(&between, &own))?;
            let middle = between.signed_by(&own, &Issuer::from_params(&authority, &key))?;
            let root = authority.self_signed(&key)?;
            Ok(vec![leaf.der().to_vec(), middle.der().to_vec(), root.der().to_vec()])
        }
        Kind::GatewayExpired => dated("gw.lab.test", &key, ((2015, 1, 1), (2016, 1, 1))),
        Kind::P256 | Kind::P384 | Kind::Ed25519 => {
            let (octets, algorithm) = kind.curve().ok_or(rcgen::Error::KeyGenerationUnavailable)?;
            of_authority(TARGET, &KeyPair::from_pkcs8_der_and_sign_algo(&octets.into(), algorithm)?)
        }
        Kind::P521 => {
            // Only what it says is to be seen.
            let chain = made(Kind::P384)?;
            Ok(chain.iter().map(|der| replaced(der, &SECP384R1, &SECP521R1)).collect())
        }
        Kind::Hostile => {
            let long = format!("{}.lab.test", "a".repeat(HOSTILE_LENGTH.saturating_sub(9)));
            let names = [
                SanType::DnsName("\u{1B}[31mred\u{7}\r\n\0.lab.test".try_into()?),
                SanType::DnsName("<script>alert(1)</script>".try_into()?),
                SanType::DnsName(long.try_into()?),
            ];
            alone(params("srv1\u{1B}]0;title\u{7}\r\n\u{202E}tset.bal\u{2066}<b>&amp;</b>", &names, GOOD))
        }
        Kind::Sha1 => {
            // Nobody checks the signature of a certificate that signed itself: only what it says is to be seen.
            let chain = alone(good(GOOD)?)?;
            Ok(chain.iter().map(|der| replaced(der, &SHA256_WITH_RSA, &SHA1_WITH_RSA)).collect())
        }
        Kind::SmallKey => of_key(small(&key)),
        Kind::WrongKey => of_key(changed(&key)),
        Kind::Garbage => Ok(vec![b"\x30\x82\x01\x00 no certificate".to_vec()]),
    }
}

/// The name of every target whose certificate has no other.
const TARGET: &str = "srv1.lab.test";

/// As long a name as fits into the handshake, in octets.
const HOSTILE_LENGTH: usize = 60_000;

// 1.2.840.113549.1.1.11 and .5.
const SHA256_WITH_RSA: [u8; 11] = [6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 11];
const SHA1_WITH_RSA: [u8; 11] = [6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 5];

// 1.3.132.0.34 and .35.
const SECP384R1: [u8; 7] = [6, 5, 0x2B, 0x81, 4, 0, 0x22];
const SECP521R1: [u8; 7] = [6, 5, 0x2B, 0x81, 4, 0, 0x23];

fn replaced<const N: usize>(octets: &[u8], from: &[u8; N], to: &[u8; N]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len());
    let mut rest = octets;
    while let Some((first, after)) = rest.split_first() {
        if let Some(after) = rest.strip_prefix(&from[..]) {
            out.extend(to);
            rest = after;
        } else {
            out.push(*first);
            rest = after;
        }
    }
    out
}

fn key_pair() -> Result<KeyPair, rcgen::Error> {
    KeyPair::from_pkcs8_der_and_sign_algo(&PrivatePkcs8KeyDer::from(KEY), &PKCS_RSA_SHA256)
}

/// This name, and the address that every scripted end has.
fn names(name: &str) -> Result<[SanType; 2], rcgen::Error> {
    let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
    Ok([SanType::DnsName(name.try_into()?), SanType::IpAddress(address)])
}

fn params(
    common_name: &str,
    names: &[SanType],
    ((y0, m0, d0), (y1, m1, d1)): (Date, Date),
) -> CertificateParams {
    let mut params = CertificateParams::default();
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, common_name);
    params.distinguished_name = subject;
    params.serial_number = Some(SerialNumber::from_slice(&[0x5D, 0x01]));
    params.subject_alt_names = names.to_vec();
    params.not_before = date_time_ymd(y0, m0, d0);
    params.not_after = date_time_ymd(y1, m1, d1);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params
}

fn authority_params() -> CertificateParams {
    let mut params = params("rdp-probe test authority", &[], GOOD);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.extended_key_usages = Vec::new();
    params
}

/// A public key, as RSAPublicKey (RFC 8017 appendix A.1.1).
struct OtherKey(Vec<u8>);

impl PublicKeyData for OtherKey {
    fn der_bytes(&self) -> &[u8] {
        &self.0
    }

    fn algorithm(&self) -> &'static SignatureAlgorithm {
        &PKCS_RSA_SHA256
    }
}

// SEQUENCE of 266, INTEGER of 257 whose first octet is zero.
const MODULUS_AT: usize = 4 /* SEQUENCE */ + 4 /* INTEGER */ + 1 /* zero */;

/// A key of 1024 bits: the beginning of ours.
fn small(key: &KeyPair) -> Option<Vec<u8>> {
    let mut modulus = key.der_bytes().get(MODULUS_AT..MODULUS_AT.checked_add(128)?)?.to_vec();
    // The modulus of a key is odd.
    *modulus.last_mut()? |= 1;
    Some([&[0x30, 0x81, 0x89, 2, 0x81, 0x81, 0][..], &modulus, &[2, 3, 1, 0, 1]].concat())
}

/// A key of the same size, which differs in one octet.
fn changed(key: &KeyPair) -> Option<Vec<u8>> {
    let mut octets = key.der_bytes().to_vec();
    *octets.get_mut(MODULUS_AT.checked_add(100)?)? ^= 0x55;
    Some(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(kind: Kind) -> CertificateFacts {
        CertificateFacts::read(&kind.chain()[0])
    }

    #[test]
    fn every_kind_is_made_and_made_alike_again() {
        for kind in Kind::ALL {
            let chain = kind.chain();
            assert!(!chain.is_empty(), "{kind:?}");
            assert_eq!(made(kind).unwrap(), chain, "{kind:?}");
            let spoilt = [Kind::Garbage, Kind::Month13].contains(&kind);
            assert_eq!(spoilt, facts(kind).unreadable.is_some(), "{kind:?}");
        }
    }

    #[test]
    fn each_kind_shows_what_it_is_named_for() {
        const NOW: i64 = 1_795_219_200;
        let good = facts(Kind::Good);
        assert!(good.self_signed && good.matches("srv1.lab.test") && good.matches("127.0.0.1"));
        assert!(good.not_before < Some(NOW) && Some(NOW) < good.not_after && !good.weak_signature);
        assert_eq!(good.key_bits, Some(2048));
        let windows = facts(Kind::Windows);
        assert!(windows.names.is_empty() && windows.matches("srv1") && !windows.matches("127.0.0.1"));
        assert!(windows.not_before < Some(NOW) && Some(NOW) < windows.not_after);
        assert!(facts(Kind::Expired).not_after < Some(NOW) && facts(Kind::NotYet).not_before > Some(NOW));
        assert!(!facts(Kind::NameMismatch).matches("srv1.lab.test"));
        assert!(!facts(Kind::NoServerUsage).is_for_servers() && good.is_for_servers());
        let signed = facts(Kind::CaSigned);
        assert_eq!((signed.self_signed, Kind::CaSigned.chain().len()), (false, 2));
        let gateway = facts(Kind::Gateway);
        assert!(
            gateway.matches("gw.lab.test") && gateway.matches("127.0.0.1") && !gateway.matches("srv1.lab.test")
        );
        assert_eq!((gateway.self_signed, Kind::Gateway.chain()[1].clone()), (false, authority()));
        for (kind, key) in
            [(Kind::P256, "P-256"), (Kind::P384, "P-384"), (Kind::P521, "P-521"), (Kind::Ed25519, "Ed25519")]
        {
            assert_eq!(
                (facts(kind).key.unwrap().name().to_owned(), facts(kind).self_signed),
                (key.to_owned(), false),
                "{kind:?}"
            );
        }
        assert!(facts(Kind::Sha1).weak_signature);
        assert_eq!(facts(Kind::SmallKey).key_bits, Some(1024));
        assert_eq!(facts(Kind::WrongKey).key_bits, Some(2048));
        let hostile = &Kind::Hostile.chain()[0];
        assert!(hostile.len() > HOSTILE_LENGTH && hostile.len() < 0xFFFF);
        assert!(facts(Kind::Hostile).names[0].contains('\u{1B}'));
    }

    #[test]
    fn authority_in_der_and_in_pem_is_one_and_the_same() {
        use rustls::pki_types::CertificateDer;
        use rustls::pki_types::pem::PemObject as _;
        let pem = std::fs::read(root_file(&authority()).unwrap()).unwrap();
        assert_eq!(CertificateDer::from_pem_slice(&pem).unwrap().as_ref(), authority());
        assert_eq!(pem, authority_pem().as_bytes());
    }

    #[test]
    fn names_of_kinds_are_read() {
        assert_eq!((Kind::parse("ca_signed"), Kind::parse("none")), (Some(Kind::CaSigned), None));
    }
}
