//! Standard error, which nothing waits for: a terminal that was stopped, or a pipe that nobody reads, keeps no probe waiting.
use std::io::{self, Write as _};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use crate::threads;

/// As many texts may wait; what is more than that, nobody is there to read.
const ROOM: usize = 64;
/// How long it may take to write before nobody waits for it any more.
const PATIENCE: Duration = Duration::from_secs(1);

/// A text, and whom to tell when it is written.
struct Text {
    octets: Vec<u8>,
    written: SyncSender<()>,
}

/// Whether somebody waited in vain.
static STUCK: AtomicBool = AtomicBool::new(false);

/// The way to the thread that writes; `None` where there is none.
static QUEUE: OnceLock<Option<SyncSender<Text>>> = OnceLock::new();

fn queue() -> Option<&'static SyncSender<Text>> {
    let made = QUEUE.get_or_init(|| {
        let (queue, texts) = sync_channel::<Text>(ROOM);
        threads::spawn("stderr", texts, |texts| {
            for Text { octets, written } in texts {
                put(&octets);
                // Who waited may have gone on.
                _ = written.try_send(());
            }
        })
        .ok()
        .map(|_| queue)
    });
    made.as_ref()
}

/// Where nobody can be told, the run goes on all the same.
fn put(octets: &[u8]) {
    let mut stderr = io::stderr().lock();
    _ = stderr.write_all(octets);
    _ = stderr.flush();
}

/// Hands a text over; who receives is told when it is written.
fn hand_over(text: String) -> Option<Receiver<()>> {
    let Some(queue) = queue() else {
        put(text.as_bytes());
        return None;
    };
    let (written, wait) = sync_channel(1);
    queue.try_send(Text { octets: text.into_bytes(), written }).ok().map(|()| wait)
}

/// Writes it, and returns when it is written, or when that takes too long.
pub(crate) fn write(text: String) {
    if let Some(wait) = hand_over(text)
        && !STUCK.load(Ordering::Relaxed)
        && wait.recv_timeout(PATIENCE).is_err()
    {
        STUCK.store(true, Ordering::Relaxed);
    }
}

/// Returns when all that was handed over is written, or when that takes too long: the end of the program would lose it.
pub(crate) fn drain() {
    if QUEUE.get().is_some_and(Option::is_some) {
        write(String::new());
    }
}

/// Writes it some time soon.
pub(crate) fn write_soon(text: String) {
    _ = hand_over(text);
}
