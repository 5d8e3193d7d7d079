//! Stages `gateway_http` and `gateway_auth`: the request that asks for a tunnel, first without credentials, and its answers.
use rdp_probe_wire::credssp::ntlm_in;
use rdp_probe_wire::credssp::spnego::Token as SpnegoToken;
use rdp_probe_wire::http::{BodyLength, Response, Status};
use rdp_probe_wire::ntlm::Challenge;
use zeroize::Zeroizing;

use super::answer::{begins_anew, challenge_of, closes, persists};
use super::handshake::ExpectCarrier;
use super::in_common::at_gateway;
use super::kept::{Kept, OutChannel, Sent};
use super::refused::Refused;
use super::second::ExpectSecondConnection;
use crate::attempt::NotTried;
use crate::auth::{AuthAsk, AuthFault, AuthMethod, AuthOutput};
use crate::awaited::Awaited;
use crate::channel_binding::ChannelBinding;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::gateway::{
    Ask, BindingSent, Gateway, GatewayFact, GatewayFault, GatewayLogon, GatewayTransport, HttpFacts, Request,
    base64, unbase64,
};
use crate::hop::Hop;
use crate::machine::in_place::malformed;
use crate::machine::state::{Context, Limited, Output, State, Step};
use crate::machine::token::token_of;
use crate::ntlm::NtlmFacts;
use crate::stage::Stage;
use crate::target::Address;
use crate::wants::{Carrier, Wants};

/// Waits for the answer of HTTP.
#[derive(Debug)]
pub(super) struct ExpectAnswer {
    sent: Sent,
    /// Answers that announce another one.
    asides: u8,
    kept: Kept,
}

/// More of them than any server has a use for.
const MOST_ASIDES: u8 = 64;

/// Stage `gateway_http`, on a connection with `peer` that a logon is bound to by this.
pub(super) fn first(context: &Context, peer: Address, binding: Option<ChannelBinding>) -> Box<dyn State> {
    let gateway = context.plan().gateway.as_deref();
    let kept = Kept { peer, binding, cookies: String::new(), out: None };
    if let Some(method) = gateway.and_then(Gateway::begins_by) {
        return Box::new(ExpectProof { method, challenge: None, kept, asked: false });
    }
    let token = matches!(context.gateway_logon(), Some(GatewayLogon::Token));
    let sent = if token { Sent::TokenToCome } else { Sent::Nothing };
    Box::new(ExpectAnswer { sent, asides: 0, kept })
}

/// The IN channel's requests, on its own connection: it logs on as OUT did, whom the gateway had let in by that.
fn second(kept: Kept, context: &Context, out: &mut Output) -> Box<dyn State> {
    let sent = match kept.out.map(|out| out.sent) {
        Some(Sent::Proof(method)) => {
            return Box::new(ExpectProof { method, challenge: None, kept, asked: false });
        }
        Some(sent @ (Sent::TokenToCome | Sent::ToFollow)) => sent,
        Some(Sent::Nothing | Sent::BegunUnasked(_) | Sent::Begun(_)) | None => Sent::Nothing,
    };
    let answer = ExpectAnswer { sent, asides: 0, kept };
    answer.write(context, out);
    Box::new(answer)
}

/// What an answer has opened.
#[derive(Clone, Copy)]
enum Opened {
    WebSocket,
    Out { chunked: bool },
    In(OutChannel),
}

/// Notes under which ids the gateway's log has it.
fn note_ids(request: Request, out: &mut Output) {
    let Request { connection_id, correlation_id, .. } = request;
    out.facts.push(Observed::Gateway(GatewayFact::Asked { connection_id, correlation_id }));
}

impl ExpectAnswer {
    fn request(context: &Context) -> Request {
        Request::new(&context.plan().entropy, &context.asked().purpose.name())
    }

