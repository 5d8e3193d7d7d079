//! What one run is to do.
use std::time::Duration;

use rdp_probe_wire::nego::Protocols;
use serde::{Deserialize, Serialize};

use crate::auth::Account;
use crate::client_name::ClientName;
use crate::entropy::Entropy;
use crate::gateway::Gateway;
use crate::hop::Hop;
use crate::leg::Leg;
use crate::not_followed::NotFollowed;
use crate::stage::Stage;
use crate::target::{Address, Host};

/// What one run is to do. Holds no secret.
///
/// It is stored in reports, which have to be read again years later: a field that is added needs `#[serde(default)]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// The leg to the target.
    pub target: Leg,
    /// The gateway on the way to it, or for where there is no other; `None` where the target is connected to from here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gateway: Option<Box<Gateway>>,
    /// The security protocols to offer.
    pub security: Security,
    /// How deep to go.
    pub until: Stage,
    /// Whether that depth was asked for, so that not reaching it is worth a verdict of its own. Otherwise it is the deepest
    /// stage that starts no session, as far as the server goes.
    pub until_asked: bool,
    /// When the run began, in milliseconds since 1970; 0 when nobody said.
    pub began_unix_ms: i64,
    /// Randomness for what the core sends itself.
    #[serde(skip)]
    pub entropy: Entropy,
    /// Whether to enumerate the security protocols after the main path.
    pub enumerate: bool,
    /// Whether to ask again, and differently, where the peer ends without a word in place of the Connection Confirm.
    #[serde(default)]
    pub second_look: bool,
    /// Whether to go through every address of the name.
    pub all_addresses: bool,
    /// Which addresses to take.
    pub family: Family,
    /// What stands before the negotiation block.
    pub routing: Routing,
    /// What is sent before every Connection Request ([MS-RDPEPS] 2.2.1.2): which of several behind one port is meant.
    #[serde(default)]
    pub preconnection_blob: Option<Box<str>>,
    /// What the client calls itself; `None` where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_name: Option<Box<ClientName>>,
    /// Whose credentials are to be proven to the target; `None` where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<Box<Account>>,
    /// Whether the connection is to be one of Restricted Admin ([MS-RDPBCGR] 2.2.1.1.1): the server gets no password.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub restricted_admin: bool,
    /// What a client would do by the file or the command line that names the target, and this run does not.
    #[serde(default, skip_serializing_if = "<[_]>::is_empty")]
    pub not_followed: Box<[NotFollowed]>,
    /// The deadlines.
    pub limits: Limits,
}

/// The deadlines of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Limits {
    /// The whole run.
    pub overall: Duration,
    /// Limits that differ from a stage's own; the last of a stage counts.
    pub stages: Box<[(Stage, Duration)]>,
}

impl Limits {
    /// Has `limit` for this stage from now on.
    pub fn set(&mut self, stage: Stage, limit: Duration) {
        let mut stages = std::mem::take(&mut self.stages).into_vec();
        stages.push((stage, limit));
        self.stages = stages.into_boxed_slice();
    }

    /// The limit of one stage.
    #[must_use]
    pub fn of(&self, stage: Stage) -> Duration {
        let own = self.stages.iter().rev().find(|(other, _)| *other == stage);
        own.map_or_else(|| stage.limit(), |(_, limit)| *limit)
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { overall: Duration::from_secs(20), stages: Box::default() }
    }
}

/// Which security protocols to offer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Security {
    /// Mask 0x0B, then what a refusal implies.
    #[default]
    Auto,
    /// CredSSP only.
    Nla,
    /// CredSSP with Early User Authorization only.
    NlaExt,
    /// TLS only.
    Tls,
    /// Standard RDP Security only.
    Rdp,
    /// RDSTLS only.
    Rdstls,
    /// RDS AAD only.
    Aad,
}

