//! Many rounds of one target, in numbers.
use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use rdp_probe_core::{Evidence, Hop, Outcome, Stage};
use serde::Serialize;

use crate::report::{Report, SCHEMA_VERSION};
use crate::target::Target;

/// Of so many rounds the times are kept, the last ones: percentiles are theirs, and memory does not grow with the rounds.
const KEPT: usize = 10_000;
/// Of so many rounds it is kept how each went.
const HISTORY: usize = 60;

/// What many rounds of one target came to. Serialises as docs/statistics.schema.json has it.
#[derive(Clone, Debug)]
pub struct Statistics {
    target: Target,
    rounds: u64,
    reached: u64,
    unexpected: u64,
    changes: u64,
    began: Option<String>,
    stages: Vec<StageStatistics>,
    total: Times,
    rules: BTreeMap<&'static str, u64>,
    exits: BTreeMap<u8, u64>,
    last: Option<&'static str>,
    history: VecDeque<Round>,
}

/// How one round went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Round {
    /// How long its main path took.
    pub took: Duration,
    /// Whether it reached its end, and was as it was expected.
    pub well: bool,
}

/// One stage over all rounds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct StageStatistics {
    /// Which.
    pub stage: Stage,
    /// Whom it is for.
    pub hop: Hop,
    /// In how many rounds it began.
    pub tried: u64,
    /// In how many it was passed.
    pub passed: u64,
    /// How long it took where it was passed.
    pub times: Times,
}

/// Times, and what they come to.
#[derive(Clone, Debug, Default)]
pub struct Times {
    micros: VecDeque<u32>,
    extremes: Option<(u32, u32)>,
}

/// What times come to, in microseconds: of all rounds the least and the most, percentiles of the last 10,000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[non_exhaustive]
pub struct Percentiles {
    /// The least.
    pub min_us: u32,
    /// Half of them took no longer.
    pub p50_us: u32,
    /// Of twenty one took longer.
    pub p95_us: u32,
    /// Of a hundred one took longer.
    pub p99_us: u32,
    /// The most.
    pub max_us: u32,
}

impl Times {
    fn add(&mut self, time: Duration) {
        let micros = u32::try_from(time.as_micros()).unwrap_or(u32::MAX);
        if self.micros.len() == KEPT {
            self.micros.pop_front();
        }
        self.micros.push_back(micros);
        let (least, most) = self.extremes.unwrap_or((micros, micros));
        self.extremes = Some((least.min(micros), most.max(micros)));
    }

    /// What they come to; `None` of none.
    #[must_use]
    pub fn spread(&self) -> Option<Percentiles> {
        let (min_us, max_us) = self.extremes?;
        let mut sorted: Vec<u32> = self.micros.iter().copied().collect();
        sorted.sort_unstable();
        // The least of which so many in a hundred are no longer.
        let percentile = |percent: usize| {
            let rank = sorted.len().saturating_mul(percent).div_ceil(100).max(1);
            sorted.get(rank.saturating_sub(1)).copied().unwrap_or(max_us)
        };
        Some(Percentiles {
            min_us,
            p50_us: percentile(50),
            p95_us: percentile(95),
            p99_us: percentile(99),
            max_us,
        })
    }
}

impl Statistics {
    /// Of no round yet.
    #[must_use]
    pub fn new(target: Target) -> Self {
        Self {
            target,
            rounds: 0,
            reached: 0,
            unexpected: 0,
            changes: 0,
            began: None,
            stages: Vec::new(),
            total: Times::default(),
            rules: BTreeMap::new(),
            exits: BTreeMap::new(),
            last: None,
            history: VecDeque::new(),
        }
    }

    /// With one round more.
    pub fn add(&mut self, report: &Report) {
        let (reached, well) = (report.is_reachable(), report.run_exit_code() == 0);
        self.rounds = self.rounds.saturating_add(1);
        self.reached = self.reached.saturating_add(u64::from(reached));
        self.unexpected = self.unexpected.saturating_add(u64::from(report.is_unexpected()));
        self.began = self.began.take().or_else(|| report.made_at());
        let rule = report.diagnosis.verdict.rule.map_or("none", |rule| rule.id);
        let changed = self.last.replace(rule).is_some_and(|last| last != rule);
        self.changes = self.changes.saturating_add(u64::from(changed));
        let count = |counted: &mut u64| *counted = counted.saturating_add(1);
        count(self.rules.entry(rule).or_default());
        count(self.exits.entry(report.run_exit_code()).or_default());
        if reached {
            self.total.add(report.duration());
        }
        if self.history.len() == HISTORY {
            self.history.pop_front();
        }
        self.history.push_back(Round { took: report.duration(), well });
        for stage in Evidence::sequence(report.evidence.main_path()) {
            let record = stage.record;
            let Some(took) = record.duration else { continue };
            let known = self.stages.iter().position(|one| (one.stage, one.hop) == (record.stage, record.hop));
            let index = known.unwrap_or_else(|| {
                // In the order of the sequence, whichever round went deeper.
                let order = |stage: Stage, hop: Hop| (stage.rank(), hop != Hop::Gateway);
                let own = order(record.stage, record.hop);
                let at = self.stages.iter().position(|one| order(one.stage, one.hop) > own);
                let at = at.unwrap_or(self.stages.len());
                let (stage, hop) = (record.stage, record.hop);
                self.stages
                    .insert(at, StageStatistics { stage, hop, tried: 0, passed: 0, times: Times::default() });
                at
            });
            let Some(one) = self.stages.get_mut(index) else { continue };
            count(&mut one.tried);
            if record.outcome == Outcome::Passed {
                count(&mut one.passed);
                one.times.add(took);
            }
        }
    }