    /// The request that this is the answer to, where it proves nothing.
    fn write(&self, context: &Context, out: &mut Output) {
        let Some(gateway) = context.plan().gateway.as_deref() else { return };
        let scheme = (self.sent == Sent::ToFollow).then(|| AuthMethod::SspiNtlm.scheme()).flatten();
        let (scheme, token) = (scheme.map(str::as_bytes), self.sent == Sent::TokenToCome);
        let ask = self.kept.ask(gateway);
        Self::request(context).write(ask, gateway, scheme, token, &self.kept.cookies, &mut out.octets);
    }

    /// Reads what is no answer of another status: the challenge.
    fn on_challenge(
        self,
        response: &Response<'_>,
        facts: &HttpFacts,
        context: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let Some(gateway) = context.plan().gateway.as_deref() else { return Err(FailureKind::OutOfTurn) };
        let refused = FailureKind::Gateway(GatewayFault::Status {
            status: Status::UNAUTHORIZED.0,
            after_logon: self.sent.is_proof(),
        });
        let at_logon = |kind| Ok(Step::FailAt(Box::new(Refused(Stage::GatewayAuth)), kind));
        // It had let the client in, which had shown all that there is.
        if self.kept.out.is_some() && !matches!(self.sent, Sent::BegunUnasked(_) | Sent::Proof(_)) {
            return Err(refused);
        }
        let method = match (self.sent, &gateway.logon) {
            // One that begins anew after the proof would be answered for ever.
            (Sent::Proof(method), _) if begins_anew(response, method) => {
                return Err(FailureKind::Gateway(GatewayFault::ChallengedAgain));
            }
            (Sent::Proof(_), _) => return Err(refused),
            (Sent::Begun(method), _) => return self.on_token(response, method, out),
            (Sent::BegunUnasked(method), _) => {
                let offered = method.scheme().is_some_and(|scheme| facts.offers(scheme));
                if !offered {
                    return at_logon(FailureKind::Gateway(GatewayFault::NoScheme));
                }
                return self.on_token(response, method, out).or_else(at_logon);
            }
            (Sent::TokenToCome, _) => return at_logon(refused),
            (Sent::ToFollow, _) => return Err(FailureKind::Gateway(GatewayFault::NotChallenged)),
            (Sent::Nothing, GatewayLogon::Account(account)) if account.stopped => {
                return Ok(Step::Done(NotTried::AccountStopped));
            }
            (Sent::Nothing, GatewayLogon::Account(_)) => {
                gateway.scheme_of(|method| method.scheme().is_some_and(|scheme| facts.offers(scheme)))
            }
            (Sent::Nothing, GatewayLogon::Token | GatewayLogon::None) => {
                return Ok(Step::Done(NotTried::CredentialsNeeded));
            }
        };
        let Some(method) = method else {
            return at_logon(FailureKind::Gateway(GatewayFault::NoScheme));
        };
        if !persists(response) {
            return Err(FailureKind::Gateway(GatewayFault::NotPersistent));
        }
        let kept = self.kept.after(response);
        if method == AuthMethod::SspiNtlm {
            return Ok(Step::Continue(Box::new(Self { sent: Sent::ToFollow, asides: 0, kept })));
        }
        Ok(Step::Continue(Box::new(ExpectProof { method, challenge: None, kept, asked: true })))
    }

    /// Reads the answer to the first message of an exchange.
    fn on_token(
        self,
        response: &Response<'_>,
        method: AuthMethod,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let Some(token) = challenge_of(response, method) else {
            return Err(FailureKind::Gateway(GatewayFault::NotChallenged));
        };
        let unreadable = || FailureKind::Gateway(GatewayFault::ChallengeUnreadable);
        let challenge = token.and_then(unbase64).ok_or_else(unreadable)?;
        let Some(message) = ntlm_in(&challenge) else {
            // Read as SPNEGO, it says that it takes another mechanism, or none of those that were offered.
            let negotiated = method == AuthMethod::Negotiate && SpnegoToken::parse(&challenge).is_ok();
            return Err(if negotiated { FailureKind::Gateway(GatewayFault::NoNtlm) } else { unreadable() });
        };
        let read = Challenge::parse(message).map_err(|_| unreadable())?;
        out.facts.push(Observed::Challenge(Box::new(NtlmFacts::of(&read))));
        // The exchange is the connection's.
        if !persists(response) {
            return Err(FailureKind::Gateway(GatewayFault::NotPersistent));
        }
        let kept = self.kept.after(response);
        Ok(Step::Continue(Box::new(ExpectProof { method, challenge: Some(challenge), kept, asked: true })))
    }

