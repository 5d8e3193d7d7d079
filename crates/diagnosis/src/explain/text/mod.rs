//! Free text, such as a log or what a dialog says: what of it is a code, a pair, a name or a known phrase.
//!
//! It is read in pieces, so that memory does not grow with the text; what stands in it several times is explained once.
mod flat;
mod found;
mod names;
mod numbers;
#[cfg(test)]
mod tests;

use crate::explain::explanation::Explanation;
use flat::Flat;
use found::Found;

/// So much of a text is looked at together, in octets: a message that is broken over lines is found all the same.
const PIECE: usize = 64 << 10;
/// So much of it again with the next piece.
const AGAIN: usize = 1 << 10;

/// Reads a text as it comes.
///
/// ```
/// use rdp_probe_diagnosis::explain::TextReader;
///
/// let mut reader = TextReader::new();
/// for piece in ["12:04:33 pid 516: Error co", "de: 0x904\nExtended error code: 0x7\n"] {
///     reader.read(piece.as_bytes());
/// }
/// let [pair] = reader.finish().try_into().unwrap();
/// assert_eq!((pair.code, pair.extended), (Some(0x904), Some(7)));
/// ```
#[derive(Debug, Default)]
pub struct TextReader {
    /// What was not looked at yet, and a little of what was.
    waiting: Vec<u8>,
    /// How much of that was.
    seen: usize,
    /// The number of its first line, less one.
    lines: usize,
    found: Found,
}

impl TextReader {
    /// One that has read nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads what comes next, cut wherever.
    pub fn read(&mut self, octets: &[u8]) {
        let mut rest = octets;
        while !rest.is_empty() {
            let room = PIECE.saturating_sub(self.waiting.len()).clamp(1, rest.len());
            let (now, later) = rest.split_at_checked(room).unwrap_or((rest, &[]));
            self.waiting.extend_from_slice(now);
            rest = later;
            if self.waiting.len() >= PIECE {
                self.look();
            }
        }
    }

    /// What was found, likeliest first: pairs before single codes, and these before what has no code.
    #[must_use]
    pub fn finish(mut self) -> Vec<Explanation> {
        self.look();
        self.found.explanations()
    }

    /// Looks at what waits, up to where a line or a word ends.
    fn look(&mut self) {
        if self.waiting.len() <= self.seen {
            return;
        }
        let flat = Flat::of(&self.waiting, self.lines.saturating_add(1));
        self.found.add(&flat);
        // The next piece begins with the last line or two of this one.
        let from = self.waiting.len().saturating_sub(AGAIN);
        let tail = self.waiting.get(from..).unwrap_or_default();
        let start = tail.iter().position(|octet| *octet == b'\n').map_or(0, |at| at.saturating_add(1));
        let from = from.saturating_add(start);
        let over = self.waiting.iter().take(from).filter(|octet| **octet == b'\n').count();
        self.lines = self.lines.saturating_add(over);
        self.waiting.drain(..from);
        self.seen = self.waiting.len();
    }
}

/// Explains what of a text is a code, a pair, a name or a known phrase, each once.
#[must_use]
pub fn explain_text(text: &str) -> Vec<Explanation> {
    let mut reader = TextReader::new();
    reader.read(text.as_bytes());
    reader.finish()
}
