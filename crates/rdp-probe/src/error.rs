//! Why a probe cannot be run as it is put together.
use rdp_probe_core::wire::preconnection::BlobError;
use rdp_probe_core::wire::tsgu::TextError;
use rdp_probe_core::wire::x224;
use rdp_probe_core::{ClientNameError, Stage};

/// A probe that cannot be run as it is put together. Never the target's doing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProbeError {
    /// The stage is one that this version does not go through.
    #[error("stage {0} is not in this version")]
    StageNotBuilt(Stage),
    /// The cookie does not fit, or would break the request.
    #[error("the cookie cannot be sent: {0}")]
    Cookie(#[source] x224::RequestError),
    /// The routing token does not fit, or would break the request.
    #[error("the routing token cannot be sent: {0}")]
    RoutingToken(#[source] x224::RequestError),
    /// The pre-connection blob does not fit, or would break its PDU.
    #[error("the pre-connection blob cannot be sent: {0}")]
    PreconnectionBlob(#[source] BlobError),
    /// The client cannot be called so.
    #[error("{0}")]
    ClientName(#[source] ClientNameError),
    /// A pin is not a SHA-256.
    #[error("a pin is a SHA-256 in 64 hexadecimal digits, not {0:?}")]
    Pin(String),
    /// A token for a gateway that cannot be sent.
    #[error("a token has 1 to {} characters, none of them a control character", TextError::MAX_UNITS)]
    Token,
    /// No certificate in what was given as roots.
    #[error("there is no certificate in PEM among the roots")]
    Roots,
    /// A name for TLS that TLS cannot carry, and that is no address.
    #[error(
        "TLS cannot carry the name {0:?}: a name has labels of 1 to 63 letters, digits, hyphens and underscores"
    )]
    ServerName(String),
    /// A limit of no time at all.
    #[error("a limit must be longer than 0")]
    NoTime,
}
