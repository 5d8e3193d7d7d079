//! TLS records: the frame around every message of TLS.
//!
//! RFC 8446 section 5.1, RFC 5246 section 6.2.1; both ways, big-endian.
use crate::tpkt::Frame;

/// `type` of a record; only the values named here begin one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct ContentType(pub u8);

impl ContentType {
    /// change_cipher_spec.
    pub const CHANGE_CIPHER_SPEC: Self = Self(20);
    /// alert.
    pub const ALERT: Self = Self(21);
    /// handshake.
    pub const HANDSHAKE: Self = Self(22);
    /// application_data.
    pub const APPLICATION_DATA: Self = Self(23);
    /// heartbeat (RFC 6520).
    pub const HEARTBEAT: Self = Self(24);

    /// The name in the RFC, when it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::CHANGE_CIPHER_SPEC => Some("change_cipher_spec"),
            Self::ALERT => Some("alert"),
            Self::HANDSHAKE => Some("handshake"),
            Self::APPLICATION_DATA => Some("application_data"),
            Self::HEARTBEAT => Some("heartbeat"),
            Self(_) => None,
        }
    }
}

/// Size of a record's header, in octets.
pub const RECORD_HEADER: usize = 1 /* type */ + 2 /* version */ + 2 /* length */;
/// The longest contents a record can have, in octets: encrypted by TLS 1.2 or earlier (RFC 5246 section 6.2.3).
pub const MAX_RECORD: usize = 16_384 + 2_048;

/// The octets at the start of what was received, as a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Seen<'a> {
    /// They end inside a header, or there are none.
    Header,
    /// A record, and the octets after it.
    Record {
        kind: ContentType,
        /// As much of the contents as is there.
        contents: &'a [u8],
        /// `length`.
        length: usize,
        after: &'a [u8],
    },
    /// A header with a length that no record has.
    TooLong(u16),
    /// They begin no record.
    Stray,
}

#[inline]
pub(crate) fn see(octets: &[u8]) -> Seen<'_> {
    let length = match *octets {
        [20..=24, 3, _, high, low, ..] => u16::from_be_bytes([high, low]),
        [] | [20..=24] | [20..=24, 3] | [20..=24, 3, _] | [20..=24, 3, _, _] => return Seen::Header,
        [..] => return Seen::Stray,
    };
    let long = usize::from(length);
    if long > MAX_RECORD {
        return Seen::TooLong(length);
    }
    let kind = ContentType(octets.first().copied().unwrap_or_default());
    let there = octets.get(RECORD_HEADER..).unwrap_or_default();
    let (contents, after) = there.split_at_checked(long).unwrap_or((there, &[]));
    Seen::Record { kind, contents, length: long, after }
}

/// Asks where the first record in `held` ends. A record that promises more than [`MAX_RECORD`] is given out as a header alone,
/// so that the reader can name the fault.
#[must_use]
pub fn record(held: &[u8]) -> Frame {
    match see(held) {
        Seen::Header => Frame::Partial { length: None },
        Seen::Record { length, .. } => {
            let whole = RECORD_HEADER.saturating_add(length);
            if held.len() < whole { Frame::Partial { length: Some(whole) } } else { Frame::Whole(whole) }
        }
        Seen::TooLong(_) => Frame::Whole(RECORD_HEADER),
        Seen::Stray => Frame::Stray,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn record_asks_for_more_until_its_length_is_reached() {
        assert_eq!(record(&[]), Frame::Partial { length: None });
        assert_eq!(record(&[0x15, 3, 3, 0]), Frame::Partial { length: None });
        assert_eq!(record(&[0x15, 3, 3, 0, 2, 2]), Frame::Partial { length: Some(7) });
        assert_eq!(record(&[0x15, 3, 3, 0, 2, 2, 70, 3, 0]), Frame::Whole(7));
    }

    #[test]
    fn what_has_no_type_or_version_of_tls_is_stray() {
        assert_eq!(record(&[3]), Frame::Stray);
        assert_eq!(record(&[0x16, 2]), Frame::Stray);
        assert_eq!(record(b"HTTP/1.1 400"), Frame::Stray);
        assert_eq!(record(&[25, 3, 3, 0, 1, 0]), Frame::Stray);
    }

    #[test]
    fn record_beyond_the_longest_is_a_header_for_the_reader_to_name() {
        assert_eq!(
            record(&[0x16, 3, 3, 0x48, 0x00]),
            Frame::Partial { length: Some(RECORD_HEADER + MAX_RECORD) }
        );
        assert_eq!(record(&[0x16, 3, 3, 0x48, 0x01]), Frame::Whole(RECORD_HEADER));
    }
}
