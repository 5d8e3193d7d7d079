//! Which connection comes next. Data in, data out.
use std::time::Duration;

use rdp_probe_wire::nego::{FailureCode, Protocols};

use crate::attempt::{Answer, Attempt, Purpose};
use crate::evidence::Evidence;
use crate::failure::FailureKind;
use crate::plan::{Plan, Security};
use crate::security::{MethodSummary, Offered, SecuritySummary};
use crate::stage::Stage;
use crate::target::Address;

impl Plan {
    /// At most so many connections for an enumeration, and so long between them: servers count connections.
    pub const ENUMERATION: (usize, Duration) = (8, Duration::from_millis(100));

    /// The next connection, or `None` when the run is over. Depends on nothing but what was found so far.
    #[must_use]
    pub fn next(&self, evidence: &Evidence) -> Option<Attempt> {
        if evidence.is_over() {
            return None;
        }
        if evidence.attempts.is_empty() {
            let addresses = self.target.address().into_iter().collect();
            return Some(self.attempt(Purpose::Main, self.security.mask(), addresses));
        }
        let further = self.fallback(evidence).or_else(|| self.further_address(evidence));
        further.or_else(|| self.scout(evidence)).or_else(|| self.enumeration(evidence))
    }

    fn attempt(&self, purpose: Purpose, offer: Protocols, addresses: Vec<Address>) -> Attempt {
        let pause = if purpose.enumerates() { Self::ENUMERATION.1 } else { Duration::ZERO };
        Attempt { purpose, offer, addresses, pause }
    }

    /// Failure codes 1, 2 and 5 name what the server wants instead: one connection more, with that.
    fn fallback(&self, evidence: &Evidence) -> Option<Attempt> {
        let last = evidence.attempts.last()?;
        if self.security != Security::Auto || !matches!(last.purpose, Purpose::Main | Purpose::Address(_)) {
            return None;
        }
        let FailureKind::NegotiationRefused(code) = last.failure.as_ref()?.kind else { return None };
        let offer = match code {
            FailureCode::SSL_REQUIRED_BY_SERVER => Protocols::SSL,
            FailureCode::SSL_NOT_ALLOWED_BY_SERVER => Protocols::RDP,
            FailureCode::HYBRID_REQUIRED_BY_SERVER => Protocols::SSL | Protocols::HYBRID,
            _ => return None,
        };
        Some(self.attempt(Purpose::Fallback, offer, last.peer().into_iter().collect()))
    }

    /// After a TLS failure: one hello that offers everything, and a smaller one when that drew a reset or a FIN.
    fn scout(&self, evidence: &Evidence) -> Option<Attempt> {
        let failed = evidence.path().last()?;
        if !matches!(failed.failure.as_ref()?.kind, FailureKind::Tls(_)) {
            return None;
        }
        let scouts =
            || evidence.attempts.iter().filter(|attempt| matches!(attempt.purpose, Purpose::Scout { .. }));
        let reduced = match scouts().next_back() {
            None => false,
            Some(first) if scouts().count() == 1 && first.was_cut_off() => true,
            Some(_) => return None,
        };
        Some(self.attempt(Purpose::Scout { reduced }, failed.offer, failed.peer().into_iter().collect()))
    }

    /// With all addresses asked for: the first one that no path has been through.
    fn further_address(&self, evidence: &Evidence) -> Option<Attempt> {
        if !self.all_addresses || self.until.rank() < Stage::TcpConnect.rank() {
            return None;
        }
        let tried = |address: &Address| {
            evidence.attempts.iter().any(|attempt| match attempt.purpose {
                Purpose::Address(other) => other == *address,
                Purpose::Main => attempt
                    .peer()
                    .map_or_else(|| evidence.addresses().first() == Some(address), |p| p == *address),
                Purpose::Fallback | Purpose::Enumerate(_) | Purpose::Scout { .. } | Purpose::Method(_) => false,
            })
        };
        let address =
            evidence.addresses().into_iter().take(self.most_addresses()).find(|address| !tried(address))?;
        Some(self.attempt(Purpose::Address(address), self.security.mask(), vec![address]))
    }

    /// Masks whose answer is not known yet, one connection at a time, until one is answered by a reset or by silence.
    fn enumeration(&self, evidence: &Evidence) -> Option<Attempt> {
        let main = evidence.main_path();
        let last_of_main = main.last()?;
        if !self.enumerate || self.until.rank() < Stage::ConnectionInitiation.rank() {
            return None;
        }
        // Only a server that answered as an RDP server is asked again.
        if !last_of_main.answer().is_confirm() {
            return None;
        }
        let peer = last_of_main.peer();
        // Who has failed the policy is somebody else, or may be.
        if evidence.has_failed_policy(peer) {
            return None;
        }
        let asked = |mask: Protocols| evidence.attempts_to(peer).any(|attempt| attempt.offer == mask);
        let made = evidence.attempts.iter().filter(|a| a.purpose.enumerates()).collect::<Vec<_>>();
        if made.len() >= Self::ENUMERATION.0 || made.last().is_some_and(|a| a.says_nothing()) {
            return None;
        }
        let known = SecuritySummary::of_peer(evidence, peer);
        // Without a certificate every kind of TLS is answered alike, so one answer is enough.
        let missing = Answer::Refused(FailureCode::SSL_CERT_NOT_ON_SERVER);
        let no_certificate = evidence.attempts_to(peer).any(|attempt| attempt.answer() == missing);
        let mut masks = vec![Protocols::RDP];
        if !no_certificate {
            let ex = known.hybrid_ex == Offered::Offered;
            masks = vec![Protocols::SSL, Protocols::RDP];
            masks.extend(ex.then_some(Protocols::HYBRID));
            masks.extend([Protocols::RDSTLS, Protocols::RDSAAD]);
        }
        let unknown = |mask: &Protocols| known.protocol(*mask) == Offered::Unknown && !asked(*mask);
        let addresses: Vec<Address> = peer.into_iter().collect();
        if let Some(mask) = masks.into_iter().find(unknown) {
            return Some(self.attempt(Purpose::Enumerate(mask), mask, addresses));
        }
        // Where Standard RDP Security is taken, which of its methods.
        let depth = self.until.rank() >= Stage::BasicSettingsExchange.rank();
        if known.rdp != Offered::Offered || !depth {
            return None;
        }
        let method = MethodSummary::of_peer(evidence, peer).next_unknown()?;
        Some(self.attempt(Purpose::Method(method), Protocols::RDP, addresses))
    }
}
