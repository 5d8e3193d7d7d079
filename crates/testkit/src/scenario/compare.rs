//! Holds evidence and diagnosis against what a scenario expects.
use std::fmt::Debug;

use rdp_probe_core::{Evidence, SecuritySummary};
use rdp_probe_diagnosis::{Candidate, Diagnosis, Rule};

use super::expect::Expect;

impl Expect {
    /// Every difference in a line of its own; none when all is as expected.
    #[must_use]
    pub fn differences(&self, evidence: &Evidence, diagnosis: &Diagnosis) -> Vec<String> {
        let mut found = Differences::default();
        let verdict = &diagnosis.verdict;
        found.compare("outcome", &verdict.outcome.id(), &self.outcome.id());
        found.compare("stage", &verdict.stage, &self.stage);
        found.compare("hop", &verdict.hop, &self.hop);
        found.compare("rule", &verdict.rule.map(|rule| rule.id), &self.rule.as_deref());
        found.compare("exit", &verdict.exit, &self.exit);
        if let Some(causes) = &self.causes {
            found.compare("causes", &ids(&diagnosis.causes), &strs(causes));
        }
        found.compare("findings", &ids(&diagnosis.findings), &strs(&self.findings));
        let mstsc: Vec<String> = diagnosis.mstsc.iter().map(candidate).collect();
        found.compare("mstsc", &strs(&mstsc), &strs(&self.mstsc));
        let summary = SecuritySummary::of(evidence);
        let security = &self.security;
        let got = [summary.rdp, summary.ssl, summary.hybrid, summary.hybrid_ex, summary.rdstls, summary.rdsaad];
        for ((name, expected), got) in security.protocols().into_iter().zip(got) {
            found.compare(name, &got, &expected.unwrap_or(got));
        }
        found.compare("nla", &summary.nla(), &security.nla.unwrap_or_else(|| summary.nla()));
        found.0
    }
}

/// A candidate as scenarios spell it.
#[must_use]
pub fn candidate(candidate: &Candidate) -> String {
    let half = |code: Option<u32>| code.map_or_else(|| "-".to_owned(), |code| format!("0x{code:X}"));
    let Candidate { code, extended, likelihood, basis, .. } = candidate;
    format!("{}/{} {} {}", half(*code), half(*extended), likelihood.id(), basis.id())
}

fn ids(rules: &[&'static Rule]) -> Vec<&'static str> {
    rules.iter().map(|rule| rule.id).collect()
}

fn strs(strings: &[String]) -> Vec<&str> {
    strings.iter().map(String::as_str).collect()
}

#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare<T: Debug + PartialEq>(&mut self, what: &str, got: &T, expected: &T) {
        if got != expected {
            self.0.push(format!("{what}: got {got:?}, expected {expected:?}"));
        }
    }
}
