//! The readers up to the Demand Active, those of a gateway's answers and of certificates allocate nothing, whatever comes. Apart from the comparison of times, since counting
//! slows down whoever does allocate.
#![expect(clippy::arithmetic_side_effects, reason = "a bench counts what is its own")]
use std::alloc::System;
use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;

use rdp_probe_benches::{Bars, Kind};
use rdp_probe_testkit::certificate::Kind as Shown;
use rdp_probe_wire::after_tls;
use rdp_probe_wire::credssp::spnego::Token;
use rdp_probe_wire::credssp::{TsRequest, ntlm_in, ts_request};
use rdp_probe_wire::early_user_auth::{self, EarlyUserAuthorizationResult};
use rdp_probe_wire::fast_path::{self, FastPathOutput};
use rdp_probe_wire::first_octets;
use rdp_probe_wire::http::{self, Chunks, Response, challenges};
use rdp_probe_wire::license::LicenseMessage;
use rdp_probe_wire::mcs::{AttachUserConfirm, ChannelJoinConfirm, ConnectResponse, SendDataIndication};
use rdp_probe_wire::ntlm::{Challenge, utf16};
use rdp_probe_wire::rdsaad::{self, ServerNonce};
use rdp_probe_wire::rdstls::Capabilities;
use rdp_probe_wire::security_header::SecurityHeader;
use rdp_probe_wire::server_certificate::ServerCertificate;
use rdp_probe_wire::share::{ServerMessage, SharePdu};
use rdp_probe_wire::tls::{FlightEnd, ServerFlight, ServerHello, record};
use rdp_probe_wire::tsgu::{self, ClientBody, ClientPacket, ServerPacket};
use rdp_probe_wire::websocket::FrameHead;
use rdp_probe_wire::x509::Certificate;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static COUNTING: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const MESSAGES: [&str; 23] = [
    TUNNEL_RESPONSE,
    CHANNEL_CREATE,
    "03 00 00 0b 02 f0 80 2e 00 00 06 # Attach User Confirm",
    "03 00 00 09 02 f0 80 2d c0 # one that refuses",
    "03 00 00 0f 02 f0 80 3e 00 00 06 03 eb 03 eb # Channel Join Confirm",
    "03 00 00 0d 02 f0 80 3c 60 00 06 03 eb # one that refuses, without a channel",
    "00 80 07 83 00 00 00 # fast-path output",
    CONTROL,
    include_str!("../tests/golden/built-demand-active.hex"),
    include_str!("../tests/golden/xrdp-connect-response-128-bits.hex"),
    SET_ERROR_INFO,
    include_str!("../tests/golden/built-license-request-xrdp.hex"),
    VALID_CLIENT,
    include_str!("../tests/golden/openssl-tls13.hex"),
    include_str!("../tests/golden/openssl-hello-retry.hex"),
    include_str!("../tests/golden/openssl-tls12-ecdsa.hex"),
    include_str!("../tests/golden/openssl-tls12-small-records.hex"),
    include_str!("../tests/golden/xrdp-no-common-version.hex"),
    include_str!("../tests/golden/built-challenge-domain.hex"),
    include_str!("../tests/golden/ironrdp-challenge-empty-names.hex"),
    include_str!("../tests/golden/ironrdp-wrong-password.hex"),
    include_str!("../tests/golden/built-spnego-reject.hex"),
    "7b 22 74 73 5f 6e 6f 6e 63 65 22 3a 22 41 22 7d # a nonce for an Entra sign-in",
];

/// Set Error Info 7.
const SET_ERROR_INFO: &str = "03 00 00 24 02 f0 80 68 00 01 03 eb 70 16 16 00 17 00 ea 03 ea 03 01 00 00 01 08 00 2f 00 00 00 07 00 00 00";

/// What xrdp ends licensing with.
const VALID_CLIENT: &str =
    "03 00 00 22 02 f0 80 68 00 07 03 eb 70 14 80 00 10 00 ff 02 10 00 07 00 00 00 02 00 00 00 28 14 00 00";

/// Granted Control, behind a FlowPDU.
const CONTROL: &str = "03 00 00 30 02 f0 80 68 00 01 03 eb 70 22 00 80 00 41 00 00 ea 03 1a 00 17 00 ea 03 ea 03 01 00 00 01 0c 00 14 \
    00 00 00 02 00 f1 03 ea 03 00 00";

/// A tunnel with an identifier, capabilities and a text for people.
const TUNNEL_RESPONSE: &str =
    "05 00 00 00 22 00 00 00 00 00 00 00 00 00 13 00 00 00 06 00 00 00 3f 00 00 00 06 00 48 00 69 00 00 00";

