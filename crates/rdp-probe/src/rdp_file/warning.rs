//! What a client would do with a file, or might, and a probe does not.
use std::fmt;

use super::error::RdpFileError;
use super::settings::Settings;

/// A warning about an .rdp file. [`fmt::Display`] gives one line; what stands in the file has to be escaped for a terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RdpFileWarning {
    /// A gateway that a client would use.
    Gateway {
        /// `gatewayhostname`.
        host: String,
    },
    /// A connection by way of Azure Virtual Desktop.
    AzureVirtualDesktop,
    /// `negotiate security layer:i:0`: a client without CredSSP would begin with TLS.
    NoNegotiation,
    /// A password, which nobody else can decrypt.
    Password,
    /// Names that are not known, as they were written.
    UnknownKeys(Vec<String>),
    /// Names that stand on several lines, of which the last counts.
    RepeatedKeys(Vec<String>),
}

/// As many names as one line holds.
const MOST_NAMES: usize = 8;

/// As much of a name as one line holds, in characters.
const MOST_CHARACTERS: usize = 40;

pub(super) fn all(settings: &Settings<'_>) -> Result<Vec<RdpFileWarning>, RdpFileError> {
    let mut warnings = Vec::new();
    // 0 and 4 go straight to the target, and so does a file that says nothing.
    let method = settings.number("gatewayusagemethod")?.map_or(0, |(_, method)| method);
    if let Some(host) = settings.text("gatewayhostname")?
        && matches!(method, 1..=3)
    {
        warnings.push(RdpFileWarning::Gateway { host: host.value.trim().to_owned() });
    }
    let resource_manager = settings.text("resourceprovider")?;
    if resource_manager.is_some_and(|provider| provider.value.trim().eq_ignore_ascii_case("arm"))
        || settings.text("wvd endpoint pool")?.is_some()
    {
        warnings.push(RdpFileWarning::AzureVirtualDesktop);
    }
    // With CredSSP a client negotiates whatever this says.
    if settings.is("negotiate security layer", 0)? && settings.is("enablecredsspsupport", 0)? {
        warnings.push(RdpFileWarning::NoNegotiation);
    }
    let password = ["password", "password 51"];
    if password.iter().any(|key| settings.by_name.get(*key).is_some_and(|s| !s.value.trim().is_empty())) {
        warnings.push(RdpFileWarning::Password);
    }
    let names = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    if !settings.unknown.is_empty() {
        warnings.push(RdpFileWarning::UnknownKeys(names(&settings.unknown)));
    }
    if !settings.repeated.is_empty() {
        warnings.push(RdpFileWarning::RepeatedKeys(names(&settings.repeated)));
    }
    Ok(warnings)
}

impl fmt::Display for RdpFileWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gateway { host } => {
                let host: String = host.chars().take(MOST_CHARACTERS).collect();
                write!(f, "gateway {host:?} is not yet followed: the target is probed directly")
            }
            Self::AzureVirtualDesktop => {
                f.write_str("Azure Virtual Desktop is not yet followed: the target is probed directly")
            }
            Self::NoNegotiation => {
                f.write_str("\"negotiate security layer:i:0\" is not yet followed: the probe negotiates")
            }
            Self::Password => {
                f.write_str("a password in a file is encrypted for whoever saved it, and is not used")
            }
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
        more => write!(f, " and {more} more"),
    }
}
