//! Servers that nobody here wrote: what they answer to one request each, and what the program makes of them.
//!
//! The first kind of test keeps us honest about the second: it needs nothing of ours but a socket, so that a server
//! that changed its ways is told from a fault of the program.

use crate::{
    binary,
    peer::{
        Peer,
        freerdp::{self, Security},
        raw,
        xrdp::{self, Certificate, SecurityLayer},
    },
};
use serde_json::{Value, json};

/// `requestedProtocols` that a prober has reason to send ([MS-RDPBCGR] 2.2.1.1.1): each alone, and the two that
/// clients combine.
const MASKS: [u32; 8] = [0x00, 0x01, 0x02, 0x03, 0x08, 0x0B, 0x04, 0x10];

/// Holds the answers to [`MASKS`], in their order, against files of `tests/golden`.
fn answers(peer: &Peer, golden: [&str; MASKS.len()]) {
    for (mask, name) in MASKS.into_iter().zip(golden) {
        let expected = raw::golden(name);
        assert_eq!(raw::ask(peer.address(), mask, &expected), expected, "mask {mask:#04x}, {name}");
    }
}

#[test]
fn xrdp_with_tls_refuses_every_mask_without_ssl() {
    const TLS: &str = "xrdp-selects-ssl.hex";
    const NO: &str = "xrdp-requires-ssl.hex";
    let peer = xrdp::start(SecurityLayer::Tls, Certificate::SelfSigned);
    answers(&peer, [NO, TLS, NO, TLS, NO, TLS, NO, "xrdp-hangs-up.hex"]);
}

#[test]
fn xrdp_with_negotiate_selects_standard_security_for_every_mask_without_ssl() {
    const TLS: &str = "xrdp-selects-ssl.hex";
    const RDP: &str = "xrdp-selects-rdp.hex";
    let peer = xrdp::start(SecurityLayer::Negotiate, Certificate::SelfSigned);
    answers(&peer, [RDP, TLS, RDP, TLS, RDP, TLS, RDP, "xrdp-hangs-up.hex"]);
}

#[test]
fn xrdp_with_standard_security_selects_it_whatever_was_asked_for() {
    const RDP: &str = "xrdp-selects-rdp.hex";
    let peer = xrdp::start(SecurityLayer::Rdp, Certificate::SelfSigned);
    answers(&peer, [RDP, RDP, RDP, RDP, RDP, RDP, RDP, "xrdp-hangs-up.hex"]);
}

#[test]
fn xrdp_with_tls_and_no_certificate_says_so_to_every_mask() {
    const NO: &str = "xrdp-has-no-certificate.hex";
    let peer = xrdp::start(SecurityLayer::Tls, Certificate::Missing);
    answers(&peer, [NO, NO, NO, NO, NO, NO, NO, "xrdp-hangs-up.hex"]);
}

#[test]
fn xrdp_with_negotiate_and_no_certificate_falls_back_to_standard_security_in_silence() {
    const RDP: &str = "xrdp-selects-rdp.hex";
    let peer = xrdp::start(SecurityLayer::Negotiate, Certificate::Missing);
    answers(&peer, [RDP, RDP, RDP, RDP, RDP, RDP, RDP, "xrdp-hangs-up.hex"]);
}

#[test]
fn freerdp_with_standard_security_refuses_every_mask_but_zero() {
    const NO: &str = "freerdp-allows-no-ssl.hex";
    let peer = freerdp::start(Security::Rdp);
    answers(&peer, ["freerdp-selects-rdp.hex", NO, NO, NO, NO, NO, NO, NO]);
}

#[test]
fn freerdp_with_tls_refuses_every_mask_without_ssl() {
    const TLS: &str = "freerdp-selects-ssl.hex";
    const NO: &str = "freerdp-requires-ssl.hex";
    let peer = freerdp::start(Security::Tls);
    answers(&peer, [NO, TLS, NO, TLS, NO, TLS, NO, NO]);
}

#[test]
fn freerdp_with_nla_refuses_every_mask_without_hybrid() {
    const NLA: &str = "freerdp-selects-hybrid.hex";
    const NO: &str = "freerdp-requires-hybrid.hex";
    let peer = freerdp::start(Security::Nla);
    answers(&peer, [NO, NO, NLA, NLA, NO, NLA, NO, NO]);
}

/// Runs the program against the server and returns its report.
fn probe(peer: &Peer) -> Value {
    let output = binary::run(&["-o", "json", "--enumerate", &peer.address().to_string()]);
    let Some(report) = output.json else {
        panic!("not JSON, exit code {:?}\n{}\n{}", output.status, output.stdout, output.stderr);
    };
    let status = output.status.map(i64::from);
    assert_eq!(report["verdict"]["exit_code"].as_i64(), status, "process and verdict agree\n{report:#}");
    report
}

