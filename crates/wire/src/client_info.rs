//! Client Info: what the client tells of itself before licensing. By hand, and without anybody's name or password.
//!
//! \[MS-RDPBCGR\] 2.2.1.11.1.1; client to server on the I/O channel, inside an MCS Send Data Request. Little-endian.
use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::net::IpAddr;

use crate::security_header::{SecurityFlags, SecurityHeader};

/// `flags` of TS_INFO_PACKET, as far as they are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct InfoFlags(pub u32);

impl InfoFlags {
    /// INFO_MOUSE.
    pub const MOUSE: Self = Self(0x0000_0001);
    /// INFO_DISABLECTRLALTDEL.
    pub const DISABLECTRLALTDEL: Self = Self(0x0000_0002);
    /// INFO_AUTOLOGON: the user name and the password are to be used.
    pub const AUTOLOGON: Self = Self(0x0000_0008);
    /// INFO_UNICODE: texts are in UTF-16LE.
    pub const UNICODE: Self = Self(0x0000_0010);
    /// INFO_MAXIMIZESHELL.
    pub const MAXIMIZESHELL: Self = Self(0x0000_0020);
    /// INFO_LOGONNOTIFY: the client wants to be told of a logon.
    pub const LOGONNOTIFY: Self = Self(0x0000_0040);
    /// INFO_ENABLEWINDOWSKEY.
    pub const ENABLEWINDOWSKEY: Self = Self(0x0000_0100);
    /// INFO_LOGONERRORS: the client understands the errors of a logon, so that it gets them.
    pub const LOGONERRORS: Self = Self(0x0001_0000);
    /// What is sent without credentials. Servers are known that hang up unless the first four are all there.
    pub const ANONYMOUS: Self = Self(
        Self::MOUSE.0
            | Self::DISABLECTRLALTDEL.0
            | Self::UNICODE.0
            | Self::MAXIMIZESHELL.0
            | Self::LOGONNOTIFY.0
            | Self::ENABLEWINDOWSKEY.0
            | Self::LOGONERRORS.0,
    );

