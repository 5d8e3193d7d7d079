//! What all packets have: the header, and numbers that mean the same wherever they stand.
use nom::IResult;

use crate::fault::{Fault, Layout, Problem, bad, fixed};
use crate::tpkt::Frame;

/// HTTP_PACKET_HEADER.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// `packetType`.
    pub packet_type: PacketType,
    /// `packetLength`: the whole packet in octets, these eight included.
    pub length: u32,
}

impl Header {
    /// Size on the wire, in octets.
    pub const LEN: usize = 2 /* packetType */ + 2 /* reserved */ + 4 /* packetLength */;
    /// The longest packet that is waited for, in octets: DATA with as much as its length tells of.
    pub const MAX_PACKET: usize = Self::LEN + 2 /* cbDataLen */ + 0xFFFF;
}

/// `packetType`. What has no name is a packet to be passed over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a number, of any value")]
pub struct PacketType(pub u16);

macro_rules! packet_types {
    ($($name:ident = $value:literal,)*) => {
        impl PacketType {
            $(#[doc = concat!("PKT_TYPE_", stringify!($name), ".")] pub const $name: Self = Self($value);)*

            /// The name in the specification, without what all begin with.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 {
                    $($value => Some(stringify!($name)),)*
                    _ => None,
                }
            }
        }
    };
}

packet_types! {
    HANDSHAKE_REQUEST = 0x1,
    HANDSHAKE_RESPONSE = 0x2,
    EXTENDED_AUTH_MSG = 0x3,
    TUNNEL_CREATE = 0x4,
    TUNNEL_RESPONSE = 0x5,
    TUNNEL_AUTH = 0x6,
    TUNNEL_AUTH_RESPONSE = 0x7,
    CHANNEL_CREATE = 0x8,
    CHANNEL_RESPONSE = 0x9,
    DATA = 0xA,
    SERVICE_MESSAGE = 0xB,
    REAUTH_MESSAGE = 0xC,
    KEEPALIVE = 0xD,
    CLOSE_CHANNEL = 0x10,
    CLOSE_CHANNEL_RESPONSE = 0x11,
}

/// `errorCode` or `statusCode`: 0, or an HRESULT or a Win32 code, as it came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a number, of any value")]
pub struct StatusCode(pub u32);

impl StatusCode {
    /// All is well.
    pub const OK: Self = Self(0);

    /// The code without what makes an HRESULT of it: a gateway may send either form.
    #[must_use]
    pub const fn low(self) -> u16 {
        let [low, high, ..] = self.0.to_le_bytes();
        u16::from_le_bytes([low, high])
    }
}

/// `ExtendedAuth`, as a client asks and a server answers: which ways to prove an identity there are beside HTTP's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a mask, of any value")]
pub struct ExtendedAuthMask(pub u16);

impl ExtendedAuthMask {
    /// HTTP_EXTENDED_AUTH_NONE.
    pub const NONE: Self = Self(0);
    /// HTTP_EXTENDED_AUTH_SC: a smart card.
    pub const SC: Self = Self(0x1);
    /// HTTP_EXTENDED_AUTH_PAA: a token.
    pub const PAA: Self = Self(0x2);
    /// HTTP_EXTENDED_AUTH_SSPI_NTLM.
    pub const SSPI_NTLM: Self = Self(0x4);
}

/// `capsFlags` of a tunnel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a mask, of any value")]
pub struct TunnelCaps(pub u32);

impl TunnelCaps {
    /// HTTP_CAPABILITY_TYPE_QUAR_SOH: a statement of health.
    pub const QUAR_SOH: Self = Self(0x01);
    /// HTTP_CAPABILITY_IDLE_TIMEOUT.
    pub const IDLE_TIMEOUT: Self = Self(0x02);
    /// HTTP_CAPABILITY_MESSAGING_CONSENT_SIGN.
    pub const CONSENT_SIGN: Self = Self(0x04);
    /// HTTP_CAPABILITY_MESSAGING_SERVICE_MSG.
    pub const SERVICE_MSG: Self = Self(0x08);
    /// HTTP_CAPABILITY_REAUTH.
    pub const REAUTH: Self = Self(0x10);
    /// HTTP_CAPABILITY_UDP_TRANSPORT.
    pub const UDP_TRANSPORT: Self = Self(0x20);
}

const HEADER: Layout = &[("packetType", 2), ("reserved", 2), ("packetLength", 4)];

/// Takes the header; `reserved` is ignored.
pub(super) fn header(i: &[u8]) -> IResult<&[u8], Header, Fault> {
    let (rest, &[t0, t1, _, _, l0, l1, l2, l3]) = fixed::<{ Header::LEN }>(i, HEADER)?;
    let length = u32::from_le_bytes([l0, l1, l2, l3]);
    if !is_sane(length) {
        return bad(i.get(4..).unwrap_or_default(), "packetLength", Problem::Length(length));
    }
    Ok((rest, Header { packet_type: PacketType(u16::from_le_bytes([t0, t1])), length }))
}

fn is_sane(length: u32) -> bool {
    usize::try_from(length).is_ok_and(|length| (Header::LEN..=Header::MAX_PACKET).contains(&length))
}

/// Asks where the first packet in `held` ends. One whose length cannot be one is given out as a header, so that the reader can name the
/// fault.
#[must_use]
pub fn frame(held: &[u8]) -> Frame {
    let Some(&[_, _, _, _, l0, l1, l2, l3]) = held.first_chunk::<{ Header::LEN }>() else {
        return Frame::Partial { length: None };
    };
    let length = u32::from_le_bytes([l0, l1, l2, l3]);
    match usize::try_from(length).ok().filter(|_| is_sane(length)) {
        None => Frame::Whole(Header::LEN),
        Some(length) if held.len() < length => Frame::Partial { length: Some(length) },
        Some(length) => Frame::Whole(length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_asks_for_more_until_the_length_is_reached_and_for_nothing_beyond_it() {
        assert_eq!(frame(&[]), Frame::Partial { length: None });
        assert_eq!(frame(&[0x0D, 0, 0, 0, 8, 0, 0]), Frame::Partial { length: None });
        assert_eq!(frame(&[0x0D, 0, 0, 0, 8, 0, 0, 0, 9]), Frame::Whole(8));
        assert_eq!(frame(&[0x10, 0, 0, 0, 12, 0, 0, 0]), Frame::Partial { length: Some(12) });
        for lying in [7_u32, 0, 65_546, u32::MAX] {
            let held = [&[0x0A, 0, 0, 0], &lying.to_le_bytes()[..]].concat();
            assert_eq!(frame(&held), Frame::Whole(8), "{lying}");
            assert!(header(&held).is_err(), "{lying}");
        }
        let most = [&[0x0A, 0, 0, 0], &65_545_u32.to_le_bytes()[..]].concat();
        assert_eq!(frame(&most), Frame::Partial { length: Some(65_545) });
    }

    #[test]
    fn codes_have_both_forms_and_types_their_names() {
        assert_eq!((StatusCode(0x8007_59DA).low(), StatusCode(0x59DA).low()), (0x59DA, 0x59DA));
        assert_eq!(PacketType::CLOSE_CHANNEL.name(), Some("CLOSE_CHANNEL"));
        assert_eq!(PacketType(0xE).name(), None);
    }
}