/// Expects the program to say that the server works, and that it offers these protocols and no others.
fn offers(report: &Value, nla: &str, offered: &[&str]) {
    let names = ["rdp", "ssl", "hybrid", "hybrid_ex", "rdstls", "rdsaad"];
    let protocols: serde_json::Map<_, _> = names
        .into_iter()
        .map(|name| (name.to_owned(), json!(if offered.contains(&name) { "offered" } else { "refused" })))
        .collect();
    let verdict = json!({
        "outcome": report["verdict"]["outcome"],
        "rule": report["verdict"]["rule"],
        "exit_code": report["verdict"]["exit_code"],
        "nla": report["security"]["nla"],
        "protocols": report["security"]["protocols"],
    });
    let expected = json!({
        "outcome": "reachable",
        "rule": null,
        "exit_code": 0,
        "nla": nla,
        "protocols": protocols,
    });
    assert_eq!(verdict, expected, "in {report:#}");
}

/// The ids of the findings.
fn findings(report: &Value) -> Vec<&str> {
    report["findings"].as_array().into_iter().flatten().filter_map(|finding| finding["id"].as_str()).collect()
}

#[test]
fn probe_of_xrdp_with_tls_finds_tls_only() {
    let report = probe(&xrdp::start(SecurityLayer::Tls, Certificate::SelfSigned));
    offers(&report, "not_supported", &["ssl"]);
}

#[test]
fn probe_of_xrdp_with_negotiate_finds_tls_and_standard_security() {
    let report = probe(&xrdp::start(SecurityLayer::Negotiate, Certificate::SelfSigned));
    offers(&report, "not_supported", &["rdp", "ssl"]);
    assert!(!findings(&report).contains(&"downgraded-to-standard-security"), "{report:#}");
}

#[test]
fn probe_of_xrdp_with_standard_security_finds_the_downgrade() {
    let report = probe(&xrdp::start(SecurityLayer::Rdp, Certificate::SelfSigned));
    offers(&report, "not_supported", &["rdp"]);
    assert!(findings(&report).contains(&"downgraded-to-standard-security"), "{report:#}");
}

#[test]
fn probe_of_xrdp_with_tls_and_no_certificate_names_the_missing_certificate() {
    let report = probe(&xrdp::start(SecurityLayer::Tls, Certificate::Missing));
    let verdict = json!({
        "outcome": report["verdict"]["outcome"],
        "hop": report["verdict"]["hop"],
        "stage": report["verdict"]["stage"],
        "rule": report["verdict"]["rule"],
        "exit_code": report["verdict"]["exit_code"],
        "failure_code": report["failure"]["codes"]["failure_code"],
    });
    let expected = json!({
        "outcome": "misconfigured",
        "hop": "target",
        "stage": "connection_initiation",
        "rule": "server-has-no-certificate",
        "exit_code": 31,
        "failure_code": "0x3",
    });
    assert_eq!(verdict, expected, "in {report:#}");
    // Failure code 3 does not say what would be taken if there were a certificate, except that mask 0 is refused too.
    for (protocol, state) in report["security"]["protocols"].as_object().unwrap() {
        assert_eq!(state, if protocol == "rdp" { "refused" } else { "unknown" }, "{protocol} in {report:#}");
    }
    assert_eq!(report["security"]["nla"], "unknown", "{report:#}");
}

#[test]
fn probe_of_xrdp_with_negotiate_and_no_certificate_finds_the_downgrade() {
    let report = probe(&xrdp::start(SecurityLayer::Negotiate, Certificate::Missing));
    offers(&report, "not_supported", &["rdp"]);
    assert!(findings(&report).contains(&"downgraded-to-standard-security"), "{report:#}");
}

#[test]
fn probe_of_freerdp_with_standard_security_finds_it_by_the_fallback() {
    let report = probe(&freerdp::start(Security::Rdp));
    offers(&report, "not_supported", &["rdp"]);
}

#[test]
fn probe_of_freerdp_with_tls_finds_tls_only() {
    let report = probe(&freerdp::start(Security::Tls));
    offers(&report, "not_supported", &["ssl"]);
}

#[test]
fn probe_of_freerdp_with_nla_finds_that_it_is_required() {
    let report = probe(&freerdp::start(Security::Nla));
    offers(&report, "required", &["hybrid"]);
}
