//! Stages `gateway_http` and `gateway_auth`: the request that asks for a tunnel, first without credentials, and its answers.
use rdp_probe_wire::http::{BodyLength, MAX_BODY, Response, Status};
use zeroize::Zeroizing;

use super::refused::Refused;
use super::tunnel::ExpectWebSocket;
use crate::attempt::NotTried;
use crate::auth::{AuthAsk, AuthFault, AuthMethod, AuthOutput};
use crate::awaited::Awaited;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::gateway::{GatewayFact, GatewayFault, GatewayLogon, HttpFacts, Request};
use crate::hop::Hop;
use crate::machine::in_place::malformed;
use crate::machine::state::{Context, Output, State, Step};
use crate::stage::Stage;
use crate::wants::Wants;

/// Waits for the answer of HTTP.
#[derive(Debug)]
pub(super) struct ExpectAnswer {
    sent: Sent,
    /// Answers that announce another one.
    asides: u8,
}

/// What the request had with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    /// Nothing.
    Nothing,
    /// Word that a token follows in the tunnel.
    TokenToCome,
    /// User and password.
    Proof,
}

/// More of them than any server has a use for.
const MOST_ASIDES: u8 = 64;

/// As many octets of cookies as are given back.
const MOST_COOKIES: usize = 4096;

impl ExpectAnswer {
    /// The first one.
    pub(super) fn first(context: &Context) -> Self {
        let token = matches!(context.gateway_logon(), Some(GatewayLogon::Token));
        let sent = if token { Sent::TokenToCome } else { Sent::Nothing };
        Self { sent, asides: 0 }
    }

    fn request(context: &Context) -> Request {
        Request::new(&context.plan().entropy, &context.asked().purpose.name())
    }

    /// Reads what is no answer of another status: the challenge.
    fn on_challenge(
        &self,
        response: &Response<'_>,
        facts: &HttpFacts,
        context: &Context,
    ) -> Result<Step, FailureKind> {
        let refused = FailureKind::Gateway(GatewayFault::Status {
            status: Status::UNAUTHORIZED.0,
            after_logon: self.sent == Sent::Proof,
        });
        let at_logon = |kind| Ok(Step::FailAt(Box::new(Refused(Stage::GatewayAuth)), kind));
        match (self.sent, context.gateway_logon()) {
            (Sent::Proof, _) => return Err(refused),
            (Sent::TokenToCome, _) => return at_logon(refused),
            (Sent::Nothing, Some(GatewayLogon::Account(account))) if account.stopped => {
                return Ok(Step::Done(NotTried::AccountStopped));
            }
            (Sent::Nothing, Some(GatewayLogon::Account(_))) => {}
            (Sent::Nothing, Some(GatewayLogon::Token | GatewayLogon::None) | None) => {
                return Ok(Step::Done(NotTried::CredentialsNeeded));
            }
        }
        if !facts.offers("Basic") {
            return at_logon(FailureKind::Gateway(GatewayFault::NoScheme));
        }
        if !persists(response) {
            return Err(FailureKind::Gateway(GatewayFault::NotPersistent));
        }
        let cookies = cookies(response);
        Ok(Step::Continue(Box::new(ExpectProof { cookies })))
    }
}

/// Whether another request can follow on the same connection.
fn persists(response: &Response<'_>) -> bool {
    let closes = |value: &[u8]| {
        value.split(|octet| *octet == b',').any(|option| option.trim_ascii().eq_ignore_ascii_case(b"close"))
    };
    let keeps = |value: &[u8]| {
        value
            .split(|octet| *octet == b',')
            .any(|option| option.trim_ascii().eq_ignore_ascii_case(b"keep-alive"))
    };
    // RFC 9112 section 9.3: before HTTP/1.1 a connection that is kept says so.
    let old = response.minor_version == 0 && !response.headers("connection").any(keeps);
    let told = old || response.headers("connection").any(closes);
    let ends = match response.body_length() {
        BodyLength::None | BodyLength::Chunked => false,
        BodyLength::Octets(octets) => usize::try_from(octets).map_or(true, |octets| octets > MAX_BODY),
        BodyLength::UntilClose | _ => true,
    };
    !told && !ends
}

/// The cookies that were set, as they are given back (RFC 6265 section 5.4).
fn cookies(response: &Response<'_>) -> String {
    let mut all = String::new();
    for cookie in response.headers("set-cookie") {
        let pair = cookie.split(|octet| *octet == b';').next().unwrap_or_default().trim_ascii();
        let fits = all.len().saturating_add(pair.len()).saturating_add(2) <= MOST_COOKIES;
        let Some(pair) = std::str::from_utf8(pair).ok().filter(|pair| fits && !pair.is_empty()) else {
            continue;
        };
        if !all.is_empty() {
            all.push_str("; ");
        }
        all.push_str(pair);
    }
    all
}

