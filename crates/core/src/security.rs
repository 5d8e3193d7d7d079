//! From answers to masks, to what the server offers and what it refuses. Unknown is not no.
use rdp_probe_wire::gcc::EncryptionMethods;
use rdp_probe_wire::nego::{FailureCode, Protocols, ResponseFlags};
use serde::{Deserialize, Serialize};

use crate::attempt::{Answer, AttemptRecord, Purpose};
use crate::evidence::Evidence;
use crate::look::Look;
use crate::target::Address;

/// Whether a server takes a security protocol.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Offered {
    /// It selected it.
    Offered,
    /// It was asked for it and did not take it.
    Refused,
    /// It took it, and refused it: several servers answer.
    Varies,
    /// It was not asked, or the answer does not tell.
    #[default]
    Unknown,
}

impl Offered {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Offered, Self::Refused, Self::Varies, Self::Unknown];

    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Offered => "offered",
            Self::Refused => "refused",
            Self::Varies => "varies",
            Self::Unknown => "unknown",
        }
    }
}

/// Whether Network Level Authentication is required.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Nla {
    /// CredSSP is taken, and nothing weaker is.
    Required,
    /// CredSSP is taken, and something weaker too.
    Supported,
    /// CredSSP is refused.
    NotSupported,
    /// Not told.
    #[default]
    Unknown,
}

impl Nla {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Required, Self::Supported, Self::NotSupported, Self::Unknown];

    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Supported => "supported",
            Self::NotSupported => "not_supported",
            Self::Unknown => "unknown",
        }
    }
}

/// What all answers together say about the server's security protocols.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "one field a protocol, under its name")]
pub struct SecuritySummary {
    pub rdp: Offered,
    pub ssl: Offered,
    pub hybrid: Offered,
    pub hybrid_ex: Offered,
    pub rdstls: Offered,
    pub rdsaad: Offered,
    hybrid_demanded: bool,
    /// The answers contradict each other.
    varies: bool,
}

/// The protocols that have a place in a mask.
const IN_MASKS: [Protocols; 5] =
    [Protocols::SSL, Protocols::HYBRID, Protocols::RDSTLS, Protocols::HYBRID_EX, Protocols::RDSAAD];

impl SecuritySummary {
    /// Draws the summary of the server that decides the verdict.
    #[must_use]
    pub fn of(evidence: &Evidence) -> Self {
        Self::of_peer(evidence, evidence.peer())
    }

    /// Draws the summary from every attempt that was connected to `peer`.
    #[must_use]
    pub fn of_peer(evidence: &Evidence, peer: Option<Address>) -> Self {
        let varies =
            evidence.differences_of(peer).iter().any(|difference| difference.differs.is_of_protocols());
        let mut summary = Self { varies, ..Self::default() };
        let by_cookie = evidence.is_by_cookie();
        let tells = |attempt: &&AttemptRecord| match attempt.purpose {
            // What was asked otherwise than the path is, and not answered, tells nothing of protocols.
            Purpose::Look(_) => attempt.answer().is_confirm(),
            Purpose::Main | Purpose::Direct => !by_cookie,
            Purpose::Fallback
            | Purpose::Address(_)
            | Purpose::HelloAgain
            | Purpose::SmallSegments(_)
            | Purpose::Enumerate(_)
            | Purpose::Scout { .. }
            | Purpose::ScoutCertificate
            | Purpose::Method(_) => true,
        };
        let attempts = evidence.attempts_to(peer).filter(tells);
        let attempts: Vec<_> = attempts.map(|attempt| (attempt, attempt.answer())).collect();
        let confirms = |some: &[(&AttemptRecord, Answer)]| {
            // Who answers the same request, or one behind a header, did not hang up for the protocols in it.
            let otherwise = [Look::Again, Look::ProxyHeader].map(Purpose::Look);
            some.iter().any(|(attempt, answer)| answer.is_confirm() && !otherwise.contains(&attempt.purpose))
        };
        // Who has a way to refuse does not do it by hanging up.
        let says_no = || attempts.iter().any(|(_, answer)| matches!(answer, Answer::Refused(_)));
        for (index, (attempt, answer)) in attempts.iter().enumerate() {
            let later = attempts.get(index..).unwrap_or_default();
            let tells = match answer {
                // A bare FIN is how some servers refuse, and how others hang up on everybody. It counts as a refusal only
                // when the server answered a later request; a disconnect, which is said, when it answered any.
                Answer::Fin => confirms(later) && !says_no(),
                Answer::Disconnected => confirms(&attempts),
                Answer::Selected { .. } | Answer::NoNegotiation | Answer::Refused(_) => true,
                Answer::None => false,
            };
            if tells {
                summary.learn(attempt.offer, *answer);
            }
        }
        // A demand for what had been offered contradicts itself, unless it was then taken: the server disliked the company.
        for (attempt, answer) in attempts {
            if let Answer::Refused(code) = answer
                && let Some(wanted) = demanded(code)
                && summary.protocol(wanted) == Offered::Offered
            {
                let selected = Answer::Selected { protocol: wanted, flags: ResponseFlags::default() };
                summary.learn(attempt.offer | wanted, selected);
                summary.hybrid_demanded |= wanted == Protocols::HYBRID;
            }
        }
        summary
    }

