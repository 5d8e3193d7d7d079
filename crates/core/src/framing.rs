//! Where a PDU ends: asked by every driver of the octets that it holds.
use rdp_probe_wire::after_tls::{self, AfterTls};
use rdp_probe_wire::credssp::ts_request;
use rdp_probe_wire::first_octets::{ENOUGH, FirstOctets, classify, is_no_tpkt};
use rdp_probe_wire::http::{self, BodyLength, Response, Status};
use rdp_probe_wire::rdsaad;
use rdp_probe_wire::rdstls::Capabilities;
use rdp_probe_wire::tls::{FlightEnd, ServerFlight};
use rdp_probe_wire::tpkt::{self, Frame, Tpkt};
use rdp_probe_wire::tsgu;
use rdp_probe_wire::{early_user_auth, fast_path};

/// What a PDU looks like on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Framing {
    /// TPKT (RFC 1006 section 6), and no fast-path yet.
    Tpkt,
    /// TPKT or fast-path, each by its first octet ([MS-RDPBCGR] 2.2.9.1.2): from Confirm Active on.
    Session,
    /// One TSRequest ([MS-CSSP] 2.2.1).
    TsRequest,
    /// The Early User Authorization Result PDU ([MS-RDPBCGR] 2.2.10.2), or what comes in its place: one more TSRequest, or a TPKT.
    EarlyUserAuth,
    /// The RDSTLS Capabilities PDU ([MS-RDPBCGR] 2.2.17.1).
    Rdstls,
    /// The RDS AAD Server Nonce PDU ([MS-RDPBCGR] 2.2.18.1).
    Rdsaad,
    /// One answer of HTTP, head and body (RFC 9112). Of one that may open a channel of a gateway's the head alone: what its body is nobody
    /// tells, and it may not end.
    Http,
    /// One packet of a gateway's tunnel ([MS-TSGU] 2.2.10).
    Tsgu,
    /// The first packet in a gateway's OUT channel, with what stands before it.
    TsguBehindSeed,
    /// All that a server says in the clear to a ClientHello: records up to ServerHelloDone, to what is encrypted, or to an
    /// alert.
    ServerFlight,
}

/// What the octets so far come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "there is no fourth answer")]
pub enum Found {
    /// So many octets at the start are one whole PDU: [`crate::Event::Pdu`].
    Pdu(usize),
    /// They are something else: [`crate::Event::Stray`].
    Stray,
    /// More are needed.
    More,
}

/// The longest flight that is read: a ServerHello, a message of certificates as long as one may be, and what is around.
const MOST_FLIGHT: usize = 0x1_8000;

impl Framing {
    /// Looks for a PDU at the start of `held`. Never asks for more than a PDU can have.
    #[must_use]
    pub fn find(self, held: &[u8]) -> Found {
        match self {
            Self::Tpkt if is_no_tpkt(held) => Found::Stray,
            Self::Tpkt => match tpkt::frame(held) {
                // Another protocol is named by more octets than its first.
                Frame::Stray if classify(held) == FirstOctets::Undecided && held.len() < ENOUGH => Found::More,
                frame @ (Frame::Whole(_) | Frame::Partial { .. } | Frame::Stray | _) => found(frame),
            },
            Self::Session => found(fast_path::frame(held)),
            Self::TsRequest => inside(held, ts_request::frame(held)),
            Self::EarlyUserAuth => found(early_user_auth_frame(held)),
            Self::Rdsaad => inside(held, rdsaad::frame(held)),
            Self::Http => found(http_frame(held)),
            Self::Tsgu => found(tsgu::frame(held)),
            Self::TsguBehindSeed => found(tsgu::frame_behind_seed(held)),
            Self::Rdstls if held.len() >= Capabilities::LEN => Found::Pdu(Capabilities::LEN),
            Self::Rdstls => Found::More,
            Self::ServerFlight => match ServerFlight::read(held).end {
                // After an alert some servers say in the clear why, and all of them hang up: that is waited for.
                FlightEnd::More | FlightEnd::Alert if held.len() < MOST_FLIGHT => Found::More,
                FlightEnd::ClearText(rest) if is_cut_disconnect(rest) => Found::More,
                FlightEnd::More | FlightEnd::ClearText(_) | FlightEnd::Malformed(_) => Found::Stray,
                FlightEnd::Done
                | FlightEnd::HelloRetryRequest
                | FlightEnd::Encrypted
                | FlightEnd::Alert
                | _ => Found::Pdu(held.len()),
            },
        }
    }
}

impl Framing {
    /// How long the PDU is to be that `held` is the beginning of, in octets; `None` when that is not told.
    #[must_use]
    pub fn promised(self, held: &[u8]) -> Option<usize> {
        let frame = match self {
            Self::Tpkt => tpkt::frame(held),
            Self::Session => fast_path::frame(held),
            Self::TsRequest => ts_request::frame(held),
            Self::EarlyUserAuth => early_user_auth_frame(held),
            Self::Rdstls => Frame::Partial { length: Some(Capabilities::LEN) },
            Self::Rdsaad => rdsaad::frame(held),
            Self::Http => http_frame(held),
            Self::Tsgu => tsgu::frame(held),
            Self::TsguBehindSeed => tsgu::frame_behind_seed(held),
            Self::ServerFlight => return None,
        };
        if let Frame::Partial { length } = frame { length } else { None }
    }
}

