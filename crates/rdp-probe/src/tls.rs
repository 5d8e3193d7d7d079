//! TLS through rustls: accepts whatever certificate comes, records everything, and says what failed in the core's words. With
//! `trust.rs` the only place that looks inside a [`rustls::Error`].
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::net::IpAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::task::{Context, Poll};
use std::{fmt, io};

use bytes::{Buf as _, BytesMut};
use rdp_probe_core::wire::tls::{AlertDescription, CipherSuite, Version};
use rdp_probe_core::{
    Close, Entropy, Hop, SignatureCheck, TlsBreak, TlsFault, TlsFaultKind, TlsSession, is_cut_disconnect,
};
use rustls::client::Resumption;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, InvalidMessage, KeyLog, PeerMisbehaved,
    RootCertStore, SignatureScheme,
};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::clock::WallClock;
use crate::close::close_of;

/// What the user wants of TLS, leg by leg.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsPolicies {
    /// With the target.
    pub(crate) target: TlsPolicy,
    /// With the gateway.
    pub(crate) gateway: TlsPolicy,
}

impl TlsPolicies {
    /// The policy of a leg; `None` where no TLS is spoken.
    pub(crate) const fn of(&self, hop: Hop) -> Option<&TlsPolicy> {
        match hop {
            Hop::Target => Some(&self.target),
            Hop::Gateway => Some(&self.gateway),
            Hop::Client | Hop::Resolver | Hop::Proxy | Hop::Kdc | _ => None,
        }
    }
}

/// What the user wants of TLS with one peer.
#[derive(Clone, Debug, Default)]
pub(crate) struct TlsPolicy {
    /// Roots to trust instead of the system's, or beside them.
    pub(crate) roots: Option<Arc<RootCertStore>>,
    /// Whether the run hangs on whether the certificate is trusted: then the system's roots are asked in any case.
    pub(crate) vouched: bool,
    /// The protocol that is spoken inside, where the hello says so (RFC 7301).
    pub(crate) alpn: Option<&'static [u8]>,
    /// Where the session keys go.
    pub(crate) key_log: Option<Arc<dyn KeyLog>>,
}

/// One handshake. What had arrived is in the fault, also when the caller stops waiting: then [`Handshake::fault`] tells.
pub(crate) struct Handshake {
    seen: Arc<Mutex<Seen>>,
}

/// What came over the wire while the handshake went on.
#[derive(Debug, Default)]
struct Seen {
    received: Vec<u8>,
    ended: Option<Close>,
    signature: Option<SignatureCheck>,
}

impl Seen {
    /// Change cipher spec, alert, handshake: nothing else begins the answer to a ClientHello (RFC 8446 section 5.1).
    fn is_plain(&self) -> bool {
        self.received.first().is_some_and(|first| !(20..=22).contains(first))
    }
}

impl Handshake {
    pub(crate) fn new() -> Self {
        Self { seen: Arc::default() }
    }

