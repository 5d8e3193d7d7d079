//! What binds a logon to the TLS session that it is made in ([MS-CSSP] 3.1.5): who stands in between has another key than the server.
use sha2::{Digest as _, Sha256};

/// From this version on it is a digest with a nonce; before, the key itself.
const DIGESTS_FROM: u32 = 5;
const TO_SERVER: &[u8] = b"CredSSP Client-To-Server Binding Hash\0";
const TO_CLIENT: &[u8] = b"CredSSP Server-To-Client Binding Hash\0";

/// The server's key, as it is bound to: subjectPublicKey of its certificate, the contents of the BIT STRING.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Binding<'a> {
    /// The version that the server speaks.
    pub(crate) version: u32,
    /// The client's nonce.
    pub(crate) nonce: &'a [u8; 32],
    /// subjectPublicKey.
    pub(crate) key: &'a [u8],
}

impl Binding<'_> {
    /// What the client seals.
    pub(crate) fn to_server(self) -> Vec<u8> {
        self.digest(TO_SERVER).unwrap_or_else(|| self.key.to_vec())
    }

    /// What the server seals who has seen the same.
    pub(crate) fn to_client(self) -> Vec<u8> {
        self.digest(TO_CLIENT).unwrap_or_else(|| {
            let mut key = self.key.to_vec();
            if let Some(first) = key.first_mut() {
                *first = first.wrapping_add(1);
            }
            key
        })
    }

    fn digest(&self, direction: &[u8]) -> Option<Vec<u8>> {
        let digest = || Sha256::new().chain_update(direction).chain_update(self.nonce).chain_update(self.key);
        (self.version >= DIGESTS_FROM).then(|| digest().finalize().to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn octets(hex: &str) -> Vec<u8> {
        let pairs = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).unwrap());
        pairs.map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    #[test]
    fn digests_are_those_of_a_captured_logon() {
        // A logon to FreeRDP's server: nonce and key as they went over the wire.
        let nonce =
            octets("9e0fbab476b75ece1d284ba371d5fc8399285c048f3edcfaf4bb073ec34ed31a").try_into().unwrap();
        let key = octets(
            "3082010a0282010100b1bcea314c59a776401737e94568a8c9f7608b6f3cf4576f830356bc6f2e7f84886dd5b9d13ac04d5db98eb5410dde\
             0ad7e0a9ef762f4625b5b2093fa8301684c4eaa999f5d3f6df6eeb4d1871cbac1d4ef92174a0412a82f1810f011f41df4c0154c83eee8240\
             e2897e8d8d66f6fda24c255925a26caafa1c4e85f780ce20667cb299ebce1ee0bafd5463f7ba7709d29184efa2e89efcf9abf9a331b430b7\
             d1c623b222054d2b87bbc0d4f21748574971b1b6198af871b9975580571506806aa473593691ca69a1cae43f3705186ab15e5c2caf6bfb68\
             8f7a65aa86e36633b5d8935259e435673a3c6d2f6c064f13392d879045cfcc1c0fc0880b5cd5b6bb9b0203010001",
        );
        let binding = Binding { version: 6, nonce: &nonce, key: &key };
        let expected = "b891a9bc54f4c228f5cffadbbee99d64e4286046ab400903eabc17d09ea339cd";
        assert_eq!(binding.to_server(), octets(expected));
        let expected = "1072378be4a428c9767f8fc4468163188171ed1fb7b0c44a36237dcd35c1fa9f";
        assert_eq!(binding.to_client(), octets(expected));
    }

    #[test]
    fn before_version_5_it_is_the_key_and_the_answer_the_key_with_one_more() {
        let bound = |version, key| {
            let binding = Binding { version, nonce: &[7; 32], key };
            (binding.to_server(), binding.to_client())
        };
        for version in 2..=4 {
            assert_eq!(bound(version, &[0x30, 1]), (vec![0x30, 1], vec![0x31, 1]));
            assert_eq!(bound(version, &[0xFF]), (vec![0xFF], vec![0]));
            assert_eq!(bound(version, &[]), (vec![], vec![]), "no key");
        }
        for version in [5, 6, u32::MAX] {
            assert_eq!(bound(version, &[0x30]).0.len(), 32);
        }
    }
}
