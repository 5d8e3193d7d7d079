//! The packets of a tunnel from the gateway's side: what a client sends, read, and what a gateway sends, written.
//!
//! \[MS-TSGU\] 2.2.10.
use rdp_probe_core::wire::tsgu::{ExtendedAuthMask, Header, PacketType, TunnelCaps};

/// What a client sends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ClientPacket {
    Handshake { version: (u8, u8), extended_auth: ExtendedAuthMask },
    ExtendedAuth { blob: Vec<u8> },
    TunnelCreate { caps: TunnelCaps, cookie: Option<String> },
    TunnelAuth { name: String },
    ChannelCreate { names: Vec<String>, port: u16, protocol: u16 },
    Data(Vec<u8>),
    Keepalive,
    CloseChannel,
    CloseChannelResponse,
    Other(PacketType),
}

impl ClientPacket {
    /// Reads one whole packet; what is wrong with it where it is none, as a text.
    pub(super) fn parse(packet: &[u8]) -> Result<Self, String> {
        let (header, body) =
            packet.split_first_chunk::<{ Header::LEN }>().ok_or("a packet without a header")?;
        let &[t0, t1, _, _, l0, l1, l2, l3] = header;
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        let packet_type = PacketType(u16::from_le_bytes([t0, t1]));
        let name = packet_type.name().unwrap_or("packet of no known type");
        if usize::try_from(length) != Ok(packet.len()) {
            return Err(format!("a {name} of {length} octets"));
        }
        let mut rest = Rest(body);
        let read = rest.packet(packet_type).ok_or_else(|| format!("a {name} that is cut"))?;
        if rest.0.is_empty() { Ok(read) } else { Err(format!("a {name} with {} octets more", rest.0.len())) }
    }

    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Handshake { .. } => "HANDSHAKE_REQUEST",
            Self::ExtendedAuth { .. } => "EXTENDED_AUTH_MSG",
            Self::TunnelCreate { .. } => "TUNNEL_CREATE",
            Self::TunnelAuth { .. } => "TUNNEL_AUTH",
            Self::ChannelCreate { .. } => "CHANNEL_CREATE",
            Self::Data(_) => "DATA",
            Self::Keepalive => "KEEPALIVE",
            Self::CloseChannel => "CLOSE_CHANNEL",
            Self::CloseChannelResponse => "CLOSE_CHANNEL_RESPONSE",
            Self::Other(_) => "packet that no client sends",
        }
    }
}

/// What is left of a packet.
struct Rest<'a>(&'a [u8]);

impl<'a> Rest<'a> {
    fn packet(&mut self, packet_type: PacketType) -> Option<ClientPacket> {
        Some(match packet_type {
            PacketType::HANDSHAKE_REQUEST => {
                let [major, minor, _, _, e0, e1] = self.take()?;
                let extended_auth = ExtendedAuthMask(u16::from_le_bytes([e0, e1]));
                ClientPacket::Handshake { version: (major, minor), extended_auth }
            }
            PacketType::EXTENDED_AUTH_MSG => {
                self.take::<4>()?;
                ClientPacket::ExtendedAuth { blob: self.counted()?.to_vec() }
            }
            PacketType::TUNNEL_CREATE => {
                let caps = TunnelCaps(u32::from_le_bytes(self.take()?));
                let [fields, _, _, _] = self.take()?;
                if fields & 2 != 0 {
                    self.take::<8>()?; // reauthTunnelContext
                }
                // The text of the specification announces a cookie by bit 2, its enumeration by bit 1: both are taken.
                let there = fields & 1 != 0 || fields & 2 != 0 && !self.0.is_empty();
                let cookie = if there { Some(text(self.counted()?)) } else { None };
                ClientPacket::TunnelCreate { caps, cookie }
            }
            PacketType::TUNNEL_AUTH => {
                let [fields, _] = self.take()?;
                let name = text(self.counted()?);
                if fields & 1 != 0 {
                    self.counted()?; // statementOfHealth
                }
                ClientPacket::TunnelAuth { name }
            }
            PacketType::CHANNEL_CREATE => {
                let [resources, alternatives, p0, p1, r0, r1] = self.take()?;
                let all = 0..u16::from(resources).saturating_add(u16::from(alternatives));
                let names = all.map(|_| self.counted().map(text)).collect::<Option<_>>()?;
                let (port, protocol) = (u16::from_le_bytes([p0, p1]), u16::from_le_bytes([r0, r1]));
                ClientPacket::ChannelCreate { names, port, protocol }
            }
            PacketType::DATA => ClientPacket::Data(self.counted()?.to_vec()),
            PacketType::KEEPALIVE => ClientPacket::Keepalive,
            PacketType::CLOSE_CHANNEL => {
                self.take::<4>()?;
                ClientPacket::CloseChannel
            }
            PacketType::CLOSE_CHANNEL_RESPONSE => {
                self.take::<4>()?;
                ClientPacket::CloseChannelResponse
            }
            other => {
                self.0 = &[];
                ClientPacket::Other(other)
            }
        })
    }

    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*taken)
    }

    fn counted(&mut self) -> Option<&'a [u8]> {
        let length = u16::from_le_bytes(self.take()?);
        let (taken, rest) = self.0.split_at_checked(usize::from(length))?;
        self.0 = rest;
        Some(taken)
    }
}

