use std::sync::Arc;

use rdp_probe_core::wire::tpkt::Frame;
use rdp_probe_core::wire::tsgu::{self, Body, ExtendedAuthMask, ServerPacket, StatusCode, TunnelCaps};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpListener;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::*;
use crate::certificate::authority;

pub(super) fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(test)
}

pub(super) fn table(text: &str) -> GatewayTable {
    GatewayTable::parse("gw", text).unwrap()
}

fn client_config() -> Arc<ClientConfig> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority())).unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let builder = builder.with_safe_default_protocol_versions().unwrap();
    Arc::new(builder.with_root_certificates(roots).with_no_client_auth())
}

/// A client of one connection.
pub(super) struct Client {
    pub(super) stream: TlsStream<TcpStream>,
    /// What came inside of messages.
    held: Vec<u8>,
}

impl Client {
    pub(super) async fn connect(gateway: &ScriptedGateway) -> Self {
        let stream = TcpStream::connect(gateway.address()).await.unwrap();
        let name = ServerName::try_from("gw.lab.test").unwrap();
        let stream = TlsConnector::from(client_config()).connect(name, stream).await.unwrap();
        Self { stream, held: Vec::new() }
    }

    /// The head of the answer; its body is read and left.
    async fn ask(&mut self, more: &str) -> String {
        let request = format!(
            "RDG_OUT_DATA /remoteDesktopGateway/ HTTP/1.1\r\nHost: gw.lab.test\r\nUser-Agent: MS-RDGateway/1.0\r\n\
             Accept: */*\r\nCache-Control: no-cache\r\nPragma: no-cache\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
             RDG-Connection-Id: {{958F92D8-DA20-467A-BBE3-65E7E9B4EDCF}}\r\nContent-Length: 0\r\n{more}\r\n"
        );
        self.stream.write_all(request.as_bytes()).await.unwrap();
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.unwrap());
        }
        let head = String::from_utf8(head).unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
        self.stream.read_exact(&mut body).await.unwrap();
        head
    }

    async fn say(&mut self, with: impl FnOnce(&mut Vec<u8>)) {
        let mut packet = Vec::new();
        with(&mut packet);
        self.stream.write_all(&frames::masked(&packet)).await.unwrap();
    }

    /// Opcode and contents of one short frame; `None` at the end.
    async fn frame(&mut self) -> Option<(u8, Vec<u8>)> {
        let first = self.stream.read_u8().await.ok()?;
        let second = self.stream.read_u8().await.unwrap();
        let length = if second == 126 { self.stream.read_u16().await.unwrap() } else { second.into() };
        assert!(second <= 126, "not masked, and not long");
        let mut payload = vec![0; length.into()];
        self.stream.read_exact(&mut payload).await.unwrap();
        Some((first, payload))
    }

    /// One packet.
    async fn hear(&mut self) -> Vec<u8> {
        loop {
            if let Frame::Whole(length) = tsgu::frame(&self.held) {
                let rest = self.held.split_off(length);
                return std::mem::replace(&mut self.held, rest);
            }
            let (_, payload) = self.frame().await.unwrap();
            self.held.extend(payload);
        }
    }

    /// Everything until the channel is open, or is not.
    async fn open(&mut self, more: &str) -> StatusCode {
        assert!(self.ask(more).await.starts_with("HTTP/1.1 101 "));
        self.say(|out| tsgu::handshake_request(ExtendedAuthMask::NONE, out)).await;
        self.hear().await;
        self.say(|out| tsgu::tunnel_create(TunnelCaps(0x0E), None, out).unwrap()).await;
        self.hear().await;
        self.say(|out| tsgu::tunnel_auth("PROBE", out).unwrap()).await;
        self.hear().await;
        self.say(|out| tsgu::channel_create("srv1", 3389, out).unwrap()).await;
        let packet = self.hear().await;
        let Body::ChannelResponse(response) = ServerPacket::parse(&packet).unwrap().body else {
            panic!("{packet:x?}")
        };
        response.error_code
    }

    async fn hear_data(&mut self) -> Vec<u8> {
        let packet = self.hear().await;
        let Body::Data(octets) = ServerPacket::parse(&packet).unwrap().body else { panic!("{packet:x?}") };
        octets.to_vec()
    }
}

/// A target that says what it hears, until it hears an exclamation mark.
pub(super) async fn echo() -> (SocketAddr, JoinSet<()>) {
    let (port, listener) = port::listen(Ipv4Addr::LOCALHOST.into()).unwrap();
    let mut task = JoinSet::new();
    task.spawn(async move { echo_on(listener).await });
    (SocketAddr::from((Ipv4Addr::LOCALHOST, port)), task)
}

