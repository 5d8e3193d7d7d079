//! The command line as it was typed.
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{NonEmptyStringValueParser, OsStringValueParser, TypedValueParser as _};
use clap::{ArgAction, Parser};
use rdp_probe::{ClientName, Expectations, Family, Security, Stage, Target};

use crate::exit_style::ExitStyle;
use crate::format::{Color, Format, OutputSpec, output, shared_place};
use crate::gateway_options::{Beside, GatewayOptions};
use crate::inputs::{Named, both_read_and_written};
use crate::many_options::ManyOptions;
use crate::pasted::Pasted;
use crate::port::Port;
use crate::quote::quoted;
use crate::resolve_entry::ResolveEntry;
use crate::round_options::RoundOptions;
use crate::verbs::Verb;
use crate::words::{WAIT, behind, is_rdp_file};
use crate::written::means_many;

/// Finds the stage and hop at which a remote desktop connection fails, and says why, what to do, and what a Windows client
/// would show.
#[derive(Debug, Parser)]
#[command(
    name = "rdp-probe",
    version,
    max_term_width = 80,
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    disable_help_subcommand = true,
    subcommand_value_name = "VERB",
    subcommand_help_heading = "Verbs",
    after_help = "Examples:\n  rdp-probe srv1                          one host, port 3389\n  rdp-probe srv1:3390 -o json             the whole report\n  rdp-probe @hosts.txt -o ndjson          many hosts, one line each\n  rdp-probe 10.0.0.0/24 --exclude 10.0.0.1-9\n                                          a network without a part of it\n  rdp-probe srv1 --security tls           what a client without NLA would meet\n  rdp-probe work.rdp                      as a client would with this file\n  rdp-probe srv1 -g gw.lab.test --gateway-user me\n                                          through an RD Gateway\n  rdp-probe /v:srv1 /sec:nla /u:me        a command line of mstsc or xfreerdp\n  rdp-probe wait srv1 --for 10m           until it is ready, and stays so\n  rdp-probe --from-report x.json -o line  a stored report, in one line\n\nExit codes: 0 reached, 10 name, 11 TCP, 20 to 27 gateway, 30 to 33 negotiation, 40 to 42 TLS, 50 to 55 CredSSP, 60 and 61 MCS, 70 licensing, 80 the session, 100 some of several; 2 usage.\nAll of them: docs/exit-codes.md"
)]
pub(crate) struct Options {
    /// What to do instead of probing.
    #[command(subcommand)]
    pub(crate) verb: Option<Verb>,

    /// host[:port,...], [v6]:port, 10.0.0.0/24, 10.0.0.1-50, rdp://host, FILE.rdp, @list-file, or - for a list on standard input
    #[arg(required_unless_present = "from_report", value_name = "TARGET")]
    pub(crate) targets: Vec<OsString>,

    /// Probe nothing: diagnose again what a report of -o json or -o ndjson holds; - is standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) from_report: Option<PathBuf>,

    /// The port of every target that names none [default: 3389]
    #[arg(short, long, value_name = "PORT", allow_hyphen_values = true, value_parser = OsStringValueParser::new().map(Port::of))]
    pub(crate) port: Option<Port>,

    /// The column of a list that holds the hosts, by its name in the list's first line [default: the best known one, such as fqdn, host
    /// or ip; docs/lists.md]
    #[arg(long, value_name = "NAME", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) column: Option<String>,

    /// Refuse a list whole of which a line is no target, instead of saying so and probing the others
    #[arg(long)]
    pub(crate) strict: bool,

    #[arg(long, value_name = "STAGE", value_parser = stage, help = until())]
    pub(crate) until: Option<Stage>,

    /// Security protocols to offer; auto asks for all and does what a refusal implies [default: what an .rdp file says, else
    /// auto]
    #[arg(long, value_name = "PROTOCOL", value_parser = security)]
    pub(crate) security: Option<Security>,

    /// Ask for each security protocol after the main connection (default for one target that is not from a list)
    #[arg(long, overrides_with = "no_enumerate")]
    enumerate: bool,

    /// No connection for each security protocol (default for several targets, for a list, and with --quiet)
    #[arg(long, overrides_with = "enumerate")]
    no_enumerate: bool,

