//! What holds for every reader of the wire crate, whatever it is given.
use rdp_probe_core::wire::first_octets::{ENOUGH, FirstOctets, classify, classify_last, is_no_tpkt, over_tpkt};
use rdp_probe_core::wire::mcs::DisconnectProviderUltimatum;
use rdp_probe_core::wire::nego::{NegRequest, Negotiation};
use rdp_probe_core::wire::preconnection::{self, PreconnectionPdu};
use rdp_probe_core::wire::tpkt::{Frame, Tpkt, frame};
use rdp_probe_core::wire::x224::{
    ConnectionConfirm, ConnectionRequest, DisconnectRequest, TpduCode, TpduError,
};
use rdp_probe_core::wire::{Problem, WireError};

/// Every reader comes back, names the field and where it begins when it cannot read, and reads again what is written of
/// what it read.
///
/// # Panics
/// When one does not.
pub fn wire(octets: &[u8]) {
    placed(octets, Tpkt::parse(octets).err());
    match PreconnectionPdu::parse(octets) {
        Ok(pdu) => blob_reads_again(pdu),
        Err(error) => placed(octets, Some(error)),
    }
    placed(octets, TpduCode::of(octets).err());
    placed(octets, DisconnectRequest::parse(octets).err());
    placed(octets, TpduError::parse(octets).err());
    placed(octets, DisconnectProviderUltimatum::parse(octets).err());
    placed(octets, NegRequest::parse(octets).err());
    placed(octets, Negotiation::parse(octets).err());
    match ConnectionConfirm::parse(octets) {
        Ok(confirm) => confirm_reads_again(confirm),
        Err(error) => placed(octets, Some(error)),
    }
    match ConnectionRequest::parse(octets) {
        Ok(request) => request_reads_again(request),
        Err(error) => placed(octets, Some(error)),
    }
    frames(octets);
    first(octets);
}

fn placed(octets: &[u8], error: Option<WireError>) {
    let Some(error) = error else { return };
    assert!(!error.field.is_empty(), "no field: {error:?}");
    assert_eq!(error.len, octets.len(), "{error:?}");
    assert!(error.offset <= error.len, "{error:?}");
    // A field that has a value begins inside of what was given.
    assert!(error.problem == Problem::Cut || error.offset < error.len, "{error:?}");
}

fn confirm_reads_again(confirm: ConnectionConfirm) {
    let block = match confirm.negotiation {
        Negotiation::Absent => Vec::new(),
        Negotiation::Response(response) => block(2, response.flags.0, response.length, response.protocol.0),
        Negotiation::Failure(failure) => block(3, 0, failure.length, failure.code.0),
    };
    let [high, low] = confirm.src_ref.to_be_bytes();
    let len = u8::try_from(block.len()).unwrap_or_default();
    let mut octets = vec![3, 0, 0, len.saturating_add(11), len.saturating_add(6), 0xD0, 0, 0, high, low, 0];
    octets.extend(block);
    let again = ConnectionConfirm::parse(&octets);
    let same = again.map(|again| (again.src_ref, again.negotiation, again.surplus));
    assert_eq!(same, Ok((confirm.src_ref, confirm.negotiation, 0)), "{octets:02X?}");
}

fn block(kind: u8, flags: u8, length: u16, value: u32) -> Vec<u8> {
    [&[kind, flags][..], &length.to_le_bytes(), &value.to_le_bytes()].concat()
}

/// A request that was read can hold what cannot be sent: a lone line break, or more than fits. All else is written and read
/// again as it was.
fn request_reads_again(request: ConnectionRequest<'_>) {
    let mut octets = Vec::new();
    if request.encode(&mut octets).is_ok() {
        assert_eq!(ConnectionRequest::parse(&octets), Ok(request), "{octets:02X?}");
    } else {
        assert!(octets.is_empty(), "half a request");
    }
}

/// A blob that was read can hold what cannot be sent: nothing, a NUL, or what is no character. All else is written and read
/// again as it was.
fn blob_reads_again(pdu: PreconnectionPdu<'_>) {
    let text = String::from_iter(pdu.text());
    let mut octets = Vec::new();
    if PreconnectionPdu::encode(&text, &mut octets).is_ok() {
        assert_eq!(preconnection::frame(&octets), Frame::Whole(octets.len()));
        let again = PreconnectionPdu::parse(&octets).map(|again| String::from_iter(again.text()));
        assert_eq!(again, Ok(text), "{octets:02X?}");
    } else {
        assert!(octets.is_empty(), "half a PDU");
    }
}

fn frames(octets: &[u8]) {
    if let Frame::Whole(length) = preconnection::frame(octets) {
        assert!((PreconnectionPdu::LEN_V1..=octets.len()).contains(&length), "{length} of {}", octets.len());
    }
    match frame(octets) {
        Frame::Whole(length) => {
            assert!((Tpkt::LEN..=octets.len()).contains(&length), "{length} of {}", octets.len());
            let (pdu, _) = octets.split_at_checked(length).unwrap_or_default();
            assert_eq!(frame(pdu), Frame::Whole(length), "a frame is a frame by itself");
        }
        Frame::Partial { length } => {
            assert_eq!(length.is_some(), octets.len() >= Tpkt::LEN, "{}", octets.len());
            assert!(length.is_none_or(|length| length > octets.len()), "{length:?} of {}", octets.len());
        }
        Frame::Stray => assert_ne!(octets.first(), Some(&Tpkt::VERSION)),
        _ => {}
    }
}

/// What is decided stays decided, however the octets are cut on their way.
fn first(octets: &[u8]) {
    let mut decided = None;
    for len in 0..=octets.len().min(ENOUGH) {
        let (head, _) = octets.split_at_checked(len).unwrap_or_default();
        let now = classify(head);
        if let Some(before) = decided {
            assert!(now == before, "{head:02X?}: {before:?}, then {now:?}");
        } else if now != FirstOctets::Undecided {
            decided = Some(now);
        }
    }
    if octets.len() >= ENOUGH {
        assert!(decided.is_some(), "{octets:02X?}");
        let (head, _) = octets.split_at_checked(ENOUGH).unwrap_or_default();
        assert_eq!(classify(octets), classify(head), "{octets:02X?}");
    }
    assert!(octets.is_empty() || classify_last(octets) != FirstOctets::Undecided, "{octets:02X?}");
    // Neither panics, whatever it is; what is no TPKT has another name or none.
    assert!(!is_no_tpkt(octets) || over_tpkt(octets).is_some(), "{octets:02X?}");
    if frame(octets) == Frame::Stray {
        assert_ne!(classify_last(octets), FirstOctets::Tpkt, "{octets:02X?}");
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;
    use crate::oracle::golden::golden;
    use proptest::prelude::*;

    #[test]
    fn every_known_message_passes_whole_and_cut() {
        for message in generate::MESSAGES {
            for len in 0..=message.len() {
                wire(&message[..len]);
            }
        }
    }

    #[test]
    fn golden_blob_is_written_as_it_is_read() {
        let octets = golden("built-preconnection-vm");
        assert_eq!(String::from_iter(PreconnectionPdu::parse(&octets).unwrap().text()), "vm");
        let mut again = Vec::new();
        PreconnectionPdu::encode("vm", &mut again).unwrap();
        assert_eq!(again, octets);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]
        #[test]
        fn every_reader_keeps_its_word(octets in generate::octets()) {
            wire(&octets);
        }
    }
}
