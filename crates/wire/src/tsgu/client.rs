//! What a client sends to a gateway.
use alloc::vec::Vec;

use super::packet::{ExtendedAuthMask, PacketType, StatusCode, TunnelCaps};
use super::writer::{self, TextError, length, packet, text};

/// HTTP_HANDSHAKE_REQUEST_PACKET of version 1.0, \[MS-TSGU\] 2.2.10.10.
pub fn handshake_request(extended_auth: ExtendedAuthMask, out: &mut Vec<u8>) {
    packet(PacketType::HANDSHAKE_REQUEST, out, |out| {
        out.extend_from_slice(&[1, 0]); // verMajor, verMinor
        out.extend_from_slice(&[0; 2]); // clientVersion
        out.extend_from_slice(&extended_auth.0.to_le_bytes());
    });
}

/// HTTP_EXTENDED_AUTH_PACKET with this message of the mechanism, \[MS-TSGU\] 2.2.10.7; `false`, and nothing written, when it is longer
/// than 65,535 octets.
pub fn extended_auth(blob: &[u8], out: &mut Vec<u8>) -> bool {
    writer::extended_auth(StatusCode::OK, blob, out)
}

/// HTTP_TUNNEL_PACKET with these capabilities, and with a token where there is one, \[MS-TSGU\] 2.2.10.18 and 2.2.10.19.
///
/// # Errors
/// [`TextError`] of the token; `out` is then unchanged.
pub fn tunnel_create(caps: TunnelCaps, token: Option<&str>, out: &mut Vec<u8>) -> Result<(), TextError> {
    /// HTTP_TUNNEL_PACKET_FIELD_PAA_COOKIE.
    const PAA_COOKIE: u16 = 1;
    let length = token.map(length).transpose()?;
    packet(PacketType::TUNNEL_CREATE, out, |out| {
        out.extend_from_slice(&caps.0.to_le_bytes()); // capsFlags
        let fields = if token.is_some() { PAA_COOKIE } else { 0 };
        out.extend_from_slice(&fields.to_le_bytes()); // fieldsPresent
        out.extend_from_slice(&[0; 2]); // reserved
        if let (Some(token), Some(length)) = (token, length) {
            text(token, length, out); // PAACookie
        }
    });
    Ok(())
}

/// HTTP_TUNNEL_AUTH_PACKET without a statement of health, \[MS-TSGU\] 2.2.10.14.
///
/// # Errors
/// [`TextError`] of the client's name; `out` is then unchanged.
pub fn tunnel_auth(client_name: &str, out: &mut Vec<u8>) -> Result<(), TextError> {
    let length = length(client_name)?;
    packet(PacketType::TUNNEL_AUTH, out, |out| {
        out.extend_from_slice(&[0; 2]); // fieldsPresent
        text(client_name, length, out); // cbClientName, clientName
    });
    Ok(())
}

/// HTTP_CHANNEL_PACKET for one name of the target, \[MS-TSGU\] 2.2.10.2 and 2.2.10.3.
///
/// # Errors
/// [`TextError`] of the name; `out` is then unchanged.
pub fn channel_create(name: &str, port: u16, out: &mut Vec<u8>) -> Result<(), TextError> {
    let length = length(name)?;
    packet(PacketType::CHANNEL_CREATE, out, |out| {
        out.extend_from_slice(&[1, 0]); // numResources, numAltResources
        out.extend_from_slice(&port.to_le_bytes()); // port
        out.extend_from_slice(&3_u16.to_le_bytes()); // protocol
        text(name, length, out); // pResource
    });
    Ok(())
}

/// HTTP_DATA_PACKETs with these octets, \[MS-TSGU\] 2.2.10.6: as many as it takes, none for nothing.
pub fn data(octets: &[u8], out: &mut Vec<u8>) {
    for chunk in octets.chunks(usize::from(u16::MAX)) {
        packet(PacketType::DATA, out, |out| {
            // A chunk is no longer.
            out.extend_from_slice(&u16::try_from(chunk.len()).unwrap_or(u16::MAX).to_le_bytes()); // cbDataLen
            out.extend_from_slice(chunk);
        });
    }
}

