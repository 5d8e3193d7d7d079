//! What holds for the readers of licensing, and where ironrdp-pdu can read, that it reads the same.
use ironrdp_pdu::rdp::server_license::{LicensePdu, ServerLicenseRequest};
use rdp_probe_core::wire::license::{LicenseMessage, LicenseRequest, Scopes};
use rdp_probe_core::wire::ntlm::utf16;
use rdp_probe_core::wire::{Problem, WireError};

/// The size of a basic security header, in octets.
const SECURITY_HEADER: usize = 4;

/// The readers come back, place their faults, give out what is in the input, and agree with ironrdp-pdu. The input is what an MCS Send
/// Data Indication carries.
///
/// # Panics
/// When one does not.
pub(super) fn license(data: &[u8]) {
    let ours = LicenseMessage::parse(data);
    match ours {
        Ok(LicenseMessage::LicenseRequest(request)) => inside(data, &request),
        Ok(_) => assert!(data.len() >= SECURITY_HEADER, "{data:02X?}"),
        Err(error) => placed(data, error),
    }
    as_ironrdp_reads_it(data, ours);
}

fn placed(data: &[u8], error: WireError) {
    assert!(!error.field.is_empty(), "no field: {error:?}");
    assert_eq!(error.len, data.len(), "{error:?}");
    assert!(error.offset <= error.len, "{error:?}");
    assert!(error.problem == Problem::Cut || error.offset < error.len, "{error:?}");
}

/// Each part lies in the input behind the one before it, and within what `wMsgSize` counts.
fn inside(data: &[u8], request: &LicenseRequest<'_>) {
    let whole = data.get(..SECURITY_HEADER.saturating_add(size(data))).unwrap_or_default();
    let mut last = whole.as_ptr();
    let certificate = request.certificate;
    let parts =
        [&request.server_random[..], request.product.company_name, request.product.product_id, certificate];
    for part in parts.into_iter().chain(request.scopes.iter()) {
        let (of_part, of_whole) = (part.as_ptr_range(), whole.as_ptr_range());
        assert!(last <= of_part.start && of_part.end <= of_whole.end, "{data:02X?}");
        last = of_part.end;
    }
    let (count, given) = (request.scopes.count(), request.scopes.iter().count());
    assert_eq!(u32::try_from(given).ok(), Some(count.min(Scopes::MOST)), "{data:02X?}");
    assert!(request.key_exchange.iter().count() <= data.len() / 4, "{data:02X?}");
}

/// `wMsgSize`; of a message without one nothing.
fn size(data: &[u8]) -> usize {
    data.get(6..8).and_then(|size| size.try_into().ok()).map_or(0, |size| usize::from(u16::from_le_bytes(size)))
}

/// It takes what we take, or is stricter, but for three lengths that it does not look at: `wMsgSize`, and those of the blobs with the
/// key exchange and the certificate. And it takes what is encrypted for clear text.
fn as_ironrdp_reads_it(data: &[u8], ours: Result<LicenseMessage<'_>, WireError>) {
    let Ok(theirs) = ironrdp_core::decode::<LicensePdu>(data) else { return };
    if ours == Ok(LicenseMessage::Encrypted) {
        return;
    }
    // As it would write it: what is the same has lengths that are right.
    let written = ironrdp_core::encode_vec(&theirs).unwrap_or_default();
    let sized = (4..=data.len().saturating_sub(SECURITY_HEADER)).contains(&size(data));
    let expected = match &theirs {
        LicensePdu::LicensingErrorMessage(_) => {
            let read = match ours {
                Ok(LicenseMessage::ErrorAlert(alert)) => {
                    [alert.code.0, alert.transition.0].map(u32::to_le_bytes)
                }
                Ok(_) | Err(_) => Default::default(),
            };
            assert_eq!(written.get(8..16), Some(read.as_flattened()), "{data:02X?}");
            return;
        }
        LicensePdu::ServerLicenseRequest(theirs) => {
            let (behind_flags, whole) = (written.get(SECURITY_HEADER..), data.get(..written.len()));
            let exact = SECURITY_HEADER.saturating_add(size(data)) == written.len();
            if exact && behind_flags == whole.and_then(|whole| whole.get(SECURITY_HEADER..)) {
                assert!(
                    matches!(ours, Ok(LicenseMessage::LicenseRequest(_))),
                    "only they read {data:02X?}: {ours:?}"
                );
                if let Ok(LicenseMessage::LicenseRequest(ours)) = ours {
                    same(data, &ours, theirs);
                }
            }
            return;
        }
        LicensePdu::ServerPlatformChallenge(_) => LicenseMessage::PlatformChallenge,
        LicensePdu::ServerUpgradeLicense(_) if data.get(4) == Some(&3) => LicenseMessage::NewLicense,
        LicensePdu::ServerUpgradeLicense(_) => LicenseMessage::UpgradeLicense,
        LicensePdu::ClientNewLicenseRequest(_) => LicenseMessage::Other(0x13),
        LicensePdu::ClientLicenseInfo(_) => LicenseMessage::Other(0x12),
        LicensePdu::ClientPlatformChallengeResponse(_) => LicenseMessage::Other(0x15),
    };
    assert!(!sized || ours == Ok(expected), "{data:02X?}: {ours:?}");
}