    /// Where the first request is not answered at all, ask again in up to five other ways (default for one target that is not from a
    /// list)
    #[arg(long, overrides_with = "no_second_look")]
    second_look: bool,

    /// Do not ask again where the first request is not answered (default for several targets, and for a list)
    #[arg(long, overrides_with = "second_look")]
    no_second_look: bool,

    /// Send "Cookie: mstshash=NAME", for load balancers that route by it
    #[arg(long, value_name = "NAME")]
    pub(crate) cookie: Option<String>,

    /// Send no cookie for the user that an .rdp file or another client's command line names
    #[arg(long)]
    pub(crate) no_cookie: bool,

    /// Send TOKEN where the cookie stands, for load balancers and brokers, as loadbalanceinfo of an .rdp file does; also
    /// --load-balance-info
    #[arg(long, alias = "load-balance-info", value_name = "TOKEN", conflicts_with = "cookie",
        value_parser = NonEmptyStringValueParser::new())]
    pub(crate) routing_token: Option<String>,

    /// Send TEXT as pre-connection blob before each request, where one port stands for several machines
    #[arg(long, value_name = "TEXT", value_parser = NonEmptyStringValueParser::new())]
    pub(crate) pcb: Option<String>,

    /// Take IPv4 addresses only
    #[arg(short = '4', conflicts_with = "ipv6")]
    ipv4: bool,

    /// Take IPv6 addresses only
    #[arg(short = '6')]
    ipv6: bool,

    /// Use these addresses for HOST:PORT instead of resolving it
    #[arg(long, value_name = "HOST:PORT:ADDR[,ADDR]", value_parser = ResolveEntry::parse)]
    pub(crate) resolve: Vec<ResolveEntry>,

    /// Go through every address of the name; the worst decides
    #[arg(long)]
    pub(crate) all_addresses: bool,

    /// The certificate has to be this one (SHA-256, hexadecimal); may be repeated
    #[arg(long, value_name = "SHA256")]
    pub(crate) pin: Vec<String>,

    /// The certificate has to lead to one of these roots (PEM), for the name that is asked
    #[arg(long, value_name = "FILE")]
    pub(crate) ca: Option<PathBuf>,

    /// Warn so many days before a certificate ends; 0 warns of none
    #[arg(long, value_name = "N", default_value_t = 30)]
    pub(crate) cert_days: u16,

    /// The name to send and to check in TLS instead of the host's
    #[arg(long, value_name = "NAME")]
    pub(crate) server_name: Option<String>,

    /// Prove the credentials of this user: USER, DOMAIN\USER or USER@REALM. They are sent once, as an answer by NTLM, to a target whose
    /// certificate is trusted, pinned or accepted, and nothing is given away
    #[arg(short, long, value_name = "USER")]
    pub(crate) user: Option<String>,

    /// The user's domain, where it does not stand with the user
    #[arg(short, long, value_name = "DOMAIN")]
    pub(crate) domain: Option<String>,

    /// Take the password from this file: its one line [default: the variable RDP_PASSWORD, else it is asked for on the terminal]
    #[arg(long, value_name = "FILE", conflicts_with = "password_stdin")]
    pub(crate) password_file: Option<PathBuf>,

    /// Take the password from standard input
    #[arg(long)]
    pub(crate) password_stdin: bool,

    /// Take whatever certificate a target shows, and so log on to whoever it is
    #[arg(long)]
    pub(crate) accept_certificate: bool,

    /// Log on without giving the password to the target, where it offers that (Restricted Admin)
    #[arg(long)]
    pub(crate) restricted_admin: bool,

    /// What to call this client, for the target's log: 1 to 15 characters [default: rdp-probe]
    #[arg(long, value_name = "NAME", value_parser = client_name)]
    pub(crate) client_name: Option<String>,

    /// Through which gateway.
    #[command(flatten)]
    pub(crate) gateway: GatewayOptions,

    /// Go through no gateway, whatever an .rdp file or another client's command line says
    #[arg(help_heading = "Through an RD Gateway", long, conflicts_with = "gateway")]
    pub(crate) no_gateway: bool,

    /// Append TLS session keys to this file, for decrypting a capture [env: SSLKEYLOGFILE]
    #[arg(long, value_name = "FILE")]
    pub(crate) keylog: Option<PathBuf>,

    /// Limit of the whole run of one target [default: 20s, 60s with a user, and 90s with a logon at a gateway]
    #[arg(long, value_name = "DURATION", value_parser = crate::duration::parse)]
    pub(crate) timeout: Option<Duration>,

    /// Limit of stage tcp_connect [default: 5s]
    #[arg(long, value_name = "DURATION", value_parser = crate::duration::parse)]
    pub(crate) connect_timeout: Option<Duration>,

    /// Limit of one stage [default: 5s; a gateway's stages and CredSSP have longer ones]
    #[arg(long, value_name = "STAGE=DURATION", value_parser = stage_timeout)]
    pub(crate) stage_timeout: Vec<(Stage, Duration)>,

    /// Targets probed at the same time, up to 10,000 [default: as many of these as open files allow]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    pub(crate) concurrency: Option<u16>,

    /// Which of many are asked, in which order, and how fast.
    #[command(flatten)]
    pub(crate) many: ManyOptions,

    /// How often, and until when.
    #[command(flatten)]
    pub(crate) rounds: RoundOptions,

    /// Expect this of every target, such as "nla=required, tls>=1.2, cert.days>21": exit code 1 where one is reached and is not so; may be
    /// repeated. docs/expectations.md has all names
    #[arg(long, value_name = "EXPECTATIONS")]
    pub(crate) expect: Vec<Expectations>,

    /// Expect what this file says (TOML), of every target, of groups, or of single ones
    #[arg(long, value_name = "FILE")]
    pub(crate) expect_file: Option<PathBuf>,

    /// Say what has changed since this report of -o json or -o ndjson: cause, TLS, certificate, security protocols, times
    #[arg(long, value_name = "FILE")]
    pub(crate) baseline: Option<PathBuf>,

    /// With --baseline: exit code 1 where a target is reached and something has changed
    #[arg(long)]
    pub(crate) fail_on_change: bool,

    #[arg(short = 'o', long = "output", value_name = "FORMAT[=FILE]", help = formats(), value_parser = OsStringValueParser::new().try_map(output))]
    pub(crate) outputs: Vec<OutputSpec>,

    /// For people in brief: of each target the verdict, the likeliest cause, and what to do
    #[arg(long, conflicts_with_all = ["verbose", "quiet"])]
    pub(crate) brief: bool,

    /// End with the exit codes of monitoring plugins, nagios: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN [default: docs/exit-codes.md]
    #[arg(long, value_enum, value_name = "STYLE")]
    exit: Option<ExitStyle>,

    /// End with exit code 0 whatever was found; 2 (usage) and 3 (internal) stay
    #[arg(long, conflicts_with = "exit")]
    exit_zero: bool,

    /// More detail: every fact; twice: the octets too
    #[arg(short, long, action = ArgAction::Count)]
    pub(crate) verbose: u8,

    /// No human output on standard output; the exit code tells
    #[arg(short, long, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Colour, which is never the only sign
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    pub(crate) color: Color,

    /// No progress on standard error
    #[arg(long)]
    pub(crate) no_progress: bool,

    /// What to warn of.
    #[arg(skip)]
    pub(crate) notes: Vec<String>,

    /// Whose credentials an option of another client names.
    #[arg(skip)]
    pub(crate) pasted: Pasted,
}

