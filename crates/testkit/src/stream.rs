//! A scripted target's end of a connection: plain, or inside TLS.
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use rdp_probe_core::wire::tls::Version;
use rustls::crypto::cipher::{OutboundChunks, OutboundPlainMessage};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::CertificateDer;
use rustls::server::{NoServerSessionStorage, ServerConnection};
use rustls::sign::{CertifiedKey, Signer, SigningKey, SingleCertAndKey};
use rustls::{
    ConnectionTrafficSecrets, ContentType, ProtocolVersion, ServerConfig, SignatureAlgorithm, SignatureScheme,
    SupportedCipherSuite, SupportedProtocolVersion, version,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::scenario::{Break, Handshake, Scheme, Signature, plain_alert};

/// The connection.
pub(crate) enum Stream {
    /// In the clear.
    Plain(TcpStream),
    /// Inside TLS.
    Tls(Box<TlsStream<Below>>),
    /// A handshake that failed took it along.
    Gone,
}

impl Stream {
    pub(crate) async fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Plain(stream) => stream.read(buffer).await,
            Self::Tls(stream) => stream.read(buffer).await,
            Self::Gone => Ok(0),
        }
    }

    /// Sends all of it at once.
    pub(crate) async fn write(&mut self, octets: &[u8]) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.write_all(octets).await,
            Self::Tls(stream) => {
                stream.write_all(octets).await?;
                stream.flush().await
            }
            Self::Gone => Err(io::ErrorKind::NotConnected.into()),
        }
    }

    /// Sends TCP FIN, and nothing before it.
    pub(crate) async fn fin(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.shutdown().await,
            Self::Tls(stream) => stream.get_mut().0.stream.shutdown().await,
            Self::Gone => Ok(()),
        }
    }

    /// Sends close_notify, when there is TLS, and TCP FIN.
    pub(crate) async fn close_notify(&mut self) -> io::Result<()> {
        match self {
            Self::Plain(stream) => stream.shutdown().await,
            Self::Tls(stream) => stream.shutdown().await,
            Self::Gone => Ok(()),
        }
    }

    /// Waits until the peer has closed. Reading everything first keeps the operating system from making a RST of our FIN.
    pub(crate) async fn closed(&mut self) {
        let mut scratch = [0_u8; 1024];
        while matches!(self.read(&mut scratch).await, Ok(1..)) {}
    }

    /// Makes the end of it a TCP RST.
    pub(crate) fn reset_on_drop(&mut self) {
        let _ = match self {
            Self::Plain(stream) => stream.set_zero_linger(),
            Self::Tls(stream) => stream.get_ref().0.stream.set_zero_linger(),
            Self::Gone => Ok(()),
        };
    }

    /// Shakes hands as the server; everything after it is inside TLS. `first` had been read already: it is the beginning of what
    /// the handshake reads.
    pub(crate) async fn shake_hands(&mut self, handshake: &Handshake, first: Vec<u8>) -> io::Result<()> {
        let config = config(handshake).map_err(io::Error::other)?;
        let Self::Plain(stream) = std::mem::replace(self, Self::Gone) else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let stream = TlsAcceptor::from(Arc::new(config)).accept(Below { first, stream }).await?;
        *self = Self::Tls(Box::new(stream));
        Ok(())
    }

    /// Sends a fatal alert: in the clear, or as the last that is inside TLS.
    pub(crate) async fn alert(&mut self, description: u8) -> io::Result<()> {
        let (mut stream, octets) = match std::mem::replace(self, Self::Gone) {
            Self::Plain(stream) => (stream, plain_alert(description).to_vec()),
            Self::Tls(stream) => {
                let (below, connection) = stream.into_inner();
                let sealed = sealed(connection, ContentType::Alert, &[&[2, description]]);
                (below.stream, sealed.ok_or_else(|| io::Error::other("the alert cannot be sealed"))?)
            }
            Self::Gone => return Err(io::ErrorKind::NotConnected.into()),
        };
        stream.write_all(&octets).await?;
        *self = Self::Plain(stream);
        Ok(())
    }
}

impl Stream {
    /// Sends what ends TLS; nothing is inside it after that.
    pub(crate) async fn break_tls(&mut self, how: Break) -> io::Result<()> {
        let Self::Tls(stream) = std::mem::replace(self, Self::Gone) else {
            return Err(io::ErrorKind::NotConnected.into());
        };
        let (below, connection) = stream.into_inner();
        let octets = match how {
            Break::WrongTag => sealed(connection, ContentType::ApplicationData, &[b"changed on its way"])
                .map(|octets| changed_at_its_end(&octets)),
            // 2^14 octets and 256 more are the most (RFC 8446 section 5.2); 2048 more before that.
            Break::Oversized => Some(vec![23, 3, 3, 0x60, 0]),
            Break::Flood => sealed(connection, ContentType::ApplicationData, &[[].as_slice(); 256]),
        };
        let octets = octets.ok_or_else(|| io::Error::other("the record cannot be sealed"))?;
        let mut stream = below.stream;
        stream.write_all(&octets).await?;
        *self = Self::Plain(stream);
        Ok(())
    }
}

fn changed_at_its_end(octets: &[u8]) -> Vec<u8> {
    let (last, before) = octets.split_last().unwrap_or((&0, &[]));
    [before, &[last ^ 1]].concat()
}

/// What TLS stands on: what had been read before it, then the connection.
#[derive(Debug)]
pub(crate) struct Below {
    first: Vec<u8>,
    stream: TcpStream,
}

