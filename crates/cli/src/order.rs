//! In which order targets are asked: shuffled, so that no network is asked from end to end at once, and by a seed, so that it can be had again.

/// As many lines of a list are shuffled at a time.
pub(crate) const WINDOW: usize = 1024;
/// How often the halves of a number are mixed.
const ROUNDS: u64 = 4;

/// The order of one run.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// `None` where targets keep their order.
    seed: Option<u64>,
    /// How many windows were shuffled.
    windows: u64,
}

impl Order {
    pub(crate) const fn new(seed: Option<u64>) -> Self {
        Self { seed, windows: 0 }
    }

    pub(crate) const fn seed(&self) -> Option<u64> {
        self.seed
    }

    /// How many lines of a list are read ahead.
    pub(crate) const fn window(&self) -> usize {
        if self.seed.is_some() { WINDOW } else { 1 }
    }

    /// Which of so many comes at this place. Each comes once, and none of them is held for it: the number is mixed until it is one of
    /// theirs (a Feistel network, whose every key is a permutation).
    pub(crate) fn at(&self, len: u64, place: u64) -> u64 {
        let Some(seed) = self.seed.filter(|_| place < len) else { return place };
        let bits = u64::BITS.saturating_sub(len.saturating_sub(1).leading_zeros());
        let half = bits.div_ceil(2).max(1);
        let mask = (1_u64 << half).wrapping_sub(1);
        let mut number = place;
        loop {
            let (mut left, mut right) = (number >> half, number & mask);
            for round in 0..ROUNDS {
                (left, right) = (right, left ^ (mixed(seed ^ mixed(right.wrapping_add(round << 40))) & mask));
            }
            number = (left << half) | right;
            if number < len {
                return number;
            }
        }
    }

    /// Shuffles a window of a list.
    pub(crate) fn shuffle<T>(&mut self, window: &mut [T]) {
        let Some(seed) = self.seed else { return };
        self.windows = self.windows.wrapping_add(1);
        let mut chance = mixed(seed ^ mixed(self.windows));
        for last in (1..window.len()).rev() {
            chance = mixed(chance);
            let many = u64::try_from(last).unwrap_or(u64::MAX).saturating_add(1);
            let other = usize::try_from(chance.checked_rem(many).unwrap_or_default()).unwrap_or_default();
            window.swap(last, other);
        }
    }
}

/// The next number of a sequence that looks like chance (SplitMix64).
const fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_window_keeps_all_that_is_in_it_and_a_seed_gives_its_order_again() {
        let of = |seed| {
            let mut order = Order::new(seed);
            let mut windows = [(0..WINDOW).collect::<Vec<_>>(), (0..WINDOW).collect()];
            windows.iter_mut().for_each(|window| order.shuffle(window));
            windows
        };
        assert_eq!(of(None), [(0..WINDOW).collect::<Vec<_>>(), (0..WINDOW).collect()]);
        assert_eq!(of(Some(1)), of(Some(1)));
        let [first, second] = of(Some(1));
        assert!(first != second && first != of(Some(2))[0]);
        let mut sorted = first;
        sorted.sort_unstable();
        assert_eq!(sorted, (0..WINDOW).collect::<Vec<_>>());
    }

    #[test]
    fn neighbours_of_a_network_are_asked_far_from_each_other() {
        let order = Order::new(Some(7));
        let all: Vec<u64> = (0..65_534).map(|place| order.at(65_534, place)).collect();
        let near = all.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) < 256).count();
        assert!(near < 1000, "{near} of 65,533 pairs lie in one /24");
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn every_number_comes_once_whatever_the_seed_and_however_many_there_are(
            len in 0_u64..3000, seed in proptest::option::of(any::<u64>()),
        ) {
            let order = Order::new(seed);
            let mut all: Vec<u64> = (0..len).map(|place| order.at(len, place)).collect();
            all.sort_unstable();
            prop_assert_eq!(all, (0..len).collect::<Vec<_>>());
        }

        #[test]
        fn the_largest_are_shuffled_too(place in 0..u64::MAX, less in 0_u64..1000, seed in any::<u64>()) {
            let len = u64::MAX - less;
            prop_assert!(Order::new(Some(seed)).at(len, place % len) < len);
        }
    }
}
