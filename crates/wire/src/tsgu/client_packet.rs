//! What a client sends, read: for a gateway that is scripted.
use nom::combinator::map;
use nom::{IResult, Parser as _};

use super::both::{ExtendedAuth, counted, extended_auth, status_code, whole};
use super::optional::Optional;
use super::packet::{ExtendedAuthMask, PacketType, StatusCode, TunnelCaps};
use crate::fault::{Fault, Layer, Layout, WireError, fixed, read};

/// One packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientPacket<'a> {
    /// `packetType`.
    pub packet_type: PacketType,
    /// What is in it.
    pub body: ClientBody<'a>,
    /// Octets behind the last field that is known.
    pub trailing: usize,
}

/// What is in a packet. Texts are UTF-16LE, as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ClientBody<'a> {
    /// HTTP_HANDSHAKE_REQUEST_PACKET.
    HandshakeRequest(HandshakeRequest),
    /// HTTP_EXTENDED_AUTH_PACKET.
    ExtendedAuth(ExtendedAuth<'a>),
    /// HTTP_TUNNEL_PACKET.
    TunnelCreate(TunnelCreate<'a>),
    /// HTTP_TUNNEL_AUTH_PACKET.
    TunnelAuth(TunnelAuth<'a>),
    /// HTTP_CHANNEL_PACKET.
    ChannelCreate(ChannelCreate<'a>),
    /// HTTP_DATA_PACKET: octets for the target.
    Data(&'a [u8]),
    /// HTTP_KEEPALIVE_PACKET.
    Keepalive,
    /// HTTP_CLOSE_PACKET that closes: `statusCode`.
    CloseChannel(StatusCode),
    /// HTTP_CLOSE_PACKET that answers one.
    CloseChannelResponse(StatusCode),
    /// A packet of another type, which only gateways send or nobody knows.
    Other(&'a [u8]),
}

/// HTTP_HANDSHAKE_REQUEST_PACKET, \[MS-TSGU\] 2.2.10.10.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandshakeRequest {
    /// `verMajor` and `verMinor`.
    pub version: (u8, u8),
    /// `clientVersion`.
    pub client_version: u16,
    /// `ExtendedAuth`.
    pub extended_auth: ExtendedAuthMask,
}

/// HTTP_TUNNEL_PACKET, \[MS-TSGU\] 2.2.10.18 and 2.2.10.19.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TunnelCreate<'a> {
    /// `capsFlags`.
    pub caps: TunnelCaps,
    /// `fieldsPresent`.
    pub fields_present: u16,
    /// `reauthTunnelContext`.
    pub reauth_tunnel_context: Option<u64>,
    /// `PAACookie`.
    pub paa_cookie: Option<&'a [u8]>,
}

/// HTTP_TUNNEL_AUTH_PACKET, \[MS-TSGU\] 2.2.10.14 and 2.2.10.15.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TunnelAuth<'a> {
    /// `fieldsPresent`.
    pub fields_present: u16,
    /// `clientName`.
    pub client_name: &'a [u8],
    /// `statementOfHealth`.
    pub statement_of_health: Option<&'a [u8]>,
}

/// HTTP_CHANNEL_PACKET, \[MS-TSGU\] 2.2.10.2 and 2.2.10.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelCreate<'a> {
    /// `port`.
    pub port: u16,
    /// `protocol`.
    pub protocol: u16,
    /// `pResource`: names of the target. There should be one at least.
    pub resources: ResourceNames<'a>,
    /// `pAltResources`: names that are tried when none of the others will do.
    pub alternatives: ResourceNames<'a>,
}

/// Names of a target, each in UTF-16LE as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResourceNames<'a> {
    /// How many there are.
    pub count: u8,
    /// The names, each behind its length.
    octets: &'a [u8],
}

impl<'a> ResourceNames<'a> {
    /// The first of them.
    #[must_use]
    pub fn first(&self) -> Option<&'a [u8]> {
        self.iter().next()
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let mut names = Optional::new(self.octets, true);
        core::iter::from_fn(move || names.counted(true, "").ok().flatten())
    }
}

impl<'a> ClientPacket<'a> {
    /// Reads one whole packet; octets after it are ignored.
    ///
    /// # Errors
    /// [`WireError`] when it is cut, or its lengths disagree with what is there.
    pub fn parse(packet: &'a [u8]) -> Result<Self, WireError> {
        read(Layer::Tsgu, packet, client_packet)
    }
}

fn client_packet(packet: &[u8]) -> IResult<&[u8], ClientPacket<'_>, Fault> {
    let (after, (packet_type, body, trailing)) = whole(packet, body)?;
    Ok((after, ClientPacket { packet_type, body, trailing }))
}

