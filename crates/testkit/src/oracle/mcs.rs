//! What holds for the readers of MCS, GCC and what comes in their place, and where ironrdp-pdu can read, that it reads the same.
use ironrdp_pdu::gcc::{EncryptionLevel as TheirLevel, ServerGccBlocks};
use ironrdp_pdu::mcs::{self as their_mcs, ConnectResponse as Theirs, McsMessage};
use ironrdp_pdu::x224::{X224, X224Data};
use rdp_probe_core::wire::early_user_auth::{self, EarlyUserAuthorizationResult};
use rdp_probe_core::wire::fast_path::{self, FastPathOutput};
use rdp_probe_core::wire::gcc::{EncryptionLevel, EncryptionMethods, ServerBlocks};
use rdp_probe_core::wire::mcs::{
    AttachUserConfirm, ChannelJoinConfirm, ConnectInitial, ConnectResponse, DisconnectProviderUltimatum,
    MAX_USER_DATA, SendDataIndication, attach_user, channel_join, erect_domain, send_data_request,
};
use rdp_probe_core::wire::security_header::SecurityHeader;
use rdp_probe_core::wire::server_certificate::ServerCertificate;
use rdp_probe_core::wire::tpkt::{Frame, frame};
use rdp_probe_core::wire::{Problem, WireError};
use rdp_probe_core::{connect_initial, wire::nego::Protocols};

use super::license::license;
use super::share::share;

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
        Ok(indication) => {
            assert!(within(pdu, indication.data), "{pdu:02X?}");
            let header = SecurityHeader::parse(indication.data);
            header.err().into_iter().for_each(|error| placed(indication.data, error));
        }
        Err(error) => placed(pdu, error),
    }
    share(pdu);
    for error in [ConnectInitial::parse(pdu).err(), DisconnectProviderUltimatum::parse(pdu).err()] {
        error.into_iter().for_each(|error| placed(pdu, error));
    }
    confirms(pdu);
    // What an indication carries, or the input as that, for fuzzers.
    license(SendDataIndication::parse(pdu).map_or(octets, |indication| indication.data));
    // The input as a certificate of its own, likewise, and as what comes without a TPKT.
    certificate(octets);
    early_user_authorization(octets);
    fast_path(octets);
}

/// Of the confirms ironrdp-pdu 0.11 takes the second octet for the result and does not look at the last two bits of the first: it
/// is right only where the result is 0 and every field is there.
fn confirms(pdu: &[u8]) {
    let is_right = |first: u8| matches!(*pdu, [_, _, _, _, _, _, _, a, 0, ..] if a == first);
    let ours = AttachUserConfirm::parse(pdu);
    match ours {
        Ok(_) => assert!(AttachUserConfirm::is_one(pdu), "{pdu:02X?}"),
        Err(error) => placed(pdu, error),
    }
    let theirs = ironrdp_core::decode::<X224<their_mcs::AttachUserConfirm>>(pdu);
    if let (Ok(X224(theirs)), true) = (theirs, is_right(0x2E)) {
        let read = ours.map(|ours| (ours.result.0, ours.initiator));
        assert_eq!(read, Ok((theirs.result, Some(theirs.initiator_id))), "{pdu:02X?}");
    }
    let ours = ChannelJoinConfirm::parse(pdu);
    match ours {
        Ok(_) => assert!(ChannelJoinConfirm::is_one(pdu), "{pdu:02X?}"),
        Err(error) => placed(pdu, error),
    }
    let theirs = ironrdp_core::decode::<X224<their_mcs::ChannelJoinConfirm>>(pdu);
    if let (Ok(X224(theirs)), true) = (theirs, is_right(0x3E)) {
        let read = ours.map(|ours| (ours.result.0, ours.initiator, ours.requested, ours.channel));
        let theirs = (theirs.result, theirs.initiator_id, theirs.requested_channel_id, Some(theirs.channel_id));
        assert_eq!(read, Ok(theirs), "{pdu:02X?}");
    }
}

fn early_user_authorization(octets: &[u8]) {
    match EarlyUserAuthorizationResult::parse(octets) {
        Ok(result) => assert!(octets.starts_with(&result.0.to_le_bytes()), "{octets:02X?}"),
        Err(error) => placed(octets, error),
    }
    let length = EarlyUserAuthorizationResult::LEN;
    match early_user_auth::frame(octets) {
        Frame::Whole(whole) => assert!(whole == length && octets.len() >= length, "{octets:02X?}"),
        Frame::Partial { length: promised } => {
            assert!(promised == Some(length) && octets.len() < length, "{octets:02X?}");
        }
        Frame::Stray | _ => assert!(matches!(octets, [3 | 0x30, ..]), "{octets:02X?}"),
    }
}

