//! What became of each account: at most one rejected logon an account, whatever has it, however many probes there are.
//!
//! A wrong password that is tried at a hundred hosts locks the account at the third of them. So until an account was accepted once, one
//! logon of it is under way at a time; and from a rejection on there is none.
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex as Turns, OwnedMutexGuard};

use crate::credentials::Credentials;
use crate::tls::entropy;

/// What is known of the accounts of one run. A copy is the same ledger.
#[derive(Clone)]
pub(crate) struct Ledger(Arc<Entries>);

/// What it holds.
struct Entries {
    /// Keys the digests: they tell nothing outside of this process.
    key: [u8; 32],
    all: Mutex<HashMap<Whose, Arc<Entry>>>,
}

/// An account: the user without case, and a keyed digest of the secret. The domain's form is no matter: `LAB\alice`, `alice@lab.test`
/// and `alice` may all be one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Whose(String, [u8; 32]);

/// One account.
#[derive(Default)]
struct Entry {
    standing: Mutex<Standing>,
    turns: Arc<Turns<()>>,
}

/// How an account stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Standing {
    #[default]
    Unknown,
    Accepted,
    Rejected,
}

/// A probe's turn with its account. When a logon went out and was not accepted by the time this is dropped, it was the one rejection,
/// however the run ended.
pub(crate) struct Turn {
    entry: Arc<Entry>,
    /// Keeps others waiting until this is settled; nobody waits once somebody was accepted.
    _first: Option<OwnedMutexGuard<()>>,
    sent: AtomicBool,
}

impl Default for Ledger {
    fn default() -> Self {
        Self(Arc::new(Entries { key: entropy().draw("accounts"), all: Mutex::default() }))
    }
}

impl fmt::Debug for Ledger {
    /// Key and digest together would be enough to try passwords with.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ledger(..)")
    }
}

impl Ledger {
    fn whose(&self, credentials: &Credentials) -> Whose {
        let Credentials { account, password } = credentials;
        let secret = Sha256::new().chain_update(self.0.key).chain_update(password.expose()).finalize();
        Whose(account.user.to_lowercase(), secret.into())
    }

    /// Whether both are credentials of one account.
    pub(crate) fn is_same(&self, one: &Credentials, other: &Credentials) -> bool {
        self.whose(one) == self.whose(other)
    }

    /// Whether turns of the first one are waited for before those of the second.
    pub(crate) fn is_before(&self, one: &Credentials, other: &Credentials) -> bool {
        self.whose(one) < self.whose(other)
    }

    /// Waits for a turn; `None` when the account was rejected.
    pub(crate) async fn turn(&self, credentials: &Credentials) -> Option<Turn> {
        let entry = Arc::clone(locked(&self.0.all).entry(self.whose(credentials)).or_default());
        let first = Arc::clone(&entry.turns).lock_owned().await;
        let first = match *locked(&entry.standing) {
            Standing::Unknown => Some(first),
            Standing::Accepted => None,
            Standing::Rejected => return None,
        };
        Some(Turn { entry, _first: first, sent: AtomicBool::new(false) })
    }
}

impl Turn {
    /// From here on something that is made of the secret may have gone out.
    pub(crate) fn sent(&self) {
        self.sent.store(true, Ordering::Relaxed);
    }

    /// The server accepted it.
    pub(crate) fn accepted(self) {
        let mut standing = locked(&self.entry.standing);
        if *standing == Standing::Unknown {
            *standing = Standing::Accepted;
        }
        self.sent.store(false, Ordering::Relaxed);
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if *self.sent.get_mut() {
            *locked(&self.entry.standing) = Standing::Rejected;
        }
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::timeout;

    use super::*;

    fn credentials(user: &str, password: &str) -> Credentials {
        Credentials::new(user, None, password.to_owned()).unwrap()
    }

    /// A turn, when one is to be had at once; none within when the account was rejected.
    async fn now(ledger: &Ledger, credentials: &Credentials) -> Option<Option<Turn>> {
        timeout(Duration::ZERO, ledger.turn(credentials)).await.ok()
    }

    #[tokio::test]
    async fn one_logs_on_at_a_time_until_one_was_accepted() {
        let (ledger, alice) = (Ledger::default(), credentials("LAB\\alice", "right"));
        let first = ledger.turn(&alice).await.unwrap();
        for same in [credentials("alice@lab.test", "right"), credentials("ALICE", "right")] {
            assert!(now(&ledger, &same).await.is_none(), "the same account waits");
        }
        for other in [credentials("alice", "another"), credentials("bob", "right")] {
            assert!(matches!(now(&ledger, &other).await, Some(Some(_))), "another account does not");
        }
        first.sent();
        first.accepted();
        let (one, two) = (ledger.turn(&alice).await.unwrap(), ledger.turn(&alice).await.unwrap());
        one.sent();
        drop(one);
        assert!(ledger.turn(&alice).await.is_none(), "a rejection stops it also then");
        two.sent();
        two.accepted();
        assert!(ledger.turn(&alice).await.is_none(), "for good");
    }

    #[tokio::test]
    async fn a_rejection_stops_the_account_and_what_sent_nothing_does_not() {
        let (ledger, alice) = (Ledger::default(), credentials("alice", "wrong"));
        drop(ledger.turn(&alice).await);
        let first = now(&ledger, &alice).await.flatten().expect("nothing was sent");
        first.sent();
        // However the run ended: also where its future was dropped.
        drop(first);
        for same in [credentials("Alice", "wrong"), credentials("LAB\\alice", "wrong")] {
            assert!(matches!(now(&ledger, &same).await, Some(None)));
        }
        assert!(matches!(now(&ledger, &credentials("alice", "right")).await, Some(Some(_))));
    }

    #[tokio::test]
    async fn nothing_of_it_is_printed() {
        let ledger = Ledger::default();
        drop(ledger.turn(&credentials("alice", "hunter2")).await);
        assert_eq!(format!("{ledger:?}"), "Ledger(..)");
        assert_ne!(ledger.0.key, Ledger::default().0.key, "keyed anew each time");
    }
}
