//! A bare client: what has to be done at the least.
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use rdp_probe_wire::credssp::ts_request;
use rdp_probe_wire::tpkt::Frame;

use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::responder::{CONFIRM, REQUEST};

/// What any client that is to accept a self-signed certificate needs, without sessions to resume.
///
/// # Errors
/// When the provider has no version of TLS.
pub fn client_config() -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Accepting(provider)))
        .with_no_client_auth();
    config.resumption = Resumption::disabled();
    Ok(config)
}

/// Takes every certificate, and checks the handshake's signature: what any client that is to accept a self-signed one does.
#[derive(Debug)]
struct Accepting(Arc<CryptoProvider>);

impl ServerCertVerifier for Accepting {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signature, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

/// A TSRequest as long as a client's first, for a server that looks at its length alone.
const TS_REQUEST: [u8; 57] = {
    let mut octets = [0; 57];
    (octets[0], octets[1]) = (0x30, 55);
    octets
};

/// What a client has to do at the least: to the certificate, or to the challenge.
///
/// # Errors
/// As the operating system says, or TLS.
pub async fn bare(address: SocketAddr, connector: &TlsConnector, challenge: bool) -> io::Result<()> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&REQUEST).await?;
    stream.read_exact(&mut [0_u8; CONFIRM.len()]).await?;
    let mut inside = connector.connect(ServerName::from(address.ip()), stream).await?;
    if challenge {
        inside.write_all(&TS_REQUEST).await?;
        let mut held = Vec::with_capacity(1024);
        while !matches!(ts_request::frame(&held), Frame::Whole(_)) && inside.read_buf(&mut held).await? > 0 {}
    }
    inside.shutdown().await
}