fn body(packet_type: PacketType, i: &[u8]) -> IResult<&[u8], ClientBody<'_>, Fault> {
    match packet_type {
        PacketType::HANDSHAKE_REQUEST => map(handshake_request, ClientBody::HandshakeRequest).parse(i),
        PacketType::EXTENDED_AUTH_MSG => map(extended_auth, ClientBody::ExtendedAuth).parse(i),
        PacketType::TUNNEL_CREATE => map(tunnel_create, ClientBody::TunnelCreate).parse(i),
        PacketType::TUNNEL_AUTH => map(tunnel_auth, ClientBody::TunnelAuth).parse(i),
        PacketType::CHANNEL_CREATE => map(channel_create, ClientBody::ChannelCreate).parse(i),
        PacketType::DATA => map(|i| counted(i, "cbDataLen"), ClientBody::Data).parse(i),
        PacketType::KEEPALIVE => Ok((i, ClientBody::Keepalive)),
        PacketType::CLOSE_CHANNEL => map(status_code, ClientBody::CloseChannel).parse(i),
        PacketType::CLOSE_CHANNEL_RESPONSE => map(status_code, ClientBody::CloseChannelResponse).parse(i),
        _ => Ok((&[], ClientBody::Other(i))),
    }
}

const HANDSHAKE: Layout = &[("verMajor", 1), ("verMinor", 1), ("clientVersion", 2), ("ExtendedAuth", 2)];

fn handshake_request(i: &[u8]) -> IResult<&[u8], HandshakeRequest, Fault> {
    let (rest, &[major, minor, c0, c1, a0, a1]) = fixed::<6>(i, HANDSHAKE)?;
    let request = HandshakeRequest {
        version: (major, minor),
        client_version: u16::from_le_bytes([c0, c1]),
        extended_auth: ExtendedAuthMask(u16::from_le_bytes([a0, a1])),
    };
    Ok((rest, request))
}

const TUNNEL: Layout = &[("capsFlags", 4), ("fieldsPresent", 2), ("reserved", 2)];
/// HTTP_TUNNEL_PACKET_FIELD_PAA_COOKIE, _REAUTH.
const TUNNEL_FIELDS: [u16; 2] = [0x1, 0x2];

fn tunnel_create(i: &[u8]) -> IResult<&[u8], TunnelCreate<'_>, Fault> {
    let (rest, &[c0, c1, c2, c3, f0, f1, _, _]) = fixed::<8>(i, TUNNEL)?;
    let fields_present = u16::from_le_bytes([f0, f1]);
    let [has_cookie, has_context] = TUNNEL_FIELDS.map(|bit| fields_present & bit != 0);
    let mut fields = Optional::new(rest, false);
    let context = fields.fixed(has_context, "reauthTunnelContext")?.map(u64::from_le_bytes);
    let mut paa_cookie = fields.counted(has_cookie, "PAACookie")?;
    if has_context && !has_cookie {
        // One part of the specification has the bit of the context for a cookie. What fits to the end is one.
        let mut behind = Optional::new(fields.rest(), true);
        paa_cookie = behind.counted(true, "PAACookie")?.filter(|_| behind.rest().is_empty());
        if paa_cookie.is_some() {
            fields = behind;
        }
    }
    let create = TunnelCreate {
        caps: TunnelCaps(u32::from_le_bytes([c0, c1, c2, c3])),
        fields_present,
        reauth_tunnel_context: context,
        paa_cookie,
    };
    Ok((fields.rest(), create))
}

fn tunnel_auth(i: &[u8]) -> IResult<&[u8], TunnelAuth<'_>, Fault> {
    let (rest, present) = fixed::<2>(i, &[("fieldsPresent", 2)])?;
    let fields_present = u16::from_le_bytes(*present);
    let (rest, client_name) = counted(rest, "clientName")?;
    let mut fields = Optional::new(rest, false);
    let statement_of_health = fields.counted(fields_present & 0x1 != 0, "statementOfHealth")?;
    Ok((fields.rest(), TunnelAuth { fields_present, client_name, statement_of_health }))
}

const CHANNEL: Layout = &[("numResources", 1), ("numAltResources", 1), ("port", 2), ("protocol", 2)];

