//! The enumeration: which security protocols and encryption methods the server takes. Data in, data out.
use std::time::Duration;

use rdp_probe_wire::nego::{FailureCode, Protocols};

use crate::attempt::{Answer, Attempt, AttemptRecord, Purpose};
use crate::evidence::Evidence;
use crate::plan::Plan;
use crate::security::{MethodSummary, Offered, SecuritySummary};
use crate::stage::Stage;

impl Plan {
    /// At most so many connections for an enumeration, and so long between them.
    pub const ENUMERATION: (usize, Duration) = (8, Duration::from_millis(25));

    /// Masks whose answer is not known yet, one connection at a time, until the server breaks it off.
    pub(crate) fn enumeration(&self, evidence: &Evidence) -> Option<Attempt> {
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
        let made = evidence.attempts.iter().filter(|attempt| attempt.purpose.enumerates()).count();
        if made >= Self::ENUMERATION.0 || evidence.is_enumeration_over() {
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
        let ask = |purpose, mask| {
            Some(Attempt { pause: Self::ENUMERATION.1, ..Self::aside(evidence, purpose, mask, peer) })
        };
        if let Some(mask) = masks.into_iter().find(unknown) {
            return ask(Purpose::Enumerate(mask), mask);
        }
        // Where Standard RDP Security is taken, which of its methods.
        let depth = self.until.rank() >= Stage::BasicSettingsExchange.rank();
        if known.rdp != Offered::Offered || !depth {
            return None;
        }
        let asked = |method| evidence.attempts.iter().any(|attempt| attempt.purpose == Purpose::Method(method));
        let method = MethodSummary::of_peer(evidence, peer).unknown().find(|method| !asked(*method))?;
        ask(Purpose::Method(method), Protocols::RDP)
    }
}

impl Evidence {
    /// Whether the server broke the enumeration off: by a reset, by taking no connection any more, or by saying nothing for the second
    /// time. That is how limits of connections answer. Who has refused in words says nothing by a FIN.
    #[must_use]
    pub fn is_enumeration_over(&self) -> bool {
        let made = || self.attempts.iter().filter(|attempt| attempt.purpose.enumerates());
        let broken = |attempt: &AttemptRecord| attempt.says_nothing() && !attempt.is_silent();
        let says_no = || self.attempts.iter().any(|attempt| matches!(attempt.answer(), Answer::Refused(_)));
        let mute =
            |attempt: &&AttemptRecord| attempt.is_silent() || (attempt.answer() == Answer::Fin && says_no());
        made().next_back().is_some_and(broken) || made().filter(mute).count() > 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::awaited::Awaited;
    use crate::close::{Close, DialFault, DialFaultKind};
    use crate::failure::{Failure, FailureKind};
    use crate::hop::Hop;
    use crate::octets::Octets;
    use crate::target::{Address, Host};

    /// A run whose enumeration was answered so.
    fn enumerated(ends: &[FailureKind]) -> Evidence {
        let mut evidence = Evidence::new(Plan::new(Host::parse("192.0.2.7").unwrap(), 3389));
        evidence.attempts.extend(ends.iter().map(|kind| AttemptRecord {
            purpose: Purpose::Enumerate(Protocols::SSL),
            offer: Protocols::SSL,
            stages: Vec::new(),
            failure: Some(Box::new(Failure::new(
                Hop::Target,
                Stage::ConnectionInitiation,
                Awaited::ConnectionConfirm,
                kind.clone(),
            ))),
        }));
        evidence
    }

    #[test]
    fn a_reset_a_refused_connection_or_the_second_silence_is_the_end_of_it() {
        let closed = |how| FailureKind::Closed { how, partial: Octets::of(&[]) };
        let silence = closed(Close::TimedOut { limit: Duration::from_secs(1), overall: false });
        let address = Address::from(([192, 0, 2, 7], 3389));
        let fault = DialFault::new(DialFaultKind::Refused);
        let not_taken = FailureKind::Connect { address, fault };
        let is_over = |ends: &[FailureKind]| enumerated(ends).is_enumeration_over();
        assert!(!is_over(&[]));
        assert!(is_over(&[closed(Close::Reset)]));
        assert!(is_over(&[not_taken]));
        assert!(!is_over(&[closed(Close::Fin)]), "that is how some servers refuse");
        assert!(!is_over(&[silence.clone(), closed(Close::Fin)]));
        assert!(is_over(&[silence.clone(), closed(Close::Fin), silence]));
    }
}
