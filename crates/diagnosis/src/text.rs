//! Text for people, made last: the placeholders of the catalogue, filled from evidence.
use std::fmt::Write as _;

use rdp_probe_core::{Answer, Evidence, Failure, FailureKind, Hop, TlsFault, TlsFaultKind};

use crate::diagnose::Diagnosis;
use crate::placeholder::{value, words};

/// Fills the `{placeholders}` of a catalogue text. Unknown ones stay as they are; a test holds that no row has one.
///
/// What a peer sent goes in as it is: whoever prints the text escapes it.
#[must_use]
pub fn fill(text: &str, evidence: &Evidence) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(32));
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, after)) => {
                match value(name, evidence) {
                    Some(value) => out.push_str(&value),
                    None => _ = write!(out, "{{{name}}}"),
                }
                rest = after;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// The verdict in one sentence, without a full stop.
#[must_use]
pub fn summary(diagnosis: &Diagnosis, evidence: &Evidence) -> String {
    if let Some(rule) = diagnosis.verdict.rule {
        return fill(rule.summary, evidence);
    }
    if let Some(failure) = evidence.failure() {
        let Failure { hop, stage, .. } = failure;
        return if is_defect(failure) {
            format!("internal error of rdp-probe in stage {stage}: please report it")
        } else {
            format!("stage {stage} failed, laid at hop {hop}: this version has no explanation for it")
        };
    }
    let target = value("address", evidence).unwrap_or_default();
    match evidence.answer() {
        Some(Answer::Selected { protocol, .. }) => format!("{target} answers, and selects {}", words(protocol)),
        Some(Answer::NoNegotiation) => format!("{target} answers, and knows Standard RDP Security only"),
        _ if evidence.peer().is_some() => format!("{target} accepts TCP connections"),
        _ => format!("{target} has {} address(es)", evidence.addresses().len()),
    }
}

/// Whether it is a defect here, at no peer: an event out of turn, a TLS library that does not start.
const fn is_defect(failure: &Failure) -> bool {
    let Failure { hop, kind, .. } = failure;
    matches!(kind, FailureKind::OutOfTurn)
        || matches!((hop, kind), (Hop::Client, FailureKind::Tls(TlsFault { kind: TlsFaultKind::Local, .. })))
}

#[cfg(test)]
mod tests {
    use rdp_probe_core::{Host, Plan};

    use super::*;
    use crate::catalogue;

    #[test]
    fn every_placeholder_of_every_row_is_known() {
        const KNOWN: [&str; 44] = [
            "mcs_result",
            "error_info",
            "error_info_code",
            "error_info_meaning",
            "server_key_bits",
            "requested_protocols",
            "until",
            "selected_protocol",
            "scout_version",
            "scout_cipher",
            "tls_received",
            "tls_alert",
            "trust",
            "credssp_status",
            "close",
            "certificate_sha256",
            "not_after",
            "not_before",
            "key_bits",
            "certificate_signature",
            "certificate_names",
            "asked_name",
            "credssp_version",
            "server_name",
            "clock_skew",
            "target",
            "host",
            "address",
            "family",
            "stage",
            "awaiting",
            "limit",
            "os",
            "offered",
            "selected",
            "asked",
            "code",
            "reason",
            "field",
            "partial_len",
            "banner",
            "failed_addresses",
            "first_refusal",
            "oddities",
        ];
        for rule in catalogue::all() {
            for text in [rule.summary, rule.cause, rule.remedy] {
                for piece in text.split('{').skip(1) {
                    let name = piece.split('}').next().unwrap();
                    assert!(KNOWN.contains(&name), "{}: {{{name}}}", rule.id);
                }
            }
        }
    }

    #[test]
    fn an_open_brace_stays() {
        let evidence = Evidence::new(Plan::new(Host::parse("srv1").unwrap(), 3389));
        assert_eq!(fill("{host} {nothing} {", &evidence), "srv1 {nothing} {");
    }
}
