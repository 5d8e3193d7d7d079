//! Rules of one's own beside the catalogue: `cargo run --example custom_rule -- bastion.lab.test:3389`
//!
//! What a site knows of itself, the catalogue cannot know: which balancer stands before the farm, and what the machines
//! behind it are called.
#![expect(clippy::print_stdout, reason = "an example shows something")]
use rdp_probe::{
    Basis, Close, Evidence, FailureKind, Probe, Rule, RuleKind, Severity, Target, VerdictOutcome, escape,
};

/// Stands in for three rows of the catalogue: here a hang-up has one cause, and somebody to call.
static FARM_IS_EMPTY: Rule = Rule {
    id: "lab-farm-is-empty", // a prefix of one's own never meets an id of a later version
    // Asked about failures of this stage that are laid at the target, which is the default. For several hops: `hop: None`.
    stage: Some(rdp_probe::Stage::ConnectionInitiation),
    matches: |evidence| {
        let failure = evidence.failure().map(|failure| &failure.kind);
        matches!(failure, Some(FailureKind::Closed { how: Close::Fin, partial }) if partial.is_empty())
    },
    outcome: VerdictOutcome::Unreachable,
    exit: 30, // the code of this stage: who reads the exit code alone is not misled
    rank: 0,
    summary: "the balancer at {address} has no bastion to send anybody to",
    cause: "it hangs up on the first request when every bastion is out of rotation",
    remedy: "put one back into rotation, or call the farm's owner",
    basis: Basis::Reported,
    supersedes: &[
        "closed-after-request",
        "forwarder-without-backend",
        "limit-or-ban",
        "proxy-protocol-on-one-side",
        "filtered-in-between",
    ],
    ..Rule::BLANK
};

/// Adds a finding to a probe that succeeds: the right address, but another machine.
static NOT_A_BASTION: Rule = Rule {
    id: "lab-not-a-bastion",
    kind: RuleKind::Finding(Severity::Warning),
    matches: is_no_bastion,
    outcome: VerdictOutcome::Reachable,
    exit: 0,
    summary: "the machine that answers is {server_name}, which is no bastion",
    cause: "the balancer's pool has a machine that does not belong to it",
    remedy: "take it out of the pool",
    ..Rule::BLANK
};

/// The server says its name in CredSSP, before anybody logs on. Without a name there is nothing to judge.
fn is_no_bastion(evidence: &Evidence) -> bool {
    let name = evidence.challenge().and_then(|(server, _)| server.netbios_computer.as_deref());
    name.is_some_and(|name| !name.starts_with("BASTION"))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let target: Target = std::env::args().nth(1).ok_or("which target?")?.parse()?;
    let probe = Probe::builder(target).rule(&FARM_IS_EMPTY).rule(&NOT_A_BASTION).build()?;
    let report = probe.run().await;

    println(&format!("{} (exit code {})", report.summary(), report.exit_code()));
    for cause in &report.diagnosis.causes {
        println(&format!("- {}: {}", cause.id, report.text_of(|rule| rule.remedy, cause)));
    }
    for finding in &report.diagnosis.findings {
        println(&format!("- {}: {}", finding.id, report.text_of(|rule| rule.summary, finding)));
    }
    Ok(())
}

/// A name that a server sent must not reach the terminal as it is.
fn println(text: &str) {
    println!("{}", escape(text));
}
