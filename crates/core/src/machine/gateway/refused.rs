//! A stage that is entered to fail: an answer belongs to another stage than the one that waited for it.
use super::in_common::at_gateway;
use crate::awaited::Awaited;
use crate::framing::Framing;
use crate::hop::Hop;
use crate::machine::state::{Context, State};
use crate::stage::Stage;
use crate::wants::Wants;

/// What HTTP answered belongs to this stage, and fails it.
#[derive(Debug)]
pub(super) struct Refused(pub(super) Stage);

impl State for Refused {
    at_gateway!(|self, _context| self.0, HttpAnswer, Wants::Pdu(Framing::Http));
}
