//! What holds for the readers of TLS in the clear, and where tls-parser can read, that it reads the same.
use core::mem::discriminant;

use rdp_probe_core::wire::Problem;
use rdp_probe_core::wire::WireError;
use rdp_probe_core::wire::tls::{
    Certificate, FlightEnd, Hello, HelloForm, MAX_HANDSHAKE, RECORD_HEADER, ServerFlight, ServerHello, Version,
    client_hello, record,
};
use rdp_probe_core::wire::tpkt::Frame;
use tls_parser::{
    SNIType, TlsExtension, TlsMessage, TlsMessageHandshake, parse_tls_client_hello_extensions,
    parse_tls_message_handshake, parse_tls_plaintext, parse_tls_raw_record, parse_tls_server_hello_extensions,
};

/// The readers come back, place their faults, keep what they once said as more octets come, read the same however records cut
/// the messages, and agree with tls-parser.
///
/// # Panics
/// When one does not.
pub fn tls(octets: &[u8]) {
    frames(octets);
    grows(octets);
    alert(octets);
    let stream = stream(octets);
    regrouped(&stream);
    for message in messages(&stream) {
        match message.first() {
            Some(2) => server_hello(message),
            Some(11) => certificate(message),
            _ => {}
        }
    }
    // The input as a message of its own, for fuzzers.
    server_hello(octets);
}

fn frames(octets: &[u8]) {
    let theirs = parse_tls_raw_record(octets).ok();
    match record(octets) {
        Frame::Whole(length) => {
            assert!((RECORD_HEADER..=octets.len()).contains(&length), "{length} of {}", octets.len());
            let (one, _) = octets.split_at_checked(length).unwrap_or_default();
            assert_eq!(record(one), Frame::Whole(length), "a record is a record by itself");
            // Its limit is lower.
            if let Some((rest, _)) = theirs {
                assert_eq!(rest.len().checked_add(length), Some(octets.len()), "{octets:02X?}");
            }
        }
        Frame::Partial { length } => {
            assert_eq!(length.is_some(), octets.len() >= RECORD_HEADER, "{}", octets.len());
            assert!(length.is_none_or(|length| length > octets.len()), "{length:?} of {}", octets.len());
            assert!(theirs.is_none(), "{octets:02X?}");
        }
        // It judges neither type nor version.
        Frame::Stray => assert!(!matches!(octets, [0x14..=0x18, 3, ..]), "{octets:02X?}"),
        _ => {}
    }
}

/// At most so many beginnings of the input are looked at.
const CUTS: usize = 96;

fn grows(octets: &[u8]) {
    let step = octets.len() / CUTS + 1;
    let mut before = ServerFlight::read(&[]);
    assert_eq!(before.end, FlightEnd::More);
    for len in (1..octets.len()).step_by(step).chain([octets.len()]) {
        let (head, _) = octets.split_at_checked(len).unwrap_or_default();
        let now = ServerFlight::read(head);
        placed(head, &now);
        if before.hello.is_some() {
            assert_eq!(now.hello, before.hello, "{head:02X?}");
        }
        if before.certificates.is_some() {
            assert_eq!(ders(&now), ders(&before), "{head:02X?}");
        }
        match (before.end, now.end) {
            (FlightEnd::More, _) | (FlightEnd::Alert, FlightEnd::ClearText(_)) => {}
            (FlightEnd::Malformed(a), FlightEnd::Malformed(b)) => {
                assert_eq!((a.field, a.offset, a.problem), (b.field, b.offset, b.problem), "{head:02X?}");
            }
            (a, b) => assert_eq!(discriminant(&a), discriminant(&b), "{head:02X?}"),
        }
        before = now;
    }
}

fn placed(octets: &[u8], flight: &ServerFlight<'_>) {
    match flight.end {
        FlightEnd::Malformed(error) => error_placed(octets, error),
        FlightEnd::ClearText(rest) => {
            assert!(!rest.is_empty() && octets.ends_with(rest), "{octets:02X?}");
            assert_eq!(record(rest), Frame::Stray, "{octets:02X?}");
        }
        FlightEnd::Done | FlightEnd::HelloRetryRequest | FlightEnd::Encrypted => {
            assert!(flight.hello.is_some(), "{octets:02X?}");
        }
        FlightEnd::Alert => assert!(flight.alert.is_some(), "{octets:02X?}"),
        FlightEnd::More | _ => {}
    }
    for certificate in flight.certificates.into_iter().flatten() {
        let der = joined(certificate);
        assert!(!der.is_empty() && der.len() == certificate.len(), "{octets:02X?}");
        assert!(certificate.as_slice().is_none_or(|slice| slice == der), "{octets:02X?}");
        let mut buffer = vec![0; der.len()];
        assert_eq!(certificate.copy_to(&mut buffer), Some(der.as_slice()), "{octets:02X?}");
    }
    assert_eq!(
        flight.certificates.map(|list| list.len()),
        flight.certificates.map(|list| list.iter().count()),
        "{octets:02X?}"
    );
}

