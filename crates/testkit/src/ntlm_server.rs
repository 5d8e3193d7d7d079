//! One end of NTLM: sspi's acceptor, which knows a password, whoever has it.
use sspi::{
    AuthIdentity, AuthIdentityBuffers, BufferType, CredentialUse, DataRepresentation, Ntlm, SecurityBuffer,
    SecurityBufferRef, ServerRequestFlags, Sspi as _, SspiImpl as _, Username,
};

#[derive(Debug)]
pub(crate) struct NtlmServer {
    pub(crate) ntlm: Ntlm,
    handle: Option<AuthIdentityBuffers>,
}

impl NtlmServer {
    pub(crate) fn new(password: &str) -> sspi::Result<Self> {
        let mut ntlm = Ntlm::new();
        let username = Username::new_down_level_logon_name("anybody", "").map_err(std::io::Error::other)?;
        let identity = AuthIdentity { username, password: password.to_owned().into() };
        let acquiring = ntlm.acquire_credentials_handle().with_credential_use(CredentialUse::Inbound);
        let handle = acquiring.with_auth_data(&identity).execute(&mut ntlm)?.credentials_handle;
        Ok(Self { ntlm, handle })
    }

    /// The answer to a token.
    pub(crate) fn token(&mut self, token: &[u8]) -> sspi::Result<Vec<u8>> {
        let mut input = [SecurityBuffer::new(token.to_vec(), BufferType::Token)];
        let mut output = [SecurityBuffer::new(Vec::new(), BufferType::Token)];
        let asked = self
            .ntlm
            .accept_security_context()
            .with_credentials_handle(&mut self.handle)
            .with_context_requirements(ServerRequestFlags::ALLOCATE_MEMORY)
            .with_target_data_representation(DataRepresentation::Native)
            .with_input(&mut input)
            .with_output(&mut output);
        self.ntlm.accept_security_context_impl(asked)?.resolve_to_result()?;
        let [SecurityBuffer { buffer, .. }] = output;
        Ok(buffer)
    }

    /// A signature over these octets, once there are keys.
    pub(crate) fn signature(&mut self, octets: &[u8]) -> sspi::Result<Vec<u8>> {
        let (mut signature, mut octets) = ([0; 16], octets.to_vec());
        let mut message =
            [SecurityBufferRef::token_buf(&mut signature), SecurityBufferRef::data_buf(&mut octets)];
        self.ntlm.make_signature(0, &mut message, 0)?;
        Ok(signature.to_vec())
    }

    /// Whether the AUTHENTICATE that was heard last proves the password, and that nobody has changed a message.
    pub(crate) fn complete(&mut self) -> sspi::Result<()> {
        self.ntlm.complete_auth_token(&mut []).map(drop)
    }
}
