//! A stage that is entered to fail: an answer belongs to another stage than the one that waited for it.
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
    fn stage(&self) -> Stage {
        self.0
    }

    fn hop(&self) -> Hop {
        Hop::Gateway
    }

    fn awaiting(&self) -> Awaited {
        Awaited::HttpAnswer
    }

    fn wants<'a>(&'a self, _: &'a Context) -> Wants<'a> {
        Wants::Pdu(Framing::Http)
    }
}
