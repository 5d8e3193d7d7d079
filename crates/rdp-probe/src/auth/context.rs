//! What a security context is to whoever asks it.
use rdp_probe_core::{AuthFault, AuthOutput, Delegated};

/// One end of an exchange.
pub(super) trait SecurityContext: Send {
    /// What it answers. May take its time, and break: it is asked on a task of its own.
    fn ask(&mut self, ask: &Asked) -> Result<AuthOutput, AuthFault>;
}

/// An [`AuthAsk`] that owns its octets.
#[cfg_attr(not(feature = "nla"), expect(dead_code, reason = "what is shown as it is seals nothing"))]
pub(super) enum Asked {
    Token(Option<Vec<u8>>),
    Wrap(Vec<u8>),
    Unwrap(Vec<u8>),
    WrapCredentials(Delegated),
}
