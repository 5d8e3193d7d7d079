//! What is shown as it is, to a gateway that somebody vouches for: a password in a header (RFC 7617), or a token.
use rdp_probe_core::{AuthFault, AuthOutput, base64};
use zeroize::Zeroizing;

use super::context::{Asked, SecurityContext};
use crate::credentials::Credentials;
use crate::secret::Secret;

/// A secret that is shown once.
pub(super) struct Plain(Option<Secret<Vec<u8>>>);

impl Plain {
    /// User and password, as RFC 7617 section 2 has them: the user exactly as it was typed.
    pub(super) fn basic(credentials: &Credentials) -> Self {
        let Credentials { account, password } = credentials;
        let pair = Zeroizing::new(format!("{account}:{}", password.expose()));
        Self(Some(base64(pair.as_bytes()).into_bytes().into()))
    }

    /// A token.
    pub(super) fn token(token: &Secret<String>) -> Self {
        Self(Some(token.expose().clone().into_bytes().into()))
    }
}

impl SecurityContext for Plain {
    fn ask(&mut self, ask: &Asked) -> Result<AuthOutput, AuthFault> {
        match (ask, self.0.take()) {
            (Asked::Token(None), Some(secret)) => {
                Ok(AuthOutput::Token { token: secret.expose().clone(), done: true })
            }
            (Asked::Token(_) | Asked::Wrap(_) | Asked::Unwrap(_) | Asked::WrapCredentials(_), _) => {
                Err(AuthFault::Local)
            }
        }
    }
}
