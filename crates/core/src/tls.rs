//! What a TLS handshake showed, or how it failed, in the driver's words translated once.
use rdp_probe_wire::mcs::DisconnectProviderUltimatum;
use rdp_probe_wire::tls::{AlertDescription, CipherSuite, NamedGroup, SignatureScheme, Version, is_offered};
use rdp_probe_wire::tpkt::{self, Frame};
use serde::{Deserialize, Serialize};

use crate::certificate::CertificateFacts;
use crate::close::Close;
use crate::octets::Octets;

/// A completed handshake, as the driver reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "every driver fills all of it")]
pub struct TlsSession {
    /// The version that was agreed on.
    pub version: Version,
    /// The suite that was agreed on.
    pub cipher: CipherSuite,
    /// The server's certificates in DER, its own first, as they were sent.
    pub chain: Vec<Vec<u8>>,
    /// Whether the server proved that it holds the certificate's key.
    pub signature: SignatureCheck,
    /// Whether the chain leads to a root this computer trusts, for the name that was asked; `None` when that was not looked at.
    pub trust: Option<Trust>,
}

/// Whether the handshake's signature is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignatureCheck {
    /// It is.
    Verified,
    /// This build cannot tell: a key or a scheme that it does not know. Says nothing against the server.
    NotVerifiable,
    /// It is not: somebody else's certificate.
    Wrong,
}

impl SignatureCheck {
    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::NotVerifiable => "not_verifiable",
            Self::Wrong => "wrong",
        }
    }

    /// Whether the server proved that it holds the key; `None` when that cannot be told.
    #[must_use]
    pub const fn proven(self) -> Option<bool> {
        match self {
            Self::Verified => Some(true),
            Self::Wrong => Some(false),
            Self::NotVerifiable => None,
        }
    }
}

/// What the chain is worth on this computer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Trust {
    /// It leads to a trusted root.
    Trusted,
    /// It leads nowhere that is trusted here.
    UnknownIssuer,
    /// It is expired or not yet valid.
    Expired,
    /// It is for other names.
    OtherName,
    /// It leads to a trusted root, but TLS cannot carry the name that was asked: nothing can be for it.
    NoName,
    /// It is refused for another reason.
    Refused,
}

impl Trust {
    /// What is left of it where the name that was asked is one that TLS cannot carry, and the address stood in for it.
    #[must_use]
    pub const fn unnamed(self) -> Self {
        match self {
            Self::Trusted | Self::OtherName | Self::NoName => Self::NoName,
            Self::UnknownIssuer | Self::Expired | Self::Refused => self,
        }
    }
}

/// A completed handshake, as it stands in the evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TlsFacts {
    /// The version.
    pub version: Version,
    /// The suite.
    pub cipher: CipherSuite,
    /// The server's own certificate; `None` when it could not be read or was not sent.
    pub certificate: Option<CertificateFacts>,
    /// How many certificates were sent.
    pub chain_length: usize,
    /// Whether the server proved that it holds the key.
    pub signature: SignatureCheck,
    /// What the chain is worth here.
    pub trust: Option<Trust>,
}

impl From<TlsSession> for TlsFacts {
    fn from(session: TlsSession) -> Self {
        let TlsSession { version, cipher, chain, signature, trust } = session;
        let certificate = chain.first().map(|der| CertificateFacts::read(der));
        Self { version, cipher, certificate, chain_length: chain.len(), signature, trust }
    }
}

/// Why a handshake did not come to its end.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct TlsFault {
    /// What happened.
    pub kind: TlsFaultKind,
    /// The first octets that came in place of, or of, the server's answer.
    pub received: Octets,
}

impl TlsFaultKind {
    /// As it would have been seen without a tunnel.
    #[must_use]
    pub const fn without_tunnel(self) -> Self {
        if let Self::Closed(how) = self { Self::Closed(how.without_tunnel()) } else { self }
    }
}

impl TlsFault {
    /// Whether the peer refused the hello, by an alert, by its end, or by a disconnect in the clear. A fault of the protocol, of this
    /// computer, or of what both cannot do is none: it comes again.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        match self.kind.without_tunnel() {
            TlsFaultKind::Alert(_)
            | TlsFaultKind::Closed(
                Close::Fin | Close::Reset | Close::CloseNotify | Close::Broken { .. } | Close::Alert(_),
            ) => true,
            TlsFaultKind::NotTls => self.is_disconnect(),
            TlsFaultKind::Closed(_)
            | TlsFaultKind::Incompatible
            | TlsFaultKind::BadCertificate
            | TlsFaultKind::Misbehaved
            | TlsFaultKind::Local => false,
        }
    }

    /// Whether what came is a disconnect in the clear, as xrdp says that it cannot use its key. One whose length lies is none: how
    /// much of it is read tells nothing of the server.
    #[must_use]
    pub fn is_disconnect(&self) -> bool {
        let octets = self.received.as_slice();
        let Frame::Whole(length) = tpkt::frame(octets) else { return false };
        octets.get(..length).is_some_and(|pdu| DisconnectProviderUltimatum::parse(pdu).is_ok())
    }

    /// A fault.
    #[must_use]
    pub fn new(kind: TlsFaultKind, received: &[u8]) -> Self {
        Self { kind, received: Octets::of(received) }
    }
}

