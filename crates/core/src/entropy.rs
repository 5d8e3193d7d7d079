//! Randomness for what the core sends itself.
use std::fmt;

use sha2::{Digest as _, Sha256};

/// One seed, made by the driver: the core has no randomness of its own. Each use draws octets of its own by a label.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub struct Entropy {
    seed: [u8; 32],
}

impl Entropy {
    /// Randomness from 32 random octets.
    #[must_use]
    pub const fn new(seed: [u8; 32]) -> Self {
        Self { seed }
    }

    /// The octets of one use: the same for the same label, and telling nothing of those of another one.
    #[must_use]
    pub fn draw(&self, label: &str) -> [u8; 32] {
        Sha256::new().chain_update(self.seed).chain_update(label).finalize().into()
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_draws_octets_of_its_own_and_every_seed_others() {
        let (one, other) = (Entropy::new([1; 32]), Entropy::new([2; 32]));
        assert_eq!(one.draw("a"), one.draw("a"));
        assert_ne!(one.draw("a"), one.draw("b"));
        assert_ne!(one.draw("a"), other.draw("a"));
        assert_ne!(one.draw("a"), [1; 32], "a seed is not given out");
    }
}
