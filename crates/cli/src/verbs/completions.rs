//! `completions`: what a shell needs to know of the command line.
use std::process::ExitCode;

use clap::builder::PossibleValuesParser;
use clap::{Arg, Args, Command};
use clap_complete::Shell;
use rdp_probe::codes::{self, Family};
use rdp_probe::explain::OwnWord;
use rdp_probe::{AuthMethod, Expectations, GatewayTransport, Security, Stage, catalogue};

use crate::exit_style::ExitStyle;
use crate::format::Format;
use crate::gateway_options::Method;
use crate::words::WAIT;
use crate::writing;

/// The options of `completions`.
#[derive(Debug, Args)]
pub(crate) struct Completions {
    /// The shell that is to read it
    #[arg(value_enum, value_name = "SHELL")]
    shell: Shell,
}

impl Completions {
    pub(super) fn run(self, command: Command) -> ExitCode {
        let name = command.get_name().to_owned();
        let mut command = with_values(command);
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut command, &*name, &mut script);
        let mut script = String::from_utf8_lossy(&script).into_owned();
        if self.shell == Shell::Bash {
            // clap_complete spells a name with a hyphen in two ways, so that nothing would be offered behind a verb.
            script = script.replace(&name.replace('-', "__subcmd__"), &name.replace('-', "__"));
        }
        writing::print(&script)
    }
}

/// The command line, with what may stand behind its options: they are read by parsers of their own, which a shell knows nothing of.
fn with_values(command: Command) -> Command {
    let one_of = |values: Vec<String>| PossibleValuesParser::new(values);
    let ids = |ids: &[&str]| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<String>>();
    let stages: Vec<&str> =
        Stage::ALL.into_iter().filter(|stage| stage.can_be_asked_for()).map(Stage::id).collect();
    let options = [
        ("security", ids(&Security::ALL.map(Security::id))),
        ("until", ids(&stages)),
        ("outputs", ids(&Format::ALL.map(Format::id))),
        ("exit", ids(&ExitStyle::IDS)),
        ("expect", Expectations::names()),
        (
            "gateway_auth",
            [Method::AUTO].into_iter().chain(AuthMethod::ALL.map(AuthMethod::id)).map(str::to_owned).collect(),
        ),
        ("gateway_transport", ids(&GatewayTransport::ALL.map(GatewayTransport::id))),
    ];
    let command = options.into_iter().fold(command, |command, (option, values)| {
        command.mut_arg(option, |argument| argument.value_parser(one_of(values)))
    });
    let of_a_probe: Vec<Arg> =
        command.get_arguments().filter(|argument| !argument.is_positional()).cloned().collect();
    let command = command.mut_subcommand(WAIT, |verb| verb.args(of_a_probe));
    command.mut_subcommand("explain", |verb| {
        let verb = verb.mut_arg("codes", |argument| argument.value_parser(one_of(words())));
        let formats = ids(&Format::GENERAL.map(Format::id));
        verb.mut_arg("outputs", |argument| argument.value_parser(one_of(formats)))
    })
}

/// What `explain` is asked most: the codes of Windows clients, and the words of this program's own reports.
fn words() -> Vec<String> {
    let clients = [Family::MstscDisc, Family::MstscGateway];
    let codes = codes::all().iter().filter(|row| clients.contains(&row.family)).filter_map(|row| row.code);
    let mut all: Vec<String> = codes.map(|code| format!("0x{code:X}")).collect();
    all.extend(catalogue::all().map(|rule| rule.id.to_owned()));
    all.extend(Stage::ALL.map(|stage| OwnWord::Stage(stage).id()));
    all.push("exit".to_owned());
    all
}
