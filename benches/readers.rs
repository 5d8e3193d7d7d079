//! Reading what servers send: the first flight beside tls-parser, TSRequest and CHALLENGE beside sspi, the confirms of MCS, licensing and
//! Demand Active beside ironrdp-pdu.
use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;

use ironrdp_pdu::mcs::{self, decode_send_data_indication};
use ironrdp_pdu::rdp::capability_sets::CapabilitySet as TheirSet;
use ironrdp_pdu::rdp::headers::{ShareControlPdu, decode_share_control};
use ironrdp_pdu::rdp::server_license::LicensePdu;
use ironrdp_pdu::x224::X224;
use rdp_probe_benches::{Bars, Beside, repeat};
use rdp_probe_wire::credssp::{TsRequest, ntlm_in};
use rdp_probe_wire::license::LicenseMessage;
use rdp_probe_wire::mcs::{AttachUserConfirm, ChannelJoinConfirm, SendDataIndication};
use rdp_probe_wire::ntlm::Challenge;
use rdp_probe_wire::share::{CapabilitySet, ServerMessage, SharePdu};
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
const LICENSE_REQUEST: &str = include_str!("../tests/golden/built-license-request-xrdp.hex");
/// What licensing ends with, as FreeRDP and ironrdp send it, from the security header on.
const VALID_CLIENT: &[u8] = b"\x80\0\0\0\xFF\x03\x10\0\x07\0\0\0\x02\0\0\0\x04\0\0\0";
const REFUSAL: &str = include_str!("../tests/golden/ironrdp-wrong-password.hex");
const DEMAND: &str = include_str!("../tests/golden/built-demand-active.hex");

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

/// Who was attached, whoever reads it: result and user id.
#[inline(never)]
fn our_attach(pdu: &[u8]) -> Option<(u8, u16)> {
    let confirm = AttachUserConfirm::parse(pdu).ok()?;
    Some((confirm.result.0, confirm.initiator?))
}

#[inline(never)]
fn their_attach(pdu: &[u8]) -> Option<(u8, u16)> {
    let X224(confirm) = ironrdp_core::decode::<X224<mcs::AttachUserConfirm>>(pdu).ok()?;
    Some((confirm.result, confirm.initiator_id))
}

/// Who joined what, whoever reads it: result, user id, the channel that was asked for and the one that was joined.
type Joined = Option<(u8, u16, u16, u16)>;

#[inline(never)]
fn our_join(pdu: &[u8]) -> Joined {
    let confirm = ChannelJoinConfirm::parse(pdu).ok()?;
    Some((confirm.result.0, confirm.initiator, confirm.requested, confirm.channel?))
}

#[inline(never)]
fn their_join(pdu: &[u8]) -> Joined {
    let X224(confirm) = ironrdp_core::decode::<X224<mcs::ChannelJoinConfirm>>(pdu).ok()?;
    Some((confirm.result, confirm.initiator_id, confirm.requested_channel_id, confirm.channel_id))
}

/// The confirms, whole, and cut in the last field.
fn confirms(bars: &mut Bars) -> Result<(), Box<dyn Error>> {
    const ATTACHED: [u8; 11] = [3, 0, 0, 0x0B, 2, 0xF0, 0x80, 0x2E, 0, 0, 6];
    const JOINED: [u8; 15] = [3, 0, 0, 0x0F, 2, 0xF0, 0x80, 0x3E, 0, 0, 6, 3, 0xEB, 3, 0xEB];
    let bar = Beside::at_most(1.0 / 3.0);
    for (name, octets) in [("", &ATTACHED[..]), (", cut", ATTACHED.split_last().ok_or("empty")?.1)] {
        // What disagrees is not the same work.
        assert!(our_attach(octets) == their_attach(octets) && our_attach(octets).is_some() == name.is_empty());
        bars.beside(
            &format!("Attach User Confirm{name}: by ironrdp-pdu"),
            bar,
            repeat(READS, || our_attach(black_box(octets))),
            repeat(READS, || their_attach(black_box(octets))),
        )?;
    }
    for (name, octets) in [("", &JOINED[..]), (", cut", JOINED.split_last().ok_or("empty")?.1)] {
        assert!(our_join(octets) == their_join(octets) && our_join(octets).is_some() == name.is_empty());
        bars.beside(
            &format!("Channel Join Confirm{name}: by ironrdp-pdu"),
            bar,
            repeat(READS, || our_join(black_box(octets))),
            repeat(READS, || their_join(black_box(octets))),
        )?;
    }
    Ok(())
}

