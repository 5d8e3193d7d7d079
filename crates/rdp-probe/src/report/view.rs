//! The JSON form of a report: docs/json.md, key by key. Made from a [`Report`], and only to be written.
use std::collections::BTreeMap;

use rdp_probe_core::wire::nego::{Protocols, ResponseFlags};
use rdp_probe_core::{
    Address, AttemptRecord, DialFaultKind, FailureKind, Findings, Nla, Observed, Offered, Outcome, Purpose,
    SecuritySummary, Stage, StageRecord,
};
use rdp_probe_diagnosis::{Candidate, Rule, RuleKind, diagnose};
use serde::Serialize;

use super::facts::{fact, failure, hex, micros};
use super::{Report, SCHEMA_VERSION};

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
        /// Null: stage tls is not in this version.
        pub tls: Option<Nothing>,
        /// Null: stage credssp is not in this version.
        pub server: Option<Nothing>,
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
        /// What it was for: `address`, `fallback`, or `enumerate` and the mask.
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

impl ReportView {
    /// The JSON form of `report`.
    #[must_use]
    pub fn of(report: &Report) -> Self {
        let (findings, diagnosis) = (&report.findings, &report.diagnosis);
        let verdict = &diagnosis.verdict;
        let cause = |rule: &&'static Rule| CauseView {
            rule: rule.id,
            cause: report.text_of(|rule| rule.cause, rule),
            remedy: report.text_of(|rule| rule.remedy, rule),
            event: rule.event,
            basis: rule.basis.id(),
        };
        let finding = |rule: &&'static Rule| {
            let RuleKind::Finding(severity) = rule.kind else { return None };
            let text = report.text_of(|rule| rule.summary, rule);
            let remedy = report.text_of(|rule| rule.remedy, rule);
            Some(FindingView { id: rule.id, severity: severity.id(), text, remedy })
        };
        Self {
            schema_version: SCHEMA_VERSION,
            target: TargetView {
                input: report.target.input.clone(),
                host: findings.plan.host.to_string(),
                port: findings.plan.port,
                address: findings.peer().map(|address| address.to_string()),
            },
            verdict: VerdictView {
                outcome: verdict.outcome.id(),
                hop: verdict.hop.map(rdp_probe_core::Hop::id),
                stage: verdict.stage.map(Stage::id),
                rule: verdict.rule.map(|rule| rule.id),
                summary: report.summary(),
                exit_code: verdict.exit,
            },
            failure: findings.failure().map(failure),
            causes: diagnosis.causes.iter().map(cause).collect(),
            mstsc: diagnosis.mstsc.iter().map(mstsc).collect(),
            findings: diagnosis.findings.iter().filter_map(finding).collect(),
            stages: path_stages(findings.main_path()),
            probes: findings.attempts.iter().skip(findings.main_path().len()).map(probe).collect(),
            addresses: addresses(findings),
            security: security(findings),
            tls: None,
            server: None,
            credentials: CredentialsView { result: "not_tried", method: None, status: None },
            proxy: None,
            kdc: None,
            gateway: None,
            duration_us: micros(report.duration()),
        }
    }
}

fn mstsc(candidate: &Candidate) -> MstscView {
    MstscView {
        code: candidate.code.map(hex),
        extended: candidate.extended.map(hex),
        status: candidate.status.map(hex),
        text: candidate.text,
        likelihood: candidate.likelihood.id(),
        basis: candidate.basis.id(),
    }
}

/// The stages of a path, as one sequence: what a second connection repeats without doing is left out.
fn path_stages(path: &[AttemptRecord]) -> Vec<StageView> {
    let last = path.len().saturating_sub(1);
    let mut views = Vec::new();
    for (index, attempt) in path.iter().enumerate() {
        if index == last && index == 0 {
            views.extend(attempt.stages.iter().map(stage));
        } else if index == last {
            let skipped = attempt.stages.iter().skip_while(|record| record.started.is_none());
            views.extend(skipped.map(stage));
        } else {
            let begun = |record: &&StageRecord| record.outcome != Outcome::NotReached;
            views.extend(attempt.stages.iter().filter(begun).map(stage));
            if let Some(view) = views.last_mut() {
                view.why = Some("the server named what it wants instead, and was asked again");
            }
        }
    }
    views
}

fn stage(record: &StageRecord) -> StageView {
    let (outcome, why) = match record.outcome {
        Outcome::Passed => ("passed", None),
        Outcome::Failed => ("failed", None),
        Outcome::NotReached => ("not_reached", None),
        Outcome::NotTried(why) => ("not_tried", Some(why.text())),
        _ => ("unknown", None),
    };
    StageView {
        stage: record.stage.id(),
        hop: record.hop.id(),
        outcome,
        why,
        started_us: record.started.map(micros),
        duration_us: record.duration.map(micros),
        facts: record
            .facts
            .iter()
            .map(|one| {
                let (id, detail) = fact(&one.observed);
                FactView { at_us: micros(one.at), fact: id, detail }
            })
            .collect(),
    }
}

