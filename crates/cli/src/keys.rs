//! Which targets are the same, and which of them have been met: hashes alone are held, and never more than a bound.
use std::collections::HashSet;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;

use rdp_probe::Host;

/// How targets become hashes, by octets of chance that nobody outside can know.
#[derive(Clone, Debug, Default)]
pub(crate) struct Keys(RandomState);

impl Keys {
    /// Of a target by itself: its host, in any case, and its port.
    pub(crate) fn of(&self, host: &Host, port: u16) -> u64 {
        match host {
            Host::Name(name) => self.0.hash_one((name.to_ascii_lowercase(), port)),
            Host::Ip(_) | _ => self.0.hash_one((host, port)),
        }
    }

    /// Of the name of an .rdp file: two of them may lead to one host by different ways.
    pub(crate) fn of_file(&self, name: &str) -> u64 {
        self.0.hash_one(("file", name))
    }
}

/// As many places a bucket has: whatever lies in one is soon compared.
const PLACES: usize = 16;
/// And so many buckets there are: for twice as many targets as are promised to be remembered, since chance fills them unevenly.
const BUCKETS: usize = 1 << 15;

/// Up to so many, nothing is set aside for more.
const FEW: usize = 1024;

/// The targets that were met last, about a quarter of a million of them, in memory that never grows beyond a fixed size.
pub(crate) struct Met {
    few: HashSet<u64>,
    /// Where there are more: bucket after bucket, and in each the last ones first; 0 is a free place.
    places: Vec<u64>,
}

impl Met {
    pub(crate) fn new() -> Self {
        Self { few: HashSet::new(), places: Vec::new() }
    }

    /// Notes one. Whether it was met before.
    pub(crate) fn again(&mut self, key: u64) -> bool {
        let key = key.max(1);
        if !self.places.is_empty() {
            return self.is_placed(key);
        }
        let again = !self.few.insert(key);
        if self.few.len() > FEW {
            // All of it at once, so that a run of many holds as much as one of more.
            self.places = vec![0; PLACES * BUCKETS];
            for key in std::mem::take(&mut self.few) {
                self.is_placed(key);
            }
        }
        again
    }

    /// Places one. Whether it was there.
    fn is_placed(&mut self, key: u64) -> bool {
        let buckets = u64::try_from(BUCKETS).unwrap_or(u64::MAX);
        let bucket = usize::try_from(key.checked_rem(buckets).unwrap_or_default()).unwrap_or_default();
        let mut buckets = self.places.chunks_exact_mut(PLACES).skip(bucket);
        let Some(bucket) = buckets.next() else { return false };
        if bucket.contains(&key) {
            return true;
        }
        bucket.rotate_right(1);
        if let Some(first) = bucket.first_mut() {
            *first = key;
        }
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quarter_of_a_million_targets_are_remembered_and_the_last_ones_for_sure() {
        const PROMISED: u64 = 262_144;
        let keys = Keys::default();
        let key = |index: u64| keys.of(&Host::Name(index.to_string()), 3389);
        let mut met = Met::new();
        assert!((0..1_000_000).all(|index| !met.again(key(index))), "none came twice");
        let (all, last) = (1_000_000 - PROMISED, 1_000_000 - 1000);
        assert!((last..1_000_000).all(|index| met.again(key(index))));
        // The last one first, so that few drive out others when they are put in again.
        let known = (all..1_000_000).rev().filter(|index| met.again(key(*index))).count();
        assert!(known > 260_000, "{known}");
        let forgotten = (0..1000).filter(|index| !met.again(key(*index))).count();
        assert!(forgotten > 900, "{forgotten}");
    }

    #[test]
    fn few_targets_are_remembered_all_and_when_they_become_many_too() {
        let mut met = Met::new();
        for many in [1_u64, 1024, 1025, 3000] {
            (0..many).for_each(|key| _ = met.again(key.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(7)));
            assert!((0..many).all(|key| met.again(key.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(7))));
        }
    }

    #[test]
    fn names_are_the_same_in_any_case_and_files_are_not_hosts() {
        let keys = Keys::default();
        let name = |name: &str| Host::Name(name.into());
        assert_eq!(keys.of(&name("SRV1"), 1), keys.of(&name("srv1"), 1));
        // The one is looked up as it is, the other one with what this computer puts behind it.
        assert_ne!(keys.of(&name("srv1."), 1), keys.of(&name("srv1"), 1));
        assert_ne!(keys.of(&name("srv1"), 1), keys.of(&name("srv1"), 2));
        assert_ne!(keys.of(&name("srv1"), 1), keys.of(&name("srv2"), 1));
        assert_ne!(keys.of_file("a.rdp"), keys.of_file("b.rdp"));
    }
}