/// UTF-16LE, without the terminator.
fn text(octets: &[u8]) -> String {
    let units: Vec<u16> = octets
        .chunks(2)
        .map(|pair| match *pair {
            [low, high] => u16::from_le_bytes([low, high]),
            // Half a unit is no text.
            _ => 0xFFFD,
        })
        .collect();
    String::from_utf16_lossy(&units).trim_end_matches('\0').to_owned()
}

/// HTTP_HANDSHAKE_RESPONSE_PACKET.
pub(super) fn handshake_response(code: u32, (major, minor): (u8, u8), mask: ExtendedAuthMask) -> Vec<u8> {
    let [m0, m1] = mask.0.to_le_bytes();
    packet(PacketType::HANDSHAKE_RESPONSE, &[&code.to_le_bytes(), &[major, minor, 0, 0, m0, m1]])
}

/// HTTP_EXTENDED_AUTH_PACKET.
pub(super) fn extended_auth(code: u32, blob: &[u8]) -> Vec<u8> {
    let length = u16::try_from(blob.len()).unwrap_or(u16::MAX).to_le_bytes();
    packet(PacketType::EXTENDED_AUTH_MSG, &[&code.to_le_bytes(), &length, blob])
}

/// HTTP_TUNNEL_RESPONSE that refuses.
pub(super) fn tunnel_refusal(code: u32) -> Vec<u8> {
    packet(PacketType::TUNNEL_RESPONSE, &[&[0; 2], &code.to_le_bytes(), &[0; 4]])
}

/// HTTP_TUNNEL_RESPONSE, with a consent message where there is one.
pub(super) fn tunnel_response(id: u32, caps: u32, consent: Option<&str>) -> Vec<u8> {
    let (fields, consent) = consent.map_or((0x03, Vec::new()), |text| (0x13, counted_text(text)));
    let fixed = [0, 0, 0, 0, 0, 0, fields, 0, 0, 0]; // serverVersion, statusCode, fieldsPresent, reserved
    packet(PacketType::TUNNEL_RESPONSE, &[&fixed, &id.to_le_bytes(), &caps.to_le_bytes(), &consent])
}

/// HTTP_TUNNEL_AUTH_RESPONSE that refuses.
pub(super) fn tunnel_auth_refusal(code: u32) -> Vec<u8> {
    packet(PacketType::TUNNEL_AUTH_RESPONSE, &[&code.to_le_bytes(), &[0; 4]])
}

/// HTTP_TUNNEL_AUTH_RESPONSE with redirFlags 0 and this idleTimeout.
pub(super) fn tunnel_auth_response(idle_timeout: u32) -> Vec<u8> {
    packet(PacketType::TUNNEL_AUTH_RESPONSE, &[&[0, 0, 0, 0, 3, 0, 0, 0], &[0; 4], &idle_timeout.to_le_bytes()])
}

/// HTTP_CHANNEL_RESPONSE without a channelId.
pub(super) fn channel_refusal(code: u32) -> Vec<u8> {
    packet(PacketType::CHANNEL_RESPONSE, &[&code.to_le_bytes(), &[0; 4]])
}

