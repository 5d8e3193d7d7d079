//! Reports to render in tests.
use crate::report::Report;
use crate::target::Target;

/// The reports of all scenarios, as the machine alone gives them.
pub(super) fn scenarios() -> Vec<(String, Report)> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/scenarios");
    let all = rdp_probe_testkit::Scenario::load_all(&folder).unwrap();
    all.iter().map(|scenario| (scenario.name.clone(), report(scenario))).collect()
}

/// The report of one.
pub(super) fn report(scenario: &rdp_probe_testkit::Scenario) -> Report {
    let evidence = rdp_probe_testkit::machine::play(scenario).evidence;
    let target = Target::new(evidence.plan.target.host.clone(), evidence.plan.target.port);
    let diagnosis = rdp_probe_diagnosis::diagnose(&evidence);
    Report::new(target, evidence, diagnosis)
}
