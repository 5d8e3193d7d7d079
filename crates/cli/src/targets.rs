//! From what was typed to probes.
use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;

use rdp_probe::{Family, Host, Probe, ProbeError, Prober, RdpFile, RdpFileWarning, Stage, Target};
use zeroize::Zeroizing;

use crate::account::{self, Accounts};
use crate::bad_lines::BadLines;
use crate::credentials::{Credentials, of_builder};
use crate::exit::{say, say_soon};
use crate::file_gateway::{FileGateways, FileWay, of_use};
use crate::gateway::Way;
use crate::lists::{self, Line, Lines, Reading, What};
use crate::options::{Options, ResolveEntry};
use crate::password::NoRun;
use crate::quote::{quoted, short};
use crate::words::{behind, is_rdp_file};
use crate::written::{self, Written};

/// Where targets come from.
enum Source {
    /// What was typed, which is one target.
    Typed(Box<Named>),
    /// A list file, read for the second time, and what it held the first time.
    List { path: PathBuf, name: String, held: Held },
    /// A list that can be read but once.
    Stream(Box<UnderWay>),
}

/// How many lines of a list are targets, and how many are none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Held {
    good: usize,
    bad: usize,
}

/// A list under way.
struct UnderWay {
    lines: Lines<Box<dyn Read + Send>>,
    name: String,
    held: Held,
    /// What it held the first time, where it is read for the second.
    before: Option<Held>,
    bad: BadLines,
}

/// Why there is no probe.
enum Refused {
    /// Of this line, which says so.
    Line(String),
    /// Of any: nothing is probed.
    Run(String),
}

/// A target, and the .rdp file that names it.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) target: Target,
    file: Option<Box<RdpFile>>,
}

impl Named {
    /// Whether a gateway stands before it.
    fn is_behind_gateway(&self, options: &Options) -> bool {
        options.gateway.gateway.is_some() || of_use(options, self.file.as_deref()).is_some()
    }

    /// Whether it is connected to from here: there is no gateway, or the direct way comes first.
    fn is_dialled(&self, options: &Options) -> bool {
        let by_file = of_use(options, self.file.as_deref()).is_some_and(|gateway| gateway.usage.is_detect());
        !self.is_behind_gateway(options) || options.gateway.detect || by_file
    }
}

/// A probe to run, and what to warn of.
pub(crate) struct Job {
    pub(crate) probe: Probe,
    pub(crate) warnings: Vec<String>,
}

/// What was typed, as far as it can be looked at before anything is probed: list files have been read once, and nothing of them is
/// kept.
pub(crate) struct Targets {
    sources: Vec<Source>,
    jobs: Jobs,
    /// How many there are; `None` when a list is among them that can be read but once.
    pub(crate) total: Option<usize>,
    /// What to warn of before anything is probed.
    pub(crate) warnings: Vec<String>,
}

/// How targets become probes.
struct Jobs {
    options: Arc<Options>,
    prober: Prober,
    /// Which entries of `--resolve` were of use.
    used: Vec<bool>,
    /// Whether a probe was made of these options.
    sound: bool,
    accounts: Accounts,
    /// The gateway on the way, until its account is known.
    way: Option<Way>,
    /// The gateways that files name.
    gateways: FileGateways,
}

impl Targets {
    /// Looks at everything that was typed, and refuses it whole where a part of it cannot be.
    pub(crate) fn of(options: &Arc<Options>) -> Result<Self, String> {
        let mut used = vec![false; options.resolve.len()];
        let (mut prober, way) = (prober(options)?, Way::of(options)?);
        if let Some(way) = &way {
            prober = way.without_account(prober);
            if let Some(used) = way.resolved.and_then(|index| used.get_mut(index)) {
                *used = true;
            }
        }
        let mut jobs = Jobs {
            options: Arc::clone(options),
            prober,
            used,
            sound: false,
            accounts: Accounts::default(),
            way,
            gateways: FileGateways::look(options)?,
        };
        jobs.accounts.look(options)?;
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
                lists::fits(&name, metadata.len())?;
                let held = jobs.look_through(
                    Lines::new(file, name.clone(), reading(options)),
                    &name,
                    &mut warnings,
                    &mut bad,
                )?;
                total += held.good;
                sources.push(Source::List { path, name, held });
            } else {
                let (named, more) = target(typed, options)
                    .map_err(|error| format!("target {}: {error}", written::shown(&short(typed))))?;
                if more {
                    warnings.push(format!(
                        "target {}: what stands behind the port is passed over",
                        quoted(&named.target.input)
                    ));
                }
                warnings.extend(jobs.look_at(&named)?);
                total += 1;
                sources.push(Source::Typed(Box::new(named)));
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
        Ok(Self { sources, jobs, total: (!streams).then_some(total), warnings })
    }

