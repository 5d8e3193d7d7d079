//! `--from-report`: reports that were written before, diagnosed again.
use std::path::Path;
use std::sync::Arc;

use crate::exit::{self, Ended, say};
use crate::expecting::Expecting;
use crate::options::Options;
use crate::outputs::Outputs;
use crate::reports::{Stored, stored};
use crate::signals::Interruption;
use crate::tally::Tally;
use crate::threads::aside;

/// Reads the reports, and writes them as they would be written today.
pub(crate) async fn run(options: Arc<Options>, file: &Path) -> Ended {
    let mut interruption = Interruption::listen();
    let (path, theirs) = (file.to_owned(), Arc::clone(&options));
    let stored = tokio::select! {
        stored = aside("reports", move || Ok((Expecting::of(&theirs)?, stored(&path)?))) => stored,
        () = interruption.first() => return Ended::of(exit::INTERRUPTED),
    };
    let (expecting, Stored { reports, single }) = match stored {
        Some(Ok(stored)) => stored,
        Some(Err(message)) => return Ended::usage(message),
        None => return Ended::of(exit::INTERNAL),
    };
    let opened = tokio::select! {
        opened = aside("outputs", move || Outputs::open(&options, single)) => opened,
        () = interruption.first() => return Ended::of(exit::INTERRUPTED),
    };
    let mut outputs = match opened {
        Some(Ok(outputs)) => outputs,
        Some(Err(failure)) => return Ended::output(failure),
        None => return Ended::of(exit::INTERNAL),
    };
    let mut tally = Tally::default();
    let mut cut_short = false;
    for report in reports {
        outputs.room(&mut interruption).await;
        cut_short = interruption.happened();
        if outputs.all_failed() || cut_short {
            break;
        }
        let report = expecting.check(report);
        tally.count(&report);
        outputs.write(report);
    }
    if !cut_short {
        expecting.unmet().for_each(|line| say(&line));
    }
    let code = if cut_short { exit::INTERRUPTED } else { tally.code() };
    Ended::of(code).in_state(tally.status()).with(outputs.finish(code, &mut interruption).await)
}
