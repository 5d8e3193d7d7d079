//! Reading what comes up to the NTLM challenge: the server's first flight beside tls-parser, TSRequest and CHALLENGE beside sspi.
use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;

use rdp_probe_benches::{Bars, Beside, repeat};
use rdp_probe_wire::credssp::{TsRequest, ntlm_in};
use rdp_probe_wire::ntlm::Challenge;
use rdp_probe_wire::tls::{FlightEnd, ServerFlight, ServerHello};
use tls_parser::{
    TlsExtension, TlsMessage, TlsMessageHandshake, parse_tls_message_handshake, parse_tls_plaintext,
    parse_tls_server_hello_extensions,
};

/// Reads in a batch: about a millisecond.
const READS: usize = 10_000;

const HELLO_1_3: &str = include_str!("../tests/golden/openssl-tls13.hex");
const FLIGHT_1_2: &str = include_str!("../tests/golden/openssl-tls12-ecdsa.hex");
const CHALLENGE: &str = include_str!("../tests/golden/built-challenge-domain.hex");
const REFUSAL: &str = include_str!("../tests/golden/ironrdp-wrong-password.hex");

/// The octets of a golden message: in hexadecimal, `#` starts a comment.
fn golden(text: &str) -> Vec<u8> {
    let octets = text.lines().filter_map(|line| line.split('#').next()).flat_map(str::split_whitespace);
    octets.filter_map(|octet| u8::from_str_radix(octet, 16).ok()).collect()
}

/// What a ServerHello says, whoever reads it: version, cipher suite, octets of the session.
type Said = Option<(u16, u16, usize)>;

#[inline(never)]
fn our_hello(message: &[u8]) -> Said {
    let hello = ServerHello::parse(message).ok()?;
    Some((hello.version.0, hello.cipher.0, usize::from(hello.session_id_len)))
}

#[inline(never)]
fn their_hello(message: &[u8]) -> Said {
    let (_, TlsMessage::Handshake(TlsMessageHandshake::ServerHello(hello))) =
        parse_tls_message_handshake(message).ok()?
    else {
        return None;
    };
    let mut version = hello.version.0;
    // The version of TLS 1.3 stands among the extensions.
    if let Some(block) = hello.ext {
        let (_, extensions) = parse_tls_server_hello_extensions(block).ok()?;
        for extension in extensions {
            if let TlsExtension::SupportedVersions(versions) = extension {
                version = versions.first().map_or(version, |version| version.0);
            }
        }
    }
    Some((version, hello.cipher.0, hello.session_id.map_or(0, <[u8]>::len)))
}

/// What a first flight says: its cipher suite, octets of the first certificate, and whether it is done.
type Flight = (u16, usize, bool);

#[inline(never)]
fn our_flight(octets: &[u8]) -> Flight {
    let flight = ServerFlight::read(octets);
    let cipher = flight.hello.map_or(0, |hello| hello.cipher.0);
    let first = flight.certificates.and_then(|list| list.first()).and_then(|first| first.as_slice());
    (cipher, first.map_or(0, <[u8]>::len), flight.end == FlightEnd::Done)
}

#[inline(never)]
fn their_flight(mut octets: &[u8]) -> Flight {
    let mut said = (0, 0, false);
    while let Ok((rest, record)) = parse_tls_plaintext(octets) {
        for message in record.msg {
            let TlsMessage::Handshake(message) = message else { continue };
            if let TlsMessageHandshake::ServerHello(hello) = message {
                said.0 = hello.cipher.0;
            } else if let TlsMessageHandshake::Certificate(list) = message {
                said.1 = list.cert_chain.first().map_or(0, |first| first.data.len());
            } else if let TlsMessageHandshake::ServerDone(_) = message {
                said.2 = true;
            }
        }
        octets = rest;
    }
    said
}

#[inline(never)]
fn our_request(octets: &[u8]) -> Option<TsRequest<'_>> {
    TsRequest::parse(octets).ok()
}

