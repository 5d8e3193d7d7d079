//! What holds for the readers of what comes inside TLS, and where sspi can read, that it reads the same.
use rdp_probe_core::wire::after_tls::{self, AfterTls};
use rdp_probe_core::wire::credssp::spnego::Token;
use rdp_probe_core::wire::credssp::ts_request::frame;
use rdp_probe_core::wire::credssp::{NtStatus, TsRequest, ntlm_in};
use rdp_probe_core::wire::ntlm::{Challenge, utf16};
use rdp_probe_core::wire::rdsaad::ServerNonce;
use rdp_probe_core::wire::rdstls::Capabilities;
use rdp_probe_core::wire::tpkt::Frame;
use rdp_probe_core::wire::{Problem, WireError, rdsaad};
use sspi::credssp::{NStatusCode, TsRequest as Theirs};

/// The readers come back, place their faults, give out what is in the input, and agree with sspi on TSRequest.
///
/// # Panics
/// When one does not.
pub fn credssp(octets: &[u8]) {
    frames(octets);
    first(octets);
    match TsRequest::parse(octets) {
        Ok(request) => {
            as_sspi_writes_it(octets, &request);
            if let Some(token) = request.nego_token {
                self::token(token);
            }
        }
        Err(error) => placed(octets, error),
    }
    sspi_reads(octets);
    // The input as a token and as a message of its own, for fuzzers.
    token(octets);
    challenge(octets);
    for error in [Capabilities::parse(octets).err(), ServerNonce::parse(octets).err()].into_iter().flatten() {
        placed(octets, error);
    }
}

fn placed(octets: &[u8], error: WireError) {
    assert!(!error.field.is_empty(), "no field: {error:?}");
    assert_eq!(error.len, octets.len(), "{error:?}");
    assert!(error.offset <= error.len, "{error:?}");
    assert!(error.problem == Problem::Cut || error.offset < error.len, "{error:?}");
}

fn frames(octets: &[u8]) {
    framed(octets, frame, octets.first().is_some_and(|first| *first != 0x30));
    framed(octets, rdsaad::frame, octets.trim_ascii_start().first().is_some_and(|first| *first != b'{'));
    // What is behind a frame changes nothing in it.
    if let (Frame::Whole(length), Ok(request)) = (frame(octets), TsRequest::parse(octets)) {
        let (one, _) = octets.split_at_checked(length).unwrap_or_default();
        assert_eq!(TsRequest::parse(one), Ok(request), "{octets:02X?}");
    }
}

fn framed(octets: &[u8], frame: fn(&[u8]) -> Frame, stray: bool) {
    match frame(octets) {
        Frame::Whole(length) => {
            assert!((1..=octets.len()).contains(&length), "{length} of {}", octets.len());
            let (one, _) = octets.split_at_checked(length).unwrap_or_default();
            assert_eq!(frame(one), Frame::Whole(length), "a frame is a frame by itself: {octets:02X?}");
        }
        Frame::Partial { length } => {
            assert!(length.is_none_or(|length| length > octets.len()), "{length:?} of {}", octets.len());
            assert!(!stray, "{octets:02X?}");
        }
        Frame::Stray => assert!(stray || octets.len() > rdsaad::MAX_OBJECT, "{octets:02X?}"),
        _ => {}
    }
}

/// What is decided stays decided, however the octets are cut on their way.
fn first(octets: &[u8]) {
    let mut decided = None;
    for len in 0..=octets.len().min(after_tls::ENOUGH) {
        let (head, _) = octets.split_at_checked(len).unwrap_or_default();
        let now = after_tls::classify(head);
        if let Some(before) = decided {
            assert!(now == before, "{head:02X?}: {before:?}, then {now:?}");
        } else if now != AfterTls::Undecided {
            decided = Some(now);
        }
    }
    assert!(octets.len() < after_tls::ENOUGH || decided.is_some(), "{octets:02X?}");
    assert!(octets.is_empty() || after_tls::classify_last(octets) != AfterTls::Undecided, "{octets:02X?}");
    if decided == Some(AfterTls::TsRequest) {
        assert_ne!(frame(octets), Frame::Stray, "{octets:02X?}");
    }
}

fn token(octets: &[u8]) {
    match Token::parse(octets) {
        Ok(_) => {}
        Err(error) => {
            placed(octets, error);
            assert_eq!(ntlm_in(octets), None, "{octets:02X?}");
        }
    }
    if let Some(message) = ntlm_in(octets) {
        assert!(message.starts_with(b"NTLMSSP\0"), "{octets:02X?}");
        assert!(octets.as_ptr_range().contains(&message.as_ptr()) && message.len() <= octets.len());
        challenge(message);
    }
}

