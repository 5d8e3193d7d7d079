//! Which connection comes next. Data in, data out.
use std::time::Duration;

use rdp_probe_wire::nego::{FailureCode, Protocols};

use crate::attempt::{Attempt, Purpose};
use crate::evidence::Evidence;
use crate::failure::FailureKind;
use crate::hop::Hop;
use crate::look::Look;
use crate::plan::{Plan, Security};
use crate::stage::Stage;
use crate::target::Address;

/// How long an answer may take that comes at all, unless four round trips are longer.
const PATIENCE: Duration = Duration::from_millis(1500);

impl Plan {
    /// At most so many connections to an address in a run, whatever they are for: servers count connections.
    pub const MOST_CONNECTIONS: usize = 12;

    /// The next connection, or `None` when the run is over. Depends on nothing but what was found so far.
    #[must_use]
    pub fn next(&self, evidence: &Evidence) -> Option<Attempt> {
        if evidence.is_over() {
            return None;
        }
        let begin = |purpose, first_hop| {
            let addresses = self.leg(first_hop).address().into_iter().collect();
            Some(Attempt { first_hop, ..Self::attempt(purpose, self.security.mask(), addresses) })
        };
        match (&self.gateway, evidence.attempts.as_slice()) {
            (None, []) => return begin(Purpose::Main, Hop::Target),
            (Some(_), []) if self.tries_directly() => return begin(Purpose::Direct, Hop::Target),
            (Some(_), []) => return begin(Purpose::Main, Hop::Gateway),
            (Some(_), [direct]) if direct.has_no_direct_way() => return begin(Purpose::Main, Hop::Gateway),
            (Some(_) | None, _) => {}
        }
        let path = self.fallback(evidence).or_else(|| self.further_address(evidence));
        let next = path.or_else(|| {
            // Each tunnel is one more logon at a gateway, and for many a call to a telephone: nothing is asked through one beside the path.
            let more = match evidence.gateway() {
                Some(_) => Self::scout(evidence)?,
                None => {
                    let more = self.look(evidence).or_else(|| self.small_segments(evidence));
                    let more = more.or_else(|| Self::scout(evidence));
                    more.or_else(|| self.enumeration(evidence))?
                }
            };
            let made = evidence.attempts_to(more.addresses.first().copied()).count();
            (made < Self::MOST_CONNECTIONS).then_some(more)
        })?;
        let cookie = next.purpose == Purpose::Look(Look::Cookie) || evidence.is_by_cookie();
        Some(Attempt { cookie, first_hop: evidence.first_hop(), ..next })
    }

    pub(crate) fn attempt(purpose: Purpose, offer: Protocols, addresses: Vec<Address>) -> Attempt {
        let first_hop = Hop::Target;
        Attempt { purpose, offer, first_hop, addresses, pause: Duration::ZERO, patience: None, cookie: false }
    }

    /// The same, for what is asked beside the path: it waits no longer than an answer takes that comes at all.
    pub(crate) fn aside(
        evidence: &Evidence,
        purpose: Purpose,
        offer: Protocols,
        peer: Option<Address>,
    ) -> Attempt {
        let trips = evidence.round_trip(peer).unwrap_or_default().saturating_mul(4);
        let patience = Some(PATIENCE.max(trips));
        Attempt { patience, ..Self::attempt(purpose, offer, peer.into_iter().collect()) }
    }

    /// Failure codes 1, 2 and 5 name what the server wants instead: one connection more, with that.
    fn fallback(&self, evidence: &Evidence) -> Option<Attempt> {
        let last = evidence.attempts.last()?;
        let begins = last.purpose.is_path() && last.purpose != Purpose::Fallback;
        if self.security != Security::Auto || !begins {
            return None;
        }
        let FailureKind::NegotiationRefused(code) = last.failure.as_ref()?.kind else { return None };
        let offer = match code {
            FailureCode::SSL_REQUIRED_BY_SERVER => Protocols::SSL,
            FailureCode::SSL_NOT_ALLOWED_BY_SERVER => Protocols::RDP,
            FailureCode::HYBRID_REQUIRED_BY_SERVER => Protocols::SSL | Protocols::HYBRID,
            _ => return None,
        };
        Some(Self::attempt(Purpose::Fallback, offer, last.first_peer().into_iter().collect()))
    }

    /// Where a stage behind the Connection Confirm stalls: the same with small segments, which no path loses.
    fn small_segments(&self, evidence: &Evidence) -> Option<Attempt> {
        let failed = evidence.path().last().filter(|_| self.second_look && !self.all_addresses)?;
        if evidence.small_segments().is_some() {
            return None;
        }
        let stage = failed.stalled()?;
        Some(Self::aside(evidence, Purpose::SmallSegments(stage), failed.offer, failed.peer()))
    }

