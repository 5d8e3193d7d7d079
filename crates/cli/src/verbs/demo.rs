//! `demo`: servers that the program plays itself, each probed and explained.
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use rdp_probe::{Probe, Report, Target};
use rdp_probe_testkit::Scenario;
use rdp_probe_testkit::certificate::Kind;
use rdp_probe_testkit::target::ScriptedTarget;

use crate::exit::{self, Ended, OutputFailure, complain};
use crate::format::Color;
use crate::look;
use crate::render::{self, Look};
use crate::writing;

/// The options of `demo`.
#[derive(Debug, Args)]
pub(crate) struct Demo {
    /// One act; all of them when left out
    #[arg(value_enum, value_name = "ACT")]
    act: Option<Act>,

    /// Colour, which is never the only sign
    #[arg(long, value_enum, value_name = "WHEN", default_value = "auto")]
    color: Color,
}

/// What is shown, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Act {
    /// A host as it should be
    Healthy,
    /// Hangs up on the first request
    HangUp,
    /// Cannot use its private key
    BrokenKey,
    /// Its clock is wrong
    ClockSkew,
    /// Speaks TLS 1.0 and nothing newer
    OldTls,
}

const OPENING: &str = "This program plays a few servers on 127.0.0.1 and probes each with the engine that will \
    probe yours. Nothing leaves this computer, and nothing on it is changed.";

impl Act {
    /// The name on the command line.
    const fn id(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::HangUp => "hang-up",
            Self::BrokenKey => "broken-key",
            Self::ClockSkew => "clock-skew",
            Self::OldTls => "old-tls",
        }
    }

    /// The conversation.
    const fn script(self) -> &'static str {
        match self {
            Self::Healthy => include_str!("../demo/healthy.toml"),
            Self::HangUp => include_str!("../demo/hang-up.toml"),
            Self::BrokenKey => include_str!("../demo/broken-key.toml"),
            Self::ClockSkew => include_str!("../demo/clock-skew.toml"),
            Self::OldTls => include_str!("../demo/old-tls.toml"),
        }
    }

    /// What the server does.
    const fn server(self) -> &'static str {
        match self {
            Self::Healthy => {
                "A Windows host as it should be: it requires Network Level Authentication, and says who it is before \
                 anybody has to log on."
            }
            Self::HangUp => {
                "This one accepts the connection, reads the first request, and hangs up without a word. On \
                 Windows the user may see error code 0x904, extended error code 0x7."
            }
            Self::BrokenKey => {
                "This one agrees to TLS, and then resets the connection at every hello: it cannot read the private key \
                 of its certificate. The user may see 0x904 again."
            }
            Self::ClockSkew => {
                "This one answers as the first did, but its clock is seven minutes ahead. Kerberos allows five."
            }
            Self::OldTls => "This one was never updated: whatever it is offered, it answers with TLS 1.0.",
        }
    }

    /// What to take from it.
    const fn lesson(self) -> &'static str {
        match self {
            Self::Healthy => {
                "No password was sent and no session begun, and still there is a certificate to compare, a name, a build \
                 and a clock."
            }
            Self::HangUp => {
                "An open port says little. Such an end has several causes: they are ranked and say how they are known, and \
                 nobody pretends to know which it is."
            }
            Self::BrokenKey => {
                "The user may see the same code as before. The stage is another one, and so is the remedy."
            }
            Self::ClockSkew => {
                "It connects, so the exit code is 0; what will hurt later stands under \"Worth knowing\", with a remedy."
            }
            Self::OldTls => {
                "It is said plainly that this is also a limit of the tool. The certificate is there all the same: a second \
                 connection read it in the clear."
            }
        }
    }
}

/// What an act came to.
struct Played {
    report: Report,
    /// Where it is not what the script expects.
    differences: Vec<String>,
}

impl Demo {
    pub(super) fn run(self) -> ExitCode {
        let look = look::look(self.color, 0, true);
        let acts = self.act.as_ref().map_or_else(Act::value_variants, std::slice::from_ref);
        let runtime = match crate::runtime::runtime() {
            Ok(runtime) => runtime,
            Err(error) => return complain(&format!("cannot start: {error}"), exit::INTERNAL),
        };
        match runtime.block_on(show(acts, &look)) {
            Ok(code) => code,
            Err(failure) => Ended::output(failure).complain(),
        }
    }
}

