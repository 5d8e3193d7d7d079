//! What stands before every message of licensing, behind the basic security header: LICENSE_PREAMBLE.
//!
//! \[MS-RDPBCGR\] 2.2.1.12.1.1; either direction, little-endian.
use alloc::vec::Vec;

use crate::fault::Layout;
use crate::security_header::{SecurityFlags, SecurityHeader};

/// The preamble. The version in its flags is of no account.
pub(super) const PREAMBLE: Layout = &[("bMsgType", 1), ("preamble flags", 1), ("wMsgSize", 2)];
/// Size of the preamble on the wire, in octets: `wMsgSize` counts it.
pub(super) const LEN: usize = 1 /* bMsgType */ + 1 /* flags */ + 2 /* wMsgSize */;

/// LICENSE_REQUEST.
pub(super) const LICENSE_REQUEST: u8 = 0x01;
/// PLATFORM_CHALLENGE.
pub(super) const PLATFORM_CHALLENGE: u8 = 0x02;
/// NEW_LICENSE.
pub(super) const NEW_LICENSE: u8 = 0x03;
/// UPGRADE_LICENSE.
pub(super) const UPGRADE_LICENSE: u8 = 0x04;
/// NEW_LICENSE_REQUEST.
pub(super) const NEW_LICENSE_REQUEST: u8 = 0x13;
/// ERROR_ALERT.
pub(super) const ERROR_ALERT: u8 = 0xFF;

/// PREAMBLE_VERSION_3_0 and EXTENDED_ERROR_MSG_SUPPORTED.
const CLIENT_FLAGS: u8 = 0x83;

/// Appends both headers, and what `body` appends.
pub(super) fn message(message_type: u8, out: &mut Vec<u8>, body: impl FnOnce(&mut Vec<u8>)) {
    SecurityHeader::encode(SecurityFlags::LICENSE_PKT, out);
    let start = out.len();
    out.extend_from_slice(&[message_type, CLIENT_FLAGS, 0, 0]);
    body(out);
    let size = u16::try_from(out.len().saturating_sub(start)).unwrap_or(u16::MAX);
    let preamble = out.get_mut(start..).and_then(|message| message.first_chunk_mut::<LEN>());
    if let Some([_, _, low, high]) = preamble {
        [*low, *high] = size.to_le_bytes();
    }
}
