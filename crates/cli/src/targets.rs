//! From what was typed to probes.
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;
use std::vec;

#[cfg(feature = "dev")]
use rdp_probe::Target;

use crate::account;
use crate::bad_lines::BadLines;
use crate::exit::say;
use crate::expecting::Expecting;
use crate::jobs::{Job, Jobs, takes, with_key_log};
use crate::lists::{Line, Lines, Place, Reading, What};
use crate::named::Several;
use crate::options::Options;
use crate::order::Order;
use crate::password::NoRun;
use crate::quote::{quoted, short};
use crate::sieve::{LeftOut, Sieve};
use crate::spread::Spread;
use crate::words::behind;
use crate::written;

/// Where targets come from.
enum Source {
    /// What was typed.
    Typed(Box<Several>),
    /// A list file, read for the second time, and what was seen of it the first time.
    List { path: PathBuf, name: String, looked: Looked },
    /// A list that can be read but once.
    Stream(Box<UnderWay>),
}

/// As many lines of a list file are looked through before anything is probed: the bad ones among them are named first, and where there
/// are no more of them it is known how many targets there are.
const LOOKED: usize = 10_000;

/// How many targets a list names, and how many of its lines are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held {
    good: usize,
    bad: usize,
    /// How many lines these are.
    lines: usize,
}

/// What was seen of a list that is read twice.
#[derive(Clone, Copy, Debug)]
struct Looked {
    held: Held,
    /// Whether it was read to its end.
    whole: bool,
}

/// What comes next: a probe, or many targets.
enum Next {
    Job(Box<Job>),
    Many(Spread),
}

/// All of them under way.
struct Under {
    sources: vec::IntoIter<Source>,
    jobs: Jobs,
    sieve: Sieve,
    order: Order,
    /// Whether it is not known yet how many there are.
    streams: bool,
    list: Option<Box<UnderWay>>,
    /// What was read ahead of a list, the last one first.
    window: Vec<Next>,
    /// What ends the run behind that.
    failed: Option<String>,
    /// What means many, and how many of them have been made.
    many: Option<(Spread, u64)>,
    /// How many targets have been named.
    named: usize,
}

/// A list under way.
struct UnderWay {
    lines: Lines<Box<dyn Read + Send>>,
    name: String,
    held: Held,
    /// What was seen the first time, where it is read for the second.
    looked: Option<Looked>,
    bad: BadLines,
}

/// Why there is no probe.
enum Refused {
    /// Of this line, which says so.
    Line(String),
    /// Of any: nothing is probed.
    Run(String),
}

/// What was typed, as far as it can be looked at before anything is probed: list files have been read once, and nothing of them is
/// kept.
pub(crate) struct Targets {
    sources: Vec<Source>,
    jobs: Jobs,
    sieve: Sieve,
    order: Order,
    /// How many there are; `None` when a list is among them that was not read to its end.
    pub(crate) total: Option<usize>,
    /// What to warn of before anything is probed.
    pub(crate) warnings: Vec<String>,
}

