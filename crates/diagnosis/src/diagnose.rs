//! From evidence to a diagnosis.
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;

use rdp_probe_core::{Address, AttemptRecord, Awaited, Evidence, Failure, FailureKind, Hop, Observed, Stage};

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
    /// What is known of each address of the name, in the resolver's order.
    pub addresses: Vec<AddressVerdict>,
}

/// What is known of one address: the verdict of the path that was connected to it, or of the dial that failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddressVerdict {
    /// Which.
    pub address: Address,
    /// In one word; `None` when it was not tried.
    pub outcome: Option<VerdictOutcome>,
    /// The failing stage.
    pub stage: Option<Stage>,
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
    diagnose_by(evidence, more, &[])
}

/// The same, with judges beside the rows.
#[must_use]
pub fn diagnose_by(evidence: &Evidence, more: &[&'static Rule], judges: &[Arc<dyn Judge>]) -> Diagnosis {
    let more = Own { rules: more, judges };
    let mut diagnosis = judge(evidence, more);
    diagnosis.addresses = addresses(evidence, more, &diagnosis.verdict);
    diagnosis
}

/// A rule that needs to know more than a row can hold: which hosts are whose, since when a firewall is new.
pub trait Judge: Debug + Send + Sync {
    /// The row: its id and texts, when it is asked, what it supersedes. The row's own `matches` is not asked.
    fn rule(&self) -> &'static Rule;

    /// Whether it is so. Always the same of the same evidence.
    fn matches(&self, evidence: &Evidence) -> bool;
}

/// The caller's own rules.
#[derive(Clone, Copy)]
struct Own<'a> {
    rules: &'a [&'static Rule],
    judges: &'a [Arc<dyn Judge>],
}

/// All of a diagnosis but the addresses.
fn judge(evidence: &Evidence, more: Own<'_>) -> Diagnosis {
    let (ended, deepest) = (ended(evidence), evidence.deepest_stage());
    let asked = |rule: &Rule| match rule.kind {
        // A cause explains a failure, so without one there is none, and one at another hop or stage is another's.
        RuleKind::Cause => ended.is_some_and(|(hop, stage)| rule.is_about(hop, stage)),
        RuleKind::Finding(_) => rule.is_within(deepest),
    };
    let mut matching: Vec<&'static Rule> = Vec::new();
    let mut ask = |rule: &'static Rule| {
        if asked(rule) && (rule.matches)(evidence) {
            matching.push(rule);
        }
    };
    if ended.is_some() {
        catalogue::causes().for_each(&mut ask);
    }
    catalogue::findings().for_each(ask);
    matching.extend(more.rules.iter().filter(|rule| asked(rule) && (rule.matches)(evidence)));
    let judges = more.judges.iter().map(|judge| (judge, judge.rule()));
    let judged = judges.filter(|(judge, rule)| asked(rule) && judge.matches(evidence));
    matching.extend(judged.map(|(_, rule)| rule));
    let shown = |rule: &&&'static Rule| !matching.iter().any(|other| other.supersedes.contains(&rule.id));
    let (mut causes, mut worth): (Vec<&'static Rule>, Vec<&'static Rule>) =
        matching.iter().filter(shown).copied().partition(|rule| rule.kind == RuleKind::Cause);
    causes.sort_by_key(|rule| (!(rule.first_when)(evidence), rule.rank, rule.id));
    worth.sort_by_key(|rule| (rule.rank, rule.id));

    let top = causes.first().copied();
    let mut mstsc: Vec<Candidate> = Vec::new();
    let decided = worth.iter().any(|rule| rule.client_decides);
    let telling = top.into_iter().chain(worth.iter().copied()).filter(|rule| rule.client_decides || !decided);
    for candidate in telling.flat_map(|rule| rule.candidates) {
        let extended = candidate.extended_of.map_or(candidate.extended, |of| of(evidence));
        let status = candidate.status_of.map_or(candidate.status, |of| of(evidence));
        let candidate = Candidate { extended, status, ..*candidate };
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
    Diagnosis { verdict, causes, findings: worth, mstsc, addresses: Vec::new() }
}

/// What was seen of an address.
enum Seen {
    /// The path with this number went there, or ended with its dial.
    Path(usize),
    /// A path went past it: the attempt, as if its failed dial had ended it. Few are, and there is room for many in what is made first.
    Dial(Box<AttemptRecord>),
}

