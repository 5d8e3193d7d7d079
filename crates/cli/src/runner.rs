//! Probes as many targets at a time as there are places for, and hands each report over when its target has ended: one that is silent
//! holds back nobody.
use std::collections::{HashMap, VecDeque};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use rdp_probe::{Probe, Report};
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{Id, JoinError, JoinSet, yield_now};
use tokio::time::{Instant, sleep, sleep_until};

use crate::exit::{self, Ended, say_soon};
use crate::expecting::Expecting;
use crate::jobs::Job;
use crate::networks::{Net, Networks};
use crate::options::Options;
use crate::outputs::Outputs;
use crate::progress::{self, Line};
use crate::rate::Rate;
use crate::reorder::Reorder;
use crate::retry::{PAUSE, lacked_resources, may_be_another};
use crate::sieve::LeftOut;
use crate::signals::Interruption;
use crate::source::Source;
use crate::tally::Tally;
use crate::warned::Warned;

/// How long this computer is given when it has nothing left to connect with.
const RECOVERY: Duration = Duration::from_millis(100);
/// So many probes begin before the network is looked at again.
const IN_A_ROW: usize = 4;
/// How often a probe that runs alone is put off for it.
const TRIES: u32 = 3;

/// How many probes run at a time.
#[derive(Debug)]
pub(crate) struct Places {
    now: usize,
    most: usize,
    /// How many probes have ended well since the number changed.
    calm: usize,
    /// Before this, no probe begins.
    resume: Option<Instant>,
}

/// A probe under way.
#[derive(Clone, Copy, Debug)]
struct Place {
    index: usize,
    net: Option<Net>,
    /// How often it was put off while it was alone.
    tries: u32,
}

/// A probe, and what it came to.
struct Ran {
    probe: Probe,
    report: Report,
}

/// A probe that this computer had no resources for.
struct Again {
    place: Place,
    ran: Box<Ran>,
}

/// A run under way.
pub(crate) struct Runner {
    /// How many targets are named.
    total: Option<usize>,
    left_out: Arc<LeftOut>,
    /// How often one is asked again whose verdict may be another the next time.
    retries: u8,
    /// Whether there is one target, and somebody waits for its verdict, which stands when it is there.
    awaited: bool,
    /// Whether it stands.
    known: bool,
    shown: UnboundedReceiver<Report>,
    show: UnboundedSender<Report>,
    show_one: bool,
    show_all: bool,
    line: Line,
    source: Source,
    expecting: Arc<Expecting>,
    /// Nothing more comes from the source.
    over: bool,
    places: Places,
    rate: Rate,
    networks: Networks<(Place, Probe)>,
    running: JoinSet<Box<Ran>>,
    under_way: HashMap<Id, Place>,
    again: VecDeque<Again>,
    begun: usize,
    reorder: Reorder<Box<Report>>,
    outputs: Outputs,
    warned: Warned,
    tally: Tally,
    /// When it began.
    since: Instant,
    interrupted: bool,
    panicked: bool,
    usage: Option<String>,
}

/// What happened.
enum Event {
    Interrupted,
    /// The main path of a single target has ended.
    Known(Report),
    Ended(Result<(Id, Box<Ran>), JoinError>),
    Job(Option<Result<Job, String>>),
    Recovered,
    Moved,
    /// Nothing, for the moment.
    Nothing,
}

impl Places {
    /// As many as there `are`, of those that were `asked` for, where somebody did.
    pub(crate) fn new(asked: Option<usize>, are: usize) -> Self {
        if let Some(asked) = asked.filter(|asked| are < *asked) {
            say_soon(&format!(
                "{are} targets are probed at a time, not {asked}: no more files may be open here"
            ));
        }
        Self { now: are, most: are, calm: 0, resume: None }
    }

    /// There were too many for this computer.
    fn fewer(&mut self, than: usize) {
        self.now = than.clamp(1, self.now);
        self.calm = 0;
        self.resume = Some(Instant::now() + RECOVERY);
    }

    /// A probe had all it needed.
    const fn calm(&mut self) {
        self.calm += 1;
        if self.calm > self.now && self.now < self.most {
            self.now += 1;
            self.calm = 0;
        }
    }
}