fn challenge(octets: &[u8]) {
    let challenge = match Challenge::parse(octets) {
        Ok(challenge) => challenge,
        Err(error) => return placed(octets, error),
    };
    let mut pairs = 0_usize;
    let mut ended = false;
    for pair in challenge.av_pairs {
        assert!(!ended, "a fault is the last item: {octets:02X?}");
        match pair {
            Ok(pair) => {
                assert_ne!(pair.id.0, 0, "{octets:02X?}");
                assert!(utf16(pair.value, 64).count() <= 64);
                assert!(pair.timestamp().is_none() || pair.id.0 == 7, "{octets:02X?}");
                pairs += 1;
            }
            Err(error) => {
                placed(octets, error);
                ended = true;
            }
        }
    }
    assert!(pairs <= octets.len() / 4, "{octets:02X?}");
    let text: String = utf16(challenge.target_name, usize::MAX).collect();
    if text.encode_utf16().flat_map(u16::to_le_bytes).eq(challenge.target_name.iter().copied()) {
        return;
    }
    assert!(text.contains(char::REPLACEMENT_CHARACTER), "text was lost without a mark: {octets:02X?}");
}

/// Beyond this, sspi's own lengths overflow.
const SMALL: usize = 0x1000;

/// What we read, written by sspi: if that is what was given, sspi reads of it what we did.
fn as_sspi_writes_it(octets: &[u8], ours: &TsRequest<'_>) {
    // It knows one token, a nonce of 32 octets, and versions of seven bits; with version 5 its length leaves errorCode out.
    let nonce = ours.client_nonce.map(<[u8; 32]>::try_from).transpose();
    let (Ok(client_nonce), 0, 0..=1, 0..=0x7F) = (nonce, ours.unknown, ours.nego_tokens, ours.version) else {
        return;
    };
    if octets.len() > SMALL || (ours.version == 5 && ours.error_code.is_some()) {
        return;
    }
    let form = Theirs {
        version: ours.version,
        nego_tokens: ours.nego_token.map(<[u8]>::to_vec),
        auth_info: ours.auth_info.map(<[u8]>::to_vec),
        pub_key_auth: ours.pub_key_auth.map(<[u8]>::to_vec),
        error_code: ours.error_code.map(|code| NStatusCode(code.0)),
        client_nonce,
    };
    let mut written = Vec::new();
    if form.encode_ts_request(&mut written).is_err() || !octets.starts_with(&written) {
        return;
    }
    // It reads on behind the end of the message.
    let theirs = Theirs::from_buffer(&written);
    assert!(theirs.as_ref().is_ok_and(|theirs| same(ours, theirs)), "{octets:02X?}: {ours:?}, {theirs:?}");
    let mut rewritten = Vec::new();
    assert_eq!(ours.encode(&mut rewritten), Ok(()), "{ours:?}");
    // It writes a first octet that only repeats a negative sign, which DER has not.
    if ours.error_code.is_none_or(|code| code.0 >> 23 != 0x1FF) {
        assert_eq!(rewritten, written, "{ours:?}");
    }
    assert_eq!(TsRequest::parse(&rewritten), Ok(*ours), "{rewritten:02X?}");
}

/// What sspi reads, it can write, and that we read alike. It looks at few of the lengths and takes integers for unsigned, so
/// the input itself may be another matter.
fn sspi_reads(octets: &[u8]) {
    if octets.len() > SMALL {
        return;
    }
    let Ok(theirs) = Theirs::from_buffer(octets) else { return };
    if theirs.version > 0x7F || (theirs.version == 5 && theirs.error_code.is_some()) {
        return;
    }
    let mut written = Vec::new();
    if theirs.encode_ts_request(&mut written).is_err() {
        return;
    }
    let ours = TsRequest::parse(&written);
    assert!(ours.is_ok_and(|ours| same(&ours, &theirs)), "{written:02X?}: {ours:?}, {theirs:?}");
    assert_eq!(frame(&written), Frame::Whole(written.len()), "{written:02X?}");
}

