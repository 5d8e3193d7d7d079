//! From a report to its JSON form.
use std::time::Duration;

use rdp_probe_core::wire::gcc::{EncryptionMethods, RdpVersion};
use rdp_probe_core::wire::nego::{Protocols, ResponseFlags};
use rdp_probe_core::{
    AttemptRecord, Close, Cut, Evidence, Fact, Failure, FailureKind, Licensed, MethodSummary, Nla, NotFollowed,
    Octets, PathStage, SecuritySummary, ServerKey, Stage, StageRecord, hex,
};
use rdp_probe_diagnosis::codes::name_of_status;
use rdp_probe_diagnosis::{AddressVerdict, Candidate, Rule, RuleKind, VerdictOutcome};

use serde::{Serialize, Serializer};

use crate::expect::{Change, Compared, Expected};

use super::of_gateway::gateway;
use super::of_server::server;
use super::of_tls::tls;
use super::report::Report;
use super::view::{
    AddressView, CauseView, ChangeView, CloseView, ComparedView, CredentialsView, EncryptionView,
    ExpectationView, FactView, FailureView, FindingView, LicensingView, McsView, MethodsView, MstscView,
    NotFollowedView, ProbeView, ProtocolsView, ReportView, SCHEMA_VERSION, SecurityView, StageView, TargetView,
    VerdictView,
};

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        ReportView::of(self).serialize(serializer)
    }
}

#[cfg(feature = "schema")]
impl Report {
    /// The JSON Schema of the JSON form, from its types: what docs/report.schema.json holds.
    #[must_use]
    pub fn schema() -> schemars::Schema {
        ReportView::schema()
    }
}

impl ReportView {
    /// The JSON form of `report`.
    pub(super) fn of(report: &Report) -> Self {
        let (evidence, diagnosis) = (&report.evidence, &report.diagnosis);
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
            made_at: report.made_at(),
            made_by: report.made_by().map(str::to_owned),
            target: TargetView {
                input: report.target.input.clone(),
                host: evidence.plan.target.host.to_string(),
                port: evidence.plan.target.port,
                address: evidence.peer().map(|address| address.to_string()),
                not_followed: evidence.plan.not_followed.iter().map(not_followed).collect(),
            },
            verdict: VerdictView {
                outcome: verdict.outcome.id(),
                hop: verdict.hop.map(rdp_probe_core::Hop::id),
                stage: verdict.stage.map(Stage::id),
                rule: verdict.rule.map(|rule| rule.id),
                summary: report.summary(),
                exit_code: verdict.exit,
            },
            failure: evidence.failure().map(failure),
            causes: diagnosis.causes.iter().map(cause).collect(),
            mstsc: diagnosis.mstsc.iter().map(mstsc).collect(),
            findings: diagnosis.findings.iter().filter_map(finding).collect(),
            stages: path_stages(evidence.main_path()),
            probes: evidence.beside_main_path().map(probe).collect(),
            addresses: diagnosis.addresses.iter().map(address).collect(),
            security: security(evidence),
            tls: evidence.shown_tls().map(|shown| tls(&shown, &evidence.plan.target, &evidence.plan)),
            server: evidence.shown_server().map(server),
            mcs: mcs(evidence),
            licensing: licensing(evidence),
            credentials: credentials(evidence),
            proxy: None,
            kdc: None,
            gateway: gateway(evidence),
            expectations: report.expected().iter().map(expectation).collect(),
            changes: report.compared().map(compared),
            duration_us: micros(report.duration()),
            evidence: evidence.clone(),
        }
    }
}

fn credentials(evidence: &Evidence) -> CredentialsView {
    let account = evidence.plan.account.as_ref();
    CredentialsView {
        result: evidence.logon_result().id(),
        method: account.map(|account| account.method.id()),
        status: evidence.logon_status().map(|status| hex(status.0)),
        account: account.map(ToString::to_string),
        why: evidence.logon_is_untested_because(),
    }
}

fn expectation(expected: &Expected) -> ExpectationView {
    ExpectationView {
        expectation: expected.expectation.clone(),
        outcome: expected.outcome.id(),
        wanted: expected.wanted.clone(),
        got: expected.got.clone(),
        why: expected.why,
    }
}

fn compared(compared: &Compared) -> ComparedView {
    let change = |change: &Change| ChangeView {
        what: change.what.clone(),
        before: change.before.clone(),
        now: change.now.clone(),
    };
    ComparedView { since: compared.since.clone(), what: compared.changes.iter().map(change).collect() }
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

/// The stages of a path, as one sequence.
fn path_stages(path: &[AttemptRecord]) -> Vec<StageView> {
    let view = |stage: PathStage<'_>| StageView { why: stage.why(), ..stage_view(stage.record) };
    Evidence::sequence(path).into_iter().map(view).collect()
}

fn stage_view(record: &StageRecord) -> StageView {
    let fact = |fact: &Fact| FactView {
        at_us: micros(fact.at),
        fact: fact.observed.id(),
        detail: fact.observed.fields().into_iter().collect(),
    };
    StageView {
        stage: record.stage.id(),
        hop: record.hop.id(),
        outcome: record.outcome.id(),
        why: record.outcome.why(),
        started_us: record.started.map(micros),
        duration_us: record.duration.map(micros),
        facts: record.facts.iter().map(fact).collect(),
    }
}

/// A failure: what kind, how the stream ended, what had arrived, and every raw code.
fn not_followed(one: &NotFollowed) -> NotFollowedView {
    NotFollowedView { what: one.what.id(), value: one.value.clone() }
}

fn failure(failure: &Failure) -> FailureView {
    let (kind, head) = (&failure.kind, failure.kind.head());
    let status = if let FailureKind::CredsspError(status) = kind { name_of_status(status.0) } else { None };
    FailureView {
        hop: failure.hop.id(),
        stage: failure.stage.id(),
        awaiting: failure.awaiting.name(),
        kind: kind.id(),
        close: kind.close().map(close),
        partial: head.map(ToString::to_string).unwrap_or_default(),
        partial_len: head.map(Octets::total).unwrap_or_default(),
        codes: kind.fields().into_iter().chain(status.map(|name| ("error_name", name.to_owned()))).collect(),
    }
}

fn close(how: Close) -> CloseView {
    let limit = match how.cut() {
        Some(Cut::TimedOut { limit, overall }) => Some((limit, overall)),
        Some(Cut::Cancelled) | None => None,
    };
    CloseView {
        how: how.id(),
        alert: how.alert(),
        limit_us: limit.map(|(limit, _)| micros(limit)),
        overall: limit.map(|(_, overall)| overall),
        os: how.os(),
    }
}

/// Microseconds, as every time in the report.
fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}