impl Options {
    /// Which addresses to take.
    pub(crate) const fn family(&self) -> Family {
        if self.ipv4 {
            Family::V4
        } else if self.ipv6 {
            Family::V6
        } else {
            Family::Any
        }
    }

    /// Whether an output is the file that is resumed, and written on.
    pub(crate) fn writes_on(&self, output: &OutputSpec) -> bool {
        let resumed = OutputSpec { format: Format::Ndjson, file: self.many.resume.clone() };
        resumed.file.is_some() && output.format == Format::Ndjson && output.place() == resumed.place()
    }

    /// Whether there is exactly one target, and it was typed and not taken from a list.
    pub(crate) fn single(&self) -> bool {
        let many = |typed: &OsString| typed.to_str().is_some_and(means_many);
        matches!(self.targets.as_slice(), [only] if only != "-" && behind(only, "@").is_none() && !many(only))
    }

    /// Whether standard output has the report for people.
    pub(crate) fn is_for_people(&self) -> bool {
        let human = |output: &OutputSpec| output.format == Format::Human && output.file.is_none();
        !self.quiet && (self.outputs.is_empty() || self.outputs.iter().any(human))
    }

    /// What the exit code is to say.
    pub(crate) fn exit_style(&self) -> ExitStyle {
        if self.exit_zero { ExitStyle::Zero } else { self.exit.unwrap_or_default() }
    }

