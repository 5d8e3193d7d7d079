//! Who is to blame.
use std::fmt;

use serde::{Deserialize, Serialize};

/// The party a stage talks to, or a failure is laid at. One enum everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Hop {
    /// This computer: no route, no permission, no sockets left.
    Client,
    /// Name resolution.
    Resolver,
    /// A SOCKS or HTTP proxy on the way.
    Proxy,
    /// The RD Gateway.
    Gateway,
    /// The Kerberos key distribution centre.
    Kdc,
    /// The remote desktop host.
    Target,
}

impl Hop {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Client, Self::Resolver, Self::Proxy, Self::Gateway, Self::Kdc, Self::Target];

    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Resolver => "resolver",
            Self::Proxy => "proxy",
            Self::Gateway => "gateway",
            Self::Kdc => "kdc",
            Self::Target => "target",
        }
    }
}

impl fmt::Display for Hop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.id())
    }
}
