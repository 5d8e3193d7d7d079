//! Octets as servers answer a Connect Initial with.
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::select;
use proptest::strategy::Union;

use super::mutated::mutated;
use crate::messages::MCS_MESSAGES;

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