fn channel_create(i: &[u8]) -> IResult<&[u8], ChannelCreate<'_>, Fault> {
    let (rest, &[count, alternatives, p0, p1, k0, k1]) = fixed::<6>(i, CHANNEL)?;
    let (rest, resources) = names(rest, count, "pResource")?;
    let (rest, alternatives) = names(rest, alternatives, "pAltResources")?;
    let create = ChannelCreate {
        port: u16::from_le_bytes([p0, p1]),
        protocol: u16::from_le_bytes([k0, k1]),
        resources,
        alternatives,
    };
    Ok((rest, create))
}

fn names<'a>(i: &'a [u8], count: u8, field: &'static str) -> IResult<&'a [u8], ResourceNames<'a>, Fault> {
    let mut fields = Optional::new(i, false);
    for _ in 0..count {
        fields.counted(true, field)?;
    }
    let octets = i.get(..i.len().saturating_sub(fields.rest().len())).unwrap_or_default();
    Ok((fields.rest(), ResourceNames { count, octets }))
}

#[cfg(test)]
mod tests {
    use super::super::client;
    use super::*;
    use crate::fault::Problem;
    use alloc::vec::Vec;

    fn octets(hex: &str) -> Vec<u8> {
        hex.split_ascii_whitespace().map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    fn body_of(packet: &[u8]) -> ClientBody<'_> {
        let read = ClientPacket::parse(packet).unwrap();
        assert_eq!(read.trailing, 0, "{read:?}");
        read.body
    }

    fn written(with: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        with(&mut out);
        out
    }

    fn tunnel(hex: &str) -> (Option<u64>, Option<Vec<u8>>, usize) {
        let packet = octets(hex);
        let read = ClientPacket::parse(&packet).unwrap();
        let ClientBody::TunnelCreate(create) = read.body else { panic!("{read:?}") };
        (create.reauth_tunnel_context, create.paa_cookie.map(<[u8]>::to_vec), read.trailing)
    }

    #[test]
    fn each_request_is_read_as_it_is_written() {
        let packet = written(|out| client::handshake_request(ExtendedAuthMask::PAA, out));
        let handshake =
            HandshakeRequest { version: (1, 0), client_version: 0, extended_auth: ExtendedAuthMask::PAA };
        assert_eq!(body_of(&packet), ClientBody::HandshakeRequest(handshake));
        let packet = written(|out| assert!(client::extended_auth(b"blob", out)));
        let ClientBody::ExtendedAuth(auth) = body_of(&packet) else { panic!("{packet:?}") };
        assert_eq!((auth.error_code, auth.blob), (StatusCode::OK, &b"blob"[..]));
        for (token, cookie) in [(None, None), (Some("to"), Some(&b"t\0o\0\0\0"[..]))] {
            let packet = written(|out| client::tunnel_create(TunnelCaps(0x0E), token, out).unwrap());
            let ClientBody::TunnelCreate(create) = body_of(&packet) else { panic!("{packet:?}") };
            assert_eq!((create.caps, create.fields_present), (TunnelCaps(0x0E), u16::from(cookie.is_some())));
            assert_eq!((create.reauth_tunnel_context, create.paa_cookie), (None, cookie));
        }
        let packet = written(|out| client::tunnel_auth("PC", out).unwrap());
        let auth = TunnelAuth { fields_present: 0, client_name: b"P\0C\0\0\0", statement_of_health: None };
        assert_eq!(body_of(&packet), ClientBody::TunnelAuth(auth));
        let packet = written(|out| client::channel_create("srv", 3390, out).unwrap());
        let ClientBody::ChannelCreate(create) = body_of(&packet) else { panic!("{packet:?}") };
        assert_eq!((create.port, create.protocol), (3390, 3));
        assert_eq!((create.resources.count, create.alternatives.count), (1, 0));
        assert_eq!(
            (create.resources.first(), create.alternatives.first()),
            (Some(&b"s\0r\0v\0\0\0"[..]), None)
        );
        assert_eq!(body_of(&written(|out| client::data(b"abc", out))), ClientBody::Data(b"abc"));
        assert_eq!(body_of(&written(client::keepalive)), ClientBody::Keepalive);
        let closed = written(|out| client::close_channel(StatusCode(7), out));
        assert_eq!(body_of(&closed), ClientBody::CloseChannel(StatusCode(7)));
        let answered = octets("11 00 00 00 0c 00 00 00 00 00 00 00");
        assert_eq!(body_of(&answered), ClientBody::CloseChannelResponse(StatusCode::OK));
        assert_eq!(body_of(&octets("0b 00 00 00 09 00 00 00 01")), ClientBody::Other(&[1]));
    }