    /// The port of a target that names none.
    pub(crate) const fn default_port(&self) -> u16 {
        match self.port {
            Some(Port::Is(port)) => port,
            Some(Port::IsNone) | None => Target::DEFAULT_PORT,
        }
    }

    /// What each option alone does not show.
    pub(crate) fn contradiction(&self) -> Option<String> {
        if self.port == Some(Port::IsNone) {
            return Some(
                "-p: expected a port from 1 to 65535; what stands there is not repeated, since it may be a password"
                    .to_owned(),
            );
        }
        let first = self.targets.first().and_then(|first| first.to_str());
        if let Some(verb) = first.filter(|first| VERBS.contains(first)) {
            return Some(format!(
                "\"{verb}\" is not in this version; for a host of that name write {verb}:3389"
            ));
        }
        if first == Some(WAIT) {
            return Some(
                "wait stands first: rdp-probe wait TARGET [OPTIONS]; for a host of that name write wait:3389"
                    .to_owned(),
            );
        }
        if self.fail_on_change && self.baseline.is_none() {
            return Some("--fail-on-change is of no use without --baseline".to_owned());
        }
        if let Some(message) = self.rounds.contradiction(&self.many) {
            return Some(message);
        }
        let states = [Format::Nagios, Format::Github];
        if let Some(output) = self.outputs.iter().find(|output| states.contains(&output.format))
            && self.rounds.repeats()
        {
            let format = output.format.id();
            return Some(format!(
                "-o {format} says how a target is, and not how many rounds went: leave out --count and --forever"
            ));
        }
        let is_list = |target: &OsString| target == "-" || behind(target, "@").is_some();
        let of_lists = [("--column", self.column.is_some()), ("--strict", self.strict)];
        if let Some((option, _)) = of_lists.into_iter().find(|(_, given)| *given)
            && self.from_report.is_none()
            && !self.targets.iter().any(is_list)
        {
            return Some(format!("{option} is of no use without a list, @FILE or -"));
        }
        if !self.brings_users()
            && let Some(message) = self.needs_a_user()
        {
            return Some(message);
        }
        if self.user.is_some() && self.pasted.user.is_some() {
            return Some("two users, --user and /u: which of them is meant? give one".to_owned());
        }
        if let Some(user) = &self.user {
            if self.enumerate {
                return Some(
                    "--enumerate is not done with --user: where a logon is at stake, nobody is asked for more"
                        .into(),
                );
            }
            let for_gateway = self.gateway.same_credentials && self.ends_at_gateway();
            let ends_before = |stage: &Stage| stage.rank() < Stage::Credssp.rank() && !for_gateway;
            if let Some(stage) = self.depth().filter(ends_before) {
                let option = match self.until {
                    Some(_) => format!("--until {stage}"),
                    None => "--gateway-only".to_owned(),
                };
                return Some(format!("--user {}: {option} ends before the logon", quoted(user)));
            }
        }
        let beside = Beside {
            user: self.user.is_some() || self.pasted.user.is_some(),
            until: self.until,
            enumerate: self.enumerate,
            second_look: self.second_look,
            all_addresses: self.all_addresses,
            list_on_stdin: self.targets.iter().any(|target| target == "-"),
            password_on_stdin: self.password_stdin,
            may_name_one: self.brings_users() && !self.no_gateway,
        };
        if let Some(message) = self.gateway.contradiction(&beside) {
            return Some(message);
        }
        let passwords = [self.password_file.is_some(), self.password_stdin, self.pasted.password.is_some()];
        if passwords.iter().filter(|given| **given).count() > 1 {
            return Some("two passwords, /p and an option: which of them is meant? give one".to_owned());
        }
        if self.password_stdin && self.targets.iter().any(|target| target == "-") {
            return Some(
                "standard input is the password's or the list's: one of them has to be a file".to_owned(),
            );
        }
        if let Some(message) = shared_place(&self.outputs) {
            return Some(message);
        }
        // The one file that is read and written on.
        let is_written_on = self.outputs.iter().any(|output| self.writes_on(output));
        let named = Named {
            targets: &self.targets,
            files: [
                ("--resume", self.many.resume.as_deref().filter(|_| !is_written_on)),
                ("--ca", self.ca.as_deref()),
                ("--password-file", self.password_file.as_deref()),
                ("--gateway-ca", self.gateway.gateway_ca.as_deref()),
                ("--gateway-password-file", self.gateway.gateway_password_file.as_deref()),
                ("--gateway-token", self.gateway.gateway_token.as_deref()),
                ("--expect-file", self.expect_file.as_deref()),
                ("--baseline", self.baseline.as_deref()),
            ],
            key_log: self.keylog.as_deref(),
            outputs: &self.outputs,
        };
        if let Some(message) = both_read_and_written(&named) {
            return Some(message);
        }
        for (index, entry) in self.resolve.iter().enumerate() {
            let before = self.resolve.get(..index).unwrap_or_default();
            if before.iter().any(|other| other.is_for(&entry.host, entry.port)) {
                let (host, port) = (&entry.host, entry.port);
                return Some(format!("two --resolve for {host}:{port}; write the addresses with a comma"));
            }
        }
        None
    }

