//! From what was typed to the probes to run.
use std::io::Read as _;

use rdp_probe::{Family, Host, Probe, Stage, Target};

use crate::options::Options;

/// The largest list that is read, in octets.
const MAX_LIST: u64 = 64 << 20;

/// The probes to run, in the order of their targets.
pub(crate) fn jobs(options: &Options) -> Result<Vec<Probe>, String> {
    let targets = targets(options)?;
    let single = targets.len() == 1;
    targets.into_iter().map(|target| job(options, target, single)).collect()
}

fn job(options: &Options, target: Target, single: bool) -> Result<Probe, String> {
    let family = options.family();
    if let Host::Ip(ip) = &target.host
        && !family.takes(&std::net::SocketAddr::new(*ip, target.port))
    {
        let option = if family == Family::V4 { "-4" } else { "-6" };
        return Err(format!("target {:?} is not an address that {option} takes", target.input));
    }
    let pinned = options
        .resolve
        .iter()
        .find(|entry| entry.port == target.port && entry.host.eq_ignore_ascii_case(&target.host.to_string()));
    let mut builder = Probe::builder(target)
        .until(options.until)
        .security(options.security)
        .enumerate(options.enumerate(single))
        .all_addresses(options.all_addresses)
        .family(family)
        .timeout(options.timeout);
    if let Some(limit) = options.connect_timeout {
        builder = builder.stage_timeout(Stage::TcpConnect, limit);
    }
    for (stage, limit) in &options.stage_timeout {
        builder = builder.stage_timeout(*stage, *limit);
    }
    if let Some(cookie) = &options.cookie {
        builder = builder.cookie(cookie);
    }
    if let Some(entry) = pinned {
        builder = builder.resolve_to(entry.addresses.clone());
    }
    builder.build().map_err(|error| error.to_string())
}

fn targets(options: &Options) -> Result<Vec<Target>, String> {
    let mut targets = Vec::new();
    for typed in &options.targets {
        if typed == "-" {
            targets.extend(list("standard input", &read_all(std::io::stdin(), "standard input")?)?);
        } else if let Some(path) = typed.strip_prefix('@') {
            let name = format!("list file {path:?}");
            let file = std::fs::File::open(path).map_err(|error| format!("{name}: cannot be read: {error}"))?;
            targets.extend(list(&name, &read_all(file, &name)?)?);
        } else {
            targets.push(target(typed).map_err(|error| format!("target {typed:?}: {error}"))?);
        }
    }
    if targets.is_empty() {
        return Err("the list has no target; a line holds host[:port]".into());
    }
    Ok(targets)
}

fn target(typed: &str) -> Result<Target, String> {
    if typed.len() > 4
        && typed.get(typed.len().saturating_sub(4)..).is_some_and(|end| end.eq_ignore_ascii_case(".rdp"))
    {
        return Err(".rdp files are not in this version; give host[:port]".into());
    }
    typed.parse::<Target>().map_err(|error| error.to_string())
}

fn read_all(source: impl std::io::Read, name: &str) -> Result<String, String> {
    let mut octets = Vec::new();
    source
        .take(MAX_LIST)
        .read_to_end(&mut octets)
        .map_err(|error| format!("{name}: cannot be read: {error}"))?;
    String::from_utf8(octets).map_err(|error| {
        let offset = error.utf8_error().valid_up_to();
        format!("{name}: octet {offset} is not UTF-8; a list is text with a target on each line")
    })
}

/// One target a line; what follows a `#` at the start or after a space is a comment.
fn list(name: &str, text: &str) -> Result<Vec<Target>, String> {
    let mut targets = Vec::new();
    for (index, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let line = line.split_once(" #").map_or(line, |(before, _)| before).trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let number = index.saturating_add(1);
        let short: String = line.chars().take(80).collect();
        targets.push(target(line).map_err(|error| format!("{name}, line {number}: {short:?}: {error}"))?);
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_has_comments_and_empty_lines() {
        let targets = list("x", "\u{feff}# hosts\nsrv1\n\n srv2:3390 # second\r\n").unwrap();
        assert_eq!(targets.iter().map(|t| t.input.as_str()).collect::<Vec<_>>(), ["srv1", "srv2:3390"]);
    }

    #[test]
    fn a_bad_line_is_named_by_its_number() {
        let error = list("list file \"x\"", "srv1\nsrv 2\n").unwrap_err();
        assert_eq!(error, "list file \"x\", line 2: \"srv 2\": a host name has no character like ' '");
    }
}
