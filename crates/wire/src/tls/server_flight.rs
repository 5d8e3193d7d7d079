//! What a server sends in answer to a ClientHello, as far as it is in the clear.
//!
//! RFC 5246 section 7.3, RFC 8446 section 2; server to client. ServerHello, Certificate, and so on to ServerHelloDone; or an
//! alert; or something that is not TLS at all.
use core::borrow::Borrow as _;

use super::alert::Alert;
use super::certificate::{CertificateList, certificate_list};
use super::key_exchange::{KeyExchange, key_exchange};
use super::named_group::NamedGroup;
use super::record::{ContentType, Seen, see};
use super::server_hello::{SERVER_HELLO, ServerHello, server_hello};
use super::signature_scheme::SignatureScheme;
use super::spliced::{Piece, Run, Stretch};
use super::version::Version;
use crate::fault::{Fault, Layer, Problem, WireError, locate};

/// The longest handshake message that is waited for, in octets; a chain of certificates that promises more is a fault.
pub const MAX_HANDSHAKE: u32 = 0xFFFF;
/// The longest flight that is waited for, in octets.
pub const MAX_FLIGHT: usize = 0x2_0000;

/// How a [`ServerFlight`] ends, so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlightEnd<'a> {
    /// It does not yet: more octets are due.
    More,
    /// ServerHelloDone: the server waits for the client.
    Done,
    /// A HelloRetryRequest: the server waits for another hello.
    HelloRetryRequest,
    /// What follows is encrypted: TLS 1.3 after its ServerHello, or a session that was resumed.
    Encrypted,
    /// An alert, and nothing after it so far.
    Alert,
    /// These octets are no TLS record: in place of a ServerHello, or after an alert.
    ClearText(&'a [u8]),
    /// A record or message that cannot be read.
    Malformed(WireError),
}

/// A server's answer to a ClientHello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerFlight<'a> {
    /// ServerHello.
    pub hello: Option<ServerHello>,
    /// Certificate: `None` as long as the message is not whole, and in TLS 1.3.
    pub certificates: Option<CertificateList<'a>>,
    /// The group of the key exchange: of ServerKeyExchange, or in TLS 1.3 of the ServerHello.
    pub group: Option<NamedGroup>,
    /// How the server signed the key exchange; `None` in TLS 1.3, and before TLS 1.2.
    pub signature: Option<SignatureScheme>,
    /// The alert that ended it, or else the first warning.
    pub alert: Option<Alert>,
    /// How it ends, so far.
    pub end: FlightEnd<'a>,
}

