//! Messages of licensing, and what is left of them.
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::select;
use proptest::strategy::Union;

use super::mutated::mutated;

/// Octets as a hostile server might send them for licensing, from the security header on: a message, or what is left of it after an
/// accident; a License Request with parts of any kind, whose size is right; or anything.
pub fn license_octets() -> impl Strategy<Value = Vec<u8>> {
    let few = || vec(any::<u8>(), 0..12);
    // In ASCII, so that others read them too.
    let name = || vec(0x20_u8..0x7F, 0..12);
    let parts = (few(), few(), vec(any::<u8>(), 0..3), certificate(), any::<u8>(), vec(name(), 0..20), few());
    let request = parts.prop_map(|(company, product, exchange, certificate, change, scopes, behind)| {
        let long = |octets: &[u8]| u32::try_from(octets.len()).unwrap_or(u32::MAX).to_le_bytes();
        let short = |octets: &[u8]| u16::try_from(octets.len()).unwrap_or(u16::MAX).to_le_bytes();
        let company = [&*company, &[0, 0]].concat();
        let product = [&*product, &[0, 0]].concat();
        let mut body = [&[0x5A; 32][..], &[0, 0, 6, 0], &long(&company), &company].concat();
        body.extend([&long(&product)[..], &product, &[0x0D, 0, 4, 0, 1, 0, 0, 0]].concat());
        // Seldom a list that is none.
        if let ([_, _], Some(length)) = (&*exchange, body.len().checked_sub(6)) {
            body.truncate(length);
            body.extend([&short(&exchange)[..], &exchange].concat());
        }
        body.extend([&[3, 0][..], &short(&certificate), &certificate].concat());
        // Mostly as many scopes as it says.
        let count = u32::try_from(scopes.len()).unwrap_or(u32::MAX);
        body.extend((if change == 0 { u32::MAX } else { count }).to_le_bytes());
        for scope in scopes {
            let scope = [&*scope, &[0]].concat();
            body.extend([&[0x0E, 0][..], &short(&scope), &scope].concat());
        }
        let size = u16::try_from(body.len()).unwrap_or(u16::MAX).saturating_add(4);
        [&[0x80, 0, change, 0, 1, 3][..], &size.to_le_bytes(), &body, &behind].concat()
    });
    let typed =
        (select(&[1_u8, 2, 3, 4, 0x12, 0x13, 0x15, 0xFF][..]), vec(select(&[0_u8, 1, 2, 7, 9][..]), 0..64))
            .prop_map(|(message_type, body)| {
                let size = u16::try_from(body.len()).unwrap_or(u16::MAX).saturating_add(4);
                [&[0x80, 2, 0, 0, message_type, 0x83][..], &size.to_le_bytes(), &body].concat()
            });
    let messages = mutated(LICENSE_MESSAGES).boxed();
    Union::new([messages, request.boxed(), typed.boxed(), vec(any::<u8>(), 0..64).boxed()])
}

/// None, a proprietary one with a key of some octets, or anything.
fn certificate() -> impl Strategy<Value = Vec<u8>> {
    let proprietary = vec(any::<u8>(), 1..9).prop_map(|modulus| {
        let octets = u8::try_from(modulus.len()).unwrap_or_default();
        let (key, bits) = (octets.saturating_add(8), octets.saturating_mul(8));
        let head = [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 6, 0, key.saturating_add(20), 0];
        let lengths = [key, 0, 0, 0, bits, 0, 0, 0, octets.saturating_sub(1), 0, 0, 0, 1, 0, 1, 0];
        [&head[..], b"RSA1", &lengths, &modulus, &[0; 8], &[8, 0, 2, 0, 0xA5, 0xA5]].concat()
    });
    Union::new([vec(any::<u8>(), 0..1).boxed(), proprietary.boxed(), vec(any::<u8>(), 0..24).boxed()])
}

/// What servers are known to send for licensing, from the security header on.
pub const LICENSE_MESSAGES: &[&[u8]] = &[
    // VALID_CLIENT of xrdp 0.9.21 and of FreeRDP, and no licence server.
    b"\x80\0\x10\0\xFF\x02\x10\0\x07\0\0\0\x02\0\0\0\x28\x14\0\0",
    b"\x80\0\0\0\xFF\x03\x10\0\x07\0\0\0\x02\0\0\0\x04\0\0\0",
    b"\x80\x02\0\0\xFF\x03\x10\0\x06\0\0\0\x01\0\0\0\x04\0\0\0",
    // A License Request with a short name, without a certificate, with two scopes.
    b"\x80\0\0\0\x01\x03\x54\0\
      \x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\
      \x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\x11\
      \0\0\x06\0\x04\0\0\0M\0\0\0\x04\0\0\0A\0\0\0\x0D\0\x04\0\x01\0\0\0\x03\0\0\0\
      \x02\0\0\0\x0E\0\x02\0a\0\x0E\0\x02\0b\0",
    // PLATFORM_CHALLENGE and NEW_LICENSE with little in them, and an encrypted message.
    b"\x80\0\0\0\x02\x03\x1E\0\0\0\0\0\x09\0\x02\0\xAA\xBB\
      \x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22",
    b"\x80\0\0\0\x03\x03\x1A\0\x09\0\x02\0\xAA\xBB\
      \x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22\x22",
    b"\x88\x02\x02\x03\x33\x33\x33\x33\x33\x33\x33\x33\x44\x44\x44\x44\x44\x44\x44\x44",
];