    /// The same, with the credentials of the run. When nothing else is wrong: somebody may be asked for a password.
    pub(crate) fn log_on(mut self) -> Result<Self, NoRun> {
        let Jobs { options, prober, accounts, way, .. } = &mut self.jobs;
        *prober = account::of_all(accounts, options, prober.clone(), way.take(), &mut self.warnings)?;
        Ok(self)
    }

    /// Whether there is no list among them.
    pub(crate) fn are_typed(&self) -> bool {
        self.sources.iter().all(|source| matches!(source, Source::Typed(_)))
    }

    /// The jobs, in the order of their targets, each when it is asked for. An error ends them: what a list that can be read but once
    /// has in its place cannot be known before.
    pub(crate) fn jobs(self) -> impl Iterator<Item = Result<Job, String>> + Send {
        let Self { sources, mut jobs, total, .. } = self;
        let mut sources = sources.into_iter();
        let mut under_way: Option<Box<UnderWay>> = None;
        let (mut count, mut over) = (0_usize, false);
        std::iter::from_fn(move || {
            if over {
                return None;
            }
            let next = loop {
                if let Some(list) = &mut under_way {
                    match list.next(&mut jobs) {
                        Some(job) => break job.map(Some),
                        None => under_way = None,
                    }
                }
                match sources.next() {
                    Some(Source::Typed(named)) => break jobs.of(&named).map(Some),
                    Some(Source::Stream(list)) => under_way = Some(list),
                    Some(Source::List { path, name, held }) => match File::open(&path) {
                        Ok(file) => {
                            under_way = Some(UnderWay::of(Box::new(file), name, &jobs.options, Some(held)));
                        }
                        Err(error) => break Err(format!("{name}: cannot be read: {error}")),
                    },
                    // What could not be known before is looked at now.
                    None if total.is_none() && count == 0 => break Err(NO_TARGET.into()),
                    None if total.is_none() => break jobs.all_of_use().map(|()| None),
                    None => break Ok(None),
                }
            };
            count += 1;
            let next = next.transpose();
            over = !matches!(next, Some(Ok(_)));
            next
        })
    }
}

const NO_TARGET: &str = "the list has no target; a line holds host[:port]";

impl Source {
    fn stream(source: impl Read + Send + 'static, name: String, options: &Options) -> Self {
        Self::Stream(UnderWay::of(Box::new(source), name, options, None))
    }
}

impl UnderWay {
    fn of(source: Box<dyn Read + Send>, name: String, options: &Options, before: Option<Held>) -> Box<Self> {
        let lines = Lines::new(source, name.clone(), reading(options));
        Box::new(Self { lines, name, held: Held::default(), before, bad: BadLines::default() })
    }

