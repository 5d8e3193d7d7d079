//! Help: all options in groups with --help, and their names alone on one screen with -h.
use std::fmt::Write as _;

use clap::{Arg, Command, CommandFactory as _};
use rdp_probe::render::wrapped;

use crate::options::Options;
use crate::words::WAIT;

/// The options by what they are about; an option that is in no group is one for all of them, which a test excludes.
const GROUPS: [(&str, &[&str]); 10] = [
    (
        "Targets",
        &[
            "port",
            "column",
            "strict",
            "exclude",
            "duplicates",
            "in_order",
            "seed",
            "resume",
            "resolve",
            "ipv4",
            "ipv6",
            "all_addresses",
        ],
    ),
    ("Depth", &["until", "security", "enumerate", "no_enumerate", "second_look", "no_second_look"]),
    ("Request", &["cookie", "no_cookie", "routing_token", "pcb", "client_name"]),
    ("Certificate", &["pin", "ca", "server_name", "cert_days", "keylog"]),
    (
        "Credentials",
        &["user", "domain", "password_file", "password_stdin", "accept_certificate", "restricted_admin"],
    ),
    (
        "RD Gateway",
        &[
            "gateway",
            "no_gateway",
            "gateway_user",
            "gateway_domain",
            "gateway_password_file",
            "gateway_password_stdin",
            "gateway_token",
            "same_credentials",
            "gateway_auth",
            "gateway_transport",
            "gateway_ca",
            "gateway_pin",
            "gateway_only",
            "accept_consent",
            "no_channel_binding",
        ],
    ),
    (
        "Limits",
        &["timeout", "connect_timeout", "stage_timeout", "concurrency", "rate", "per_network", "retries"],
    ),
    ("Expectations", &["expect", "expect_file", "baseline", "fail_on_change"]),
    ("Rounds", &["count", "forever", "interval", "wait_for", "every", "stable", "give_up"]),
    (
        "Output",
        &["outputs", "brief", "exit", "exit_zero", "verbose", "quiet", "color", "no_progress", "from_report"],
    ),
];

/// What is of a report, be it an old one.
const OF_REPORTS: [&str; 2] = ["Expectations", "Output"];

/// The widest line.
const WIDTH: usize = 80;
/// Where names of options begin.
const NAMES: usize = 13;

fn group(id: &str) -> Option<&'static str> {
    GROUPS.iter().find(|(_, ids)| ids.contains(&id)).map(|(heading, _)| *heading)
}

/// The whole command line, each option under the heading of its group.
pub(crate) fn command() -> Command {
    let targets =
        Arg::new("targets").value_name("TARGET").num_args(1..).help("As a probe has them, with its options");
    let wait = Command::new(WAIT).about("Probe again and again, until it is ready and stays so").arg(targets);
    let options = Options::command().mut_args(|argument| match group(argument.get_id().as_str()) {
        Some(heading) => argument.help_heading(heading),
        None => argument,
    });
    // A stored report is asked for what is of reports, and nothing of how to come by one.
    let probing = GROUPS.iter().filter(|(heading, _)| !OF_REPORTS.contains(heading));
    let probing = probing.flat_map(|(_, ids)| ids.iter().copied()).chain(["targets"]);
    let options = options.mut_arg("from_report", |argument| argument.conflicts_with_all(probing));
    options.subcommand(wait)
}

/// What -h says.
pub(crate) fn short(command: &Command) -> String {
    let mut out = String::from(
        "Where a remote desktop connection fails, and why. --help says what each does.\n\n\
         Usage: rdp-probe [OPTIONS] TARGET...      host[:port], network, FILE.rdp, @list\n       \
         rdp-probe wait TARGET...           until it is ready, and stays so\n       \
         rdp-probe explain CODE...          what a code or a message means\n       \
         rdp-probe demo                     what all of this looks like\n\n",
    );
    for (heading, ids) in GROUPS {
        let names = together(ids.iter().filter_map(|id| named(command, id)));
        wrapped(&mut out, &format!("{heading:<NAMES$}"), &names.join(" "), WIDTH);
    }
    out
}

/// Those that begin alike once, with their ends.
fn together(names: impl Iterator<Item = String>) -> Vec<String> {
    let (ends, mut all): (Vec<String>, Vec<String>) = names.partition(|name| name.starts_with(ALIKE));
    let last = ends.len().saturating_sub(1);
    all.extend(ends.iter().enumerate().map(|(at, name)| {
        let end = name.strip_prefix(ALIKE).unwrap_or(name);
        let begin = if at == 0 { format!("{ALIKE}{{") } else { String::new() };
        // A line that is full ends behind a comma.
        format!("{begin}{end}{}", if at == last { "}" } else { "," })
    }));
    all
}

/// What many options of one group begin with.
const ALIKE: &str = "--gateway-";

fn named(command: &Command, id: &str) -> Option<String> {
    let argument: &Arg = command.get_arguments().find(|argument| argument.get_id() == id)?;
    let mut out = String::new();
    if let Some(short) = argument.get_short() {
        _ = write!(out, "-{short}");
    }
    if let Some(long) = argument.get_long() {
        _ = write!(out, "{}--{long}", if out.is_empty() { "" } else { "/" });
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::VERBS;

    #[test]
    fn every_option_is_in_one_group() {
        let ids: Vec<&str> = GROUPS.iter().flat_map(|(_, ids)| ids.iter().copied()).collect();
        let command = command();
        for argument in command.get_arguments().filter(|argument| !argument.is_positional()) {
            let id = argument.get_id().as_str();
            assert_eq!(ids.iter().filter(|other| **other == id).count(), 1, "{id}");
        }
        assert!(ids.iter().all(|id| named(&command, id).is_some_and(|name| !name.is_empty())));
    }

    #[test]
    fn every_option_is_of_a_probe_or_of_its_report() {
        let of_reports = [
            "from_report",
            "expect",
            "expect_file",
            "baseline",
            "fail_on_change",
            "outputs",
            "brief",
            "exit",
            "exit_zero",
            "verbose",
            "quiet",
            "color",
            "no_progress",
            "help",
            "version",
        ];
        let mut command = command();
        command.build();
        let stored = command.get_arguments().find(|argument| argument.get_id() == "from_report").unwrap();
        let refused: Vec<&str> =
            command.get_arg_conflicts_with(stored).iter().map(|argument| argument.get_id().as_str()).collect();
        for argument in command.get_arguments() {
            let id = argument.get_id().as_str();
            assert!(refused.contains(&id) != of_reports.contains(&id), "{id}");
        }
    }

    #[test]
    fn verbs_are_those_of_the_command_line() {
        let command = command();
        let verbs = command.get_subcommands();
        let verbs: Vec<(&str, bool)> =
            verbs.map(|verb| (verb.get_name(), verb.get_positionals().next().is_some())).collect();
        assert_eq!(verbs, VERBS);
    }

    #[test]
    fn short_help_fits_on_one_screen_and_names_every_option() {
        let text = short(&command());
        assert!(text.lines().count() <= 24 && text.lines().all(|line| line.len() <= WIDTH), "{text}");
        for argument in command().get_arguments() {
            if let Some(long) = argument.get_long() {
                assert!(text.contains(long.strip_prefix("gateway-").unwrap_or(long)), "{long}: {text}");
            }
        }
    }
}
