//! What the benchmarks share: the clock, the comparison with an anchor, and the list of bars.
//!
//! Only ratios are printed: times tell of the machine, ratios of the code.
mod bars;
mod binary;
mod measure;
pub mod nla;
mod responder;

pub use bars::Bars;
pub use binary::binary;
pub use measure::{compare, cpu_of, median, share, thread_cpu};
pub use responder::{CONFIRM, REFUSAL, REQUEST, Responder, runtime};