    /// Shakes hands over `below` with the server that was asked for as `name` and stands at `peer`. `first` was read before: it is the
    /// beginning of what the server says.
    pub(crate) async fn run<S: Below>(
        &self,
        below: S,
        first: BytesMut,
        name: &str,
        peer: IpAddr,
        policy: &TlsPolicy,
    ) -> Result<(TlsStream<Tap<S>>, TlsSession), TlsFault> {
        // A host whose name TLS cannot carry (a label that ends in a hyphen) is asked without one, and is not checked by its address.
        let name = ServerName::try_from(name.to_owned()).unwrap_or_else(|_| ServerName::from(peer));
        let config = self.config(policy).ok_or_else(|| self.fault(TlsFaultKind::Local))?;
        let tap = Tap { below, first, seen: Arc::clone(&self.seen), shaking: true, owed: false };
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, tap).into_fallible();
        let stream = match connecting.await {
            Ok(mut stream) => {
                stream.get_mut().0.shaking = false;
                stream
            }
            Err((error, tap)) => {
                let kind = self.kind_of(&error);
                if kind == TlsFaultKind::NotTls {
                    self.read_disconnect(tap).await;
                }
                return Err(self.fault(kind));
            }
        };
        let connection = stream.get_ref().1;
        let chain: Vec<Vec<u8>> = connection
            .peer_certificates()
            .unwrap_or_default()
            .iter()
            .map(|der| der.as_ref().to_vec())
            .collect();
        let session = TlsSession {
            version: Version(connection.protocol_version().map_or(0, u16::from)),
            cipher: CipherSuite(
                connection.negotiated_cipher_suite().map_or(0, |suite| u16::from(suite.suite())),
            ),
            chain,
            signature: lock(&self.seen).signature.unwrap_or(SignatureCheck::NotVerifiable),
            // Whoever shakes hands looks that up afterwards: it is no matter of the server's.
            trust: None,
        };
        Ok((stream, session))
    }

    /// Reads on while what came in place of TLS may be a disconnect: in how many segments it comes tells nothing of the server.
    async fn read_disconnect(&self, mut tap: Tap<impl Below>) {
        let mut octets = [0; KEPT];
        loop {
            let cut = is_cut_disconnect(&lock(&self.seen).received);
            if !cut || !matches!(tap.read(&mut octets).await, Ok(1..)) {
                return;
            }
        }
    }

    /// A fault of this kind, with what had arrived.
    pub(crate) fn fault(&self, kind: TlsFaultKind) -> TlsFault {
        TlsFault::new(kind, &lock(&self.seen).received)
    }

    /// The fault of a handshake that nobody waits for any longer. What no TLS begins with is none, whatever else it was to become.
    pub(crate) fn cut(&self, how: Close) -> TlsFault {
        let waited = matches!(how, Close::TimedOut { .. });
        let kind = if waited && lock(&self.seen).is_plain() {
            TlsFaultKind::NotTls
        } else {
            TlsFaultKind::Closed(how)
        };
        self.fault(kind)
    }

    fn config(&self, policy: &TlsPolicy) -> Option<ClientConfig> {
        let mut config = base_config()?.clone();
        let verifier = Recorder { provider: Arc::clone(provider()), seen: Arc::clone(&self.seen) };
        config.dangerous().set_certificate_verifier(Arc::new(verifier));
        config.alpn_protocols.extend(policy.alpn.map(<[u8]>::to_vec));
        if let Some(key_log) = &policy.key_log {
            config.key_log = Arc::clone(key_log);
        }
        Some(config)
    }

    /// What an error of the handshake says. What came over the wire goes before what rustls made of it.
    fn kind_of(&self, error: &io::Error) -> TlsFaultKind {
        let seen = lock(&self.seen);
        let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
        match inner {
            Some(rustls::Error::AlertReceived(alert)) => {
                TlsFaultKind::Alert(AlertDescription(u8::from(*alert)))
            }
            _ if seen.is_plain() => TlsFaultKind::NotTls,
            Some(error) => kind_of_rustls(error),
            None => TlsFaultKind::Closed(seen.ended.unwrap_or_else(|| close_of(error))),
        }
    }
}

fn kind_of_rustls(error: &rustls::Error) -> TlsFaultKind {
    use rustls::Error as E;
    match error {
        E::AlertReceived(alert) => TlsFaultKind::Alert(AlertDescription(u8::from(*alert))),
        E::PeerIncompatible(_) => TlsFaultKind::Incompatible,
        E::InvalidCertificate(_) | E::NoCertificatesPresented | E::UnsupportedNameType => {
            TlsFaultKind::BadCertificate
        }
        E::InvalidMessage(_)
        | E::PeerMisbehaved(_)
        | E::InappropriateMessage { .. }
        | E::InappropriateHandshakeMessage { .. }
        | E::DecryptError
        | E::PeerSentOversizedRecord
        | E::NoApplicationProtocol
        | E::InvalidEncryptedClientHello(_)
        | E::InvalidCertRevocationList(_)
        | E::BadMaxFragmentSize => TlsFaultKind::Misbehaved,
        E::EncryptError
        | E::HandshakeNotComplete
        | E::FailedToGetCurrentTime
        | E::FailedToGetRandomBytes
        | E::InconsistentKeys(_)
        | E::General(_)
        | E::Other(_)
        | _ => TlsFaultKind::Local,
    }
}

