//! Stage `credssp` with credentials, from the CHALLENGE on: the answer of the security context, the binding to the TLS session, and the
//! server's proof ([MS-CSSP] 3.1.5). The exchange ends with that proof, unless a depth behind it was asked for.
use rdp_probe_wire::credssp::TsRequest;
use rdp_probe_wire::nego::Protocols;

use super::delegation::ExpectCredentials;
use super::in_place::malformed;
use super::send::{VERSION, send};
use super::state::{Context, Limited, Output, State, Step};
use super::token::{no_such_answer, token_of};
use crate::attempt::NotTried;
use crate::auth::{AuthAsk, AuthFault, AuthMethod, AuthOutput, Delegated, Unprinted};
use crate::awaited::Awaited;
use crate::binding::Binding;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::hop::Hop;
use crate::octets::Octets;
use crate::stage::Stage;
use crate::wants::Wants;

/// From this version on the request carries the nonce.
const NONCE_FROM: u32 = 5;
/// What the nonce is drawn by.
const NONCE: &str = "CredSSP clientNonce";

/// A logon: what it is bound to.
#[derive(Clone, Debug)]
pub(super) struct Logon {
    /// subjectPublicKey of the server's certificate.
    key: Vec<u8>,
    /// The nonce.
    nonce: [u8; 32],
    /// The protocol that was selected.
    selected: Protocols,
}

impl Logon {
    pub(super) fn new(key: Vec<u8>, selected: Protocols, context: &Context) -> Self {
        Self { key, nonce: context.plan().entropy.draw(NONCE), selected }
    }

    /// What is given away once the credentials are proven.
    ///
    /// # Errors
    /// Why nothing is, where what was asked for does not lie behind that.
    fn delegates(&self, context: &Context) -> Result<Delegated, NotTried> {
        let plan = context.plan();
        let depth = context.depth();
        if !plan.until_asked || depth.rank() <= Stage::Credssp.rank() {
            return Err(NotTried::NotDelegated);
        }
        // What there is not is not found by giving the credentials away.
        if depth == Stage::EarlyUserAuth && self.selected != Protocols::HYBRID_EX {
            return Err(NotTried::NotSelected);
        }
        Ok(if plan.restricted_admin { Delegated::Nothing } else { Delegated::Password })
    }

    fn binding(&self, version: u32) -> Binding<'_> {
        Binding { version, nonce: &self.nonce, key: &self.key }
    }
}

/// What a state of the exchange is, but for what it does.
macro_rules! in_the_exchange {
    ($awaited:ident, |$self:ident| $wants:expr) => {
        fn stage(&self) -> Stage {
            Stage::Credssp
        }

        fn awaiting(&self) -> Awaited {
            Awaited::$awaited
        }

        fn wants<'a>(&'a $self, _: &'a Context) -> Wants<'a> {
            $wants
        }

        fn limited(&self) -> Limited {
            Limited::Message
        }
    };
}
pub(super) use in_the_exchange;

/// Waits for the context's answer to the CHALLENGE.
#[derive(Debug)]
pub(super) struct ExpectAnswer {
    logon: Logon,
    /// The version that the server speaks.
    version: u32,
    challenge: Vec<u8>,
}

impl ExpectAnswer {
    pub(super) fn new(logon: Logon, version: u32, challenge: &[u8]) -> Self {
        Self { logon, version, challenge: challenge.to_vec() }
    }
}

impl State for ExpectAnswer {
    in_the_exchange!(SecurityContext, |self| Wants::Auth {
        hop: Hop::Target,
        method: AuthMethod::Ntlm,
        binding: None,
        ask: AuthAsk::Token(Some(&self.challenge))
    });

    fn on_auth(
        self: Box<Self>,
        answer: Result<AuthOutput, AuthFault>,
        _: &Context,
        _: &mut Output,
    ) -> Result<Step, FailureKind> {
        let (token, done) = token_of(answer)?;
        if !done {
            return Err(FailureKind::Auth(AuthFault::Local));
        }
        let Self { logon, version, .. } = *self;
        let binding = logon.binding(version).to_server();
        Ok(Step::Continue(Box::new(ExpectSealed { logon, version, token: Unprinted(token), binding })))
    }
}

