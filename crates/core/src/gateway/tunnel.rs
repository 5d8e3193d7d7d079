//! The tunnel once its channel is open ([MS-TSGU] 3.7.5.3), without the transport below it: octets of packets go in, octets of the
//! target's come out, and what is to be sent of its own accord waits.
use rdp_probe_wire::tpkt::Frame;
use rdp_probe_wire::tsgu::{self, Body, Header, PacketType, ServerPacket, StatusCode};

use super::fact::{GatewayFact, packet_text};
use super::heard::Heard;
use crate::tunnel_end::TunnelEnd;

/// An open tunnel.
#[derive(Debug, Default)]
pub struct Tunnel {
    at: At,
    /// What has come of a packet that is not the target's octets.
    held: Vec<u8>,
    /// What is to be sent of its own accord: answers, and the end.
    queued: Vec<u8>,
    facts: Vec<GatewayFact>,
    asides: u8,
    end: Option<TunnelEnd>,
    /// Whether CLOSE_CHANNEL went out: then nothing of the target's is of interest any more.
    closing: bool,
}

/// Where in a packet the octets are.
#[derive(Debug, Default)]
enum At {
    /// In its head, or in a packet that is read when it is whole.
    #[default]
    Packet,
    /// In the target's octets, and those behind them that count to the packet.
    Data { left: usize, surplus: usize },
}

/// Of DATA so many octets stand before the target's.
const DATA_HEAD: usize = Header::LEN + 2 /* cbDataLen */;

impl Tunnel {
    /// As many octets as one DATA packet takes: no gateway was seen to refuse so many.
    pub const MOST_DATA: usize = 4096;

    /// More asides than any gateway has a use for.
    const MOST_ASIDES: u8 = 64;

    /// A tunnel whose channel was just opened.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Hears octets of the carrier's, up to the first that are the target's: as many of those as there is `room` for. To be called again
    /// with what is left, until nothing is.
    pub fn hear(&mut self, octets: &[u8], room: usize) -> Heard {
        let mut used = 0_usize;
        while self.end.is_none()
            && let Some(rest) = octets.get(used..).filter(|rest| !rest.is_empty())
        {
            let took = match &mut self.at {
                At::Packet => self.packet(rest),
                At::Data { left: 0, surplus: 0 } => {
                    self.at = At::Packet;
                    0
                }
                At::Data { left: 0, surplus } => {
                    let took = rest.len().min(*surplus);
                    *surplus = surplus.saturating_sub(took);
                    took
                }
                At::Data { left, .. } if self.closing => {
                    let took = rest.len().min(*left);
                    *left = left.saturating_sub(took);
                    took
                }
                At::Data { left, surplus } => {
                    let inside = rest.len().min(*left).min(room);
                    *left = left.saturating_sub(inside);
                    if *left == 0 && *surplus == 0 {
                        self.at = At::Packet;
                    }
                    return Heard { used: used.saturating_add(inside), inside };
                }
            };
            used = used.saturating_add(took);
        }
        // Behind the end nothing counts.
        let used = if self.end.is_some() { octets.len() } else { used };
        Heard { used, inside: 0 }
    }

    /// Takes octets of a packet; how many.
    fn packet(&mut self, octets: &[u8]) -> usize {
        // Most of what comes is this, and is not held.
        let head = octets.get(..DATA_HEAD).filter(|_| self.held.is_empty());
        if let Some((left, surplus)) = head.and_then(data_of) {
            self.at = At::Data { left, surplus };
            return DATA_HEAD;
        }
        let wanted = self.wanted();
        let missing = wanted.saturating_sub(self.held.len());
        let took = octets.len().min(missing);
        self.held.extend_from_slice(octets.get(..took).unwrap_or(octets));
        if self.held.len() >= self.wanted() {
            self.whole();
        }
        took
    }

    /// As many octets as have to be held before more can be told: a head first, then the packet. Never more than one may have.
    fn wanted(&self) -> usize {
        match (tsgu::frame(&self.held), self.kind()) {
            (Frame::Partial { length: Some(_) }, Some(PacketType::DATA)) => DATA_HEAD,
            (Frame::Partial { length }, _) => length.unwrap_or(Header::LEN),
            (Frame::Whole(length), _) => length,
            (Frame::Stray | _, _) => self.held.len(),
        }
    }

    fn kind(&self) -> Option<PacketType> {
        let [low, high] = self.held.first_chunk::<2>()?;
        Some(PacketType(u16::from_le_bytes([*low, *high])))
    }

    /// Hears what is held.
    fn whole(&mut self) {
        let held = std::mem::take(&mut self.held);
        if let Some((left, surplus)) = data_of(&held) {
            self.at = At::Data { left, surplus };
        } else {
            self.control(&held);
        }
    }

