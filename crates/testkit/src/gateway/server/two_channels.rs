//! A client of two channels, with sockets.
use rdp_probe_core::wire::tpkt::Frame;
use rdp_probe_core::wire::tsgu::{self, Body, ExtendedAuthMask, ServerPacket, StatusCode, TunnelCaps};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::client::TlsStream;

use super::tests::{BASIC, Client, echo, run, table};
use super::*;

const LENGTH: &str = "Content-Length: 0\r\n";
const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";
const ID: &str = "{958F92D8-DA20-467A-BBE3-65E7E9B4EDCF}";

async fn connect(gateway: &ScriptedGateway) -> TlsStream<TcpStream> {
    Client::connect(gateway).await.stream
}

async fn request(stream: &mut TlsStream<TcpStream>, method: &str, more: &[&str]) {
    let request = format!(
        "{method} /remoteDesktopGateway/ HTTP/1.1\r\nHost: gw.lab.test\r\nUser-Agent: MS-RDGateway/1.0\r\n\
         Accept: */*\r\nCache-Control: no-cache\r\nPragma: no-cache\r\nRDG-Connection-Id: {ID}\r\n{}\r\n",
        more.concat()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
}

/// The head of an answer; its body is read and left where it has a length.
async fn answer(stream: &mut TlsStream<TcpStream>) -> String {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.unwrap());
    }
    let head = String::from_utf8(head).unwrap();
    let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
    let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
    stream.read_exact(&mut body).await.unwrap();
    head
}

async fn ask(stream: &mut TlsStream<TcpStream>, method: &str, more: &str) -> String {
    request(stream, method, &[LENGTH, more]).await;
    answer(stream).await
}

/// Nothing, and how that ended.
async fn ended(stream: &mut TlsStream<TcpStream>) -> Option<io::ErrorKind> {
    let mut rest = Vec::new();
    let ended = stream.read_to_end(&mut rest).await;
    assert_eq!(rest, b"");
    ended.err().map(|error| error.kind())
}

/// A client that was let in on both.
struct Two {
    out: TlsStream<TcpStream>,
    ins: TlsStream<TcpStream>,
    chunked: bool,
    /// What came in the body of the OUT channel.
    held: Vec<u8>,
}

impl Two {
    async fn connect(gateway: &ScriptedGateway, more: &str) -> Self {
        let mut out = connect(gateway).await;
        let head = ask(&mut out, "RDG_OUT_DATA", more).await;
        assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
        let mut ins = connect(gateway).await;
        assert!(ask(&mut ins, "RDG_IN_DATA", more).await.starts_with("HTTP/1.1 200 "));
        Self::joined(out, ins, &head).await
    }

    async fn joined(out: TlsStream<TcpStream>, mut ins: TlsStream<TcpStream>, head: &str) -> Self {
        request(&mut ins, "RDG_IN_DATA", &[CHUNKED]).await;
        Self { out, ins, chunked: head.contains(CHUNKED), held: Vec::new() }
    }

    async fn say(&mut self, with: impl FnOnce(&mut Vec<u8>)) {
        let mut packet = Vec::new();
        with(&mut packet);
        self.ins.write_all(&chunk(&packet)).await.unwrap();
    }

    /// One chunk of the OUT channel's, or what there is where there are none.
    async fn part(&mut self) -> Vec<u8> {
        if !self.chunked {
            let mut octets = vec![0; 1024];
            let length = self.out.read(&mut octets).await.unwrap();
            octets.truncate(length);
            return octets;
        }
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(self.out.read_u8().await.unwrap());
        }
        let line = String::from_utf8(line).unwrap();
        let mut octets = vec![0; usize::from_str_radix(line.trim_end(), 16).unwrap() + 2];
        self.out.read_exact(&mut octets).await.unwrap();
        assert_eq!(octets.split_off(octets.len() - 2), b"\r\n");
        octets
    }

    async fn seed(&mut self, length: usize) {
        if length > 0 {
            while self.held.len() < length {
                let part = self.part().await;
                self.held.extend(part);
            }
        }
        let rest = self.held.split_off(length);
        assert_eq!(std::mem::replace(&mut self.held, rest), [0xAB, 0xCD].repeat(length / 2));
        assert!(self.held.is_empty() || !self.chunked, "a chunk of its own");
    }

    /// One packet.
    async fn hear(&mut self) -> Vec<u8> {
        loop {
            if let Frame::Whole(length) = tsgu::frame(&self.held) {
                assert!(self.held.len() == length || !self.chunked, "a chunk of its own");
                let rest = self.held.split_off(length);
                return std::mem::replace(&mut self.held, rest);
            }
            let part = self.part().await;
            assert!(!part.is_empty());
            self.held.extend(part);
        }
    }

    async fn open(&mut self) -> StatusCode {
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

    /// Says something, and hears it of a target that says what it hears.
    async fn is_echoed(&mut self, octets: &[u8]) {
        self.say(|out| tsgu::data(octets, out)).await;
        let packet = self.hear().await;
        let Body::Data(heard) = ServerPacket::parse(&packet).unwrap().body else { panic!("{packet:x?}") };
        assert_eq!(heard, octets);
    }
}

