//! One run: the plan, the state of the connection under way, and the evidence so far.
use std::sync::Arc;
use std::time::Duration;

use crate::attempt::{Attempt, AttemptRecord, NotTried, Outcome, Purpose, StageRecord};
use crate::event::Event;
use crate::evidence::Evidence;
use crate::fact::{Fact, Observed};
use crate::failure::Failure;
use crate::gateway::GatewayFact;
use crate::hop::Hop;
use crate::itinerary::{Itinerary, Stop};
use crate::machine::{Limited, Machine, Next, Output};
use crate::plan::Plan;
use crate::stage::Stage;
use crate::wants::Wants;

/// A run under way. Three kinds of methods: inputs ([`Run::begin`], [`Run::on`]), what to do next ([`Run::wants`],
/// [`Run::take_octets`], [`Run::limit`]), and what was found ([`Run::evidence`], [`Run::stage`]).
///
/// The order is: `begin`, then `wants`, `take_octets` and `on` until `wants` is `None`, then `begin` again until it is
/// `None`. Times are since the run began, and never go back.
#[derive(Debug)]
pub struct Run {
    evidence: Evidence,
    machine: Option<Machine>,
    itinerary: Itinerary,
    output: Output,
    /// When the stage under way began.
    since: Duration,
    /// When the message under way began to be waited for.
    waiting: Duration,
    /// How long this connection is waited for in each stage, at most.
    patience: Option<Duration>,
}

impl Run {
    /// A run that has not begun.
    #[must_use]
    pub fn new(plan: impl Into<Arc<Plan>>) -> Self {
        Self {
            evidence: Evidence::new(plan),
            machine: None,
            itinerary: Itinerary::default(),
            output: Output::default(),
            since: Duration::ZERO,
            waiting: Duration::ZERO,
            patience: None,
        }
    }

    /// The next connection, which the plan decides; `None` when the run is over. Wait for [`Attempt::pause`], then call
    /// [`Run::start`] when the connection is to begin.
    #[must_use]
    pub fn next(&self) -> Option<Attempt> {
        if self.machine.is_some() { None } else { self.evidence.plan.next(&self.evidence) }
    }

    /// Begins the next connection at once, pause or not.
    pub fn begin(&mut self, at: Duration) -> Option<Attempt> {
        let attempt = self.next()?;
        self.start(&attempt, at);
        Some(attempt)
    }

    /// Begins this connection. The main path tiles the time: its first stage begins where the last one ended.
    pub fn start(&mut self, attempt: &Attempt, at: Duration) {
        let end = self.evidence.attempts.last().and_then(AttemptRecord::ended).unwrap_or_default();
        self.since = if attempt.purpose.is_main_path() { end } else { at };
        self.itinerary =
            Itinerary::draw(&self.evidence.plan, attempt.first_hop, attempt.purpose, attempt.offer);
        // Evidence grows as it comes: most runs are one connection, and thousands of them may wait at a time.
        self.evidence.attempts.reserve_exact(1);
        self.evidence.attempts.push(AttemptRecord {
            purpose: attempt.purpose,
            offer: attempt.offer,
            stages: Vec::with_capacity(self.itinerary.len().min(SOON)),
            failure: None,
        });
        self.output = Output::default();
        self.patience = attempt.patience;
        let machine = Machine::start(attempt, Arc::clone(&self.evidence.plan));
        self.go_on(machine, NotTried::AddressKnown);
    }

    /// Reports what happened. Out of turn (no connection under way) it is ignored.
    pub fn on(&mut self, event: Event<'_>, at: Duration) {
        let Some(machine) = self.machine.take() else { return };
        let before = (machine.stage(), machine.hop());
        let pdu = if let Event::Pdu(pdu) = event { Some(pdu) } else { None };
        let next = machine.on(event, &mut self.output);
        self.waiting = at;
        self.note(at);
        match next {
            Ok(Next::Continue(machine)) if (machine.stage(), machine.hop()) == before => {
                self.machine = Some(machine);
            }
            Ok(Next::Continue(machine)) => {
                self.close(Outcome::Passed, at);
                self.go_on(machine, NotTried::NotSelected);
            }
            Ok(Next::HandOn(machine)) => {
                self.close(Outcome::Passed, at);
                self.go_on(machine, NotTried::NotSelected);
                if let Some(pdu) = pdu {
                    self.on(Event::Pdu(pdu), at);
                }
            }
            Ok(Next::PassBy(failure, machine)) => {
                self.close(Outcome::Failed, at);
                if let Some(record) = self.record() {
                    record.failure = Some(Box::new(failure));
                }
                self.go_on(machine, NotTried::NotSelected);
            }
            Ok(Next::FailAt(failure, machine)) => {
                self.close(Outcome::Passed, at);
                self.go_on(machine, NotTried::NotSelected);
                // It is not under way where it lies beyond the asked depth.
                if self.machine.take().is_some() {
                    self.fail(failure, at);
                }
            }
            Ok(Next::Done(why)) => {
                self.close(Outcome::Passed, at);
                self.rest(why);
            }
            Err(failure) => self.fail(failure, at),
        }
    }

