//! Octets as servers answer a Connect Initial with.
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::select;
use proptest::strategy::Union;

use super::mutated;

/// What is known to answer a Connect Initial, whole and well-formed.
pub const MCS_MESSAGES: &[&[u8]] = &[
    XRDP,
    ENCRYPTED,
    // A result alone, a disconnect, an Attach User Confirm.
    &[3, 0, 0, 0x0D, 2, 0xF0, 0x80, 0x7F, 0x66, 3, 0x0A, 1, 0x0E],
    &[3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80],
    &[3, 0, 0, 0x0B, 2, 0xF0, 0x80, 0x2E, 0, 0, 6],
    // Set Error Info 7, Deactivate All, a redirection.
    &[
        3, 0, 0, 0x24, 2, 0xF0, 0x80, 0x68, 0, 1, 3, 0xEB, 0x70, 0x16, 0x16, 0, 0x17, 0, 0xEA, 3, 0xEA, 3, 1,
        0, 0, 1, 8, 0, 0x2F, 0, 0, 0, 7, 0, 0, 0,
    ],
    &[
        3, 0, 0, 0x1C, 2, 0xF0, 0x80, 0x68, 0, 1, 3, 0xEB, 0x70, 0x80, 0x0D, 0x0D, 0, 0x16, 0, 0xEA, 3, 0xEA,
        3, 1, 0, 1, 0, 0,
    ],
    &[3, 0, 0, 0x17, 2, 0xF0, 0x80, 0x68, 0, 1, 3, 0xEB, 0x70, 9, 9, 0, 0x1A, 0, 0xEA, 3, 0, 0, 0],
];

/// xrdp with TLS and four channels.
const XRDP: &[u8] = &[
    3, 0, 0, 0x6D, 2, 0xF0, 0x80, 0x7F, 0x66, 0x63, 0x0A, 1, 0, 2, 1, 0, // TPKT to calledConnectId
    0x30, 0x1A, 2, 1, 0x16, 2, 1, 3, 2, 1, 0, 2, 1, 1, 2, 1, 0, 2, 1, 1, 2, 3, 0, 0xFF, 0xF8, 2, 1, 2, //
    4, 0x3F, 0, 5, 0, 0x14, 0x7C, 0, 1, 0x2A, 0x14, 0x76, 0x0A, 1, 1, 0, 1, 0xC0, 0, // userData
    b'M', b'c', b'D', b'n', 0x80, 0x28, 1, 0x0C, 0x0C, 0, 4, 0, 8, 0, 1, 0, 0, 0, // SC_CORE
    3, 0x0C, 0x10, 0, 0xEB, 3, 4, 0, 0xEC, 3, 0xED, 3, 0xEE, 3, 0xEF, 3, // SC_NET
    2, 0x0C, 0x0C, 0, 0, 0, 0, 0, 0, 0, 0, 0, // SC_SECURITY
];

/// Standard RDP Security with 128 bits and a key that is none, early capability flags, a message channel, multitransport.
const ENCRYPTED: &[u8] = &[
    3, 0, 0, 0x9B, 2, 0xF0, 0x80, 0x7F, 0x66, 0x81, 0x90, 0x0A, 1, 0, 2, 1, 0, // TPKT to calledConnectId
    0x30, 0x1A, 2, 1, 0x22, 2, 1, 3, 2, 1, 0, 2, 1, 1, 2, 1, 0, 2, 1, 1, 2, 3, 0, 0xFF, 0xF8, 2, 1, 2, //
    4, 0x6C, 0, 5, 0, 0x14, 0x7C, 0, 1, 0x2A, 0x14, 0x76, 0x0A, 1, 1, 0, 1, 0xC0, 0, // userData
    b'M', b'c', b'D', b'n', 0x56, 1, 0x0C, 0x10, 0, 0x0C, 0, 8, 0, 0x0B, 0, 0, 0, 8, 0, 0, 0, // SC_CORE
    3, 0x0C, 8, 0, 0xEB, 3, 0, 0, // SC_NET
    2, 0x0C, 0x38, 0, 2, 0, 0, 0, 3, 0, 0, 0, 0x20, 0, 0, 0, 4, 0, 0, 0, // SC_SECURITY
    0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, //
    0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, //
    1, 0, 0, 0, // serverCertificate
    4, 0x0C, 6, 0, 0xF0, 3, // SC_MCS_MSGCHANNEL
];

/// Octets as a hostile server might answer a Connect Initial with: one of [`MCS_MESSAGES`], or what is left of it after an
/// accident, or a response around blocks of any kind whose lengths agree.
pub fn mcs_octets() -> impl Strategy<Value = Vec<u8>> {
    let kinds = select(&[0x0C01_u16, 0x0C02, 0x0C03, 0x0C04, 0x0C08, 0x0CFF][..]);
    let blocks = vec((kinds, vec(select(&[0_u8, 1, 2, 3, 4, 8, 32, 0xEB, 0xFF][..]), 0..64)), 0..6);
    let response = (any::<u8>(), any::<u8>(), blocks).prop_map(|(result, conference, blocks)| {
        let blocks: Vec<u8> = blocks
            .iter()
            .flat_map(|(kind, body)| {
                let length = u16::try_from(body.len()).unwrap_or_default().saturating_add(4);
                [&kind.to_le_bytes()[..], &length.to_le_bytes(), body].concat()
            })
            .collect();
        let length = u16::try_from(blocks.len()).unwrap_or_default() | 0x8000;
        let user_data = [
            &[0, 5, 0, 0x14, 0x7C, 0, 1, 0x2A, 0x14, 0x76, 0x0A, 1, 1, conference, 1, 0xC0, 0][..],
            b"McDn",
            &length.to_be_bytes(),
            &blocks,
        ]
        .concat();
        let long = |octets: &[u8]| u16::try_from(octets.len()).unwrap_or(u16::MAX).to_be_bytes();
        let body =
            [&[0x0A, 1, result & 1, 2, 1, 0, 0x30, 0, 4, 0x82][..], &long(&user_data), &user_data].concat();
        let message = [&[2, 0xF0, 0x80, 0x7F, 0x66, 0x82][..], &long(&body), &body].concat();
        let total = u16::try_from(message.len()).unwrap_or(u16::MAX).saturating_add(4);
        [&[3, 0][..], &total.to_be_bytes(), &message].concat()
    });
    Union::new([mutated(MCS_MESSAGES).boxed(), response.boxed(), vec(any::<u8>(), 0..64).boxed()])
}