#[test]
fn octets_go_to_a_target_and_back_by_two_channels_and_the_leave_is_answered() {
    run(async {
        for chunked in [false, true] {
            for seed in [0, 10, 100] {
                let (target, _echo) = echo().await;
                let table = table(&format!("websocket = false\nchunked = {chunked}\nseed = {seed}"));
                let gateway = ScriptedGateway::start(&table, Routes::all_to(target)).unwrap();
                let mut two = Two::connect(&gateway, BASIC).await;
                assert_eq!(two.chunked, chunked);
                two.seed(seed).await;
                assert_eq!(two.open().await, StatusCode::OK);
                two.is_echoed(b"ping").await;
                two.is_echoed(b"pong").await;
                two.say(|out| tsgu::close_channel(StatusCode::OK, out)).await;
                assert_eq!(two.hear().await, [0x11, 0, 0, 0, 12, 0, 0, 0, 0, 0, 0, 0]);
                two.ins.write_all(chunks::LAST).await.unwrap();
                assert_eq!(ended(&mut two.ins).await, None, "close_notify");
                drop(two.ins);
                let mut rest = Vec::new();
                two.out.read_to_end(&mut rest).await.unwrap();
                assert_eq!(rest, if chunked { chunks::LAST } else { b"" });
                drop(two.out);
                let seen = gateway.finish().await;
                assert_eq!(seen.violations, [""; 0]);
                assert_eq!(
                    (seen.connections, seen.in_channels, seen.logons, seen.closed_channels),
                    (2, 1, 2, 1)
                );
                assert_eq!(seen.channels, [("srv1".to_owned(), 3389)]);
            }
        }
    });
}

/// Hears everything.
async fn all_heard(listener: TcpListener) -> Vec<u8> {
    let (mut stream, _) = listener.accept().await.unwrap();
    let mut heard = Vec::new();
    stream.read_to_end(&mut heard).await.unwrap();
    heard
}

