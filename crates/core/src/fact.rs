//! What was observed, whether or not anything failed.
use std::time::Duration;

use rdp_probe_wire::gcc::{EncryptionLevel, EncryptionMethods, RdpVersion};
use rdp_probe_wire::nego::{FailureCode, Protocols, ResponseFlags};
use rdp_probe_wire::server_certificate::CertificateKind;
use rdp_probe_wire::share::ErrorInfo;
use serde::{Deserialize, Serialize};

use crate::close::DialFault;
use crate::failure::Malformed;
use crate::ntlm::NtlmFacts;
use crate::target::Address;
use crate::tls::{ScoutFacts, TlsFacts};

/// One observed thing, and when. The stage record it stands in tells stage and hop.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fact {
    /// Time since the run began.
    pub at: Duration,
    /// What.
    pub observed: Observed,
}

/// The kinds of facts. No secrets, no payloads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Observed {
    /// The addresses of the name, in the resolver's order, after `-4` and `-6`.
    Addresses(Vec<Address>),
    /// An address that could not be connected.
    AddressFailed {
        /// Which.
        address: Address,
        /// Why.
        fault: DialFault,
    },
    /// Connected.
    Connected {
        /// To whom.
        peer: Address,
        /// From this address, when the driver knows it.
        local: Option<Address>,
    },
    /// The Connection Request offered these protocols.
    Offered(Protocols),
    /// RDP_NEG_RSP.
    Selected {
        /// `selectedProtocol`.
        protocol: Protocols,
        /// `flags`.
        flags: ResponseFlags,
    },
    /// A Connection Confirm without a negotiation block: the server knows none.
    NoNegotiation,
    /// RDP_NEG_FAILURE.
    Refused(FailureCode),
    /// SRC-REF of the Connection Confirm, which differs between implementations.
    SourceReference(u16),
    /// The TLS handshake, and the certificate.
    Tls(Box<TlsFacts>),
    /// What the TLS scout read.
    Scouted(Box<ScoutFacts>),
    /// `version` of the server's TSRequest.
    CredsspVersion(u32),
    /// The NTLM CHALLENGE.
    Challenge(Box<NtlmFacts>),
    /// `supportedVersions` of the RDSTLS Capabilities PDU.
    RdstlsVersions(u16),
    /// The RDS AAD Server Nonce came.
    RdsaadNonce,
    /// What the server says of itself in the MCS Connect Response.
    ServerCore {
        /// `version` of SC_CORE.
        version: RdpVersion,
        /// `clientRequestedProtocols` of SC_CORE: the offer, as it reached the server.
        requested: Option<Protocols>,
        /// Whether channels need not be joined one by one.
        skips_joins: bool,
    },
    /// The channels of the MCS Connect Response.
    Channels {
        /// The I/O channel.
        io: u16,
        /// The message channel.
        message: Option<u16>,
    },
    /// How the server encrypts under Standard RDP Security (SC_SECURITY).
    Encryption {
        /// `encryptionMethod`.
        method: EncryptionMethods,
        /// `encryptionLevel`.
        level: EncryptionLevel,
        /// The server's key; `None` without encryption.
        key: Option<ServerKey>,
    },
    /// Set Error Info, with a code other than ERRINFO_NONE.
    ErrorInfo(ErrorInfo),
    /// Deactivate All.
    Deactivated,
    /// Something in the Connection Confirm that the specification does not have, and that stopped nothing.
    Oddity {
        /// The field.
        field: Oddity,
        /// Its value.
        value: u32,
    },
}

/// The server's key of Standard RDP Security.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ServerKey {
    /// A certificate that could be read.
    Certificate {
        /// Proprietary or X.509.
        kind: CertificateKind,
        /// Whether it is a temporary one.
        temporary: bool,
        /// The size of the RSA key, when it was found.
        bits: Option<u32>,
    },
    /// A certificate that could not: what is wrong with it.
    Unreadable(Malformed),
}

/// The fields of [`Observed::Oddity`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Oddity {
    /// `length` of the negotiation block is not 8.
    BlockLength,
    /// Octets after the negotiation block.
    Surplus,
}
