//! Randomness for what the core sends itself.
use std::fmt;

/// Random octets, made by the driver: the core has no randomness of its own.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "three times thirty-two octets")]
pub struct Entropy(pub [[u8; 32]; 3]);

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(..)")
    }
}
