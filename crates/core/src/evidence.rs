//! Everything one run observed. Serialisable: an old report can be diagnosed again.
use std::sync::Arc;
use std::time::Duration;

use rdp_probe_wire::nego::ResponseFlags;
use serde::{Deserialize, Serialize};

use crate::attempt::{Answer, AttemptRecord, NotTried, Outcome, Purpose, StageRecord};
use crate::close::Cut;
use crate::fact::Observed;
use crate::failure::Failure;
use crate::gateway::Gateway;
use crate::hop::Hop;
use crate::look::Look;
use crate::ntlm::NtlmFacts;
use crate::plan::Plan;
use crate::stage::Stage;
use crate::target::Address;
use crate::tls::{ScoutFacts, SignatureCheck, TlsFacts};

/// The evidence of one run: the plan, and a record of each connection attempt. Stored in reports: a field that is added to
/// anything in here needs `#[serde(default)]`, and one that is there keeps its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Evidence {
    /// What was to be done.
    pub plan: Arc<Plan>,
    /// The attempts in the order they were made. The first is the main path's, or a direct one that was tried before it.
    pub attempts: Vec<AttemptRecord>,
}

impl Evidence {
    /// Evidence of a run that has not begun.
    #[must_use]
    pub fn new(plan: impl Into<Arc<Plan>>) -> Self {
        Self { plan: plan.into(), attempts: Vec::new() }
    }

    /// The attempts that the verdict rests on: the main path with its fallback, or, when all addresses were asked for, the
    /// path of the worst address.
    #[must_use]
    pub fn path(&self) -> &[AttemptRecord] {
        // Most runs are one connection, and are asked about it often.
        if let only @ [AttemptRecord { purpose: Purpose::Main, .. }] = self.attempts.as_slice() {
            return only;
        }
        let mut worst: &[AttemptRecord] = &[];
        let mut rank = u8::MAX;
        for path in self.paths() {
            let reached = path.last().and_then(|a| a.failure.as_ref()).map_or(u8::MAX, |f| f.stage.rank());
            // Of equals the first decides: it is the one that a client would have taken.
            if worst.is_empty() || reached < rank {
                (worst, rank) = (path, reached);
            }
        }
        worst
    }

    /// The main path and the path of each further address: an attempt, with its fallback when there was one.
    pub fn paths(&self) -> impl Iterator<Item = &[AttemptRecord]> {
        let mut rest = self.attempts.as_slice();
        std::iter::from_fn(move || {
            loop {
                let (first, after) = rest.split_first()?;
                let begins = match first.purpose {
                    Purpose::Main => !self.is_by_cookie(),
                    Purpose::Direct => !self.is_by_cookie() && !self.gave_direct_up(),
                    Purpose::Address(_) => true,
                    Purpose::Look(Look::Cookie) => first.answer().is_confirm(),
                    Purpose::Look(_)
                    | Purpose::Fallback
                    | Purpose::HelloAgain
                    | Purpose::SmallSegments(_)
                    | Purpose::Enumerate(_)
                    | Purpose::Scout { .. }
                    | Purpose::ScoutCertificate
                    | Purpose::Method(_) => false,
                };
                if !begins {
                    rest = after;
                    continue;
                }
                let fallback = after.first().is_some_and(|next| matches!(next.purpose, Purpose::Fallback));
                let (path, after) = rest.split_at_checked(if fallback { 2 } else { 1 })?;
                rest = after;
                return Some(path);
            }
        })
    }

    /// Whether the path goes on with a cookie that nobody asked for: a second look opened it.
    #[must_use]
    pub fn is_by_cookie(&self) -> bool {
        let opens = |attempt: &AttemptRecord| {
            matches!(attempt.purpose, Purpose::Look(Look::Cookie)) && attempt.answer().is_confirm()
        };
        self.plan.second_look && self.attempts.iter().any(opens)
    }

    /// The gateway that the run goes through; none where it has none, and where the direct way is tried first and is there, or is not yet
    /// known not to be.
    #[must_use]
    pub fn gateway(&self) -> Option<&Gateway> {
        let gateway = self.plan.gateway.as_deref()?;
        (!self.plan.tries_directly() || self.gave_direct_up()).then_some(gateway)
    }