/// What a run of handshake records came to.
enum Progress<'a> {
    /// Every message was whole; this follows.
    Whole(&'a [u8]),
    /// The last message was not, and this, which is no handshake record, follows.
    Cut(&'a [u8]),
    End(FlightEnd<'a>),
}

const HELLO_REQUEST: u8 = 0;
const CERTIFICATE: u8 = 11;
const SERVER_KEY_EXCHANGE: u8 = 12;
const SERVER_HELLO_DONE: u8 = 14;

impl<'a> ServerFlight<'a> {
    /// Reads all that came since the ClientHello, from its start; ask again with more as long as `end` is
    /// [`FlightEnd::More`]. What was read before a fault stays.
    #[must_use]
    pub fn read(octets: &'a [u8]) -> Self {
        let mut flight = Self {
            hello: None,
            certificates: None,
            group: None,
            signature: None,
            alert: None,
            end: FlightEnd::More,
        };
        flight.end = match flight.records(octets) {
            Ok(FlightEnd::More) if octets.len() > MAX_FLIGHT => malformed(octets, too_long(octets)),
            Ok(end) => end,
            Err(fault) => malformed(octets, fault),
        };
        flight
    }

    /// Whether ServerHelloDone came.
    #[must_use]
    pub const fn is_done(&self) -> bool {
        matches!(self.end, FlightEnd::Done)
    }

    fn records(&mut self, octets: &'a [u8]) -> Result<FlightEnd<'a>, Fault> {
        let mut at = octets;
        // Whether a message waits for its other records.
        let mut cut = false;
        loop {
            let (kind, contents, length, after) = match see(at) {
                Seen::Header => return Ok(self.so_far()),
                Seen::Stray => return Ok(FlightEnd::ClearText(at)),
                Seen::TooLong(_) if self.alert.is_some_and(Alert::ends) => return Ok(FlightEnd::Alert),
                Seen::TooLong(length) => {
                    let at = at.get(3..).unwrap_or_default();
                    return Err(Fault::new(at, "length", Problem::Length(u32::from(length))));
                }
                Seen::Record { kind, contents, length, after } => (kind, contents, length, after),
            };
            // After an alert that ends it, records tell nothing more; what is not one still does.
            let ended = self.alert.is_some_and(Alert::ends);
            match kind {
                _ if ended => {}
                ContentType::ALERT => match *contents {
                    _ if length != Alert::LEN => {
                        let at = at.get(3..).unwrap_or_default();
                        let length = u32::try_from(length).unwrap_or(u32::MAX);
                        return Err(Fault::new(at, "length", Problem::Length(length)));
                    }
                    [level, description] => self.keep(Alert::new(level, description)),
                    _ => return Ok(FlightEnd::More),
                },
                // Between the records of one message there is nothing else.
                _ if cut => return Err(Fault::new(at, "type", Problem::Value(u32::from(kind.0)))),
                ContentType::HANDSHAKE => {
                    match self.messages(contents, after)? {
                        Progress::Whole(after) => at = after,
                        Progress::Cut(after) => (at, cut) = (after, true),
                        Progress::End(end) => return Ok(end),
                    }
                    continue;
                }
                ContentType::HEARTBEAT => {}
                _ if self.hello.is_some() => return Ok(FlightEnd::Encrypted),
                _ => return Err(Fault::new(at, "type", Problem::Value(u32::from(kind.0)))),
            }
            if contents.len() < length {
                return Ok(self.so_far());
            }
            at = after;
        }
    }

    fn keep(&mut self, alert: Alert) {
        if self.alert.is_none_or(|before| alert.ends() && !before.ends()) {
            self.alert = Some(alert);
        }
    }

    fn so_far(&self) -> FlightEnd<'a> {
        if self.alert.is_some_and(Alert::ends) { FlightEnd::Alert } else { FlightEnd::More }
    }

    /// The messages from `head` on, the contents of a handshake record, as far as the run of such records goes.
    fn messages(&mut self, mut head: &'a [u8], tail: &'a [u8]) -> Result<Progress<'a>, Fault> {
        // Nearly all messages lie within their record.
        while !head.is_empty() {
            let Some((end, rest)) = self.message(Piece::new(head, tail.len()))? else {
                return self.messages_over_records(Run::new(head, tail));
            };
            if let Some(end) = end {
                return Ok(Progress::End(end));
            }
            head = rest.octets();
        }
        Ok(Progress::Whole(tail))
    }

    #[cold]
    fn messages_over_records(&mut self, run: Run<'a>) -> Result<Progress<'a>, Fault> {
        let mut stream = run.stream;
        while stream.len() > 0 {
            let Some((end, rest)) = self.message(stream)? else { return Ok(Progress::Cut(run.after)) };
            if let Some(end) = end {
                return Ok(Progress::End(end));
            }
            stream = rest;
        }
        Ok(Progress::Whole(run.after))
    }

    /// The message that begins `at`: how the flight ends, if it does with that, and what follows. `None` when it is not whole.
    #[inline]
    fn message<S: Stretch<'a>>(&mut self, at: S) -> Result<Option<(Option<FlightEnd<'a>>, S)>, Fault> {
        let Some((header, rest)) = at.chunk() else { return Ok(None) };
        let &[kind, a, b, c] = header.borrow();
        let in_turn = kind == HELLO_REQUEST || (kind == SERVER_HELLO) == self.hello.is_none();
        if !in_turn || (kind == CERTIFICATE && self.certificates.is_some()) {
            return Err(at.fault("msg_type", Problem::Value(u32::from(kind))));
        }
        let length = u32::from_be_bytes([0, a, b, c]);
        if length > MAX_HANDSHAKE || (kind == SERVER_HELLO_DONE && length != 0) {
            return Err(at.fault_at(1, "length", Problem::Length(length)));
        }
        let Some((body, rest)) = rest.split(usize::try_from(length).unwrap_or(usize::MAX)) else {
            return Ok(None);
        };
        let mut end = None;
        match kind {
            SERVER_HELLO => {
                let hello = server_hello(body)?;
                (self.hello, self.group) = (Some(hello), hello.group);
                if hello.is_hello_retry_request {
                    end = Some(FlightEnd::HelloRetryRequest);
                } else if hello.version >= Version::TLS_1_3 {
                    // A draft of TLS 1.3 counts as one: 0x7F00 and up.
                    end = Some(FlightEnd::Encrypted);
                }
            }
            CERTIFICATE => self.certificates = Some(certificate_list(body)?),
            SERVER_KEY_EXCHANGE => {
                if let Some(hello) = self.hello {
                    let KeyExchange { group, signature } = key_exchange(body, hello.version, hello.cipher)?;
                    (self.group, self.signature) = (group, signature);
                }
            }
            SERVER_HELLO_DONE => end = Some(FlightEnd::Done),
            // CertificateRequest, CertificateStatus: nothing in them is asked for.
            _ => {}
        }
        Ok(Some((end, rest)))
    }
}

#[cold]
const fn malformed<'a>(octets: &[u8], fault: Fault) -> FlightEnd<'a> {
    FlightEnd::Malformed(locate(Layer::Tls, octets, fault))
}

#[cold]
fn too_long(octets: &[u8]) -> Fault {
    Fault::new(octets, "flight", Problem::Length(u32::try_from(octets.len()).unwrap_or(u32::MAX)))
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::tls::alert::{AlertDescription, AlertLevel};
    use crate::tls::cipher_suite::CipherSuite;
    use crate::tls::server_hello::tests::{TLS_1_1, TLS_1_3};

    const ULTIMATUM: [u8; 9] = [3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80];
    const ALERT_70: [u8; 7] = [0x15, 3, 3, 0, 2, 2, 70];
    const DONE: [u8; 4] = [14, 0, 0, 0];

    fn record(kind: u8, contents: &[u8]) -> Vec<u8> {
        let [high, low] = u16::try_from(contents.len()).unwrap().to_be_bytes();
        [&[kind, 3, 2, high, low], contents].concat()
    }

    fn message(kind: u8, body: &[u8]) -> Vec<u8> {
        let [_, a, b, c] = u32::try_from(body.len()).unwrap().to_be_bytes();
        [&[kind, a, b, c], body].concat()
    }

    fn certificates(all: &[&[u8]]) -> Vec<u8> {
        let list: Vec<u8> = all.iter().flat_map(|der| message(0, der)[1..].to_vec()).collect();
        message(CERTIFICATE, &message(0, &list)[1..])
    }

    /// ServerHello of TLS 1.1, two certificates, ServerHelloDone.
    fn stream() -> Vec<u8> {
        [&TLS_1_1[..], &certificates(&[b"first certificate", b"second"]), &DONE].concat()
    }

    fn joined(flight: &ServerFlight<'_>) -> Vec<Vec<u8>> {
        let all = flight.certificates.into_iter().flatten();
        all.map(|certificate| certificate.pieces().flatten().copied().collect()).collect()
    }

    #[test]
    fn flight_of_one_record_gives_hello_and_certificates_by_reference() {
        let octets = record(22, &stream());
        let flight = ServerFlight::read(&octets);
        assert_eq!(flight.hello.unwrap().cipher, CipherSuite(0x002F));
        assert_eq!((flight.end, flight.is_done(), flight.alert), (FlightEnd::Done, true, None));
        let list = flight.certificates.unwrap();
        assert_eq!((list.len(), list.is_empty()), (2, false));
        assert_eq!(list.first().unwrap().as_slice(), Some(&b"first certificate"[..]));
        assert_eq!(list.iter().nth(1).unwrap().as_slice(), Some(&b"second"[..]));
    }

    #[test]
    fn group_and_signature_of_the_key_exchange_are_read_as_far_as_they_are_there() {
        let mut hello = TLS_1_1;
        (hello[5], hello[hello.len() - 3], hello[hello.len() - 2]) = (3, 0xC0, 0x30);
        let read = |hello: &[u8], exchange: &[u8]| {
            let octets = record(22, &[hello, &message(SERVER_KEY_EXCHANGE, exchange), &DONE].concat());
            let ServerFlight { group, signature, end, .. } = ServerFlight::read(&octets);
            (group.map(|group| group.0), signature.map(|scheme| scheme.0), matches!(end, FlightEnd::Done))
        };
        // P-521, a point of two octets, ecdsa_secp521r1_sha512, an empty signature.
        let exchange = [3, 0, 25, 2, 4, 9, 6, 3, 0, 0];
        assert_eq!(read(&hello, &exchange), (Some(25), Some(0x0603), true));
        for cut in 0..8 {
            assert_eq!(read(&hello, &exchange[..cut]), (None, None, false), "{cut}");
        }
        assert_eq!(read(&hello, &[1, 0, 25, 2, 4, 9]), (None, None, true), "a curve without a name");
        let mut dhe = hello;
        (dhe[dhe.len() - 3], dhe[dhe.len() - 2]) = (0, 0x9E);
        assert_eq!(read(&dhe, &[0]), (None, None, true), "another key exchange");
        let mut older = hello;
        older[5] = 2;
        assert_eq!(read(&older, &exchange), (Some(25), None, true), "before TLS 1.2 no scheme is named");
    }

    #[test]
    fn records_of_every_size_give_the_same_flight() {
        let stream = stream();
        for size in 1..=stream.len() {
            let octets: Vec<u8> = stream.chunks(size).flat_map(|piece| record(22, piece)).collect();
            let flight = ServerFlight::read(&octets);
            assert_eq!(flight.hello.unwrap().cipher, CipherSuite(0x002F), "{size}");
            assert_eq!(joined(&flight), [&b"first certificate"[..], b"second"], "{size}");
            assert_eq!(flight.end, FlightEnd::Done, "{size}");
            let first = flight.certificates.unwrap().first().unwrap();
            let mut buffer = [0; 20];
            assert_eq!(first.copy_to(&mut buffer), Some(&b"first certificate"[..]));
            assert_eq!(first.copy_to(&mut buffer[..16]), None);
            assert_eq!((first.len(), first.is_empty()), (17, false));
        }
    }

    #[test]
    fn every_cut_waits_for_more_and_keeps_what_is_whole() {
        let stream = stream();
        let octets: Vec<u8> = stream.chunks(30).flat_map(|piece| record(22, piece)).collect();
        for len in 0..octets.len() {
            let flight = ServerFlight::read(&octets[..len]);
            assert_eq!(flight.end, FlightEnd::More, "{len}");
            // 42 octets of message, and the headers of two records.
            assert_eq!(flight.hello.is_some(), len >= 42 + 10, "{len}");
        }
    }

    #[test]
    fn empty_records_between_pieces_change_nothing() {
        let stream = stream();
        let (head, tail) = stream.split_at(50);
        let octets = [record(22, &[]), record(22, head), record(22, &[]), record(22, tail)].concat();
        let flight = ServerFlight::read(&octets);
        assert_eq!((flight.end, joined(&flight).len()), (FlightEnd::Done, 2));
    }

    #[test]
    fn tls_1_3_is_over_after_its_hello() {
        let octets = [record(22, &TLS_1_3), record(20, &[1]), record(23, &[0xEE; 40])].concat();
        let flight = ServerFlight::read(&octets);
        assert_eq!((flight.hello.unwrap().version, flight.end), (Version::TLS_1_3, FlightEnd::Encrypted));
        assert_eq!(flight.certificates, None);
    }

    #[test]
    fn hello_retry_request_wants_another_hello() {
        let mut retry = TLS_1_3;
        retry[6..38].copy_from_slice(&[
            0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8,
            0x91, //
            0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C,
        ]);
        let octets = record(22, &retry);
        assert_eq!(ServerFlight::read(&octets).end, FlightEnd::HelloRetryRequest);
    }

    #[test]
    fn alert_and_the_clear_text_after_it_are_both_kept() {
        let flight = ServerFlight::read(&ALERT_70);
        assert_eq!(flight.alert.unwrap().description, AlertDescription::PROTOCOL_VERSION);
        assert_eq!((flight.alert.unwrap().level, flight.end), (AlertLevel::FATAL, FlightEnd::Alert));
        // xrdp without a version in common.
        let octets = [&ALERT_70[..], &ULTIMATUM].concat();
        let flight = ServerFlight::read(&octets);
        assert_eq!(flight.alert.unwrap().description.name(), Some("protocol_version"));
        assert_eq!(flight.end, FlightEnd::ClearText(&ULTIMATUM));
        // And half of another record after it is no reason to wait.
        let octets = [&ALERT_70[..], &[0x15, 3]].concat();
        assert_eq!(ServerFlight::read(&octets).end, FlightEnd::Alert);
    }

    #[test]
    fn clear_text_in_place_of_a_hello_is_given_out() {
        for text in [&ULTIMATUM[..], b"HTTP/1.1 400 Bad Request\r\n", b"S"] {
            let flight = ServerFlight::read(text);
            assert_eq!((flight.hello, flight.alert, flight.end), (None, None, FlightEnd::ClearText(text)));
        }
    }

    #[test]
    fn alert_that_only_warns_does_not_end_the_flight() {
        let warning = record(21, &[1, 112]);
        let octets = [warning.clone(), record(22, &stream())].concat();
        let flight = ServerFlight::read(&octets);
        assert_eq!(flight.alert.unwrap().description, AlertDescription::UNRECOGNIZED_NAME);
        assert_eq!(flight.end, FlightEnd::Done);
        assert_eq!(ServerFlight::read(&warning).end, FlightEnd::More);
        let octets = [warning.clone(), warning, ALERT_70.to_vec()].concat();
        let flight = ServerFlight::read(&octets);
        assert_eq!((flight.alert.unwrap().description.0, flight.end), (70, FlightEnd::Alert));
    }

    #[test]
    fn alert_in_the_middle_of_a_message_ends_the_flight_and_a_hello_is_kept() {
        let octets = [record(22, &stream()[..60]), ALERT_70.to_vec()].concat();
        let flight = ServerFlight::read(&octets);
        assert_eq!((flight.hello.is_some(), flight.end), (true, FlightEnd::Alert));
    }

    #[test]
    fn alert_of_another_size_is_malformed() {
        for contents in [&[2][..], &[2, 70, 0]] {
            let octets = record(21, contents);
            let FlightEnd::Malformed(error) = ServerFlight::read(&octets).end else { panic!("{contents:?}") };
            assert_eq!((error.layer, error.field, error.offset), (Layer::Tls, "length", 3));
        }
    }

    #[test]
    fn chain_of_16_mib_is_a_fault_at_once_and_the_hello_is_kept() {
        let octets = record(22, &[&TLS_1_1[..], &[CERTIFICATE, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFC]].concat());
        let flight = ServerFlight::read(&octets);
        let FlightEnd::Malformed(error) = flight.end else { panic!("{:?}", flight.end) };
        assert!(flight.hello.is_some());
        assert_eq!((error.field, error.offset), ("length", 5 + 42 + 1));
        assert_eq!(error.problem, Problem::Length(0x00FF_FFFF));
    }

    #[test]
    fn flight_without_an_end_is_a_fault_beyond_its_limit() {
        let empty = record(22, &[]).repeat(MAX_FLIGHT / 5 + 1);
        let (short, long) = (&empty[..MAX_FLIGHT], &empty[..MAX_FLIGHT + 1]);
        assert_eq!(ServerFlight::read(short).end, FlightEnd::More);
        let FlightEnd::Malformed(error) = ServerFlight::read(long).end else { panic!("it waits for more") };
        assert_eq!((error.field, error.offset), ("flight", 0));
    }

    #[test]
    fn record_beyond_the_longest_is_a_fault_at_once() {
        let FlightEnd::Malformed(error) = ServerFlight::read(&[22, 3, 3, 0xFF, 0xFF]).end else { panic!() };
        assert_eq!((error.field, error.offset, error.problem), ("length", 3, Problem::Length(0xFFFF)));
    }

    #[test]
    fn certificate_lengths_that_disagree_are_named_in_what_was_given() {
        // Offsets in the message: list at 4, first entry at 7.
        for (at, value, field, offset) in [
            (6, 9, "certificate_list", 4),
            (9, 0, "ASN.1Cert", 7),
            (9, 6, "ASN.1Cert", 7),
            (9, 4, "ASN.1Cert", 14),
            (7, 0xFF, "ASN.1Cert", 7),
        ] {
            let mut message = certificates(&[b"12345"]);
            message[at] = value;
            // In one record, and with a record's header before the fault.
            for size in [42 + message.len(), 42 + 4] {
                let all = [&TLS_1_1[..], &message].concat();
                let octets: Vec<u8> = all.chunks(size).flat_map(|piece| record(22, piece)).collect();
                let FlightEnd::Malformed(error) = ServerFlight::read(&octets).end else {
                    panic!("{at} {value}")
                };
                let headers = if size == 46 { 10 } else { 5 };
                assert_eq!((error.field, error.offset), (field, headers + 42 + offset), "{at} {value}");
            }
        }
    }

    #[test]
    fn fault_is_where_it_is_whatever_came_behind_it() {
        // A ServerHello of nothing, over two records or in one.
        for hello in [[record(22, &[2, 0]), record(22, &[0, 0])].concat(), record(22, &[2, 0, 0, 0])] {
            for more in [&[][..], &record(22, &[]), &record(22, &[0]), &record(22, &[0])[..4]] {
                let octets = [&hello[..], more].concat();
                let FlightEnd::Malformed(error) = ServerFlight::read(&octets).end else {
                    panic!("{octets:02X?}")
                };
                assert_eq!((error.field, error.offset), ("legacy_version", hello.len()), "{octets:02X?}");
            }
        }
    }

    #[test]
    fn empty_list_is_a_list_without_certificates_and_not_an_absent_one() {
        let octets = record(22, &[&TLS_1_1[..], &certificates(&[]), &DONE].concat());
        let flight = ServerFlight::read(&octets);
        assert_eq!(flight.certificates.map(CertificateList::len), Some(0));
        assert_eq!(flight.end, FlightEnd::Done);
    }

    #[test]
    fn messages_out_of_turn_are_malformed() {
        let two = certificates(&[b"1"]);
        for (stream, offset) in [
            (certificates(&[b"1"]), 5),
            ([&TLS_1_1[..], &TLS_1_1].concat(), 5 + 42),
            ([&TLS_1_1[..], &two, &two].concat(), 5 + 42 + two.len()),
        ] {
            let octets = record(22, &stream);
            let FlightEnd::Malformed(error) = ServerFlight::read(&octets).end else { panic!("{offset}") };
            assert_eq!((error.field, error.offset), ("msg_type", offset));
        }
        // HelloRequest may come at any time, and says nothing.
        let octets = record(22, &[&[0, 0, 0, 0], &stream()[..]].concat());
        assert_eq!(ServerFlight::read(&octets).end, FlightEnd::Done);
    }

    #[test]
    fn records_out_of_turn_are_malformed() {
        let half = record(22, &stream()[..60]);
        let heartbeat = record(24, &[1, 0, 0]);
        for octets in [
            record(23, &[0; 8]),
            record(20, &[1]),
            [half.clone(), heartbeat.clone()].concat(),
            [half.clone(), record(21, &[1, 112]), half].concat(),
        ] {
            let flight = ServerFlight::read(&octets);
            let FlightEnd::Malformed(error) = flight.end else { panic!("{octets:02X?}") };
            assert_eq!(error.field, "type");
        }
        let octets = [heartbeat, record(22, &stream())].concat();
        assert_eq!(ServerFlight::read(&octets).end, FlightEnd::Done);
    }

    #[test]
    fn session_that_is_resumed_is_encrypted_after_its_hello() {
        let octets = [record(22, &TLS_1_1), record(20, &[1])].concat();
        assert_eq!(ServerFlight::read(&octets).end, FlightEnd::Encrypted);
    }

    #[test]
    fn other_messages_are_passed_over() {
        let more = [message(22, &[1]), message(12, &[0; 300]), message(13, &[0; 9])].concat();
        let octets = record(22, &[&TLS_1_1[..], &certificates(&[b"1"]), &more, &DONE].concat());
        assert_eq!(ServerFlight::read(&octets).end, FlightEnd::Done);
        let octets = record(22, &[&TLS_1_1[..], &[14, 0, 0, 1, 0]].concat());
        assert!(matches!(ServerFlight::read(&octets).end, FlightEnd::Malformed(_)));
    }
}
