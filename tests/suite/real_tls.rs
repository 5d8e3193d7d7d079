//! TLS and CredSSP of servers that nobody here wrote: what the program says of their certificates, versions and suites, of
//! those that it does not speak, and of the names that an NTLM CHALLENGE has.

use crate::{
    binary,
    peer::{
        freerdp::{self, Security},
        openssl::Front,
        xrdp::{self, Certificate, SecurityLayer, Tls},
    },
};
use serde_json::{Value, json};
use std::{net::SocketAddr, process::Command};

/// The name in the certificates that the tests make.
const NAME: &str = "peer.example";

/// Runs the program against the server and returns its report.
fn probe(address: SocketAddr) -> Value {
    probe_until(address, &[])
}

/// The same, only so deep.
fn probe_until(address: SocketAddr, until: &[&str]) -> Value {
    let address = address.to_string();
    let arguments = [&["-o", "json", "--server-name", NAME][..], until, &[&address]].concat();
    let output = binary::run(&arguments);
    let Some(report) = output.json else {
        panic!("not JSON, exit code {:?}\n{}\n{}", output.status, output.stdout, output.stderr);
    };
    let status = output.status.map(i64::from);
    assert_eq!(report["verdict"]["exit_code"].as_i64(), status, "process and verdict agree\n{report:#}");
    report
}

/// What is compared of a report.
fn seen(report: &Value) -> Value {
    let (verdict, tls) = (&report["verdict"], &report["tls"]);
    let findings: Vec<&str> = report["findings"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|finding| finding["id"].as_str())
        // Another subject's.
        .filter(|id| *id != "nla-not-supported")
        .collect();
    let certificate = &tls["certificate"];
    json!({
        "outcome": verdict["outcome"],
        "rule": verdict["rule"],
        "exit": verdict["exit_code"],
        "source": tls["source"],
        "version": tls["version"],
        "cipher": tls["cipher"],
        "key": certificate["key"],
        "signature": certificate["signature"],
        "proven": tls["signature_verified"],
        "findings": findings,
    })
}

/// A report of a target that works, over TLS.
fn works(
    version: &str,
    cipher: &str,
    key: &str,
    signature: &str,
    proven: Option<bool>,
    findings: &[&str],
) -> Value {
    json!({
        "outcome": "reachable",
        "rule": null,
        "exit": 0,
        "source": "handshake",
        "version": version,
        "cipher": cipher,
        "key": key,
        "signature": signature,
        "proven": proven,
        "findings": findings,
    })
}

/// A report of a target that this build cannot shake hands with, and of what the scout read, if it read anything.
fn fails(outcome: &str, rule: &str, exit: u8, scout: Option<[&str; 4]>, findings: &[&str]) -> Value {
    let [version, cipher, key, signature] =
        scout.map_or([const { Value::Null }; 4], |all| all.map(Value::from));
    json!({
        "outcome": outcome,
        "rule": rule,
        "exit": exit,
        "source": scout.map(|_| "scout"),
        "version": version,
        "cipher": cipher,
        "key": key,
        "signature": signature,
        "proven": null,
        "findings": findings,
    })
}

const NEW: (&str, &str) = ("1.3", "TLS_AES_256_GCM_SHA384");
const SHA256: &str = "sha256WithRSAEncryption";
const SELF: &str = "certificate-self-signed";

fn xrdp(certificate: Certificate, tls: Tls, expected: Value) {
    let peer = xrdp::start_with(SecurityLayer::Tls, certificate, tls);
    let report = probe(peer.address());
    assert_eq!(seen(&report), expected, "{report:#}");
}

#[test]
fn xrdp_with_a_good_certificate_works() {
    xrdp(Certificate::SelfSigned, Tls::DEFAULT, works(NEW.0, NEW.1, "RSA 2048", SHA256, Some(true), &[SELF]));
}

#[test]
fn xrdp_with_an_expired_certificate_works_with_a_finding() {
    let findings = [SELF, "certificate-expired", "certificate-name-mismatch"];
    xrdp(Certificate::Expired, Tls::DEFAULT, works(NEW.0, NEW.1, "RSA 2048", SHA256, Some(true), &findings));
}

