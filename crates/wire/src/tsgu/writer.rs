//! How a packet is written, whoever sends it.
use alloc::vec::Vec;

use super::packet::{Header, PacketType, StatusCode};

/// A text that a packet cannot carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TextError {
    /// Its length is two octets, and counts the terminator.
    #[error("it has {got} UTF-16 units, at most {} fit", TextError::MAX_UNITS)]
    TooLong {
        /// UTF-16 units it takes.
        got: usize,
    },
    /// A NUL inside would end it early.
    #[error("it has a NUL inside")]
    Nul,
}

impl TextError {
    /// The longest text, in UTF-16 units without the terminator.
    pub const MAX_UNITS: usize = 32_766;
}

/// The header, and what `body` appends.
pub(super) fn packet(packet_type: PacketType, out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    out.extend_from_slice(&packet_type.0.to_le_bytes());
    out.extend_from_slice(&[0; 6]); // reserved, packetLength
    body(out);
    let length = u32::try_from(out.len().saturating_sub(start)).unwrap_or(u32::MAX);
    let header = out.get_mut(start..).and_then(|packet| packet.first_chunk_mut::<{ Header::LEN }>());
    if let Some([.., a, b, c, d]) = header {
        [*a, *b, *c, *d] = length.to_le_bytes();
    }
}

/// HTTP_EXTENDED_AUTH_PACKET, \[MS-TSGU\] 2.2.10.7; `false`, and nothing written, when the message is longer than 65,535 octets.
pub(super) fn extended_auth(code: StatusCode, blob: &[u8], out: &mut Vec<u8>) -> bool {
    let Ok(length) = u16::try_from(blob.len()) else { return false };
    packet(PacketType::EXTENDED_AUTH_MSG, out, |out| {
        out.extend_from_slice(&code.0.to_le_bytes()); // errorCode
        out.extend_from_slice(&length.to_le_bytes()); // cbBlobLen
        out.extend_from_slice(blob); // authBlob
    });
    true
}

/// The length of a text in octets, terminator included.
pub(super) fn length(text: &str) -> Result<u16, TextError> {
    if text.contains('\0') {
        return Err(TextError::Nul);
    }
    let got = text.encode_utf16().count();
    let octets = got.saturating_add(1).saturating_mul(2);
    u16::try_from(octets).map_err(|_| TextError::TooLong { got })
}

/// Length and text in UTF-16LE, with a terminator.
pub(super) fn text(text: &str, length: u16, out: &mut Vec<u8>) {
    out.extend_from_slice(&length.to_le_bytes());
    for unit in text.encode_utf16().chain([0]) {
        out.extend_from_slice(&unit.to_le_bytes());
    }
}