/// Waits for the sealed binding, which goes out with the last token.
#[derive(Debug)]
struct ExpectSealed {
    logon: Logon,
    version: u32,
    token: Unprinted,
    binding: Vec<u8>,
}

impl State for ExpectSealed {
    in_the_exchange!(SecurityContext, |self| Wants::Auth {
        hop: Hop::Target,
        method: AuthMethod::Ntlm,
        binding: None,
        ask: AuthAsk::Wrap(&self.binding)
    });

    fn on_auth(
        self: Box<Self>,
        answer: Result<AuthOutput, AuthFault>,
        context: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let Ok(AuthOutput::Sealed(sealed)) = answer else { return Err(no_such_answer(answer)) };
        let Self { logon, version, token, .. } = *self;
        let mut request = TsRequest::of_version(VERSION);
        request.nego_token = Some(&token.0);
        request.pub_key_auth = Some(&sealed);
        request.client_nonce = (version >= NONCE_FROM).then_some(&logon.nonce);
        send(&request, out)?;
        out.facts.extend(context.plan().account.as_ref().map(|account| Observed::LogonSent(account.method)));
        Ok(Step::Continue(Box::new(ExpectProof { logon, version, sent: Unprinted(sealed) })))
    }
}

/// Waits for the TSRequest with the server's proof.
#[derive(Debug)]
struct ExpectProof {
    logon: Logon,
    version: u32,
    /// Our own proof.
    sent: Unprinted,
}

impl State for ExpectProof {
    in_the_exchange!(ServerProof, |self| Wants::Pdu(Framing::TsRequest));

    fn on_pdu(self: Box<Self>, pdu: &[u8], _: &Context, _: &mut Output) -> Result<Step, FailureKind> {
        let request = TsRequest::parse(pdu).map_err(|error| malformed(error, pdu))?;
        // Before anything else: servers put an echo of our own proof beside it.
        if let Some(status) = request.error_code {
            return Err(FailureKind::CredsspError(status));
        }
        let Self { logon, version, sent } = *self;
        if request.version != version {
            return Err(FailureKind::VersionChanged { from: version, to: request.version });
        }
        let Some(proof) = request.pub_key_auth else {
            let token = request.nego_token.is_some();
            return Err(FailureKind::NoProof { token, head: Octets::of(pdu) });
        };
        if proof == sent.0 {
            return Err(FailureKind::ProofEchoed);
        }
        Ok(Step::Continue(Box::new(ExpectOpened { logon, version, proof: proof.to_vec() })))
    }
}

/// Waits for the server's proof to be opened.
#[derive(Debug)]
struct ExpectOpened {
    logon: Logon,
    version: u32,
    proof: Vec<u8>,
}

impl State for ExpectOpened {
    in_the_exchange!(SecurityContext, |self| Wants::Auth {
        hop: Hop::Target,
        method: AuthMethod::Ntlm,
        binding: None,
        ask: AuthAsk::Unwrap(&self.proof)
    });

    fn on_auth(
        self: Box<Self>,
        answer: Result<AuthOutput, AuthFault>,
        context: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        match answer {
            Ok(AuthOutput::Opened(opened)) if opened == self.logon.binding(self.version).to_client() => {
                out.facts.push(Observed::LogonAccepted);
                Ok(match self.logon.delegates(context) {
                    Ok(what) => Step::Continue(Box::new(ExpectCredentials::new(self.logon.selected, what))),
                    Err(why) => Step::Done(why),
                })
            }
            // Whoever cannot seal it does not have the session's keys; whoever seals another one has seen another key.
            Ok(AuthOutput::Opened(_)) | Err(AuthFault::Altered) => Err(FailureKind::WrongProof),
            other => Err(no_such_answer(other)),
        }
    }
}
