//! What a command line of another client is rewritten to.
use std::ffi::OsString;

use crate::pasted::Pasted;

/// The arguments as this program spells them.
#[derive(Debug, Default)]
pub(crate) struct Spelt {
    pub(crate) args: Vec<OsString>,
    /// What to warn of.
    pub(crate) notes: Vec<String>,
    /// What is no option of this program's.
    pub(crate) pasted: Pasted,
}
