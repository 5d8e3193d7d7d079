//! The body of an HTTP message in chunks (RFC 9112 section 7.1): a client's is read, a gateway's is written.
use rdp_probe_core::wire::tsgu::Header;

/// What a client has said in the body of its IN channel.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a body has chunks and an end")]
pub enum Chunk {
    /// A chunk that is one packet.
    Packet(Vec<u8>),
    /// One that is less or more.
    NoPacket(Vec<u8>),
    /// The zero chunk.
    Last,
    /// What is no chunk, in words. What follows it cannot be told apart.
    Wrong(String),
}

/// Reads the chunks of a client, in whatever pieces they come.
#[derive(Clone, Debug, Default)]
pub struct ClientChunks {
    held: Vec<u8>,
    /// Whether nothing follows.
    over: bool,
}

/// The end of a body.
pub const LAST: &[u8] = b"0\r\n\r\n";

const END_OF_LINE: &[u8] = b"\r\n";

/// The longest chunk that a packet of any client needs, in octets.
const MOST: usize = 128 * 1024;

/// More than the line of any size has, in octets.
const LONGEST_LINE: usize = 16;

impl ClientChunks {
    /// Takes what came, and tells what is whole.
    pub fn hear(&mut self, octets: &[u8]) -> Vec<Chunk> {
        self.held.extend_from_slice(octets);
        let mut all = Vec::new();
        while !self.over {
            let Some(heard) = self.next() else { break };
            self.over = matches!(heard, Chunk::Last | Chunk::Wrong(_));
            let behind = heard == Chunk::Last && !self.held.is_empty();
            all.push(heard);
            if behind {
                all.push(Chunk::Wrong("octets behind the zero chunk".to_owned()));
            }
        }
        all
    }

    fn next(&mut self) -> Option<Chunk> {
        let wrong = |what: String| Some(Chunk::Wrong(what));
        let Some(end) = self.held.windows(END_OF_LINE.len()).position(|part| part == END_OF_LINE) else {
            let long = self.held.len() > LONGEST_LINE;
            return long.then(|| Chunk::Wrong("a chunk whose size does not end".to_owned()));
        };
        let (line, rest) = self.held.split_at_checked(end)?;
        let line = String::from_utf8_lossy(line).into_owned();
        // Neither zeros before it nor extensions behind it: not every gateway takes them.
        let size = usize::from_str_radix(&line, 16)
            .ok()
            .filter(|size| format!("{size:x}") == line.to_ascii_lowercase());
        let Some(size) = size else { return wrong(format!("a chunk of size {line:?}")) };
        if size > MOST {
            return wrong(format!("a chunk of {size} octets"));
        }
        let rest = rest.strip_prefix(END_OF_LINE)?;
        let (octets, rest) = rest.split_at_checked(size)?;
        let (after, rest) = rest.split_at_checked(END_OF_LINE.len())?;
        if after != END_OF_LINE {
            return wrong(match size {
                0 => "a zero chunk with a trailer".to_owned(),
                _ => format!("a chunk that is not over after {size} octets"),
            });
        }
        let octets = octets.to_vec();
        self.held = rest.to_vec();
        Some(match size {
            0 => Chunk::Last,
            _ if is_packet(&octets) => Chunk::Packet(octets),
            _ => Chunk::NoPacket(octets),
        })
    }
}

/// Whether it is as long as its header says.
fn is_packet(octets: &[u8]) -> bool {
    let Some(&[_, _, _, _, l0, l1, l2, l3]) = octets.first_chunk::<{ Header::LEN }>() else { return false };
    usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])) == Ok(octets.len())
}

/// One chunk; of nothing there is none, since it would be the last.
#[must_use]
pub fn chunk(octets: &[u8]) -> Vec<u8> {
    if octets.is_empty() {
        return Vec::new();
    }
    [format!("{:x}\r\n", octets.len()).as_bytes(), octets, END_OF_LINE].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEEPALIVE: [u8; 8] = [0x0D, 0, 0, 0, 8, 0, 0, 0];

    #[test]
    fn a_chunk_is_read_in_any_pieces() {
        let long = [vec![0x0A, 0, 0, 0, 0xAB, 0, 0, 0], vec![7; 0xA3]].concat();
        let all = [&chunk(&KEEPALIVE), &b"AB\r\n"[..], &long, b"\r\n", LAST].concat();
        for at in 0..all.len() {
            let mut chunks = ClientChunks::default();
            let mut heard = chunks.hear(&all[..at]);
            heard.extend(chunks.hear(&all[at..]));
            let expected = [Chunk::Packet(KEEPALIVE.to_vec()), Chunk::Packet(long.clone()), Chunk::Last];
            assert_eq!(heard, expected, "{at}");
        }
    }

    #[test]
    fn a_chunk_is_one_packet_or_is_told_to_be_none() {
        let lies = [0x0D, 0, 0, 0, 7, 0, 0, 0];
        for octets in [&KEEPALIVE[..7], &lies, &[&KEEPALIVE[..], &[1]].concat(), &KEEPALIVE.repeat(2)] {
            let heard = ClientChunks::default().hear(&chunk(octets));
            assert_eq!(heard, [Chunk::NoPacket(octets.to_vec())]);
        }
    }

    #[test]
    fn what_is_no_chunk_is_told_once() {
        for (octets, told) in [
            (&b"x\r\n"[..], "a chunk of size \"x\""),
            (b"\r\n", "a chunk of size \"\""),
            (b"08\r\n", "a chunk of size \"08\""),
            (b"+8\r\n", "a chunk of size \"+8\""),
            (b"8;a=b\r\n", "a chunk of size \"8;a=b\""),
            (b"20001\r\n", "a chunk of 131073 octets"),
            (b"1\r\nabc", "a chunk that is not over after 1 octets"),
            (b"0\r\nA: b\r\n\r\n", "a zero chunk with a trailer"),
            (b"11111111111111111", "a chunk whose size does not end"),
        ] {
            let mut chunks = ClientChunks::default();
            assert_eq!(chunks.hear(octets), [Chunk::Wrong(told.to_owned())]);
            assert_eq!(chunks.hear(&chunk(&KEEPALIVE)), [], "nothing is read after it");
        }
        let behind = ClientChunks::default().hear(b"0\r\n\r\nx");
        assert_eq!(behind, [Chunk::Last, Chunk::Wrong("octets behind the zero chunk".to_owned())]);
    }

    #[test]
    fn nothing_is_no_chunk() {
        assert_eq!(chunk(&[]), b"");
        assert_eq!(chunk(&[7; 26]), [&b"1a\r\n"[..], &[7; 26], b"\r\n"].concat());
    }
}
