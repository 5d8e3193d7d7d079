//! Octets as a gateway, or what stands before it, might answer with.
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::select;
use proptest::strategy::Union;

use super::mutated::mutated;
use crate::gateway_messages::{HTTP_MESSAGES, TSGU_MESSAGES, WEBSOCKET_MESSAGES};

/// Octets as a hostile gateway or proxy might answer a request with: one or more of [`HTTP_MESSAGES`], or what is left of them after an
/// accident, or a response put together from pieces that mean something.
pub fn http_octets() -> impl Strategy<Value = Vec<u8>> {
    const FIELDS: &[&str] = &[
        "Content-Length: 3\r\n",
        "Content-Length: 3, 3\r\n",
        "content-length: 4\n",
        "Content-Length: 65537\r\n",
        "Content-Length:\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Transfer-Encoding: gzip, CHUNKED ,\r\n",
        "Transfer-Encoding: chunked, gzip\r\n",
        "WWW-Authenticate: Negotiate\r\n",
        "WWW-Authenticate: Basic realm=\"a,b\\\"\", NTLM abc==, , x\r\n",
        "Proxy-Authenticate: a b c, d=e, f =, \"\r\n",
        "X : y\r\n z\r\n",
        "X\r\n",
        ": y\r\n",
    ];
    const BODIES: &[&str] = &[
        "",
        "no!",
        "3\r\nno!\r\n",
        "0\r\n\r\n",
        "0\r\nA: b\r\n\r\n",
        "a;b=c\r\n0123456789\r\n",
        "1\r\nxy",
        "\r\n",
        "HTTP/1.1 200\n\n",
    ];
    let starts = select(&["HTTP/1.1 ", "HTTP/1.0 ", "HTTP/1.2 ", "HTTP/2 "][..]);
    let codes = select(&["200 OK\r\n", "401\r\n", "101 \n", "204 x\r\n", "304 \r\n", "2 \r\n"][..]);
    let parts = (starts, codes, vec(select(FIELDS), 0..5), vec(select(BODIES), 0..4));
    let built = parts.prop_map(|(start, code, fields, bodies)| {
        [start, code, &fields.concat(), "\r\n", &bodies.concat()].concat().into_bytes()
    });
    Union::new([
        vec(mutated(HTTP_MESSAGES), 1..3).prop_map(|all| all.concat()).boxed(),
        built.boxed(),
        vec(any::<u8>(), 0..64).boxed(),
    ])
}

/// Octets as a hostile peer might send them inside a tunnel: several of [`TSGU_MESSAGES`], or what is left of them after an accident, or
/// packets of any type whose length agrees.
pub fn tsgu_octets() -> impl Strategy<Value = Vec<u8>> {
    let framed =
        (0_u8..0x13, vec(select(&[0_u8, 1, 2, 3, 4, 16, 0x41, 0xFF][..]), 0..64)).prop_map(|(kind, body)| {
            let length = u32::try_from(body.len()).unwrap_or_default().saturating_add(8);
            [&[kind, 0, 0, 0][..], &length.to_le_bytes(), &body].concat()
        });
    Union::new([
        vec(mutated(TSGU_MESSAGES), 1..4).prop_map(|all| all.concat()).boxed(),
        vec(framed, 1..4).prop_map(|all| all.concat()).boxed(),
        vec(any::<u8>(), 0..64).boxed(),
    ])
}

/// Octets as a hostile server might send them in place of a WebSocket's frames: several of [`WEBSOCKET_MESSAGES`], or what is left of them
/// after an accident, or frames of any kind whose length agrees.
pub fn websocket_octets() -> impl Strategy<Value = Vec<u8>> {
    let framed = (any::<u8>(), vec(any::<u8>(), 0..126)).prop_map(|(first, payload)| {
        let length = u8::try_from(payload.len()).unwrap_or_default();
        [&[first & 0x8F, length][..], &payload].concat()
    });
    Union::new([
        vec(mutated(WEBSOCKET_MESSAGES), 1..6).prop_map(|all| all.concat()).boxed(),
        vec(framed, 1..6).prop_map(|all| all.concat()).boxed(),
        vec(any::<u8>(), 0..64).boxed(),
    ])
}
