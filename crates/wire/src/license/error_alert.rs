//! Licensing Error Message: how licensing ends, well or not.
//!
//! \[MS-RDPBCGR\] 2.2.1.12.1.3; either direction, little-endian. It is also how a server says that no licence is needed.
use alloc::vec::Vec;

use nom::IResult;

use super::blob;
use super::preamble::{self, message};
use crate::fault::{Fault, Layout, fixed};

macro_rules! codes {
    ($what:ident: $($(#[$doc:meta])* $name:ident = $value:literal $specified:literal,)*) => {
        impl $what {
            $($(#[$doc])* pub const $name: Self = Self($value);)*

            /// The name in the specification.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self {
                    $(Self::$name => Some($specified),)*
                    Self(_) => None,
                }
            }
        }
    };
}

/// `dwErrorCode` of [`ErrorAlert`]; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct LicenseErrorCode(pub u32);

codes! {
    LicenseErrorCode:
    /// The certificate for licensing is none that the client takes; only clients say so.
    INVALID_SERVER_CERTIFICATE = 0x1 "ERR_INVALID_SERVER_CERTIFICATE",
    /// The client has no licence, and takes none; only clients say so.
    NO_LICENSE = 0x2 "ERR_NO_LICENSE",
    /// A message authentication code is wrong.
    INVALID_MAC = 0x3 "ERR_INVALID_MAC",
    /// The licence is for another scope.
    INVALID_SCOPE = 0x4 "ERR_INVALID_SCOPE",
    /// The server found no licence server, and its grace period is over.
    NO_LICENSE_SERVER = 0x6 "ERR_NO_LICENSE_SERVER",
    /// Success: licensing is over, the connection goes on.
    VALID_CLIENT = 0x7 "STATUS_VALID_CLIENT",
    /// There is no licence for this client, and the grace period is over.
    INVALID_CLIENT = 0x8 "ERR_INVALID_CLIENT",
    /// The licence is for another product.
    INVALID_PRODUCTID = 0xB "ERR_INVALID_PRODUCTID",
    /// A message has a length that it cannot have.
    INVALID_MESSAGE_LEN = 0xC "ERR_INVALID_MESSAGE_LEN",
}

/// `dwStateTransition` of [`ErrorAlert`]; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct StateTransition(pub u32);

codes! {
    StateTransition:
    /// The connection ends.
    TOTAL_ABORT = 0x1 "ST_TOTAL_ABORT",
    /// Nothing changes; with [`LicenseErrorCode::VALID_CLIENT`] the connection goes on.
    NO_TRANSITION = 0x2 "ST_NO_TRANSITION",
    /// Licensing begins again.
    RESET_PHASE_TO_START = 0x3 "ST_RESET_PHASE_TO_START",
    /// The last message is to be sent again.
    RESEND_LAST_MESSAGE = 0x4 "ST_RESEND_LAST_MESSAGE",
}

/// LICENSE_ERROR_MESSAGE, without the blob at its end: servers write anything there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorAlert {
    /// `dwErrorCode`.
    pub code: LicenseErrorCode,
    /// `dwStateTransition`.
    pub transition: StateTransition,
}

const LAYOUT: Layout = &[("dwErrorCode", 4), ("dwStateTransition", 4)];
/// BB_ERROR_BLOB.
const ERROR_BLOB: u16 = 0x0004;

impl ErrorAlert {
    /// Whether it is no error at all: STATUS_VALID_CLIENT without a transition.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(
            self,
            Self { code: LicenseErrorCode::VALID_CLIENT, transition: StateTransition::NO_TRANSITION }
        )
    }
}

/// Reads what stands behind the preamble.
pub(super) fn alert(i: &[u8]) -> IResult<&[u8], ErrorAlert, Fault> {
    let (rest, &[c0, c1, c2, c3, t0, t1, t2, t3]) = fixed::<8>(i, LAYOUT)?;
    let code = LicenseErrorCode(u32::from_le_bytes([c0, c1, c2, c3]));
    let transition = StateTransition(u32::from_le_bytes([t0, t1, t2, t3]));
    Ok((rest, ErrorAlert { code, transition }))
}

/// Appends LICENSE_ERROR_MESSAGE of a client with an empty blob, security header and preamble included.
pub fn error_alert(code: LicenseErrorCode, transition: StateTransition, out: &mut Vec<u8>) {
    message(preamble::ERROR_ALERT, out, |out| {
        out.extend_from_slice(&code.0.to_le_bytes()); // dwErrorCode
        out.extend_from_slice(&transition.0.to_le_bytes()); // dwStateTransition
        blob::head(ERROR_BLOB, 0, out); // bbErrorInfo
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_takes_no_licence_says_so_as_the_specification_has_it() {
        let mut out = Vec::new();
        error_alert(LicenseErrorCode::NO_LICENSE, StateTransition::TOTAL_ABORT, &mut out);
        let decline = [
            0x80, 0, 0, 0, // flags: SEC_LICENSE_PKT; flagsHi
            0xFF, 0x83, 0x10, 0, // bMsgType: ERROR_ALERT; flags; wMsgSize: 16
            2, 0, 0, 0, // dwErrorCode: ERR_NO_LICENSE
            1, 0, 0, 0, // dwStateTransition: ST_TOTAL_ABORT
            4, 0, 0, 0, // bbErrorInfo: BB_ERROR_BLOB, empty
        ];
        assert_eq!(out, decline);
    }

    #[test]
    fn known_codes_have_their_names_and_unknown_ones_none() {
        let codes = [(1, true), (5, false), (7, true), (8, true), (0xA, false), (0xC, true), (u32::MAX, false)];
        for (code, known) in codes {
            assert_eq!(LicenseErrorCode(code).name().is_some(), known, "{code}");
        }
        assert_eq!(LicenseErrorCode(7).name(), Some("STATUS_VALID_CLIENT"));
        let transitions = [0, 1, 2, 3, 4, 5].map(|value| StateTransition(value).name().is_some());
        assert_eq!(transitions, [false, true, true, true, true, false]);
    }

    #[test]
    fn only_a_valid_client_that_goes_on_is_success() {
        let success = |code, transition| {
            ErrorAlert { code: LicenseErrorCode(code), transition: StateTransition(transition) }.is_success()
        };
        assert!(success(7, 2));
        assert!(!success(7, 1) && !success(6, 2) && !success(0, 2));
    }
}
