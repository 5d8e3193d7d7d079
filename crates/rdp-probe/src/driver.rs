//! The driver: does what the run wants, and reports what it saw. It decides nothing.
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use rdp_probe_core::{
    Address, Close, DialFault, DialFaultKind, Event, Evidence, Framing, Limit, Plan, Run, Stage, TlsFaultKind,
    Wants,
};
use tokio::io::AsyncWriteExt as _;
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use crate::close::close_of;
use crate::framer::{Found, Framer};
use crate::network::{self, Network, Transport};
use crate::progress::Progress;
use crate::tls::{Handshake, TlsPolicy};

/// One run of one probe.
pub(crate) struct Driver {
    pub(crate) network: Option<Arc<dyn Network>>,
    pub(crate) pinned: Option<Vec<Address>>,
    pub(crate) tls: TlsPolicy,
    pub(crate) watcher: Option<UnboundedSender<Progress>>,
}

/// How long a farewell may take to go out: it does not wait for anybody.
const FAREWELL: Duration = Duration::from_millis(100);

/// Why a wait ended before what was waited for.
enum Cut {
    Limit(Limit),
    Cancelled,
}

/// What one want needs to know of the time.
struct Clock<F> {
    began: Instant,
    cancelled: bool,
    cancel: F,
}

impl<F: Future<Output = ()> + Unpin> Clock<F> {
    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// Waits for `future` until the limit, or until the caller ends the run.
    async fn until<T>(&mut self, limit: Limit, future: impl Future<Output = T>) -> Result<T, Cut> {
        if self.cancelled {
            return Err(Cut::Cancelled);
        }
        let end = self.began.checked_add(limit.end).unwrap_or(self.began);
        let cancel = &mut self.cancel;
        let either = async {
            let mut future = pin!(future);
            std::future::poll_fn(|cx| {
                if let std::task::Poll::Ready(value) = future.as_mut().poll(cx) {
                    return std::task::Poll::Ready(Some(value));
                }
                std::pin::Pin::new(&mut *cancel).poll(cx).map(|()| None)
            })
            .await
        };
        match timeout_at(end, either).await {
            Ok(Some(value)) => Ok(value),
            Ok(None) => {
                self.cancelled = true;
                Err(Cut::Cancelled)
            }
            Err(_) => Err(Cut::Limit(limit)),
        }
    }
}

impl Driver {
    /// Carries out the plan. The time begins now; `cancel` ends it early.
    pub(crate) async fn run(&self, plan: Plan, cancel: impl Future<Output = ()>) -> Evidence {
        let mut clock = Clock { began: Instant::now(), cancelled: false, cancel: pin!(cancel) };
        let mut run = Run::new(plan);
        let mut begins = Duration::ZERO;
        while let Some(attempt) = run.next() {
            if clock.cancelled && !run.evidence().attempts.is_empty() {
                break;
            }
            // Politeness has the run's deadline too: what does not fit into it is not asked.
            if !attempt.pause.is_zero() {
                let limit = run.limit();
                if clock.until(limit, sleep(attempt.pause)).await.is_err() {
                    break;
                }
                begins = clock.now();
            }
            self.tell(Progress::Attempt { purpose: attempt.purpose });
            run.start(&attempt, begins);
            self.attempt(&mut run, &mut clock).await;
            begins = clock.now();
        }
        run.into_evidence()
    }

    async fn attempt<F: Future<Output = ()> + Unpin>(&self, run: &mut Run, clock: &mut Clock<F>) {
        let mut transport: Option<Transport> = None;
        let mut peer = None;
        let mut framer = Framer::default();
        let mut told = None;
        while let Some(wants) = run.wants() {
            self.tell_stage(run, &mut told);
            let limit = run.limit();
            match wants {
                Wants::Resolve { name, port } => {
                    let answer = clock.until(limit, self.resolve(name, port)).await;
                    run.on(Event::Resolved(answer.unwrap_or_else(|cut| Err(dial_fault(cut)))), clock.now());
                }
                Wants::Dial { address, share } => {
                    let dialed_at = clock.now();
                    let share = sooner(limit, dialed_at, share);
                    let dialed = match clock.until(share, self.dial(address)).await {
                        Ok(Ok(stream)) => {
                            let link = stream.link(address);
                            peer = Some(address);
                            transport = Some(stream);
                            Ok(link)
                        }
                        // The kernel's own patience ended before ours.
                        Ok(Err(DialFault { kind: DialFaultKind::TimedOut { .. }, os })) => {
                            let limit = clock.now().saturating_sub(dialed_at);
                            Err(DialFault { kind: DialFaultKind::TimedOut { limit, overall: false }, os })
                        }
                        Ok(Err(fault)) => Err(fault),
                        Err(cut) => Err(dial_fault(cut)),
                    };
                    run.on(Event::Dialed(dialed), clock.now());
                }
                Wants::Tls { host } => {
                    let answer = match (transport.take(), peer) {
                        (Some(stream), Some(peer)) => {
                            let handshake = Handshake::new();
                            let shaking = handshake.run(stream, host, peer.ip(), &self.tls);
                            match clock.until(limit, shaking).await {
                                Ok(answer) => answer,
                                Err(cut) => Err(handshake.fault(TlsFaultKind::Closed(close(cut)))),
                            }
                        }
                        _ => Err(Handshake::new().fault(TlsFaultKind::Local)),
                    };
                    let answer = answer.map(|(stream, session)| {
                        transport = Some(stream);
                        session
                    });
                    run.on(Event::Tls(answer), clock.now());
                }
                Wants::Pdu(framing) => {
                    let octets = run.take_octets();
                    let found = match &mut transport {
                        Some(stream) => {
                            clock.until(limit, exchange(stream, &octets, &mut framer, framing)).await
                        }
                        None => Ok(Found::Closed(Close::Broken { os: None })),
                    };
                    let at = clock.now();
                    let held = framer.held();
                    run.on(
                        match found {
                            Ok(Found::Pdu(len)) => Event::Pdu(held.get(..len).unwrap_or(held)),
                            Ok(Found::Stray) => Event::Stray(held),
                            Ok(Found::Closed(how)) => Event::Closed { how, partial: held },
                            Err(cut) => Event::Closed { how: close(cut), partial: held },
                        },
                        at,
                    );
                }
                // A want that this driver does not know is a defect, which the report then shows.
                _ => run.on(Event::Stray(&[]), clock.now()),
            }
        }
        self.tell_stage(run, &mut told);
        if let Some(stream) = transport {
            _ = timeout(FAREWELL, farewell(stream, run.take_octets())).await;
        }
    }

