//! WebSocket frames from the server's side (RFC 6455 section 5).
use crate::scenario::Fragments;

/// What a client has said.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there are these opcodes")]
pub enum Heard {
    /// Octets of a binary message; where one ends means nothing.
    Data(Vec<u8>),
    /// Ping, with what a Pong is to carry.
    Ping(Vec<u8>),
    /// Pong.
    Pong,
    /// Close, with its code.
    Close(Option<u16>),
    /// What no client may send, in words. What follows it cannot be told apart.
    Wrong(String),
}

/// Reads a client's frames, in whatever pieces they come.
#[derive(Clone, Debug, Default)]
pub struct ClientFrames {
    held: Vec<u8>,
    /// Whether a message is under way.
    fragmented: bool,
    broken: bool,
}

const CONTINUATION: u8 = 0;
const TEXT: u8 = 1;
const BINARY: u8 = 2;
const CLOSE: u8 = 8;
const PING: u8 = 9;
const PONG: u8 = 10;

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;

/// The longest frame that a packet of any client needs, in octets.
const MOST: u64 = 128 * 1024;

impl ClientFrames {
    /// Takes what came, and tells what is whole.
    pub fn hear(&mut self, octets: &[u8]) -> Vec<Heard> {
        self.held.extend_from_slice(octets);
        let mut all = Vec::new();
        while !self.broken {
            let Some(heard) = self.next() else { break };
            self.broken = matches!(heard, Heard::Wrong(_));
            all.push(heard);
        }
        all
    }

    fn next(&mut self) -> Option<Heard> {
        let (&[first, second], rest) = self.held.split_first_chunk::<2>()?;
        let (length, rest) = match second & !MASKED {
            126 => rest.split_first_chunk::<2>().map(|(n, rest)| (u16::from_be_bytes(*n).into(), rest))?,
            127 => rest.split_first_chunk::<8>().map(|(n, rest)| (u64::from_be_bytes(*n), rest))?,
            short => (short.into(), rest),
        };
        if second & MASKED == 0 {
            return Some(Heard::Wrong("a frame that is not masked".to_owned()));
        }
        if length > MOST {
            return Some(Heard::Wrong(format!("a frame of {length} octets")));
        }
        let (mask, rest) = rest.split_first_chunk::<4>()?;
        let (payload, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
        let payload = masked_with(*mask, payload);
        self.held = rest.to_vec();
        let wrong = |what: &str| Some(Heard::Wrong(what.to_owned()));
        let (fin, opcode) = (first & FIN != 0, first & 0x0F);
        if first & 0x70 != 0 {
            return wrong("a frame with a reserved bit");
        }
        if opcode >= CLOSE && (!fin || payload.len() > 125) {
            return wrong("a control frame that is long, or in pieces");
        }
        Some(match opcode {
            CONTINUATION if !self.fragmented => return wrong("a continuation of nothing"),
            BINARY if self.fragmented => return wrong("a message within a message"),
            CONTINUATION | BINARY => {
                self.fragmented = !fin;
                Heard::Data(payload)
            }
            TEXT => return wrong("a message of text"),
            CLOSE => Heard::Close(payload.first_chunk::<2>().map(|code| u16::from_be_bytes(*code))),
            PING => Heard::Ping(payload),
            PONG => Heard::Pong,
            other => return Some(Heard::Wrong(format!("a frame with opcode {other}"))),
        })
    }
}

/// These packets in messages: one in each, or as it is said.
#[must_use]
pub fn messages(packets: &[Vec<u8>], fragments: Option<Fragments>) -> Vec<u8> {
    match fragments {
        None => packets.iter().flat_map(|packet| message(packet)).collect(),
        Some(Fragments::Together) if packets.is_empty() => Vec::new(),
        Some(Fragments::Together) => message(&packets.concat()),
        Some(Fragments::Messages(size)) => {
            packets.iter().flat_map(|packet| packet.chunks(size.get())).flat_map(message).collect()
        }
        Some(Fragments::Frames(size)) => {
            packets.iter().flat_map(|packet| continued(packet, size.get())).collect()
        }
    }
}

/// One message of one frame.
#[must_use]
pub fn message(payload: &[u8]) -> Vec<u8> {
    frame(FIN | BINARY, None, payload)
}

/// One message of one frame that is masked, as only a client's may be.
#[must_use]
pub fn masked(payload: &[u8]) -> Vec<u8> {
    frame(FIN | BINARY, Some([0x37, 0xFA, 0x21, 0x3D]), payload)
}

/// Pong with these octets.
#[must_use]
pub fn pong(payload: &[u8]) -> Vec<u8> {
    frame(FIN | PONG, None, payload)
}

/// Close, with this code where there is one.
#[must_use]
pub fn close(code: Option<u16>) -> Vec<u8> {
    frame(FIN | CLOSE, None, &code.map(u16::to_be_bytes).into_iter().flatten().collect::<Vec<u8>>())
}

/// One message in frames of so many octets.
fn continued(payload: &[u8], size: usize) -> Vec<u8> {
    let mut out = Vec::new();
    let mut parts = payload.chunks(size).peekable();
    let mut opcode = BINARY;
    while let Some(part) = parts.next() {
        let fin = if parts.peek().is_none() { FIN } else { 0 };
        out.extend(frame(fin | opcode, None, part));
        opcode = CONTINUATION;
    }
    out
}

fn frame(first: u8, mask: Option<[u8; 4]>, payload: &[u8]) -> Vec<u8> {
    let bit = if mask.is_some() { MASKED } else { 0 };
    let mut out = vec![first];
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(length @ ..126), _) => out.push(bit | length),
        (_, Ok(length)) => {
            out.push(bit | 126);
            out.extend(length.to_be_bytes());
        }
        (_, Err(_)) => {
            out.push(bit | 127);
            out.extend(u64::try_from(payload.len()).unwrap_or(u64::MAX).to_be_bytes());
        }
    }
    match mask {
        Some(mask) => {
            out.extend(mask);
            out.extend(masked_with(mask, payload));
        }
        None => out.extend_from_slice(payload),
    }
    out
}

