//! What a gateway sends.
use nom::combinator::map;
use nom::{IResult, Parser as _};

use super::both::{ExtendedAuth, counted, extended_auth, status_code, whole};
use super::optional::Optional;
use super::packet::{ExtendedAuthMask, PacketType, StatusCode, TunnelCaps};
use crate::fault::{Fault, Layer, Layout, WireError, fixed, read};

/// One packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerPacket<'a> {
    /// `packetType`.
    pub packet_type: PacketType,
    /// What is in it.
    pub body: Body<'a>,
    /// Octets behind the last field that is known: a newer gateway, or one that counts otherwise.
    pub trailing: usize,
}

/// What is in a packet. Texts are UTF-16LE, as they came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Body<'a> {
    /// HTTP_HANDSHAKE_RESPONSE_PACKET.
    HandshakeResponse(HandshakeResponse),
    /// HTTP_EXTENDED_AUTH_PACKET.
    ExtendedAuth(ExtendedAuth<'a>),
    /// HTTP_TUNNEL_RESPONSE.
    TunnelResponse(TunnelResponse<'a>),
    /// HTTP_TUNNEL_AUTH_RESPONSE.
    TunnelAuthResponse(TunnelAuthResponse<'a>),
    /// HTTP_CHANNEL_RESPONSE.
    ChannelResponse(ChannelResponse<'a>),
    /// HTTP_DATA_PACKET: octets of the target's.
    Data(&'a [u8]),
    /// HTTP_SERVICE_MESSAGE: a text for people.
    ServiceMessage(&'a [u8]),
    /// HTTP_REAUTH_MESSAGE: `reauthTunnelContext`.
    Reauth(u64),
    /// HTTP_KEEPALIVE_PACKET.
    Keepalive,
    /// HTTP_CLOSE_PACKET that closes: `statusCode`.
    CloseChannel(StatusCode),
    /// HTTP_CLOSE_PACKET that answers one.
    CloseChannelResponse(StatusCode),
    /// A packet of another type, which only clients send or nobody knows.
    Other(&'a [u8]),
}

/// HTTP_HANDSHAKE_RESPONSE_PACKET, \[MS-TSGU\] 2.2.10.11.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HandshakeResponse {
    /// `errorCode`.
    pub error_code: StatusCode,
    /// `verMajor` and `verMinor`.
    pub version: (u8, u8),
    /// `serverVersion`.
    pub server_version: u16,
    /// `ExtendedAuth`.
    pub extended_auth: ExtendedAuthMask,
}

/// HTTP_TUNNEL_RESPONSE, \[MS-TSGU\] 2.2.10.20 and 2.2.10.21.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TunnelResponse<'a> {
    /// `serverVersion`.
    pub server_version: u16,
    /// `statusCode`.
    pub status_code: StatusCode,
    /// `fieldsPresent`.
    pub fields_present: u16,
    /// `tunnelId`.
    pub tunnel_id: Option<u32>,
    /// `capsFlags`.
    pub caps: Option<TunnelCaps>,
    /// `serverCert`, for a statement of health.
    pub server_cert: Option<&'a [u8]>,
    /// `consentMsg`.
    pub consent: Option<&'a [u8]>,
}

/// HTTP_TUNNEL_AUTH_RESPONSE, \[MS-TSGU\] 2.2.10.16 and 2.2.10.17.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TunnelAuthResponse<'a> {
    /// `errorCode`.
    pub error_code: StatusCode,
    /// `fieldsPresent`.
    pub fields_present: u16,
    /// `redirFlags`: which devices may be redirected.
    pub redir_flags: Option<u32>,
    /// `idleTimeout`, in minutes; 0 for none.
    pub idle_timeout: Option<u32>,
    /// `SoHResponse`.
    pub soh_response: Option<&'a [u8]>,
}

/// HTTP_CHANNEL_RESPONSE, \[MS-TSGU\] 2.2.10.4 and 2.2.10.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ChannelResponse<'a> {
    /// `errorCode`.
    pub error_code: StatusCode,
    /// `fieldsPresent`.
    pub fields_present: u16,
    /// `channelId`.
    pub channel_id: Option<u32>,
    /// `udpPort`.
    pub udp_port: Option<u16>,
    /// `authnCookie`, for the UDP transport.
    pub authn_cookie: Option<&'a [u8]>,
}

impl<'a> ServerPacket<'a> {
    /// Reads one whole packet; octets after it are ignored.
    ///
    /// # Errors
    /// [`WireError`] when it is cut, or its lengths disagree with what is there. Of a packet whose code is not 0, optional fields may be
    /// missing.
    pub fn parse(packet: &'a [u8]) -> Result<Self, WireError> {
        read(Layer::Tsgu, packet, server_packet)
    }
}

fn server_packet(packet: &[u8]) -> IResult<&[u8], ServerPacket<'_>, Fault> {
    let (after, (packet_type, body, trailing)) = whole(packet, body)?;
    Ok((after, ServerPacket { packet_type, body, trailing }))
}

fn body(packet_type: PacketType, i: &[u8]) -> IResult<&[u8], Body<'_>, Fault> {
    match packet_type {
        PacketType::HANDSHAKE_RESPONSE => map(handshake_response, Body::HandshakeResponse).parse(i),
        PacketType::EXTENDED_AUTH_MSG => map(extended_auth, Body::ExtendedAuth).parse(i),
        PacketType::TUNNEL_RESPONSE => map(tunnel_response, Body::TunnelResponse).parse(i),
        PacketType::TUNNEL_AUTH_RESPONSE => map(tunnel_auth_response, Body::TunnelAuthResponse).parse(i),
        PacketType::CHANNEL_RESPONSE => map(channel_response, Body::ChannelResponse).parse(i),
        PacketType::DATA => map(|i| counted(i, "cbDataLen"), Body::Data).parse(i),
        PacketType::SERVICE_MESSAGE => map(|i| counted(i, "svcMsg"), Body::ServiceMessage).parse(i),
        PacketType::REAUTH_MESSAGE => map(tunnel_context, Body::Reauth).parse(i),
        PacketType::KEEPALIVE => Ok((i, Body::Keepalive)),
        PacketType::CLOSE_CHANNEL => map(status_code, Body::CloseChannel).parse(i),
        PacketType::CLOSE_CHANNEL_RESPONSE => map(status_code, Body::CloseChannelResponse).parse(i),
        _ => Ok((&[], Body::Other(i))),
    }
}

