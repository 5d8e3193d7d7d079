//! Whose credentials are proven.
use rdp_probe_core::{Account, AccountError};

use crate::secret::Secret;

/// An account and its password. Nothing of the password is printed, logged or reported.
#[derive(Clone, Debug)]
pub struct Credentials {
    pub(crate) account: Account,
    pub(crate) password: Secret<String>,
}

impl Credentials {
    /// Those of a user as people write it (`user`, `DOMAIN\user`, `user@realm`), with a domain given beside it or not.
    ///
    /// # Errors
    /// [`AccountError`] when it is none.
    pub fn new(
        user: &str,
        domain: Option<&str>,
        password: impl Into<Secret<String>>,
    ) -> Result<Self, AccountError> {
        Ok(Self { account: Account::parse(user, domain)?, password: password.into() })
    }
}
