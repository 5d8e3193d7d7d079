//! Two channels of HTTP after their heads ([MS-TSGU] 3.3.5.1), without the connections below them: what the body of OUT's answer says, and
//! what comes on IN, where nothing is said for as long as it is open.
use rdp_probe_wire::http::{Chunks, ChunksHeard, Status};

use super::heard::Heard;
use crate::tunnel_end::TunnelEnd;

/// The octets in the body of OUT's answer, and what ends both channels.
#[derive(Debug)]
pub struct TwoChannels {
    out: Body,
    incoming: Answer,
    /// Whether nothing more comes of IN's connection, and that is how it ended.
    in_is_over: bool,
}

/// The body of OUT's answer.
#[derive(Debug)]
enum Body {
    /// It ends with the connection.
    Plain,
    Chunks(Chunks),
}

/// What comes on IN: octets that mean nothing at first, or an answer that ends it.
#[derive(Debug, Default)]
struct Answer {
    /// The beginning of an answer, and what may be one.
    held: Vec<u8>,
    /// So many octets were none of it.
    other: usize,
    end: Option<TunnelEnd>,
}

impl TwoChannels {
    /// Both are open; OUT's body is in chunks or not.
    #[must_use]
    pub fn new(chunked: bool) -> Self {
        let out = if chunked { Body::Chunks(Chunks::new()) } else { Body::Plain };
        Self { out, incoming: Answer::default(), in_is_over: false }
    }

    /// Hears octets of OUT's, up to the first that are carried: as many of those as have come of it. To be called again with what is left,
    /// until nothing is.
    pub fn hear(&mut self, octets: &[u8]) -> Heard {
        match &mut self.out {
            Body::Plain => Heard { used: octets.len(), inside: octets.len() },
            // Behind the end nothing counts.
            Body::Chunks(chunks) if chunks.is_over() || chunks.is_broken() => {
                Heard { used: octets.len(), inside: 0 }
            }
            Body::Chunks(chunks) => {
                let ChunksHeard { used, inside } = chunks.hear(octets);
                let is_over = inside == 0 && (chunks.is_over() || chunks.is_broken());
                Heard { used: if is_over { octets.len() } else { used }, inside }
            }
        }
    }

    /// Hears octets of IN's.
    pub fn hear_in(&mut self, octets: &[u8]) {
        self.incoming.hear(octets);
    }

    /// The connection of IN has ended, and OUT says nothing to that.
    pub const fn in_ended(&mut self) {
        self.in_is_over = true;
    }

    /// Whether IN said how it ended, by an answer or by what is none.
    #[must_use]
    pub const fn in_has_answered(&self) -> bool {
        self.incoming.end.is_some()
    }

    /// How the gateway ended it; `None` while it is open. What OUT says of that counts more than an answer on IN, and that more than IN's bare
    /// end: all may come at the end of a tunnel.
    #[must_use]
    pub fn ended(&self) -> Option<TunnelEnd> {
        let bare = self.in_is_over.then_some(TunnelEnd::In);
        self.out.end().or(self.incoming.end).or(bare)
    }
}

impl Body {
    const fn end(&self) -> Option<TunnelEnd> {
        match self {
            Self::Chunks(chunks) if chunks.is_over() => Some(TunnelEnd::LastChunk),
            Self::Chunks(chunks) if chunks.is_broken() => Some(TunnelEnd::Frame),
            Self::Plain | Self::Chunks(_) => None,
        }
    }
}

impl Answer {
    const BEGINS: &[u8] = b"HTTP/1.";
    /// As long as a status line is up to the status.
    const LINE: usize = 12;
    /// More of what means nothing than any gateway sends.
    const MOST_OTHER: usize = 64 << 10;

    fn hear(&mut self, octets: &[u8]) {
        for piece in octets.chunks(Self::MOST_OTHER) {
            if self.end.is_none() {
                self.held.extend_from_slice(piece);
                self.end = self.judge();
            }
        }
        // Behind the end nothing counts.
        if self.end.is_some() {
            self.held = Vec::new();
        }
    }

