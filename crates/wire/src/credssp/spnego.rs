//! SPNEGO: the negotiation of a mechanism, around the mechanism's own tokens.
//!
//! RFC 4178 section 4.2, \[MS-SPNG\] 2.2.1; DER with explicit tags. NegTokenInit2 is what a server may send first, NegTokenResp
//! what it answers; a token may also be bare NTLM.
use crate::der::{ENUMERATED, OCTET_STRING, OID, SEQUENCE, element, once, only, tagged};
use crate::fault::{Fault, Layer, Problem, WireError, bad, inside, read};

/// `negState`; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct NegState(pub u8);

impl NegState {
    /// accept-completed.
    pub const ACCEPT_COMPLETED: Self = Self(0);
    /// accept-incomplete.
    pub const ACCEPT_INCOMPLETE: Self = Self(1);
    /// reject: no mechanism that both sides have, or one that failed.
    pub const REJECT: Self = Self(2);
    /// request-mic.
    pub const REQUEST_MIC: Self = Self(3);

    /// The name in RFC 4178, when it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::ACCEPT_COMPLETED => Some("accept-completed"),
            Self::ACCEPT_INCOMPLETE => Some("accept-incomplete"),
            Self::REJECT => Some("reject"),
            Self::REQUEST_MIC => Some("request-mic"),
            Self(_) => None,
        }
    }
}

/// A mechanism's OBJECT IDENTIFIER: its contents in DER, without tag and length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the octets on the wire is complete")]
pub struct Mech<'a>(pub &'a [u8]);

impl Mech<'static> {
    /// SPNEGO, 1.3.6.1.5.5.2.
    pub const SPNEGO: Self = Self(&[0x2B, 0x06, 0x01, 0x05, 0x05, 0x02]);
    /// NTLM, 1.3.6.1.4.1.311.2.2.10.
    pub const NTLM: Self = Self(&[0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0A]);
    /// Kerberos, 1.2.840.113554.1.2.2.
    pub const KERBEROS: Self = Self(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02]);
    /// Kerberos under the number that Windows 2000 had for it, 1.2.840.48018.1.2.2.
    pub const MS_KERBEROS: Self = Self(&[0x2A, 0x86, 0x48, 0x82, 0xF7, 0x12, 0x01, 0x02, 0x02]);
    /// Kerberos user-to-user, 1.2.840.113554.1.2.2.3.
    pub const KERBEROS_USER_TO_USER: Self = Self(&[0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02, 0x03]);
    /// NEGOEX, 1.3.6.1.4.1.311.2.2.30.
    pub const NEGOEX: Self = Self(&[0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x1E]);
}

impl Mech<'_> {
    /// A name for people, when the mechanism is known.
    #[must_use]
    pub fn name(self) -> Option<&'static str> {
        const NAMES: &[(Mech<'static>, &str)] = &[
            (Mech::SPNEGO, "SPNEGO"),
            (Mech::NTLM, "NTLM"),
            (Mech::KERBEROS, "Kerberos"),
            (Mech::MS_KERBEROS, "Kerberos (Microsoft)"),
            (Mech::KERBEROS_USER_TO_USER, "Kerberos user-to-user"),
            (Mech::NEGOEX, "NEGOEX"),
        ];
        NAMES.iter().find(|(mech, _)| *mech == self).map(|(_, name)| *name)
    }
}

/// NegTokenResp.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NegTokenResp<'a> {
    /// `negState`.
    pub state: Option<NegState>,
    /// `supportedMech`.
    pub mech: Option<Mech<'a>>,
    /// `responseToken`.
    pub token: Option<&'a [u8]>,
    /// `mechListMIC`.
    pub mic: Option<&'a [u8]>,
}

/// NegTokenInit, and NegTokenInit2 with the server's hints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NegTokenInit2<'a> {
    /// `mechTypes`.
    pub mechs: Mechs<'a>,
    /// `mechToken`: the first mechanism's.
    pub token: Option<&'a [u8]>,
    /// `mechListMIC`.
    pub mic: Option<&'a [u8]>,
    /// Whether there are `negHints`.
    pub hints: bool,
}

/// The mechanisms of a [`NegTokenInit2`], in the order of preference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mechs<'a> {
    // INVARIANT: whole elements with the tag of an OID, as `mech_types` has walked them.
    rest: &'a [u8],
}

