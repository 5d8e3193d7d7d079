//! What is to be done at a gateway.
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::auth::{Account, AuthMethod};
use crate::leg::Leg;
use crate::target::Host;

/// The gateway to go through. Holds no secret.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Gateway {
    /// The leg to it. Its certificate has to be trusted, or be a pinned one: nobody goes on past another one.
    pub leg: Leg,
    /// Who logs on there.
    #[serde(default)]
    pub logon: GatewayLogon,
    /// Whether the user takes what a message asks for that the gateway shows before it lets anybody through.
    #[serde(default)]
    pub accept_consent: bool,
    /// The scheme of HTTP to log on by; `None` where the best is taken that is offered and spoken here.
    #[serde(default)]
    pub scheme: Option<AuthMethod>,
    /// Whether this build speaks NTLM.
    #[serde(default)]
    pub speaks_ntlm: bool,
    /// Whether a logon is bound to the certificate of the TLS connection that it is made on (RFC 5929).
    #[serde(default = "is")]
    pub binds: bool,
    /// Whether it is gone through only where the target cannot be reached directly, which is tried first.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub detect: bool,
    /// How its packets are to be carried.
    #[serde(default)]
    pub transport: GatewayTransport,
}

/// What carries a gateway's packets ([MS-TSGU] 1.3.3), as it is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum GatewayTransport {
    /// A WebSocket, or two channels of HTTP where the gateway takes none.
    #[default]
    Auto,
    /// A WebSocket (RFC 6455), and nothing else.
    WebSocket,
    /// Two channels of HTTP: a connection for each direction.
    Http,
}

impl GatewayTransport {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Auto, Self::WebSocket, Self::Http];

    /// The id in options and reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::WebSocket => "websocket",
            Self::Http => "http",
        }
    }
}

const fn is() -> bool {
    true
}

impl Gateway {
    /// The port of a gateway, unless somebody says otherwise.
    pub const PORT: u16 = 443;

    /// How long a direct connection may take to be made, where it is tried first.
    pub const DETECTS_FOR: Duration = Duration::from_secs(2);

    /// A gateway where nobody logs on.
    #[must_use]
    pub const fn new(host: Host, port: u16) -> Self {
        let mut leg = Leg::new(host, port);
        // Nobody goes on past a certificate that nobody vouches for.
        leg.require_trust = true;
        Self {
            leg,
            logon: GatewayLogon::None,
            accept_consent: false,
            scheme: None,
            speaks_ntlm: true,
            binds: true,
            detect: false,
            transport: GatewayTransport::Auto,
        }
    }

    /// The scheme that a logon begins by before the gateway asks for one: a scheme that was asked for, whose first message is everybody's.
    pub(crate) fn begins_by(&self) -> Option<AuthMethod> {
        let stands = self.logon.account().is_some_and(|account| !account.stopped);
        self.scheme_of(|method| self.scheme.is_some() && method.is_exchange()).filter(|_| stands)
    }

    /// The scheme to log on by, of those that are offered.
    pub(crate) fn scheme_of(&self, offers: impl Fn(AuthMethod) -> bool) -> Option<AuthMethod> {
        let spoken = |method: &AuthMethod| match method {
            AuthMethod::Ntlm | AuthMethod::Negotiate | AuthMethod::SspiNtlm => self.speaks_ntlm,
            AuthMethod::Basic => true,
            AuthMethod::Token => false,
        };
        // The best one first: a password is shown in clear only where HTTP offers no exchange. Some gateways list the last one for clients of
        // another kind: it is taken where there is no other.
        let all = [AuthMethod::Ntlm, AuthMethod::Negotiate, AuthMethod::Basic, AuthMethod::SspiNtlm];
        let mut best = all.into_iter();
        best.find(|method| {
            spoken(method) && self.scheme.is_none_or(|asked| asked == *method) && offers(*method)
        })
    }
}

/// Who logs on at a gateway.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum GatewayLogon {
    /// Nobody.
    #[default]
    None,
    /// An account, by what HTTP offers (RFC 9110 section 11).
    Account(Account),
    /// Whoever has this token ([MS-TSGU] 2.2.10.19, PAACookie).
    Token,
}

impl GatewayLogon {
    /// Whether somebody logs on.
    #[must_use]
    pub const fn is_some(&self) -> bool {
        match self {
            Self::None => false,
            Self::Account(_) | Self::Token => true,
        }
    }

    /// The account, when it is one.
    #[must_use]
    pub const fn account(&self) -> Option<&Account> {
        match self {
            Self::Account(account) => Some(account),
            Self::None | Self::Token => None,
        }
    }

    /// Whether it is whoever has a token.
    #[must_use]
    pub const fn is_token(&self) -> bool {
        matches!(self, Self::Token)
    }
}