/// HTTP_CHANNEL_RESPONSE with channelId 1.
pub(super) fn channel_response(code: u32) -> Vec<u8> {
    packet(PacketType::CHANNEL_RESPONSE, &[&code.to_le_bytes(), &CHANNEL_1])
}

/// fieldsPresent, reserved, channelId.
const CHANNEL_1: [u8; 8] = [1, 0, 0, 0, 1, 0, 0, 0];

/// HTTP_DATA_PACKETs of at most so many octets each.
pub(super) fn data(octets: &[u8], at_most: usize) -> impl Iterator<Item = Vec<u8>> {
    octets
        .chunks(at_most.clamp(1, usize::from(u16::MAX)))
        .map(|part| packet(PacketType::DATA, &[&counted(part)]))
}

/// HTTP_SERVICE_MESSAGE.
pub(super) fn service_message(text: &str) -> Vec<u8> {
    packet(PacketType::SERVICE_MESSAGE, &[&counted_text(text)])
}

/// HTTP_KEEPALIVE_PACKET.
pub(super) fn keepalive() -> Vec<u8> {
    packet(PacketType::KEEPALIVE, &[])
}

/// HTTP_CLOSE_PACKET that closes the channel.
pub(super) fn close_channel(code: u32) -> Vec<u8> {
    packet(PacketType::CLOSE_CHANNEL, &[&code.to_le_bytes()])
}

/// HTTP_CLOSE_PACKET that answers one; `longer` has a channel's number that nobody asked for.
pub(super) fn close_channel_response(longer: bool) -> Vec<u8> {
    let surplus = if longer { &CHANNEL_1[..] } else { &[] };
    packet(PacketType::CLOSE_CHANNEL_RESPONSE, &[&[0; 4], surplus])
}

fn packet(packet_type: PacketType, body: &[&[u8]]) -> Vec<u8> {
    let body = body.concat();
    let length = u32::try_from(body.len().saturating_add(Header::LEN)).unwrap_or(u32::MAX);
    [&packet_type.0.to_le_bytes()[..], &[0; 2], &length.to_le_bytes(), &body].concat()
}

/// As much of it as its length can tell of, with that before it.
fn counted(octets: &[u8]) -> Vec<u8> {
    let length = u16::try_from(octets.len()).unwrap_or(u16::MAX);
    let octets = octets.get(..usize::from(length)).unwrap_or(octets);
    [&length.to_le_bytes()[..], octets].concat()
}