impl Targets {
    /// Looks at everything that was typed, and refuses it whole where a part of it cannot be.
    pub(crate) fn of(options: &Arc<Options>) -> Result<Self, String> {
        let (mut jobs, sieve) = (Jobs::new(options)?, Sieve::of(options)?);
        let shuffled = !options.many.in_order && !options.single();
        let order = Order::new(shuffled.then(|| options.many.seed.unwrap_or_else(by_the_clock)));
        let (mut sources, mut warnings) = (Vec::new(), Vec::new());
        let (mut total, mut streams) = (0_usize, false);
        let mut bad = Vec::new();
        for typed in &options.targets {
            if typed == "-" {
                sources.push(Source::stream(std::io::stdin(), "standard input".into(), options));
                streams = true;
            } else if let Some(path) = behind(typed, "@").map(PathBuf::from) {
                let name = format!("list file {}", quoted(&path));
                let cannot = |error| format!("{name}: cannot be read: {error}");
                let file = File::open(&path).map_err(cannot)?;
                let metadata = file.metadata().map_err(cannot)?;
                if !metadata.is_file() && !metadata.is_dir() {
                    sources.push(Source::stream(file, name, options));
                    streams = true;
                    continue;
                }
                let looked = look_through(
                    &mut jobs,
                    Lines::new(file, name.clone(), reading(options)),
                    &name,
                    &mut warnings,
                    &mut bad,
                )?;
                total = total.saturating_add(looked.held.good);
                streams |= !looked.whole;
                sources.push(Source::List { path, name, looked });
            } else {
                let (several, more) = Several::typed(typed, options)
                    .map_err(|error| format!("target {}: {error}", written::shown(&short(typed))))?;
                if let Several::One(named) = &several
                    && more
                {
                    warnings.push(format!(
                        "target {}: what stands behind the port is passed over",
                        quoted(&named.target.input)
                    ));
                }
                warnings.extend(look_at(&mut jobs, &several)?);
                total = total.saturating_add(several.len());
                sources.push(Source::Typed(Box::new(several)));
            }
        }
        if !streams && total == 0 {
            // One line says it all.
            return Err(match bad.as_slice() {
                [only] => only.clone(),
                [] => NO_TARGET.into(),
                _ => {
                    bad.iter().for_each(|line| say(line));
                    NO_TARGET.into()
                }
            });
        }
        // Also with --quiet: who gets no report of a line is told.
        bad.iter().for_each(|line| say(line));
        if !streams {
            jobs.all_of_use()?;
        }
        jobs.prober = with_key_log(options, jobs.prober);
        warnings.extend(sieve.warning());
        if let Some(seed) = order.seed().filter(|_| options.verbose > 0) {
            warnings.push(format!("the order of asking is that of --seed {seed}"));
        }
        Ok(Self { sources, jobs, sieve, order, total: (!streams).then_some(total), warnings })
    }

    /// The same, with the credentials of the run. When nothing else is wrong: somebody may be asked for a password.
    pub(crate) fn log_on(mut self) -> Result<Self, NoRun> {
        let Jobs { options, prober, accounts, way, .. } = &mut self.jobs;
        *prober = account::of_all(accounts, options, prober.clone(), way.take(), &mut self.warnings)?;
        Ok(self)
    }

    /// What is expected of them.
    pub(crate) fn expecting(&self) -> Arc<Expecting> {
        Arc::clone(&self.jobs.expecting)
    }

    /// How many are left out as they come.
    pub(crate) fn left_out(&self) -> Arc<LeftOut> {
        self.sieve.left_out()
    }

    /// Whether there is neither a list among them nor what means many.
    pub(crate) fn are_typed(&self) -> bool {
        let one = |source: &Source| matches!(source, Source::Typed(several) if several.len() == 1);
        self.sources.iter().all(one)
    }

    /// The jobs, in the order of their targets, each when it is asked for. An error ends them: what a list that can be read but once
    /// has in its place cannot be known before.
    pub(crate) fn jobs(self) -> impl Iterator<Item = Result<Job, String>> + Send {
        let Self { sources, jobs, sieve, order, total, .. } = self;
        let sources = sources.into_iter();
        let streams = total.is_none();
        let mut under = Under {
            sources,
            jobs,
            sieve,
            order,
            streams,
            list: None,
            window: Vec::new(),
            failed: None,
            many: None,
            named: 0,
        };
        let mut over = false;
        std::iter::from_fn(move || {
            if over {
                return None;
            }
            let next = under.next().transpose();
            over = !matches!(next, Some(Ok(_)));
            next
        })
    }
}

impl Under {
    fn next(&mut self) -> Result<Option<Job>, String> {
        loop {
            if let Some(job) = self.of_many() {
                return job.map(Some);
            }
            match self.named()? {
                Some(Next::Job(job)) => return Ok(Some(*job)),
                Some(Next::Many(many)) => self.many = Some((many, 0)),
                None => return self.end().map(|()| None),
            }
        }
    }

    /// The next one of what means many.
    fn of_many(&mut self) -> Option<Result<Job, String>> {
        let (many, made) = self.many.as_mut()?;
        while let Some(target) = many.at(self.order.at(many.len(), *made)) {
            *made += 1;
            let named = target.into();
            if self.sieve.takes(&named) {
                return Some(self.jobs.of(&named));
            }
        }
        self.many = None;
        None
    }

