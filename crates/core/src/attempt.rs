//! One connection: what it is for, what its stages came to, and how the server answered.
use std::time::Duration;

use rdp_probe_wire::gcc::{EncryptionLevel, EncryptionMethods};
use rdp_probe_wire::nego::{FailureCode, Protocols, ResponseFlags};
use serde::{Deserialize, Serialize};

use crate::close::{Close, Cut};
use crate::fact::{Fact, Observed};
use crate::failure::{Failure, FailureKind};
use crate::field::hex;
use crate::gateway::Gateway;
use crate::hop::Hop;
use crate::look::Look;
use crate::plan::{Limits, Plan};
use crate::stage::Stage;
use crate::target::Address;
use crate::tls::{TlsFault, TlsFaultKind};

/// One further connection.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Attempt {
    /// What it is for.
    pub purpose: Purpose,
    /// The security protocols that it offers.
    pub offer: Protocols,
    /// Whom this computer connects to: the gateway, where it is gone through one.
    pub first_hop: Hop,
    /// Where to, when that is known; otherwise the name is resolved first.
    pub addresses: Vec<Address>,
    /// How long to wait before it, out of politeness.
    pub pause: Duration,
    /// How long to wait for each of its stages, where that is less than the stage's own limit: who said nothing once costs no second
    /// limit.
    pub patience: Option<Duration>,
    /// Whether the request has a cookie that nobody asked for: the way to the target wants one.
    pub cookie: bool,
}

/// The largest segment, in octets, of a connection that tries whether a path loses large ones: as much as every path carries
/// (RFC 9293 section 3.7.1).
pub const SMALL_SEGMENT: u16 = 536;

/// What a connection is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Purpose {
    /// The main path.
    Main,
    /// The direct path, which is tried before a gateway is gone through: the main path where the target takes the connection.
    Direct,
    /// The main path again, or that of an address, with the mask that the refusal implies.
    Fallback,
    /// The path of a further address.
    Address(Address),
    /// What the second look asks.
    Look(Look),
    /// Our own ClientHello once more, before anything is said about why it was refused.
    HelloAgain,
    /// Whether the stage that stalled passes where no segment is large.
    SmallSegments(Stage),
    /// Whether the server takes this mask.
    Enumerate(Protocols),
    /// What the server would choose in TLS, read in the clear.
    Scout {
        /// Whether the hello is the small, old one.
        reduced: bool,
    },
    /// What certificate and key the server shows in TLS 1.2, where it chose TLS 1.3 and hid them.
    ScoutCertificate,
    /// Whether the server takes this method of Standard RDP Security.
    Method(EncryptionMethods),
}

impl Purpose {
    /// How deep a connection for this goes, which is made to `first_hop`: an enumeration asks one question, and a scout another.
    #[must_use]
    pub const fn depth(self, plan: &Plan, first_hop: Hop) -> Stage {
        match self {
            Self::Main | Self::Direct | Self::Fallback | Self::Address(_) => plan.until,
            Self::Look(look) => look.depth(plan),
            Self::Enumerate(_) => Stage::ConnectionInitiation,
            Self::HelloAgain | Self::Scout { .. } | Self::ScoutCertificate => match first_hop {
                Hop::Gateway => Stage::GatewayTls,
                Hop::Client | Hop::Resolver | Hop::Proxy | Hop::Kdc | Hop::Target => Stage::Tls,
            },
            Self::SmallSegments(stage) => stage,
            Self::Method(_) => Stage::BasicSettingsExchange,
        }
    }

    /// How long a stage of such a connection may take: a direct one that is not made soon is none.
    #[must_use]
    pub fn limit_of(self, stage: Stage, limits: &Limits) -> Duration {
        let own = limits.of(stage);
        match (self, stage) {
            (Self::Direct, Stage::TcpConnect) => own.min(Gateway::DETECTS_FOR),
            (_, _) => own,
        }
    }

    /// What it is for, in words, as reports have it.
    #[must_use]
    pub fn name(self) -> String {
        match self {
            Self::Main => "main".into(),
            Self::Direct => "direct".into(),
            Self::Fallback => "fallback".into(),
            Self::Address(_) => "address".into(),
            Self::Look(look) => look.name().into(),
            Self::HelloAgain => "hello again".into(),
            Self::SmallSegments(_) => format!("segments of {SMALL_SEGMENT} octets"),
            Self::Enumerate(mask) => format!("enumerate {mask}"),
            Self::Scout { reduced: false } => "tls scout".into(),
            Self::Scout { reduced: true } => "tls scout, reduced hello".into(),
            Self::ScoutCertificate => "tls scout, TLS 1.2 at most".into(),
            Self::Method(method) => format!("encryption method {}", hex(method.0)),
        }
    }