    /// The stage under way failed, and the attempt with it.
    fn fail(&mut self, mut failure: Failure, at: Duration) {
        self.close(Outcome::Failed, at);
        // Whoever was kept waiting for so long may have given up for good reason.
        if failure.kind.is_hang_up() && self.record().is_some_and(|record| stood_still(record) >= PATIENCE) {
            failure.hop = Hop::Client;
        }
        while let Some(stop) = self.itinerary.pass() {
            self.push(StageRecord::idle(stop.stage, stop.hop, Outcome::NotReached));
        }
        if let Some(attempt) = self.evidence.attempts.last_mut() {
            attempt.failure = Some(Box::new(failure));
        }
    }

    /// Reports that this computer stood still for so long, until `at`. Times leave that out.
    pub fn stood_still(&mut self, lost: Duration, at: Duration) {
        self.output.facts.push(Observed::StoodStill(lost));
        self.note(at);
    }

    /// Reports what a tunnel observed beside the octets of the target's, whose stage may be under way: it belongs to the gateway's.
    pub fn beside(&mut self, facts: impl IntoIterator<Item = GatewayFact>, at: Duration) {
        let attempt = self.evidence.attempts.last_mut();
        let channel = |record: &&mut StageRecord| record.stage == Stage::GatewayChannel;
        if let Some(record) = attempt.and_then(|attempt| attempt.stages.iter_mut().find(channel)) {
            let fact = |fact| Fact { at, observed: Observed::Gateway(fact) };
            record.facts.extend(facts.into_iter().map(fact));
        }
    }

    /// What to do next; `None` when the connection is over.
    #[must_use]
    pub fn wants(&self) -> Option<Wants<'_>> {
        self.machine.as_ref().map(Machine::wants)
    }

    /// The octets to send before anything is done that [`Run::wants`] asks for.
    pub fn take_octets(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output.octets)
    }

    /// The stage under way.
    #[must_use]
    pub fn stage(&self) -> Option<Stage> {
        self.machine.as_ref().map(Machine::stage)
    }

    /// When what is waited for has to end, since the run began, and whether that is the end of the whole run.
    #[must_use]
    pub fn limit(&self) -> Limit {
        let limits = &self.evidence.plan.limits;
        let (from, own) = match &self.machine {
            Some(machine) => {
                let from = match machine.limited() {
                    Limited::Stage => self.since,
                    Limited::Message => self.waiting,
                };
                let purpose = self.evidence.attempts.last().map(|attempt| attempt.purpose);
                let stage = machine.limit_of();
                let own = purpose.map_or_else(|| limits.of(stage), |purpose| purpose.limit_of(stage, limits));
                // A path that a question opened is one from its answer on.
                let opened = purpose.is_some_and(Purpose::is_path)
                    && machine.stage().rank() > Stage::ConnectionInitiation.rank();
                let patience = self.patience.filter(|_| !opened);
                (from, patience.map_or(own, |patience| patience.min(own)))
            }
            None => (self.since, limits.overall),
        };
        let end = from.saturating_add(own);
        if limits.overall < end {
            Limit { end: limits.overall, limit: limits.overall, overall: true }
        } else {
            Limit { end, limit: own, overall: false }
        }
    }

    /// What was found so far.
    #[must_use]
    pub const fn evidence(&self) -> &Evidence {
        &self.evidence
    }

    /// What was found, when the run is over.
    #[must_use]
    pub fn into_evidence(self) -> Evidence {
        self.evidence
    }

    fn record(&mut self) -> Option<&mut StageRecord> {
        self.evidence.attempts.last_mut()?.stages.last_mut()
    }

    fn push(&mut self, record: StageRecord) {
        if let Some(attempt) = self.evidence.attempts.last_mut() {
            attempt.stages.push(record);
        }
    }

    /// On to the stage of `machine`, past the stops before it, which are not tried because of `why`. Where the stage lies beyond
    /// the asked depth, the attempt ends here.
    fn go_on(&mut self, machine: Machine, why: NotTried) {
        let stop = self.itinerary.ahead(machine.stage(), machine.hop());
        if let Some(stop) = stop {
            while let Some(between) = self.itinerary.pass_by(stop) {
                self.leave_out(between, why);
            }
            if !stop.beyond {
                self.itinerary.pass();
            }
        }
        // Be it told of or not.
        let depth = |attempt: &AttemptRecord| {
            attempt.purpose.depth(&self.evidence.plan, self.evidence.first_hop()).rank()
        };
        if self.evidence.attempts.last().is_some_and(|attempt| machine.stage().rank() > depth(attempt)) {
            machine.leave(&mut self.output);
            return self.rest(why);
        }
        self.push(StageRecord {
            stage: machine.stage(),
            hop: machine.hop(),
            outcome: Outcome::Failed,
            started: Some(self.since),
            duration: None,
            facts: Vec::new(),
            failure: None,
        });
        self.waiting = self.since;
        machine.enter(&mut self.output);
        self.note(self.since);
        self.machine = Some(machine);
    }

    /// The attempt is over without a failure.
    fn rest(&mut self, why: NotTried) {
        let left = self.itinerary.left();
        if let Some(attempt) = self.evidence.attempts.last_mut() {
            attempt.stages.reserve_exact(left);
        }
        while let Some(stop) = self.itinerary.pass() {
            self.leave_out(stop, why);
        }
    }

    fn leave_out(&mut self, stop: Stop, why: NotTried) {
        let through_gateway = self.evidence.gateway().is_some() && stop.hop == Hop::Target;
        let why = if stop.beyond {
            NotTried::BeyondDepth
        } else if through_gateway && matches!(stop.stage, Stage::Resolve | Stage::TcpConnect) {
            NotTried::DoneByGateway
        } else if stop.stage == Stage::GatewayAuth && why == NotTried::NotSelected {
            NotTried::NoLogonAsked
        } else {
            why
        };
        self.push(StageRecord::idle(stop.stage, stop.hop, Outcome::NotTried(why)));
    }

    /// Puts what was observed into the record of the stage under way.
    fn note(&mut self, at: Duration) {
        let facts = std::mem::take(&mut self.output.facts);
        if facts.is_empty() {
            return;
        }
        let (attempt, first_hop) = (self.evidence.attempts.last(), self.evidence.first_hop());
        for observed in &facts {
            if let (Observed::Selected { protocol, .. }, Some(attempt)) = (observed, attempt) {
                self.itinerary.redraw(&self.evidence.plan, first_hop, attempt.purpose, *protocol);
            }
        }
        if let Some(record) = self.record() {
            record.facts.reserve_exact(facts.len());
            record.facts.extend(facts.into_iter().map(|observed| Fact { at, observed }));
        }
    }

    fn close(&mut self, outcome: Outcome, at: Duration) {
        let since = std::mem::replace(&mut self.since, at);
        if let Some(record) = self.record() {
            record.outcome = outcome;
            record.duration = Some(at.saturating_sub(since));
        }
    }
}

