//! Why a server ends a connection, by its own account.
//!
//! \[MS-RDPBCGR\] 2.2.5.1.1; server to client.

/// `errorInfo` of the Set Error Info PDU; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct ErrorInfo(pub u32);

impl ErrorInfo {
    /// ERRINFO_NONE: says nothing, and a real one may follow.
    pub const NONE: Self = Self(0);
    /// ERRINFO_SERVER_INSUFFICIENT_PRIVILEGES.
    pub const SERVER_INSUFFICIENT_PRIVILEGES: Self = Self(0x0000_0009);

    /// Whether it is about licensing: ERRINFO_LICENSE_INTERNAL to ERRINFO_LICENSE_NO_REMOTE_CONNECTIONS.
    #[must_use]
    pub const fn is_licensing(self) -> bool {
        matches!(self.0, 0x0100..=0x010A)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licensing_codes_are_told_by_their_range() {
        let licensing: [bool; 5] = [0xFF, 0x100, 0x10A, 0x10B, 9].map(|code| ErrorInfo(code).is_licensing());
        assert_eq!(licensing, [false, true, true, false, false]);
    }
}
