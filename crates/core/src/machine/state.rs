//! What every state of a connection has in common.
use std::fmt;
use std::net::IpAddr;
use std::sync::Arc;

use rdp_probe_wire::nego::Protocols;

use crate::attempt::{Attempt, NotTried, Purpose};
use crate::auth::{AuthFault, AuthOutput};
use crate::awaited::Awaited;
use crate::close::{Close, DialFault};
use crate::event::Link;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::gateway::GatewayLogon;
use crate::hop::Hop;
use crate::leg::Leg;
use crate::octets::Octets;
use crate::plan::Plan;
use crate::stage::Stage;
use crate::target::Address;
use crate::tls::{TlsFault, TlsSession};
use crate::wants::Wants;

/// A state, named for what it waits for. An event consumes it: a failed one cannot be stepped again.
///
/// Of the events each state answers those that its [`Wants`] ask for; the machine never gives it another one.
pub(crate) trait State: fmt::Debug + Send + Sync {
    /// The stage it belongs to.
    fn stage(&self) -> Stage;

    /// Whom the stage is for.
    fn hop(&self) -> Hop {
        Hop::Target
    }

    /// What it waits for.
    fn awaiting(&self) -> Awaited;

    /// What the driver has to do.
    fn wants<'a>(&'a self, context: &'a Context) -> Wants<'a>;

    /// What its limit is the limit of.
    fn limited(&self) -> Limited {
        Limited::Stage
    }

    /// The stage whose limit it has.
    fn limit_of(&self) -> Stage {
        self.stage()
    }

    /// Enters the state: what is sent before anything is waited for.
    fn enter(&self, _: &Context, _: &mut Output) {}

    /// Name resolution has answered.
    fn on_resolved(
        self: Box<Self>,
        _: Result<Vec<Address>, DialFault>,
        _: &Context,
        _: &mut Output,
    ) -> Result<Step, FailureKind> {
        Err(FailureKind::OutOfTurn)
    }

    /// A dial has come to something.
    fn on_dialed(
        self: Box<Self>,
        _: Result<Link, DialFault>,
        _: &Context,
        _: &mut Output,
    ) -> Result<Step, FailureKind> {
        Err(FailureKind::OutOfTurn)
    }

    /// The TLS handshake has ended.
    fn on_tls(
        self: Box<Self>,
        _: Result<TlsSession, TlsFault>,
        _: &Context,
        _: &mut Output,
    ) -> Result<Step, FailureKind> {
        Err(FailureKind::OutOfTurn)
    }

    /// The carrier is in its place.
    fn on_carried(self: Box<Self>, _: &Context, _: &mut Output) -> Result<Step, FailureKind> {
        Err(FailureKind::OutOfTurn)
    }

    /// What was to be sent is sent.
    fn on_sent(self: Box<Self>, _: &Context, _: &mut Output) -> Result<Step, FailureKind> {
        Err(FailureKind::OutOfTurn)
    }

    /// The security context has answered.
    fn on_auth(
        self: Box<Self>,
        _: Result<AuthOutput, AuthFault>,
        _: &Context,
        _: &mut Output,
    ) -> Result<Step, FailureKind> {
        Err(FailureKind::OutOfTurn)
    }

    /// Whether a PDU is its own, though it looks like one that a server may say at any time.
    fn is_own(&self, _: &[u8]) -> bool {
        false
    }

    /// One whole PDU of the framing that was asked for.
    fn on_pdu(self: Box<Self>, _: &[u8], _: &Context, _: &mut Output) -> Result<Step, FailureKind> {
        Err(FailureKind::OutOfTurn)
    }

    /// Octets that are none. From the logon on the machine reads them for every state.
    fn on_stray(self: Box<Self>, octets: &[u8], _: &Context, _: &mut Output) -> Result<Step, FailureKind> {
        Err(FailureKind::NotExpected { head: Octets::of(octets) })
    }

    /// The stream ended while a PDU was due. From the logon on the machine reads that for every state.
    fn on_closed(
        self: Box<Self>,
        how: Close,
        partial: &[u8],
        _: &Context,
        _: &mut Output,
    ) -> Result<Step, FailureKind> {
        Err(FailureKind::Closed { how, partial: Octets::of(partial) })
    }
}