    /// What is named next.
    fn named(&mut self) -> Result<Option<Next>, String> {
        loop {
            if let Some(next) = self.window.pop() {
                return Ok(Some(next));
            }
            if let Some(error) = self.failed.take() {
                return Err(error);
            }
            if self.list.is_some() {
                self.read_ahead();
                continue;
            }
            match self.sources.next() {
                Some(Source::Typed(several)) => {
                    self.named = self.named.saturating_add(several.len());
                    if let Some(next) = Next::of(*several, &mut self.jobs, &mut self.sieve)? {
                        return Ok(Some(next));
                    }
                }
                Some(Source::Stream(list)) => self.list = Some(list),
                Some(Source::List { path, name, looked }) => {
                    let file = File::open(&path).map_err(|error| format!("{name}: cannot be read: {error}"))?;
                    self.list = Some(UnderWay::of(Box::new(file), name, &self.jobs.options, Some(looked)));
                }
                None => return Ok(None),
            }
        }
    }

    /// Reads so much of the list as is shuffled. What comes slowly is taken as it comes.
    fn read_ahead(&mut self) {
        let Some(list) = &mut self.list else { return };
        let most = if list.looked.is_some() { self.order.window() } else { 1 };
        while self.window.len() < most {
            match list.next(&mut self.jobs, &mut self.sieve) {
                Some(Ok(next)) => self.window.push(next),
                Some(Err(error)) => {
                    self.failed = Some(error);
                    break;
                }
                None => {
                    self.named = self.named.saturating_add(list.held.good);
                    self.list = None;
                    break;
                }
            }
        }
        self.window.reverse();
        self.order.shuffle(&mut self.window);
    }

    /// What could not be known before is looked at now.
    fn end(&self) -> Result<(), String> {
        match (self.streams, self.named) {
            (false, _) => Ok(()),
            (true, 0) => Err(NO_TARGET.into()),
            (true, _) => self.jobs.all_of_use(),
        }
    }
}

impl Next {
    /// `None` of what is left out.
    fn of(several: Several, jobs: &mut Jobs, sieve: &mut Sieve) -> Result<Option<Self>, String> {
        match several {
            Several::One(named) if !sieve.takes(&named) => Ok(None),
            Several::One(named) => jobs.of(&named).map(|job| Some(Self::Job(Box::new(job)))),
            // Each of them is made when its turn comes.
            Several::Many(many) => Ok(Some(Self::Many(many))),
        }
    }
}

const NO_TARGET: &str = "the list has no target; a line holds host[:port]";

impl Source {
    fn stream(source: impl Read + Send + 'static, name: String, options: &Options) -> Self {
        Self::Stream(UnderWay::of(Box::new(source), name, options, None))
    }
}

impl UnderWay {
    fn of(source: Box<dyn Read + Send>, name: String, options: &Options, looked: Option<Looked>) -> Box<Self> {
        let lines = Lines::new(source, name.clone(), reading(options));
        Box::new(Self { lines, name, held: Held::default(), looked, bad: BadLines::default() })
    }

    /// What the next line names that is no bad one.
    fn next(&mut self, jobs: &mut Jobs, sieve: &mut Sieve) -> Option<Result<Next, String>> {
        loop {
            let Some(line) = self.lines.next() else {
                self.end();
                return None;
            };
            let Line { what, more, place } = match line {
                Ok(line) => line,
                Err(error) => return Some(Err(error)),
            };
            self.held.lines += 1;
            let was_said = self.looked.is_some_and(|looked| self.held.lines <= looked.held.lines);
            let read = of_line(jobs, (what, &place), |jobs, several| {
                Ok((several.len(), Next::of(several, jobs, sieve)?))
            });
            match read {
                Ok((targets, mut next)) => {
                    self.held.good = self.held.good.saturating_add(targets);
                    if !was_said {
                        self.bad.is_list();
                        if let Some(Next::Job(job)) = &mut next {
                            job.warnings.extend(passed_over(more, &place));
                        }
                    }
                    if let Some(next) = next {
                        return Some(Ok(next));
                    }
                }
                Err(Refused::Run(error)) => return Some(Err(error)),
                Err(Refused::Line(error)) if jobs.options.strict => return Some(Err(error)),
                Err(Refused::Line(error)) => {
                    self.held.bad += 1;
                    if !was_said {
                        self.bad.say(&error);
                    }
                }
            }
        }
    }

    fn end(&mut self) {
        for line in std::mem::take(&mut self.bad).end(&self.name) {
            say(&line);
        }
        let whole = self.looked.filter(|looked| looked.whole).map(|looked| looked.held);
        if let Some(Held { good, .. }) = whole.filter(|before| *before != self.held) {
            let now = self.held.good;
            say(&format!(
                "{}: was written to while it was read: it had {good} targets, and has {now}",
                self.name
            ));
        }
    }
}