/// So many stages are behind an attempt that waits for its first answer: name, TCP, and that one.
const SOON: usize = 3;

/// How long a peer may be kept waiting by a computer that stands still, and its end be its own all the same.
const PATIENCE: Duration = Duration::from_secs(2);

fn stood_still(record: &StageRecord) -> Duration {
    record.facts.iter().fold(Duration::ZERO, |all, fact| all.saturating_add(fact.observed.lost()))
}

/// A deadline, and what it is the deadline of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a deadline is this")]
pub struct Limit {
    /// When, since the run began.
    pub end: Duration,
    /// The limit as it was set: how long the stage, or the run, may take.
    pub limit: Duration,
    /// Whether it is the limit of the whole run.
    pub overall: bool,
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;
    use crate::awaited::Awaited;
    use crate::close::Close;
    use crate::failure::FailureKind;
    use crate::framing::Framing;
    use crate::machine::{AnyState, ContextOfState, StepOfState};
    use crate::target::Host;

    /// Goes through these stages at each PDU; one that is not to pass fails, and the path goes on.
    #[derive(Debug)]
    struct Tour(VecDeque<(Stage, bool)>);

    impl AnyState for Tour {
        fn stage(&self) -> Stage {
            self.0.front().map_or(Stage::Session, |(stage, _)| *stage)
        }

        fn awaiting(&self) -> Awaited {
            Awaited::Challenge
        }

        fn wants<'a>(&'a self, _: &'a ContextOfState) -> Wants<'a> {
            Wants::Pdu(Framing::TsRequest)
        }

        fn limited(&self) -> Limited {
            if self.stage() == Stage::Credssp { Limited::Message } else { Limited::Stage }
        }

        fn on_pdu(
            mut self: Box<Self>,
            pdu: &[u8],
            _: &ContextOfState,
            _: &mut Output,
        ) -> Result<StepOfState, FailureKind> {
            if pdu.is_empty() {
                return Ok(StepOfState::Continue(self));
            }
            let passes = self.0.pop_front().is_none_or(|(_, passes)| passes);
            Ok(match (self.0.is_empty(), passes) {
                (true, _) => StepOfState::Done(NotTried::CredentialsNeeded),
                (false, true) => StepOfState::Continue(self),
                (false, false) => StepOfState::PassBy(FailureKind::NotTrusted, self),
            })
        }
    }

