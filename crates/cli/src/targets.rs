//! From what was typed to the probes to run.
use std::ffi::OsStr;
use std::io::Read as _;

use rdp_probe::{Family, Host, Probe, ProbeError, Prober, RdpFile, RdpFileWarning, Stage, Target, TargetError};

use crate::options::Options;
use crate::quote::{quoted, short};
use crate::words::{behind, is_rdp_file};

/// The largest list or file of reports that is read, in octets.
const MAX_LIST: u64 = 64 << 20;

/// A target, and the .rdp file that names it.
#[derive(Debug)]
struct Named {
    target: Target,
    file: Option<Box<RdpFile>>,
}

/// The probes to run, in the order of their targets, and what to warn of.
pub(crate) fn jobs(options: &Options) -> Result<(Vec<Probe>, Vec<String>), String> {
    let targets = targets(options)?;
    for entry in &options.resolve {
        if !targets.iter().any(|Named { target, .. }| entry.is_for(&target.host.to_string(), target.port)) {
            let (host, port) = (&entry.host, entry.port);
            return Err(format!("--resolve {host}:{port}: no target is {host} on port {port}"));
        }
    }
    let warnings = targets.iter().flat_map(warnings).collect();
    let prober = prober(options)?;
    let probes = targets.into_iter().map(|named| job(options, &prober, named)).collect::<Result<_, _>>()?;
    Ok((probes, warnings))
}

fn warnings(Named { target, file }: &Named) -> impl Iterator<Item = String> {
    let warnings = file.iter().flat_map(|file| &file.warnings);
    warnings.map(move |warning| {
        // Of every file alike, so it is said once.
        let alike = *warning == RdpFileWarning::Account;
        if alike { warning.to_string() } else { format!("{}: {warning}", quoted(&target.input)) }
    })
}

/// What all targets have in common: files are read and opened here, once.
fn prober(options: &Options) -> Result<Prober, String> {
    let mut prober = Prober::new().timeout(options.timeout);
    if let Some(path) = &options.ca {
        let cannot = |why: String| format!("--ca {}: {why}", short(path));
        let pem = std::fs::read(path).map_err(|error| cannot(format!("cannot be read: {error}")))?;
        prober = prober.trust(&pem).map_err(|error| cannot(error.to_string()))?;
    }
    let key_file = options.keylog.clone().or_else(|| std::env::var_os("SSLKEYLOGFILE").map(Into::into));
    if let Some(path) = key_file {
        let cannot = |error: std::io::Error| format!("--keylog {}: cannot be opened: {error}", short(&path));
        prober = prober.key_log(&path).map_err(cannot)?;
    }
    if let Some(limit) = options.connect_timeout {
        prober = prober.stage_timeout(Stage::TcpConnect, limit);
    }
    for (stage, limit) in &options.stage_timeout {
        prober = prober.stage_timeout(*stage, *limit);
    }
    Ok(prober)
}

fn job(options: &Options, prober: &Prober, Named { target, file }: Named) -> Result<Probe, String> {
    let family = options.family();
    if let Host::Ip(ip) = &target.host
        && !family.takes(&std::net::SocketAddr::new(*ip, target.port))
    {
        let option = if family == Family::V4 { "-4" } else { "-6" };
        return Err(format!("target {} is not an address that {option} takes", quoted(&target.input)));
    }
    let pinned = options.resolve.iter().find(|entry| entry.is_for(&target.host.to_string(), target.port));
    let mut builder = prober
        .probe(target)
        .enumerate(options.enumerate(options.single()))
        .all_addresses(options.all_addresses)
        .family(family);
    // What is typed wins over what the file says.
    if let Some(file) = &file {
        builder = builder.rdp_file(file);
    }
    if let Some(security) = options.security {
        builder = builder.security(security);
    }
    if let Some(stage) = options.until {
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
    }
    if let Some(token) = &options.routing_token {
        builder = builder.routing_token(token.as_str());
    }
    if let Some(blob) = &options.pcb {
        builder = builder.preconnection_blob(blob);
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
        | ProbeError::Roots
        | ProbeError::NoTime
        | _ => error.to_string(),
    })
}