/// How a stream inside TLS ended.
pub(crate) fn close_inside(error: &io::Error) -> Close {
    use rustls::Error as E;
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(inner) = inner else { return close_of(error) };
    Close::TlsBroken(match inner {
        E::AlertReceived(alert) => return Close::Alert(u8::from(*alert)),
        E::DecryptError => TlsBreak::WrongTag,
        E::PeerSentOversizedRecord | E::InvalidMessage(InvalidMessage::MessageTooLarge) => {
            TlsBreak::OversizedRecord
        }
        E::PeerMisbehaved(
            PeerMisbehaved::TooManyEmptyFragments
            | PeerMisbehaved::TooManyKeyUpdateRequests
            | PeerMisbehaved::TooManyRenegotiationRequests
            | PeerMisbehaved::TooManyWarningAlertsReceived,
        ) => TlsBreak::Flood,
        E::InappropriateMessage { .. } | E::InappropriateHandshakeMessage { .. } => TlsBreak::OutOfPlace,
        E::InvalidMessage(_) => TlsBreak::Unreadable,
        E::PeerMisbehaved(_)
        | E::PeerIncompatible(_)
        | E::InvalidCertificate(_)
        | E::NoCertificatesPresented
        | E::UnsupportedNameType
        | E::NoApplicationProtocol
        | E::InvalidEncryptedClientHello(_)
        | E::InvalidCertRevocationList(_)
        | E::BadMaxFragmentSize => TlsBreak::Misbehaved,
        // What fails at this end.
        E::EncryptError
        | E::HandshakeNotComplete
        | E::FailedToGetCurrentTime
        | E::FailedToGetRandomBytes
        | E::InconsistentKeys(_)
        | E::General(_)
        | E::Other(_)
        | _ => return close_of(error),
    })
}

/// One provider for the process, never installed as its default: that is the caller's to choose.
pub(crate) fn provider() -> &'static Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    PROVIDER.get_or_init(|| Arc::new(ring::default_provider()))
}

/// What every handshake has in common, made once: building it costs as much as a good part of a handshake.
fn base_config() -> Option<&'static ClientConfig> {
    static BASE: OnceLock<Option<ClientConfig>> = OnceLock::new();
    let made = BASE.get_or_init(|| {
        let verifier = Recorder { provider: Arc::clone(provider()), seen: Arc::default() };
        let mut config = ClientConfig::builder_with_details(Arc::clone(provider()), Arc::new(WallClock))
            .with_safe_default_protocol_versions()
            .ok()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        // CredSSP servers break on resumed sessions, and a ticket would hide the certificate.
        config.resumption = Resumption::disabled();
        Some(config)
    });
    made.as_ref()
}

/// Randomness for what the core sends itself.
pub(crate) fn entropy() -> Entropy {
    let mut seed = [0; 32];
    // Without randomness the scout's hello is a constant one, which harms nobody: no secret is made of it.
    _ = provider().secure_random.fill(&mut seed);
    Entropy::new(seed)
}

/// The certificates in a PEM file, as roots; `None` when there is none.
pub(crate) fn roots_of(pem: &[u8]) -> Option<Arc<RootCertStore>> {
    let mut store = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        store.add(certificate.ok()?).ok()?;
    }
    (!store.is_empty()).then(|| Arc::new(store))
}

/// What is done with the error when session keys cannot be written; once, however many cannot.
pub(crate) type OnKeyLogError = Box<dyn FnOnce(&io::Error) + Send>;

/// Appends session keys to a file.
struct KeyFile(Mutex<KeyWriter>);

struct KeyWriter {
    file: File,
    failed: Option<OnKeyLogError>,
}

impl fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyFile").finish_non_exhaustive()
    }
}

/// A key log that appends to this file. Where there is none it is made, for its owner alone: who reads it reads the sessions.
pub(crate) fn key_log(
    path: &Path,
    failed: OnKeyLogError,
) -> Result<Arc<dyn KeyLog>, (io::Error, OnKeyLogError)> {
    let mut options = OpenOptions::new();
    options.create(true).append(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(file) => Ok(Arc::new(KeyFile(Mutex::new(KeyWriter { file, failed: Some(failed) })))),
        Err(error) => Err((error, failed)),
    }
}

