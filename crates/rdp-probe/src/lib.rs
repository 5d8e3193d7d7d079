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
//! if let Some(failure) = report.findings.failure() {
//!     println!("failed at {} ({})", failure.stage, failure.hop);
//! }
//! # Ok(())
//! # }
//! ```
//!
//! # What it does to a target
//!
//! One connection on the main path, one more when the server's refusal names what it wants instead. With
//! [`ProbeBuilder::enumerate`] a few further ones, one at a time. Nothing is sent that starts a session.
//!
//! # Names and addresses
//!
//! By default the operating system resolves and connects. [`Network`] replaces both, for a resolver or a tunnel of your own.
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
//! - `schema`: the JSON Schema of the report, from its types.

mod builder;
mod close;
mod driver;
mod escape;
mod framer;
mod network;
mod progress;
mod rdp_file;
mod report;
mod target;
mod tls;

pub use builder::{Probe, ProbeBuilder, ProbeError};
pub use escape::{escape, is_harmful};
pub use network::{BoxFuture, Io, Network, SystemNetwork};
pub use progress::{Events, Progress};
pub use rdp_file::{RdpFile, RdpFileError, RdpFileWarning};
pub use report::{Report, ReportError, ReportFault, SCHEMA_VERSION, explanation, view};
pub use target::{Target, TargetError};

pub use rdp_probe_core::{
    Address, Close, DialFault, DialFaultKind, Failure, FailureKind, Family, Findings, Hop, Host, Link, Outcome,
    Plan, Security, Stage,
};
pub use rdp_probe_diagnosis::{
    Basis, Candidate, Diagnosis, Explanation, Likelihood, Rule, RuleKind, Severity, Verdict, VerdictOutcome,
    diagnose, diagnose_with, explain, explain_pair,
};

/// The catalogue of causes, as the diagnosis uses it.
pub use rdp_probe_diagnosis::catalogue;

/// The one table of codes.
pub use rdp_probe_diagnosis::codes;
