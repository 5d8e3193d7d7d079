//! Properties that hold for every input; property tests and fuzz targets share them.
//!
//! Each function panics when its property does not hold, which is how fuzzers want it.
mod diagnosis;
mod ironrdp;
mod machine;
mod wire;

pub use diagnosis::{diagnosis, diagnosis_of};
pub use ironrdp::{confirm_against_ironrdp, request_against_ironrdp};
pub use machine::{machine, well_formed};
pub use wire::wire;
