//! What holds for the readers of share PDUs, and where ironrdp-pdu can read, that it reads the same; and that it reads what we write.
use ironrdp_pdu::rdp::capability_sets::{CapabilitySet as TheirSet, DemandActive as TheirDemand};
use ironrdp_pdu::rdp::headers::{ShareControlHeader, ShareControlPdu, ShareDataPdu};
use rdp_probe_core::wire::mcs::SendDataIndication;
use rdp_probe_core::wire::share::{
    CapabilitySet, ControlAction, DataType, DemandActive, ServerMessage, SharePdu, confirm_active, control,
    font_list, synchronize,
};
use rdp_probe_core::wire::{Problem, WireError};

/// The readers come back, place their faults, give out what is in the input, and agree with ironrdp-pdu.
///
/// # Panics
/// When one does not.
pub(super) fn share(pdu: &[u8]) {
    let read = SharePdu::parse(pdu);
    let Ok(indication) = SendDataIndication::parse(pdu) else {
        assert!(read.is_err(), "{pdu:02X?}");
        read.err().into_iter().for_each(|error| placed(pdu, error));
        return;
    };
    match (read, SharePdu::parse_data(indication.data)) {
        (Ok(read), Ok((alone, _))) => {
            assert_eq!((read.source, read.share_id), (alone.source, alone.share_id), "{pdu:02X?}");
            gives_out(pdu, read.message);
            same_message(pdu, read.message, alone.message);
            as_ironrdp_reads_it(indication.data, read);
        }
        (Err(error), Err(alone)) => {
            placed(pdu, error);
            assert_eq!((error.field, error.problem), (alone.field, alone.problem), "{pdu:02X?}");
            only_we_refuse(indication.data, error);
        }
        (read, alone) => assert!(read.is_ok() == alone.is_ok(), "{pdu:02X?}: {read:?} and {alone:?}"),
    }
    let mut rest = indication.data;
    while let Ok((read, behind)) = SharePdu::parse_data(rest) {
        gives_out(rest, read.message);
        assert!(behind.len() < rest.len() && rest.ends_with(behind), "{pdu:02X?}");
        rest = behind;
    }
    SharePdu::parse_data(rest).err().into_iter().for_each(|error| placed(rest, error));
}

/// The same was read, whether it was looked for in a whole PDU or in what that carries: but for where the faults of its sets are counted from.
fn same_message(pdu: &[u8], whole: ServerMessage<'_>, alone: ServerMessage<'_>) {
    let (ServerMessage::DemandActive(whole), ServerMessage::DemandActive(alone)) = (whole, alone) else {
        assert_eq!(whole, alone, "{pdu:02X?}");
        return;
    };
    let fields = |demand: DemandActive<'_>| {
        let sets = demand.capabilities.map(|set| set.map_err(|error| (error.field, error.problem)));
        // Behind a fault there is none.
        let sets: Vec<_> = sets.collect();
        (demand.share_id, demand.session_id, demand.source_descriptor.to_vec(), format!("{sets:?}"))
    };
    assert_eq!(fields(whole), fields(alone), "{pdu:02X?}");
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

fn gives_out(octets: &[u8], message: ServerMessage<'_>) {
    match message {
        ServerMessage::DemandActive(demand) => {
            assert!(within(octets, demand.source_descriptor), "{octets:02X?}");
            let mut sets = demand.capabilities;
            // Each takes four octets, and then a fault may come.
            let most = octets.len() / 4;
            for _ in 0..=most {
                match sets.next() {
                    Some(Ok(CapabilitySet::Other(_, data))) => assert!(within(octets, data), "{octets:02X?}"),
                    Some(Ok(_)) => {}
                    Some(Err(error)) => {
                        placed(octets, error);
                        assert_eq!(sets.next(), None, "{octets:02X?}");
                    }
                    None => break,
                }
            }
            assert_eq!(sets.next(), None, "more sets than there are octets: {octets:02X?}");
        }
        ServerMessage::Data(_, body) | ServerMessage::Redirection(body) => {
            assert!(within(octets, body), "{octets:02X?}");
        }
        ServerMessage::Synchronize { .. }
        | ServerMessage::Control { .. }
        | ServerMessage::FontMap
        | ServerMessage::SetErrorInfo(_)
        | ServerMessage::DeactivateAll
        | ServerMessage::Flow
        | ServerMessage::Other(_)
        | _ => {}
    }
}

/// It knows no FlowPDU, and looks at `totalLength` only where it is a data PDU's; of a demand it looks at no length but the sets' own, and
/// into no body that says it is compressed.
fn only_we_refuse(data: &[u8], error: WireError) {
    let flow = data.starts_with(&[0, 0x80]);
    let lengths = ["totalLength", "lengthCombinedCapabilities", "sessionId"].contains(&error.field);
    let theirs = ironrdp_core::decode::<ShareControlHeader>(data);
    let compressed = theirs.as_ref().is_ok_and(|theirs| {
        matches!(&theirs.share_control_pdu, ShareControlPdu::Data(header)
            if matches!(header.share_data_pdu, ShareDataPdu::Compressed { .. }))
    });
    assert!(theirs.is_err() || flow || lengths || compressed, "only they read {data:02X?}: {error}");
}

