//! Scenarios that cannot be played.
use std::net::IpAddr;

/// A scenario that cannot be read: which, and what is wrong with it.
#[derive(Debug, thiserror::Error)]
#[error("{scenario}: {fault}")]
#[non_exhaustive]
pub struct ScenarioError {
    /// The scenario, file or folder.
    pub scenario: String,
    /// What is wrong with it.
    #[source]
    pub fault: Fault,
}

/// What can be wrong with a scenario.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The file cannot be read.
    #[error("cannot be read ({0})")]
    Read(#[from] std::io::Error),
    /// No TOML, or not a scenario's.
    #[error("{0}")]
    Toml(Box<toml::de::Error>),
    /// The folder has no scenario.
    #[error("no .toml file in it")]
    NoFiles,
    /// A player is left out, and nothing says why.
    #[error("a player is left out: `why` must say why")]
    PlayersWithoutWhy,
    /// No player is left out.
    #[error("`why` without a player left out: everybody plays it")]
    WhyForEverybody,
    /// Every player is left out.
    #[error("nobody plays it")]
    NoPlayers,
    /// The resolver is not asked.
    #[error("`dial.resolve` for a target that is given by its address")]
    ResolveOfAnAddress,
    /// There is no other way than the direct one.
    #[error("`direct` without a gateway")]
    DirectWithoutGateway,
    /// A request has room for one of them.
    #[error("`plan.cookie` and `plan.routing_token` together")]
    TwoRoutings,
    /// An address that the host does not stand for.
    #[error("the host does not resolve to {0}")]
    UnknownAddress(IpAddr),
    /// A script without steps.
    #[error("connection {connection} has no steps")]
    NoSteps {
        /// Its index.
        connection: usize,
    },
    /// A step that is never taken.
    #[error("connection {connection} has steps after its close")]
    StepAfterClose {
        /// Its index.
        connection: usize,
    },
    /// Only a step that reads the ClientHello can tell which one it is.
    #[error("connection {connection} names a hello, and no step expects it")]
    HelloNotExpected {
        /// Its index.
        connection: usize,
    },
    /// A TSRequest or a close_notify in the clear, or a handshake inside of another.
    #[error(
        "connection {connection}: ts_request and close_notify stand inside TLS, and client_hello and tls before it"
    )]
    NotInsideTls {
        /// Its index.
        connection: usize,
    },
    /// A reachable target has no cause, and exit code 0.
    #[error("reachable goes with exit 0, and without stage, hop, rule and causes")]
    ReachableWithCause,
    /// A failure has all of them.
    #[error("an outcome other than reachable needs stage, hop, rule, and an exit code above 0")]
    FailureWithoutCause,
    /// The top cause stands first among the causes.
    #[error("`causes` begins with `rule`")]
    CausesBeginOtherwise,
    /// A security table with gaps that it does not own up to, or that has none.
    #[error("`security` lists nla and all six protocols, or some of them with partial = true")]
    Security,
    /// A candidate that no client could show.
    #[error("mstsc entry {0:?} is not like \"0xB09/0x0 possible inferred\"")]
    Candidate(String),
}
