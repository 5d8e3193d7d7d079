//! What is to be done, and which connection comes next. Data in, data out.
use std::fmt;
use std::time::Duration;

use rdp_probe_wire::gcc::EncryptionMethods;
use rdp_probe_wire::nego::{FailureCode, Protocols};
use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;
use crate::failure::FailureKind;
use crate::security::{Answer, MethodSummary, Offered, SecuritySummary};
use crate::stage::Stage;
use crate::target::{Address, Host};

/// What one run is to do. Holds no secret.
///
/// It is stored in reports, which have to be read again years later: a field that is added needs `#[serde(default)]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Plan {
    /// The host as typed.
    pub host: Host,
    /// The port.
    pub port: u16,
    /// The security protocols to offer.
    pub security: Security,
    /// How deep to go.
    pub until: Stage,
    /// Whether that depth was asked for, so that not reaching it is worth a verdict of its own. Otherwise it is the deepest
    /// stage that starts no session, as far as the server goes.
    pub until_asked: bool,
    /// SHA-256 of the certificates that are accepted, in lower-case hexadecimal; empty when any is.
    pub pins: Vec<String>,
    /// Whether the certificate has to lead to a trusted root for the name that was asked.
    pub require_trust: bool,
    /// The name to send and to check in TLS, instead of the host's.
    pub server_name: Option<String>,
    /// When the run began, in milliseconds since 1970; 0 when nobody said.
    pub began_unix_ms: i64,
    /// Randomness for what the core sends itself.
    #[serde(skip)]
    pub entropy: Entropy,
    /// Whether to enumerate the security protocols after the main path.
    pub enumerate: bool,
    /// Whether to go through every address of the name.
    pub all_addresses: bool,
    /// Which addresses to take.
    pub family: Family,
    /// What stands before the negotiation block.
    pub routing: Routing,
    /// What is sent before every Connection Request ([MS-RDPEPS] 2.2.1.2): which of several behind one port is meant.
    #[serde(default)]
    pub preconnection_blob: Option<String>,
    /// The deadlines.
    pub limits: Limits,
}

/// Random octets, made by the driver: the core has no randomness of its own.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "three times thirty-two octets")]
pub struct Entropy(pub [[u8; 32]; 3]);

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Entropy(..)")
    }
}

/// The deadlines of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
#[non_exhaustive]
pub struct Limits {
    /// The whole run.
    pub overall: Duration,
    /// Limits that differ from a stage's own; the last of a stage counts.
    pub stages: Vec<(Stage, Duration)>,
}

impl Limits {
    /// The limit of one stage.
    #[must_use]
    pub fn of(&self, stage: Stage) -> Duration {
        let own = self.stages.iter().rev().find(|(other, _)| *other == stage);
        own.map_or_else(|| Self::default_of(stage), |(_, limit)| *limit)
    }