    /// Whether every bit of `other` is set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// AF_INET and AF_INET6 of `clientAddressFamily`.
const FAMILY_V4: u16 = 0x0002;
const FAMILY_V6: u16 = 0x0017;
/// TS_TIME_ZONE_INFORMATION, in octets.
const TIME_ZONE: usize = 4 /* Bias */ + 64 /* StandardName */ + 16 /* StandardDate */ + 4 /* StandardBias */
    + 64 /* DaylightName */ + 16 /* DaylightDate */ + 4 /* DaylightBias */;

/// Appends the basic security header and a TS_INFO_PACKET with [`InfoFlags::ANONYMOUS`] to `out`: no domain, user name, password,
/// shell or directory, the time of UTC, nothing asked of the performance. `address` is the client's own, which servers log. The
/// optional fields end with an empty `cbAutoReconnectCookie`.
pub fn encode(address: IpAddr, out: &mut Vec<u8>) {
    SecurityHeader::encode(SecurityFlags::INFO_PKT, out);
    out.extend_from_slice(&[0; 4]); // CodePage
    out.extend_from_slice(&InfoFlags::ANONYMOUS.0.to_le_bytes()); // flags
    // These five lengths do not count terminators, those further on do.
    out.extend_from_slice(&[0; 10]); // cbDomain, cbUserName, cbPassword, cbAlternateShell, cbWorkingDir
    out.extend_from_slice(&[0; 10]); // Domain, UserName, Password, AlternateShell, WorkingDir: terminators alone
    let family = match address {
        IpAddr::V4(_) => FAMILY_V4,
        IpAddr::V6(_) => FAMILY_V6,
    };
    out.extend_from_slice(&family.to_le_bytes()); // clientAddressFamily
    text(&address.to_string(), out); // cbClientAddress, clientAddress
    text("", out); // cbClientDir, clientDir
    out.extend_from_slice(&[0; TIME_ZONE]); // clientTimeZone
    out.extend_from_slice(&[0; 4]); // clientSessionId
    out.extend_from_slice(&[0; 4]); // performanceFlags
    out.extend_from_slice(&[0; 2]); // cbAutoReconnectCookie
}

/// Length and text in UTF-16LE, with a terminator that is counted. An address is never too long for its length: IPv6 has 39
/// characters at the most.
fn text(text: &str, out: &mut Vec<u8>) {
    let units = text.encode_utf16().count().saturating_add(1);
    out.extend_from_slice(&u16::try_from(units.saturating_mul(2)).unwrap_or(u16::MAX).to_le_bytes());
    for unit in text.encode_utf16().chain([0]) {
        out.extend_from_slice(&unit.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mcs::send_data_request;
    use core::net::{Ipv4Addr, Ipv6Addr};

    fn encoded(address: IpAddr) -> Vec<u8> {
        let mut out = Vec::new();
        encode(address, &mut out);
        out
    }

    #[test]
    fn whole_pdu_is_as_servers_took_it_but_for_the_user_name() {
        let mut expected = alloc::vec![
            0x03, 0x00, 0x01, 0x01, 0x02, 0xF0, 0x80, // TPKT, X.224 Data
            0x64, 0x00, 0x03, 0x03, 0xEB, 0x70, 0x80,
            0xF2, // Send Data Request: user 1004, channel 1003, 242 octets
            0x40, 0x00, 0x00, 0x00, // SEC_INFO_PKT, flagsHi
            0x00, 0x00, 0x00, 0x00, // CodePage
            0x73, 0x01, 0x01, 0x00, // flags
            0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // cbDomain to cbWorkingDir
            0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // Domain to WorkingDir
            0x02, 0x00, // clientAddressFamily
            0x14, 0x00, // cbClientAddress
            0x31, 0x00, 0x32, 0x00, 0x37, 0x00, 0x2E, 0x00, 0x30, 0x00, // clientAddress: "127.0.0.1"
            0x2E, 0x00, 0x30, 0x00, 0x2E, 0x00, 0x31, 0x00, 0x00, 0x00, //
            0x02, 0x00, // cbClientDir
            0x00, 0x00, // clientDir
        ];
        // clientTimeZone, clientSessionId, performanceFlags, cbAutoReconnectCookie.
        expected.extend([0; 172 + 4 + 4 + 2]);
        let mut pdu = Vec::new();
        let body = encoded(Ipv4Addr::LOCALHOST.into());
        assert!(send_data_request(1004, 1003, &body, &mut pdu));
        assert_eq!(pdu, expected);
        // With the five letters of its user name the same PDU is ten octets longer.
        assert_eq!(pdu.len() + 10, 0x010B);
    }

    #[test]
    fn address_is_written_as_text_of_its_family() {
        let longest = Ipv6Addr::new(0xFD00, 0x1111, 0x2222, 0x3333, 0x4444, 0x5555, 0x6666, 0x7777);
        for (address, family, characters) in [
            (IpAddr::from(Ipv4Addr::BROADCAST), 2, 15),
            (IpAddr::from(Ipv6Addr::LOCALHOST), 0x17, 3),
            (IpAddr::from(longest), 0x17, 39),
            (IpAddr::from(Ipv4Addr::BROADCAST.to_ipv6_mapped()), 0x17, 22),
        ] {
            let body = encoded(address);
            assert_eq!(body[32..36], [family, 0, 2 * (characters + 1), 0], "{address}");
            let units =
                address.to_string().encode_utf16().chain([0]).flat_map(u16::to_le_bytes).collect::<Vec<_>>();
            assert!(body[36..].starts_with(&units), "{address}");
            assert_eq!(body.len(), 36 + units.len() + 4 + 182);
            // The most that the field may have, terminator included.
            assert!(units.len() <= 80);
        }
    }

    #[test]
    fn flags_say_that_nobody_is_to_be_logged_on() {
        assert_eq!(InfoFlags::ANONYMOUS, InfoFlags(0x0001_0173));
        assert!(InfoFlags::ANONYMOUS.contains(InfoFlags(0x33)));
        assert!(!InfoFlags::ANONYMOUS.contains(InfoFlags::AUTOLOGON));
    }
}
