//! The driver: does what the run wants, and reports what it saw. It decides nothing.
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use pin_project_lite::pin_project;
use rdp_probe_core::{
    Address, AuthAsk, AuthFault, AuthMethod, Close, DialFault, DialFaultKind, Event, Evidence, Hop, Leg, Limit,
    Plan, Run, TlsFault, TlsFaultKind, TlsSession, Wants,
};
use tokio::sync::mpsc::UnboundedSender;
use tokio::time::{Sleep, sleep, sleep_until, timeout};
use zeroize::Zeroizing;

use crate::auth::Exchange;
use crate::channel::Channel;
use crate::credentials::Credentials;
use crate::ledger::Turn;
use crate::network::{self, Network};
use crate::pace::Pace;
use crate::progress::Progress;
use crate::secret::Secret;
use crate::tls::{Handshake, TlsPolicies, TlsPolicy};
use crate::trace::Spans;
use crate::transport::{Connection, Heard, Layer, ended_by};
use crate::trust::trust;

/// One run of one probe.
pub(crate) struct Driver<'a> {
    pub(crate) network: Option<&'a dyn Network>,
    pub(crate) tls: &'a TlsPolicies,
    /// What a security context is begun with, and the turn that this is.
    pub(crate) logon: Option<(&'a Credentials, &'a Turn)>,
    /// The same for the gateway.
    pub(crate) gateway: Option<GatewayLogin<'a>>,
    pub(crate) watcher: Option<UnboundedSender<Progress>>,
}

/// What is proven to a gateway.
#[derive(Clone, Copy)]
pub(crate) enum GatewayLogin<'a> {
    /// An account, and the turn that this is.
    Account(&'a Credentials, &'a Turn),
    /// A token.
    Token(&'a Secret<String>),
}

/// How long a farewell may take to go out: it does not wait for anybody.
const FAREWELL: Duration = Duration::from_millis(100);

/// How long a gateway may take to confirm that a channel is closed.
const CLOSING: Duration = Duration::from_secs(2);

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

    /// Waits for `future` until the limit, or until the caller ends the run. It is pinned already, so that it stands once: what is waited
    /// for is most of what a probe holds.
    fn until<W: Future + Unpin>(&mut self, limit: Limit, future: W) -> Until<'_, F, W> {
        _ = self.now();
        let look = sleep_until(self.pace.look_again(limit.end));
        Until { clock: self, future, limit, look }
    }
}

pin_project! {
    /// A wait with a limit. Not an `async fn`, which would hold each of these a second time, by reference.
    struct Until<'a, F, W> {
        clock: &'a mut Clock<F>,
        future: W,
        limit: Limit,
        #[pin]
        look: Sleep,
    }
}

impl<F: Future<Output = ()> + Unpin, W: Future + Unpin> Future for Until<'_, F, W> {
    type Output = Result<W::Output, Cut>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let (clock, end) = (&mut **this.clock, this.limit.end);
        if clock.cancelled {
            return Poll::Ready(Err(Cut::Cancelled));
        }
        // Each look is one at what was waited for, too: what is there by then has come in time, however late it is.
        if let Poll::Ready(value) = Pin::new(this.future).poll(cx) {
            return Poll::Ready(Ok(value));
        }
        if Pin::new(&mut clock.cancel).poll(cx).is_ready() {
            clock.cancelled = true;
            return Poll::Ready(Err(Cut::Cancelled));
        }
        loop {
            if clock.now() >= end {
                return Poll::Ready(Err(Cut::Limit(*this.limit)));
            }
            if this.look.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
            this.look.as_mut().reset(clock.pace.look_again(end));
        }
    }
}

/// The name of a service, for who logs on there: the host as typed, without case and the dot of the root.
fn service(class: &str, leg: &Leg) -> String {
    format!("{class}/{}", leg.host.to_string().trim_end_matches('.').to_ascii_lowercase())
}

