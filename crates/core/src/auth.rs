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
    /// The domain, or the realm of a user principal name; `None` where the server's own is meant.
    #[serde(default)]
    pub domain: Option<String>,
    /// Whether it was written as a user principal name, `user@realm`: it is sent as it is written.
    #[serde(default)]
    pub is_principal: bool,
    /// The mechanism.
    #[serde(default)]
    pub method: AuthMethod,
    /// Whether it was rejected in this run: then nothing is computed from its secret any more.
    #[serde(default)]
    pub stopped: bool,
}

/// A user that cannot be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AccountError {
    /// There is no user.
    #[error("no user: expected user, DOMAIN\\user or user@realm")]
    Empty,
    /// Both forms at once, or one of them twice.
    #[error("a user is written as user, DOMAIN\\user or user@realm, in one of these forms")]
    Mixed,
    /// A domain beside one that stands with the user.
    #[error("the user has a domain already, and another one is given beside it")]
    TwoDomains,
    /// A character that no account has.
    #[error("a user or domain has no control character")]
    Character,
}

impl Account {
    /// Reads a user as people write it: `user`, `DOMAIN\user` or `user@realm`, with a domain given beside it or not. It is to be proven by
    /// NTLM.
    ///
    /// # Errors
    /// [`AccountError`] when it is none.
    pub fn parse(typed: &str, domain: Option<&str>) -> Result<Self, AccountError> {
        let parts = (typed.split_once('\\'), typed.rsplit_once('@'));
        let (user, own, is_principal) = match parts {
            (Some((domain, user)), None) => (user, Some(domain), false),
            (None, Some((user, realm))) => (user, Some(realm), true),
            (None, None) => (typed, None, false),
            (Some(_), Some(_)) => return Err(AccountError::Mixed),
        };
        let domain = match (own, domain.filter(|domain| !domain.is_empty())) {
            (Some(_), Some(_)) => return Err(AccountError::TwoDomains),
            (own, given) => own.or(given),
        };
        let separators = |text: &str| text.contains(['\\', '@']);
        if separators(user) || domain.is_some_and(|domain| domain.is_empty() || separators(domain)) {
            return Err(AccountError::Mixed);
        }
        if user.is_empty() {
            return Err(AccountError::Empty);
        }
        if user.chars().chain(domain.unwrap_or_default().chars()).any(char::is_control) {
            return Err(AccountError::Character);
        }
        let domain = domain.map(str::to_owned);
        Ok(Self { user: user.to_owned(), domain, is_principal, method: AuthMethod::Ntlm, stopped: false })
    }
}

/// As people write it.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.domain, self.is_principal) {
            (None, _) => f.write_str(&self.user),
            (Some(realm), true) => write!(f, "{}@{realm}", self.user),
            (Some(domain), false) => write!(f, "{domain}\\{}", self.user),
        }
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
    /// NTLM inside of SPNEGO, which HTTP calls Negotiate (RFC 4559): for a gateway only.
    Negotiate,
    /// NTLM in packets of the tunnel, where HTTP asks for nothing but its name ([MS-TSGU] 3.3.5.3.3): for a gateway only.
    #[serde(rename = "sspi-ntlm")]
    SspiNtlm,
    /// User and password in a header, as RFC 7617 has it: for a gateway only.
    Basic,
    /// A token in a packet of the tunnel: for a gateway only.
    Token,
}

