//! NTLM by sspi, without SPNEGO around it. Its calls are made where no subscriber of `tracing` hears them: what they log is made of the
//! secret.
use rdp_probe_core::wire::credssp::ts_credentials;
use rdp_probe_core::{AuthFault, AuthOutput, Delegated};
use sspi::{
    AuthIdentity, AuthIdentityBuffers, BufferType, ClientRequestFlags, CredentialUse, DataRepresentation,
    EncryptionFlags, SecurityBuffer, SecurityBufferRef, Sspi as _, SspiImpl as _, Username,
};
use tracing::dispatcher::{Dispatch, with_default};
use zeroize::Zeroizing;

use super::context::{Asked, SecurityContext};
use crate::credentials::Credentials;

/// The size of a signature, in octets: what a sealed message begins with.
const SIGNATURE: usize = 16;

/// A context under way.
pub(super) struct Ntlm {
    ntlm: sspi::Ntlm,
    handle: Option<AuthIdentityBuffers>,
    service: String,
    /// How many tokens it has given.
    tokens: u8,
    /// What may be given away at the end.
    credentials: Credentials,
}

impl Ntlm {
    /// The beginning of one; `None` for an account that the library cannot name.
    pub(super) fn new(credentials: &Credentials, service: &str, binding: Option<&[u8]>) -> Option<Self> {
        let Credentials { account, password } = credentials;
        let domain = account.domain.as_deref().unwrap_or_default();
        let username = if account.is_principal {
            Username::new_upn(&account.user, domain)
        } else {
            Username::new_down_level_logon_name(&account.user, domain)
        };
        let identity = AuthIdentity { username: username.ok()?, password: password.expose().clone().into() };
        with_default(&Dispatch::none(), || {
            let mut ntlm = sspi::Ntlm::new();
            let acquiring = ntlm.acquire_credentials_handle().with_credential_use(CredentialUse::Outbound);
            let acquired = acquiring.with_auth_data(&identity).execute(&mut ntlm).ok()?;
            if let Some(binding) = binding {
                ntlm.set_channel_bindings(binding);
            }
            Some(Self {
                ntlm,
                handle: acquired.credentials_handle,
                service: service.to_owned(),
                tokens: 0,
                credentials: credentials.clone(),
            })
        })
    }

    /// The next message, behind this one of the peer's.
    pub(super) fn message(&mut self, after: Option<&[u8]>) -> Result<Vec<u8>, AuthFault> {
        // It answers a CHALLENGE once, and begins once.
        let due = if after.is_none() { 0 } else { 1 };
        if self.tokens != due {
            return Err(AuthFault::Token);
        }
        self.tokens = self.tokens.saturating_add(1);
        let mut input = [SecurityBuffer::new(after.unwrap_or_default().to_vec(), BufferType::Token)];
        let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let mut asked = self
            .ntlm
            .initialize_security_context()
            .with_credentials_handle(&mut self.handle)
            .with_context_requirements(ClientRequestFlags::CONFIDENTIALITY | ClientRequestFlags::INTEGRITY)
            .with_target_data_representation(DataRepresentation::Native)
            .with_target_name(&self.service)
            .with_input(&mut input)
            .with_output(&mut output);
        let going = self
            .ntlm
            .initialize_security_context_impl(&mut asked)
            .and_then(|mut going| going.resolve_to_result());
        // Before it has seen anything of the peer's, nothing is the peer's doing.
        going.map_err(|_| if after.is_some() { AuthFault::Token } else { AuthFault::Local })?;
        let [SecurityBuffer { buffer, .. }] = output;
        Ok(buffer)
    }

    /// A signature over these octets, once there are keys.
    pub(super) fn sign(&mut self, octets: &[u8]) -> Result<[u8; SIGNATURE], AuthFault> {
        let (mut signature, mut data) = ([0; SIGNATURE], octets.to_vec());
        let mut message =
            [SecurityBufferRef::token_buf(&mut signature), SecurityBufferRef::data_buf(&mut data)];
        self.ntlm.make_signature(0, &mut message, 0).map_err(|_| AuthFault::Local)?;
        Ok(signature)
    }

