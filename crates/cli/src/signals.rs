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

#[cfg(unix)]
struct Signal(tokio::signal::unix::Signal);

#[cfg(unix)]
impl Signal {
    fn all() -> Vec<Self> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        if !hangup_is_ignored() {
            kinds.push(SignalKind::hangup());
        }
        kinds.into_iter().filter_map(|kind| signal(kind).ok()).map(Self).collect()
    }

    async fn next(&mut self) -> bool {
        self.0.recv().await.is_some()
    }
}

/// `nohup` starts a program so, and means that it goes on when its terminal is gone.
#[cfg(unix)]
fn hangup_is_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    // SIGHUP is number 1, the lowest bit.
    mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
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
}
