//! What holds for every diagnosis.
use rdp_probe_core::{Evidence, FailureKind, Hop, NotTried, Outcome, Stage, TlsFaultKind};
use rdp_probe_diagnosis::{Diagnosis, RuleKind, VerdictOutcome, diagnose};

use crate::walk::Walk;

/// Whatever happens to a run can be diagnosed.
///
/// # Panics
/// When it cannot.
pub fn diagnosis(octets: &[u8]) {
    diagnosis_of(&Walk::from_octets(octets).evidence());
}

/// Diagnosing is total and deterministic: a failure has a cause and an exit code, what did not fail has neither, and the
/// verdict is its top cause's.
///
/// # Panics
/// When it is not.
pub fn diagnosis_of(evidence: &Evidence) -> Diagnosis {
    let diagnosis = diagnose(evidence);
    assert_eq!(diagnosis, diagnose(&evidence.clone()), "not deterministic");
    let verdict = &diagnosis.verdict;
    let top = diagnosis.causes.first().copied();
    assert_eq!(verdict.rule, top, "{diagnosis:?}");
    if let Some(failure) = evidence.failure() {
        // An event out of turn, and a TLS library that does not start, are defects here, which no cause at a peer explains.
        let ours = failure.kind == FailureKind::OutOfTurn
            || matches!(&failure.kind, FailureKind::Tls(fault) if fault.kind == TlsFaultKind::Local);
        assert_eq!(top.is_none(), ours, "no cause, or one too many: {failure:?}");
        assert_eq!((verdict.hop, verdict.stage), (Some(failure.hop), Some(failure.stage)), "{diagnosis:?}");
        assert!(verdict.exit != 0 && verdict.outcome != VerdictOutcome::Reachable, "{diagnosis:?}");
    } else if ended_at_the_gateways_question(evidence) {
        // The gateway works, and asked who it is: what lies behind it was not come to.
        assert!(top.is_some() && verdict.exit != 0, "no cause: {diagnosis:?}");
        assert_eq!(
            (verdict.hop, verdict.stage),
            (Some(Hop::Gateway), Some(Stage::GatewayAuth)),
            "{diagnosis:?}"
        );
        assert!(
            !evidence.logon_is_untested(),
            "a server that nobody came to did not ask for a logon: {diagnosis:?}"
        );
    } else if let Some(stage) = evidence
        .fell_short_of()
        .or_else(|| evidence.policy_is_untested().then_some(Stage::Tls))
        .or_else(|| evidence.logon_is_untested().then_some(Stage::Credssp))
    {
        // Nothing failed, and what was asked for was not reached, or a policy or credentials not tested.
        assert!(top.is_some() && verdict.exit != 0, "no cause: {diagnosis:?}");
        assert_eq!((verdict.hop, verdict.stage), (Some(Hop::Target), Some(stage)), "{diagnosis:?}");
    } else {
        assert!(diagnosis.causes.is_empty(), "{diagnosis:?}");
        assert_eq!((verdict.outcome, verdict.exit), (VerdictOutcome::Reachable, 0), "{diagnosis:?}");
        assert_eq!((verdict.hop, verdict.stage), (None, None), "{diagnosis:?}");
    }
    let addresses = diagnosis.addresses.iter().map(|verdict| verdict.address);
    assert!(addresses.eq(evidence.addresses()), "{diagnosis:?}");
    assert!(diagnosis.causes.iter().all(|rule| rule.kind == RuleKind::Cause), "{diagnosis:?}");
    assert_eq!(contradictions(&diagnosis), [], "{diagnosis:?}");
    assert!(diagnosis.mstsc.is_sorted_by_key(|candidate| candidate.likelihood), "{diagnosis:?}");
    assert!(diagnosis.findings.iter().all(|rule| rule.kind != RuleKind::Cause), "{diagnosis:?}");
    diagnosis
}

/// The pairs of which each says the opposite of the other, among the top cause and the findings.
#[must_use]
pub fn contradictions(diagnosis: &Diagnosis) -> Vec<(&'static str, &'static str)> {
    let said: Vec<_> = diagnosis.verdict.rule.into_iter().chain(diagnosis.findings.iter().copied()).collect();
    let beside = |id: &str| said.iter().any(|rule| rule.id == id);
    let pairs = said.iter().flat_map(|rule| rule.excludes.iter().map(|other| (rule.id, *other)));
    pairs.filter(|(_, other)| beside(other)).collect()
}

