//! The JSON form of a report: docs/json.md, key by key. Made from a [`crate::Report`], and only to be written.
use std::collections::BTreeMap;

use rdp_probe_core::Evidence;
use serde::Serialize;

#[cfg(feature = "schema")]
use super::schema;

/// The version of the JSON form. It goes up when a key changes its meaning; adding keys does not change it.
pub const SCHEMA_VERSION: u32 = 1;

macro_rules! view {
    ($(#[$meta:meta])* $vis:vis struct $name:ident { $($(#[$field:meta])* $key_vis:vis $key:ident: $type:ty,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize)]
        #[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
        #[non_exhaustive]
        $vis struct $name { $($(#[$field])* $key_vis $key: $type,)* }
    };
}

pub(super) use view;

view! {
    /// The report of one target.
    pub(super) struct ReportView {
        /// Goes up when a key changes its meaning.
        pub(super) schema_version: u32,
        /// When the run began, as RFC 3339 has it; null when this computer's time is not known.
        pub(super) made_at: Option<String>,
        /// By which program and version it was made; null in what is made of a report that did not say so.
        pub(super) made_by: Option<String>,
        /// What was probed.
        pub(super) target: TargetView,
        /// The verdict.
        pub(super) verdict: VerdictView,
        /// Why the deciding connection ended; null on success.
        pub(super) failure: Option<FailureView>,
        /// Why, likeliest first.
        pub(super) causes: Vec<CauseView>,
        /// What a Windows client would show, likeliest first.
        pub(super) mstsc: Vec<MstscView>,
        /// What else is worth knowing.
        pub(super) findings: Vec<FindingView>,
        /// The main path. A stage stands twice when the server's refusal led to a second connection; the last one counts.
        pub(super) stages: Vec<StageView>,
        /// Further connections.
        pub(super) probes: Vec<ProbeView>,
        /// Every address of the target.
        pub(super) addresses: Vec<AddressView>,
        /// The server's security protocols; null when the negotiation was not reached.
        pub(super) security: Option<SecurityView>,
        /// The TLS handshake, or what the TLS scout read; null when neither came to anything.
        pub(super) tls: Option<TlsView>,
        /// What the server says of itself in CredSSP; null when that was not reached.
        pub(super) server: Option<ServerView>,
        /// What the server answered to the basic settings; null when that was not reached.
        pub(super) mcs: Option<McsView>,
        /// What the server said of licences; null where it said nothing, or nobody went as deep.
        pub(super) licensing: Option<LicensingView>,
        /// The credentials' own result.
        pub(super) credentials: CredentialsView,
        /// Null: no proxy was used.
        pub(super) proxy: Option<Nothing>,
        /// Null: no KDC was asked.
        pub(super) kdc: Option<Nothing>,
        /// The RD Gateway on the way; null without one, and where the target was reached without it.
        pub(super) gateway: Option<GatewayView>,
        /// What became of what was expected (`--expect`); empty where nothing was.
        pub(super) expectations: Vec<ExpectationView>,
        /// What has changed since a baseline (`--baseline`); null without one, and where that does not know the target.
        pub(super) changes: Option<ComparedView>,
        /// How long the main path took, in microseconds: the sum of its stages.
        pub(super) duration_us: u64,
        /// Internal, for `--from-report`: what was observed, to be diagnosed again. Not part of the contract.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::evidence"))]
        pub(super) evidence: Evidence,
    }
}

view! {
    /// An object that this version never fills.
    pub(super) struct Nothing {}
}

view! {
    /// What was probed.
    pub(super) struct TargetView {
        /// As it was typed.
        pub(super) input: String,
        /// The host.
        pub(super) host: String,
        /// The port.
        pub(super) port: u16,
        /// The address of the deciding connection; null when there was none, and behind a gateway, which keeps it to itself.
        pub(super) address: Option<String>,
        /// What a client would do by the file or the command line that names the target, and the run did not.
        pub(super) not_followed: Vec<NotFollowedView>,
    }
}

view! {
    /// One thing that a client would do, and the run did not.
    pub(super) struct NotFollowedView {
        /// What.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::not_followed"))]
        pub(super) what: &'static str,
        /// Which one, as it was written; empty where there is but one.
        pub(super) value: String,
    }
}

view! {
    /// The verdict.
    pub(super) struct VerdictView {
        /// In one word.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::outcome"))]
        pub(super) outcome: &'static str,
        /// Who a failure is laid at; null on success.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::hop_or_null"))]
        pub(super) hop: Option<&'static str>,
        /// The failing stage; null on success.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::stage_or_null"))]
        pub(super) stage: Option<&'static str>,
        /// The id of the top cause; null on success.
        pub(super) rule: Option<&'static str>,
        /// One sentence.
        pub(super) summary: String,
        /// The exit code.
        pub(super) exit_code: u8,
    }
}

view! {
    /// Why a connection ended.
    pub(super) struct FailureView {
        /// Who it is laid at.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::hop"))]
        pub(super) hop: &'static str,
        /// The stage.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::stage"))]
        pub(super) stage: &'static str,
        /// What was due.
        pub(super) awaiting: &'static str,
        /// What came instead.
        pub(super) kind: &'static str,
        /// How the stream ended, when it did.
        pub(super) close: Option<CloseView>,
        /// The beginning of what had arrived, in hexadecimal.
        pub(super) partial: String,
        /// How many octets had arrived.
        pub(super) partial_len: usize,
        /// Raw codes and their like.
        pub(super) codes: BTreeMap<&'static str, String>,
    }
}

view! {
    /// How a stream ended.
    pub(super) struct CloseView {
        /// fin, reset, close_notify, alert, timed_out, broken, local, tls_broken, tunnel or cancelled.
        pub(super) how: &'static str,
        /// The alert's description.
        pub(super) alert: Option<u8>,
        /// The limit that ran out.
        pub(super) limit_us: Option<u64>,
        /// Whether it was the limit of the whole run.
        pub(super) overall: Option<bool>,
        /// The operating system's error number.
        pub(super) os: Option<i32>,
    }
}

view! {
    /// One cause.
    pub(super) struct CauseView {
        /// The id.
        pub(super) rule: &'static str,
        /// Why.
        pub(super) cause: String,
        /// What to do.
        pub(super) remedy: String,
        /// The Windows event to look for on the target.
        pub(super) event: Option<&'static str>,
        /// How it is known.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::basis"))]
        pub(super) basis: &'static str,
    }
}

view! {
    /// What a Windows client would show.
    pub(super) struct MstscView {
        /// "Error code"; null when unknown.
        pub(super) code: Option<String>,
        /// "Extended error code"; null when unknown.
        pub(super) extended: Option<String>,
        /// The HRESULT of an authentication error.
        pub(super) status: Option<String>,
        /// What is shown instead of a number.
        pub(super) text: Option<&'static str>,
        /// How probable.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::likelihood"))]
        pub(super) likelihood: &'static str,
        /// How that is known.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::basis"))]
        pub(super) basis: &'static str,
    }
}

view! {
    /// One finding.
    pub(super) struct FindingView {
        /// The id.
        pub(super) id: &'static str,
        /// info or warning.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::severity"))]
        pub(super) severity: &'static str,
        /// One sentence.
        pub(super) text: String,
        /// What to do.
        pub(super) remedy: String,
    }
}

view! {
    /// One expectation.
    pub(super) struct ExpectationView {
        /// As it was written.
        pub(super) expectation: String,
        /// Whether it held.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::expected_outcome"))]
        pub(super) outcome: &'static str,
        /// What was wanted, in words.
        pub(super) wanted: String,
        /// What was found, `none` where there is none; null where nobody can tell.
        pub(super) got: Option<String>,
        /// Why nobody can tell.
        pub(super) why: Option<&'static str>,
    }
}

view! {
    /// What has changed since a stored report.
    pub(super) struct ComparedView {
        /// When that was made; null when nobody knows.
        pub(super) since: Option<String>,
        /// What has changed.
        pub(super) what: Vec<ChangeView>,
    }
}

view! {
    /// One thing that has changed.
    pub(super) struct ChangeView {
        /// What: the name of an expectation.
        pub(super) what: String,
        /// As it was; `none` where there was none.
        pub(super) before: String,
        /// As it is.
        pub(super) now: String,
    }
}

view! {
    /// One stage.
    pub(super) struct StageView {
        /// The id.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::stage"))]
        pub(super) stage: &'static str,
        /// Whom it talks to.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::hop"))]
        pub(super) hop: &'static str,
        /// How it ended.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::stage_outcome"))]
        pub(super) outcome: &'static str,
        /// Why it was not tried, or what followed its failure.
        pub(super) why: Option<&'static str>,
        /// When it began, since the run began; null when it did not.
        pub(super) started_us: Option<u64>,
        /// How long it took; null when it did not begin.
        pub(super) duration_us: Option<u64>,
        /// What was observed in it.
        pub(super) facts: Vec<FactView>,
    }
}

view! {
    /// One observed thing.
    pub(super) struct FactView {
        /// When, since the run began.
        pub(super) at_us: u64,
        /// What.
        pub(super) fact: &'static str,
        /// Its values.
        pub(super) detail: BTreeMap<&'static str, String>,
    }
}

view! {
    /// One further connection.
    pub(super) struct ProbeView {
        /// What it was for: `address`, `fallback`, `enumerate` and the mask, or `tls scout`.
        pub(super) purpose: String,
        /// The security protocols that it offered.
        pub(super) offered: String,
        /// Whom it was connected to.
        pub(super) address: Option<String>,
        /// Its stages.
        pub(super) stages: Vec<StageView>,
        /// Why it ended, if it did.
        pub(super) failure: Option<FailureView>,
    }
}

view! {
    /// One address of the target.
    pub(super) struct AddressView {
        /// The address.
        pub(super) address: String,
        /// The stage that failed; null when none did.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::stage_or_null"))]
        pub(super) stage: Option<&'static str>,
        /// The verdict's words, or `not_tried`.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::address_outcome"))]
        pub(super) outcome: &'static str,
    }
}

view! {
    /// The server's security protocols.
    pub(super) struct SecurityView {
        /// Whether Network Level Authentication is required.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::nla"))]
        pub(super) nla: &'static str,
        /// Each protocol.
        pub(super) protocols: ProtocolsView,
        /// Each encryption method of Standard RDP Security.
        pub(super) encryption_methods: MethodsView,
        /// Whether the server says that it supports Restricted Admin; null when it did not say, and where there is no Network Level
        /// Authentication, which it belongs to.
        pub(super) restricted_admin: Option<bool>,
        /// Whether the server says that it supports Remote Credential Guard; null as for Restricted Admin.
        pub(super) remote_credential_guard: Option<bool>,
    }
}

view! {
    /// `offered`, `refused` or `unknown` for each protocol.
    pub(super) struct ProtocolsView {
        /// Standard RDP Security.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub(super) rdp: &'static str,
        /// TLS.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub(super) ssl: &'static str,
        /// CredSSP.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub(super) hybrid: &'static str,
        /// CredSSP with Early User Authorization.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub(super) hybrid_ex: &'static str,
        /// RDSTLS.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub(super) rdstls: &'static str,
        /// RDS AAD.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub(super) rdsaad: &'static str,
    }
}

view! {
    /// `offered`, `refused` or `unknown` for each encryption method of Standard RDP Security.
    pub(super) struct MethodsView {
        /// RC4 with 40 bits.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub(super) bits_40: &'static str,
        /// RC4 with 56 bits.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub(super) bits_56: &'static str,
        /// RC4 with 128 bits.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub(super) bits_128: &'static str,
        /// Triple DES.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::offered"))]
        pub(super) fips: &'static str,
    }
}

view! {
    /// What the server answered to the basic settings (MCS Connect Response).
    pub(super) struct McsView {
        /// `version` of its core data, raw.
        pub(super) rdp_version: Option<String>,
        /// The protocol versions that this stands for.
        pub(super) rdp: Option<&'static str>,
        /// The security offer as it reached the server; another one than was sent is finding `negotiation-altered`.
        pub(super) requested_protocols: Option<String>,
        /// Whether channels need not be joined one by one.
        pub(super) skips_channel_joins: Option<bool>,
        /// The I/O channel.
        pub(super) io_channel: Option<u16>,
        /// The message channel.
        pub(super) message_channel: Option<u16>,
        /// The encryption of RDP itself; `none` under TLS.
        pub(super) encryption: Option<EncryptionView>,
    }
}

view! {
    /// What the server said of licences.
    pub(super) struct LicensingView {
        /// `valid_client`, `new_license`, `upgrade_license`, `platform_challenge` (it issues licences, and none was taken), `left_out`, or
        /// `error`; null where it ended without a word.
        pub(super) result: Option<&'static str>,
        /// The product that it asks a licence for; null where it asked for none.
        pub(super) product: Option<String>,
        /// The version of that product, major and minor.
        pub(super) version: Option<String>,
        /// The code of the error, by its name or its number.
        pub(super) error: Option<String>,
        /// What was to become of the connection by it, by its name or its number.
        pub(super) transition: Option<String>,
    }
}

view! {
    /// The encryption of Standard RDP Security.
    pub(super) struct EncryptionView {
        /// The method that the server chose, by its name or its number.
        pub(super) method: String,
        /// The level, by its name or its number.
        pub(super) level: String,
        /// The server's key in words; null without encryption.
        pub(super) key: Option<String>,
        /// The size of the server's RSA key.
        pub(super) key_bits: Option<u32>,
    }
}

view! {
    /// The TLS handshake, or what the TLS scout read of one.
    pub(super) struct TlsView {
        /// `handshake`, or `scout`: then there was no handshake, and the certificate was read in the clear.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::tls_source"))]
        pub(super) source: &'static str,
        /// The version, such as `1.3`.
        pub(super) version: String,
        /// The suite, by its name or its number.
        pub(super) cipher: String,
        /// The server's certificate; null when it was not sent in the clear, or cannot be read.
        pub(super) certificate: Option<CertificateView>,
        /// Whether the server proved that it holds the certificate's key; null when that cannot be told.
        pub(super) signature_verified: Option<bool>,
    }
}

view! {
    /// A certificate.
    pub(super) struct CertificateView {
        /// The subject; null when it cannot be read, as each of these fields.
        pub(super) subject: Option<String>,
        /// The issuer.
        pub(super) issuer: Option<String>,
        /// Serial number in hexadecimal.
        pub(super) serial: Option<String>,
        /// Names and addresses that it stands for.
        pub(super) names: Vec<String>,
        /// RFC 3339.
        pub(super) not_before: Option<String>,
        /// RFC 3339.
        pub(super) not_after: Option<String>,
        /// Whole days until it expires; negative when it has. Null when this computer's time is not known.
        pub(super) days_left: Option<i64>,
        /// Whether subject and issuer are the same.
        pub(super) self_signed: bool,
        /// Whether one of its names is the one that was asked for; null when none is, and not all of them can be read.
        pub(super) name_matches: Option<bool>,
        /// Whether it leads to a trusted root for that name; null when that was not looked at.
        pub(super) trusted: Option<bool>,
        /// The key, such as `RSA 2048`.
        pub(super) key: Option<String>,
        /// The signature's algorithm.
        pub(super) signature: Option<String>,
        /// Extended key usages as object identifiers; null without the extension.
        pub(super) extended_key_usage: Option<Vec<String>>,
        /// SHA-1, in the form of the registry's SSLCertificateSHA1Hash.
        pub(super) sha1: String,
        /// SHA-256: what `--pin` takes.
        pub(super) sha256: String,
        /// Its size, in octets.
        pub(super) length: usize,
        /// The first field of it that cannot be read, by its name in RFC 5280; null when all can.
        pub(super) unreadable: Option<String>,
        /// How many certificates were sent.
        pub(super) chain_length: usize,
    }
}

view! {
    /// What the server says of itself in its NTLM CHALLENGE.
    pub(super) struct ServerView {
        /// NetBIOS name of the computer.
        pub(super) netbios_computer: Option<String>,
        /// NetBIOS name of the domain; the computer's own in a workgroup.
        pub(super) netbios_domain: Option<String>,
        /// DNS name of the computer.
        pub(super) dns_computer: Option<String>,
        /// DNS name of the domain.
        pub(super) dns_domain: Option<String>,
        /// DNS name of the forest.
        pub(super) dns_tree: Option<String>,
        /// Version and build; a constant of the library on servers that are no Windows.
        pub(super) os_build: Option<String>,
        /// How far the server's clock is ahead of this computer's.
        pub(super) clock_skew_ms: Option<i64>,
        /// `version` of its TSRequest.
        pub(super) credssp_version: Option<u32>,
        /// Which product it is: a guess, which says so where it cannot be Windows.
        pub(super) guess: Option<&'static str>,
    }
}

view! {
    /// The credentials' own result.
    pub(super) struct CredentialsView {
        /// What became of them.
        pub(super) result: &'static str,
        /// The mechanism; null without credentials.
        pub(super) method: Option<&'static str>,
        /// The status that the server refused them with, as it came.
        pub(super) status: Option<String>,
        /// Whose they are, as it was written.
        pub(super) account: Option<String>,
        /// Why they were not tested, in words, where nothing failed.
        pub(super) why: Option<&'static str>,
    }
}

view! {
    /// The RD Gateway on the way.
    pub(super) struct GatewayView {
        /// The host.
        pub(super) host: String,
        /// The port.
        pub(super) port: u16,
        /// The address of the deciding connection; null when there was none.
        pub(super) address: Option<String>,
        /// What carries the tunnel; null when it was not asked for.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::transport_or_null"))]
        pub(super) transport: Option<&'static str>,
        /// The schemes of HTTP by which it asks for a logon, as it writes them.
        pub(super) schemes: Vec<String>,
        /// How somebody logged on there; null when nobody did.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::gateway_auth_or_null"))]
        pub(super) auth: Option<&'static str>,
        /// What it says of itself in its NTLM CHALLENGE; null when none came.
        pub(super) server: Option<ServerView>,
        /// Whether the logon was bound to the TLS connection.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::channel_binding"))]
        pub(super) channel_binding: &'static str,
        /// What to look for in its log.
        pub(super) correlation_id: Option<String>,
        /// The id of the connection.
        pub(super) connection_id: Option<String>,
        /// The id of the tunnel, its own.
        pub(super) tunnel_id: Option<u32>,
        /// The id of the channel, its own.
        pub(super) channel_id: Option<u32>,
        /// Which devices it lets through, raw.
        pub(super) redirection_flags: Option<String>,
        /// After so many idle minutes it ends the tunnel.
        pub(super) idle_timeout_min: Option<u32>,
        /// The message that has to be agreed to.
        pub(super) consent_text: Option<String>,
        /// Its messages for people.
        pub(super) service_messages: Vec<String>,
        /// The port of its transport over UDP.
        pub(super) udp_port: Option<u16>,
        /// The codes that it refused with, or ended with.
        pub(super) codes: Vec<GatewayCodeView>,
        /// TLS with the gateway; null when it came to nothing.
        pub(super) tls: Option<TlsView>,
        /// What became of the credentials for it.
        pub(super) credentials: CredentialsView,
        /// How the tunnel ended; null when it did not end from there.
        pub(super) close: Option<GatewayCloseView>,
    }
}

view! {
    /// A code of a gateway's.
    pub(super) struct GatewayCodeView {
        /// The packet that had it.
        pub(super) packet: &'static str,
        /// As it came.
        pub(super) raw: String,
        /// Its published name.
        pub(super) name: Option<&'static str>,
    }
}

view! {
    /// How a tunnel ended.
    pub(super) struct GatewayCloseView {
        /// By what.
        #[cfg_attr(feature = "schema", schemars(schema_with = "schema::tunnel_end"))]
        pub(super) how: &'static str,
        /// The code that came with it, where one does.
        pub(super) code: Option<String>,
    }
}

#[cfg(feature = "schema")]
impl ReportView {
    /// The JSON Schema of the report, from these types: what docs/report.schema.json holds.
    #[must_use]
    pub(super) fn schema() -> schemars::Schema {
        let mut schema = schemars::schema_for!(Self);
        // A report is one without its evidence too: older versions wrote none.
        if let Some(required) = schema.get_mut("required").and_then(|required| required.as_array_mut()) {
            required.retain(|key| key != "evidence");
        }
        schema
    }
}
