//! SECURITY.md names what holds its claims: all of it is there.
use std::path::Path;

use rdp_probe_testkit::Scenario;

use crate::scenarios;

/// Words in the table's last column, without what separates them.
fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split([' ', ',', ';', ':', '|']).map(|word| word.trim_matches('`')).filter(|word| !word.is_empty())
}

#[test]
fn every_test_that_is_named_as_holding_a_claim_is_there() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let text = std::fs::read_to_string(root.join("SECURITY.md")).unwrap();
    let is_scenario = |word: &str| scenarios::all().iter().any(|scenario: &Scenario| scenario.name == word);
    let (mut targets, mut files, mut tests, mut conversations) = (0, 0, 0, 0);
    let rows = text.lines().filter(|line| line.starts_with("| ") && !line.contains("held by |"));
    for row in rows {
        let held_by = row.trim_end_matches(" |").rsplit(" | ").next().unwrap();
        for part in held_by.split(';') {
            let part = part.trim();
            if part.starts_with("fuzz target") {
                for target in part.split('`').skip(1).step_by(2) {
                    assert!(root.join(format!("fuzz/fuzz_targets/{target}.rs")).is_file(), "{target}: {row}");
                    targets += 1;
                }
            } else if let Some(named) = part.strip_prefix("scenarios: ") {
                for name in words(named) {
                    assert!(is_scenario(name), "{name}: {row}");
                    conversations += 1;
                }
            } else if let Some(file) = words(part).find(|word| word.ends_with(".rs")) {
                let source = std::fs::read_to_string(root.join("tests/suite").join(file))
                    .unwrap_or_else(|error| panic!("{file}: {error}: {row}"));
                files += 1;
                for test in words(part).filter(|word| word.contains('_') && !word.ends_with(".rs")) {
                    assert!(source.contains(&format!("fn {test}()")), "{test}: {row}");
                    tests += 1;
                }
            }
        }
    }
    assert!(
        targets > 15 && files > 6 && tests > 2 && conversations > 3,
        "{targets} {files} {tests} {conversations}"
    );
}