/// Whether nothing failed on the deciding path, and it ended at a logon to the gateway that was not made.
fn ended_at_the_gateways_question(evidence: &Evidence) -> bool {
    let record =
        evidence.path().last().and_then(|last| last.stages.iter().find(|of| of.stage == Stage::GatewayAuth));
    let without = [NotTried::CredentialsNeeded, NotTried::AccountStopped].map(Outcome::NotTried);
    record.is_some_and(|record| without.contains(&record.outcome))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{self, DIAL_FAULTS};
    use crate::scenario::Challenge;
    use crate::walk::{Happening, OwnedEvent, vouched_for};
    use proptest::prelude::*;
    use rdp_probe_core::{
        Account, AuthFault, AuthMethod, AuthOutput, Close, DialFault, Gateway, GatewayLogon, Host, Link,
        LogonResult, Plan, TlsFault, TunnelEnd, base64,
    };
    use std::time::Duration;

    #[test]
    fn each_fault_of_dialing_has_a_cause_at_each_stage_and_on_each_way() {
        let happening = |event| Happening { event, after: Duration::ZERO, out_of_turn: false };
        let address = "127.0.0.1:3389".parse().unwrap();
        for kind in DIAL_FAULTS {
            for gateway in [false, true] {
                let mut plan = Plan::new(Host::Name("srv1.lab.test".to_owned()), 3389);
                if gateway {
                    let named = Host::Name("gw.lab.test".to_owned());
                    plan.gateway = Some(Box::new(Gateway::new(named, Gateway::PORT)));
                }
                let fault = DialFault::new(*kind);
                let resolve = vec![happening(OwnedEvent::Resolved(Err(fault)))];
                let connect = vec![
                    happening(OwnedEvent::Resolved(Ok(vec![address]))),
                    happening(OwnedEvent::Dialed(Err(fault))),
                ];
                for happenings in [resolve, connect] {
                    let evidence = Walk { plan: plan.clone(), happenings }.evidence();
                    assert!(evidence.failure().is_some(), "{kind:?}");
                    let _ = diagnosis_of(&evidence);
                }
            }
        }
    }

    #[test]
    fn credentials_for_a_target_are_nothing_that_a_gateway_s_question_tells_of() {
        let happening = |event| Happening { event, after: Duration::ZERO, out_of_turn: false };
        let peer = "127.0.0.1:443".parse().unwrap();
        for until in [Stage::Credssp, Stage::BasicSettingsExchange] {
            for asked in [false, true] {
                let mut plan = Plan::new(Host::Name("srv1.lab.test".to_owned()), 3389);
                plan.gateway =
                    Some(Box::new(Gateway::new(Host::Name("gw.lab.test".to_owned()), Gateway::PORT)));
                plan.account = Some(Box::new(Account::parse("alice", None).unwrap()));
                (plan.until, plan.until_asked) = (until, asked);
                let head = "HTTP/1.1 401 No\r\nWWW-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n";
                let happenings = vec![
                    happening(OwnedEvent::Resolved(Ok(vec![peer]))),
                    happening(OwnedEvent::Dialed(Ok(Link { peer, local: None }))),
                    happening(OwnedEvent::Tls { before: 0, answer: Ok(vouched_for()) }),
                    happening(OwnedEvent::Pdu(head.as_bytes().to_vec())),
                ];
                let evidence = Walk { plan, happenings }.evidence();
                assert!(evidence.gateway_needs_credentials(), "{until} {asked}");
                assert_eq!(evidence.logon_result(), LogonResult::NotTried, "{until} {asked}");
                assert_eq!(evidence.logon_is_untested_because(), None, "{until} {asked}");
                let _ = diagnosis_of(&evidence);
            }
        }
    }

    #[test]
    fn every_answer_to_the_name_of_a_scheme_has_a_cause() {
        let happening = |event| Happening { event, after: Duration::ZERO, out_of_turn: false };
        let named = Host::Name("gw.lab.test".to_owned());
        let mut gateway = Gateway::new(named, Gateway::PORT);
        gateway.logon = GatewayLogon::Account(Account::parse("alice", None).unwrap());
        let peer = "127.0.0.1:443".parse().unwrap();
        for status in [101, 200, 302, 400, 403, 404, 405, 407, 418, 429, 500, 502, 503] {
            let mut plan = Plan::new(Host::Name("srv1.lab.test".to_owned()), 3389);
            plan.gateway = Some(Box::new(gateway.clone()));
            let http = |head: String| happening(OwnedEvent::Pdu(head.into_bytes()));
            let happenings = vec![
                happening(OwnedEvent::Resolved(Ok(vec![peer]))),
                happening(OwnedEvent::Dialed(Ok(Link { peer, local: None }))),
                happening(OwnedEvent::Tls { before: 0, answer: Ok(vouched_for()) }),
                http("HTTP/1.1 401 No\r\nWWW-Authenticate: SSPI_NTLM\r\nContent-Length: 0\r\n\r\n".to_owned()),
                http(format!("HTTP/1.1 {status} X\r\nContent-Length: 0\r\n\r\n")),
            ];
            let evidence = Walk { plan, happenings }.evidence();
            let failure = evidence.failure().unwrap();
            assert_eq!(failure.stage, Stage::GatewayHttp, "{status}: {failure:?}");
            let _ = diagnosis_of(&evidence);
        }
    }

    #[test]
    fn every_fault_of_a_context_at_a_gateway_has_a_cause() {
        let happening = |event| Happening { event, after: Duration::ZERO, out_of_turn: false };
        let peer = "127.0.0.1:443".parse().unwrap();
        let faults =
            [AuthFault::Token, AuthFault::Altered, AuthFault::Local, AuthFault::Closed(Close::Cancelled)];
        for scheme in [None, Some(AuthMethod::Ntlm), Some(AuthMethod::Negotiate)] {
            for (fault, challenged) in faults.into_iter().flat_map(|fault| [(fault, false), (fault, true)]) {
                let mut plan = Plan::new(Host::Name("srv1.lab.test".to_owned()), 3389);
                let mut gateway = Gateway::new(Host::Name("gw.lab.test".to_owned()), Gateway::PORT);
                gateway.logon = GatewayLogon::Account(Account::parse("alice", None).unwrap());
                gateway.scheme = scheme;
                plan.gateway = Some(Box::new(gateway));
                let asks = |scheme: &str| {
                    let head =
                        format!("HTTP/1.1 401 No\r\nWWW-Authenticate: {scheme}\r\nContent-Length: 0\r\n\r\n");
                    happening(OwnedEvent::Pdu(head.into_bytes()))
                };
                let token = AuthOutput::Token { token: b"begins".to_vec(), done: false };
                let name = scheme.and_then(AuthMethod::scheme).unwrap_or("NTLM");
                let mut happenings = vec![
                    happening(OwnedEvent::Resolved(Ok(vec![peer]))),
                    happening(OwnedEvent::Dialed(Ok(Link { peer, local: None }))),
                    happening(OwnedEvent::Tls { before: 0, answer: Ok(vouched_for()) }),
                ];
                happenings.extend(scheme.is_none().then(|| asks(name)));
                if challenged {
                    happenings.push(happening(OwnedEvent::Auth(Ok(token))));
                    happenings.push(asks(&format!("{name} {}", base64(&Challenge::default().token()))));
                }
                happenings.push(happening(OwnedEvent::Auth(Err(fault))));
                let evidence = Walk { plan, happenings }.evidence();
                assert!(matches!(evidence.failure_kind(), Some(FailureKind::Auth(_))), "{scheme:?} {fault:?}");
                let _ = diagnosis_of(&evidence);
            }
        }
    }

    #[test]
    fn a_tunnel_ends_nothing_where_there_is_none() {
        let happening = |event| Happening { event, after: Duration::ZERO, out_of_turn: false };
        let peer = "127.0.0.1:3389".parse().unwrap();
        let connected = || happening(OwnedEvent::Dialed(Ok(Link { peer, local: None })));
        let confirm = vec![3, 0, 0, 19, 14, 0xD0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, 1, 0, 0, 0];
        for end in [TunnelEnd::Channel(0xA0), TunnelEnd::WebSocket(None), TunnelEnd::Fin] {
            let how = Close::Tunnel(end);
            let closed = vec![connected(), happening(OwnedEvent::Closed { how, partial: Vec::new() })];
            let fault = TlsFault::new(TlsFaultKind::Closed(how), &[]);
            let shaking = vec![
                connected(),
                happening(OwnedEvent::Pdu(confirm.clone())),
                happening(OwnedEvent::Tls { before: 0, answer: Err(fault) }),
            ];
            for happenings in [closed, shaking] {
                let evidence = Walk { plan: Plan::new(Host::Ip(peer.ip()), 3389), happenings }.evidence();
                assert_eq!(evidence.failure_kind(), Some(&FailureKind::OutOfTurn), "{how:?}");
                let _ = diagnosis_of(&evidence);
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]
        #[test]
        fn every_run_can_be_diagnosed(evidence in generate::evidence()) {
            let _ = diagnosis_of(&evidence);
        }

        #[test]
        fn every_string_of_octets_can_be_diagnosed(octets in proptest::collection::vec(any::<u8>(), 0..256)) {
            diagnosis(&octets);
        }
    }
}
