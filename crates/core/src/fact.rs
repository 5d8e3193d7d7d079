//! What was observed, whether or not anything failed.
use std::fmt;
use std::time::Duration;

use rdp_probe_wire::early_user_auth::EarlyUserAuthorizationResult;
use rdp_probe_wire::gcc::{EncryptionLevel, EncryptionMethods, RdpVersion};
use rdp_probe_wire::nego::{FailureCode, Protocols, ResponseFlags};
use rdp_probe_wire::server_certificate::CertificateKind;
use rdp_probe_wire::share::{ErrorInfo, OsMajorType, OsMinorType};
use serde::{Deserialize, Serialize};

use crate::auth::{AuthMethod, Delegated};
use crate::close::DialFault;
use crate::failure::Malformed;
use crate::field::{Fields, hex};
use crate::gateway::GatewayFact;
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
    /// So many octets came in the clear between the Connection Confirm and the handshake, where nothing is due from a server.
    OctetsBeforeTls(usize),
    /// The TLS handshake, and the certificate.
    Tls(Box<TlsFacts>),
    /// What the TLS scout read.
    Scouted(Box<ScoutFacts>),
    /// `version` of the server's TSRequest.
    CredsspVersion(u32),
    /// The NTLM CHALLENGE.
    Challenge(Box<NtlmFacts>),
    /// The logon went out: from here on every end but the server's proof is a refusal.
    LogonSent(AuthMethod),
    /// The server proved that it has the key of the session, and knows the credentials.
    LogonAccepted,
    /// What was given to the server then.
    Delegated(Delegated),
    /// The Early User Authorization Result.
    EarlyUserAuth(EarlyUserAuthorizationResult),
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
    /// The server attached the user (Attach User Confirm): it joins channels as this one.
    Attached {
        /// `initiator`.
        user: u16,
    },
    /// The server let the user join this channel (Channel Join Confirm).
    Joined {
        /// `channelId`.
        channel: u16,
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
    /// The server asked for a licence (Server License Request).
    LicenseRequest {
        /// `pbProductId`.
        product: String,
        /// `dwVersion` of the product: the major version in the upper 16 bits.
        version: u32,
        /// `ScopeCount`.
        scopes: u32,
    },
    /// How licensing ended, where it did well.
    Licensing(Licensed),
    /// Demand Active: what the server says of itself and of the session.
    Demanded {
        /// `osMajorType` and `osMinorType` of the General set.
        os: Option<(OsMajorType, OsMinorType)>,
        /// `desktopWidth` and `desktopHeight` of the Bitmap set, in pixels.
        desktop: Option<(u16, u16)>,
        /// `preferredBitsPerPixel` of the Bitmap set.
        depth: Option<u16>,
        /// How many capability sets there are.
        sets: u16,
    },
    /// So many messages came that nobody waited for.
    Skipped(u16),
    /// Set Error Info, with a code other than ERRINFO_NONE.
    ErrorInfo(ErrorInfo),
    /// Deactivate All.
    Deactivated,
    /// Something about a gateway.
    Gateway(GatewayFact),
    /// This computer did not run for so long: stopped, suspended, or without a turn. No limit counts that time.
    StoodStill(Duration),
    /// Something in the Connection Confirm that the specification does not have, and that stopped nothing.
    Oddity {
        /// The field.
        field: Oddity,
        /// Its value.
        value: u32,
    },
}