fn probe(attempt: &AttemptRecord) -> ProbeView {
    ProbeView {
        purpose: match attempt.purpose {
            Purpose::Main => "main".into(),
            Purpose::Fallback => "fallback".into(),
            Purpose::Address(_) => "address".into(),
            Purpose::Enumerate(mask) => format!("enumerate {mask}"),
            _ => "unknown".into(),
        },
        offered: hex(attempt.offer.0),
        address: match attempt.purpose {
            Purpose::Address(address) => Some(address.to_string()),
            Purpose::Main | Purpose::Fallback | Purpose::Enumerate(_) | _ => {
                attempt.peer().map(|address| address.to_string())
            }
        },
        stages: attempt.stages.iter().map(stage).collect(),
        failure: attempt.failure.as_ref().map(failure),
    }
}

/// What is known of each address: the verdict of the path that was connected to it, or how its dial failed.
fn addresses(findings: &Findings) -> Vec<AddressView> {
    let of = |address: Address| {
        for path in findings.paths() {
            if path.last().and_then(AttemptRecord::peer) == Some(address) {
                let mut alone = Findings::new(findings.plan.clone());
                alone.attempts = path.to_vec();
                let verdict = diagnose(&alone).verdict;
                return (verdict.outcome.id(), verdict.stage.map(Stage::id));
            }
            if let Some(kind) = fault_of(path, address) {
                let outcome = match kind {
                    DialFaultKind::Refused | DialFaultKind::Reset => "refused",
                    DialFaultKind::Cancelled | DialFaultKind::LocalResources => "inconclusive",
                    DialFaultKind::NotFound
                    | DialFaultKind::ResolverFailed
                    | DialFaultKind::HostUnreachable
                    | DialFaultKind::NetworkUnreachable
                    | DialFaultKind::NotPermitted
                    | DialFaultKind::TimedOut { .. }
                    | DialFaultKind::Other
                    | _ => "unreachable",
                };
                return (outcome, Some(Stage::TcpConnect.id()));
            }
        }
        ("not_tried", None)
    };
    let view = |address: &Address| {
        let (outcome, stage) = of(*address);
        AddressView { address: address.to_string(), stage, outcome }
    };
    findings.addresses().iter().map(view).collect()
}

/// How the dial of an address failed on a path.
fn fault_of(path: &[AttemptRecord], address: Address) -> Option<DialFaultKind> {
    for fact in path.iter().flat_map(AttemptRecord::facts) {
        if let Observed::AddressFailed { address: failed, fault } = fact
            && *failed == address
        {
            return Some(fault.kind);
        }
    }
    if let FailureKind::Connect { address: failed, fault } = path.last()?.failure.as_ref()?.kind
        && failed == address
    {
        return Some(fault.kind);
    }
    None
}

fn security(findings: &Findings) -> Option<SecurityView> {
    let reached =
        |record: &StageRecord| record.stage == Stage::ConnectionInitiation && record.started.is_some();
    if !findings.attempts.iter().any(|attempt| attempt.stages.iter().any(reached)) {
        return None;
    }
    let summary = SecuritySummary::of(findings);
    let offered = |protocol| match summary.protocol(protocol) {
        Offered::Offered => "offered",
        Offered::Refused => "refused",
        Offered::Unknown | _ => "unknown",
    };
    let flag = |flag| findings.response_flags().map(|flags| flags.contains(flag));
    Some(SecurityView {
        nla: match summary.nla() {
            Nla::Required => "required",
            Nla::Supported => "supported",
            Nla::NotSupported => "not_supported",
            Nla::Unknown | _ => "unknown",
        },
        protocols: ProtocolsView {
            rdp: offered(Protocols::RDP),
            ssl: offered(Protocols::SSL),
            hybrid: offered(Protocols::HYBRID),
            hybrid_ex: offered(Protocols::HYBRID_EX),
            rdstls: offered(Protocols::RDSTLS),
            rdsaad: offered(Protocols::RDSAAD),
        },
        restricted_admin: flag(ResponseFlags::RESTRICTED_ADMIN_MODE_SUPPORTED),
        remote_credential_guard: flag(ResponseFlags::REDIRECTED_AUTHENTICATION_MODE_SUPPORTED),
    })
}

#[cfg(feature = "schema")]
impl ReportView {
    /// The JSON Schema of the report, from these types: what docs/report.schema.json holds.
    #[must_use]
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(Self)
    }
}
