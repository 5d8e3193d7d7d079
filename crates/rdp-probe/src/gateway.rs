//! The RD Gateway to go through, and what it is shown.
use std::sync::Arc;

use rdp_probe_core::wire::tsgu::TextError;
use rdp_probe_core::{Address, AuthMethod, Gateway as Planned, GatewayLogon, GatewayTransport, Host};
use rustls::RootCertStore;

use crate::credentials::Credentials;
use crate::error::ProbeError;
use crate::secret::Secret;
use crate::tls::roots_of;

/// An RD Gateway on the way to a target ([MS-TSGU]): the probe opens a tunnel there, and runs inside it.
///
/// Its certificate has to lead to a root that this computer trusts, for the name that was given, or be pinned: nobody goes on past another
/// one, and nothing secret goes there.
#[derive(Clone, Debug)]
#[must_use = "it does nothing until a probe goes through it"]
pub struct Gateway {
    pub(crate) planned: Planned,
    pub(crate) shows: Shows,
    pub(crate) roots: Option<Arc<RootCertStore>>,
}

/// What a gateway is shown.
#[derive(Clone, Debug, Default)]
pub(crate) enum Shows {
    /// Nothing.
    #[default]
    Nothing,
    /// User and password.
    Account(Arc<Credentials>),
    /// A token.
    Token(Arc<Secret<String>>),
}

impl Shows {
    /// The account.
    pub(crate) fn as_account(&self) -> Option<&Credentials> {
        if let Self::Account(credentials) = self { Some(credentials) } else { None }
    }

    /// The token.
    pub(crate) fn as_token(&self) -> Option<&Secret<String>> {
        if let Self::Token(token) = self { Some(token) } else { None }
    }
}

impl Gateway {
    /// The port of a gateway, unless somebody says otherwise.
    pub const PORT: u16 = Planned::PORT;

    /// A gateway where nobody logs on: the run ends at its question who it is.
    pub const fn new(host: Host, port: u16) -> Self {
        let mut planned = Planned::new(host, port);
        planned.speaks_ntlm = cfg!(feature = "nla");
        Self { planned, shows: Shows::Nothing, roots: None }
    }

    /// Logs on with user and password, by the best that the gateway offers and this build speaks: NTLM, by
    /// itself or inside Negotiate (with feature `nla`), else Basic.
    pub fn credentials(mut self, credentials: Credentials) -> Self {
        self.planned.logon = GatewayLogon::Account(credentials.account.clone());
        self.shows = Shows::Account(Arc::new(credentials));
        self
    }

    /// Logs on by this scheme of HTTP, and by no other. Default: the best that is offered.
    pub const fn auth(mut self, method: AuthMethod) -> Self {
        self.planned.scheme = Some(method);
        self
    }

    /// Whether a logon by NTLM is bound to the gateway's certificate (RFC 5929): with a binding whatever takes TLS apart in front of the
    /// gateway is found out, where the gateway looks at it. Default: yes.
    pub const fn channel_binding(mut self, bind: bool) -> Self {
        self.planned.binds = bind;
        self
    }

    /// What carries the packets of its tunnel. Default: a WebSocket, or two channels of HTTP where the gateway takes none. Those are two
    /// connections, with a logon on each.
    pub const fn transport(mut self, transport: GatewayTransport) -> Self {
        self.planned.transport = transport;
        self
    }

    /// Shows a token in the tunnel: where it has been made knows who it is. Takes the place of user and password.
    ///
    /// # Errors
    /// [`ProbeError::Token`] where it cannot be sent.
    pub fn token(mut self, token: Secret<String>) -> Result<Self, ProbeError> {
        let text = token.expose();
        let length = text.encode_utf16().count();
        if !(1..=TextError::MAX_UNITS).contains(&length) || text.contains(char::is_control) {
            return Err(ProbeError::Token);
        }
        self.planned.logon = GatewayLogon::Token;
        self.shows = Shows::Token(Arc::new(token));
        Ok(self)
    }

    /// The gateway's certificate has to be this one, by the SHA-256 of its DER in hexadecimal, with or without colons. May be repeated:
    /// any of them will do, trusted or not.
    pub fn pin(mut self, sha256: &str) -> Self {
        let digits: String = sha256.chars().filter(|c| *c != ':').collect();
        self.planned.leg.pins.push(digits.to_ascii_lowercase());
        self
    }

    /// Roots to trust beside this computer's, in PEM, for the gateway only.
    ///
    /// # Errors
    /// [`ProbeError::Roots`] when there is no certificate in `pem`.
    pub fn trust(mut self, pem: &[u8]) -> Result<Self, ProbeError> {
        self.roots = Some(roots_of(pem).ok_or(ProbeError::Roots)?);
        Ok(self)
    }

    /// Takes what a message asks for that the gateway may show before it lets anybody through. Default: no; the message is reported.
    pub const fn accept_consent(mut self, accept: bool) -> Self {
        self.planned.accept_consent = accept;
        self
    }

    /// Goes through it only where the target takes no direct connection within 2 s, which is tried first; default: no. Where only a gateway's stages
    /// are asked for, it is gone through at once.
    pub const fn detect(mut self, detect: bool) -> Self {
        self.planned.detect = detect;
        self
    }

    /// These addresses instead of what its name resolves to.
    pub fn resolve_to(mut self, addresses: Vec<Address>) -> Self {
        self.planned.leg.given = addresses;
        self
    }
}