impl AuthMethod {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Ntlm, Self::Negotiate, Self::SspiNtlm, Self::Basic, Self::Token];

    /// The id in reports and options.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Ntlm => "ntlm",
            Self::Negotiate => "negotiate",
            Self::SspiNtlm => "sspi-ntlm",
            Self::Basic => "basic",
            Self::Token => "token",
        }
    }

    /// The scheme of HTTP (RFC 9110 section 11.1), where there is one.
    #[must_use]
    pub const fn scheme(self) -> Option<&'static str> {
        match self {
            Self::Ntlm => Some("NTLM"),
            Self::Negotiate => Some("Negotiate"),
            Self::SspiNtlm => Some("SSPI_NTLM"),
            Self::Basic => Some("Basic"),
            Self::Token => None,
        }
    }

    /// Whether it is an exchange of several messages in HTTP, of which the first proves nothing.
    #[must_use]
    pub const fn is_exchange(self) -> bool {
        match self {
            Self::Ntlm | Self::Negotiate => true,
            Self::SspiNtlm | Self::Basic | Self::Token => false,
        }
    }

    /// The name for people.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ntlm => "NTLM",
            Self::Negotiate => "NTLM inside Negotiate",
            Self::SspiNtlm => "NTLM inside the tunnel",
            Self::Basic => "Basic",
            Self::Token => "a token",
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
    /// Seals TSCredentials ([MS-CSSP] 2.2.1.2): what is given away.
    WrapCredentials(Delegated),
}

/// What is given to a server that has proven that it knows the credentials.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Delegated {
    /// User, domain and password.
    Password,
    /// Three empty texts, as Restricted Admin has it.
    Nothing,
}

impl Delegated {
    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Password => "password",
            Self::Nothing => "nothing",
        }
    }
}

impl fmt::Debug for AuthAsk<'_> {
    /// Prints no octets: some of them are made of a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Token(token) => f.debug_tuple("Token").field(&token.map(<[u8]>::len)).finish(),
            Self::Wrap(octets) => f.debug_tuple("Wrap").field(&octets.len()).finish(),
            Self::Unwrap(octets) => f.debug_tuple("Unwrap").field(&octets.len()).finish(),
            Self::WrapCredentials(what) => f.debug_tuple("WrapCredentials").field(what).finish(),
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

/// Octets that are made of a secret, which print as their number.
pub(crate) struct Unprinted(pub(crate) Vec<u8>);

impl fmt::Debug for Unprinted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} octets", self.0.len())
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
    fn a_user_is_read_in_each_of_its_forms_and_in_one_at_a_time() {
        let read = |typed, domain| {
            Account::parse(typed, domain).map(|account| (account.user, account.domain, account.is_principal))
        };
        let account = |user: &str, domain: Option<&str>, is_principal| {
            Ok((user.to_owned(), domain.map(str::to_owned), is_principal))
        };
        assert_eq!(read("alice", None), account("alice", None, false));
        assert_eq!(read("alice", Some("LAB")), account("alice", Some("LAB"), false));
        assert_eq!(read("alice", Some("")), account("alice", None, false));
        assert_eq!(read("LAB\\alice", None), account("alice", Some("LAB"), false));
        assert_eq!(read(".\\alice", None), account("alice", Some("."), false));
        assert_eq!(read("alice@lab.test", None), account("alice", Some("lab.test"), true));
        for (typed, domain, error) in [
            ("", None, AccountError::Empty),
            ("LAB\\", None, AccountError::Empty),
            ("@lab.test", None, AccountError::Empty),
            ("\\alice", None, AccountError::Mixed),
            ("alice@", None, AccountError::Mixed),
            ("LAB\\alice@lab.test", None, AccountError::Mixed),
            ("LAB\\x\\alice", None, AccountError::Mixed),
            ("a@b@c", None, AccountError::Mixed),
            ("alice", Some("a\\b"), AccountError::Mixed),
            ("LAB\\alice", Some("LAB"), AccountError::TwoDomains),
            ("alice@lab.test", Some("LAB"), AccountError::TwoDomains),
            ("al\nice", None, AccountError::Character),
            ("alice", Some("LA\0B"), AccountError::Character),
        ] {
            assert_eq!(read(typed, domain), Err(error), "{typed:?} {domain:?}");
        }
    }

    #[test]
    fn a_user_is_shown_as_it_was_written() {
        for typed in ["alice", "LAB\\alice", "alice@lab.test"] {
            assert_eq!(Account::parse(typed, None).unwrap().to_string(), typed);
        }
        assert_eq!(Account::parse("alice", Some("LAB")).unwrap().to_string(), "LAB\\alice");
    }

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