fn tunnel_context(i: &[u8]) -> IResult<&[u8], u64, Fault> {
    let (rest, context) = fixed::<8>(i, &[("reauthTunnelContext", 8)])?;
    Ok((rest, u64::from_le_bytes(*context)))
}

const HANDSHAKE: Layout =
    &[("errorCode", 4), ("verMajor", 1), ("verMinor", 1), ("serverVersion", 2), ("ExtendedAuth", 2)];

fn handshake_response(i: &[u8]) -> IResult<&[u8], HandshakeResponse, Fault> {
    let (rest, &[e0, e1, e2, e3, major, minor, s0, s1, a0, a1]) = fixed::<10>(i, HANDSHAKE)?;
    let response = HandshakeResponse {
        error_code: StatusCode(u32::from_le_bytes([e0, e1, e2, e3])),
        version: (major, minor),
        server_version: u16::from_le_bytes([s0, s1]),
        extended_auth: ExtendedAuthMask(u16::from_le_bytes([a0, a1])),
    };
    Ok((rest, response))
}

const TUNNEL: Layout = &[("serverVersion", 2), ("statusCode", 4), ("fieldsPresent", 2), ("reserved", 2)];
/// HTTP_TUNNEL_RESPONSE_FIELD_TUNNEL_ID, _CAPS, _SOH_REQ, _CONSENT_MSG.
const TUNNEL_FIELDS: [u16; 4] = [0x01, 0x02, 0x04, 0x10];
/// The size of `nonce`, and the one that some implementations count with, in octets.
const NONCES: [usize; 2] = [16, 20];

