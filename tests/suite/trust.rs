//! Policies about the certificate: they hold over a handshake that was proven, and never without one.
use rdp_probe_testkit::Scenario;

use crate::scenarios::driven;

/// What a server does under a policy, and what has to come of it: exit code and rule.
type Row<'a> = (&'a str, String, &'a str, (u8, Option<&'static str>));

const CONFIRM: &str = "{ expect = \"connection_request\" }, { send = \"03 00 00 13 0e d0 00 00 12 34 00 02 1f 08 00 01 00 00 00\" }";
const VERSIONS: [&str; 2] = ["1.2", "1.3"];

/// Plays one connection under a plan; a connection more is a disagreement.
fn played(name: &str, plan: &str, steps: &str) -> (u8, Option<&'static str>) {
    let text = format!(
        "title = \"t\"\n[plan]\n{plan}\n[[connection]]\nsteps = [{steps}]\n[expect]\noutcome = \"reachable\"\nexit = 0\n"
    );
    let scenario = Scenario::parse(name, &text).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let (report, problems) = runtime.block_on(driven(&scenario)).unwrap();
    assert!(problems.is_empty(), "{name}: {problems:?}");
    let verdict = &report.diagnosis.verdict;
    (verdict.exit, verdict.rule.map(|rule| rule.id))
}

/// A handshake, and what a server that goes on says after it.
fn handshake(certificate: &str, version: &str, more: &str) -> String {
    format!("{CONFIRM}, {{ tls = {{ certificate = \"{certificate}\", versions = [\"{version}\"]{more} }} }}")
}

const RESPONSE: &str = ", { expect = \"connect_initial\" }, { connect_response = { requested = \"0x01\" } }, { expect = \"disconnect\" }";

#[test]
fn a_policy_holds_over_a_handshake_that_was_proven_and_never_without_one() {
    let without = (41, Some("policy-without-certificate"));
    let mut wrong = Vec::new();
    for version in VERSIONS {
        let shakes = |more| handshake("ca_signed", version, more);
        let refuses = "{ expect = \"connection_request\" }, { send = \"03 00 00 13 0e d0 00 00 12 34 00 03 00 08 00 02 00 00 00\" }";
        let selects = "{ expect = \"connection_request\" }, { send = \"03 00 00 13 0e d0 00 00 12 34 00 02 00 08 00 00 00 00 00\" }";
        let bare = "{ expect = \"connection_request\" }, { send = \"03 00 00 0b 06 d0 00 00 12 34 00\" }";
        let rows: [Row<'_>; 9] = [
            ("verified", shakes("") + RESPONSE, "security = \"tls\"", (0, None)),
            (
                "other key",
                shakes(", signature = \"other_key\""),
                "security = \"tls\"\nenumerate = true",
                (41, Some("certificate-key-not-proven")),
            ),
            (
                "unverifiable scheme",
                shakes(", signature = \"sha1\""),
                "security = \"tls\"\nenumerate = true",
                (41, Some("certificate-key-not-verifiable")),
            ),
            ("no TLS by fallback", refuses.to_owned(), "enumerate = true", without),
            ("no TLS by an explicit offer", refuses.to_owned(), "security = \"tls\"", without),
            ("no TLS by selection", selects.to_owned(), "enumerate = true", without),
            ("no TLS by Confirm", bare.to_owned(), "enumerate = true", without),
            ("no TLS by option", selects.to_owned(), "security = \"rdp\"\nenumerate = true", without),
            (
                "no TLS by depth",
                CONFIRM.to_owned(),
                "security = \"tls\"\nuntil = \"connection_initiation\"",
                (54, Some("policy-not-testable")),
            ),
        ];
        for (what, steps, plan, expected) in rows {
            for policy in ["pins = [\"ca_signed\"]", "trust_ca = true"] {
                let got = played(what, &format!("{plan}\n{policy}"), &steps);
                if got != expected {
                    wrong.push(format!("{what}, {policy}, TLS {version}: got {got:?}, expected {expected:?}"));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn with_every_scheme_who_holds_the_key_passes_and_an_impostor_does_not() {
    let rsa = |scheme: &str| ("ca_signed", scheme.to_owned());
    let pkcs1 = ["rsa_pkcs1_sha256", "rsa_pkcs1_sha384", "rsa_pkcs1_sha512"].map(rsa);
    let schemes =
        ["rsa_pss_rsae_sha256", "rsa_pss_rsae_sha384", "rsa_pss_rsae_sha512"].map(rsa).into_iter().chain(
            [("p256", "ecdsa_secp256r1_sha256"), ("p384", "ecdsa_secp384r1_sha384"), ("ed25519", "ed25519")]
                .map(|(certificate, scheme)| (certificate, scheme.to_owned())),
        );
    let mut wrong = Vec::new();
    let both = schemes.flat_map(|(certificate, scheme)| VERSIONS.map(|v| (certificate, scheme.clone(), v)));
    // TLS 1.3 has no PKCS #1.
    let old = pkcs1.into_iter().map(|(certificate, scheme)| (certificate, scheme, "1.2"));
    for (certificate, scheme, version) in both.chain(old) {
        let signed = |signature: &str| {
            handshake(certificate, version, &format!(", signature = \"{signature}\", scheme = \"{scheme}\""))
        };
        let rows = [
            ("pinned", format!("pins = [\"{certificate}\"]"), signed("own") + RESPONSE, (0, None)),
            (
                "pinned impostor",
                format!("pins = [\"{certificate}\"]"),
                signed("other_key"),
                (41, Some("certificate-key-not-proven")),
            ),
            (
                "impostor without a policy",
                String::new(),
                signed("other_key"),
                (40, Some("handshake-signature-wrong")),
            ),
        ];
        for (what, policy, steps, expected) in rows {
            let got = played(what, &format!("security = \"tls\"\n{policy}"), &steps);
            if got != expected {
                wrong.push(format!("{what}, {scheme}, TLS {version}: got {got:?}, expected {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}