fn error_placed(octets: &[u8], error: WireError) {
    assert!(!error.field.is_empty(), "no field: {error:?}");
    assert_eq!(error.len, octets.len(), "{error:?}");
    assert!(error.offset <= error.len, "{error:?}");
    assert!(error.problem == Problem::Cut || error.offset < error.len, "{error:?}");
}

fn joined(certificate: Certificate<'_>) -> Vec<u8> {
    certificate.pieces().flatten().copied().collect()
}

fn ders(flight: &ServerFlight<'_>) -> Option<Vec<Vec<u8>>> {
    flight.certificates.map(|list| list.iter().map(joined).collect())
}

/// The contents of the handshake records that the input begins with, as far as they are whole.
fn stream(mut octets: &[u8]) -> Vec<u8> {
    let mut stream = Vec::new();
    while let (Some(0x16), Frame::Whole(length)) = (octets.first(), record(octets)) {
        let Some((one, rest)) = octets.split_at_checked(length) else { break };
        let Some(contents) = one.get(RECORD_HEADER..) else { break };
        stream.extend_from_slice(contents);
        octets = rest;
    }
    stream
}

/// The whole messages in a stream, headers included.
fn messages(mut stream: &[u8]) -> Vec<&[u8]> {
    let mut messages = Vec::new();
    while let [_, a, b, c, ..] = *stream {
        let length = usize::try_from(u32::from_be_bytes([0, a, b, c])).unwrap_or(usize::MAX);
        let Some((message, rest)) = stream.split_at_checked(length.saturating_add(4)) else { break };
        messages.push(message);
        stream = rest;
    }
    messages
}

fn records(stream: &[u8], size: usize) -> Vec<u8> {
    let one = |piece: &[u8]| {
        let length = u16::try_from(piece.len()).unwrap_or_default().to_be_bytes();
        [&[0x16, 3, 3], &length[..], piece].concat()
    };
    stream.chunks(size).flat_map(one).collect()
}

fn regrouped(stream: &[u8]) {
    // Records of one octet make six of it.
    if stream.len() > 4096 {
        return;
    }
    let whole = records(stream, 4096);
    let whole = ServerFlight::read(&whole);
    for size in [1, 3, 50] {
        let cut = records(stream, size);
        let cut = ServerFlight::read(&cut);
        assert_eq!((cut.hello, ders(&cut)), (whole.hello, ders(&whole)), "{size}: {stream:02X?}");
        match (cut.end, whole.end) {
            (FlightEnd::Malformed(a), FlightEnd::Malformed(b)) => {
                assert_eq!((a.field, a.problem), (b.field, b.problem), "{size}: {stream:02X?}");
            }
            (a, b) => assert_eq!(discriminant(&a), discriminant(&b), "{size}: {stream:02X?}"),
        }
    }
}

fn alert(octets: &[u8]) {
    let Some([0x15, 3, _, 0, 2, level, description]) = octets.first_chunk() else { return };
    let ours = ServerFlight::read(octets).alert;
    let theirs = parse_tls_plaintext(octets).ok().map(|(_, record)| record.msg);
    let Some([TlsMessage::Alert(theirs)]) = theirs.as_deref() else { return };
    assert_eq!((theirs.severity.0, theirs.code.0), (*level, *description));
    // A later one may end what this one only warns of.
    if ours.is_some_and(|alert| alert.level.0 == theirs.severity.0) && theirs.severity.0 != 1 {
        assert_eq!(ours.map(|alert| alert.description.0), Some(theirs.code.0), "{octets:02X?}");
    }
    assert!(ours.is_some(), "{octets:02X?}");
}

