//! What holds for the readers of MCS, GCC and what comes in their place, and where ironrdp-pdu can read, that it reads the same.
use ironrdp_pdu::gcc::{EncryptionLevel as TheirLevel, ServerGccBlocks};
use ironrdp_pdu::mcs::ConnectResponse as Theirs;
use ironrdp_pdu::x224::{X224, X224Data};
use rdp_probe_core::wire::gcc::{EncryptionLevel, EncryptionMethods, ServerBlocks};
use rdp_probe_core::wire::mcs::{
    ConnectInitial, ConnectResponse, DisconnectProviderUltimatum, SendDataIndication,
};
use rdp_probe_core::wire::server_certificate::ServerCertificate;
use rdp_probe_core::wire::share::ServerMessage;
use rdp_probe_core::wire::tpkt::{Frame, frame};
use rdp_probe_core::wire::{Problem, WireError};
use rdp_probe_core::{connect_initial, wire::nego::Protocols};

/// The readers come back, place their faults, give out what is in the input, and agree with ironrdp-pdu.
///
/// # Panics
/// When one does not.
pub fn mcs(octets: &[u8]) {
    // What follows the PDU is none of it.
    let pdu = match frame(octets) {
        Frame::Whole(length) => octets.split_at_checked(length).map_or(octets, |(pdu, _)| pdu),
        Frame::Partial { .. } | Frame::Stray | _ => octets,
    };
    match ConnectResponse::parse(pdu) {
        Ok(response) => {
            assert!(ConnectResponse::is_one(pdu), "{pdu:02X?}");
            if let Some(conference) = response.conference {
                inside(pdu, &conference.blocks);
                as_ironrdp_reads_it(pdu, &conference.blocks);
            } else {
                assert_ne!(response.result.0, 0, "nothing but a refusal stands alone: {pdu:02X?}");
            }
        }
        Err(error) => placed(pdu, error),
    }
    match SendDataIndication::parse(pdu) {
        Ok(indication) => assert!(within(pdu, indication.data), "{pdu:02X?}"),
        Err(error) => {
            placed(pdu, error);
            assert!(ServerMessage::parse(pdu).is_err(), "{pdu:02X?}");
        }
    }
    for error in [
        ServerMessage::parse(pdu).err(),
        ConnectInitial::parse(pdu).err(),
        DisconnectProviderUltimatum::parse(pdu).err(),
    ] {
        error.into_iter().for_each(|error| placed(pdu, error));
    }
    // The input as a certificate of its own, for fuzzers.
    certificate(octets);
}

fn placed(octets: &[u8], error: WireError) {
    assert!(!error.field.is_empty(), "no field: {error:?}");
    assert_eq!(error.len, octets.len(), "{error:?}");
    assert!(error.offset <= error.len, "{error:?}");
    assert!(error.problem == Problem::Cut || error.offset < error.len, "{error:?}");
}

fn within(octets: &[u8], part: &[u8]) -> bool {
    part.is_empty() || (octets.as_ptr_range().contains(&part.as_ptr()) && part.len() <= octets.len())
}

fn inside(pdu: &[u8], blocks: &ServerBlocks<'_>) {
    if let Some(network) = blocks.network {
        assert!(network.channels().count() <= pdu.len() / 2, "{pdu:02X?}");
    }
    if let Some(security) = blocks.security {
        assert!(within(pdu, security.random) && within(pdu, security.certificate), "{pdu:02X?}");
        let none = security.method == EncryptionMethods::NONE && security.level == EncryptionLevel::NONE;
        assert!(!none || (security.random.is_empty() && security.certificate.is_empty()), "{pdu:02X?}");
        certificate(security.certificate);
    }
}

fn certificate(octets: &[u8]) {
    match ServerCertificate::parse(octets) {
        Ok(read) => assert!(read.key_bits.is_none_or(|bits| (1..=16_384).contains(&bits)), "{octets:02X?}"),
        Err(error) => placed(octets, error),
    }
}

/// It takes what we take, or is stricter: it wants three blocks, knows four methods, and random octets of one length.
///
/// It is not shown what stands behind the message: `userData` is an OCTET STRING, whose length ends it (ITU-T X.690 section
/// 8.7), and so do the lengths within it. ironrdp-pdu 0.11 looks at none of them and reads blocks to the last octet it has.
fn as_ironrdp_reads_it(pdu: &[u8], ours: &ServerBlocks<'_>) {
    let Ok(X224(data)) = ironrdp_core::decode::<X224<X224Data<'_>>>(pdu) else { return };
    // Without one when the length of the whole, which we do not look at, is none.
    let Some(message) = without_what_follows(&data.data) else { return };
    let Ok(theirs) = ironrdp_core::decode::<Theirs>(message) else { return };
    let theirs = theirs.conference_create_response.gcc_blocks();
    same(pdu, ours, theirs);
}

