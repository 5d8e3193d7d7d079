//! Stages `rdstls` and `rdsaad`: the server speaks first, and that is what is read.
use rdp_probe_wire::rdsaad::ServerNonce;
use rdp_probe_wire::rdstls::Capabilities;

use super::in_place::malformed;
use super::state::{Context, Output, State, Step};
use crate::attempt::NotTried;
use crate::awaited::Awaited;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::stage::Stage;
use crate::wants::Wants;

/// Waits for the RDSTLS Capabilities PDU ([MS-RDPBCGR] 2.2.17.1).
#[derive(Debug)]
pub(super) struct ExpectRdstlsCapabilities;

impl State for ExpectRdstlsCapabilities {
    fn stage(&self) -> Stage {
        Stage::Rdstls
    }

    fn awaiting(&self) -> Awaited {
        Awaited::RdstlsCapabilities
    }

    fn wants<'a>(&'a self, _: &'a Context) -> Wants<'a> {
        Wants::Pdu(Framing::Rdstls)
    }

    fn on_pdu(self: Box<Self>, pdu: &[u8], _: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        let capabilities = Capabilities::parse(pdu).map_err(|error| malformed(error, pdu))?;
        out.facts.push(Observed::RdstlsVersions(capabilities.versions.0));
        Ok(Step::Done(NotTried::CredentialsNeeded))
    }
}

/// Waits for the RDS AAD Server Nonce PDU ([MS-RDPBCGR] 2.2.18.1).
#[derive(Debug)]
pub(super) struct ExpectRdsaadNonce;

impl State for ExpectRdsaadNonce {
    fn stage(&self) -> Stage {
        Stage::Rdsaad
    }

    fn awaiting(&self) -> Awaited {
        Awaited::RdsaadNonce
    }

    fn wants<'a>(&'a self, _: &'a Context) -> Wants<'a> {
        Wants::Pdu(Framing::Rdsaad)
    }

    fn on_pdu(self: Box<Self>, pdu: &[u8], _: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        ServerNonce::parse(pdu).map_err(|error| malformed(error, pdu))?;
        out.facts.push(Observed::RdsaadNonce);
        Ok(Step::Done(NotTried::CredentialsNeeded))
    }
}
