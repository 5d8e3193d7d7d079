//! The line on standard error that says what is being waited for. On a terminal only.
use std::io::IsTerminal as _;
use std::time::Duration;

use rdp_probe::{Events, Evidence, Progress, Stage};

use crate::columns;
use crate::options::Options;
use crate::outputs::Idle;
use crate::stderr;

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
