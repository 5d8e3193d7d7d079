//! Which connection comes next. Data in, data out.
use std::time::Duration;

use rdp_probe_wire::nego::{FailureCode, Protocols};

use crate::attempt::{Attempt, Purpose};
use crate::evidence::Evidence;
use crate::failure::FailureKind;
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
        if evidence.attempts.is_empty() {
            let addresses = self.leg(self.first_hop()).address().into_iter().collect();
            return Some(Self::attempt(Purpose::Main, self.security.mask(), addresses));
        }
        let path = self.fallback(evidence).or_else(|| self.further_address(evidence));
        let next = path.or_else(|| {
            // Each tunnel is one more logon at a gateway, and for many a call to a telephone: nothing is asked through one beside the path.
            let more = match &self.gateway {
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
        Some(Attempt { cookie, ..next })
    }

    pub(crate) fn attempt(purpose: Purpose, offer: Protocols, addresses: Vec<Address>) -> Attempt {
        Attempt { purpose, offer, addresses, pause: Duration::ZERO, patience: None, cookie: false }
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
        let begins = matches!(last.purpose, Purpose::Main | Purpose::Address(_) | Purpose::Look(Look::Cookie));
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
        if evidence.plan.gateway.is_some() && failure.stage != Stage::GatewayTls {
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
        if !self.all_addresses || self.gateway.is_some() || self.until.rank() < Stage::TcpConnect.rank() {
            return None;
        }
        let tried = |address: &Address| {
            evidence.attempts.iter().any(|attempt| match attempt.purpose {
                Purpose::Address(other) => other == *address,
                Purpose::Main => attempt
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
