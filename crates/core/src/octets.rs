//! Octets a peer sent, kept as evidence.
use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The beginning of what a peer sent: at most [`Octets::MAX`] octets, and how many there were. Shown in hexadecimal.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Octets {
    kept: Vec<u8>,
    total: usize,
}

impl Octets {
    /// As many octets as are kept.
    pub const MAX: usize = 256;

    /// Keeps the beginning of `octets`.
    #[must_use]
    pub fn of(octets: &[u8]) -> Self {
        Self { kept: octets.get(..Self::MAX).unwrap_or(octets).to_vec(), total: octets.len() }
    }

    /// What was kept.
    #[must_use]
    pub fn as_slice(&self) -> &[u8] {
        &self.kept
    }

    /// How many octets there were.
    #[must_use]
    pub const fn total(&self) -> usize {
        self.total
    }

    /// Whether there were none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.total == 0
    }
}

impl fmt::Display for Octets {
    /// Pairs of hexadecimal digits with a space between.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, octet) in self.kept.iter().enumerate() {
            write!(f, "{}{octet:02x}", if index == 0 { "" } else { " " })?;
        }
        Ok(())
    }
}

impl fmt::Debug for Octets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{self}; {}]", self.total)
    }
}

#[derive(Serialize, Deserialize)]
struct Stored {
    hex: String,
    total: usize,
}

impl Serialize for Octets {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Stored { hex: self.to_string(), total: self.total }.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Octets {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Stored { hex, total } = Stored::deserialize(deserializer)?;
        let kept: Result<Vec<u8>, _> =
            hex.split_ascii_whitespace().map(|pair| u8::from_str_radix(pair, 16)).collect();
        let kept = kept.map_err(serde::de::Error::custom)?;
        if kept.len() > Self::MAX || kept.len() > total {
            return Err(serde::de::Error::custom("more octets than there were"));
        }
        Ok(Self { kept, total })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_evidence_is_cut_but_its_length_is_kept() {
        let octets = Octets::of(&[0xAB; 1000]);
        assert_eq!((octets.as_slice().len(), octets.total()), (Octets::MAX, 1000));
    }

    #[test]
    fn hexadecimal_has_spaces_between_pairs() {
        assert_eq!(Octets::of(&[3, 0, 0xD0]).to_string(), "03 00 d0");
    }
}
