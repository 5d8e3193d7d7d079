//! A server with Network Level Authentication whose NTLM is real: sspi's acceptor behind TLS, on loopback. It counts what it was given.
use std::error::Error;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rdp_probe_core::wire::credssp::ts_request::frame;
use rdp_probe_core::wire::credssp::{NtStatus, TsRequest};
use rdp_probe_core::wire::tpkt::{self, Frame};
use rdp_probe_core::wire::x224::ConnectionRequest;
use rdp_probe_core::{CertificateFacts, Host, Plan};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::CertificateDer;
use rustls::version::{TLS12, TLS13};
use sha2::{Digest as _, Sha256};
use sspi::{EncryptionFlags, SecurityBufferRef, Sspi as _};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::certificate::Kind;
use crate::credssp_server::{Made, Whole};
use crate::ntlm_server::NtlmServer;
use crate::port;
use crate::scenario::{Ending, Route, Step};
use crate::script::check;

/// The server selects a protocol.
const fn confirm(protocol: u8, flags: u8) -> [u8; 19] {
    [3, 0, 0, 19, 14, 0xD0, 0, 0, 0x12, 0x34, 0, 2, flags, 8, 0, protocol, 0, 0, 0]
}
/// The size of a signature, in octets.
const SIGNATURE: usize = 16;

/// What it is.
#[derive(Clone, Debug)]
#[expect(clippy::exhaustive_structs, reason = "written out by tests")]
pub struct Accepts {
    /// The version of CredSSP that it speaks.
    pub version: u32,
    /// Its certificate, whose key it has.
    pub certificate: Kind,
    /// Whether it speaks TLS 1.3, and 1.2 otherwise.
    pub tls_1_3: bool,
    /// The one password that it knows, whoever has it.
    pub password: String,
    /// What it says to others; without a code it hangs up.
    pub refusal: Option<NtStatus>,
    /// How long it takes over a logon, so that whoever comes at the same time is seen.
    pub takes: Duration,
    /// Whether it says nothing to any logon.
    pub hangs: bool,
    /// Whether the library's own CredSSP answers, with the code that it has for a refusal; otherwise the NTLM in it does, and what stands
    /// around that is this crate's.
    pub whole: bool,
    /// `selectedProtocol`, CredSSP in one of its two forms, and `flags`.
    pub selects: (u8, u8),
    /// What it does once credentials to keep have come: what is to be read, said and ended. What is before TLS has no place here.
    pub behind: Vec<Step>,
}

/// The server. It ends when it is dropped.
#[derive(Debug)]
pub struct Acceptor {
    address: SocketAddr,
    seen: Arc<Seen>,
    serving: JoinHandle<()>,
}

/// What it was given.
#[derive(Debug, Default)]
struct Seen {
    logons: AtomicUsize,
    /// Logons under way.
    now: AtomicUsize,
    /// The most of them at a time, and the most before one was accepted.
    most: AtomicUsize,
    most_early: AtomicUsize,
    accepted: AtomicUsize,
    delegated: AtomicUsize,
    /// What was given to it, opened.
    given: Mutex<Vec<Vec<u8>>>,
    /// The flags of the request that came last.
    flags: AtomicUsize,
    errors: Mutex<Vec<String>>,
}