    /// Reads an answer.
    fn read(
        mut self: Box<Self>,
        response: &Response<'_>,
        facts: &HttpFacts,
        context: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let status = response.status;
        let is_page = facts.is_html() || facts.has_length;
        let transport = context.plan().gateway.as_ref().map(|gateway| gateway.transport);
        let opened = match (status, self.kept.out) {
            (Status::UNAUTHORIZED, _) => return self.on_challenge(response, facts, context, out),
            // Who did not ask for that is not told what is wrong with it.
            (Status::SWITCHING_PROTOCOLS, None) if transport != Some(GatewayTransport::Http) => {
                let accept = response.header("sec-websocket-accept").map(<[u8]>::trim_ascii);
                let right = accept == Some(Self::request(context).accept().as_bytes());
                if right { Ok(Opened::WebSocket) } else { Err(GatewayFault::WrongAccept) }
            }
            (Status::OK, None) if !is_page && transport != Some(GatewayTransport::WebSocket) => {
                Ok(Opened::Out { chunked: response.body_length() == BodyLength::Chunked })
            }
            // Its last request is to follow.
            (Status::OK, Some(_)) if closes(response) && !facts.is_html() => Err(GatewayFault::NotPersistent),
            (Status::OK, Some(channel)) if !facts.is_html() => Ok(Opened::In(channel)),
            _ if status.is_informational()
                && status != Status::SWITCHING_PROTOCOLS
                && self.asides < MOST_ASIDES =>
            {
                self.asides = self.asides.saturating_add(1);
                return Ok(Step::Continue(self));
            }
            _ => Err(GatewayFault::Status { status: status.0, after_logon: self.sent.is_proof() }),
        };
        match opened {
            Ok(opened) => Ok(self.on_opened(opened, response, context, out)),
            Err(fault) => {
                // Whoever opens a channel has let in who asked, by whichever transport.
                if status == Status::OK && self.sent.is_proof() && !is_page && self.kept.out.is_none() {
                    out.facts.push(Observed::LogonAccepted);
                }
                let kind = FailureKind::Gateway(fault);
                // Any other status is no word on the logon.
                if self.stage() == Stage::GatewayAuth {
                    return Ok(Step::FailAt(Box::new(Refused(Stage::GatewayHttp)), kind));
                }
                Err(kind)
            }
        }
    }

    /// The status opens what was asked for.
    fn on_opened(self, opened: Opened, response: &Response<'_>, context: &Context, out: &mut Output) -> Step {
        let Self { sent, kept, .. } = self;
        let accepted = sent.is_proof() && kept.out.is_none();
        out.facts.extend(accepted.then_some(Observed::LogonAccepted));
        let stage = kept.stage_or(Stage::GatewayAuth);
        let binding = kept.binding.clone();
        let next = onward(opened, sent, kept.after(response), context, out);
        // Its own proof may come with it, and mostly does not.
        if let Sent::Proof(method) = sent
            && let Some(token) = challenge_of(response, method).flatten().and_then(unbase64)
        {
            return Step::Continue(Box::new(ExpectLastWord { method, token, binding, stage, next }));
        }
        on_to(next)
    }
}