    /// Checks one of the peer's.
    pub(super) fn verify(&mut self, octets: &[u8], signature: &[u8]) -> Result<(), AuthFault> {
        let (mut signature, mut data) = (signature.to_vec(), octets.to_vec());
        let mut message =
            [SecurityBufferRef::token_buf(&mut signature), SecurityBufferRef::data_buf(&mut data)];
        self.ntlm.verify_signature(&mut message, 0).map(drop).map_err(|_| AuthFault::Altered)
    }

    fn wrap(&mut self, octets: &[u8]) -> Result<AuthOutput, AuthFault> {
        let (mut signature, mut data) = ([0; SIGNATURE], octets.to_vec());
        let mut message =
            [SecurityBufferRef::token_buf(&mut signature), SecurityBufferRef::data_buf(&mut data)];
        self.ntlm.encrypt_message(EncryptionFlags::empty(), &mut message).map_err(|_| AuthFault::Local)?;
        Ok(AuthOutput::Sealed([signature.as_slice(), data.as_slice()].concat()))
    }

    /// TSCredentials, which are nowhere else, and gone once they are sealed.
    fn wrap_credentials(&mut self, what: Delegated) -> Result<AuthOutput, AuthFault> {
        let mut plain = Zeroizing::new(Vec::new());
        let Credentials { account, password } = &self.credentials;
        let domain = account.domain.as_deref().unwrap_or_default();
        match what {
            Delegated::Password if account.is_principal => {
                ts_credentials("", &account.to_string(), password.expose(), &mut plain);
            }
            Delegated::Password => ts_credentials(domain, &account.user, password.expose(), &mut plain),
            Delegated::Nothing => ts_credentials("", "", "", &mut plain),
            // What this version does not know it gives to nobody.
            _ => return Err(AuthFault::Local),
        }
        let mut signature = [0; SIGNATURE];
        let mut message =
            [SecurityBufferRef::token_buf(&mut signature), SecurityBufferRef::data_buf(&mut plain)];
        // Sealed where it stands: no copy of it is made.
        self.ntlm.encrypt_message(EncryptionFlags::empty(), &mut message).map_err(|_| AuthFault::Local)?;
        Ok(AuthOutput::Sealed([signature.as_slice(), plain.as_slice()].concat()))
    }

    fn unwrap(&mut self, sealed: &[u8]) -> Result<AuthOutput, AuthFault> {
        let (signature, data) = sealed.split_first_chunk::<SIGNATURE>().ok_or(AuthFault::Altered)?;
        let (mut signature, mut data) = (*signature, data.to_vec());
        let mut message =
            [SecurityBufferRef::token_buf(&mut signature), SecurityBufferRef::data_buf(&mut data)];
        self.ntlm.decrypt_message(&mut message).map_err(|_| AuthFault::Altered)?;
        Ok(AuthOutput::Opened(data))
    }
}

impl SecurityContext for Ntlm {
    fn ask(&mut self, ask: &Asked) -> Result<AuthOutput, AuthFault> {
        with_default(&Dispatch::none(), || match ask {
            Asked::Token(after) => {
                let token = self.message(after.as_deref())?;
                Ok(AuthOutput::Token { token, done: after.is_some() })
            }
            // Keys are there from the last token on.
            Asked::Wrap(_) | Asked::Unwrap(_) | Asked::WrapCredentials(_) if self.tokens < 2 => {
                Err(AuthFault::Local)
            }
            Asked::WrapCredentials(what) => self.wrap_credentials(*what),
            Asked::Wrap(octets) => self.wrap(octets),
            Asked::Unwrap(sealed) => self.unwrap(sealed),
        })
    }
}
