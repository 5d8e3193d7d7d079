//! Names and values below each other, which a peer may have sent.
use rdp_probe_core::{Plan, ShownTls};
use rdp_probe_diagnosis::{some_of, utc};

use super::look::Look;
use super::wrap::columns;
use crate::escape::escape;

/// More names than these nobody takes in.
const MOST_NAMES: usize = 64;

/// A name and its value.
pub(super) fn row(out: &mut String, name: &str, value: &str, look: &Look) {
    columns(out, 4, name, 22, &escape(value), look.width);
}

/// What was shown in TLS: version and suite under this name, and the certificate.
pub(super) fn tls(out: &mut String, name: &str, tls: &ShownTls<'_>, plan: &Plan, look: &Look) {
    row(out, name, &format!("{}, {}", tls.version_text(), tls.cipher_text()), look);
    let Some(certificate) = tls.certificate else { return };
    let subject = certificate.subject.clone();
    let unreadable = || format!("{} octets that cannot be read", certificate.length);
    row(out, "Certificate", &subject.unwrap_or_else(unreadable), look);
    if let Some(issuer) = certificate.issuer.as_ref().filter(|_| !certificate.self_signed) {
        row(out, "Issuer", issuer, look);
    }
    if !certificate.names.is_empty() {
        let names: Vec<&str> = certificate.names.iter().map(String::as_str).collect();
        row(out, "Names", &some_of(&names, MOST_NAMES), look);
    }
    if let Some(end) = certificate.not_after {
        let until = utc(end).unwrap_or_else(|| "a year that cannot be written".to_owned());
        let left = certificate.days_left(plan.began_unix_ms);
        let left = left.map(|days| match days {
            0.. => format!(" ({days} days)"),
            _ => format!(" (ended {} days ago)", days.unsigned_abs()),
        });
        let left = left.unwrap_or_default();
        row(out, "Valid until", &format!("{until}{left}"), look);
    }
    let made = [certificate.key_text(), certificate.signature.clone()];
    let made: Vec<String> = made.into_iter().flatten().collect();
    if !made.is_empty() {
        row(out, "Key, signature", &made.join(", "), look);
    }
    row(out, "SHA-1", &certificate.sha1, look);
    row(out, "SHA-256", &certificate.sha256, look);
}