impl<'a> Iterator for Mechs<'a> {
    type Item = Mech<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (rest, contents) = tagged(self.rest, OID, "mechTypes").ok()?;
        self.rest = rest;
        Some(Mech(contents))
    }
}

/// What a `negoToken` is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Token<'a> {
    /// An NTLM message without SPNEGO around it.
    Ntlm(&'a [u8]),
    /// NegTokenInit or NegTokenInit2.
    Init(NegTokenInit2<'a>),
    /// NegTokenResp.
    Response(NegTokenResp<'a>),
}

/// What every NTLM message begins with (\[MS-NLMP\] 2.2.1).
const SIGNATURE: &[u8] = b"NTLMSSP\0";
/// The frame of a token in GSS-API (RFC 2743 section 3.1).
const APPLICATION: u8 = 0x60;
const CHOICE_INIT: u8 = 0xA0;
const CHOICE_RESP: u8 = 0xA1;

impl<'a> Token<'a> {
    /// Reads a whole token.
    ///
    /// # Errors
    /// [`WireError`] naming the field and its offset when it is cut, when a length disagrees with what is around it, when a
    /// field is of another type or comes twice, or when this is neither SPNEGO nor NTLM.
    pub fn parse(input: &'a [u8]) -> Result<Self, WireError> {
        read(Layer::Spnego, input, |i| Ok((&[], token(i)?)))
    }

    /// The NTLM message in it, if there is one.
    #[must_use]
    pub fn ntlm(self) -> Option<&'a [u8]> {
        let inner = match self {
            Self::Ntlm(message) => Some(message),
            Self::Init(init) => init.token,
            Self::Response(response) => response.token,
        };
        inner.filter(|message| message.starts_with(SIGNATURE))
    }
}

/// The NTLM message in a `negoToken`: bare, or where SPNEGO has its tokens. `None` as well for what cannot be read:
/// [`Token::parse`] tells why.
#[must_use]
pub fn ntlm_in(token: &[u8]) -> Option<&[u8]> {
    Token::parse(token).ok()?.ntlm()
}

fn token(i: &[u8]) -> Result<Token<'_>, nom::Err<Fault>> {
    match *i {
        _ if i.starts_with(SIGNATURE) => Ok(Token::Ntlm(i)),
        [APPLICATION, ..] => {
            let frame = only(i, APPLICATION, "InitialContextToken")?;
            let (inner, mech) = tagged(frame, OID, "thisMech")?;
            if Mech(mech) != Mech::SPNEGO {
                return bad(frame, "thisMech", Problem::Value(u32::from(OID)));
            }
            choice(inner)
        }
        _ => choice(i),
    }
}

fn choice(i: &[u8]) -> Result<Token<'_>, nom::Err<Fault>> {
    match *i {
        [CHOICE_INIT, ..] => {
            init(only(only(i, CHOICE_INIT, "NegTokenInit")?, SEQUENCE, "NegTokenInit")?).map(Token::Init)
        }
        [CHOICE_RESP, ..] => response(only(only(i, CHOICE_RESP, "NegTokenResp")?, SEQUENCE, "NegTokenResp")?)
            .map(Token::Response),
        [tag, ..] => bad(i, "NegotiationToken", Problem::Value(u32::from(tag))),
        [] => bad(i, "NegotiationToken", Problem::Cut),
    }
}

fn response(mut i: &[u8]) -> Result<NegTokenResp<'_>, nom::Err<Fault>> {
    let mut response = NegTokenResp { state: None, mech: None, token: None, mic: None };
    while !i.is_empty() {
        let (after, (tag, contents)) = element(i, "NegTokenResp")?;
        match tag {
            0xA0 => once(i, &mut response.state, "negState", inside(contents, after, neg_state)?)?,
            0xA1 => {
                let mech = inside(contents, after, |i| only(i, OID, "supportedMech"))?;
                once(i, &mut response.mech, "supportedMech", Mech(mech))?;
            }
            0xA2 => {
                let token = inside(contents, after, |i| only(i, OCTET_STRING, "responseToken"))?;
                once(i, &mut response.token, "responseToken", token)?;
            }
            0xA3 => {
                let mic = inside(contents, after, |i| only(i, OCTET_STRING, "mechListMIC"))?;
                once(i, &mut response.mic, "mechListMIC", mic)?;
            }
            _ => return bad(i, "NegTokenResp", Problem::Value(u32::from(tag))),
        }
        i = after;
    }
    Ok(response)
}

