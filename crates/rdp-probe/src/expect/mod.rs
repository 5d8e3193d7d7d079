//! What somebody expects of a run, beyond that it reaches its end.
//!
//! An expectation is a name, a sign and a value, such as `nla=required` or `cert.days>21`; a name alone, or with `!` before it, is of
//! something that is so or not. docs/expectations.md has all names.
mod baseline;
mod got;
mod keys;
mod parse;
mod value;

use std::str::FromStr;

use rdp_probe_core::Evidence;
use rdp_probe_diagnosis::Diagnosis;

pub use baseline::{Baseline, Change, Compared};
use got::{Got, Seen};
pub use keys::ExpectationKey;
pub use parse::{Expectation, ExpectationError};
use value::NONE;
pub use value::ValueKind;

/// What somebody expects of a run.
///
/// ```
/// use rdp_probe::Expectations;
///
/// let expected: Expectations = "nla=required, tls>=1.2, cert.days>21".parse()?;
/// assert_eq!(expected.len(), 3);
/// assert!("tsl>=1.2".parse::<Expectations>().unwrap_err().to_string().contains("did you mean tls?"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Expectations {
    all: Vec<Expectation>,
}

/// What became of an expectation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Expected {
    /// The expectation, as it was written.
    pub expectation: String,
    /// What was wanted, in words.
    pub wanted: String,
    /// What was found; `None` where nobody can tell.
    pub got: Option<String>,
    /// Whether it held.
    pub outcome: ExpectedOutcome,
    /// Why nobody can tell, where that is so.
    pub why: Option<&'static str>,
}

/// Whether an expectation held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpectedOutcome {
    /// It did.
    Held,
    /// It did not.
    Failed,
    /// Nobody can tell.
    NotTestable,
}

impl ExpectedOutcome {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Held, Self::Failed, Self::NotTestable];

    /// The id in reports.
    #[must_use]
    pub const fn id(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Failed => "failed",
            Self::NotTestable => "not_testable",
        }
    }
}

impl Expectations {
    /// All that may be expected.
    #[must_use]
    pub const fn keys() -> &'static [ExpectationKey] {
        &keys::KEYS
    }

    /// The names of all keys, those for each stage by the stages' ids.
    #[must_use]
    pub fn names() -> Vec<String> {
        parse::names()
    }

    /// How many there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.all.len()
    }

    /// Whether nothing is expected.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// With these, too.
    pub fn add(&mut self, more: &Self) {
        self.all.extend(more.all.iter().cloned());
    }

    /// Whether one of them can be told for certain only by the enumeration of the security protocols.
    #[must_use]
    pub fn need_enumeration(&self) -> bool {
        self.all.iter().any(|one| one.key.enumerated)
    }

    /// What becomes of each of them by what a run has found.
    #[must_use]
    pub fn check(&self, evidence: &Evidence, diagnosis: &Diagnosis) -> Vec<Expected> {
        self.all.iter().map(|one| one.check(evidence, diagnosis)).collect()
    }
}

impl FromStr for Expectations {
    type Err = ExpectationError;

    fn from_str(text: &str) -> Result<Self, ExpectationError> {
        parse::all(text).map(|all| Self { all })
    }
}

impl Expectation {
    fn check(&self, evidence: &Evidence, diagnosis: &Diagnosis) -> Expected {
        let (got, outcome, why) = match (self.key.read)(Seen { evidence, diagnosis, stage: self.stage }) {
            Got::Is(value) if self.test.holds(&value, &self.value) => {
                (Some(value.to_string()), ExpectedOutcome::Held, None)
            }
            Got::Is(value) => (Some(value.to_string()), ExpectedOutcome::Failed, None),
            // Nothing is not what anything is.
            Got::Isnt if self.test == value::Test::IsNot => {
                (Some(NONE.to_owned()), ExpectedOutcome::Held, None)
            }
            Got::Isnt => (Some(NONE.to_owned()), ExpectedOutcome::Failed, None),
            Got::Untold(why) => (None, ExpectedOutcome::NotTestable, Some(why)),
        };
        Expected { expectation: self.text.clone(), wanted: self.test.wanted(&self.value), got, outcome, why }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rdp_probe_core::{Host, Plan};

    use super::*;

    #[test]
    fn every_example_of_the_table_is_read_and_is_of_its_key() {
        for key in Expectations::keys() {
            let read: Expectations = key.example.parse().unwrap_or_else(|error| panic!("{error}"));
            let [one] = &read.all[..] else { panic!("{}", key.example) };
            assert_eq!(one.key.name, key.name);
            assert_eq!(read.need_enumeration(), key.enumerated);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]
        #[test]
        fn any_text_is_read_or_refused_with_the_place(
            text in "[ ,!\"]{0,2}(nla|tls|cert\\.days|time\\.tls|stage|\\PC{0,6})[ =<>!]{0,3}(required|1\\.2|21|tls|5ms|\\PC{0,9})[,\"\n]?\\PC{0,9}"
        ) {
            match text.parse::<Expectations>() {
                Ok(read) => {
                    let evidence = Evidence::new(Plan::new(Host::Name("srv1".into()), 3389));
                    prop_assert!(!read.is_empty());
                    prop_assert_eq!(read.check(&evidence, &rdp_probe_diagnosis::diagnose(&evidence)).len(), read.len());
                }
                Err(error) => {
                    let shown = error.to_string();
                    let (before, rest) = shown.split_once(">>>").unwrap_or_default();
                    prop_assert!(text.starts_with(before) && rest.contains("<<<"), "{}", shown);
                }
            }
        }
    }
}