impl Drop for Acceptor {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Acceptor {
    /// Listens. To be called within a runtime.
    ///
    /// # Errors
    /// As the operating system and TLS say.
    pub fn start(accepts: Accepts) -> Result<Self, Box<dyn Error>> {
        let (port, listener) = port::listen(IpAddr::V4(Ipv4Addr::LOCALHOST))?;
        let chain = accepts.certificate.chain().into_iter().map(CertificateDer::from).collect();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_protocol_versions(&[if accepts.tls_1_3 { &TLS13 } else { &TLS12 }])?
            .with_no_client_auth()
            .with_single_cert(chain, accepts.certificate.key())?;
        let tls = TlsAcceptor::from(Arc::new(config));
        let seen = Arc::new(Seen::default());
        let theirs = Arc::clone(&seen);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // What goes out at once is one segment.
                let _ = stream.set_nodelay(true);
                let (tls, accepts, seen) = (tls.clone(), accepts.clone(), Arc::clone(&theirs));
                tokio::spawn(async move {
                    if let Err(error) = serve(stream, &tls, &accepts, &seen).await {
                        seen.errors.lock().unwrap_or_else(PoisonError::into_inner).push(error.to_string());
                    }
                });
            }
        });
        Ok(Self { address: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), seen, serving })
    }

    /// Where.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many AUTHENTICATE messages came.
    #[must_use]
    pub fn logons(&self) -> usize {
        self.seen.logons.load(Ordering::SeqCst)
    }

    /// The most of them that were under way at a time; and before one was accepted.
    #[must_use]
    pub fn most(&self) -> (usize, usize) {
        (self.seen.most.load(Ordering::SeqCst), self.seen.most_early.load(Ordering::SeqCst))
    }

    /// How many messages came with credentials to keep.
    #[must_use]
    pub fn delegated(&self) -> usize {
        self.seen.delegated.load(Ordering::SeqCst)
    }

    /// What was given to it then, as it was before it was sealed.
    #[must_use]
    pub fn given(&self) -> Vec<Vec<u8>> {
        self.seen.given.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// `flags` of the request that came last.
    #[must_use]
    pub fn flags(&self) -> usize {
        self.seen.flags.load(Ordering::SeqCst)
    }

    /// What went wrong that is not a client's end.
    #[must_use]
    pub fn errors(&self) -> Vec<String> {
        self.seen.errors.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

async fn serve(
    mut stream: TcpStream,
    tls: &TlsAcceptor,
    accepts: &Accepts,
    seen: &Seen,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut held = Vec::new();
    let Some(request) = next(&mut stream, tpkt::frame, &mut held).await? else { return Ok(()) };
    let negotiation = ConnectionRequest::parse(&request).ok().and_then(|request| request.negotiation);
    seen.flags.store(negotiation.map_or(0, |block| block.flags.0.into()), Ordering::SeqCst);
    let (protocol, flags) = accepts.selects;
    stream.write_all(&confirm(protocol, flags)).await?;
    // Who goes no further than this is no client of a logon.
    let Ok(mut stream) = tls.accept(stream).await else { return Ok(()) };
    if accepts.whole {
        return serve_whole(&mut stream, accepts, seen).await;
    }
    let mut server = Server::new(accepts)?;
    let Some(first) = next(&mut stream, frame, &mut held).await? else { return Ok(()) };
    let challenge = server.server.token(TsRequest::parse(&first)?.nego_token.unwrap_or_default())?;
    let mut answer = TsRequest::of_version(accepts.version);
    answer.nego_token = Some(&challenge);
    send(&mut stream, &answer).await?;
    let Some(second) = next(&mut stream, frame, &mut held).await? else { return Ok(()) };
    let request = TsRequest::parse(&second)?;
    seen.logons.fetch_add(1, Ordering::SeqCst);
    let now = seen.now.fetch_add(1, Ordering::SeqCst) + 1;
    seen.most.fetch_max(now, Ordering::SeqCst);
    if seen.accepted.load(Ordering::SeqCst) == 0 {
        seen.most_early.fetch_max(now, Ordering::SeqCst);
    }
    tokio::time::sleep(accepts.takes).await;
    let judged = server.judge(&request, accepts);
    seen.accepted.fetch_add(usize::from(judged.is_ok()), Ordering::SeqCst);
    seen.now.fetch_sub(1, Ordering::SeqCst);
    if accepts.hangs {
        return Ok(stream.read_to_end(&mut Vec::new()).await.map(drop)?);
    }
    let mut answer = TsRequest::of_version(accepts.version);
    match &judged {
        Ok(proof) => answer.pub_key_auth = Some(proof),
        Err(_) => {
            let Some(refusal) = accepts.refusal else { return Ok(()) };
            // As sspi's own server, with an echo beside it.
            (answer.pub_key_auth, answer.error_code) = (request.pub_key_auth, Some(refusal));
            answer.client_nonce = request.client_nonce;
        }
    }
    send(&mut stream, &answer).await?;
    let Some(third) = next(&mut stream, frame, &mut held).await? else { return Ok(()) };
    let sealed = TsRequest::parse(&third)?.auth_info.ok_or("a TSRequest without authInfo")?;
    seen.delegated.fetch_add(1, Ordering::SeqCst);
    let opened = server.open(sealed)?;
    seen.given.lock().unwrap_or_else(PoisonError::into_inner).push(opened);
    follow(&mut stream, &accepts.behind, held).await
}

/// Does what is to be done behind the logon, and waits then for the client to go.
async fn follow(
    stream: &mut TlsStream<TcpStream>,
    steps: &[Step],
    mut held: Vec<u8>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let route = Route::of(Plan::new(Host::Name(String::new()), 0));
    for step in steps {
        #[expect(clippy::wildcard_enum_match_arm, reason = "what is not known here is not done")]
        match step {
            Step::Expect(due) => {
                let Some(octets) = next(stream, due.framing(), &mut held).await? else {
                    return Err(format!("the client went before its {}", due.name()).into());
                };
                check(0, *due, &octets, None, &route)?;
            }
            Step::Send(octets) => {
                stream.write_all(octets).await?;
                stream.flush().await?;
            }
            Step::Close(Ending::CloseNotify) => return Ok(stream.shutdown().await?),
            Step::Close(Ending::Fin) => return Ok(stream.get_mut().0.shutdown().await?),
            Step::Close(Ending::Reset) => return Ok(stream.get_ref().0.set_zero_linger()?),
            other => return Err(format!("{other:?} has no place behind a logon").into()),
        }
    }
    Ok(stream.read_to_end(&mut Vec::new()).await.map(drop)?)
}

/// The same, where the library's own CredSSP answers.
async fn serve_whole(
    stream: &mut (impl AsyncRead + AsyncWrite + Unpin),
    accepts: &Accepts,
    seen: &Seen,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut server = Whole::new(key(accepts), &accepts.password, accepts.version)?;
    let mut held = Vec::new();
    while let Some(message) = next(stream, frame, &mut held).await? {
        let proves = TsRequest::parse(&message)?.pub_key_auth.is_some();
        seen.logons.fetch_add(usize::from(proves), Ordering::SeqCst);
        let (answer, over) = match server.on(&message)? {
            Made::Answer(answer) => (answer, false),
            Made::Refusal(answer) => (answer, true),
            Made::Delegated => {
                seen.delegated.fetch_add(1, Ordering::SeqCst);
                return Ok(());
            }
        };
        stream.write_all(&answer).await?;
        stream.flush().await?;
        if over {
            break;
        }
    }
    Ok(())
}

/// What a logon is bound to.
fn key(accepts: &Accepts) -> Vec<u8> {
    let chain = accepts.certificate.chain();
    chain.first().and_then(|der| CertificateFacts::subject_public_key(der)).unwrap_or_default()
}

/// The next message; `None` when the client has gone. What stands behind it stays held.
async fn next(
    stream: &mut (impl AsyncRead + Unpin),
    frame: fn(&[u8]) -> Frame,
    held: &mut Vec<u8>,
) -> std::io::Result<Option<Vec<u8>>> {
    loop {
        if let Frame::Whole(length) = frame(held) {
            let rest = held.split_off(length.min(held.len()));
            return Ok(Some(std::mem::replace(held, rest)));
        }
        match stream.read_buf(held).await {
            Ok(0) | Err(_) => return Ok(None),
            Ok(_) => {}
        }
    }
}

async fn send(
    stream: &mut (impl AsyncWrite + Unpin),
    request: &TsRequest<'_>,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut out = Vec::new();
    request.encode(&mut out)?;
    stream.write_all(&out).await?;
    Ok(stream.flush().await?)
}

/// One end of NTLM, and the key that a logon is bound to.
struct Server {
    server: NtlmServer,
    key: Vec<u8>,
}

impl Server {
    fn new(accepts: &Accepts) -> sspi::Result<Self> {
        Ok(Self { server: NtlmServer::new(&accepts.password)?, key: key(accepts) })
    }

    /// Opens what the client has sealed.
    fn open(&mut self, sealed: &[u8]) -> sspi::Result<Vec<u8>> {
        let short = || sspi::Error::new(sspi::ErrorKind::MessageAltered, "too short");
        let (signature, data) = sealed.split_first_chunk::<SIGNATURE>().ok_or_else(short)?;
        let (mut signature, mut data) = (*signature, data.to_vec());
        self.server.ntlm.decrypt_message(&mut [
            SecurityBufferRef::token_buf(&mut signature),
            SecurityBufferRef::data_buf(&mut data),
        ])?;
        Ok(data)
    }

    /// Checks an AUTHENTICATE and what it is bound to, and proves this end.
    fn judge(&mut self, request: &TsRequest<'_>, accepts: &Accepts) -> sspi::Result<Vec<u8>> {
        self.server.token(request.nego_token.unwrap_or_default())?;
        self.server.complete()?;
        let refused = || sspi::Error::new(sspi::ErrorKind::MessageAltered, "another binding");
        let nonce: Option<[u8; 32]> =
            request.client_nonce.map(TryInto::try_into).transpose().map_err(|_| refused())?;
        let bound = |direction: &str, more: u8| {
            // Written here once more: whoever is tested has another one.
            if accepts.version < 5 {
                let (first, rest) = self.key.split_first().unwrap_or((&0, &[]));
                return [&[first.wrapping_add(more)], rest].concat();
            }
            let mut digest = Sha256::new();
            digest.update(format!("CredSSP {direction} Binding Hash\0"));
            digest.update(nonce.unwrap_or_default());
            digest.update(&self.key);
            digest.finalize().to_vec()
        };
        let (theirs, ours) = (bound("Client-To-Server", 0), bound("Server-To-Client", 1));
        if self.open(request.pub_key_auth.unwrap_or_default())? != theirs {
            return Err(refused());
        }
        let (mut signature, mut data) = ([0; SIGNATURE], ours);
        self.server.ntlm.encrypt_message(
            EncryptionFlags::empty(),
            &mut [SecurityBufferRef::token_buf(&mut signature), SecurityBufferRef::data_buf(&mut data)],
        )?;
        Ok([signature.as_slice(), data.as_slice()].concat())
    }
}
