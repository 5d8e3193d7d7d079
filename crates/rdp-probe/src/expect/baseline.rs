//! What has changed since a report that was stored.
use std::collections::HashMap;
use std::time::Duration;

use rdp_probe_core::{Evidence, Host, Stage};
use rdp_probe_diagnosis::Diagnosis;

use super::got::{Got, Seen};
use super::keys::{ExpectationKey, KEYS};
use super::value::{NONE, Value};

/// A stage took another time where it is so many times as long, or as short, and by as much: below that it is the network's mood.
const FACTOR: u32 = 3;
const DIFFERENCE: Duration = Duration::from_millis(50);

/// What is compared, by the names of expectations; stages' times beside them.
const COMPARED: [&str; 13] = [
    "rule",
    "exit",
    "tls",
    "tls.cipher",
    "cert.sha256",
    "nla",
    "security.rdp",
    "security.ssl",
    "security.hybrid",
    "security.hybrid_ex",
    "security.rdstls",
    "security.rdsaad",
    "security.restricted_admin",
];

/// What was found of each target when it was well, or at least known: [`crate::Report::compared_with`].
#[derive(Clone, Debug, Default)]
pub struct Baseline {
    of: HashMap<(Host, u16), Known>,
}

/// What was known of one.
#[derive(Clone, Debug)]
struct Known {
    made_at: Option<String>,
    values: Vec<(&'static str, Value)>,
    times: Vec<(Stage, Duration)>,
}

/// One thing that has changed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Change {
    /// What: the name of an expectation.
    pub what: String,
    /// As it was; `none` where there was none.
    pub before: String,
    /// As it is.
    pub now: String,
}

/// What a target is compared with.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Compared {
    /// When the stored report was made.
    pub since: Option<String>,
    /// What has changed.
    pub changes: Vec<Change>,
}

/// Everything that is compared, as far as it is known.
fn values(evidence: &Evidence, diagnosis: &Diagnosis) -> Vec<(&'static str, Value)> {
    let compared = |name: &&str| KEYS.iter().find(|key| key.name == *name);
    let value = |key: &'static ExpectationKey| match (key.read)(Seen { evidence, diagnosis, stage: None }) {
        Got::Is(value) => Some((key.name, value)),
        Got::Isnt => Some((key.name, Value::text(NONE))),
        Got::Untold(_) => None,
    };
    COMPARED.iter().filter_map(compared).filter_map(value).collect()
}

/// How long each stage took that was passed.
fn times(evidence: &Evidence) -> Vec<(Stage, Duration)> {
    let passed = Evidence::sequence(evidence.main_path());
    let passed = passed.iter().filter(|stage| stage.record.outcome == rdp_probe_core::Outcome::Passed);
    passed.filter_map(|stage| Some((stage.record.stage, stage.record.duration?))).collect()
}

impl Baseline {
    /// With what a stored report says of its target; of several reports of one target the last counts.
    pub fn add(&mut self, evidence: &Evidence, diagnosis: &Diagnosis, made_at: Option<String>) {
        let leg = &evidence.plan.target;
        let known = Known { made_at, values: values(evidence, diagnosis), times: times(evidence) };
        self.of.insert((leg.host.bare(), leg.port), known);
    }

    /// How many targets it knows.
    #[must_use]
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// Whether it knows none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// What has changed; `None` of a target that it does not know. What nobody could tell then or now has not changed.
    #[must_use]
    pub fn compare(&self, evidence: &Evidence, diagnosis: &Diagnosis) -> Option<Compared> {
        let leg = &evidence.plan.target;
        let known = self.of.get(&(leg.host.bare(), leg.port))?;
        let now = values(evidence, diagnosis);
        let mut changes = Vec::new();
        for (what, before) in &known.values {
            let Some((_, now)) = now.iter().find(|(name, _)| name == what) else { continue };
            if now != before {
                let change =
                    Change { what: (*what).to_owned(), before: before.to_string(), now: now.to_string() };
                changes.push(change);
            }
        }
        let mut seen: Vec<Stage> = Vec::new();
        for (stage, now) in times(evidence) {
            let before = known.times.iter().rev().find(|(other, _)| *other == stage);
            let Some((_, before)) = before.filter(|_| !seen.contains(&stage)) else { continue };
            seen.push(stage);
            let (less, more) = (now.min(*before), now.max(*before));
            if more.saturating_sub(less) > DIFFERENCE && more > less.saturating_mul(FACTOR) {
                let [before, now] = [*before, now].map(|time| Value::Time(time).to_string());
                changes.push(Change { what: format!("time.{stage}"), before, now });
            }
        }
        Some(Compared { since: known.made_at.clone(), changes })
    }
}