/// What is known of each address, by the same rules as the verdict.
fn addresses(evidence: &Evidence, more: Own<'_>, verdict: &Verdict) -> Vec<AddressVerdict> {
    // Most runs have one connection, to the only address.
    let path = evidence.main_path();
    if let (Some(address), Some(last)) = (evidence.only_address(), path.last())
        && path.len() == evidence.attempts.len()
        && last.peer().or_else(|| dialed(last)) == Some(address)
    {
        let Verdict { outcome, stage, .. } = *verdict;
        return vec![AddressVerdict { address, outcome: Some(outcome), stage }];
    }
    let paths: Vec<&[AttemptRecord]> = evidence.paths().collect();
    let seen = seen(&paths);
    // One for all of them: a plan may be large. None where nothing has to be judged again.
    let mut alone: Option<Evidence> = None;
    let mut judged: Vec<Option<(VerdictOutcome, Option<Stage>)>> = vec![None; paths.len()];
    let mut judge_alone = |attempts: Vec<AttemptRecord>| {
        let alone = alone.get_or_insert_with(|| Evidence::new(evidence.plan.clone()));
        alone.attempts = attempts;
        let Verdict { outcome, stage, .. } = judge(alone, more).verdict;
        (outcome, stage)
    };
    let mut all = Vec::new();
    for address in evidence.addresses() {
        let outcome = match seen.get(&address) {
            // What stands alone already is not asked about twice.
            Some(Seen::Path(_)) if paths.first().is_some_and(|path| path.len() == evidence.attempts.len()) => {
                Some((verdict.outcome, verdict.stage))
            }
            Some(Seen::Path(index)) => judged.get_mut(*index).map(|known| {
                let path = paths.get(*index).copied().unwrap_or_default();
                *known.get_or_insert_with(|| judge_alone(path.to_vec()))
            }),
            Some(Seen::Dial(attempt)) => Some(judge_alone(vec![attempt.as_ref().clone()])),
            None => None,
        };
        let (outcome, stage) = outcome.unzip();
        all.push(AddressVerdict { address, outcome, stage: stage.flatten() });
    }
    all
}

/// Where each address is first seen.
fn seen(paths: &[&[AttemptRecord]]) -> BTreeMap<Address, Seen> {
    let mut seen = BTreeMap::new();
    for (index, path) in paths.iter().enumerate() {
        let Some(last) = path.last() else { continue };
        for address in last.peer().into_iter().chain(dialed(last)) {
            seen.entry(address).or_insert(Seen::Path(index));
        }
        for attempt in *path {
            for (record, fact) in
                attempt.stages.iter().flat_map(|record| record.facts.iter().map(move |fact| (record, fact)))
            {
                let Observed::AddressFailed { address, fault } = fact.observed else { continue };
                let kind = FailureKind::Connect { address, fault };
                let failure = Failure::new(kind.laid_at(record.hop), record.stage, Awaited::Connection, kind);
                seen.entry(address).or_insert_with(|| Seen::Dial(Box::new(attempt.ended_by(failure))));
            }
        }
    }
    seen
}

/// The address whose dial ended it.
fn dialed(attempt: &AttemptRecord) -> Option<Address> {
    match attempt.failure.as_ref().map(|failure| &failure.kind) {
        Some(FailureKind::Connect { address, .. }) => Some(*address),
        Some(_) | None => None,
    }
}

/// The exit code of a cause, which may be another one without TLS.
fn exit(rule: &Rule, evidence: &Evidence) -> u8 {
    if let Some(of) = rule.exit_of {
        return of(evidence);
    }
    rule.exit_without_tls.filter(|_| evidence.is_without_tls()).unwrap_or(rule.exit)
}

/// Where the path ended: the hop that its failure is laid at, and the stage. What a server does not go as deep as is the
/// target's, and so is the certificate that nobody came to.
fn ended(evidence: &Evidence) -> Option<(Hop, Stage)> {
    let failed = evidence.failure().map(|failure| (failure.hop, failure.stage));
    if evidence.ended_at_gateways_question() {
        return Some((Hop::Gateway, Stage::GatewayAuth));
    }
    let untested = || {
        let policy = evidence.policy_is_untested().then_some(Stage::Tls);
        policy.or_else(|| evidence.logon_is_untested().then_some(Stage::Credssp))
    };
    let short = || evidence.fell_short_of().or_else(untested);
    failed.or_else(|| Some((Hop::Target, short()?)))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
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
        let gateway = laid(refused.clone(), Hop::Gateway, Stage::TcpConnect);
        assert_eq!(rule(&gateway), (Some("gateway-refused"), 20));
        assert_eq!(rule(&laid(refused.clone(), Hop::Proxy, Stage::TcpConnect)), (None, 3));
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
                run.on(Event::Tls { before: 0, answer: Err(fault) }, Duration::ZERO);
            }
            run.evidence().clone()
        };
        assert_eq!(rule(&hung_up(0)), (Some("mcs-closed"), 61));
        let exit = |evidence: &Evidence| diagnose_with(evidence, &[&HERE]).verdict.exit;
        assert_eq!((exit(&hung_up(0)), exit(&hung_up(1))), (61, 60));
        assert_eq!(exit(&dial(DialFaultKind::Refused)), 60, "nothing was agreed on");
    }

    #[test]
    fn a_run_of_one_path_asks_each_rule_once() {
        static ASKED: AtomicUsize = AtomicUsize::new(0);
        static COUNTS: Rule = Rule {
            id: "lab-counts",
            matches: |_| {
                ASKED.fetch_add(1, Ordering::Relaxed);
                true
            },
            exit: 11,
            ..Rule::BLANK
        };
        let diagnosis = diagnose_with(&dial(DialFaultKind::Refused), &[&COUNTS]);
        assert_eq!(ASKED.load(Ordering::Relaxed), 1);
        let [address] = diagnosis.addresses.try_into().unwrap();
        assert_eq!((address.outcome, address.stage), (Some(VerdictOutcome::Refused), Some(Stage::TcpConnect)));
    }
}
