//! MCS Connect Initial with the client's data blocks ([MS-RDPBCGR] 2.2.1.3), built with ironrdp-pdu, whose types stay here.
use std::borrow::Cow;

use ironrdp_core::encode_vec;
use ironrdp_pdu::gcc::{
    ClientClusterData, ClientCoreData, ClientCoreOptionalData, ClientEarlyCapabilityFlags, ClientGccBlocks,
    ClientNetworkData, ClientSecurityData, ColorDepth, ConnectionType, EncryptionMethod, HighColorDepth,
    KeyboardType, RdpVersion, RedirectionFlags, RedirectionVersion, SecureAccessSequence, SupportedColorDepths,
};
use ironrdp_pdu::mcs::ConnectInitial;
use ironrdp_pdu::nego::SecurityProtocol;
use ironrdp_pdu::x224::{X224, X224Data};
use rdp_probe_wire::gcc::EncryptionMethods;
use rdp_probe_wire::nego::Protocols;

use crate::client_name::ClientName;

/// The whole PDU of a client of this `name` ([`ClientName::USUAL`] where nobody says): no channels, `serverSelectedProtocol` as the
/// Connection Confirm had it, these methods of Standard RDP Security. It asks for Set Error Info, so that a server says why it ends a
/// connection, and for skipped channel joins.
///
/// A server that does not get back the protocol it selected, or no method at all, may hang up ([MS-RDPBCGR] 3.3.5.3.3).
#[must_use]
pub fn connect_initial(name: Option<&ClientName>, selected: Protocols, methods: EncryptionMethods) -> Vec<u8> {
    let blocks = ClientGccBlocks {
        core: core(name.map_or(ClientName::USUAL, ClientName::as_str), selected),
        security: ClientSecurityData {
            encryption_methods: EncryptionMethod::from_bits_truncate(methods.0),
            ext_encryption_methods: 0,
        },
        network: Some(ClientNetworkData { channels: Vec::new() }),
        // Without it a broker sends no redirection.
        cluster: Some(ClientClusterData {
            flags: RedirectionFlags::REDIRECTION_SUPPORTED,
            redirection_version: RedirectionVersion::V6,
            redirected_session_id: 0,
        }),
        monitor: None,
        message_channel: None,
        multi_transport_channel: None,
        monitor_extended: None,
    };
    let pdu = ConnectInitial::with_gcc_blocks(blocks).ok().and_then(|initial| encode_vec(&initial).ok());
    let pdu = pdu.and_then(with_its_length);
    let packet = pdu.and_then(|pdu| encode_vec(&X224(X224Data { data: Cow::Owned(pdu) })).ok());
    debug_assert!(packet.is_some(), "it is of the same size for everybody, and fits");
    packet.unwrap_or_default()
}

/// What precedes the length of `connectPDU`: the T.124 identifier 0.0.20.124.0.1 as an object, with its choice and length.
const KEY: [u8; 7] = [0, 5, 0, 0x14, 0x7C, 0, 1];

/// The PDU with the right length of `connectPDU`, which counts all octets that follow it ([MS-RDPBCGR] 4.1.3): ironrdp-pdu
/// 0.11 leaves out two of them. `None` when it has no such length, or one that does not fit into the form it was written in.
fn with_its_length(mut pdu: Vec<u8>) -> Option<Vec<u8>> {
    let key = pdu.windows(KEY.len()).position(|octets| octets == KEY)?;
    // Aligned PER: one octet below 128, or two of which the first has its top bit set.
    match pdu.get_mut(key.checked_add(KEY.len())?..)? {
        [length @ 0..=0x7F, counted @ ..] => {
            *length = u8::try_from(counted.len()).ok().filter(|length| *length < 0x80)?;
        }
        [high @ 0x80..=0xBF, low, counted @ ..] => {
            let length = u16::try_from(counted.len()).ok().filter(|length| *length < 0x4000)?;
            [*high, *low] = (length | 0x8000).to_be_bytes();
        }
        // Cut, or in fragments, which no PDU is long enough for.
        _ => return None,
    }
    Some(pdu)
}

fn core(name: &str, selected: Protocols) -> ClientCoreData {
    ClientCoreData {
        version: RdpVersion::V5_PLUS,
        desktop_width: 1024,
        desktop_height: 768,
        color_depth: ColorDepth::Bpp8,
        sec_access_sequence: SecureAccessSequence::Del,
        keyboard_layout: 0x409,
        client_build: 0,
        client_name: name.to_owned(),
        keyboard_type: KeyboardType::IBM_ENHANCED,
        keyboard_subtype: 0,
        keyboard_functional_keys_count: 12,
        ime_file_name: String::new(),
        optional_data: ClientCoreOptionalData {
            post_beta2_color_depth: Some(ColorDepth::Bpp8),
            client_product_id: Some(1),
            serial_number: Some(0),
            high_color_depth: Some(HighColorDepth::Rgb565Bpp16),
            supported_color_depths: Some(
                SupportedColorDepths::BPP24 | SupportedColorDepths::BPP16 | SupportedColorDepths::BPP15,
            ),
            early_capability_flags: Some(
                ClientEarlyCapabilityFlags::SUPPORT_ERR_INFO_PDU
                    | ClientEarlyCapabilityFlags::SUPPORT_STATUS_INFO_PDU
                    | ClientEarlyCapabilityFlags::STRONG_ASYMMETRIC_KEYS
                    | ClientEarlyCapabilityFlags::SUPPORT_SKIP_CHANNELJOIN,
            ),
            dig_product_id: Some(String::new()),
            connection_type: Some(ConnectionType::Lan),
            server_selected_protocol: Some(SecurityProtocol::from_bits_retain(selected.0)),
            desktop_physical_width: None,
            desktop_physical_height: None,
            desktop_orientation: None,
            desktop_scale_factor: None,
            device_scale_factor: None,
        },
    }
}