fn as_ironrdp_reads_it(data: &[u8], ours: SharePdu<'_>) {
    let Ok(theirs) = ironrdp_core::decode::<ShareControlHeader>(data) else { return };
    if ours.message == ServerMessage::Flow {
        return;
    }
    assert_eq!(ours.source, theirs.pdu_source, "{data:02X?}");
    let alike = match (ours.message, &theirs.share_control_pdu) {
        (ServerMessage::DemandActive(demand), ShareControlPdu::ServerDemandActive(theirs_demand)) => {
            same_demand(data, demand, &theirs_demand.pdu);
            demand.share_id == theirs.share_id
        }
        (message, ShareControlPdu::Data(header)) => {
            ours.share_id == Some(theirs.share_id) && is_same_data(message, &header.share_data_pdu)
        }
        // One that says it has no share may be followed by octets that it takes for one.
        (ServerMessage::DeactivateAll, ShareControlPdu::ServerDeactivateAll(_)) => {
            ours.share_id.is_none_or(|id| id == theirs.share_id)
        }
        (message, ShareControlPdu::ServerRedirect(_)) => matches!(message, ServerMessage::Redirection(_)),
        (message, ShareControlPdu::ClientConfirmActive(_)) => matches!(message, ServerMessage::Other(_)),
        (_, _) => false,
    };
    assert!(alike, "{data:02X?}: {ours:?}, they read {theirs:?}");
}

fn is_same_data(ours: ServerMessage<'_>, theirs: &ShareDataPdu) -> bool {
    let as_written = || ironrdp_core::encode_vec(theirs).unwrap_or_default();
    match (ours, theirs) {
        (_, ShareDataPdu::Compressed { .. }) | (ServerMessage::FontMap, ShareDataPdu::FontMap(_)) => true,
        (ServerMessage::Synchronize { target }, ShareDataPdu::Synchronize(theirs)) => {
            target == theirs.target_user_id
        }
        (ServerMessage::Control { action, grant_id, control_id }, ShareDataPdu::Control(theirs)) => {
            (grant_id, control_id) == (theirs.grant_id, theirs.control_id)
                && as_written().starts_with(&action.0.to_le_bytes())
        }
        (ServerMessage::SetErrorInfo(code), ShareDataPdu::ServerSetErrorInfo(_)) => {
            as_written() == code.0.to_le_bytes()
        }
        (ServerMessage::Data(kind, _), ShareDataPdu::Update(_)) => kind == DataType::UPDATE,
        (ServerMessage::Data(kind, _), ShareDataPdu::Pointer(_)) => kind == DataType::POINTER,
        (ServerMessage::Data(kind, _), ShareDataPdu::ShutdownDenied) => kind == DataType::SHUTDOWN_DENIED,
        (ServerMessage::Data(kind, _), ShareDataPdu::SaveSessionInfo(_)) => kind == DataType::SAVE_SESSION_INFO,
        (ServerMessage::Data(kind, _), ShareDataPdu::StatusInfoPdu(_)) => kind == DataType::STATUS_INFO,
        (ServerMessage::Data(kind, _), ShareDataPdu::MonitorLayout(_)) => kind == DataType::MONITOR_LAYOUT,
        // Of the others we know no more than the type.
        (ServerMessage::Data(..), _) => true,
        (_, _) => false,
    }
}

/// What it reads of the sets, which we may have left because a length before them lies.
fn same_demand(data: &[u8], ours: DemandActive<'_>, theirs: &TheirDemand) {
    if let Ok(source) = core::str::from_utf8(ours.source_descriptor) {
        assert_eq!(source.trim_end_matches('\0'), theirs.source_descriptor, "{data:02X?}");
    }
    let mut theirs = theirs.capability_sets.iter();
    for set in ours.capabilities {
        let Ok(set) = set else { return };
        let theirs = theirs.next();
        assert!(theirs.is_some_and(|theirs| is_same_set(set, theirs)), "{data:02X?}: {set:?}, {theirs:?}");
    }
    assert_eq!(theirs.next(), None, "{data:02X?}");
}

