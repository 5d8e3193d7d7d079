//! Octets as servers send them from the ClientHello on: TLS in the clear, and what comes inside of it.
use proptest::collection::vec;
use proptest::prelude::{Strategy, any};
use proptest::sample::select;
use proptest::strategy::Union;

use super::mutated;

/// What is known to answer a ClientHello, whole and well-formed.
pub const TLS_MESSAGES: &[&[u8]] = &[
    FLIGHT_1_1,
    HELLO_1_3,
    HELLO_RETRY_REQUEST,
    // Alerts: handshake_failure, protocol_version with xrdp's ultimatum behind it, a warning.
    &[0x15, 3, 1, 0, 2, 2, 40],
    &[0x15, 3, 3, 0, 2, 2, 70, 3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80],
    &[0x15, 3, 3, 0, 2, 1, 112],
    // In place of a ServerHello.
    &[3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80],
    b"HTTP/1.1 400 Bad Request\r\n\r\n",
    // A chain that promises 16 MiB, and records that promise more than there can be.
    &[0x16, 3, 3, 0, 4, 11, 0xFF, 0xFF, 0xFF],
    &[0x16, 3, 3, 0xFF, 0xFF],
    // Change cipher spec, application data, heartbeat.
    &[0x14, 3, 3, 0, 1, 1],
    &[0x17, 3, 3, 0, 4, 0xEE, 0xEE, 0xEE, 0xEE],
    &[0x18, 3, 3, 0, 3, 1, 0, 0],
];

/// TLS 1.1: ServerHello without extensions, a list of two certificates, ServerHelloDone, in three records.
const FLIGHT_1_1: &[u8] = &[
    0x16, 3, 2, 0, 0x30, // record: 48
    2, 0, 0, 0x26, 3, 2, // server_hello, 38: TLS 1.1
    0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, //
    0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, //
    0, 0, 0x2F, 0, // no session, TLS_RSA_WITH_AES_128_CBC_SHA, null
    11, 0, 0, 0x10, 0, 0, // certificate, 16: its list begins here
    0x16, 3, 2, 0, 0x0E, // record: 14
    0x0D, 0, 0, 4, 0x30, 2, 5, 0, 0, 0, 3, 0x30, 1, 0, // 13: a certificate of 4, another of 3
    0x16, 3, 2, 0, 4, // record: 4
    14, 0, 0, 0, // server_hello_done
];

/// TLS 1.3: ServerHello, and its change_cipher_spec.
const HELLO_1_3: &[u8] = &[
    0x16, 3, 3, 0, 0x32, // record: 50
    2, 0, 0, 0x2E, 3, 3, // server_hello, 46
    0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, //
    0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, 0x5A, //
    0, 0x13, 2, 0, // no session, TLS_AES_256_GCM_SHA384, null
    0, 6, 0, 0x2B, 0, 2, 3, 4, // extensions: supported_versions, TLS 1.3
    0x14, 3, 3, 0, 1, 1, // change_cipher_spec
];

/// A HelloRetryRequest.
const HELLO_RETRY_REQUEST: &[u8] = &[
    0x16, 3, 3, 0, 0x32, // record: 50
    2, 0, 0, 0x2E, 3, 3, // server_hello, 46
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91, //
    0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C, //
    0, 0x13, 1, 0, // no session, TLS_AES_128_GCM_SHA256, null
    0, 6, 0, 0x2B, 0, 2, 3, 4, // extensions: supported_versions, TLS 1.3
];