/// A channel to a target of two names.
const CHANNEL_CREATE: &str =
    "08 00 00 00 1c 00 00 00 01 01 3d 0d 03 00 04 00 73 00 00 00 06 00 74 00 75 00 00 00";

/// What answers a request over HTTP.
const RESPONSES: [&[u8]; 2] = [
    b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Negotiate, NTLM abc==, Basic realm=\"x\"\r\nContent-Length: 2\r\n\r\nno",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;a\r\nyes\r\n0\r\n\r\n",
];

/// What lies in chunks, each to its end: with data, extensions and trailers.
const BODIES: [&[u8]; 2] =
    [b"3\r\nyes\r\n000a;a=\"b\"\r\n0123456789\r\n1 ; c\r\n\r\r\n0;d\r\nA: b\r\nC: d\r\n\r\n", b"0\r\n\r\n"];

/// The octets of a golden message: in hexadecimal, `#` starts a comment.
fn golden(text: &str) -> Vec<u8> {
    let octets = text.lines().filter_map(|line| line.split('#').next()).flat_map(str::split_whitespace);
    octets.filter_map(|octet| u8::from_str_radix(octet, 16).ok()).collect()
}

/// What was read, and what it took.
#[derive(Default)]
struct Tally {
    read: u32,
    refused: u32,
    allocations: usize,
}

impl Tally {
    fn read(&mut self, octets: &[u8]) {
        let octets = black_box(octets);
        let region = Region::new(COUNTING);
        let read = [
            flight(octets),
            challenge(octets),
            settings(octets),
            domain(octets),
            licensing(octets),
            gateway(octets),
            body(octets) == Some(true),
            certificate(octets),
            others(octets),
        ];
        let read = black_box(read).contains(&true);
        let change = region.change();
        self.allocations += change.allocations + change.reallocations;
        let count = if read { &mut self.read } else { &mut self.refused };
        *count += 1;
    }
}

fn flight(octets: &[u8]) -> bool {
    _ = black_box((record(octets), ServerHello::parse(octets)));
    let flight = black_box(ServerFlight::read(octets));
    let pieces = flight.certificates.into_iter().flatten().flat_map(|certificate| certificate.pieces());
    let length = pieces.map(<[u8]>::len).fold(0, usize::saturating_add);
    black_box(length) > 0 || flight.hello.is_some() || matches!(flight.end, FlightEnd::Alert)
}

fn challenge(octets: &[u8]) -> bool {
    _ = black_box((ts_request::frame(octets), after_tls::classify(octets)));
    let Ok(request) = black_box(TsRequest::parse(octets)) else { return false };
    let token = request.nego_token.unwrap_or_default();
    _ = black_box(Token::parse(token));
    if let Some(Ok(challenge)) = ntlm_in(token).map(Challenge::parse) {
        let characters = |value| utf16(value, 64).count();
        let names = challenge.av_pairs.map_while(Result::ok).map(|pair| characters(pair.value));
        _ = black_box(names.fold(characters(challenge.target_name), usize::saturating_add));
    }
    true
}

fn settings(octets: &[u8]) -> bool {
    let mut rest = SendDataIndication::parse(octets).map(|read| read.data).unwrap_or_default();
    while let Ok((_, behind)) = black_box(SharePdu::parse_data(rest)) {
        rest = behind;
    }
    if let Ok(read) = black_box(SharePdu::parse(octets)) {
        if let ServerMessage::DemandActive(demand) = read.message {
            _ = black_box((demand.capabilities.count(), demand.capabilities.bitmap()));
        }
        return true;
    }
    let Ok(response) = black_box(ConnectResponse::parse(octets)) else { return false };
    let blocks = response.conference.map(|conference| conference.blocks).unwrap_or_default();
    let channels = blocks.network.map_or(0, |network| network.channels().count());
    let certificate = blocks.security.map(|security| ServerCertificate::parse(security.certificate));
    _ = black_box((channels, certificate));
    true
}

fn domain(octets: &[u8]) -> bool {
    // Nearly anything can be these.
    _ = black_box((early_user_auth::frame(octets), EarlyUserAuthorizationResult::parse(octets)));
    _ = black_box((fast_path::frame(octets), FastPathOutput::parse(octets)));
    let indication = black_box(SendDataIndication::parse(octets));
    _ = black_box(SecurityHeader::parse(indication.map_or(octets, |indication| indication.data)));
    black_box(AttachUserConfirm::parse(octets)).is_ok()
        || black_box(ChannelJoinConfirm::parse(octets)).is_ok()
        || indication.is_ok()
}

