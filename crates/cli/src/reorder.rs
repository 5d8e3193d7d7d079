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

    /// Takes the report of the target of this number, or that there is none; what can leave by then does.
    pub(crate) fn put(&mut self, index: usize, report: Option<T>, mut leave: impl FnMut(T)) {
        if !self.in_order {
            return report.into_iter().for_each(leave);
        }
        let place = index.saturating_sub(self.next);
        if self.waiting.len() <= place {
            self.waiting.resize_with(place + 1, || Come::NotYet);
        }
        if let Some(waiting) = self.waiting.get_mut(place) {
            self.held += usize::from(report.is_some());
            *waiting = report.map_or(Come::Lost, Come::Here);
        }
        while let Some(come) = self.waiting.pop_front_if(|come| !matches!(come, Come::NotYet)) {
            self.next += 1;
            self.taken(come).into_iter().for_each(&mut leave);
        }
    }

    /// Whatever is left leaves, when no more come.
    pub(crate) fn rest(&mut self, leave: impl FnMut(T)) {
        let all = std::mem::take(&mut self.waiting);
        self.next += all.len();
        all.into_iter().filter_map(|come| self.taken(come)).for_each(leave);
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

    fn put(reorder: &mut Reorder<usize>, index: usize, report: Option<usize>) -> Vec<usize> {
        let mut left = Vec::new();
        reorder.put(index, report, |report| left.push(report));
        left
    }

    fn rest(reorder: &mut Reorder<usize>) -> Vec<usize> {
        let mut left = Vec::new();
        reorder.rest(|report| left.push(report));
        left
    }

    #[test]
    fn reports_leave_as_they_come_unless_the_order_is_to_be_kept() {
        let mut free = Reorder::new(false);
        assert_eq!((put(&mut free, 7, Some(7)), put(&mut free, 0, Some(0))), (vec![7], vec![0]));
        assert_eq!((put(&mut free, 1, None), rest(&mut free)), (vec![], vec![]));
        let mut kept = Reorder::new(true);
        assert_eq!(put(&mut kept, 1, Some(1)), [0; 0]);
        assert_eq!(put(&mut kept, 2, None), [0; 0]);
        assert_eq!(put(&mut kept, 4, Some(4)), [0; 0]);
        assert_eq!(put(&mut kept, 0, Some(0)), [0, 1]);
        assert_eq!(put(&mut kept, 5, Some(5)), [0; 0]);
        // The fourth one was never begun.
        assert_eq!(rest(&mut kept), [4, 5]);
        assert_eq!(put(&mut kept, 6, Some(6)), [6]);
    }

    #[test]
    fn so_many_wait_for_one_and_no_more() {
        let mut kept = Reorder::new(true);
        for index in 1..=WINDOW {
            assert!(!kept.is_full());
            assert_eq!(put(&mut kept, index, Some(index)), [0; 0]);
        }
        assert!(kept.is_full());
        assert_eq!(put(&mut kept, 0, Some(0)).len(), WINDOW + 1);
        assert!(!kept.is_full());
    }
}