    /// Whose they are.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// How many rounds there were.
    #[must_use]
    pub const fn rounds(&self) -> u64 {
        self.rounds
    }

    /// How many of them reached their end.
    #[must_use]
    pub const fn reached(&self) -> u64 {
        self.reached
    }

    /// In how many something was not as it was expected, or had changed where nothing was to.
    #[must_use]
    pub const fn unexpected(&self) -> u64 {
        self.unexpected
    }

    /// How often the verdict was another one than in the round before.
    #[must_use]
    pub const fn changes(&self) -> u64 {
        self.changes
    }

    /// How often each cause came, by its id; `none` where nothing failed.
    #[must_use]
    pub const fn rules(&self) -> &BTreeMap<&'static str, u64> {
        &self.rules
    }

    /// Each stage that began in any of them, in the order of the sequence.
    #[must_use]
    pub fn stages(&self) -> &[StageStatistics] {
        &self.stages
    }

    /// How long the main path took where it reached its end.
    #[must_use]
    pub const fn total(&self) -> &Times {
        &self.total
    }

    /// The last rounds, at most 60, in their order.
    pub fn history(&self) -> impl Iterator<Item = Round> {
        self.history.iter().copied()
    }

    /// The exit code of all rounds: 0 where each was 0, otherwise that of most of those that were not, of equals the least.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        let failed = self.exits.iter().filter(|(code, _)| **code != 0);
        failed
            .max_by_key(|(code, count)| (**count, u8::MAX.saturating_sub(**code)))
            .map_or(0, |(code, _)| *code)
    }

    fn view(&self) -> StatisticsView<'_> {
        StatisticsView {
            schema_version: SCHEMA_VERSION,
            began_at: self.began.as_deref(),
            target: StatisticsTarget {
                input: &self.target.input,
                host: self.target.host.to_string(),
                port: self.target.port,
            },
            rounds: self.rounds,
            reached: self.reached,
            unexpected: self.unexpected,
            changes: self.changes,
            exit_code: self.exit_code(),
            rules: &self.rules,
            exit_codes: &self.exits,
            time: self.total.spread(),
            stages: self.stages.iter().map(StageView::of).collect(),
        }
    }
}

impl Serialize for Statistics {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.view().serialize(serializer)
    }
}

#[cfg(feature = "schema")]
impl Statistics {
    /// The JSON Schema of the JSON form: what docs/statistics.schema.json holds.
    #[must_use]
    pub fn schema() -> schemars::Schema {
        schemars::schema_for!(StatisticsView<'_>)
    }
}

/// What many rounds of one target came to.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct StatisticsView<'a> {
    /// As that of reports.
    schema_version: u32,
    /// When the first round began, as RFC 3339 has it; null when this computer's time is not known.
    began_at: Option<&'a str>,
    /// What was probed.
    target: StatisticsTarget<'a>,
    /// How many rounds there were.
    rounds: u64,
    /// How many of them reached their end.
    reached: u64,
    /// In how many something was not as it was expected.
    unexpected: u64,
    /// How often the verdict was another one than in the round before.
    changes: u64,
    /// 0 where each round was 0, otherwise the most frequent of the others.
    exit_code: u8,
    /// How often each cause came, by its id; `none` where nothing failed.
    rules: &'a BTreeMap<&'static str, u64>,
    /// How often each exit code came.
    exit_codes: &'a BTreeMap<u8, u64>,
    /// How long the main path took where it reached its end; null where it never did.
    time: Option<Percentiles>,
    /// Each stage that began in any round.
    stages: Vec<StageView>,
}

/// What was probed.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct StatisticsTarget<'a> {
    /// As it was typed.
    input: &'a str,
    /// The host.
    host: String,
    /// The port.
    port: u16,
}

/// One stage over all rounds.
#[derive(Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
struct StageView {
    /// The id.
    stage: &'static str,
    /// Whom it is for.
    hop: &'static str,
    /// In how many rounds it began.
    tried: u64,
    /// In how many it was passed.
    passed: u64,
    /// How long it took where it was passed; null where it never was.
    time: Option<Percentiles>,
}

impl StageView {
    fn of(one: &StageStatistics) -> Self {
        let StageStatistics { stage, hop, tried, passed, times } = one;
        Self { stage: stage.id(), hop: hop.id(), tried: *tried, passed: *passed, time: times.spread() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_what_was_measured() {
        let mut times = Times::default();
        assert_eq!(times.spread(), None);
        for millis in (1..=100).rev() {
            times.add(Duration::from_millis(millis));
        }
        let spread = times.spread().unwrap();
        assert_eq!((spread.min_us, spread.p50_us, spread.p95_us), (1_000, 50_000, 95_000));
        assert_eq!((spread.p99_us, spread.max_us), (99_000, 100_000));
        let mut one = Times::default();
        one.add(Duration::from_micros(7));
        let spread = one.spread().unwrap();
        assert_eq!((spread.min_us, spread.p50_us, spread.p99_us, spread.max_us), (7, 7, 7, 7));
    }

    #[test]
    fn what_is_kept_does_not_grow_with_the_rounds() {
        let mut times = Times::default();
        (0..25_000).for_each(|micros| times.add(Duration::from_micros(micros)));
        let spread = times.spread().unwrap();
        assert_eq!((times.micros.len(), spread.min_us, spread.max_us), (KEPT, 0, 24_999));
        assert_eq!(spread.p50_us, 19_999);
    }
}
