//! Handshake octets as one stream, though records cut it anywhere. Borrowed: nothing is joined.
//!
//! RFC 8446 section 5.1: a message may span records, and a record may hold several messages.
use core::borrow::Borrow;

use super::record::{ContentType, Seen, see};
use crate::fault::{Fault, Layout, Problem};

/// A stretch of octets that a grammar reads from its start: in one piece, which is quick, or over records.
pub(crate) trait Stretch<'a>: Copy {
    /// So many octets of it, borrowed if they can be.
    type Chunk<const N: usize>: Borrow<[u8; N]>;

    /// Octets in the stretch.
    fn len(self) -> usize;

    /// Octets from here to the end of all that was received, headers of records included.
    fn rest(self) -> usize;

    /// The first `count` octets and the others, or `None` when there are not so many.
    fn split(self, count: usize) -> Option<(Self, Self)>;

    /// The first `N` octets and what follows, or `None` when there are not so many.
    fn chunk<const N: usize>(self) -> Option<(Self::Chunk<N>, Self)>;

    /// The same stretch, for who must keep either kind.
    fn spliced(self) -> Spliced<'a>;

    /// A fault in the field that begins here.
    #[cold]
    fn fault(self, field: &'static str, problem: Problem) -> Fault {
        Fault::counted(self.rest(), field, problem)
    }

    /// A fault in the field that begins so many octets on.
    #[cold]
    fn fault_at(self, count: usize, field: &'static str, problem: Problem) -> Fault {
        self.split(count).map_or(self, |(_, at)| at).fault(field, problem)
    }

    /// As [`Self::chunk`], with the fault of the field that was cut.
    #[inline]
    fn fixed<const N: usize>(self, layout: Layout) -> Result<(Self::Chunk<N>, Self), Fault> {
        self.chunk().ok_or_else(|| self.cut(layout))
    }

    /// The fault of the first field that is not whole.
    #[cold]
    fn cut(self, layout: Layout) -> Fault {
        let (mut at, mut name) = (self, "");
        for &(field, size) in layout {
            name = field;
            match at.split(size) {
                Some((_, after)) => at = after,
                None => break,
            }
        }
        at.fault(name, Problem::Cut)
    }
}

/// Octets in one piece.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece<'a> {
    octets: &'a [u8],
    /// How many octets were received behind them.
    behind: usize,
}

impl<'a> Piece<'a> {
    pub(crate) const fn new(octets: &'a [u8], behind: usize) -> Self {
        Self { octets, behind }
    }

    pub(crate) const fn octets(self) -> &'a [u8] {
        self.octets
    }
}

impl<'a> Stretch<'a> for Piece<'a> {
    type Chunk<const N: usize> = &'a [u8; N];

    #[inline]
    fn len(self) -> usize {
        self.octets.len()
    }

    fn rest(self) -> usize {
        self.octets.len().saturating_add(self.behind)
    }

    #[inline]
    fn split(self, count: usize) -> Option<(Self, Self)> {
        let (octets, rest) = self.octets.split_at_checked(count)?;
        let behind = self.behind.saturating_add(rest.len());
        Some((Self { octets, behind }, Self { octets: rest, ..self }))
    }

    #[inline]
    fn chunk<const N: usize>(self) -> Option<(&'a [u8; N], Self)> {
        let (chunk, octets) = self.octets.split_first_chunk()?;
        Some((chunk, Self { octets, ..self }))
    }

    fn spliced(self) -> Spliced<'a> {
        Spliced { head: self.octets, tail: &[], len: self.octets.len() }
    }
}

/// Octets over records.
///
/// INVARIANT: `head` and the records at the start of `tail` hold at least `len` octets. Every function here gives out what
/// keeps this.
///
/// At the end of a record it stays there until an octet of the next one is asked for: what has no octets is then in the same
/// place whether that record came already or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Spliced<'a> {
    /// What is left of the record at hand, maybe nothing; more than `len` octets when the stretch ends inside it.
    head: &'a [u8],
    /// All that was received after that record.
    tail: &'a [u8],
    len: usize,
}

/// The stream of a run of handshake records.
pub(crate) struct Run<'a> {
    pub(crate) stream: Spliced<'a>,
    /// What follows the run; nothing when its last record is not whole.
    pub(crate) after: &'a [u8],
}

impl<'a> Run<'a> {
    /// From `head` on, which is left of a record: with it, the handshake records at the start of `tail`, which follows.
    pub(crate) fn new(head: &'a [u8], tail: &'a [u8]) -> Self {
        let (mut after, mut len) = (tail, head.len());
        while let Seen::Record { kind: ContentType::HANDSHAKE, contents, after: next, .. } = see(after) {
            len = len.saturating_add(contents.len());
            after = next;
        }
        Self { stream: Spliced { head, tail, len }, after }
    }
}

impl<'a> Spliced<'a> {
    /// At its first octet, if it has one: on to the next record that is not empty.
    fn filled(mut self) -> Self {
        while self.head.is_empty() && self.len > 0 {
            let Seen::Record { contents, after, .. } = see(self.tail) else {
                // The invariant says that there is one.
                self.len = 0;
                break;
            };
            (self.head, self.tail) = (contents, after);
        }
        self
    }

    /// The octets that are in one piece from here on.
    fn piece(self) -> &'a [u8] {
        let Self { head, len, .. } = self.filled();
        head.get(..len).unwrap_or(head)
    }

    /// The stretch without its first `count` octets, of which there are that many.
    fn without(mut self, mut count: usize) -> Self {
        while count > 0 && self.len > 0 {
            self = self.filled();
            let piece = count.min(self.head.len());
            self.head = self.head.get(piece..).unwrap_or_default();
            self.len = self.len.saturating_sub(piece);
            count = count.saturating_sub(piece);
        }
        self
    }

    /// The stretch, when it is in one piece.
    pub(crate) fn as_slice(self) -> Option<&'a [u8]> {
        let Self { head, len, .. } = self.filled();
        head.get(..len)
    }

    /// Octets in the stretch.
    pub(crate) const fn octets(self) -> usize {
        self.len
    }

    /// The stretch, piece by piece.
    pub(crate) const fn pieces(self) -> Pieces<'a> {
        Pieces(self)
    }
}

impl<'a> Stretch<'a> for Spliced<'a> {
    type Chunk<const N: usize> = [u8; N];

    fn len(self) -> usize {
        self.len
    }

    fn rest(self) -> usize {
        let Self { head, tail, .. } = self.filled();
        head.len().saturating_add(tail.len())
    }

    fn split(self, count: usize) -> Option<(Self, Self)> {
        (count <= self.len).then(|| (Self { len: count, ..self }, self.without(count)))
    }

    fn chunk<const N: usize>(self) -> Option<([u8; N], Self)> {
        if self.len < N {
            return None;
        }
        let mut chunk = [0; N];
        for (slot, octet) in chunk.iter_mut().zip(self.pieces().flatten()) {
            *slot = *octet;
        }
        Some((chunk, self.without(N)))
    }

    fn spliced(self) -> Self {
        self
    }
}

/// Octets that records have cut, in order and piece by piece; no piece is empty.
#[derive(Clone, Debug)]
pub struct Pieces<'a>(Spliced<'a>);

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<Self::Item> {
        let piece = self.0.piece();
        if piece.is_empty() {
            return None;
        }
        self.0 = self.0.without(piece.len());
        Some(piece)
    }
}
