//! What a file or another client's command line asks for, and this program does not do.
use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that a client would do and the run does not.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[expect(clippy::exhaustive_structs, reason = "what and which is all that there is")]
pub struct NotFollowed {
    /// What.
    pub what: Unfollowed,
    /// Which one, as it was written and without a secret; empty where there is but one.
    pub value: String,
}

impl NotFollowed {
    /// As much of a value as is kept, in characters.
    pub const MOST: usize = 200;

    /// One of them, its value without white space around it and no longer than [`Self::MOST`].
    #[must_use]
    pub fn new(what: Unfollowed, value: &str) -> Self {
        Self { what, value: value.trim().chars().take(Self::MOST).collect() }
    }
}

/// As a clause of a sentence.
impl fmt::Display for NotFollowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.what.title())?;
        if self.value.is_empty() { Ok(()) } else { write!(f, " {:?}", self.value) }
    }
}

/// The kinds of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Unfollowed {
    /// A gateway whose name or way cannot be used.
    Gateway,
    /// A proxy before the target or its gateway.
    Proxy,
    /// A feed or a workspace that tells clients where to go.
    Feed,
    /// A broker that gives them a machine.
    Broker,
    /// How a RemoteApp finds its machine.
    RemoteApp,
    /// A proxy for Kerberos.
    KdcProxy,
    /// A session that somebody else has, to be watched.
    Shadow,
    /// A logon that leaves the credentials where they are.
    RemoteGuard,
    /// A logon by smart card, certificate or hash.
    Logon,
    /// A session from its TLS handshake on, without a negotiation before it.
    NoNegotiation,
    /// A number that says which of several machines behind one port is meant, before anything else.
    PreconnectionId,
    /// A certificate by a hash that is not computed here.
    Fingerprint,
}

impl Unfollowed {
    /// All of them.
    pub const ALL: [Self; 12] = [
        Self::Gateway,
        Self::Proxy,
        Self::Feed,
        Self::Broker,
        Self::RemoteApp,
        Self::KdcProxy,
        Self::Shadow,
        Self::RemoteGuard,
        Self::Logon,
        Self::NoNegotiation,
        Self::PreconnectionId,
        Self::Fingerprint,
    ];

    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Proxy => "proxy",
            Self::Feed => "feed",
            Self::Broker => "broker",
            Self::RemoteApp => "remote_app",
            Self::KdcProxy => "kdc_proxy",
            Self::Shadow => "shadow",
            Self::RemoteGuard => "remote_guard",
            Self::Logon => "logon",
            Self::NoNegotiation => "no_negotiation",
            Self::PreconnectionId => "preconnection_id",
            Self::Fingerprint => "fingerprint",
        }
    }

    /// What it is, for people, with its article.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Gateway => "the gateway",
            Self::Proxy => "the proxy",
            Self::Feed => "the feed",
            Self::Broker => "the connection broker",
            Self::RemoteApp => "the RemoteApp's own way",
            Self::KdcProxy => "the proxy for Kerberos",
            Self::Shadow => "the session to watch",
            Self::RemoteGuard => "Remote Credential Guard",
            Self::Logon => "the way to log on",
            Self::NoNegotiation => "a beginning without negotiation",
            Self::PreconnectionId => "the pre-connection id",
            Self::Fingerprint => "the certificate's fingerprint",
        }
    }

    /// Whether a client that does it takes another way, so that the target's own name and address may mean nothing here.
    #[must_use]
    pub const fn is_way(self) -> bool {
        match self {
            Self::Gateway | Self::Proxy | Self::Feed | Self::Broker | Self::RemoteApp => true,
            Self::KdcProxy
            | Self::Shadow
            | Self::RemoteGuard
            | Self::Logon
            | Self::NoNegotiation
            | Self::PreconnectionId
            | Self::Fingerprint => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn value_is_bounded_and_quoted() {
        let long = NotFollowed::new(Unfollowed::Feed, &"\u{e4}".repeat(NotFollowed::MOST + 1));
        assert_eq!(long.value.chars().count(), NotFollowed::MOST);
        assert_eq!(NotFollowed::new(Unfollowed::Proxy, " a\"b ").to_string(), r#"the proxy "a\"b""#);
        assert_eq!(NotFollowed::new(Unfollowed::RemoteGuard, "").to_string(), "Remote Credential Guard");
    }
}
