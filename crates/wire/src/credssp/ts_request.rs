//! TSRequest: the one message of CredSSP, in both directions.
//!
//! \[MS-CSSP\] 2.2.1; DER with explicit tags.
use alloc::vec::Vec;
use core::fmt;

use nom::IResult;

use crate::der::{self, INTEGER, OCTET_STRING, SEQUENCE, element, integer, once, only, tagged, unsigned};
use crate::fault::{Fault, Layer, Problem, WireError, bad, inside, read};
use crate::tpkt::Frame;

/// `errorCode`: an NTSTATUS (\[MS-ERREF\] 2.3); unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct NtStatus(pub u32);

impl NtStatus {
    /// STATUS_LOGON_FAILURE.
    pub const LOGON_FAILURE: Self = Self(0xC000_006D);
    /// STATUS_NOT_SUPPORTED: NTLM is blocked, or the version of CredSSP is not supported.
    pub const NOT_SUPPORTED: Self = Self(0xC000_00BB);
    /// STATUS_NTLM_BLOCKED.
    pub const NTLM_BLOCKED: Self = Self(0xC000_0418);
}

impl fmt::Display for NtStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "0x{:08X}", self.0)
    }
}

/// TSRequest. An empty slice is a field that is there and empty.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct TsRequest<'a> {
    /// `version`: of the peer that sent it.
    pub version: u32,
    /// The first `negoToken`.
    pub nego_token: Option<&'a [u8]>,
    /// How many there are in `negoTokens`.
    pub nego_tokens: usize,
    /// `authInfo`, sealed.
    pub auth_info: Option<&'a [u8]>,
    /// `pubKeyAuth`, sealed. Servers put it beside `errorCode` too: look there first.
    pub pub_key_auth: Option<&'a [u8]>,
    /// `errorCode`, whatever the version.
    pub error_code: Option<NtStatus>,
    /// `clientNonce`.
    pub client_nonce: Option<&'a [u8]>,
    /// Elements with tags that \[MS-CSSP\] does not have.
    pub unknown: usize,
}

impl fmt::Debug for TsRequest<'_> {
    /// Prints no octets: some of them are made of a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let len = |field: Option<&[u8]>| field.map(<[u8]>::len);
        f.debug_struct("TsRequest")
            .field("version", &self.version)
            .field("nego_token_len", &len(self.nego_token))
            .field("nego_tokens", &self.nego_tokens)
            .field("auth_info_len", &len(self.auth_info))
            .field("pub_key_auth_len", &len(self.pub_key_auth))
            .field("error_code", &self.error_code)
            .field("client_nonce_len", &len(self.client_nonce))
            .field("unknown", &self.unknown)
            .finish()
    }
}

/// The longest contents that are waited for, in octets. A Kerberos ticket of a user in many groups has a fifth of it.
pub const MAX_CONTENTS: usize = 0x1_0000;

impl<'a> TsRequest<'a> {
    /// Reads the message at the start of `input`; octets after it are ignored.
    ///
    /// # Errors
    /// [`WireError`] naming the field and its offset when the message is cut, when a length disagrees with what is around it
    /// or is indefinite or beyond [`MAX_CONTENTS`], when a field is of another type or comes twice, or `version` is missing.
    pub fn parse(input: &'a [u8]) -> Result<Self, WireError> {
        read(Layer::CredSsp, input, ts_request)
    }
}

/// A message that is longer than a peer waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a TSRequest of {0} octets: a peer waits for at most {MAX_CONTENTS}")]
#[expect(clippy::exhaustive_structs, reason = "there is nothing more to say")]
pub struct TooLong(pub usize);