impl Runner {
    pub(crate) fn new(
        options: &Options,
        (total, left_out): (Option<usize>, Arc<LeftOut>),
        (source, expecting): (Source, Arc<Expecting>),
        places: Places,
        outputs: Outputs,
        warned: Warned,
    ) -> Self {
        let (progress, single) = (progress::wanted(options), options.single());
        let (show, shown) = unbounded_channel();
        Self {
            total,
            left_out,
            retries: options.many.retries,
            awaited: single && options.is_for_people() && options.many.retries == 0,
            known: false,
            shown,
            show,
            show_one: progress && single,
            show_all: progress && !single,
            line: Line::default(),
            source,
            expecting,
            over: false,
            places,
            rate: Rate::new(options.many.rate),
            networks: Networks::new(options.many.per_network.into()),
            running: JoinSet::new(),
            under_way: HashMap::new(),
            again: VecDeque::new(),
            begun: 0,
            reorder: Reorder::new(options.many.in_order),
            outputs,
            warned,
            tally: Tally::default(),
            since: Instant::now(),
            interrupted: false,
            panicked: false,
            usage: None,
        }
    }

    /// Runs to the end, or to the interruption.
    pub(crate) async fn run(mut self, mut interruption: Interruption) -> Ended {
        // Listened for once, and not anew at each event.
        let mut listening = interruption.clone();
        let mut interrupted = pin!(async move { listening.first().await });
        while !self.is_over() {
            let rate = self.rate.wait();
            let free = self.has_place() && rate.is_none();
            // Those that were named before, and that others may wait for, come first.
            if free
                && self.places.resume.is_none()
                && let Some((place, probe)) = self.ready()
            {
                self.start(place, probe, &interruption);
                continue;
            }
            let more = free && !self.reorder.is_full() && !self.networks.is_full();
            match self.event(more, rate.filter(|_| self.has_place()), interrupted.as_mut()).await {
                Event::Interrupted => self.interrupted = true,
                Event::Known(report) => {
                    self.known = true;
                    self.outputs.begin(report);
                }
                Event::Ended(ended) => self.ended(ended),
                Event::Job(job) => {
                    self.job(job, &interruption);
                    // Whatever waits to go on does so before more begin: a computer that is busy begins fewer.
                    if self.begun.is_multiple_of(IN_A_ROW) {
                        yield_now().await;
                    }
                }
                Event::Recovered => self.places.resume = None,
                Event::Moved => self.show_done(),
                Event::Nothing => self.outputs.leave(),
            }
        }
        for Again { place, ran } in std::mem::take(&mut self.again) {
            self.accept(place.index, ran.report);
        }
        self.reorder.rest(|report| self.outputs.write(*report));
        self.line.clear();
        if let Some(said) = self.left_out.said() {
            self.warned.of(&said, say_soon);
        }
        if self.begun == 0 && self.usage.is_none() && self.left_out.is_all_excluded() {
            self.usage = Some("--exclude leaves no target".to_owned());
        }
        if !self.interrupted {
            self.expecting.unmet().for_each(|line| say_soon(&line));
        }
        let code = self.code();
        let ends_with = if self.usage.is_some() && !self.panicked { exit::USAGE } else { code };
        let ended = Ended::of(code).in_state(self.tally.status()).because(self.usage);
        ended.with(self.outputs.finish(ends_with, &mut interruption).await)
    }

    /// One that is to begin, or to begin once more.
    fn ready(&mut self) -> Option<(Place, Probe)> {
        let again = || self.again.pop_front().map(|Again { place, ran }| (place, ran.probe));
        self.networks.ready().or_else(again)
    }

    fn is_over(&self) -> bool {
        let nothing_waits = self.again.is_empty() && self.networks.is_empty();
        let nothing_to_begin = self.interrupted || (self.over && nothing_waits);
        // Without anybody to read it, there is no reason to bother more hosts.
        self.outputs.all_failed() || (self.running.is_empty() && nothing_to_begin)
    }

    /// Whether a probe may begin. What waits to be read is bounded here, and nowhere else.
    fn has_place(&self) -> bool {
        !self.interrupted && self.running.len() < self.places.now && self.outputs.has_room(self.places.now)
    }

    /// What happens next; another target is taken where one `may` begin, and nothing has to be waited for before `rate`.
    async fn event(
        &mut self,
        may: bool,
        rate: Option<Instant>,
        interrupted: Pin<&mut impl Future<Output = ()>>,
    ) -> Event {
        let resume = self.places.resume;
        tokio::select! {
            biased;
            () = interrupted, if !self.interrupted => Event::Interrupted,
            // Before the report that follows it.
            Some(report) = self.shown.recv(), if self.awaited => Event::Known(report),
            Some(ended) = self.running.join_next_with_id() => Event::Ended(ended),
            () = sleep_until(resume.unwrap_or(self.since)), if resume.is_some() => Event::Recovered,
            job = self.source.next(), if may && resume.is_none() && !self.over => Event::Job(job),
            // What has ended by now is written together.
            () = std::future::ready(()), if self.outputs.is_to_leave() => Event::Nothing,
            () = sleep_until(rate.unwrap_or(self.since)), if rate.is_some() => Event::Nothing,
            () = self.outputs.moved() => Event::Moved,
        }
    }