    /// Whether somebody looks at one target once: what is asked beside the main path is asked for by itself then.
    pub(crate) fn looks_closely(&self) -> bool {
        self.single() && !self.rounds.repeats() && !self.rounds.wait
    }

    /// Whether a target may bring a user of its own, or a gateway.
    pub(crate) fn brings_users(&self) -> bool {
        let brings = |target: &OsString| is_rdp_file(target) || target == "-" || behind(target, "@").is_some();
        self.targets.iter().any(brings)
    }

    /// What is wrong where there is no user: these options say something of one.
    pub(crate) fn needs_a_user(&self) -> Option<String> {
        let without_a_user = [
            ("--domain", self.domain.is_some()),
            ("--password-file", self.password_file.is_some()),
            ("--password-stdin", self.password_stdin),
            ("--accept-certificate", self.accept_certificate),
            ("--restricted-admin", self.restricted_admin),
        ];
        if self.user.is_some() || self.pasted.user.is_some() {
            return None;
        }
        let (option, _) = without_a_user.iter().find(|(_, given)| *given)?;
        Some(format!("{option} is of no use without --user"))
    }

    /// Whether a logon gives the password to nobody.
    pub(crate) const fn gives_nothing(&self) -> bool {
        self.restricted_admin || self.pasted.restricted_admin
    }

    /// The depth that was asked for.
    pub(crate) fn depth(&self) -> Option<Stage> {
        self.until.or_else(|| self.gateway.depth())
    }

    /// Whether that lies at the gateway, before anything is asked of the target.
    pub(crate) fn ends_at_gateway(&self) -> bool {
        self.depth().is_some_and(Stage::is_gateways)
    }

    /// Whether to take a second look: as asked, otherwise for a single target only.
    pub(crate) const fn second_look(&self, single: bool) -> bool {
        self.second_look || (single && !self.no_second_look)
    }

    /// Whether to enumerate: as asked, otherwise for a single target only, and where somebody reads what it tells; and wherever something is
    /// expected that only this tells.
    pub(crate) const fn enumerate(&self, single: bool, expected: bool) -> bool {
        self.enumerate || (!self.no_enumerate && (expected || (single && !self.quiet)))
    }
}

/// Words that will be verbs: a host of that name has to be written with its port, as with those that are.
const VERBS: [&str; 3] = ["serve", "read", "bisect"];

/// The ids of the stages that this version goes through.
fn built() -> String {
    Stage::BUILT.map(Stage::id).join(", ")
}

