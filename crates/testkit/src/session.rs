//! What a handshake with a scripted target shows, and what octets in its place mean, for a player without sockets.
use std::net::IpAddr;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use rdp_probe_core::wire::tls::{AlertDescription, CipherSuite, Version};
use rdp_probe_core::{
    CertificateFacts, Close, SignatureCheck, TlsBreak, TlsFault, TlsFaultKind, TlsSession, Trust,
    is_cut_disconnect,
};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{
    CertificateError, ClientConfig, ClientConnection, DigitallySignedStruct, RootCertStore, SignatureScheme,
};

use crate::certificate::Kind;
use crate::scenario::{Break, Handshake, Signature};

/// 2026-11-21T00:00:00Z: the day on which every scenario is played that has no clock.
pub(crate) const TODAY_UNIX_MS: i64 = 1_795_219_200_000;

/// What a client of this build sees. `root` is the one that it was given; without it those of a system that does not
/// know the test authority.
pub(crate) fn session(handshake: &Handshake, host: &str, peer: IpAddr, root: Option<&[u8]>) -> TlsSession {
    let kind = handshake.certificate;
    let new = handshake.speaks(Version::TLS_1_3);
    let curve = matches!(kind, Kind::P256 | Kind::P384 | Kind::Ed25519);
    TlsSession {
        version: if new { Version::TLS_1_3 } else { Version::TLS_1_2 },
        // What rustls prefers on both ends.
        cipher: CipherSuite(match (new, curve) {
            (true, _) => 0x1302,
            (false, true) => 0xC02C,
            (false, false) => 0xC030,
        }),
        signature: match handshake.signature {
            Signature::Own if kind.has_its_key() => SignatureCheck::Verified,
            // Nobody here can check one of any other key that is not there.
            Signature::Own | Signature::OtherKey if kind == Kind::WrongKey || kind.has_its_key() => {
                SignatureCheck::Wrong
            }
            Signature::Own | Signature::OtherKey | Signature::Sha1 => SignatureCheck::NotVerifiable,
        },
        trust: trust(kind, host, peer, root),
        chain: kind.chain(),
    }
}

fn trust(kind: Kind, host: &str, peer: IpAddr, root: Option<&[u8]>) -> Option<Trust> {
    let chain: Vec<CertificateDer<'static>> = kind.chain().into_iter().map(CertificateDer::from).collect();
    let (leaf, rest) = chain.split_first()?;
    let (facts, self_issued) = (CertificateFacts::read(leaf), CertificateFacts::is_self_issued(leaf)?);
    let asked = ServerName::try_from(host.to_owned()).ok();
    let named = asked.is_some();
    if self_issued {
        root.filter(|root| *root == &**leaf)?;
        let today = TODAY_UNIX_MS / 1000;
        let trust = match (facts.not_before?..=facts.not_after?).contains(&today) {
            false => Trust::Expired,
            true if facts.matches(host) => Trust::Trusted,
            true => Trust::OtherName,
        };
        return Some(if named { trust } else { trust.unnamed() });
    }
    let Some(root) = root else { return Some(Trust::UnknownIssuer) };
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(root)).ok()?;
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().ok()?;
    let name = asked.unwrap_or_else(|| ServerName::from(peer));
    let now = UnixTime::since_unix_epoch(Duration::from_millis(TODAY_UNIX_MS.unsigned_abs()));
    let trust = match verifier.verify_server_cert(leaf, rest, &name, &[], now) {
        Ok(_) => Trust::Trusted,
        Err(rustls::Error::InvalidCertificate(
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. },
        )) => Trust::OtherName,
        Err(rustls::Error::InvalidCertificate(
            CertificateError::Expired | CertificateError::ExpiredContext { .. },
        )) => Trust::Expired,
        Err(_) => Trust::Refused,
    };
    Some(if named { trust } else { trust.unnamed() })
}

/// What octets in place of a handshake mean, once they mean something: as rustls reads them, which is how every player reads them.
pub(crate) fn fault(held: &[u8]) -> Option<TlsFault> {
    let refusal = refusal(held)?;
    let kind = if let rustls::Error::AlertReceived(alert) = refusal {
        TlsFaultKind::Alert(AlertDescription(u8::from(alert)))
    } else if is_plain(held) {
        // A disconnect is read to its end.
        (!is_cut_disconnect(held)).then_some(TlsFaultKind::NotTls)?
    } else if matches!(refusal, rustls::Error::PeerIncompatible(_)) {
        TlsFaultKind::Incompatible
    } else if matches!(refusal, rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented) {
        TlsFaultKind::BadCertificate
    } else {
        TlsFaultKind::Misbehaved
    };
    Some(seen(kind, held))
}

/// Why a client that has said its ClientHello goes no further with these octets; `None` while it would read on.
fn refusal(held: &[u8]) -> Option<rustls::Error> {
    static CONFIG: LazyLock<Option<Arc<ClientConfig>>> = LazyLock::new(|| {
        let provider = Arc::new(ring::default_provider());
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().ok()?.dangerous();
        let config = builder.with_custom_certificate_verifier(Arc::new(Anybody(provider)));
        Some(Arc::new(config.with_no_client_auth()))
    });
    let name = ServerName::from(IpAddr::from([192, 0, 2, 7]));
    let mut client = ClientConnection::new(Arc::clone(CONFIG.as_ref()?), name).ok()?;
    let mut rest = held;
    // It takes as much at a time as it has room for.
    while !rest.is_empty() {
        client.read_tls(&mut rest).ok()?;
        if let Err(error) = client.process_new_packets() {
            return Some(error);
        }
    }
    None
}

