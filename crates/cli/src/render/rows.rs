//! Names and values below each other, which a peer may have sent.
use rdp_probe::{Plan, ShownTls, escape, utc};

use super::look::Look;
use super::wrap::columns;

/// A name and its value.
pub(super) fn row(out: &mut String, name: &str, value: &str, look: &Look) {
    columns(out, 4, name, 22, &escape(value), look.width);
}

/// What was shown in TLS: version and suite under this name, and the certificate.
pub(super) fn tls(out: &mut String, name: &str, tls: &ShownTls<'_>, plan: &Plan, look: &Look) {
    row(out, name, &format!("{}, {}", tls.version_text(), tls.cipher_text()), look);
    let Some(certificate) = tls.certificate else { return };
    row(out, "Certificate", &certificate.subject, look);
    if !certificate.self_signed {
        row(out, "Issuer", &certificate.issuer, look);
    }
    if !certificate.names.is_empty() {
        row(out, "Names", &certificate.names.join(", "), look);
    }
    let until = utc(certificate.not_after).unwrap_or_else(|| "a year beyond 9999".to_owned());
    let left = certificate.days_left(plan.began_unix_ms);
    let left = left.map(|days| format!(" ({days} days)")).unwrap_or_default();
    row(out, "Valid until", &format!("{until}{left}"), look);
    row(out, "Key, signature", &format!("{}, {}", certificate.key_text(), certificate.signature), look);
    row(out, "SHA-1", &certificate.sha1, look);
    row(out, "SHA-256", &certificate.sha256, look);
}
