//! The line on standard error that says what is being waited for. On a terminal only.
use std::io::IsTerminal as _;
use std::time::Duration;

use rdp_probe::{Events, Evidence, Progress, Stage};

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
                        line.show(&format!("{target}: {stage} ... {seconds:.1} s{hint}"));
                    }
                }
            }
        }
    }
}

/// From when on a stage waits for long, in seconds.
const LONG: f32 = 2.0;

/// A line that is written again and again, and gone when this is dropped.
#[derive(Default)]
pub(crate) struct Line {
    shown: bool,
}

impl Line {
    pub(crate) fn show(&mut self, text: &str) {
        let text: String = rdp_probe::escape(text).chars().take(79).collect();
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