#[cfg(test)]
mod tests {
    use rdp_probe_wire::mcs::ConnectInitial as Read;

    use super::*;

    #[test]
    fn request_has_the_name_the_methods_and_the_protocol_where_they_belong() {
        let octets = connect_initial(None, Protocols::SSL, EncryptionMethods::ALL);
        let standard = connect_initial(None, Protocols::RDP, EncryptionMethods::BITS_40);
        let differ: Vec<(u8, u8)> =
            octets.iter().zip(&standard).filter(|(a, b)| a != b).map(|(a, b)| (*a, *b)).collect();
        assert_eq!(octets.len(), standard.len());
        // serverSelectedProtocol, then encryptionMethods.
        assert_eq!(differ, [(1, 0), (0x1B, 1)]);
        let holds = |octets: &[u8], name: &str| {
            let name: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
            octets.windows(name.len()).any(|window| window == name)
        };
        assert!(holds(&octets, "rdp-probe\0"));
        // The longest has its zero too.
        let longest = ClientName::parse("fifteen-letters").unwrap();
        let named = connect_initial(Some(&longest), Protocols::SSL, EncryptionMethods::ALL);
        assert!(holds(&named, "fifteen-letters\0") && named.len() == octets.len());
        assert_eq!(usize::from(u16::from_be_bytes([octets[2], octets[3]])), octets.len());
        let read = Read::parse(&standard).unwrap();
        assert_eq!((read.selected, read.methods), (Some(Protocols::RDP), Some(EncryptionMethods::BITS_40)));
    }

    /// The dump of [MS-RDPBCGR] 4.1.3, `userData` up to the blocks; CS_CORE, CS_CLUSTER, CS_SECURITY and CS_NET follow.
    const DUMP: [u8; 23] = [
        0, 5, 0, 0x14, 0x7C, 0, 1, // ConnectData, its key
        0x81, 0x2A, // connectPDU, its length: 298
        0, 8, 0, 0x10, 0, 1, 0xC0, 0, // ConferenceCreateRequest, one set of user data
        b'D', b'u', b'c', b'a', 0x81, 0x1C, // h221NonStandard, 284 octets
    ];
    const DUMP_BLOCKS: usize = 216 + 12 + 12 + 44;

    /// The length of `connectPDU` as written, and how many octets follow it.
    fn connect_pdu(octets: &[u8]) -> (u16, usize) {
        let at = octets.windows(KEY.len()).position(|window| window == KEY).unwrap();
        match octets[at..][KEY.len()..] {
            [short @ 0..=0x7F, ref counted @ ..] => (u16::from(short), counted.len()),
            [high, low, ref counted @ ..] => (u16::from_be_bytes([high & 0x3F, low]), counted.len()),
            [..] => panic!("cut"),
        }
    }

    #[test]
    fn length_of_the_conference_counts_all_that_follows_it_as_in_the_specification() {
        let dump = [&DUMP[..], &[0; DUMP_BLOCKS]].concat();
        assert_eq!(connect_pdu(&dump), (298, 298));
        let (length, counted) =
            connect_pdu(&connect_initial(None, Protocols::HYBRID_EX, EncryptionMethods::ALL));
        assert_eq!(usize::from(length), counted);
    }

    #[test]
    fn length_is_put_right_in_the_form_it_was_written_in() {
        for (length, counted, right) in [
            (&[0x10][..], 0x12, Some(&[0x12][..])),
            (&[0x7D], 0x7F, Some(&[0x7F])),
            (&[0x7E], 0x80, None),
            (&[0x80, 0x10], 0x12, Some(&[0x80, 0x12])),
            (&[0x81, 0x28], 298, Some(&[0x81, 0x2A])),
            (&[0xBF, 0xFD], 0x3FFF, Some(&[0xBF, 0xFF])),
            (&[0xBF, 0xFE], 0x4000, None),
            (&[0xC1], 298, None),
            (&[], 0, None),
        ] {
            let after = vec![0xFF; counted];
            let with = |length: &[u8]| [&[0x04, 0x20], &KEY[..], length, &after].concat();
            assert_eq!(with_its_length(with(length)), right.map(with), "{length:02X?}");
        }
        assert_eq!(with_its_length(DUMP[1..].to_vec()), None);
    }
}
