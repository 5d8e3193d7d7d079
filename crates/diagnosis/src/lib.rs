//! From what a probe observed to cause, remedy, exit code, and the codes that mstsc would show.
//!
//! Pure: no clock, no environment, no I/O. [`diagnose`] asks every [`Rule`] of the [`catalogue`] whether it matches the
//! evidence; knowledge is rows, not code. [`codes`] is the one table of codes, and [`explain()`] says what one means.
//!
//! ```
//! use rdp_probe_core::{Close, Event, Host, Link, Plan, Run, Wants};
//! use rdp_probe_diagnosis::diagnose;
//! use std::time::Duration;
//!
//! let mut run = Run::new(Plan::new(Host::parse("192.0.2.7").unwrap(), 3389));
//! run.begin(Duration::ZERO);
//! let Some(Wants::Dial { address, .. }) = run.wants() else { unreachable!() };
//! run.on(Event::Dialed(Ok(Link { peer: address, local: None })), Duration::ZERO);
//! run.on(Event::Closed { how: Close::Fin, partial: &[] }, Duration::from_millis(3));
//!
//! let diagnosis = diagnose(run.evidence());
//! assert_eq!(diagnosis.verdict.exit, 30);
//! assert_eq!(diagnosis.causes.first().unwrap().id, "closed-after-request");
//! ```

mod advice;
pub mod catalogue;
pub mod codes;
mod diagnose;
mod exit_codes;
pub mod explain;
pub mod known_phrases;
mod phrases;
mod placeholder;
mod rule;
mod text;
mod time;
mod value;
mod waited;

pub use diagnose::{AddressVerdict, Diagnosis, Judge, Verdict, diagnose, diagnose_by, diagnose_with};
pub use exit_codes::{EXIT_CODES, ExitCode};
pub use explain::{Explanation, explain, explain_pair};
pub use phrases::some_of;
pub use placeholder::Placeholder;
pub use rule::{Basis, Candidate, Likelihood, Rule, RuleKind, Severity, VerdictOutcome};
pub use text::{fill, summary};
pub use time::{skew_words, utc};
