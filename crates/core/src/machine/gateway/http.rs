//! Stages `gateway_http` and `gateway_auth`: the request that asks for a tunnel, first without credentials, and its answers.
use rdp_probe_wire::credssp::ntlm_in;
use rdp_probe_wire::credssp::spnego::Token as SpnegoToken;
use rdp_probe_wire::http::{BodyLength, Chunks, MAX_BODY, Response, Status, challenges};
use rdp_probe_wire::ntlm::Challenge;
use zeroize::Zeroizing;

use super::handshake::ExpectWebSocket;
use super::in_common::at_gateway;
use super::refused::Refused;
use crate::attempt::NotTried;
use crate::auth::{AuthAsk, AuthFault, AuthMethod, AuthOutput};
use crate::awaited::Awaited;
use crate::channel_binding::ChannelBinding;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::gateway::{
    BindingSent, Gateway, GatewayFact, GatewayFault, GatewayLogon, HttpFacts, Request, base64, unbase64,
};
use crate::hop::Hop;
use crate::machine::in_place::malformed;
use crate::machine::state::{Context, Output, State, Step};
use crate::machine::token::token_of;
use crate::ntlm::NtlmFacts;
use crate::stage::Stage;
use crate::wants::Wants;

/// Waits for the answer of HTTP.
#[derive(Debug)]
pub(super) struct ExpectAnswer {
    sent: Sent,
    /// Answers that announce another one.
    asides: u8,
    kept: Kept,
}

/// What every request of one connection has to do with.
#[derive(Debug, Default)]
struct Kept {
    /// What binds a logon to the connection.
    binding: Option<ChannelBinding>,
    /// What a load balancer wants to have back (RFC 6265 section 5.4).
    cookies: String,
}

/// What the request had with it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    /// Nothing.
    Nothing,
    /// Word that a token follows in the tunnel.
    TokenToCome,
    /// The first message of an exchange, before anybody asked for one.
    BegunUnasked(AuthMethod),
    /// The first message of an exchange, which proves nothing yet.
    Begun(AuthMethod),
    /// Word that the exchange follows in the tunnel.
    ToFollow,
    /// What proves an identity.
    Proof(AuthMethod),
}

impl Sent {
    /// The stage that the answer belongs to.
    const fn stage(self) -> Stage {
        match self {
            Self::Nothing | Self::TokenToCome | Self::BegunUnasked(_) => Stage::GatewayHttp,
            Self::Begun(_) | Self::ToFollow | Self::Proof(_) => Stage::GatewayAuth,
        }
    }

    /// Whether what proves an identity has gone out.
    const fn is_proof(self) -> bool {
        match self {
            Self::Nothing | Self::TokenToCome | Self::BegunUnasked(_) | Self::Begun(_) | Self::ToFollow => {
                false
            }
            Self::Proof(_) => true,
        }
    }
}

/// More of them than any server has a use for.
const MOST_ASIDES: u8 = 64;

/// As many octets of cookies as are given back.
const MOST_COOKIES: usize = 4096;

/// Stage `gateway_http`, on a connection that is bound to by this.
pub(super) fn first(context: &Context, binding: Option<ChannelBinding>) -> Box<dyn State> {
    let gateway = context.plan().gateway.as_deref();
    let binding = binding.filter(|_| gateway.is_some_and(|gateway| gateway.binds));
    let kept = Kept { binding, cookies: String::new() };
    if let Some(method) = gateway.and_then(Gateway::begins_by) {
        return Box::new(ExpectProof { method, challenge: None, kept, asked: false });
    }
    let token = matches!(context.gateway_logon(), Some(GatewayLogon::Token));
    let sent = if token { Sent::TokenToCome } else { Sent::Nothing };
    Box::new(ExpectAnswer { sent, asides: 0, kept })
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
}

impl Kept {
    /// The octets that a logon is bound by.
    fn binding(&self) -> Option<&[u8]> {
        self.binding.as_ref().map(|binding| &binding.data[..])
    }