    fn learn(&mut self, offer: Protocols, answer: Answer) {
        let selected = match answer {
            Answer::Selected { protocol, .. } => Some(protocol),
            Answer::NoNegotiation => Some(Protocols::RDP),
            Answer::Refused(_) | Answer::Disconnected | Answer::Fin => None,
            Answer::None => return,
        };
        if offer.is_standard() && selected.is_none() {
            self.note(Protocols::RDP, Offered::Refused);
        }
        if !tells_of_offer(offer, answer) {
            return;
        }
        self.hybrid_demanded |= answer == Answer::Refused(FailureCode::HYBRID_REQUIRED_BY_SERVER);
        for protocol in IN_MASKS {
            // A server takes the strongest it can: those offered and stronger than the selected one are refused.
            if offer.contains(protocol) && selected.is_none_or(|s| strength(s) < strength(protocol)) {
                self.note(protocol, Offered::Refused);
            }
        }
        if let Some(selected) = selected {
            self.note(selected, Offered::Offered);
        }
    }

    /// Once offered is offered: a refusal in another combination does not unsay it.
    fn note(&mut self, protocol: Protocols, offered: Offered) {
        let place = match protocol {
            Protocols::RDP => &mut self.rdp,
            Protocols::SSL => &mut self.ssl,
            Protocols::HYBRID => &mut self.hybrid,
            Protocols::HYBRID_EX => &mut self.hybrid_ex,
            Protocols::RDSTLS => &mut self.rdstls,
            Protocols::RDSAAD => &mut self.rdsaad,
            Protocols(_) => return,
        };
        *place = match (*place, offered) {
            (Offered::Varies, _) => Offered::Varies,
            (Offered::Offered, Offered::Refused) | (Offered::Refused, Offered::Offered) if self.varies => {
                Offered::Varies
            }
            (Offered::Offered, _) => Offered::Offered,
            (Offered::Refused | Offered::Unknown, offered) => offered,
        };
    }

    /// Whether this protocol is offered, refused or unknown.
    #[must_use]
    pub const fn protocol(&self, protocol: Protocols) -> Offered {
        match protocol {
            Protocols::RDP => self.rdp,
            Protocols::SSL => self.ssl,
            Protocols::HYBRID => self.hybrid,
            Protocols::HYBRID_EX => self.hybrid_ex,
            Protocols::RDSTLS => self.rdstls,
            Protocols::RDSAAD => self.rdsaad,
            Protocols(_) => Offered::Unknown,
        }
    }

