//! What a client says in SPNEGO that offers NTLM and nothing else: RFC 4178 section 4.2.
use alloc::vec::Vec;

use super::spnego::{Mech, NegState};
use crate::der::{ENUMERATED, OCTET_STRING, OID, SEQUENCE, put_header, size};

/// `mechTypes` of such a client, in DER: what its `mechListMIC` is a signature over (RFC 4178 section 5).
pub const NTLM_MECH_TYPES: [u8; 14] =
    [SEQUENCE, 12, OID, 10, 0x2B, 0x06, 0x01, 0x04, 0x01, 0x82, 0x37, 0x02, 0x02, 0x0A];

/// More than any message of NTLM has, in octets: two fields of 64 KiB each, and what is around them.
const MOST: usize = 1 << 20;

/// NegTokenInit in the frame of GSS-API (RFC 2743 section 3.1), with a NEGOTIATE. Empty for one of more than 1 MiB.
#[must_use]
pub fn ntlm_init(negotiate: &[u8]) -> Vec<u8> {
    if negotiate.len() > MOST {
        return Vec::new();
    }
    let mech_token = element(0xA2, &element(OCTET_STRING, negotiate));
    let fields = [element(0xA0, &NTLM_MECH_TYPES), mech_token].concat();
    let init = element(0xA0, &element(SEQUENCE, &fields));
    element(0x60, &[element(OID, Mech::SPNEGO.0), init].concat())
}

/// NegTokenResp, with an AUTHENTICATE and a signature over [`NTLM_MECH_TYPES`]. Empty for one of more than 1 MiB. No copy of the
/// message stays behind: it is made of a secret.
#[must_use]
pub fn ntlm_response(authenticate: &[u8], mic: &[u8]) -> Vec<u8> {
    if authenticate.len().saturating_add(mic.len()) > MOST {
        return Vec::new();
    }
    let state = element(0xA0, &element(ENUMERATED, &[NegState::ACCEPT_INCOMPLETE.0]));
    let fields = [(0xA2, authenticate), (0xA3, mic)];
    let contents =
        fields.iter().map(|(_, octets)| size(size(octets.len()))).fold(state.len(), usize::saturating_add);
    let mut out = Vec::with_capacity(size(size(contents)));
    put_header(0xA1, size(contents), &mut out);
    put_header(SEQUENCE, contents, &mut out);
    out.extend_from_slice(&state);
    for (tag, octets) in fields {
        put_header(tag, size(octets.len()), &mut out);
        put_header(OCTET_STRING, octets.len(), &mut out);
        out.extend_from_slice(octets);
    }
    out
}

fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    put_header(tag, contents.len(), &mut out);
    out.extend_from_slice(contents);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credssp::spnego::Token;
    use alloc::vec;

    #[test]
    fn what_is_written_is_read() {
        for length in [0, 40, 100, 200, 300, 70_000] {
            let message = [b"NTLMSSP\0".as_slice(), &vec![7; length]].concat();
            let written = ntlm_init(&message);
            let Ok(Token::Init(read)) = Token::parse(&written) else { panic!("{written:?}") };
            assert_eq!(read.mechs.collect::<Vec<_>>(), [Mech::NTLM]);
            assert_eq!((read.token, read.mic, read.hints), (Some(message.as_slice()), None, false));
            let written = ntlm_response(&message, b"0123456789abcdef");
            let Ok(Token::Response(read)) = Token::parse(&written) else { panic!("{written:?}") };
            assert_eq!((read.state, read.mech), (Some(NegState::ACCEPT_INCOMPLETE), None));
            assert_eq!(
                (read.token, read.mic),
                (Some(message.as_slice()), Some(b"0123456789abcdef".as_slice()))
            );
        }
        let long = vec![0; MOST + 1];
        assert_eq!((ntlm_init(&long), ntlm_response(&long, &[])), (vec![], vec![]));
    }
}
