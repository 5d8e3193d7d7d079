//! What the way through a gateway costs: its packets beside a copy of the same octets, and a whole run beside a direct one with one more
//! handshake of rustls.
use std::error::Error;
use std::hint::black_box;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rdp_probe::{Credentials, Gateway, Host, Probe, Target};
use rdp_probe_benches::{Bars, Beside, client_config, repeat, runtime};
use rdp_probe_core::{Tunnel, TunnelHeard, WebSocket};
use rdp_probe_testkit::acceptor::{Acceptor, Accepts};
use rdp_probe_testkit::certificate::{Kind, authority_pem};
use rdp_probe_testkit::gateway::{Routes, ScriptedGateway};
use rdp_probe_testkit::scenario::GatewayTable;
use rdp_probe_wire::http::{Chunks, ChunksHeard};
use rdp_probe_wire::tpkt::Frame;
use rdp_probe_wire::tsgu::{self, Body, ServerPacket};
use rustls::pki_types::ServerName;
use tokio::io::AsyncWriteExt as _;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Packets in a batch, of so many octets each.
const PACKETS: usize = 4096;
const OCTETS: usize = 4096;
/// Runs in a batch.
const ROUNDS: usize = 12;

/// One DATA packet.
fn packet() -> Vec<u8> {
    let mut packet = Vec::new();
    tsgu::data(&[0x5A; OCTETS], &mut packet);
    packet
}

/// The same packet over and over, each in a wrapping of its own.
struct Endless {
    frame: Vec<u8>,
    at: usize,
}

impl Endless {
    /// In frames of a WebSocket's server.
    fn frames() -> Self {
        let packet = packet();
        let length = u16::try_from(packet.len()).unwrap_or(u16::MAX);
        let mut frame = vec![0x82, 126];
        frame.extend(length.to_be_bytes());
        frame.extend(packet);
        Self { frame, at: 0 }
    }

    /// In chunks of an OUT channel.
    fn chunks() -> Self {
        let packet = packet();
        let frame = [format!("{:x}\r\n", packet.len()).as_bytes(), &packet, b"\r\n"].concat();
        Self { frame, at: 0 }
    }
}

impl Endless {
    fn read(&mut self, octets: &mut [u8]) {
        let mut room = octets;
        while !room.is_empty() {
            let rest = self.frame.get(self.at..).unwrap_or_default();
            let length = rest.len().min(room.len());
            let (to, after) = room.split_at_mut(length);
            to.copy_from_slice(rest.get(..length).unwrap_or_default());
            room = after;
            self.at = self.at.saturating_add(length);
            if self.at >= self.frame.len() {
                self.at = 0;
            }
        }
    }
}

/// Reads the target's octets out of so many packets, and copies them, as the probe does.
fn unwrapped(
    source: &mut Endless,
    mut hear: impl FnMut(&[u8]) -> TunnelHeard,
    tunnel: &mut Tunnel,
    buffer: &mut [u8],
    room: &mut [u8],
) -> usize {
    let mut copied = 0_usize;
    while copied < PACKETS * OCTETS && tunnel.end().is_none() {
        source.read(buffer);
        let mut framed = &*buffer;
        while !framed.is_empty() {
            let Some((mut packets, after)) =
                Some(hear(framed)).filter(|heard| heard.used > 0).map(|told| heard(framed, told))
            else {
                // What is none of it ends it.
                return copied;
            };
            framed = after;
            while !packets.is_empty() {
                let (inside, after) = heard(packets, tunnel.hear(packets, room.len()));
                packets = after;
                if let Some(to) = room.get_mut(..inside.len()) {
                    to.copy_from_slice(inside);
                }
                black_box(&room);
                copied = copied.saturating_add(inside.len());
            }
        }
    }
    copied
}

/// What was wrapped, and what is left.
fn heard(octets: &[u8], TunnelHeard { used, inside }: TunnelHeard) -> (&[u8], &[u8]) {
    let (done, after) = octets.split_at_checked(used).unwrap_or_default();
    (done.get(used.saturating_sub(inside)..).unwrap_or_default(), after)
}

/// What it costs to copy as many octets into room that is warm.
fn copied(packet: &[u8], room: &mut [u8]) {
    for _ in 0..PACKETS {
        let packet = black_box(packet);
        if let Some(to) = room.get_mut(..packet.len()) {
            to.copy_from_slice(packet);
        }
        black_box(&room);
    }
}