fn masked_with(mask: [u8; 4], payload: &[u8]) -> Vec<u8> {
    payload.iter().zip(mask.into_iter().cycle()).map(|(octet, key)| octet ^ key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroUsize;

    const HANDSHAKE: [u8; 20] = [
        0x82, 0x8E, 0x37, 0xFA, 0x21, 0x3D, // binary, 14 octets, mask
        0x36, 0xFA, 0x21, 0x3D, 0x39, 0xFA, 0x21, 0x3D, 0x36, 0xFA, 0x21, 0x3D, 0x37, 0xFA,
    ];

    #[test]
    fn a_masked_frame_is_read_in_any_pieces() {
        let packet = vec![1, 0, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 0, 0];
        assert_eq!(masked(&packet), HANDSHAKE);
        for at in 0..HANDSHAKE.len() {
            let mut frames = ClientFrames::default();
            assert_eq!(frames.hear(&HANDSHAKE[..at]), [], "{at}");
            assert_eq!(frames.hear(&HANDSHAKE[at..]), [Heard::Data(packet.clone())], "{at}");
        }
        for length in [0, 125, 126, 65_535, 65_536] {
            let payload = vec![0x5A; length];
            assert_eq!(ClientFrames::default().hear(&masked(&payload)), [Heard::Data(payload)]);
        }
    }

    #[test]
    fn control_frames_stand_between_those_of_a_message() {
        let mask = Some([1, 2, 3, 4]);
        let octets = [
            frame(BINARY, mask, b"ab"),
            frame(FIN | PING, mask, b"p"),
            frame(FIN | PONG, mask, b""),
            frame(FIN, mask, b"c"),
            frame(FIN | CLOSE, mask, &1000_u16.to_be_bytes()),
        ];
        let heard = ClientFrames::default().hear(&octets.concat());
        let data = |octets: &[u8]| Heard::Data(octets.to_vec());
        let expected =
            [data(b"ab"), Heard::Ping(b"p".to_vec()), Heard::Pong, data(b"c"), Heard::Close(Some(1000))];
        assert_eq!(heard, expected);
    }

    #[test]
    fn what_no_client_may_send_is_told_once() {
        let mask = Some([1, 2, 3, 4]);
        for octets in [
            message(b"a"),
            frame(FIN | TEXT, mask, b"a"),
            frame(FIN, mask, b"a"),
            [frame(BINARY, mask, b"a"), frame(BINARY, mask, b"a")].concat(),
            frame(FIN | 0x40 | BINARY, mask, b"a"),
            frame(PING, mask, b"a"),
            frame(FIN | PING, mask, &[0; 126]),
            frame(FIN | 3, mask, b""),
            masked(&vec![0; 129 * 1024]),
        ] {
            let mut frames = ClientFrames::default();
            assert!(matches!(frames.hear(&octets).last(), Some(Heard::Wrong(_))), "{:x?}", &octets[..6]);
            assert_eq!(frames.hear(&HANDSHAKE), [], "nothing is read after it");
        }
    }

    #[test]
    fn packets_lie_in_messages_as_it_is_said() {
        let packets = [b"abc".to_vec(), b"d".to_vec()];
        let two = NonZeroUsize::new(2).unwrap();
        assert_eq!(messages(&packets, None), b"\x82\x03abc\x82\x01d");
        assert_eq!(messages(&packets, Some(Fragments::Together)), b"\x82\x04abcd");
        assert_eq!(messages(&packets, Some(Fragments::Messages(two))), b"\x82\x02ab\x82\x01c\x82\x01d");
        assert_eq!(messages(&packets, Some(Fragments::Frames(two))), b"\x02\x02ab\x80\x01c\x82\x01d");
        assert_eq!(messages(&[], Some(Fragments::Together)), b"");
        assert_eq!((close(None), close(Some(1000))), (vec![0x88, 0], vec![0x88, 2, 3, 0xE8]));
        assert_eq!(pong(b"p"), b"\x8A\x01p");
    }
}