fn fast_path(octets: &[u8]) {
    let ours = fast_path::frame(octets);
    match ironrdp_pdu::find_size(octets) {
        Ok(Some(theirs)) if theirs.length <= octets.len() => {
            assert_eq!(ours, Frame::Whole(theirs.length), "{octets:02X?}");
        }
        Ok(Some(theirs)) => {
            assert_eq!(ours, Frame::Partial { length: Some(theirs.length) }, "{octets:02X?}");
        }
        // It tells of a TPKT's version only with all of the header.
        Ok(None) => {
            assert!(matches!(ours, Frame::Partial { length: None } | Frame::Stray), "{octets:02X?}");
        }
        // What lies of its length we give out, so that the reader can say so.
        Err(_) => assert!(
            ours == Frame::Stray
                || matches!(ours, Frame::Whole(2..=6) | Frame::Partial { length: Some(5..=6) }),
            "{octets:02X?}"
        ),
    }
    match FastPathOutput::parse(octets) {
        Ok(output) => {
            assert!(FastPathOutput::is_one(octets) && within(octets, output.updates), "{octets:02X?}");
            assert!(matches!(ours, Frame::Whole(_)), "{octets:02X?}");
        }
        Err(error) => placed(octets, error),
    }
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
        Ok(read) => assert!(read.key_bits().is_none_or(|bits| (1..=16_384).contains(&bits)), "{octets:02X?}"),
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

/// What we send in an MCS domain, ironrdp-pdu reads as it was meant, one PDU after the other.
///
/// # Panics
/// When it does not.
pub fn domain_requests_against_ironrdp(user: u16, channel: u16, data: &[u8]) {
    let mut sent = Vec::new();
    erect_domain(&mut sent);
    attach_user(&mut sent);
    let before = sent.len();
    let (joins, sends) =
        (channel_join(user, channel, &mut sent), send_data_request(user, channel, data, &mut sent));
    assert_eq!((joins, sends), (user >= 1001, user >= 1001 && data.len() <= MAX_USER_DATA));
    assert!(joins || sends || sent.len() == before, "{sent:02X?}");
    let mut meant = vec![
        McsMessage::ErectDomainRequest(their_mcs::ErectDomainPdu { sub_height: 0, sub_interval: 0 }),
        McsMessage::AttachUserRequest(their_mcs::AttachUserRequest),
    ];
    let (initiator_id, channel_id) = (user, channel);
    if joins {
        meant.push(McsMessage::ChannelJoinRequest(their_mcs::ChannelJoinRequest { initiator_id, channel_id }));
    }
    if sends {
        let user_data = data.into();
        meant.push(McsMessage::SendDataRequest(their_mcs::SendDataRequest {
            initiator_id,
            channel_id,
            user_data,
        }));
    }
    let mut rest = sent.as_slice();
    for meant in meant {
        let Frame::Whole(length) = frame(rest) else { unreachable!("no PDU: {rest:02X?}") };
        let (pdu, after) = rest.split_at_checked(length).unwrap_or_default();
        let read = ironrdp_core::decode::<X224<McsMessage<'_>>>(pdu);
        assert!(read.as_ref().is_ok_and(|X224(read)| *read == meant), "{pdu:02X?}: {read:?}");
        rest = after;
    }
    assert!(rest.is_empty(), "{rest:02X?}");
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::generate;
    use crate::oracle::golden::golden;
    use rdp_probe_core::wire::client_info::{self, InfoFlags};

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
        assert_eq!((key.key_bits(), key.temporary), (Some(2048), false));
        let X224(data) = ironrdp_core::decode::<X224<X224Data<'_>>>(&octets).unwrap();
        let theirs = ironrdp_core::decode::<Theirs>(&data.data).unwrap();
        same(&octets, &blocks, theirs.conference_create_response.gcc_blocks());
        mcs(&octets);
    }

    /// What is larger than the generators make it, and the Client Info that we send.
    #[test]
    fn longest_data_and_client_info_are_read_as_meant() {
        for length in [0, 0x7F, 0x80, MAX_USER_DATA, MAX_USER_DATA + 1] {
            domain_requests_against_ironrdp(1004, 1003, &vec![0xAA; length]);
        }
        for address in ["127.0.0.1", "fd00::1"] {
            let mut body = Vec::new();
            client_info::encode(address.parse().unwrap(), &mut body);
            domain_requests_against_ironrdp(1004, 1003, &body);
            let read = ironrdp_core::decode::<ironrdp_pdu::rdp::ClientInfoPdu>(&body).unwrap();
            assert_eq!(read.client_info.flags.bits(), InfoFlags::ANONYMOUS.0);
            assert_eq!(
                (read.client_info.credentials.username.as_str(), read.client_info.credentials.domain),
                ("", None)
            );
            assert_eq!(read.client_info.extra_info.address, address);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]
        #[test]
        fn messages_are_read_alike(octets in generate::mcs_octets()) {
            mcs(&octets);
        }

        #[test]
        fn requests_of_a_domain_are_read_as_meant(
            user: u16,
            channel: u16,
            data in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            domain_requests_against_ironrdp(user, channel, &data);
            domain_requests_against_ironrdp(user | 0x8000, channel, &data);
        }

        #[test]
        fn confirms_of_any_result_are_read_or_placed(
            first in 0x2C..=0x3F_u8,
            second: u8,
            rest in proptest::collection::vec(any::<u8>(), 0..9),
        ) {
            let length = u8::try_from(rest.len()).unwrap() + 9;
            mcs(&[&[3, 0, 0, length, 2, 0xF0, 0x80, first, second & 0xE0][..], &rest].concat());
            mcs(&[&[3, 0, 0, length, 2, 0xF0, 0x80, first, second][..], &rest].concat());
        }

        #[test]
        fn requests_are_read_as_meant(selected: u32, methods: u32) {
            connect_initial_reads_back(Protocols(selected), EncryptionMethods(methods));
        }
    }
}
