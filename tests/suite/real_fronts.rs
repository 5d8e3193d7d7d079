//! Real programs that stand in front of Remote Desktop servers, or listen in their place: what the second look makes of them.
use std::collections::BTreeMap;
use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;

use serde_json::Value;

use crate::binary;
use crate::peer::{Peer, front};

/// Runs until the Connection Confirm.
fn probe(peer: &Peer, arguments: &[&str]) -> Value {
    let address = peer.address().to_string();
    let output = binary::run(&[&[&address, "--until", "x224", "-o", "json"][..], arguments].concat());
    output.json.unwrap_or_else(|| panic!("{}{}", output.stdout, output.stderr))
}

fn exit(report: &Value) -> i64 {
    report["verdict"]["exit_code"].as_i64().unwrap()
}

fn rule(report: &Value) -> &str {
    report["verdict"]["rule"].as_str().unwrap_or_default()
}

fn ids<'a>(list: &'a Value, key: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().filter_map(|entry| entry[key].as_str()).collect()
}

/// Servers of two kinds that answer a Connection Request as they should, one connection after the other.
#[derive(Clone, Copy, Debug)]
enum Server {
    /// Requires Network Level Authentication.
    Nla,
    /// Knows Standard RDP Security only.
    Standard,
}

impl Server {
    fn start(self) -> SocketAddr {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                thread::spawn(move || self.serve(stream));
            }
        });
        address
    }

    fn serve(self, mut stream: TcpStream) -> Option<()> {
        let mut head = [0; 4];
        stream.read_exact(&mut head).ok()?;
        // What is no TPKT is hung up on.
        let rest =
            usize::from(u16::from_be_bytes([head[2], head[3]])).checked_sub(4).filter(|_| head[0] == 3)?;
        let mut request = vec![0; rest];
        stream.read_exact(&mut request).ok()?;
        let mask = request.last_chunk().map(|mask| u32::from_le_bytes(*mask))?;
        let (kind, value) = match self {
            Self::Nla if mask & 2 != 0 => (2, 2),
            Self::Nla => (3, 5),
            Self::Standard if mask == 0 => (2, 0),
            Self::Standard => (3, 2),
        };
        let flags = if kind == 2 { 0x1F } else { 0 };
        stream.write_all(&[3, 0, 0, 19, 14, 0xD0, 0, 0, 0x12, 0x34, 0, kind, flags, 8, 0, value, 0, 0, 0]).ok()
    }
}

#[test]
fn listeners_that_speak_tls_first_are_named_though_they_send_no_alert() {
    type Start = fn() -> Peer;
    let fronts: [(&str, Start); 7] = [
        ("stunnel", || front::stunnel(front::DEAD)),
        ("socat", || front::socat(true, front::DEAD)),
        ("nginx stream", || front::nginx(true, front::DEAD)),
        ("haproxy", || front::haproxy("ssl crt {pem}", &["server s 127.0.0.1:9"])),
        ("haproxy http", || front::haproxy("ssl crt {pem}", &["mode http", "http-request return status 200"])),
        ("openssl s_server", || front::openssl(&[])),
        ("openssl s_server, TLS 1.2", || front::openssl(&["-tls1_2"])),
    ];
    for (name, start) in fronts {
        let peer = start();
        let report = probe(&peer, &[]);
        assert_eq!((exit(&report), rule(&report)), (32, "port-speaks-tls"), "{name}: {report:#}");
    }
}

#[test]
fn forwarders_without_what_is_behind_them_are_the_first_cause() {
    let dead: SocketAddr = front::DEAD.parse().unwrap();
    let fronts: [(&str, Peer); 5] = [
        ("haproxy", front::haproxy("", &["server s 127.0.0.1:9"])),
        ("nginx", front::nginx(false, front::DEAD)),
        ("socat", front::socat(false, front::DEAD)),
        ("xinetd", front::xinetd(dead, "")),
        ("ssh", front::ssh(front::DEAD)),
    ];
    for (name, peer) in fronts {
        let report = probe(&peer, &[]);
        let causes = ids(&report["causes"], "rule");
        assert_eq!(
            (exit(&report), causes.first()),
            (30, Some(&"forwarder-without-backend")),
            "{name}: {report:#}"
        );
        assert!(ids(&report["findings"], "id").contains(&"second-look-explained-nothing"), "{name}");
    }
}

