//! Stage `gateway_channel`: whether this user may go to this target, and whether the gateway gets there ([MS-TSGU] 3.7.5.3).
use rdp_probe_wire::tsgu::{self, Body, ChannelResponse, StatusCode};

use super::in_common::{at_gateway, of_packets};
use super::packets::{Beside, check, other};
use crate::awaited::Awaited;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::gateway::{GatewayFact, GatewayFault};
use crate::hop::Hop;
use crate::machine::initiation::ExpectConnectionConfirm;
use crate::machine::state::{Context, Output, State, Step};
use crate::stage::Stage;
use crate::wants::{Carrier, Wants};

/// Waits for HTTP_CHANNEL_RESPONSE.
#[derive(Debug)]
pub(super) struct ExpectChannelResponse {
    beside: Beside,
    /// Whether the gateway is an open-source one.
    open_source: bool,
}

impl ExpectChannelResponse {
    pub(super) fn new(open_source: bool) -> Self {
        Self { beside: Beside::default(), open_source }
    }
}

/// E_PROXY_INTERNALERROR.
const INTERNAL_ERROR: u16 = 0x59D8;

impl State for ExpectChannelResponse {
    of_packets!(GatewayChannel, ChannelResponse);

    fn enter(&self, context: &Context, out: &mut Output) {
        let target = &context.plan().target;
        let (name, port) = (target.host.to_string(), target.port);
        // Whoever makes a plan looks after that: a name that does not fit asks nothing, and gets no answer.
        _ = tsgu::channel_create(&name, port, &mut out.octets);
        out.facts.push(Observed::Gateway(GatewayFact::AskedFor { name, port }));
    }

    fn on_pdu(mut self: Box<Self>, pdu: &[u8], _: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        let Some(packet) = self.beside.hear(pdu, out)? else { return Ok(Step::Continue(self)) };
        let Body::ChannelResponse(response) = packet.body else { return Err(other(&packet)) };
        let ChannelResponse { error_code: StatusCode(code), channel_id: id, udp_port, .. } = response;
        let fault = GatewayFault::Code { code, of_a_dial: true };
        if self.open_source && id.is_some() && fault.is(INTERNAL_ERROR) {
            return Err(FailureKind::Gateway(fault));
        }
        check(response.error_code)?;
        out.facts.push(Observed::Gateway(GatewayFact::Channel { id, udp_port }));
        Ok(Step::Continue(Box::new(ExpectChannel)))
    }
}

/// Waits for the channel to be in its place.
#[derive(Debug)]
struct ExpectChannel;

impl State for ExpectChannel {
    at_gateway!(|self, _context| Stage::GatewayChannel, Carrier, Wants::Carry(Carrier::Channel));

    fn on_carried(self: Box<Self>, _: &Context, _: &mut Output) -> Result<Step, FailureKind> {
        Ok(Step::Continue(Box::new(ExpectConnectionConfirm)))
    }
}