    /// Hears a packet that is no DATA of the target's.
    fn control(&mut self, held: &[u8]) {
        let Ok(packet) = ServerPacket::parse(held) else {
            self.end = Some(TunnelEnd::Packet);
            return;
        };
        match packet.body {
            Body::CloseChannel(StatusCode(code)) => {
                self.facts.push(GatewayFact::Closed(code));
                tsgu::close_channel_response(StatusCode::OK, &mut self.queued);
                self.end = Some(TunnelEnd::Channel(code));
                return;
            }
            Body::CloseChannelResponse(StatusCode(code)) if self.closing => {
                self.facts.push(GatewayFact::ClosedByUs(code));
                self.end = Some(TunnelEnd::Channel(code));
                return;
            }
            Body::Keepalive => {
                self.facts.push(GatewayFact::Keepalive);
                tsgu::keepalive(&mut self.queued);
            }
            Body::ServiceMessage(text) => self.facts.push(GatewayFact::ServiceMessage(packet_text(text))),
            Body::Reauth(_) => self.facts.push(GatewayFact::Reauthentication),
            // Nothing came of it: a DATA packet of no octets is one, too.
            Body::Data(_) => return,
            Body::Other(_)
            | Body::CloseChannelResponse(_)
            | Body::HandshakeResponse(_)
            | Body::ExtendedAuth(_)
            | Body::TunnelResponse(_)
            | Body::TunnelAuthResponse(_)
            | Body::ChannelResponse(_)
            | _ => self.facts.push(GatewayFact::UnknownPacket(packet.packet_type.0)),
        }
        if packet.trailing > 0 {
            self.facts.push(GatewayFact::Trailing(packet.trailing));
        }
        self.asides = self.asides.saturating_add(1);
        if self.asides > Self::MOST_ASIDES {
            self.end = Some(TunnelEnd::Flood);
        }
    }

    /// Puts octets for the target into one DATA packet; how many of them it takes.
    pub fn wrap(&self, octets: &[u8], out: &mut Vec<u8>) -> usize {
        let octets = octets.get(..Self::MOST_DATA).unwrap_or(octets);
        tsgu::data(octets, out);
        octets.len()
    }

    /// The carrier ended, by this. What the gateway had said before counts more.
    pub const fn ended(&mut self, end: TunnelEnd) {
        if self.end.is_none() {
            self.end = Some(end);
        }
    }

    /// How it ended; `None` while it is open.
    #[must_use]
    pub const fn end(&self) -> Option<TunnelEnd> {
        self.end
    }

    /// Closes the channel from here: CLOSE_CHANNEL is to be sent, and no DATA behind it.
    pub fn close(&mut self) {
        if self.end.is_none() && !self.closing {
            self.closing = true;
            tsgu::close_channel(StatusCode::OK, &mut self.queued);
        }
    }

    /// What is to be sent of its own accord, before anything else.
    pub fn take_queued(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.queued)
    }

    /// What was observed since the last time.
    pub fn take_facts(&mut self) -> Vec<GatewayFact> {
        std::mem::take(&mut self.facts)
    }
}

