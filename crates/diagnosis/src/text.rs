//! Text for people, made last: the placeholders of the catalogue, filled from evidence.
use rdp_probe_core::{Answer, Evidence, Failure, FailureKind, Hop, Outcome, Stage, TlsFault, TlsFaultKind};

use crate::advice::may_be_xrdp;
use crate::diagnose::Diagnosis;
use crate::phrases::words;
use crate::placeholder::{Placeholder, replace};

/// Fills the `{placeholders}` of a catalogue text. Unknown ones stay as they are; a test holds that no row has one.
///
/// What a peer sent goes in as it is: whoever prints the text escapes it.
#[must_use]
pub fn fill(text: &str, evidence: &Evidence) -> String {
    replace(text, |placeholder| placeholder.value(evidence), || may_be_xrdp(evidence))
}

/// The verdict in one sentence, without a full stop.
#[must_use]
pub fn summary(diagnosis: &Diagnosis, evidence: &Evidence) -> String {
    if let Some(rule) = diagnosis.verdict.rule {
        return fill(rule.summary, evidence);
    }
    if let Some(failure) = evidence.failure() {
        let Failure { hop, stage, .. } = failure;
        return if is_defect(failure) {
            format!("internal error of rdp-probe in stage {stage}: please report it")
        } else {
            format!("stage {stage} failed, laid at hop {hop}: this version has no explanation for it")
        };
    }
    let target = Placeholder::Address.value(evidence).unwrap_or_default();
    if evidence.logon_accepted() {
        let account = Placeholder::Account.value(evidence).unwrap_or_default();
        return format!("{target} accepts the credentials of {account}{}", came_to(evidence));
    }
    match evidence.answer() {
        Some(Answer::Selected { protocol, .. }) => {
            format!("{target} answers, and selects {}{}", words(protocol), came_to(evidence))
        }
        Some(Answer::NoNegotiation) => {
            format!("{target} answers without a security negotiation, which leaves Standard RDP Security")
        }
        _ if evidence.gateway().is_some() => of_gateway(evidence),
        _ if evidence.peer().is_some() => format!("{target} accepts TCP connections"),
        _ => format!("{target} has {} address(es)", evidence.address_count()),
    }
}

/// How far a run came that was to go behind the logon.
fn came_to(evidence: &Evidence) -> &'static str {
    let records = evidence.path().iter().flat_map(|attempt| &attempt.stages);
    let passed = records.filter(|record| record.hop == Hop::Target && record.outcome == Outcome::Passed);
    match passed.map(|record| record.stage).max_by_key(|stage| stage.rank()) {
        Some(Stage::Licensing) if evidence.issues_licenses() => {
            "; it would issue a licence, and none was taken"
        }
        Some(Stage::Licensing) => "; it lets the client through licensing",
        Some(Stage::CapabilitiesExchange) => "; it has a session ready",
        Some(Stage::ConnectionFinalization) => {
            "; a session is active there, and the connection sequence is complete"
        }
        _ => "",
    }
}

/// How far a gateway let a run come that was to go no further.
fn of_gateway(evidence: &Evidence) -> String {
    let gateway = Placeholder::Gateway.value(evidence).unwrap_or_default();
    let target = Placeholder::Target.value(evidence).unwrap_or_default();
    if evidence.is_through_gateway() {
        return format!("the gateway {gateway} lets this user through, and connects to {target}");
    }
    let schemes = evidence.shown_gateway().is_some_and(|shown| !shown.schemes.is_empty());
    if schemes {
        return format!("the gateway {gateway} answers, and asks who you are");
    }
    if evidence.gateway_tls().is_some() {
        return format!("the gateway {gateway} answers, and has a certificate that holds");
    }
    format!("the gateway {gateway} is reached")
}

/// Whether it is a defect here, at no peer: an event out of turn, a TLS library that does not start.
const fn is_defect(failure: &Failure) -> bool {
    let Failure { hop, kind, .. } = failure;
    matches!(kind, FailureKind::OutOfTurn)
        || matches!((hop, kind), (Hop::Client, FailureKind::Tls(TlsFault { kind: TlsFaultKind::Local, .. })))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rdp_probe_core::{Address, Awaited, DialFault, DialFaultKind, Event, Host, Link, Plan, Run, Wants};

    use super::*;
    use crate::diagnose::diagnose;

    #[test]
    fn an_open_brace_stays() {
        let evidence = Evidence::new(Plan::new(Host::parse("srv1").unwrap(), 3389));
        assert_eq!(fill("{host} {nothing} {", &evidence), "srv1 {nothing} {");
    }

    /// A run whose connection failed with `kind`.
    fn failed(hop: Hop, stage: Stage, awaiting: Awaited, kind: FailureKind) -> Evidence {
        let mut run = Run::new(Plan::new(Host::parse("192.0.2.7").unwrap(), 3389));
        run.begin(Duration::ZERO);
        let Some(Wants::Dial { address, .. }) = run.wants() else { panic!("no address") };
        run.on(Event::Dialed(Ok(Link { peer: address, local: None })), Duration::ZERO);
        let mut evidence = run.evidence().clone();
        evidence.attempts[0].failure = Some(Box::new(Failure::new(hop, stage, awaiting, kind)));
        evidence
    }

    #[test]
    fn what_no_rule_explains_names_stage_and_hop_and_only_a_defect_asks_to_be_reported() {
        let said = |evidence: &Evidence| summary(&diagnose(evidence), evidence);
        let refused = FailureKind::Connect {
            address: Address::from(([192, 0, 2, 7], 443)),
            fault: DialFault::new(DialFaultKind::Refused),
        };
        let proxy = failed(Hop::Proxy, Stage::TcpConnect, Awaited::Connection, refused);
        assert_eq!(
            said(&proxy),
            "stage tcp_connect failed, laid at hop proxy: this version has no explanation for it"
        );
        let local = FailureKind::Tls(TlsFault::new(TlsFaultKind::Local, &[]));
        let defects = [
            failed(
                Hop::Client,
                Stage::ConnectionInitiation,
                Awaited::ConnectionConfirm,
                FailureKind::OutOfTurn,
            ),
            failed(Hop::Client, Stage::Tls, Awaited::TlsHandshake, local.clone()),
        ];
        for evidence in defects {
            assert_eq!(diagnose(&evidence).verdict.exit, 3);
            assert!(
                said(&evidence).starts_with("internal error of rdp-probe in stage "),
                "{}",
                said(&evidence)
            );
        }
        let elsewhere = failed(Hop::Proxy, Stage::Proxy, Awaited::TlsHandshake, local);
        assert!(said(&elsewhere).contains("stage proxy"), "{}", said(&elsewhere));
        assert!(!said(&elsewhere).contains("internal error"), "{}", said(&elsewhere));
    }
}