/// A Connect-Response up to the end of its last field.
fn without_what_follows(octets: &[u8]) -> Option<&[u8]> {
    // The tag has two octets, of which the second looks like one of its own.
    let (length, _) = header(octets.get(1..)?)?;
    let mut rest = octets.get(1..)?.get(length..)?;
    for _field in ["result", "calledConnectId", "domainParameters", "userData"] {
        let (header, contents) = header(rest)?;
        rest = rest.get(header.checked_add(contents)?..)?;
    }
    octets.get(..octets.len().checked_sub(rest.len())?)
}

/// How long tag and length of a BER element are, and how long it says that its contents are.
fn header(octets: &[u8]) -> Option<(usize, usize)> {
    let number = |octets: &[u8]| octets.iter().fold(0, |number, octet| (number << 8) | usize::from(*octet));
    match *octets {
        [_, short @ 0..=0x7F, ..] => Some((2, usize::from(short))),
        [_, form @ 0x81..=0x83, ref rest @ ..] => {
            let size = usize::from(form & 0x7F);
            Some((size.checked_add(2)?, number(rest.get(..size)?)))
        }
        _ => None,
    }
}

fn same(pdu: &[u8], ours: &ServerBlocks<'_>, theirs: &ServerGccBlocks) {
    let (Some(core), Some(network), Some(security)) = (ours.core, ours.network, ours.security) else {
        assert!(ours.core.is_some(), "only they read a core: {pdu:02X?}");
        assert!(ours.network.is_some() && ours.security.is_some(), "only they read it: {pdu:02X?}");
        return;
    };
    let optional = &theirs.core.optional_data;
    assert_eq!(core.version.0, theirs.core.version.0, "{pdu:02X?}");
    let requested = optional.client_requested_protocols.map(|requested| requested.bits());
    assert_eq!(core.requested_protocols.map(|requested| requested.0), requested, "{pdu:02X?}");
    let flags = optional.early_capability_flags.map(|flags| flags.bits());
    assert_eq!(core.early_capability_flags.map(|flags| flags.0), flags, "{pdu:02X?}");
    assert_eq!(network.io_channel, theirs.network.io_channel, "{pdu:02X?}");
    assert!(network.channels().eq(theirs.network.channel_ids.iter().copied()), "{pdu:02X?}");
    assert_eq!(security.method.0, theirs.security.encryption_method.bits(), "{pdu:02X?}");
    let level = match theirs.security.encryption_level {
        TheirLevel::None => 0,
        TheirLevel::Low => 1,
        TheirLevel::ClientCompatible => 2,
        TheirLevel::High => 3,
        TheirLevel::Fips => 4,
    };
    assert_eq!(security.level.0, level, "{pdu:02X?}");
    assert_eq!(
        security.random,
        theirs.security.server_random.as_ref().map_or(&[][..], |random| random),
        "{pdu:02X?}"
    );
    assert_eq!(security.certificate, theirs.security.server_cert, "{pdu:02X?}");
}

/// A Connect Initial that we send, we read as it was meant.
///
/// # Panics
/// When we do not.
pub fn connect_initial_reads_back(selected: Protocols, methods: EncryptionMethods) {
    let octets = connect_initial(None, selected, methods);
    assert_eq!(frame(&octets), Frame::Whole(octets.len()), "{octets:02X?}");
    let read = ConnectInitial::parse(&octets);
    let meant = EncryptionMethods(methods.0 & EncryptionMethods::ALL.0);
    assert!(
        read.is_ok_and(|read| (read.selected, read.methods) == (Some(selected), Some(meant))),
        "{octets:02X?}: {read:?}"
    );
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::generate;
    use crate::oracle::golden::golden;

    #[test]
    fn every_known_message_passes_whole_and_cut() {
        for message in generate::MCS_MESSAGES {
            for len in 0..=message.len() {
                mcs(&message[..len]);
            }
        }
    }

    #[test]
    fn golden_response_is_read_as_it_was_made_and_by_both() {
        let octets = golden("xrdp-connect-response-128-bits");
        let blocks = ConnectResponse::parse(&octets).unwrap().conference.unwrap().blocks;
        let security = blocks.security.unwrap();
        assert_eq!((security.method, security.level), (EncryptionMethods::BITS_128, EncryptionLevel::HIGH));
        let key = ServerCertificate::parse(security.certificate).unwrap();
        assert_eq!((key.key_bits, key.temporary), (Some(2048), false));
        let X224(data) = ironrdp_core::decode::<X224<X224Data<'_>>>(&octets).unwrap();
        let theirs = ironrdp_core::decode::<Theirs>(&data.data).unwrap();
        same(&octets, &blocks, theirs.conference_create_response.gcc_blocks());
        mcs(&octets);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]
        #[test]
        fn messages_are_read_alike(octets in generate::mcs_octets()) {
            mcs(&octets);
        }

        #[test]
        fn requests_are_read_as_meant(selected: u32, methods: u32) {
            connect_initial_reads_back(Protocols(selected), EncryptionMethods(methods));
        }
    }
}