    const fn default_of(stage: Stage) -> Duration {
        match stage {
            Stage::Resolve
            | Stage::TcpConnect
            | Stage::Proxy
            | Stage::GatewayTls
            | Stage::GatewayHttp
            | Stage::GatewayTunnel
            | Stage::GatewayAuthorization
            | Stage::GatewayChannel
            | Stage::ConnectionInitiation
            | Stage::Tls
            | Stage::BasicSettingsExchange
            | Stage::ChannelConnection
            | Stage::RdpSecurityCommencement
            | Stage::SecureSettingsExchange
            | Stage::ConnectionFinalization => Duration::from_secs(5),
            Stage::Kdc | Stage::Credssp | Stage::Rdstls | Stage::Rdsaad | Stage::EarlyUserAuth => {
                Duration::from_secs(10)
            }
            Stage::Licensing => Duration::from_secs(15),
            Stage::CapabilitiesExchange | Stage::Session => Duration::from_secs(30),
            Stage::GatewayAuth => Duration::from_secs(60),
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { overall: Duration::from_secs(20), stages: Vec::new() }
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

/// One further connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// What it is for.
    pub purpose: Purpose,
    /// The security protocols that it offers.
    pub offer: Protocols,
    /// Where to, when that is known; otherwise the name is resolved first.
    pub addresses: Vec<Address>,
    /// How long to wait before it, out of politeness.
    pub pause: Duration,
}

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Purpose {
    /// The main path.
    Main,
    /// The main path again, or that of an address, with the mask that the refusal implies.
    Fallback,
    /// The path of a further address.
    Address(Address),
    /// Whether the server takes this mask.
    Enumerate(Protocols),
    /// What the server would choose in TLS, read in the clear.
    Scout {
        /// Whether the hello is the small, old one.
        reduced: bool,
    },
    /// Whether the server takes this method of Standard RDP Security.
    Method(EncryptionMethods),
}

impl Purpose {
    /// How deep a connection for this goes: an enumeration asks one question, and a scout another.
    #[must_use]
    pub const fn depth(self, plan: &Plan) -> Stage {
        match self {
            Self::Main | Self::Fallback | Self::Address(_) => plan.until,
            Self::Enumerate(_) => Stage::ConnectionInitiation,
            Self::Scout { .. } => Stage::Tls,
            Self::Method(_) => Stage::BasicSettingsExchange,
        }
    }

    /// The methods of Standard RDP Security that it offers.
    #[must_use]
    pub const fn methods(self) -> EncryptionMethods {
        match self {
            Self::Method(method) => method,
            Self::Main | Self::Fallback | Self::Address(_) | Self::Enumerate(_) | Self::Scout { .. } => {
                EncryptionMethods::ALL
            }
        }
    }

    /// Whether it is one of an enumeration.
    #[must_use]
    pub const fn enumerates(self) -> bool {
        matches!(self, Self::Enumerate(_) | Self::Method(_))
    }
}

impl Plan {
    /// A plan with the defaults: the deepest stage, mask 0x0B with fallback, no enumeration.
    #[must_use]
    pub fn new(host: Host, port: u16) -> Self {
        Self {
            host,
            port,
            security: Security::default(),
            until: Stage::BasicSettingsExchange,
            until_asked: false,
            pins: Vec::new(),
            require_trust: false,
            server_name: None,
            began_unix_ms: 0,
            entropy: Entropy::default(),
            enumerate: false,
            all_addresses: false,
            family: Family::default(),
            routing: Routing::default(),
            preconnection_blob: None,
            limits: Limits::default(),
        }
    }

    /// At most so many connections for an enumeration, and so long between them: servers count connections.
    pub const ENUMERATION: (usize, Duration) = (8, Duration::from_millis(100));

    /// The address, when the target was given by one.
    #[must_use]
    pub fn given_address(&self) -> Option<Address> {
        match self.host {
            Host::Ip(ip) => Some(Address::new(ip, self.port)),
            Host::Name(_) => None,
        }
    }

    /// The next connection, or `None` when the run is over. Depends on nothing but what was found so far.
    #[must_use]
    pub fn next(&self, evidence: &Evidence) -> Option<Attempt> {
        if evidence.is_over() {
            return None;
        }
        if evidence.attempts.is_empty() {
            let addresses = self.given_address().into_iter().collect();
            return Some(self.attempt(Purpose::Main, self.security.mask(), addresses));
        }
        let further = self.fallback(evidence).or_else(|| self.further_address(evidence));
        further.or_else(|| self.scout(evidence)).or_else(|| self.enumeration(evidence))
    }

    fn attempt(&self, purpose: Purpose, offer: Protocols, addresses: Vec<Address>) -> Attempt {
        let pause = if purpose.enumerates() { Self::ENUMERATION.1 } else { Duration::ZERO };
        Attempt { purpose, offer, addresses, pause }
    }

    /// Failure codes 1, 2 and 5 name what the server wants instead: one connection more, with that.
    fn fallback(&self, evidence: &Evidence) -> Option<Attempt> {
        let last = evidence.attempts.last()?;
        if self.security != Security::Auto || !matches!(last.purpose, Purpose::Main | Purpose::Address(_)) {
            return None;
        }
        let FailureKind::NegotiationRefused(code) = last.failure.as_ref()?.kind else { return None };
        let offer = match code {
            FailureCode::SSL_REQUIRED_BY_SERVER => Protocols::SSL,
            FailureCode::SSL_NOT_ALLOWED_BY_SERVER => Protocols::RDP,
            FailureCode::HYBRID_REQUIRED_BY_SERVER => Protocols::SSL | Protocols::HYBRID,
            _ => return None,
        };
        Some(self.attempt(Purpose::Fallback, offer, last.peer().into_iter().collect()))
    }

    /// After a TLS failure: one hello that offers everything, and a smaller one when that drew a reset or a FIN.
    fn scout(&self, evidence: &Evidence) -> Option<Attempt> {
        let failed = evidence.path().last()?;
        if !matches!(failed.failure.as_ref()?.kind, FailureKind::Tls(_)) {
            return None;
        }
        let scouts =
            || evidence.attempts.iter().filter(|attempt| matches!(attempt.purpose, Purpose::Scout { .. }));
        let reduced = match scouts().next_back() {
            None => false,
            Some(first) if scouts().count() == 1 && first.was_cut_off() => true,
            Some(_) => return None,
        };
        Some(self.attempt(Purpose::Scout { reduced }, failed.offer, failed.peer().into_iter().collect()))
    }

    /// The name that TLS asks for.
    #[must_use]
    pub fn asked_name(&self) -> String {
        self.server_name.clone().unwrap_or_else(|| self.host.to_string())
    }

    /// With all addresses asked for: the first one that no path has been through.
    fn further_address(&self, evidence: &Evidence) -> Option<Attempt> {
        if !self.all_addresses || self.until.rank() < Stage::TcpConnect.rank() {
            return None;
        }
        let tried = |address: &Address| {
            evidence.attempts.iter().any(|attempt| match attempt.purpose {
                Purpose::Address(other) => other == *address,
                Purpose::Main => attempt
                    .peer()
                    .map_or_else(|| evidence.addresses().first() == Some(address), |p| p == *address),
                Purpose::Fallback | Purpose::Enumerate(_) | Purpose::Scout { .. } | Purpose::Method(_) => false,
            })
        };
        let address = evidence.addresses().into_iter().find(|address| !tried(address))?;
        Some(self.attempt(Purpose::Address(address), self.security.mask(), vec![address]))
    }

    /// Masks whose answer is not known yet, one connection at a time, until one is answered by a reset or by silence.
    fn enumeration(&self, evidence: &Evidence) -> Option<Attempt> {
        let main = evidence.main_path();
        let last_of_main = main.last()?;
        if !self.enumerate || self.until.rank() < Stage::ConnectionInitiation.rank() {
            return None;
        }
        // Only a server that answered as an RDP server is asked again.
        if !last_of_main.answer().is_confirm() {
            return None;
        }
        let peer = last_of_main.peer();
        let asked = |mask: Protocols| evidence.attempts_to(peer).any(|attempt| attempt.offer == mask);
        let made = evidence.attempts.iter().filter(|a| a.purpose.enumerates()).collect::<Vec<_>>();
        if made.len() >= Self::ENUMERATION.0 || made.last().is_some_and(|a| a.says_nothing()) {
            return None;
        }
        let known = SecuritySummary::of_peer(evidence, peer);
        // Without a certificate every kind of TLS is answered alike, so one answer is enough.
        let missing = Answer::Refused(FailureCode::SSL_CERT_NOT_ON_SERVER);
        let no_certificate = evidence.attempts_to(peer).any(|attempt| attempt.answer() == missing);
        let mut masks = vec![Protocols::RDP];
        if !no_certificate {
            let ex = known.hybrid_ex == Offered::Offered;
            masks = vec![Protocols::SSL, Protocols::RDP];
            masks.extend(ex.then_some(Protocols::HYBRID));
            masks.extend([Protocols::RDSTLS, Protocols::RDSAAD]);
        }
        let unknown = |mask: &Protocols| known.protocol(*mask) == Offered::Unknown && !asked(*mask);
        let addresses: Vec<Address> = peer.into_iter().collect();
        if let Some(mask) = masks.into_iter().find(unknown) {
            return Some(self.attempt(Purpose::Enumerate(mask), mask, addresses));
        }
        // Where Standard RDP Security is taken, which of its methods.
        let depth = self.until.rank() >= Stage::BasicSettingsExchange.rank();
        if known.rdp != Offered::Offered || !depth {
            return None;
        }
        let method = MethodSummary::of_peer(evidence, peer).next_unknown()?;
        Some(self.attempt(Purpose::Method(method), Protocols::RDP, addresses))
    }
}
