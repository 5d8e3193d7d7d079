//! A client of one message, made of `std` alone: what a server really answers, before our own readers see it.

use std::{
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

/// How long an answer may take: FreeRDP needs up to 100 ms on an idle machine.
const LIMIT: Duration = Duration::from_secs(10);

/// What came back.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The octets, in hexadecimal.
    pub(crate) octets: String,
    /// The server closed the connection after them.
    pub(crate) closed: bool,
}

/// Sends a Connection Request with these `requestedProtocols`, and reads as much as `expected` holds.
///
/// Only where `expected` says that the server closes is the end waited for: other servers keep the connection.
pub(crate) fn ask(address: SocketAddr, mask: u32, expected: &Answer) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(LIMIT)).unwrap();
    stream.write_all(&connection_request(mask)).unwrap();
    let mut octets = Vec::new();
    let length = expected.octets.split(' ').count();
    let limit = if expected.closed { u64::MAX } else { u64::try_from(length).unwrap() };
    // An error (silence, reset) is no close in order; what came before it is compared all the same.
    let ended = stream.take(limit).read_to_end(&mut octets).is_ok();
    Answer { closed: ended && (expected.closed || octets.len() < length), octets: hex(&octets) }
}

/// Reads an answer from `tests/golden`: octets in hexadecimal, `#` starts a comment. A server that ends its
/// answer with an MCS Disconnect Provider Ultimatum closes then.
pub(crate) fn golden(name: &str) -> Answer {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let octets: Vec<_> =
        text.lines().filter_map(|line| line.split('#').next()).flat_map(str::split_whitespace).collect();
    let octets = octets.join(" ");
    Answer { closed: octets.ends_with("03 00 00 09 02 f0 80 21 80"), octets }
}

/// Client X.224 Connection Request PDU with an RDP Negotiation Request ([MS-RDPBCGR] 2.2.1.1), no cookie.
fn connection_request(mask: u32) -> Vec<u8> {
    let mut request = vec![
        0x03, 0x00, 0x00, 0x13, // TPKT: version 3, length 19
        0x0e, 0xe0, 0x00, 0x00, 0x00, 0x00,
        0x00, // X.224: length 14, Connection Request, references, class 0
        0x01, 0x00, 0x08, 0x00, // TYPE_RDP_NEG_REQ, flags 0, length 8
    ];
    request.extend(mask.to_le_bytes()); // requestedProtocols
    request
}

fn hex(octets: &[u8]) -> String {
    octets.iter().map(|octet| format!("{octet:02x}")).collect::<Vec<_>>().join(" ")
}
