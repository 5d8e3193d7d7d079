//! An account as the library for security contexts has it.
use sspi::{AuthIdentity, Username};

use crate::credentials::Credentials;

/// User, domain and password; `None` for an account that the library cannot name.
pub(super) fn identity(credentials: &Credentials) -> Option<AuthIdentity> {
    let Credentials { account, password } = credentials;
    let domain = account.domain.as_deref().unwrap_or_default();
    let username = if account.is_principal {
        Username::new_upn(&account.user, domain)
    } else {
        Username::new_down_level_logon_name(&account.user, domain)
    };
    Some(AuthIdentity { username: username.ok()?, password: password.expose().clone().into() })
}