    /// Whom this computer connects to: the gateway, where the run goes through one.
    #[must_use]
    pub fn first_hop(&self) -> Hop {
        if self.gateway().is_some() { Hop::Gateway } else { Hop::Target }
    }

    /// The gateway that was not needed, since the target took a direct connection.
    #[must_use]
    pub fn gateway_not_needed(&self) -> Option<&Gateway> {
        let direct = self.attempts.first().filter(|first| first.purpose == Purpose::Direct)?;
        self.plan.gateway.as_deref().filter(|_| direct.peer().is_some())
    }

    /// Whether the direct way was tried and left for the gateway.
    #[must_use]
    pub fn gave_direct_up(&self) -> bool {
        self.plan.tries_directly() && self.attempts.iter().take(2).any(|other| other.purpose == Purpose::Main)
    }

    /// The attempts from the beginning of the way that is gone.
    fn on_the_way(&self) -> &[AttemptRecord] {
        match self.attempts.split_first() {
            Some((first, rest)) if first.purpose == Purpose::Direct && self.gave_direct_up() => rest,
            Some(_) | None => &self.attempts,
        }
    }

    /// The path that the run began with: also where a second look opened another one. A direct way that is not there is none.
    #[must_use]
    pub fn first_path(&self) -> &[AttemptRecord] {
        let path = self.on_the_way();
        let fallback = path.get(1).is_some_and(|next| next.purpose == Purpose::Fallback);
        path.get(..if fallback { 2 } else { 1 }).unwrap_or_default()
    }

    /// The attempts that are none of the main path.
    pub fn beside_main_path(&self) -> impl Iterator<Item = &AttemptRecord> {
        let path = self.main_path();
        self.attempts.iter().filter(|attempt| !path.iter().any(|own| std::ptr::eq(own, *attempt)))
    }

    /// The main path: the first attempt, and its fallback when there was one.
    #[must_use]
    pub fn main_path(&self) -> &[AttemptRecord] {
        if let only @ [AttemptRecord { purpose: Purpose::Main, .. }] = self.attempts.as_slice() {
            return only;
        }
        self.paths().next().unwrap_or_default()
    }

    /// How long the main path took.
    #[must_use]
    pub fn duration(&self) -> Duration {
        let path = self.main_path();
        let began = path.iter().flat_map(|attempt| &attempt.stages).find_map(|record| record.started);
        let ended = path.iter().filter_map(AttemptRecord::ended).max();
        ended.unwrap_or_default().saturating_sub(began.unwrap_or_default())
    }

    /// The failure that decides the verdict.
    #[must_use]
    pub fn failure(&self) -> Option<&Failure> {
        self.path().last().and_then(|attempt| attempt.failure.as_deref())
    }

    /// The depth that was asked for, when the server does not go as deep: nothing failed, and it was not reached.
    #[must_use]
    pub fn fell_short_of(&self) -> Option<Stage> {
        let last = self.path().last().filter(|attempt| attempt.failure.is_none())?;
        let rank = self.plan.until.rank();
        let reached = |record: &StageRecord| record.outcome == Outcome::Passed && record.stage.rank() >= rank;
        let left_out = |record: &StageRecord| {
            let why = [
                NotTried::NotSelected,
                NotTried::CredentialsNeeded,
                NotTried::NotDelegated,
                NotTried::EncryptionNotSpoken,
                NotTried::LicenseNotTaken,
                NotTried::NoRestrictedAdmin,
            ];
            why.map(Outcome::NotTried).contains(&record.outcome) && record.stage.rank() <= rank
        };
        let short = last.stages.iter().any(left_out) && !last.stages.iter().any(reached);
        (self.plan.until_asked && short).then_some(self.plan.until)
    }

    /// Whether a policy asks for a certificate, nothing failed, and it was not tested all the same: the asked depth lies before it.
    #[must_use]
    pub fn policy_is_untested(&self) -> bool {
        let proven = || self.tls().is_some_and(|tls| tls.signature == SignatureCheck::Verified);
        self.plan.target.has_policy() && self.failure().is_none() && !proven()
    }

