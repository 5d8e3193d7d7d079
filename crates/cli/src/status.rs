//! What a monitoring system wants to know of a target: one of four states.
use rdp_probe::{Report, Rule, RuleKind, Severity, VerdictOutcome};

use crate::exit_codes::{INTERNAL, INTERRUPTED, NOT_TESTABLE, OUTPUT, USAGE};

/// A state, as the guidelines for monitoring plugins have it. The worse one is the greater one: of several targets it counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Status {
    Ok,
    Warning,
    /// Nobody can tell.
    Unknown,
    Critical,
}

impl Status {
    /// All of them, the best one first.
    pub(crate) const ALL: [Self; 4] = [Self::Ok, Self::Warning, Self::Unknown, Self::Critical];

    pub(crate) fn of(report: &Report) -> Self {
        let code = report.run_exit_code();
        let untold = report.diagnosis.verdict.outcome == VerdictOutcome::Inconclusive;
        if code != 0 {
            // That nobody is there, or that the network lets nobody through, is what such a check is for: it is not unknown.
            let unknown = untold || matches!(code, INTERNAL | INTERRUPTED | NOT_TESTABLE);
            return if unknown { Self::Unknown } else { Self::Critical };
        }
        if report.is_untold() {
            return Self::Unknown;
        }
        if report.diagnosis.findings.iter().any(|rule| is_warning(rule)) { Self::Warning } else { Self::Ok }
    }

    /// Of a run that ends with this exit code, by the worst state of what it reported; where it reported nothing, nobody can tell.
    pub(crate) fn of_run(code: u8, worst: Option<Self>) -> Self {
        match code {
            USAGE | INTERNAL | OUTPUT => Self::Unknown,
            INTERRUPTED => worst.max(Some(Self::Unknown)).unwrap_or(Self::Unknown),
            _ => worst.unwrap_or(Self::Unknown),
        }
    }

    /// The exit code of a plugin.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Ok => "OK",
            Self::Warning => "WARNING",
            Self::Unknown => "UNKNOWN",
            Self::Critical => "CRITICAL",
        }
    }
}

/// Whether a finding is something to look after.
pub(crate) const fn is_warning(rule: &Rule) -> bool {
    matches!(rule.kind, RuleKind::Finding(Severity::Warning))
}