impl Driver<'_> {
    /// Carries out the plan. The time begins now; `cancel` ends it early.
    #[expect(clippy::manual_async_fn, reason = "an async fn keeps what it is given twice")]
    pub(crate) fn run(
        self,
        plan: Arc<Plan>,
        cancel: impl Future<Output = ()>,
    ) -> impl Future<Output = Evidence> {
        async move {
            let mut clock = Clock { pace: Pace::begin(), cancelled: false, cancel: pin!(cancel) };
            let mut run = Run::new(plan);
            let mut begins = Duration::ZERO;
            let mut told = false;
            loop {
                // In a block of its own, so that nobody holds it who waits: the run has it.
                {
                    let Some(attempt) = run.next() else { break };
                    if clock.cancelled && !run.evidence().attempts.is_empty() {
                        break;
                    }
                    if !told && !attempt.purpose.is_main_path() {
                        told = true;
                        self.tell(|| Progress::PathEnded { evidence: Box::new(run.evidence().clone()) });
                    }
                    // Politeness has the run's deadline too: what does not fit into it is not asked.
                    if !attempt.pause.is_zero() {
                        let limit = run.limit();
                        if clock.until(limit, pin!(sleep(attempt.pause))).await.is_err() {
                            break;
                        }
                        begins = clock.now();
                    }
                    self.tell(|| Progress::Attempt { purpose: attempt.purpose });
                    run.start(&attempt, begins);
                }
                self.attempt(&mut run, &mut clock).await;
                begins = clock.now();
            }
            run.into_evidence()
        }
    }

    #[expect(clippy::manual_async_fn, reason = "an async fn keeps what it is given twice")]
    fn attempt<F: Future<Output = ()> + Unpin>(
        &self,
        run: &mut Run,
        clock: &mut Clock<F>,
    ) -> impl Future<Output = ()> {
        async move {
            let mut connection: Option<Connection> = None;
            // Of the two that a gateway may need: boxed, since most have none.
            let mut aside: Option<Box<Connection>> = None;
            let mut peer = None;
            let mut told = None;
            let mut exchange = None;
            let mut channel: Option<Channel<Layer>> = None;
            let mut spans = Spans::new();
            loop {
                self.tell_stage(run, &mut told);
                spans.follow(run, peer);
                if let Some(channel) = &channel {
                    run.beside(channel.take_facts(), clock.now());
                }
                // What proves an identity may be in there.
                let octets = Zeroizing::new(run.take_octets());
                let limit = run.limit();
                // What goes out before anything else is wanted goes out before that is looked at: who waits holds it no longer.
                let answered = matches!(run.wants(), Some(Wants::Pdu(_) | Wants::Send) | None);
                if let (Some(connection), false) = (&mut connection, octets.is_empty() || answered) {
                    // Where it fails, what is wanted next shows how the connection ended.
                    _ = clock.until(limit, Box::pin(spans.within(connection.send(&octets)))).await;
                }
                let Some(wants) = run.wants() else {
                    // Of two channels IN ends first.
                    connection.take_if(|connection| connection.ends_in_silence(&octets));
                    aside.take_if(|aside| aside.ends_in_silence(&[]));
                    if connection.is_some() || aside.is_some() {
                        let leaving = async {
                            if let Some(connection) = connection {
                                _ = connection.farewell(&octets).await;
                            }
                            if let Some(aside) = aside {
                                _ = aside.farewell(&[]).await;
                            }
                        };
                        _ = timeout(FAREWELL, Box::pin(leaving)).await;
                    }
                    if let Some(channel) = channel {
                        self.leave(run, clock, channel).await;
                    }
                    return;
                };
                let limit = run.limit();
                match wants {
                    Wants::Resolve { leg } => {
                        let answer = clock.until(limit, Box::pin(spans.within(self.resolve(leg)))).await;
                        clock.report(run, Event::Resolved(answer.unwrap_or_else(|cut| Err(dial_fault(cut)))));
                    }
                    Wants::Dial { address, share, segment } => {
                        let share = sooner(limit, clock.now(), share);
                        let dialing = self.dial_until(clock, share, address, segment);
                        let made = Box::pin(spans.within(dialing)).await;
                        let dialed = made.as_ref().map(|made| made.link(address)).map_err(|fault| *fault);
                        if let Ok(made) = made {
                            aside = connection.replace(made).map(Box::new);
                            peer = Some(address);
                        }
                        clock.report(run, Event::Dialed(dialed));
                    }
                    Wants::Tls { hop, leg } => {
                        let before = connection.as_ref().map_or(0, Connection::left_over);
                        let below = connection.take().zip(peer).zip(self.tls.of(hop));
                        let answer = match below {
                            Some(((below, peer), policy)) => {
                                let name = leg.asked_name();
                                let logs_on = self.logon.is_some();
                                let shaking = secure_until(clock, limit, below, (&name, peer), policy, logs_on);
                                Box::pin(spans.within(shaking))
                                    .await
                                    .map_err(|fault| of_channel(fault, channel.as_ref()))
                            }
                            None => Err(Handshake::new().fault(TlsFaultKind::Local)),
                        };
                        let answer = answer.map(|(inside, session)| {
                            connection = Some(inside);
                            session
                        });
                        clock.report(run, Event::Tls { before, answer });
                    }
                    Wants::Pdu(framing) => {
                        let Some(connection) = &mut connection else {
                            let broken = Event::Closed { how: Close::Broken { os: None }, partial: &[] };
                            clock.report(run, broken);
                            continue;
                        };
                        let heard =
                            clock.until(limit, pin!(spans.within(connection.exchange(octets, framing)))).await;
                        let heard = heard.unwrap_or_else(|cut| Heard::Closed(close(cut)));
                        clock.report(run, connection.event(heard));
                    }
                    Wants::Send => {
                        let Some(connection) = &mut connection else {
                            let broken = Event::Closed { how: Close::Broken { os: None }, partial: &[] };
                            clock.report(run, broken);
                            continue;
                        };
                        let sent = clock.until(limit, Box::pin(spans.within(connection.deliver(octets)))).await;
                        let event = match sent {
                            Ok(None) => Event::Sent,
                            Ok(Some(heard)) => connection.event(heard),
                            Err(cut) => connection.event(Heard::Closed(close(cut))),
                        };
                        clock.report(run, event);
                    }
                    Wants::Carry(carrier) => {
                        let aside = aside.take().map(|aside| *aside);
                        connection = connection.take().map(|below| below.carry(carrier, aside));
                        channel = connection.as_ref().and_then(Connection::channel).cloned();
                        clock.report(run, Event::Carried);
                    }
                    Wants::Auth { hop, method, binding, ask } => {
                        if ask == AuthAsk::Token(None) {
                            exchange = self.context(hop, method, run.evidence().plan.leg(hop), binding);
                        }
                        let answer = match &exchange {
                            Some(exchange) => {
                                let answer =
                                    clock.until(limit, Box::pin(spans.within(exchange.ask(ask)))).await;
                                answer.unwrap_or_else(|cut| Err(AuthFault::Closed(close(cut))))
                            }
                            None => Err(AuthFault::Local),
                        };
                        if answer.is_ok() {
                            self.about_to_show(hop, method, ask);
                        }
                        clock.report(run, Event::Auth(answer));
                    }
                    // A want that this driver does not know is a defect, which the report then shows.
                    _ => clock.report(run, Event::Stray(&[])),
                }
            }
        }
    }

    /// Begins a security context that convinces `hop` by this method.
    fn context(&self, hop: Hop, method: AuthMethod, leg: &Leg, binding: Option<&[u8]>) -> Option<Exchange> {
        match (hop, self.gateway) {
            (Hop::Gateway, Some(GatewayLogin::Account(credentials, _))) => match method {
                AuthMethod::Basic => Some(Exchange::basic(credentials)),
                AuthMethod::Ntlm => Some(Exchange::begin(credentials, &service("HTTP", leg), binding)),
                AuthMethod::SspiNtlm => Some(Exchange::begin(credentials, &service("HTTP", leg), None)),
                AuthMethod::Negotiate => Some(Exchange::negotiate(credentials, &service("HTTP", leg), binding)),
                AuthMethod::Token | _ => None,
            },
            (Hop::Gateway, Some(GatewayLogin::Token(token))) => Some(Exchange::token(token)),
            (Hop::Gateway, None) => None,
            (Hop::Client | Hop::Resolver | Hop::Proxy | Hop::Kdc | Hop::Target | _, _) => {
                let service = format!("TERMSRV/{}", leg.host);
                self.logon.map(|(credentials, _)| Exchange::begin(credentials, &service, binding))
            }
        }
    }

    /// Takes down that an account is about to be shown: what is made goes out.
    fn about_to_show(&self, hop: Hop, method: AuthMethod, ask: AuthAsk<'_>) {
        match (hop, self.gateway) {
            (Hop::Gateway, Some(GatewayLogin::Account(_, turn))) => {
                // The first message of NTLM is the same for everybody; a header of Basic has the password in it.
                if method == AuthMethod::Basic || matches!(ask, AuthAsk::Token(Some(_))) {
                    turn.sent();
                }
            }
            (Hop::Gateway, Some(GatewayLogin::Token(_)) | None) => {}
            (Hop::Client | Hop::Resolver | Hop::Proxy | Hop::Kdc | Hop::Target | _, _) => {
                // What is sealed goes out with the token that is made of the secret.
                if let (AuthAsk::Wrap(_), Some((_, turn))) = (ask, self.logon) {
                    turn.sent();
                }
            }
        }
    }

    /// Closes a gateway's channel, in what is left of the run's time.
    async fn leave<F: Future<Output = ()> + Unpin>(
        &self,
        run: &mut Run,
        clock: &mut Clock<F>,
        channel: Channel<Layer>,
    ) {
        let left = run.evidence().plan.limits.overall.saturating_sub(clock.now());
        let patience = if clock.cancelled { FAREWELL } else { CLOSING.min(left).max(FAREWELL) };
        _ = timeout(patience, Box::pin(channel.close())).await;
        run.beside(channel.take_facts(), clock.now());
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

    /// Dials until the limit.
    async fn dial_until<F: Future<Output = ()> + Unpin>(
        &self,
        clock: &mut Clock<F>,
        limit: Limit,
        address: Address,
        segment: Option<u16>,
    ) -> Result<Connection, DialFault> {
        let dialed_at = clock.now();
        match clock.until(limit, pin!(self.dial(address, segment))).await {
            // The kernel's own patience ended before ours.
            Ok(Err(DialFault { kind: DialFaultKind::TimedOut { .. }, os })) => {
                let limit = clock.now().saturating_sub(dialed_at);
                Err(DialFault { kind: DialFaultKind::TimedOut { limit, overall: false }, os })
            }
            Ok(dialed) => dialed,
            Err(cut) => Err(dial_fault(cut)),
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

/// Puts TLS on top until the limit, and looks up where the certificate leads.
async fn secure_until<F: Future<Output = ()> + Unpin>(
    clock: &mut Clock<F>,
    limit: Limit,
    below: Connection,
    (name, peer): (&str, Address),
    policy: &TlsPolicy,
    logs_on: bool,
) -> Result<(Connection, TlsSession), TlsFault> {
    let handshake = Handshake::new();
    match clock.until(limit, pin!(below.secure(&handshake, name, peer.ip(), policy))).await {
        Ok(Ok((inside, mut session))) => {
            let share = half(limit, clock.now());
            let looked_up =
                clock.until(share, pin!(trust(&session.chain, name, peer.ip(), policy, logs_on))).await;
            session.trust = looked_up.ok().flatten();
            Ok((inside, session))
        }
        Ok(Err(fault)) => Err(fault),
        Err(cut) => Err(handshake.cut(close(cut))),
    }
}

/// A handshake that failed because the gateway's channel ended under it.
fn of_channel(mut fault: TlsFault, channel: Option<&Channel<Layer>>) -> TlsFault {
    if let TlsFaultKind::Closed(how) = &mut fault.kind {
        *how = ended_by(*how, channel);
    }
    fault
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
