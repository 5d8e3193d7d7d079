//! Scripted RDP targets and the conversations they hold, for testing rdp-probe and what embeds it.
//!
//! A [`Scenario`] is one conversation: what the target does on each connection, what name resolution and dialing do, and
//! what a probe must make of it. [`machine::play`] plays it through the state machine alone, on virtual time;
//! [`target::ScriptedTarget`] serves it on loopback for a driver or for the binary. [`gateway::Gateway`] and
//! [`gateway::ScriptedGateway`] are an RD Gateway in front of a target, for the one and for the others.
//!
//! ```
//! use rdp_probe_testkit::{Scenario, machine};
//!
//! let scenario = Scenario::parse("fin-after-request", r#"
//!     title = "the target hangs up on the Connection Request"
//!     [[connection]]
//!     steps = [{ expect = "connection_request" }, { close = "fin" }]
//!     [expect]
//!     outcome = "unreachable"
//!     stage = "connection_initiation"
//!     hop = "target"
//!     rule = "closed-after-request"
//!     exit = 30
//! "#)?;
//! let played = machine::play(&scenario);
//! assert!(played.violations.is_empty());
//! assert!(played.evidence.failure().is_some());
//! # Ok::<(), rdp_probe_testkit::scenario::ScenarioError>(())
//! ```
//!
//! With feature `dev` there are also `generate`, strategies for property tests, `oracle`, the properties themselves, which
//! fuzz targets share, and `faults`, a layer of faults under a network. With feature `auth` there is `acceptor`, a server whose NTLM is real.
#![expect(
    clippy::arithmetic_side_effects,
    reason = "events, octets sent and ports are counted here; what a peer's lengths lead to stays checked"
)]

#[cfg(feature = "auth")]
pub mod acceptor;
mod backlog;
pub mod certificate;
#[cfg(feature = "auth")]
mod credssp_server;
pub mod gateway;
mod listen;
pub mod machine;
#[cfg(feature = "auth")]
mod ntlm_server;
pub mod port;
pub mod scenario;
mod script;
mod session;
mod stream;
pub mod target;
pub mod toy;

#[cfg(feature = "dev")]
pub mod faults;
#[cfg(feature = "dev")]
mod gateway_messages;
#[cfg(feature = "dev")]
pub mod generate;
#[cfg(feature = "dev")]
mod messages;
#[cfg(feature = "dev")]
pub mod oracle;
#[cfg(feature = "dev")]
mod walk;
mod way;

pub use scenario::Scenario;
pub use script::Violation;