    fn job(&mut self, job: Option<Result<Job, String>>, interruption: &Interruption) {
        match job {
            Some(Ok(Job { probe, warnings })) => {
                // Those of a list that is read twice have been said.
                if self.total.is_none() {
                    for line in &warnings {
                        self.warned.of(line, say_soon);
                    }
                }
                let place = Place { index: self.begun, net: Net::of(&probe), tries: 0 };
                self.begun += 1;
                if let Some((place, probe)) = self.networks.enter(place.net, (place, probe)) {
                    self.start(place, probe, interruption);
                }
            }
            Some(Err(message)) => (self.over, self.usage) = (true, Some(message)),
            None => self.over = true,
        }
    }

    fn start(&mut self, place: Place, probe: Probe, interruption: &Interruption) {
        self.rate.take();
        let mut interruption = interruption.clone();
        let (awaited, wanted) = (self.awaited, self.show_one);
        let (idle, show) = (self.outputs.idle(), self.show.clone());
        let (mut left, rate) = (self.retries, self.rate.clone());
        // A task of its own, so that a panic ends there; in a box, since it is moved on its way there.
        let task = self.running.spawn(Box::pin(async move {
            loop {
                let report = if awaited || wanted {
                    let (events, report) = probe.watch(interruption.first());
                    let target = probe.plan().target.to_string();
                    let known = |evidence| {
                        // What this computer had no resources for is asked again: nothing is known yet.
                        if awaited && !lacked_resources(&evidence) {
                            _ = show.send(probe.report_of(evidence));
                        }
                    };
                    let watched = progress::one(events, target, wanted, idle.clone(), known);
                    tokio::join!(report, watched).0
                } else {
                    probe.run_until(interruption.first()).await
                };
                // What this computer had no resources for is asked again anyway.
                if left == 0 || !may_be_another(&report) || lacked_resources(&report.evidence) {
                    break Box::new(Ran { probe, report });
                }
                left -= 1;
                let turn = async {
                    sleep(PAUSE).await;
                    rate.turn().await;
                };
                tokio::select! {
                    () = turn => {}
                    () = interruption.first() => break Box::new(Ran { probe, report }),
                }
            }
        }));
        self.under_way.insert(task.id(), place);
    }

    fn ended(&mut self, ended: Result<(Id, Box<Ran>), JoinError>) {
        let id = ended.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
        let Some(place) = self.under_way.remove(&id) else { return };
        match ended {
            Ok((_, ran)) => {
                // A verdict that has been shown stands: what further connections could not ask stays unknown.
                if lacked_resources(&ran.report.evidence) && !self.interrupted && !self.known {
                    self.put_off(Again { place, ran });
                } else {
                    self.places.calm();
                    self.networks.leave(place.net);
                    self.accept(place.index, ran.report);
                }
            }
            // A defect here: the report is missing, the others are not, and the exit code says so.
            Err(_) => {
                self.panicked = true;
                self.networks.leave(place.net);
                self.put(place.index, None);
            }
        }
    }

    fn put_off(&mut self, mut again: Again) {
        let others = self.running.len();
        if others == 0 {
            again.place.tries += 1;
            if again.place.tries > TRIES {
                self.networks.leave(again.place.net);
                return self.accept(again.place.index, again.ran.report);
            }
        }
        self.places.fewer(others);
        if self.total != Some(1) {
            let why = "this computer has no sockets, ports or threads left: fewer targets are probed at a time";
            self.warned.of(why, say_soon);
        }
        self.again.push_back(again);
    }

    fn accept(&mut self, index: usize, report: Report) {
        let report = self.expecting.check(report);
        self.tally.count(&report);
        self.put(index, Some(Box::new(report)));
    }

    /// Takes what has come of a target, and hands over what nothing is waited for before.
    fn put(&mut self, index: usize, report: Option<Box<Report>>) {
        self.reorder.put(index, report, |report| {
            self.line.clear();
            self.outputs.write(*report);
        });
        self.show_done();
    }

    fn show_done(&mut self) {
        // Two that write to one terminal would write into each other.
        if self.show_all && self.outputs.is_idle() {
            let total = self.total.map(|total| total.saturating_sub(self.left_out.count()));
            self.line.show(&progress::many(&self.tally, total, self.since.elapsed()));
        }
    }