    async fn resolve(&self, name: &str, port: u16) -> Result<Vec<Address>, DialFault> {
        match (&self.pinned, &self.network) {
            (Some(addresses), _) => Ok(addresses.clone()),
            (None, Some(network)) => network.resolve(name, port).await,
            (None, None) => network::resolve(name, port).await,
        }
    }

    async fn dial(&self, address: Address) -> Result<Transport, DialFault> {
        match &self.network {
            Some(network) => network.dial(address).await.map(Transport::Custom),
            None => network::dial(address).await.map(Transport::Tcp),
        }
    }

    fn tell(&self, progress: Progress) {
        if let Some(watcher) = &self.watcher {
            // Nobody may be watching any more, which is no error.
            _ = watcher.send(progress);
        }
    }

    /// Tells of the stages that ended and began since the last time.
    fn tell_stage(&self, run: &Run, told: &mut Option<Stage>) {
        if self.watcher.is_none() || run.stage() == *told {
            return;
        }
        let records =
            run.evidence().attempts.last().map(|attempt| attempt.stages.as_slice()).unwrap_or_default();
        if let Some(record) = records.iter().find(|record| Some(record.stage) == *told) {
            let (stage, outcome, duration) =
                (record.stage, record.outcome, record.duration.unwrap_or_default());
            self.tell(Progress::Ended { stage, outcome, duration });
        }
        if let Some(record) = records.iter().find(|record| Some(record.stage) == run.stage()) {
            self.tell(Progress::Began { stage: record.stage, at: record.started.unwrap_or_default() });
        }
        *told = run.stage();
    }
}

/// Sends what is to be sent, then waits for one PDU. What the peer said before it hung up is read even when the write
/// fails: that is often the reason.
async fn exchange(stream: &mut Transport, octets: &[u8], framer: &mut Framer, framing: Framing) -> Found {
    let written = if octets.is_empty() { Ok(()) } else { stream.write_all(octets).await };
    stream.about_to_read();
    let end = stream.end();
    match (framer.next(stream, framing, end).await, written) {
        (Found::Closed(Close::Fin), Err(error)) if framer.held().is_empty() => Found::Closed(close_of(&error)),
        (found, _) => found,
    }
}

/// Says goodbye, where the protocol has a way to, and the peer is there to hear it; its answer is not waited for.
async fn farewell(mut stream: Transport, octets: Vec<u8>) -> std::io::Result<()> {
    if !octets.is_empty() {
        stream.write_all(&octets).await?;
    }
    // Inside TLS the end is announced.
    if matches!(stream, Transport::Tls(_)) { stream.shutdown().await } else { Ok(()) }
}

/// The share of one address, when it ends before the stage does.
fn sooner(limit: Limit, now: Duration, share: Duration) -> Limit {
    let end = now.saturating_add(share);
    if end < limit.end { Limit { end, limit: share, overall: false } } else { limit }
}

const fn dial_fault(cut: Cut) -> DialFault {
    DialFault::new(match cut {
        Cut::Limit(Limit { limit, overall, .. }) => DialFaultKind::TimedOut { limit, overall },
        Cut::Cancelled => DialFaultKind::Cancelled,
    })
}

const fn close(cut: Cut) -> Close {
    match cut {
        Cut::Limit(Limit { limit, overall, .. }) => Close::TimedOut { limit, overall },
        Cut::Cancelled => Close::Cancelled,
    }
}