fn neg_state(i: &[u8]) -> Result<NegState, nom::Err<Fault>> {
    match *only(i, ENUMERATED, "negState")? {
        [state] => Ok(NegState(state)),
        ref other => bad(i, "negState", Problem::Length(u32::try_from(other.len()).unwrap_or(u32::MAX))),
    }
}

fn init(mut i: &[u8]) -> Result<NegTokenInit2<'_>, nom::Err<Fault>> {
    let (mut mechs, mut token, mut mic, mut hints, mut flags) = (None, None, None, None, None);
    while !i.is_empty() {
        let (after, (tag, contents)) = element(i, "NegTokenInit")?;
        match tag {
            0xA0 => once(i, &mut mechs, "mechTypes", inside(contents, after, mech_types)?)?,
            0xA1 => once(i, &mut flags, "reqFlags", ())?,
            0xA2 => {
                let found = inside(contents, after, |i| only(i, OCTET_STRING, "mechToken"))?;
                once(i, &mut token, "mechToken", found)?;
            }
            // [MS-SPNG] 2.2.1 puts negHints where RFC 4178 has mechListMIC, and that one behind it.
            0xA3 if contents.first() == Some(&SEQUENCE) => once(i, &mut hints, "negHints", ())?,
            0xA3 | 0xA4 => {
                let found = inside(contents, after, |i| only(i, OCTET_STRING, "mechListMIC"))?;
                once(i, &mut mic, "mechListMIC", found)?;
            }
            _ => return bad(i, "NegTokenInit", Problem::Value(u32::from(tag))),
        }
        i = after;
    }
    match mechs {
        Some(mechs) => Ok(NegTokenInit2 { mechs, token, mic, hints: hints.is_some() }),
        None => bad(i, "mechTypes", Problem::Cut),
    }
}

