//! The driver: does what the run wants, and reports what it saw. It decides nothing.
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use rdp_probe_core::{
    Address, Close, DialFault, DialFaultKind, Event, Evidence, Leg, Limit, Plan, Purpose, Run, TlsFaultKind,
    Wants,
};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{sleep, sleep_until, timeout};

use crate::network::{self, Network};
use crate::pace::Pace;
use crate::progress::Progress;
use crate::tls::{Handshake, TlsPolicies};
use crate::trace::Spans;
use crate::transport::{Connection, Heard};
use crate::trust::trust;

/// One run of one probe.
pub(crate) struct Driver<'a> {
    pub(crate) network: Option<&'a dyn Network>,
    pub(crate) tls: &'a TlsPolicies,
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
    pace: Pace,
    cancelled: bool,
    cancel: F,
}

impl<F: Future<Output = ()> + Unpin> Clock<F> {
    fn now(&mut self) -> Duration {
        self.pace.now()
    }

    /// Reports what happened, and what was lost until then.
    fn report(&mut self, run: &mut Run, event: Event<'_>) {
        let now = self.now();
        if let Some(lost) = self.pace.take_lost() {
            run.stood_still(lost, now);
        }
        run.on(event, now);
    }

    /// Waits for `future` until the limit, or until the caller ends the run.
    async fn until<T>(&mut self, limit: Limit, future: impl Future<Output = T>) -> Result<T, Cut> {
        if self.cancelled {
            return Err(Cut::Cancelled);
        }
        _ = self.now();
        let Self { pace, cancel, .. } = self;
        let mut future = pin!(future);
        let mut look = pin!(sleep_until(pace.look_again(limit.end)));
        // Each look is one at what was waited for, too: what is there by then has come in time, however late it is.
        let ended = poll_fn(|cx| {
            if let Poll::Ready(value) = future.as_mut().poll(cx) {
                return Poll::Ready(Ok(value));
            }
            if Pin::new(&mut *cancel).poll(cx).is_ready() {
                return Poll::Ready(Err(Cut::Cancelled));
            }
            loop {
                if pace.now() >= limit.end {
                    return Poll::Ready(Err(Cut::Limit(limit)));
                }
                if look.as_mut().poll(cx).is_pending() {
                    return Poll::Pending;
                }
                look.as_mut().reset(pace.look_again(limit.end));
            }
        });
        let ended = ended.await;
        self.cancelled |= matches!(ended, Err(Cut::Cancelled));
        ended
    }
}