impl TsRequest<'_> {
    /// One that has a version and nothing else.
    #[must_use]
    pub const fn of_version(version: u32) -> Self {
        Self {
            version,
            nego_token: None,
            nego_tokens: 0,
            auth_info: None,
            pub_key_auth: None,
            error_code: None,
            client_nonce: None,
            unknown: 0,
        }
    }

    /// Appends the octets on the wire to `out`: the fields that are there, and of tokens the one.
    ///
    /// # Errors
    /// [`TooLong`] beyond [`MAX_CONTENTS`]; `out` is then unchanged.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), TooLong> {
        let [a, b, c, d] = self.version.to_be_bytes();
        let version = [0, a, b, c, d];
        let version = der::least(&version);
        let error_code = self.error_code.map(|code| code.0.to_be_bytes());
        let error_code = error_code.as_ref().map(|code| der::least(code));
        let fields = [
            (0xA0, INTEGER, Some(version), 0),
            // NegoData around the token: a sequence, a sequence, and a tag.
            (0xA1, OCTET_STRING, self.nego_token, 3),
            (0xA2, OCTET_STRING, self.auth_info, 0),
            (0xA3, OCTET_STRING, self.pub_key_auth, 0),
            (0xA4, INTEGER, error_code, 0),
            (0xA5, OCTET_STRING, self.client_nonce, 0),
        ];
        // From the innermost outwards.
        let whole = |octets: &[u8], around: usize| (0..=around).fold(octets.len(), |len, _| der::size(len));
        let there =
            || fields.iter().filter_map(|(tag, kind, octets, around)| Some((tag, kind, (*octets)?, *around)));
        let contents = there()
            .map(|(_, _, octets, around)| der::size(whole(octets, around)))
            .fold(0, usize::saturating_add);
        // A length that a header cannot hold is longer still.
        if contents > MAX_CONTENTS {
            return Err(TooLong(contents));
        }
        out.reserve(der::size(contents));
        der::put_header(SEQUENCE, contents, out);
        for (tag, kind, octets, around) in there() {
            der::put_header(*tag, whole(octets, around), out);
            for (tag, within) in [(SEQUENCE, 2), (SEQUENCE, 1), (0xA0, 0)].into_iter().filter(|_| around > 0) {
                der::put_header(tag, whole(octets, within), out);
            }
            der::put_header(*kind, octets.len(), out);
            out.extend_from_slice(octets);
        }
        Ok(())
    }
}

fn ts_request(i: &[u8]) -> IResult<&[u8], TsRequest<'_>, Fault> {
    if let Some(contents) =
        der::header(i).and_then(|header| header.contents.ok()).filter(|len| *len > MAX_CONTENTS)
    {
        return bad(i, "TSRequest", Problem::Length(u32::try_from(contents).unwrap_or(u32::MAX)));
    }
    let (after, contents) = tagged(i, SEQUENCE, "TSRequest")?;
    match inside(contents, after, fields)? {
        Some(request) => Ok((after, request)),
        None => bad(after, "version", Problem::Cut),
    }
}

/// The fields, in whatever order; `None` when there is no `version`.
fn fields(mut i: &[u8]) -> Result<Option<TsRequest<'_>>, nom::Err<Fault>> {
    let mut version = None;
    let mut nego_tokens = None;
    let (mut auth_info, mut pub_key_auth, mut error_code, mut client_nonce) = (None, None, None, None);
    let mut unknown = 0_usize;
    while !i.is_empty() {
        let (after, (tag, contents)) = element(i, "TSRequest")?;
        match tag {
            0xA0 => once(i, &mut version, "version", inside(contents, after, |i| unsigned(i, "version"))?)?,
            0xA1 => once(i, &mut nego_tokens, "negoTokens", inside(contents, after, nego_data)?)?,
            0xA2 => once(i, &mut auth_info, "authInfo", octets(contents, after, "authInfo")?)?,
            0xA3 => once(i, &mut pub_key_auth, "pubKeyAuth", octets(contents, after, "pubKeyAuth")?)?,
            0xA4 => {
                let code = inside(contents, after, |i| integer(i, "errorCode"))?;
                once(i, &mut error_code, "errorCode", NtStatus(code))?;
            }
            0xA5 => once(i, &mut client_nonce, "clientNonce", octets(contents, after, "clientNonce")?)?,
            // A later version's.
            0x80..=0xBF => unknown = unknown.saturating_add(1),
            _ => return bad(i, "TSRequest", Problem::Value(u32::from(tag))),
        }
        i = after;
    }
    let Some(version) = version else { return Ok(None) };
    let (nego_token, nego_tokens) = nego_tokens.unwrap_or_default();
    Ok(Some(TsRequest {
        version,
        nego_token,
        nego_tokens,
        auth_info,
        pub_key_auth,
        error_code,
        client_nonce,
        unknown,
    }))
}

fn octets<'a>(contents: &'a [u8], after: &[u8], field: &'static str) -> Result<&'a [u8], nom::Err<Fault>> {
    inside(contents, after, |i| only(i, OCTET_STRING, field))
}

