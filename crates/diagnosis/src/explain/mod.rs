//! What a code means: every family that has it, likeliest first, what is reported of it, and what to do next.
//!
//! ```
//! use rdp_probe_diagnosis::explain;
//!
//! let [pair] = explain(&["0x904/0x7"]).try_into().unwrap();
//! assert!(pair.is_known());
//! assert_eq!(pair.meanings.first().unwrap().row.name, "disconnectReasonAtClientWinsockFDCLOSE");
//!
//! let [unknown] = explain(&["0x516"]).try_into().unwrap();
//! assert!(!unknown.is_known());
//! assert_eq!(unknown.near.first().unwrap().row.code, Some(0x204));
//! ```
mod answer;
mod explanation;
mod layer;
mod names;
mod next;
mod number;
mod own;
mod pairs;
mod query;
mod ranking;
mod reports;
#[cfg(test)]
mod tests;
mod text;

pub use explanation::{Excerpt, Explanation, Form, Meaning, Near, Reading, Shown, Slip};
pub use layer::{Layer, Shape};
pub use next::{Next, all_next};
pub use own::OwnWord;
pub use query::{cause_in_general, explain, explain_pair, in_general};
pub use reports::{FieldReport, field_reports};
pub use text::{TextReader, explain_text};
