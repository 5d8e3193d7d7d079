//! What is passed over in a file, for whoever wrote it.
use std::fmt;

use super::keys::{RdpFileKey, RdpFileKeyUse};
use super::passed_over::PassedOver;
use super::settings::Settings;

/// A warning about an .rdp file. [`fmt::Display`] gives one line; what stands in the file has to be escaped for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RdpFileWarning {
    /// Lines that are no settings.
    PassedOver(PassedOver),
    /// A password, which nobody else can decrypt.
    Password,
    /// A password that everybody can read who has the file.
    PasswordInClear,
    /// Names that are not known, as they were written.
    UnknownKeys(Vec<String>),
    /// Names that stand on several lines, of which the last counts.
    RepeatedKeys(Vec<String>),
}

/// As many names as one line holds.
const MOST_NAMES: usize = 8;

/// So many more are not counted.
const MANY: usize = 100;

/// As much of a name as one line holds, in characters.
const MOST_CHARACTERS: usize = 40;

pub(super) fn all(settings: &Settings<'_>) -> Vec<RdpFileWarning> {
    let mut warnings = Vec::new();
    warnings.extend(settings.passed_over.clone().map(RdpFileWarning::PassedOver));
    let mut secrets = RdpFileKey::ALL.iter().filter(|key| key.used == RdpFileKeyUse::Secret);
    let (mut encrypted, mut in_clear) = (false, false);
    secrets.by_ref().filter(|key| settings.some(key.name).is_some()).for_each(|key| match key.kind {
        'b' => encrypted = true,
        _ => in_clear = true,
    });
    warnings.extend(encrypted.then_some(RdpFileWarning::Password));
    warnings.extend(in_clear.then_some(RdpFileWarning::PasswordInClear));
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    if !settings.unknown.is_empty() {
        warnings.push(RdpFileWarning::UnknownKeys(names(&settings.unknown)));
    }
    if !settings.repeated.is_empty() {
        warnings.push(RdpFileWarning::RepeatedKeys(names(&settings.repeated)));
    }
    warnings
}

impl fmt::Display for RdpFileWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PassedOver(lines) => lines.fmt(f),
            Self::Password => {
                f.write_str("a password in a file is encrypted for whoever saved it, and is not used")
            }
            Self::PasswordInClear => f.write_str(
                "a password in a file, where everybody can read it who has the file, is not used: --password-file, --password-stdin or \
                 RDP_PASSWORD gives one, and RDG_PASSWORD and the like one for a gateway",
            ),
            Self::UnknownKeys(names) => {
                f.write_str("unknown keys, which change nothing: ")?;
                list(f, names)
            }
            Self::RepeatedKeys(names) => {
                f.write_str("keys on several lines, of which the last counts: ")?;
                list(f, names)
            }
        }
    }
}

fn list(f: &mut fmt::Formatter<'_>, names: &[String]) -> fmt::Result {
    for (index, name) in names.iter().take(MOST_NAMES).enumerate() {
        let name: String = name.chars().take(MOST_CHARACTERS).collect();
        write!(f, "{}{name:?}", if index == 0 { "" } else { ", " })?;
    }
    match names.len().saturating_sub(MOST_NAMES) {
        0 => Ok(()),
        // The reader does not tell any number of them from each other.
        more if more >= MANY => f.write_str(" and many more"),
        more => write!(f, " and {more} more"),
    }
}
