//! From a target that is named to a probe of it.
use std::borrow::Cow;
use std::sync::Arc;

use rdp_probe::{Family, Host, Probe, ProbeError, Prober, RdpFile, RdpFileWarning, Stage, Target};

use crate::account::Accounts;
use crate::credentials::{Credentials, of_builder};
use crate::exit::say_soon;
use crate::expecting::Expecting;
use crate::file_gateway::{FileGateways, FileWay, of_use};
use crate::gateway::Way;
use crate::named::Named;
use crate::options::Options;
use crate::quote::{quoted, short};
use crate::resolve_entry::ResolveEntry;

/// A probe to run, and what to warn of.
pub(crate) struct Job {
    pub(crate) probe: Probe,
    pub(crate) warnings: Vec<String>,
}

/// How targets become probes.
pub(crate) struct Jobs {
    pub(crate) options: Arc<Options>,
    /// Whether somebody looks closely, of which all targets are asked.
    closely: bool,
    pub(crate) prober: Prober,
    /// Which entries of `--resolve` were of use.
    used: Vec<bool>,
    /// Whether a probe was made of these options.
    sound: bool,
    pub(crate) accounts: Accounts,
    /// The gateway on the way, until its account is known.
    pub(crate) way: Option<Way>,
    /// The gateways that files name.
    gateways: FileGateways,
    /// What is expected of them.
    pub(crate) expecting: Arc<Expecting>,
}

impl Jobs {
    /// With what the options say of all targets; files are read here, once.
    ///
    /// # Errors
    /// What is wrong with the options, without a secret in it.
    pub(crate) fn new(options: &Arc<Options>) -> Result<Self, String> {
        let mut used = vec![false; options.resolve.len()];
        let (mut prober, way) = (prober(options)?, Way::of(options)?);
        if let Some(way) = &way {
            prober = way.without_account(prober);
            if let Some(used) = way.resolved.and_then(|index| used.get_mut(index)) {
                *used = true;
            }
        }
        let mut jobs = Self {
            options: Arc::clone(options),
            closely: options.looks_closely(),
            prober,
            used,
            sound: false,
            accounts: Accounts::default(),
            way,
            gateways: FileGateways::look(options)?,
            expecting: Arc::new(Expecting::of(options)?),
        };
        jobs.accounts.look(options)?;
        Ok(jobs)
    }

    /// The probe of a target.
    ///
    /// # Errors
    /// Why there can be none.
    pub(crate) fn of(&mut self, named: &Named) -> Result<Job, String> {
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
        let expected = self.expecting.need_enumeration(&named.target);
        let probe =
            probe(&self.options, &self.prober, named, pinned, (credentials, way), (self.closely, expected))?;
        Ok(Job { probe, warnings })
    }

    /// Whether there can be a probe of it, and what to warn of.
    pub(crate) fn look_at(&mut self, named: &Named) -> Result<Vec<String>, String> {
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
    pub(crate) fn all_of_use(&self) -> Result<(), String> {
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
        ("--enumerate", options.enumerate(false, false)),
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
pub(crate) fn with_key_log(options: &Options, prober: Prober) -> Prober {
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
pub(crate) fn takes(options: &Options, named: &Named) -> Result<(), String> {
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
    (credentials, way): (Option<Credentials>, Option<FileWay>),
    (closely, expected): (bool, bool),
) -> Result<Probe, String> {
    takes(options, named)?;
    let depth = depth(options, named, way.as_ref())?;
    let mut builder = prober
        .probe(target.clone())
        .enumerate(options.enumerate(closely, expected))
        .certificate_days(options.cert_days)
        .second_look(options.second_look(closely))
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