impl AsyncRead for Below {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.first.is_empty() {
            return Pin::new(&mut this.stream).poll_read(cx, buf);
        }
        let rest = this.first.split_off(this.first.len().min(buf.remaining()));
        buf.put_slice(&std::mem::replace(&mut this.first, rest));
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Below {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().stream).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().stream).poll_shutdown(cx)
    }
}

/// Serves without tickets and sessions, so that a scripted connection has no octets but the script's.
fn config(handshake: &Handshake) -> Result<ServerConfig, rustls::Error> {
    let provider = ring::default_provider();
    let key = certified(handshake, &provider)?;
    let spoken =
        |version: &&&'static SupportedProtocolVersion| handshake.speaks(Version(version.version.into()));
    let versions: Vec<&'static SupportedProtocolVersion> =
        [&version::TLS13, &version::TLS12].iter().filter(spoken).copied().collect();
    let mut config = ServerConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(&versions)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(key)));
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    // For alerts that rustls would not send.
    config.enable_secret_extraction = true;
    Ok(config)
}

/// The certificate with the key that is to sign, whether or not it fits.
fn certified(handshake: &Handshake, provider: &CryptoProvider) -> Result<CertifiedKey, rustls::Error> {
    let kind = handshake.certificate;
    let chain = kind.chain().into_iter().map(CertificateDer::from).collect();
    let key = match handshake.signature {
        Signature::Own | Signature::Sha1 => kind.key(),
        Signature::OtherKey => {
            kind.key_of_somebody_else().map_err(|error| rustls::Error::General(error.to_string()))?
        }
    };
    let key = Signing {
        key: provider.key_provider.load_private_key(key)?,
        scheme: handshake.scheme.map(scheme),
        sha1: handshake.signature == Signature::Sha1,
    };
    Ok(CertifiedKey::new(chain, Arc::new(key)))
}

/// A key that signs as a script says, whatever the client offers.
#[derive(Debug)]
struct Signing {
    key: Arc<dyn SigningKey>,
    scheme: Option<SignatureScheme>,
    sha1: bool,
}

impl SigningKey for Signing {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let signer = match self.scheme {
            Some(scheme) => self.key.choose_scheme(&[scheme]),
            None => self.key.choose_scheme(offered),
        };
        let signer = signer?;
        Some(if self.sha1 { Box::new(Sha1(signer, self.algorithm())) } else { signer })
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.key.algorithm()
    }
}

/// Says that its signatures are of SHA-1, which they are not: nobody who sees them can check that.
#[derive(Debug)]
struct Sha1(Box<dyn Signer>, SignatureAlgorithm);

impl Signer for Sha1 {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        self.0.sign(message)
    }

    fn scheme(&self) -> SignatureScheme {
        if self.1 == SignatureAlgorithm::RSA {
            SignatureScheme::RSA_PKCS1_SHA1
        } else {
            SignatureScheme::ECDSA_SHA1_Legacy
        }
    }
}

const fn scheme(scheme: Scheme) -> SignatureScheme {
    match scheme {
        Scheme::RsaPkcs1Sha256 => SignatureScheme::RSA_PKCS1_SHA256,
        Scheme::RsaPkcs1Sha384 => SignatureScheme::RSA_PKCS1_SHA384,
        Scheme::RsaPkcs1Sha512 => SignatureScheme::RSA_PKCS1_SHA512,
        Scheme::RsaPssRsaeSha256 => SignatureScheme::RSA_PSS_SHA256,
        Scheme::RsaPssRsaeSha384 => SignatureScheme::RSA_PSS_SHA384,
        Scheme::RsaPssRsaeSha512 => SignatureScheme::RSA_PSS_SHA512,
        Scheme::EcdsaSecp256r1Sha256 => SignatureScheme::ECDSA_NISTP256_SHA256,
        Scheme::EcdsaSecp384r1Sha384 => SignatureScheme::ECDSA_NISTP384_SHA384,
        Scheme::Ed25519 => SignatureScheme::ED25519,
    }
}

/// Records of this type, each with one of the payloads; the connection can say nothing more by itself.
fn sealed(connection: ServerConnection, typ: ContentType, payloads: &[&[u8]]) -> Option<Vec<u8>> {
    let suite = connection.negotiated_cipher_suite()?;
    let (sequence, secrets) = connection.dangerous_extract_secrets().ok()?.tx;
    let (ConnectionTrafficSecrets::Aes128Gcm { key, iv }
    | ConnectionTrafficSecrets::Aes256Gcm { key, iv }
    | ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv }) = secrets
    else {
        return None;
    };
    let mut encrypter = match suite {
        SupportedCipherSuite::Tls13(suite) => suite.aead_alg.encrypter(key, iv),
        SupportedCipherSuite::Tls12(suite) => {
            let fixed = suite.aead_alg.key_block_shape().fixed_iv_len;
            let (fixed, explicit) = iv.as_ref().split_at_checked(fixed)?;
            suite.aead_alg.encrypter(key, fixed, explicit)
        }
    };
    let mut octets = Vec::new();
    for (sequence, payload) in (sequence..).zip(payloads) {
        let payload = OutboundChunks::Single(payload);
        let message = OutboundPlainMessage { typ, version: ProtocolVersion::TLSv1_2, payload };
        octets.extend(encrypter.encrypt(message, sequence).ok()?.encode());
    }
    Some(octets)
}
