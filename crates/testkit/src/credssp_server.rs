//! The whole CredSSP of a library that others build their servers on: sspi's own, octets in and octets out.
use std::io;

use sspi::credssp::{CredSspServer, CredentialsProxy, ServerMode, ServerState, TsRequest};
use sspi::ntlm::NtlmConfig;
use sspi::{AuthIdentity, Username};

/// One conversation.
pub(crate) struct Whole {
    server: CredSspServer<Anybody>,
}

/// What it makes of a message.
pub(crate) enum Made {
    /// This is to be sent.
    Answer(Vec<u8>),
    /// This too, and then it is over: the logon is refused.
    Refusal(Vec<u8>),
    /// Credentials to keep came.
    Delegated,
}

/// Everybody has this password.
struct Anybody(String);

impl CredentialsProxy for Anybody {
    type AuthenticationData = AuthIdentity;

    fn auth_data_by_user(&mut self, username: &Username) -> io::Result<AuthIdentity> {
        Ok(AuthIdentity { username: username.clone(), password: self.0.clone().into() })
    }

    fn auth_data(&mut self) -> io::Result<Vec<AuthIdentity>> {
        let username = Username::new_down_level_logon_name("anybody", "").map_err(io::Error::other)?;
        self.auth_data_by_user(&username).map(|identity| vec![identity])
    }
}

impl Whole {
    pub(crate) fn new(key: Vec<u8>, password: &str, version: u32) -> sspi::Result<Self> {
        let mode = ServerMode::Ntlm(NtlmConfig::default());
        let server = CredSspServer::new_with_version(key, Anybody(password.to_owned()), version, mode)?;
        Ok(Self { server })
    }

    pub(crate) fn on(&mut self, message: &[u8]) -> io::Result<Made> {
        let octets = |request: &TsRequest| {
            let mut out = Vec::new();
            request.encode_ts_request(&mut out).map(|()| out)
        };
        match self.server.process(TsRequest::from_buffer(message)?).resolve_to_result() {
            Ok(ServerState::ReplyNeeded(answer)) => octets(&answer).map(Made::Answer),
            Ok(ServerState::Finished(_)) => Ok(Made::Delegated),
            Err(error) => {
                let refusal = error.ts_request.as_deref().map(octets).transpose()?;
                refusal.map(Made::Refusal).ok_or_else(|| io::Error::other(error.error.to_string()))
            }
        }
    }
}
