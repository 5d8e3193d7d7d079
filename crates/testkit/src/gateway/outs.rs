//! The OUT channels that are open, by RDG-Connection-Id: an IN channel has to belong to one of them.
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// What all connections of one gateway know of each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Outs(Arc<Mutex<Known>>);

#[derive(Debug, Default)]
struct Known {
    open: BTreeMap<String, Out>,
    /// Connections whose first request was for an IN channel.
    in_connections: usize,
    /// OUT channels that there have been.
    made: usize,
}

#[derive(Debug)]
struct Out {
    serial: usize,
    /// The number of its connection.
    connection: usize,
    has_in: bool,
}

/// What an IN channel belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Open {
    /// The number of the OUT channel's connection.
    pub(super) connection: usize,
    /// Whether another IN channel was accepted for it.
    pub(super) has_in: bool,
}

/// An OUT channel: it is open until this is dropped.
#[derive(Debug)]
pub(super) struct OpenOut {
    outs: Outs,
    id: String,
    serial: usize,
}

impl Outs {
    fn lock(&self) -> MutexGuard<'_, Known> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// One was accepted on the connection of that number.
    pub(super) fn open(&self, id: &str, connection: usize) -> OpenOut {
        let mut known = self.lock();
        known.made += 1;
        let serial = known.made;
        known.open.insert(id.to_owned(), Out { serial, connection, has_in: false });
        OpenOut { outs: self.clone(), id: id.to_owned(), serial }
    }

    /// The one of this id.
    pub(super) fn find(&self, id: &str) -> Option<Open> {
        self.lock().open.get(id).map(|out| Open { connection: out.connection, has_in: out.has_in })
    }

    /// An IN channel was accepted for it.
    pub(super) fn joined(&self, id: &str) {
        if let Some(out) = self.lock().open.get_mut(id) {
            out.has_in = true;
        }
    }

    /// A connection turns out to be an IN channel's.
    pub(super) fn in_connection(&self) {
        self.lock().in_connections += 1;
    }

    /// How many have.
    pub(super) fn in_connections(&self) -> usize {
        self.lock().in_connections
    }

    /// Whether the next connection is to be expected to be an IN channel's.
    pub(super) fn awaits_in(&self) -> bool {
        self.lock().open.values().any(|out| !out.has_in)
    }
}

impl Drop for OpenOut {
    fn drop(&mut self) {
        let mut known = self.outs.lock();
        // Another one may have come to stand there.
        if known.open.get(&self.id).is_some_and(|out| out.serial == self.serial) {
            known.open.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_out_channel_is_open_until_it_is_dropped() {
        let outs = Outs::default();
        assert_eq!((outs.find("a"), outs.awaits_in()), (None, false));
        let first = outs.open("a", 1);
        assert_eq!(outs.find("a"), Some(Open { connection: 1, has_in: false }));
        assert!(outs.awaits_in());
        outs.joined("a");
        assert_eq!((outs.find("a"), outs.awaits_in()), (Some(Open { connection: 1, has_in: true }), false));
        let second = outs.open("a", 2);
        drop(first);
        assert_eq!(outs.find("a"), Some(Open { connection: 2, has_in: false }), "it is another one's");
        drop(second);
        assert_eq!((outs.find("a"), outs.awaits_in()), (None, false));
    }
}
