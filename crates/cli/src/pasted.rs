//! What a command line of another client says of an account.
use rdp_probe::Secret;

/// What stood there.
#[derive(Debug, Default)]
pub(crate) struct Pasted {
    pub(crate) user: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) password: Option<Secret<String>>,
    /// `/cert:ignore`.
    pub(crate) accept_certificate: bool,
}
