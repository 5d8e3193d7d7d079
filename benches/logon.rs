//! What proving credentials costs beside a bare client of the same libraries: tokio-rustls, and sspi's CredSSP up to the server's proof.
use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use rdp_probe::{CertificateFacts, Credentials, Host, Probe, Target};
use rdp_probe_benches::{Bars, Beside, CONFIRM, REQUEST, client_config, runtime};
use rdp_probe_testkit::acceptor::{Acceptor, Accepts};
use rdp_probe_testkit::certificate::Kind;
use rdp_probe_wire::credssp::ts_request::frame;
use rdp_probe_wire::tpkt::Frame;
use rustls::pki_types::ServerName;
use sspi::credssp::{ClientMode, ClientState, CredSspClient, CredSspMode, TsRequest};
use sspi::ntlm::NtlmConfig;
use sspi::{AuthIdentity, Username};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// Logons in a batch.
const ROUNDS: usize = 12;
const PASSWORD: &str = "right password";

/// A server on a thread of its own, until the process ends.
fn start(accepts: Accepts) -> Result<SocketAddr, Box<dyn Error>> {
    let (send, receive) = mpsc::channel();
    let server = runtime()?;
    std::thread::spawn(move || {
        server.block_on(async {
            // A server that did not start is missed by who waits for its address.
            if let Ok(acceptor) = Acceptor::start(accepts)
                && send.send(acceptor.address()).is_ok()
            {
                std::future::pending::<()>().await;
            }
        });
    });
    Ok(receive.recv()?)
}

/// What a client has to do at the least until the server has proven that it knows the credentials.
async fn bare(address: SocketAddr, connector: &TlsConnector) -> Result<(), Box<dyn Error>> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&REQUEST).await?;
    stream.read_exact(&mut [0_u8; CONFIRM.len()]).await?;
    let mut inside = connector.connect(ServerName::from(address.ip()), stream).await?;
    let (_, session) = inside.get_ref();
    let leaf = session.peer_certificates().and_then(<[_]>::first).ok_or("no certificate")?;
    let key = CertificateFacts::subject_public_key(leaf).ok_or("no key")?;
    let username = Username::new_down_level_logon_name("alice", "LAB")?;
    let identity = AuthIdentity { username, password: PASSWORD.to_owned().into() };
    let mut client = CredSspClient::new(
        key,
        identity.into(),
        CredSspMode::WithCredentials,
        ClientMode::Ntlm(NtlmConfig::default()),
        format!("TERMSRV/{}", address.ip()),
    )?;
    let mut message = TsRequest::default();
    loop {
        let request = match client.process(message).resolve_to_result()? {
            ClientState::ReplyNeeded(request) => request,
            // The proof was right. What comes here gives the credentials away.
            ClientState::FinalMessage(_) => break,
        };
        let mut octets = Vec::with_capacity(usize::from(request.buffer_len()?));
        request.encode_ts_request(&mut octets)?;
        inside.write_all(&octets).await?;
        let mut held = Vec::with_capacity(1024);
        while !matches!(frame(&held), Frame::Whole(_)) && inside.read_buf(&mut held).await? > 0 {}
        message = TsRequest::from_buffer(&held)?;
    }
    Ok(inside.shutdown().await?)
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let accepts = Accepts {
        selects: (2, 0x1F),
        behind: Vec::new(),
        version: 6,
        certificate: Kind::Good,
        tls_1_3: true,
        password: PASSWORD.to_owned(),
        refusal: None,
        takes: Duration::ZERO,
        hangs: false,
        whole: false,
    };
    let pin = accepts.certificate.sha256();
    let address = start(accepts)?;
    let client = runtime()?;
    let connector = TlsConnector::from(Arc::new(client_config()?));
    let target = Target::new(Host::Ip(address.ip()), address.port());
    let credentials = Credentials::new("LAB\\alice", None, PASSWORD.to_owned())?;
    let probe = Probe::builder(target).credentials(credentials).pin(&pin).build()?;
    let mut bars = Bars::new()?;
    bars.beside(
        "credentials proven: by tokio-rustls and sspi's client",
        Beside::at_most(1.25),
        || {
            for _ in 0..ROUNDS {
                assert!(client.block_on(probe.run()).evidence.logon_accepted(), "a logon failed");
            }
        },
        || {
            for _ in 0..ROUNDS {
                let proven = client.block_on(bare(address, &connector));
                assert!(proven.is_ok(), "a logon failed: {proven:?}");
            }
        },
    )?;
    Ok(bars.finish())
}
