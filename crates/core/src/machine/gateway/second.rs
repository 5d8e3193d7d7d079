//! The second connection, where a gateway is spoken to by two channels of HTTP: to the same address, since the one behind another need not
//! know of the first. It belongs to `gateway_http`.
use super::in_common::at_gateway;
use super::kept::Kept;
use super::vouched::vouched;
use crate::awaited::Awaited;
use crate::close::DialFault;
use crate::event::Link;
use crate::failure::FailureKind;
use crate::hop::Hop;
use crate::machine::state::{Context, Limited, Output, State, Step};
use crate::stage::Stage;
use crate::tls::{TlsFault, TlsSession};
use crate::wants::Wants;

/// What follows on the connection once it is made.
type Legs = fn(Kept, &Context, &mut Output) -> Box<dyn State>;

/// Waits for the connection.
#[derive(Debug)]
pub(super) struct ExpectSecondConnection {
    pub(super) kept: Kept,
    pub(super) legs: Legs,
}

impl State for ExpectSecondConnection {
    at_gateway!(
        |self, context| Stage::GatewayHttp,
        Connection,
        Wants::Dial {
            address: self.kept.peer,
            share: context.plan().limits.of(Stage::TcpConnect),
            segment: None,
        }
    );

    fn limited(&self) -> Limited {
        Limited::Message
    }

    fn on_dialed(
        self: Box<Self>,
        answer: Result<Link, DialFault>,
        _: &Context,
        _: &mut Output,
    ) -> Result<Step, FailureKind> {
        let Self { kept, legs } = *self;
        answer.map_err(|fault| FailureKind::Connect { address: kept.peer, fault })?;
        Ok(Step::Continue(Box::new(ExpectSecondTls { kept, legs })))
    }
}

/// Waits for the end of its TLS handshake.
#[derive(Debug)]
struct ExpectSecondTls {
    kept: Kept,
    legs: Legs,
}

impl State for ExpectSecondTls {
    at_gateway!(
        |self, context| Stage::GatewayHttp,
        TlsHandshake,
        Wants::Tls { hop: context.hop(), leg: context.leg() }
    );

    fn limited(&self) -> Limited {
        Limited::Message
    }

    fn on_tls(
        self: Box<Self>,
        answer: Result<TlsSession, TlsFault>,
        context: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let Self { kept, legs } = *self;
        let session = answer.map_err(FailureKind::Tls)?;
        let binding = vouched(session, context, out)?;
        Ok(Step::Continue(legs(Kept { binding, ..kept }, context, out)))
    }
}
