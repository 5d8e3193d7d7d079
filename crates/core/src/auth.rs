//! The boundary to security contexts (NTLM, and those to come): what the machine asks one, and what it answers, in the core's words. The
//! context holds the secret; the core never does.
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::close::Close;

/// Whose credentials are to be proven, and how. Never a secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Account {
    /// The user, without the domain.
    pub user: String,
    /// The domain; `None` where the server's own is meant.
    #[serde(default)]
    pub domain: Option<String>,
    /// The mechanism.
    #[serde(default)]
    pub method: AuthMethod,
}

impl Account {
    /// An account that is proven by NTLM.
    #[must_use]
    pub const fn new(user: String, domain: Option<String>) -> Self {
        Self { user, domain, method: AuthMethod::Ntlm }
    }
}

/// The mechanisms.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuthMethod {
    /// NTLM, without SPNEGO around it.
    #[default]
    Ntlm,
}

impl AuthMethod {
    /// The id in reports and options.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Ntlm => "ntlm",
        }
    }
}

/// What a security context is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthAsk<'a> {
    /// The next token of the exchange, behind this one of the peer's; `None` begins one.
    Token(Option<&'a [u8]>),
    /// Seals octets.
    Wrap(&'a [u8]),
    /// Opens what the peer has sealed.
    Unwrap(&'a [u8]),
}

impl fmt::Debug for AuthAsk<'_> {
    /// Prints no octets: some of them are made of a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(token) => f.debug_tuple("Token").field(&token.map(<[u8]>::len)).finish(),
            Self::Wrap(octets) => f.debug_tuple("Wrap").field(&octets.len()).finish(),
            Self::Unwrap(octets) => f.debug_tuple("Unwrap").field(&octets.len()).finish(),
        }
    }
}

/// What it answers.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AuthOutput {
    /// A token.
    Token {
        /// Its octets.
        token: Vec<u8>,
        /// Whether it is the last one.
        done: bool,
    },
    /// Sealed octets.
    Sealed(Vec<u8>),
    /// Opened ones.
    Opened(Vec<u8>),
}

impl fmt::Debug for AuthOutput {
    /// Prints no octets: some of them are made of a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token { token, done } => {
                f.debug_struct("Token").field("len", &token.len()).field("done", done).finish()
            }
            Self::Sealed(octets) => f.debug_tuple("Sealed").field(&octets.len()).finish(),
            Self::Opened(octets) => f.debug_tuple("Opened").field(&octets.len()).finish(),
        }
    }
}

/// Why it does not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum AuthFault {
    /// The peer's token is none that it can go on from.
    Token,
    /// What the peer sealed does not open: it was changed on its way, or sealed with another key.
    Altered,
    /// It could not do it here: this build has none, or it broke.
    Local,
    /// It was not waited for to the end.
    Closed(Close),
}

impl AuthFault {
    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Altered => "altered",
            Self::Local => "local",
            Self::Closed(_) => "closed",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_of_what_a_context_makes_is_printed() {
        let octets = b"made of a password".as_slice();
        let asked = [AuthAsk::Token(Some(octets)), AuthAsk::Wrap(octets), AuthAsk::Unwrap(octets)];
        let token = AuthOutput::Token { token: octets.to_vec(), done: true };
        let given = [token, AuthOutput::Sealed(octets.to_vec()), AuthOutput::Opened(octets.to_vec())];
        let printed = format!("{asked:?} {given:?} {:?}", AuthAsk::Token(None));
        assert_eq!(
            printed,
            "[Token(Some(18)), Wrap(18), Unwrap(18)] [Token { len: 18, done: true }, Sealed(18), Opened(18)] Token(None)"
        );
    }
}
