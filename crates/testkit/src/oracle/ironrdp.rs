//! Where ironrdp-pdu can read or must understand a message, it reads the same.
use ironrdp_pdu::nego::{self, NegoRequestData, ResponseFlags, SecurityProtocol};
use ironrdp_pdu::x224::X224;
use rdp_probe_core::wire::nego::{NegRequest, Negotiation, Protocols, RequestFlags};
use rdp_probe_core::wire::tpkt::{Frame, frame};
use rdp_probe_core::wire::x224::{ConnectionConfirm, ConnectionRequest, Routing};

/// A Connection Confirm that ironrdp-pdu reads, we read alike; one that only either can read has one of the known reasons.
///
/// # Panics
/// When we differ without one.
pub fn confirm_against_ironrdp(octets: &[u8]) {
    // The other reader takes more than one PDU; ours is given what the framer gives it.
    let pdu = match frame(octets) {
        Frame::Whole(length) => octets.split_at_checked(length).map_or(octets, |(pdu, _)| pdu),
        Frame::Partial { .. } | Frame::Stray | _ => octets,
    };
    let ours = ConnectionConfirm::parse(pdu);
    let theirs = ironrdp_core::decode::<X224<nego::ConnectionConfirm>>(pdu);
    let li = pdu.get(4).copied().unwrap_or_default();
    match (ours, theirs) {
        (Ok(ours), Ok(X224(theirs))) => assert_eq!(as_theirs(ours.negotiation), theirs, "{pdu:02X?}"),
        // It takes what lies behind LI for user data, and reads on into it; a confirm has none.
        (Err(error), Ok(_)) => {
            let behind = pdu.len().saturating_sub(usize::from(li).saturating_add(5));
            assert!(error.field == "LI" && behind > 0, "only they read {pdu:02X?}: {error}");
        }
        // It compares the whole octet where the lower half is credit, and LI 255 is reserved.
        (Ok(_), Err(error)) => {
            let credit = pdu.get(5).is_some_and(|code| code & 0x0F != 0);
            assert!(credit || li == 255, "only we read {pdu:02X?}: {error}");
        }
        (Err(_), Err(_)) => {}
    }
}

/// It has no absent block: that reads as Standard RDP Security without flags.
fn as_theirs(ours: Negotiation) -> nego::ConnectionConfirm {
    match ours {
        Negotiation::Absent => nego::ConnectionConfirm::Response {
            flags: ResponseFlags::empty(),
            protocol: SecurityProtocol::empty(),
        },
        Negotiation::Response(response) => nego::ConnectionConfirm::Response {
            flags: ResponseFlags::from_bits_retain(response.flags.0),
            protocol: SecurityProtocol::from_bits_retain(response.protocol.0),
        },
        Negotiation::Failure(failure) => nego::ConnectionConfirm::Failure { code: failure.code.0.into() },
    }
}

/// A Connection Request that we write, ironrdp-pdu reads as it was meant.
///
/// # Panics
/// When it does not.
pub fn request_against_ironrdp(routing: Routing<'_>, protocols: Option<Protocols>) {
    let negotiation = protocols.map(|protocols| NegRequest { flags: RequestFlags::default(), protocols });
    let mut octets = Vec::new();
    if (ConnectionRequest { routing, negotiation }).encode(&mut octets).is_err() {
        return;
    }
    let Some(expected) = meant(routing) else { return };
    let theirs = ironrdp_core::decode::<X224<nego::ConnectionRequest>>(&octets);
    let Ok(X224(theirs)) = theirs else {
        assert!(theirs.is_ok(), "{octets:02X?}: {theirs:?}");
        return;
    };
    assert_eq!(theirs.nego_data, expected, "{octets:02X?}");
    assert_eq!(theirs.protocol.bits(), protocols.unwrap_or(Protocols::RDP).0, "{octets:02X?}");
    assert!(theirs.flags.is_empty() && theirs.correlation_info.is_none(), "{octets:02X?}");
}

/// What it should read before the block; `None` for what it does not know: tokens of other load balancers.
fn meant(routing: Routing<'_>) -> Option<Option<NegoRequestData>> {
    match routing {
        Routing::None => Some(None),
        Routing::Cookie(name) => Some(Some(NegoRequestData::cookie(name.to_owned()))),
        Routing::Token(token) => {
            let token = core::str::from_utf8(token).ok()?;
            let value = token.strip_suffix("\r\n").unwrap_or(token).strip_prefix("Cookie: msts=")?;
            Some(Some(NegoRequestData::routing_token(value.to_owned())))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate;
    use proptest::prelude::*;

    #[test]
    fn every_known_message_is_read_alike() {
        for message in generate::MESSAGES {
            confirm_against_ironrdp(message);
        }
    }

    #[test]
    fn every_known_reason_is_one() {
        let mut confirm = generate::confirm(2, 0x1F, 2);
        confirm[5] = 0xD1;
        confirm_against_ironrdp(&confirm);
        assert!(ConnectionConfirm::parse(&confirm).is_ok(), "credit is not judged");
        confirm[5] = 0xD0;
        confirm[4] = 6;
        confirm_against_ironrdp(&confirm);
        assert!(ConnectionConfirm::parse(&confirm).is_err(), "what LI does not count is not absent");
    }

    #[test]
    fn requests_of_each_kind_are_read_as_meant() {
        for routing in [
            Routing::None,
            Routing::Cookie("probe"),
            Routing::Cookie(""),
            Routing::Token(b"Cookie: msts=3640205228.15629.0000\r\n"),
            Routing::Token(b"Cookie: msts=3640205228.15629.0000"),
        ] {
            for mask in [None, Some(0), Some(1), Some(0x0B), Some(u32::MAX)] {
                request_against_ironrdp(routing, mask.map(Protocols));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]
        #[test]
        fn confirms_are_read_alike(octets in generate::octets()) {
            confirm_against_ironrdp(&octets);
        }

        #[test]
        fn requests_are_read_as_meant(cookie in "[ -~]{0,250}", mask in proptest::option::of(any::<u32>())) {
            request_against_ironrdp(Routing::Cookie(&cookie), mask.map(Protocols));
        }
    }
}