    #[test]
    fn cookie_stands_behind_the_context_whichever_bits_tell_of_it() {
        let context = Some(0x1122_3344_5566_7788);
        let cookie = Some(octets("74 00 00 00"));
        let fixed = "0e 00 00 00";
        let one = format("04 00 00 00 16 00 00 00", fixed, "01 00 00 00 04 00 74 00 00 00");
        assert_eq!(tunnel(&one), (None, cookie.clone(), 0));
        let two = format("04 00 00 00 18 00 00 00", fixed, "02 00 00 00 88 77 66 55 44 33 22 11");
        assert_eq!(tunnel(&two), (context, None, 0));
        let zero = "02 00 00 00 00 00 00 00 00 00 00 00 04 00 74 00 00 00";
        assert_eq!(tunnel(&format("04 00 00 00 1e 00 00 00", fixed, zero)), (Some(0), cookie.clone(), 0));
        let three = "03 00 00 00 88 77 66 55 44 33 22 11 04 00 74 00 00 00";
        assert_eq!(tunnel(&format("04 00 00 00 1e 00 00 00", fixed, three)), (context, cookie, 0));
        // What does not fit is no cookie.
        for length in ["03", "05"] {
            let other = alloc::format!("02 00 00 00 88 77 66 55 44 33 22 11 {length} 00 74 00 00 00");
            assert_eq!(
                tunnel(&format("04 00 00 00 1e 00 00 00", fixed, &other)),
                (context, None, 6),
                "{length}"
            );
        }
    }

    fn format(header: &str, fixed: &str, rest: &str) -> alloc::string::String {
        alloc::format!("{header} {fixed} {rest}")
    }

    #[test]
    fn names_are_told_apart_and_a_missing_one_is_named() {
        let packet = octets("08 00 00 00 1a 00 00 00 02 01 3d 0d 03 00 02 00 61 00 00 00 04 00 63 00 64 00");
        let ClientBody::ChannelCreate(create) = body_of(&packet) else { panic!("{packet:?}") };
        assert_eq!(create.resources.iter().collect::<Vec<_>>(), [&b"a\0"[..], b""]);
        assert_eq!(create.alternatives.iter().collect::<Vec<_>>(), [b"c\0d\0"]);
        for (at, field, offset) in [(8, "pResource", 26), (9, "pAltResources", 26)] {
            let mut more = packet.clone();
            more[at] += 2;
            let error = ClientPacket::parse(&more).unwrap_err();
            assert_eq!((error.field, error.offset, error.problem), (field, offset, Problem::Cut));
        }
        let none = octets("08 00 00 00 0e 00 00 00 00 00 3d 0d 03 00");
        let ClientBody::ChannelCreate(create) = body_of(&none) else { panic!("{none:?}") };
        assert_eq!(create.resources.first(), None);
    }

    #[test]
    fn a_statement_of_health_is_read_and_what_follows_it_is_counted() {
        let packet = octets("06 00 00 00 14 00 00 00 01 00 02 00 61 00 02 00 de ad be ef");
        let read = ClientPacket::parse(&packet).unwrap();
        let ClientBody::TunnelAuth(auth) = read.body else { panic!("{read:?}") };
        assert_eq!(
            (auth.client_name, auth.statement_of_health, read.trailing),
            (&b"a\0"[..], Some(&[0xDE, 0xAD][..]), 2)
        );
    }

    #[test]
    fn every_cut_names_a_field() {
        for packet in [
            "01 00 00 00 0e 00 00 00 01 00 00 00 02 00",
            "03 00 00 00 0f 00 00 00 00 00 00 00 01 00 09",
            "04 00 00 00 1e 00 00 00 0e 00 00 00 03 00 00 00 88 77 66 55 44 33 22 11 04 00 74 00 00 00",
            "06 00 00 00 12 00 00 00 01 00 02 00 61 00 02 00 de ad",
            "08 00 00 00 1a 00 00 00 02 01 3d 0d 03 00 02 00 61 00 00 00 04 00 63 00 64 00",
            "0a 00 00 00 0c 00 00 00 02 00 ab cd",
            "10 00 00 00 0c 00 00 00 00 00 00 00",
        ]
        .map(octets)
        {
            for cut in 0..packet.len() {
                assert!(ClientPacket::parse(&packet[..cut]).is_err(), "{packet:x?} at {cut}");
                if let Some(length) = u32::try_from(cut).ok().filter(|length| *length >= 8) {
                    let mut shorter = packet[..cut].to_vec();
                    shorter[4..8].copy_from_slice(&length.to_le_bytes());
                    let error = ClientPacket::parse(&shorter).unwrap_err();
                    assert!(!error.field.is_empty() && error.offset <= cut, "{error:?}");
                }
            }
        }
    }
}