/// The request and all that is in its CHALLENGE.
#[inline(never)]
fn our_challenge(octets: &[u8]) -> Option<(u16, usize)> {
    let challenge = Challenge::parse(ntlm_in(TsRequest::parse(octets).ok()?.nego_token?)?).ok()?;
    let values = challenge.av_pairs.map_while(Result::ok).map(|pair| pair.value.len());
    Some((challenge.version?.build, values.fold(0, usize::saturating_add)))
}

#[inline(never)]
fn their_request(octets: &[u8]) -> Option<sspi::credssp::TsRequest> {
    sspi::credssp::TsRequest::from_buffer(octets).ok()
}

/// Compares two readers of the same octets.
fn beside<T, U>(
    bars: &mut Bars,
    name: &str,
    octets: &[u8],
    ours: impl Fn(&[u8]) -> T,
    theirs: impl Fn(&[u8]) -> U,
) -> Result<(), Box<dyn Error>> {
    let (ours, theirs) =
        (repeat(READS, || ours(black_box(octets))), repeat(READS, || theirs(black_box(octets))));
    bars.beside(name, Beside::at_most(0.6), ours, theirs)
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut bars = Bars::new()?;

    for (name, flight) in [("TLS 1.3", golden(HELLO_1_3)), ("TLS 1.2", golden(FLIGHT_1_2))] {
        // One message in the first record, without its header; and half of it.
        let length = flight.get(3..5).and_then(|length| length.try_into().ok()).map_or(0, u16::from_be_bytes);
        let message = flight.get(5..).and_then(|rest| rest.get(..usize::from(length))).unwrap_or_default();
        let half = message.get(..message.len() / 2).unwrap_or_default();
        // What disagrees is not the same work.
        assert!(our_hello(message).is_some() && our_hello(message) == their_hello(message), "{name}");
        assert!(our_hello(half).is_none() && their_hello(half).is_none(), "{name}");
        let name = format!("ServerHello, {name}: by tls-parser");
        beside(&mut bars, &name, message, our_hello, their_hello)?;
    }
    let flight = golden(FLIGHT_1_2);
    assert!(our_flight(&flight) == their_flight(&flight) && our_flight(&flight).2, "the flights differ");
    let name = "ServerHello to ServerHelloDone: by tls-parser";
    beside(&mut bars, name, &flight, our_flight, their_flight)?;

    let (challenge, refusal) = (golden(CHALLENGE), golden(REFUSAL));
    for (name, octets) in [("with CHALLENGE", &challenge), ("with pubKeyAuth and errorCode", &refusal)] {
        let (ours, theirs) = our_request(octets).zip(their_request(octets)).ok_or(name)?;
        assert!(ours.nego_token == theirs.nego_tokens.as_deref(), "{name}");
        assert!(ours.error_code.map(|code| code.0) == theirs.error_code.map(|code| code.0), "{name}");
        let name = format!("TSRequest {name}: by sspi");
        beside(&mut bars, &name, octets, our_request_is_read, their_request)?;
    }
    // sspi has no reader of CHALLENGE by itself: ours reads both, its own only the TSRequest.
    assert!(our_challenge(&challenge) == Some((20348, 80)), "{:?}", our_challenge(&challenge));
    let name = "TSRequest and CHALLENGE: by sspi's TSRequest alone";
    beside(&mut bars, name, &challenge, our_challenge, their_request)?;
    let mut malformed = challenge;
    // The version is no INTEGER.
    if let Some(tag) = malformed.get_mut(5) {
        *tag = 0x04;
    }
    assert!(our_request(&malformed).is_none() && their_request(&malformed).is_none(), "it can be read");
    beside(&mut bars, "TSRequest, malformed: by sspi", &malformed, our_request_is_read, their_request)?;
    Ok(bars.finish())
}

/// Looked at where it is: a result that borrows does not leave the batch.
fn our_request_is_read(octets: &[u8]) -> bool {
    black_box(&our_request(octets)).is_some()
}