fn tunnel_response(i: &[u8]) -> IResult<&[u8], TunnelResponse<'_>, Fault> {
    let (rest, &[v0, v1, s0, s1, s2, s3, f0, f1, _, _]) = fixed::<10>(i, TUNNEL)?;
    let status_code = StatusCode(u32::from_le_bytes([s0, s1, s2, s3]));
    let fields_present = u16::from_le_bytes([f0, f1]);
    let [has_id, has_caps, has_request, has_consent] = TUNNEL_FIELDS.map(|bit| fields_present & bit != 0);
    let mut fields = Optional::new(rest, status_code != StatusCode::OK);
    let tunnel_id = fields.fixed(has_id, "tunnelId")?.map(u32::from_le_bytes);
    let caps = fields.fixed(has_caps, "capsFlags")?.map(|caps| TunnelCaps(u32::from_le_bytes(caps)));
    let mut response = TunnelResponse {
        server_version: u16::from_le_bytes([v0, v1]),
        status_code,
        fields_present,
        tunnel_id,
        caps,
        server_cert: None,
        consent: None,
    };
    if !has_request {
        response.consent = fields.counted(has_consent, "consentMsg")?;
        return Ok((fields.rest(), response));
    }
    // The nonce's size is told in two ways: the one after which all fits is meant. Where none does, the rest is told apart by nobody.
    let request = |nonce: usize| {
        let mut fields = fields.without(nonce)?;
        let cert = fields.counted(true, "serverCert").ok()?;
        let consent = fields.counted(has_consent, "consentMsg").ok()?;
        fields.rest().is_empty().then_some((cert, consent))
    };
    match NONCES.into_iter().find_map(request) {
        Some((cert, consent)) => {
            (response.server_cert, response.consent) = (cert, consent);
            Ok((&[], response))
        }
        None => Ok((fields.rest(), response)),
    }
}

const TUNNEL_AUTH: Layout = &[("errorCode", 4), ("fieldsPresent", 2), ("reserved", 2)];

/// `errorCode` and `fieldsPresent`, which two packets begin with.
fn refusal(i: &[u8]) -> IResult<&[u8], (StatusCode, u16), Fault> {
    let (rest, &[e0, e1, e2, e3, f0, f1, _, _]) = fixed::<8>(i, TUNNEL_AUTH)?;
    Ok((rest, (StatusCode(u32::from_le_bytes([e0, e1, e2, e3])), u16::from_le_bytes([f0, f1]))))
}

fn tunnel_auth_response(i: &[u8]) -> IResult<&[u8], TunnelAuthResponse<'_>, Fault> {
    let (rest, (error_code, fields_present)) = refusal(i)?;
    let [has_flags, has_timeout, has_soh] = [0x1, 0x2, 0x4].map(|bit| fields_present & bit != 0);
    let mut fields = Optional::new(rest, error_code != StatusCode::OK);
    let response = TunnelAuthResponse {
        error_code,
        fields_present,
        redir_flags: fields.fixed(has_flags, "redirFlags")?.map(u32::from_le_bytes),
        idle_timeout: fields.fixed(has_timeout, "idleTimeout")?.map(u32::from_le_bytes),
        soh_response: fields.counted(has_soh, "SoHResponse")?,
    };
    Ok((fields.rest(), response))
}