fn targets(options: &Options) -> Result<Vec<Named>, String> {
    let mut targets = Vec::new();
    for typed in &options.targets {
        if typed == "-" {
            targets.extend(list("standard input", &read_all(std::io::stdin(), "standard input", LIST)?)?);
        } else if let Some(path) = behind(typed, "@") {
            let name = format!("list file {}", quoted(&path));
            let file =
                std::fs::File::open(&path).map_err(|error| format!("{name}: cannot be read: {error}"))?;
            targets.extend(list(&name, &read_all(file, &name, LIST)?)?);
        } else {
            targets.push(target(typed).map_err(|error| format!("target {}: {error}", quoted(typed)))?);
        }
    }
    if targets.is_empty() {
        return Err("the list has no target; a line holds host[:port]".into());
    }
    Ok(targets)
}

fn rdp_file(path: &OsStr) -> Result<Named, String> {
    let mut octets = Vec::new();
    // One octet more than it may have, so that the reader sees what is too much.
    let most = u64::try_from(RdpFile::MAX_LEN).unwrap_or(u64::MAX).saturating_add(1);
    std::fs::File::open(path)
        .and_then(|file| file.take(most).read_to_end(&mut octets))
        .map_err(|error| format!("cannot be read: {error}"))?;
    let file = RdpFile::parse(&octets).map_err(|error| error.to_string())?;
    let mut target = file.target();
    target.input = path.to_string_lossy().into_owned();
    Ok(Named { target, file: Some(Box::new(file)) })
}

fn target(typed: &OsStr) -> Result<Named, String> {
    if is_rdp_file(typed) {
        return rdp_file(typed);
    }
    let text = typed.to_str().ok_or("expected the name of a host in UTF-8")?;
    let target = text.parse::<Target>().map_err(|error| {
        let zone = matches!(error, TargetError::Zone | TargetError::LinkLocal);
        // There is a way to such an address all the same.
        let hint = if zone { " (--resolve NAME:3389:fe80::1%2 gives a name such an address)" } else { "" };
        format!("{error}{hint}")
    })?;
    Ok(Named { target, file: None })
}

/// What a list is.
const LIST: &str = "a list is text with a target on each line";

/// Reads a text that is not too large; `what` says what was expected.
pub(crate) fn read_all(source: impl std::io::Read, name: &str, what: &str) -> Result<String, String> {
    let mut octets = Vec::new();
    source
        .take(MAX_LIST + 1)
        .read_to_end(&mut octets)
        .map_err(|error| format!("{name}: cannot be read: {error}"))?;
    if u64::try_from(octets.len()).is_ok_and(|length| length > MAX_LIST) {
        return Err(format!("{name}: larger than {} MiB; divide it", MAX_LIST >> 20));
    }
    String::from_utf8(octets).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        format!("{name}: octet {offset} is not UTF-8; {what}")
    })
}

/// One target a line; what follows a `#` at the start or after a space is a comment.
fn list(name: &str, text: &str) -> Result<Vec<Named>, String> {
    let mut targets = Vec::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.split_once(" #").map_or(line, |(before, _)| before).trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let number = index + 1;
        let short: String = line.chars().take(80).collect();
        targets
            .push(target(line.as_ref()).map_err(|error| format!("{name}, line {number}: {short:?}: {error}"))?);
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_comments_and_empty_lines() {
        let targets = list("x", "\u{feff}# hosts\nsrv1\n\n srv2:3390 # second\r\n").unwrap();
        assert_eq!(
            targets.iter().map(|named| named.target.input.as_str()).collect::<Vec<_>>(),
            ["srv1", "srv2:3390"]
        );
    }

    #[test]
    fn a_list_that_is_too_large_is_refused_and_not_cut() {
        let octets = |number| std::io::repeat(b'\n').take(number);
        assert!(read_all(octets(MAX_LIST), "list", LIST).is_ok());
        let error = read_all(octets(MAX_LIST + 1), "list", LIST).unwrap_err();
        assert_eq!(error, "list: larger than 64 MiB; divide it");
    }

    #[test]
    fn a_bad_line_is_named_by_its_number() {
        let error = list("list file \"x\"", "srv1\nsrv 2\n").unwrap_err();
        assert_eq!(error, "list file \"x\", line 2: \"srv 2\": a host name has no character like ' '");
    }
}