fn counted_text(text: &str) -> Vec<u8> {
    counted(&text.encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect::<Vec<u8>>())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rdp_probe_core::wire::tsgu::{self, Body, ServerPacket, StatusCode};

    fn written(with: impl FnOnce(&mut Vec<u8>)) -> Result<ClientPacket, String> {
        let mut out = Vec::new();
        with(&mut out);
        ClientPacket::parse(&out)
    }

    #[test]
    fn what_a_client_writes_is_read() {
        let handshake = ClientPacket::Handshake { version: (1, 0), extended_auth: ExtendedAuthMask::PAA };
        assert_eq!(written(|out| tsgu::handshake_request(ExtendedAuthMask::PAA, out)), Ok(handshake));
        for (token, cookie) in [(None, None), (Some("tok"), Some("tok".to_owned()))] {
            let caps = TunnelCaps(0x0E);
            let read = written(|out| tsgu::tunnel_create(caps, token, out).unwrap());
            assert_eq!(read, Ok(ClientPacket::TunnelCreate { caps, cookie }));
        }
        assert_eq!(
            written(|out| tsgu::tunnel_auth("PROBE", out).unwrap()),
            Ok(ClientPacket::TunnelAuth { name: "PROBE".to_owned() })
        );
        let channel = ClientPacket::ChannelCreate { names: vec!["srv1".to_owned()], port: 3389, protocol: 3 };
        assert_eq!(written(|out| tsgu::channel_create("srv1", 3389, out).unwrap()), Ok(channel));
        assert_eq!(written(|out| tsgu::data(b"ab", out)), Ok(ClientPacket::Data(b"ab".to_vec())));
        assert_eq!(written(tsgu::keepalive), Ok(ClientPacket::Keepalive));
        assert_eq!(written(|out| tsgu::close_channel(StatusCode::OK, out)), Ok(ClientPacket::CloseChannel));
        assert_eq!(
            written(|out| assert!(tsgu::extended_auth(&[1], out))),
            Ok(ClientPacket::ExtendedAuth { blob: vec![1] })
        );
    }

    #[test]
    fn a_cookie_is_taken_in_each_of_its_three_forms() {
        let context = [0_u8; 8];
        let cookie = [4, 0, b't', 0, 0, 0];
        for (fields, optional) in
            [(1, &cookie[..]), (2, &[&context[..], &cookie].concat()), (3, &[&context[..], &cookie].concat())]
        {
            let octets = packet(PacketType::TUNNEL_CREATE, &[&[0x0E, 0, 0, 0, fields, 0, 0, 0], optional]);
            let Ok(ClientPacket::TunnelCreate { cookie, .. }) = ClientPacket::parse(&octets) else {
                panic!("{fields}")
            };
            assert_eq!(cookie.as_deref(), Some("t"), "{fields}");
        }
        let without = packet(PacketType::TUNNEL_CREATE, &[&[0x0E, 0, 0, 0, 2, 0, 0, 0], &context]);
        assert!(matches!(ClientPacket::parse(&without), Ok(ClientPacket::TunnelCreate { cookie: None, .. })));
    }

    #[test]
    fn what_is_wrong_with_a_packet_is_told() {
        for (octets, told) in [
            (&[0x0D, 0, 0, 0, 9, 0, 0, 0][..], "a KEEPALIVE of 9 octets"),
            (&[0x0D, 0, 0, 0, 9, 0, 0, 0, 1], "a KEEPALIVE with 1 octets more"),
            (&[0x0A, 0, 0, 0, 10, 0, 0, 0, 1, 0], "a DATA that is cut"),
        ] {
            assert_eq!(ClientPacket::parse(octets).unwrap_err(), told);
        }
    }

    #[test]
    fn what_is_written_is_what_the_reader_reads() {
        assert_eq!(
            handshake_response(0, (1, 0), ExtendedAuthMask(7)),
            [2, 0, 0, 0, 0x12, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 7, 0]
        );
        assert_eq!(
            tunnel_response(6, 0x3F, Some("Hi")),
            [
                5, 0, 0, 0, 0x22, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x13, 0, 0, 0, 6, 0, 0, 0, 0x3F, 0, 0, 0, 6, 0,
                0x48, 0, 0x69, 0, 0, 0
            ]
        );
        assert_eq!(
            tunnel_refusal(0x8007_59F8),
            [5, 0, 0, 0, 0x12, 0, 0, 0, 0, 0, 0xF8, 0x59, 7, 0x80, 0, 0, 0, 0]
        );
        assert_eq!(
            tunnel_auth_response(0),
            [7, 0, 0, 0, 0x18, 0, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        );
        assert_eq!(
            tunnel_auth_refusal(0x8007_59DB),
            [7, 0, 0, 0, 0x10, 0, 0, 0, 0xDB, 0x59, 7, 0x80, 0, 0, 0, 0]
        );
        assert_eq!(channel_response(0), [9, 0, 0, 0, 0x14, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
        assert_eq!(channel_refusal(0x8007_59DD), [9, 0, 0, 0, 0x10, 0, 0, 0, 0xDD, 0x59, 7, 0x80, 0, 0, 0, 0]);
        assert_eq!(service_message("OK"), b"\x0B\0\0\0\x10\0\0\0\x06\0O\0K\0\0\0");
        assert_eq!(
            (
                close_channel(0xA0).len(),
                close_channel_response(false).len(),
                close_channel_response(true).len()
            ),
            (12, 12, 20)
        );
        let parts: Vec<_> = data(&[7; 5], 2).collect();
        assert_eq!(parts.len(), 3);
        assert!(matches!(ServerPacket::parse(&parts[2]).unwrap().body, Body::Data(&[7])));
        assert_eq!(keepalive(), [0x0D, 0, 0, 0, 8, 0, 0, 0]);
    }
}
