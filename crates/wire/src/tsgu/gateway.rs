//! What a gateway sends, written: for one that is scripted. DATA, KEEPALIVE and CLOSE_CHANNEL look the same from either side.
use alloc::vec::Vec;

use super::packet::{ExtendedAuthMask, PacketType, StatusCode, TunnelCaps};
use super::writer::{self, TextError, length, packet, text};

/// HTTP_HANDSHAKE_RESPONSE_PACKET of this version, \[MS-TSGU\] 2.2.10.11.
pub fn handshake_response(
    code: StatusCode,
    (major, minor): (u8, u8),
    server_version: u16,
    extended_auth: ExtendedAuthMask,
    out: &mut Vec<u8>,
) {
    packet(PacketType::HANDSHAKE_RESPONSE, out, |out| {
        out.extend_from_slice(&code.0.to_le_bytes()); // errorCode
        out.extend_from_slice(&[major, minor]); // verMajor, verMinor
        out.extend_from_slice(&server_version.to_le_bytes()); // serverVersion
        out.extend_from_slice(&extended_auth.0.to_le_bytes()); // ExtendedAuth
    });
}

/// HTTP_EXTENDED_AUTH_PACKET with a code and the mechanism's message, \[MS-TSGU\] 2.2.10.7; `false`, and nothing written, when the message
/// is longer than 65,535 octets.
pub fn extended_auth_response(code: StatusCode, blob: &[u8], out: &mut Vec<u8>) -> bool {
    writer::extended_auth(code, blob, out)
}

/// HTTP_TUNNEL_RESPONSE with what there is of its fields, \[MS-TSGU\] 2.2.10.20 and 2.2.10.21. A text for people to agree to is `consent`.
///
/// # Errors
/// [`TextError`] of that text; `out` is then unchanged.
pub fn tunnel_response(
    code: StatusCode,
    tunnel_id: Option<u32>,
    caps: Option<TunnelCaps>,
    consent: Option<&str>,
    out: &mut Vec<u8>,
) -> Result<(), TextError> {
    let consent = consent.map(|consent| length(consent).map(|length| (consent, length))).transpose()?;
    packet(PacketType::TUNNEL_RESPONSE, out, |out| {
        out.extend_from_slice(&[0; 2]); // serverVersion
        out.extend_from_slice(&code.0.to_le_bytes()); // statusCode
        let there = [(tunnel_id.is_some(), 0x01), (caps.is_some(), 0x02), (consent.is_some(), 0x10)];
        out.extend_from_slice(&fields(there)); // fieldsPresent
        out.extend_from_slice(&[0; 2]); // reserved
        optional(tunnel_id.map(u32::to_le_bytes), out); // tunnelId
        optional(caps.map(|caps| caps.0.to_le_bytes()), out); // capsFlags
        if let Some((consent, length)) = consent {
            text(consent, length, out); // consentMsg
        }
    });
    Ok(())
}

/// HTTP_TUNNEL_AUTH_RESPONSE with what there is of its fields, \[MS-TSGU\] 2.2.10.16 and 2.2.10.17.
pub fn tunnel_auth_response(
    code: StatusCode,
    redir_flags: Option<u32>,
    idle_timeout: Option<u32>,
    out: &mut Vec<u8>,
) {
    packet(PacketType::TUNNEL_AUTH_RESPONSE, out, |out| {
        out.extend_from_slice(&code.0.to_le_bytes()); // errorCode
        out.extend_from_slice(&fields([(redir_flags.is_some(), 0x1), (idle_timeout.is_some(), 0x2)])); // fieldsPresent
        out.extend_from_slice(&[0; 2]); // reserved
        optional(redir_flags.map(u32::to_le_bytes), out); // redirFlags
        optional(idle_timeout.map(u32::to_le_bytes), out); // idleTimeout
    });
}

/// HTTP_CHANNEL_RESPONSE with what there is of its fields, \[MS-TSGU\] 2.2.10.4 and 2.2.10.5; `false`, and nothing written, when the cookie
/// is longer than 65,535 octets.
pub fn channel_response(
    code: StatusCode,
    channel_id: Option<u32>,
    udp_port: Option<u16>,
    authn_cookie: Option<&[u8]>,
    out: &mut Vec<u8>,
) -> bool {
    let Ok(length) = authn_cookie.map(|cookie| u16::try_from(cookie.len())).transpose() else { return false };
    packet(PacketType::CHANNEL_RESPONSE, out, |out| {
        out.extend_from_slice(&code.0.to_le_bytes()); // errorCode
        let there = [(channel_id.is_some(), 0x1), (authn_cookie.is_some(), 0x2), (udp_port.is_some(), 0x4)];
        out.extend_from_slice(&fields(there)); // fieldsPresent
        out.extend_from_slice(&[0; 2]); // reserved
        optional(channel_id.map(u32::to_le_bytes), out); // channelId
        optional(udp_port.map(u16::to_le_bytes), out); // udpPort
        optional(length.map(u16::to_le_bytes), out); // cbAuthnCookie
        out.extend_from_slice(authn_cookie.unwrap_or_default()); // authnCookie
    });
    true
}

/// HTTP_SERVICE_MESSAGE: a text for people.
///
/// # Errors
/// [`TextError`] of the text; `out` is then unchanged.
pub fn service_message(message: &str, out: &mut Vec<u8>) -> Result<(), TextError> {
    let length = length(message)?;
    packet(PacketType::SERVICE_MESSAGE, out, |out| text(message, length, out));
    Ok(())
}

/// HTTP_REAUTH_MESSAGE, which asks for another proof of who is there.
pub fn reauth(tunnel_context: u64, out: &mut Vec<u8>) {
    packet(PacketType::REAUTH_MESSAGE, out, |out| out.extend_from_slice(&tunnel_context.to_le_bytes()));
}

