//! Stage `secure_settings_exchange`: the Client Info PDU goes out ([MS-RDPBCGR] 1.3.1.1, 3.2.5.3.11). Nothing answers it by itself.
use std::net::{IpAddr, Ipv4Addr};

use rdp_probe_wire::client_info;

use super::licensing::ExpectLicense;
use super::session::Session;
use super::state::{Context, Output, State, Step};
use crate::awaited::Awaited;
use crate::failure::FailureKind;
use crate::stage::Stage;
use crate::wants::Wants;

/// Waits until the Client Info PDU is sent.
#[derive(Debug)]
pub(super) struct ExpectClientInfoSent(pub(super) Session);

impl State for ExpectClientInfoSent {
    fn stage(&self) -> Stage {
        Stage::SecureSettingsExchange
    }

    fn awaiting(&self) -> Awaited {
        Awaited::ClientInfoSent
    }

    fn wants<'a>(&'a self, _: &'a Context) -> Wants<'a> {
        Wants::Send
    }

    fn enter(&self, context: &Context, out: &mut Output) {
        let address = context.local().unwrap_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        self.0.send_with(|data| client_info::encode(address, data), &mut out.octets);
    }

    fn on_sent(self: Box<Self>, _: &Context, _: &mut Output) -> Result<Step, FailureKind> {
        Ok(Step::Continue(Box::new(ExpectLicense::first(self.0))))
    }

    /// Of a connection that takes nothing more: it counts how that ended.
    fn on_pdu(self: Box<Self>, _: &[u8], _: &Context, _: &mut Output) -> Result<Step, FailureKind> {
        Ok(Step::Continue(self))
    }
}