    /// Whether Network Level Authentication is required, supported, or not.
    #[must_use]
    pub fn nla(&self) -> Nla {
        let credssp = [self.hybrid, self.hybrid_ex];
        let weaker = [self.ssl, self.rdp];
        if self.varies {
            return Nla::Unknown;
        }
        if weaker.contains(&Offered::Offered) {
            if credssp.contains(&Offered::Offered) {
                Nla::Supported
            } else if credssp.iter().all(|o| *o == Offered::Refused) {
                Nla::NotSupported
            } else {
                Nla::Unknown
            }
        } else if self.hybrid_demanded {
            // Demanded and refused is a contradiction, not an answer.
            if credssp.contains(&Offered::Refused) && !credssp.contains(&Offered::Offered) {
                Nla::Unknown
            } else {
                Nla::Required
            }
        } else if credssp.contains(&Offered::Offered) {
            if weaker.iter().all(|o| *o == Offered::Refused) { Nla::Required } else { Nla::Unknown }
        } else if credssp.iter().all(|o| *o == Offered::Refused) {
            Nla::NotSupported
        } else {
            Nla::Unknown
        }
    }
}

/// What a failure code wants instead.
const fn demanded(code: FailureCode) -> Option<Protocols> {
    match code {
        FailureCode::SSL_REQUIRED_BY_SERVER => Some(Protocols::SSL),
        FailureCode::HYBRID_REQUIRED_BY_SERVER => Some(Protocols::HYBRID),
        _ => None,
    }
}

/// Whether the answer tells what becomes of the protocols that were offered. A contradictory one does not, and neither does
/// a refusal for another reason: no certificate, a client certificate or an Entra sign-in wanted, a code nobody knows.
fn tells_of_offer(offer: Protocols, answer: Answer) -> bool {
    match answer {
        Answer::Selected { protocol, .. } => {
            protocol.is_standard() || (protocol.name().is_some() && offer.contains(protocol))
        }
        Answer::Refused(code) => match code {
            FailureCode::SSL_NOT_ALLOWED_BY_SERVER => true,
            code => demanded(code).is_some_and(|wanted| !offer.contains(wanted)),
        },
        Answer::NoNegotiation | Answer::Disconnected | Answer::Fin => true,
        Answer::None => false,
    }
}

/// The order in which servers choose: HYBRID_EX, HYBRID, TLS, Standard RDP Security. RDSTLS and RDSAAD are asked for alone,
/// and stand above Standard RDP Security.
const fn strength(protocol: Protocols) -> u8 {
    match protocol {
        Protocols::RDP => 0,
        Protocols::SSL => 1,
        Protocols::HYBRID => 2,
        Protocols::HYBRID_EX => 3,
        Protocols::RDSTLS | Protocols::RDSAAD | Protocols(_) => 1,
    }
}

/// Which methods of Standard RDP Security the server takes, from the answers to each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MethodSummary {
    each: [Offered; EncryptionMethods::EACH.len()],
    /// It goes without encryption, whatever is offered.
    none: bool,
    /// It does not go on after the offer of all methods: there is nothing to be learnt from each of them.
    broken: bool,
}

impl MethodSummary {
    /// Draws the summary of the server that decides the verdict.
    #[must_use]
    pub fn of(evidence: &Evidence) -> Self {
        Self::of_peer(evidence, evidence.peer())
    }

    /// Draws the summary from every attempt that was connected to `peer`.
    #[must_use]
    pub fn of_peer(evidence: &Evidence, peer: Option<Address>) -> Self {
        let mut summary = Self::default();
        // Under TLS a server has none of its own.
        for attempt in evidence.attempts_to(peer).filter(|attempt| attempt.answer().is_standard()) {
            let asked = if let Purpose::Method(method) = attempt.purpose { Some(method) } else { None };
            match attempt.encryption() {
                Some((EncryptionMethods::NONE, _)) => summary.none = true,
                Some((method, _)) => {
                    summary.note(method, Offered::Offered);
                    // Asked for one, the server took another: it does not take the one.
                    summary.note(asked.unwrap_or(method), Offered::Refused);
                }
                None => match asked {
                    Some(asked) if attempt.failure.is_some() && !attempt.says_nothing() => {
                        summary.note(asked, Offered::Refused);
                    }
                    Some(_) => {}
                    None => summary.broken |= attempt.failure.is_some(),
                },
            }
        }
        summary
    }

