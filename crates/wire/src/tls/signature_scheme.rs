//! Signature schemes, by the names of the IANA registry "TLS SignatureScheme".
//!
//! RFC 8446 section 4.2.3, RFC 5246 section 7.4.1.4.1 (hash, then signature), RFC 8734; two octets.

/// `SignatureScheme`; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct SignatureScheme(pub u16);

impl SignatureScheme {
    /// The registry's name, or what the two halves say in TLS 1.2.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0x0101 => "rsa_pkcs1_md5",
            0x0201 => "rsa_pkcs1_sha1",
            0x0202 => "dsa_sha1",
            0x0203 => "ecdsa_sha1",
            0x0301 => "rsa_pkcs1_sha224",
            0x0302 => "dsa_sha224",
            0x0303 => "ecdsa_sha224",
            0x0401 => "rsa_pkcs1_sha256",
            0x0402 => "dsa_sha256",
            0x0403 => "ecdsa_secp256r1_sha256",
            0x0501 => "rsa_pkcs1_sha384",
            0x0502 => "dsa_sha384",
            0x0503 => "ecdsa_secp384r1_sha384",
            0x0601 => "rsa_pkcs1_sha512",
            0x0602 => "dsa_sha512",
            0x0603 => "ecdsa_secp521r1_sha512",
            0x0804 => "rsa_pss_rsae_sha256",
            0x0805 => "rsa_pss_rsae_sha384",
            0x0806 => "rsa_pss_rsae_sha512",
            0x0807 => "ed25519",
            0x0808 => "ed448",
            0x0809 => "rsa_pss_pss_sha256",
            0x080A => "rsa_pss_pss_sha384",
            0x080B => "rsa_pss_pss_sha512",
            0x081A => "ecdsa_brainpoolP256r1tls13_sha256",
            0x081B => "ecdsa_brainpoolP384r1tls13_sha384",
            0x081C => "ecdsa_brainpoolP512r1tls13_sha512",
            _ => return None,
        })
    }
}
