//! Basic settings of servers that nobody here wrote: what they answer to the Connect Initial, over TLS and without, and which
//! encryption methods of Standard RDP Security they take.

use crate::{
    binary,
    peer::{
        Peer,
        freerdp::{self, Security},
        xrdp::{self, Certificate, CryptLevel, SecurityLayer},
    },
};
use serde_json::{Value, json};

/// Runs the program against the server and returns its report, which must be of a server that works.
fn probe(peer: &Peer) -> Value {
    let output = binary::run(&["-o", "json", "--enumerate", &peer.address().to_string()]);
    let report = output.json.unwrap_or_else(|| panic!("{} {}", output.stdout, output.stderr));
    assert_eq!((output.status, &report["verdict"]["rule"]), (Some(0), &Value::Null), "{report:#}");
    report
}

/// The ids of the findings.
fn findings(report: &Value) -> Vec<&str> {
    report["findings"].as_array().into_iter().flatten().filter_map(|finding| finding["id"].as_str()).collect()
}

/// What is compared of a server with Standard RDP Security: its method, level and key, and the methods that it takes.
fn encryption(report: &Value) -> Value {
    let (chosen, methods) = (&report["mcs"]["encryption"], &report["security"]["encryption_methods"]);
    let offered = |state: &str| {
        let all = methods.as_object().into_iter().flatten();
        all.filter(|(_, value)| **value == state).map(|(name, _)| name.clone()).collect::<Vec<_>>()
    };
    json!({
        "method": chosen["method"],
        "level": chosen["level"],
        "key_bits": chosen["key_bits"],
        "offered": offered("offered"),
        "refused": offered("refused"),
    })
}

#[test]
fn xrdp_logs_who_came_by() {
    let peer = xrdp::start(SecurityLayer::Tls, Certificate::SelfSigned);
    for (name, arguments) in [("rdp-probe", &[][..]), ("night-shift", &["--client-name", "night-shift"])] {
        let report = binary::run(&[arguments, &["-o", "json", &peer.address().to_string()]].concat());
        assert_eq!(report.status, Some(0), "{}", report.stderr);
        // Its answer, which the program had, comes after the line.
        let line = format!("client computer name: {name}\n");
        assert!(peer.log().contains(&line), "{name}: {}", peer.log());
    }
}

/// Each depth that there is without a logon, at servers that attach whoever comes; a run after it works as the one before.
#[test]
fn real_servers_attach_a_client_and_let_it_go() {
    type Start = fn() -> Peer;
    let servers: [(&str, Start); 4] = [
        ("xrdp, TLS", || xrdp::start(SecurityLayer::Tls, Certificate::SelfSigned)),
        ("xrdp, no encryption", || xrdp::start_standard(CryptLevel::None)),
        ("shadow, TLS", || freerdp::start(Security::Tls)),
        ("shadow, no encryption", || freerdp::start(Security::Rdp)),
    ];
    for (name, start) in servers {
        let peer = start();
        for until in [
            "basic_settings_exchange",
            "channel_connection",
            "secure_settings_exchange",
            "licensing",
            "capabilities_exchange",
            "connection_finalization",
            "basic_settings_exchange",
        ] {
            let output = binary::run(&["-o", "json", "--until", until, &peer.address().to_string()]);
            let report = output.json.unwrap_or_else(|| panic!("{} {}", output.stdout, output.stderr));
            assert_eq!(output.status, Some(0), "{name}, {until}: {report:#}\n{}", peer.log());
            let last = report["stages"].as_array().unwrap().last().unwrap();
            assert_eq!((&last["stage"], &last["outcome"]), (&json!(until), &json!("passed")), "{name}");
        }
    }
    let peer = xrdp::start_standard(CryptLevel::High);
    let output = binary::run(&["-o", "json", "--until", "active", &peer.address().to_string()]);
    let report = output.json.unwrap();
    let verdict = &report["verdict"];
    assert_eq!((&verdict["rule"], output.status), (&json!("depth-behind-encryption"), Some(54)), "{verdict:#}");
}

/// What a server is told up to the Font Map is what it expects, and what it says of the session is told.
#[test]
fn real_servers_give_a_session_and_find_nothing_wrong_with_who_asks() {
    let xrdp =
        [xrdp::start(SecurityLayer::Tls, Certificate::SelfSigned), xrdp::start_standard(CryptLevel::None)];
    for (peer, security) in xrdp.iter().zip(["tls", "rdp"]) {
        let arguments = ["-o", "json", "--until", "active", "--security", security, "--no-enumerate"];
        let output = binary::run(&[&arguments[..], &[&peer.address().to_string()]].concat());
        let report = output.json.unwrap_or_else(|| panic!("{} {}", output.stdout, output.stderr));
        assert_eq!(output.status, Some(0), "{report:#}");
        let log = peer.log();
        // Which words its complaints about a message begin with.
        let complaints = ["Processing", "Parsed", "received wrong", "Unknown", "Invalid"];
        let wrong = |line: &&str| line.contains("ERROR") && complaints.iter().any(|word| line.contains(word));
        assert_eq!(log.lines().filter(wrong).collect::<Vec<_>>(), [""; 0], "{security}: {log}");
        assert_eq!(report["licensing"]["result"], json!("valid_client"), "{report:#}");
        assert_eq!(report["licensing"]["product"], json!("236"), "{report:#}");
    }
    let shadow = freerdp::start(Security::Rdp);
    let output = binary::run(&["-o", "json", "--until", "active", &shadow.address().to_string()]);
    assert_eq!(output.status, Some(0), "{}", output.stdout);
    let report = output.json.unwrap();
    let said = |record: &Value| {
        let facts = record["facts"].as_array().cloned().unwrap_or_default();
        facts.into_iter().find(|fact| fact["fact"] == "demand_active").map(|fact| fact["detail"].clone())
    };
    let demanded = report["stages"].as_array().unwrap().iter().find_map(said).unwrap();
    // As large as the display that it shows.
    assert_eq!((&demanded["width"], &demanded["height"]), (&json!("640"), &json!("480")), "{report:#}");
}

