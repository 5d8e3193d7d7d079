//! What a report on one line of JSON costs beside the same tree written by serde_json alone.
use std::error::Error;
use std::hint::black_box;
use std::path::Path;
use std::process::ExitCode;

use rdp_probe::{Report, Target, diagnose, harmless_json};
use rdp_probe_benches::{Bars, Beside, repeat};
use rdp_probe_testkit::{Scenario, machine};

/// A host with Network Level Authentication that says who it is, as it usually is: name, certificate, challenge.
const SCENARIO: &str = "tests/scenarios/challenge-of-a-domain-member.toml";
/// Reports in a batch.
const ROUNDS: usize = 20;

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(SCENARIO);
    let evidence = machine::play(&Scenario::load(&path)?).evidence;
    let target = Target::new(evidence.plan.target.host.clone(), evidence.plan.target.port);
    let diagnosis = diagnose(&evidence);
    let report = Report::new(target, evidence, diagnosis);
    let tree = serde_json::to_value(&report)?;
    let line = || serde_json::to_string(black_box(&report)).map(harmless_json).unwrap_or_default();
    assert!(serde_json::from_str::<serde_json::Value>(&line())? == tree, "it is not the same tree");
    let mut bars = Bars::new()?;
    bars.beside(
        "ndjson report: by serde_json on the same tree",
        Beside::each(3.0, 2.0),
        repeat(ROUNDS, line),
        repeat(ROUNDS, || serde_json::to_string(black_box(&tree)).unwrap_or_default()),
    )?;
    Ok(bars.finish())
}
