//! Where the reports go. Each output has a thread of its own: how fast somebody reads has no say in how a host is probed.
use std::io;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rdp_probe::{Report, Statistics};
use tokio::sync::Notify;
use tokio::time::sleep;

use crate::exit::{Finished, OutputFailure};
use crate::format::{Format, OutputSpec};
use crate::options::Options;
use crate::signals::Interruption;
use crate::sink::Sink;
use crate::threads;

/// How many reports may wait to be written before no new target is begun: as many as this, or as this share of the targets that are
/// probed at a time, many of which may end at once. It is this that bounds them: whoever reads slowly is waited for.
const ROOM: usize = 8;
const SHARE: usize = 4;
/// And never more than this.
const MOST: usize = 1024;
/// After an interruption: how long nothing has to move before the reader is held to be asleep.
const ASLEEP: Duration = Duration::from_millis(400);

/// All outputs of one run. One that fails is given up, and the others go on.
pub(crate) struct Outputs {
    writers: Vec<Writer>,
    /// Reports that leave together: to wake a writer for each of many costs more than to write it.
    leaving: Vec<Report>,
    shared: Arc<Shared>,
}

enum Writer {
    Aside(Sender<Arc<Waiting>>),
    /// Where no thread can be had; `None` after it failed.
    Here(Box<Option<Sink>>),
}

/// How much of a report it is.
#[derive(Clone, Copy)]
enum Piece {
    /// What is known when the main path has ended.
    Beginning,
    Whole,
}

/// Whether nothing is on its way, for whoever would write to the same terminal.
#[derive(Clone)]
pub(crate) struct Idle(Arc<Shared>);

/// Reports on their way. They count until every output has written them.
struct Waiting {
    piece: Piece,
    reports: Vec<Report>,
    /// What many rounds came to, where they are over.
    sum: Vec<Statistics>,
    shared: Arc<Shared>,
}

/// What the writers tell.
#[derive(Default)]
struct Shared {
    /// How many reports are on their way.
    waiting: AtomicUsize,
    /// What has been written so far.
    octets: Arc<AtomicU64>,
    /// How many outputs there are that have not failed.
    living: AtomicUsize,
    /// How many threads have not ended.
    busy: AtomicUsize,
    panicked: AtomicBool,
    /// What the run ends with, once nothing more comes.
    code: AtomicU8,
    failures: Mutex<Vec<OutputFailure>>,
    moved: Notify,
}

impl Outputs {
    /// Opens the outputs before anything is probed: a report that cannot be written is no reason to bother a host. `single` when
    /// there is one report, which stands for itself. May block, where a pipe has no reader yet.
    pub(crate) fn open(options: &Options, single: bool) -> Result<Self, OutputFailure> {
        let human = [OutputSpec { format: Format::Human, file: None }];
        let specs = if options.outputs.is_empty() { &human[..] } else { &options.outputs };
        let shared = Arc::new(Shared::default());
        let mut sinks = Vec::new();
        for spec in specs {
            sinks.extend(Sink::open(spec, options, single, &shared.octets)?);
        }
        shared.living.store(sinks.len(), Ordering::Relaxed);
        let writers = sinks.into_iter().map(|sink| Writer::start(sink, &shared)).collect();
        Ok(Self { writers, leaving: Vec::new(), shared })
    }

    /// Hands over what is known of one when its main path has ended, for people. The report follows.
    pub(crate) fn begin(&mut self, report: Report) {
        self.leave();
        self.hand_over(Piece::Beginning, vec![report], Vec::new());
    }

    /// Takes one report, which [`Outputs::leave`] hands over.
    pub(crate) fn write(&mut self, report: Report) {
        self.leaving.push(report);
    }

    /// Hands over what many rounds came to.
    pub(crate) fn sum(&mut self, sum: Vec<Statistics>) {
        self.leave();
        self.hand_over(Piece::Whole, Vec::new(), sum);
    }

    /// Whether reports have been taken that are not handed over.
    pub(crate) const fn is_to_leave(&self) -> bool {
        !self.leaving.is_empty()
    }

    /// Hands over what was taken. Returns before it is written.
    pub(crate) fn leave(&mut self) {
        if self.is_to_leave() {
            let reports = std::mem::take(&mut self.leaving);
            self.hand_over(Piece::Whole, reports, Vec::new());
        }
    }

    fn hand_over(&mut self, piece: Piece, reports: Vec<Report>, sum: Vec<Statistics>) {
        self.shared.waiting.fetch_add(reports.len(), Ordering::Relaxed);
        let waiting = Arc::new(Waiting { piece, reports, sum, shared: Arc::clone(&self.shared) });
        for writer in &mut self.writers {
            match writer {
                // One that failed takes nothing any more.
                Writer::Aside(queue) => _ = queue.send(Arc::clone(&waiting)),
                Writer::Here(place) => {
                    if let Some(mut sink) = place.take() {
                        match waiting.put(&mut sink).and_then(|()| sink.flush()) {
                            Ok(()) => **place = Some(sink),
                            Err(error) => self.shared.failed(OutputFailure { place: sink.name(), error }),
                        }
                    }
                }
            }
        }
    }

