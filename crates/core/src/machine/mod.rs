//! The state machine of one connection. A state is named for what it waits for; an event consumes it.
mod initiation;
mod resolve;
mod tcp;

use crate::event::Event;
use crate::fact::Observed;
use crate::failure::{Awaited, Failure, FailureKind};
use crate::hop::Hop;
use crate::plan::{Attempt, Plan};
use crate::stage::Stage;
use crate::wants::{Framing, Wants};

pub use initiation::ExpectConnectionConfirm;
pub use resolve::ExpectAddresses;
pub use tcp::ExpectConnection;

/// What a connection waits for.
#[derive(Debug)]
#[non_exhaustive]
pub enum State {
    /// Waits for the resolver's answer.
    ExpectAddresses(ExpectAddresses),
    /// Waits for a TCP connection.
    ExpectConnection(ExpectConnection),
    /// Waits for the X.224 Connection Confirm ([MS-RDPBCGR] 2.2.1.2).
    ExpectConnectionConfirm(ExpectConnectionConfirm),
}

/// What an event leads to.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step {
    /// The next state, or the same one.
    Continue(State),
    /// The asked depth is reached.
    Done(Summary),
}

/// The end of an attempt that reached its depth. What was learnt stands in the facts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Summary {
    /// The last stage that passed.
    pub reached: Stage,
}

/// What a state gives out beside the next one.
#[derive(Debug, Default)]
#[expect(clippy::exhaustive_structs, reason = "the two things a state gives out")]
pub struct Output {
    /// Octets to send.
    pub octets: Vec<u8>,
    /// What was observed.
    pub facts: Vec<Observed>,
}

/// What every state of one attempt knows.
#[derive(Clone, Debug)]
pub(crate) struct Context(Box<(Attempt, Plan)>);

impl Context {
    fn attempt(&self) -> &Attempt {
        &self.0.0
    }

    fn plan(&self) -> &Plan {
        &self.0.1
    }

    /// Goes on to `next`, or ends here when the asked depth is reached.
    fn passed(self, stage: Stage, next: impl FnOnce(Self) -> State) -> Step {
        if self.plan().until.rank() > stage.rank() {
            Step::Continue(next(self))
        } else {
            Step::Done(Summary { reached: stage })
        }
    }
}

impl State {
    /// The first state of an attempt.
    #[must_use]
    pub fn start(attempt: &Attempt, plan: &Plan) -> Self {
        let context = Context(Box::new((attempt.clone(), plan.clone())));
        if attempt.addresses.is_empty() {
            Self::ExpectAddresses(ExpectAddresses::new(context))
        } else {
            let addresses = attempt.addresses.clone();
            Self::ExpectConnection(ExpectConnection::new(context, addresses))
        }
    }

    /// The stage it belongs to.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        match self {
            Self::ExpectAddresses(_) => Stage::Resolve,
            Self::ExpectConnection(_) => Stage::TcpConnect,
            Self::ExpectConnectionConfirm(_) => Stage::ConnectionInitiation,
        }
    }

    /// Whom the stage talks to, or is for.
    #[must_use]
    pub const fn hop(&self) -> Hop {
        match self {
            Self::ExpectAddresses(_) | Self::ExpectConnection(_) | Self::ExpectConnectionConfirm(_) => {
                Hop::Target
            }
        }
    }

    /// What it waits for.
    #[must_use]
    pub const fn awaiting(&self) -> Awaited {
        match self {
            Self::ExpectAddresses(_) => Awaited::Addresses,
            Self::ExpectConnection(_) => Awaited::Connection,
            Self::ExpectConnectionConfirm(_) => Awaited::ConnectionConfirm,
        }
    }

    /// What the driver has to do.
    #[must_use]
    pub fn wants(&self) -> Wants<'_> {
        match self {
            Self::ExpectAddresses(state) => state.wants(),
            Self::ExpectConnection(state) => state.wants(),
            Self::ExpectConnectionConfirm(_) => Wants::Pdu(Framing::Tpkt),
        }
    }

    /// Enters the state: what is sent before anything is waited for. To be called once, before the first event.
    pub fn enter(&self, out: &mut Output) {
        match self {
            Self::ExpectAddresses(_) | Self::ExpectConnection(_) => {}
            Self::ExpectConnectionConfirm(state) => state.enter(out),
        }
    }

    /// Handles one event.
    ///
    /// # Errors
    /// [`Failure`] with hop, stage and evidence, when the attempt ends short of its depth.
    pub fn on(self, event: Event<'_>, out: &mut Output) -> Result<Step, Failure> {
        let (stage, awaiting) = (self.stage(), self.awaiting());
        let result = match self {
            Self::ExpectAddresses(state) => state.on(event, out),
            Self::ExpectConnection(state) => state.on(event, out),
            Self::ExpectConnectionConfirm(state) => state.on(event, out),
        };
        result.map_err(|Blamed { hop, kind }| Failure { hop, stage, awaiting, kind })
    }
}

/// A reason with the hop it is laid at; stage and what was due come from the state.
#[derive(Debug)]
pub(crate) struct Blamed {
    hop: Hop,
    kind: FailureKind,
}

impl Blamed {
    const fn target(kind: FailureKind) -> Self {
        Self { hop: Hop::Target, kind }
    }

    /// The driver's mistake, not a peer's.
    const fn out_of_turn() -> Self {
        Self { hop: Hop::Client, kind: FailureKind::OutOfTurn }
    }
}