async fn echo_on(listener: TcpListener) {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut buffer = [0; 1024];
    while let Ok(length @ 1..) = stream.read(&mut buffer).await {
        stream.write_all(&buffer[..length]).await.unwrap();
        if buffer[..length].contains(&b'!') {
            return;
        }
    }
}

pub(super) const BASIC: &str = "Authorization: Basic Z3d1c2VyOkd3LVNlY3JldC03IQ==\r\n";

#[test]
fn octets_go_to_a_target_and_back_and_the_leave_is_answered() {
    run(async {
        let (target, _echo) = echo().await;
        let routes = Routes::nowhere().with("SRV1", 3389, target);
        let gateway = ScriptedGateway::start(&table(""), routes).unwrap();
        let mut client = Client::connect(&gateway).await;
        assert!(client.ask("").await.starts_with("HTTP/1.1 401 "));
        assert_eq!(client.open(BASIC).await, StatusCode::OK);
        for octets in [&b"ping"[..], b"pong"] {
            client.say(|out| tsgu::data(octets, out)).await;
            assert_eq!(client.hear_data().await, octets);
        }
        client.say(|out| tsgu::close_channel(StatusCode::OK, out)).await;
        assert_eq!(client.hear().await, [0x11, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0]);
        // Close 1000, masked.
        client.stream.write_all(&[0x88, 0x82, 0, 0, 0, 0, 3, 0xE8]).await.unwrap();
        assert_eq!(client.frame().await, Some((0x88, vec![3, 0xE8])));
        assert_eq!(client.frame().await, None, "close_notify");
        drop(client);
        let seen = gateway.finish().await;
        assert_eq!(seen.violations, [""; 0]);
        assert_eq!((seen.connections, seen.logons, seen.closed_channels, seen.websocket_closes), (1, 1, 1, 1));
        assert_eq!(seen.channels, [("srv1".to_owned(), 3389)]);
    });
}

#[test]
fn end_of_a_target_and_one_that_refuses_are_told() {
    run(async {
        let (target, _echo) = echo().await;
        let gateway = ScriptedGateway::start(&table("accepts = \"anyone\""), Routes::all_to(target)).unwrap();
        let mut client = Client::connect(&gateway).await;
        assert_eq!(client.open("").await, StatusCode::OK);
        client.say(|out| tsgu::data(b"bye!", out)).await;
        assert_eq!(client.hear_data().await, b"bye!");
        assert_eq!(client.hear().await, [0x10, 0, 0, 0, 12, 0, 0, 0, 0xA0, 0, 0, 0]);
        drop(client);
        assert_eq!(gateway.finish().await.violations, [""; 0]);

        for (personality, code) in [("windows", 0x8007_59DD), ("open_source", 0x8007_59D8)] {
            let table = table(&format!("accepts = \"anyone\"\npersonality = \"{personality}\""));
            let gateway = ScriptedGateway::start(&table, Routes::nowhere()).unwrap();
            let mut client = Client::connect(&gateway).await;
            assert_eq!(client.open("").await, StatusCode(code));
            drop(client);
            gateway.finish().await;
        }
    });
}

#[test]
fn fragments_are_of_messages_and_not_of_what_is_in_them() {
    run(async {
        for fragments in ["{ frames = 3 }", "{ messages = 5 }", "\"together\""] {
            let (target, _echo) = echo().await;
            let table = table(&format!("accepts = \"anyone\"\nkeepalive = true\nfragments = {fragments}"));
            let gateway = ScriptedGateway::start(&table, Routes::all_to(target)).unwrap();
            let mut client = Client::connect(&gateway).await;
            assert_eq!(client.open("").await, StatusCode::OK);
            assert_eq!(client.hear().await, [0x0D, 0, 0, 0, 8, 0, 0, 0], "{fragments}");
            client.say(|out| tsgu::data(b"ping", out)).await;
            assert_eq!(client.hear_data().await, b"ping");
        }
    });
}

