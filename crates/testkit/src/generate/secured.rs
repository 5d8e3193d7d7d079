//! Octets as servers send them from the ClientHello on: TLS in the clear, and what comes inside of it.
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::select;
use proptest::strategy::Union;

use super::mutated::mutated;
use crate::messages::{CREDSSP_MESSAGES, TLS_MESSAGES};

/// Octets as a hostile server might answer a ClientHello with: one or more of [`TLS_MESSAGES`], or what is left of them after
/// an accident, or records around anything.
pub fn tls_octets() -> impl Strategy<Value = Vec<u8>> {
    let several = vec(mutated(TLS_MESSAGES), 1..4).prop_map(|all| all.concat());
    let one = (0x14_u8..0x19, vec(any::<u8>(), 0..64)).prop_map(|(kind, body)| record(kind, &body));
    // Messages whose lengths agree, cut into records of any size.
    let messages = vec((select(&[0_u8, 2, 11, 12, 14][..]), vec(any::<u8>(), 0..80)), 1..4);
    let split = (messages, 1_usize..100).prop_map(|(messages, size)| {
        let stream = messages.iter().flat_map(|(kind, body)| message(*kind, body)).collect::<Vec<_>>();
        stream.chunks(size).flat_map(|piece| record(0x16, piece)).collect::<Vec<_>>()
    });
    Union::new([
        several.boxed(),
        vec(one, 1..4).prop_map(|all| all.concat()).boxed(),
        split.boxed(),
        mutated(TLS_MESSAGES).boxed(),
    ])
}

fn record(kind: u8, contents: &[u8]) -> Vec<u8> {
    let length = u16::try_from(contents.len()).unwrap_or(u16::MAX).to_be_bytes();
    [&[kind, 3, 3], &length[..], contents].concat()
}

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let [_, length @ ..] = u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes();
    [&[kind], &length[..], body].concat()
}

/// Octets as a hostile server might send them inside TLS.
pub fn credssp_octets() -> impl Strategy<Value = Vec<u8>> {
    // A TSRequest whose lengths agree, around anything.
    let field = (0_u8..7, vec(any::<u8>(), 0..40)).prop_map(|(tag, value)| match tag {
        0 | 4 => element(0xA0 | tag, &element(2, value.get(..5).unwrap_or(&value))),
        1 => element(0xA1, &element(0x30, &element(0x30, &element(0xA0, &element(4, &value))))),
        _ => element(0xA0 | tag, &element(4, &value)),
    });
    let request = vec(field, 0..5).prop_map(|fields| {
        let version = element(0xA0, &element(2, &[6]));
        element(0x30, &[version, fields.concat()].concat())
    });
    Union::new([mutated(CREDSSP_MESSAGES).boxed(), request.boxed(), vec(any::<u8>(), 0..64).boxed()])
}

fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(contents.len()).unwrap_or(u16::MAX).to_be_bytes();
    let header = match (high, low) {
        (0, 0..=0x7F) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        _ => vec![tag, 0x82, high, low],
    };
    [header.as_slice(), contents].concat()
}
