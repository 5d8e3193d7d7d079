//! How the connections of a tunnel's two channels find each other on loopback: by RDG-Connection-Id.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};

/// What an IN channel says to the OUT channel of its tunnel.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Said {
    /// These octets, as the client's.
    Octets(Vec<u8>),
    /// That it has ended, by the zero chunk or without.
    Ended { in_order: bool },
}

/// The OUT channels of one gateway.
#[derive(Clone, Debug, Default)]
pub(super) struct Pairs(Arc<Mutex<BTreeMap<String, ToOut>>>);

/// What the connection of an OUT channel has.
#[derive(Debug)]
pub(super) struct FromIn {
    id: String,
    pairs: Pairs,
    said: mpsc::UnboundedReceiver<Said>,
    over: watch::Sender<bool>,
}

/// What the connection of an IN channel has.
#[derive(Clone, Debug)]
pub(super) struct ToOut {
    said: mpsc::UnboundedSender<Said>,
    over: watch::Receiver<bool>,
}

impl Pairs {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, ToOut>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// An OUT channel, from here on to be found.
    pub(super) fn open(&self, id: &str) -> FromIn {
        let (to_out, said) = mpsc::unbounded_channel();
        let (over, is_over) = watch::channel(false);
        self.lock().insert(id.to_owned(), ToOut { said: to_out, over: is_over });
        FromIn { id: id.to_owned(), pairs: self.clone(), said, over }
    }

    /// The OUT channel of this id.
    pub(super) fn find(&self, id: &str) -> Option<ToOut> {
        self.lock().get(id).cloned()
    }
}

impl FromIn {
    /// What comes next; `None` when the OUT channel is over, and so is the IN channel.
    pub(super) async fn next(&mut self) -> Option<Said> {
        self.said.recv().await
    }

    /// The OUT channel is over. What its IN channel has still to say can be heard.
    pub(super) fn end(&self) {
        let mut open = self.pairs.lock();
        // Another one may have come to stand there.
        if open.get(&self.id).is_some_and(|to_out| to_out.over.same_channel(&self.over.subscribe())) {
            open.remove(&self.id);
        }
        drop(open);
        self.over.send_replace(true);
    }
}

impl Drop for FromIn {
    fn drop(&mut self) {
        self.end();
    }
}

impl ToOut {
    /// Nobody may be left who hears it.
    pub(super) fn say(&self, said: Said) {
        let _ = self.said.send(said);
    }

    /// Waits until the OUT channel is over.
    pub(super) async fn over(&mut self) {
        // An error says that whoever had it is gone.
        let _ = self.over.wait_for(|over| *over).await;
    }
}
