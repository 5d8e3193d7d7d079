//! What the benchmarks share: the clock, the comparison with an anchor, and the list of bars.
//!
//! Only ratios are printed: times tell of the machine, ratios of the code.
mod bars;
mod binary;
mod client;
mod gate;
mod instructions;
mod measure;
pub mod nla;
mod responder;
mod used;
mod waited;

pub use bars::{Bars, Beside};
pub use binary::binary;
pub use client::{bare, client_config};
pub use gate::Kind;
pub use measure::{median, repeat, share};
pub use responder::{CONFIRM, REFUSAL, REQUEST, Responder, runtime};
pub use used::{Used, cpu_of_children};
pub use waited::{Holds, Waited};
