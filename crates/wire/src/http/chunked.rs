//! A body in chunks, RFC 9112 section 7.1.
use alloc::vec::Vec;

use crate::fault::Problem;

/// The end of a body, without trailers.
pub const LAST_CHUNK: &[u8] = b"0\r\n\r\n";

/// Writes a chunk; of nothing there is none, since that would be the last.
pub fn chunk(octets: &[u8], out: &mut Vec<u8>) {
    if octets.is_empty() {
        return;
    }
    const LONGEST: usize = 2 * size_of::<usize>() + 2 * END_OF_LINE.len();
    // At once, so that no copy stays behind where it grows.
    out.reserve(octets.len().saturating_add(LONGEST));
    let size = octets.len().to_be_bytes();
    let digits = size.iter().flat_map(|octet| [octet >> 4, octet & 0x0F]).skip_while(|digit| *digit == 0);
    out.extend(digits.filter_map(|digit| DIGITS.get(usize::from(digit))));
    out.extend_from_slice(END_OF_LINE);
    out.extend_from_slice(octets);
    out.extend_from_slice(END_OF_LINE);
}

const END_OF_LINE: &[u8] = b"\r\n";
const DIGITS: &[u8; 16] = b"0123456789ABCDEF";

/// The most digits of a chunk's size.
const MAX_DIGITS: u8 = 8;
/// The most octets between a chunk's size and the end of its line.
const MAX_EXTENSION: u16 = 256;
/// The most octets behind the line of the last chunk, the empty line included.
const MAX_TRAILERS: u16 = 8 << 10;

/// Where a body in chunks ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// Not within these octets.
    Beyond,
    /// Behind so many octets.
    At(usize),
    /// It makes no sense from this octet on.
    Malformed {
        /// Octets before it.
        at: usize,
        /// The name in the specification.
        field: &'static str,
        problem: Problem,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// In `chunk-size`, of which so many digits have come.
    Size { digits: u8, size: u32 },
    /// In `chunk-ext`, of which so many octets have come.
    Extension { octets: u16, size: u32 },
    /// Before the LF of a chunk's first line.
    LineEnd { size: u32 },
    /// In `chunk-data`, of which so many octets are missing.
    Data { left: u32 },
    /// Before the CR behind a chunk.
    DataCr,
    /// Before the LF behind a chunk.
    DataLf,
    /// In `trailer-section`, of which so many octets have come.
    Trailers { octets: u16, line: Line },
}

/// A line of the trailers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Line {
    Empty,
    Begun,
    /// Before its LF, and whether it is the empty one.
    Cr {
        empty: bool,
    },
}

/// Asks where the body ends that begins with these octets. Lines end in CR and LF: in a body nobody is known to send less.
pub(super) fn end(body: &[u8]) -> End {
    let mut state = State::Size { digits: 0, size: 0 };
    let mut at = 0_usize;
    loop {
        if let State::Data { left } = state {
            at = at.saturating_add(usize::try_from(left).unwrap_or(usize::MAX));
            state = State::DataCr;
        }
        let Some(octet) = body.get(at) else { return End::Beyond };
        let next = at.saturating_add(1);
        match step(state, *octet) {
            Ok(Some(stepped)) => (state, at) = (stepped, next),
            Ok(None) => return End::At(next),
            Err((field, problem)) => return End::Malformed { at, field, problem },
        }
    }
}

/// A body in chunks as it comes, in whatever pieces: one that may go on for as long as the connection does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chunks {
    at: At,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum At {
    /// Somewhere in it.
    Inside(State),
    /// Behind the empty line of its last chunk.
    Over,
    /// Behind what makes no sense.
    Broken,
}

/// What a stretch of octets came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "two numbers, for every reader")]
pub struct ChunksHeard {
    /// So many octets are done with.
    pub used: usize,
    /// As many of them, the last ones, are `chunk-data`.
    pub inside: usize,
}

impl Default for Chunks {
    fn default() -> Self {
        Self::new()
    }
}

impl Chunks {
    /// Before the first octet.
    #[must_use]
    pub const fn new() -> Self {
        Self { at: At::Inside(State::Size { digits: 0, size: 0 }) }
    }

    /// Hears octets, up to the first that are `chunk-data`: as many of those as have come of it. To be called again with what is left, until
    /// nothing is, or until it is over: what stands behind it is not heard.
    pub fn hear(&mut self, octets: &[u8]) -> ChunksHeard {
        let mut used = 0_usize;
        while let At::Inside(state) = self.at
            && let Some(rest @ [octet, ..]) = octets.get(used..)
        {
            if let State::Data { left } = state {
                let inside = usize::try_from(left).unwrap_or(usize::MAX).min(rest.len());
                let left = left.saturating_sub(u32::try_from(inside).unwrap_or(u32::MAX));
                self.at = At::Inside(if left == 0 { State::DataCr } else { State::Data { left } });
                return ChunksHeard { used: used.saturating_add(inside), inside };
            }
            self.at = match step(state, *octet) {
                Ok(Some(state)) => At::Inside(state),
                Ok(None) => At::Over,
                // That octet is no part of it.
                Err(_) => {
                    self.at = At::Broken;
                    break;
                }
            };
            used = used.saturating_add(1);
        }
        ChunksHeard { used, inside: 0 }
    }

