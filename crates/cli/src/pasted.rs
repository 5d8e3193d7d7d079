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