impl Observed {
    /// The id in reports.
    #[must_use]
    pub const fn id(&self) -> &'static str {
        match self {
            Self::Addresses(_) => "addresses",
            Self::AddressFailed { .. } => "address_failed",
            Self::Connected { .. } => "connected",
            Self::Offered(_) => "offered",
            Self::Selected { .. } => "selected",
            Self::NoNegotiation => "no_negotiation",
            Self::Refused(_) => "refused",
            Self::SourceReference(_) => "source_reference",
            Self::OctetsBeforeTls(_) => "octets_before_tls",
            Self::Tls(_) => "tls",
            Self::Scouted(_) => "server_hello",
            Self::CredsspVersion(_) => "credssp_version",
            Self::Challenge(_) => "challenge",
            Self::LogonSent(_) => "logon_sent",
            Self::LogonAccepted => "logon_accepted",
            Self::Delegated(_) => "delegated",
            Self::EarlyUserAuth(_) => "early_user_auth",
            Self::RdstlsVersions(_) => "rdstls_versions",
            Self::RdsaadNonce => "rdsaad_nonce",
            Self::ServerCore { .. } => "server_core",
            Self::Channels { .. } => "channels",
            Self::Attached { .. } => "user_attached",
            Self::Joined { .. } => "channel_joined",
            Self::Encryption { .. } => "encryption",
            Self::LicenseRequest { .. } => "license_request",
            Self::Licensing(_) => "licensing",
            Self::Demanded { .. } => "demand_active",
            Self::Skipped(_) => "messages_skipped",
            Self::ErrorInfo(_) => "error_info",
            Self::Deactivated => "deactivate_all",
            Self::Gateway(fact) => fact.id(),
            Self::StoodStill(_) => "stood_still",
            Self::Oddity { .. } => "oddity",
        }
    }

    /// How long this computer stood still.
    #[must_use]
    pub const fn lost(&self) -> Duration {
        if let Self::StoodStill(lost) = self { *lost } else { Duration::ZERO }
    }

    /// Its values in reports.
    pub fn fields(&self) -> Fields {
        let none = Fields::none;
        match self {
            Self::Addresses(addresses) => none().with("addresses", list(addresses)),
            Self::AddressFailed { address, fault } => fault.fields().with("address", address),
            Self::Connected { peer, local } => none().with("peer", peer).maybe("local", *local),
            Self::Offered(protocols) => none().code("protocols", protocols.0),
            Self::Selected { protocol, flags } => none().code("protocol", protocol.0).code("flags", flags.0),
            Self::Refused(code) => none().code("failure_code", code.0).maybe("name", code.name()),
            Self::SourceReference(reference) => none().code("value", *reference),
            Self::OctetsBeforeTls(count) => none().with("count", count),
            Self::Tls(facts) => {
                let sha256 = facts.certificate.as_ref().map(|certificate| &certificate.sha256);
                let suite = none().code("version", facts.version.0).code("cipher", facts.cipher.0);
                suite.with("chain_length", facts.chain_length).maybe("sha256", sha256)
            }
            Self::Scouted(facts) => {
                let sha256 = facts.certificate.as_ref().map(|certificate| &certificate.sha256);
                let suite = none().code("version", facts.version.0).code("cipher", facts.cipher.0);
                suite
                    .maybe_code("group", facts.group.map(|group| group.0))
                    .maybe_code("signature", facts.signature.map(|scheme| scheme.0))
                    .maybe("sha256", sha256)
            }
            Self::CredsspVersion(version) => none().with("value", version),
            Self::Challenge(facts) => none()
                .maybe("netbios_computer", facts.netbios_computer.as_ref())
                .maybe("dns_computer", facts.dns_computer.as_ref()),
            Self::Delegated(what) => none().with("what", what.id()),
            Self::EarlyUserAuth(result) => none().code("value", result.0).maybe("name", result.name()),
            Self::LogonSent(method) => none().with("method", method.id()),
            Self::RdstlsVersions(versions) => none().code("value", *versions),
            Self::ServerCore { version, requested, skips_joins } => none()
                .code("version", version.0)
                .with("skips_joins", skips_joins)
                .maybe("rdp", version.name())
                .maybe_code("requested", requested.map(|requested| requested.0)),
            Self::Channels { io, message } => none().with("io", io).maybe("message", *message),
            Self::Attached { user } => none().with("user", user),
            Self::Joined { channel } => none().with("channel", channel),
            Self::Encryption { method, level, key } => {
                none().code("method", method.0).with("level", level.0).maybe("key", key.as_ref())
            }
            Self::LicenseRequest { product, version, scopes } => {
                none().with("product", product).code("version", *version).with("scopes", scopes)
            }
            Self::Licensing(how) => none().with("how", how.id()),
            Self::Demanded { os, desktop, depth, sets } => none()
                .maybe("os", os.and_then(|(major, _)| major.name()))
                .maybe_code("os_major", os.map(|(major, _)| major.0))
                .maybe_code("os_minor", os.map(|(_, minor)| minor.0))
                .maybe("width", desktop.map(|(width, _)| width))
                .maybe("height", desktop.map(|(_, height)| height))
                .maybe("depth", *depth)
                .with("sets", sets),
            Self::Skipped(count) => none().with("count", count),
            Self::ErrorInfo(code) => none().code("code", code.0),
            Self::Oddity { field, value } => none().with("field", field.id()).with("value", value),
            Self::Gateway(fact) => fact.fields(),
            Self::StoodStill(lost) => none().with("lost_us", lost.as_micros()),
            Self::NoNegotiation | Self::RdsaadNonce | Self::Deactivated | Self::LogonAccepted => none(),
        }
    }

    /// What it says of its stage in a few words; `None` for what is a detail.
    #[must_use]
    pub fn in_brief(&self) -> Option<String> {
        match self {
            Self::Addresses(addresses) => Some(list(addresses)),
            Self::Connected { peer, .. } => Some(peer.to_string()),
            Self::AddressFailed { address, fault } => {
                Some(format!("{address} {}", fault.kind.id().replace('_', " ")))
            }
            Self::Selected { protocol, .. } => Some(match protocol.title() {
                Some(title) => format!("selected {title}"),
                None => format!("selected {}", hex(protocol.0)),
            }),
            Self::Refused(code) => Some(format!("{} ({})", code.name().unwrap_or("refused"), hex(code.0))),
            Self::NoNegotiation => Some("no negotiation".to_owned()),
            Self::ServerCore { version, .. } => {
                Some(format!("RDP {}", version.name().map_or_else(|| hex(version.0), str::to_owned)))
            }
            Self::Encryption { method: EncryptionMethods::NONE, .. } => None,
            Self::Encryption { key, .. } => key.as_ref().map(ToString::to_string),
            Self::Licensing(how) => Some(how.text().to_owned()),
            // Not the operating system that it gives: xrdp gives Windows.
            Self::Demanded { desktop, .. } => {
                desktop.map(|(width, height)| format!("a desktop of {width} x {height}"))
            }
            Self::Delegated(Delegated::Password) => Some("the password was given to the server".to_owned()),
            Self::Delegated(Delegated::Nothing) => Some("nothing was given to the server".to_owned()),
            Self::EarlyUserAuth(EarlyUserAuthorizationResult::SUCCESS) => {
                Some("may log on remotely".to_owned())
            }
            Self::LogonAccepted => Some("the credentials are right".to_owned()),
            Self::Challenge(facts) => facts.dns_computer.clone().or_else(|| facts.netbios_computer.clone()),
            Self::Gateway(fact) => fact.in_brief(),
            Self::StoodStill(lost) => {
                Some(format!("this computer stood still for {:.1} s", lost.as_secs_f32()))
            }
            Self::Offered(_)
            | Self::SourceReference(_)
            | Self::OctetsBeforeTls(_)
            | Self::Tls(_)
            | Self::Scouted(_)
            | Self::CredsspVersion(_)
            | Self::LogonSent(_)
            | Self::EarlyUserAuth(_)
            | Self::RdstlsVersions(_)
            | Self::RdsaadNonce
            | Self::Channels { .. }
            | Self::Attached { .. }
            | Self::Joined { .. }
            | Self::LicenseRequest { .. }
            | Self::Skipped(_)
            | Self::ErrorInfo(_)
            | Self::Deactivated
            | Self::Oddity { .. } => None,
        }
    }
}

