//! NTLM inside of SPNEGO by sspi, for HTTP alone: it gives tokens, and seals nothing.
use rdp_probe_core::{AuthFault, AuthOutput};
use sspi::ntlm::NtlmConfig;
use sspi::{
    BufferType, ClientRequestFlags, CredentialUse, CredentialsBuffers, DataRepresentation, Negotiate,
    NegotiateConfig, SecurityBuffer, Sspi as _, SspiImpl as _,
};
use tracing::dispatcher::{Dispatch, with_default};

use super::context::{Asked, SecurityContext};
use super::identity::identity;
use crate::credentials::Credentials;

/// No Kerberos, and nothing else that would ask somebody on the network: what is not named is what the library likes.
const PACKAGES: &str = "!kerberos,!pku2u,ntlm";

/// A context under way.
pub(super) struct Spnego {
    negotiate: Negotiate,
    handle: Option<CredentialsBuffers>,
    service: String,
    /// SEC_CHANNEL_BINDINGS, where it is bound to something.
    binding: Option<Vec<u8>>,
    /// How many tokens it has given.
    tokens: u8,
}

impl Spnego {
    /// The beginning of one; `None` for an account that the library cannot name.
    pub(super) fn new(credentials: &Credentials, service: &str, binding: Option<&[u8]>) -> Option<Self> {
        let identity = identity(credentials)?;
        with_default(&Dispatch::none(), || {
            let ntlm = Box::new(NtlmConfig::default());
            let config = NegotiateConfig::new(ntlm, Some(PACKAGES.to_owned()), String::new());
            let mut negotiate = Negotiate::new_client(config).ok()?;
            let acquiring = negotiate.acquire_credentials_handle().with_credential_use(CredentialUse::Outbound);
            let identity = sspi::Credentials::AuthIdentity(identity);
            let handle = acquiring.with_auth_data(&identity).execute(&mut negotiate).ok()?.credentials_handle;
            let binding = binding.map(bindings).transpose().ok()?;
            Some(Self { negotiate, handle, service: service.to_owned(), binding, tokens: 0 })
        })
    }

    fn token(&mut self, after: Option<&[u8]>) -> Result<AuthOutput, AuthFault> {
        // It begins once, answers a CHALLENGE once, and takes the server's last word once.
        if after.is_some() != (self.tokens > 0) || self.tokens > 2 {
            return Err(AuthFault::Token);
        }
        self.tokens = self.tokens.saturating_add(1);
        let mut input = vec![SecurityBuffer::new(after.unwrap_or_default().to_vec(), BufferType::Token)];
        input.extend(
            self.binding.clone().map(|binding| SecurityBuffer::new(binding, BufferType::ChannelBindings)),
        );
        let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let mut asked = self
            .negotiate
            .initialize_security_context()
            .with_credentials_handle(&mut self.handle)
            .with_context_requirements(ClientRequestFlags::CONFIDENTIALITY | ClientRequestFlags::INTEGRITY)
            .with_target_data_representation(DataRepresentation::Native)
            .with_target_name(&self.service)
            .with_input(&mut input)
            .with_output(&mut output);
        let going = self
            .negotiate
            .initialize_security_context_impl(&mut asked)
            .and_then(|mut going| going.resolve_to_result());
        // Before it has seen anything of the peer's, nothing is the peer's doing.
        going.map_err(|_| if after.is_some() { AuthFault::Token } else { AuthFault::Local })?;
        let [SecurityBuffer { buffer, .. }] = output;
        // It waits for the server's signature under the mechanisms, which over HTTP mostly does not come: the status is the word.
        Ok(AuthOutput::Token { token: buffer, done: after.is_some() })
    }
}

/// SEC_CHANNEL_BINDINGS: eight lengths, offsets and types, and the application data behind them.
fn bindings(application_data: &[u8]) -> Result<Vec<u8>, std::num::TryFromIntError> {
    const HEAD: u32 = 32;
    let length = u32::try_from(application_data.len())?;
    let head = [0, 0, 0, 0, 0, 0, length, HEAD];
    Ok([&head.map(u32::to_le_bytes).concat(), application_data].concat())
}

impl SecurityContext for Spnego {
    fn ask(&mut self, ask: &Asked) -> Result<AuthOutput, AuthFault> {
        with_default(&Dispatch::none(), || match ask {
            Asked::Token(after) => self.token(after.as_deref()),
            Asked::Wrap(_) | Asked::Unwrap(_) => Err(AuthFault::Local),
        })
    }
}
