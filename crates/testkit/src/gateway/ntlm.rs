//! A judge of real ones: sspi's acceptor for password and integrity; the binding is looked for here, since that one lets a missing pass.
use md5::{Digest as _, Md5};

use super::judge::{Bound, Judge, Judged};
use super::spnego;
use crate::ntlm_server::NtlmServer;

/// The server's end of one exchange.
#[derive(Debug)]
pub(super) struct Ntlm(NtlmServer);

impl Ntlm {
    /// Whoever has this password is let in; `None` where the library has no such server.
    pub(super) fn new(password: &str) -> Option<Self> {
        NtlmServer::new(password).ok().map(Self)
    }
}

impl Judge for Ntlm {
    fn challenge(&mut self, negotiate: &[u8]) -> Option<Vec<u8>> {
        self.0.token(negotiate).ok()
    }

    fn judge(&mut self, authenticate: &[u8], own: &[u8]) -> Judged {
        let bound = Bound::of(binding(authenticate).as_deref(), &digest(own));
        let knows = has_mic(authenticate) && self.0.token(authenticate).is_ok() && self.0.complete().is_ok();
        Judged { knows, bound }
    }

    fn proof(&mut self) -> Option<Vec<u8>> {
        Some(spnego::proof(&self.0.signature(&spnego::MECHANISMS).ok()?))
    }
}

/// MD5 of gss_channel_bindings_struct, of which the application data alone are given ([MS-NLMP] 2.2.2.1, RFC 4121 section 4.1.1.2).
fn digest(application_data: &[u8]) -> Vec<u8> {
    let length = u32::try_from(application_data.len()).unwrap_or(u32::MAX);
    Md5::new()
        .chain_update([0; 16])
        .chain_update(length.to_le_bytes())
        .chain_update(application_data)
        .finalize()
        .to_vec()
}

/// The octets of a field of an AUTHENTICATE: Len, MaxLen and BufferOffset stand there.
fn field(message: &[u8], at: usize) -> Option<&[u8]> {
    let [low, high, _, _, a, b, c, d] = *message.get(at..)?.first_chunk::<8>()?;
    let (length, offset) = (u16::from_le_bytes([low, high]), u32::from_le_bytes([a, b, c, d]));
    message.get(usize::try_from(offset).ok()?..)?.get(..usize::from(length))
}

/// NtChallengeResponseFields ([MS-NLMP] 2.2.1.3).
const RESPONSE: usize = 20;
/// Where the AV_PAIRs stand in an NTLMv2_RESPONSE (2.2.2.8): behind the proof and NTLMv2_CLIENT_CHALLENGE's fields.
const PAIRS: usize = 44;
const FLAGS: u16 = 6;
const CHANNEL_BINDINGS: u16 = 10;

/// The value of an AV_PAIR of an AUTHENTICATE.
fn pair(message: &[u8], wanted: u16) -> Option<&[u8]> {
    let mut rest = field(message, RESPONSE)?.get(PAIRS..)?;
    loop {
        let ([a, b, c, d], after) = rest.split_first_chunk::<4>()?;
        let (id, length) = (u16::from_le_bytes([*a, *b]), usize::from(u16::from_le_bytes([*c, *d])));
        let (value, next) = after.split_at_checked(length)?;
        if id == wanted {
            return Some(value);
        }
        if id == 0 {
            return None;
        }
        rest = next;
    }
}

/// MsvAvChannelBindings, where it binds to something: sixteen zeros are none.
fn binding(message: &[u8]) -> Option<Vec<u8>> {
    let value = pair(message, CHANNEL_BINDINGS)?;
    value.iter().any(|octet| *octet != 0).then(|| value.to_vec())
}

/// Whether MsvAvFlags says that there is a message integrity check.
fn has_mic(message: &[u8]) -> bool {
    pair(message, FLAGS).and_then(|value| value.first()).is_some_and(|flags| flags & 2 == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example that Microsoft has published of a binding.
    #[test]
    fn digest_of_a_binding_is_as_it_was_published() {
        let certificate = [
            0xEA, 0x05, 0xFE, 0xFE, 0xCC, 0x6B, 0x0B, 0xD5, 0x71, 0xDB, 0xBC, 0x5B, 0xAA, 0x3E, 0xD4, 0x53,
            0x86, 0xD0, 0x44, 0x68, 0x35, 0xF7, 0xB7, 0x4C, 0x85, 0x62, 0x1B, 0x99, 0x83, 0x47, 0x5F, 0x95,
        ];
        let own = [b"tls-server-end-point:".as_slice(), &certificate].concat();
        let expected =
            [0x65, 0x86, 0xE9, 0x9D, 0x81, 0xC2, 0xFC, 0x98, 0x4E, 0x47, 0x17, 0x2F, 0xD4, 0xDD, 0x03, 0x10];
        assert_eq!((own.len(), digest(&own)), (53, expected.to_vec()));
    }

    #[test]
    fn fields_that_lie_have_nothing_in_them() {
        let mut message = vec![0; 64];
        message[20..28].copy_from_slice(&[0xFF, 0xFF, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF]);
        assert_eq!((field(&message, RESPONSE), binding(&message), has_mic(&message)), (None, None, false));
        message[20..28].copy_from_slice(&[60, 0, 60, 0, 4, 0, 0, 0]);
        assert_eq!(binding(&message), None);
        assert_eq!(binding(&message[..10]), None);
    }
}
