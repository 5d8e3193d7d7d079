//! Reports that were written as JSON, read back: their evidence is diagnosed again, as this version knows it.
use std::fmt;

use rdp_probe_core::{AttemptRecord, Evidence, Fact, Observed};
use rdp_probe_diagnosis::diagnose;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::report::Report;
use super::view::SCHEMA_VERSION;
use crate::target::Target;

/// JSON that no report can be made of again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{fault}", Which(*.report))]
#[non_exhaustive]
pub struct ReportError {
    /// Which of several reports, counted from 1. `None` when there is but one, or when the fault says where it is.
    pub report: Option<usize>,
    /// What is wrong with it.
    #[source]
    pub fault: ReportFault,
}

/// What can be wrong with a report.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportFault {
    /// No JSON, or not a report's.
    #[error("not a report as -o json or -o ndjson writes it: {what} at line {line} column {column}")]
    Unreadable {
        /// What is wrong.
        what: String,
        /// The line, counted from 1.
        line: usize,
        /// The column, counted from 1.
        column: usize,
    },
    /// There is no report in it.
    #[error("no report in it; a report is what -o json or -o ndjson writes")]
    Empty,
    /// More reports than the one that was due.
    #[error("{0} reports where one was due")]
    Several(usize),
    /// An object that does not say which version of the report it is.
    #[error("not a report: it has no schema_version")]
    NoVersion,
    /// Made by a newer version.
    #[error("schema_version {0} is newer than {SCHEMA_VERSION}, the newest that this version reads")]
    Newer(u64),
    /// Made by a version that did not keep what it had observed, or taken out of the report since.
    #[error("no evidence in it: it was made by an older version, or the key was taken out")]
    NoEvidence,
    /// More connections, facts or addresses than a run can have.
    #[error("more evidence in it than a run leaves")]
    TooMuch,
}

struct Which(Option<usize>);

impl fmt::Display for Which {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |number| write!(f, "report {number}: "))
    }
}

/// No program's name and version are longer, in characters.
const MOST_OF_A_NAME: usize = 64;

/// What is read of a report. All else follows from the evidence, and may be of another mind.
#[derive(Deserialize)]
struct Stored {
    schema_version: Option<u64>,
    target: Option<StoredTarget>,
    made_by: Option<String>,
    evidence: Option<Evidence>,
}

#[derive(Deserialize)]
struct StoredTarget {
    input: Option<String>,
}

/// What tells whether a report can be read at all.
#[derive(Deserialize)]
struct Head {
    schema_version: Option<u64>,
}

impl Report {
    /// Reads the JSON form of one report and diagnoses its evidence again, with the catalogue of this version. What else
    /// stands in it is not looked at.
    ///
    /// The text may come from anybody. Whoever reads it bounds its length first.
    ///
    /// ```
    /// # use rdp_probe::{Evidence, Host, Plan, Report, Target, diagnose};
    /// # let plan = Plan::new(Host::parse("srv1")?, 3389);
    /// # let evidence = Evidence::new(plan);
    /// # let diagnosis = diagnose(&evidence);
    /// # let report = Report::new("srv1".parse()?, evidence, diagnosis);
    /// let json = serde_json::to_string(&report)?;
    /// assert_eq!(Report::from_json(&json)?, report);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`ReportError`] when it is not one report, or one of a version that this one cannot read.
    pub fn from_json(text: &str) -> Result<Self, ReportError> {
        let mut reports = Self::all_from_json(text)?;
        match (reports.pop(), reports.len()) {
            (Some(report), 0) => Ok(report),
            (_, before) => Err(ReportFault::Several(before.saturating_add(1)).alone()),
        }
    }

