//! The second look: where the peer ended without a word in place of the Connection Confirm, it is asked once more, differently, until
//! an answer explains the end. Data in, data out.
use rdp_probe_wire::first_octets::{FirstOctets, Foreign, classify_last};

use crate::attempt::{Attempt, AttemptRecord, Purpose};
use crate::close::Close;
use crate::evidence::Evidence;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::hop::Hop;
use crate::look::Look;
use crate::plan::Plan;
use crate::stage::Stage;
use crate::tls::TlsFaultKind;

impl Plan {
    /// The next further connection, until one explains the end.
    pub(crate) fn look(&self, evidence: &Evidence) -> Option<Attempt> {
        if !self.second_look || self.all_addresses {
            return None;
        }
        let failed = evidence.wordless()?;
        let made = || {
            evidence.attempts.iter().filter_map(|attempt| attempt.purpose.look().map(|look| (look, attempt)))
        };
        let over = made().next_back().is_some_and(|(look, last)| last.explains(look) || last.peer().is_none());
        if over || made().count() >= Look::MOST {
            return None;
        }
        let asked = |look: &Look| made().any(|(other, _)| other == *look);
        let look = Look::ALL.into_iter().find(|look| look.is_worth_it(self) && !asked(look))?;
        let (offer, pause) = (look.offer(failed.offer), Self::ENUMERATION.1);
        Some(Attempt { pause, ..Self::aside(evidence, Purpose::Look(look), offer, failed.peer()) })
    }
}

impl AttemptRecord {
    /// Whether the peer ended the connection, or our limit did, before an octet of the Connection Confirm.
    #[must_use]
    pub fn is_wordless(&self) -> bool {
        self.failure.as_ref().is_some_and(|failure| {
            let FailureKind::Closed { how, partial } = &failure.kind else { return false };
            let ended = matches!(
                how,
                Close::Fin | Close::Reset | Close::Broken { .. } | Close::TimedOut { overall: false, .. }
            );
            let wordless = ended && partial.is_empty();
            wordless && failure.stage == Stage::ConnectionInitiation && failure.hop == Hop::Target
        })
    }

    /// Which other protocol than RDP answered, when one did.
    #[must_use]
    pub fn foreign(&self) -> Option<Foreign> {
        if self.facts().any(|fact| matches!(fact, Observed::Scouted(_))) {
            return Some(Foreign::Tls);
        }
        let kind = &self.failure.as_ref()?.kind;
        if let FailureKind::Foreign { protocol, .. } = kind {
            return Some(*protocol);
        }
        let FailureKind::Tls(fault) = kind else { return None };
        // What answers a ClientHello otherwise than TLS does may be named by its first octets.
        match classify_last(fault.received.as_slice()) {
            _ if matches!(fault.kind, TlsFaultKind::Alert(_)) => Some(Foreign::Tls),
            FirstOctets::Foreign(protocol) if fault.kind == TlsFaultKind::NotTls => Some(protocol),
            FirstOctets::Foreign(_) | FirstOctets::Tpkt | FirstOctets::Undecided => None,
        }
    }

    /// Whether it tells why the path was not answered.
    #[must_use]
    pub fn explains(&self, look: Look) -> bool {
        match look {
            Look::Again => !self.is_wordless() && self.peer().is_some(),
            Look::TlsFirst => self.foreign().is_some(),
            Look::Cookie | Look::Bare | Look::FullOffer | Look::ProxyHeader => {
                self.answer().is_confirm() || self.foreign().is_some()
            }
        }
    }
}

impl Evidence {
    /// The connection that the second look is about: the last of the path that it began from, when it ended without a word.
    #[must_use]
    pub fn wordless(&self) -> Option<&AttemptRecord> {
        self.first_path().last().filter(|attempt| attempt.is_wordless())
    }

    /// The connections of the second look.
    pub fn looks(&self) -> impl Iterator<Item = (Look, &AttemptRecord)> {
        self.attempts.iter().filter_map(|attempt| Some((attempt.purpose.look()?, attempt)))
    }

    /// What explains the end, when something does.
    #[must_use]
    pub fn explanation(&self) -> Option<(Look, &AttemptRecord)> {
        self.looks().find(|(look, attempt)| attempt.explains(*look))
    }
}
