//! The codes that no diagnosis gives, and those that are known by name here: docs/exit-codes.md.

pub(crate) const UNEXPECTED: u8 = 1;
pub(crate) const UNKNOWN_CODE: u8 = 1;
pub(crate) const USAGE: u8 = 2;
pub(crate) const INTERNAL: u8 = 3;
pub(crate) const OUTPUT: u8 = 4;
pub(crate) const INTERRUPTED: u8 = 5;
pub(crate) const NOT_TESTABLE: u8 = 54;
pub(crate) const SOME_FAILED: u8 = 100;