    /// How it ended by what is held.
    fn judge(&mut self) -> Option<TunnelEnd> {
        loop {
            let begins = self.held.windows(Self::BEGINS.len()).position(|window| window == Self::BEGINS);
            let may_begin = self.held.len().saturating_sub(Self::BEGINS.len().saturating_sub(1));
            let none = begins.unwrap_or(may_begin);
            self.held.drain(..none);
            self.other = self.other.saturating_add(none);
            if self.other > Self::MOST_OTHER {
                return Some(TunnelEnd::Flood);
            }
            begins?;
            match status_of(self.held.get(..Self::LINE)?) {
                // More is to come.
                Some(status) if status.is_informational() && status != Status::SWITCHING_PROTOCOLS => {
                    self.other = self.other.saturating_add(Self::LINE);
                    self.held.drain(..Self::LINE);
                }
                Some(Status(status)) => return Some(TunnelEnd::Answer(status)),
                None => return Some(TunnelEnd::Frame),
            }
        }
    }
}

/// The status in the beginning of a status line.
fn status_of(line: &[u8]) -> Option<Status> {
    let status = std::str::from_utf8(line.get(Answer::BEGINS.len().saturating_add(2)..)?).ok()?;
    let is_number = status.bytes().all(|octet| octet.is_ascii_digit());
    status.parse().ok().filter(|_| is_number).map(Status)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is carried, and how it ended, in pieces of so many octets.
    fn heard(octets: &[u8], piece: usize) -> (Vec<u8>, Option<TunnelEnd>) {
        let (mut channels, mut inside) = (TwoChannels::new(true), Vec::new());
        for piece in octets.chunks(piece) {
            let mut rest = piece;
            while !rest.is_empty() {
                let heard = channels.hear(rest);
                inside.extend_from_slice(&rest[heard.used.saturating_sub(heard.inside)..heard.used]);
                rest = &rest[heard.used..];
            }
        }
        (inside, channels.ended())
    }

    #[test]
    fn chunks_are_taken_off_in_whatever_pieces_and_nothing_behind_their_end_counts() {
        for (octets, inside, end) in [
            (&b"5\r\nhello\r\n2;x\r\n, \r\n"[..], &b"hello, "[..], None),
            (b"5\r\nhello\r\n0\r\nA: b\r\n\r\n5\r\nhello", b"hello", Some(TunnelEnd::LastChunk)),
            (b"5\r\nhello\r\n-1\r\n5\r\nhello\r\n", b"hello", Some(TunnelEnd::Frame)),
        ] {
            for piece in 1..=octets.len() {
                assert_eq!(heard(octets, piece), (inside.to_vec(), end), "in pieces of {piece}");
            }
        }
    }

    #[test]
    fn an_answer_on_in_is_told_from_what_means_nothing_in_whatever_pieces() {
        let noise = [0xAB, 0xCD].repeat(50);
        let flood = vec![b'x'; (64 << 10) + 7];
        for (octets, end) in [
            (&noise[..], None),
            (&flood[..flood.len() - 1], None),
            (&flood, Some(TunnelEnd::Flood)),
            (b"HTTHTTP/1.1 100 Continue\r\n\r\n", None),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 413 No\r\n\r\n", Some(TunnelEnd::Answer(413))),
            (b"HTTP/1.1 101 Switching Protocols\r\n\r\n", Some(TunnelEnd::Answer(101))),
            (b"xxHTTP/1.0 401 ", Some(TunnelEnd::Answer(401))),
            (b"HTTP/1.1 +41 No", Some(TunnelEnd::Frame)),
            (b"HTTP/1.1 4\xFF3 No", Some(TunnelEnd::Frame)),
        ] {
            for piece in [1, 2, 3, 7, octets.len()] {
                let mut channels = TwoChannels::new(false);
                for piece in octets.chunks(piece) {
                    channels.hear_in(piece);
                }
                assert_eq!(channels.ended(), end, "{:?} in pieces of {piece}", octets.get(..20));
                assert_eq!(channels.in_has_answered(), end.is_some());
            }
        }
    }

    #[test]
    fn what_out_says_counts_more_than_an_answer_on_in_and_that_more_than_a_bare_end() {
        let mut channels = TwoChannels::new(true);
        channels.in_ended();
        assert_eq!(channels.ended(), Some(TunnelEnd::In));
        channels.hear_in(b"HTTP/1.1 413 No\r\n\r\n");
        assert_eq!(channels.ended(), Some(TunnelEnd::Answer(413)));
        channels.hear(b"0\r\n\r\n");
        assert_eq!(channels.ended(), Some(TunnelEnd::LastChunk));
    }
}