/// HTTP_CLOSE_PACKET that answers one.
pub fn close_channel_response(code: StatusCode, out: &mut Vec<u8>) {
    packet(PacketType::CLOSE_CHANNEL_RESPONSE, out, |out| out.extend_from_slice(&code.0.to_le_bytes()));
}

/// `fieldsPresent`: the bits of those that are there.
fn fields<const N: usize>(there: [(bool, u16); N]) -> [u8; 2] {
    let bits = there.into_iter().filter(|(there, _)| *there).fold(0, |bits, (_, bit)| bits | bit);
    bits.to_le_bytes()
}

fn optional<const N: usize>(octets: Option<[u8; N]>, out: &mut Vec<u8>) {
    out.extend(octets.into_iter().flatten());
}

#[cfg(test)]
mod tests {
    use super::super::packet::frame;
    use super::super::server::{Body, ServerPacket};
    use super::*;
    use crate::tpkt::Frame;

    /// What is read of what is written.
    fn read<T>(write: impl FnOnce(&mut Vec<u8>), then: impl FnOnce(Body<'_>) -> T) -> T {
        let mut out = Vec::new();
        write(&mut out);
        assert_eq!(frame(&out), Frame::Whole(out.len()));
        let packet = ServerPacket::parse(&out).unwrap();
        assert_eq!(packet.trailing, 0, "{packet:?}");
        then(packet.body)
    }

    #[test]
    fn handshake_is_read_as_it_is_written() {
        let code = StatusCode(0x8007_59E9);
        read(
            |out| handshake_response(code, (1, 2), 0x304, ExtendedAuthMask(0x506), out),
            |body| {
                let Body::HandshakeResponse(response) = body else { panic!("{body:?}") };
                assert_eq!((response.error_code, response.version), (code, (1, 2)));
                assert_eq!((response.server_version, response.extended_auth), (0x304, ExtendedAuthMask(0x506)));
            },
        );
    }

    #[test]
    fn tunnel_is_read_as_it_is_written_with_any_of_its_fields() {
        for (id, caps, consent) in [
            (None, None, None),
            (Some(6), None, Some("Hi")),
            (None, Some(TunnelCaps(0x3F)), None),
            (Some(7), Some(TunnelCaps(1)), Some("")),
        ] {
            for code in [StatusCode::OK, StatusCode(0x59F8)] {
                read(
                    |out| tunnel_response(code, id, caps, consent, out).unwrap(),
                    |body| {
                        let Body::TunnelResponse(response) = body else { panic!("{body:?}") };
                        assert_eq!((response.status_code, response.tunnel_id, response.caps), (code, id, caps));
                        let units =
                            consent.map(|consent| consent.encode_utf16().chain([0]).flat_map(u16::to_le_bytes));
                        assert_eq!(response.consent.map(<[u8]>::to_vec), units.map(Iterator::collect));
                    },
                );
            }
        }
        let mut out = Vec::new();
        assert_eq!(tunnel_response(StatusCode::OK, None, None, Some("\0"), &mut out), Err(TextError::Nul));
        assert!(out.is_empty());
    }

    #[test]
    fn tunnel_auth_and_channel_are_read_as_they_are_written() {
        for (flags, timeout) in [(None, None), (Some(0x4000_0000), None), (None, Some(15)), (Some(1), Some(0))]
        {
            read(
                |out| tunnel_auth_response(StatusCode::OK, flags, timeout, out),
                |body| {
                    let Body::TunnelAuthResponse(response) = body else { panic!("{body:?}") };
                    assert_eq!((response.redir_flags, response.idle_timeout), (flags, timeout));
                },
            );
        }
        for (id, port, cookie) in [
            (None, None, None),
            (Some(1), Some(3391), Some(&[0xDE, 0xAD][..])),
            (Some(1), None, Some(&[])),
            (None, Some(1), None),
        ] {
            read(
                |out| assert!(channel_response(StatusCode(0x59DD), id, port, cookie, out)),
                |body| {
                    let Body::ChannelResponse(response) = body else { panic!("{body:?}") };
                    assert_eq!((response.error_code, response.channel_id), (StatusCode(0x59DD), id));
                    assert_eq!((response.udp_port, response.authn_cookie), (port, cookie));
                },
            );
        }
        let mut out = Vec::new();
        assert!(!channel_response(StatusCode::OK, None, None, Some(&[0; 65_536]), &mut out) && out.is_empty());
    }

    #[test]
    fn what_is_said_at_any_time_is_read_as_it_is_written() {
        let same = |write: &dyn Fn(&mut Vec<u8>), expected: Body<'_>| {
            read(|out| write(out), |body| assert_eq!(body, expected))
        };
        same(&|out| service_message("OK", out).unwrap(), Body::ServiceMessage(b"O\0K\0\0\0"));
        same(&|out| reauth(0x1122_3344_5566_7788, out), Body::Reauth(0x1122_3344_5566_7788));
        same(
            &|out| close_channel_response(StatusCode(0xA0), out),
            Body::CloseChannelResponse(StatusCode(0xA0)),
        );
        read(
            |out| assert!(extended_auth_response(StatusCode(0x8009_030C), b"x", out)),
            |body| {
                let Body::ExtendedAuth(response) = body else { panic!("{body:?}") };
                assert_eq!((response.error_code, response.blob), (StatusCode(0x8009_030C), &b"x"[..]));
            },
        );
        let mut out = Vec::new();
        assert_eq!(service_message("\0", &mut out), Err(TextError::Nul));
        assert!(!extended_auth_response(StatusCode::OK, &[0; 65_536], &mut out) && out.is_empty());
    }
}
