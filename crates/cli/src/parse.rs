//! From the arguments to what is to be done.
use std::ffi::OsString;

use clap::FromArgMatches as _;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::first_word::{self, First};
use crate::help;
use crate::line_way;
use crate::options::Options;
use crate::pasted::Pasted;
use crate::quote::short;
use crate::spellings;
use crate::verbs::{VERBS, Verb};
use crate::words::WAIT;

/// What a command line comes to.
pub(crate) enum Parsed {
    Options(Box<Options>),
    Verb(Verb),
    /// Help or version, to print.
    Text(String),
    /// One line that says what is wrong.
    Usage(String),
}

/// Reads the command line.
pub(crate) fn parse(args: impl IntoIterator<Item = OsString>) -> Parsed {
    let mut args: Vec<OsString> = args.into_iter().collect();
    // It takes whatever a probe does, other clients' command lines too.
    let wait = args.get(1).is_some_and(|word| word == WAIT);
    if wait {
        args.remove(1);
    }
    match first_word::first(args.get(1..).unwrap_or_default(), &VERBS) {
        First::Code | First::Mistaken(_) | First::NearVerb { .. } if wait => {}
        First::Usual => {}
        First::Code => args.insert(1, "explain".into()),
        First::Mistaken(message) => return Parsed::Usage(message),
        First::NearVerb { host, message } if !first_word::is_host(&host) => return Parsed::Usage(message),
        First::NearVerb { .. } => {}
    }
    let spelt = match spellings::rewrite(args) {
        Ok(spelt) => spelt,
        Err(message) => return Parsed::Usage(message),
    };
    // A verb has its own.
    let asks_shortly = !spelt.args.iter().any(|word| word == "--help");
    let parsed =
        help::command().try_get_matches_from(spelt.args).and_then(|matches| match matches.subcommand_name() {
            Some(WAIT) => Ok(None),
            Some(_) | None => Options::from_arg_matches(&matches).map(Some),
        });
    match parsed {
        Ok(None) => Parsed::Usage(NOTHING_TO_WAIT_FOR.into()),
        Ok(Some(Options { verb: Some(_), .. })) if wait => Parsed::Usage(NOTHING_TO_WAIT_FOR.into()),
        Ok(Some(Options { verb: Some(verb), .. })) => Parsed::Verb(verb),
        Ok(Some(mut options)) => {
            (options.notes, options.pasted, options.rounds.wait) = (spelt.notes, spelt.pasted, wait);
            line_way::settle(&mut options);
            nobodys(&mut options);
            match options.contradiction() {
                Some(message) => Parsed::Usage(message),
                None => Parsed::Options(Box::new(options)),
            }
        }
        Err(mut error) => {
            shorten(&mut error);
            let (kind, text) = (error.kind(), error.render().to_string());
            if kind == ErrorKind::DisplayHelp && asks_shortly && text.contains(OF_ALL) {
                Parsed::Text(help::short(&help::command()))
            } else if matches!(kind, ErrorKind::DisplayHelp | ErrorKind::DisplayVersion) {
                Parsed::Text(text)
            } else if kind == ErrorKind::MissingRequiredArgument && wait {
                Parsed::Usage(NOTHING_TO_WAIT_FOR.into())
            } else if kind == ErrorKind::MissingRequiredArgument {
                Parsed::Usage("no target; try: rdp-probe HOST[:PORT], or rdp-probe --help".into())
            } else {
                Parsed::Usage(one_line(&text))
            }
        }
    }
}

/// What is said where nothing can be waited for.
const NOTHING_TO_WAIT_FOR: &str = "no target to wait for; try: rdp-probe wait HOST[:PORT]";

/// Leaves out what a pasted line says of nobody: the client would ask who it is.
fn nobodys(options: &mut Options) {
    if options.user.is_some() || options.pasted.user.is_some() || options.brings_users() {
        return;
    }
    let Pasted { domain, password, .. } = &mut options.pasted;
    let unused = [("/d", domain.take().is_some()), ("/p", password.take().is_some())];
    for (option, _) in unused.into_iter().filter(|(_, given)| *given) {
        options.notes.push(format!("{option} is of no use without /u or --user, and is not used"));
    }
}

/// clap repeats what it was given, however long it is.
fn shorten(error: &mut clap::Error) {
    let given: Vec<(ContextKind, String)> = error
        .context()
        .filter_map(|(kind, value)| match value {
            ContextValue::String(text) => Some((kind, short(text))),
            ContextValue::None
            | ContextValue::Bool(_)
            | ContextValue::Strings(_)
            | ContextValue::StyledStr(_)
            | ContextValue::StyledStrs(_)
            | ContextValue::Number(_)
            | _ => None,
        })
        .collect();
    for (kind, text) in given {
        error.insert(kind, ContextValue::String(text));
    }
}

/// What only the help of the whole program has.
const OF_ALL: &str = "rdp-probe [OPTIONS] [TARGET]";