fn mech_types(i: &[u8]) -> Result<Mechs<'_>, nom::Err<Fault>> {
    let list = only(i, SEQUENCE, "mechTypes")?;
    let mut rest = list;
    while !rest.is_empty() {
        (rest, _) = tagged(rest, OID, "mechTypes")?;
    }
    Ok(Mechs { rest: list })
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use super::*;

    /// Built: accept-incomplete, NTLM, and a token.
    const ANSWER: [u8; 42] = [
        0xA1, 0x28, 0x30, 0x26, // NegTokenResp, 38
        0xA0, 0x03, 0x0A, 0x01, 0x01, // negState: accept-incomplete
        0xA1, 0x0C, 0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02,
        0x0A, // supportedMech: NTLM
        0xA2, 0x0B, 0x04, 0x09, b'N', b'T', b'L', b'M', b'S', b'S', b'P', 0x00, 0x02, // responseToken
        0xA3, 0x04, 0x04, 0x02, 0x4D, 0x49, // mechListMIC
    ];
    /// A server that has no NTLM for us.
    const REJECT: [u8; 9] = [0xA1, 0x07, 0x30, 0x05, 0xA0, 0x03, 0x0A, 0x01, 0x02];
    /// Kerberos user-to-user and others in GSS-API, the start of what FreeRDP sends, with a token of three octets.
    const INIT: [u8; 66] = [
        0x60, 0x40, 0x06, 0x06, 0x2B, 0x06, 0x01, 0x05, 0x05, 0x02, // InitialContextToken: SPNEGO
        0xA0, 0x36, 0x30, 0x34, // NegTokenInit, 52
        0xA0, 0x25, 0x30, 0x23, // mechTypes
        0x06, 0x0A, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02, 0x03, // Kerberos user-to-user
        0x06, 0x09, 0x2A, 0x86, 0x48, 0x86, 0xF7, 0x12, 0x01, 0x02, 0x02, // Kerberos
        0x06, 0x0A, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0A, // NTLM
        0xA1, 0x04, 0x03, 0x02, 0x01, 0x00, // reqFlags
        0xA2, 0x05, 0x04, 0x03, 0x60, 0x3B, 0x06, // mechToken
    ];

    #[test]
    fn answer_gives_state_mechanism_token_and_mic() {
        let Ok(Token::Response(answer)) = Token::parse(&ANSWER) else { panic!("not a response") };
        assert_eq!(answer.state, Some(NegState::ACCEPT_INCOMPLETE));
        assert_eq!(answer.mech.and_then(Mech::name), Some("NTLM"));
        assert_eq!((answer.token, answer.mic), (Some(&b"NTLMSSP\0\x02"[..]), Some(&b"MI"[..])));
    }

    #[test]
    fn reject_has_a_state_and_nothing_else() {
        let Ok(Token::Response(reject)) = Token::parse(&REJECT) else { panic!("not a response") };
        assert_eq!(reject.state.and_then(NegState::name), Some("reject"));
        assert_eq!((reject.mech, reject.token, reject.mic), (None, None, None));
        assert_eq!(ntlm_in(&REJECT), None);
    }

    #[test]
    fn init_gives_its_mechanisms_with_and_without_gss_api_around_it() {
        for octets in [&INIT[..], &INIT[10..]] {
            let Ok(Token::Init(init)) = Token::parse(octets) else { panic!("not an init") };
            let names: Vec<_> = init.mechs.map(Mech::name).collect();
            assert_eq!(names, [Some("Kerberos user-to-user"), Some("Kerberos"), Some("NTLM")]);
            assert_eq!((init.token, init.mic, init.hints), (Some(&[0x60, 0x3B, 0x06][..]), None, false));
        }
    }

    #[test]
    fn hints_of_a_server_are_not_a_mic() {
        let octets = [
            0xA0, 0x13, 0x30, 0x11, // NegTokenInit2
            0xA0, 0x02, 0x30, 0x00, // mechTypes: none
            0xA3, 0x05, 0x30, 0x03, 0xA0, 0x01, 0x1B, // negHints
            0xA4, 0x04, 0x04, 0x02, 0x4D, 0x49, // mechListMIC
        ];
        let Ok(Token::Init(init)) = Token::parse(&octets) else { panic!("not an init") };
        assert_eq!((init.hints, init.mic, init.mechs.count()), (true, Some(&b"MI"[..]), 0));
    }

    #[test]
    fn ntlm_is_found_bare_and_inside_spnego_but_not_by_chance() {
        assert_eq!(ntlm_in(b"NTLMSSP\0\x02"), Some(&b"NTLMSSP\0\x02"[..]));
        assert_eq!(ntlm_in(&ANSWER), Some(&b"NTLMSSP\0\x02"[..]));
        let mut init = INIT.to_vec();
        init.truncate(59);
        init.extend([0xA2, 0x0A, 0x04, 0x08]);
        init.extend(b"NTLMSSP\0");
        (init[1], init[11], init[13]) = (0x45, 0x3B, 0x39);
        assert_eq!(ntlm_in(&init), Some(&b"NTLMSSP\0"[..]));
        // Where it stands in the MIC, it is none.
        let mic = [&[0xA1, 0x0E, 0x30, 0x0C, 0xA3, 0x0A, 0x04, 0x08][..], b"NTLMSSP\0"].concat();
        assert!(Token::parse(&mic).is_ok());
        assert_eq!(ntlm_in(&mic), None);
        assert_eq!(ntlm_in(b"xNTLMSSP\0"), None);
        assert_eq!(ntlm_in(&[]), None);
    }

    #[test]
    fn every_cut_names_a_field() {
        for octets in [&ANSWER[..], &INIT, &REJECT] {
            for len in 0..octets.len() {
                let error = Token::parse(&octets[..len]).unwrap_err();
                assert!(error.layer == Layer::Spnego && !error.field.is_empty() && error.offset <= len);
            }
        }
    }

    #[test]
    fn faults_are_placed_in_the_whole_token() {
        for (at, value, field, offset) in [
            (0, 0xA2, "NegotiationToken", 0),
            (2, 0x31, "NegTokenResp", 2),
            (6, 0x02, "negState", 6),
            (9, 0xA0, "negState", 11),
            (11, 0x04, "supportedMech", 11),
            (25, 0x02, "responseToken", 25),
            (36, 0xA2, "responseToken", 36),
            (36, 0xA4, "NegTokenResp", 36),
            (39, 0x01, "mechListMIC", 41),
        ] {
            let mut changed = ANSWER;
            changed[at] = value;
            let error = Token::parse(&changed).unwrap_err();
            assert_eq!((error.field, error.offset), (field, offset), "octet {at}");
        }
    }

    #[test]
    fn another_mechanism_in_gss_api_is_not_spnego() {
        let mut kerberos = INIT;
        kerberos[9] = 9;
        let error = Token::parse(&kerberos).unwrap_err();
        assert_eq!((error.field, error.offset), ("thisMech", 2));
    }
}