/// NegoData (\[MS-CSSP\] 2.2.1.1): the first token, and how many there are.
fn nego_data(i: &[u8]) -> Result<(Option<&[u8]>, usize), nom::Err<Fault>> {
    // The element is all there is, so nothing follows its contents.
    let mut list = only(i, SEQUENCE, "negoTokens")?;
    let (mut first, mut count) = (None, 0_usize);
    while !list.is_empty() {
        let (after, item) = tagged(list, SEQUENCE, "NegoData")?;
        let token = inside(item, after, |i| only(only(i, 0xA0, "negoToken")?, OCTET_STRING, "negoToken"))?;
        first = first.or(Some(token));
        count = count.saturating_add(1);
        list = after;
    }
    Ok((first, count))
}

/// Asks where the first TSRequest in `held` ends. One whose length is indefinite, or beyond [`MAX_CONTENTS`], is given out as a
/// header alone, so that the reader can name the fault.
#[must_use]
pub fn frame(held: &[u8]) -> Frame {
    if held.first().is_some_and(|tag| *tag != SEQUENCE) {
        return Frame::Stray;
    }
    let Some(header) = der::header(held) else { return Frame::Partial { length: None } };
    let whole = match header.contents {
        Ok(contents) if contents <= MAX_CONTENTS => header.len.saturating_add(contents),
        Ok(_) | Err(_) => header.len,
    };
    if held.len() < whole { Frame::Partial { length: Some(whole) } } else { Frame::Whole(whole) }
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;
    use crate::credssp::anonymous_request::ANONYMOUS_REQUEST;

    /// What a server with echoes sends after a wrong password.
    const REFUSAL: [u8; 43] = [
        0x30, 0x29, // TSRequest, 41
        0xA0, 0x03, 0x02, 0x01, 0x06, // version: 6
        0xA3, 0x06, 0x04, 0x04, 0x01, 0x00, 0x00, 0x00, // pubKeyAuth: an echo, cut short here
        0xA4, 0x06, 0x02, 0x04, 0xC0, 0x00, 0x00, 0x6D, // errorCode: STATUS_LOGON_FAILURE
        0xA5, 0x12, 0x04, 0x10, // clientNonce: 16
        0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11, 0x11,
    ];

    #[test]
    fn what_is_written_is_read_as_it_was_and_is_as_others_write_it() {
        let mut request = TsRequest::of_version(6);
        request.nego_token = ANONYMOUS_REQUEST.get(17..);
        request.nego_tokens = 1;
        let mut out = Vec::new();
        request.encode(&mut out).unwrap();
        assert_eq!(out, ANONYMOUS_REQUEST);
        let refusal = TsRequest::parse(&REFUSAL).unwrap();
        out.clear();
        refusal.encode(&mut out).unwrap();
        assert_eq!(out, REFUSAL);
        let long = [0x55; MAX_CONTENTS];
        for (version, len) in [(0, 0), (0x7F, 1), (0x80, 120), (0xFFFF_FFFF, 256), (6, 65_400), (6, 65_510)] {
            let field = long.get(..len);
            let request = TsRequest { nego_token: field, nego_tokens: 1, ..TsRequest::of_version(version) };
            out.clear();
            request.encode(&mut out).unwrap();
            assert_eq!(frame(&out), Frame::Whole(out.len()), "{len}");
            assert_eq!(TsRequest::parse(&out), Ok(request), "{len}");
        }
        out.clear();
        let request = TsRequest { client_nonce: Some(&long), ..TsRequest::of_version(6) };
        assert_eq!((request.encode(&mut out), out.len()), (Err(TooLong(MAX_CONTENTS + 15)), 0));
    }

    fn error_code(integer: &[u8]) -> Result<Option<NtStatus>, WireError> {
        let len = u8::try_from(integer.len()).unwrap();
        let mut octets =
            [&[0x30, 0, 0xA0, 3, 2, 1, 6, 0xA4, len.saturating_add(2), 2, len][..], integer].concat();
        octets[1] = u8::try_from(octets.len()).unwrap().saturating_sub(2);
        TsRequest::parse(&octets).map(|request| request.error_code)
    }

    #[test]
    fn anonymous_request_is_version_6_with_one_token() {
        let request = TsRequest::parse(&ANONYMOUS_REQUEST).unwrap();
        assert_eq!((request.version, request.nego_tokens, request.unknown), (6, 1, 0));
        assert_eq!(request.nego_token, ANONYMOUS_REQUEST.get(17..));
        assert_eq!((request.auth_info, request.pub_key_auth, request.error_code), (None, None, None));
    }

    #[test]
    fn refusal_gives_its_code_beside_the_echoes() {
        let request = TsRequest::parse(&REFUSAL).unwrap();
        assert_eq!(request.error_code, Some(NtStatus::LOGON_FAILURE));
        assert_eq!((request.pub_key_auth, request.nego_token), (Some(&[1, 0, 0, 0][..]), None));
        assert_eq!(request.client_nonce, Some(&[0x11; 16][..]));
    }

    #[test]
    fn error_code_is_a_signed_integer_of_one_to_five_octets() {
        for (integer, code) in [
            (&[0x05][..], 5),
            (&[0x80], 0xFFFF_FF80),
            (&[0x03, 0x0C], 0x30C),
            (&[0xFF, 0x00], 0xFFFF_FF00),
            (&[0x70, 0x00, 0x01], 0x0070_0001),
            (&[0xC0, 0x00, 0x00, 0xBB], 0xC000_00BB),
            (&[0x00, 0xC0, 0x07, 0x03, 0x0C], 0xC007_030C),
            (&[0x00, 0x00, 0x05], 5),
        ] {
            assert_eq!(error_code(integer), Ok(Some(NtStatus(code))), "{integer:02X?}");
        }
        for integer in [&[][..], &[1, 0xC0, 0, 0, 0], &[0xFF, 0xC0, 0, 0, 0], &[0, 0, 0, 0, 0, 1]] {
            let error = error_code(integer).unwrap_err();
            assert_eq!((error.field, error.offset), ("errorCode", 9), "{integer:02X?}");
            assert!(matches!(error.problem, Problem::Length(_)));
        }
    }

    #[test]
    fn error_code_is_read_in_any_version() {
        for version in [2, 5, 0x60] {
            let mut refusal = REFUSAL;
            refusal[6] = version;
            let request = TsRequest::parse(&refusal).unwrap();
            assert_eq!(
                (request.version, request.error_code.map(|code| code.0)),
                (u32::from(version), Some(0xC000_006D))
            );
        }
    }

    #[test]
    fn negative_version_is_none() {
        let error = TsRequest::parse(&[0x30, 5, 0xA0, 3, 2, 1, 0x86]).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("version", 4, Problem::Value(0xFFFF_FF86)));
    }

    #[test]
    fn lengths_in_more_octets_than_they_need_are_read() {
        for octets in [
            &[0x30, 0x81, 5, 0xA0, 3, 2, 1, 6][..],
            &[0x30, 0x82, 0, 5, 0xA0, 3, 2, 1, 6],
            &[0x30, 0x83, 0, 0, 5, 0xA0, 3, 2, 1, 6],
            &[0x30, 9, 0xA0, 0x82, 0, 5, 2, 0x82, 0, 1, 6],
        ] {
            assert_eq!(frame(octets), Frame::Whole(octets.len()));
            assert_eq!(TsRequest::parse(octets).map(|request| request.version), Ok(6), "{octets:02X?}");
        }
    }

    #[test]
    fn indefinite_and_giant_lengths_are_faults_that_nobody_waits_for() {
        for (octets, length, whole) in [
            (&[0x30, 0x80, 0xA0, 3, 2, 1, 6, 0, 0][..], 0x80, 2),
            (&[0x30, 0x84, 0, 0, 0, 5, 0xA0], 0x84, 2),
            (&[0x30, 0x83, 1, 0, 1], 0x0001_0001, 5),
            (&[0x30, 0x83, 0xFF, 0xFF, 0xFF], 0x00FF_FFFF, 5),
        ] {
            assert_eq!(frame(octets), Frame::Whole(whole), "{octets:02X?}");
            for given in [&octets[..whole], octets] {
                let error = TsRequest::parse(given).unwrap_err();
                assert_eq!(
                    (error.field, error.offset, error.problem),
                    ("TSRequest", 0, Problem::Length(length))
                );
            }
        }
        assert_eq!(frame(&[0x30, 0x83, 1, 0, 0]), Frame::Partial { length: Some(MAX_CONTENTS + 5) });
    }

    #[test]
    fn frame_asks_for_more_until_the_length_is_reached() {
        assert_eq!(frame(&[]), Frame::Partial { length: None });
        assert_eq!(frame(&[0x30]), Frame::Partial { length: None });
        assert_eq!(frame(&[0x30, 0x82, 1]), Frame::Partial { length: None });
        for len in 2..REFUSAL.len() {
            assert_eq!(frame(&REFUSAL[..len]), Frame::Partial { length: Some(43) });
        }
        assert_eq!(frame(&[&REFUSAL[..], &[0x30]].concat()), Frame::Whole(43));
        for other in [&[3, 0, 0, 9][..], &[1, 0], b"{", &[0]] {
            assert_eq!(frame(other), Frame::Stray);
        }
    }

    #[test]
    fn every_cut_names_a_field_and_none_reads_as_absent() {
        for len in 0..REFUSAL.len() {
            let error = TsRequest::parse(&REFUSAL[..len]).unwrap_err();
            assert!(error.layer == Layer::CredSsp && !error.field.is_empty() && error.offset <= len);
            // Honest at the top, cut below: only a cut between two fields reads.
            let mut cut = REFUSAL;
            cut[1] = u8::try_from(len.saturating_sub(2)).unwrap();
            let read = TsRequest::parse(&cut[..len]);
            assert_eq!(read.is_ok(), [7, 15, 23].contains(&len), "{len}: {read:?}");
        }
    }

    #[test]
    fn faults_are_placed_in_the_whole_message() {
        for (at, value, field, offset) in [
            (0, 0x31, "TSRequest", 0),
            (2, 0x04, "TSRequest", 2),
            (3, 0x02, "version", 4),
            (4, 0x04, "version", 4),
            (8, 0x50, "TSRequest", 7),
            (9, 0x02, "pubKeyAuth", 9),
            (10, 0x03, "pubKeyAuth", 14),
            (15, 0xA3, "pubKeyAuth", 17),
            (17, 0x04, "errorCode", 17),
            (18, 0x02, "errorCode", 21),
            (26, 0x20, "clientNonce", 25),
        ] {
            let mut changed = REFUSAL;
            changed[at] = value;
            let error = TsRequest::parse(&changed).unwrap_err();
            assert_eq!((error.field, error.offset), (field, offset), "octet {at}");
        }
    }

    #[test]
    fn field_that_comes_twice_is_malformed() {
        let error = TsRequest::parse(&[0x30, 10, 0xA0, 3, 2, 1, 6, 0xA0, 3, 2, 1, 5]).unwrap_err();
        assert_eq!((error.field, error.offset), ("version", 7));
    }

    #[test]
    fn message_without_a_version_is_malformed() {
        let error = TsRequest::parse(&[0x30, 0]).unwrap_err();
        assert_eq!((error.field, error.offset, error.problem), ("version", 2, Problem::Cut));
        let error = TsRequest::parse(&[0x30, 4, 0xA2, 2, 4, 0]).unwrap_err();
        assert_eq!((error.field, error.offset), ("version", 6));
    }

    #[test]
    fn unknown_fields_are_counted_and_empty_ones_are_not_absent() {
        let octets = [0x30, 15, 0xA0, 3, 2, 1, 7, 0xA2, 2, 4, 0, 0xA6, 0, 0xBE, 2, 1, 1];
        let request = TsRequest::parse(&octets).unwrap();
        assert_eq!((request.version, request.unknown, request.auth_info), (7, 2, Some(&[][..])));
    }

    #[test]
    fn first_of_several_tokens_is_given_out_and_all_are_counted() {
        let octets = [
            0x30, 25, 0xA0, 3, 2, 1, 6, // version
            0xA1, 18, 0x30, 16, // negoTokens
            0x30, 6, 0xA0, 4, 4, 2, 0xAA, 0xAB, // the first
            0x30, 6, 0xA0, 4, 4, 2, 0xBA, 0xBB, // the second
        ];
        let request = TsRequest::parse(&octets).unwrap();
        assert_eq!((request.nego_token, request.nego_tokens), (Some(&[0xAA, 0xAB][..]), 2));
        let mut faulty = octets;
        faulty[23] = 5;
        let error = TsRequest::parse(&faulty).unwrap_err();
        assert_eq!((error.field, error.offset), ("negoToken", 23));
        let empty = TsRequest::parse(&[0x30, 9, 0xA0, 3, 2, 1, 6, 0xA1, 2, 0x30, 0]).unwrap();
        assert_eq!((empty.nego_token, empty.nego_tokens), (None, 0));
    }

    #[test]
    fn octets_after_the_message_are_ignored() {
        let octets: Vec<u8> = [&REFUSAL[..], b"more"].concat();
        assert!(TsRequest::parse(&octets).is_ok());
    }

    #[test]
    fn debug_output_holds_no_octets() {
        let text = alloc::format!("{:?}", TsRequest::parse(&REFUSAL).unwrap());
        assert!(text.contains("pub_key_auth_len: Some(4)") && !text.contains("17"), "{text}");
    }
}
