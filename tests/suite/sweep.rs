//! Many targets through the library: a stream of reports, and rules that know more than a row holds.
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use futures_core::Stream;
use rdp_probe::{
    Address, BoxFuture, DialFault, DialFaultKind, Evidence, Host, Io, Judge, Network, Probe, Prober, Progress,
    Rule, Stage, Sweep, Target, VerdictOutcome,
};

/// A network in which every connection is refused, and the first one late.
#[derive(Debug, Default)]
struct Refusing {
    running: AtomicUsize,
    most: AtomicUsize,
}

impl Network for Refusing {
    fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, Result<Vec<Address>, DialFault>> {
        Box::pin(async { Err(DialFault::new(DialFaultKind::NotFound)) })
    }

    fn dial(&self, address: Address) -> BoxFuture<'_, Result<Box<dyn Io>, DialFault>> {
        Box::pin(async move {
            let running = self.running.fetch_add(1, Ordering::SeqCst) + 1;
            self.most.fetch_max(running, Ordering::SeqCst);
            let late = if address.port() == 1 { 300 } else { 1 };
            tokio::time::sleep(Duration::from_millis(late)).await;
            self.running.fetch_sub(1, Ordering::SeqCst);
            Err(DialFault::new(DialFaultKind::Refused))
        })
    }
}

fn target(port: u16) -> Target {
    Target::new(Host::Ip([127, 0, 0, 1].into()), port)
}

#[tokio::test]
async fn reports_of_many_come_as_they_end_and_targets_are_taken_as_there_is_room() {
    let network = Arc::new(Refusing::default());
    let taken = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&taken);
    // As many as nobody could hold.
    let targets =
        (1..=u16::MAX).cycle().map(target).inspect(move |_| _ = counted.fetch_add(1, Ordering::SeqCst));
    let mut sweep = Prober::new().network(network.clone()).sweep(targets).at_a_time(8);
    let mut ports = Vec::new();
    while ports.len() < 400 {
        let report = sweep.next().await.unwrap();
        assert_eq!(report.exit_code(), 11);
        ports.push(report.target.port);
    }
    let place = ports.iter().position(|port| *port == 1);
    assert!(
        place.is_none_or(|place| place > 8),
        "the slow one held the others up: it came as number {place:?}"
    );
    assert!(taken.load(Ordering::SeqCst) <= 409, "{taken:?} were taken");
    assert!(network.most.load(Ordering::SeqCst) <= 8, "{network:?}");
    // Who drops it ends what is under way.
    drop(sweep);
    tokio::time::sleep(Duration::from_millis(20)).await;
    assert!(taken.load(Ordering::SeqCst) <= 409);
}

#[tokio::test]
async fn a_sweep_ends_and_takes_targets_and_probes() {
    let prober = Prober::new().network(Arc::new(Refusing::default()));
    let mut sweep = prober.sweep((2..40).map(target));
    let mut count = 0;
    while sweep.next().await.is_some() {
        count += 1;
    }
    assert_eq!(count, 38);
    assert!(sweep.next().await.is_none());
    assert!(prober.sweep([]).next().await.is_none());
    // Probes that are put together otherwise.
    let deep = |port| prober.probe(target(port)).until(Stage::TcpConnect).build().unwrap();
    let probes: Vec<Probe> = (2..4).map(deep).collect();
    let mut sweep = Sweep::of(probes);
    let mut count = 0;
    while let Some(report) = sweep.next().await {
        assert_eq!(report.evidence.plan.until, Stage::TcpConnect);
        count += 1;
    }
    assert_eq!(count, 2);
    // Without any time there is a report all the same.
    let mut none = prober.timeout(Duration::ZERO).sweep([target(2)]);
    assert_ne!(none.next().await.unwrap().exit_code(), 0);
}

#[tokio::test]
async fn what_happens_in_a_probe_is_a_stream() {
    let probe = Probe::builder(target(2)).network(Arc::new(Refusing::default())).build().unwrap();
    let (mut events, report) = probe.watch(std::future::pending());
    assert_eq!(report.await.exit_code(), 11);
    let mut context = Context::from_waker(Waker::noop());
    let mut seen = Vec::new();
    while let Poll::Ready(Some(event)) = Pin::new(&mut events).poll_next(&mut context) {
        seen.push(event);
    }
    let began = seen.iter().any(|event| matches!(event, Progress::Began { stage: Stage::TcpConnect, .. }));
    assert!(began, "{seen:?}");
    assert_eq!(Pin::new(&mut events).poll_next(&mut context), Poll::Ready(None));
}

/// Knows which ports are on holiday.
#[derive(Debug)]
struct Holidays(Vec<u16>);

static ON_HOLIDAY: Rule = Rule {
    id: "lab-on-holiday",
    stage: Some(Stage::TcpConnect),
    outcome: VerdictOutcome::Unreachable,
    exit: 11,
    rank: 0,
    summary: "{address} is on holiday",
    cause: "it is its week off",
    remedy: "wait until Monday",
    supersedes: &["tcp-refused"],
    ..Rule::BLANK
};

impl Judge for Holidays {
    fn rule(&self) -> &'static Rule {
        &ON_HOLIDAY
    }

    fn matches(&self, evidence: &Evidence) -> bool {
        self.0.contains(&evidence.plan.target.port)
    }
}

#[tokio::test]
async fn a_judge_knows_more_than_a_row_holds() {
    let prober = Prober::new().network(Arc::new(Refusing::default())).judge(Arc::new(Holidays(vec![3, 5])));
    let mut sweep = prober.sweep((2..6).map(target)).at_a_time(1);
    let mut rules = Vec::new();
    while let Some(report) = sweep.next().await {
        rules.push(report.diagnosis.verdict.rule.unwrap().id);
    }
    assert_eq!(rules, ["tcp-refused", "lab-on-holiday", "tcp-refused", "lab-on-holiday"]);
    // Of one probe too, and the row's own question is not asked.
    assert!(!(ON_HOLIDAY.matches)(&Evidence::new(rdp_probe::Plan::new(target(3).host, 3))));
    let probe =
        Probe::builder(target(3)).network(Arc::new(Refusing::default())).judge(Arc::new(Holidays(vec![3])));
    let report = probe.build().unwrap().run().await;
    assert_eq!(report.summary(), "127.0.0.1:3 is on holiday");
}
