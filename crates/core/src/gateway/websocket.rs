//! A WebSocket after its handshake (RFC 6455), this end being the client, without the transport below it: octets of frames go in, octets
//! of messages come out, and what is to be sent of its own accord waits.
use rdp_probe_wire::websocket::{FrameHead, Opcode, frame};

use super::heard::Heard;
use crate::tunnel_end::TunnelEnd;

/// The octets in a WebSocket's messages. Where one of them ends means nothing.
#[derive(Debug, Default)]
pub struct WebSocket {
    at: At,
    /// What has come of a head, or of a control frame.
    held: Vec<u8>,
    /// What message is in pieces, and not over.
    message: Option<Opcode>,
    /// How many frames that say nothing came one after the other.
    idle: u16,
    /// The last Ping's payload, which was not answered yet: one answer is enough for all before it (section 5.5.3).
    pong: Option<Vec<u8>>,
    /// Close is to be sent, with this status.
    close: Option<u16>,
    closing: bool,
    end: Option<TunnelEnd>,
}

/// Where in a frame the octets are.
#[derive(Clone, Copy, Debug, Default)]
enum At {
    #[default]
    Head,
    /// In a message's octets.
    Binary { left: usize },
    /// In what means nothing here.
    Text { left: usize },
    /// In a control frame.
    Control { opcode: Opcode, len: usize },
}

/// Nothing is left to be said.
const NORMAL_CLOSURE: u16 = 1000;
/// The peer does not keep to the protocol.
const PROTOCOL_ERROR: u16 = 1002;

impl WebSocket {
    /// The longest frame that is read, in octets: a packet has half of it.
    const MOST_FRAME: u64 = 128 << 10;

    /// More of what says nothing than any peer has a use for, in a row: pings, pongs, texts, empty messages.
    const MOST_IDLE: u16 = 1024;

    /// A WebSocket whose handshake is over.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Hears octets of the stream's, up to the first that are a message's: as many of those as have come of it. To be called again with what
    /// is left, until nothing is.
    pub fn hear(&mut self, octets: &[u8]) -> Heard {
        let mut used = 0_usize;
        while self.end.is_none()
            && let Some(rest) = octets.get(used..).filter(|rest| !rest.is_empty())
        {
            let took = match &mut self.at {
                At::Head => self.head(rest),
                At::Binary { left } => {
                    let inside = rest.len().min(*left);
                    *left = left.saturating_sub(inside);
                    if *left == 0 {
                        self.at = At::Head;
                    }
                    self.idle = 0;
                    return Heard { used: used.saturating_add(inside), inside };
                }
                At::Text { left } => {
                    let took = rest.len().min(*left);
                    *left = left.saturating_sub(took);
                    if *left == 0 {
                        self.at = At::Head;
                    }
                    took
                }
                At::Control { opcode, len } => {
                    let (opcode, len) = (*opcode, *len);
                    self.control(opcode, len, rest)
                }
            };
            used = used.saturating_add(took);
        }
        // Behind the end nothing counts.
        let used = if self.end.is_some() { octets.len() } else { used };
        Heard { used, inside: 0 }
    }

    /// Takes octets of a head; how many.
    fn head(&mut self, octets: &[u8]) -> usize {
        // Most heads come whole, and are not held.
        if self.held.is_empty()
            && let Some(head) = FrameHead::parse(octets)
        {
            self.begin(head);
            return head.len;
        }
        for (took, octet) in (1_usize..).zip(octets) {
            self.held.push(*octet);
            if let Some(head) = FrameHead::parse(&self.held) {
                self.held.clear();
                self.begin(head);
                return took;
            }
        }
        octets.len()
    }

    /// A frame begins.
    fn begin(&mut self, head: FrameHead) {
        let FrameHead { fin, reserved, opcode, mask, payload, .. } = head;
        let is_one = reserved == 0 && mask.is_none() && payload <= Self::MOST_FRAME;
        let len = usize::try_from(payload).ok().filter(|_| is_one);
        self.at = match (opcode, self.message, len) {
            (Opcode::CONTINUATION, Some(message), Some(left)) => self.data(message, fin, left),
            (Opcode::TEXT | Opcode::BINARY, None, Some(left)) => self.data(opcode, fin, left),
            (Opcode::CLOSE | Opcode::PING | Opcode::PONG, _, Some(len))
                if fin && payload <= FrameHead::MAX_CONTROL =>
            {
                // One that is empty is over, and no octet of it will come.
                if len == 0 {
                    self.heard(opcode, &[]);
                    At::Head
                } else {
                    At::Control { opcode, len }
                }
            }
            _ => {
                self.end(TunnelEnd::Frame);
                At::Head
            }
        };
    }