    /// Whether there is room for one more report, where so many targets are probed at a time.
    pub(crate) fn has_room(&self, at_a_time: usize) -> bool {
        self.shared.waiting.load(Ordering::Relaxed) + self.leaving.len() < (at_a_time / SHARE).clamp(ROOM, MOST)
    }

    /// Ready when there is room for one more report, nobody reads, or nobody has the patience to wait for it.
    pub(crate) async fn room(&mut self, interruption: &mut Interruption) {
        while !self.has_room(1) && !interruption.happened() && !self.all_failed() {
            self.leave();
            tokio::select! {
                () = self.moved() => {}
                () = interruption.first() => {}
            }
        }
    }

    /// Whether nothing is on its way.
    pub(crate) fn is_idle(&self) -> bool {
        !self.is_to_leave() && self.idle().is_so()
    }

    /// The same, for others.
    pub(crate) fn idle(&self) -> Idle {
        Idle(Arc::clone(&self.shared))
    }

    /// Ready when a report was written, or an output failed, since this was ready last.
    pub(crate) async fn moved(&self) {
        self.shared.moved.notified().await;
    }

    /// Whether every output has failed: nobody is left who would read what is found.
    pub(crate) fn all_failed(&self) -> bool {
        self.shared.living.load(Ordering::Relaxed) == 0 && !self.shared.failures().is_empty()
    }

    /// Ends every output, the run with this exit code, and tells which have failed. After an interruption a reader that sleeps is not waited for.
    pub(crate) async fn finish(mut self, code: u8, interruption: &mut Interruption) -> Finished {
        self.leave();
        self.shared.code.store(code, Ordering::Relaxed);
        let Self { writers, shared, .. } = self;
        for writer in writers {
            match writer {
                Writer::Aside(queue) => drop(queue),
                Writer::Here(sink) => {
                    if let Some(sink) = *sink {
                        shared.end(sink);
                    }
                }
            }
        }
        let mut abandoned = false;
        while shared.busy.load(Ordering::Acquire) > 0 && !abandoned {
            if interruption.happened() {
                abandoned = shared.is_asleep(interruption).await;
            } else {
                tokio::select! {
                    () = shared.moved.notified() => {}
                    () = interruption.first() => {}
                }
            }
        }
        let failures = std::mem::take(&mut *shared.failures());
        Finished { failures, abandoned, panicked: shared.panicked.load(Ordering::Relaxed) }
    }
}

impl Idle {
    pub(crate) fn is_so(&self) -> bool {
        self.0.waiting.load(Ordering::Relaxed) == 0
    }
}

impl Waiting {
    fn put(&self, sink: &mut Sink) -> io::Result<()> {
        for report in &self.reports {
            match self.piece {
                Piece::Beginning => sink.begin(report),
                Piece::Whole => sink.write(report),
            }
            sink.relieve()?;
        }
        if !self.sum.is_empty() {
            sink.sum(&self.sum);
        }
        Ok(())
    }
}

impl Writer {
    fn start(sink: Sink, shared: &Arc<Shared>) -> Self {
        let (queue, reports) = channel();
        shared.busy.fetch_add(1, Ordering::Relaxed);
        let busy = Busy(Arc::clone(shared));
        match threads::spawn("output", sink, move |sink| busy.0.write_all(sink, &reports)) {
            Ok(()) => Self::Aside(queue),
            Err(sink) => Self::Here(Box::new(Some(sink))),
        }
    }
}

/// A thread that has not ended, be it by a panic.
struct Busy(Arc<Shared>);

impl Drop for Busy {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.panicked.store(true, Ordering::Relaxed);
        }
        self.0.busy.fetch_sub(1, Ordering::Release);
        self.0.moved.notify_one();
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        self.shared.waiting.fetch_sub(self.reports.len(), Ordering::Relaxed);
        self.shared.moved.notify_one();
    }
}

impl Shared {
    fn failures(&self) -> MutexGuard<'_, Vec<OutputFailure>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failed(&self, failure: OutputFailure) {
        self.failures().push(failure);
        self.living.fetch_sub(1, Ordering::Relaxed);
        self.moved.notify_one();
    }

    /// What the thread of one output does.
    fn write_all(&self, mut sink: Sink, reports: &Receiver<Arc<Waiting>>) {
        while let Ok(first) = reports.recv() {
            // What has come behind it is written with it.
            let together: Vec<_> = std::iter::once(first).chain(reports.try_iter().take(ROOM)).collect();
            let put = together.iter().try_for_each(|waiting| waiting.put(&mut sink));
            if let Err(error) = put.and_then(|()| sink.flush()) {
                return self.failed(OutputFailure { place: sink.name(), error });
            }
        }
        self.end(sink);
    }

    fn end(&self, sink: Sink) {
        if let Err(failure) = sink.finish(self.code.load(Ordering::Relaxed)) {
            self.failed(failure);
        }
    }

    /// Waits for as long as something moves; whether nothing did, or nobody has the patience to wait.
    async fn is_asleep(&self, interruption: &mut Interruption) -> bool {
        let before = self.octets.load(Ordering::Relaxed);
        tokio::select! {
            () = self.moved.notified() => false,
            () = sleep(ASLEEP) => self.octets.load(Ordering::Relaxed) == before,
            () = interruption.second() => true,
        }
    }
}