#[test]
fn who_leaves_in_good_order_and_waits_for_nothing_is_heard_to_the_end() {
    run(async {
        for out_first in [false, true] {
            let (port, listener) = port::listen(Ipv4Addr::LOCALHOST.into()).unwrap();
            let target = tokio::spawn(all_heard(listener));
            let routes = Routes::all_to(SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
            let gateway = ScriptedGateway::start(&table("accepts = \"anyone\""), routes).unwrap();
            let mut two = Two::connect(&gateway, "").await;
            two.seed(10).await;
            assert_eq!(two.open().await, StatusCode::OK);
            if out_first {
                two.out.shutdown().await.unwrap();
                assert_eq!(ended(&mut two.ins).await, None, "the gateway has seen that");
            }
            two.say(|out| tsgu::data(b"last", out)).await;
            two.say(|out| tsgu::close_channel(StatusCode::OK, out)).await;
            two.ins.write_all(chunks::LAST).await.unwrap();
            two.ins.shutdown().await.unwrap();
            drop(two);
            let seen = gateway.finish().await;
            assert_eq!((seen.violations, seen.closed_channels), (vec![], 1), "{out_first}");
            assert_eq!(target.await.unwrap(), b"last", "{out_first}");
        }
    });
}

#[test]
fn who_leaves_an_open_channel_without_a_word_is_told() {
    run(async {
        for in_first in [true, false] {
            let (target, _echo) = echo().await;
            let gateway =
                ScriptedGateway::start(&table("accepts = \"anyone\""), Routes::all_to(target)).unwrap();
            let mut two = Two::connect(&gateway, "").await;
            two.seed(10).await;
            assert_eq!(two.open().await, StatusCode::OK);
            if in_first {
                drop(two.ins);
                assert_eq!(ended(&mut two.out).await, None, "close_notify");
                drop(two.out);
            } else {
                drop(two.out);
                assert_eq!(ended(&mut two.ins).await, None, "close_notify");
                drop(two.ins);
            }
            let seen = gateway.finish().await;
            assert_eq!(seen.violations, ["an IN channel that ended without a zero chunk"], "{in_first}");
        }
    });
}

#[test]
fn end_of_an_out_channel_is_that_of_its_in_channel() {
    run(async {
        for (close, end) in [
            ("close_notify", None),
            ("fin", Some(io::ErrorKind::UnexpectedEof)),
            ("reset", Some(io::ErrorKind::ConnectionReset)),
        ] {
            for chunked in [false, true] {
                let table = table(&format!(
                    "accepts = \"anyone\"\nchunked = {chunked}\n\
                     departs = {{ stage = \"gateway_tunnel\", step = \"create\", cut = 5, close = \"{close}\" }}"
                ));
                let gateway = ScriptedGateway::start(&table, Routes::nowhere()).unwrap();
                let mut two = Two::connect(&gateway, "").await;
                two.seed(10).await;
                two.say(|out| tsgu::handshake_request(ExtendedAuthMask::NONE, out)).await;
                two.hear().await;
                two.say(|out| tsgu::tunnel_create(TunnelCaps(0x0E), None, out).unwrap()).await;
                let mut got = Vec::new();
                let ended_so = two.out.read_to_end(&mut got).await;
                let cut = match (chunked, close) {
                    (false, _) => &b"\x05\0\0\0\x1A"[..],
                    (true, "close_notify") => b"5\r\n\x05\0\0\0\x1A\r\n0\r\n\r\n",
                    (true, _) => b"5\r\n\x05\0\0\0\x1A\r\n",
                };
                assert_eq!((&got[..], ended_so.err().map(|error| error.kind())), (cut, end), "{close}");
                assert_eq!(ended(&mut two.ins).await, None, "close_notify");
                drop(two);
                assert_eq!(gateway.finish().await.violations, [""; 0]);
            }
        }
    });
}

#[test]
fn departures_lie_in_the_body_of_the_out_channel() {
    run(async {
        let told = async |how: &str, chunked: bool, expected: &[u8], ends: bool| {
            let table = table(&format!(
                "accepts = \"anyone\"\nseed = 0\nchunked = {chunked}\n\
                 departs = {{ stage = \"gateway_tunnel\", step = \"handshake\", {how} }}"
            ));
            let gateway = ScriptedGateway::start(&table, Routes::nowhere()).unwrap();
            let mut two = Two::connect(&gateway, "").await;
            two.say(|out| tsgu::handshake_request(ExtendedAuthMask::NONE, out)).await;
            let mut got = vec![0; expected.len()];
            two.out.read_exact(&mut got).await.unwrap();
            assert_eq!(got, expected, "{how}");
            if ends {
                assert_eq!(ended(&mut two.out).await, None, "{how}");
            }
            drop(two);
            assert_eq!(gateway.finish().await.violations, [""; 0], "{how}");
        };
        told("raw = \"83 00\"", true, b"\x83\0", false).await;
        // Neither is in a chunk.
        let beside = "raw = \"38 3b\", endless = { octets = \"78\", at_most = 10000000 }";
        told(beside, true, &[&b"8;"[..], &[0x78; 5000]].concat(), false).await;
        told("octets = \"83 00\"", true, b"2\r\n\x83\0\r\n", false).await;
        told("octets = \"83 00\"", false, b"\x83\0", false).await;
        told("drip = { octets = \"02 03\", every_ms = 1 }", true, b"1\r\n\x02\r\n1\r\n\x03\r\n", false).await;
        told("drip = { octets = \"02 03\", every_ms = 1 }", false, b"\x02\x03", false).await;
        told("websocket_close = 1011", true, chunks::LAST, true).await;
        told("websocket_close = 1011", false, b"", true).await;
        told("endless = { octets = \"41\", at_most = 10000000 }", false, &[0x41; 5000], false).await;
    });
}

#[test]
fn in_channel_is_refused_and_departs_as_it_is_said() {
    run(async {
        for (departs, status) in [
            ("stage = \"gateway_auth\", status = 401", "HTTP/1.1 401 "),
            ("stage = \"gateway_auth\", status = 404", "HTTP/1.1 404 "),
        ] {
            let table = table(&format!("departs = {{ channel = \"in\", {departs} }}"));
            let gateway = ScriptedGateway::start(&table, Routes::nowhere()).unwrap();
            let mut out = connect(&gateway).await;
            assert!(ask(&mut out, "RDG_OUT_DATA", BASIC).await.starts_with("HTTP/1.1 200 "));
            let mut ins = connect(&gateway).await;
            assert!(ask(&mut ins, "RDG_IN_DATA", BASIC).await.starts_with(status));
            drop((out, ins));
            let seen = gateway.finish().await;
            assert_eq!((seen.in_channels, seen.logons, seen.violations), (0, 2, vec![]));
        }

        let open = "accepts = \"anyone\"\ndeparts = { channel = \"in\", stage = \"open\", ";
        let gateway =
            ScriptedGateway::start(&table(&format!("{open}status = 503 }}")), Routes::nowhere()).unwrap();
        let mut two = Two::connect(&gateway, "").await;
        assert!(answer(&mut two.ins).await.starts_with("HTTP/1.1 503 "));
        drop(two);
        assert_eq!(gateway.finish().await.violations, [""; 0]);

        let gateway =
            ScriptedGateway::start(&table(&format!("{open}close = \"fin\" }}")), Routes::nowhere()).unwrap();
        let mut two = Two::connect(&gateway, "").await;
        assert_eq!(ended(&mut two.ins).await, Some(io::ErrorKind::UnexpectedEof));
        two.seed(10).await;
        drop(two);
        assert_eq!(gateway.finish().await.violations, [""; 0]);

        // The end of the body is all that comes through.
        let gateway =
            ScriptedGateway::start(&table(&format!("{open}keeps_back = true }}")), Routes::nowhere()).unwrap();
        let mut two = Two::connect(&gateway, "").await;
        two.seed(10).await;
        two.say(|out| tsgu::handshake_request(ExtendedAuthMask::NONE, out)).await;
        two.ins.write_all(chunks::LAST).await.unwrap();
        assert_eq!(ended(&mut two.out).await, None, "no HANDSHAKE_RESPONSE");
        assert_eq!(ended(&mut two.ins).await, None);
        drop(two);
        assert_eq!(gateway.finish().await.violations, [""; 0]);
    });
}

#[test]
fn nobody_speaks_on_an_out_channel_and_no_in_channel_stands_alone() {
    run(async {
        let gateway = ScriptedGateway::start(&table("accepts = \"anyone\""), Routes::nowhere()).unwrap();
        let mut two = Two::connect(&gateway, "").await;
        two.seed(10).await;
        two.out.write_all(b"x").await.unwrap();
        assert_eq!(ended(&mut two.out).await, None);
        assert_eq!(ended(&mut two.ins).await, None);
        drop(two);
        assert_eq!(gateway.finish().await.violations, ["octets of a client's on an OUT channel"]);

        let gateway = ScriptedGateway::start(&table("accepts = \"anyone\""), Routes::nowhere()).unwrap();
        let mut ins = connect(&gateway).await;
        assert!(ask(&mut ins, "RDG_IN_DATA", "").await.starts_with("HTTP/1.1 404 "));
        drop(ins);
        assert_eq!(gateway.finish().await.violations, ["an IN channel of no open OUT channel"]);
    });
}

#[test]
fn tunnels_are_counted_and_not_their_connections() {
    run(async {
        let table = table("departs = { stage = \"gateway_auth\", status = 401, connection = 2 }");
        let gateway = ScriptedGateway::start(&table, Routes::nowhere()).unwrap();
        let mut two = Two::connect(&gateway, BASIC).await;
        two.seed(10).await;
        let mut second = connect(&gateway).await;
        assert!(ask(&mut second, "RDG_OUT_DATA", BASIC).await.starts_with("HTTP/1.1 401 "));
        let mut third = connect(&gateway).await;
        assert!(ask(&mut third, "RDG_OUT_DATA", BASIC).await.starts_with("HTTP/1.1 200 "));
        drop((two, second, third));
        let seen = gateway.finish().await;
        assert_eq!((seen.connections, seen.in_channels, seen.violations), (4, 1, vec![]));
    });
}

#[cfg(feature = "auth")]
mod real_ntlm {
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;
    use sspi::{
        AuthIdentity, AuthIdentityBuffers, BufferType, ClientRequestFlags, CredentialUse, DataRepresentation,
        Ntlm, SecurityBuffer, Sspi as _, SspiImpl as _, Username,
    };

    use super::super::super::judge::Bound;
    use super::*;
    use crate::certificate::Kind;

    struct Account {
        ntlm: Ntlm,
        handle: Option<AuthIdentityBuffers>,
    }

    impl Account {
        fn new(password: &str) -> Self {
            let mut ntlm = Ntlm::new();
            let username = Username::new_down_level_logon_name("gwuser", "LAB").unwrap();
            let identity = AuthIdentity { username, password: password.to_owned().into() };
            let acquiring = ntlm.acquire_credentials_handle().with_credential_use(CredentialUse::Outbound);
            let acquired = acquiring.with_auth_data(&identity).execute(&mut ntlm).unwrap();
            ntlm.set_channel_bindings(&Kind::Gateway.end_point());
            Self { ntlm, handle: acquired.credentials_handle }
        }

        /// The next message.
        fn message(&mut self, after: Vec<u8>) -> Vec<u8> {
            let mut input = [SecurityBuffer::new(after, BufferType::Token)];
            let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
            let mut asked = self
                .ntlm
                .initialize_security_context()
                .with_credentials_handle(&mut self.handle)
                .with_context_requirements(ClientRequestFlags::CONFIDENTIALITY | ClientRequestFlags::INTEGRITY)
                .with_target_data_representation(DataRepresentation::Native)
                .with_target_name("HTTP/gw.lab.test")
                .with_input(&mut input)
                .with_output(&mut output);
            self.ntlm.initialize_security_context_impl(&mut asked).unwrap().resolve_to_result().unwrap();
            std::mem::take(&mut output[0].buffer)
        }
    }

    /// Logs on there; the last answer.
    async fn log_on(stream: &mut TlsStream<TcpStream>, method: &str, password: &str) -> String {
        log_on_by_way(stream, method, password, None).await
    }

    /// The same, where a bit of the octet at a place of one of the two messages is turned on the way.
    async fn log_on_by_way(
        stream: &mut TlsStream<TcpStream>,
        method: &str,
        password: &str,
        turns: Option<(usize, usize)>,
    ) -> String {
        let mut account = Account::new(password);
        let line = |which: usize, mut message: Vec<u8>| {
            if let Some((_, at)) = turns.filter(|(message, _)| *message == which) {
                message[at] ^= 1;
            }
            format!("Authorization: NTLM {}\r\n", STANDARD.encode(&message))
        };
        let challenged = ask(stream, method, &line(0, account.message(Vec::new()))).await;
        let challenge =
            challenged.lines().find_map(|line| line.strip_prefix("WWW-Authenticate: NTLM ")).unwrap();
        let proof = account.message(STANDARD.decode(challenge).unwrap());
        ask(stream, method, &line(1, proof)).await
    }

    /// A right password is not enough: the MIC of AUTHENTICATE is over all three messages ([MS-NLMP] 3.1.5.1.2).
    #[test]
    fn who_has_a_bit_turned_on_the_way_is_refused() {
        // Where AUTHENTICATE has the MIC (2.2.1.3), and NEGOTIATE the build of its version (2.2.1.1).
        let mic = (72..88).map(|at| (1, at));
        let turned: Vec<_> = [None].into_iter().chain(mic.chain([(0, 34)]).map(Some)).collect();
        run(async {
            let table = table("accepts = \"ntlm\"");
            let gateway = ScriptedGateway::start(&table, Routes::nowhere()).unwrap();
            for turns in &turned {
                let mut stream = connect(&gateway).await;
                let answer = log_on_by_way(&mut stream, "RDG_OUT_DATA", "Gw-Secret-7!", *turns).await;
                let status = if turns.is_some() { "401" } else { "200" };
                assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{turns:?}: {answer}");
            }
            let seen = gateway.finish().await;
            assert_eq!((seen.logons, seen.out_channels), (turned.len(), 1));
        });
    }

    #[test]
    fn each_channel_has_a_logon_of_its_own_by_ntlm() {
        run(async {
            let (target, _echo) = echo().await;
            let table = table("accepts = \"ntlm\"\nbinding = \"required\"\nwebsocket = false");
            let gateway = ScriptedGateway::start(&table, Routes::all_to(target)).unwrap();
            let mut out = connect(&gateway).await;
            let head = log_on(&mut out, "RDG_OUT_DATA", "Gw-Secret-7!").await;
            assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
            let mut wrong = connect(&gateway).await;
            assert!(log_on(&mut wrong, "RDG_IN_DATA", "other").await.starts_with("HTTP/1.1 401 "));
            let mut ins = connect(&gateway).await;
            assert!(log_on(&mut ins, "RDG_IN_DATA", "Gw-Secret-7!").await.starts_with("HTTP/1.1 200 "));
            let mut two = Two::joined(out, ins, &head).await;
            two.seed(10).await;
            assert_eq!(two.open().await, StatusCode::OK);
            two.is_echoed(b"ping").await;
            two.say(|out| tsgu::close_channel(StatusCode::OK, out)).await;
            two.ins.write_all(chunks::LAST).await.unwrap();
            drop((two, wrong));
            let seen = gateway.finish().await;
            assert_eq!((seen.logons, seen.in_channels, seen.bound), (3, 1, vec![Bound::Own; 3]));
            assert_eq!(seen.violations, [""; 0]);
        });
    }
}