    /// The job of the next line that is a target.
    fn next(&mut self, jobs: &mut Jobs) -> Option<Result<Job, String>> {
        loop {
            let Some(line) = self.lines.next() else {
                self.end();
                return None;
            };
            let line = match line {
                Ok(line) => line,
                Err(error) => return Some(Err(error)),
            };
            match jobs.of_line(&line, Jobs::of) {
                Ok(mut job) => {
                    self.held.good += 1;
                    if self.before.is_none() {
                        self.bad.is_list();
                        job.warnings.extend(more(&line));
                    }
                    return Some(Ok(job));
                }
                Err(Refused::Run(error)) => return Some(Err(error)),
                Err(Refused::Line(error)) if jobs.options.strict => return Some(Err(error)),
                Err(Refused::Line(error)) => {
                    self.held.bad += 1;
                    // Those of a list that is read twice have been said.
                    if self.before.is_none() {
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
        if let Some(Held { good, .. }) = self.before.filter(|before| *before != self.held) {
            let now = self.held.good;
            say(&format!(
                "{}: was written to while it was read: it had {good} targets, and has {now}",
                self.name
            ));
        }
    }
}

impl Jobs {
    /// Reads a list that is read again later.
    fn look_through(
        &mut self,
        lines: Lines<File>,
        name: &str,
        warnings: &mut Vec<String>,
        said: &mut Vec<String>,
    ) -> Result<Held, String> {
        let (mut bad, mut good) = (BadLines::default(), 0_usize);
        for line in lines {
            let line = line?;
            match self.of_line(&line, Self::look_at) {
                Ok(of_file) => {
                    warnings.extend(of_file);
                    warnings.extend(more(&line));
                    good += 1;
                }
                Err(Refused::Run(error)) => return Err(error),
                Err(Refused::Line(error)) if self.options.strict => return Err(error),
                Err(Refused::Line(error)) => bad.add(&error),
            }
        }
        let held = Held { good, bad: bad.count };
        said.extend(bad.end(name));
        Ok(held)
    }

    /// Does it with what a line names. What options refuse is refused of every line, and none is to blame for it.
    fn of_line<T>(
        &mut self,
        line: &Line,
        with: impl FnOnce(&mut Self, &Named) -> Result<T, String>,
    ) -> Result<T, Refused> {
        let of_line = |error: String| Refused::Line(format!("{line}: {error}"));
        let named = named(line).map_err(of_line)?;
        takes(&self.options, &named).map_err(of_line)?;
        let is_file = named.file.is_some();
        with(self, &named).map_err(|error| if is_file { of_line(error) } else { Refused::Run(error) })
    }

    fn of(&mut self, named: &Named) -> Result<Job, String> {
        let pinned = self.pinned(named);
        let pinned = pinned.and_then(|index| self.options.resolve.get(index));
        let mut warnings: Vec<String> = warnings(&self.options, named).collect();
        let (mut credentials, mut way) = (None, None);
        if let Some(file) = &named.file {
            let name = named.target.input.as_str();
            credentials = self.accounts.of_file(&self.options, (name, &**file), &mut warnings)?;
            if let Some(gateway) = of_use(&self.options, Some(file)) {
                let gateway = (name, &**file, gateway);
                way = Some(self.gateways.of_file(&self.options, &mut self.accounts, gateway, &mut warnings)?);
            }
        }
        let resolved = way.as_ref().and_then(|way| way.resolved);
        if let Some(used) = resolved.and_then(|index| self.used.get_mut(index)) {
            *used = true;
        }
        let probe = probe(&self.options, &self.prober, named, pinned, credentials, way)?;
        Ok(Job { probe, warnings })
    }

    /// Whether there can be a probe of it, and what to warn of.
    fn look_at(&mut self, named: &Named) -> Result<Vec<String>, String> {
        // What the options refuse, they refuse to every target that brings nothing of its own.
        if self.sound && named.file.is_none() {
            self.pinned(named);
            takes(&self.options, named)?;
            return Ok(Vec::new());
        }
        let Job { warnings, .. } = self.of(named)?;
        self.sound |= named.file.is_none();
        Ok(warnings)
    }

    /// Which entry of `--resolve` it has. That one is of use. Behind a gateway it has none: its name is the gateway's to look up.
    fn pinned(&mut self, named: &Named) -> Option<usize> {
        if !named.is_dialled(&self.options) {
            return None;
        }
        let Target { host, port, .. } = &named.target;
        let is_for = |entry: &ResolveEntry| entry.is_for(&host.to_string(), *port);
        let pinned = self.options.resolve.iter().position(is_for);
        if let Some(used) = pinned.and_then(|index| self.used.get_mut(index)) {
            *used = true;
        }
        pinned
    }

    /// Whether each entry of `--resolve` has its target, and each option about a user one.
    fn all_of_use(&self) -> Result<(), String> {
        if let Some(message) = self.options.needs_a_user().filter(|_| !self.accounts.named) {
            return Err(message);
        }
        if let Some(message) = self.gateways.of_no_use(&self.options) {
            return Err(message);
        }
        let unused = self.options.resolve.iter().zip(&self.used).find(|(_, used)| !**used);
        let Some((ResolveEntry { host, port, .. }, _)) = unused else { return Ok(()) };
        Err(match &self.options.gateway.gateway {
            Some(_) if !self.options.gateway.detect => format!(
                "--resolve {host}:{port}: the gateway is not {host} on port {port}, and looks up the target's name itself"
            ),
            Some(_) | None => format!("--resolve {host}:{port}: no target is {host} on port {port}"),
        })
    }
}

fn warnings<'a>(
    options: &Options,
    named @ Named { target, file }: &'a Named,
) -> impl Iterator<Item = String> + use<'a> {
    let through = of_use(options, file.as_deref()).is_some();
    let asked = [
        ("--enumerate", options.enumerate(false)),
        ("--second-look", options.second_look(false)),
        ("--all-addresses", options.all_addresses),
    ];
    let not_done = asked.into_iter().filter(move |(_, asked)| *asked && through);
    let not_done = not_done.map(|(option, _)| {
        let name = quoted(&named.target.input);
        format!("{name}: {option} is not done through its gateway: it would open more tunnels there")
    });
    let warnings = file.iter().flat_map(|file| &file.warnings).map(move |warning| match warning {
        // Of every file alike, so it is said once.
        RdpFileWarning::Password | RdpFileWarning::PasswordInClear => warning.to_string(),
        RdpFileWarning::PassedOver(_)
        | RdpFileWarning::UnknownKeys(_)
        | RdpFileWarning::RepeatedKeys(_)
        | _ => format!("{}: {warning}", quoted(&target.input)),
    });
    not_done.chain(warnings)
}

/// What all targets have in common: files are read here, once.
fn prober(options: &Options) -> Result<Prober, String> {
    let mut prober = Prober::new();
    if let Some(limit) = options.timeout {
        prober = prober.timeout(limit);
    }
    if let Some(path) = &options.ca {
        let cannot = |why: String| format!("--ca {}: {why}", short(path));
        let pem = std::fs::read(path).map_err(|error| cannot(format!("cannot be read: {error}")))?;
        prober = prober.trust(&pem).map_err(|error| cannot(error.to_string()))?;
    }
    if let Some(limit) = options.connect_timeout {
        prober = prober.stage_timeout(Stage::TcpConnect, limit);
    }
    for (stage, limit) in &options.stage_timeout {
        prober = prober.stage_timeout(*stage, *limit);
    }
    Ok(prober)
}

/// Opened last, when nothing else is wrong. One that cannot be written is no reason to leave the probe: it is said once.
fn with_key_log(options: &Options, prober: Prober) -> Prober {
    let variable = || std::env::var_os("SSLKEYLOGFILE").filter(|path| !path.is_empty());
    let Some(path) = options.keylog.clone().or_else(|| variable().map(Into::into)) else { return prober };
    let (place, quiet) = (short(&path), options.quiet);
    prober.key_log_or(&path, move |error| {
        if !quiet {
            say_soon(&format!("session keys cannot be written to {place}: {error}"));
        }
    })
}

/// An address is of the family that was asked for.
fn takes(options: &Options, named: &Named) -> Result<(), String> {
    let (family, target) = (options.family(), &named.target);
    // Behind a gateway it is the gateway that connects to it.
    if let Host::Ip(ip) = &target.host
        && !named.is_behind_gateway(options)
        && !family.takes(&std::net::SocketAddr::new(*ip, target.port))
    {
        let option = if family == Family::V4 { "-4" } else { "-6" };
        return Err(format!("target {} is not an address that {option} takes", quoted(&target.input)));
    }
    Ok(())
}

/// How deep a probe goes.
fn depth(options: &Options, named: &Named, way: Option<&FileWay>) -> Result<Option<Stage>, String> {
    let depth = match way {
        Some(FileWay { logs_on, .. }) if options.gateway.gateway_only => {
            Some(if *logs_on { Stage::GatewayChannel } else { Stage::GatewayHttp })
        }
        Some(_) | None => options.depth(),
    };
    match depth.filter(|stage| stage.is_gateways() && !named.is_behind_gateway(options)) {
        Some(stage) => Err(format!(
            "target {}: stage {stage} is one of a gateway's, and there is none on the way to it",
            quoted(&named.target.input)
        )),
        None => Ok(depth),
    }
}

/// What is left of a file where options say otherwise.
fn as_typed<'a>(options: &Options, file: &'a RdpFile) -> Cow<'a, RdpFile> {
    let mut file = Cow::Borrowed(file);
    if options.no_gateway {
        file = Cow::Owned(file.into_owned().without_gateway());
    }
    if options.no_cookie && file.cookie.is_some() {
        file.to_mut().cookie = None;
    }
    file
}

