//! Stage `basic_settings_exchange`: MCS Connect Initial, and the Connect Response that answers it ([MS-RDPBCGR] 1.3.1.1,
//! 3.2.5.3.3 and 3.2.5.3.4). Over TLS, or in the clear where Standard RDP Security was selected.
use rdp_probe_wire::WireError;
use rdp_probe_wire::gcc::{ServerBlocks, ServerEarlyCapabilityFlags, ServerSecurity};
use rdp_probe_wire::mcs::{ConferenceResult, ConnectResponse, DisconnectProviderUltimatum, McsResult};
use rdp_probe_wire::nego::Protocols;
use rdp_probe_wire::server_certificate::ServerCertificate;
use rdp_probe_wire::share::{ErrorInfo, ServerMessage};

use super::in_place::{malformed, other_tpdu};
use super::state::{Context, Output, State, Step};
use crate::attempt::NotTried;
use crate::close::Close;
use crate::connect_initial::connect_initial;
use crate::fact::{Observed, ServerKey};
use crate::failure::{Awaited, End, FailureKind};
use crate::framing::Framing;
use crate::octets::Octets;
use crate::stage::Stage;
use crate::wants::Wants;

/// Waits for the MCS Connect Response.
#[derive(Debug)]
pub(super) struct ExpectConnectResponse {
    selected: Protocols,
    /// The last reason that the server gave, and that was one.
    reason: Option<ErrorInfo>,
    /// Messages that came before the response.
    asides: u8,
}

/// More messages before a response than any server has a use for.
const MOST_ASIDES: u8 = 8;

impl ExpectConnectResponse {
    pub(super) const fn new(selected: Protocols) -> Self {
        Self { selected, reason: None, asides: 0 }
    }

    /// Waits on, unless the server talks for ever.
    fn goes_on(self, pdu: &[u8]) -> Result<Step, FailureKind> {
        let asides = self.asides.saturating_add(1);
        if asides > MOST_ASIDES {
            return Err(FailureKind::NotExpected { head: Octets::of(pdu) });
        }
        Ok(Step::Continue(Box::new(Self { asides, ..self })))
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
        out.octets.extend(connect_initial(self.selected, context.asked().purpose.methods()));
    }

    fn on_pdu(self: Box<Self>, pdu: &[u8], _: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        if ConnectResponse::is_one(pdu) {
            let response = ConnectResponse::parse(pdu).map_err(|error| malformed(error, pdu))?;
            return on_response(response, out);
        }
        if let Ok(DisconnectProviderUltimatum { reason, .. }) = DisconnectProviderUltimatum::parse(pdu) {
            let end = End::Ultimatum(reason);
            return Err(match self.reason {
                Some(code) => FailureKind::ErrorInfo { code, end },
                None => FailureKind::Ultimatum(reason),
            });
        }
        match ServerMessage::parse(pdu) {
            Ok(ServerMessage::SetErrorInfo(code)) => {
                let reason = Some(code).filter(|code| *code != ErrorInfo::NONE);
                out.facts.extend(reason.map(Observed::ErrorInfo));
                Self { reason: reason.or(self.reason), ..*self }.goes_on(pdu)
            }
            Ok(ServerMessage::DeactivateAll) => {
                out.facts.push(Observed::Deactivated);
                self.goes_on(pdu)
            }
            Ok(ServerMessage::Redirection) => Err(FailureKind::Redirected),
            Ok(_) | Err(_) => Err(other_tpdu(pdu)),
        }
    }

    fn on_stray(self: Box<Self>, octets: &[u8], _: &Context, _: &mut Output) -> Result<Step, FailureKind> {
        Err(FailureKind::NotExpected { head: Octets::of(octets) })
    }

    /// What the server said before it ended the stream counts more than the end.
    fn on_closed(
        self: Box<Self>,
        how: Close,
        partial: &[u8],
        _: &Context,
        _: &mut Output,
    ) -> Result<Step, FailureKind> {
        Err(match self.reason {
            Some(code) if how != Close::Cancelled => FailureKind::ErrorInfo { code, end: End::Closed(how) },
            Some(_) | None => FailureKind::Closed { how, partial: Octets::of(partial) },
        })
    }
}

fn on_response(response: ConnectResponse<'_>, out: &mut Output) -> Result<Step, FailureKind> {
    let conference = response.conference.map(|conference| conference.result);
    let refused = conference.is_some_and(|result| result != ConferenceResult::SUCCESS);
    if response.result != McsResult::SUCCESSFUL || refused {
        return Err(FailureKind::ConnectRefused { result: response.result, conference });
    }
    if let Some(conference) = response.conference {
        note(&conference.blocks, out);
    }
    // The server is told that nobody goes on, instead of being left to find out.
    out.octets.extend_from_slice(&DisconnectProviderUltimatum::FAREWELL);
    Ok(Step::Done(NotTried::CredentialsNeeded))
}

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

fn key_of(certificate: Result<ServerCertificate, WireError>) -> ServerKey {
    match certificate {
        Ok(ServerCertificate { kind, temporary, key_bits, .. }) => {
            ServerKey::Certificate { kind, temporary, bits: key_bits }
        }
        Err(error) => ServerKey::Unreadable(error.into()),
    }
}
