//! What asks the program to end: each signal that does so by default, and keys. What is known by then is written.
use tokio::sync::watch;

/// Whether the program was asked to end, and how often.
#[derive(Clone, Debug)]
pub(crate) struct Interruption(watch::Receiver<u32>);

impl Interruption {
    /// Listens from now on. Needs to be called within a runtime.
    pub(crate) fn listen() -> Self {
        let (asked, interruption) = watch::channel(0_u32);
        for mut signal in Signal::all() {
            let asked = asked.clone();
            tokio::spawn(async move {
                while signal.next().await {
                    signal.note();
                    asked.send_modify(|times| *times = times.saturating_add(1));
                }
            });
        }
        // Without a signal that can be listened for there is no interruption, and the channel has to stay open.
        tokio::spawn(async move { asked.closed().await });
        Self(interruption)
    }

    /// Whether it was asked to.
    pub(crate) fn happened(&self) -> bool {
        *self.0.borrow() > 0
    }

    /// Ready when it is asked to.
    pub(crate) async fn first(&mut self) {
        self.asked(1).await;
    }

    /// Ready when it is asked to once more: whoever does so has no patience left.
    pub(crate) async fn second(&mut self) {
        self.asked(2).await;
    }

    async fn asked(&mut self, times: u32) {
        if self.0.wait_for(|asked| *asked >= times).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Whether the key that interrupts was pressed, or whatever sent its signal.
#[cfg(unix)]
static INTERRUPTED: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

/// Ends the program by the signal that interrupted it, when that has done all that it had to: a shell ends its loop only where a program died
/// of it.
pub(crate) fn raise_again() {
    #[cfg(unix)]
    if INTERRUPTED.load(std::sync::atomic::Ordering::Relaxed) {
        // Where it cannot be raised, the exit code says what has happened.
        _ = signal_hook::low_level::emulate_default_handler(signal_hook::consts::SIGINT);
    }
}

#[cfg(unix)]
struct Signal {
    signal: tokio::signal::unix::Signal,
    is_interrupt: bool,
}

#[cfg(unix)]
impl Signal {
    fn all() -> Vec<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let kinds = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()];
        // Whoever started the program with one of them ignored means that it goes on.
        let kinds = kinds.into_iter().filter(|kind| !is_ignored(kind.as_raw_value()));
        let listening = |kind: SignalKind| {
            let is_interrupt = kind == SignalKind::interrupt();
            signal(kind).ok().map(|signal| Self { signal, is_interrupt })
        };
        kinds.filter_map(listening).collect()
    }

    async fn next(&mut self) -> bool {
        self.signal.recv().await.is_some()
    }

    fn note(&self) {
        if self.is_interrupt {
            INTERRUPTED.store(true, std::sync::atomic::Ordering::Relaxed);
        }
    }
}

/// `nohup` starts a program so with SIGHUP, and a shell what it runs in the background of a script with SIGINT.
#[cfg(unix)]
fn is_ignored(signal: std::ffi::c_int) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    // Number 1 has the lowest bit.
    let bit = u32::try_from(signal).ok().and_then(|signal| 1_u64.checked_shl(signal.saturating_sub(1)));
    bit.is_some_and(|bit| mask & bit != 0)
}

#[cfg(windows)]
enum Signal {
    Key(tokio::signal::windows::CtrlC),
    Break(tokio::signal::windows::CtrlBreak),
    Close(tokio::signal::windows::CtrlClose),
    Shutdown(tokio::signal::windows::CtrlShutdown),
}

#[cfg(windows)]
impl Signal {
    fn all() -> Vec<Self> {
        use tokio::signal::windows::{ctrl_break, ctrl_c, ctrl_close, ctrl_shutdown};
        let all = [
            ctrl_c().map(Self::Key),
            ctrl_break().map(Self::Break),
            ctrl_close().map(Self::Close),
            ctrl_shutdown().map(Self::Shutdown),
        ];
        all.into_iter().filter_map(Result::ok).collect()
    }

    async fn next(&mut self) -> bool {
        match self {
            Self::Key(signal) => signal.recv().await.is_some(),
            Self::Break(signal) => signal.recv().await.is_some(),
            Self::Close(signal) => signal.recv().await.is_some(),
            Self::Shutdown(signal) => signal.recv().await.is_some(),
        }
    }

    #[expect(clippy::unused_self, reason = "there are no signals to raise")]
    const fn note(&self) {}
}
