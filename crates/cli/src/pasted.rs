//! What a command line of another client says, as far as it is no option of this program's.
use rdp_probe::{AuthMethod, GatewayTransport, NotFollowed, Secret};

use crate::gateway_options::Place;

/// What stood there.
#[derive(Debug, Default)]
pub(crate) struct Pasted {
    pub(crate) user: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) password: Option<Secret<String>>,
    /// `/cert:ignore`.
    pub(crate) accept_certificate: bool,
    /// `/restrictedAdmin`.
    pub(crate) restricted_admin: bool,
    pub(crate) gateway: Option<PastedGateway>,
    /// What the client would do and a run does not.
    pub(crate) not_followed: Vec<NotFollowed>,
}

impl Pasted {
    /// The cookie that FreeRDP and rdesktop make of the user: the login name whole, without a domain before it. What is not of ASCII cannot be
    /// one.
    pub(crate) fn cookie(&self) -> Option<&str> {
        let user = self.user.as_deref()?;
        let name = user.rsplit_once('\\').map_or(user, |(_, name)| name).trim();
        let fits = |c: char| c.is_ascii_graphic() || c == ' ';
        (!name.is_empty() && name.len() <= MOST_OF_COOKIE && name.chars().all(fits)).then_some(name)
    }
}

/// The longest login name that is sent, in octets: no request has room for much more.
const MOST_OF_COOKIE: usize = 200;

/// The gateway of such a line.
#[derive(Debug)]
pub(crate) enum PastedGateway {
    /// One to go through.
    Through(Box<Through>),
    /// One that cannot be gone through, as a report says it.
    Not(NotFollowed),
}

/// A gateway to go through.
#[derive(Debug)]
pub(crate) struct Through {
    pub(crate) place: Place,
    /// Whether the direct way comes first.
    pub(crate) detect: bool,
    pub(crate) transport: Option<GatewayTransport>,
    /// How to log on there, if anybody does.
    pub(crate) method: Option<AuthMethod>,
    pub(crate) user: Option<String>,
    pub(crate) domain: Option<String>,
    pub(crate) password: Option<Secret<String>>,
    pub(crate) token: Option<Secret<String>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookie_is_the_login_name_whole() {
        let cookie = |user: &str| {
            Pasted { user: Some(user.to_owned()), ..Pasted::default() }.cookie().map(str::to_owned)
        };
        assert_eq!(cookie("LAB\\averylongusername").as_deref(), Some("averylongusername"));
        assert_eq!(cookie("me@lab.test").as_deref(), Some("me@lab.test"));
        assert_eq!((cookie("LAB\\"), cookie("J\u{fc}rgen"), cookie(&"x".repeat(300))), (None, None, None));
        assert_eq!(Pasted::default().cookie(), None);
    }
}
