//! `--count` and `--forever`: every target again and again, and what that comes to.
use std::sync::Arc;
use std::time::Duration;

use rdp_probe::{Probe, Report, Statistics};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::exit::Ended;
use crate::options::Options;
use crate::progress::{self, Line};
use crate::rounds::{Rounds, Turns, is_rejected};
use crate::tally::Tally;

/// From one round to the next, where nobody says.
const USUAL: Duration = Duration::from_secs(1);

/// How often, and how far apart.
#[derive(Clone, Copy)]
struct Terms {
    /// Without end where there is none.
    count: Option<u32>,
    interval: Duration,
}

/// Probes every target so often.
pub(crate) async fn run(options: Arc<Options>) -> Ended {
    let mut rounds = match Rounds::prepare(&options, true).await {
        Ok(rounds) => rounds,
        Err(ended) => return ended,
    };
    let terms = Terms { count: options.rounds.count, interval: options.rounds.interval.unwrap_or(USUAL) };
    let probes = std::mem::take(&mut rounds.probes);
    let mut all: Vec<Statistics> = probes.iter().map(|probe| Statistics::new(probe.target().clone())).collect();
    // Whoever reads slowly is waited for.
    let (tell, mut told) = mpsc::channel(1);
    let mut running = JoinSet::new();
    for (index, probe) in probes.into_iter().enumerate() {
        running.spawn(Box::pin(probe_again(probe, terms, rounds.turns(), tell.clone(), index)));
    }
    drop(tell);
    let (wanted, mut line) = (progress::wanted(&options), Line::default());
    let mut each = Tally::default();
    while let Some((index, report)) = told.recv().await {
        let report = rounds.expecting.check(report);
        rounds.look_at(&report);
        each.count(&report);
        if let Some(one) = all.get_mut(index) {
            one.add(&report);
        }
        line.clear();
        rounds.outputs.write(report);
        rounds.outputs.leave();
        rounds.outputs.room(&mut rounds.interruption).await;
        if rounds.outputs.all_failed() {
            break;
        }
        if wanted && rounds.outputs.is_idle() {
            line.show(&so_far(&all, terms));
        }
    }
    line.clear();
    drop(told);
    // Of each target one code, as of a run over all of them.
    let mut sum = Tally::default();
    all.iter().for_each(|one| sum.note(one.exit_code()));
    let code = rounds.over(running, sum.code()).await;
    rounds.outputs.sum(all);
    Ended::of(code).in_state(each.status()).with(rounds.outputs.finish(code, &mut rounds.interruption).await)
}

/// Probes one, round by round; ends when nobody hears any more.
async fn probe_again(
    probe: Probe,
    Terms { count, interval }: Terms,
    mut turns: Turns,
    tell: mpsc::Sender<(usize, Report)>,
    index: usize,
) {
    let mut round = 0_u32;
    loop {
        let begun = Instant::now();
        let Some(report) = turns.round(&probe, round == 0).await else { return };
        let over = is_rejected(&report);
        round = round.saturating_add(1);
        if tell.send((index, report)).await.is_err() || over || count.is_some_and(|count| round >= count) {
            return;
        }
        tokio::select! {
            biased;
            () = turns.end() => return,
            () = sleep_until(begun + interval) => {}
        }
    }
}

/// What it has come to so far, in a line.
fn so_far(all: &[Statistics], terms: Terms) -> String {
    let sum = |of: fn(&Statistics) -> u64| all.iter().map(of).sum::<u64>();
    let (rounds, reached) = (sum(Statistics::rounds), sum(Statistics::reached));
    let each = u64::try_from(all.len()).unwrap_or(u64::MAX);
    let of =
        terms.count.map(|count| format!(" of {}", u64::from(count).saturating_mul(each))).unwrap_or_default();
    format!("{rounds}{of} rounds, {reached} reached, {} failed", rounds.saturating_sub(reached))
}
