//! Properties that hold for every input, of what stands above the state machine: the driver, reports, files and the command
//! line. Property tests and fuzz targets share them, as they do those of `rdp_probe_testkit::oracle`.
//!
//! Each function panics when its property does not hold, which is how fuzzers want it.
#![expect(clippy::arithmetic_side_effects, reason = "turns and pieces are counted here")]
mod layers;
mod memory;
mod rdp_file;
mod stored_report;

pub use layers::layers;
pub use rdp_file::rdp_file;
pub use stored_report::{reads_again, stored_report};

/// The programs of README compile.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