    /// Whether the policy about the certificate did not hold on a connection to `peer`.
    #[must_use]
    pub fn has_failed_policy(&self, peer: Option<Address>) -> bool {
        let of_policy = |failure: &Failure| failure.kind.is_of_policy(&self.plan.target);
        self.attempts_to(peer).any(|attempt| attempt.failure.as_deref().is_some_and(of_policy))
    }

    /// Whether the depth that was asked for lies behind a logon.
    #[must_use]
    pub fn needs_credentials(&self) -> bool {
        self.fell_short_for(NotTried::CredentialsNeeded)
    }

    /// Whether Restricted Admin was asked for, and the server does not offer it.
    #[must_use]
    pub fn lacks_restricted_admin(&self) -> bool {
        let left_out = Outcome::NotTried(NotTried::NoRestrictedAdmin);
        let last = self.path().last().filter(|attempt| attempt.failure.is_none());
        last.is_some_and(|last| last.stages.iter().any(|record| record.outcome == left_out))
    }

    /// Whether the depth that was asked for lies behind encryption by Standard RDP Security.
    #[must_use]
    pub fn needs_encryption(&self) -> bool {
        self.fell_short_for(NotTried::EncryptionNotSpoken)
    }

    /// Whether the depth that was asked for lies behind a licence that the server issues.
    #[must_use]
    pub fn needs_license(&self) -> bool {
        self.fell_short_for(NotTried::LicenseNotTaken)
    }

    fn fell_short_for(&self, why: NotTried) -> bool {
        let behind = |record: &StageRecord| record.outcome == Outcome::NotTried(why);
        self.fell_short_of().is_some() && self.path().last().is_some_and(|last| last.stages.iter().any(behind))
    }

    /// The TLS handshake of the deciding path, and the record that it stands in.
    #[must_use]
    pub fn tls(&self) -> Option<&TlsFacts> {
        self.facts().find_map(|fact| if let Observed::Tls(facts) = fact { Some(&**facts) } else { None })
    }

    /// What the TLS scout read.
    #[must_use]
    pub fn scouted(&self) -> Option<&ScoutFacts> {
        let facts = self.scouts().flat_map(AttemptRecord::facts);
        facts
            .into_iter()
            .find_map(|fact| if let Observed::Scouted(facts) = fact { Some(&**facts) } else { None })
    }

    /// The connection on which our own hello was sent once more.
    #[must_use]
    pub fn hello_again(&self) -> Option<&AttemptRecord> {
        self.attempts.iter().find(|attempt| attempt.purpose == Purpose::HelloAgain)
    }

    /// The connection on which no segment was large.
    #[must_use]
    pub fn small_segments(&self) -> Option<&AttemptRecord> {
        self.attempts.iter().find(|attempt| matches!(attempt.purpose, Purpose::SmallSegments(_)))
    }

    /// Whether what stalled passes where no segment is large: the path loses large ones.
    #[must_use]
    pub fn is_path_mtu(&self) -> bool {
        let passed = |attempt: &AttemptRecord| attempt.failure.is_none();
        self.path().last().is_some_and(|attempt| attempt.stalled().is_some())
            && self.small_segments().is_some_and(passed)
    }

    /// The TLS scout's connections.
    pub fn scouts(&self) -> impl Iterator<Item = &AttemptRecord> {
        self.attempts.iter().filter(|attempt| match attempt.purpose {
            Purpose::Scout { .. } | Purpose::ScoutCertificate => true,
            Purpose::Look(look) => look == Look::TlsFirst && !self.is_by_cookie(),
            Purpose::Main
            | Purpose::Direct
            | Purpose::Fallback
            | Purpose::Address(_)
            | Purpose::HelloAgain
            | Purpose::SmallSegments(_)
            | Purpose::Enumerate(_)
            | Purpose::Method(_) => false,
        })
    }

    /// The target's NTLM CHALLENGE, when it came, and how far its clock is ahead of this computer's, in milliseconds.
    #[must_use]
    pub fn challenge(&self) -> Option<(&NtlmFacts, Option<i64>)> {
        self.challenge_of(Hop::Target)
    }

    /// The same of the one that answers there.
    #[must_use]
    pub fn challenge_of(&self, hop: Hop) -> Option<(&NtlmFacts, Option<i64>)> {
        let last = self.path().last()?;
        let facts = last.stages_for(hop).rev().flat_map(|record| record.facts.iter().rev());
        facts.into_iter().find_map(|fact| {
            let Observed::Challenge(facts) = &fact.observed else { return None };
            Some((&**facts, self.skew(facts, fact.at)))
        })
    }

