//! The state machine of one connection. A state is named for what it waits for; an event consumes it.
mod connect;
mod credssp;
mod first_message;
mod initiation;
mod resolve;
mod scout;
mod tcp;
mod tls;

use rdp_probe_wire::WireError;
use rdp_probe_wire::mcs::DisconnectProviderUltimatum;
use rdp_probe_wire::share::{ErrorInfo, ServerMessage};
use rdp_probe_wire::tpkt::{self, Frame};

use crate::attempt::Attempt;
use crate::close::Close;
use crate::event::Event;
use crate::fact::Observed;
use crate::failure::{Awaited, End, Failure, FailureKind};
use crate::framing::Framing;
use crate::hop::Hop;
use crate::octets::Octets;
use crate::plan::Plan;
use crate::stage::Stage;
use crate::wants::Wants;

pub use connect::ExpectConnectResponse;
pub use credssp::ExpectChallenge;
pub use first_message::{ExpectRdsaadNonce, ExpectRdstlsCapabilities};
pub use initiation::ExpectConnectionConfirm;
pub use resolve::ExpectAddresses;
pub use scout::ExpectServerFlight;
pub use tcp::ExpectConnection;
pub use tls::ExpectTls;

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
    /// Waits for the end of the TLS handshake.
    ExpectTls(ExpectTls),
    /// Waits for the server's first TLS flight.
    ExpectServerFlight(ExpectServerFlight),
    /// Waits for the NTLM CHALLENGE.
    ExpectChallenge(ExpectChallenge),
    /// Waits for the RDSTLS Capabilities PDU.
    ExpectRdstlsCapabilities(ExpectRdstlsCapabilities),
    /// Waits for the RDS AAD Server Nonce PDU.
    ExpectRdsaadNonce(ExpectRdsaadNonce),
    /// Waits for the MCS Connect Response ([MS-RDPBCGR] 2.2.1.4).
    ExpectConnectResponse(ExpectConnectResponse),
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

    /// Goes on to `next`, or ends here when the asked depth is reached, or lies before the next stage.
    fn passed(self, stage: Stage, next: impl FnOnce(Self) -> State) -> Step {
        let depth = self.attempt().purpose.depth(self.plan()).rank();
        let next = next(self);
        if next.stage().rank() <= depth { Step::Continue(next) } else { Step::Done(Summary { reached: stage }) }
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
            Self::ExpectTls(_) | Self::ExpectServerFlight(_) => Stage::Tls,
            Self::ExpectChallenge(_) => Stage::Credssp,
            Self::ExpectRdstlsCapabilities(_) => Stage::Rdstls,
            Self::ExpectRdsaadNonce(_) => Stage::Rdsaad,
            Self::ExpectConnectResponse(_) => Stage::BasicSettingsExchange,
        }
    }

    /// Whom the stage talks to, or is for.
    #[must_use]
    pub const fn hop(&self) -> Hop {
        match self {
            Self::ExpectAddresses(_)
            | Self::ExpectConnection(_)
            | Self::ExpectConnectionConfirm(_)
            | Self::ExpectTls(_)
            | Self::ExpectServerFlight(_)
            | Self::ExpectChallenge(_)
            | Self::ExpectRdstlsCapabilities(_)
            | Self::ExpectRdsaadNonce(_)
            | Self::ExpectConnectResponse(_) => Hop::Target,
        }
    }

    /// What it waits for.
    #[must_use]
    pub const fn awaiting(&self) -> Awaited {
        match self {
            Self::ExpectAddresses(_) => Awaited::Addresses,
            Self::ExpectConnection(_) => Awaited::Connection,
            Self::ExpectConnectionConfirm(_) => Awaited::ConnectionConfirm,
            Self::ExpectTls(_) => Awaited::TlsHandshake,
            Self::ExpectServerFlight(_) => Awaited::ServerHello,
            Self::ExpectChallenge(_) => Awaited::Challenge,
            Self::ExpectRdstlsCapabilities(_) => Awaited::RdstlsCapabilities,
            Self::ExpectRdsaadNonce(_) => Awaited::RdsaadNonce,
            Self::ExpectConnectResponse(_) => Awaited::ConnectResponse,
        }
    }

    /// What the driver has to do.
    #[must_use]
    pub fn wants(&self) -> Wants<'_> {
        match self {
            Self::ExpectAddresses(state) => state.wants(),
            Self::ExpectConnection(state) => state.wants(),
            Self::ExpectConnectionConfirm(_) | Self::ExpectConnectResponse(_) => Wants::Pdu(Framing::Tpkt),
            Self::ExpectTls(state) => state.wants(),
            Self::ExpectServerFlight(_) => Wants::Pdu(Framing::ServerFlight),
            Self::ExpectChallenge(_) => Wants::Pdu(Framing::TsRequest),
            Self::ExpectRdstlsCapabilities(_) => Wants::Pdu(Framing::Rdstls),
            Self::ExpectRdsaadNonce(_) => Wants::Pdu(Framing::Rdsaad),
        }
    }

    /// Enters the state: what is sent before anything is waited for. To be called once, before the first event.
    pub fn enter(&self, out: &mut Output) {
        match self {
            Self::ExpectAddresses(_)
            | Self::ExpectConnection(_)
            | Self::ExpectTls(_)
            | Self::ExpectRdstlsCapabilities(_)
            | Self::ExpectRdsaadNonce(_) => {}
            Self::ExpectConnectionConfirm(state) => state.enter(out),
            Self::ExpectServerFlight(state) => state.enter(out),
            Self::ExpectChallenge(_) => ExpectChallenge::enter(out),
            Self::ExpectConnectResponse(state) => state.enter(out),
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
            Self::ExpectTls(state) => state.on(event, out),
            Self::ExpectServerFlight(state) => state.on(event, out),
            Self::ExpectChallenge(state) => state.on(event, out),
            Self::ExpectRdstlsCapabilities(state) => state.on(event, out),
            Self::ExpectRdsaadNonce(state) => state.on(event, out),
            Self::ExpectConnectResponse(state) => state.on(event, out),
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

/// The stream ended while a message was due.
fn stream_ended(how: Close, partial: &[u8]) -> Blamed {
    let hop = if how == Close::Cancelled { Hop::Client } else { Hop::Target };
    Blamed { hop, kind: FailureKind::Closed { how, partial: Octets::of(partial) } }
}

/// A message that cannot be read.
fn malformed(error: WireError, pdu: &[u8]) -> Blamed {
    Blamed::target(FailureKind::Malformed { error: error.into(), head: Octets::of(pdu) })
}

/// Another message than was due, inside TLS: a disconnect, as GNOME Remote Desktop refuses, or something else.
/// What says nothing by itself may stand before it.
fn not_expected(octets: &[u8]) -> FailureKind {
    let (mut rest, mut error_info) = (octets, None);
    while let Frame::Whole(length) = tpkt::frame(rest) {
        let Some((pdu, after)) = rest.split_at_checked(length) else { break };
        if let Ok(DisconnectProviderUltimatum { reason, .. }) = DisconnectProviderUltimatum::parse(pdu) {
            let end = End::Ultimatum(reason);
            return error_info
                .map_or(FailureKind::Ultimatum(reason), |code| FailureKind::ErrorInfo { code, end });
        }
        match ServerMessage::parse(pdu) {
            Ok(ServerMessage::SetErrorInfo(code)) if code != ErrorInfo::NONE => error_info = Some(code),
            Ok(ServerMessage::SetErrorInfo(_) | ServerMessage::DeactivateAll) => {}
            Ok(_) | Err(_) => break,
        }
        rest = after;
    }
    FailureKind::NotExpected { head: Octets::of(octets) }
}
