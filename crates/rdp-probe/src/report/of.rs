//! From a report to its JSON form.
use rdp_probe_core::wire::gcc::EncryptionMethods;
use rdp_probe_core::wire::nego::{Protocols, ResponseFlags};
use rdp_probe_core::wire::tls::{CipherSuite, Version};
use rdp_probe_core::{
    AttemptRecord, CertificateFacts, Evidence, MethodSummary, Nla, NtlmFacts, Observed, Offered, Outcome,
    Purpose, SecuritySummary, ServerKey, SignatureCheck, Stage, StageRecord, Trust,
};
use rdp_probe_diagnosis::{AddressVerdict, Candidate, Rule, RuleKind, VerdictOutcome, utc};

use super::facts::{fact, failure, hex, key_text, micros};
use super::view::{
    AddressView, CauseView, CertificateView, CredentialsView, EncryptionView, FactView, FindingView, McsView,
    MethodsView, MstscView, ProbeView, ProtocolsView, ReportView, SecurityView, ServerView, StageView,
    TargetView, TlsView, VerdictView,
};
use super::{Report, SCHEMA_VERSION};

impl ReportView {
    /// The JSON form of `report`.
    #[must_use]
    pub fn of(report: &Report) -> Self {
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
            target: TargetView {
                input: report.target.input.clone(),
                host: evidence.plan.target.host.to_string(),
                port: evidence.plan.target.port,
                address: evidence.peer().map(|address| address.to_string()),
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
            probes: evidence.attempts.iter().skip(evidence.main_path().len()).map(probe).collect(),
            addresses: diagnosis.addresses.iter().map(address).collect(),
            security: security(evidence),
            tls: tls(evidence),
            server: server(evidence),
            mcs: mcs(evidence),
            credentials: CredentialsView { result: "not_tried", method: None, status: None },
            proxy: None,
            kdc: None,
            gateway: None,
            duration_us: micros(report.duration()),
            evidence: evidence.clone(),
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
pub(super) fn path_stages(path: &[AttemptRecord]) -> Vec<StageView> {
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
            Purpose::Scout { reduced: false } => "tls scout".into(),
            Purpose::Scout { .. } => "tls scout, reduced hello".into(),
            Purpose::Method(method) => format!("encryption method {}", hex(method.0)),
            _ => "unknown".into(),
        },
        offered: hex(attempt.offer.0),
        address: match attempt.purpose {
            Purpose::Address(address) => Some(address.to_string()),
            Purpose::Main
            | Purpose::Fallback
            | Purpose::Enumerate(_)
            | Purpose::Scout { .. }
            | Purpose::Method(_)
            | _ => attempt.peer().map(|address| address.to_string()),
        },
        stages: attempt.stages.iter().map(stage).collect(),
        failure: attempt.failure.as_ref().map(failure),
    }
}

fn address(verdict: &AddressVerdict) -> AddressView {
    AddressView {
        address: verdict.address.to_string(),
        stage: verdict.stage.map(Stage::id),
        outcome: verdict.outcome.map_or("not_tried", VerdictOutcome::id),
    }
}

/// The handshake; without one, what the scout read.
fn tls(evidence: &Evidence) -> Option<TlsView> {
    let version = |version: Version| {
        let name = version.name().map(|name| name.strip_prefix("TLS ").unwrap_or(name).to_owned());
        name.unwrap_or_else(|| hex(version.0))
    };
    let cipher = |cipher: CipherSuite| cipher.name().map_or_else(|| hex(cipher.0), str::to_owned);
    if let Some(facts) = evidence.tls() {
        let trusted = facts.trust.map(|trust| trust == Trust::Trusted);
        return Some(TlsView {
            source: "handshake",
            version: version(facts.version),
            cipher: cipher(facts.cipher),
            certificate: facts
                .certificate
                .as_ref()
                .map(|c| certificate(evidence, c, facts.chain_length, trusted)),
            signature_verified: match facts.signature {
                SignatureCheck::Verified => Some(true),
                SignatureCheck::Wrong => Some(false),
                SignatureCheck::NotVerifiable | _ => None,
            },
        });
    }
    let facts = evidence.scouted()?;
    Some(TlsView {
        source: "scout",
        version: version(facts.version),
        cipher: cipher(facts.cipher),
        certificate: facts.certificate.as_ref().map(|c| certificate(evidence, c, facts.chain_length, None)),
        signature_verified: None,
    })
}

fn certificate(
    evidence: &Evidence,
    facts: &CertificateFacts,
    chain_length: usize,
    trusted: Option<bool>,
) -> CertificateView {
    let now = evidence.plan.began_unix_ms.div_euclid(1000);
    let bits = facts.key_bits.map(|bits| format!(" {bits}")).unwrap_or_default();
    CertificateView {
        subject: facts.subject.clone(),
        issuer: facts.issuer.clone(),
        serial: facts.serial.clone(),
        names: facts.names.clone(),
        not_before: utc(facts.not_before),
        not_after: utc(facts.not_after),
        days_left: (now > 0).then(|| facts.not_after.saturating_sub(now).div_euclid(86_400)),
        self_signed: facts.self_signed,
        name_matches: facts.matches(&evidence.plan.target.asked_name()),
        trusted,
        key: format!("{}{bits}", facts.key.name()),
        signature: facts.signature.clone(),
        extended_key_usage: facts.extended_key_usage.clone(),
        sha1: facts.sha1.clone(),
        sha256: facts.sha256.clone(),
        chain_length,
    }
}

fn server(evidence: &Evidence) -> Option<ServerView> {
    let credssp_version = evidence.credssp_version();
    let (facts, clock_skew_ms) = match evidence.challenge() {
        Some((facts, skew)) => (facts.clone(), skew),
        None => (NtlmFacts::default(), None),
    };
    let known = credssp_version.is_some() || facts != NtlmFacts::default();
    known.then(|| ServerView {
        os_build: facts.build.map(|(major, minor, build)| format!("{major}.{minor}.{build}")),
        guess: facts.product(),
        netbios_computer: facts.netbios_computer,
        netbios_domain: facts.netbios_domain,
        dns_computer: facts.dns_computer,
        dns_domain: facts.dns_domain,
        dns_tree: facts.dns_tree,
        clock_skew_ms,
        credssp_version,
    })
}

/// What the server answered to the basic settings, on the deciding path.
fn mcs(evidence: &Evidence) -> Option<McsView> {
    let attempt = evidence.path().last()?;
    let passed = |record: &&StageRecord| {
        record.stage == Stage::BasicSettingsExchange && record.outcome == Outcome::Passed
    };
    let record = attempt.stages.iter().find(passed)?;
    let mut view = McsView {
        rdp_version: None,
        rdp: None,
        requested_protocols: None,
        skips_channel_joins: None,
        io_channel: None,
        message_channel: None,
        encryption: None,
    };
    for fact in &record.facts {
        #[expect(clippy::wildcard_enum_match_arm, reason = "of all facts three make up this view")]
        match &fact.observed {
            Observed::ServerCore { version, requested, skips_joins } => {
                view.rdp_version = Some(hex(version.0));
                view.rdp = version.name();
                view.requested_protocols = requested.map(|requested| hex(requested.0));
                view.skips_channel_joins = Some(*skips_joins);
            }
            Observed::Channels { io, message } => {
                (view.io_channel, view.message_channel) = (Some(*io), *message)
            }
            Observed::Encryption { method, level, key } => {
                view.encryption = Some(EncryptionView {
                    method: method.name().map_or_else(|| hex(method.0), str::to_owned),
                    level: level.name().map_or_else(|| hex(level.0), str::to_owned),
                    key: key.as_ref().map(key_text),
                    key_bits: match key {
                        Some(ServerKey::Certificate { bits, .. }) => *bits,
                        Some(_) | None => None,
                    },
                });
            }
            _ => {}
        }
    }
    Some(view)
}

fn methods(evidence: &Evidence) -> MethodsView {
    let summary = MethodSummary::of(evidence);
    let offered = |method| word(summary.method(method));
    MethodsView {
        bits_40: offered(EncryptionMethods::BITS_40),
        bits_56: offered(EncryptionMethods::BITS_56),
        bits_128: offered(EncryptionMethods::BITS_128),
        fips: offered(EncryptionMethods::FIPS),
    }
}

const fn word(offered: Offered) -> &'static str {
    match offered {
        Offered::Offered => "offered",
        Offered::Refused => "refused",
        Offered::Unknown | _ => "unknown",
    }
}

fn security(evidence: &Evidence) -> Option<SecurityView> {
    let reached =
        |record: &StageRecord| record.stage == Stage::ConnectionInitiation && record.started.is_some();
    if !evidence.attempts.iter().any(|attempt| attempt.stages.iter().any(reached)) {
        return None;
    }
    let summary = SecuritySummary::of(evidence);
    let offered = |protocol| word(summary.protocol(protocol));
    let flag = |flag| evidence.response_flags().map(|flags| flags.contains(flag));
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
        encryption_methods: methods(evidence),
        restricted_admin: flag(ResponseFlags::RESTRICTED_ADMIN_MODE_SUPPORTED),
        remote_credential_guard: flag(ResponseFlags::REDIRECTED_AUTHENTICATION_MODE_SUPPORTED),
    })
}
