//! What hearing a stretch of octets comes to, for whatever is wrapped in something else.

/// What came of a stretch of octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two numbers, for every driver")]
pub struct Heard {
    /// So many octets are done with.
    pub used: usize,
    /// As many of them, the last ones, are what was wrapped.
    pub inside: usize,
}