fn readers(bars: &mut Bars) -> Result<(), Box<dyn Error>> {
    let packet = packet();
    let read = |octets: &[u8]| {
        let Frame::Whole(length) = tsgu::frame(octets) else { return 0 };
        match ServerPacket::parse(octets.get(..length).unwrap_or_default()).map(|packet| packet.body) {
            Ok(Body::Data(data)) => data.len(),
            Ok(_) | Err(_) => 0,
        }
    };
    assert_eq!(read(&packet), OCTETS, "it is read");
    let mut room = vec![0_u8; 2 * OCTETS];
    let ours = repeat(PACKETS, || read(black_box(&packet)));
    bars.beside("a DATA packet of 4 KiB, read: by a copy of it", Beside::at_most(1.0), ours, || {
        copied(&packet, &mut room);
    })?;
    // As much as the probe reads at a time.
    let mut websocket = (Endless::frames(), WebSocket::new(), Tunnel::new(), vec![0_u8; 16 << 10]);
    let mut by_websocket = |room: &mut [u8]| {
        let (source, socket, tunnel, buffer) = &mut websocket;
        assert!(unwrapped(source, |octets| socket.hear(octets), tunnel, buffer, room) >= PACKETS * OCTETS);
    };
    let mut channels = (Endless::chunks(), Chunks::new(), Tunnel::new(), vec![0_u8; 16 << 10]);
    let mut by_chunks = |room: &mut [u8]| {
        let (source, chunks, tunnel, buffer) = &mut channels;
        let hear = |octets: &[u8]| {
            let ChunksHeard { used, inside } = chunks.hear(octets);
            TunnelHeard { used, inside }
        };
        assert!(unwrapped(source, hear, tunnel, buffer, room) >= PACKETS * OCTETS);
    };
    let (mut one, mut other) = (vec![0_u8; 2 * OCTETS], vec![0_u8; 2 * OCTETS]);
    // 0.3 times as fast as the copy.
    bars.beside(
        "the same out of a WebSocket, and on to the target's reader: by a copy",
        Beside::at_most(3.3),
        || by_websocket(&mut one),
        || copied(&packet, &mut other),
    )?;
    // Half as fast as that.
    bars.beside(
        "the same out of the chunks of an OUT channel: by a WebSocket",
        Beside::at_most(2.0),
        || by_chunks(&mut one),
        || by_websocket(&mut other),
    )
}

/// A target, and a gateway in front of it, on a thread of their own until the process ends.
fn start(accepts: Accepts) -> Result<(SocketAddr, SocketAddr), Box<dyn Error>> {
    let (send, receive) = mpsc::channel();
    let server = runtime()?;
    std::thread::spawn(move || {
        server.block_on(async {
            // Who did not start is missed by who waits for the addresses.
            let Ok(acceptor) = Acceptor::start(accepts) else { return };
            let routes = Routes::all_to(acceptor.address());
            if let Ok(gateway) = ScriptedGateway::start(&GatewayTable::default(), routes)
                && send.send((acceptor.address(), gateway.address())).is_ok()
            {
                std::future::pending::<()>().await;
            }
        });
    });
    Ok(receive.recv()?)
}

/// What one more hop costs at the least: a handshake.
async fn handshake(address: SocketAddr, connector: &TlsConnector) -> Result<(), Box<dyn Error>> {
    let stream = TcpStream::connect(address).await?;
    let mut inside = connector.connect(ServerName::try_from("gw.lab.test")?, stream).await?;
    Ok(inside.shutdown().await?)
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut bars = Bars::new()?;
    readers(&mut bars)?;
    let accepts = Accepts {
        selects: (2, 0x1F),
        behind: Vec::new(),
        version: 6,
        certificate: Kind::Good,
        tls_1_3: true,
        password: "right password".to_owned(),
        refusal: None,
        takes: Duration::ZERO,
        hangs: false,
        whole: false,
    };
    let (target, address) = start(accepts)?;
    let client = runtime()?;
    let connector = TlsConnector::from(Arc::new(client_config()?));
    let table = GatewayTable::default();
    let gateway = Gateway::new(table.host.clone(), address.port()).resolve_to(vec![address]);
    let gateway = gateway.trust(authority_pem().as_bytes())?;
    let gateway = gateway.credentials(Credentials::new(&table.user, None, table.password)?);
    let to = || Target::new(Host::Ip(target.ip()), target.port());
    let (direct, through) = (Probe::builder(to()).build()?, Probe::builder(to()).gateway(gateway).build()?);
    bars.beside(
        "a run to the challenge through a gateway: by a direct one and a handshake",
        Beside::told(1.3, 1.35),
        || {
            for _ in 0..ROUNDS {
                let report = client.block_on(through.run());
                assert_eq!(report.exit_code(), 0, "{:?}", report.evidence.failure());
            }
        },
        || {
            for _ in 0..ROUNDS {
                assert_eq!(client.block_on(direct.run()).exit_code(), 0, "a direct run failed");
                let shaken = client.block_on(handshake(address, &connector));
                assert!(shaken.is_ok(), "no handshake: {shaken:?}");
            }
        },
    )?;
    Ok(bars.finish())
}
