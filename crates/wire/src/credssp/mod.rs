//! CredSSP: what goes back and forth inside TLS when PROTOCOL_HYBRID was selected.
//!
//! \[MS-CSSP\] 2.2. No TPKT here: each message is one DER element.
mod anonymous_request;
mod ntlm_alone;
pub mod spnego;
mod ts_credentials;
pub mod ts_request;

pub use anonymous_request::ANONYMOUS_REQUEST;
pub use ntlm_alone::{NTLM_MECH_TYPES, ntlm_init, ntlm_response};
pub use spnego::ntlm_in;
pub use ts_credentials::ts_credentials;
pub use ts_request::{NtStatus, TsRequest};
