//! The state machine of one connection.
mod capabilities;
mod channels;
mod client_info;
mod connect;
mod credssp;
mod delegation;
mod early_user_auth;
mod finalization;
mod first_message;
mod first_token;
mod gateway;
mod in_place;
mod initiation;
mod licensing;
mod logon;
mod policy;
mod resolve;
mod scout;
mod send;
mod session;
mod state;
mod tcp;
mod tls;
mod token;

use std::sync::Arc;

use rdp_probe_wire::mcs::DisconnectProviderUltimatum;

use crate::attempt::{Attempt, NotTried};
use crate::event::Event;
use crate::fact::Observed;
use crate::failure::{Failure, FailureKind};
use crate::hop::Hop;
use crate::plan::Plan;
use crate::stage::Stage;
use crate::wants::Wants;
use in_place::{Asides, Heard};
use resolve::ExpectAddresses;
use state::{Context, State, Step};
use tcp::ExpectConnection;

#[cfg(test)]
pub(crate) use state::{Context as ContextOfState, State as AnyState, Step as StepOfState};
pub(crate) use state::{Limited, Output};

/// A connection under way: its state, and what the state may know.
#[derive(Debug)]
pub(crate) struct Machine {
    context: Context,
    state: Box<dyn State>,
    /// What the server has said beside the sequence.
    asides: Asides,
}

/// What an event leads to.
#[derive(Debug)]
pub(crate) enum Next {
    /// On with it, in the same stage or in another one.
    Continue(Machine),
    /// The stage is over, and what came is to be given to the next one.
    HandOn(Machine),
    /// The stage failed, and the path goes on without it.
    PassBy(Failure, Machine),
    /// The stage got what it waited for, and the next one failed by that.
    FailAt(Failure, Machine),
    /// There is nothing more to do: why what follows is not tried.
    Done(NotTried),
}

impl Machine {
    /// The beginning of an attempt.
    pub(crate) fn start(attempt: &Attempt, plan: Arc<Plan>) -> Self {
        let context = Context::new(plan, attempt);
        let state: Box<dyn State> = if attempt.addresses.is_empty() {
            Box::new(ExpectAddresses::new(context.hop()))
        } else {
            Box::new(ExpectConnection::new(attempt.addresses.clone(), &context))
        };
        Self { context, state, asides: Asides::default() }
    }

    /// Any state, on any attempt.
    #[cfg(test)]
    pub(crate) fn at(state: Box<dyn State>, attempt: &Attempt, plan: Arc<Plan>) -> Self {
        let context = Context::new(plan, attempt).at(state.hop());
        Self { context, state, asides: Asides::default() }
    }

    /// The stage under way.
    pub(crate) fn stage(&self) -> Stage {
        self.state.stage()
    }

    /// Whom it is for.
    pub(crate) const fn hop(&self) -> Hop {
        self.context.hop()
    }

    /// What the driver has to do.
    pub(crate) fn wants(&self) -> Wants<'_> {
        self.state.wants(&self.context)
    }

    /// What the limit of the stage is the limit of.
    pub(crate) fn limited(&self) -> Limited {
        self.state.limited()
    }

    /// The stage whose limit that is.
    pub(crate) fn limit_of(&self) -> Stage {
        self.state.limit_of()
    }

    /// Ends here, before the state is entered: nobody asked to go as deep.
    pub(crate) fn leave(self, out: &mut Output) {
        if is_behind_connect_response(self.stage()) {
            take_leave(out);
        }
    }

    /// Enters the state. To be called once, before the first event.
    pub(crate) fn enter(&self, out: &mut Output) {
        self.state.enter(&self.context, out);
    }

    /// Handles one event.
    ///
    /// # Errors
    /// [`Failure`] with hop, stage and evidence, when the attempt ends short of its depth.
    pub(crate) fn on(self, event: Event<'_>, out: &mut Output) -> Result<Next, Failure> {
        let Self { mut context, state, mut asides } = self;
        let (stage, awaiting) = (state.stage(), state.awaiting());
        let possible = context.is_through_gateway() || !event.ends_a_tunnel();
        let due = possible && event.answers(&state.wants(&context));
        // Until the server lets somebody log on it has nothing to say beside the sequence.
        let hears = stage.rank() > Stage::Tls.rank();
        let turn = match event {
            // The driver's mistake, not a peer's.
            _ if !due => Err(FailureKind::OutOfTurn),
            Event::Carried => state.on_carried(&context, out),
            Event::Auth(answer) => state.on_auth(answer, &context, out),
            Event::Sent => state.on_sent(&context, out),
            Event::Pdu(pdu) if hears && !state.is_own(pdu) => match asides.hear(pdu, out) {
                Ok(Heard::Aside) => Ok(Step::Continue(state)),
                Ok(Heard::Other) => state.on_pdu(pdu, &context, out),
                Err(kind) => Err(kind),
            },
            Event::Stray(octets) if hears => Err(asides.stray(octets, out)),
            Event::Closed { how, partial } if hears => Err(asides.closed(how, partial)),
            Event::Resolved(answer) => state.on_resolved(answer, &context, out),
            Event::Dialed(answer) => {
                if let Ok(link) = answer {
                    context = context.over(link);
                }
                state.on_dialed(answer, &context, out)
            }
            Event::Tls { before, answer } => {
                out.facts.extend((before > 0).then_some(Observed::OctetsBeforeTls(before)));
                state.on_tls(answer, &context, out)
            }
            Event::Pdu(pdu) => state.on_pdu(pdu, &context, out),
            Event::Stray(octets) => state.on_stray(octets, &context, out),
            Event::Closed { how, partial } => state.on_closed(how, partial, &context, out),
        };
        let failure = |kind: FailureKind| Failure { hop: context.blame(&kind), stage, awaiting, kind };
        let ends = match &turn {
            Ok(Step::Done(_)) => is_behind_connect_response(stage) || stage == Stage::BasicSettingsExchange,
            Err(_) => is_behind_connect_response(stage),
            Ok(Step::Continue(_) | Step::HandOn(_) | Step::PassBy(..) | Step::FailAt(..)) => false,
        };
        if ends {
            take_leave(out);
        }
        match turn {
            Ok(Step::Continue(state)) => {
                let context = context.at(state.hop());
                Ok(Next::Continue(Self { context, state, asides }))
            }
            Ok(Step::HandOn(state)) => {
                let context = context.at(state.hop());
                Ok(Next::HandOn(Self { context, state, asides }))
            }
            Ok(Step::PassBy(kind, state)) => {
                let failure = failure(kind);
                let context = context.at(state.hop());
                Ok(Next::PassBy(failure, Self { context, state, asides }))
            }
            Ok(Step::FailAt(state, kind)) => {
                let context = context.at(state.hop());
                let (stage, awaiting) = (state.stage(), state.awaiting());
                let failure = Failure { hop: context.blame(&kind), stage, awaiting, kind };
                Ok(Next::FailAt(failure, Self { context, state, asides }))
            }
            Ok(Step::Done(why)) => Ok(Next::Done(why)),
            Err(kind) => Err(failure(kind)),
        }
    }
}

/// Behind the Connect Response nobody just goes: a server is told, and not left to find out. Who ended it first does not hear that.
fn take_leave(out: &mut Output) {
    out.octets.extend_from_slice(&DisconnectProviderUltimatum::FAREWELL);
}

const fn is_behind_connect_response(stage: Stage) -> bool {
    stage.rank() > Stage::BasicSettingsExchange.rank()
}
