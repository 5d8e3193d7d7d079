//! Answers that cannot all come from one server: several stand behind the address, or somebody in between answers for it.
use rdp_probe_wire::nego::{FailureCode, Protocols};

use crate::attempt::{Answer, AttemptRecord, Purpose};
use crate::evidence::Evidence;
use crate::fact::Observed;
use crate::failure::FailureKind;
use crate::look::Look;
use crate::target::Address;

/// In what two connections to one address differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Differs {
    /// The same request was answered differently.
    Answer,
    /// A protocol was selected or demanded on one that a failure code of the other rules out.
    Protocol,
    /// The flags of the answer that selects the same protocol.
    Flags,
    /// The SRC-REF of the Connection Confirm.
    SourceReference,
    /// The certificate.
    Certificate,
    /// What the server calls itself.
    ServerName,
    /// One alone: a protocol was selected that was not asked for.
    NotAsked,
}

/// One difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a difference is this")]
pub struct Difference {
    /// In what.
    pub differs: Differs,
    /// The two connections, counted from 1 in the order in which they were made.
    pub connections: (usize, usize),
}

impl Differs {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Answer,
        Self::Protocol,
        Self::Flags,
        Self::SourceReference,
        Self::Certificate,
        Self::ServerName,
        Self::NotAsked,
    ];

    /// Whether it contradicts what is said of security protocols.
    #[must_use]
    pub const fn is_of_protocols(self) -> bool {
        match self {
            Self::Answer | Self::Protocol | Self::NotAsked => true,
            Self::Flags | Self::SourceReference | Self::Certificate | Self::ServerName => false,
        }
    }

    fn holds(self, one: &AttemptRecord, other: &AttemptRecord) -> bool {
        match self {
            Self::Answer => answers_differ(one, other),
            Self::Protocol => contradicts(one, other) || contradicts(other, one),
            Self::Flags => match (one.answer(), other.answer()) {
                (
                    Answer::Selected { protocol: a, flags: flags_a },
                    Answer::Selected { protocol: b, flags: flags_b },
                ) => a == b && flags_a != flags_b,
                _ => false,
            },
            Self::SourceReference => differ(one, other, |fact| {
                if let Observed::SourceReference(reference) = fact { Some(reference.to_string()) } else { None }
            }),
            Self::Certificate => differ(one, other, |fact| {
                let certificate = if let Observed::Tls(facts) = fact {
                    facts.certificate.as_ref()
                } else if let Observed::Scouted(facts) = fact {
                    facts.certificate.as_ref()
                } else {
                    None
                };
                certificate.map(|certificate| certificate.sha256.to_string())
            }),
            Self::ServerName => differ(one, other, |fact| {
                let Observed::Challenge(facts) = fact else { return None };
                facts.dns_computer.clone().or_else(|| facts.netbios_computer.clone())
            }),
            Self::NotAsked => false,
        }
    }
}

/// Both have it, and not the same.
fn differ(one: &AttemptRecord, other: &AttemptRecord, value: fn(&Observed) -> Option<String>) -> bool {
    let of = |attempt: &AttemptRecord| attempt.facts().find_map(value);
    matches!((of(one), of(other)), (Some(a), Some(b)) if a != b)
}

/// What a Connection Request is but for its protocols; `None` where none was sent.
fn form(purpose: Purpose) -> Option<u8> {
    match purpose {
        Purpose::Look(Look::TlsFirst) => None,
        Purpose::Look(Look::Cookie) => Some(1),
        Purpose::Look(Look::Bare) => Some(2),
        Purpose::Look(Look::ProxyHeader) => Some(3),
        Purpose::Look(Look::Again | Look::FullOffer)
        | Purpose::Main
        | Purpose::Direct
        | Purpose::Fallback
        | Purpose::Address(_)
        | Purpose::HelloAgain
        | Purpose::SmallSegments(_)
        | Purpose::Enumerate(_)
        | Purpose::Scout { .. }
        | Purpose::ScoutCertificate
        | Purpose::Method(_) => Some(0),
    }
}