    /// After a TLS failure: where our hello was refused, the same once more; when that is refused too, one that offers everything, and a
    /// smaller one when that drew a reset or a FIN. What is chosen in TLS 1.3 leaves open whether it is the certificate's key that this
    /// build cannot check: TLS 1.2 shows it.
    fn scout(evidence: &Evidence) -> Option<Attempt> {
        let failed = evidence.path().last()?;
        // A target behind a gateway has been reached by a tunnel, and there is none for this.
        let failure = failed.failure.as_ref()?;
        if evidence.gateway().is_some() && failure.stage != Stage::GatewayTls {
            return None;
        }
        let fault = failed.tls_fault()?;
        match evidence.hello_again() {
            None if fault.is_refusal() => {
                return Some(Self::aside(evidence, Purpose::HelloAgain, failed.offer, failed.first_peer()));
            }
            _ if evidence.is_path_mtu() => return None,
            Some(again) if again.has_shaken_hands() => return None,
            Some(_) | None => {}
        }
        let scouts =
            || evidence.attempts.iter().filter(|attempt| matches!(attempt.purpose, Purpose::Scout { .. }));
        let reduced = match scouts().next_back() {
            None => false,
            Some(first) if scouts().count() == 1 && first.was_cut_off() => true,
            Some(_) => {
                let asked = evidence.attempts.iter().any(|other| other.purpose == Purpose::ScoutCertificate);
                let unexplained = fault.is_refusal() && !fault.is_disconnect();
                let hidden = !asked && unexplained && evidence.hides_its_key();
                let aside =
                    || Self::aside(evidence, Purpose::ScoutCertificate, failed.offer, failed.first_peer());
                return hidden.then(aside);
            }
        };
        Some(Self::attempt(Purpose::Scout { reduced }, failed.offer, failed.first_peer().into_iter().collect()))
    }

