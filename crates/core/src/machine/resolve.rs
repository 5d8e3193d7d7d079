//! Stage `resolve`: from a name to addresses.
use super::{Blamed, Context, Output, State, Step};
use crate::close::{DialFault, DialFaultKind};
use crate::event::Event;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::hop::Hop;
use crate::machine::tcp::ExpectConnection;
use crate::stage::Stage;
use crate::target::Host;
use crate::wants::Wants;

/// Waits for the resolver's answer.
#[derive(Debug)]
pub struct ExpectAddresses {
    context: Context,
    name: String,
}

impl ExpectAddresses {
    pub(super) fn new(context: Context) -> Self {
        let name = match &context.plan().host {
            Host::Name(name) => name.clone(),
            Host::Ip(ip) => ip.to_string(),
        };
        Self { context, name }
    }

    pub(super) fn wants(&self) -> Wants<'_> {
        Wants::Resolve { name: &self.name, port: self.context.plan().port }
    }

    pub(super) fn on(self, event: Event<'_>, out: &mut Output) -> Result<Step, Blamed> {
        let Event::Resolved(answer) = event else { return Err(Blamed::out_of_turn()) };
        let blame = |kind| Blamed { hop: Hop::Resolver, kind };
        let all = answer.map_err(|fault| Blamed { hop: hop_of(fault), kind: FailureKind::Resolve(fault) })?;
        if all.is_empty() {
            return Err(blame(FailureKind::Resolve(DialFault::new(DialFaultKind::NotFound))));
        }
        let mut addresses = Vec::with_capacity(all.len());
        for address in all {
            if self.context.plan().family.takes(&address) && !addresses.contains(&address) {
                addresses.push(address);
            }
        }
        if addresses.is_empty() {
            return Err(blame(FailureKind::NoAddressOfFamily));
        }
        out.facts.push(Observed::Addresses(addresses.clone()));
        Ok(self.context.passed(Stage::Resolve, |context| {
            State::ExpectConnection(ExpectConnection::new(context, addresses))
        }))
    }
}

const fn hop_of(fault: DialFault) -> Hop {
    match fault.kind {
        DialFaultKind::Cancelled | DialFaultKind::LocalResources => Hop::Client,
        DialFaultKind::NotFound
        | DialFaultKind::ResolverFailed
        | DialFaultKind::Refused
        | DialFaultKind::Reset
        | DialFaultKind::HostUnreachable
        | DialFaultKind::NetworkUnreachable
        | DialFaultKind::NotPermitted
        | DialFaultKind::TimedOut { .. }
        | DialFaultKind::Other => Hop::Resolver,
    }
}