/// clap explains in paragraphs; the first one names the item and what was expected.
fn one_line(text: &str) -> String {
    let text = text.strip_prefix("error: ").unwrap_or(text);
    let mut paragraphs = text.split("\n\n").map(str::trim);
    let first = paragraphs.next().unwrap_or(text);
    // What is nearly an option is named; of several tips the first.
    let tip = paragraphs.find_map(|paragraph| paragraph.strip_prefix("tip: ")?.lines().next());
    let tip = tip.filter(|tip| tip.starts_with("a similar")).map(|tip| format!("; {tip}")).unwrap_or_default();
    format!("{first}{tip}").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verbs::man::EXAMPLES;

    fn usage(args: &[&str]) -> String {
        let args = std::iter::once("rdp-probe").chain(args.iter().copied()).map(OsString::from);
        match parse(args) {
            Parsed::Usage(message) => message,
            Parsed::Options(_) | Parsed::Verb(_) | Parsed::Text(_) => panic!("accepted"),
        }
    }

    #[test]
    fn every_complaint_is_one_line_and_names_the_item() {
        let cases: &[(&[&str], &str)] = &[
            (&[], "no target"),
            (&["srv1", "--timeout", "5h"], "\"5h\" is not a duration"),
            (&["srv1", "-p", "hunter2"], "-p: expected a port from 1 to 65535"),
            (&["srv1", "-phunter2"], "-p: expected a port from 1 to 65535"),
            (&["srv1", "-p", "-hunter2"], "-p: expected a port from 1 to 65535"),
            (&["srv1", "--port=+3389"], "-p: expected a port from 1 to 65535"),
            (&["srv1", "--port", "0"], "-p: expected a port from 1 to 65535"),
            (&["srv1", "-p", "65536"], "-p: expected a port from 1 to 65535"),
            (&["srv1", "--column", "host"], "--column is of no use without a list"),
            (&["srv1", "--strict"], "--strict is of no use without a list"),
            (&["@x", "--column", ""], "--column"),
            (&["srv1", "--until", "session"], "stage session is not in this version"),
            (&["srv1", "--until", "nowhere"], "no such stage"),
            (&["srv1", "--security", "strong"], "expected one of auto, nla"),
            (
                &["srv1", "-o", "xml"],
                "expected human, line, json, ndjson, csv, junit, github or nagios, and =FILE",
            ),
            (&["srv1", "--from-report", "x.json"], "cannot be used with"),
            (&["--from-report", "x.json", "--until", "tcp"], "cannot be used with '--until"),
            (&["--from-report", "x.json", "--timeout", "2s"], "cannot be used with '--timeout"),
            (&["--from-report"], "--from-report"),
            (&["srv1", "--gateway", "gw1/x"], "--gateway"),
            (&["srv1", "-g", "gw1", "--enumerate"], "--enumerate is not done through a gateway"),
            (&["srv1", "-g", "gw1", "--all-addresses"], "--all-addresses is not done through a gateway"),
            (&["srv1", "-g", "gw1", "--gateway-only", "--until", "tls"], "two depths"),
            (&["srv1", "--gateway-only"], "--gateway-only is of no use without --gateway"),
            (&["srv1", "--until", "gateway"], "--until gateway_channel is a stage of a gateway's"),
            (&["srv1", "-g", "gw1", "-u", "me", "--gateway-only"], "--gateway-only ends before the logon"),
            (&["srv1", "-g", "gw1", "-u", "me", "--until", "gateway_tls"], "--until gateway_tls ends before"),
            (&["srv1", "-g", "gw1", "--same-credentials"], "--same-credentials is of no use without --user"),
            (&["-", "-g", "gw1", "--gateway-token", "-"], "standard input is the list's or the token's"),
            (&["--from-report", "x.json", "--gateway", "gw1"], "cannot be used with '--gateway"),
            (&["srv1", "--resolve", "srv1:192.0.2.7"], "expected HOST:PORT:ADDR"),
            (&["srv1", "--resolve", "192.0.2.7:3389:192.0.2.8"], "HOST is an address already"),
            (&["srv1", "--resolve", "[::1]:3389:192.0.2.8"], "HOST is an address already"),
            (&["srv1", "--resolve", "m\u{fc}nchen:3389:192.0.2.8"], "xn-- form"),
            (&["srv1", "--resolve", "srv1:3389:fe80::1"], "needs its zone"),
            (&["srv1", "--resolve", "srv1:3389:fe80::1%eth0"], "not an address with a zone"),
            (&["srv1", "--resolve", "srv1:1:::1", "--resolve", "SRV1.:1:::2"], "two --resolve for SRV1.:1"),
            (&["srv1", "-o", "json", "-o", "ndjson=-"], "two outputs go to standard output"),
            (&["srv1", "-o", "json=x.json", "-o", "human=./x.json"], "two outputs go to \"./x.json\""),
            (&["srv1", "--stage-timeout", "tcp"], "expected STAGE=DURATION"),
            (&["srv1", "-4", "-6"], "cannot be used with"),
            (&["wait"], "no target to wait for"),
            (&["-v", "wait"], "wait stands first"),
            (&["wait", "explain", "0x904"], "no target to wait for"),
        ];
        for (args, part) in cases {
            let message = usage(args);
            assert!(message.contains(part), "{args:?}: {message}");
            assert!(!message.contains('\n') && !message.contains("hunter2"), "{args:?}: {message}");
        }
    }

    #[test]
    fn help_stays_within_eighty_columns() {
        let Parsed::Text(help) = parse(["rdp-probe", "--help"].map(OsString::from)) else { panic!("no help") };
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
        }
    }

    #[test]
    fn examples_are_command_lines_that_are_accepted() {
        for (line, _) in EXAMPLES {
            let words = line.split(' ').map(OsString::from);
            assert!(!matches!(parse(words), Parsed::Usage(_)), "{line}");
        }
    }
}