/// Plays the acts, one after the other.
async fn show(acts: &[Act], look: &Look) -> Result<ExitCode, OutputFailure> {
    // Made on first use, which would count as time of the first server that shows one.
    drop(Kind::Good.chain());
    let mut code = ExitCode::SUCCESS;
    let several = acts.len() > 1;
    if several {
        writing::say(&paragraph("", OPENING, look))?;
    }
    for (index, act) in acts.iter().enumerate() {
        let number = format!("{} of {}: ", index + 1, acts.len());
        let (gap, number) = if several { ("\n", number.as_str()) } else { ("", "") };
        let title = render::title(&format!("=== {number}{} ===", act.id()), look);
        writing::say(&format!("{gap}{title}\n{}\n", paragraph("", act.server(), look)))?;
        let played = match play(*act).await {
            Ok(played) => played,
            Err(message) => return Ok(complain(&message, exit::INTERNAL)),
        };
        writing::say(&render::human(&played.report, look))?;
        for difference in &played.differences {
            let message = format!("demo {} is not as it should be: {difference}", act.id());
            code = complain(&message, exit::INTERNAL);
        }
        writing::say(&format!("\n{}", paragraph("=> ", act.lesson(), look)))?;
    }
    let next = render::title("What next", look);
    writing::say(&format!("\n{next}\n{}", NEXT))?;
    Ok(code)
}

const NEXT: &str = "  rdp-probe HOST                your own server
  rdp-probe HOST -o json        the whole report, for programs
  rdp-probe HOST -o line        one line, for a ticket
  rdp-probe explain 0x904 0x7   what a code means that somebody saw
  rdp-probe demo hang-up        one of these acts alone
  rdp-probe --help              all options
  docs/causes.md                every cause and remedy that it knows
";

/// Serves the act's conversation, and probes it.
async fn play(act: Act) -> Result<Played, String> {
    let cannot = |why: String| format!("demo {}: {why}", act.id());
    let scenario = Scenario::parse(act.id(), act.script()).map_err(|error| cannot(error.to_string()))?;
    let target = ScriptedTarget::start(&scenario)
        .await
        .map_err(|error| cannot(format!("no server can be played on 127.0.0.1: {error}")))?;
    let plan = scenario.plan(target.port());
    // The name is one that no resolver knows.
    let probe = Probe::builder(Target::new(plan.target.host.clone(), plan.target.port))
        .plan(plan)
        .resolve_to(target.addresses().collect())
        .build()
        .map_err(|error| cannot(error.to_string()))?;
    let report = probe.run().await;
    let served = target.finish().await;
    let mut differences = scenario.expect.differences(&report.evidence, &report.diagnosis);
    differences.extend(served.violations.iter().map(ToString::to_string));
    Ok(Played { report, differences })
}

/// Words on lines, behind `first`.
fn paragraph(first: &str, text: &str, look: &Look) -> String {
    let mut out = String::new();
    render::wrapped(&mut out, first, text, look.width);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_act_has_the_name_of_its_script_and_no_other() {
        for act in Act::value_variants() {
            let name = act.to_possible_value().unwrap();
            assert_eq!(name.get_name(), act.id());
            Scenario::parse(act.id(), act.script()).unwrap();
        }
    }

    #[test]
    fn every_act_comes_out_as_its_script_expects() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        for act in Act::value_variants() {
            let played = runtime.block_on(play(*act)).unwrap();
            assert_eq!(played.differences, [""; 0], "{act:?}");
        }
    }

    #[test]
    fn every_text_ends_with_a_full_stop_and_fits() {
        let look = Look { color: false, width: 80, verbose: 0 };
        for act in Act::value_variants() {
            for text in [act.server(), act.lesson()] {
                assert!(text.ends_with('.') && !text.contains("  "), "{text:?}");
                assert!(paragraph("=> ", text, &look).lines().count() <= 3, "{text:?}");
            }
        }
        assert!(NEXT.lines().all(|line| line.chars().count() <= 80));
    }
}