/// Three kinds of messages that tell themselves apart.
fn early_user_auth_frame(held: &[u8]) -> Frame {
    match after_tls::classify(held) {
        AfterTls::TsRequest => ts_request::frame(held),
        AfterTls::Tpkt => tpkt::frame(held),
        AfterTls::EarlyUserAuth(_)
        | AfterTls::Rdstls
        | AfterTls::Rdsaad
        | AfterTls::Foreign(_)
        | AfterTls::Undecided
        | _ => early_user_auth::frame(held),
    }
}

/// An answer of HTTP ends with its body, and one that opens a channel with its head.
fn http_frame(held: &[u8]) -> Frame {
    match http::frame_head(held) {
        head @ Frame::Whole(length) if held.get(..length).is_some_and(opens_channel) => head,
        Frame::Whole(_) | Frame::Partial { .. } | Frame::Stray | _ => http::frame(held),
    }
}

/// Whether this is the head of an answer whose body may be a channel: one that is well, and whose length nobody tells.
fn opens_channel(head: &[u8]) -> bool {
    Response::parse(head).is_ok_and(|response| {
        response.status == Status::OK
            && matches!(response.body_length(), BodyLength::Chunked | BodyLength::UntilClose)
    })
}

/// Inside TLS a server may still answer with a TPKT: a disconnect, which has to be whole to be named.
fn inside(held: &[u8], frame: Frame) -> Found {
    match (frame, held.first()) {
        (Frame::Stray, Some(&Tpkt::VERSION)) => match tpkt::frame(held) {
            Frame::Partial { .. } => Found::More,
            Frame::Whole(_) | Frame::Stray | _ => Found::Stray,
        },
        (frame, _) => found(frame),
    }
}

/// Whether octets in place of TLS are the beginning of a disconnect, which has to be whole to be named. Whoever drives a handshake
/// reads on as long as they are.
#[must_use]
pub fn is_cut_disconnect(octets: &[u8]) -> bool {
    match (octets, tpkt::frame(octets)) {
        ([_, ..], Frame::Partial { length }) => length.unwrap_or_default() <= MOST_DISCONNECT,
        ([_, ..], Frame::Whole(_) | Frame::Stray | _) | ([], _) => false,
    }
}

/// No disconnect is longer, in octets, and as much is kept of what came in place of TLS.
const MOST_DISCONNECT: usize = 256;

const fn found(frame: Frame) -> Found {
    match frame {
        Frame::Whole(len) => Found::Pdu(len),
        Frame::Partial { .. } => Found::More,
        Frame::Stray | _ => Found::Stray,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ULTIMATUM: [u8; 9] = [3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80];

    #[test]
    fn disconnect_in_place_of_a_ts_request_is_waited_for_until_it_is_whole() {
        for len in 1..ULTIMATUM.len() {
            assert_eq!(Framing::TsRequest.find(&ULTIMATUM[..len]), Found::More, "{len} octets");
        }
        assert_eq!(Framing::TsRequest.find(&ULTIMATUM), Found::Stray);
    }

    #[test]
    fn disconnect_in_place_of_a_server_flight_is_waited_for_until_it_is_whole() {
        const ALERT: [u8; 7] = [21, 3, 3, 0, 2, 2, 40];
        for before in [&[][..], &ALERT] {
            for len in 1..ULTIMATUM.len() {
                let held = [before, &ULTIMATUM[..len]].concat();
                assert_eq!(Framing::ServerFlight.find(&held), Found::More, "{len} octets");
            }
            assert_eq!(Framing::ServerFlight.find(&[before, &ULTIMATUM].concat()), Found::Stray);
        }
        assert_eq!(
            Framing::ServerFlight.find(&[3, 0, 0xFF, 0xFF, 1]),
            Found::Stray,
            "too long for a disconnect"
        );
    }

    #[test]
    fn answer_that_may_open_a_channel_ends_with_its_head() {
        let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
        for len in 1..head.len() {
            assert_eq!(Framing::Http.find(&head[..len]), Found::More, "{len} octets");
        }
        let held = [&head[..], b"a\r\n0123456789\r\n"].concat();
        assert_eq!(Framing::Http.find(&held), Found::Pdu(head.len()));
        let refused = String::from_utf8(held).unwrap().replace("200", "404");
        assert_eq!(Framing::Http.find(refused.as_bytes()), Found::More);
        let page = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\npa";
        assert_eq!(Framing::Http.find(page), Found::More);
    }

    #[test]
    fn half_a_banner_waits_for_the_other_half() {
        assert_eq!(Framing::Tpkt.find(b"SS"), Found::More);
        assert_eq!(Framing::Tpkt.find(b"SSH-"), Found::Stray);
    }
}
