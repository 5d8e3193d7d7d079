//! The secret of licensing, encrypted for the server.
//!
//! \[MS-RDPELE\] 2.2.2.2, \[MS-RDPBCGR\] 5.3.4.1: RSA without a padding scheme, little-endian, with eight zero octets behind. The
//! secret comes in, since there is no randomness here, and protects nothing but the messages of licensing.
use num_bigint::BigUint;

/// The longest modulus that anything is computed with, in bits: a server says how long it is, and the time grows with its square.
const MOST_BITS: u64 = 8192;
/// No slice is looked at that is longer, in octets: the longest modulus and its padding.
const MOST_OCTETS: usize = 1024 /* MOST_BITS */ + PADDING;
/// As long is the secret, in bits.
const SECRET_BITS: u64 = 48 * 8;
/// Zero octets behind a modulus, and behind what was encrypted with it.
const PADDING: usize = 8;

/// `EncryptedPreMasterSecret`: as many octets as the modulus takes, and eight of padding. It does not matter whether `modulus_le` has its
/// own padding still.
///
/// `None` for what is no key: a modulus that is even, not longer than the secret, or longer than 8192 bits, and an exponent of
/// zero or one.
pub(crate) fn encrypt_premaster(premaster: &[u8; 48], modulus_le: &[u8], exponent: u32) -> Option<Vec<u8>> {
    if modulus_le.len() > MOST_OCTETS || exponent < 2 {
        return None;
    }
    let (modulus, secret) = (BigUint::from_bytes_le(modulus_le), BigUint::from_bytes_le(premaster));
    // Zero is even. What is not below the modulus could not be decrypted, so that it has to be longer than any secret.
    if !modulus.bit(0) || modulus.bits() > MOST_BITS || modulus.bits() <= SECRET_BITS {
        return None;
    }
    let length = usize::try_from(modulus.bits().div_ceil(8)).ok()?;
    let mut encrypted = secret.modpow(&BigUint::from(exponent), &modulus).to_bytes_le();
    encrypted.resize(length.checked_add(PADDING)?, 0);
    Some(encrypted)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREMASTER: &str =
        "1428dafbb9ea38ab5ea2f904f7899c983d504577bf17811c3787c24813e8c9204ddff327bdb6987e64dafe1d312f62ca";
    /// A key of 512 bits, made for this test, and what another implementation of RSA encrypts with it.
    const MODULUS: &str = "61c0a486935da5e73641607f8c8df9f4a4b91e52dcb7d1e545220a89e649f994\
                           b845bdf9294c2e4c5b52c6a6db571c30351196ec9d2e2ae1bc680bcc944376cd";
    const PRIVATE: &str = "4152ba98f1abb30aab6fe208d4e0126bd8fafb489b029c1173f6124a8b5ac2bb\
                           3957340f0b288c512a5f38f6cec0c1de01090031c40d5b4d40013f298f2fef9a";
    const ENCRYPTED: &str = "066d8fe63ce07fd5a3094401b0631824e80e429e11892f001e44c4de90cda425\
                             3ac7add759111968af277122db35630a9fa84139e8d4a1cc57fcf90f30633045";
    const EXPONENT: u32 = 65_537;

    fn octets(text: &str) -> Vec<u8> {
        let (pairs, _) = text.as_bytes().as_chunks::<2>();
        pairs.iter().map(|pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    fn premaster() -> [u8; 48] {
        octets(PREMASTER).try_into().unwrap()
    }

    #[test]
    fn secret_is_encrypted_as_another_implementation_does_it_and_comes_back_with_the_private_key() {
        let modulus = octets(MODULUS);
        let encrypted = encrypt_premaster(&premaster(), &modulus, EXPONENT).unwrap();
        assert_eq!(encrypted, [octets(ENCRYPTED), vec![0; 8]].concat());
        let [cipher, private, modulus] = [&*encrypted, &octets(PRIVATE), &modulus].map(BigUint::from_bytes_le);
        assert_eq!(cipher.modpow(&private, &modulus).to_bytes_le(), premaster());
    }

    #[test]
    fn padding_behind_the_modulus_changes_nothing() {
        let padded = [octets(MODULUS), vec![0; 8]].concat();
        let encrypted = encrypt_premaster(&premaster(), &octets(MODULUS), EXPONENT);
        assert_eq!(encrypt_premaster(&premaster(), &padded, EXPONENT), encrypted);
    }

    #[test]
    fn result_is_as_long_as_the_modulus_however_small_it_is() {
        // Three to the second power.
        let mut three = [0; 48];
        three[0] = 3;
        let encrypted = encrypt_premaster(&three, &octets(MODULUS), 2).unwrap();
        assert_eq!((encrypted.len(), encrypted[0], encrypted[1..].iter().max()), (72, 9, Some(&0)));
        assert_eq!(encrypt_premaster(&[0; 48], &octets(MODULUS), EXPONENT), Some(vec![0; 72]));
    }

    #[test]
    fn what_is_no_key_encrypts_nothing() {
        let none = |modulus: &[u8], exponent| encrypt_premaster(&premaster(), modulus, exponent).is_none();
        let modulus = octets(MODULUS);
        for exponent in [0, 1] {
            assert!(none(&modulus, exponent), "{exponent}");
        }
        let mut even = modulus;
        even[0] &= 0xFE;
        for hostile in [&[][..], &[0; 64], &[1], &[1, 0, 0, 0, 0, 0, 0, 0, 0], &[0xFF; 47], &[0xFF; 48], &even]
        {
            assert!(none(hostile, EXPONENT), "{hostile:02X?}");
        }
        for long in [1025, 1032, 1033, 8193, 1 << 20] {
            assert!(none(&vec![0xFF; long], EXPONENT), "{long}");
        }
    }

    #[test]
    fn longest_and_shortest_keys_are_computed_with() {
        for length in [49, 1024] {
            let encrypted = encrypt_premaster(&premaster(), &vec![0xFF; length], u32::MAX).unwrap();
            assert_eq!(encrypted.len(), length.saturating_add(8));
            assert!(encrypted.ends_with(&[0; 8]));
        }
    }
}
