//! The operating system's own faults, for real: a resolver that says no, fails or says nothing, and routes that lead nowhere.
//! They need a network of their own, so the test runs itself again inside private namespaces.
#![expect(clippy::arithmetic_side_effects, reason = "a name server for one client that is ours")]
use std::net::UdpSocket;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::{binary, namespaces, runner};

/// Set inside the namespaces only.
const INSIDE: &str = "RDP_PROBE_TESTS_INSIDE_NAMESPACE";

#[test]
fn faults_of_resolver_and_routes_are_told_apart() {
    namespaces::run_inside("namespace::inside", INSIDE);
}

#[test]
#[ignore = "another test runs it inside private namespaces"]
fn inside() {
    assert!(std::env::var_os(INSIDE).is_some(), "run faults_of_resolver_and_routes_are_told_apart instead");
    command("ip", &["link", "set", "lo", "up"]);
    // EHOSTUNREACH and EACCES at once; for all other networks there is no route at all.
    command("ip", &["route", "add", "unreachable", "192.0.2.1/32"]);
    command("ip", &["route", "add", "prohibit", "192.0.2.2/32"]);
    mount("/etc/resolv.conf", "nameserver 127.0.0.1\n");
    mount("/etc/nsswitch.conf", "hosts: files dns\n");
    serve_names();

    expect(&["192.0.2.1"], 11, "host-unreachable", "target");
    expect(&["192.0.2.2"], 11, "connect-not-permitted", "client");
    expect(&["198.51.100.1"], 11, "network-unreachable", "client");
    expect(&["missing.test"], 10, "name-not-found", "resolver");
    expect(
        &["broken.test", "--timeout", "30s", "--stage-timeout", "resolve=30s"],
        10,
        "resolver-failed",
        "resolver",
    );
    let report = expect(&["two.test:9", "--all-addresses"], 11, "tcp-refused", "target");
    assert_eq!(report["addresses"].as_array().unwrap().len(), 2, "{report}");
    expect(&["two.test:9", "-6"], 10, "no-address-of-family", "resolver");

    // The same of a gateway, exit code 20, and what this computer forbids stays its own.
    let through = |gateway: &str, more: &[&str], exit: i32, rule: &str, hop: &str| {
        expect(&[&["srv1.test", "-g", gateway], more].concat(), exit, rule, hop)
    };
    let report = through("missing.test", &[], 20, "gateway-name-not-found", "gateway");
    assert_eq!(report["verdict"]["stage"], "resolve");
    assert_eq!(report["target"]["address"], Value::Null);
    through(
        "broken.test",
        &["--timeout", "30s", "--stage-timeout", "resolve=30s"],
        20,
        "gateway-resolver-failed",
        "gateway",
    );
    through("silent.test", &["--timeout", "400ms"], 20, "gateway-resolver-failed", "gateway");
    through("two.test:9", &[], 20, "gateway-refused", "gateway");
    through("two.test:9", &["-6"], 20, "gateway-no-address-of-family", "gateway");
    through("192.0.2.1", &[], 20, "gateway-unreachable", "gateway");
    through("192.0.2.2", &[], 11, "connect-not-permitted", "client");
    through("198.51.100.1", &[], 11, "network-unreachable", "client");

    // The resolver's own patience is ten seconds: the process has to be gone long before.
    let start = Instant::now();
    expect(&["silent.test", "--timeout", "400ms"], 10, "resolver-timed-out", "resolver");
    assert!(
        start.elapsed() < Duration::from_secs(5),
        "the process outlived its deadline: {:?}",
        start.elapsed()
    );
    // Nor does a resolver that says nothing keep an interruption waiting.
    for signal in ["INT", "TERM", "HUP"] {
        let child = runner::command(&["silent.test", "-o", "json"]).spawn().unwrap();
        std::thread::sleep(Duration::from_millis(300));
        let (code, stdout, took) = runner::end(child, signal);
        let report: Value = serde_json::from_str(&stdout).unwrap();
        let expected = (runner::interrupted(signal), &Value::from("resolve"));
        assert_eq!((code, &report["verdict"]["stage"]), expected, "{report}");
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
}

fn expect(arguments: &[&str], exit: i32, rule: &str, hop: &str) -> Value {
    let mut all = vec!["-o", "json"];
    all.extend(arguments);
    let output = binary::run(&all);
    let json = output.json.unwrap_or_else(|| panic!("{arguments:?}: {} {}", output.stdout, output.stderr));
    assert_eq!(json["verdict"]["rule"], rule, "{arguments:?}: {json:#}");
    assert_eq!((output.status, &json["verdict"]["hop"]), (Some(exit), &Value::from(hop)), "{arguments:?}");
    json
}

fn command(program: &str, arguments: &[&str]) {
    let output = Command::new(program).args(arguments).output().unwrap_or_else(|e| panic!("{program}: {e}"));
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

/// Puts `text` in the place of a file, in this mount namespace only.
fn mount(path: &str, text: &str) {
    let name = path.rsplit('/').next().unwrap();
    let file = std::env::temp_dir().join(format!("rdp-probe-{}-{name}", std::process::id()));
    std::fs::write(&file, text).unwrap();
    command("mount", &["--bind", file.to_str().unwrap(), path]);
    std::fs::remove_file(file).unwrap();
}

/// A name server: `missing` does not exist, `broken` fails, `two` has two addresses, and `silent` gets no answer.
fn serve_names() {
    let socket = UdpSocket::bind("127.0.0.1:53").unwrap();
    std::thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((len, from)) = socket.recv_from(&mut buffer) {
            if let Some(answer) = answer(&buffer[..len]) {
                socket.send_to(&answer, from).unwrap();
            }
        }
    });
}

/// RFC 1035 section 4: the question again, with an answer behind it.
fn answer(query: &[u8]) -> Option<Vec<u8>> {
    let label = usize::from(query[12]);
    let name = &query[13..13 + label];
    let question_end = query[12..].iter().position(|octet| *octet == 0)? + 12 + 5;
    let of_type_a = query[question_end - 3] == 1;
    let (rcode, addresses): (u8, &[[u8; 4]]) = match name {
        b"two" if of_type_a => (0, &[[127, 0, 0, 1], [127, 0, 0, 2]]),
        b"two" => (0, &[]),
        b"broken" => (2, &[]),
        b"silent" => return None,
        _ => (3, &[]),
    };
    let mut answer = query[..question_end].to_vec();
    answer[2..12].copy_from_slice(&[
        0x81,
        0x80 | rcode,
        0,
        1,
        0,
        u8::try_from(addresses.len()).unwrap(),
        0,
        0,
        0,
        0,
    ]);
    for address in addresses {
        // A pointer to the question's name, type A, class IN, 60 s, four octets.
        answer.extend_from_slice(&[0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        answer.extend_from_slice(address);
    }
    Some(answer)
}