    /// Reads all reports of a text: one, an array, or one after the other as in NDJSON.
    ///
    /// # Errors
    /// [`ReportError`] of the first that is none, and when there is none at all.
    pub fn all_from_json(text: &str) -> Result<Vec<Self>, ReportError> {
        // A mark that some programs write at the beginning of a file.
        let text = text.trim_start_matches('\u{feff}');
        let stored = read::<Stored>(text).map_err(|error| fault(text, &error).alone())?;
        if stored.is_empty() {
            return Err(ReportFault::Empty.alone());
        }
        let several = stored.len() > 1;
        let numbered = stored.into_iter().enumerate().map(|(index, stored)| {
            let report = several.then_some(index.saturating_add(1));
            stored.report().map_err(|fault| ReportError { report, fault })
        });
        numbered.collect()
    }
}

impl ReportFault {
    const fn alone(self) -> ReportError {
        ReportError { report: None, fault: self }
    }
}

impl Stored {
    fn report(self) -> Result<Report, ReportFault> {
        match self.schema_version {
            None => return Err(ReportFault::NoVersion),
            Some(version) if version > u64::from(SCHEMA_VERSION) => return Err(ReportFault::Newer(version)),
            Some(_) => {}
        }
        let evidence = self.evidence.ok_or(ReportFault::NoEvidence)?;
        if !is_of_a_run(&evidence) {
            return Err(ReportFault::TooMuch);
        }
        let mut target = Target::new(evidence.plan.target.host.clone(), evidence.plan.target.port);
        if let Some(input) = self.target.and_then(|target| target.input) {
            target.input = input;
        }
        let diagnosis = diagnose(&evidence);
        // Whoever made it is told, not this version, and no more of that than a version has.
        let made_by = self.made_by.map(|by| by.chars().take(MOST_OF_A_NAME).collect());
        Ok(Report::new(target, evidence, diagnosis).stored_by(made_by))
    }
}

/// An array of them, or one after the other.
fn read<T: DeserializeOwned>(text: &str) -> serde_json::Result<Vec<T>> {
    if text.trim_start().starts_with('[') {
        return serde_json::from_str(text);
    }
    serde_json::Deserializer::from_str(text).into_iter().collect()
}

/// Evidence of a newer version may be unreadable, and then its version is what to say.
fn fault(text: &str, error: &serde_json::Error) -> ReportFault {
    let newer = |head: &Head| head.schema_version.filter(|version| *version > u64::from(SCHEMA_VERSION));
    if error.is_data()
        && let Some(version) = read::<Head>(text).ok().and_then(|heads| heads.iter().find_map(newer))
    {
        return ReportFault::Newer(version);
    }
    let what = error.to_string();
    // The place is told once.
    let place = format!(" at line {} column {}", error.line(), error.column());
    let what = what.strip_suffix(&place).unwrap_or(&what).chars().take(MOST_SAID).collect();
    ReportFault::Unreadable { what, line: error.line(), column: error.column() }
}

/// As much as is said of what cannot be read: it may quote all of it.
const MOST_SAID: usize = 160;
/// More connections than any run makes.
const MOST_ATTEMPTS: usize = 4096;
/// More addresses than any name has.
const MOST_ADDRESSES: usize = 4096;
/// More stages and facts than they leave.
const MOST_RECORDS: usize = 65_536;

/// Whether a run may have left this evidence. A diagnosis judges each path and each address: evidence without a bound would
/// take it hours.
fn is_of_a_run(evidence: &Evidence) -> bool {
    let attempts = evidence.attempts.as_slice();
    let stages = |attempt: &AttemptRecord| -> usize {
        attempt.stages.iter().map(|stage| stage.facts.len().saturating_add(1)).sum()
    };
    let facts = attempts.iter().flat_map(|attempt| &attempt.stages).flat_map(|stage| &stage.facts);
    let addresses =
        |fact: &Fact| matches!(&fact.observed, Observed::Addresses(all) if all.len() > MOST_ADDRESSES);
    attempts.len() <= MOST_ATTEMPTS
        && attempts.iter().map(stages).sum::<usize>() <= MOST_RECORDS
        && !facts.into_iter().any(addresses)
        && evidence.plan.target.given.len() <= MOST_ADDRESSES
        && evidence.plan.gateway.as_ref().is_none_or(|gateway| gateway.leg.given.len() <= MOST_ADDRESSES)
        && evidence.plan.limits.stages.len() <= MOST_RECORDS
}
