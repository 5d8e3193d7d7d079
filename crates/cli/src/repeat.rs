//! `--count` and `--forever`: every target again and again, and what that comes to.
use std::sync::Arc;
use std::time::Duration;

use rdp_probe::{Probe, Report, Statistics};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use crate::exit::{self, Ended, say_soon};
use crate::options::Options;
use crate::prepared::Prepared;
use crate::progress::{self, Line};
use crate::rounds;
use crate::signals::Interruption;
use crate::status::Status;

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
    rounds::say_logons(&probes, true, &mut warned);
    let terms = Terms { count: options.count, interval: options.interval.unwrap_or(USUAL) };
    let places = rounds::places(&options, probes.len());
    let mut all: Vec<Statistics> = probes.iter().map(|probe| Statistics::new(probe.target().clone())).collect();
    // Whoever reads slowly is waited for.
    let (tell, mut told) = mpsc::channel(1);
    let mut running = JoinSet::new();
    for (index, probe) in probes.into_iter().enumerate() {
        let (tell, places, cancel) = (tell.clone(), Arc::clone(&places), interruption.clone());
        running.spawn(Box::pin(probe_again(probe, terms, places, cancel, move |report| {
            let tell = tell.clone();
            async move { tell.send((index, report)).await.is_ok() }
        })));
    }
    drop(tell);
    let (wanted, mut line) = (progress::wanted(&options), Line::default());
    let (mut rejected, mut state) = (false, None);
    while let Some((index, report)) = told.recv().await {
        let report = expecting.check(report);
        rejected |= rounds::is_rejected(&report);
        state = state.max(Some(Status::of(&report)));
        if let Some(one) = all.get_mut(index) {
            one.add(&report);
        }
        line.clear();
        outputs.write(report);
        outputs.leave();
        while !outputs.has_room(1) && !interruption.happened() && !outputs.all_failed() {
            tokio::select! {
                () = outputs.moved() => {}
                () = interruption.first() => {}
            }
        }
        if rejected || outputs.all_failed() {
            break;
        }
        if wanted && outputs.is_idle() {
            line.show(&so_far(&all, terms));
        }
    }
    line.clear();
    drop(told);
    let mut panicked = false;
    if rejected {
        say_soon("an account was not accepted: it is not tried again");
        running.abort_all();
    }
    while let Some(ended) = running.join_next().await {
        panicked |= ended.is_err_and(|error| error.is_panic());
    }
    expecting.unmet().for_each(|line| say_soon(&line));
    let code = code(&all, panicked, interruption.happened());
    outputs.sum(all);
    Ended::of(code).in_state(state).with(outputs.finish(code, &mut interruption).await)
}

/// Probes one, round by round; ends when nobody hears any more.
async fn probe_again<T: Future<Output = bool>>(
    probe: Probe,
    Terms { count, interval }: Terms,
    places: Arc<Semaphore>,
    mut interruption: Interruption,
    tell: impl Fn(Report) -> T,
) {
    let mut round = 0_u32;
    while count.is_none_or(|count| round < count) && !interruption.happened() {
        let begun = Instant::now();
        let report = {
            let Ok(_place) = places.acquire().await else { return };
            let mut cancel = interruption.clone();
            probe.run_until(cancel.first()).await
        };
        // A round that was cut off says nothing, unless there is no other.
        if report.exit_code() == exit::INTERRUPTED && round > 0 {
            return;
        }
        let over = rounds::is_rejected(&report);
        if !tell(report).await || over {
            return;
        }
        round = round.saturating_add(1);
        if count.is_none_or(|count| round < count) {
            tokio::select! {
                () = sleep_until(begun + interval) => {}
                () = interruption.first() => {}
            }
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

/// Of one target its own; of several 0 where each is, and 1 goes before the rest.
fn code(all: &[Statistics], panicked: bool, interrupted: bool) -> u8 {
    if panicked {
        return exit::INTERNAL;
    }
    if interrupted {
        return exit::INTERRUPTED;
    }
    let codes: Vec<u8> = all.iter().map(Statistics::exit_code).collect();
    match codes.as_slice() {
        [only] => *only,
        codes if codes.iter().all(|code| *code == 0) => 0,
        codes if codes.contains(&exit::UNEXPECTED) => exit::UNEXPECTED,
        _ => exit::SOME_FAILED,
    }
}