fn list(addresses: &[Address]) -> String {
    addresses.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// How licensing ended well.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Licensed {
    /// STATUS_VALID_CLIENT: no licence is needed, or the server lets the client in without.
    ValidClient,
    /// The server issued a licence, which nobody had asked it for.
    NewLicense,
    /// The server renewed one.
    UpgradeLicense,
    /// A Platform Challenge: the server issues licences, and this one was declined.
    PlatformChallenge,
    /// The server went on without a word of licensing.
    LeftOut,
}

impl Licensed {
    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::ValidClient => "valid_client",
            Self::NewLicense => "new_license",
            Self::UpgradeLicense => "upgrade_license",
            Self::PlatformChallenge => "platform_challenge",
            Self::LeftOut => "left_out",
        }
    }

    /// The same in a few words.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::ValidClient => "no licence is needed",
            Self::NewLicense => "a licence came",
            Self::UpgradeLicense => "a renewed licence came",
            Self::PlatformChallenge => "the server issues licences; none was taken",
            Self::LeftOut => "the server does without",
        }
    }
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

impl ServerKey {
    /// The size of the RSA key, when it was found.
    #[must_use]
    pub const fn bits(&self) -> Option<u32> {
        match self {
            Self::Certificate { bits, .. } => *bits,
            Self::Unreadable(_) => None,
        }
    }
}

impl fmt::Display for ServerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Certificate { kind, temporary, bits } => {
                match bits {
                    Some(bits) => write!(f, "{}, RSA {bits}", kind.name())?,
                    None => write!(f, "{}, of unknown size", kind.name())?,
                }
                f.write_str(if *temporary { ", temporary" } else { "" })
            }
            Self::Unreadable(error) => write!(f, "unreadable: {error}"),
        }
    }
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

impl Oddity {
    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::BlockLength => "block_length",
            Self::Surplus => "surplus",
        }
    }
}