    /// The address that it is for, when it is for one.
    #[must_use]
    pub const fn address(self) -> Option<Address> {
        match self {
            Self::Address(address) => Some(address),
            Self::Main
            | Self::Direct
            | Self::Fallback
            | Self::Look(_)
            | Self::HelloAgain
            | Self::SmallSegments(_)
            | Self::Enumerate(_)
            | Self::Scout { .. }
            | Self::ScoutCertificate
            | Self::Method(_) => None,
        }
    }

    /// The methods of Standard RDP Security that it offers.
    #[must_use]
    pub const fn methods(self) -> EncryptionMethods {
        match self {
            Self::Method(method) => method,
            Self::Main
            | Self::Direct
            | Self::Fallback
            | Self::Address(_)
            | Self::Look(_)
            | Self::HelloAgain
            | Self::SmallSegments(_)
            | Self::Enumerate(_)
            | Self::Scout { .. }
            | Self::ScoutCertificate => EncryptionMethods::ALL,
        }
    }

    /// What it asks in a second look.
    #[must_use]
    pub const fn look(self) -> Option<Look> {
        if let Self::Look(look) = self { Some(look) } else { None }
    }

    /// Whether it is a path to the target, and no question beside one.
    #[must_use]
    pub const fn is_path(self) -> bool {
        match self {
            Self::Main | Self::Direct | Self::Fallback | Self::Address(_) | Self::Look(Look::Cookie) => true,
            Self::Look(_)
            | Self::HelloAgain
            | Self::SmallSegments(_)
            | Self::Enumerate(_)
            | Self::Scout { .. }
            | Self::ScoutCertificate
            | Self::Method(_) => false,
        }
    }

    /// Whether a logon belongs to it: the path that the verdict rests on, and no further address.
    #[must_use]
    pub const fn logs_on(self) -> bool {
        self.is_path() && self.address().is_none()
    }

    /// Whether it is of the path that a run begins with, or of the direct one before that.
    #[must_use]
    pub const fn is_main_path(self) -> bool {
        matches!(self, Self::Main | Self::Direct | Self::Fallback)
    }

    /// Whether its answer may tell why a path failed.
    #[must_use]
    pub const fn tells_why(self) -> bool {
        match self {
            Self::Look(_)
            | Self::HelloAgain
            | Self::SmallSegments(_)
            | Self::Scout { .. }
            | Self::ScoutCertificate => true,
            Self::Main
            | Self::Direct
            | Self::Fallback
            | Self::Address(_)
            | Self::Enumerate(_)
            | Self::Method(_) => false,
        }
    }

    /// Whether it is one of an enumeration.
    #[must_use]
    pub const fn enumerates(self) -> bool {
        matches!(self, Self::Enumerate(_) | Self::Method(_))
    }
}

/// One connection attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct AttemptRecord {
    /// What it was for.
    pub purpose: Purpose,
    /// The security protocols that it offered.
    pub offer: Protocols,
    /// The stages it went through, or would have.
    pub stages: Vec<StageRecord>,
    /// Why it ended, when it did not reach its depth.
    pub failure: Option<Box<Failure>>,
}

/// One stage of one attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct StageRecord {
    /// Which.
    pub stage: Stage,
    /// Whom it talks to.
    pub hop: Hop,
    /// How it ended.
    pub outcome: Outcome,
    /// When it began, since the run began; `None` when it did not.
    pub started: Option<Duration>,
    /// How long it took; a gap before it counts to it. `None` when it did not begin.
    pub duration: Option<Duration>,
    /// What was observed in it.
    pub facts: Vec<Fact>,
    /// Why it failed, when the path went on without it. A failure that ended the attempt stands in its record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Box<Failure>>,
}

impl StageRecord {
    /// A stage that did not begin.
    pub(crate) const fn idle(stage: Stage, hop: Hop, outcome: Outcome) -> Self {
        Self { stage, hop, outcome, started: None, duration: None, facts: Vec::new(), failure: None }
    }
}

/// How a stage ended. Unknown is not no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Outcome {
    /// It got what it waited for.
    Passed,
    /// It did not.
    Failed,
    /// An earlier stage failed.
    NotReached,
    /// There was no reason to.
    NotTried(NotTried),
}

