//! In which order reports leave: as they come, or as the targets were named.
use std::collections::VecDeque;

/// How many reports may wait for one before them. It is this that bounds what a run holds.
const WINDOW: usize = 1024;

/// What has come and cannot leave yet.
pub(crate) struct Reorder<T> {
    in_order: bool,
    /// What has come of the target that is reported next, and of those behind it.
    waiting: VecDeque<Come<T>>,
    next: usize,
    /// How many reports are among that.
    held: usize,
}

/// What has come of a target.
enum Come<T> {
    NotYet,
    Here(T),
    /// There is no report, and none will come.
    Lost,
}

impl<T> Reorder<T> {
    pub(crate) const fn new(in_order: bool) -> Self {
        Self { in_order, waiting: VecDeque::new(), next: 0, held: 0 }
    }

    /// Whether no more targets are to be begun behind the one that is waited for.
    pub(crate) const fn is_full(&self) -> bool {
        self.held >= WINDOW
    }

    /// Takes the report of the target of this number, or that there is none. What can leave by then.
    pub(crate) fn put(&mut self, index: usize, report: Option<T>) -> Vec<T> {
        if !self.in_order {
            return report.into_iter().collect();
        }
        let place = index.saturating_sub(self.next);
        if self.waiting.len() <= place {
            self.waiting.resize_with(place + 1, || Come::NotYet);
        }
        if let Some(waiting) = self.waiting.get_mut(place) {
            self.held += usize::from(report.is_some());
            *waiting = report.map_or(Come::Lost, Come::Here);
        }
        let mut leave = Vec::new();
        while let Some(come) = self.waiting.pop_front_if(|come| !matches!(come, Come::NotYet)) {
            self.next += 1;
            leave.extend(self.taken(come));
        }
        leave
    }

    /// Whatever is left, when no more come.
    pub(crate) fn rest(&mut self) -> Vec<T> {
        let all = std::mem::take(&mut self.waiting);
        self.next += all.len();
        all.into_iter().filter_map(|come| self.taken(come)).collect()
    }

    fn taken(&mut self, come: Come<T>) -> Option<T> {
        match come {
            Come::Here(report) => {
                self.held = self.held.saturating_sub(1);
                Some(report)
            }
            Come::NotYet | Come::Lost => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_leave_as_they_come_unless_the_order_is_to_be_kept() {
        let mut as_they_come = Reorder::new(false);
        assert_eq!((as_they_come.put(7, Some(7)), as_they_come.put(0, Some(0))), (vec![7], vec![0]));
        assert_eq!((as_they_come.put(1, None).len(), as_they_come.rest().len()), (0, 0));
        let mut kept = Reorder::new(true);
        assert_eq!(kept.put(1, Some(1)).len(), 0);
        assert_eq!(kept.put(2, None).len(), 0);
        assert_eq!(kept.put(4, Some(4)).len(), 0);
        assert_eq!(kept.put(0, Some(0)), [0, 1]);
        assert_eq!(kept.put(5, Some(5)).len(), 0);
        // The fourth one was never begun.
        assert_eq!(kept.rest(), [4, 5]);
        assert_eq!(kept.put(6, Some(6)), [6]);
    }

    #[test]
    fn so_many_wait_for_one_and_no_more() {
        let mut kept = Reorder::new(true);
        for index in 1..=WINDOW {
            assert!(!kept.is_full());
            assert_eq!(kept.put(index, Some(index)).len(), 0);
        }
        assert!(kept.is_full());
        assert_eq!(kept.put(0, Some(0)).len(), WINDOW + 1);
        assert!(!kept.is_full());
    }
}
