//! One run: the plan, the state of the connection under way, and the evidence so far.
use std::time::Duration;

use rdp_probe_wire::nego::Protocols;

use crate::attempt::{Answer, Attempt, AttemptRecord, NotTried, Outcome, Purpose, StageRecord};
use crate::event::Event;
use crate::evidence::Evidence;
use crate::fact::Fact;
use crate::machine::{Output, State, Step};
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
    state: Option<State>,
    output: Output,
    /// When the stage under way began.
    since: Duration,
}

impl Run {
    /// A run that has not begun.
    #[must_use]
    pub fn new(plan: Plan) -> Self {
        Self { evidence: Evidence::new(plan), state: None, output: Output::default(), since: Duration::ZERO }
    }

    /// The next connection, which the plan decides; `None` when the run is over. Wait for [`Attempt::pause`], then call
    /// [`Run::start`] when the connection is to begin.
    #[must_use]
    pub fn next(&self) -> Option<Attempt> {
        if self.state.is_some() { None } else { self.evidence.plan.next(&self.evidence) }
    }

    /// Begins the next connection at once, pause or not.
    pub fn begin(&mut self, at: Duration) -> Option<Attempt> {
        let attempt = self.next()?;
        self.start(&attempt, at);
        Some(attempt)
    }

    /// Begins this connection. The main path tiles the time: its first stage begins where the last one ended.
    pub fn start(&mut self, attempt: &Attempt, at: Duration) {
        let on_main_path = matches!(attempt.purpose, Purpose::Main | Purpose::Fallback);
        let end = self.evidence.attempts.last().and_then(AttemptRecord::ended).unwrap_or_default();
        self.since = if on_main_path { end } else { at };
        self.evidence.attempts.push(AttemptRecord {
            purpose: attempt.purpose,
            offer: attempt.offer,
            stages: Vec::with_capacity(Stage::BUILT.len()),
            failure: None,
        });
        self.output = Output::default();
        let state = State::start(attempt, &self.evidence.plan);
        let (first, until) = (state.stage(), self.evidence.plan.until);
        for stage in self.stages().filter(|stage| stage.rank() < first.rank()) {
            self.push(StageRecord::idle(stage, Outcome::NotTried(NotTried::AddressKnown)));
        }
        if until.rank() < first.rank() {
            // The asked depth is reached with what is known already.
            for stage in self.stages().filter(|stage| stage.rank() >= first.rank()) {
                self.push(StageRecord::idle(stage, Outcome::NotTried(NotTried::BeyondDepth)));
            }
            return;
        }
        self.open(state);
    }

    /// Reports what happened. Out of turn (no connection under way) it is ignored.
    pub fn on(&mut self, event: Event<'_>, at: Duration) {
        let Some(state) = self.state.take() else { return };
        let before = state.stage();
        let step = state.on(event, &mut self.output);
        self.note(at);
        match step {
            Ok(Step::Continue(state)) => {
                if state.stage() == before {
                    self.state = Some(state);
                } else {
                    self.close(Outcome::Passed, at);
                    self.skip(before, state.stage());
                    self.open(state);
                }
            }
            Ok(Step::Done(_)) => {
                self.close(Outcome::Passed, at);
                self.rest(before, None);
            }
            Err(failure) => {
                self.close(Outcome::Failed, at);
                self.rest(before, Some(Outcome::NotReached));
                if let Some(attempt) = self.evidence.attempts.last_mut() {
                    attempt.failure = Some(failure);
                }
            }
        }
    }

    /// What to do next; `None` when the connection is over.
    #[must_use]
    pub fn wants(&self) -> Option<Wants<'_>> {
        self.state.as_ref().map(State::wants)
    }

    /// The octets to send before anything is waited for.
    pub fn take_octets(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output.octets)
    }

    /// The stage under way.
    #[must_use]
    pub fn stage(&self) -> Option<Stage> {
        self.state.as_ref().map(State::stage)
    }

    /// When the stage under way has to end, since the run began, and whether that is the end of the whole run.
    #[must_use]
    pub fn limit(&self) -> Limit {
        let limits = &self.evidence.plan.limits;
        let own = self.stage().map_or(limits.overall, |stage| limits.of(stage));
        let end = self.since.saturating_add(own);
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

    /// Begins the state's stage.
    fn open(&mut self, state: State) {
        self.push(StageRecord {
            stage: state.stage(),
            hop: state.hop(),
            outcome: Outcome::Failed,
            started: Some(self.since),
            duration: None,
            facts: Vec::new(),
        });
        state.enter(&mut self.output);
        self.note(self.since);
        self.state = Some(state);
    }

    /// Puts what was observed into the record of the stage under way.
    fn note(&mut self, at: Duration) {
        let facts = std::mem::take(&mut self.output.facts);
        if let Some(record) = self.record() {
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

    /// The stages that the selected security protocol leaves out between these two.
    fn skip(&mut self, before: Stage, next: Stage) {
        let between = |stage: &Stage| stage.rank() > before.rank() && stage.rank() < next.rank();
        for stage in self.stages().filter(between) {
            self.push(StageRecord::idle(stage, Outcome::NotTried(NotTried::NotSelected)));
        }
    }

    /// The stages after the one that ended the attempt; without an outcome, why they were not tried.
    fn rest(&mut self, after: Stage, outcome: Option<Outcome>) {
        let attempt = self.evidence.attempts.last();
        let depth = attempt.map_or(after, |attempt| attempt.purpose.depth(&self.evidence.plan));
        for stage in self.stages().filter(|stage| stage.rank() > after.rank()) {
            let why = if stage.rank() > depth.rank() {
                NotTried::BeyondDepth
            } else if after.rank() >= Stage::Credssp.rank() {
                NotTried::CredentialsNeeded
            } else {
                NotTried::NotSelected
            };
            self.push(StageRecord::idle(stage, outcome.unwrap_or(Outcome::NotTried(why))));
        }
    }

    /// The stages that the attempt under way goes through, or would: of alternatives the one that the server selected, or
    /// that was offered.
    fn stages(&self) -> impl Iterator<Item = Stage> + use<> {
        let attempt = self.evidence.attempts.last();
        let selected = attempt.and_then(|attempt| match attempt.answer() {
            Answer::Selected { protocol, .. } => Some(protocol),
            Answer::NoNegotiation | Answer::Refused(_) | Answer::Disconnected | Answer::Fin | Answer::None => {
                None
            }
        });
        let taken = match selected.or_else(|| attempt.map(|attempt| attempt.offer)) {
            Some(Protocols::RDSTLS) => Stage::Rdstls,
            Some(Protocols::RDSAAD) => Stage::Rdsaad,
            Some(_) | None => Stage::Credssp,
        };
        let others = [Stage::Credssp, Stage::Rdstls, Stage::Rdsaad];
        Stage::BUILT.into_iter().filter(move |stage| *stage == taken || !others.contains(stage))
    }
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
