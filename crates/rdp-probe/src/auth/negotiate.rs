//! NTLM inside of SPNEGO (RFC 4178), for HTTP alone: it gives tokens, and seals nothing.
use rdp_probe_core::wire::credssp::spnego::{NegState, Token};
use rdp_probe_core::wire::credssp::{NTLM_MECH_TYPES, ntlm_in, ntlm_init, ntlm_response};
use rdp_probe_core::{AuthFault, AuthOutput};
use tracing::dispatcher::{Dispatch, with_default};
use zeroize::Zeroizing;

use super::context::{Asked, SecurityContext};
use super::ntlm::Ntlm;
use crate::credentials::Credentials;

/// A context under way.
pub(super) struct Negotiate {
    ntlm: Ntlm,
    /// How many tokens it has given.
    tokens: u8,
}

impl Negotiate {
    /// The beginning of one; `None` for an account that the library cannot name.
    pub(super) fn new(credentials: &Credentials, service: &str, binding: Option<&[u8]>) -> Option<Self> {
        Some(Self { ntlm: Ntlm::new(credentials, service, binding)?, tokens: 0 })
    }

    fn token(&mut self, after: Option<&[u8]>) -> Result<AuthOutput, AuthFault> {
        self.tokens = self.tokens.saturating_add(1);
        match (self.tokens, after) {
            (1, None) => {
                let message = self.ntlm.message(None)?;
                Ok(AuthOutput::Token { token: ntlm_init(&message), done: false })
            }
            (2, Some(token)) => {
                let challenge = ntlm_in(token).ok_or(AuthFault::Token)?;
                let mut message = Zeroizing::new(self.ntlm.message(Some(challenge))?);
                // One without SPNEGO around it is answered as it came: some gateways know the name alone.
                if challenge.len() == token.len() {
                    return Ok(AuthOutput::Token { token: std::mem::take(&mut *message), done: true });
                }
                let mic = self.ntlm.sign(&NTLM_MECH_TYPES)?;
                Ok(AuthOutput::Token { token: ntlm_response(&message, &mic), done: true })
            }
            (3, Some(token)) => {
                let Ok(Token::Response(response)) = Token::parse(token) else { return Err(AuthFault::Token) };
                let (Some(mic), Some(NegState::ACCEPT_COMPLETED) | None) = (response.mic, response.state)
                else {
                    return Err(AuthFault::Token);
                };
                self.ntlm.verify(&NTLM_MECH_TYPES, mic)?;
                Ok(AuthOutput::Token { token: Vec::new(), done: true })
            }
            (_, _) => Err(AuthFault::Token),
        }
    }
}

impl SecurityContext for Negotiate {
    fn ask(&mut self, ask: &Asked) -> Result<AuthOutput, AuthFault> {
        with_default(&Dispatch::none(), || match ask {
            Asked::Token(after) => self.token(after.as_deref()),
            Asked::Wrap(_) | Asked::Unwrap(_) | Asked::WrapCredentials(_) => Err(AuthFault::Local),
        })
    }
}

#[cfg(test)]
mod tests {
    use sspi::ntlm::NtlmConfig;
    use sspi::{
        AuthIdentity, BufferType, CredentialUse, DataRepresentation, NegotiateConfig, SecurityBuffer,
        SecurityStatus, ServerRequestFlags, Sspi as _, SspiImpl as _, Username,
    };

    use super::*;

    fn given(context: &mut Negotiate, after: Option<&[u8]>) -> Result<(Vec<u8>, bool), AuthFault> {
        match context.ask(&Asked::Token(after.map(<[u8]>::to_vec)))? {
            AuthOutput::Token { token, done } => Ok((token, done)),
            AuthOutput::Sealed(_) | AuthOutput::Opened(_) | _ => Err(AuthFault::Local),
        }
    }

    /// What the library's own server of SPNEGO makes of a client that knows this password: its tokens, the last one its proof.
    fn served(password: &str) -> Result<bool, AuthFault> {
        let username = Username::new_down_level_logon_name("alice", "LAB").unwrap();
        let identity = AuthIdentity { username, password: "right".to_owned().into() };
        let config = NegotiateConfig::new(
            Box::new(NtlmConfig::default()),
            Some("!kerberos,!pku2u,ntlm".to_owned()),
            String::new(),
        );
        let mut server = sspi::Negotiate::new_server(config, vec![identity.clone()]).unwrap();
        let credentials = sspi::Credentials::AuthIdentity(identity);
        let acquiring = server.acquire_credentials_handle().with_credential_use(CredentialUse::Inbound);
        let mut handle =
            acquiring.with_auth_data(&credentials).execute(&mut server).unwrap().credentials_handle;
        let credentials = Credentials::new("LAB\\alice", None, password.to_owned()).unwrap();
        let mut client = Negotiate::new(&credentials, "HTTP/gw", Some(b"tls-server-end-point:x")).unwrap();
        let mut said = None;
        loop {
            let (token, done) = given(&mut client, said.as_deref())?;
            if said.is_some() && token.is_empty() {
                return Ok(done);
            }
            let mut input = [SecurityBuffer::new(token, BufferType::Token)];
            let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
            let asked = server
                .accept_security_context()
                .with_credentials_handle(&mut handle)
                .with_context_requirements(ServerRequestFlags::ALLOCATE_MEMORY)
                .with_target_data_representation(DataRepresentation::Native)
                .with_input(&mut input)
                .with_output(&mut output);
            let going =
                server.accept_security_context_impl(asked).and_then(|mut going| going.resolve_to_result());
            let Ok(result) = going else { return Ok(false) };
            if result.status == SecurityStatus::CompleteNeeded && server.complete_auth_token(&mut []).is_err() {
                return Ok(false);
            }
            let [SecurityBuffer { buffer, .. }] = output;
            said = Some(buffer);
        }
    }

    #[test]
    fn another_server_takes_what_is_said_and_its_proof_holds() {
        assert_eq!(served("right"), Ok(true));
        assert_eq!(served("wrong"), Ok(false));
    }

    #[test]
    fn what_is_no_challenge_and_no_proof_is_told() {
        let credentials = Credentials::new("alice", None, "right".to_owned()).unwrap();
        let begun = || {
            let mut context = Negotiate::new(&credentials, "HTTP/gw", None).unwrap();
            assert!(given(&mut context, None).is_ok_and(|(token, done)| !token.is_empty() && !done));
            context
        };
        for token in [&b""[..], b"NTLMSSP\0\x02", b"\xA1\x07\x30\x05\xA0\x03\x0A\x01\x02"] {
            assert_eq!(given(&mut begun(), Some(token)), Err(AuthFault::Token), "{token:?}");
        }
        let mut context = Negotiate::new(&credentials, "HTTP/gw", None).unwrap();
        assert_eq!(given(&mut context, Some(b"x")), Err(AuthFault::Token));
        assert_eq!(context.ask(&Asked::Wrap(Vec::new())), Err(AuthFault::Local));
    }
}
