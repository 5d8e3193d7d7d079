//! Why does this remote desktop not connect?
//!
//! A [`Probe`] goes through the RDP connection sequence stage by stage and gives a [`Report`]: the stage and hop that
//! failed, why, what to do, and what a Windows client would show. A sick target is never an `Err`.
//!
//! ```no_run
//! use rdp_probe::{Probe, Target};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let target: Target = "srv1.lab.test:3389".parse()?;
//! let report = Probe::builder(target).build()?.run().await;
//! println!("{} (exit {})", report.summary(), report.exit_code());
//! if let Some(failure) = report.evidence.failure() {
//!     println!("failed at {} ({})", failure.stage, failure.hop);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! It runs on tokio. The folder `examples/` of the repository has longer programs: many targets as a stream, a gate for a
//! pipeline, rules of your own, a network of your own.
//!
//! # What it does to a target
//!
//! One connection on the main path, one more when the server's refusal names what it wants instead. After a failure in TLS
//! the same hello is sent once more, and one or two further ones read in the clear what the server would choose. With
//! [`ProbeBuilder::second_look`] up to five ask again where the first request was not answered. With [`ProbeBuilder::enumerate`] there are up to
//! eight to list the security protocols, one at a time, 25 ms apart, and with [`ProbeBuilder::all_addresses`] a path for each
//! address. Nothing is sent that starts a session or asks for a licence, and no password is tried but
//! with [`ProbeBuilder::credentials`].
//!
//! A run ends by its own deadline ([`ProbeBuilder::timeout`]). Dropping the future ends it at once, without a report;
//! [`Probe::run_until`] ends it with one. [`Probe::watch`] tells what happens on the way.
//!
//! # Names and addresses
//!
//! By default the operating system resolves and connects. [`ProbeBuilder::resolve_to`] gives the addresses instead, and
//! [`Network`] replaces both, for a resolver or a tunnel of your own.
//!
//! # Reports
//!
//! A [`Report`] has the evidence (what was observed) and the diagnosis (what it means). It serialises to the JSON form of
//! docs/json.md, with the evidence in it. [`Report::from_json`] reads that back and diagnoses it again, with what the catalogue
//! knows by then:
//!
//! ```
//! # use rdp_probe::{Evidence, Host, Plan, Report, Target, diagnose};
//! # let evidence = Evidence::new(Plan::new(Host::parse("srv1")?, 3389));
//! # let (target, diagnosis) = ("srv1".parse::<Target>()?, diagnose(&evidence));
//! # let report = Report::new(target, evidence, diagnosis);
//! let stored = serde_json::to_string(&report)?;
//! let again = Report::from_json(&stored)?;
//! assert_eq!(again.exit_code(), report.exit_code());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Texts may quote what a peer sent. [`escape()`] them before they reach a terminal, a page or a log.
//!
//! # Rules of your own
//!
//! The [`catalogue`] is a list of [`Rule`]s. [`ProbeBuilder::rule`] puts one beside them; [`diagnose_with`] does so for
//! evidence that is there already. A cause is asked about failures of its stage that are laid at its hop. What stands in braces in
//! a text is a [`Placeholder`].
//!
//! ```
//! use rdp_probe::{Basis, Probe, Rule, Stage, VerdictOutcome};
//!
//! static VPN_IS_DOWN: Rule = Rule {
//!     id: "lab-vpn-is-down",
//!     stage: Some(Stage::TcpConnect),
//!     hop: None, // without it, the target's failures only: a route that is missing is this computer's
//!     matches: |evidence| evidence.failure().is_some(),
//!     outcome: VerdictOutcome::Unreachable,
//!     exit: 11,
//!     rank: 0,
//!     summary: "{address} cannot be reached: is the VPN up?",
//!     cause: "the lab is behind a VPN",
//!     remedy: "connect the VPN",
//!     basis: Basis::Reported,
//!     supersedes: &["tcp-timed-out", "network-unreachable"],
//!     ..Rule::BLANK
//! };
//! let probe = Probe::builder("srv1.lab.test".parse()?).rule(&VPN_IS_DOWN).build()?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Codes
//!
//! [`explain()`] says what a code means that a client, a server or a gateway shows, without a network.
//!
//! ```
//! let [pair] = rdp_probe::explain(&["0x904/0x7"]).try_into().unwrap();
//! for shown in &pair.shown {
//!     println!("{}: {}", shown.candidate.likelihood.id(), shown.rule.id);
//! }
//! ```
//!
//! # Features
//!
//! None is on by default.
//!
//! - `nla`: credentials ([`ProbeBuilder::credentials`]), proven by NTLM under Network Level Authentication.
//! - `schema`: the JSON Schema of the report, from its types.
//! - `tracing`: a span `stage` for each stage of each connection, with `stage`, `hop` and, once it is known, `peer`, around what is
//!   waited for in it; and an event that says how it ended. Both are of the level `DEBUG` and the target `rdp_probe`. What a peer
//!   sent is in neither.
//!
//! # What stays
//!
//! Rule ids, stage and hop ids, exit codes, and JSON keys and the ids in them are API: never renamed, never renumbered, never
//! reused. New ones may come. [`SCHEMA_VERSION`] goes up when a key changes its meaning.
//!
//! Rust items follow Cargo's semver rules. The Rust version, 1.94, rises in minor versions only. [`Rule`] and [`Candidate`] are
//! written out by users: begin a rule with `..Rule::BLANK` and a candidate with [`Candidate::pair`].
//!
//! Texts may change in any version, and so may which rule explains a failure, when a more exact one is found: match ids, not
//! texts. docs/stability.md has the whole promise.