fn same(data: &[u8], ours: &LicenseRequest<'_>, theirs: &ServerLicenseRequest) {
    assert_eq!(&ours.server_random[..], theirs.server_random, "{data:02X?}");
    let product = &theirs.product_info;
    assert_eq!(ours.product.version, product.version, "{data:02X?}");
    assert!(utf16(ours.product.company_name, usize::MAX).eq(product.company_name.chars()), "{data:02X?}");
    assert!(utf16(ours.product.product_id, usize::MAX).eq(product.product_id.chars()), "{data:02X?}");
    let certificate = theirs.server_certificate.as_ref().map(ironrdp_core::encode_vec);
    assert_eq!(certificate.map_or(Some(vec![]), Result::ok).as_deref(), Some(ours.certificate), "{data:02X?}");
    assert_eq!(usize::try_from(ours.scopes.count()), Ok(theirs.scope_list.len()), "{data:02X?}");
    let scopes = theirs.scope_list.iter().map(|scope| scope.0.as_bytes());
    assert!(ours.scopes.iter().zip(scopes).all(|(ours, theirs)| ours == theirs), "{data:02X?}");
}

#[cfg(test)]
mod tests {
    use ironrdp_pdu::rdp::server_license::{LicenseErrorCode as TheirCode, LicensingStateTransition};
    use proptest::prelude::*;
    use rdp_probe_core::wire::license::{LicenseErrorCode, StateTransition, error_alert, new_license_request};
    use rdp_probe_core::wire::mcs::SendDataIndication;

    use super::*;
    use crate::generate;
    use crate::oracle::golden::golden;

    #[test]
    fn every_known_message_is_read_alike_whole_and_cut() {
        for message in generate::LICENSE_MESSAGES {
            assert!(LicenseMessage::parse(message).is_ok(), "{message:02X?}");
            for len in 0..=message.len() {
                license(&message[..len]);
            }
        }
    }

    #[test]
    fn golden_request_is_read_by_both() {
        let octets = golden("built-license-request-xrdp");
        let data = SendDataIndication::parse(&octets).unwrap().data;
        let Ok(LicensePdu::ServerLicenseRequest(theirs)) = ironrdp_core::decode(data) else { panic!() };
        let Ok(LicenseMessage::LicenseRequest(ours)) = LicenseMessage::parse(data) else { panic!() };
        same(data, &ours, &theirs);
        license(data);
    }

    #[test]
    fn alert_that_we_write_is_read_by_both() {
        let mut out = Vec::new();
        error_alert(LicenseErrorCode::NO_LICENSE, StateTransition::TOTAL_ABORT, &mut out);
        license(&out);
        let Ok(LicensePdu::LicensingErrorMessage(theirs)) = ironrdp_core::decode(&out) else { panic!() };
        assert_eq!(theirs.error_code, TheirCode::NoLicense);
        assert_eq!(theirs.state_transition, LicensingStateTransition::TotalAbort);
        assert!(theirs.error_info.is_empty());
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]
        #[test]
        fn messages_are_read_alike(octets in generate::license_octets()) {
            license(&octets);
        }

        #[test]
        fn requests_are_read_as_meant(
            random: [u8; 32],
            premaster in proptest::collection::vec(any::<u8>(), 0..300),
            user in "[ -~]{0,40}",
            machine in "[ -~]{0,20}",
        ) {
            let mut out = Vec::new();
            new_license_request(&random, &premaster, &user, &machine, &mut out).unwrap();
            license(&out);
            let read = ironrdp_core::decode::<LicensePdu>(&out).unwrap();
            let LicensePdu::ClientNewLicenseRequest(theirs) = read else { panic!("{out:02X?}") };
            prop_assert_eq!(usize::from(theirs.license_header.preamble_message_size), out.len() - SECURITY_HEADER);
            prop_assert_eq!((theirs.client_random, theirs.encrypted_premaster_secret), (random.to_vec(), premaster));
            // It does not take the terminators for the ends.
            prop_assert_eq!(theirs.client_username.trim_end_matches('\0'), user);
            prop_assert_eq!(theirs.client_machine_name.trim_end_matches('\0'), machine);
        }
    }
}