    /// The clock was read half a round trip before its answer came; the TCP handshake took one.
    fn skew(&self, facts: &NtlmFacts, at: Duration) -> Option<i64> {
        let server = facts.unix_ms()?;
        let mut stages = self.path().last()?.stages_for(self.first_hop());
        let connect = stages.rfind(|record| record.stage == Stage::TcpConnect)?;
        let half = connect.duration?.checked_div(2)?;
        let read = i64::try_from(at.saturating_sub(half).as_millis()).ok()?;
        let here = self.plan.began_unix_ms.checked_add(read)?;
        (self.plan.began_unix_ms > 0).then(|| server.checked_sub(here)).flatten()
    }

    /// What was observed of the target on the deciding path.
    pub fn facts(&self) -> impl Iterator<Item = &Observed> {
        self.path().iter().flat_map(AttemptRecord::facts)
    }

    /// How long a packet takes there and back, as far as connecting to `peer` tells; `None` when it was not connected to.
    #[must_use]
    pub fn round_trip(&self, peer: Option<Address>) -> Option<Duration> {
        let first = self.first_hop();
        let mut stages = self.attempts_to(peer).flat_map(|attempt| attempt.stages_for(first));
        stages.find(|record| record.stage == Stage::TcpConnect)?.duration
    }

    /// The addresses of the name, or the one that was given.
    #[must_use]
    pub fn addresses(&self) -> Vec<Address> {
        let resolved = self.resolved().map(<[Address]>::to_vec);
        resolved.unwrap_or_else(|| self.plan.target.address().into_iter().collect())
    }

    /// The address, where there is only one.
    #[must_use]
    pub fn only_address(&self) -> Option<Address> {
        match self.resolved() {
            Some([only]) => Some(*only),
            Some(_) => None,
            None => self.plan.target.address(),
        }
    }

    /// How many addresses the name has.
    #[must_use]
    pub fn address_count(&self) -> usize {
        self.resolved().map_or_else(|| usize::from(self.plan.target.address().is_some()), <[Address]>::len)
    }

    /// What the name was resolved to.
    fn resolved(&self) -> Option<&[Address]> {
        // What the name stands for here means nothing to a gateway.
        self.on_the_way().iter().flat_map(AttemptRecord::facts).find_map(|fact| {
            if let Observed::Addresses(addresses) = fact { Some(addresses.as_slice()) } else { None }
        })
    }

    /// Whom the deciding path was connected to.
    #[must_use]
    pub fn peer(&self) -> Option<Address> {
        self.path().last().and_then(AttemptRecord::peer)
    }

    /// What the deciding path's last attempt was answered, when it was RDP.
    #[must_use]
    pub fn answer(&self) -> Option<Answer> {
        self.path().last().map(AttemptRecord::answer)
    }
}

impl Evidence {
    /// Whether the caller or the run's own limit ended it: then no further connection is made.
    #[must_use]
    pub fn is_over(&self) -> bool {
        let last = self.attempts.last().and_then(|attempt| attempt.failure.as_deref());
        last.and_then(Failure::cut).is_some_and(Cut::ends_the_run)
    }

    /// The attempts that were connected to `peer`: several addresses of a name may be several servers.
    pub fn attempts_to(&self, peer: Option<Address>) -> impl Iterator<Item = &AttemptRecord> {
        // Behind a gateway there is one target, at an address that nobody here knows.
        let through = self.gateway().is_some();
        self.attempts.iter().filter(move |attempt| {
            through && (peer.is_none() || attempt.first_peer() == peer)
                || peer.is_some() && attempt.peer() == peer
        })
    }

    /// The flags of the first RDP_NEG_RSP of the server that decides.
    #[must_use]
    pub fn response_flags(&self) -> Option<ResponseFlags> {
        self.attempts_to(self.peer()).find_map(|attempt| match attempt.answer() {
            Answer::Selected { flags, .. } => Some(flags),
            Answer::NoNegotiation | Answer::Refused(_) | Answer::Disconnected | Answer::Fin | Answer::None => {
                None
            }
        })
    }
}