impl Driver<'_> {
    /// Carries out the plan. The time begins now; `cancel` ends it early.
    pub(crate) async fn run(&self, plan: Arc<Plan>, cancel: impl Future<Output = ()>) -> Evidence {
        let mut clock = Clock { pace: Pace::begin(), cancelled: false, cancel: pin!(cancel) };
        let mut run = Run::new(plan);
        let mut begins = Duration::ZERO;
        let mut told = false;
        while let Some(attempt) = run.next() {
            if clock.cancelled && !run.evidence().attempts.is_empty() {
                break;
            }
            if !told && !matches!(attempt.purpose, Purpose::Main | Purpose::Fallback) {
                told = true;
                self.tell(|| Progress::PathEnded { evidence: Box::new(run.evidence().clone()) });
            }
            // Politeness has the run's deadline too: what does not fit into it is not asked.
            if !attempt.pause.is_zero() {
                let limit = run.limit();
                if clock.until(limit, sleep(attempt.pause)).await.is_err() {
                    break;
                }
                begins = clock.now();
            }
            self.tell(|| Progress::Attempt { purpose: attempt.purpose });
            run.start(&attempt, begins);
            self.attempt(&mut run, &mut clock).await;
            begins = clock.now();
        }
        run.into_evidence()
    }

    async fn attempt<F: Future<Output = ()> + Unpin>(&self, run: &mut Run, clock: &mut Clock<F>) {
        let mut connection: Option<Connection> = None;
        let mut peer = None;
        let mut told = None;
        let mut spans = Spans::new();
        loop {
            self.tell_stage(run, &mut told);
            spans.follow(run, peer);
            let octets = run.take_octets();
            let limit = run.limit();
            let Some(wants) = run.wants() else {
                if let Some(connection) = connection {
                    _ = timeout(FAREWELL, connection.farewell(&octets)).await;
                }
                return;
            };
            if let (Some(connection), false) =
                (&mut connection, octets.is_empty() || matches!(wants, Wants::Pdu(_)))
            {
                // Where it fails, what is wanted next shows how the connection ended.
                _ = clock.until(limit, spans.within(connection.send(&octets))).await;
            }
            match wants {
                Wants::Resolve { leg } => {
                    let answer = clock.until(limit, spans.within(self.resolve(leg))).await;
                    clock.report(run, Event::Resolved(answer.unwrap_or_else(|cut| Err(dial_fault(cut)))));
                }
                Wants::Dial { address, share, segment } => {
                    let dialed_at = clock.now();
                    let share = sooner(limit, dialed_at, share);
                    let dialed = match clock.until(share, spans.within(self.dial(address, segment))).await {
                        Ok(Ok(made)) => {
                            let link = made.link(address);
                            peer = Some(address);
                            connection = Some(made);
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
                    clock.report(run, Event::Dialed(dialed));
                }
                Wants::Tls { hop, leg } => {
                    let handshake = Handshake::new();
                    let before = connection.as_ref().map_or(0, Connection::left_over);
                    let answer = match (connection.take(), peer, self.tls.of(hop)) {
                        (Some(below), Some(peer), Some(policy)) => {
                            let name = leg.asked_name();
                            let shaking = below.secure(&handshake, &name, peer.ip(), policy);
                            match clock.until(limit, spans.within(shaking)).await {
                                Ok(Ok((inside, mut session))) => {
                                    connection = Some(inside);
                                    let share = half(limit, clock.now());
                                    let looking = trust(&session.chain, &name, peer.ip(), policy);
                                    session.trust = clock.until(share, looking).await.ok().flatten();
                                    Ok(session)
                                }
                                Ok(Err(fault)) => Err(fault),
                                Err(cut) => Err(handshake.cut(close(cut))),
                            }
                        }
                        _ => Err(handshake.fault(TlsFaultKind::Local)),
                    };
                    clock.report(run, Event::Tls { before, answer });
                }
                Wants::Pdu(framing) => {
                    let Some(connection) = &mut connection else {
                        let broken = Event::Closed { how: Close::Broken { os: None }, partial: &[] };
                        clock.report(run, broken);
                        continue;
                    };
                    let exchange = connection.exchange(&octets, framing);
                    let heard = clock.until(limit, spans.within(exchange)).await;
                    let heard = heard.unwrap_or_else(|cut| Heard::Closed(close(cut)));
                    clock.report(run, connection.event(heard));
                }
                // A want that this driver does not know is a defect, which the report then shows.
                _ => clock.report(run, Event::Stray(&[])),
            }
        }
    }

    async fn resolve(&self, leg: &Leg) -> Result<Vec<Address>, DialFault> {
        if !leg.given.is_empty() {
            return Ok(leg.given.clone());
        }
        let name = leg.host.to_string();
        match self.network {
            Some(network) => network.resolve(&name, leg.port).await,
            None => network::resolve(&name, leg.port).await,
        }
    }

    async fn dial(&self, address: Address, segment: Option<u16>) -> Result<Connection, DialFault> {
        match (self.network, segment) {
            (Some(network), None) => network.dial(address).await.map(Connection::custom),
            (Some(network), Some(segment)) => {
                network.dial_small(address, segment).await.map(Connection::custom)
            }
            (None, None) => network::dial(address).await.map(Connection::dialed),
            (None, Some(segment)) => network::dial_small(address, segment).await.map(Connection::dialed),
        }
    }

    fn tell(&self, progress: impl FnOnce() -> Progress) {
        if let Some(watcher) = &self.watcher {
            // Nobody may be watching any more, which is no error.
            _ = watcher.send(progress());
        }
    }

    /// Tells of the stages that ended and began since the last time. `told` is the place of the record that was told of last.
    fn tell_stage(&self, run: &Run, told: &mut Option<usize>) {
        if self.watcher.is_none() {
            return;
        }
        let records =
            run.evidence().attempts.last().map(|attempt| attempt.stages.as_slice()).unwrap_or_default();
        let under_way = run.stage().and_then(|_| records.len().checked_sub(1));
        if under_way == *told {
            return;
        }
        if let Some(record) = told.and_then(|place| records.get(place)) {
            let (stage, outcome, duration) =
                (record.stage, record.outcome, record.duration.unwrap_or_default());
            self.tell(|| Progress::Ended { stage, outcome, duration });
        }
        if let Some(record) = under_way.and_then(|place| records.get(place)) {
            self.tell(|| Progress::Began { stage: record.stage, at: record.started.unwrap_or_default() });
        }
        *told = under_way;
    }
}

/// The share of one address, when it ends before the stage does.
fn sooner(limit: Limit, now: Duration, share: Duration) -> Limit {
    let end = now.saturating_add(share);
    if end < limit.end { Limit { end, limit: share, overall: false } } else { limit }
}

/// Half of what is left, for what this computer does by itself: a store of roots that hangs is no silence of the peer's.
fn half(limit: Limit, now: Duration) -> Limit {
    sooner(limit, now, limit.end.saturating_sub(now).checked_div(2).unwrap_or_default())
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