impl Security {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Auto, Self::Nla, Self::NlaExt, Self::Tls, Self::Rdp, Self::Rdstls, Self::Aad];

    /// The spelling in options.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::Nla => "nla",
            Self::NlaExt => "nla-ext",
            Self::Tls => "tls",
            Self::Rdp => "rdp",
            Self::Rdstls => "rdstls",
            Self::Aad => "aad",
        }
    }

    /// The mask of the first request. HYBRID travels with SSL, HYBRID_EX with both ([MS-RDPBCGR] 2.2.1.1.1).
    #[must_use]
    pub const fn mask(self) -> Protocols {
        match self {
            Self::Auto | Self::NlaExt => Protocols(0x0B),
            Self::Nla => Protocols(0x03),
            Self::Tls => Protocols::SSL,
            Self::Rdp => Protocols::RDP,
            Self::Rdstls => Protocols::RDSTLS,
            Self::Aad => Protocols::RDSAAD,
        }
    }

    /// The one protocol the user insists on, where the mask had to name others beside it.
    #[must_use]
    pub const fn insists_on(self) -> Option<Protocols> {
        match self {
            Self::Nla => Some(Protocols::HYBRID),
            Self::NlaExt => Some(Protocols::HYBRID_EX),
            Self::Auto | Self::Tls | Self::Rdp | Self::Rdstls | Self::Aad => None,
        }
    }
}

/// Which addresses of a name to take.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Family {
    /// All.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

impl Family {
    /// Whether the address is of this family.
    #[must_use]
    pub const fn takes(self, address: &Address) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

/// What stands before the negotiation block of every Connection Request.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Routing {
    /// Nothing.
    #[default]
    None,
    /// `Cookie: mstshash=` and this.
    Cookie(String),
    /// A routing token: these octets, and CR LF when they do not end in it.
    Token(Vec<u8>),
}

impl Plan {
    /// The leg to `hop`: to the gateway, or else to the target.
    #[must_use]
    pub fn leg(&self, hop: Hop) -> &Leg {
        match (hop, &self.gateway) {
            (Hop::Gateway, Some(gateway)) => &gateway.leg,
            (Hop::Gateway | Hop::Client | Hop::Resolver | Hop::Proxy | Hop::Kdc | Hop::Target, _) => {
                &self.target
            }
        }
    }

    /// Whether the target is connected to from here first, and a gateway gone through when that fails. Where no more than a gateway's stages
    /// were asked for, and where the target's address is none of those to take, that is not tried.
    #[must_use]
    pub fn tries_directly(&self) -> bool {
        let takes = self.target.address().is_none_or(|address| self.family.takes(&address));
        self.gateway.as_ref().is_some_and(|gateway| gateway.detect) && !self.until.is_gateways() && takes
    }

    /// Whoever answers for a name says how many addresses it has: at most so many of them are dialled.
    pub const MOST_ADDRESSES: usize = 16;

    /// The same, where all addresses were asked for.
    pub const MOST_OF_ALL_ADDRESSES: usize = 64;

    /// How many addresses of a name are dialled at most.
    #[must_use]
    pub const fn most_addresses(&self) -> usize {
        if self.all_addresses { Self::MOST_OF_ALL_ADDRESSES } else { Self::MOST_ADDRESSES }
    }

    /// A plan with the defaults: the deepest stage, mask 0x0B with fallback, no enumeration.
    #[must_use]
    pub fn new(host: Host, port: u16) -> Self {
        Self {
            target: Leg::new(host, port),
            gateway: None,
            security: Security::default(),
            until: Stage::BasicSettingsExchange,
            until_asked: false,
            began_unix_ms: 0,
            entropy: Entropy::default(),
            enumerate: false,
            second_look: false,
            all_addresses: false,
            family: Family::default(),
            routing: Routing::default(),
            preconnection_blob: None,
            client_name: None,
            account: None,
            restricted_admin: false,
            not_followed: Box::default(),
            limits: Limits::default(),
        }
    }
}