    /// A run on tour, before its first PDU.
    fn on_tour(stages: &[(Stage, bool)]) -> Run {
        let mut run = Run::new(Plan::new(Host::parse("192.0.2.7").unwrap(), 3389));
        let attempt = run.begin(Duration::ZERO).unwrap();
        let tour = Box::new(Tour(stages.iter().copied().collect()));
        let machine = Machine::at(tour, &attempt, Arc::clone(&run.evidence.plan));
        run.close(Outcome::Passed, Duration::ZERO);
        run.go_on(machine, NotTried::NotSelected);
        run
    }

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn a_stage_stands_as_often_as_it_came_and_one_that_failed_need_not_end_the_path() {
        let mut run = on_tour(&[
            (Stage::ConnectionInitiation, true),
            (Stage::Kdc, false),
            (Stage::Credssp, true),
            (Stage::Kdc, true),
            (Stage::BasicSettingsExchange, true),
        ]);
        for at in 1..=5 {
            run.on(Event::Pdu(b"on"), ms(at));
        }
        let [attempt] = run.evidence().attempts.as_slice() else { panic!("one attempt") };
        let records: Vec<(Stage, Outcome)> =
            attempt.stages.iter().map(|record| (record.stage, record.outcome)).collect();
        assert_eq!(
            records,
            [
                (Stage::Resolve, Outcome::NotTried(NotTried::AddressKnown)),
                (Stage::TcpConnect, Outcome::Passed),
                (Stage::ConnectionInitiation, Outcome::Passed),
                (Stage::Kdc, Outcome::Failed),
                (Stage::Tls, Outcome::NotTried(NotTried::NotSelected)),
                (Stage::Credssp, Outcome::Passed),
                (Stage::Kdc, Outcome::Passed),
                (Stage::BasicSettingsExchange, Outcome::Passed),
            ]
        );
        assert_eq!(attempt.failure, None);
        let failure = attempt.stages[3].failure.as_ref().unwrap();
        assert_eq!(
            (failure.stage, failure.hop, &failure.kind),
            (Stage::Kdc, Hop::Target, &FailureKind::NotTrusted)
        );
        let durations: Vec<_> = attempt.stages.iter().filter_map(|record| record.duration).collect();
        assert_eq!(durations, [ms(0), ms(1), ms(1), ms(1), ms(1), ms(1)]);
    }

    #[test]
    fn a_limit_is_that_of_the_stage_or_begins_anew_with_each_message() {
        let mut run = on_tour(&[(Stage::ConnectionInitiation, true), (Stage::Credssp, true)]);
        let end = |run: &Run| run.limit().end;
        assert_eq!(end(&run), ms(5000));
        run.on(Event::Pdu(b""), ms(1000));
        assert_eq!(end(&run), ms(5000), "the stage's");
        run.on(Event::Pdu(b"on"), ms(2000));
        assert_eq!(end(&run), ms(12_000));
        run.on(Event::Pdu(b""), ms(6000));
        assert_eq!(end(&run), ms(16_000), "the message's");
        run.on(Event::Pdu(b""), ms(15_000));
        assert_eq!(run.limit(), Limit { end: ms(20_000), limit: ms(20_000), overall: true });
    }

    #[test]
    fn a_computer_that_stood_still_for_long_excuses_a_hang_up_and_nothing_else() {
        let silence = Close::TimedOut { limit: ms(5000), overall: false };
        for (lost, how, hop) in [
            (ms(1999), Close::Fin, Hop::Target),
            (ms(2000), Close::Fin, Hop::Client),
            (ms(2000), Close::Reset, Hop::Client),
            (ms(60_000), silence, Hop::Target),
        ] {
            let mut run = on_tour(&[(Stage::ConnectionInitiation, true)]);
            run.stood_still(lost, ms(1));
            run.on(Event::Closed { how, partial: &[] }, ms(2));
            assert_eq!(run.evidence().failure().unwrap().hop, hop, "{lost:?}, {how:?}");
        }
    }

    #[test]
    fn an_event_that_nobody_waits_for_is_a_defect_here() {
        let mut run = on_tour(&[(Stage::ConnectionInitiation, true)]);
        run.on(Event::Resolved(Ok(Vec::new())), ms(1));
        let failure = run.evidence().failure().unwrap();
        assert_eq!((failure.hop, &failure.kind), (Hop::Client, &FailureKind::OutOfTurn));
    }
}
