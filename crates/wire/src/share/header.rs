//! The headers of share PDUs, their types, and the codes in their bodies that both sides write.
//!
//! \[MS-RDPBCGR\] 2.2.8.1.1.1; both ways. Little-endian.
use crate::fault::Layout;

/// TS_SHARECONTROLHEADER.
pub(super) const CONTROL: Layout = &[("totalLength", 2), ("pduType", 2), ("pduSource", 2)];
/// Size of the share control header, in octets.
pub(super) const CONTROL_LEN: usize = 2 /* totalLength */ + 2 /* pduType */ + 2 /* pduSource */;

/// TS_SHAREDATAHEADER, behind the share control header.
pub(super) const DATA: Layout = &[
    ("shareId", 4),
    ("pad1", 1),
    ("streamId", 1),
    ("uncompressedLength", 2),
    ("pduType2", 1),
    ("compressedType", 1),
    ("compressedLength", 2),
];
/// Size of what the share data header adds to the share control header, in octets.
pub(super) const DATA_LEN: usize = 4 /* shareId */ + 1 /* pad1 */ + 1 /* streamId */ + 2 /* uncompressedLength */
    + 1 /* pduType2 */ + 1 /* compressedType */ + 2 /* compressedLength */;

/// The lower four bits of `pduType`.
pub(super) const TYPE: u16 = 0x000F;
/// PDUTYPE_DEMANDACTIVEPDU.
pub(super) const DEMAND_ACTIVE: u16 = 0x1;
/// PDUTYPE_CONFIRMACTIVEPDU.
pub(super) const CONFIRM_ACTIVE: u16 = 0x3;
/// PDUTYPE_DEACTIVATEALLPDU.
pub(super) const DEACTIVATE_ALL: u16 = 0x6;
/// PDUTYPE_DATAPDU.
pub(super) const DATA_PDU: u16 = 0x7;
/// PDUTYPE_SERVER_REDIR_PKT.
pub(super) const REDIRECTION: u16 = 0xA;

/// `pduType2` of the share data header; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct DataType(pub u8);

impl DataType {
    /// PDUTYPE2_UPDATE: output, by the slow path.
    pub const UPDATE: Self = Self(0x02);
    /// PDUTYPE2_CONTROL.
    pub const CONTROL: Self = Self(0x14);
    /// PDUTYPE2_POINTER.
    pub const POINTER: Self = Self(0x1B);
    /// PDUTYPE2_SYNCHRONIZE.
    pub const SYNCHRONIZE: Self = Self(0x1F);
    /// PDUTYPE2_PLAY_SOUND.
    pub const PLAY_SOUND: Self = Self(0x22);
    /// PDUTYPE2_SHUTDOWN_REQUEST: a client's.
    pub const SHUTDOWN_REQUEST: Self = Self(0x24);
    /// PDUTYPE2_SHUTDOWN_DENIED: somebody is logged on.
    pub const SHUTDOWN_DENIED: Self = Self(0x25);
    /// PDUTYPE2_SAVE_SESSION_INFO.
    pub const SAVE_SESSION_INFO: Self = Self(0x26);
    /// PDUTYPE2_FONTLIST: a client's.
    pub const FONT_LIST: Self = Self(0x27);
    /// PDUTYPE2_FONTMAP: the last message of the connection sequence.
    pub const FONT_MAP: Self = Self(0x28);
    /// PDUTYPE2_SET_KEYBOARD_INDICATORS.
    pub const SET_KEYBOARD_INDICATORS: Self = Self(0x29);
    /// PDUTYPE2_SET_KEYBOARD_IME_STATUS.
    pub const SET_KEYBOARD_IME_STATUS: Self = Self(0x2D);
    /// PDUTYPE2_SET_ERROR_INFO_PDU.
    pub const SET_ERROR_INFO: Self = Self(0x2F);
    /// PDUTYPE2_ARC_STATUS_PDU.
    pub const ARC_STATUS: Self = Self(0x32);
    /// PDUTYPE2_STATUS_INFO_PDU.
    pub const STATUS_INFO: Self = Self(0x36);
    /// PDUTYPE2_MONITOR_LAYOUT_PDU.
    pub const MONITOR_LAYOUT: Self = Self(0x37);

    /// The name in the specification, when it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::UPDATE => Some("PDUTYPE2_UPDATE"),
            Self::CONTROL => Some("PDUTYPE2_CONTROL"),
            Self::POINTER => Some("PDUTYPE2_POINTER"),
            Self::SYNCHRONIZE => Some("PDUTYPE2_SYNCHRONIZE"),
            Self::PLAY_SOUND => Some("PDUTYPE2_PLAY_SOUND"),
            Self::SHUTDOWN_REQUEST => Some("PDUTYPE2_SHUTDOWN_REQUEST"),
            Self::SHUTDOWN_DENIED => Some("PDUTYPE2_SHUTDOWN_DENIED"),
            Self::SAVE_SESSION_INFO => Some("PDUTYPE2_SAVE_SESSION_INFO"),
            Self::FONT_LIST => Some("PDUTYPE2_FONTLIST"),
            Self::FONT_MAP => Some("PDUTYPE2_FONTMAP"),
            Self::SET_KEYBOARD_INDICATORS => Some("PDUTYPE2_SET_KEYBOARD_INDICATORS"),
            Self::SET_KEYBOARD_IME_STATUS => Some("PDUTYPE2_SET_KEYBOARD_IME_STATUS"),
            Self::SET_ERROR_INFO => Some("PDUTYPE2_SET_ERROR_INFO_PDU"),
            Self::ARC_STATUS => Some("PDUTYPE2_ARC_STATUS_PDU"),
            Self::STATUS_INFO => Some("PDUTYPE2_STATUS_INFO_PDU"),
            Self::MONITOR_LAYOUT => Some("PDUTYPE2_MONITOR_LAYOUT_PDU"),
            Self(_) => None,
        }
    }
}

/// `action` of the Control PDU; unknown values are kept as received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize), serde(transparent))]
#[expect(clippy::exhaustive_structs, reason = "a newtype over the wire integer is complete")]
pub struct ControlAction(pub u16);

impl ControlAction {
    /// CTRLACTION_REQUEST_CONTROL: a client's.
    pub const REQUEST_CONTROL: Self = Self(0x0001);
    /// CTRLACTION_GRANTED_CONTROL: a server's.
    pub const GRANTED_CONTROL: Self = Self(0x0002);
    /// CTRLACTION_DETACH.
    pub const DETACH: Self = Self(0x0003);
    /// CTRLACTION_COOPERATE: everybody's.
    pub const COOPERATE: Self = Self(0x0004);

    /// The name in the specification, when it is known.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::REQUEST_CONTROL => Some("CTRLACTION_REQUEST_CONTROL"),
            Self::GRANTED_CONTROL => Some("CTRLACTION_GRANTED_CONTROL"),
            Self::DETACH => Some("CTRLACTION_DETACH"),
            Self::COOPERATE => Some("CTRLACTION_COOPERATE"),
            Self(_) => None,
        }
    }
}