/// HTTP_KEEPALIVE_PACKET.
pub fn keepalive(out: &mut Vec<u8>) {
    packet(PacketType::KEEPALIVE, out, |_| {});
}

/// HTTP_CLOSE_PACKET that closes the channel.
pub fn close_channel(code: StatusCode, out: &mut Vec<u8>) {
    packet(PacketType::CLOSE_CHANNEL, out, |out| out.extend_from_slice(&code.0.to_le_bytes()));
}

#[cfg(test)]
mod tests {
    use super::super::packet::frame;
    use super::super::server::{Body, ServerPacket};
    use super::*;

    fn written(with: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut out = Vec::new();
        with(&mut out);
        out
    }

    #[test]
    fn each_request_is_as_the_specification_has_it() {
        let handshake = [1, 0, 0, 0, 14, 0, 0, 0, 1, 0, 0, 0, 2, 0];
        assert_eq!(written(|out| handshake_request(ExtendedAuthMask::PAA, out)), handshake);
        let caps = TunnelCaps(0x0E);
        let tunnel = [4, 0, 0, 0, 16, 0, 0, 0, 0x0E, 0, 0, 0, 0, 0, 0, 0];
        assert_eq!(written(|out| tunnel_create(caps, None, out).unwrap()), tunnel);
        let token = [4, 0, 0, 0, 26, 0, 0, 0, 0x0E, 0, 0, 0, 1, 0, 0, 0, 8, 0, b't', 0, b'o', 0, b'k', 0, 0, 0];
        assert_eq!(written(|out| tunnel_create(caps, Some("tok"), out).unwrap()), token);
        let auth = b"\x06\0\0\0\x18\0\0\0\0\0\x0C\0P\0R\0O\0B\0E\0\0\0";
        assert_eq!(written(|out| tunnel_auth("PROBE", out).unwrap()), auth);
        let channel = b"\x08\0\0\0\x1A\0\0\0\x01\0\x3D\x0D\x03\0\x0A\0s\0r\0v\x001\0\0\0";
        assert_eq!(written(|out| channel_create("srv1", 3389, out).unwrap()), channel);
        assert_eq!(written(keepalive), [0x0D, 0, 0, 0, 8, 0, 0, 0]);
        assert_eq!(written(|out| close_channel(StatusCode::OK, out)), [0x10, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(
            written(|out| assert!(extended_auth(&[9], out))),
            [3, 0, 0, 0, 15, 0, 0, 0, 0, 0, 0, 0, 1, 0, 9]
        );
    }

    #[test]
    fn data_of_any_length_comes_back_in_packets_that_fit() {
        for length in [0, 1, 19, 65_535, 65_536, 200_000] {
            let octets: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let sent = written(|out| data(&octets, out));
            let (mut rest, mut came) = (sent.as_slice(), Vec::new());
            while !rest.is_empty() {
                let crate::tpkt::Frame::Whole(one) = frame(rest) else { panic!("{length}") };
                let Body::Data(part) = ServerPacket::parse(&rest[..one]).unwrap().body else {
                    panic!("{length}")
                };
                came.extend_from_slice(part);
                rest = &rest[one..];
            }
            assert_eq!(came, octets);
        }
    }

    #[test]
    fn a_text_that_does_not_fit_writes_nothing() {
        let longest = "x".repeat(TextError::MAX_UNITS);
        let mut out = Vec::new();
        assert_eq!(tunnel_create(TunnelCaps(0), Some(&longest), &mut out), Ok(()));
        out.clear();
        let long = "x".repeat(TextError::MAX_UNITS + 1);
        let error = TextError::TooLong { got: TextError::MAX_UNITS + 1 };
        assert_eq!(tunnel_create(TunnelCaps(0), Some(&long), &mut out), Err(error));
        assert_eq!(channel_create("a\0b", 1, &mut out), Err(TextError::Nul));
        assert_eq!(tunnel_auth("\0", &mut out), Err(TextError::Nul));
        assert!(!extended_auth(&[0; 65_536], &mut out) && out.is_empty());
    }
}
