//! Stage `tcp_connect`: from addresses to a connection.
use std::collections::VecDeque;
use std::time::Duration;

use rdp_probe_wire::tls::HelloForm;

use super::gateway;
use super::initiation::ExpectConnectionConfirm;
use super::scout::ExpectServerFlight;
use super::state::{Context, Output, State, Step};
use crate::attempt::{Purpose, SMALL_SEGMENT};
use crate::awaited::Awaited;
use crate::close::{DialFault, DialFaultKind};
use crate::event::Link;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::hop::Hop;
use crate::look::Look;
use crate::stage::Stage;
use crate::target::Address;
use crate::wants::Wants;

/// Waits for a TCP connection. Addresses are tried one after the other, in the resolver's order.
#[derive(Debug)]
pub(super) struct ExpectConnection {
    address: Address,
    rest: VecDeque<Address>,
    share: Duration,
    hop: Hop,
    /// The most telling fault so far.
    worst: Option<(Address, DialFault)>,
}

/// The least share of an address: a SYN that was lost is sent again after one second.
const LEAST_SHARE: Duration = Duration::from_millis(1200);

impl ExpectConnection {
    /// Callers have at least one address; without one it would dial the unspecified one, which fails.
    pub(super) fn new(addresses: Vec<Address>, context: &Context) -> Self {
        let limit = context.asked().purpose.limit_of(Stage::TcpConnect, &context.plan().limits);
        // With all addresses asked for, each has a path of its own, and the first one's must not go on to the second.
        let mut rest = VecDeque::from(addresses);
        let address = rest.pop_front().unwrap_or_else(|| Address::from(([0, 0, 0, 0], context.leg().port)));
        if context.plan().all_addresses {
            rest.clear();
        }
        let count = u32::try_from(rest.len()).unwrap_or(u32::MAX).saturating_add(1);
        let share = limit.checked_div(count).unwrap_or(limit).max(LEAST_SHARE.min(limit));
        Self { address, rest, share, hop: context.hop(), worst: None }
    }
}

impl State for ExpectConnection {
    fn hop(&self) -> Hop {
        self.hop
    }

    fn stage(&self) -> Stage {
        Stage::TcpConnect
    }

    fn awaiting(&self) -> Awaited {
        Awaited::Connection
    }

    fn wants<'a>(&'a self, context: &'a Context) -> Wants<'a> {
        let small = matches!(context.asked().purpose, Purpose::SmallSegments(_));
        Wants::Dial { address: self.address, share: self.share, segment: small.then_some(SMALL_SEGMENT) }
    }

    fn on_dialed(
        self: Box<Self>,
        answer: Result<Link, DialFault>,
        context: &Context,
        out: &mut Output,
    ) -> Result<Step, FailureKind> {
        let link = match answer {
            Ok(link) => link,
            Err(fault) => return self.on_fault(fault, out),
        };
        out.facts.push(Observed::Connected { peer: link.peer, local: link.local });
        let tls_first = context.asked().purpose == Purpose::Look(Look::TlsFirst);
        Ok(Step::Continue(if tls_first {
            Box::new(ExpectServerFlight::new(HelloForm::Full))
        } else if self.hop == Hop::Gateway {
            gateway::first(context, link.peer)
        } else {
            Box::new(ExpectConnectionConfirm)
        }))
    }
}

impl ExpectConnection {
    /// Goes on to the next address, as long as there is one and time for it.
    fn on_fault(mut self: Box<Self>, fault: DialFault, out: &mut Output) -> Result<Step, FailureKind> {
        let address = self.address;
        // The run is over: that is what failed, whatever was seen before.
        if matches!(fault.kind, DialFaultKind::Cancelled | DialFaultKind::TimedOut { overall: true, .. }) {
            return Err(FailureKind::Connect { address, fault });
        }
        // An address that ran into the stage's limit did not have its share, and says less than those that had.
        let cut = matches!(fault.kind, DialFaultKind::TimedOut { limit, .. } if limit > self.share);
        if !(cut && self.worst.is_some()) {
            out.facts.push(Observed::AddressFailed { address, fault });
            if self.worst.is_none_or(|(_, worst)| telling(fault) > telling(worst)) {
                self.worst = Some((address, fault));
            }
        }
        match self.rest.pop_front() {
            Some(next) if !cut => {
                self.address = next;
                Ok(Step::Continue(self))
            }
            Some(_) | None => {
                let (address, fault) = self.worst.unwrap_or((address, fault));
                Err(FailureKind::Connect { address, fault })
            }
        }
    }
}

/// How much a fault says about the target: an answer of its own most, a fault of this computer least.
const fn telling(fault: DialFault) -> u8 {
    match fault.kind {
        DialFaultKind::Refused | DialFaultKind::Reset => 5,
        DialFaultKind::TimedOut { .. } => 4,
        DialFaultKind::HostUnreachable => 3,
        DialFaultKind::Other | DialFaultKind::NotFound | DialFaultKind::ResolverFailed => 2,
        DialFaultKind::NetworkUnreachable | DialFaultKind::NotPermitted => 1,
        DialFaultKind::LocalResources | DialFaultKind::Cancelled => 0,
    }
}
