//! The JSON form of a report: docs/json.md, key by key. Made from a [`crate::Report`], and only to be written.
use std::collections::BTreeMap;

use rdp_probe_core::Evidence;
use serde::Serialize;

#[cfg(feature = "schema")]
use super::schema;

macro_rules! view {
    ($(#[$meta:meta])* pub struct $name:ident { $($(#[$field:meta])* pub $key:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        pub struct $name { $($(#[$field])* pub $key: $type,)* }
    };
}

pub(super) use view;

view! {
    /// The report of one target.
    pub struct ReportView {
        /// Goes up when a key changes its meaning.
        pub schema_version: u32,
        /// What was probed.
        pub target: TargetView,
        /// The verdict.
        pub verdict: VerdictView,
        /// Why the deciding connection ended; null on success.
        pub failure: Option<FailureView>,
        /// Why, likeliest first.
        pub causes: Vec<CauseView>,
        /// What a Windows client would show, likeliest first.
        pub mstsc: Vec<MstscView>,
        /// What else is worth knowing.
        pub findings: Vec<FindingView>,
        /// The main path. A stage stands twice when the server's refusal led to a second connection; the last one counts.
        pub stages: Vec<StageView>,
        /// Further connections.
        pub probes: Vec<ProbeView>,
        /// Every address of the target.
        pub addresses: Vec<AddressView>,
        /// The server's security protocols; null when the negotiation was not reached.
        pub security: Option<SecurityView>,
        /// The TLS handshake, or what the TLS scout read; null when neither came to anything.
        pub tls: Option<TlsView>,
        /// What the server says of itself in CredSSP; null when that was not reached.
        pub server: Option<ServerView>,
        /// What the server answered to the basic settings; null when that was not reached.
        pub mcs: Option<McsView>,
        /// The credentials' own result.
        pub credentials: CredentialsView,
        /// Null: no proxy was used.
        pub proxy: Option<Nothing>,
        /// Null: no KDC was asked.
        pub kdc: Option<Nothing>,
        /// Null: no gateway was used.
        pub gateway: Option<Nothing>,
        /// How long the main path took, in microseconds: the sum of its stages.
        pub duration_us: u64,
        /// Internal, for `--from-report`: what was observed, to be diagnosed again. Not part of the contract.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::evidence"))]
        pub evidence: Evidence,
    }
}

view! {
    /// An object that this version never fills.
    pub struct Nothing {}
}

view! {
    /// What was probed.
    pub struct TargetView {
        /// As it was typed.
        pub input: String,
        /// The host.
        pub host: String,
        /// The port.
        pub port: u16,
        /// The address of the deciding connection; null when there was none.
        pub address: Option<String>,
    }
}

view! {
    /// The verdict.
    pub struct VerdictView {
        /// In one word.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::outcome"))]
        pub outcome: &'static str,
        /// Who a failure is laid at; null on success.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::hop_or_null"))]
        pub hop: Option<&'static str>,
        /// The failing stage; null on success.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::stage_or_null"))]
        pub stage: Option<&'static str>,
        /// The id of the top cause; null on success.
        pub rule: Option<&'static str>,
        /// One sentence.
        pub summary: String,
        /// The exit code.
        pub exit_code: u8,
    }
}

view! {
    /// Why a connection ended.
    pub struct FailureView {
        /// Who it is laid at.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::hop"))]
        pub hop: &'static str,
        /// The stage.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::stage"))]
        pub stage: &'static str,
        /// What was due.
        pub awaiting: &'static str,
        /// What came instead.
        pub kind: &'static str,
        /// How the stream ended, when it did.
        pub close: Option<CloseView>,
        /// The beginning of what had arrived, in hexadecimal.
        pub partial: String,
        /// How many octets had arrived.
        pub partial_len: usize,
        /// Raw codes and their like.
        pub codes: BTreeMap<&'static str, String>,
    }
}

view! {
    /// How a stream ended.
    pub struct CloseView {
        /// fin, reset, close_notify, alert, timed_out, broken or cancelled.
        pub how: &'static str,
        /// The alert's description.
        pub alert: Option<u8>,
        /// The limit that ran out.
        pub limit_us: Option<u64>,
        /// Whether it was the limit of the whole run.
        pub overall: Option<bool>,
        /// The operating system's error number.
        pub os: Option<i32>,
    }
}

view! {
    /// One cause.
    pub struct CauseView {
        /// The id.
        pub rule: &'static str,
        /// Why.
        pub cause: String,
        /// What to do.
        pub remedy: String,
        /// The Windows event to look for on the target.
        pub event: Option<&'static str>,
        /// How it is known.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::basis"))]
        pub basis: &'static str,
    }
}

view! {
    /// What a Windows client would show.
    pub struct MstscView {
        /// "Error code"; null when unknown.
        pub code: Option<String>,
        /// "Extended error code"; null when unknown.
        pub extended: Option<String>,
        /// The HRESULT of an authentication error.
        pub status: Option<String>,
        /// What is shown instead of a number.
        pub text: Option<&'static str>,
        /// How probable.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::likelihood"))]
        pub likelihood: &'static str,
        /// How that is known.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::basis"))]
        pub basis: &'static str,
    }
}

view! {
    /// One finding.
    pub struct FindingView {
        /// The id.
        pub id: &'static str,
        /// info or warning.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::severity"))]
        pub severity: &'static str,
        /// One sentence.
        pub text: String,
        /// What to do.
        pub remedy: String,
    }
}

view! {
    /// One stage.
    pub struct StageView {
        /// The id.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::stage"))]
        pub stage: &'static str,
        /// Whom it talks to.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::hop"))]
        pub hop: &'static str,
        /// How it ended.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::stage_outcome"))]
        pub outcome: &'static str,
        /// Why it was not tried, or what followed its failure.
        pub why: Option<&'static str>,
        /// When it began, since the run began; null when it did not.
        pub started_us: Option<u64>,
        /// How long it took; null when it did not begin.
        pub duration_us: Option<u64>,
        /// What was observed in it.
        pub facts: Vec<FactView>,
    }
}

view! {
    /// One observed thing.
    pub struct FactView {
        /// When, since the run began.
        pub at_us: u64,
        /// What.
        pub fact: &'static str,
        /// Its values.
        pub detail: BTreeMap<&'static str, String>,
    }
}

view! {
    /// One further connection.
    pub struct ProbeView {
        /// What it was for: `address`, `fallback`, `enumerate` and the mask, or `tls scout`.
        pub purpose: String,
        /// The security protocols that it offered.
        pub offered: String,
        /// Whom it was connected to.
        pub address: Option<String>,
        /// Its stages.
        pub stages: Vec<StageView>,
        /// Why it ended, if it did.
        pub failure: Option<FailureView>,
    }
}

view! {
    /// One address of the target.
    pub struct AddressView {
        /// The address.
        pub address: String,
        /// The stage that failed; null when none did.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::stage_or_null"))]
        pub stage: Option<&'static str>,
        /// The verdict's words, or `not_tried`.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::address_outcome"))]
        pub outcome: &'static str,
    }
}

view! {
    /// The server's security protocols.
    pub struct SecurityView {
        /// Whether Network Level Authentication is required.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::nla"))]
        pub nla: &'static str,
        /// Each protocol.
        pub protocols: ProtocolsView,
        /// Each encryption method of Standard RDP Security.
        pub encryption_methods: MethodsView,
        /// Whether the server says that it supports Restricted Admin; null when it did not say.
        pub restricted_admin: Option<bool>,
        /// Whether the server says that it supports Remote Credential Guard; null when it did not say.
        pub remote_credential_guard: Option<bool>,
    }
}

view! {
    /// `offered`, `refused` or `unknown` for each protocol.
    pub struct ProtocolsView {
        /// Standard RDP Security.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub rdp: &'static str,
        /// TLS.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub ssl: &'static str,
        /// CredSSP.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub hybrid: &'static str,
        /// CredSSP with Early User Authorization.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub hybrid_ex: &'static str,
        /// RDSTLS.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub rdstls: &'static str,
        /// RDS AAD.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub rdsaad: &'static str,
    }
}

view! {
    /// `offered`, `refused` or `unknown` for each encryption method of Standard RDP Security.
    pub struct MethodsView {
        /// RC4 with 40 bits.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub bits_40: &'static str,
        /// RC4 with 56 bits.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub bits_56: &'static str,
        /// RC4 with 128 bits.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub bits_128: &'static str,
        /// Triple DES.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub fips: &'static str,
    }
}

view! {
    /// What the server answered to the basic settings (MCS Connect Response).
    pub struct McsView {
        /// `version` of its core data, raw.
        pub rdp_version: Option<String>,
        /// The protocol versions that this stands for.
        pub rdp: Option<&'static str>,
        /// The security offer as it reached the server; another one than was sent is finding `negotiation-altered`.
        pub requested_protocols: Option<String>,
        /// Whether channels need not be joined one by one.
        pub skips_channel_joins: Option<bool>,
        /// The I/O channel.
        pub io_channel: Option<u16>,
        /// The message channel.
        pub message_channel: Option<u16>,
        /// The encryption of RDP itself; `none` under TLS.
        pub encryption: Option<EncryptionView>,
    }
}

view! {
    /// The encryption of Standard RDP Security.
    pub struct EncryptionView {
        /// The method that the server chose, by its name or its number.
        pub method: String,
        /// The level, by its name or its number.
        pub level: String,
        /// The server's key in words; null without encryption.
        pub key: Option<String>,
        /// The size of the server's RSA key.
        pub key_bits: Option<u32>,
    }
}

view! {
    /// The TLS handshake, or what the TLS scout read of one.
    pub struct TlsView {
        /// `handshake`, or `scout`: then there was no handshake, and the certificate was read in the clear.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::tls_source"))]
        pub source: &'static str,
        /// The version, such as `1.3`.
        pub version: String,
        /// The suite, by its name or its number.
        pub cipher: String,
        /// The server's certificate; null when it was not sent in the clear, or cannot be read.
        pub certificate: Option<CertificateView>,
        /// Whether the server proved that it holds the certificate's key; null when that cannot be told.
        pub signature_verified: Option<bool>,
    }
}

view! {
    /// A certificate.
    pub struct CertificateView {
        /// The subject.
        pub subject: String,
        /// The issuer.
        pub issuer: String,
        /// Serial number in hexadecimal.
        pub serial: String,
        /// Names and addresses that it stands for.
        pub names: Vec<String>,
        /// RFC 3339.
        pub not_before: Option<String>,
        /// RFC 3339.
        pub not_after: Option<String>,
        /// Whole days until it expires; negative when it has. Null when this computer's time is not known.
        pub days_left: Option<i64>,
        /// Whether subject and issuer are the same.
        pub self_signed: bool,
        /// Whether one of its names is the one that was asked for.
        pub name_matches: bool,
        /// Whether it leads to a trusted root for that name; null when that was not looked at.
        pub trusted: Option<bool>,
        /// The key, such as `RSA 2048`.
        pub key: String,
        /// The signature's algorithm.
        pub signature: String,
        /// Extended key usages as object identifiers; null without the extension.
        pub extended_key_usage: Option<Vec<String>>,
        /// SHA-1, in the form of the registry's SSLCertificateSHA1Hash.
        pub sha1: String,
        /// SHA-256: what `--pin` takes.
        pub sha256: String,
        /// How many certificates were sent.
        pub chain_length: usize,
    }
}

view! {
    /// What the server says of itself in its NTLM CHALLENGE.
    pub struct ServerView {
        /// NetBIOS name of the computer.
        pub netbios_computer: Option<String>,
        /// NetBIOS name of the domain; the computer's own in a workgroup.
        pub netbios_domain: Option<String>,
        /// DNS name of the computer.
        pub dns_computer: Option<String>,
        /// DNS name of the domain.
        pub dns_domain: Option<String>,
        /// DNS name of the forest.
        pub dns_tree: Option<String>,
        /// Version and build; a constant of the library on servers that are no Windows.
        pub os_build: Option<String>,
        /// How far the server's clock is ahead of this computer's.
        pub clock_skew_ms: Option<i64>,
        /// `version` of its TSRequest.
        pub credssp_version: Option<u32>,
        /// Which product has this build: a guess.
        pub guess: Option<&'static str>,
    }
}

view! {
    /// The credentials' own result.
    pub struct CredentialsView {
        /// `not_tried` in this version.
        pub result: &'static str,
        /// The mechanism.
        pub method: Option<&'static str>,
        /// The status.
        pub status: Option<String>,
    }
}

#[cfg(feature = "schema")]
impl ReportView {
    /// The JSON Schema of the report, from these types: what docs/report.schema.json holds.
    #[must_use]
    pub fn schema() -> schemars::Schema {
        let mut schema = schemars::schema_for!(Self);
        // A report is one without its evidence too: older versions wrote none.
        if let Some(required) = schema.get_mut("required").and_then(|required| required.as_array_mut()) {
            required.retain(|key| key != "evidence");
        }
        schema
    }
}
