//! The ways of a second look: what is asked of a peer that ended without a word in place of the Connection Confirm.
use rdp_probe_wire::nego::Protocols;
use serde::{Deserialize, Serialize};

use crate::plan::{Plan, Routing, Security};
use crate::stage::Stage;

/// One way to ask again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Look {
    /// The same request.
    Again,
    /// A TLS ClientHello, before any request.
    TlsFirst,
    /// The request with a cookie, as mstsc and FreeRDP send one.
    Cookie,
    /// A request without negotiation, as clients of before TLS send it.
    Bare,
    /// All protocols, where one was insisted on.
    FullOffer,
    /// The header of the PROXY protocol before the request.
    ProxyHeader,
}

impl Look {
    /// All of them, in their order.
    pub const ALL: [Self; 6] =
        [Self::Again, Self::TlsFirst, Self::Cookie, Self::Bare, Self::FullOffer, Self::ProxyHeader];

    /// At most so many connections.
    pub const MOST: usize = 5;

    /// The name in the cookie: any will do.
    pub const COOKIE: &'static str = "rdp-probe";

    /// Version 1 of the PROXY protocol (haproxy, proxy-protocol.txt 2.1), for a connection of which nothing is told.
    pub const PROXY_HEADER: &'static [u8] = b"PROXY UNKNOWN\r\n";

    /// What it is, in words, as reports have it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Again => "same request again",
            Self::TlsFirst => "TLS first",
            Self::Cookie => "request with a cookie",
            Self::Bare => "request without negotiation",
            Self::FullOffer => "request for every protocol",
            Self::ProxyHeader => "PROXY protocol first",
        }
    }

    /// How deep it goes: with a cookie the path goes on, where it is answered.
    pub(crate) const fn depth(self, plan: &Plan) -> Stage {
        match self {
            Self::Cookie => plan.until,
            Self::TlsFirst => Stage::Tls,
            Self::Again | Self::Bare | Self::FullOffer | Self::ProxyHeader => Stage::ConnectionInitiation,
        }
    }

    /// Whether there is a reason to.
    #[must_use]
    pub fn is_worth_it(self, plan: &Plan) -> bool {
        match self {
            Self::Again | Self::TlsFirst | Self::Bare | Self::ProxyHeader => true,
            // One that was asked for has been sent.
            Self::Cookie => plan.routing == Routing::None,
            Self::FullOffer => plan.security != Security::Auto,
        }
    }

    /// What it offers, where the path had offered `offer`.
    pub(crate) const fn offer(self, offer: Protocols) -> Protocols {
        match self {
            Self::Again | Self::TlsFirst | Self::Cookie | Self::ProxyHeader => offer,
            Self::Bare => Protocols::RDP,
            Self::FullOffer => Security::Auto.mask(),
        }
    }
}