impl KeyLog for KeyFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let hex = |octets: &[u8]| octets.iter().map(|octet| format!("{octet:02x}")).collect::<String>();
        let line = format!("{label} {} {}\n", hex(client_random), hex(secret));
        let mut writer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // A key that cannot be written costs a decryption later, not the probe.
        if let Err(error) = writer.file.write_all(line.as_bytes())
            && let Some(failed) = writer.failed.take()
        {
            failed(&error);
        }
    }
}

/// Whether TLS can ask for this name, or check a certificate for it: a name in the sense of DNS, or an address.
pub(crate) fn can_carry(name: &str) -> bool {
    ServerName::try_from(name).is_ok()
}

/// Accepts every certificate, checks the handshake's signature, and records how that went.
#[derive(Debug)]
struct Recorder {
    provider: Arc<CryptoProvider>,
    seen: Arc<Mutex<Seen>>,
}

impl Recorder {
    fn note(
        &self,
        checked: Result<HandshakeSignatureValid, rustls::Error>,
        certificate: &CertificateDer<'_>,
    ) -> HandshakeSignatureValid {
        let check = match checked {
            Ok(_) => SignatureCheck::Verified,
            // A signature of the key's that does not fit, or one that is not of the key's kind at all.
            Err(rustls::Error::InvalidCertificate(
                CertificateError::BadSignature
                | CertificateError::UnsupportedSignatureAlgorithmForPublicKeyContext { .. },
            )) if has_known_key(certificate) => SignatureCheck::Wrong,
            Err(_) => SignatureCheck::NotVerifiable,
        };
        lock(&self.seen).signature = Some(check);
        HandshakeSignatureValid::assertion()
    }
}

/// Whether this build knows what the certificate's key signs. ring takes RSA from 2048 to 8192 bits, and calls a good signature of
/// another one bad.
fn has_known_key(certificate: &CertificateDer<'_>) -> bool {
    use rdp_probe_core::{CertificateFacts, KeyKind};
    let facts = CertificateFacts::read(certificate);
    match facts.key {
        Some(KeyKind::Rsa) => facts.key_bits.is_some_and(|bits| (2048..=8192).contains(&bits)),
        Some(KeyKind::Ec(curve)) => matches!(curve.as_str(), "P-256" | "P-384"),
        Some(KeyKind::Ed25519) => true,
        Some(KeyKind::Other(_) | _) | None => false,
    }
}

impl ServerCertVerifier for Recorder {
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
        let algorithms = &self.provider.signature_verification_algorithms;
        Ok(self.note(verify_tls12_signature(message, certificate, signature, algorithms), certificate))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        Ok(self.note(verify_tls13_signature(message, certificate, signature, algorithms), certificate))
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.provider.signature_verification_algorithms.supported_schemes();
        // Old servers sign with SHA-1 and nothing else: to see them is worth more than to refuse them.
        schemes.extend([SignatureScheme::RSA_PKCS1_SHA1, SignatureScheme::ECDSA_SHA1_Legacy]);
        schemes
    }
}

/// What TLS stands on.
pub(crate) trait Below: AsyncRead + AsyncWrite + Unpin {
    /// Before a read whose answer is timed.
    fn about_to_read(&self);

    /// What it means when nothing more is read.
    fn end(&self) -> Close;

    /// What an error of a read or write says about it.
    fn close_of(&self, error: &io::Error) -> Close;
}

/// The stream under TLS: what had been read of it before, then what comes. Keeps the first octets, and how it ended.
pub(crate) struct Tap<S> {
    below: S,
    first: BytesMut,
    seen: Arc<Mutex<Seen>>,
    /// Whether the handshake is under way: then what is written goes out when something is waited for, or with what follows the
    /// handshake. Through a gateway each flush would be a packet there.
    shaking: bool,
    /// Whether something is written that does not go out by itself.
    owed: bool,
}