#[test]
fn xrdp_with_a_certificate_signed_with_sha_1_works_with_a_finding() {
    let findings = [SELF, "certificate-weak-signature"];
    let signature = "sha1WithRSAEncryption";
    xrdp(Certificate::Sha1, Tls::DEFAULT, works(NEW.0, NEW.1, "RSA 2048", signature, Some(true), &findings));
}

#[test]
fn xrdp_with_a_key_on_p_256_works() {
    let expected = works(NEW.0, NEW.1, "P-256 256", "ecdsa-with-SHA256", Some(true), &[SELF]);
    xrdp(Certificate::P256, Tls::DEFAULT, expected);
}

#[test]
fn xrdp_that_cannot_use_its_key_or_certificate_is_named_so() {
    for certificate in [Certificate::Small, Certificate::OtherKey, Certificate::Garbage] {
        xrdp(certificate, Tls::DEFAULT, fails("misconfigured", "server-cannot-use-its-key", 40, None, &[]));
    }
}

#[test]
fn xrdp_with_rsa_key_exchange_only_is_a_limit_of_this_build() {
    let tls = Tls { protocols: "TLSv1.2", ciphers: Some("AES256-SHA") };
    let scout = ["1.2", "TLS_RSA_WITH_AES_256_CBC_SHA", "RSA 2048", SHA256];
    let expected = fails("misconfigured", "legacy-ciphers-only", 42, Some(scout), &[SELF]);
    xrdp(Certificate::SelfSigned, tls, expected);
}

#[test]
fn xrdp_with_tls_1_1_only_is_a_limit_of_this_build() {
    let tls = Tls { protocols: "TLSv1.1", ciphers: Some("ALL:@SECLEVEL=0") };
    let scout = ["1.1", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "RSA 2048", SHA256];
    let expected = fails("misconfigured", "legacy-tls-only", 42, Some(scout), &[SELF]);
    xrdp(Certificate::SelfSigned, tls, expected);
}

#[test]
fn xrdp_with_tls_1_1_that_its_own_policy_refuses_answers_every_hello_with_an_alert() {
    let tls = Tls { protocols: "TLSv1.1", ciphers: None };
    // An alert, and after it the disconnect with which xrdp says that no handshake will do.
    xrdp(Certificate::SelfSigned, tls, fails("refused", "tls-alert", 40, None, &[]));
}

/// RSA of 2048 bits with SHA-256.
const RSA: &[&str] = &["-newkey", "rsa:2048", "-sha256"];

fn openssl(key: &[&str], arguments: &[&str], expected: Value) {
    let front = Front::start(key, arguments);
    // Behind TLS there is no RDP server.
    let report = probe_until(front.address(), &["--until", "tls"]);
    assert_eq!(seen(&report), expected, "{arguments:?}: {report:#}");
}

#[test]
fn openssl_with_tls_1_0_or_1_1_only_is_a_limit_of_this_build() {
    for (argument, version) in [("-tls1", "1.0"), ("-tls1_1", "1.1")] {
        let scout = [version, "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA", "RSA 2048", SHA256];
        let expected = fails("misconfigured", "legacy-tls-only", 42, Some(scout), &[SELF]);
        openssl(RSA, &[argument, "-cipher", "ALL:@SECLEVEL=0"], expected);
    }
}

#[test]
fn openssl_with_cbc_or_dhe_only_is_a_limit_of_this_build() {
    for (cipher, name) in [
        ("ECDHE-RSA-AES256-SHA384", "TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384"),
        ("DHE-RSA-AES256-GCM-SHA384", "TLS_DHE_RSA_WITH_AES_256_GCM_SHA384"),
        ("AES128-GCM-SHA256", "TLS_RSA_WITH_AES_128_GCM_SHA256"),
    ] {
        let scout = ["1.2", name, "RSA 2048", SHA256];
        let expected = fails("misconfigured", "legacy-ciphers-only", 42, Some(scout), &[SELF]);
        openssl(RSA, &["-tls1_2", "-cipher", cipher], expected);
    }
}