mod auth;
mod builder;
mod carried;
mod channel;
mod clock;
mod close;
mod credentials;
mod driver;
mod duration;
mod error;
mod escape;
mod expect;
mod framer;
mod gateway;
mod input;
mod inside;
mod ledger;
mod network;
mod output;
mod pace;
mod prober;
mod progress;
mod rdp_file;
pub mod render;
mod report;
mod roots;
mod secret;
mod shared;
mod statistics;
mod sweep;
mod target;
mod tls;
mod trace;
mod transport;
mod trust;
mod two_channels;
mod websocket;

pub use builder::{Probe, ProbeBuilder};
pub use credentials::Credentials;
pub use duration::parse_duration;
pub use error::ProbeError;
pub use escape::{escape, harmless_json, is_harmful};
pub use expect::{
    Baseline, Change, Compared, Expectation, ExpectationError, ExpectationKey, Expectations, Expected,
    ExpectedOutcome, ValueKind,
};
pub use gateway::Gateway;
pub use network::{BoxFuture, Io, Network, SystemNetwork};
pub use prober::Prober;
pub use progress::{Events, Progress};
pub use rdp_file::{
    GatewayCredentials, GatewayUsage, PassedOver, RdpFile, RdpFileError, RdpFileGateway, RdpFileKey,
    RdpFileKeyUse, RdpFileWarning,
};
pub use report::{Report, ReportError, ReportFault, SCHEMA_VERSION, explanation, gateway_code_name};
pub use secret::Secret;
pub use statistics::{Percentiles, Round, StageStatistics, Statistics, Times};
pub use sweep::Sweep;
pub use target::{Target, TargetError};

pub use rdp_probe_core::{
    Account, AccountError, Address, Answer, AttemptRecord, AuthFault, AuthMethod, CertificateFacts, ClientName,
    ClientNameError, Close, Cut, DialFault, DialFaultKind, Evidence, Fact, Failure, FailureKind, Family,
    Fields, GatewayFact, GatewayFault, GatewayLogon, GatewayTransport, Hop, Host, HttpFacts, Leg, Link,
    LogonResult, MethodSummary, Nla, NotFollowed, NotTried, NtlmFacts, Observed, Offered, Outcome, PathStage,
    Plan, Product, Purpose, Security, SecuritySummary, ShownGateway, ShownServer, ShownSettings, ShownTls,
    Stage, StageRecord, TlsFacts, TunnelEnd, Unfollowed, hex,
};
pub use rdp_probe_diagnosis::{
    AddressVerdict, Basis, Candidate, Diagnosis, EXIT_CODES, ExitCode, Explanation, Judge, Likelihood,
    Placeholder, Rule, RuleKind, Severity, Verdict, VerdictOutcome, diagnose, diagnose_by, diagnose_with,
    explain, explain_pair, skew_words, utc,
};

/// The values that servers send, as the evidence has them.
pub use rdp_probe_core::wire;

/// The catalogue of causes, as the diagnosis uses it.
pub use rdp_probe_diagnosis::catalogue;

/// The one table of codes.
pub use rdp_probe_diagnosis::codes;

/// The one table of phrases: what clients print, and the codes that it stands for.
pub use rdp_probe_diagnosis::known_phrases;
