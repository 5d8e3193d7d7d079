//! How human output looks.

/// How human output looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "whoever prints says all of it")]
pub struct Look {
    /// Whether in colour, by escape sequences.
    pub color: bool,
    /// The longest line, in columns; a word that is longer stands alone on one. Below 40 there is no room for names and values.
    pub width: usize,
    /// How much: 0; 1 for every fact and why; 2 for the octets too.
    pub verbose: u8,
}

impl Look {
    /// For a text that nobody has seen a terminal of: no colour, 80 columns, no more than needs to be known.
    pub const PLAIN: Self = Self { color: false, width: 80, verbose: 0 };
}
