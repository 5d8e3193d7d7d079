//! What a command line says of probing again and again.
use std::time::Duration;

use clap::Args;

use crate::many_options::ManyOptions;

/// How often, and until when.
#[derive(Debug, Args)]
pub(crate) struct RoundOptions {
    /// Probe so many times, and sum up: how often each stage was passed, how long it took, how the verdict changed
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..), conflicts_with = "forever")]
    pub(crate) count: Option<u32>,

    /// The same until it is interrupted
    #[arg(long)]
    pub(crate) forever: bool,

    /// With --count or --forever: from the beginning of a round to that of the next [default: 1s]
    #[arg(long, value_name = "DURATION", value_parser = crate::duration::parse)]
    pub(crate) interval: Option<Duration>,

    /// With wait: how long, at most [default: 10m]
    #[arg(long = "for", value_name = "DURATION", value_parser = crate::duration::parse)]
    pub(crate) wait_for: Option<Duration>,

    /// With wait: the longest pause between two rounds; the first ones are shorter [default: 5s]
    #[arg(long, value_name = "DURATION", value_parser = crate::duration::parse)]
    pub(crate) every: Option<Duration>,

    /// With wait: ready is what is reached so often in a row, since Windows answers once and starts again [default: 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=100))]
    pub(crate) stable: Option<u8>,

    /// With wait: end at once where no waiting helps, such as a certificate that is not the pinned one
    #[arg(long)]
    pub(crate) give_up: bool,

    /// Whether to wait until the targets are ready.
    #[arg(skip)]
    pub(crate) wait: bool,
}

impl RoundOptions {
    /// Whether a target is probed more than once, by a number or until it is enough.
    pub(crate) const fn repeats(&self) -> bool {
        self.count.is_some() || self.forever
    }

    /// What is wrong with how often to probe.
    pub(crate) fn contradiction(&self, many: &ManyOptions) -> Option<String> {
        let of_wait = [
            ("--for", self.wait_for.is_some()),
            ("--every", self.every.is_some()),
            ("--stable", self.stable.is_some()),
            ("--give-up", self.give_up),
        ];
        let of_rounds = [
            ("--count", self.count.is_some()),
            ("--forever", self.forever),
            ("--interval", self.interval.is_some()),
        ];
        let given =
            |of: &[(&'static str, bool)]| of.iter().find(|(_, given)| *given).map(|(option, _)| *option);
        let of_one_round = [
            ("--resume", many.resume.is_some()),
            ("--rate", many.rate.is_some()),
            ("--retries", many.retries > 0),
            ("--in-order", many.in_order),
        ];
        if let Some(option) = given(&of_one_round).filter(|_| self.wait || self.repeats()) {
            return Some(format!("{option} is of no use where targets are probed again and again"));
        }
        if self.wait {
            return given(&of_rounds)
                .map(|option| format!("{option} is of no use with wait, which probes until it is ready"));
        }
        if let Some(option) = given(&of_wait) {
            return Some(format!("{option} is of wait only: rdp-probe wait TARGET {option} ..."));
        }
        let once = self.interval.is_some() && !self.repeats();
        once.then(|| "--interval is of no use without --count or --forever".to_owned())
    }
}
