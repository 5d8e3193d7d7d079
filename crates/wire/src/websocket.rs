//! WebSocket frames, RFC 6455 section 5: their heads are read, and those of a client are written. What a payload is, and in what order
//! frames may come, is for whoever keeps the connection.
use alloc::vec::Vec;

/// What a frame is, as it came (RFC 6455 section 5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a code as it came")]
pub struct Opcode(pub u8);

impl Opcode {
    /// More of the message under way.
    pub const CONTINUATION: Self = Self(0);
    /// A message of text.
    pub const TEXT: Self = Self(1);
    /// A message of octets.
    pub const BINARY: Self = Self(2);
    /// The end.
    pub const CLOSE: Self = Self(8);
    /// A question whether anybody is there.
    pub const PING: Self = Self(9);
    /// The answer to it.
    pub const PONG: Self = Self(10);

    /// Whether it is a control frame's: those are never in pieces, and never long.
    #[must_use]
    pub const fn is_control(self) -> bool {
        self.0 & 0x08 != 0
    }
}

/// What stands before a frame's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "the specification's fields")]
pub struct FrameHead {
    /// FIN: whether the message ends with it.
    pub fin: bool,
    /// RSV1 to RSV3, whose meaning an extension would give: zero without one.
    pub reserved: u8,
    /// What it is.
    pub opcode: Opcode,
    /// What the payload is masked with: a client's frames are, and a server's never.
    pub mask: Option<[u8; 4]>,
    /// Length of the payload, in octets, as it was announced.
    pub payload: u64,
    /// Length of this head, in octets.
    pub len: usize,
}

const FIN: u8 = 0x80;
const MASKED: u8 = 0x80;

impl FrameHead {
    /// The longest head, in octets.
    pub const MAX: usize = 14;
    /// The longest payload of a control frame, in octets.
    pub const MAX_CONTROL: u64 = 125;

    /// The head at the beginning of these octets; `None` while it is not whole. There is none that could not be one.
    #[must_use]
    pub fn parse(octets: &[u8]) -> Option<Self> {
        let (&[first, second], rest) = octets.split_first_chunk::<2>()?;
        let (payload, rest) = match second & !MASKED {
            126 => rest.split_first_chunk().map(|(length, rest)| (u16::from_be_bytes(*length).into(), rest))?,
            127 => rest.split_first_chunk().map(|(length, rest)| (u64::from_be_bytes(*length), rest))?,
            short => (short.into(), rest),
        };
        let (mask, rest) = if second & MASKED == 0 {
            (None, rest)
        } else {
            rest.split_first_chunk().map(|(mask, rest)| (Some(*mask), rest))?
        };
        Some(Self {
            fin: first & FIN != 0,
            reserved: first >> 4 & 0x07,
            opcode: Opcode(first & 0x0F),
            mask,
            payload,
            len: octets.len().saturating_sub(rest.len()),
        })
    }
}

/// Writes a message, or a control frame, in one frame of a client's.
pub fn frame(opcode: Opcode, mask: [u8; 4], payload: &[u8], out: &mut Vec<u8>) {
    out.reserve(payload.len().saturating_add(FrameHead::MAX));
    out.push(FIN | opcode.0 & 0x0F);
    match (u8::try_from(payload.len()), u16::try_from(payload.len())) {
        (Ok(short @ ..126), _) => out.push(MASKED | short),
        (_, Ok(length)) => {
            out.push(MASKED | 126);
            out.extend_from_slice(&length.to_be_bytes());
        }
        (_, Err(_)) => {
            out.push(MASKED | 127);
            out.extend_from_slice(&u64::try_from(payload.len()).unwrap_or(u64::MAX).to_be_bytes());
        }
    }
    out.extend_from_slice(&mask);
    out.extend(payload.iter().zip(mask.iter().cycle()).map(|(octet, mask)| octet ^ mask));
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn head_is_read_once_it_is_whole_in_each_form_of_length_and_mask() {
        for (octets, payload, mask) in [
            (&[0x82, 0x05][..], 5, None),
            (&[0x82, 0x7E, 0x01, 0x00], 256, None),
            (&[0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0], 65_536, None),
            (&[0x82, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], u64::MAX, None),
            (&[0x82, 0x85, 1, 2, 3, 4], 5, Some([1, 2, 3, 4])),
            (&[0x82, 0xFF, 0, 0, 0, 0, 0, 1, 0, 0, 1, 2, 3, 4], 65_536, Some([1, 2, 3, 4])),
        ] {
            for cut in 0..octets.len() {
                assert_eq!(FrameHead::parse(&octets[..cut]), None, "{octets:02X?} at {cut}");
            }
            let head =
                FrameHead { fin: true, reserved: 0, opcode: Opcode::BINARY, mask, payload, len: octets.len() };
            assert_eq!(FrameHead::parse(octets), Some(head));
            assert_eq!(FrameHead::parse(&[octets, b"more"].concat()), Some(head));
        }
    }

    #[test]
    fn each_bit_of_the_first_octet_is_told() {
        let head = FrameHead::parse(&[0x59, 0]).unwrap();
        assert_eq!((head.fin, head.reserved, head.opcode), (false, 5, Opcode::PING));
        let controls = [0, 1, 2, 7, 8, 9, 10, 15].map(|opcode| Opcode(opcode).is_control());
        assert_eq!(controls, [false, false, false, false, true, true, true, true]);
    }

    #[test]
    fn frame_is_read_as_it_is_written_at_each_border_of_its_lengths() {
        for length in [0, 1, 125, 126, 127, 65_535, 65_536] {
            let (payload, mut out) = (vec![0x5A; length], vec![]);
            frame(Opcode::BINARY, [1, 2, 4, 8], &payload, &mut out);
            let head = FrameHead::parse(&out).unwrap();
            assert!(head.fin && head.reserved == 0 && head.opcode == Opcode::BINARY);
            assert_eq!((head.payload, head.mask), (length.try_into().unwrap(), Some([1, 2, 4, 8])));
            let masked = &out[head.len..];
            assert_eq!(masked.len(), length);
            assert!(masked.iter().zip([1, 2, 4, 8].iter().cycle()).all(|(octet, mask)| octet ^ mask == 0x5A));
        }
    }
}