fn channel_response(i: &[u8]) -> IResult<&[u8], ChannelResponse<'_>, Fault> {
    let (rest, (error_code, fields_present)) = refusal(i)?;
    // The cookie has the lower bit, and comes last.
    let [has_id, has_port, has_cookie] = [0x1, 0x4, 0x2].map(|bit| fields_present & bit != 0);
    let mut fields = Optional::new(rest, error_code != StatusCode::OK);
    let response = ChannelResponse {
        error_code,
        fields_present,
        channel_id: fields.fixed(has_id, "channelId")?.map(u32::from_le_bytes),
        udp_port: fields.fixed(has_port, "udpPort")?.map(u16::from_le_bytes),
        authn_cookie: fields.counted(has_cookie, "authnCookie")?,
    };
    Ok((fields.rest(), response))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fault::Problem;
    use alloc::vec::Vec;

    fn octets(hex: &str) -> Vec<u8> {
        hex.split_ascii_whitespace().map(|pair| u8::from_str_radix(pair, 16).unwrap()).collect()
    }

    fn body_of(packet: &[u8]) -> Body<'_> {
        let read = ServerPacket::parse(packet).unwrap();
        assert_eq!(read.trailing, 0, "{read:?}");
        read.body
    }

    /// A packet of each kind, with each optional field at least once.
    const PACKETS: [&str; 17] = [
        "02 00 00 00 12 00 00 00 00 00 00 00 01 00 00 00 07 00",
        "02 00 00 00 12 00 00 00 e9 59 07 80 00 00 00 00 00 00",
        "03 00 00 00 0e 00 00 00 0c 03 09 80 00 00",
        "05 00 00 00 1a 00 00 00 00 00 00 00 00 00 03 00 00 00 06 00 00 00 3f 00 00 00",
        "05 00 00 00 22 00 00 00 00 00 00 00 00 00 13 00 00 00 06 00 00 00 3f 00 00 00 06 00 48 00 69 00 00 00",
        "05 00 00 00 12 00 00 00 00 00 f8 59 07 80 00 00 00 00",
        "07 00 00 00 18 00 00 00 00 00 00 00 03 00 00 00 00 00 00 00 00 00 00 00",
        "07 00 00 00 10 00 00 00 db 59 07 80 00 00 00 00",
        "09 00 00 00 14 00 00 00 00 00 00 00 01 00 00 00 01 00 00 00",
        "09 00 00 00 1a 00 00 00 00 00 00 00 07 00 00 00 01 00 00 00 3f 0d 02 00 de ad",
        "09 00 00 00 10 00 00 00 dd 59 07 80 00 00 00 00",
        "0a 00 00 00 0c 00 00 00 02 00 ab cd",
        "0b 00 00 00 10 00 00 00 06 00 4f 00 4b 00 00 00",
        "0c 00 00 00 10 00 00 00 06 00 00 00 00 00 00 00",
        "0d 00 00 00 08 00 00 00",
        "10 00 00 00 0c 00 00 00 a0 00 00 00",
        "11 00 00 00 0c 00 00 00 00 00 00 00",
    ];

    #[test]
    fn each_packet_has_its_fields_in_the_order_of_the_structure() {
        let all = PACKETS.map(octets);
        let bodies: Vec<Body<'_>> = all.iter().map(|packet| body_of(packet)).collect();
        let refused = |low: u32| StatusCode(0x8007_0000 | low);
        let channel = |body| {
            let Body::ChannelResponse(response) = body else { panic!("{body:?}") };
            let ChannelResponse { error_code, channel_id, udp_port, authn_cookie, .. } = response;
            (error_code, channel_id, udp_port, authn_cookie)
        };
        let tunnel = |body| {
            let Body::TunnelResponse(response) = body else { panic!("{body:?}") };
            let TunnelResponse { status_code, tunnel_id, caps, consent, .. } = response;
            (status_code, tunnel_id, caps.map(|caps: TunnelCaps| caps.0), consent)
        };
        assert_eq!(
            bodies[0],
            Body::HandshakeResponse(HandshakeResponse {
                error_code: StatusCode::OK,
                version: (1, 0),
                server_version: 0,
                extended_auth: ExtendedAuthMask(7),
            })
        );
        assert!(
            matches!(bodies[1], Body::HandshakeResponse(response) if response.error_code == refused(0x59E9))
        );
        assert_eq!(
            bodies[2],
            Body::ExtendedAuth(ExtendedAuth { error_code: StatusCode(0x8009_030C), blob: &[] })
        );
        assert_eq!(tunnel(bodies[3]), (StatusCode::OK, Some(6), Some(0x3F), None));
        assert_eq!(tunnel(bodies[4]), (StatusCode::OK, Some(6), Some(0x3F), Some(&b"H\0i\0\0\0"[..])));
        assert_eq!(tunnel(bodies[5]), (refused(0x59F8), None, None, None));
        assert!(matches!(
            bodies[6],
            Body::TunnelAuthResponse(TunnelAuthResponse {
                redir_flags: Some(0),
                idle_timeout: Some(0),
                soh_response: None,
                ..
            })
        ));
        assert!(
            matches!(bodies[7], Body::TunnelAuthResponse(response) if response.error_code == refused(0x59DB))
        );
        assert_eq!(channel(bodies[8]), (StatusCode::OK, Some(1), None, None));
        assert_eq!(channel(bodies[9]), (StatusCode::OK, Some(1), Some(3391), Some(&[0xDE, 0xAD][..])));
        assert_eq!(channel(bodies[10]), (refused(0x59DD), None, None, None));
        assert_eq!(bodies[11], Body::Data(&[0xAB, 0xCD]));
        assert_eq!(bodies[12], Body::ServiceMessage(b"O\0K\0\0\0"));
        assert_eq!(bodies[13], Body::Reauth(6));
        assert_eq!(bodies[14], Body::Keepalive);
        assert_eq!(bodies[15], Body::CloseChannel(StatusCode(0xA0)));
        assert_eq!(bodies[16], Body::CloseChannelResponse(StatusCode::OK));
    }

    #[test]
    fn every_cut_names_a_field_and_a_length_that_was_cut_with_it_is_read_or_not() {
        for packet in PACKETS.map(octets) {
            for cut in 0..packet.len() {
                assert!(ServerPacket::parse(&packet[..cut]).is_err(), "{packet:x?} at {cut}");
                if let Some(length) = u32::try_from(cut).ok().filter(|length| *length >= 8) {
                    let mut shorter = packet[..cut].to_vec();
                    shorter[4..8].copy_from_slice(&length.to_le_bytes());
                    if let Err(error) = ServerPacket::parse(&shorter) {
                        assert!(!error.field.is_empty() && error.offset <= cut, "{error:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn what_follows_the_last_field_is_counted_and_left_alone() {
        let longer = octets("11 00 00 00 14 00 00 00 00 00 00 00 01 00 00 00 02 00 00 00 ff");
        let read = ServerPacket::parse(&longer).unwrap();
        assert_eq!((read.body, read.trailing), (Body::CloseChannelResponse(StatusCode::OK), 8));
        let unknown = octets("0e 00 00 00 0a 00 00 00 01 02");
        let read = ServerPacket::parse(&unknown).unwrap();
        assert_eq!((read.packet_type, read.body, read.trailing), (PacketType(0xE), Body::Other(&[1, 2]), 0));
    }

    #[test]
    fn a_refusal_may_tell_of_fields_that_it_has_not_and_have_those_that_it_tells_of() {
        let missing = octets("09 00 00 00 10 00 00 00 dd 59 07 80 01 00 00 00");
        let there = octets("09 00 00 00 14 00 00 00 dd 59 07 80 01 00 00 00 01 00 00 00");
        for (packet, id) in [(&missing, None), (&there, Some(1))] {
            let Body::ChannelResponse(response) = body_of(packet) else { panic!("{packet:x?}") };
            assert_eq!(response.channel_id, id);
        }
        let mut granted = missing;
        granted[8..12].fill(0);
        let error = ServerPacket::parse(&granted).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("channelId", 16, Problem::Cut));
    }

    #[test]
    fn a_nonce_is_as_long_as_what_follows_it_says() {
        for size in NONCES {
            let mut packet = octets("05 00 00 00 00 00 00 00 00 00 00 00 00 00 14 00 00 00");
            packet.extend(core::iter::repeat_n(0x77, size));
            packet.extend([2, 0, b'c', 0, 4, 0, b'H', 0, b'i', 0]);
            packet[4] = u8::try_from(packet.len()).unwrap();
            let Body::TunnelResponse(response) = body_of(&packet) else { panic!("{packet:x?}") };
            assert_eq!((response.server_cert, response.consent), (Some(&b"c\0"[..]), Some(&b"H\0i\0"[..])));
        }
        let opaque = octets("05 00 00 00 15 00 00 00 00 00 00 00 00 00 04 00 00 00 01 02 03");
        let read = ServerPacket::parse(&opaque).unwrap();
        assert_eq!(read.trailing, 3, "it is told apart by nobody");
    }
}
