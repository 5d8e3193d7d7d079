//! Properties that hold for every input; property tests and fuzz targets share them.
//!
//! Each function panics when its property does not hold, which is how fuzzers want it.
mod certificate;
mod credssp;
mod diagnosis;
mod explain;
mod framing;
#[cfg(test)]
pub(crate) mod golden;
mod http;
mod ironrdp;
mod license;
mod machine;
mod mcs;
mod share;
mod text;
mod tls;
mod tsgu;
mod two_channels;
mod websocket;
mod wire;

pub use certificate::certificate;
pub use credssp::credssp;
pub use diagnosis::{contradictions, diagnosis, diagnosis_of};
pub use explain::explanation;
pub use framing::framing;
pub use http::http;
pub use ironrdp::{confirm_against_ironrdp, request_against_ironrdp};
pub use machine::{machine, well_formed};
pub use mcs::{connect_initial_reads_back, domain_requests_against_ironrdp, mcs};
pub use share::activation_against_ironrdp;
pub use text::text;
pub use tls::{client_hello_against_tls_parser, tls};
pub use tsgu::tsgu;
pub use websocket::websocket;
pub use wire::wire;
