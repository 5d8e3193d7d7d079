//! The catalogue, the documentation and the schema, held against each other.
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use rdp_probe::{Hop, Nla, Offered, Placeholder, Report, Rule, RuleKind, SecuritySummary, Stage, catalogue};
use rdp_probe_testkit::scenario::Player;

use crate::scenarios;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

pub(crate) fn page(name: &str) -> String {
    std::fs::read_to_string(root().join("docs").join(name)).unwrap()
}

#[test]
fn every_rule_has_a_scenario() {
    let mut shown: Vec<&str> = Vec::new();
    for scenario in scenarios::all().iter().filter(|scenario| scenario.is_for(Player::Machine)) {
        let expect = &scenario.expect;
        shown.extend(expect.rule.as_deref());
        shown.extend(expect.causes.iter().flatten().map(String::as_str));
        shown.extend(expect.findings.iter().map(String::as_str));
    }
    let without: Vec<&str> = catalogue::all().map(|rule| rule.id).filter(|id| !shown.contains(id)).collect();
    assert!(without.is_empty(), "no scenario shows {without:?}");
}

#[test]
fn no_finding_rests_on_what_is_observed_before_its_stage() {
    let mut held = BTreeSet::new();
    for scenario in scenarios::all().iter().filter(|scenario| scenario.is_for(Player::Machine)) {
        let evidence = scenarios::machine_report(scenario).0.evidence;
        let deepest = evidence.deepest_stage().map(Stage::rank);
        for rule in catalogue::all().filter(|rule| rule.kind != RuleKind::Cause) {
            let Some(stage) = rule.stage.filter(|_| (rule.matches)(&evidence)) else { continue };
            assert!(deepest >= Some(stage.rank()), "{}: {} is not asked of it", scenario.name, rule.id);
            held.insert(rule.id);
        }
    }
    // Each of them was looked at where it holds.
    let with_stage: Vec<&str> = catalogue::all()
        .filter(|rule| rule.kind != RuleKind::Cause && rule.stage.is_some())
        .map(|rule| rule.id)
        .collect();
    assert!(with_stage.len() > 30);
    assert_eq!(with_stage.into_iter().filter(|id| !held.contains(id)).collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn findings_of_security_protocols_say_what_the_summary_says() {
    let mut held = BTreeSet::new();
    for scenario in scenarios::all().iter().filter(|scenario| scenario.is_for(Player::Machine)) {
        let evidence = scenarios::machine_report(scenario).0.evidence;
        let summary = SecuritySummary::of(&evidence);
        let holds = |id: &str| (catalogue::find(id).unwrap().matches)(&evidence);
        for (id, nla) in [("nla-not-supported", Nla::NotSupported), ("nla-not-required", Nla::Supported)] {
            assert_eq!(holds(id), summary.nla() == nla, "{}: {id}", scenario.name);
        }
        let standard = holds("standard-security-accepted");
        assert!(!standard || summary.rdp == Offered::Offered, "{}", scenario.name);
        held.insert((summary.nla().id(), standard));
    }
    for one in [("not_supported", false), ("supported", true), ("required", false), ("unknown", false)] {
        assert!(held.contains(&one), "{one:?} of {held:?}");
    }
}

#[test]
fn every_cause_but_the_alternatives_is_the_top_one_of_a_scenario() {
    // These stand behind the cause that tells what was seen; they say what else it may be.
    const ALTERNATIVES: [&str; 5] = [
        "overlay-without-target",
        "limit-or-ban",
        "proxy-protocol-on-one-side",
        "another-service-waits",
        "filtered-in-between",
    ];
    let top: Vec<&str> =
        scenarios::all().iter().filter_map(|scenario| scenario.expect.rule.as_deref()).collect();
    for rule in catalogue::all().filter(|rule| rule.kind == RuleKind::Cause) {
        assert_eq!(top.contains(&rule.id), !ALTERNATIVES.contains(&rule.id), "{}", rule.id);
    }
}

/// The exit codes of docs/exit-codes.md and the stages that may give them.
fn exit_codes() -> BTreeMap<u8, Vec<String>> {
    let mut codes = BTreeMap::new();
    for line in page("exit-codes.md").lines() {
        let columns: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let [code, _, stages] = columns.as_slice() else { continue };
        if let Ok(code) = code.parse() {
            codes.insert(code, stages.split(',').map(|stage| stage.trim().to_owned()).collect());
        }
    }
    codes
}

/// The exit code of a cause, and the one without TLS where that is another.
fn exits(rule: &Rule) -> impl Iterator<Item = u8> {
    [rule.exit].into_iter().chain(rule.exit_without_tls)
}

#[test]
fn every_exit_code_is_one_of_its_stage() {
    let codes = exit_codes();
    assert!(codes.len() > 30, "the table of exit codes is not read");
    for rule in catalogue::all().filter(|rule| rule.kind == RuleKind::Cause) {
        for exit in exits(rule) {
            let stages = codes.get(&exit).unwrap_or_else(|| panic!("{}: {exit} is no exit code", rule.id));
            let fits = match rule.stage {
                Some(stage) => stages.iter().any(|id| id == stage.id() || id == "any"),
                // Which of a gateway's answers it was is held by every scenario.
                None if rule.hop == Some(Hop::Gateway) || exit == 25 => {
                    let of_gateway = |id: &str| Stage::parse(id).is_some_and(Stage::is_gateways);
                    stages.iter().all(|id| id == "any" || of_gateway(id))
                }
                // Of any stage, or of all that go on inside TLS.
                None => {
                    let mut inside = Stage::BUILT.into_iter().filter(|stage| stage.rank() > Stage::Tls.rank());
                    stages.iter().any(|id| id == "any")
                        || inside.all(|stage| stages.iter().any(|id| id == stage.id()))
                }
            };
            assert!(fits, "{}: exit code {exit} is not one of {:?}", rule.id, rule.stage);
            assert!(exit < 126 && exit != 0, "{}", rule.id);
        }
    }
}

#[test]
fn every_outcome_fits_its_exit_code() {
    for rule in catalogue::all().filter(|rule| rule.kind == RuleKind::Cause) {
        for exit in exits(rule) {
            let fits: &[&str] = match exit {
                10 => &["unreachable", "inconclusive"],
                11 => &["unreachable", "refused", "inconclusive"],
                12 => &["refused"],
                20 => &["unreachable", "refused", "misconfigured", "inconclusive"],
                21 => &["misconfigured", "refused", "unreachable", "inconclusive"],
                22 => &["refused", "misconfigured", "inconclusive"],
                23 => &["refused", "inconclusive"],
                24 => &["refused"],
                25 => &["unreachable", "refused"],
                26 => &["refused", "misconfigured", "inconclusive"],
                27 => &["refused", "unreachable", "misconfigured"],
                30 => &["refused", "unreachable", "misconfigured"],
                31 if rule.id == "server-has-no-certificate" => &["misconfigured"],
                31 | 41 | 56 => &["refused"],
                32 | 42 => &["misconfigured"],
                40 | 50 | 60 | 61 => &["refused", "unreachable", "misconfigured"],
                51..=53 | 55 | 90 => &["refused"],
                70 | 80 => &["refused", "unreachable", "misconfigured"],
                3 | 5 | 33 | 54 => &["inconclusive"],
                other => panic!("{}: say which outcomes fit exit code {other}", rule.id),
            };
            assert!(fits.contains(&rule.outcome.id()), "{}: {} with {exit}", rule.id, rule.outcome.id());
        }
    }
}

#[test]
fn every_scenario_expects_an_exit_code_of_its_stage() {
    let codes = exit_codes();
    for scenario in scenarios::all() {
        let Some(stage) = scenario.expect.stage else {
            assert_eq!(scenario.expect.exit, 0, "{}", scenario.name);
            continue;
        };
        let stages = &codes[&scenario.expect.exit];
        assert!(stages.iter().any(|id| id == stage.id() || id == "any"), "{}", scenario.name);
    }
}

#[test]
fn every_stage_has_its_place_in_the_documentation() {
    let page = page("stages.md");
    for stage in Stage::ALL {
        let row = page.lines().find(|line| line.contains(&format!("| `{}` |", stage.id())));
        let row = row.unwrap_or_else(|| panic!("{stage} is not in the table of docs/stages.md"));
        assert!(row.starts_with(&format!("| {} |", stage.rank())), "{stage}: {row}");
        for alias in stage.aliases() {
            assert!(row.contains(alias), "{stage}: alias {alias} is missing");
        }
        let section = page.lines().any(|line| line == format!("## {}", stage.id()));
        assert_eq!(section, stage.is_built(), "{stage}: a built stage has a section, another one has none");
    }
}

#[test]
fn every_cause_stands_in_the_section_of_its_stage() {
    let page = page("stages.md");
    for rule in catalogue::all().filter(|rule| rule.kind == RuleKind::Cause) {
        let Some(stage) = rule.stage else { continue };
        let section = page.split("\n## ").find(|section| section.starts_with(stage.id())).unwrap();
        assert!(section.contains(&format!("`{}`", rule.id)), "{}", rule.id);
    }
}

/// Compares a generated page with the one in docs/, and writes it when UPDATE_DOCS is set.
pub(crate) fn generated(name: &str, text: &str) {
    let path = root().join("docs").join(name);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let current = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(current == text, "docs/{name} is not what the code gives: run the tests with UPDATE_DOCS=1");
}

#[test]
fn schema_in_the_documentation_is_that_of_the_types() {
    let schema = serde_json::to_string_pretty(&Report::schema()).unwrap();
    generated("report.schema.json", &format!("{schema}\n"));
}

#[test]
fn page_of_the_report_names_every_key_and_every_kind_of_failure() {
    let page = page("json.md");
    let named = |word: &str| page.contains(&format!("`{word}`"));
    let schema = serde_json::to_value(Report::schema()).unwrap();
    let keys: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
    assert!(keys.len() > 15, "the schema's keys are not read: {keys:?}");
    for key in keys {
        assert!(named(key), "docs/json.md does not name the key {key}");
    }
    let mut kinds = BTreeSet::new();
    for scenario in scenarios::all().iter().filter(|scenario| scenario.is_for(Player::Machine)) {
        let report = serde_json::to_value(scenarios::machine_report(scenario).0).unwrap();
        kinds.extend(report["failure"]["kind"].as_str().map(str::to_owned));
        if let Some(how) = report["failure"]["close"]["how"].as_str() {
            assert!(named(how), "docs/json.md does not name the close {how}");
        }
    }
    assert!(kinds.len() > 15, "few kinds of failure: {kinds:?}");
    let missing: Vec<&String> = kinds.iter().filter(|kind| !named(kind)).collect();
    assert!(missing.is_empty(), "docs/json.md does not name the kinds {missing:?}");
}

#[test]
fn every_rule_that_the_page_of_stages_names_is_there() {
    let mut named = BTreeSet::new();
    for line in page("stages.md").lines().filter(|line| line.starts_with("| ")) {
        let Some(rules) = line.trim_end_matches('|').rsplit('|').next() else { continue };
        let words = rules.split('`').skip(1).step_by(2);
        named.extend(words.filter(|id| id.contains('-') && !id.starts_with('-')).map(str::to_owned));
    }
    assert!(named.len() > 50, "the tables are not read: {named:?}");
    for id in named {
        assert!(catalogue::find(&id).is_some(), "docs/stages.md names {id}, which is no rule");
    }
}

#[test]
fn page_of_causes_is_that_of_the_catalogue() {
    let mut text = String::from(
        "# Causes and findings\n\nGenerated from the catalogue (crates/diagnosis/src/catalogue). `{words in braces}` are filled from what was \
         observed; the last table says what `explain` puts there. Ids are API.\n",
    );
    for stage in [None].into_iter().chain(Stage::BUILT.map(Some)) {
        let title = stage.map_or("any stage", Stage::id);
        _ = write!(text, "\n## Causes: {title}\n");
        for rule in catalogue::all().filter(|rule| rule.kind == RuleKind::Cause && rule.stage == stage) {
            // Nearly all are the target's.
            let hop = match rule.hop {
                Some(Hop::Target) => String::new(),
                Some(hop) => format!(", laid at hop {hop}"),
                None => ", laid at any hop".to_owned(),
            };
            let Rule { id, exit, .. } = rule;
            let without_tls =
                rule.exit_without_tls.map(|exit| format!(" ({exit} without TLS)")).unwrap_or_default();
            let (outcome, basis) = (rule.outcome.id(), rule.basis.id());
            _ = write!(text, "\n### {id}\n\nExit code {exit}{without_tls}, {outcome}, {basis}{hop}.\n\n");
            _ = write!(
                text,
                "- **What:** {}\n- **Why:** {}\n- **Do:** {}\n",
                rule.summary, rule.cause, rule.remedy
            );
            if let Some(event) = rule.event {
                _ = writeln!(text, "- **Look for:** {event}");
            }
            if !rule.candidates.is_empty() {
                let shown: Vec<String> =
                    rule.candidates.iter().map(rdp_probe_testkit::scenario::candidate).collect();
                _ = writeln!(text, "- **mstsc:** {}", shown.join("; "));
            }
        }
    }
    text.push_str("\n## Evidence\n");
    for rule in catalogue::all() {
        let RuleKind::Finding(severity) = rule.kind else { continue };
        _ = write!(text, "\n### {}\n\n{}, {}.\n\n", rule.id, severity.id(), rule.basis.id());
        _ = write!(
            text,
            "- **What:** {}\n- **Why:** {}\n- **Do:** {}\n",
            rule.summary, rule.cause, rule.remedy
        );
    }
    text.push_str("\n## Words in braces\n\n| word | without a run |\n|---|---|\n");
    for placeholder in Placeholder::ALL {
        _ = writeln!(text, "| `{{{}}}` | {} |", placeholder.id(), placeholder.in_general());
    }
    generated("causes.md", &text);
}
