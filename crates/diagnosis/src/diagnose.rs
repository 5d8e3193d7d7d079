//! From evidence to a diagnosis.
use rdp_probe_core::{Evidence, Hop, Stage};

use crate::catalogue;
use crate::rule::{Candidate, Rule, RuleKind, VerdictOutcome};

/// What the evidence means.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Diagnosis {
    /// The verdict, from the top cause.
    pub verdict: Verdict,
    /// Why it failed, likeliest first; empty on success.
    pub causes: Vec<&'static Rule>,
    /// What else is worth knowing.
    pub findings: Vec<&'static Rule>,
    /// What a Windows client would show, likeliest first.
    pub mstsc: Vec<Candidate>,
}

/// The verdict of one run.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Verdict {
    /// In one word.
    pub outcome: VerdictOutcome,
    /// Who a failure is laid at.
    pub hop: Option<Hop>,
    /// The failing stage.
    pub stage: Option<Stage>,
    /// The top cause.
    pub rule: Option<&'static Rule>,
    /// The exit code of docs/exit-codes.md.
    pub exit: u8,
}

/// Diagnoses with the built-in catalogue. Total and deterministic.
#[must_use]
pub fn diagnose(evidence: &Evidence) -> Diagnosis {
    diagnose_with(evidence, &[])
}

