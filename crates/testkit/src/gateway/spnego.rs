//! The server's messages of SPNEGO around NTLM (RFC 4178 section 4.2.2).

/// NTLMSSP, 1.3.6.1.4.1.311.2.2.10.
const NTLM: [u8; 12] = [0x06, 10, 0x2B, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10];

/// The mechanisms that a client of NTLM alone has offered, as a signature is over them.
#[cfg(feature = "auth")]
pub(super) const MECHANISMS: [u8; 14] = [0x30, 12, 0x06, 10, 0x2B, 6, 1, 4, 1, 0x82, 0x37, 2, 2, 10];

/// accept-incomplete, with the mechanism and this message of its.
pub(super) fn challenge(message: &[u8]) -> Vec<u8> {
    let state = element(0xA0, &[0x0A, 1, 1]);
    response(&[state, element(0xA1, &NTLM), element(0xA2, &element(0x04, message))])
}

/// accept-completed, with a signature over the mechanisms.
#[cfg(feature = "auth")]
pub(super) fn proof(signature: &[u8]) -> Vec<u8> {
    response(&[element(0xA0, &[0x0A, 1, 0]), element(0xA3, &element(0x04, signature))])
}

/// reject.
pub(super) fn reject() -> Vec<u8> {
    response(&[element(0xA0, &[0x0A, 1, 2])])
}

fn response(fields: &[Vec<u8>]) -> Vec<u8> {
    element(0xA1, &element(0x30, &fields.concat()))
}

/// An element of DER.
fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
    let [high, low] = u16::try_from(contents.len()).unwrap_or(u16::MAX).to_be_bytes();
    let head = match (high, low) {
        (0, 0..0x80) => vec![tag, low],
        (0, _) => vec![tag, 0x81, low],
        (_, _) => vec![tag, 0x82, high, low],
    };
    [&head, contents].concat()
}

#[cfg(test)]
mod tests {
    use rdp_probe_core::wire::credssp::ntlm_in;
    use rdp_probe_core::wire::credssp::spnego::{NegState, Token};

    use super::*;

    #[test]
    fn what_it_writes_is_read() {
        for length in [9, 120, 150, 300] {
            let message = [b"NTLMSSP\0".as_slice(), &vec![7; length]].concat();
            assert_eq!(ntlm_in(&challenge(&message)), Some(message.as_slice()), "{length}");
        }
        let reject = reject();
        let Ok(Token::Response(read)) = Token::parse(&reject) else { panic!("no response") };
        assert_eq!((read.state, read.token), (Some(NegState::REJECT), None));
    }
}