fn probe(
    options: &Options,
    prober: &Prober,
    named @ Named { target, file }: &Named,
    pinned: Option<&ResolveEntry>,
    credentials: Option<Credentials>,
    way: Option<FileWay>,
) -> Result<Probe, String> {
    takes(options, named)?;
    let depth = depth(options, named, way.as_ref())?;
    let mut builder = prober
        .probe(target.clone())
        .enumerate(options.enumerate(options.single()))
        .certificate_days(options.cert_days)
        .second_look(options.second_look(options.single()))
        .all_addresses(options.all_addresses)
        .family(options.family());
    builder = of_builder(options, builder, credentials);
    // What is typed wins over what the file says.
    if let Some(file) = file {
        builder = builder.rdp_file(&as_typed(options, file));
    }
    if let Some(way) = way {
        builder = builder.gateway(way.gateway);
        if let Some(limit) = options.timeout {
            builder = builder.timeout(limit);
        }
    }
    builder = builder.not_followed(options.pasted.not_followed.iter().cloned());
    if let Some(security) = options.security {
        builder = builder.security(security);
    }
    if let Some(stage) = depth {
        builder = builder.until(stage);
    }
    for pin in &options.pin {
        builder = builder.pin(pin);
    }
    if let Some(name) = &options.server_name {
        builder = builder.server_name(name);
    }
    if let Some(cookie) = &options.cookie {
        builder = builder.cookie(cookie);
    } else if let Some(cookie) = options.pasted.cookie().filter(|_| !options.no_cookie) {
        builder = builder.cookie(cookie);
    }
    if let Some(token) = &options.routing_token {
        builder = builder.routing_token(token.as_str());
    }
    if let Some(blob) = &options.pcb {
        builder = builder.preconnection_blob(blob);
    }
    builder = builder.restricted_admin(options.gives_nothing());
    let called = |error: ProbeError| error.to_string();
    if let Some(name) = &options.client_name {
        builder = builder.client_name(name).map_err(called)?;
    }
    if let Some(entry) = pinned {
        builder = builder.resolve_to(entry.addresses.clone());
    }
    builder.build().map_err(|error| match &error {
        ProbeError::Pin(pin) => ProbeError::Pin(short(pin)).to_string(),
        ProbeError::StageNotBuilt(_)
        | ProbeError::Cookie(_)
        | ProbeError::RoutingToken(_)
        | ProbeError::PreconnectionBlob(_)
        | ProbeError::ClientName(_)
        | ProbeError::Roots
        | ProbeError::NoTime
        | _ => error.to_string(),
    })
}