fn probe(attempt: &AttemptRecord) -> ProbeView {
    let address = attempt.purpose.address().or_else(|| attempt.peer());
    ProbeView {
        purpose: attempt.purpose.name(),
        offered: hex(attempt.offer.0),
        address: address.map(|address| address.to_string()),
        stages: attempt.stages.iter().map(stage_view).collect(),
        failure: attempt.failure.as_deref().map(failure),
    }
}

fn address(verdict: &AddressVerdict) -> AddressView {
    AddressView {
        address: verdict.address.to_string(),
        stage: verdict.stage.map(Stage::id),
        outcome: verdict.outcome.map_or("not_tried", VerdictOutcome::id),
    }
}

/// What the server answered to the basic settings, on the deciding path.
fn mcs(evidence: &Evidence) -> Option<McsView> {
    let shown = evidence.shown_settings()?;
    Some(McsView {
        rdp_version: shown.version.map(|version| hex(version.0)),
        rdp: shown.version.and_then(RdpVersion::name),
        requested_protocols: shown.requested.map(|requested| hex(requested.0)),
        skips_channel_joins: shown.skips_joins,
        io_channel: shown.io_channel,
        message_channel: shown.message_channel,
        encryption: shown.encryption.map(|(method, level, key)| EncryptionView {
            method: method.name().map_or_else(|| hex(method.0), str::to_owned),
            level: level.name().map_or_else(|| hex(level.0), str::to_owned),
            key: key.map(ToString::to_string),
            key_bits: key.and_then(ServerKey::bits),
        }),
    })
}

/// What the server said of licences, on the deciding path.
fn licensing(evidence: &Evidence) -> Option<LicensingView> {
    let shown = evidence.shown_licensing()?;
    Some(LicensingView {
        result: shown.result.map(Licensed::id).or_else(|| shown.error.map(|_| "error")),
        product: shown.request.map(|(product, ..)| product.to_owned()),
        version: shown.request.map(|(_, version, _)| format!("{}.{}", version >> 16, version & 0xFFFF)),
        error: shown.error.map(|(code, _)| code.name().map_or_else(|| hex(code.0), str::to_owned)),
        transition: shown
            .error
            .map(|(_, transition)| transition.name().map_or_else(|| hex(transition.0), str::to_owned)),
    })
}

fn methods(evidence: &Evidence) -> MethodsView {
    let summary = MethodSummary::of(evidence);
    let offered = |method| summary.method(method).id();
    MethodsView {
        bits_40: offered(EncryptionMethods::BITS_40),
        bits_56: offered(EncryptionMethods::BITS_56),
        bits_128: offered(EncryptionMethods::BITS_128),
        fips: offered(EncryptionMethods::FIPS),
    }
}

fn security(evidence: &Evidence) -> Option<SecurityView> {
    if !evidence.was_negotiated() {
        return None;
    }
    let summary = SecuritySummary::of(evidence);
    let offered = |protocol| summary.protocol(protocol).id();
    // Both belong to Network Level Authentication.
    let has_nla = summary.nla() != Nla::NotSupported;
    let flag = |flag| evidence.response_flags().filter(|_| has_nla).map(|flags| flags.contains(flag));
    Some(SecurityView {
        nla: summary.nla().id(),
        protocols: ProtocolsView {
            rdp: offered(Protocols::RDP),
            ssl: offered(Protocols::SSL),
            hybrid: offered(Protocols::HYBRID),
            hybrid_ex: offered(Protocols::HYBRID_EX),
            rdstls: offered(Protocols::RDSTLS),
            rdsaad: offered(Protocols::RDSAAD),
        },
        encryption_methods: methods(evidence),
        restricted_admin: flag(ResponseFlags::RESTRICTED_ADMIN_MODE_SUPPORTED),
        remote_credential_guard: flag(ResponseFlags::REDIRECTED_AUTHENTICATION_MODE_SUPPORTED),
    })
}

#[cfg(test)]
mod tests {
    use rdp_probe_core::Unfollowed;

    #[test]
    fn ids_of_what_is_not_followed_are_those_of_stored_evidence() {
        for what in Unfollowed::ALL {
            assert_eq!(serde_json::to_value(what).unwrap(), what.id());
        }
    }
}