/// Takes anybody for the server, and every signature for good.
#[derive(Debug)]
struct Anybody(Arc<CryptoProvider>);

impl ServerCertVerifier for Anybody {
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
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        let mut schemes = self.0.signature_verification_algorithms.supported_schemes();
        schemes.extend([SignatureScheme::RSA_PKCS1_SHA1, SignatureScheme::ECDSA_SHA1_Legacy]);
        schemes
    }
}

/// What it means that the stream ends while a handshake is under way.
pub(crate) fn ended(how: Close, held: &[u8]) -> TlsFault {
    seen(if is_plain(held) { TlsFaultKind::NotTls } else { TlsFaultKind::Closed(how) }, held)
}

/// What octets mean that stand before a handshake and are the beginning of nothing.
pub(crate) fn misplaced(held: &[u8]) -> TlsFault {
    seen(if is_plain(held) { TlsFaultKind::NotTls } else { TlsFaultKind::Misbehaved }, held)
}

/// What a client makes of a record that breaks a session.
pub(crate) const fn broken(how: Break) -> TlsBreak {
    match how {
        Break::WrongTag => TlsBreak::WrongTag,
        Break::Oversized => TlsBreak::OversizedRecord,
        Break::Flood => TlsBreak::Flood,
    }
}

/// Change cipher spec, alert, handshake: nothing else begins the answer to a ClientHello (RFC 8446 section 5.1).
fn is_plain(held: &[u8]) -> bool {
    held.first().is_some_and(|first| !(20..=22).contains(first))
}

/// As many octets as a driver keeps.
fn seen(kind: TlsFaultKind, held: &[u8]) -> TlsFault {
    TlsFault::new(kind, held.get(..256).unwrap_or(held))
}

#[cfg(test)]
mod tests {
    use crate::certificate::authority;

    use super::*;

    fn kind(held: &[u8]) -> Option<TlsFaultKind> {
        fault(held).map(|fault| fault.kind)
    }

    #[test]
    fn octets_in_place_of_a_handshake_are_told_apart() {
        let alert = [21, 3, 3, 0, 2, 2, 40];
        assert_eq!(kind(&alert), Some(TlsFaultKind::Alert(AlertDescription(40))));
        assert_eq!(kind(&alert[..6]), None);
        assert_eq!(kind(&[21, 3, 3, 0, 2, 1, 0]), None, "close_notify is an end, not a refusal");
        assert_eq!(kind(b"HTTP/1.1 400"), Some(TlsFaultKind::NotTls));
        assert_eq!(
            kind(&[21, 3, 3, 0, 2, 2, 0]),
            Some(TlsFaultKind::Alert(AlertDescription(0))),
            "but at this level"
        );
        assert_eq!(kind(&[21, 3, 3, 0, 2, 115, 0]), Some(TlsFaultKind::Alert(AlertDescription(0))));
        assert_eq!(kind(b"HTT"), Some(TlsFaultKind::NotTls), "no type of a record");
        assert_eq!(kind(&[23, 3, 3]), None);
        assert_eq!(kind(&[3, 0, 0, 9, 2, 0xF0]), None, "half a disconnect");
        assert_eq!(kind(&[3, 0, 0, 9, 2, 0xF0, 0x80, 0x21, 0x80]), Some(TlsFaultKind::NotTls));
        assert_eq!(ended(Close::Fin, b"HTT").kind, TlsFaultKind::NotTls);
        assert_eq!(ended(Close::Reset, &[22, 3, 3]).kind, TlsFaultKind::Closed(Close::Reset));
        assert_eq!(kind(&[22, 9, 9, 9, 9]), Some(TlsFaultKind::Misbehaved));
        assert_eq!(kind(&[21, 3, 3, 0, 9, 2, 40]), None, "no alert, and not whole");
        assert_eq!(kind(&[21, 3, 3, 0, 3, 2, 40, 0]), Some(TlsFaultKind::Misbehaved));
    }

    #[test]
    fn trust_follows_the_roots_the_name_and_the_chain() {
        let trust = |kind, host, roots: bool| {
            trust(kind, host, [127, 0, 0, 1].into(), roots.then(authority).as_deref())
        };
        assert_eq!(trust(Kind::Good, "srv1.lab.test", true), None);
        assert_eq!(trust(Kind::CaSigned, "srv1.lab.test", false), Some(Trust::UnknownIssuer));
        assert_eq!(trust(Kind::CaSigned, "srv1.lab.test", true), Some(Trust::Trusted));
        assert_eq!(trust(Kind::CaSigned, "127.0.0.1", true), Some(Trust::Trusted));
        assert_eq!(trust(Kind::CaSigned, "srv2.lab.test", true), Some(Trust::OtherName));
        // The address is in the certificate, and nobody asked for it.
        assert_eq!(trust(Kind::CaSigned, "srv1-", true), Some(Trust::NoName));
        assert_eq!(trust(Kind::CaSigned, "srv1-", false), Some(Trust::UnknownIssuer));
    }
}