fn server_hello(message: &[u8]) {
    let ours = ServerHello::parse(message);
    let theirs = match parse_tls_message_handshake(message) {
        Ok((_, TlsMessage::Handshake(TlsMessageHandshake::ServerHello(theirs)))) => Some(theirs),
        _ => None,
    };
    match (ours, theirs) {
        (Ok(ours), Some(theirs)) => {
            assert_eq!(ours.legacy_version.0, theirs.version.0, "{message:02X?}");
            assert_eq!(ours.cipher.0, theirs.cipher.0, "{message:02X?}");
            let session = theirs.session_id.map_or(0, <[u8]>::len);
            assert_eq!(usize::from(ours.session_id_len), session, "{message:02X?}");
            // It stops at the first extension that it cannot read.
            let (_, extensions) =
                parse_tls_server_hello_extensions(theirs.ext.unwrap_or_default()).unwrap_or_default();
            for extension in extensions {
                if let TlsExtension::SupportedVersions(versions) = extension
                    && let [version] = versions[..]
                {
                    assert_eq!(ours.version.0, version.0, "{message:02X?}");
                }
            }
        }
        // It takes every block of extensions, and does not look behind it.
        (Err(error), Some(_)) => {
            assert!(error.field.starts_with("extension"), "only they read {message:02X?}: {error}");
        }
        // It knows four versions, and the ones of drafts by another layout.
        (Ok(ours), None) => {
            let known = Version::SSL_3_0..=Version::TLS_1_2;
            assert!(!known.contains(&ours.legacy_version), "only we read {message:02X?}");
        }
        (Err(error), None) => error_placed(message, error),
    }
}

/// A ServerHello for what must follow one: TLS 1.2, zeroes, no session, suite 0x002F, no extensions.
fn before() -> Vec<u8> {
    [&[2, 0, 0, 38, 3, 3], &[0; 33][..], &[0, 0x2F, 0]].concat()
}

fn certificate(message: &[u8]) {
    if message.len() > usize::try_from(MAX_HANDSHAKE).unwrap_or(usize::MAX) {
        return;
    }
    let octets = records(&[before(), message.to_vec()].concat(), 1000);
    let flight = ServerFlight::read(&octets);
    let theirs = match parse_tls_message_handshake(message) {
        Ok((_, TlsMessage::Handshake(TlsMessageHandshake::Certificate(theirs)))) => Some(theirs.cert_chain),
        _ => None,
    };
    match ders(&flight) {
        Some(ours) => {
            let theirs: Option<Vec<_>> =
                theirs.map(|chain| chain.iter().map(|certificate| certificate.data.to_vec()).collect());
            assert_eq!(Some(ours), theirs, "{message:02X?}");
        }
        // It stops in silence at the first certificate that it cannot read, and reads empty ones.
        None => assert!(matches!(flight.end, FlightEnd::Malformed(_)), "{message:02X?}"),
    }
}

