//! Reading an MCS Connect Response with the server's data blocks, beside ironrdp-pdu: over TLS, with a key of Standard RDP
//! Security, and malformed.
use std::error::Error;
use std::hint::black_box;
use std::process::ExitCode;

use ironrdp_pdu::mcs::ConnectResponse as Theirs;
use ironrdp_pdu::x224::{X224, X224Data};
use rdp_probe_benches::{Bars, Beside, repeat};
use rdp_probe_wire::mcs::ConnectResponse;
use rdp_probe_wire::server_certificate::ServerCertificate;

/// Reads in a batch: about a millisecond.
const READS: usize = 10_000;

/// xrdp's answer over TLS: no channels, nothing encrypted.
const TLS: &str = "03 00 00 65 02 f0 80 7f 66 5b 0a 01 00 02 01 00 30 1a 02 01 16 02 01 03 02 01 00 02 01 01 02 01 00 02 \
    01 01 02 03 00 ff f8 02 01 02 04 37 00 05 00 14 7c 00 01 2a 14 76 0a 01 01 00 01 c0 00 4d 63 44 6e 80 20 01 0c 0c 00 \
    04 00 08 00 0b 00 00 00 03 0c 08 00 eb 03 00 00 02 0c 0c 00 00 00 00 00 00 00 00 00";
const STANDARD: &str = include_str!("../tests/golden/xrdp-connect-response-128-bits.hex");

/// The octets of a golden message: in hexadecimal, `#` starts a comment.
fn golden(text: &str) -> Vec<u8> {
    let octets = text.lines().filter_map(|line| line.split('#').next()).flat_map(str::split_whitespace);
    octets.filter_map(|octet| u8::from_str_radix(octet, 16).ok()).collect()
}

/// What a response says, whoever reads it: version, requested protocols, I/O channel, method, octets of the certificate.
type Said = Option<(u32, u32, u16, u32, usize)>;

#[inline(never)]
fn ours(pdu: &[u8]) -> Said {
    let blocks = ConnectResponse::parse(pdu).ok()?.conference?.blocks;
    let (core, network, security) = (blocks.core?, blocks.network?, blocks.security?);
    // The key is part of what we tell; theirs leaves it as octets.
    if !security.certificate.is_empty() {
        ServerCertificate::parse(security.certificate).ok()?;
    }
    let requested = core.requested_protocols?.0;
    Some((core.version.0, requested, network.io_channel, security.method.0, security.certificate.len()))
}

#[inline(never)]
fn theirs(pdu: &[u8]) -> Said {
    let X224(data) = ironrdp_core::decode::<X224<X224Data<'_>>>(pdu).ok()?;
    let response = ironrdp_core::decode::<Theirs>(&data.data).ok()?;
    let blocks = response.conference_create_response.gcc_blocks();
    let requested = blocks.core.optional_data.client_requested_protocols?.bits();
    let security = &blocks.security;
    let method = security.encryption_method.bits();
    Some((blocks.core.version.0, requested, blocks.network.io_channel, method, security.server_cert.len()))
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let (tls, standard) = (golden(TLS), golden(STANDARD));
    let mut malformed = standard.clone();
    // The last length of the certificate's block says more than there is.
    let at = malformed.windows(4).position(|four| four == [0x78, 1, 0, 0]).unwrap_or_default();
    if let Some(octet) = malformed.get_mut(at) {
        *octet = 0xFF;
    }
    let mut bars = Bars::new()?;
    for (name, octets, readable) in
        [("TLS", &tls, true), ("128 bits, key of 2048", &standard, true), ("malformed", &malformed, false)]
    {
        // What disagrees is not the same work.
        assert!(ours(octets) == theirs(octets) && ours(octets).is_some() == readable, "{name}");
        bars.beside(
            &format!("Connect Response, {name}: by ironrdp-pdu"),
            Beside::at_most(1.0 / 3.0),
            repeat(READS, || ours(black_box(octets))),
            repeat(READS, || theirs(black_box(octets))),
        )?;
    }
    Ok(bars.finish())
}