/// What an event leads to.
#[derive(Debug)]
pub(crate) enum Step {
    /// The next state, or the same one. Whether it lies within the asked depth is not its affair.
    Continue(Box<dyn State>),
    /// The stage is over, and what came is the next one's: this is its state.
    HandOn(Box<dyn State>),
    /// The stage failed, and the path goes on without it.
    #[cfg_attr(not(test), expect(dead_code, reason = "for what may fail, as tickets under negotiate may"))]
    PassBy(FailureKind, Box<dyn State>),
    /// The stage got what it waited for, and that fails another one: this is its state.
    FailAt(Box<dyn State>, FailureKind),
    /// There is nothing more to do, though deeper stages were asked for: why they are not tried.
    Done(NotTried),
}

/// What a state gives out beside the next one.
#[derive(Default)]
pub(crate) struct Output {
    /// Octets to send.
    pub(crate) octets: Vec<u8>,
    /// What was observed.
    pub(crate) facts: Vec<Observed>,
}

impl fmt::Debug for Output {
    /// Prints no octets: some of them are made of a password.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Output").field("len", &self.octets.len()).field("facts", &self.facts).finish()
    }
}

/// What a limit is the limit of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Limited {
    /// The whole stage, however many messages it has.
    Stage,
    /// Each message that is waited for.
    Message,
}

/// What every state of one attempt may know: what is to be done, and whom it talks to.
#[derive(Debug)]
pub(crate) struct Context {
    plan: Arc<Plan>,
    asked: Asked,
    hop: Hop,
    /// This end's address, once there is a connection.
    local: Option<Box<IpAddr>>,
}

/// What is asked on a connection. Whom to dial is the first state's to know, and when the driver's.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// What it is for.
    pub(super) purpose: Purpose,
    /// Whom this computer connects to for it.
    pub(super) first_hop: Hop,
    /// The security protocols that it offers.
    pub(super) offer: Protocols,
    /// Whether a cookie is sent that nobody asked for.
    pub(super) cookie: bool,
}

impl Context {
    pub(super) fn new(plan: Arc<Plan>, attempt: &Attempt) -> Self {
        let Attempt { purpose, first_hop, offer, cookie, .. } = *attempt;
        Self { hop: first_hop, plan, asked: Asked { purpose, first_hop, offer, cookie }, local: None }
    }

    /// The same, where the stage under way is for `hop`.
    pub(super) fn at(self, hop: Hop) -> Self {
        Self { hop, ..self }
    }

    /// The same on a connection that has been made.
    pub(super) fn over(self, link: Link) -> Self {
        Self { local: link.local.map(|local| Box::new(local.ip())), ..self }
    }

    /// This end's address, where somebody knows it.
    pub(super) fn local(&self) -> Option<IpAddr> {
        self.local.as_deref().copied()
    }

    /// Whether the way leads through a gateway.
    pub(super) const fn is_through_gateway(&self) -> bool {
        matches!(self.asked.first_hop, Hop::Gateway)
    }

    /// How deep it goes.
    pub(super) fn depth(&self) -> Stage {
        self.asked.purpose.depth(&self.plan, self.asked.first_hop)
    }

    /// Who logs on at the gateway, where there is one.
    pub(super) fn gateway_logon(&self) -> Option<&GatewayLogon> {
        self.plan.gateway.as_ref().filter(|_| self.is_through_gateway()).map(|gateway| &gateway.logon)
    }

    /// What is to be done.
    pub(super) fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What is asked on this connection.
    pub(super) const fn asked(&self) -> Asked {
        self.asked
    }

    /// Whom the stage under way is for.
    pub(super) const fn hop(&self) -> Hop {
        self.hop
    }

    /// The leg of the way that the stage under way belongs to.
    pub(super) fn leg(&self) -> &Leg {
        self.plan.leg(self.hop)
    }

    /// Whom an end is laid at. The one place that decides it.
    pub(super) const fn blame(&self, kind: &FailureKind) -> Hop {
        kind.laid_at(self.hop)
    }
}