#[test]
fn how_a_forwarder_hangs_up_changes_no_verdict() {
    let dead: SocketAddr = front::DEAD.parse().unwrap();
    for peer in [front::nginx(false, front::DEAD), front::xinetd(dead, "cps = 1000 1")] {
        let mut verdicts: BTreeMap<(i64, String), usize> = BTreeMap::new();
        for _ in 0..100 {
            let report = probe(&peer, &["--no-second-look"]);
            *verdicts.entry((exit(&report), rule(&report).to_owned())).or_default() += 1;
        }
        assert_eq!(verdicts, BTreeMap::from([((30, "forwarder-without-backend".to_owned()), 100)]));
    }
}

#[test]
fn load_balancer_that_wants_a_cookie_is_passed_with_one() {
    let server = Server::Nla.start();
    let server = format!("server s {server}");
    let lines = [
        "tcp-request inspect-delay 500ms",
        "tcp-request content accept if RDP_COOKIE",
        "tcp-request content reject if WAIT_END",
        &server,
    ];
    let report = probe(&front::haproxy("", &lines), &[]);
    assert_eq!(exit(&report), 0, "{report:#}");
    assert!(ids(&report["findings"], "id").contains(&"routing-cookie-wanted"), "{report:#}");
    assert_eq!(report["security"]["nla"], "required", "the enumeration has the cookie too: {report:#}");
}

#[test]
fn proxy_protocol_on_one_side_is_named() {
    let server = Server::Nla.start();
    let wants = front::haproxy("accept-proxy", &[&format!("server s {server}")]);
    let report = probe(&wants, &[]);
    assert_eq!((exit(&report), rule(&report)), (30, "proxy-protocol-wanted"), "{report:#}");
    // On the other side: the server is told what it does not read.
    let tells = front::haproxy("", &[&format!("server s {server} send-proxy")]);
    let report = probe(&tells, &[]);
    assert_eq!(exit(&report), 30);
    assert!(ids(&report["causes"], "rule").contains(&"proxy-protocol-on-one-side"), "{report:#}");
}

#[test]
fn several_servers_behind_one_address_are_noticed_and_nothing_false_is_said_of_them() {
    let (nla, standard) = (Server::Nla.start(), Server::Standard.start());
    // One of two is dead: whichever answers, the other request tells.
    let one = front::haproxy("", &["balance roundrobin", &format!("server a {nla}"), "server b 127.0.0.1:9"]);
    let report = probe(&one, &[]);
    assert!(ids(&report["findings"], "id").contains(&"answers-differ"), "{report:#}");
    for protocol in ["ssl", "hybrid", "rdp"] {
        let said = report["security"]["protocols"][protocol].as_str().unwrap();
        let truth = if protocol == "hybrid" { "offered" } else { "refused" };
        assert!([truth, "unknown"].contains(&said), "{protocol}: {report:#}");
    }
    // Two that are set up differently.
    let mixed = front::haproxy(
        "",
        &["balance roundrobin", &format!("server a {nla}"), &format!("server b {standard}")],
    );
    let report = probe(&mixed, &[]);
    assert!(ids(&report["findings"], "id").contains(&"answers-differ"), "{report:#}");
    assert_eq!(report["security"]["nla"], "unknown", "{report:#}");
}

#[test]
fn limit_of_connections_ends_an_enumeration_and_says_after_how_many() {
    let server = Server::Nla.start();
    let lines = [
        "stick-table type ip size 10 expire 60s store conn_cnt",
        "tcp-request connection track-sc0 src",
        // One is the test's own look whether it listens.
        "tcp-request connection reject if { sc0_conn_cnt gt 3 }",
        &format!("server s {server}"),
    ];
    let report = probe(&front::haproxy("", &lines), &[]);
    assert_eq!(exit(&report), 0, "{report:#}");
    let findings = report["findings"].as_array().unwrap();
    let ended = findings.iter().find(|finding| finding["id"] == "enumeration-ended-early");
    let ended = ended.unwrap_or_else(|| panic!("{:#}", report["probes"]));
    // The third is one too many. Where it ends by a FIN, which might be a refusal, so is the fourth.
    let after = ["after 3 connections", "after 4 connections"];
    assert!(after.iter().any(|after| ended["text"].as_str().unwrap().contains(after)), "{ended:#}");
}