/// Diagnoses with the built-in catalogue and `more` rows of the caller's, which may supersede it.
#[must_use]
pub fn diagnose_with(evidence: &Evidence, more: &[&'static Rule]) -> Diagnosis {
    let ended = ended(evidence);
    let mut matching: Vec<&'static Rule> = Vec::new();
    for rule in catalogue::all().chain(more.iter().copied()) {
        let asked = match rule.kind {
            // A cause explains a failure, so without one there is none, and one at another hop or stage is another's.
            RuleKind::Cause => ended.is_some_and(|(hop, stage)| rule.is_about(hop, stage)),
            RuleKind::Finding(_) => true,
        };
        if asked && (rule.matches)(evidence) {
            matching.push(rule);
        }
    }
    let shown = |rule: &&&'static Rule| !matching.iter().any(|other| other.supersedes.contains(&rule.id));
    let (mut causes, mut worth): (Vec<&'static Rule>, Vec<&'static Rule>) =
        matching.iter().filter(shown).copied().partition(|rule| rule.kind == RuleKind::Cause);
    causes.sort_by_key(|rule| (rule.rank, rule.id));
    worth.sort_by_key(|rule| (rule.rank, rule.id));

    let top = causes.first().copied();
    let mut mstsc: Vec<Candidate> = Vec::new();
    let decided = worth.iter().any(|rule| rule.client_decides);
    let telling = top.into_iter().chain(worth.iter().copied()).filter(|rule| rule.client_decides || !decided);
    for candidate in telling.flat_map(|rule| rule.candidates) {
        let extended = candidate.extended_of.map_or(candidate.extended, |of| of(evidence));
        let candidate = Candidate { extended, ..*candidate };
        if candidate.when.is_none_or(|when| when(evidence)) && !mstsc.contains(&candidate) {
            mstsc.push(candidate);
        }
    }
    mstsc.sort_by_key(|candidate| candidate.likelihood);
    let (hop, stage) = ended.unzip();
    let verdict = match top {
        Some(rule) => {
            Verdict { outcome: rule.outcome, hop, stage, rule: Some(rule), exit: exit(rule, evidence) }
        }
        // A defect here, such as an event out of turn, or evidence of a version that knows more than this one.
        None if ended.is_some() => {
            Verdict { outcome: VerdictOutcome::Inconclusive, hop, stage, rule: None, exit: 3 }
        }
        None => Verdict { outcome: VerdictOutcome::Reachable, hop, stage, rule: None, exit: 0 },
    };
    Diagnosis { verdict, causes, findings: worth, mstsc }
}

/// The exit code of a cause, which may be another one without TLS.
fn exit(rule: &Rule, evidence: &Evidence) -> u8 {
    rule.exit_without_tls.filter(|_| evidence.is_without_tls()).unwrap_or(rule.exit)
}

/// Where the path ended: the hop that its failure is laid at, and the stage. What a server does not go as deep as is the
/// target's.
fn ended(evidence: &Evidence) -> Option<(Hop, Stage)> {
    let failed = evidence.failure().map(|failure| (failure.hop, failure.stage));
    failed.or_else(|| Some((Hop::Target, evidence.fell_short_of()?)))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rdp_probe_core::{
        Close, DialFault, DialFaultKind, Event, Host, Link, Plan, Run, TlsFault, TlsFaultKind, Wants,
    };

    use super::*;

    /// A run whose dial failed with `kind`.
    fn dial(kind: DialFaultKind) -> Evidence {
        let mut run = Run::new(Plan::new(Host::parse("192.0.2.7").unwrap(), 3389));
        run.begin(Duration::ZERO);
        run.on(Event::Dialed(Err(DialFault::new(kind))), Duration::ZERO);
        run.evidence().clone()
    }

    /// The same run, with its failure laid elsewhere.
    fn laid(mut evidence: Evidence, hop: Hop, stage: Stage) -> Evidence {
        let failure = evidence.attempts[0].failure.as_mut().unwrap();
        (failure.hop, failure.stage) = (hop, stage);
        evidence
    }

    fn rule(evidence: &Evidence) -> (Option<&'static str>, u8) {
        let verdict = diagnose(evidence).verdict;
        (verdict.rule.map(|rule| rule.id), verdict.exit)
    }

    #[test]
    fn a_cause_explains_failures_of_its_hop_and_its_stage_only() {
        let refused = dial(DialFaultKind::Refused);
        assert_eq!(rule(&refused), (Some("tcp-refused"), 11));
        assert_eq!(rule(&laid(refused.clone(), Hop::Gateway, Stage::TcpConnect)), (None, 3));
        assert_eq!(rule(&laid(refused, Hop::Target, Stage::Tls)), (None, 3));
        // Each of these is this computer's.
        let no_route = dial(DialFaultKind::NetworkUnreachable);
        assert_eq!(rule(&no_route), (Some("network-unreachable"), 11));
        assert_eq!(rule(&laid(no_route, Hop::Target, Stage::TcpConnect)), (None, 3));
    }

    #[test]
    fn a_rule_of_the_caller_s_says_whether_it_is_of_several_hops() {
        static EVERYWHERE: Rule = Rule {
            id: "lab-everywhere",
            hop: None,
            stage: Some(Stage::TcpConnect),
            matches: |_| true,
            exit: 11,
            ..Rule::BLANK
        };
        static TARGET: Rule = Rule { id: "lab-target", hop: Rule::BLANK.hop, ..EVERYWHERE };
        let causes = |evidence: &Evidence| {
            let causes = diagnose_with(evidence, &[&EVERYWHERE, &TARGET]).causes;
            causes.iter().map(|rule| rule.id).filter(|id| id.starts_with("lab")).collect::<Vec<_>>()
        };
        let refused = dial(DialFaultKind::Refused);
        assert_eq!(causes(&refused), ["lab-everywhere", "lab-target"]);
        assert_eq!(causes(&laid(refused.clone(), Hop::Gateway, Stage::TcpConnect)), ["lab-everywhere"]);
        assert_eq!(causes(&laid(refused, Hop::Gateway, Stage::GatewayTls)), [""; 0]);
    }

    #[test]
    fn an_exit_code_without_tls_is_that_of_standard_rdp_security_only() {
        static HERE: Rule = Rule {
            id: "lab-here",
            matches: |_| true,
            exit: 60,
            exit_without_tls: Some(61),
            rank: 0,
            ..Rule::BLANK
        };
        let hung_up = |selected: u8| {
            let mut run = Run::new(Plan::new(Host::parse("192.0.2.7").unwrap(), 3389));
            run.begin(Duration::ZERO);
            let Some(Wants::Dial { address, .. }) = run.wants() else { panic!("no address") };
            run.on(Event::Dialed(Ok(Link { peer: address, local: None })), Duration::ZERO);
            let confirm = [3, 0, 0, 19, 14, 0xD0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, selected, 0, 0, 0];
            run.on(Event::Pdu(&confirm), Duration::ZERO);
            if selected == 0 {
                run.on(Event::Closed { how: Close::Fin, partial: &[] }, Duration::ZERO);
            } else {
                let fault = TlsFault::new(TlsFaultKind::Closed(Close::Fin), &[]);
                run.on(Event::Tls(Err(fault)), Duration::ZERO);
            }
            run.evidence().clone()
        };
        assert_eq!(rule(&hung_up(0)), (Some("mcs-closed"), 61));
        let exit = |evidence: &Evidence| diagnose_with(evidence, &[&HERE]).verdict.exit;
        assert_eq!((exit(&hung_up(0)), exit(&hung_up(1))), (61, 60));
        assert_eq!(exit(&dial(DialFaultKind::Refused)), 60, "nothing was agreed on");
    }
}