/// A stage that neither TLS nor Standard RDP Security without encryption has.
#[test]
fn real_servers_without_encryption_of_their_own_have_no_commencement() {
    for peer in
        [xrdp::start(SecurityLayer::Tls, Certificate::SelfSigned), xrdp::start_standard(CryptLevel::None)]
    {
        let until = "rdp_security_commencement";
        let output = binary::run(&["-o", "json", "--until", until, &peer.address().to_string()]);
        let rule = output.json.unwrap()["verdict"]["rule"].clone();
        assert_eq!((output.status, rule), (Some(54), json!("depth-not-offered")));
    }
}

#[test]
fn xrdp_with_standard_security_is_described_at_every_level() {
    const KEY: u32 = 2048;
    let expected = |method: &str, level: &str, offered: &str, refused: [&str; 3]| json!({ "method": method, "level": level, "key_bits": KEY, "offered": [offered], "refused": refused });
    // xrdp calls 40 bits medium, and takes one method at each level, whatever is offered.
    for (level, expected) in [
        (CryptLevel::Low, expected("RC4, 40 bits", "low", "bits_40", ["bits_128", "bits_56", "fips"])),
        (
            CryptLevel::Medium,
            expected("RC4, 40 bits", "client compatible", "bits_40", ["bits_128", "bits_56", "fips"]),
        ),
        (CryptLevel::High, expected("RC4, 128 bits", "high", "bits_128", ["bits_40", "bits_56", "fips"])),
        (CryptLevel::Fips, expected("Triple DES (FIPS)", "FIPS", "fips", ["bits_128", "bits_40", "bits_56"])),
    ] {
        let report = probe(&xrdp::start_standard(level));
        assert_eq!(encryption(&report), expected, "{level:?}: {report:#}");
        let weak = matches!(level, CryptLevel::Low | CryptLevel::Medium);
        assert_eq!(findings(&report).contains(&"weak-encryption"), weak, "{level:?}: {report:#}");
        assert!(!findings(&report).contains(&"negotiation-altered"), "{report:#}");
    }
}

#[test]
fn servers_without_encryption_are_named_and_not_asked_for_methods() {
    let xrdp = || xrdp::start_standard(CryptLevel::None);
    let freerdp = || freerdp::start(Security::Rdp);
    let servers: [&dyn Fn() -> Peer; 2] = [&xrdp, &freerdp];
    for start in servers {
        let report = probe(&start());
        let none: [&str; 0] = [];
        let expected =
            json!({ "method": "none", "level": "none", "key_bits": null, "offered": none, "refused": none });
        assert_eq!(encryption(&report), expected, "{report:#}");
        assert!(findings(&report).contains(&"no-encryption"), "{report:#}");
        let asked = report["probes"].as_array().unwrap().iter().filter(|probe| {
            probe["purpose"].as_str().is_some_and(|purpose| purpose.starts_with("encryption method"))
        });
        assert_eq!(asked.count(), 0, "{report:#}");
    }
}

#[test]
fn servers_with_tls_answer_with_their_version_and_the_offer_that_reached_them() {
    let xrdp = || xrdp::start(SecurityLayer::Tls, Certificate::SelfSigned);
    let freerdp = || freerdp::start(Security::Tls);
    let servers: [&dyn Fn() -> Peer; 2] = [&xrdp, &freerdp];
    for start in servers {
        let report = probe(&start());
        let mcs = &report["mcs"];
        assert_eq!(
            (&mcs["rdp"], &mcs["requested_protocols"]),
            (&json!("5.0 to 8.1"), &json!("0xB")),
            "{report:#}"
        );
        assert_eq!(
            (&mcs["io_channel"], &mcs["encryption"]["method"]),
            (&json!(1003), &json!("none")),
            "{report:#}"
        );
        let found = findings(&report);
        assert!(!found.contains(&"no-encryption") && !found.contains(&"negotiation-altered"), "{report:#}");
    }
}

#[test]
fn xrdp_with_negotiate_takes_one_method_beside_tls() {
    let report = probe(&xrdp::start(SecurityLayer::Negotiate, Certificate::SelfSigned));
    let encryption = encryption(&report);
    assert_eq!(encryption["offered"], json!(["bits_128"]), "{report:#}");
    assert_eq!(encryption["refused"], json!(["bits_40", "bits_56", "fips"]), "{report:#}");
}

#[test]
fn server_that_wants_a_logon_is_not_asked_for_its_basic_settings() {
    let peer = freerdp::start(Security::Nla);
    let report = probe(&peer);
    assert_eq!(report["mcs"], Value::Null, "{report:#}");
    let output = binary::run(&["-o", "json", "--until", "mcs", &peer.address().to_string()]);
    let report = output.json.unwrap();
    assert_eq!(
        (output.status, &report["verdict"]["rule"]),
        (Some(54), &json!("depth-behind-logon")),
        "{report:#}"
    );
}
