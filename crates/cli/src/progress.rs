//! The line on standard error that says what is being waited for. On a terminal only.
use std::io::IsTerminal as _;
use std::time::Duration;

use rdp_probe::{Events, Evidence, Progress, Stage};

use crate::columns;
use crate::options::Options;
use crate::outputs::Idle;
use crate::stderr;
use crate::tally::Tally;

/// Whether progress is shown at all.
pub(crate) fn wanted(options: &Options) -> bool {
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    !options.no_progress && !options.quiet && !dumb && std::io::stderr().is_terminal()
}

/// Follows one probe until it has ended: shows what it waits for, where that is wanted, and hands over what is known when its main path
/// has ended.
pub(crate) async fn one(
    mut events: Events,
    target: String,
    wanted: bool,
    idle: Idle,
    mut known: impl FnMut(Evidence),
) {
    let mut waiting: Option<(Stage, tokio::time::Instant)> = None;
    let mut tick = tokio::time::interval(Duration::from_millis(100));
    let mut line = Line::default();
    loop {
        tokio::select! {
            event = events.next() => match event {
                Some(Progress::Began { stage, .. }) => waiting = Some((stage, tokio::time::Instant::now())),
                Some(Progress::PathEnded { evidence }) => {
                    line.clear();
                    known(*evidence);
                }
                Some(_) => {}
                None => return,
            },
            _ = tick.tick(), if wanted => {
                if let Some((stage, since)) = waiting {
                    let seconds = since.elapsed().as_secs_f32();
                    // What is over at once is not worth a flicker.
                    if seconds >= 0.2 && idle.is_so() {
                        let person = seconds >= LONG && stage.may_wait_for_a_person();
                        let hint = if person { ", the logon may have to be approved" } else { "" };
                        line.show(&fitted(&target, &format!("{stage} ... {seconds:.1} s"), hint, room()));
                    }
                }
            }
        }
    }
}

/// From when on a stage waits for long, in seconds.
const LONG: f32 = 2.0;

/// What is waited for, in so many columns: where there is no room the hint goes first, then the end of the target's name, and what is
/// waited for and how long stays.
fn fitted(target: &str, waits: &str, hint: &str, columns: usize) -> String {
    let target = rdp_probe::escape(target);
    let width = |text: &str| text.chars().count();
    let room = columns.saturating_sub(width(waits) + 2);
    let hint = if room >= width(&target) + width(hint) { hint } else { "" };
    if room >= width(&target) {
        return format!("{target}: {waits}{hint}");
    }
    let short: String = target.chars().take(room.saturating_sub(CUT.len())).collect();
    if short.is_empty() { waits.to_owned() } else { format!("{short}{CUT}: {waits}") }
}

/// How far many targets have come.
pub(crate) fn many(tally: &Tally, total: Option<usize>, since: Duration) -> String {
    of_many(tally.done, tally.failed, &tally.commonest(2), total, since, room())
}

/// The same, in so many columns: whole parts of it, as many as there is room for.
fn of_many(
    done: usize,
    failed: usize,
    commonest: &[(&str, usize)],
    total: Option<usize>,
    since: Duration,
    columns: usize,
) -> String {
    let of = total.map(|total| format!(" of {total}")).unwrap_or_default();
    let mut parts = vec![format!("{done}{of} done"), format!("{failed} failed")];
    let number = |count: usize| u32::try_from(count).map_or_else(|_| f64::from(u32::MAX), f64::from);
    // Before that a rate says nothing.
    if since >= Duration::from_secs(1) && done > 0 {
        let rate = number(done) / since.as_secs_f64();
        parts.push(if rate < 10.0 { format!("{rate:.1}/s") } else { format!("{rate:.0}/s") });
        if let Some(left) = total.map(|total| total.saturating_sub(done)).filter(|left| *left > 0) {
            parts.push(format!("{} left", time(number(left) / rate)));
        }
    }
    parts.extend(commonest.iter().map(|(rule, count)| format!("{rule} {count}")));
    let mut line = String::new();
    for part in parts {
        let gap = if line.is_empty() { "" } else { ", " };
        if !line.is_empty() && line.chars().count() + gap.len() + part.chars().count() > columns {
            break;
        }
        line = line + gap + &part;
    }
    line
}

/// A time that is only guessed.
fn time(seconds: f64) -> String {
    let (minutes, hours) = (seconds / 60.0, seconds / 3600.0);
    if hours >= 1.5 {
        format!("{hours:.0} h")
    } else if minutes >= 1.5 {
        format!("{minutes:.0} min")
    } else {
        format!("{seconds:.0} s")
    }
}

/// What stands for the end of a name.
const CUT: &str = "...";

/// How many columns a line may have on the terminal that standard error is, without the last one: there some begin a new line.
fn room() -> usize {
    columns::of_stderr().unwrap_or(80).saturating_sub(1).max(1)
}

/// A line that is written again and again, and gone when this is dropped.
#[derive(Default)]
pub(crate) struct Line {
    shown: bool,
}

impl Line {
    pub(crate) fn show(&mut self, text: &str) {
        let text: String = rdp_probe::escape(text).chars().take(room()).collect();
        // Progress that cannot be shown is no failure.
        stderr::write_soon(format!("\r\x1b[K{text}"));
        self.shown = true;
    }

    pub(crate) fn clear(&mut self) {
        if std::mem::take(&mut self.shown) {
            // What is written next may be a report on the same terminal.
            stderr::write("\r\x1b[K".into());
        }
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_of_many_has_as_many_parts_as_fit() {
        let rules = [("tcp-refused", 30), ("tcp-timed-out", 10)];
        let of =
            |total, seconds, columns| of_many(1200, 40, &rules, total, Duration::from_secs(seconds), columns);
        assert_eq!(of(Some(5000), 10, 79), "1200 of 5000 done, 40 failed, 120/s, 32 s left, tcp-refused 30");
        assert_eq!(of(Some(5000), 600, 79), "1200 of 5000 done, 40 failed, 2.0/s, 32 min left, tcp-refused 30");
        assert_eq!(
            of(Some(1200), 6, 90),
            "1200 of 1200 done, 40 failed, 200/s, tcp-refused 30, tcp-timed-out 10"
        );
        assert_eq!(of(None, 6, 79), "1200 done, 40 failed, 200/s, tcp-refused 30, tcp-timed-out 10");
        assert_eq!(of(Some(5000), 0, 39), "1200 of 5000 done, 40 failed");
        assert_eq!(of(Some(5_000_000), 600, 60), "1200 of 5000000 done, 40 failed, 2.0/s, 694 h left");
        for columns in 18..100 {
            assert!(of(Some(5000), 10, columns).chars().count() <= columns);
        }
    }

    #[test]
    fn a_line_of_progress_fits_any_width_and_keeps_stage_and_seconds() {
        let of = |columns| fitted("srv1.a-long-name.lab.test:3389", "tls ... 1.2 s", ", hint", columns);
        assert_eq!(of(79), "srv1.a-long-name.lab.test:3389: tls ... 1.2 s, hint");
        assert_eq!(of(45), "srv1.a-long-name.lab.test:3389: tls ... 1.2 s");
        assert_eq!(of(39), "srv1.a-long-name.lab....: tls ... 1.2 s");
        assert_eq!(of(18), "tls ... 1.2 s");
        assert_eq!(of(19), "s...: tls ... 1.2 s");
        for columns in 13..60 {
            let text = of(columns);
            assert!(text.chars().count() <= columns && text.contains("tls ... 1.2 s"), "{columns}: {text}");
        }
    }
}
