//! The report of one run, and its JSON form.
pub mod explanation;
mod gateway_code;
mod of;
mod of_gateway;
mod of_server;
mod of_tls;
mod read;
#[expect(clippy::module_inception, reason = "the report itself, without its JSON form")]
mod report;
#[cfg(feature = "schema")]
mod schema;
mod view;

pub use gateway_code::gateway_code_name;
pub use read::{ReportError, ReportFault};
pub use report::Report;
pub use view::SCHEMA_VERSION;