/// Of a DATA packet whose head is held: how many octets are the target's, and how many count to the packet behind them. `None` when it is
/// none, or a length lies.
fn data_of(held: &[u8]) -> Option<(usize, usize)> {
    let head = held.first_chunk::<DATA_HEAD>()?;
    let [t0, t1, _, _, l0, l1, l2, l3, d0, d1] = *head;
    let length = usize::try_from(u32::from_le_bytes([l0, l1, l2, l3])).ok()?;
    let data = usize::from(u16::from_le_bytes([d0, d1]));
    let body = length.checked_sub(DATA_HEAD)?;
    let is_data = PacketType(u16::from_le_bytes([t0, t1])) == PacketType::DATA && length <= Header::MAX_PACKET;
    // A whole packet that is held beyond its head is no DATA, or one of no octets.
    (is_data && held.len() == DATA_HEAD).then_some((data, body.checked_sub(data)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What comes out inside, in pieces of so many octets, with so much room at a time.
    fn inside(tunnel: &mut Tunnel, octets: &[u8], piece: usize, room: usize) -> Vec<u8> {
        let mut inside = Vec::new();
        for piece in octets.chunks(piece) {
            let mut rest = piece;
            while !rest.is_empty() {
                let heard = tunnel.hear(rest, room);
                let (done, after) = rest.split_at(heard.used);
                inside.extend(done.iter().skip(heard.used.saturating_sub(heard.inside)));
                rest = after;
            }
        }
        inside
    }

    fn data(octets: &[u8]) -> Vec<u8> {
        let mut out = Vec::new();
        tsgu::data(octets, &mut out);
        out
    }

    const KEEPALIVE: [u8; 8] = [0x0D, 0, 0, 0, 8, 0, 0, 0];

    #[test]
    fn octets_of_the_target_come_out_whole_in_whatever_pieces_they_came() {
        let service = [0x0B, 0, 0, 0, 0x10, 0, 0, 0, 6, 0, 0x4F, 0, 0x4B, 0, 0, 0];
        let surplus = [0x0A, 0, 0, 0, 14, 0, 0, 0, 2, 0, b'y', b'z', 9, 9];
        let empty = [0x0A, 0, 0, 0, 10, 0, 0, 0, 0, 0];
        let stream = [&data(b"first")[..], &KEEPALIVE, &service, &empty, &surplus, &data(&[7; 5000])].concat();
        for (piece, room) in [(1, 1), (2, 7), (3, 4096), (4096, 3), (usize::MAX, usize::MAX)] {
            let mut tunnel = Tunnel::new();
            let got = inside(&mut tunnel, &stream, piece, room);
            assert_eq!(got, [&b"firstyz"[..], &[7; 5000]].concat(), "{piece} {room}");
            assert_eq!(tunnel.take_facts(), [GatewayFact::Keepalive, GatewayFact::ServiceMessage("OK".into())]);
            assert_eq!(tunnel.take_queued(), KEEPALIVE, "answered");
            assert_eq!(tunnel.end(), None);
        }
    }

    #[test]
    fn close_channel_ends_it_with_its_code_and_is_answered() {
        let mut tunnel = Tunnel::new();
        let close = [0x10, 0, 0, 0, 12, 0, 0, 0, 0xA0, 0, 0, 0];
        let got = inside(&mut tunnel, &[&data(b"last")[..], &close, &data(b"behind")].concat(), 5, 64);
        assert_eq!(got, b"last");
        assert_eq!(tunnel.end(), Some(TunnelEnd::Channel(0xA0)));
        assert_eq!(tunnel.take_queued(), [0x11, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0]);
        tunnel.ended(TunnelEnd::Reset);
        assert_eq!(tunnel.end(), Some(TunnelEnd::Channel(0xA0)), "what was said counts more");
    }

    #[test]
    fn lying_lengths_and_floods_end_it() {
        for lying in [
            &[0x0A, 0, 0, 0, 12, 0, 0, 0, 3, 0, 1, 2][..],
            &[0x0A, 0, 0, 0, 7, 0, 0, 0],
            &[0x0A, 0, 0, 0, 9, 0, 0, 0, 0],
            &[0x10, 0, 0, 0, 11, 0, 0, 0, 0, 0, 0],
            &[0x0B, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF],
        ] {
            for piece in [1, 100] {
                let mut tunnel = Tunnel::new();
                assert_eq!(inside(&mut tunnel, lying, piece, 64), b"");
                assert_eq!(tunnel.end(), Some(TunnelEnd::Packet), "{lying:?}");
            }
        }
        let mut tunnel = Tunnel::new();
        inside(&mut tunnel, &KEEPALIVE.repeat(64), 8, 64);
        assert_eq!(tunnel.end(), None);
        inside(&mut tunnel, &KEEPALIVE, 8, 64);
        assert_eq!(tunnel.end(), Some(TunnelEnd::Flood));
        assert_eq!(tunnel.take_queued().len(), 65 * 8, "and what waits to be sent is bounded, too");
    }

    #[test]
    fn channel_that_is_closed_from_here_takes_no_more_of_the_target() {
        let mut tunnel = Tunnel::new();
        inside(&mut tunnel, &data(b"before")[..12], 100, 100);
        tunnel.close();
        tunnel.close();
        assert_eq!(tunnel.take_queued(), [0x10, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0], "once");
        let response = [0x11, 0, 0, 0, 20, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8];
        let rest = [&data(b"before")[12..], &data(b"more"), &response].concat();
        assert_eq!(inside(&mut tunnel, &rest, 3, 64), b"");
        assert_eq!(tunnel.end(), Some(TunnelEnd::Channel(0)));
        assert_eq!(tunnel.take_facts(), [GatewayFact::ClosedByUs(0)]);
    }

    #[test]
    fn one_packet_takes_no_more_than_any_gateway_was_seen_to_take() {
        let (tunnel, mut out) = (Tunnel::new(), Vec::new());
        assert_eq!(tunnel.wrap(&[1; 10_000], &mut out), Tunnel::MOST_DATA);
        assert_eq!(out.len(), DATA_HEAD + Tunnel::MOST_DATA);
        assert_eq!(tunnel.wrap(b"", &mut out), 0);
    }
}
