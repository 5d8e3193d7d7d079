//! Licensing: what a server says of it, and what a client answers that takes no licence.
//!
//! \[MS-RDPBCGR\] 2.2.1.12, \[MS-RDPELE\] 2.2.2; each message inside an MCS Send Data Indication or Request on the I/O channel, behind
//! a basic security header that is there at every encryption level, and under TLS too. Little-endian.
mod blob;
mod error_alert;
mod license_request;
mod message;
mod new_license_request;
mod preamble;

pub use error_alert::{ErrorAlert, LicenseErrorCode, StateTransition, error_alert};
pub use license_request::{KeyExchangeAlgorithm, KeyExchangeList, LicenseRequest, ProductInfo, Scopes};
pub use message::LicenseMessage;
pub use new_license_request::{NewLicenseRequestError, new_license_request};
