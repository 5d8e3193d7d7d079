//! What is said of one server does not contradict itself: rows say which others say the opposite of them.

use rdp_probe::{Evidence, Rule, RuleKind, Severity, catalogue, diagnose_with};
use rdp_probe_testkit::Scenario;
use rdp_probe_testkit::oracle::contradictions;

use crate::scenarios;

/// Each scenario that the machine plays, and what is said of it with these rows beside those of the catalogue.
fn said_of_all(more: &[&'static Rule]) -> Vec<String> {
    let mut wrong = Vec::new();
    for scenario in
        scenarios::all().iter().filter(|scenario| scenario.is_for(rdp_probe_testkit::scenario::Player::Machine))
    {
        let evidence = evidence_of(scenario);
        for (one, other) in contradictions(&diagnose_with(&evidence, more)) {
            wrong.push(format!("{}: {one} and {other}", scenario.name));
        }
    }
    wrong
}

fn evidence_of(scenario: &Scenario) -> Evidence {
    rdp_probe_testkit::machine::play(scenario).evidence
}

#[test]
fn no_two_things_that_are_said_of_one_server_contradict_each_other() {
    let wrong = said_of_all(&[]);
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn a_planted_pair_is_found() {
    const PLANTED: Rule = Rule {
        id: "certificate-that-nobody-signed",
        kind: RuleKind::Finding(Severity::Info),
        matches: |f| f.certificate().is_some_and(|certificate| certificate.self_signed),
        excludes: &["certificate-self-signed"],
        ..Rule::BLANK
    };
    let wrong = said_of_all(&[&PLANTED]);
    assert!(
        wrong
            .iter()
            .any(|wrong| wrong.ends_with(": certificate-that-nobody-signed and certificate-self-signed"))
    );
}

#[test]
fn every_row_that_is_excluded_is_in_the_catalogue() {
    let ids: Vec<&str> = catalogue::all().map(|rule| rule.id).collect();
    for rule in catalogue::all() {
        let unknown = rule.excludes.iter().find(|id| !ids.contains(id) || **id == rule.id);
        assert_eq!(unknown, None, "{}", rule.id);
    }
    assert!(catalogue::all().any(|rule| !rule.excludes.is_empty()));
}
