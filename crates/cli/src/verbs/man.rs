//! `man`: the manual page.
use std::io;
use std::process::ExitCode;

use clap::{Args, Command};
use clap_mangen::roff::{Roff, bold, italic, roman};
use rdp_probe::EXIT_CODES;

use crate::exit::{self, complain};
use crate::writing;

/// The options of `man`.
#[derive(Debug, Args)]
pub(crate) struct Man {}

pub(crate) const EXAMPLES: [(&str, &str); 8] = [
    ("rdp-probe srv1", "One host, port 3389."),
    ("rdp-probe srv1:3390 -o json", "The whole report."),
    ("rdp-probe @hosts.txt -o ndjson", "Many hosts, one line each."),
    ("rdp-probe srv1 --security tls", "What a client without NLA would meet."),
    (
        "rdp-probe srv1 -g gw.lab.test --gateway-user alice@lab.test",
        "Through an RD Gateway, where this user logs on; it asks for the password.",
    ),
    ("rdp-probe --from-report srv1.json -o line", "What a stored report comes to today, in one line."),
    ("rdp-probe wait srv1 --for 10m", "Until it is ready, and stays so."),
    ("rdp-probe demo", "What all of this looks like, without a server."),
];

impl Man {
    pub(super) fn run(self, command: Command) -> ExitCode {
        match page(command) {
            Ok(page) => writing::print(&page),
            Err(error) => complain(&format!("no manual page can be made: {error}"), exit::INTERNAL),
        }
    }
}

fn page(mut command: Command) -> io::Result<String> {
    // Only then its verbs know their full names.
    command.build();
    let man = clap_mangen::Man::new(command.clone());
    let mut out = Vec::new();
    man.render_title(&mut out)?;
    man.render_name_section(&mut out)?;
    synopsis().to_writer(&mut out)?;
    man.render_description_section(&mut out)?;
    man.render_options_section(&mut out)?;
    let mut roff = Roff::new();
    verbs(&mut roff, &command);
    exit_codes(&mut roff);
    environment(&mut roff);
    examples(&mut roff);
    roff.to_writer(&mut out)?;
    man.render_version_section(&mut out)?;
    Ok(String::from_utf8_lossy(&out).into_owned())
}

/// The ways to call it. All options in one line would hide them.
fn synopsis() -> Roff {
    const WAYS: [&str; 3] = ["[OPTIONS] TARGET...", "[OPTIONS] --from-report FILE", "VERB"];
    let mut roff = Roff::new();
    roff.control("SH", ["SYNOPSIS"]);
    for (index, way) in WAYS.iter().enumerate() {
        if index > 0 {
            roff.control("br", []);
        }
        roff.text([bold("rdp-probe"), roman(format!(" {way}"))]);
    }
    roff
}

/// Each verb with what it takes: pages of their own would be nearly empty.
fn verbs(roff: &mut Roff, command: &Command) {
    roff.control("SH", ["VERBS"]);
    for verb in command.get_subcommands() {
        roff.control("TP", []);
        let mut head = vec![bold(format!("rdp-probe {}", verb.get_name()))];
        for argument in verb.get_positionals() {
            head.push(roman(" "));
            head.push(italic(argument.to_string()));
        }
        roff.text(head);
        roff.text([roman(verb.get_about().map(ToString::to_string).unwrap_or_default())]);
        for argument in verb.get_positionals() {
            let values = argument.get_possible_values();
            let names: Vec<&str> = values.iter().map(|value| value.get_name()).collect();
            if !names.is_empty() {
                roff.text([roman(format!("({})", names.join(", ")))]);
            }
        }
    }
}

fn exit_codes(roff: &mut Roff) {
    roff.control("SH", ["EXIT STATUS"]);
    roff.text([roman("The same whatever the output format. This version does not give all of them.")]);
    for row in EXIT_CODES {
        term(roff, &row.code.to_string(), row.meaning);
    }
}

fn environment(roff: &mut Roff) {
    roff.control("SH", ["ENVIRONMENT"]);
    term(roff, "NO_COLOR", "When it is set to anything, --color auto means no colour.");
    term(roff, "RDP_PASSWORD", "The password of --user, where no option says where it is.");
    term(roff, "RDG_PASSWORD", "The password of --gateway-user, where no option says where it is.");
    term(roff, "SSLKEYLOGFILE", "As --keylog.");
}

fn examples(roff: &mut Roff) {
    roff.control("SH", ["EXAMPLES"]);
    for (line, what) in EXAMPLES {
        term(roff, line, what);
    }
}

fn term(roff: &mut Roff, name: &str, what: &str) {
    roff.control("TP", []);
    roff.text([bold(name)]);
    roff.text([roman(what)]);
}
