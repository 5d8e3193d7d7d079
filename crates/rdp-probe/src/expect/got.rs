//! What a run has found for each key: the value, that there is none, or why nobody can tell.
use std::time::Duration;

use rdp_probe_core::wire::nego::{Protocols, ResponseFlags};
use rdp_probe_core::{
    CertificateFacts, Evidence, GatewayTransport, LogonResult, Nla, NotTried, Offered, Outcome, Product,
    SecuritySummary, ShownServer, ShownTls, Stage, StageRecord,
};
use rdp_probe_diagnosis::{Diagnosis, RuleKind};

use super::value::{NONE, Value};

/// What a run came to.
#[derive(Clone, Copy)]
pub(crate) struct Seen<'a> {
    pub(crate) evidence: &'a Evidence,
    pub(crate) diagnosis: &'a Diagnosis,
    /// The stage, of a key for each of them.
    pub(crate) stage: Option<Stage>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Got {
    Is(Value),
    /// There is none, and that is certain.
    Isnt,
    /// Nobody can tell, and why.
    Untold(&'static str),
}

const NOT_SO_FAR: &str = "the run did not come so far";
const NOT_ASKED: &str = "the server was not asked, or did not tell; --enumerate asks for all of it";

fn word(word: &'static str) -> Got {
    Got::Is(Value::text(word))
}

fn text(text: Option<impl Into<String>>, without: &'static str) -> Got {
    text.map_or(Got::Untold(without), |text| Got::Is(Value::text(text)))
}

fn flag(flag: Option<bool>, without: &'static str) -> Got {
    flag.map_or(Got::Untold(without), |flag| Got::Is(Value::Flag(flag)))
}

impl<'a> Seen<'a> {
    /// The records of the path that the verdict rests on.
    fn records(self) -> impl DoubleEndedIterator<Item = &'a StageRecord> {
        self.evidence.path().iter().flat_map(|attempt| &attempt.stages)
    }

    /// Why there is nothing of a stage.
    fn without(self, stage: Stage) -> Got {
        let last = self.records().rev().find(|record| record.stage == stage);
        match last.map(|record| record.outcome) {
            // The server chose a protocol without it.
            Some(Outcome::NotTried(NotTried::NotSelected)) => Got::Isnt,
            Some(Outcome::NotTried(why)) => Got::Untold(why.text()),
            _ => Got::Untold(NOT_SO_FAR),
        }
    }

    fn tls(self, read: impl FnOnce(&ShownTls<'_>) -> Got) -> Got {
        self.evidence.shown_tls().map_or_else(|| self.without(Stage::Tls), |shown| read(&shown))
    }

    fn certificate(self, read: impl FnOnce(&CertificateFacts) -> Got) -> Got {
        let without = Got::Untold("the certificate was not sent, or not in the clear");
        self.tls(|shown| shown.certificate.map_or(without, read))
    }

    fn server(self, read: impl FnOnce(&ShownServer) -> Got) -> Got {
        self.evidence.shown_server().map_or_else(|| self.without(Stage::Credssp), |server| read(&server))
    }

    /// What was found of the security protocols.
    fn security(self) -> Option<SecuritySummary> {
        self.evidence.was_negotiated().then(|| SecuritySummary::of(self.evidence))
    }

    /// What the negotiation's answer says by a flag, which belongs to Network Level Authentication.
    fn response(self, which: ResponseFlags) -> Got {
        match self.security().map(|security| security.nla()) {
            Some(Nla::NotSupported) => Got::Isnt,
            None => Got::Untold(NOT_SO_FAR),
            Some(_) => flag(
                self.evidence.response_flags().map(|flags| flags.contains(which)),
                "the server did not tell",
            ),
        }
    }
}

pub(super) fn outcome(seen: Seen<'_>) -> Got {
    word(seen.diagnosis.verdict.outcome.id())
}

pub(super) fn hop(seen: Seen<'_>) -> Got {
    word(seen.diagnosis.verdict.hop.map_or(NONE, rdp_probe_core::Hop::id))
}

pub(super) fn rule(seen: Seen<'_>) -> Got {
    word(seen.diagnosis.verdict.rule.map_or(NONE, |rule| rule.id))
}

pub(super) fn exit(seen: Seen<'_>) -> Got {
    Got::Is(Value::Number(seen.diagnosis.verdict.exit.into()))
}

pub(super) fn finding(seen: Seen<'_>) -> Got {
    let findings = seen.diagnosis.findings.iter().filter(|rule| matches!(rule.kind, RuleKind::Finding(_)));
    Got::Is(Value::Several(findings.map(|rule| rule.id).collect()))
}

/// The deepest stage that was passed.
pub(super) fn stage(seen: Seen<'_>) -> Got {
    let passed = seen.records().filter(|record| record.outcome == Outcome::Passed);
    passed
        .map(|record| record.stage)
        .max_by_key(|stage| stage.rank())
        .map_or(Got::Isnt, |stage| Got::Is(Value::Stage(stage)))
}

pub(super) fn nla(seen: Seen<'_>) -> Got {
    match seen.security().map(|security| security.nla()) {
        None => Got::Untold(NOT_SO_FAR),
        Some(Nla::Unknown) => Got::Untold(NOT_ASKED),
        Some(nla) => word(nla.id()),
    }
}

fn protocol(seen: Seen<'_>, protocol: Protocols) -> Got {
    match seen.security().map(|security| security.protocol(protocol)) {
        None => Got::Untold(NOT_SO_FAR),
        Some(Offered::Unknown) => Got::Untold(NOT_ASKED),
        Some(offered) => word(offered.id()),
    }
}

pub(super) fn rdp(seen: Seen<'_>) -> Got {
    protocol(seen, Protocols::RDP)
}

pub(super) fn ssl(seen: Seen<'_>) -> Got {
    protocol(seen, Protocols::SSL)
}

pub(super) fn hybrid(seen: Seen<'_>) -> Got {
    protocol(seen, Protocols::HYBRID)
}

pub(super) fn hybrid_ex(seen: Seen<'_>) -> Got {
    protocol(seen, Protocols::HYBRID_EX)
}

pub(super) fn rdstls(seen: Seen<'_>) -> Got {
    protocol(seen, Protocols::RDSTLS)
}

pub(super) fn rdsaad(seen: Seen<'_>) -> Got {
    protocol(seen, Protocols::RDSAAD)
}

pub(super) fn restricted_admin(seen: Seen<'_>) -> Got {
    seen.response(ResponseFlags::RESTRICTED_ADMIN_MODE_SUPPORTED)
}

pub(super) fn remote_credential_guard(seen: Seen<'_>) -> Got {
    seen.response(ResponseFlags::REDIRECTED_AUTHENTICATION_MODE_SUPPORTED)
}

pub(super) fn tls(seen: Seen<'_>) -> Got {
    seen.tls(|shown| Got::Is(Value::Version(shown.version)))
}

pub(super) fn cipher(seen: Seen<'_>) -> Got {
    seen.tls(|shown| Got::Is(Value::text(shown.cipher_text())))
}

pub(super) fn days(seen: Seen<'_>) -> Got {
    let without = "the end of its time, or this computer's own, cannot be read";
    seen.certificate(|facts| {
        let days = facts.days_left(seen.evidence.plan.began_unix_ms);
        days.map_or(Got::Untold(without), |days| Got::Is(Value::Number(days)))
    })
}

pub(super) fn trusted(seen: Seen<'_>) -> Got {
    seen.tls(|shown| flag(shown.trusted, "there was no root on this computer to look for, or no handshake"))
}

pub(super) fn name(seen: Seen<'_>) -> Got {
    let asked = seen.evidence.plan.target.asked_name();
    seen.certificate(|facts| flag(facts.name_matches(&asked), "not all names of the certificate can be read"))
}

pub(super) fn self_signed(seen: Seen<'_>) -> Got {
    seen.certificate(|facts| Got::Is(Value::Flag(facts.self_signed)))
}

pub(super) fn sha256(seen: Seen<'_>) -> Got {
    seen.certificate(|facts| Got::Is(Value::text(facts.sha256.to_ascii_lowercase())))
}

const UNREADABLE: &str = "it cannot be read in the certificate";

pub(super) fn subject(seen: Seen<'_>) -> Got {
    seen.certificate(|facts| text(facts.subject.as_deref(), UNREADABLE))
}

pub(super) fn issuer(seen: Seen<'_>) -> Got {
    seen.certificate(|facts| text(facts.issuer.as_deref(), UNREADABLE))
}

pub(super) fn key(seen: Seen<'_>) -> Got {
    seen.certificate(|facts| text(facts.key_text(), UNREADABLE))
}

pub(super) fn signature(seen: Seen<'_>) -> Got {
    seen.certificate(|facts| text(facts.signature.as_deref(), UNREADABLE))
}

pub(super) fn computer(seen: Seen<'_>) -> Got {
    seen.server(|server| {
        let facts = &server.facts;
        text(facts.dns_computer.as_deref().or(facts.netbios_computer.as_deref()), "the server did not tell")
    })
}

pub(super) fn build(seen: Seen<'_>) -> Got {
    seen.server(|server| text(server.facts.build_text(), "the server did not tell"))
}

pub(super) fn guess(seen: Seen<'_>) -> Got {
    seen.server(|server| text(server.product.map(Product::name), "nothing that it showed tells"))
}

/// In whichever direction.
pub(super) fn skew(seen: Seen<'_>) -> Got {
    seen.server(|server| {
        let skew = server.clock_skew_ms.map(|skew| Duration::from_millis(skew.unsigned_abs()));
        skew.map_or(Got::Untold("the server did not tell its time"), |skew| Got::Is(Value::Time(skew)))
    })
}

fn logon(result: LogonResult) -> Got {
    if result == LogonResult::Unknown {
        return Got::Untold("it ended without a reason");
    }
    word(result.id())
}

pub(super) fn credentials(seen: Seen<'_>) -> Got {
    logon(seen.evidence.logon_result())
}

pub(super) fn gateway(seen: Seen<'_>) -> Got {
    if seen.evidence.gateway().is_none() {
        return Got::Isnt;
    }
    let shown = seen.evidence.shown_gateway();
    text(shown.and_then(|shown| shown.transport).map(GatewayTransport::id), NOT_SO_FAR)
}

pub(super) fn gateway_credentials(seen: Seen<'_>) -> Got {
    if seen.evidence.gateway().is_none() {
        return Got::Isnt;
    }
    logon(seen.evidence.gateway_logon_result())
}

pub(super) fn total(seen: Seen<'_>) -> Got {
    Got::Is(Value::Time(seen.evidence.duration()))
}

/// How long a stage took.
pub(super) fn time(seen: Seen<'_>) -> Got {
    let Some(stage) = seen.stage else { return Got::Untold(NOT_SO_FAR) };
    let took =
        seen.records().filter(|record| record.stage == stage).filter_map(|record| record.duration).next_back();
    took.map_or_else(|| seen.without(stage), |took| Got::Is(Value::Time(took)))
}