    /// A frame of a message begins.
    fn data(&mut self, message: Opcode, fin: bool, left: usize) -> At {
        self.message = (!fin).then_some(message);
        if left > 0 && message == Opcode::BINARY {
            return At::Binary { left };
        }
        self.idled();
        if left > 0 { At::Text { left } } else { At::Head }
    }

    fn idled(&mut self) {
        self.idle = self.idle.saturating_add(1);
        if self.idle > Self::MOST_IDLE {
            self.end(TunnelEnd::Flood);
        }
    }

    /// Takes octets of a control frame; how many.
    fn control(&mut self, opcode: Opcode, len: usize, octets: &[u8]) -> usize {
        let took = octets.len().min(len.saturating_sub(self.held.len()));
        self.held.extend_from_slice(octets.get(..took).unwrap_or(octets));
        if self.held.len() >= len {
            let held = std::mem::take(&mut self.held);
            self.at = At::Head;
            self.heard(opcode, &held);
        }
        took
    }

    /// Hears a control frame.
    fn heard(&mut self, opcode: Opcode, payload: &[u8]) {
        match (opcode, payload) {
            (Opcode::CLOSE, []) => self.end(TunnelEnd::WebSocket(None)),
            (Opcode::CLOSE, [high, low, ..]) => {
                self.end(TunnelEnd::WebSocket(Some(u16::from_be_bytes([*high, *low]))));
            }
            // Half a status.
            (Opcode::CLOSE, [_]) => self.end(TunnelEnd::Frame),
            (Opcode::PING, payload) => {
                self.pong = Some(payload.to_vec());
                self.idled();
            }
            _ => self.idled(),
        }
    }

    /// It is over, and that is said.
    fn end(&mut self, end: TunnelEnd) {
        self.end = Some(end);
        if !self.closing {
            self.closing = true;
            let broken = matches!(end, TunnelEnd::Frame | TunnelEnd::Flood);
            self.close = Some(if broken { PROTOCOL_ERROR } else { NORMAL_CLOSURE });
        }
    }

    /// How the peer ended it; `None` while it is open.
    #[must_use]
    pub const fn ended(&self) -> Option<TunnelEnd> {
        self.end
    }

    /// Ends it from here: Close is to be sent, and nothing behind it.
    pub const fn close(&mut self) {
        if !self.closing {
            self.closing = true;
            self.close = Some(NORMAL_CLOSURE);
        }
    }

    /// Whether there is something to be sent of its own accord.
    #[must_use]
    pub const fn has_queued(&self) -> bool {
        self.pong.is_some() || self.close.is_some()
    }