impl<S: Below> Tap<S> {
    /// What had been read before TLS, as much as there is room for; then what comes.
    fn poll_first_or_below(&mut self, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        if self.first.is_empty() {
            return Pin::new(&mut self.below).poll_read(cx, buf);
        }
        let length = self.first.len().min(buf.remaining());
        buf.put_slice(self.first.get(..length).unwrap_or_default());
        self.first.advance(length);
        Poll::Ready(Ok(()))
    }
}

/// As many octets as are kept: enough to name what is no TLS, and what follows an alert in the clear.
const KEPT: usize = 256;

fn lock(seen: &Mutex<Seen>) -> MutexGuard<'_, Seen> {
    seen.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<S: Below> AsyncRead for Tap<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buf.filled().len();
        if this.owed {
            this.owed = Pin::new(&mut this.below).poll_flush(cx)?.is_pending();
        }
        let polled = this.poll_first_or_below(cx, buf);
        match &polled {
            Poll::Ready(Ok(())) => {
                let new = buf.filled().get(before..).unwrap_or_default();
                let mut seen = lock(&this.seen);
                if new.is_empty() {
                    seen.ended.get_or_insert_with(|| this.below.end());
                } else if seen.received.len() < KEPT {
                    let room = KEPT.saturating_sub(seen.received.len());
                    seen.received.extend_from_slice(new.get(..room).unwrap_or(new));
                }
            }
            Poll::Ready(Err(error)) => {
                let close = this.below.close_of(error);
                lock(&this.seen).ended.get_or_insert(close);
            }
            // Only now is there something to wait for, and each time the kernel has forgotten it again.
            Poll::Pending => this.below.about_to_read(),
        }
        polled
    }
}

impl<S: Below> AsyncWrite for Tap<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().below).poll_write(cx, buf)
    }

    /// The records of one flight leave in one segment, as those of other clients do.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().below).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.below.is_write_vectored()
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if this.shaking {
            this.owed = true;
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut this.below).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().below).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// rustls would not resume either with a verifier that is another one each time, but that is a matter of chance.
    #[test]
    fn sessions_are_not_kept_to_be_resumed() {
        let resumption = format!("{:?}", base_config().unwrap().resumption);
        assert!(resumption.contains("NoClientSessionStorage"), "{resumption}");
    }

    #[test]
    fn what_tls_refuses_after_the_handshake_keeps_its_reason() {
        let flood = [
            PeerMisbehaved::TooManyEmptyFragments,
            PeerMisbehaved::TooManyKeyUpdateRequests,
            PeerMisbehaved::TooManyRenegotiationRequests,
            PeerMisbehaved::TooManyWarningAlertsReceived,
        ];
        let cases = [
            (rustls::Error::DecryptError, Close::TlsBroken(TlsBreak::WrongTag)),
            (rustls::Error::PeerSentOversizedRecord, Close::TlsBroken(TlsBreak::OversizedRecord)),
            (InvalidMessage::MessageTooLarge.into(), Close::TlsBroken(TlsBreak::OversizedRecord)),
            (InvalidMessage::InvalidContentType.into(), Close::TlsBroken(TlsBreak::Unreadable)),
            (
                rustls::Error::InappropriateMessage {
                    expect_types: Vec::new(),
                    got_type: rustls::ContentType::Handshake,
                },
                Close::TlsBroken(TlsBreak::OutOfPlace),
            ),
            (PeerMisbehaved::BadCertChainExtensions.into(), Close::TlsBroken(TlsBreak::Misbehaved)),
            (rustls::Error::AlertReceived(rustls::AlertDescription::AccessDenied), Close::Alert(49)),
            // This end's own.
            (rustls::Error::EncryptError, Close::Broken { os: None }),
        ];
        let flood = flood.map(|kind| (kind.into(), Close::TlsBroken(TlsBreak::Flood)));
        for (error, expected) in cases.into_iter().chain(flood) {
            let text = format!("{error:?}");
            let error = io::Error::new(io::ErrorKind::InvalidData, error);
            assert_eq!(close_inside(&error), expected, "{text}");
        }
        assert_eq!(close_inside(&io::ErrorKind::UnexpectedEof.into()), Close::Fin);
    }
}