/// The same request, and other answers: two that say something else, or one that says something, and an end without a word. How a
/// peer ends without a word is a matter of chance.
fn answers_differ(one: &AttemptRecord, other: &AttemptRecord) -> bool {
    let same =
        one.offer == other.offer && form(one.purpose).is_some() && form(one.purpose) == form(other.purpose);
    let (a, b) = (one.answer(), other.answer());
    let words = match (a.is_confirm(), b.is_confirm()) {
        (true, true) => said(a) != said(b),
        (true, false) => other.is_wordless(),
        (false, true) => one.is_wordless(),
        (false, false) => false,
    };
    same && words
}

/// What an answer says, whatever its flags.
const fn said(answer: Answer) -> (u8, u32) {
    match answer {
        Answer::Selected { protocol, .. } => (0, protocol.0),
        Answer::NoNegotiation => (1, 0),
        Answer::Refused(code) => (2, code.0),
        Answer::Disconnected => (3, 0),
        Answer::Fin => (4, 0),
        Answer::None => (5, 0),
    }
}

/// The refusal of one rules out what the other selected, or demands. A code that answers an offer of something else rules out nothing.
fn contradicts(refused: &AttemptRecord, selected: &AttemptRecord) -> bool {
    let Answer::Refused(code) = refused.answer() else { return false };
    let (offer, selection) = (refused.offer, selected.answer());
    // TLS is not allowed, and is demanded.
    if let Answer::Refused(other) = selection {
        let demands = [FailureCode::SSL_REQUIRED_BY_SERVER, FailureCode::HYBRID_REQUIRED_BY_SERVER];
        return code == FailureCode::SSL_NOT_ALLOWED_BY_SERVER && demands.contains(&other);
    }
    // Who takes what is weaker than was offered does not demand the stronger.
    let declined = |stronger| selected.offer.contains(stronger);
    let standard = selection.is_standard() && (offer.is_standard() || declined(Protocols::SSL));
    let plain_tls = matches!(selection, Answer::Selected { protocol: Protocols::SSL, .. });
    let same = |only: &[Protocols]| matches!(selection, Answer::Selected { protocol, .. } if only.contains(&protocol) && offer.contains(protocol));
    match code {
        FailureCode::SSL_REQUIRED_BY_SERVER => standard,
        FailureCode::HYBRID_REQUIRED_BY_SERVER => {
            standard || (plain_tls && (offer.contains(Protocols::SSL) || declined(Protocols::HYBRID)))
        }
        FailureCode::SSL_NOT_ALLOWED_BY_SERVER | FailureCode::SSL_CERT_NOT_ON_SERVER => {
            same(&[Protocols::SSL, Protocols::HYBRID, Protocols::HYBRID_EX])
        }
        _ => false,
    }
}

impl Evidence {
    /// In what the answers of the server that decides the verdict differ: of each kind the first.
    #[must_use]
    pub fn differences(&self) -> Vec<Difference> {
        self.differences_of(self.peer())
    }

    /// The same, of the server at `peer`.
    #[must_use]
    pub fn differences_of(&self, peer: Option<Address>) -> Vec<Difference> {
        // One connection differs from nothing, which is what most runs come to.
        if self.attempts.len() < 2 && !self.attempts.iter().any(selects_what_was_not_asked) {
            return Vec::new();
        }
        let attempts: Vec<(usize, &AttemptRecord)> = self
            .attempts
            .iter()
            .enumerate()
            .map(|(index, attempt)| (index.saturating_add(1), attempt))
            .filter(|(_, attempt)| peer.is_some() && attempt.peer() == peer)
            .collect();
        let pairs = || {
            attempts
                .iter()
                .enumerate()
                .flat_map(|(at, one)| attempts.iter().skip(at.saturating_add(1)).map(move |other| (one, other)))
        };
        let mut found: Vec<Difference> = Differs::ALL
            .into_iter()
            .filter_map(|differs| {
                let (one, other) = pairs().find(|(one, other)| differs.holds(one.1, other.1))?;
                Some(Difference { differs, connections: (one.0, other.0) })
            })
            .collect();
        found.extend(
            attempts
                .iter()
                .find(|(_, attempt)| selects_what_was_not_asked(attempt))
                .map(|(number, _)| Difference { differs: Differs::NotAsked, connections: (*number, *number) }),
        );
        found
    }
}

fn selects_what_was_not_asked(attempt: &AttemptRecord) -> bool {
    let kind = attempt.failure.as_ref().map(|failure| &failure.kind);
    matches!(kind, Some(FailureKind::UnrequestedProtocol { .. }))
}