    /// Whether its last chunk has come, with all that belongs to it.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        matches!(self.at, At::Over)
    }

    /// Whether what came makes no sense as one.
    #[must_use]
    pub const fn is_broken(&self) -> bool {
        matches!(self.at, At::Broken)
    }
}

/// What one octet does; `None` when it is the last.
fn step(state: State, octet: u8) -> Result<Option<State>, (&'static str, Problem)> {
    let wrong = |field| Err((field, Problem::Value(u32::from(octet))));
    let state = match state {
        State::Size { digits, size } => match (digit(octet), octet) {
            (Some(_), _) if digits == MAX_DIGITS => return Err(("chunk-size", Problem::Length(u32::MAX))),
            (Some(digit), _) => State::Size {
                digits: digits.saturating_add(1),
                size: size.wrapping_shl(4) | u32::from(digit), // Eight digits fit.
            },
            (None, b'\r') if digits > 0 => State::LineEnd { size },
            (None, b';' | b' ' | b'\t') if digits > 0 => State::Extension { octets: 1, size },
            (None, _) => return wrong("chunk-size"),
        },
        State::Extension { size, .. } if octet == b'\r' => State::LineEnd { size },
        State::Extension { .. } if matches!(octet, b'\n' | 0) => return wrong("chunk-ext"),
        State::Extension { octets: MAX_EXTENSION, .. } => {
            return Err(("chunk-ext", Problem::Length(u32::from(MAX_EXTENSION).saturating_add(1))));
        }
        State::Extension { octets, size } => State::Extension { octets: octets.saturating_add(1), size },
        State::LineEnd { .. } if octet != b'\n' => return wrong("CRLF"),
        State::LineEnd { size: 0 } => State::Trailers { octets: 0, line: Line::Empty },
        State::LineEnd { size } => State::Data { left: size },
        State::DataCr if octet == b'\r' => State::DataLf,
        State::DataLf if octet == b'\n' => State::Size { digits: 0, size: 0 },
        State::Data { .. } | State::DataCr | State::DataLf => return wrong("chunk-data"),
        State::Trailers { octets: MAX_TRAILERS, .. } => {
            return Err(("trailer-section", Problem::Length(u32::from(MAX_TRAILERS).saturating_add(1))));
        }
        State::Trailers { octets, line } => {
            let line = match (line, octet) {
                (Line::Cr { empty: true }, b'\n') => return Ok(None),
                (Line::Cr { empty: false }, b'\n') => Line::Empty,
                (Line::Cr { .. }, _) | (Line::Empty | Line::Begun, b'\n' | 0) => {
                    return wrong("trailer-section");
                }
                (Line::Empty, b'\r') => Line::Cr { empty: true },
                (Line::Begun, b'\r') => Line::Cr { empty: false },
                (Line::Empty | Line::Begun, _) => Line::Begun,
            };
            State::Trailers { octets: octets.saturating_add(1), line }
        }
    };
    Ok(Some(state))
}