    /// The same, with the cookies of one more answer: one of the same name takes the other's place.
    fn after(mut self, response: &Response<'_>) -> Self {
        for cookie in response.headers("set-cookie") {
            let pair = cookie.split(|octet| *octet == b';').next().unwrap_or_default().trim_ascii();
            let Some((pair, (name, _))) =
                std::str::from_utf8(pair).ok().and_then(|pair| Some((pair, pair.split_once('=')?)))
            else {
                continue;
            };
            if name.is_empty() || pair.chars().any(char::is_control) {
                continue;
            }
            let others = self.cookies.split("; ").filter(|other| {
                !other.is_empty() && other.split_once('=').is_some_and(|(other, _)| other != name)
            });
            let kept = others.chain([pair]).collect::<Vec<_>>().join("; ");
            if kept.len() <= MOST_COOKIES {
                self.cookies = kept;
            }
        }
        self
    }
}

/// What the peer says to this scheme beside its name, where that is an exchange: a token, or `Some(None)` for what is none.
fn challenge_of<'a>(response: &Response<'a>, method: AuthMethod) -> Option<Option<&'a str>> {
    // Another scheme names a realm with every question.
    let scheme = method.scheme().filter(|_| method.is_exchange())?;
    let mut all = response.headers("www-authenticate").flat_map(challenges);
    let said = all.find(|challenge| {
        let is_more = challenge.token68.is_some() || !challenge.params.is_empty();
        is_more && challenge.scheme.eq_ignore_ascii_case(scheme)
    });
    said.map(|challenge| challenge.token68)
}

/// Whether a server begins an exchange once more: with a challenge, and not with word that it refuses.
fn begins_anew(response: &Response<'_>, method: AuthMethod) -> bool {
    let token = challenge_of(response, method).flatten().and_then(unbase64);
    token.is_some_and(|token| ntlm_in(&token).is_some_and(|message| Challenge::parse(message).is_ok()))
}

/// Whether all of a body in chunks has come: of a long one no more is waited for than of any other.
fn is_whole(body: &[u8]) -> bool {
    let (mut chunks, mut rest) = (Chunks::new(), body);
    while !rest.is_empty() && !chunks.is_over() && !chunks.is_broken() {
        let heard = chunks.hear(rest);
        rest = rest.get(heard.used..).unwrap_or_default();
    }
    chunks.is_over()
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
        BodyLength::None => false,
        BodyLength::Chunked => !is_whole(response.body()),
        BodyLength::Octets(octets) => usize::try_from(octets).map_or(true, |octets| octets > MAX_BODY),
        BodyLength::UntilClose | _ => true,
    };
    !told && !ends
}

impl State for ExpectAnswer {
    at_gateway!(|self, _context| self.sent.stage(), HttpAnswer, Wants::Pdu(Framing::Http));