impl Outcome {
    /// The ids that there are.
    pub const IDS: [&'static str; 4] = ["passed", "failed", "not_reached", "not_tried"];

    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::NotReached => "not_reached",
            Self::NotTried(_) => "not_tried",
        }
    }

    /// Why it was not tried, in words.
    #[must_use]
    pub const fn why(self) -> Option<&'static str> {
        match self {
            Self::NotTried(why) => Some(why.text()),
            Self::Passed | Self::Failed | Self::NotReached => None,
        }
    }
}

/// Why a stage was not tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum NotTried {
    /// The target was given by its address, or an earlier attempt resolved it.
    AddressKnown,
    /// It lies behind the asked depth.
    BeyondDepth,
    /// The security protocol that the server selected has no such stage.
    NotSelected,
    /// It lies behind a logon, and there are no credentials.
    CredentialsNeeded,
    /// It lies behind a logon, and the certificate is neither verified, pinned nor accepted: nothing secret goes there.
    CertificateNotAccepted,
    /// It lies behind a logon, and the account was tried before in this run, and not accepted.
    AccountStopped,
    /// The credentials are proven, and were not given away: what lies behind needs them.
    NotDelegated,
    /// It lies behind encryption by Standard RDP Security, which this version does not speak.
    EncryptionNotSpoken,
    /// Restricted Admin was asked for, and the server does not offer it.
    NoRestrictedAdmin,
    /// It lies behind a licence, which the server issues and nobody takes.
    LicenseNotTaken,
    /// The gateway does it: it connects to the target.
    DoneByGateway,
    /// Nothing was asked of a gateway that lets people through without, or with a token alone.
    NoLogonAsked,
}

impl NotTried {
    /// The reason in words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::AddressKnown => "the address is known",
            Self::BeyondDepth => "beyond the asked depth",
            Self::NotSelected => "not part of the selected security protocol",
            Self::CredentialsNeeded => "credentials are needed",
            Self::CertificateNotAccepted => "the certificate is not accepted for a logon",
            Self::AccountStopped => "the account was not accepted before in this run",
            Self::NotDelegated => "the credentials are proven, and not given away",
            Self::EncryptionNotSpoken => "encryption without TLS is not in this version",
            Self::NoRestrictedAdmin => "Restricted Admin is not offered",
            Self::LicenseNotTaken => "behind a licence that is not taken",
            Self::DoneByGateway => "done by the gateway",
            Self::NoLogonAsked => "the gateway asked for no logon",
        }
    }
}

/// How a Connection Request was answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Answer {
    /// RDP_NEG_RSP.
    Selected {
        /// `selectedProtocol`.
        protocol: Protocols,
        /// `flags`.
        flags: ResponseFlags,
    },
    /// A Connection Confirm without a negotiation block: Standard RDP Security.
    NoNegotiation,
    /// RDP_NEG_FAILURE.
    Refused(FailureCode),
    /// MCS Disconnect Provider Ultimatum or X.224 Disconnect Request.
    Disconnected,
    /// FIN, and nothing before it.
    Fin,
    /// Nothing that tells about protocols.
    None,
}

impl Answer {
    /// Whether this leads to Standard RDP Security.
    #[must_use]
    pub const fn is_standard(self) -> bool {
        matches!(self, Self::NoNegotiation | Self::Selected { protocol: Protocols::RDP, .. })
    }

    /// Whether this is a Connection Confirm.
    #[must_use]
    pub const fn is_confirm(self) -> bool {
        matches!(self, Self::Selected { .. } | Self::NoNegotiation | Self::Refused(_))
    }
}

impl AttemptRecord {
    /// The records of the stages that are for `hop`.
    pub fn stages_for(&self, hop: Hop) -> impl DoubleEndedIterator<Item = &StageRecord> {
        self.stages.iter().filter(move |record| record.hop == hop)
    }

    /// What was observed of the gateway: the facts of the stages that are for it.
    pub fn gateway_facts(&self) -> impl Iterator<Item = &Observed> {
        self.stages_for(Hop::Gateway).flat_map(|record| record.facts.iter().map(|fact| &fact.observed))
    }

    /// What was observed of the target: the facts of the stages that are for it. A gateway shows a certificate and a challenge of
    /// its own.
    pub fn facts(&self) -> impl Iterator<Item = &Observed> {
        self.stages_for(Hop::Target).flat_map(|record| record.facts.iter().map(|fact| &fact.observed))
    }

    /// Whom it was connected to.
    #[must_use]
    pub fn peer(&self) -> Option<Address> {
        self.facts()
            .find_map(|fact| if let Observed::Connected { peer, .. } = fact { Some(*peer) } else { None })
    }

