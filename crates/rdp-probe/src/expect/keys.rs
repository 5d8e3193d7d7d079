//! The one table of what may be expected: docs/expectations.md and completions are made of it.
use super::got::{self, Got, Seen};
use super::value::ValueKind;

/// What may be expected of a run.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct ExpectationKey {
    /// The name in an expectation; `STAGE` in it stands for the id or an alias of a stage.
    pub name: &'static str,
    /// Where its value stands in the JSON form of the report.
    pub json: &'static str,
    /// What values it has.
    pub kind: ValueKind,
    /// What it is, in a few words.
    pub what: &'static str,
    /// An expectation of it, as an example.
    pub example: &'static str,
    /// Whether only the enumeration of the security protocols tells it for certain.
    pub enumerated: bool,
    pub(super) read: fn(Seen<'_>) -> Got,
}

const fn key(
    name: &'static str,
    json: &'static str,
    kind: ValueKind,
    what: &'static str,
    example: &'static str,
    read: fn(Seen<'_>) -> Got,
) -> ExpectationKey {
    ExpectationKey { name, json, kind, what, example, enumerated: false, read }
}

const fn enumerated(key: ExpectationKey) -> ExpectationKey {
    ExpectationKey { enumerated: true, ..key }
}

use ValueKind::{
    Cause, Finding, Flag, Hex, Hop, Logon, Nla, Number, Offered, Outcome, Stage, Text, Time, Version,
};

/// All keys.
pub(super) const KEYS: [ExpectationKey; 35] = [
    key("outcome", "/verdict/outcome", Outcome, "the verdict in one word", "outcome=reachable", got::outcome),
    key("exit", "/verdict/exit_code", Number, "the probe's own exit code", "exit=0", got::exit),
    key(
        "rule",
        "/verdict/rule",
        Cause,
        "the likeliest cause; none where nothing failed",
        "rule=none",
        got::rule,
    ),
    key(
        "hop",
        "/verdict/hop",
        Hop,
        "who the failure is laid at; none where nothing failed",
        "hop=none",
        got::hop,
    ),
    key(
        "finding",
        "/findings/*/id",
        Finding,
        "the findings: = that it is among them, != that it is not",
        "finding!=certificate-expired",
        got::finding,
    ),
    key("stage", "/stages/*/stage", Stage, "the deepest stage that was passed", "stage>=tls", got::stage),
    enumerated(key(
        "nla",
        "/security/nla",
        Nla,
        "whether Network Level Authentication is required",
        "nla=required",
        got::nla,
    )),
    enumerated(key(
        "security.rdp",
        "/security/protocols/rdp",
        Offered,
        "Standard RDP Security",
        "security.rdp=refused",
        got::rdp,
    )),
    enumerated(key(
        "security.ssl",
        "/security/protocols/ssl",
        Offered,
        "TLS without Network Level Authentication",
        "security.ssl=refused",
        got::ssl,
    )),
    enumerated(key(
        "security.hybrid",
        "/security/protocols/hybrid",
        Offered,
        "CredSSP",
        "security.hybrid=offered",
        got::hybrid,
    )),
    enumerated(key(
        "security.hybrid_ex",
        "/security/protocols/hybrid_ex",
        Offered,
        "CredSSP with Early User Authorization",
        "security.hybrid_ex=offered",
        got::hybrid_ex,
    )),
    enumerated(key(
        "security.rdstls",
        "/security/protocols/rdstls",
        Offered,
        "RDSTLS",
        "security.rdstls=refused",
        got::rdstls,
    )),
    enumerated(key(
        "security.rdsaad",
        "/security/protocols/rdsaad",
        Offered,
        "Entra sign-in",
        "security.rdsaad=refused",
        got::rdsaad,
    )),
    key(
        "security.restricted_admin",
        "/security/restricted_admin",
        Flag,
        "whether the server says that it supports Restricted Admin",
        "!security.restricted_admin",
        got::restricted_admin,
    ),
    key(
        "security.remote_credential_guard",
        "/security/remote_credential_guard",
        Flag,
        "whether the server says that it supports Remote Credential Guard",
        "security.remote_credential_guard",
        got::remote_credential_guard,
    ),
    key("tls", "/tls/version", Version, "the version of TLS", "tls>=1.2", got::tls),
    key(
        "tls.cipher",
        "/tls/cipher",
        Text,
        "the cipher suite",
        "tls.cipher=TLS_AES_256_GCM_SHA384",
        got::cipher,
    ),
    key(
        "cert.days",
        "/tls/certificate/days_left",
        Number,
        "whole days until the certificate expires",
        "cert.days>21",
        got::days,
    ),
    key(
        "cert.trusted",
        "/tls/certificate/trusted",
        Flag,
        "whether it leads to a trusted root for the name that was asked",
        "cert.trusted",
        got::trusted,
    ),
    key(
        "cert.name",
        "/tls/certificate/name_matches",
        Flag,
        "whether it is for the name that was asked",
        "cert.name",
        got::name,
    ),
    key(
        "cert.self_signed",
        "/tls/certificate/self_signed",
        Flag,
        "whether it is signed by itself",
        "!cert.self_signed",
        got::self_signed,
    ),
    key("cert.sha256", "/tls/certificate/sha256", Hex, "its SHA-256", "cert.sha256!=00", got::sha256),
    key(
        "cert.subject",
        "/tls/certificate/subject",
        Text,
        "its subject; a text with a comma stands in quotation marks",
        "cert.subject=\"CN=srv1, O=Lab\"",
        got::subject,
    ),
    key("cert.issuer", "/tls/certificate/issuer", Text, "its issuer", "cert.issuer=\"CN=Lab CA\"", got::issuer),
    key("cert.key", "/tls/certificate/key", Text, "its key", "cert.key=\"RSA 2048\"", got::key),
    key(
        "cert.signature",
        "/tls/certificate/signature",
        Text,
        "the algorithm of its signature",
        "cert.signature=sha256WithRSAEncryption",
        got::signature,
    ),
    key(
        "server.name",
        "/server/dns_computer",
        Text,
        "the computer's name, as the server says it; its NetBIOS name where it says no other",
        "server.name=srv1.lab.test",
        got::computer,
    ),
    key(
        "server.build",
        "/server/os_build",
        Text,
        "version and build, as the server says them",
        "server.build=10.0.20348",
        got::build,
    ),
    key(
        "server.guess",
        "/server/guess",
        Text,
        "which product it is, as far as that can be guessed",
        "server.guess=\"Windows Server 2022\"",
        got::guess,
    ),
    key(
        "server.skew",
        "/server/clock_skew_ms",
        Time,
        "how far its clock is from this computer's, in whichever direction",
        "server.skew<5m",
        got::skew,
    ),
    key(
        "credentials",
        "/credentials/result",
        Logon,
        "what became of the credentials for the target",
        "credentials=accepted",
        got::credentials,
    ),
    key(
        "gateway",
        "/gateway/transport",
        Text,
        "what carries the tunnel through the RD Gateway",
        "gateway=websocket",
        got::gateway,
    ),
    key(
        "gateway.credentials",
        "/gateway/credentials/result",
        Logon,
        "what became of the credentials for the gateway",
        "gateway.credentials=accepted",
        got::gateway_credentials,
    ),
    key("time.total", "/duration_us", Time, "how long the main path took", "time.total<2s", got::total),
    key("time.STAGE", "/stages/*/duration_us", Time, "how long that stage took", "time.tls<400ms", got::time),
];
