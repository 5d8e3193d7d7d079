//! From a TLS handshake to its JSON form.
use rdp_probe_core::{CertificateFacts, Leg, Plan, ShownTls};
use rdp_probe_diagnosis::utc;

use super::view::{CertificateView, TlsView};

/// TLS on a leg of the way: the handshake; without one, what the scout read.
pub(super) fn tls(shown: &ShownTls<'_>, leg: &Leg, plan: &Plan) -> TlsView {
    TlsView {
        source: if shown.scouted { "scout" } else { "handshake" },
        version: shown.version_text(),
        cipher: shown.cipher_text(),
        certificate: shown.certificate.map(|facts| certificate(facts, shown, leg, plan)),
        signature_verified: shown.signature_verified,
    }
}

fn certificate(facts: &CertificateFacts, shown: &ShownTls<'_>, leg: &Leg, plan: &Plan) -> CertificateView {
    CertificateView {
        subject: facts.subject.clone(),
        issuer: facts.issuer.clone(),
        serial: facts.serial.clone(),
        names: facts.names.clone(),
        not_before: facts.not_before.and_then(utc),
        not_after: facts.not_after.and_then(utc),
        days_left: facts.days_left(plan.began_unix_ms),
        self_signed: facts.self_signed,
        name_matches: facts.name_matches(&leg.asked_name()),
        trusted: shown.trusted,
        key: facts.key_text(),
        signature: facts.signature.clone(),
        extended_key_usage: facts.extended_key_usage.clone(),
        sha1: facts.sha1.clone(),
        sha256: facts.sha256.clone(),
        length: facts.length,
        unreadable: facts.unreadable.clone(),
        chain_length: shown.chain_length,
    }
}
