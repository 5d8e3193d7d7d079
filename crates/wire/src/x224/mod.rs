//! X.224 class 0 TPDUs, each inside one TPKT.
//!
//! \[MS-RDPBCGR\] 2.2.1.1, 2.2.1.2; ITU-T X.224 section 13. Big-endian.
mod connection_confirm;
mod connection_request;
mod disconnect_request;
mod error;
mod tpdu;

pub use connection_confirm::ConnectionConfirm;
pub use connection_request::{ConnectionRequest, RequestError, Routing};
pub use disconnect_request::DisconnectRequest;
pub use error::TpduError;
pub use tpdu::TpduCode;
pub(crate) use tpdu::data;
