//! Stage `basic_settings_exchange`: MCS Connect Initial, and the Connect Response that answers it ([MS-RDPBCGR] 1.3.1.1,
//! 3.2.5.3.3 and 3.2.5.3.4). Over TLS, or in the clear where Standard RDP Security was selected.
use rdp_probe_wire::WireError;
use rdp_probe_wire::gcc::{EncryptionMethods, ServerBlocks, ServerEarlyCapabilityFlags, ServerSecurity};
use rdp_probe_wire::mcs::{ConferenceResult, ConnectResponse, McsResult};
use rdp_probe_wire::nego::Protocols;
use rdp_probe_wire::server_certificate::ServerCertificate;

use super::channels::{Channels, ExpectAttachUserConfirm};
use super::in_place::{malformed, other_tpdu};
use super::state::{Context, Output, State, Step};
use crate::attempt::NotTried;
use crate::awaited::Awaited;
use crate::connect_initial::connect_initial;
use crate::fact::{Observed, ServerKey};
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::stage::Stage;
use crate::wants::Wants;

/// Waits for the MCS Connect Response.
#[derive(Debug)]
pub(super) struct ExpectConnectResponse {
    selected: Protocols,
}

impl ExpectConnectResponse {
    pub(super) const fn new(selected: Protocols) -> Self {
        Self { selected }
    }
}

impl State for ExpectConnectResponse {
    fn stage(&self) -> Stage {
        Stage::BasicSettingsExchange
    }

    fn awaiting(&self) -> Awaited {
        Awaited::ConnectResponse
    }

    fn wants<'a>(&'a self, _: &'a Context) -> Wants<'a> {
        Wants::Pdu(Framing::Tpkt)
    }

    /// Sends the Connect Initial.
    fn enter(&self, context: &Context, out: &mut Output) {
        out.octets.extend(connect_initial(
            context.plan().client_name.as_deref(),
            self.selected,
            context.asked().purpose.methods(),
        ));
    }

    fn on_pdu(self: Box<Self>, pdu: &[u8], context: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        if ConnectResponse::is_one(pdu) {
            let response = ConnectResponse::parse(pdu).map_err(|error| malformed(error, pdu))?;
            return on_response(response, self.selected, context, out);
        }
        Err(other_tpdu(pdu))
    }
}

fn on_response(
    response: ConnectResponse<'_>,
    selected: Protocols,
    context: &Context,
    out: &mut Output,
) -> Result<Step, FailureKind> {
    let conference = response.conference.map(|conference| conference.result);
    let refused = conference.is_some_and(|result| result != ConferenceResult::SUCCESS);
    if response.result != McsResult::SUCCESSFUL || refused {
        return Err(FailureKind::ConnectRefused { result: response.result, conference });
    }
    if let Some(conference) = response.conference {
        note(&conference.blocks, out);
    }
    let depth = context.depth();
    if depth.rank() <= Stage::BasicSettingsExchange.rank() {
        return Ok(Step::Done(NotTried::CredentialsNeeded));
    }
    let blocks = response.conference.map(|conference| conference.blocks);
    let encrypted = |security: ServerSecurity<'_>| security.method != EncryptionMethods::NONE;
    // Inside TLS nothing is encrypted once more, whatever the block says.
    let standard = selected.is_standard();
    if standard && blocks.as_ref().and_then(|blocks| blocks.security).is_some_and(encrypted) {
        return Ok(Step::Done(NotTried::EncryptionNotSpoken));
    }
    let skips = ServerEarlyCapabilityFlags::SKIP_CHANNELJOIN_SUPPORTED;
    let core = blocks.as_ref().and_then(|blocks| blocks.core);
    let network = blocks.as_ref().and_then(|blocks| blocks.network);
    Ok(Step::Continue(Box::new(ExpectAttachUserConfirm(Channels {
        io: network.map_or(USUAL_IO, |network| network.io_channel),
        skips_joins: core
            .and_then(|core| core.early_capability_flags)
            .is_some_and(|flags| flags.contains(skips)),
    }))))
}

/// The channel of the desktop, where a server does not say which it is.
const USUAL_IO: u16 = 1003;

fn note(blocks: &ServerBlocks<'_>, out: &mut Output) {
    if let Some(core) = blocks.core {
        let skips = ServerEarlyCapabilityFlags::SKIP_CHANNELJOIN_SUPPORTED;
        out.facts.push(Observed::ServerCore {
            version: core.version,
            requested: core.requested_protocols,
            skips_joins: core.early_capability_flags.is_some_and(|flags| flags.contains(skips)),
        });
    }
    if let Some(network) = blocks.network {
        out.facts.push(Observed::Channels { io: network.io_channel, message: blocks.message_channel });
    }
    if let Some(security) = blocks.security {
        let ServerSecurity { method, level, certificate, .. } = security;
        let key = (!certificate.is_empty()).then(|| key_of(ServerCertificate::parse(certificate)));
        out.facts.push(Observed::Encryption { method, level, key });
    }
}

fn key_of(certificate: Result<ServerCertificate<'_>, WireError>) -> ServerKey {
    match certificate {
        Ok(certificate) => ServerKey::Certificate {
            kind: certificate.kind,
            temporary: certificate.temporary,
            bits: certificate.key_bits(),
        },
        Err(error) => ServerKey::Unreadable(error.into()),
    }
}