/// What follows what was opened; `None` where no more is asked for.
fn onward(
    opened: Opened,
    sent: Sent,
    kept: Kept,
    context: &Context,
    out: &mut Output,
) -> Option<Box<dyn State>> {
    // A logon inside of the tunnel has its stage there: alone, where nobody asks for more.
    let alone = context.plan().until == Stage::GatewayAuth;
    let stage = if alone { Stage::GatewayAuth } else { Stage::GatewayTunnel };
    let extended = |sent| (sent == Sent::ToFollow).then_some(stage);
    match opened {
        Opened::WebSocket => Some(Box::new(ExpectCarrier::new(Carrier::WebSocket, extended(sent)))),
        Opened::Out { chunked } => {
            out.facts.push(Observed::Gateway(GatewayFact::OutChannel { chunked }));
            let enough = matches!(context.plan().until, Stage::GatewayHttp | Stage::GatewayAuth);
            if enough && extended(sent).is_none() {
                return None;
            }
            let kept = Kept { out: Some(OutChannel { chunked, sent }), ..kept };
            Some(Box::new(ExpectSecondConnection { kept, legs: second }))
        }
        Opened::In(OutChannel { chunked, sent }) => {
            if let Some(gateway) = context.plan().gateway.as_deref() {
                let request = ExpectAnswer::request(context);
                let token = sent == Sent::TokenToCome;
                request.write(Ask::InBody, gateway, None, token, &kept.cookies, &mut out.octets);
            }
            Some(Box::new(ExpectCarrier::new(Carrier::TwoChannels { chunked }, extended(sent))))
        }
    }
}

/// The IN channel does not open, and this is why.
fn in_refused(status: Status, fault: GatewayFault) -> FailureKind {
    let fault = Some(fault).filter(|fault| !matches!(fault, GatewayFault::Status { .. })).map(Box::new);
    FailureKind::Gateway(GatewayFault::InRefused { status: status.0, fault })
}

fn on_to(next: Option<Box<dyn State>>) -> Step {
    next.map_or(Step::Done(NotTried::NotSelected), Step::Continue)
}

impl State for ExpectAnswer {
    at_gateway!(
        |self, _context| self.kept.stage_or(self.sent.stage()),
        { if self.kept.out.is_some() { Awaited::InAnswer } else { Awaited::HttpAnswer } },
        Wants::Pdu(Framing::Http)
    );

    fn limited(&self) -> Limited {
        self.kept.limited()
    }

    /// Who checks a logon takes as long on this connection as on the other one, and a person to approve it.
    fn limit_of(&self) -> Stage {
        match self.sent {
            Sent::Nothing | Sent::TokenToCome | Sent::ToFollow => self.stage(),
            Sent::BegunUnasked(_) | Sent::Begun(_) | Sent::Proof(_) if self.kept.out.is_some() => {
                Stage::GatewayAuth
            }
            Sent::BegunUnasked(_) | Sent::Begun(_) | Sent::Proof(_) => self.stage(),
        }
    }

    fn enter(&self, context: &Context, out: &mut Output) {
        self.write(context, out);
        if self.sent != Sent::ToFollow {
            note_ids(Self::request(context), out);
        }
    }

    fn on_pdu(self: Box<Self>, pdu: &[u8], context: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        let response = Response::parse(pdu).map_err(|error| malformed(error, pdu))?;
        let facts = HttpFacts::of(&response);
        out.facts.push(Observed::Gateway(GatewayFact::Http(Box::new(facts.clone()))));
        let is_in = self.kept.out.is_some();
        match self.read(&response, &facts, context, out) {
            // Whatever it says to that: OUT was let in by the same.
            Err(FailureKind::Gateway(fault)) | Ok(Step::FailAt(_, FailureKind::Gateway(fault))) if is_in => {
                Err(in_refused(response.status, fault))
            }
            step => step,
        }
    }
}

/// Waits for the context's next message.
#[derive(Debug)]
struct ExpectProof {
    method: AuthMethod,
    /// What the peer has said.
    challenge: Option<Vec<u8>>,
    kept: Kept,
    /// Whether the peer has asked for a logon.
    asked: bool,
}

impl State for ExpectProof {
    at_gateway!(
        |self, context| {
            self.kept.stage_or(if self.asked { Stage::GatewayAuth } else { Stage::GatewayHttp })
        },
        SecurityContext,
        Wants::Auth {
            hop: context.hop(),
            method: self.method,
            binding: self.kept.binding(),
            ask: AuthAsk::Token(self.challenge.as_deref()),
        }
    );