    const fn code(&self) -> u8 {
        let only = matches!((self.total, self.tally.done), (Some(1), 1));
        if self.panicked {
            exit::INTERNAL
        } else if self.interrupted && !only {
            exit::INTERRUPTED
        } else {
            self.tally.code()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use clap::Parser as _;
    use rdp_probe::{Address, BoxFuture, DialFault, DialFaultKind, Io, Network, Prober};

    use super::*;

    /// A network in which one name leads to a defect.
    #[derive(Debug)]
    struct Defective;

    impl Network for Defective {
        fn resolve<'a>(&'a self, name: &'a str, _: u16) -> BoxFuture<'a, Result<Vec<Address>, DialFault>> {
            Box::pin(async move {
                assert!(name != "defect.test", "a defect");
                Err(DialFault::new(DialFaultKind::NotFound))
            })
        }

        fn dial(&self, _: Address) -> BoxFuture<'_, Result<Box<dyn Io>, DialFault>> {
            Box::pin(async { Err(DialFault::new(DialFaultKind::Refused)) })
        }
    }

    /// A network that counts who is in it, and where nobody listens.
    #[derive(Debug, Default)]
    struct Counting {
        now: AtomicUsize,
        most: AtomicUsize,
    }

    impl Network for Counting {
        fn resolve<'a>(&'a self, _: &'a str, _: u16) -> BoxFuture<'a, Result<Vec<Address>, DialFault>> {
            Box::pin(async { Err(DialFault::new(DialFaultKind::NotFound)) })
        }

        fn dial(&self, _: Address) -> BoxFuture<'_, Result<Box<dyn Io>, DialFault>> {
            Box::pin(async {
                let now = self.now.fetch_add(1, Ordering::Relaxed) + 1;
                self.most.fetch_max(now, Ordering::Relaxed);
                // Each of them goes on when all others have begun that may.
                for _ in 0..100 {
                    yield_now().await;
                }
                self.now.fetch_sub(1, Ordering::Relaxed);
                Err(DialFault::new(DialFaultKind::Refused))
            })
        }
    }

    /// Exit code and lines of the report.
    fn run(names: &[&str]) -> (String, String) {
        run_in(Arc::new(Defective), names, &[])
    }

    fn run_in(network: Arc<dyn Network>, names: &[&str], more: &[&str]) -> (String, String) {
        let name = format!("rdp-probe-{}-{}-{}", std::process::id(), names.len(), more.len());
        let path = std::env::temp_dir().join(name);
        let output = format!("-oline={}", path.display());
        let arguments = [&["rdp-probe", &output][..], names, more].concat();
        let options = Options::try_parse_from(arguments).unwrap();
        let prober = Prober::new().network(network);
        let jobs: Vec<_> = names
            .iter()
            .map(|name| {
                let probe = prober.probe(name.parse().unwrap()).build().unwrap();
                Ok(Job { probe, warnings: Vec::new() })
            })
            .collect();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let ended = runtime.block_on(async {
            let outputs = Outputs::open(&options, options.single()).unwrap();
            let (total, places) = (Some(names.len()), Places::new(None, names.len()));
            let source = Source::Here(Box::new(jobs.into_iter()));
            let runner = Runner::new(
                &options,
                (total, Arc::default()),
                (source, Arc::default()),
                places,
                outputs,
                Warned::new(true),
            );
            runner.run(Interruption::listen()).await
        });
        let report = std::fs::read_to_string(&path).unwrap();
        std::fs::remove_file(path).unwrap();
        (format!("{ended:?}"), report)
    }

    #[test]
    fn a_panic_in_a_probe_is_an_internal_error_and_loses_no_other_report() {
        let (ended, report) = run(&["defect.test"]);
        assert!(ended.starts_with("Ended { code: 3,"), "{ended}");
        assert_eq!(report, "");
        let (ended, report) = run(&["a.test", "defect.test", "b.test"]);
        assert!(ended.starts_with("Ended { code: 3,"), "{ended}");
        let mut inputs: Vec<&str> = report.lines().filter_map(|line| line.split(' ').next()).collect();
        inputs.sort_unstable();
        assert_eq!(inputs, ["a.test:3389", "b.test:3389"]);
    }

    #[test]
    fn so_many_of_one_network_are_probed_at_a_time_and_all_of_them_in_the_end() {
        let names: Vec<String> = (1..=40)
            .map(|last| format!("192.0.2.{last}"))
            .chain((1..=3).map(|last| format!("192.0.3.{last}")))
            .collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for (more, most) in [(&["--per-network", "4"][..], 7), (&["--in-order", "--per-network", "4"], 7)] {
            let network = Arc::new(Counting::default());
            let (ended, report) = run_in(Arc::<Counting>::clone(&network), &names, more);
            assert!(ended.starts_with("Ended { code: 100,"), "{ended}");
            assert_eq!((report.lines().count(), network.most.load(Ordering::Relaxed)), (43, most));
        }
    }
}