    /// What is to be sent of its own accord, before anything else. Each frame has a mask of its own: any four octets that could not be told
    /// before.
    pub fn take_queued(&mut self, mut mask: impl FnMut() -> [u8; 4], out: &mut Vec<u8>) {
        if let Some(pong) = self.pong.take() {
            frame(Opcode::PONG, mask(), &pong, out);
        }
        if let Some(status) = self.close.take() {
            frame(Opcode::CLOSE, mask(), &status.to_be_bytes(), out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes out, in pieces of so many octets.
    fn inside(socket: &mut WebSocket, octets: &[u8], piece: usize) -> Vec<u8> {
        let mut inside = Vec::new();
        for piece in octets.chunks(piece) {
            let mut rest = piece;
            while !rest.is_empty() {
                let heard = socket.hear(rest);
                let (done, after) = rest.split_at(heard.used);
                inside.extend(done.iter().skip(heard.used.saturating_sub(heard.inside)));
                rest = after;
            }
        }
        inside
    }

    /// A server's frame.
    fn sent(first: u8, payload: &[u8]) -> Vec<u8> {
        let length = u16::try_from(payload.len()).unwrap();
        let head = match u8::try_from(length) {
            Ok(short @ ..126) => vec![first, short],
            _ => [&[first, 126][..], &length.to_be_bytes()].concat(),
        };
        [&head, payload].concat()
    }

    fn queued(socket: &mut WebSocket) -> Vec<u8> {
        let mut out = Vec::new();
        socket.take_queued(|| [0; 4], &mut out);
        out
    }

    #[test]
    fn octets_of_messages_come_out_whole_in_whatever_pieces_they_came() {
        let stream = [
            sent(0x82, b"first"),
            sent(0x02, b" in"),
            sent(0x89, b"there?"),
            sent(0x00, b""),
            sent(0x80, b" pieces"),
            sent(0x01, b"not this"),
            sent(0x80, b"nor this"),
            sent(0x8A, b""),
            sent(0x82, &[7; 5000]),
        ]
        .concat();
        for piece in [1, 2, 3, 7, 4096, usize::MAX] {
            let mut socket = WebSocket::new();
            let got = inside(&mut socket, &stream, piece);
            assert_eq!(got, [&b"first in pieces"[..], &[7; 5000]].concat(), "{piece}");
            assert_eq!(socket.ended(), None);
            assert_eq!(queued(&mut socket), [&[0x8A, 0x86, 0, 0, 0, 0][..], b"there?"].concat());
            assert!(!socket.has_queued());
        }
    }

    #[test]
    fn close_ends_it_with_its_status_and_is_answered_once() {
        for (payload, end, answer) in [
            (&b""[..], TunnelEnd::WebSocket(None), 1000_u16),
            (&[0x03, 0xE9], TunnelEnd::WebSocket(Some(1001)), 1000),
            (&[0x03, 0xF3, b'b', b'y', b'e'], TunnelEnd::WebSocket(Some(1011)), 1000),
            (&[0x03], TunnelEnd::Frame, 1002),
        ] {
            for piece in [1, 100] {
                let mut socket = WebSocket::new();
                let stream = [sent(0x82, b"last"), sent(0x88, payload), sent(0x82, b"behind")].concat();
                assert_eq!(inside(&mut socket, &stream, piece), b"last");
                assert_eq!(socket.ended(), Some(end));
                socket.close();
                let close = [&[0x88, 0x82, 0, 0, 0, 0][..], &answer.to_be_bytes()].concat();
                assert_eq!(queued(&mut socket), close);
                assert!(!socket.has_queued());
            }
        }
    }

    #[test]
    fn what_is_no_frame_of_a_servers_ends_it() {
        for wrong in [
            &[0x82, 0x81, 1, 2, 3, 4, 5][..],     // masked
            &[0xC2, 0x01, 5],                     // a reserved bit
            &[0x83, 0x01, 5],                     // an unknown opcode
            &[0x8B, 0x01, 5],                     // an unknown control frame
            &[0x80, 0x01, 5],                     // a continuation of nothing
            &[0x02, 0x01, 5, 0x82, 0x01, 5],      // a message within a message
            &[0x09, 0x01, 5],                     // a Ping in pieces
            &[0x89, 126, 0, 126, 5],              // a long Ping
            &[0x82, 127, 0, 0, 0, 0, 0, 2, 0, 1], // longer than anybody needs
            &[0x82, 127, 0xFF, 0xFF, 0, 0, 0, 0, 0, 0],
        ] {
            for piece in [1, 100] {
                let mut socket = WebSocket::new();
                inside(&mut socket, wrong, piece);
                assert_eq!(socket.ended(), Some(TunnelEnd::Frame), "{wrong:02X?}");
            }
        }
    }

    #[test]
    fn what_says_nothing_for_long_ends_it_and_nothing_is_held_for_it() {
        for idle in [sent(0x89, b"?"), sent(0x8A, b""), sent(0x82, b""), sent(0x81, b"text")] {
            let mut socket = WebSocket::new();
            inside(&mut socket, &idle.repeat(1024), 5);
            assert_eq!(socket.ended(), None);
            inside(&mut socket, &[sent(0x82, b"x"), idle.repeat(1024)].concat(), 5);
            assert_eq!(socket.ended(), None, "a message of octets counts from the beginning");
            inside(&mut socket, &idle, 5);
            assert_eq!(socket.ended(), Some(TunnelEnd::Flood));
            assert!(queued(&mut socket).len() < 32, "one answer is enough");
        }
    }

    #[test]
    fn it_is_closed_once_from_here() {
        let mut socket = WebSocket::new();
        socket.close();
        socket.close();
        assert_eq!(queued(&mut socket), [0x88, 0x82, 0, 0, 0, 0, 0x03, 0xE8]);
        assert_eq!(inside(&mut socket, &[sent(0x82, b"more"), sent(0x88, b"")].concat(), 3), b"more");
        assert_eq!(socket.ended(), Some(TunnelEnd::WebSocket(None)));
        assert!(!socket.has_queued());
    }
}
