//! Share PDUs: what a server says from the capabilities on, whatever it may say in any state after TLS, and what a client answers up to
//! the end of the connection sequence.
//!
//! \[MS-RDPBCGR\] 2.2.8.1.1; inside an MCS Send Data Indication, or Request. Little-endian.
mod capability_set;
mod client;
mod demand_active;
mod error_info;
mod header;
mod message;

pub use capability_set::{
    Bitmap, CapabilitySet, CapabilitySets, CapabilityType, General, OsMajorType, OsMinorType,
};
pub use client::{confirm_active, control, font_list, synchronize};
pub use demand_active::DemandActive;
pub use error_info::ErrorInfo;
pub use header::{ControlAction, DataType};
pub use message::{ServerMessage, SharePdu};