#[test]
fn openssl_that_signs_its_handshake_with_sha_1_works_and_the_signature_is_said_to_be_not_verified() {
    let findings = [SELF, "signature-not-verified"];
    let expected = works("1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "RSA 2048", SHA256, None, &findings);
    openssl(RSA, &["-tls1_2", "-sigalgs", "RSA+SHA1", "-cipher", "ALL:@SECLEVEL=0"], expected);
}

#[test]
fn openssl_with_a_key_of_1024_bits_works_with_findings() {
    let findings = [SELF, "certificate-small-key", "signature-not-verified"];
    let expected = works(NEW.0, NEW.1, "RSA 1024", SHA256, None, &findings);
    openssl(&["-newkey", "rsa:1024", "-sha256"], &["-cipher", "ALL:@SECLEVEL=0"], expected);
}

#[test]
fn openssl_with_the_group_p_521_only_is_a_limit_of_this_build() {
    let scout = ["1.2", "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384", "RSA 2048", SHA256];
    openssl(
        RSA,
        &["-tls1_2", "-groups", "P-521"],
        fails("misconfigured", "group-or-signature-not-spoken", 42, Some(scout), &[SELF]),
    );
}

#[test]
fn openssl_with_a_key_on_p_521_is_a_limit_of_this_build() {
    let scout = ["1.2", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384", "P-521 521", "ecdsa-with-SHA256"];
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521", "-sha256"];
    openssl(
        &key,
        &["-tls1_2"],
        fails("misconfigured", "group-or-signature-not-spoken", 42, Some(scout), &[SELF]),
    );
}

#[test]
fn openssl_with_a_key_on_p_521_that_tls_1_3_hides_is_a_limit_of_this_build() {
    let scout = ["1.3", "TLS_AES_128_GCM_SHA256", "P-521 521", "ecdsa-with-SHA256"];
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-521", "-sha256"];
    openssl(&key, &[], fails("misconfigured", "group-or-signature-not-spoken", 42, Some(scout), &[SELF]));
}

#[test]
fn openssl_with_a_key_for_one_scheme_that_this_build_lacks_is_a_limit_of_this_build() {
    let rsa_pss = ["-newkey", "rsa-pss", "-pkeyopt", "rsa_keygen_bits:2048"];
    for (key, kind, signature) in [
        (&["-newkey", "ed448"][..], "Ed448 456", "ed448"),
        (&rsa_pss, "RSA-PSS 2048", "rsassaPss with SHA-256"),
    ] {
        let scout = ["1.3", "TLS_AES_128_GCM_SHA256", kind, signature];
        openssl(key, &[], fails("misconfigured", "group-or-signature-not-spoken", 42, Some(scout), &[SELF]));
    }
}

#[test]
fn freerdp_with_tls_shows_its_own_certificate() {
    let peer = freerdp::start(Security::Tls);
    let report = probe(peer.address());
    // Its own is valid for five years.
    let findings =
        ["certificate-long-lifetime", SELF, "certificate-without-names", "certificate-name-mismatch"];
    assert_eq!(seen(&report), works(NEW.0, NEW.1, "RSA 2048", SHA256, Some(true), &findings), "{report:#}");
    assert_eq!(report["server"], Value::Null, "{report:#}");
}

/// What it is, as far as what it shows tells: never Windows.
#[test]
fn freerdp_and_xrdp_are_named_and_not_taken_for_windows() {
    let guess = |peer: &crate::peer::Peer| {
        let report = probe(peer.address());
        let findings = report["findings"].as_array().unwrap().iter().map(|finding| finding["id"].clone());
        (report["server"]["guess"].clone(), findings.filter(|id| id == "server-is-no-windows").count())
    };
    let freerdp = freerdp::start(Security::Nla);
    let name = "FreeRDP 2 or a server built on it, such as GNOME Remote Desktop; not Windows";
    assert_eq!(guess(&freerdp), (Value::from(name), 1));
    // It shows no build that could be taken for one of Windows.
    for layer in [SecurityLayer::Tls, SecurityLayer::Negotiate] {
        let xrdp = xrdp::start_with(layer, Certificate::SelfSigned, Tls::DEFAULT);
        assert_eq!(guess(&xrdp), (Value::from("xrdp; not Windows"), 0), "{layer:?}");
    }
}

#[test]
fn freerdp_with_nla_says_what_nmap_prints_and_more() {
    let peer = freerdp::start(Security::Nla);
    let report = probe(peer.address());
    let server = &report["server"];
    let nmap = nmap(peer.address());
    let said = |key: &str| nmap.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str());
    for (ours, theirs) in [
        ("netbios_domain", "NetBIOS_Domain_Name"),
        ("netbios_computer", "NetBIOS_Computer_Name"),
        ("dns_domain", "DNS_Domain_Name"),
        ("dns_computer", "DNS_Computer_Name"),
        ("dns_tree", "DNS_Tree_Name"),
        ("os_build", "Product_Version"),
    ] {
        assert_eq!(server[ours].as_str(), said(theirs), "{ours}: {nmap:?}\n{report:#}");
    }
    assert!(server["netbios_computer"].is_string() && server["os_build"].is_string(), "{report:#}");
    assert_eq!(server["credssp_version"], 6, "{report:#}");
    // The same computer's clock.
    let skew = server["clock_skew_ms"].as_i64();
    assert!(skew.is_none_or(|skew| skew.abs() < 2000), "{report:#}");
    assert_eq!(report["tls"]["version"], NEW.0, "{report:#}");
    assert_eq!(report["verdict"]["rule"], Value::Null, "{report:#}");
}

/// What nmap's script prints: keys and values.
fn nmap(address: SocketAddr) -> Vec<(String, String)> {
    let (host, port) = (address.ip().to_string(), address.port().to_string());
    let output = Command::new("nmap")
        .args(["-Pn", "-n", "-p", &port, "--script", "+rdp-ntlm-info", &host])
        .output()
        .unwrap_or_else(|error| panic!("nmap: {error} (tests/run installs what is missing)"));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lines = text.lines().filter_map(|line| line.trim_start_matches(['|', '_', ' ']).split_once(": "));
    let found: Vec<_> = lines.map(|(key, value)| (key.to_owned(), value.to_owned())).collect();
    assert!(found.iter().any(|(key, _)| key == "Target_Name"), "{text}");
    found
}

/// Each kind of key that the server can have, by the name that people know it by, from the handshake or from the scout.
#[test]
fn openssl_with_each_kind_of_key_shows_it_by_its_name() {
    let curve = |name: &str| {
        vec!["-newkey".to_owned(), "ec".into(), "-pkeyopt".into(), format!("ec_paramgen_curve:{name}")]
    };
    let kind = |name: &str| vec!["-newkey".to_owned(), name.to_owned()];
    let keys = [
        (curve("P-256"), "P-256 256"),
        (curve("P-384"), "P-384 384"),
        (curve("P-521"), "P-521 521"),
        (curve("secp224r1"), "P-224 224"),
        (curve("secp256k1"), "secp256k1 256"),
        (curve("brainpoolP256r1"), "brainpoolP256r1 256"),
        (kind("ed25519"), "Ed25519 256"),
        (kind("ed448"), "Ed448 456"),
        (kind("rsa:2047"), "RSA 2047"),
        (kind("rsa:3072"), "RSA 3072"),
        (kind("rsa-pss"), "RSA-PSS 2048"),
    ];
    let mut wrong = Vec::new();
    for (key, name) in keys {
        let key: Vec<&str> = key.iter().map(String::as_str).collect();
        let front = Front::start(&key, &["-tls1_2", "-cipher", "ALL:@SECLEVEL=0"]);
        let report = probe_until(front.address(), &["--until", "tls"]);
        let shown = &report["tls"]["certificate"]["key"];
        if *shown != name {
            wrong.push(format!("{name}: {shown}, {}", report["verdict"]["rule"]));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