/// Looked at where it is, as [`our_request_is_read`].
#[inline(never)]
fn our_license_is_read(data: &[u8]) -> bool {
    black_box(&LicenseMessage::parse(data)).is_ok()
}

#[inline(never)]
fn their_license_is_read(data: &[u8]) -> bool {
    black_box(&ironrdp_core::decode::<LicensePdu>(data)).is_ok()
}

/// What licensing says, beside ironrdp-pdu.
fn licensing(bars: &mut Bars) -> Result<(), Box<dyn Error>> {
    let pdu = golden(LICENSE_REQUEST);
    let request = SendDataIndication::parse(&pdu)?.data;
    let messages = [("ERROR_ALERT", VALID_CLIENT, 1.0 / 3.0), ("LICENSE_REQUEST", request, 0.5)];
    for (name, data, bar) in messages {
        // What disagrees is not the same work.
        assert!(our_license_is_read(data) && their_license_is_read(data), "{name}");
        let ours = repeat(READS, || our_license_is_read(black_box(data)));
        let theirs = repeat(READS, || their_license_is_read(black_box(data)));
        bars.beside(&format!("{name}: by ironrdp-pdu"), Beside::at_most(bar), ours, theirs)?;
    }
    Ok(())
}

/// What a Demand Active says, whoever reads it: share, how many sets, width, height and bits a pixel.
type Demanded = Option<(u32, usize, [u16; 3])>;

#[inline(never)]
fn our_demand(pdu: &[u8]) -> Demanded {
    let ServerMessage::DemandActive(demand) = SharePdu::parse(pdu).ok()?.message else { return None };
    let (mut count, mut screen) = (0_usize, [0; 3]);
    for set in demand.capabilities {
        if let CapabilitySet::Bitmap(bitmap) = set.ok()? {
            screen = [bitmap.width, bitmap.height, bitmap.bits_per_pixel];
        }
        count = count.saturating_add(1);
    }
    Some((demand.share_id, count, screen))
}

#[inline(never)]
fn their_demand(pdu: &[u8]) -> Demanded {
    let read = decode_share_control(decode_send_data_indication(pdu).ok()?).ok()?;
    let ShareControlPdu::ServerDemandActive(demand) = read.pdu else { return None };
    let mut screen = [0; 3];
    for set in &demand.pdu.capability_sets {
        if let TheirSet::Bitmap(bitmap) = set {
            screen = [bitmap.desktop_width, bitmap.desktop_height, bitmap.pref_bits_per_pix];
        }
    }
    Some((read.share_id, demand.pdu.capability_sets.len(), screen))
}

/// Compares two readers of the same octets.
fn beside<T, U>(
    bars: &mut Bars,
    name: &str,
    octets: &[u8],
    ours: impl Fn(&[u8]) -> T,
    theirs: impl Fn(&[u8]) -> U,
) -> Result<(), Box<dyn Error>> {
    beside_at_most(bars, name, 0.6, octets, ours, theirs)
}

/// The same, with a bar of its own.
fn beside_at_most<T, U>(
    bars: &mut Bars,
    name: &str,
    bar: f64,
    octets: &[u8],
    ours: impl Fn(&[u8]) -> T,
    theirs: impl Fn(&[u8]) -> U,
) -> Result<(), Box<dyn Error>> {
    let (ours, theirs) =
        (repeat(READS, || ours(black_box(octets))), repeat(READS, || theirs(black_box(octets))));
    bars.beside(name, Beside::at_most(bar), ours, theirs)
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
    confirms(&mut bars)?;
    licensing(&mut bars)?;

    let demand = golden(DEMAND);
    let mut malformed = demand.clone();
    // The last set runs over the end.
    if let Some(length) = malformed.iter_mut().nth_back(9) {
        *length = 0xFF;
    }
    for (name, octets, readable) in [("19 sets", &demand, true), ("malformed", &malformed, false)] {
        let said = our_demand(octets);
        assert!(said == their_demand(octets) && said.is_some() == readable, "{name}: {said:?}");
        let name = format!("Demand Active, {name}: by ironrdp-pdu");
        beside_at_most(&mut bars, &name, 1.0 / 3.0, octets, our_demand, their_demand)?;
    }
    Ok(bars.finish())
}

/// Looked at where it is: a result that borrows does not leave the batch.
fn our_request_is_read(octets: &[u8]) -> bool {
    black_box(&our_request(octets)).is_some()
}