/// A ClientHello that we write, tls-parser reads as it was meant.
///
/// # Panics
/// When it does not.
pub fn client_hello_against_tls_parser(hello: &Hello<'_>) {
    let mut octets = Vec::new();
    client_hello(&mut octets, hello);
    let theirs = parse_tls_plaintext(&octets);
    let messages = theirs.as_ref().map(|(rest, record)| (rest.is_empty(), record.msg.as_slice()));
    let Ok((true, [TlsMessage::Handshake(TlsMessageHandshake::ClientHello(theirs))])) = messages else {
        assert!(theirs.is_err(), "not one ClientHello: {octets:02X?}");
        assert!(theirs.is_ok(), "unreadable: {octets:02X?}");
        return;
    };
    let full = hello.form == HelloForm::Full;
    assert_eq!(theirs.version.0, if full { 0x0303 } else { 0x0301 });
    assert_eq!(theirs.random, hello.random);
    assert_eq!(theirs.session_id, full.then_some(&hello.session_id[..]));
    assert!(theirs.ciphers.iter().all(|suite| suite.get_ciphersuite().is_some()), "{:?}", theirs.ciphers);
    assert_eq!(theirs.ciphers.iter().any(|suite| suite.0 >> 8 == 0x13), full);
    let extensions = parse_tls_client_hello_extensions(theirs.ext.unwrap_or_default());
    let Ok((&[], extensions)) = extensions else {
        assert!(extensions.is_err(), "octets behind the extensions: {octets:02X?}");
        assert!(extensions.is_ok(), "unreadable extensions: {octets:02X?}");
        return;
    };
    let (mut name, mut share, mut versions) = (None, None, None);
    for extension in &extensions {
        assert!(!matches!(extension, TlsExtension::Unknown(..)), "{extension:?}");
        if let TlsExtension::SNI(names) = extension {
            name = names.first();
        } else if let TlsExtension::KeyShare(octets) = extension {
            share = octets.get(6..);
        } else if let TlsExtension::SupportedVersions(all) = extension {
            versions = Some(all.len());
        }
    }
    let sent = hello.server_name.filter(|name| (1..=255).contains(&name.len()));
    assert_eq!(name.copied(), sent.map(|name| (SNIType::HostName, name.as_bytes())));
    assert_eq!(share, full.then_some(&hello.key_share[..]));
    assert_eq!(versions, full.then_some(4));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rdp_probe_core::wire::tls::CipherSuite;

    use super::*;
    use crate::generate;
    use crate::oracle::golden::golden;

    #[test]
    fn every_known_message_passes_whole_and_cut() {
        for message in generate::TLS_MESSAGES {
            for len in 0..=message.len() {
                tls(&message[..len]);
            }
        }
    }

    #[test]
    fn suites_have_the_names_of_the_registry() {
        for id in 0..=u16::MAX {
            if let Some(name) = CipherSuite(id).name() {
                let theirs = tls_parser::TlsCipherSuite::from_id(id).map(|suite| suite.name);
                assert_eq!(theirs, Some(name), "{id:04X}");
            }
        }
    }

    /// What the servers of the golden messages chose.
    #[test]
    fn golden_flights_are_read_as_they_were_made() {
        for (file, version, suite, sizes, end) in [
            ("openssl-tls13", Version::TLS_1_3, 0x1301, &[][..], FlightEnd::Encrypted),
            ("openssl-hello-retry", Version::TLS_1_3, 0x1301, &[], FlightEnd::HelloRetryRequest),
            ("openssl-tls12-ecdsa", Version::TLS_1_2, 0xC02C, &[392], FlightEnd::Done),
            ("openssl-tls12-static-rsa", Version::TLS_1_2, 0x002F, &[528], FlightEnd::Done),
            ("openssl-tls12-small-records", Version::TLS_1_2, 0xC030, &[528], FlightEnd::Done),
            ("openssl-tls11", Version::TLS_1_1, 0xC00A, &[392], FlightEnd::Done),
            ("openssl-tls10-reduced", Version::TLS_1_0, 0xC00A, &[392], FlightEnd::Done),
        ] {
            let octets = golden(file);
            let flight = ServerFlight::read(&octets);
            let hello = flight.hello.unwrap();
            assert_eq!((hello.version, hello.cipher.0, flight.end), (version, suite, end), "{file}");
            let found: Vec<_> = flight.certificates.into_iter().flatten().map(Certificate::len).collect();
            assert_eq!(found, sizes, "{file}");
            let spans = file == "openssl-tls12-small-records";
            let first = flight.certificates.and_then(|list| list.first());
            assert!(first.is_none_or(|first| first.as_slice().is_none() == spans), "{file}");
            tls(&octets);
        }
    }

    #[test]
    fn golden_refusals_are_read_as_they_were_made() {
        const ULTIMATUM: &[u8] = &[3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80];
        for (file, alert, end) in [
            ("openssl-alert-protocol-version", Some(70), FlightEnd::Alert),
            ("openssl-alert-internal-error", Some(80), FlightEnd::Alert),
            ("openssl-alert-handshake-failure", Some(40), FlightEnd::Alert),
            ("xrdp-no-common-version", Some(70), FlightEnd::ClearText(ULTIMATUM)),
            ("xrdp-broken-key", None, FlightEnd::ClearText(ULTIMATUM)),
        ] {
            let octets = golden(file);
            let flight = ServerFlight::read(&octets);
            assert_eq!((flight.alert.map(|alert| alert.description.0), flight.end), (alert, end), "{file}");
            assert_eq!(flight.hello, None, "{file}");
            tls(&octets);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]
        #[test]
        fn flights_are_read_alike(octets in generate::tls_octets()) {
            tls(&octets);
        }

        #[test]
        fn hellos_are_read_as_meant(
            random: [u8; 32], session_id: [u8; 32], key_share: [u8; 32],
            name in proptest::option::of("[a-z0-9.-]{0,300}"), full: bool,
        ) {
            let form = if full { HelloForm::Full } else { HelloForm::Reduced };
            let server_name = name.as_deref();
            client_hello_against_tls_parser(&Hello { random, session_id, key_share, server_name, form });
        }
    }
}