    /// Once offered is offered.
    fn note(&mut self, method: EncryptionMethods, offered: Offered) {
        let places = EncryptionMethods::EACH.iter().zip(&mut self.each);
        for (_, place) in places.filter(|(each, place)| **each == method && **place != Offered::Offered) {
            *place = offered;
        }
    }

    /// Whether this method is offered, refused or unknown.
    #[must_use]
    pub fn method(&self, method: EncryptionMethods) -> Offered {
        let mut each = EncryptionMethods::EACH.iter().zip(self.each);
        each.find_map(|(each, offered)| (*each == method).then_some(offered)).unwrap_or_default()
    }

    /// Whether the server goes without encryption, whatever is offered.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.none
    }

    /// The methods that are not known yet, and worth asking for.
    pub fn unknown(self) -> impl Iterator<Item = EncryptionMethods> {
        let over = self.none || self.broken;
        EncryptionMethods::EACH
            .into_iter()
            .filter(move |method| !over && self.method(*method) == Offered::Unknown)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learnt(answers: &[(u32, Answer)]) -> SecuritySummary {
        let mut summary = SecuritySummary::default();
        for (mask, answer) in answers {
            summary.learn(Protocols(*mask), *answer);
        }
        summary
    }

    const fn selected(protocol: Protocols) -> Answer {
        Answer::Selected { protocol, flags: ResponseFlags(1) }
    }

    #[test]
    fn hybrid_alone_does_not_tell_whether_it_is_required() {
        let summary = learnt(&[(0x0B, selected(Protocols::HYBRID))]);
        assert_eq!(
            (summary.hybrid, summary.hybrid_ex, summary.ssl),
            (Offered::Offered, Offered::Refused, Offered::Unknown)
        );
        assert_eq!(summary.nla(), Nla::Unknown);
    }

    #[test]
    fn tls_beside_hybrid_makes_it_supported_and_failure_5_makes_it_required() {
        let hybrid = (0x0B, selected(Protocols::HYBRID_EX));
        assert_eq!(learnt(&[hybrid, (1, selected(Protocols::SSL))]).nla(), Nla::Supported);
        let refused = Answer::Refused(FailureCode::HYBRID_REQUIRED_BY_SERVER);
        assert_eq!(learnt(&[hybrid, (1, refused)]).nla(), Nla::Required);
    }

    #[test]
    fn standard_security_to_a_tls_offer_refuses_all_that_was_offered() {
        let summary = learnt(&[(0x0B, selected(Protocols::RDP))]);
        assert_eq!(
            (summary.rdp, summary.ssl, summary.hybrid),
            (Offered::Offered, Offered::Refused, Offered::Refused)
        );
        assert_eq!((summary.rdstls, summary.nla()), (Offered::Unknown, Nla::NotSupported));
    }

    #[test]
    fn a_missing_certificate_tells_nothing_about_what_would_be_taken_with_one() {
        let refused = Answer::Refused(FailureCode::SSL_CERT_NOT_ON_SERVER);
        let summary = learnt(&[(0x0B, refused), (0, refused)]);
        assert_eq!(
            (summary.rdp, summary.ssl, summary.nla()),
            (Offered::Refused, Offered::Unknown, Nla::Unknown)
        );
    }

    #[test]
    fn an_answer_that_tells_nothing_changes_nothing() {
        assert_eq!(learnt(&[(0x0B, Answer::None)]), SecuritySummary::default());
    }
}