/// The help of `-o`.
fn formats() -> String {
    format!("{}, to standard output or a file; may be repeated", Format::listed(&Format::ALL, "or"))
}

/// The help of `--until`.
fn until() -> String {
    let built = built();
    format!(
        "Go as deep as this stage and no deeper, a gateway's with --gateway only: {built} [default: as deep as the server goes without starting a \
         session]. Up to basic_settings_exchange it leaves nothing behind; from channel_connection on a client is attached and says goodbye; from \
         secure_settings_exchange on the server begins a session for it, with no user logged on. With --user, whatever lies behind credssp gives \
         the password to the target, and the user's session begins there: on a desktop Windows it takes the screen from the user who sits there, and \
         stays, disconnected, afterwards"
    )
}

fn stage(text: &str) -> Result<Stage, String> {
    match Stage::parse(text) {
        Some(stage) if stage.can_be_asked_for() => Ok(stage),
        Some(stage) => Err(format!("stage {stage} is not in this version; there are {}", built())),
        None => Err(format!("no such stage; there are {}", built())),
    }
}

fn client_name(text: &str) -> Result<String, String> {
    ClientName::parse(text).map(Into::into).map_err(|error| error.to_string())
}

/// What the specification and other clients call the security protocols.
const SYNONYMS: [(&str, &str); 8] = [
    ("hybrid", "nla"),
    ("credssp", "nla"),
    ("hybrid_ex", "nla-ext"),
    ("hybrid-ex", "nla-ext"),
    ("ext", "nla-ext"),
    ("ssl", "tls"),
    ("standard", "rdp"),
    ("rdsaad", "aad"),
];

fn security(text: &str) -> Result<Security, String> {
    let all = || Security::ALL.map(Security::id).join(", ");
    let meant =
        SYNONYMS.iter().find(|(synonym, _)| synonym.eq_ignore_ascii_case(text)).map_or(text, |(_, id)| *id);
    Security::ALL.into_iter().find(|s| s.id() == meant).ok_or_else(|| format!("expected one of {}", all()))
}

fn stage_timeout(text: &str) -> Result<(Stage, Duration), String> {
    let (name, limit) = text.split_once('=').ok_or("expected STAGE=DURATION, such as tcp_connect=2s")?;
    Ok((stage(name)?, crate::duration::parse(limit)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command() -> clap::Command {
        <Options as clap::CommandFactory>::command()
    }

    #[test]
    fn options_are_consistent() {
        command().debug_assert();
    }

    #[test]
    fn single_is_one_target_that_was_typed() {
        let single =
            |targets: &[&str]| Options::try_parse_from(["rdp-probe"].iter().chain(targets)).unwrap().single();
        assert!(single(&["srv1"]));
        assert!(single(&["srv-1:3390"]) && single(&["my-10.0.0.1-2.rdp"]));
        assert!(!single(&["10.0.0.0/32"]) && !single(&["10.0.0.1-2"]) && !single(&["srv1:1,2"]));
        assert!(!single(&["@hosts"]) && !single(&["-"]) && !single(&["srv1", "srv2"]));
    }

    #[test]
    fn help_of_until_names_every_stage_of_this_version() {
        let command = command();
        let until = command.get_arguments().find(|argument| argument.get_id() == "until").unwrap();
        let help = until.get_help().unwrap().to_string();
        let (_, list) = help.split_once(": ").unwrap();
        let (list, _) = list.split_once(" [").unwrap();
        assert_eq!(list.split(", ").collect::<Vec<_>>(), Stage::BUILT.map(Stage::id));
    }

    #[test]
    fn last_of_enumerate_and_no_enumerate_counts() {
        let enumerate = |args: &[&str], single| {
            let args = ["rdp-probe", "srv1"].into_iter().chain(args.iter().copied());
            Options::try_parse_from(args).unwrap().enumerate(single, false)
        };
        assert!(enumerate(&[], true) && !enumerate(&[], false));
        assert!(enumerate(&["--no-enumerate", "--enumerate"], false));
        assert!(!enumerate(&["--enumerate", "--no-enumerate"], true));
        assert!(!enumerate(&["-q"], true) && enumerate(&["-q", "--enumerate"], false));
    }
}
