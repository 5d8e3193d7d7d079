//! What a logon by NTLM at a gateway costs beside a bare client of the same libraries: tokio-rustls and sspi's NTLM, with the same messages.
use std::error::Error;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rdp_probe::{Credentials, Gateway, Host, Probe, Stage, Target};
use rdp_probe_benches::{Bars, Beside, client_config, runtime};
use rdp_probe_core::LogonResult;
use rdp_probe_testkit::gateway::{Routes, ScriptedGateway};
use rdp_probe_testkit::scenario::GatewayTable;
use rustls::pki_types::ServerName;
use sspi::{
    AuthIdentity, AuthIdentityBuffers, BufferType, ClientRequestFlags, CredentialUse, DataRepresentation, Ntlm,
    SecurityBuffer, Sspi as _, SspiImpl as _, Username,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Logons in a batch.
const ROUNDS: usize = 12;
const NAME: &str = "gw.lab.test";

/// A gateway on a thread of its own, until the process ends.
fn start(table: GatewayTable) -> Result<SocketAddr, Box<dyn Error>> {
    let (send, receive) = mpsc::channel();
    let server = runtime()?;
    std::thread::spawn(move || {
        server.block_on(async {
            // A gateway that did not start is missed by who waits for its address.
            if let Ok(gateway) = ScriptedGateway::start(&table, Routes::nowhere())
                && send.send(gateway.address()).is_ok()
            {
                std::future::pending::<()>().await;
            }
        });
    });
    Ok(receive.recv()?)
}

/// Sends the request, and gives out the head of the answer.
async fn asked(inside: &mut TlsStream<TcpStream>, proof: &str) -> Result<String, Box<dyn Error>> {
    let request = format!(
        "RDG_OUT_DATA /remoteDesktopGateway/ HTTP/1.1\r\nHost: {NAME}\r\nUser-Agent: MS-RDGateway/1.0\r\nAccept: */*\r\n\
         Cache-Control: no-cache\r\nPragma: no-cache\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\
         RDG-Connection-Id: {{958F92D8-DA20-467A-BBE3-65E7E9B4EDCF}}\r\nContent-Length: 0\r\n{proof}\r\n"
    );
    inside.write_all(request.as_bytes()).await?;
    inside.flush().await?;
    let mut held = Vec::with_capacity(2048);
    loop {
        if inside.read_buf(&mut held).await? == 0 {
            return Err("the gateway hung up".into());
        }
        let text = String::from_utf8_lossy(&held);
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.lines().find_map(|line| line.strip_prefix("Content-Length: "));
        if body.len() >= length.map_or(Ok(0), str::parse)? {
            return Ok(head.to_owned());
        }
    }
}

/// The next message.
fn message(
    ntlm: &mut Ntlm,
    handle: &mut Option<AuthIdentityBuffers>,
    after: Vec<u8>,
) -> Result<String, Box<dyn Error>> {
    let mut input = [SecurityBuffer::new(after, BufferType::Token)];
    let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
    let mut asked = ntlm
        .initialize_security_context()
        .with_credentials_handle(handle)
        .with_context_requirements(ClientRequestFlags::CONFIDENTIALITY | ClientRequestFlags::INTEGRITY)
        .with_target_data_representation(DataRepresentation::Native)
        .with_target_name("HTTP/gw.lab.test")
        .with_input(&mut input)
        .with_output(&mut output);
    ntlm.initialize_security_context_impl(&mut asked)?.resolve_to_result()?;
    let [SecurityBuffer { buffer, .. }] = output;
    Ok(format!("Authorization: NTLM {}\r\n", STANDARD.encode(buffer)))
}

/// What a client has to do at the least until the gateway has let it in.
async fn bare(
    address: SocketAddr,
    connector: &TlsConnector,
    table: &GatewayTable,
) -> Result<(), Box<dyn Error>> {
    let stream = TcpStream::connect(address).await?;
    let mut inside = connector.connect(ServerName::try_from(NAME)?, stream).await?;
    let username = Username::new_down_level_logon_name(&table.user, "")?;
    let identity = AuthIdentity { username, password: table.password.clone().into() };
    let mut ntlm = Ntlm::new();
    ntlm.set_channel_bindings(&table.certificate.end_point());
    let acquiring = ntlm.acquire_credentials_handle().with_credential_use(CredentialUse::Outbound);
    let mut handle = acquiring.with_auth_data(&identity).execute(&mut ntlm)?.credentials_handle;
    asked(&mut inside, "").await?;
    let challenged = asked(&mut inside, &message(&mut ntlm, &mut handle, Vec::new())?).await?;
    let challenge = challenged.lines().find_map(|line| line.strip_prefix("WWW-Authenticate: NTLM "));
    let challenge = STANDARD.decode(challenge.ok_or("no challenge")?)?;
    let answer = asked(&mut inside, &message(&mut ntlm, &mut handle, challenge)?).await?;
    if !answer.starts_with("HTTP/1.1 101") {
        return Err(answer.into());
    }
    Ok(inside.shutdown().await?)
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let table = GatewayTable::parse("bench", "accepts = \"ntlm\"\nbinding = \"required\"")?;
    let address = start(table.clone())?;
    let client = runtime()?;
    let connector = TlsConnector::from(Arc::new(client_config()?));
    let gateway = Gateway::new(table.host.clone(), address.port()).resolve_to(vec![address]);
    let gateway = gateway.pin(&table.certificate.sha256());
    let gateway = gateway.credentials(Credentials::new(&table.user, None, table.password.clone())?);
    let target = Target::new(Host::Name("srv1.lab.test".to_owned()), 3389);
    let probe = Probe::builder(target).gateway(gateway).until(Stage::GatewayAuth).build()?;
    let mut bars = Bars::new()?;
    bars.beside(
        "a logon by NTLM at a gateway: by tokio-rustls and sspi's client",
        // Most instructions that are more read the certificate, judge what was seen, and take leave of the gateway.
        Beside::each(1.3, 1.4),
        || {
            for _ in 0..ROUNDS {
                let report = client.block_on(probe.run());
                let result = report.evidence.gateway_logon_result();
                assert_eq!(result, LogonResult::Accepted, "{:?}", report.evidence.failure());
            }
        },
        || {
            for _ in 0..ROUNDS {
                let proven = client.block_on(bare(address, &connector, &table));
                assert!(proven.is_ok(), "a logon failed: {proven:?}");
            }
        },
    )?;
    Ok(bars.finish())
}