    /// With all addresses asked for: the first one that no path has been through.
    fn further_address(&self, evidence: &Evidence) -> Option<Attempt> {
        if !self.all_addresses || evidence.gateway().is_some() || self.until.rank() < Stage::TcpConnect.rank() {
            return None;
        }
        let tried = |address: &Address| {
            evidence.attempts.iter().any(|attempt| match attempt.purpose {
                Purpose::Address(other) => other == *address,
                Purpose::Main | Purpose::Direct => attempt
                    .peer()
                    .map_or_else(|| evidence.addresses().first() == Some(address), |p| p == *address),
                Purpose::Fallback
                | Purpose::Look(_)
                | Purpose::HelloAgain
                | Purpose::SmallSegments(_)
                | Purpose::Enumerate(_)
                | Purpose::Scout { .. }
                | Purpose::ScoutCertificate
                | Purpose::Method(_) => false,
            })
        };
        let address =
            evidence.addresses().into_iter().take(self.most_addresses()).find(|address| !tried(address))?;
        Some(Self::attempt(Purpose::Address(address), self.security.mask(), vec![address]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attempt::Outcome;
    use crate::close::{DialFault, DialFaultKind};
    use crate::event::{Event, Link};
    use crate::gateway::Gateway;
    use crate::run::Run;
    use crate::target::Host;
    use crate::wants::Wants;

    const MS: Duration = Duration::from_millis(1);

    /// A run to a target of this name or address, which goes through a gateway where there is no direct way.
    fn detects(target: &str, change: impl FnOnce(&mut Plan)) -> Run {
        let mut plan = Plan::new(Host::parse(target).unwrap(), 3389);
        let mut gateway = Gateway::new(Host::parse("192.0.2.9").unwrap(), Gateway::PORT);
        gateway.detect = true;
        plan.gateway = Some(Box::new(gateway));
        change(&mut plan);
        Run::new(plan)
    }

    fn begun(run: &mut Run, at: Duration) -> Option<(Purpose, Hop)> {
        run.begin(at).map(|attempt| (attempt.purpose, attempt.first_hop))
    }

    #[test]
    fn direct_way_is_tried_first_and_is_the_main_path_where_it_is_there() {
        let mut run = detects("192.0.2.7", |plan| plan.until = Stage::TcpConnect);
        assert_eq!(begun(&mut run, Duration::ZERO), Some((Purpose::Direct, Hop::Target)));
        let peer = Address::from(([192, 0, 2, 7], 3389));
        run.on(Event::Dialed(Ok(Link { peer, local: None })), MS);
        assert_eq!(begun(&mut run, MS), None);
        let evidence = run.evidence();
        assert_eq!((evidence.peer(), evidence.failure()), (Some(peer), None));
        assert_eq!((evidence.gateway(), evidence.first_hop()), (None, Hop::Target));
        assert!(evidence.gateway_not_needed().is_some() && evidence.shown_gateway().is_none());
        assert!(evidence.path().iter().flat_map(|attempt| &attempt.stages).all(|s| s.hop == Hop::Target));
        assert_eq!(evidence.beside_main_path().count(), 0);
    }

    #[test]
    fn direct_connection_that_is_not_made_leads_through_the_gateway() {
        let refused = DialFault::new(DialFaultKind::Refused);
        let silent = DialFaultKind::TimedOut { limit: Gateway::DETECTS_FOR, overall: false };
        for (target, event, stage) in [
            ("192.0.2.7", Event::Dialed(Err(refused)), Stage::TcpConnect),
            ("192.0.2.7", Event::Dialed(Err(DialFault::new(silent))), Stage::TcpConnect),
            ("srv1", Event::Resolved(Err(DialFault::new(DialFaultKind::NotFound))), Stage::Resolve),
        ] {
            let mut run = detects(target, |_| {});
            begun(&mut run, Duration::ZERO);
            run.on(event, MS);
            assert_eq!(begun(&mut run, MS), Some((Purpose::Main, Hop::Gateway)));
            let wanted = Address::from(([192, 0, 2, 9], Gateway::PORT));
            assert!(matches!(run.wants(), Some(Wants::Dial { address, .. }) if address == wanted));
            run.on(Event::Dialed(Err(refused)), 3 * MS);
            assert_eq!(begun(&mut run, 3 * MS), None, "no way is tried twice");
            let evidence = run.evidence();
            // The verdict is that of the gateway's path, whose times begin where the direct one ended.
            assert_eq!(evidence.failure().map(|failure| failure.hop), Some(Hop::Gateway));
            let [path] = evidence.main_path() else { panic!("{evidence:?}") };
            assert_eq!((path.purpose, evidence.first_path()), (Purpose::Main, evidence.main_path()));
            assert!(evidence.gateway().is_some() && evidence.gateway_not_needed().is_none());
            let began: Vec<_> = path.stages.iter().filter_map(|record| record.started).collect();
            assert_eq!(began, [MS]);
            let beside: Vec<_> = evidence.beside_main_path().collect();
            let [direct] = &*beside else { panic!("{evidence:?}") };
            assert_eq!(direct.failure.as_ref().map(|failure| failure.stage), Some(stage));
            assert_eq!(direct.purpose.name(), "direct");
            let failed = |record: &&crate::attempt::StageRecord| record.outcome == Outcome::Failed;
            assert_eq!(direct.stages.iter().filter(failed).count(), 1);
        }
    }

    #[test]
    fn direct_connection_has_two_seconds_and_what_is_behind_it_its_own_time() {
        let mut run = detects("srv1", |_| {});
        begun(&mut run, Duration::ZERO);
        assert_eq!(run.limit().end, 5000 * MS);
        let all = [7, 8].map(|last| Address::from(([192, 0, 2, last], 3389)));
        run.on(Event::Resolved(Ok(all.to_vec())), 100 * MS);
        assert_eq!(run.limit().end, 2100 * MS);
        assert!(matches!(run.wants(), Some(Wants::Dial { share, .. }) if share == 1200 * MS), "{run:?}");
        run.on(Event::Dialed(Ok(Link { peer: all[0], local: None })), 200 * MS);
        assert_eq!((run.stage(), run.limit().end), (Some(Stage::ConnectionInitiation), 5200 * MS));
        // Who asks for less gets less.
        let mut run = detects("192.0.2.7", |plan| plan.limits.set(Stage::TcpConnect, 300 * MS));
        begun(&mut run, Duration::ZERO);
        assert_eq!(run.limit().end, 300 * MS);
    }

    #[test]
    fn run_that_is_over_goes_through_no_gateway() {
        let overall = DialFaultKind::TimedOut { limit: 20_000 * MS, overall: true };
        for kind in [DialFaultKind::Cancelled, overall] {
            let mut run = detects("192.0.2.7", |_| {});
            begun(&mut run, Duration::ZERO);
            run.on(Event::Dialed(Err(DialFault::new(kind))), MS);
            assert_eq!(begun(&mut run, MS), None);
            assert_eq!(run.evidence().path().len(), 1, "{kind:?}");
            assert!(run.evidence().gateway().is_none());
        }
    }

    #[test]
    fn target_that_takes_the_connection_is_not_asked_again_through_the_gateway() {
        let mut run = detects("192.0.2.7", |_| {});
        begun(&mut run, Duration::ZERO);
        let peer = Address::from(([192, 0, 2, 7], 3389));
        run.on(Event::Dialed(Ok(Link { peer, local: None })), MS);
        // SSL_REQUIRED_BY_SERVER: the second connection goes the same way.
        run.on(Event::Pdu(b"\x03\0\0\x13\x0e\xd0\0\0\x12\x34\0\x03\0\x08\0\x01\0\0\0"), 2 * MS);
        assert_eq!(begun(&mut run, 2 * MS), Some((Purpose::Fallback, Hop::Target)));
        run.on(Event::Dialed(Ok(Link { peer, local: None })), 3 * MS);
        run.on(Event::Closed { how: crate::close::Close::Fin, partial: &[] }, 4 * MS);
        assert_eq!(begun(&mut run, 4 * MS), None);
        assert_eq!(run.evidence().path().len(), 2);
    }

    #[test]
    fn gateway_that_is_all_that_is_asked_about_is_gone_through_at_once() {
        let mut run = detects("192.0.2.7", |plan| plan.until = Stage::GatewayChannel);
        assert_eq!(begun(&mut run, Duration::ZERO), Some((Purpose::Main, Hop::Gateway)));
        // Nor is an address dialled that is none to take.
        let mut run = detects("192.0.2.7", |plan| plan.family = crate::plan::Family::V6);
        assert_eq!(begun(&mut run, Duration::ZERO), Some((Purpose::Main, Hop::Gateway)));
    }
}
