//! What binds a logon over HTTP to the TLS connection that it is made on: `tls-server-end-point` (RFC 5929 section 4).
use sha2::{Digest as _, Sha224, Sha256, Sha384, Sha512};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::AlgorithmIdentifier;

use crate::certificate::{Digest, Signature};

/// The binding to the certificate of one TLS server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ChannelBinding {
    /// The application data: the name of the type, a colon, the digest.
    pub(crate) data: Vec<u8>,
    /// Whether the RFC says by which digest: for some algorithms it does not, and SHA-256 is a guess.
    pub(crate) certain: bool,
}

/// The name of its type, with the colon behind it (RFC 5056 section 2.1).
const PREFIX: &[u8] = b"tls-server-end-point:";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

impl ChannelBinding {
    /// The binding to the server that showed this certificate, in DER; `None` when it is none.
    pub(crate) fn of(certificate: &[u8]) -> Option<Self> {
        let algorithm = rdp_probe_wire::x509::Certificate::read(certificate).signature_algorithm?;
        let hash = hash_of(&AlgorithmIdentifier::from_der(algorithm).ok()?.1);
        let digest = match hash.unwrap_or(Hash::Sha256) {
            Hash::Sha224 => Sha224::digest(certificate).to_vec(),
            Hash::Sha256 => Sha256::digest(certificate).to_vec(),
            Hash::Sha384 => Sha384::digest(certificate).to_vec(),
            Hash::Sha512 => Sha512::digest(certificate).to_vec(),
        };
        Some(Self { data: [PREFIX, &digest].concat(), certain: hash.is_some() })
    }
}

/// The digest of a signature's algorithm; of MD5 and SHA-1 SHA-256 takes the place. `None` where it has none, not a single one, or one that
/// the RFC does not speak of.
fn hash_of(algorithm: &AlgorithmIdentifier<'_>) -> Option<Hash> {
    match Signature::of(algorithm).digest {
        Digest::Md5 | Digest::Sha1 | Digest::Sha256 => Some(Hash::Sha256),
        Digest::Sha384 => Some(Hash::Sha384),
        Digest::Sha512 => Some(Hash::Sha512),
        Digest::Sha224 => Some(Hash::Sha224),
        Digest::Older | Digest::Other => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An algorithm's identifier in DER: its number, and these octets behind it.
    fn algorithm(oid: &[u8], behind: &[u8]) -> Option<Hash> {
        let octet = |length: usize| u8::try_from(length).unwrap();
        let body = [&[6, octet(oid.len())][..], oid, behind].concat();
        let der = [&[0x30, octet(body.len())][..], &body].concat();
        hash_of(&AlgorithmIdentifier::from_der(&der).unwrap().1)
    }

    #[test]
    fn digest_is_the_signature_s_and_never_an_unsafe_one() {
        const RSA: [u8; 8] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1];
        let rsa = |last: u8| algorithm(&[&RSA[..], &[last]].concat(), &[5, 0]);
        assert_eq!([4, 5, 11].map(rsa), [Some(Hash::Sha256); 3]);
        assert_eq!([12, 13, 14].map(rsa), [Some(Hash::Sha384), Some(Hash::Sha512), Some(Hash::Sha224)]);
        let ecdsa = |last: &[u8]| algorithm(&[&[0x2A, 0x86, 0x48, 0xCE, 0x3D, 4][..], last].concat(), &[]);
        assert_eq!([ecdsa(&[1]), ecdsa(&[3, 2])], [Some(Hash::Sha256); 2]);
        assert_eq!(ecdsa(&[3, 1]), Some(Hash::Sha224));
        assert_eq!([ecdsa(&[3, 3]), ecdsa(&[3, 4])], [Some(Hash::Sha384), Some(Hash::Sha512)]);
    }

    #[test]
    fn digest_of_pss_stands_in_its_parameters() {
        const PSS: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 1, 1, 10];
        let with = |last: u8| {
            let sha = [0x30, 11, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2, last];
            algorithm(&PSS, &[&[0x30, 15, 0xA0, 13][..], &sha].concat())
        };
        let all = [Hash::Sha256, Hash::Sha384, Hash::Sha512, Hash::Sha224].map(Some);
        assert_eq!([1, 2, 3, 4].map(with), all);
        assert_eq!(with(9), None, "SHA3-384");
        assert_eq!(algorithm(&PSS, &[0x30, 0]), Some(Hash::Sha256), "SHA-1 where there are none");
    }

    #[test]
    fn where_the_rfc_says_nothing_it_is_a_guess() {
        assert_eq!(algorithm(&[0x2B, 0x65, 0x70], &[]), None, "Ed25519");
        assert_eq!(ChannelBinding::of(b"no certificate"), None);
    }
}