fn is_same_set(ours: CapabilitySet<'_>, theirs: &TheirSet) -> bool {
    let octets = ironrdp_core::encode_vec(theirs).unwrap_or_default();
    let alike = match (ours, theirs) {
        (CapabilitySet::General(general), TheirSet::General(_)) => {
            let (major, minor) = (general.os_major.0.to_le_bytes(), general.os_minor.0.to_le_bytes());
            octets.get(4..8) == Some(&[major, minor].concat()[..])
        }
        (CapabilitySet::Bitmap(ours), TheirSet::Bitmap(theirs)) => {
            (ours.width, ours.height) == (theirs.desktop_width, theirs.desktop_height)
                && ours.bits_per_pixel == theirs.pref_bits_per_pix
        }
        (CapabilitySet::Other(..), _) => true,
        (_, _) => false,
    };
    alike && octets.starts_with(&ours.kind().0.to_le_bytes())
}

/// What we write from Confirm Active on, ironrdp-pdu reads, and writes to the octet as we do.
///
/// # Panics
/// When it does not.
pub fn activation_against_ironrdp(share_id: u32, user: u16, (width, height): (u16, u16)) {
    let written = |with: &dyn Fn(&mut Vec<u8>)| {
        let mut out = Vec::new();
        with(&mut out);
        let theirs = ironrdp_core::decode::<ShareControlHeader>(&out);
        let ids = theirs.as_ref().map(|theirs| (theirs.share_id, theirs.pdu_source));
        assert_eq!(ids.ok(), Some((share_id, user)), "{out:02X?}: {theirs:?}");
        let again = theirs.as_ref().ok().and_then(|theirs| ironrdp_core::encode_vec(theirs).ok());
        assert_eq!(again, Some(out), "{theirs:?}");
        theirs.ok().map(|theirs| theirs.share_control_pdu)
    };
    let confirm = written(&|out| confirm_active(share_id, user, width, height, out));
    let sized = |set: &TheirSet| matches!(set, TheirSet::Bitmap(bitmap) if (bitmap.desktop_width, bitmap.desktop_height) == (width, height));
    assert!(
        matches!(&confirm, Some(ShareControlPdu::ClientConfirmActive(confirm))
            if confirm.pdu.capability_sets.len() == 11 && confirm.pdu.capability_sets.iter().any(sized)),
        "{confirm:?}"
    );
    written(&|out| synchronize(share_id, user, user, out));
    written(&|out| control(share_id, user, ControlAction::COOPERATE, out));
    written(&|out| control(share_id, user, ControlAction::REQUEST_CONTROL, out));
    written(&|out| font_list(share_id, user, out));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rdp_probe_core::wire::share::{Bitmap, General, OsMajorType, OsMinorType};

    use super::*;
    use crate::oracle::golden::golden;

    #[test]
    fn golden_demand_is_read_as_it_was_made_and_by_both() {
        let pdu = golden("built-demand-active");
        let read = SharePdu::parse(&pdu).unwrap();
        let ServerMessage::DemandActive(demand) = read.message else { panic!("{read:?}") };
        assert_eq!((demand.share_id, demand.session_id), (0x0001_03EA, Some(0)));
        assert_eq!(demand.capabilities.filter(Result::is_ok).count(), 19);
        let General { os_major, os_minor, .. } = demand.capabilities.general().unwrap();
        assert_eq!((os_major, os_minor), (OsMajorType::WINDOWS, OsMinorType::WINDOWS_NT));
        let Bitmap { bits_per_pixel, width, height, .. } = demand.capabilities.bitmap().unwrap();
        assert_eq!((bits_per_pixel, width, height), (32, 1024, 768));
        let data = SendDataIndication::parse(&pdu).unwrap().data;
        let theirs = ironrdp_core::decode::<ShareControlHeader>(data).unwrap().share_control_pdu;
        let ShareControlPdu::ServerDemandActive(theirs) = theirs else { panic!("{theirs:?}") };
        same_demand(data, demand, &theirs.pdu);
    }

    #[test]
    fn golden_demand_passes_cut_and_changed_in_every_octet() {
        let pdu = golden("built-demand-active");
        for len in 0..=pdu.len() {
            share(&pdu[..len]);
        }
        let mut changed = pdu.clone();
        for at in 0..pdu.len() {
            for value in [0, 1, 2, 3, 4, 0x7F, 0x80, 0xFE, 0xFF] {
                changed[at] = value;
                share(&changed);
            }
            changed[at] = pdu[at];
        }
    }

    #[test]
    fn a_body_that_says_it_is_compressed_is_read_into_by_us_alone() {
        share(&[
            3, 0, 0, 0x20, 2, 0xF0, 0x80, 0x68, 0, 1, 3, 0xEB, 0x70, 0x12, // TPKT to userData length
            0x12, 0, 0x17, 0, 0xEA, 3, 0xEA, 3, 1, 0, 0, 1, 0x12, 0, 0x1F, 0xD3, 0, 0,
        ]);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(500) })]
        #[test]
        fn what_we_write_is_read_as_meant(share_id: u32, user: u16, size: (u16, u16)) {
            activation_against_ironrdp(share_id, user, size);
        }
    }
}