    fn limited(&self) -> Limited {
        self.kept.limited()
    }

    fn enter(&self, context: &Context, out: &mut Output) {
        if !self.asked {
            note_ids(ExpectAnswer::request(context), out);
        }
    }

    fn on_auth(
        self: Box<Self>,
        answer: Result<AuthOutput, AuthFault>,
        context: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let Self { method, challenge, kept, asked } = *self;
        let is_in = kept.out.is_some();
        let (token, done) = token_of(answer).map_err(|kind| {
            // What cannot be answered is refused in the same words, whoever finds out.
            if is_in && kind == FailureKind::Auth(AuthFault::Token) {
                in_refused(Status::UNAUTHORIZED, GatewayFault::ChallengeUnreadable)
            } else {
                kind
            }
        })?;
        let token = Zeroizing::new(token);
        // One message proves an identity, or one and another that answers a challenge.
        if !done && challenge.is_some() {
            return Err(FailureKind::Auth(AuthFault::Local));
        }
        let Some(gateway) = context.plan().gateway.as_deref() else { return Err(FailureKind::OutOfTurn) };
        let token = match method {
            // User and password are in their form already.
            AuthMethod::Basic => token,
            AuthMethod::Ntlm | AuthMethod::Negotiate | AuthMethod::SspiNtlm | AuthMethod::Token => {
                Zeroizing::new(base64(&token).into_bytes())
            }
        };
        let scheme = method.scheme().unwrap_or_default().as_bytes();
        let proof = Zeroizing::new([scheme, b" ", &token[..]].concat());
        let ask = kept.ask(gateway);
        ExpectAnswer::request(context).write(ask, gateway, Some(&proof), false, &kept.cookies, &mut out.octets);
        if !done {
            let sent = if asked { Sent::Begun(method) } else { Sent::BegunUnasked(method) };
            return Ok(Step::Continue(Box::new(ExpectAnswer { sent, asides: 0, kept })));
        }
        out.facts.push(Observed::LogonSent(method));
        if method.is_exchange() {
            out.facts.push(Observed::Gateway(GatewayFact::ChannelBinding(match &kept.binding {
                None => BindingSent::NotSent,
                Some(ChannelBinding { certain: true, .. }) => BindingSent::Sent,
                Some(ChannelBinding { certain: false, .. }) => BindingSent::Uncertain,
            })));
        }
        Ok(Step::Continue(Box::new(ExpectAnswer { sent: Sent::Proof(method), asides: 0, kept })))
    }
}

/// Waits for what the context makes of the peer's own proof. Whatever that is, the status has let in who asked.
#[derive(Debug)]
struct ExpectLastWord {
    method: AuthMethod,
    token: Vec<u8>,
    /// What bound the logon to the connection.
    binding: Option<ChannelBinding>,
    /// The stage of what it came with.
    stage: Stage,
    /// What follows; `None` where no more is asked for.
    next: Option<Box<dyn State>>,
}

impl State for ExpectLastWord {
    at_gateway!(
        |self, context| self.stage,
        SecurityContext,
        Wants::Auth {
            hop: context.hop(),
            method: self.method,
            binding: self.binding.as_ref().map(|binding| &binding.data[..]),
            ask: AuthAsk::Token(Some(&self.token)),
        }
    );

    fn limited(&self) -> Limited {
        // Whatever stage it is, it belongs to no answer that is still to come.
        Limited::Message
    }

    fn on_auth(
        self: Box<Self>,
        answer: Result<AuthOutput, AuthFault>,
        _: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let holds = match answer {
            Ok(_) => Some(true),
            Err(AuthFault::Altered) => Some(false),
            // It has said something, and nothing that proves it.
            Err(AuthFault::Token) => None,
            Err(fault @ (AuthFault::Local | AuthFault::Closed(_))) => return Err(FailureKind::Auth(fault)),
        };
        out.facts.extend(holds.map(|holds| Observed::Gateway(GatewayFact::OwnProof { holds })));
        Ok(on_to(self.next))
    }
}
