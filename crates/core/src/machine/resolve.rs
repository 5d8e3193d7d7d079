//! Stage `resolve`: from a name to addresses.
use super::state::{Context, Output, State, Step};
use super::tcp::ExpectConnection;
use crate::awaited::Awaited;
use crate::close::{DialFault, DialFaultKind};
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::hop::Hop;
use crate::stage::Stage;
use crate::target::Address;
use crate::wants::Wants;

/// Waits for the resolver's answer.
#[derive(Debug)]
pub(super) struct ExpectAddresses {
    hop: Hop,
}

impl ExpectAddresses {
    pub(super) const fn new(hop: Hop) -> Self {
        Self { hop }
    }
}

impl State for ExpectAddresses {
    fn hop(&self) -> Hop {
        self.hop
    }

    fn stage(&self) -> Stage {
        Stage::Resolve
    }

    fn awaiting(&self) -> Awaited {
        Awaited::Addresses
    }

    fn wants<'a>(&'a self, context: &'a Context) -> Wants<'a> {
        Wants::Resolve { leg: context.leg() }
    }

    fn on_resolved(
        self: Box<Self>,
        answer: Result<Vec<Address>, DialFault>,
        context: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let all = answer.map_err(FailureKind::Resolve)?;
        if all.is_empty() {
            return Err(FailureKind::Resolve(DialFault::new(DialFaultKind::NotFound)));
        }
        let mut addresses = Vec::with_capacity(all.len());
        for address in all {
            if context.plan().family.takes(&address) && !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        if addresses.is_empty() {
            return Err(FailureKind::NoAddressOfFamily);
        }
        out.facts.push(Observed::Addresses(addresses.clone()));
        addresses.truncate(context.plan().most_addresses());
        Ok(Step::Continue(Box::new(ExpectConnection::new(addresses, context))))
    }
}