/// A number that is another one each time, and short enough to be typed again.
fn by_the_clock() -> u64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    u64::from(since.subsec_nanos())
}

/// Reads the beginning of a list that is read again later; where one bad line refuses it, all of it.
fn look_through(
    jobs: &mut Jobs,
    lines: Lines<File>,
    name: &str,
    warnings: &mut Vec<String>,
    said: &mut Vec<String>,
) -> Result<Looked, String> {
    let (mut bad, mut held, mut whole) = (BadLines::default(), Held::default(), true);
    for line in lines {
        let Line { what, more, place } = line?;
        // What may be no list at all is read until a target comes.
        if held.lines >= LOOKED && held.good > 0 && !jobs.options.strict {
            whole = false;
            break;
        }
        held.lines += 1;
        match of_line(jobs, (what, &place), |jobs, several| Ok((several.len(), look_at(jobs, &several)?))) {
            Ok((targets, of_file)) => {
                warnings.extend(of_file);
                warnings.extend(passed_over(more, &place));
                held.good = held.good.saturating_add(targets);
            }
            Err(Refused::Run(error)) => return Err(error),
            Err(Refused::Line(error)) if jobs.options.strict => return Err(error),
            Err(Refused::Line(error)) => bad.add(&error),
        }
    }
    held.bad = bad.count;
    said.extend(bad.end(name));
    Ok(Looked { held, whole })
}

/// Whether there can be a probe of each, and what to warn of.
fn look_at(jobs: &mut Jobs, several: &Several) -> Result<Vec<String>, String> {
    let many = match several {
        Several::One(named) => return jobs.look_at(named),
        Several::Many(many) => many,
    };
    // What an option refuses of one, it refuses of all; and only a name is looked up, on each of its ports.
    let looked = if many.only_host().is_some() { many.len() } else { 1 };
    for target in (0..looked).map_while(|index| many.at(index)) {
        jobs.look_at(&target.into())?;
    }
    Ok(Vec::new())
}

/// Does it with what a line names. What options refuse is refused of every line, and none is to blame for it.
fn of_line<T>(
    jobs: &mut Jobs,
    (what, place): (Result<What, String>, &Place),
    with: impl FnOnce(&mut Jobs, Several) -> Result<T, String>,
) -> Result<T, Refused> {
    let of_line = |error: String| Refused::Line(format!("{place}: {error}"));
    let several = what.and_then(|what| Several::of(what, &jobs.options)).map_err(of_line)?;
    let is_file = match &several {
        Several::One(named) => {
            takes(&jobs.options, named).map_err(of_line)?;
            named.file.is_some()
        }
        Several::Many(many) => {
            // All of them are of one family.
            many.at(0).map_or(Ok(()), |first| takes(&jobs.options, &first.into())).map_err(of_line)?;
            false
        }
    };
    with(jobs, several).map_err(|error| if is_file { of_line(error) } else { Refused::Run(error) })
}

fn reading(options: &Options) -> Reading {
    Reading { column: options.column.clone(), port: options.default_port() }
}

/// What is said of a line of which a part was passed over.
fn passed_over(more: bool, place: &Place) -> Option<String> {
    more.then(|| {
        format!(
            "{place}: what stands beside the target is passed over, here and in the lines that follow; in a list of columns the first line names \
             them"
        )
    })
}

/// As many of a network the oracle looks at.
#[cfg(feature = "dev")]
const MANY: u64 = 300;

/// The targets of each line of a list, and what is said of those that are none: what reads lists line by line, for whoever tests it.
#[cfg(feature = "dev")]
pub(crate) fn list(
    name: &str,
    octets: &[u8],
    column: Option<String>,
) -> Result<(Vec<Vec<Target>>, Vec<String>), String> {
    let (mut targets, mut bad) = (Vec::new(), Vec::new());
    for line in Lines::new(octets, name.to_owned(), Reading { column, port: Target::DEFAULT_PORT }) {
        let line = line?;
        match &line.what {
            Ok(What::Target(target)) => targets.push(vec![target.clone()]),
            Ok(What::Many(many)) => {
                targets.push((0..many.len().min(MANY)).filter_map(|index| many.at(index)).collect());
            }
            Ok(What::File(_)) => {}
            Err(error) => bad.push(format!("{}: {error}", line.place)),
        }
    }
    Ok((targets, bad))
}
