//! What a certificate says, read once, without judging it. The checks are rules of the diagnosis, each on its own.
mod algorithm;
mod name;
mod read;
mod text;

pub use algorithm::KeyKind;
pub(crate) use algorithm::{Digest, Signature};
use serde::{Deserialize, Serialize};

/// The facts of one certificate. Texts are a peer's: bounded here, escaped by whoever prints them. What could not be read is `None`, and
/// empty where it is a list; `unreadable` says what that is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CertificateFacts {
    /// The subject, as `CN=srv1, O=...`.
    pub subject: Option<String>,
    /// The common name of the subject; of several the first one.
    pub common_name: Option<String>,
    /// The other common names.
    #[serde(default)]
    pub other_common_names: Vec<String>,
    /// The issuer.
    pub issuer: Option<String>,
    /// Serial number in hexadecimal.
    pub serial: Option<String>,
    /// DNS names and addresses of the subject alternative names, all of them.
    pub names: Vec<String>,
    /// Seconds since 1970 from which on it is valid.
    pub not_before: Option<i64>,
    /// Seconds since 1970 until which it is valid.
    pub not_after: Option<i64>,
    /// Whether subject and issuer are the same.
    pub self_signed: bool,
    /// The key's algorithm.
    pub key: Option<KeyKind>,
    /// The key's size in bits.
    pub key_bits: Option<u32>,
    /// The signature's algorithm, by its name, or its object identifier.
    pub signature: Option<String>,
    /// Whether the signature's digest is SHA-1 or one that is weaker.
    pub weak_signature: bool,
    /// X.509 version.
    pub version: Option<u32>,
    /// Object identifiers of the extended key usages; `None` without the extension.
    pub extended_key_usage: Option<Vec<String>>,
    /// SHA-1 of the DER, in upper-case hexadecimal: the form of the registry's SSLCertificateSHA1Hash.
    pub sha1: String,
    /// SHA-256 of the DER, in lower-case hexadecimal.
    pub sha256: String,
    /// Its size, in octets; 0 in a report that was stored before this was noted.
    #[serde(default)]
    pub length: usize,
    /// The first field that could not be read, by its name in RFC 5280.
    #[serde(default)]
    pub unreadable: Option<String>,
}

/// serverAuth.
const SERVER_AUTH: &str = "1.3.6.1.5.5.7.3.1";
/// Remote Desktop Authentication.
const REMOTE_DESKTOP: &str = "1.3.6.1.4.1.311.54.1.2";
/// anyExtendedKeyUsage.
const ANY_USAGE: &str = "2.5.29.37.0";

impl CertificateFacts {
    /// Whether one of its names stands for `host`: a DNS name with its wildcards, the NetBIOS form (the first label), or an
    /// address.
    #[must_use]
    pub fn matches(&self, host: &str) -> bool {
        let host = host.strip_suffix('.').unwrap_or(host);
        let names = self.names.iter().chain(&self.common_name).chain(&self.other_common_names);
        names.into_iter().any(|name| stands_for(name, host))
    }

    /// Whether one of its names stands for `host`; `None` when none does, and there may be others that could not be read.
    #[must_use]
    pub fn name_matches(&self, host: &str) -> Option<bool> {
        let places = ["subject", "extensions", "subjectAltName"];
        let hidden = self.unreadable.as_deref().is_some_and(|field| places.contains(&field));
        let matches = self.matches(host);
        (matches || (self.subject.is_some() && !hidden)).then_some(matches)
    }

    /// Seconds from the beginning of its validity to the end.
    #[must_use]
    pub fn lifetime(&self) -> Option<i64> {
        Some(self.not_after?.saturating_sub(self.not_before?))
    }

    /// Whether its extended key usage names server authentication, or any usage.
    #[must_use]
    pub fn names_server_authentication(&self) -> bool {
        let usages = self.extended_key_usage.iter().flatten();
        usages.into_iter().any(|oid| [SERVER_AUTH, ANY_USAGE].contains(&oid.as_str()))
    }

    /// The key in words, such as `RSA 2048`.
    #[must_use]
    pub fn key_text(&self) -> Option<String> {
        let bits = self.key_bits.map(|bits| format!(" {bits}")).unwrap_or_default();
        Some(format!("{}{bits}", self.key.as_ref()?.name()))
    }

    /// Whole days until it expires; negative when it has. `None` when nobody said what time it was, or its end
    /// cannot be read.
    #[must_use]
    pub fn days_left(&self, now_unix_ms: i64) -> Option<i64> {
        let now = now_unix_ms.div_euclid(1000);
        let end = self.not_after.filter(|_| now > 0)?;
        Some(end.saturating_sub(now).div_euclid(86_400))
    }

    /// Whether its extended key usage, if it has one, allows a Remote Desktop server.
    #[must_use]
    pub fn is_for_servers(&self) -> bool {
        self.extended_key_usage.as_ref().is_none_or(|usages| {
            usages.iter().any(|oid| [SERVER_AUTH, REMOTE_DESKTOP, ANY_USAGE].contains(&oid.as_str()))
        })
    }
}

fn stands_for(name: &str, host: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.eq_ignore_ascii_case(host) {
        return true;
    }
    match (name.strip_prefix("*."), host.split_once('.')) {
        // A wildcard stands for one label.
        (Some(domain), Some((_, rest))) => domain.eq_ignore_ascii_case(rest),
        // Asked by its NetBIOS name, the host shows its full one.
        (None, None) => name.split('.').next().is_some_and(|label| label.eq_ignore_ascii_case(host)),
        (Some(_), None) | (None, Some(_)) => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_stand_for_hosts_with_wildcards_and_in_their_netbios_form() {
        assert!(stands_for("SRV1.lab.test", "srv1.LAB.test"));
        assert!(stands_for("*.lab.test", "srv1.lab.test"));
        assert!(stands_for("srv1.lab.test", "SRV1"));
        assert!(stands_for("192.0.2.7", "192.0.2.7"));
        assert!(stands_for("srv1.lab.test.", "srv1.lab.test"), "a dot at the end says that the name is whole");
        assert!(!stands_for("*.lab.test", "a.srv1.lab.test"));
        assert!(!stands_for("*.lab.test", "lab.test"));
        assert!(!stands_for("srv1.lab.test", "srv2"));
        assert!(!stands_for("srv1.lab.test", "srv1.other.test"));
    }
}