    fn enter(&self, context: &Context, out: &mut Output) {
        let Some(gateway) = context.plan().gateway.as_deref() else { return };
        let request = Self::request(context);
        let scheme = (self.sent == Sent::ToFollow).then(|| AuthMethod::SspiNtlm.scheme()).flatten();
        let (scheme, token) = (scheme.map(str::as_bytes), self.sent == Sent::TokenToCome);
        request.write(gateway, scheme, token, &self.kept.cookies, &mut out.octets);
        if scheme.is_none() {
            note_ids(request, out);
        }
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
            return self.on_challenge(&response, &facts, context, out);
        }
        let kind = if status == Status::SWITCHING_PROTOCOLS {
            let accept = response.header("sec-websocket-accept").map(<[u8]>::trim_ascii);
            if accept == Some(Self::request(context).accept().as_bytes()) {
                let own = matches!(context.plan().until, Stage::GatewayAuth);
                let stage = if own { Stage::GatewayAuth } else { Stage::GatewayTunnel };
                let extended = (self.sent == Sent::ToFollow).then_some(stage);
                let Sent::Proof(method) = self.sent else {
                    return Ok(Step::Continue(Box::new(ExpectWebSocket { extended })));
                };
                out.facts.push(Observed::LogonAccepted);
                // Its own proof may come with it, and mostly does not.
                let Some(token) = challenge_of(&response, method).flatten().and_then(unbase64) else {
                    return Ok(Step::Continue(Box::new(ExpectWebSocket { extended })));
                };
                return Ok(Step::Continue(Box::new(ExpectLastWord { method, token, kept: self.kept })));
            }
            GatewayFault::WrongAccept
        } else if status.is_informational() {
            self.asides = self.asides.saturating_add(1);
            if self.asides <= MOST_ASIDES {
                return Ok(Step::Continue(self));
            }
            GatewayFault::Status { status: status.0, after_logon: self.sent.is_proof() }
        } else {
            // Whoever opens a channel has let in who asked, by whichever transport.
            let is_page = facts.is_html() || facts.has_length;
            if status == Status::OK && self.sent.is_proof() && !is_page {
                out.facts.push(Observed::LogonAccepted);
            }
            GatewayFault::Status { status: status.0, after_logon: self.sent.is_proof() }
        };
        let kind = FailureKind::Gateway(kind);
        // Any other status is no word on the logon.
        if self.sent.stage() == Stage::GatewayAuth {
            return Ok(Step::FailAt(Box::new(Refused(Stage::GatewayHttp)), kind));
        }
        Err(kind)
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
        |self, context| if self.asked { Stage::GatewayAuth } else { Stage::GatewayHttp },
        SecurityContext,
        Wants::Auth {
            hop: context.hop(),
            method: self.method,
            binding: self.kept.binding(),
            ask: AuthAsk::Token(self.challenge.as_deref()),
        }
    );

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
        let (token, done) = token_of(answer)?;
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
        ExpectAnswer::request(context).write(gateway, Some(&proof), false, &kept.cookies, &mut out.octets);
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
    kept: Kept,
}

impl State for ExpectLastWord {
    at_gateway!(
        |self, context| Stage::GatewayAuth,
        SecurityContext,
        Wants::Auth {
            hop: context.hop(),
            method: self.method,
            binding: self.kept.binding(),
            ask: AuthAsk::Token(Some(&self.token)),
        }
    );

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
        Ok(Step::Continue(Box::new(ExpectWebSocket { extended: None })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_stays_where_nothing_of_the_answer_is_left_in_it() {
        let chunks = |octets: usize| {
            format!("Transfer-Encoding: chunked\r\n\r\n{octets:x}\r\n{}\r\n0\r\n\r\n", "x".repeat(octets))
        };
        for (more, stays) in [
            ("Content-Length: 3\r\n\r\nno!".to_owned(), true),
            ("Content-Length: 3\r\nConnection: x, Close\r\n\r\nno!".to_owned(), false),
            (format!("Content-Length: {}\r\n\r\n", MAX_BODY + 1), false),
            ("\r\n".to_owned(), false),
            (chunks(9), true),
            (chunks(MAX_BODY - 20), true),
            (chunks(MAX_BODY), false),
        ] {
            let answer = format!("HTTP/1.1 401 No\r\n{more}");
            let response = Response::parse(answer.as_bytes()).unwrap();
            assert_eq!(persists(&response), stays, "{} octets", answer.len());
        }
    }

    #[test]
    fn cookies_of_all_answers_are_given_back_and_one_of_the_same_name_takes_the_other_s_place() {
        let answer = |set: &[&str]| {
            let set: String = set.iter().map(|set| format!("Set-Cookie: {set}\r\n")).collect();
            format!("HTTP/1.1 401 No\r\n{set}Content-Length: 0\r\n\r\n")
        };
        let mut kept = Kept::default();
        for (set, cookies) in [
            (&["a=1; Path=/", "b=2; Secure"][..], "a=1; b=2"),
            (&[], "a=1; b=2"),
            (&["c=3"], "a=1; b=2; c=3"),
            (&["a=4"], "b=2; c=3; a=4"),
            (&["=5", "none", ""], "b=2; c=3; a=4"),
        ] {
            let answer = answer(set);
            kept = kept.after(&Response::parse(answer.as_bytes()).unwrap());
            assert_eq!(kept.cookies, cookies, "{set:?}");
        }
        let long = answer(&[&format!("long={}", "x".repeat(MOST_COOKIES))]);
        kept = kept.after(&Response::parse(long.as_bytes()).unwrap());
        assert_eq!(kept.cookies, "b=2; c=3; a=4");
    }
}