#[test]
fn departures_end_a_connection_as_they_say() {
    run(async {
        let start = |departs: &str| {
            let table = table(&format!("accepts = \"anyone\"\ndeparts = {{ {departs} }}"));
            ScriptedGateway::start(&table, Routes::nowhere()).unwrap()
        };
        let done = async |gateway: ScriptedGateway| {
            let seen = gateway.finish().await;
            assert_eq!(seen.violations, [""; 0]);
            seen
        };

        // In place of the handshake.
        let gateway = start("stage = \"gateway_tls\", octets = \"48 54 54 50\", close = \"fin\"");
        let mut stream = TcpStream::connect(gateway.address()).await.unwrap();
        stream.write_all(&[22, 3, 1, 0, 1, 1]).await.unwrap();
        let mut got = Vec::new();
        stream.read_to_end(&mut got).await.unwrap();
        assert_eq!(got, b"HTTP");
        drop(stream);
        done(gateway).await;

        for (close, end) in [
            ("close_notify", None),
            ("fin", Some(io::ErrorKind::UnexpectedEof)),
            ("reset", Some(io::ErrorKind::ConnectionReset)),
        ] {
            let gateway = start(&format!(
                "stage = \"gateway_tunnel\", step = \"handshake\", cut = 5, close = \"{close}\""
            ));
            let mut client = Client::connect(&gateway).await;
            client.ask("").await;
            client.say(|out| tsgu::handshake_request(ExtendedAuthMask::NONE, out)).await;
            let mut got = Vec::new();
            let ended = client.stream.read_to_end(&mut got).await;
            assert_eq!((got, ended.err().map(|error| error.kind())), (b"\x82\x05\x02\0\0\0\x12".to_vec(), end));
            drop(client);
            done(gateway).await;
        }

        // Octet by octet, in a message each.
        let drip = "drip = { octets = \"02 00 00\", every_ms = 1 }";
        let gateway = start(&format!("stage = \"gateway_tunnel\", step = \"handshake\", {drip}"));
        let mut client = Client::connect(&gateway).await;
        client.ask("").await;
        client.say(|out| tsgu::handshake_request(ExtendedAuthMask::NONE, out)).await;
        for octet in [2, 0, 0] {
            assert_eq!(client.frame().await, Some((0x82, vec![octet])));
        }
        drop(client);
        done(gateway).await;

        // A WebSocket Close is answered, and then TLS ends.
        let gateway = start("stage = \"gateway_authorization\", websocket_close = 1011");
        let mut client = Client::connect(&gateway).await;
        client.ask("").await;
        client.say(|out| tsgu::handshake_request(ExtendedAuthMask::NONE, out)).await;
        client.hear().await;
        client.say(|out| tsgu::tunnel_create(TunnelCaps(0x0E), None, out).unwrap()).await;
        client.hear().await;
        client.say(|out| tsgu::tunnel_auth("PROBE", out).unwrap()).await;
        assert_eq!(client.frame().await, Some((0x88, vec![3, 0xF3])));
        client.stream.write_all(&[0x88, 0x80, 0, 0, 0, 0]).await.unwrap();
        assert_eq!(client.frame().await, None);
        drop(client);
        assert_eq!(done(gateway).await.websocket_closes, 1);
    });
}

#[test]
fn greedy_client_and_one_that_does_not_mask_are_told() {
    run(async {
        let endless = table(
            "accepts = \"anyone\"\n\
             departs = { stage = \"gateway_http\", endless = { octets = \"41\", at_most = 100000 } }",
        );
        let gateway = ScriptedGateway::start(&endless, Routes::nowhere()).unwrap();
        let mut client = Client::connect(&gateway).await;
        client.stream.write_all(b"x").await.unwrap();
        drop(client);
        let mut client = Client::connect(&gateway).await;
        let whole = "RDG_OUT_DATA /remoteDesktopGateway/ HTTP/1.1\r\n\r\n";
        client.stream.write_all(whole.as_bytes()).await.unwrap();
        let mut taken = vec![0; 100_000];
        client.stream.read_exact(&mut taken).await.unwrap();
        drop(client);
        let violations = gateway.finish().await.violations;
        assert!(violations.iter().any(|what| what.contains("wanted more")), "{violations:?}");

        let gateway = ScriptedGateway::start(&table("accepts = \"anyone\""), Routes::nowhere()).unwrap();
        let mut client = Client::connect(&gateway).await;
        client.ask("").await;
        client.stream.write_all(&frames::message(b"a")).await.unwrap();
        assert_eq!(client.frame().await, None);
        drop(client);
        assert_eq!(gateway.finish().await.violations, ["a frame that is not masked"]);
    });
}

#[test]
fn client_that_does_not_trust_the_certificate_has_broken_the_handshake() {
    run(async {
        let table = table("certificate = \"good\"");
        let gateway = ScriptedGateway::start(&table, Routes::nowhere()).unwrap();
        let stream = TcpStream::connect(gateway.address()).await.unwrap();
        let name = ServerName::try_from("gw.lab.test").unwrap();
        TlsConnector::from(client_config()).connect(name, stream).await.unwrap_err();
        let seen = gateway.finish().await;
        assert_eq!((seen.connections, seen.handshakes_broken, seen.violations.len()), (1, 1, 0));
    });
}

#[test]
fn dropped_gateway_lets_its_connections_go() {
    run(async {
        let gateway = ScriptedGateway::start(&table("accepts = \"anyone\""), Routes::nowhere()).unwrap();
        let mut client = Client::connect(&gateway).await;
        client.ask("").await;
        let address = gateway.address();
        drop(gateway);
        client.stream.read_u8().await.unwrap_err();
        assert_eq!(TcpStream::connect(address).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
    });
}
