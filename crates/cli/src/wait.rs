//! `wait`: until every target is ready, and stays so.
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher as _;
use std::sync::Arc;
use std::time::Duration;

use rdp_probe::{Probe, Report};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout_at};

use crate::block::Block;
use crate::exit::{self, Ended, say_soon};
use crate::exit_codes;
use crate::expecting::Expecting;
use crate::options::Options;
use crate::prepared::Prepared;
use crate::progress;
use crate::rounds;
use crate::signals::Interruption;
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

/// What is told of a target.
enum Told {
    /// A round has ended: it was reached so often in a row.
    Round(usize, Box<Report>, u8),
    /// It is ready, or nobody waits any longer.
    Over(usize, Box<Report>, bool),
}

/// How a target stands.
#[derive(Default)]
struct Standing {
    rounds: u64,
    /// What was said of it last.
    said: Option<(u8, Option<&'static str>, u8)>,
    now: String,
    over: bool,
}

/// Waits for all of them.
pub(crate) async fn run(options: Arc<Options>) -> Ended {
    let prepared = match Prepared::of(&options).await {
        Ok(prepared) => prepared,
        Err(ended) => return ended,
    };
    let Prepared { targets, mut outputs, mut warned, mut interruption } = prepared;
    let expecting = targets.expecting();
    let probes = match rounds::probes(targets, &mut warned) {
        Ok(probes) => probes,
        Err(ended) => return ended,
    };
    rounds::say_logons(&probes, false, &mut warned);
    let begun = Instant::now();
    let terms = Terms {
        begun,
        until: begun + options.wait_for.unwrap_or(FOR),
        every: options.every.unwrap_or(EVERY),
        stable: options.stable.unwrap_or(STABLE),
        give_up: options.give_up,
    };
    let places = rounds::places(&options, probes.len());
    let names: Vec<String> = probes.iter().map(|probe| probe.plan().target.to_string()).collect();
    let mut standing: Vec<Standing> = names.iter().map(|_| Standing::default()).collect();
    let (tell, mut told) = mpsc::channel(16);
    let mut running = JoinSet::new();
    for (index, probe) in probes.into_iter().enumerate() {
        let waiter = Waiter {
            index,
            probe,
            terms,
            places: Arc::clone(&places),
            interruption: interruption.clone(),
            expecting: Arc::clone(&expecting),
            tell: tell.clone(),
        };
        running.spawn(Box::pin(waiter.wait()));
    }
    drop(tell);
    let (live, quiet) = (progress::wanted(&options), options.quiet);
    let (mut block, mut redrawn) = (Block::default(), interval(REDRAWN));
    redrawn.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut tally, mut rejected, mut unready) = (Tally::default(), false, false);
    loop {
        let told = tokio::select! {
            told = told.recv() => told,
            _ = redrawn.tick(), if live => {
                block.show(&lines(&names, &standing, terms));
                continue;
            }
        };
        let (index, report, in_a_row, over) = match told {
            None => break,
            Some(Told::Round(index, report, in_a_row)) => (index, report, in_a_row, None),
            Some(Told::Over(index, report, ready)) => (index, report, 0, Some(ready)),
        };
        let Some(one) = standing.get_mut(index) else { continue };
        let elapsed = seconds(terms.begun.elapsed());
        if let Some(ready) = over {
            one.over = true;
            unready |= !ready;
            rejected |= rounds::is_rejected(&report);
            block.clear();
            if !quiet {
                let name = names.get(index).map(String::as_str).unwrap_or_default();
                let (is, rounds) = (if ready { "is ready" } else { "is not ready" }, one.rounds);
                let times = if rounds == 1 { "round" } else { "rounds" };
                say_soon(&format!("{name} {is} after {elapsed}, in {rounds} {times}"));
            }
            tally.count(&report);
            outputs.write(*report);
            outputs.leave();
        } else {
            one.rounds += 1;
            one.now = of_round(&report, in_a_row, terms.stable);
            let rule = report.diagnosis.verdict.rule.map(|rule| rule.id);
            let said = Some((report.run_exit_code(), rule, in_a_row));
            if one.said != said && !live && !quiet {
                say_soon(&format!("{elapsed}: {}", one.now));
            }
            one.said = said;
        }
        if rejected || outputs.all_failed() {
            break;
        }
    }
    block.clear();
    if rejected {
        say_soon("an account was not accepted: it is not tried again");
        running.abort_all();
    }
    drop(told);
    let mut panicked = false;
    while let Some(ended) = running.join_next().await {
        panicked |= ended.is_err_and(|error| error.is_panic());
    }
    expecting.unmet().for_each(|line| say_soon(&line));
    let code = match (panicked, interruption.happened()) {
        (true, _) => exit::INTERNAL,
        (false, true) => exit::INTERRUPTED,
        // What nobody can tell is not ready, and no verdict says so.
        (false, false) if unready && tally.code() == 0 => exit_codes::NOT_TESTABLE,
        (false, false) => tally.code(),
    };
    Ended::of(code).in_state(tally.status()).with(outputs.finish(code, &mut interruption).await)
}

/// What a round came to, in words.
fn of_round(report: &Report, in_a_row: u8, stable: u8) -> String {
    match in_a_row {
        0 if report.is_unexpected() => format!("{}, but is not as it is expected", report.summary()),
        0 if report.exit_code() == 0 => {
            format!("{}, but something that is expected cannot be told", report.summary())
        }
        0 => format!("{} (exit code {})", report.summary(), report.exit_code()),
        in_a_row => format!("{} ({in_a_row} of {stable} in a row)", report.summary()),
    }
}

/// A line a target that is waited for.
fn lines(names: &[String], standing: &[Standing], terms: Terms) -> Vec<String> {
    let elapsed = seconds(terms.begun.elapsed());
    let waited_for = names.iter().zip(standing).filter(|(_, one)| !one.over);
    waited_for
        .map(|(name, one)| match one.rounds {
            0 => format!("{elapsed} {name}: the first round"),
            rounds => format!("{elapsed} #{rounds} {}", one.now),
        })
        .collect()
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f32())
}

/// Who waits for one target.
struct Waiter {
    index: usize,
    probe: Probe,
    terms: Terms,
    places: Arc<Semaphore>,
    interruption: Interruption,
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
            let Some(report) = self.round(if decides { &self.probe } else { &glance }, limit).await else {
                break;
            };
            // A round that was cut off says nothing, unless there is no other.
            if report.exit_code() == exit::INTERRUPTED && last.is_some() {
                break;
            }
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
            let ends = rounds::is_rejected(&report) || (give_up && is_incurable(&report));
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
                () = sleep_until(if reached { next } else { next.min(until) }) => {}
                () = self.interruption.first() => break,
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

    /// One round. `None` where its time was over before it had ended.
    async fn round(&self, probe: &Probe, limit: Option<Instant>) -> Option<Report> {
        let _place = self.places.acquire().await.ok()?;
        let mut cancel = self.interruption.clone();
        let run = probe.run_until(cancel.first());
        match limit {
            Some(limit) => timeout_at(limit, run).await.ok(),
            None => Some(run.await),
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
