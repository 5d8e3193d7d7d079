//! A path that carries less than its ends think, for real: three networks of the test's own, the one in the middle with a smaller MTU.
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use serde_json::Value;

use crate::runner::Servers;
use crate::{binary, namespaces};

/// Set inside the namespaces only.
const INSIDE: &str = "RDP_PROBE_TESTS_INSIDE_PATH";
/// Where the server stands, as the probe sees it.
const SERVER: &str = "10.77.2.2:3389";
/// Where its octets pass from one network to another: a file's name is the same in all of them.
const BRIDGE: &str = "/run/bridge";

#[test]
fn path_that_loses_large_packets_is_proven_and_one_that_says_so_stalls_nothing() {
    namespaces::run_inside("path_mtu::inside", INSIDE);
}

#[test]
#[ignore = "another test runs it inside private namespaces"]
fn inside() {
    assert!(std::env::var_os(INSIDE).is_some(), "run path_that_loses_large_packets_... instead");
    run("mount -t tmpfs tmpfs /run");
    for network in ["middle", "far"] {
        run(&format!("ip netns add {network}"));
        run(&format!("ip -n {network} link set lo up"));
    }
    run("ip link set lo up");
    run("ip link add near type veth peer name near-end netns middle");
    run("ip -n middle link add far type veth peer name far-end netns far");
    run("ip addr add 10.77.1.1/24 dev near");
    run("ip -n middle addr add 10.77.1.2/24 dev near-end");
    run("ip -n middle addr add 10.77.2.1/24 dev far");
    run("ip -n far addr add 10.77.2.2/24 dev far-end");
    run("ip link set near up");
    for (network, device) in [("middle", "near-end"), ("middle", "far"), ("far", "far-end")] {
        run(&format!("ip -n {network} link set {device} up"));
    }
    run("ip route add default via 10.77.1.2");
    run("ip -n far route add default via 10.77.2.1");
    run("ip netns exec middle sysctl -qw net.ipv4.ip_forward=1");
    // Both ends have 1500 octets, and what lies between them 1300 on the way back.
    run("ip -n middle link set near-end mtu 1300");

    let name = format!("{}.test", ["n".repeat(60), "n".repeat(60), "n".repeat(60), "n".repeat(60)].join("."));
    let challenge = format!(
        "{{ challenge = {{ credssp = 6, netbios_computer = \"SRV1\", netbios_domain = \"LAB\", dns_computer = \"{name}\", \
         dns_domain = \"{name}\", dns_tree = \"{name}\", version = [10, 0, 20348], clock_ahead_ms = 0 }} }}"
    );
    let steps: &[&str] = &[
        "{ expect = \"connection_request\" }",
        "{ send = \"03 00 00 13 0e d0 00 00 12 34 00 02 1f 08 00 02 00 00 00\" }",
        "{ tls = { certificate = \"good\" } }",
        "{ expect = \"ts_request\" }",
        &challenge,
    ];
    // ICMP is there: the server's end learns, and nothing stalls.
    let (servers, bridge) = bridged(&[(1, steps)]);
    let report = probe();
    assert_eq!(report["verdict"]["exit_code"], 0, "{report:#}");
    assert_eq!(report["probes"].as_array().map(Vec::len), Some(0), "{report:#}");
    drop(bridge);
    assert_eq!(servers.violations(), [""; 0]);

    // Without it, nobody does.
    run("ip -n far route flush cache");
    run("ip netns exec middle nft add table ip t");
    run("ip netns exec middle nft add chain ip t out { type filter hook output priority 0 ; }");
    run("ip netns exec middle nft add rule ip t out icmp type destination-unreachable drop");
    let (servers, bridge) = bridged(&[(2, steps)]);
    let report = probe();
    assert_eq!(report["verdict"]["rule"], "path-mtu", "{report:#}");
    let small = &report["probes"][0];
    assert_eq!((&small["purpose"], &small["failure"]), (&"segments of 536 octets".into(), &Value::Null));
    drop(bridge);
    drop(servers);
}

fn probe() -> Value {
    let output = binary::run(&[
        SERVER,
        "--no-enumerate",
        "-o",
        "json",
        "--stage-timeout",
        "tls=1500ms",
        "--stage-timeout",
        "credssp=1500ms",
    ]);
    output.json.unwrap_or_else(|| panic!("{}{}", output.stdout, output.stderr))
}

/// Two that pass octets on; they end with this.
struct Bridge([Child; 2]);

impl Drop for Bridge {
    fn drop(&mut self) {
        for end in &mut self.0 {
            // One that has ended by itself needs no end.
            _ = end.kill();
            _ = end.wait();
        }
    }
}

/// A server here, and a port of the far network that leads to it.
fn bridged(connections: &[(usize, &[&str])]) -> (Servers, Bridge) {
    let servers = Servers::start(connections);
    _ = std::fs::remove_file(BRIDGE);
    let near = spawn(&["socat", &format!("UNIX-LISTEN:{BRIDGE},fork"), &format!("TCP:{}", servers.address())]);
    let far = ["ip", "netns", "exec", "far", "socat", "TCP-LISTEN:3389,reuseaddr,fork"];
    let far = spawn(&[&far[..], &[&format!("UNIX-CONNECT:{BRIDGE}")]].concat());
    let bridge = Bridge([near, far]);
    for _ in 0..200 {
        let listening =
            Command::new("ip").args(["netns", "exec", "far", "ss", "-Hltn", "sport", "=", "3389"]).output();
        if std::path::Path::new(BRIDGE).exists() && listening.is_ok_and(|output| !output.stdout.is_empty()) {
            return (servers, bridge);
        }
        thread::sleep(Duration::from_millis(20));
    }
    panic!("the bridge does not stand");
}

fn spawn(words: &[&str]) -> Child {
    let mut command = Command::new("setpriv");
    command.args(["--pdeathsig", "KILL", "--"]).args(words).stdin(Stdio::null());
    command.spawn().unwrap()
}

fn run(line: &str) {
    let words: Vec<&str> = line.split(' ').collect();
    let output = Command::new(words[0]).args(&words[1..]).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}
