//! Stage `channel_connection`: the user is attached, and joins its own channel and that of the desktop ([MS-RDPBCGR] 1.3.1.1, 3.2.5.3.5
//! to 3.2.5.3.9).
use std::collections::VecDeque;

use rdp_probe_wire::mcs::{
    AttachUserConfirm, ChannelJoinConfirm, McsResult, attach_user, channel_join, erect_domain,
};

use super::client_info::ExpectClientInfoSent;
use super::in_place::{malformed, other_tpdu};
use super::session::Session;
use super::state::{Context, Output, State, Step};
use crate::awaited::Awaited;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::framing::Framing;
use crate::octets::Octets;
use crate::stage::Stage;
use crate::wants::Wants;

/// What the Connect Response said of channels.
#[derive(Clone, Copy, Debug)]
pub(super) struct Channels {
    /// The channel of the desktop.
    pub(super) io: u16,
    /// Whether both ends do without joins.
    pub(super) skips_joins: bool,
}

/// Waits for the Attach User Confirm.
#[derive(Debug)]
pub(super) struct ExpectAttachUserConfirm(pub(super) Channels);

impl State for ExpectAttachUserConfirm {
    fn stage(&self) -> Stage {
        Stage::ChannelConnection
    }

    fn awaiting(&self) -> Awaited {
        Awaited::AttachUserConfirm
    }

    fn wants<'a>(&'a self, _: &'a Context) -> Wants<'a> {
        Wants::Pdu(Framing::Tpkt)
    }

    /// Sends the Erect Domain Request and the Attach User Request: the first one is not answered.
    fn enter(&self, _: &Context, out: &mut Output) {
        erect_domain(&mut out.octets);
        attach_user(&mut out.octets);
    }

    fn on_pdu(self: Box<Self>, pdu: &[u8], _: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        if !AttachUserConfirm::is_one(pdu) {
            return Err(other_tpdu(pdu));
        }
        let confirm = AttachUserConfirm::parse(pdu).map_err(|error| malformed(error, pdu))?;
        if confirm.result != McsResult::SUCCESSFUL {
            return Err(FailureKind::ChannelRefused { result: confirm.result, channel: None });
        }
        let Some(user) = confirm.initiator else {
            return Err(FailureKind::NotExpected { head: Octets::of(pdu) });
        };
        out.facts.push(Observed::Attached { user });
        let Self(Channels { io, skips_joins }) = *self;
        let session = Session::new(user, io);
        if skips_joins {
            return Ok(onward(session));
        }
        // In one batch: what is asked next does not hang on the answer. A channel that is joined already is not confirmed.
        let mut due = VecDeque::from([user]);
        due.extend(Some(io).filter(|io| *io != user));
        for channel in &due {
            // The server's own ids fit.
            _ = channel_join(user, *channel, &mut out.octets);
        }
        Ok(Step::Continue(Box::new(ExpectChannelJoinConfirm { session, due })))
    }
}

/// Waits for a Channel Join Confirm.
#[derive(Debug)]
struct ExpectChannelJoinConfirm {
    /// Who joins.
    session: Session,
    /// The channels that were asked for, and not confirmed.
    due: VecDeque<u16>,
}

impl State for ExpectChannelJoinConfirm {
    fn stage(&self) -> Stage {
        Stage::ChannelConnection
    }

    fn awaiting(&self) -> Awaited {
        Awaited::ChannelJoinConfirm
    }

    fn wants<'a>(&'a self, _: &'a Context) -> Wants<'a> {
        Wants::Pdu(Framing::Tpkt)
    }

    fn on_pdu(mut self: Box<Self>, pdu: &[u8], _: &Context, out: &mut Output) -> Result<Step, FailureKind> {
        if !ChannelJoinConfirm::is_one(pdu) {
            return Err(other_tpdu(pdu));
        }
        let confirm = ChannelJoinConfirm::parse(pdu).map_err(|error| malformed(error, pdu))?;
        let Some(asked) = self.due.pop_front() else { return Err(FailureKind::OutOfTurn) };
        if confirm.initiator != self.session.user {
            return Err(FailureKind::NotExpected { head: Octets::of(pdu) });
        }
        // A refusal may name any channel.
        if confirm.result != McsResult::SUCCESSFUL {
            return Err(FailureKind::ChannelRefused { result: confirm.result, channel: Some(asked) });
        }
        let confirmed = confirm.channel.unwrap_or(confirm.requested);
        if confirmed != asked {
            return Err(FailureKind::OtherChannel { asked, confirmed });
        }
        out.facts.push(Observed::Joined { channel: asked });
        Ok(if self.due.is_empty() { onward(self.session) } else { Step::Continue(self) })
    }
}

fn onward(session: Session) -> Step {
    Step::Continue(Box::new(ExpectClientInfoSent(session)))
}
