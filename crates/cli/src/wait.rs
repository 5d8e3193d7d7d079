//! `wait`: until every target is ready, and stays so.
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::time::Duration;

use rdp_probe::{Probe, Report};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout_at};

use crate::block::Block;
use crate::exit::{Ended, say_soon};
use crate::exit_codes::NOT_TESTABLE;
use crate::expecting::Expecting;
use crate::options::Options;
use crate::progress;
use crate::rounds::{Rounds, Turns, is_rejected};
use crate::tally::Tally;

/// How long, how often, and how often in a row, where nobody says.
const FOR: Duration = Duration::from_secs(600);
const EVERY: Duration = Duration::from_secs(5);
const STABLE: u8 = 2;
/// Into so many parts of the pause the first one is divided; each is twice the one before.
const FIRST: u32 = 8;
/// A pause is longer or shorter by as much as this part of it: many that began together do not come together for ever.
const JITTER: u32 = 10;
/// How often the lines on a terminal are written again.
const REDRAWN: Duration = Duration::from_millis(250);

/// What waiting is.
#[derive(Clone, Copy)]
struct Terms {
    begun: Instant,
    until: Instant,
    every: Duration,
    stable: u8,
    give_up: bool,
}

impl Terms {
    fn of(options: &Options) -> Self {
        let begun = Instant::now();
        Self {
            begun,
            until: begun + options.rounds.wait_for.unwrap_or(FOR),
            every: options.rounds.every.unwrap_or(EVERY),
            stable: options.rounds.stable.unwrap_or(STABLE),
            give_up: options.rounds.give_up,
        }
    }

    /// How long it has been.
    fn elapsed(&self) -> String {
        format!("{:.1} s", self.begun.elapsed().as_secs_f32())
    }
}

/// What is told of the target with this number.
enum Told {
    /// A round has ended: it was reached so often in a row.
    Round(usize, Box<Report>, u8),
    /// It is ready, or nobody waits any longer.
    Over(usize, Box<Report>, bool),
}

/// How a target stands.
struct Standing {
    name: String,
    rounds: u64,
    /// Exit code, rule, and how often it was reached in a row: what is said when it changes.
    last: Option<(u8, Option<&'static str>, u8)>,
    now: String,
    over: bool,
}

/// What is shown of all of them: on a terminal a line for each, elsewhere a line at each change.
struct Board {
    terms: Terms,
    all: Vec<Standing>,
    live: bool,
    quiet: bool,
    block: Block,
}

/// Waits for all of them.
pub(crate) async fn run(options: Arc<Options>) -> Ended {
    let mut rounds = match Rounds::prepare(&options, false).await {
        Ok(rounds) => rounds,
        Err(ended) => return ended,
    };
    let terms = Terms::of(&options);
    let probes = std::mem::take(&mut rounds.probes);
    let mut board = Board::new(&options, terms, &probes);
    let (tell, mut told) = mpsc::channel(16);
    let mut running = JoinSet::new();
    for (index, probe) in probes.into_iter().enumerate() {
        let (turns, expecting, tell) = (rounds.turns(), Arc::clone(&rounds.expecting), tell.clone());
        running.spawn(Box::pin(Waiter { index, probe, terms, turns, expecting, tell }.wait()));
    }
    drop(tell);
    let mut redrawn = interval(REDRAWN);
    redrawn.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut tally, mut unready) = (Tally::default(), false);
    loop {
        tokio::select! {
            told = told.recv() => match told {
                Some(Told::Round(index, report, in_a_row)) => {
                    rounds.look_at(&report);
                    board.round(index, &report, in_a_row);
                }
                Some(Told::Over(index, report, ready)) => {
                    board.over(index, ready);
                    unready |= !ready;
                    tally.count(&report);
                    rounds.outputs.write(*report);
                    rounds.outputs.leave();
                }
                None => break,
            },
            _ = redrawn.tick(), if board.live => board.show(),
        }
        if rounds.outputs.all_failed() {
            break;
        }
    }
    board.block.clear();
    drop(told);
    // What nobody can tell is not ready, and no verdict says so.
    let code = if unready && tally.code() == 0 { NOT_TESTABLE } else { tally.code() };
    let code = rounds.over(running, code).await;
    Ended::of(code).in_state(tally.status()).with(rounds.outputs.finish(code, &mut rounds.interruption).await)
}

impl Board {
    fn new(options: &Options, terms: Terms, probes: &[Probe]) -> Self {
        let of = |probe: &Probe| Standing {
            name: probe.plan().target.to_string(),
            rounds: 0,
            last: None,
            now: String::new(),
            over: false,
        };
        let (live, quiet) = (progress::wanted(options), options.quiet);
        Self { terms, all: probes.iter().map(of).collect(), live, quiet, block: Block::default() }
    }

    /// A round has ended.
    fn round(&mut self, index: usize, report: &Report, in_a_row: u8) {
        let Some(one) = self.all.get_mut(index) else { return };
        one.rounds += 1;
        one.now = of_round(report, in_a_row, self.terms.stable);
        let rule = report.diagnosis.verdict.rule.map(|rule| rule.id);
        let now = Some((report.run_exit_code(), rule, in_a_row));
        if one.last != now && !self.live && !self.quiet {
            say_soon(&format!("{}: {}", self.terms.elapsed(), one.now));
        }
        one.last = now;
    }

