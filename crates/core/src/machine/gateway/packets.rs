//! The packets of a gateway before its channel is open ([MS-TSGU] 2.2.10): what is said beside the sequence, and its answers.
use rdp_probe_wire::tsgu::{Body, ServerPacket, StatusCode};

use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::gateway::{GatewayFact, GatewayFault, packet_text};
use crate::machine::in_place::malformed;
use crate::machine::state::Output;

/// What a gateway says between its answers. One reader for all its stages.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Beside(u8);

impl Beside {
    /// More of them in a stage than any gateway has a use for.
    const MOST: u8 = 64;

    /// The packet, when it is an answer; `None` when it was said beside.
    ///
    /// # Errors
    /// Where it cannot be read, or a gateway talks for ever.
    pub(super) fn hear<'a>(
        &mut self,
        pdu: &'a [u8],
        out: &mut Output,
    ) -> Result<Option<ServerPacket<'a>>, FailureKind> {
        let packet = ServerPacket::parse(pdu).map_err(|error| malformed(error, pdu))?;
        let mut note = |fact| out.facts.push(Observed::Gateway(fact));
        match packet.body {
            // Answered only once the channel is open: an open-source gateway hangs up on one before that.
            Body::Keepalive => note(GatewayFact::Keepalive),
            Body::ServiceMessage(text) => note(GatewayFact::ServiceMessage(packet_text(text))),
            Body::Reauth(_) => note(GatewayFact::Reauthentication),
            Body::Other(_) if packet.packet_type.name().is_none() => {
                note(GatewayFact::UnknownPacket(packet.packet_type.0));
            }
            Body::Other(_)
            | Body::HandshakeResponse(_)
            | Body::ExtendedAuth(_)
            | Body::TunnelResponse(_)
            | Body::TunnelAuthResponse(_)
            | Body::ChannelResponse(_)
            | Body::Data(_)
            | Body::CloseChannel(_)
            | Body::CloseChannelResponse(_)
            | _ => {
                if packet.trailing > 0 {
                    note(GatewayFact::Trailing(packet.trailing));
                }
                return Ok(Some(packet));
            }
        }
        self.0 = self.0.saturating_add(1);
        if self.0 > Self::MOST { Err(other(&packet)) } else { Ok(None) }
    }
}

/// A packet that has no place here.
pub(super) fn other(packet: &ServerPacket<'_>) -> FailureKind {
    FailureKind::Gateway(GatewayFault::OtherPacket { kind: packet.packet_type.0 })
}

/// # Errors
/// Where the code is one of an error. Each is one that is not 0: under the rules of an HRESULT some of them would be none.
pub(super) const fn check(code: StatusCode) -> Result<(), FailureKind> {
    match code {
        StatusCode::OK => Ok(()),
        StatusCode(code) => Err(FailureKind::Gateway(GatewayFault::Code { code, of_a_dial: false })),
    }
}