/// What is known to come first inside TLS, whole and well-formed.
pub const CREDSSP_MESSAGES: &[&[u8]] = &[
    &rdp_probe_wire::credssp::ANONYMOUS_REQUEST,
    // errorCode alone, and beside echoes.
    &[0x30, 0x0D, 0xA0, 3, 2, 1, 6, 0xA4, 6, 2, 4, 0xC0, 0, 0, 0x6D],
    &[0x30, 0x0E, 0xA0, 3, 2, 1, 6, 0xA4, 7, 2, 5, 0, 0xC0, 7, 3, 0x0C],
    &[0x30, 0x15, 0xA0, 3, 2, 1, 6, 0xA3, 6, 4, 4, 1, 0, 0, 0, 0xA4, 6, 2, 4, 0xC0, 0, 0, 0xBB],
    // A SPNEGO reject, in a TSRequest and by itself; an answer with NTLM in it.
    &[
        0x30, 0x18, 0xA0, 3, 2, 1, 6, 0xA1, 0x11, 0x30, 0x0F, 0x30, 0x0D, 0xA0, 0x0B, 4, 9, 0xA1, 7, 0x30, 5,
        0xA0, 3, 0x0A, 1, 2,
    ],
    &[0xA1, 7, 0x30, 5, 0xA0, 3, 0x0A, 1, 2],
    ANSWER,
    INIT,
    CHALLENGE,
    CHALLENGE_IN_TS_REQUEST,
    // RDSTLS capabilities, a nonce for an Entra sign-in, an authorization result, an ultimatum.
    &[1, 0, 1, 0, 1, 0, 1, 0],
    b"{\"ts_nonce\":\"b64+/=\"}\0",
    &[5, 0, 0, 0],
    &[3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80],
];

/// NegTokenResp: accept-incomplete, NTLM, a token and a MIC.
const ANSWER: &[u8] = &[
    0xA1, 0x28, 0x30, 0x26, 0xA0, 3, 0x0A, 1, 1, // negState
    0xA1, 0x0C, 6, 0x0A, 0x2B, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 0x0A, // supportedMech
    0xA2, 0x0B, 4, 9, b'N', b'T', b'L', b'M', b'S', b'S', b'P', 0, 2, // responseToken
    0xA3, 4, 4, 2, 0x4D, 0x49, // mechListMIC
];

/// NegTokenInit2 in GSS-API: Kerberos, flags, a token, hints, a MIC.
const INIT: &[u8] = &[
    0x60, 0x36, 6, 6, 0x2B, 6, 1, 5, 5, 2, // InitialContextToken
    0xA0, 0x2C, 0x30, 0x2A, 0xA0, 0x0D, 0x30, 0x0B, 6, 9, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 1, 2,
    2, // mechTypes
    0xA1, 4, 3, 2, 1, 0, // reqFlags
    0xA2, 5, 4, 3, 0x60, 0x3B, 6, // mechToken
    0xA3, 4, 0x30, 2, 0xA0, 0, // negHints
    0xA4, 4, 4, 2, 0x4D, 0x49, // mechListMIC
];

/// CHALLENGE: a name, flags 2, a clock, an unknown pair.
const CHALLENGE: &[u8] = &[
    b'N', b'T', b'L', b'M', b'S', b'S', b'P', 0, 2, 0, 0, 0, // Signature, MessageType
    4, 0, 4, 0, 0x38, 0, 0, 0, 0xB7, 0x82, 0x88, 0xE2, // TargetNameFields, NegotiateFlags
    0xCC, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC, 0xCC, 0, 0, 0, 0, 0, 0, 0, 0, // ServerChallenge, Reserved
    0x2A, 0, 0x2A, 0, 0x3C, 0, 0, 0, 0x0A, 0, 0x7C, 0x4F, 0, 0, 0, 0x0F, // TargetInfoFields, Version
    b'V', 0, b'M', 0, // TargetName
    1, 0, 4, 0, b'V', 0, b'M', 0, 6, 0, 4, 0, 2, 0, 0, 0, // MsvAvNbComputerName, MsvAvFlags
    7, 0, 8, 0, 0, 0x80, 0xF2, 0x1E, 0x64, 0x5A, 0xDB, 1, // MsvAvTimestamp
    0x99, 0, 2, 0, 0xAB, 0xCD, 0, 0, 0, 0, // unknown, MsvAvEOL
];

/// The start of a CHALLENGE in a TSRequest, with long lengths and a nonce.
const CHALLENGE_IN_TS_REQUEST: &[u8] = &[
    0x30, 0x81, 0x4D, 0xA0, 3, 2, 1, 6, // version
    0xA1, 0x22, 0x30, 0x20, 0x30, 0x1E, 0xA0, 0x1C, 4, 0x1A, // negoTokens
    b'N', b'T', b'L', b'M', b'S', b'S', b'P', 0, 2, 0, 0, 0, 0, 0, 0, 0, 0x38, 0, 0, 0, 0xB7, 0x82, 0x88, 0xE2,
    0xCC, 0xCC, // negoToken
    0xA5, 0x22, 4, 0x20, // clientNonce
    0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, //
    0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
];

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