    /// Whom this computer was connected to: the gateway, where there is one.
    #[must_use]
    pub fn first_peer(&self) -> Option<Address> {
        self.gateway_facts()
            .find_map(|fact| if let Observed::Connected { peer, .. } = fact { Some(*peer) } else { None })
            .or_else(|| self.peer())
    }

    /// Why its handshake failed; `None` when something else ended it, or nothing.
    #[must_use]
    pub fn tls_fault(&self) -> Option<&TlsFault> {
        if let FailureKind::Tls(fault) = &self.failure.as_ref()?.kind { Some(fault) } else { None }
    }

    /// Whether the peer ended the TLS scout's stream without a word.
    #[must_use]
    pub fn was_cut_off(&self) -> bool {
        matches!(
            self.tls_fault(),
            Some(TlsFault { kind: TlsFaultKind::Closed(Close::Fin | Close::Reset), received, .. })
                if received.is_empty()
        )
    }

    /// Whether it is a direct path that was not there: what is left to do is done through the gateway.
    #[must_use]
    pub fn has_no_direct_way(&self) -> bool {
        let failed = self.failure.as_deref().filter(|failure| !failure.cut().is_some_and(Cut::ends_the_run));
        let unmade = |failure: &Failure| matches!(failure.stage, Stage::Resolve | Stage::TcpConnect);
        self.purpose == Purpose::Direct && failed.is_some_and(unmade)
    }

    /// Whether a handshake with the target came to its end, whatever was thought of the certificate.
    #[must_use]
    pub fn has_shaken_hands(&self) -> bool {
        self.facts().any(|fact| matches!(fact, Observed::Tls(_)))
    }

    /// The stage behind the Connection Confirm that ran into its own limit, when one did: one whose messages may be larger than those before
    /// it. Behind the Connect Response they are small.
    #[must_use]
    pub fn stalled(&self) -> Option<Stage> {
        let Failure { hop: Hop::Target, stage, kind, .. } = self.failure.as_deref()? else { return None };
        let how = if let FailureKind::Closed { how, .. } = kind {
            how
        } else if let FailureKind::Tls(TlsFault { kind: TlsFaultKind::Closed(how), .. }) = kind {
            how
        } else {
            return None;
        };
        let behind = stage.rank() > Stage::ConnectionInitiation.rank()
            && stage.rank() <= Stage::BasicSettingsExchange.rank();
        (behind && matches!(how, Close::TimedOut { overall: false, .. })).then_some(*stage)
    }

    /// Whether it ended in silence: our own limit ran out.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        let closed = self.failure.as_ref().map(|failure| &failure.kind);
        matches!(closed, Some(FailureKind::Closed { how: Close::TimedOut { .. }, .. }))
    }

    /// Whether it is no answer to an enumeration.
    #[must_use]
    pub fn says_nothing(&self) -> bool {
        let lost = matches!(
            self.failure.as_ref().map(|failure| &failure.kind),
            Some(FailureKind::Closed {
                how: Close::Reset | Close::TimedOut { .. } | Close::Broken { .. } | Close::Local { .. },
                ..
            })
        );
        self.answer() == Answer::None || lost
    }

    /// How the server encrypts under Standard RDP Security, when it said so on this connection.
    #[must_use]
    pub fn encryption(&self) -> Option<(EncryptionMethods, EncryptionLevel)> {
        self.facts().find_map(|fact| {
            if let Observed::Encryption { method, level, .. } = fact { Some((*method, *level)) } else { None }
        })
    }

    /// When it ended, since the run began.
    #[must_use]
    pub fn ended(&self) -> Option<Duration> {
        self.stages.iter().filter_map(|s| Some(s.started?.saturating_add(s.duration?))).max()
    }

    /// How the Connection Request was answered.
    #[must_use]
    pub fn answer(&self) -> Answer {
        for fact in self.facts() {
            if let Observed::Selected { protocol, flags } = *fact {
                return Answer::Selected { protocol, flags };
            } else if let Observed::Refused(code) = *fact {
                return Answer::Refused(code);
            } else if matches!(fact, Observed::NoNegotiation) {
                return Answer::NoNegotiation;
            }
        }
        match self.failure.as_ref().map(|failure| &failure.kind) {
            Some(FailureKind::Ultimatum(_) | FailureKind::DisconnectRequest { .. }) => Answer::Disconnected,
            Some(FailureKind::Closed { how, partial })
                if how.without_tunnel() == Close::Fin && partial.is_empty() =>
            {
                Answer::Fin
            }
            Some(_) | None => Answer::None,
        }
    }
}
