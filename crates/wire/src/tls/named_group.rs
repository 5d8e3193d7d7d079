//! Groups for the key exchange, by the names of the IANA registry "TLS Supported Groups".
//!
//! RFC 8446 section 4.2.7, RFC 8422 section 5.1.1, RFC 7027, RFC 7919; two octets.

/// `NamedGroup`; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct NamedGroup(pub u16);

impl NamedGroup {
    /// What people call it, when it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        Some(match self.0 {
            0x0013 => "P-192",
            0x0015 => "P-224",
            0x0016 => "secp256k1",
            0x0017 => "P-256",
            0x0018 => "P-384",
            0x0019 => "P-521",
            0x001A => "brainpoolP256r1",
            0x001B => "brainpoolP384r1",
            0x001C => "brainpoolP512r1",
            0x001D => "X25519",
            0x001E => "X448",
            0x0100 => "ffdhe2048",
            0x0101 => "ffdhe3072",
            0x0102 => "ffdhe4096",
            0x0103 => "ffdhe6144",
            0x0104 => "ffdhe8192",
            0x11EC => "X25519MLKEM768",
            _ => return None,
        })
    }
}