/// The kinds of [`TlsFault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum TlsFaultKind {
    /// The stream ended.
    Closed(Close),
    /// The server sent a fatal alert.
    Alert(AlertDescription),
    /// What came is no TLS.
    NotTls,
    /// The server wants a version, suite or extension that this build does not have.
    Incompatible,
    /// The server broke the protocol, or sent what cannot be read.
    Misbehaved,
    /// The server's certificate cannot be read at all.
    BadCertificate,
    /// The handshake could not begin here.
    Local,
}

impl TlsFaultKind {
    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Closed(_) => "closed",
            Self::Alert(_) => "alert",
            Self::NotTls => "not_tls",
            Self::Incompatible => "incompatible",
            Self::Misbehaved => "misbehaved",
            Self::BadCertificate => "bad_certificate",
            Self::Local => "local",
        }
    }
}

/// What the TLS scout read in the clear: the first flight of a server, without a handshake.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScoutFacts {
    /// The version of the ServerHello.
    pub version: Version,
    /// Its suite.
    pub cipher: CipherSuite,
    /// The certificate that followed it in the clear (TLS 1.2 and before).
    pub certificate: Option<CertificateFacts>,
    /// How many certificates followed.
    pub chain_length: usize,
    /// The group of the key exchange, when it was told in the clear.
    #[serde(default)]
    pub group: Option<NamedGroup>,
    /// How the key exchange was signed, when that was told in the clear (TLS 1.2).
    #[serde(default)]
    pub signature: Option<SignatureScheme>,
}

/// Whether this build speaks what a server chose of everything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Spoken {
    /// Version and suite.
    Here,
    /// SSL 3.0, or what is older.
    Ssl3,
    /// A suite that the scout did not offer.
    NotOffered,
    /// TLS 1.2, and a suite that protects nothing: RC4, DES, export keys, no encryption.
    InsecureSuite,
    /// TLS 1.0 or 1.1.
    OldVersion,
    /// TLS 1.2, and a suite without forward secrecy or with CBC.
    OldSuite,
}

impl ScoutFacts {
    /// Facts of a ServerHello and what followed it.
    #[must_use]
    pub const fn new(
        version: Version,
        cipher: CipherSuite,
        certificate: Option<CertificateFacts>,
        chain_length: usize,
    ) -> Self {
        Self { version, cipher, certificate, chain_length, group: None, signature: None }
    }

    /// The same, with what was said of the key exchange.
    #[must_use]
    pub fn with_key_exchange(self, group: Option<NamedGroup>, signature: Option<SignatureScheme>) -> Self {
        Self { group, signature, ..self }
    }

    /// The group that this build lacks, of what the server chose.
    #[must_use]
    pub fn missing_group(&self) -> Option<NamedGroup> {
        self.group.filter(|group| !SPOKEN_GROUPS.contains(&group.0))
    }

    /// The signature scheme that this build lacks, of what the server chose.
    #[must_use]
    pub fn missing_signature(&self) -> Option<SignatureScheme> {
        self.signature.filter(|scheme| !is_spoken(*scheme))
    }

    /// Whether this build could have agreed on version and suite.
    #[must_use]
    pub fn is_spoken_here(&self) -> bool {
        self.spoken() == Spoken::Here
    }

    /// Whether this build could have agreed on version and suite; why not, otherwise.
    #[must_use]
    pub fn spoken(&self) -> Spoken {
        let modern = self.version.0 >= Version::TLS_1_3.0 && self.cipher.0 >> 8 == 0x13;
        let name = self.cipher.name().unwrap_or_default();
        let insecure = ["_RC4_", "_EXPORT_", "_WITH_NULL_", "_WITH_DES_", "_anon_"];
        if modern || (self.version == Version::TLS_1_2 && SPOKEN.contains(&self.cipher.0)) {
            Spoken::Here
        } else if self.version.0 < Version::TLS_1_0.0 {
            Spoken::Ssl3
        } else if !is_offered(self.cipher) {
            Spoken::NotOffered
        } else if self.version.0 < Version::TLS_1_2.0 {
            Spoken::OldVersion
        } else if insecure.iter().any(|word| name.contains(word)) {
            Spoken::InsecureSuite
        } else {
            Spoken::OldSuite
        }
    }
}

/// Whether this build can check what is signed so.
pub(crate) fn is_spoken(scheme: SignatureScheme) -> bool {
    SPOKEN_SIGNATURES.contains(&scheme.0)
}

/// The groups of this build: X25519, P-256, P-384.
const SPOKEN_GROUPS: [u16; 3] = [0x001D, 0x0017, 0x0018];

/// The signature schemes of this build: ECDSA on P-256 and P-384, Ed25519, RSA with SHA-256 and more.
const SPOKEN_SIGNATURES: [u16; 9] = [0x0403, 0x0503, 0x0807, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601];

/// The TLS 1.2 suites of this build: ECDHE with AES-GCM or ChaCha20-Poly1305.
const SPOKEN: [u16; 6] = [0xC02B, 0xC02C, 0xC02F, 0xC030, 0xCCA8, 0xCCA9];
