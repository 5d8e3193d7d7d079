//! What became of each account: at most one rejected logon an account, whatever has it, however many probes there are.
//!
//! A wrong password that is tried at a hundred hosts locks the account at the third of them. So until an account was accepted once, one
//! logon of it is under way at a time; and from a rejection on there is none.
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rdp_probe_core::{Evidence, Observed};
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex as Turns, OwnedMutexGuard};

use crate::credentials::Credentials;
use crate::tls::entropy;

/// What is known of the accounts of one run. A copy is the same ledger.
#[derive(Clone, Debug)]
pub(crate) struct Ledger {
    /// Keys the digests: they tell nothing outside of this process.
    key: [u8; 32],
    entries: Arc<Mutex<HashMap<Whose, Entry>>>,
}

/// An account: the user without case, and a keyed digest of the secret. The domain's form is no matter: `LAB\alice`, `alice@lab.test`
/// and `alice` may all be one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
struct Whose(String, [u8; 32]);

/// What is known of one.
pub(crate) type Entry = Arc<Turns<Standing>>;

/// How an account stands. Whoever holds it has the turn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Standing {
    #[default]
    Unknown,
    Accepted,
    Rejected,
}

/// What a probe may do with its account.
pub(crate) enum Turn {
    /// Log on; others wait until this is settled.
    First(OwnedMutexGuard<Standing>),
    /// Log on: somebody was accepted.
    Free(Entry),
    /// Nothing any more: it was rejected.
    Stopped,
}

impl Default for Ledger {
    fn default() -> Self {
        Self { key: entropy().draw("accounts"), entries: Arc::default() }
    }
}

impl Ledger {
    /// Waits for a turn.
    pub(crate) async fn turn(&self, credentials: &Credentials) -> Turn {
        let Credentials { account, password } = credentials;
        let secret = Sha256::new().chain_update(self.key).chain_update(password.expose()).finalize();
        let whose = Whose(account.user.to_lowercase(), secret.into());
        let entry = {
            let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(entries.entry(whose).or_default())
        };
        let standing = Arc::clone(&entry).lock_owned().await;
        match *standing {
            Standing::Unknown => Turn::First(standing),
            Standing::Accepted => Turn::Free(entry),
            Standing::Rejected => Turn::Stopped,
        }
    }
}

impl Turn {
    /// Notes what came of it: after a logon went out, every end but acceptance is the one rejection.
    pub(crate) async fn settle(self, evidence: &Evidence) {
        let observed =
            |wanted: fn(&Observed) -> bool| evidence.attempts.iter().any(|attempt| attempt.facts().any(wanted));
        if !observed(|fact| matches!(fact, Observed::LogonSent(_))) {
            return;
        }
        let accepted = observed(|fact| matches!(fact, Observed::LogonAccepted));
        match self {
            Self::First(mut standing) if accepted => *standing = Standing::Accepted,
            Self::First(mut standing) => *standing = Standing::Rejected,
            // Changed, locked or switched off since.
            Self::Free(entry) if !accepted => *entry.lock().await = Standing::Rejected,
            Self::Free(_) | Self::Stopped => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use rdp_probe_core::{AuthMethod, Event, Host, Link, Plan, Run, Wants};
    use tokio::time::timeout;

    use super::*;

    fn credentials(user: &str, password: &str) -> Credentials {
        Credentials::new(user, None, password.to_owned()).unwrap()
    }

    /// Evidence of a run in which this was observed.
    fn evidence(observed: &[Observed]) -> Evidence {
        let mut run = Run::new(Plan::new(Host::parse("192.0.2.7").unwrap(), 3389));
        run.begin(Duration::ZERO);
        let Some(Wants::Dial { address, .. }) = run.wants() else { panic!("no address") };
        run.on(Event::Dialed(Ok(Link { peer: address, local: None })), Duration::ZERO);
        let mut evidence = run.evidence().clone();
        let mut fact = evidence.attempts[0].stages[1].facts[0].clone();
        let record = evidence.attempts[0].stages.last_mut().unwrap();
        for one in observed {
            fact.observed = one.clone();
            record.facts.push(fact.clone());
        }
        evidence
    }

    const SENT: Observed = Observed::LogonSent(AuthMethod::Ntlm);

    /// What a turn is, when one is to be had.
    async fn now(ledger: &Ledger, credentials: &Credentials) -> Option<Turn> {
        timeout(Duration::ZERO, ledger.turn(credentials)).await.ok()
    }

    #[tokio::test]
    async fn one_logs_on_at_a_time_until_one_was_accepted() {
        let (ledger, alice) = (Ledger::default(), credentials("LAB\\alice", "right"));
        let first = ledger.turn(&alice).await;
        assert!(matches!(first, Turn::First(_)));
        for same in [credentials("alice@lab.test", "right"), credentials("ALICE", "right")] {
            assert!(now(&ledger, &same).await.is_none(), "the same account waits");
        }
        for other in [credentials("alice", "another"), credentials("bob", "right")] {
            assert!(matches!(now(&ledger, &other).await, Some(Turn::First(_))), "another account does not");
        }
        first.settle(&evidence(&[SENT, Observed::LogonAccepted])).await;
        let (one, two) = (ledger.turn(&alice).await, ledger.turn(&alice).await);
        assert!(matches!((&one, &two), (Turn::Free(_), Turn::Free(_))));
        one.settle(&evidence(&[SENT])).await;
        assert!(matches!(ledger.turn(&alice).await, Turn::Stopped), "a rejection stops it also then");
        two.settle(&evidence(&[SENT, Observed::LogonAccepted])).await;
        assert!(matches!(ledger.turn(&alice).await, Turn::Stopped));
    }

    #[tokio::test]
    async fn a_rejection_stops_the_account_and_what_sent_nothing_does_not() {
        let (ledger, alice) = (Ledger::default(), credentials("alice", "wrong"));
        ledger.turn(&alice).await.settle(&evidence(&[])).await;
        let Some(first) = now(&ledger, &alice).await else { panic!("nothing was sent") };
        first.settle(&evidence(&[SENT])).await;
        for same in [credentials("Alice", "wrong"), credentials("LAB\\alice", "wrong")] {
            assert!(matches!(now(&ledger, &same).await, Some(Turn::Stopped)));
        }
        assert!(matches!(now(&ledger, &credentials("alice", "right")).await, Some(Turn::First(_))));
        drop(ledger.turn(&credentials("alice", "right")).await);
        assert!(
            now(&ledger, &credentials("alice", "right")).await.is_some(),
            "who gives up gives the turn back"
        );
    }

    #[test]
    fn nothing_in_it_is_the_secret() {
        let ledger = Ledger::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        drop(runtime.block_on(ledger.turn(&credentials("alice", "hunter2"))));
        let printed = format!("{ledger:?}");
        let digest: [u8; 32] = Sha256::digest("hunter2").into();
        assert!(!printed.contains("hunter2") && !printed.contains(&format!("{digest:?}")));
        assert_ne!(ledger.key, Ledger::default().key, "keyed anew each time");
    }
}