fn licensing(octets: &[u8]) -> bool {
    let Ok(indication) = black_box(SendDataIndication::parse(octets)) else { return false };
    let message = black_box(LicenseMessage::parse(indication.data));
    if let Ok(LicenseMessage::LicenseRequest(request)) = message {
        let scopes = request.scopes.iter().map(<[u8]>::len).fold(0, usize::saturating_add);
        _ = black_box((scopes, request.key_exchange.iter().count()));
        _ = black_box(ServerCertificate::parse(request.certificate));
    }
    message.is_ok()
}

fn gateway(octets: &[u8]) -> bool {
    _ = black_box((tsgu::frame(octets), http::frame(octets), FrameHead::parse(octets)));
    let client = black_box(ClientPacket::parse(octets));
    if let Ok(ClientPacket { body: ClientBody::ChannelCreate(create), .. }) = client {
        _ = black_box(
            create.resources.iter().chain(create.alternatives.iter()).map(<[u8]>::len).sum::<usize>(),
        );
    }
    let response = black_box(Response::parse(octets));
    if let Ok(response) = response {
        let values = response.headers("WWW-Authenticate");
        _ = black_box((values.flat_map(challenges).count(), response.fields().count(), response.body()));
    }
    black_box(ServerPacket::parse(octets)).is_ok() || client.is_ok() || response.is_ok()
}

/// Whether a body in chunks came to its end, or to what is none; `None` where more is to come.
fn body(octets: &[u8]) -> Option<bool> {
    let (mut chunks, mut rest) = (Chunks::new(), octets);
    while !rest.is_empty() && !chunks.is_over() && !chunks.is_broken() {
        let heard = black_box(chunks.hear(rest));
        rest = rest.get(heard.used..).unwrap_or_default();
    }
    (chunks.is_over() || chunks.is_broken()).then(|| chunks.is_over())
}

fn certificate(octets: &[u8]) -> bool {
    let certificate = black_box(Certificate::read(octets));
    let values = certificate.extensions.flatten().map(|extension| extension.value.len());
    _ = black_box(values.fold(0, usize::saturating_add));
    certificate.fault.is_none()
}

fn others(octets: &[u8]) -> bool {
    _ = black_box((first_octets::classify_last(octets), first_octets::over_tpkt(octets)));
    _ = black_box((rdsaad::frame(octets), Challenge::parse(octets), Token::parse(octets)));
    black_box(ServerNonce::parse(octets)).is_ok() || black_box(Capabilities::parse(octets)).is_ok()
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut tally = Tally::default();
    // That each of them is gone through: every octet but the last leaves something to come.
    for whole in BODIES {
        for len in 0..=whole.len() {
            let over = body(whole.get(..len).unwrap_or_default());
            assert!(over == (len == whole.len()).then_some(true), "{len} octets of a body: {over:?}");
        }
    }
    let in_http = RESPONSES.into_iter().chain(BODIES).map(<[u8]>::to_vec);
    let certificates = Shown::Good.chain();
    for whole in MESSAGES.map(golden).into_iter().chain(in_http).chain(certificates) {
        // Every cut, and every octet with every value.
        for len in 0..=whole.len() {
            tally.read(whole.get(..len).unwrap_or_default());
        }
        let mut changed = whole.clone();
        for (at, before) in whole.iter().enumerate() {
            for value in 0..=u8::MAX {
                if let Some(octet) = changed.get_mut(at) {
                    *octet = value;
                }
                tally.read(&changed);
            }
            if let Some(octet) = changed.get_mut(at) {
                *octet = *before;
            }
        }
    }
    assert!(tally.read > 1000 && tally.refused > 1000, "{} read, {} refused", tally.read, tally.refused);

    // That the counter counts: sspi copies what it reads.
    let [.., refusal, _, _] = MESSAGES.map(golden);
    let region = Region::new(COUNTING);
    let theirs = black_box(sspi::credssp::TsRequest::from_buffer(black_box(&refusal)));
    assert!(theirs.is_ok() && region.change().allocations > 0, "the counter does not count");

    let reads = f64::from(tally.read) + f64::from(tally.refused);
    let mut bars = Bars::new()?;
    let allocations = u32::try_from(tally.allocations).unwrap_or(u32::MAX);
    bars.at_most(
        Kind::Allocations,
        "TLS to Demand Active, fast-path, and gateways, every cut and octet: by read",
        f64::from(allocations) / reads,
        0.0,
    );
    Ok(bars.finish())
}
