//! A host with Network Level Authentication, as far as a probe without credentials goes: Connection Confirm, TLS with an RSA
//! key of 2048 bits, and an NTLM CHALLENGE.
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rdp_probe_testkit::certificate::{Kind, key};
use rdp_probe_testkit::port;
use rdp_probe_wire::credssp::ts_request;
use rdp_probe_wire::tpkt::{self, Frame};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::responder::{CONFIRM, runtime};

/// The CHALLENGE that FreeRDP's shadow server sends, with its annotations.
const CHALLENGE: &str = include_str!("../tests/golden/freerdp-challenge.hex");

/// Listens on loopback.
///
/// # Errors
/// As the operating system says. Needs to be called within a tokio runtime.
pub fn listen() -> io::Result<(SocketAddr, TcpListener)> {
    let (port, listener) = port::listen([127, 0, 0, 1].into())?;
    Ok((SocketAddr::from(([127, 0, 0, 1], port)), listener))
}

/// Listens, and serves on a thread of its own until the process ends.
///
/// # Errors
/// When it does not come to listen.
pub fn start() -> Result<SocketAddr, Box<dyn Error>> {
    let (send, receive) = std::sync::mpsc::channel();
    let server = runtime()?;
    std::thread::spawn(move || {
        server.block_on(async {
            if let Ok((address, listener)) = listen()
                && send.send(address).is_ok()
            {
                // A failure is missed by the client.
                _ = serve(listener).await;
            }
        });
    });
    Ok(receive.recv()?)
}

/// Serves every connection, one after the other, until the process ends.
///
/// # Errors
/// When the server cannot be set up.
pub async fn serve(listener: TcpListener) -> Result<(), Box<dyn Error>> {
    let chain = Kind::Good.chain().into_iter().map(CertificateDer::from).collect();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key())?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let challenge = octets(CHALLENGE)?;
    loop {
        let (stream, _) = listener.accept().await?;
        // A client that leaves early is none of this server's business.
        _ = host(stream, &acceptor, &challenge).await;
    }
}

/// The server has no TCP_NODELAY: a client that acknowledges late sees 40 ms that nobody took.
async fn host(mut stream: TcpStream, acceptor: &TlsAcceptor, challenge: &[u8]) -> io::Result<()> {
    whole(&mut stream, tpkt::frame).await?;
    stream.write_all(&CONFIRM).await?;
    let mut inside = acceptor.accept(stream).await?;
    whole(&mut inside, ts_request::frame).await?;
    inside.write_all(challenge).await?;
    inside.flush().await?;
    // The client has nothing more to say, and hangs up.
    inside.read_to_end(&mut Vec::new()).await?;
    Ok(())
}

/// Reads one message: each client asks in its own words.
async fn whole(stream: &mut (impl AsyncRead + Unpin), frame: fn(&[u8]) -> Frame) -> io::Result<()> {
    let mut held = Vec::new();
    while !matches!(frame(&held), Frame::Whole(_)) {
        if stream.read_buf(&mut held).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

/// The octets of a golden file.
fn octets(text: &str) -> Result<Vec<u8>, std::num::ParseIntError> {
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default());
    lines.flat_map(str::split_ascii_whitespace).map(|pair| u8::from_str_radix(pair, 16)).collect()
}
