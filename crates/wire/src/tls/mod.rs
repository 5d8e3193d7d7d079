//! TLS without a TLS stack: the hello that offers everything, and a reader of what a server answers in the clear.
//!
//! RFC 8446, RFC 5246, RFC 4346, RFC 2246; big-endian. It says which version, cipher suite and certificate a server chooses
//! that this build could not go on with, and what else comes in place of an answer.
mod alert;
mod certificate;
mod cipher_suite;
mod client_hello;
mod key_exchange;
mod named_group;
mod record;
mod server_flight;
mod server_hello;
mod signature_scheme;
mod spliced;
mod version;

pub use alert::{Alert, AlertDescription, AlertLevel};
pub use certificate::{Certificate, CertificateList, Certificates};
pub use cipher_suite::CipherSuite;
pub use client_hello::{Hello, HelloForm, client_hello, is_offered};
pub use named_group::NamedGroup;
pub use record::{ContentType, MAX_RECORD, RECORD_HEADER, record};
pub use server_flight::{FlightEnd, MAX_FLIGHT, MAX_HANDSHAKE, ServerFlight};
pub use server_hello::ServerHello;
pub use signature_scheme::SignatureScheme;
pub use spliced::Pieces;
pub use version::Version;
