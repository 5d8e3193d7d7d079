//! TSCredentials: what a client gives away at the end of CredSSP, to be sealed before it is sent.
//!
//! \[MS-CSSP\] 2.2.1.2 and 2.2.1.2.1; client to server, inside authInfo of a TSRequest. DER; texts in UTF-16LE.
use alloc::vec::Vec;

use crate::der::{self, INTEGER, OCTET_STRING, SEQUENCE};

/// `credType` of TSPasswordCreds.
const PASSWORD: u8 = 1;

/// Appends TSCredentials with TSPasswordCreds in them. Room is made for all of it at once, so that no copy of the password stays behind where
/// `out` grows.
pub fn ts_credentials(domain: &str, user: &str, password: &str, out: &mut Vec<u8>) {
    let texts = [(0xA0, domain), (0xA1, user), (0xA2, password)];
    let length = |text: &str| text.encode_utf16().count().saturating_mul(2);
    let field = |text: &str| der::size(der::size(length(text)));
    let fields = texts.iter().fold(0, |all: usize, (_, text)| all.saturating_add(field(text)));
    let credentials = der::size(fields);
    let kind = der::size(der::size(1));
    let contents = kind.saturating_add(der::size(der::size(credentials)));
    out.reserve(der::size(contents));
    der::put_header(SEQUENCE, contents, out);
    der::put_header(0xA0, der::size(1), out);
    der::put_header(INTEGER, 1, out);
    out.push(PASSWORD); // credType
    der::put_header(0xA1, der::size(credentials), out);
    der::put_header(OCTET_STRING, credentials, out); // credentials
    der::put_header(SEQUENCE, fields, out);
    for (tag, text) in texts {
        der::put_header(tag, der::size(length(text)), out);
        der::put_header(OCTET_STRING, length(text), out);
        out.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec;

    #[test]
    fn three_texts_stand_in_their_places() {
        let mut out = Vec::new();
        ts_credentials("L", "ab", "ü", &mut out);
        let expected = [
            0x30, 0x1F, 0xA0, 3, 2, 1, 1, 0xA1, 0x18, 4, 0x16, 0x30,
            0x14, // TSCredentials up to TSPasswordCreds
            0xA0, 4, 4, 2, b'L', 0, // domainName
            0xA1, 6, 4, 4, b'a', 0, b'b', 0, // userName
            0xA2, 4, 4, 2, 0xFC, 0, // password
        ];
        assert_eq!(out, expected);
    }

    #[test]
    fn nothing_is_three_empty_texts() {
        let mut out = Vec::new();
        ts_credentials("", "", "", &mut out);
        let expected = [
            0x30, 0x17, 0xA0, 3, 2, 1, 1, 0xA1, 0x10, 4, 0x0E, 0x30, 0x0C, 0xA0, 2, 4, 0, 0xA1, 2, 4, 0, 0xA2,
            2, 4, 0,
        ];
        assert_eq!(out, expected);
    }

    /// As another library reads them, at every border of a length; and no room is made twice.
    #[test]
    fn all_of_it_has_room_at_once_whatever_its_length() {
        for length in [0, 1, 50, 63, 64, 127, 128, 200, 32_767, 40_000] {
            let password: String = core::iter::repeat_n('x', length).collect();
            let mut out = Vec::new();
            ts_credentials("LAB", "alice", &password, &mut out);
            assert_eq!(out.capacity(), out.len(), "{length}");
            let (rest, contents) = der::tagged(&out, SEQUENCE, "TSCredentials").unwrap();
            assert_eq!((rest, contents.first()), (&[][..], Some(&0xA0)), "{length}");
            let expected: Vec<u8> = password.encode_utf16().flat_map(u16::to_le_bytes).collect();
            assert!(out.ends_with(&expected), "{length}");
        }
        let mut behind = vec![7; 3];
        ts_credentials("", "", "", &mut behind);
        assert_eq!(behind.get(..4), Some(&[7, 7, 7, 0x30][..]));
    }
}