fn rdp_file(path: &OsStr) -> Result<Named, String> {
    let cannot = |error: std::io::Error| format!("cannot be read: {error}");
    let metadata = std::fs::metadata(path).map_err(cannot)?;
    // Nobody would end what a pipe begins, and nobody saves such a file in a device.
    if !metadata.is_file() {
        let is = if metadata.is_dir() { "a folder" } else { "a pipe or a device" };
        return Err(format!("cannot be read: it is {is}, and no file"));
    }
    // One octet more than it may have, so that the reader sees what is too much.
    let most = RdpFile::MAX_LEN.saturating_add(1);
    let len = usize::try_from(metadata.len()).unwrap_or(most).min(most);
    // With room for all of it: it may hold a token, and what grows leaves copies behind.
    let mut octets = Zeroizing::new(Vec::with_capacity(len.saturating_add(1)));
    let most = u64::try_from(most).unwrap_or(u64::MAX);
    File::open(path).and_then(|file| file.take(most).read_to_end(&mut octets)).map_err(cannot)?;
    let file = RdpFile::parse(&octets).map_err(|error| error.to_string())?;
    let mut target = file.target();
    target.input = path.to_string_lossy().into_owned();
    Ok(Named { target, file: Some(Box::new(file)) })
}

fn named(line: &Line) -> Result<Named, String> {
    match &line.what {
        Ok(What::Target(target)) => Ok(Named { target: target.clone(), file: None }),
        Ok(What::File(path)) => rdp_file(path.as_ref()),
        Err(error) => Err(error.clone()),
    }
}

/// What was typed, and whether a part of it was passed over.
fn target(typed: &OsStr, options: &Options) -> Result<(Named, bool), String> {
    if is_rdp_file(typed) {
        return Ok((rdp_file(typed)?, false));
    }
    let text = typed.to_str().ok_or("expected the name of a host in UTF-8")?;
    let Written { target, more } = written::target(text, options.default_port())?;
    Ok((Named { target, file: None }, more))
}

fn reading(options: &Options) -> Reading {
    Reading { column: options.column.clone(), port: options.default_port() }
}

/// What is said of a line of which a part was passed over.
fn more(line: &Line) -> Option<String> {
    line.more.then(|| {
        format!(
            "{line}: what stands beside the target is passed over, here and in the lines that follow; in a list of columns the first line names \
             them"
        )
    })
}

/// The targets of a list, and how many of its lines are none: what reads lists line by line, for whoever tests it.
#[cfg(feature = "dev")]
pub(crate) fn list(
    name: &str,
    octets: &[u8],
    column: Option<String>,
) -> Result<(Vec<Target>, Vec<String>), String> {
    let (mut targets, mut bad) = (Vec::new(), Vec::new());
    for line in Lines::new(octets, name.to_owned(), Reading { column, port: Target::DEFAULT_PORT }) {
        let line = line?;
        match &line.what {
            Ok(What::Target(target)) => targets.push(target.clone()),
            Ok(What::File(_)) => {}
            Err(error) => bad.push(format!("{line}: {error}")),
        }
    }
    Ok((targets, bad))
}
