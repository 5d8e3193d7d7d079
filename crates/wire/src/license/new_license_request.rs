//! Client New License Request: a client without a licence answers a Server License Request.
//!
//! \[MS-RDPELE\] 2.2.2.2; client to server, little-endian. It takes no licence yet: that is for the answer to a platform challenge.
use alloc::vec::Vec;

use super::blob;
use super::license_request::KeyExchangeAlgorithm;
use super::preamble::{self, message};
use crate::mcs::MAX_USER_DATA;
use crate::security_header::SecurityHeader;

/// A request that cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NewLicenseRequestError {
    /// One message of MCS has to carry it.
    #[error("it has {got} octets, at most {} fit", NewLicenseRequestError::MAX_OCTETS)]
    TooLong {
        /// Octets it takes, security header included.
        got: usize,
    },
    /// A NUL inside a name would end it early.
    #[error("a name has a NUL inside")]
    Nul,
}

impl NewLicenseRequestError {
    /// The longest request, in octets with the security header: longer data of MCS would come in fragments (ITU-T X.691 section 11.9).
    pub const MAX_OCTETS: usize = MAX_USER_DATA;
}

/// CLIENT_OS_ID_WINNT_POST_52 and CLIENT_IMAGE_ID_MICROSOFT, \[MS-RDPELE\] 2.2.2.2: what clients up to Windows 8.1 say.
const PLATFORM_ID: u32 = 0x0401_0000;
/// BB_RANDOM_BLOB, BB_CLIENT_USER_NAME_BLOB, BB_CLIENT_MACHINE_NAME_BLOB.
const RANDOM: u16 = 0x0002;
const USER_NAME: u16 = 0x000F;
const MACHINE_NAME: u16 = 0x0010;
/// What a request has beside its three blobs' contents, in octets.
const FIXED: usize = SecurityHeader::LEN + preamble::LEN + 4 /* PreferredKeyExchangeAlg */ + 4 /* PlatformId */
    + 32 /* ClientRandom */ + 3 * 4 /* wBlobType and wBlobLen */;

/// Appends CLIENT_NEW_LICENSE_REQUEST, security header and preamble included. `encrypted_premaster` has the eight octets of padding at
/// its end. The names are written in ASCII: nobody knows the server's code page, so that any other character becomes a question mark.
///
/// # Errors
/// [`NewLicenseRequestError`]; `out` is then unchanged.
pub fn new_license_request(
    client_random: &[u8; 32],
    encrypted_premaster: &[u8],
    user: &str,
    machine: &str,
    out: &mut Vec<u8>,
) -> Result<(), NewLicenseRequestError> {
    let (user_length, machine_length) = (length(user)?, length(machine)?);
    let contents = [encrypted_premaster.len(), user_length, machine_length];
    let got = contents.into_iter().fold(FIXED, usize::saturating_add);
    if got > NewLicenseRequestError::MAX_OCTETS {
        return Err(NewLicenseRequestError::TooLong { got });
    }
    message(preamble::NEW_LICENSE_REQUEST, out, |out| {
        out.extend_from_slice(&KeyExchangeAlgorithm::RSA.0.to_le_bytes()); // PreferredKeyExchangeAlg
        out.extend_from_slice(&PLATFORM_ID.to_le_bytes()); // PlatformId
        out.extend_from_slice(client_random); // ClientRandom
        blob::head(RANDOM, encrypted_premaster.len(), out); // EncryptedPreMasterSecret
        out.extend_from_slice(encrypted_premaster);
        blob::head(USER_NAME, user_length, out); // ClientUserName
        name(user, out);
        blob::head(MACHINE_NAME, machine_length, out); // ClientMachineName
        name(machine, out);
    });
    Ok(())
}

/// The length of a name in octets, terminator included.
fn length(name: &str) -> Result<usize, NewLicenseRequestError> {
    if name.contains('\0') {
        return Err(NewLicenseRequestError::Nul);
    }
    Ok(name.chars().count().saturating_add(1))
}

fn name(name: &str, out: &mut Vec<u8>) {
    let ascii = |character: char| u8::try_from(character).ok().filter(u8::is_ascii).unwrap_or(b'?');
    out.extend(name.chars().map(ascii).chain([0]));
}

#[cfg(test)]
mod tests {
    use super::*;

    const RANDOM: [u8; 32] = [0x11; 32];

    #[test]
    fn request_is_as_other_clients_send_it() {
        let premaster = [&[0x22; 64][..], &[0; 8]].concat();
        let mut out = Vec::new();
        new_license_request(&RANDOM, &premaster, "lab", "vm", &mut out).unwrap();
        let expected = [
            &[0x80, 0, 0, 0, 0x13, 0x83, 0x87, 0][..], // flags, flagsHi; bMsgType, flags, wMsgSize
            &[1, 0, 0, 0, 0, 0, 1, 4],                 // PreferredKeyExchangeAlg, PlatformId
            &RANDOM,
            &[2, 0, 0x48, 0], // BB_RANDOM_BLOB, 72
            &premaster,
            &[0x0F, 0, 4, 0, b'l', b'a', b'b', 0], // BB_CLIENT_USER_NAME_BLOB
            &[0x10, 0, 3, 0, b'v', b'm', 0],       // BB_CLIENT_MACHINE_NAME_BLOB
        ];
        assert_eq!(out, expected.concat());
    }

    #[test]
    fn characters_beyond_ascii_become_question_marks() {
        let mut out = Vec::new();
        new_license_request(&RANDOM, &[], "Jürgen", "日本", &mut out).unwrap();
        assert!(out.ends_with(b"\x0F\0\x07\0J?rgen\0\x10\0\x03\0??\0"));
    }

    #[test]
    fn request_that_does_not_fit_writes_nothing() {
        let mut out = Vec::new();
        let room = NewLicenseRequestError::MAX_OCTETS - FIXED - 2;
        assert_eq!(new_license_request(&RANDOM, &[], &"x".repeat(room), "", &mut out), Ok(()));
        assert_eq!(out.len(), NewLicenseRequestError::MAX_OCTETS);
        out.clear();
        let error = NewLicenseRequestError::TooLong { got: NewLicenseRequestError::MAX_OCTETS + 1 };
        assert_eq!(new_license_request(&RANDOM, &[], &"x".repeat(room + 1), "", &mut out), Err(error));
        assert!(new_license_request(&RANDOM, &[0; 70_000], "", "", &mut out).is_err());
        for (user, machine) in [("a\0b", ""), ("", "\0")] {
            let error = new_license_request(&RANDOM, &[], user, machine, &mut out).unwrap_err();
            assert_eq!(error, NewLicenseRequestError::Nul);
        }
        assert!(out.is_empty());
    }
}
