//! What two channels of HTTP have in common, by what the gateway saw of them and by what went over the wire.
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use rdp_probe::{
    BoxFuture, Credentials, DialFault, Gateway, Host, Io, Network, Probe, Report, Stage, SystemNetwork, Target,
};
use rdp_probe_testkit::certificate;
use rdp_probe_testkit::gateway::{Routes, ScriptedGateway, Seen};
use rdp_probe_testkit::port;
use rdp_probe_testkit::scenario::{Accepts, GatewayTable};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::gateway::NAME;
use crate::usage::on_runtime;

/// The operating system's TCP: which addresses were dialled, and what was written there.
#[derive(Clone, Debug, Default)]
struct Recording {
    /// What a name is resolved to.
    addresses: Vec<SocketAddr>,
    dialed: Arc<Mutex<Vec<Dialed>>>,
}

/// Where to, and what was written there.
type Dialed = (SocketAddr, Vec<u8>);

struct Recorded {
    stream: Box<dyn Io>,
    place: usize,
    recording: Recording,
}

impl Network for Recording {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, Result<Vec<SocketAddr>, DialFault>> {
        Box::pin(std::future::ready(Ok(self.addresses.clone())))
    }

    fn dial(&self, address: SocketAddr) -> BoxFuture<'_, Result<Box<dyn Io>, DialFault>> {
        let mut dialed = self.dialed.lock().unwrap();
        let place = dialed.len();
        dialed.push((address, Vec::new()));
        drop(dialed);
        Box::pin(async move {
            let stream = SystemNetwork.dial(address).await?;
            let recorded: Box<dyn Io> = Box::new(Recorded { stream, place, recording: self.clone() });
            Ok(recorded)
        })
    }
}

impl AsyncRead for Recorded {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Recorded {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(length)) = written {
            self.recording.dialed.lock().unwrap()[self.place].1.extend_from_slice(&buf[..length]);
        }
        written
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// What comes of a run up to the channel through this gateway, which the second of two addresses leads to.
fn run(table: &str) -> (Report, Seen, SocketAddr, Recording) {
    on_runtime(async {
        let table = GatewayTable::parse("two channels", table).unwrap();
        let target = port::find(|port| std::net::TcpListener::bind(("127.0.0.1", port))).unwrap().1;
        let address = target.local_addr().unwrap();
        let served =
            ScriptedGateway::start(&table, Routes::nowhere().with(NAME, address.port(), address)).unwrap();
        let front = served.address();
        let addresses = vec![SocketAddr::from(([127, 0, 0, 2], front.port())), front];
        let recording = Recording { addresses, ..Recording::default() };
        let gateway = Gateway::new(Host::parse("gw.lab.test").unwrap(), front.port());
        let gateway = gateway.trust(certificate::authority_pem().as_bytes()).unwrap();
        let gateway = if table.accepts == Accepts::Token {
            gateway.token(table.token.clone().into()).unwrap()
        } else {
            gateway.credentials(Credentials::new(&table.user, None, table.password.clone()).unwrap())
        };
        let probe = Probe::builder(Target::new(Host::parse(NAME).unwrap(), address.port()));
        let probe = probe.gateway(gateway).until(Stage::GatewayChannel).network(Arc::new(recording.clone()));
        let report = probe.build().unwrap().run().await;
        (report, served.finish().await, front, recording)
    })
}

#[test]
fn in_goes_where_out_went_and_has_its_id_and_the_cookies_that_were_set() {
    for (accepts, requests) in [
        ("accepts = \"basic\"", [2, 2]),
        ("accepts = \"ntlm\"", [3, 3]),
        ("accepts = \"ntlm\"\nschemes = [\"Negotiate\"]", [3, 3]),
        ("accepts = \"ntlm\"\nschemes = [\"SSPI_NTLM\"]", [2, 2]),
        ("accepts = \"token\"", [1, 2]),
    ] {
        let (report, seen, front, recording) = run(&format!("websocket = false\ncookies = true\n{accepts}"));
        assert_eq!(report.exit_code(), 0, "{accepts}: {:?}", report.evidence);
        assert_eq!(seen.violations, [""; 0], "{accepts}");
        // The first address was tried once, and not again for the second connection.
        let dialed: Vec<SocketAddr> = recording.dialed.lock().unwrap().iter().map(|(to, _)| *to).collect();
        let first = recording.addresses[0];
        assert!(first != front && dialed == [first, front, front], "{accepts}: {dialed:?}");
        let [of_out, of_in] = requests;
        let id = &seen.asked[0].1;
        let asked = |method: &str, times| vec![(method.to_owned(), id.clone()); times];
        let all = [asked("RDG_OUT_DATA", of_out), asked("RDG_IN_DATA", of_in)].concat();
        assert_eq!(seen.asked, all, "{accepts}");
        // Each gives back all that were set before it, in whatever order, on either connection.
        for (index, cookies) in seen.cookies.iter().enumerate() {
            let mut cookies: Vec<&str> = cookies.split("; ").filter(|pair| !pair.is_empty()).collect();
            cookies.sort_unstable();
            let set: Vec<String> = (1..=index).map(|number| format!("leg{number}=of-{number}")).collect();
            assert_eq!(cookies, set, "{accepts}: request {}", index + 1);
        }
    }
}

/// How long what lies in each record of application data is, which TLS 1.3 adds a type and a tag to (RFC 8446 section 5.2).
fn records(mut octets: &[u8]) -> Vec<usize> {
    let mut all = Vec::new();
    while let [kind, 3, _, high, low, rest @ ..] = octets {
        let length = usize::from(u16::from_be_bytes([*high, *low]));
        if *kind == 23 {
            all.push(length - 17);
        }
        octets = &rest[length..];
    }
    assert_eq!(octets, b"");
    all
}

/// Who reads a head in one go may let what lies behind it fall.
#[test]
fn head_of_in_and_its_first_chunk_have_records_of_their_own() {
    let (report, seen, _, recording) = run("websocket = false");
    assert_eq!((report.exit_code(), seen.in_channels), (0, 1), "{:?}", report.evidence);
    let dialed = recording.dialed.lock().unwrap();
    let [_, _, (_, of_in)] = dialed.as_slice() else { panic!("{} connections", dialed.len()) };
    let records = records(of_in);
    // HANDSHAKE_REQUEST has 14 octets: its chunk is the size's line, they and a line's end.
    let chunk = "E\r\n".len() + 14 + "\r\n".len();
    // Behind the client's Finished: the logon, the request with the body, and then chunks.
    let [_, logon, head, first, ..] = records[..] else { panic!("{records:?}") };
    assert!(logon > 300 && head > 300, "{records:?}");
    assert_eq!(first, chunk, "{records:?}");
}
