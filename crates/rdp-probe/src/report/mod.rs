//! The report of one run, and its JSON form.
pub mod explanation;
mod of;
mod read;
#[expect(clippy::module_inception, reason = "the report itself, without its JSON form")]
mod report;
#[cfg(feature = "schema")]
mod schema;
mod view;

pub use read::{ReportError, ReportFault};
pub use report::Report;
pub use view::SCHEMA_VERSION;