impl State for ExpectAnswer {
    fn stage(&self) -> Stage {
        match self.sent {
            Sent::Nothing | Sent::TokenToCome => Stage::GatewayHttp,
            Sent::Proof => Stage::GatewayAuth,
        }
    }

    fn hop(&self) -> Hop {
        Hop::Gateway
    }

    fn awaiting(&self) -> Awaited {
        Awaited::HttpAnswer
    }

    fn wants<'a>(&'a self, _: &'a Context) -> Wants<'a> {
        Wants::Pdu(Framing::Http)
    }

    fn enter(&self, context: &Context, out: &mut Output) {
        let Some(gateway) = context.plan().gateway.as_deref() else { return };
        let request = Self::request(context);
        request.write(gateway, None, self.sent == Sent::TokenToCome, "", &mut out.octets);
        let Request { connection_id, correlation_id, .. } = request;
        out.facts.push(Observed::Gateway(GatewayFact::Asked { connection_id, correlation_id }));
    }

    fn on_pdu(
        mut self: Box<Self>,
        pdu: &[u8],
        context: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let response = Response::parse(pdu).map_err(|error| malformed(error, pdu))?;
        let facts = HttpFacts::of(&response);
        out.facts.push(Observed::Gateway(GatewayFact::Http(Box::new(facts.clone()))));
        let status = response.status;
        if status == Status::UNAUTHORIZED {
            return self.on_challenge(&response, &facts, context);
        }
        let kind = if status == Status::SWITCHING_PROTOCOLS {
            let accept = response.header("sec-websocket-accept").map(<[u8]>::trim_ascii);
            if accept == Some(Self::request(context).accept().as_bytes()) {
                if self.sent == Sent::Proof {
                    out.facts.push(Observed::LogonAccepted);
                }
                return Ok(Step::Continue(Box::new(ExpectWebSocket)));
            }
            GatewayFault::WrongAccept
        } else if status.is_informational() {
            self.asides = self.asides.saturating_add(1);
            if self.asides <= MOST_ASIDES {
                return Ok(Step::Continue(self));
            }
            GatewayFault::Status { status: status.0, after_logon: self.sent == Sent::Proof }
        } else {
            // Whoever opens a channel has let in who asked, by whichever transport.
            if status == Status::OK && self.sent == Sent::Proof {
                out.facts.push(Observed::LogonAccepted);
            }
            GatewayFault::Status { status: status.0, after_logon: self.sent == Sent::Proof }
        };
        let kind = FailureKind::Gateway(kind);
        // Any other status is no word on the logon.
        if self.sent == Sent::Proof {
            return Ok(Step::FailAt(Box::new(Refused(Stage::GatewayHttp)), kind));
        }
        Err(kind)
    }
}

/// Waits for the context's proof.
#[derive(Debug)]
struct ExpectProof {
    /// What a load balancer wants to have back.
    cookies: String,
}

impl State for ExpectProof {
    fn stage(&self) -> Stage {
        Stage::GatewayAuth
    }

    fn hop(&self) -> Hop {
        Hop::Gateway
    }

    fn awaiting(&self) -> Awaited {
        Awaited::SecurityContext
    }

    fn wants<'a>(&'a self, context: &'a Context) -> Wants<'a> {
        Wants::Auth { hop: context.hop(), ask: AuthAsk::Token(None) }
    }

    fn on_auth(
        self: Box<Self>,
        answer: Result<AuthOutput, AuthFault>,
        context: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let Self { cookies } = *self;
        let token = match answer.map_err(FailureKind::Auth)? {
            AuthOutput::Token { token, done: true } => Zeroizing::new(token),
            AuthOutput::Token { done: false, .. } | AuthOutput::Sealed(_) | AuthOutput::Opened(_) => {
                return Err(FailureKind::Auth(AuthFault::Local));
            }
        };
        let Some(gateway) = context.plan().gateway.as_deref() else { return Err(FailureKind::OutOfTurn) };
        let proof = Zeroizing::new([b"Basic ", &token[..]].concat());
        ExpectAnswer::request(context).write(gateway, Some(&proof), false, &cookies, &mut out.octets);
        out.facts.push(Observed::LogonSent(AuthMethod::Basic));
        Ok(Step::Continue(Box::new(ExpectAnswer { sent: Sent::Proof, asides: 0 })))
    }
}
