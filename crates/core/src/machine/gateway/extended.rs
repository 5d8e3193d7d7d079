//! Stage `gateway_auth` inside the tunnel: NTLM in packets, behind the handshake ([MS-TSGU] 3.3.5.3.3). Nothing binds it to the connection.
use rdp_probe_wire::ntlm::Challenge;
use rdp_probe_wire::tsgu::{self, Body};
use zeroize::Zeroizing;

use super::in_common::{at_gateway, of_packets};
use super::packets::{Beside, check, other};
use super::tunnel::{ExpectTunnelResponse, create};
use crate::auth::{AuthAsk, AuthFault, AuthMethod, AuthOutput};
use crate::awaited::Awaited;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::gateway::GatewayFault;
use crate::hop::Hop;
use crate::machine::state::{Context, Output, State, Step};
use crate::machine::token::token_of;
use crate::ntlm::NtlmFacts;
use crate::stage::Stage;
use crate::wants::Wants;

/// Waits for the context's next message.
#[derive(Debug)]
pub(super) struct ExpectMessage {
    beside: Beside,
    /// What the gateway has said.
    challenge: Option<Vec<u8>>,
}

impl ExpectMessage {
    /// The first one.
    pub(super) const fn first(beside: Beside) -> Self {
        Self { beside, challenge: None }
    }
}

impl State for ExpectMessage {
    at_gateway!(
        |self, context| Stage::GatewayAuth,
        SecurityContext,
        Wants::Auth {
            hop: context.hop(),
            method: AuthMethod::SspiNtlm,
            binding: None,
            ask: AuthAsk::Token(self.challenge.as_deref()),
        }
    );

    fn on_auth(
        self: Box<Self>,
        answer: Result<AuthOutput, AuthFault>,
        _: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let Self { beside, challenge } = *self;
        let (token, done) = token_of(answer)?;
        let token = Zeroizing::new(token);
        // One message begins it, and one answers the challenge.
        if done != challenge.is_some() {
            return Err(FailureKind::Auth(AuthFault::Local));
        }
        out.octets.reserve(token.len().saturating_add(16));
        if !tsgu::extended_auth(&token, &mut out.octets) {
            return Err(FailureKind::Auth(AuthFault::Local));
        }
        if done {
            out.facts.push(Observed::LogonSent(AuthMethod::SspiNtlm));
        }
        Ok(Step::Continue(Box::new(ExpectAnswer { beside, proven: done })))
    }
}

/// Waits for HTTP_EXTENDED_AUTH_PACKET.
#[derive(Debug)]
struct ExpectAnswer {
    beside: Beside,
    /// Whether the proof has gone out.
    proven: bool,
}

impl State for ExpectAnswer {
    of_packets!(GatewayAuth, ExtendedAuth);

    fn on_pdu(mut self: Box<Self>, pdu: &[u8], _: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        let Some(packet) = self.beside.hear(pdu, out)? else { return Ok(Step::Continue(self)) };
        let Body::ExtendedAuth(answer) = packet.body else { return Err(other(&packet)) };
        check(answer.error_code)?;
        let beside = self.beside;
        let challenge = Challenge::parse(answer.blob);
        if self.proven {
            // One that begins anew would be answered for ever.
            if challenge.is_ok() {
                return Err(FailureKind::Gateway(GatewayFault::ChallengedAgain));
            }
            out.facts.push(Observed::LogonAccepted);
            create(None, out)?;
            return Ok(Step::Continue(Box::new(ExpectTunnelResponse { beside, token: false })));
        }
        if answer.blob.is_empty() {
            return Err(FailureKind::Gateway(GatewayFault::NotChallenged));
        }
        let read = challenge.map_err(|_| FailureKind::Gateway(GatewayFault::ChallengeUnreadable))?;
        out.facts.push(Observed::Challenge(Box::new(NtlmFacts::of(&read))));
        Ok(Step::Continue(Box::new(ExpectMessage { beside, challenge: Some(answer.blob.to_vec()) })))
    }
}