    /// Nobody waits for it any longer.
    fn over(&mut self, index: usize, ready: bool) {
        self.block.clear();
        let Some(one) = self.all.get_mut(index) else { return };
        one.over = true;
        if !self.quiet {
            let is = if ready { "is ready" } else { "is not ready" };
            let rounds = if one.rounds == 1 { "1 round".to_owned() } else { format!("{} rounds", one.rounds) };
            say_soon(&format!("{} {is} after {}, in {rounds}", one.name, self.terms.elapsed()));
        }
    }

    fn show(&mut self) {
        let elapsed = self.terms.elapsed();
        let line = |one: &Standing| match one.rounds {
            0 => format!("{elapsed} {}: the first round", one.name),
            rounds => format!("{elapsed} #{rounds} {}", one.now),
        };
        let lines: Vec<String> = self.all.iter().filter(|one| !one.over).map(line).collect();
        self.block.show(&lines);
    }
}

/// What a round came to, in words.
fn of_round(report: &Report, in_a_row: u8, stable: u8) -> String {
    match in_a_row {
        0 if report.exit_code() != 0 => format!("{} (exit code {})", report.summary(), report.exit_code()),
        0 if report.is_unexpected() => format!("{}, but is not as it is expected", report.summary()),
        0 => format!("{}, but something that is expected cannot be told", report.summary()),
        in_a_row => format!("{} ({in_a_row} of {stable} in a row)", report.summary()),
    }
}

/// Who waits for one target.
struct Waiter {
    index: usize,
    probe: Probe,
    terms: Terms,
    turns: Turns,
    expecting: Arc<Expecting>,
    tell: mpsc::Sender<Told>,
}

impl Waiter {
    async fn wait(mut self) {
        let Terms { until, every, stable, give_up, .. } = self.terms;
        // The close look, and the logon, is for the last round alone.
        let glance = self.probe.at_a_glance();
        let logs_on = self.probe.plan().account.is_some();
        let (mut in_a_row, mut pause, mut rule) = (0_u8, every / FIRST, None);
        let mut last = None::<Box<Report>>;
        loop {
            let decides = in_a_row.saturating_add(1) >= stable;
            // What has begun to be ready is seen to its end, and the first round has no other that tells what is wrong.
            let limit = (in_a_row == 0 && last.is_some()).then_some(until);
            let probe = if decides { &self.probe } else { &glance };
            let Some(report) = self.round(probe, last.is_none(), limit).await else { break };
            // What is expected of a logon is not so before there was one.
            let report = if decides || !logs_on { self.expecting.check(report) } else { report };
            let report = Box::new(report);
            // What was to be so, and nobody can tell, is not ready: a close look may yet tell it.
            let reached = report.run_exit_code() == 0 && !(decides && report.is_untold());
            in_a_row = if reached { in_a_row.saturating_add(1) } else { 0 };
            if self.tell.send(Told::Round(self.index, report.clone(), in_a_row)).await.is_err() {
                return;
            }
            if in_a_row >= stable {
                return self.over(report, true).await;
            }
            let ends = is_rejected(&report) || (give_up && is_incurable(&report));
            // What has changed may change again soon; what is there is given time to go.
            let now = report.diagnosis.verdict.rule.map(|rule| rule.id);
            pause = match (reached, now == rule) {
                (true, _) => every,
                (false, true) => (pause * 2).min(every),
                (false, false) => every / FIRST,
            };
            rule = now;
            last = Some(report);
            if ends {
                break;
            }
            let next = Instant::now() + jittered(pause);
            tokio::select! {
                biased;
                () = self.turns.end() => break,
                () = sleep_until(if reached { next } else { next.min(until) }) => {}
            }
            // Nothing begins at the end.
            if !reached && Instant::now() >= until {
                break;
            }
        }
        if let Some(last) = last {
            self.over(last, false).await;
        }
    }

    /// One round. `None` where it was cut off, by the end of its time too.
    async fn round(&self, probe: &Probe, is_first: bool, limit: Option<Instant>) -> Option<Report> {
        let round = self.turns.round(probe, is_first);
        match limit {
            Some(limit) => timeout_at(limit, round).await.ok().flatten(),
            None => round.await,
        }
    }

    async fn over(&self, report: Box<Report>, ready: bool) {
        // Nobody hears it where the run has ended.
        _ = self.tell.send(Told::Over(self.index, report, ready)).await;
    }
}

/// The same, a little longer or shorter.
fn jittered(pause: Duration) -> Duration {
    let most = pause / JITTER;
    let share = RandomState::new().hash_one(0_u8) % 2001;
    let part = most.mul_f64(f64::from(u32::try_from(share).unwrap_or_default()) / 1000.0);
    pause.saturating_sub(most).saturating_add(part)
}

/// Whether no waiting helps: what a policy, an account or the server's settings refuse. A name that is not known may be soon.
fn is_incurable(report: &Report) -> bool {
    const INCURABLE: [u8; 10] = [22, 23, 24, 31, 41, 42, 51, 52, 53, 54];
    INCURABLE.contains(&report.exit_code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_differ_by_a_tenth_at_most() {
        for _ in 0..200 {
            let pause = jittered(Duration::from_secs(1));
            assert!((900..=1100).contains(&pause.as_millis()), "{pause:?}");
        }
    }
}