fn same(ours: &TsRequest<'_>, theirs: &Theirs) -> bool {
    let error_code = theirs.error_code.map(|code| NtStatus(code.0));
    ours.version == theirs.version
        && ours.nego_token == theirs.nego_tokens.as_deref()
        && ours.auth_info == theirs.auth_info.as_deref()
        && ours.pub_key_auth == theirs.pub_key_auth.as_deref()
        && ours.error_code == error_code
        && ours.client_nonce == theirs.client_nonce.as_ref().map(<[u8; 32]>::as_slice)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rdp_probe_core::wire::credssp::spnego::{NegState, Token};
    use rdp_probe_core::wire::ntlm::AvId;

    use super::*;
    use crate::generate;
    use crate::oracle::golden::golden;

    #[test]
    fn every_known_message_passes_whole_and_cut() {
        for message in generate::CREDSSP_MESSAGES {
            for len in 0..=message.len() {
                credssp(&message[..len]);
            }
        }
    }

    /// The first token of a security context.
    fn first_token() -> Vec<u8> {
        use sspi::{
            AuthIdentity, BufferType, ClientRequestFlags, CredentialUse, DataRepresentation, Ntlm,
            SecurityBuffer, Sspi as _, SspiImpl as _, Username,
        };
        let mut ntlm = Ntlm::new();
        let username = Username::new("alice", Some("LAB")).unwrap();
        let identity = AuthIdentity { username, password: "secret".to_owned().into() };
        let acquiring = ntlm.acquire_credentials_handle().with_credential_use(CredentialUse::Outbound);
        let mut handle = acquiring.with_auth_data(&identity).execute(&mut ntlm).unwrap().credentials_handle;
        let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let mut asked = ntlm
            .initialize_security_context()
            .with_credentials_handle(&mut handle)
            .with_context_requirements(ClientRequestFlags::CONFIDENTIALITY | ClientRequestFlags::INTEGRITY)
            .with_target_data_representation(DataRepresentation::Native)
            .with_target_name("TERMSRV/srv1")
            .with_output(&mut output);
        ntlm.initialize_security_context_impl(&mut asked).unwrap().resolve_to_result().unwrap();
        let [SecurityBuffer { buffer, .. }] = output;
        buffer
    }

    #[test]
    fn the_first_request_is_that_of_a_security_context_since_its_mic_covers_it() {
        let request = Theirs { nego_tokens: Some(first_token()), ..Theirs::default() };
        let mut written = Vec::new();
        request.encode_ts_request(&mut written).unwrap();
        assert_eq!(rdp_probe_core::wire::credssp::ANONYMOUS_REQUEST[..], written);
    }

    #[test]
    fn golden_challenges_are_read_as_they_were_made() {
        for (file, build, target, computer, clock) in [
            ("freerdp-challenge", 22631, "VM", "VM", 0x01DD_7927_6049_AF7B),
            ("ironrdp-challenge-empty-names", 17763, "", "", 0x01DD_7928_DF20_8A18),
            ("built-challenge-domain", 20348, "LAB", "srv1.lab.test", 0x01DB_5A64_1EF2_8000_u64),
        ] {
            let octets = golden(file);
            let request = TsRequest::parse(&octets).unwrap();
            assert_eq!((request.version, request.nego_tokens, request.error_code), (6, 1, None), "{file}");
            let challenge = Challenge::parse(ntlm_in(request.nego_token.unwrap()).unwrap()).unwrap();
            assert_eq!(challenge.version.unwrap().build, build, "{file}");
            assert_eq!(utf16(challenge.target_name, 255).collect::<String>(), target, "{file}");
            let name = challenge.av_pairs.find(AvId::DNS_COMPUTER_NAME).unwrap();
            assert_eq!(utf16(name.value, 255).collect::<String>(), computer, "{file}");
            assert_eq!(challenge.av_pairs.find(AvId::TIMESTAMP).unwrap().timestamp(), Some(clock), "{file}");
            assert!(challenge.av_pairs.into_iter().all(|pair| pair.is_ok()), "{file}");
            let theirs = Theirs::from_buffer(&octets).unwrap();
            assert!(same(&request, &theirs), "{file}");
            credssp(&octets);
        }
    }

    #[test]
    fn golden_refusals_are_read_as_they_were_made() {
        for (file, code) in [("freerdp-wrong-password", 0xC000_006D), ("ironrdp-wrong-password", 0xC007_030C)] {
            let octets = golden(file);
            let request = TsRequest::parse(&octets).unwrap();
            assert_eq!(
                (request.error_code, request.pub_key_auth.map(<[u8]>::len)),
                (Some(NtStatus(code)), Some(48))
            );
            assert!(same(&request, &Theirs::from_buffer(&octets).unwrap()), "{file}");
            credssp(&octets);
        }
        let octets = golden("built-spnego-reject");
        let token = TsRequest::parse(&octets).unwrap().nego_token.unwrap();
        let Ok(Token::Response(reject)) = Token::parse(token) else { panic!("not a response") };
        assert_eq!(reject.state, Some(NegState::REJECT));
        credssp(&octets);
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]
        #[test]
        fn messages_are_read_alike(octets in generate::credssp_octets()) {
            credssp(&octets);
        }
    }
}