fn digit(octet: u8) -> Option<u8> {
    char::from(octet).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::String;
    use alloc::vec::Vec;

    fn malformed(body: &str) -> (&'static str, usize, Problem) {
        let End::Malformed { at, field, problem } = end(body.as_bytes()) else { panic!("{body:?}") };
        for cut in 0..=at {
            assert_eq!(end(&body.as_bytes()[..cut]), End::Beyond, "{body:?} at {cut}");
        }
        (field, at, problem)
    }

    fn ends(body: &str) {
        for rest in ["", "\r\n", "more"] {
            assert_eq!(end(format!("{body}{rest}").as_bytes()), End::At(body.len()), "{body:?}");
        }
        for cut in 0..body.len() {
            assert_eq!(end(&body.as_bytes()[..cut]), End::Beyond, "{body:?} at {cut}");
        }
    }

    #[test]
    fn body_ends_behind_the_empty_line_of_its_last_chunk() {
        ends("0\r\n\r\n");
        ends("00000000\r\n\r\n");
        ends("3\r\n\r\n\r\r\nb\r\n0123456789a\r\n0\r\n\r\n");
        ends("000000A\r\n0123456789\r\n0\r\n\r\n");
        ends("1;a=\"b\"\r\nx\r\n0 ; c\r\n\r\n");
        ends("0\r\nA: b\r\nC: d\r\n\r\n");
    }

    #[test]
    fn what_makes_no_sense_is_named_where_it_stands() {
        let value = |octet: char| Problem::Value(u32::from(octet));
        for (body, field, at, problem) in [
            ("\r\n", "chunk-size", 0, value('\r')),
            ("g\r\n", "chunk-size", 0, value('g')),
            ("-1\r\n", "chunk-size", 0, value('-')),
            (";a\r\n", "chunk-size", 0, value(';')),
            ("1\n", "chunk-size", 1, value('\n')),
            ("000000001\r\n", "chunk-size", 8, Problem::Length(u32::MAX)),
            ("1\rx", "CRLF", 2, value('x')),
            ("1;a\n", "chunk-ext", 3, value('\n')),
            ("1\r\nxy", "chunk-data", 4, value('y')),
            ("1\r\nx\ry", "chunk-data", 5, value('y')),
            ("0\r\n\n", "trailer-section", 3, value('\n')),
            ("0\r\nA\n", "trailer-section", 4, value('\n')),
            ("0\r\n\rA", "trailer-section", 4, value('A')),
            ("0\r\nA\rA", "trailer-section", 5, value('A')),
        ] {
            assert_eq!(malformed(body), (field, at, problem), "{body:?}");
        }
    }

    #[test]
    fn size_has_eight_digits_and_may_be_of_any_value() {
        assert_eq!(end(b"ffffffff\r\nx"), End::Beyond);
        let body = format!("00010000\r\n{}\r\n0\r\n\r\n", "x".repeat(0x1_0000));
        assert_eq!(end(body.as_bytes()), End::At(body.len()));
    }

    #[test]
    fn extension_and_trailers_have_their_limits() {
        let extension = |octets: usize| format!("0;{}\r\n\r\n", "e".repeat(octets - 1));
        assert_eq!(end(extension(256).as_bytes()), End::At(256 + 5));
        assert_eq!(malformed(&extension(257)), ("chunk-ext", 257, Problem::Length(257)));
        let trailers = |octets: usize| format!("0\r\n{}\r\n\r\n", "t".repeat(octets - 4));
        assert_eq!(end(trailers(8192).as_bytes()), End::At(8192 + 3));
        assert_eq!(malformed(&trailers(8193)), ("trailer-section", 8192 + 3, Problem::Length(8193)));
        let endless: String = "a\r\n".repeat(3000);
        assert_eq!(malformed(&format!("0\r\n{endless}")).0, "trailer-section");
    }

    #[test]
    fn a_chunk_is_read_as_it_is_written_and_of_nothing_there_is_none() {
        let mut body = Vec::new();
        for length in [0, 1, 15, 16, 26, 255, 256, 65_536] {
            let mut written = Vec::new();
            chunk(&alloc::vec![7; length], &mut written);
            assert_eq!(written.starts_with(format!("{length:X}\r\n").as_bytes()), length > 0, "{length}");
            body.extend(written);
        }
        body.extend(LAST_CHUNK);
        let (inside, used, over, broken) = heard(&body, 1000);
        assert_eq!((inside.len(), used, over, broken), (65_536 + 569, body.len(), true, false));
    }

    /// What is inside of a body that comes in pieces of so many octets, how many octets were used, and whether it is over or broken.
    fn heard(body: &[u8], piece: usize) -> (Vec<u8>, usize, bool, bool) {
        let (mut chunks, mut inside, mut used) = (Chunks::new(), Vec::new(), 0);
        for piece in body.chunks(piece) {
            let mut rest = piece;
            while !rest.is_empty() && !chunks.is_over() && !chunks.is_broken() {
                let heard = chunks.hear(rest);
                inside.extend_from_slice(&rest[heard.used.saturating_sub(heard.inside)..heard.used]);
                rest = &rest[heard.used..];
                used = heard.used.saturating_add(used);
            }
        }
        (inside, used, chunks.is_over(), chunks.is_broken())
    }

    #[test]
    fn a_body_is_read_as_it_comes_in_whatever_pieces() {
        let body = b"5\r\nhello\r\n0a;x=y\r\n, world at\r\n1\r\n!\r\n0\r\nA: b\r\n\r\nbehind";
        for piece in 1..body.len() {
            let (inside, used, over, broken) = heard(body, piece);
            assert_eq!(inside, b"hello, world at!", "in pieces of {piece}");
            assert_eq!((used, over, broken), (body.len() - 6, true, false), "in pieces of {piece}");
        }
        for (body, inside, used) in [
            (&b"5\r\nhellX"[..], &b"hellX"[..], 8),
            (b"5\r\nhello!", b"hello", 8),
            (b"-1\r\n", b"", 0),
            (b"1\r\n\r\n\n", b"\r", 4),
        ] {
            for piece in 1..=body.len() {
                let (got, at, over, broken) = heard(body, piece);
                assert_eq!((got.as_slice(), at, over), (inside, used, false), "{body:?} in pieces of {piece}");
                assert_eq!(broken, at < body.len(), "{body:?}");
            }
        }
    }
}
