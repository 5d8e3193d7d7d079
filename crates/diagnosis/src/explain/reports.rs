//! What people and vendors have reported of a code, as rows of data.
use std::sync::LazyLock;

use crate::codes::Family;
use crate::rule::Basis;

const TABLE: &str = include_str!("../../data/field-reports.tsv");

/// One report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FieldReport {
    /// The family of the code.
    pub family: Family,
    /// The code.
    pub code: u32,
    /// The extended code that stood beside it; `None` when the report is not about one.
    pub extended: Option<u32>,
    /// How it is known.
    pub basis: Basis,
    /// What was reported. A sentence without a full stop.
    pub report: &'static str,
    /// Where.
    pub source: &'static str,
}

/// All reports. Read on first use.
#[must_use]
pub fn field_reports() -> &'static [FieldReport] {
    static ROWS: LazyLock<Vec<FieldReport>> = LazyLock::new(|| TABLE.lines().skip(1).filter_map(row).collect());
    &ROWS
}

/// The reports of a code.
pub(super) fn of(family: Family, code: u32) -> impl Iterator<Item = &'static FieldReport> {
    field_reports().iter().filter(move |report| (report.family, report.code) == (family, code))
}

fn row(line: &'static str) -> Option<FieldReport> {
    let mut columns = line.split('\t');
    let family = Family::parse(columns.next()?)?;
    let code = hex(columns.next()?)?;
    let extended = match columns.next()? {
        "-" => None,
        text => Some(hex(text)?),
    };
    let basis = match columns.next()? {
        "documented" => Basis::Documented,
        "reported" => Basis::Reported,
        "inferred" => Basis::Inferred,
        _ => return None,
    };
    let (report, source) = (columns.next()?, columns.next()?);
    Some(FieldReport { family, code, extended, basis, report, source })
}

fn hex(text: &str) -> Option<u32> {
    u32::from_str_radix(text.strip_prefix("0x")?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::codes::lookup;

    #[test]
    fn every_line_is_read() {
        assert_eq!(field_reports().len(), TABLE.lines().count() - 1);
        assert!(TABLE.lines().all(|line| line.split('\t').count() == 6));
    }

    #[test]
    fn every_report_is_of_a_code_in_the_table_or_says_that_there_is_none() {
        for report in field_reports() {
            let known = lookup(report.family, report.code).is_some();
            assert_eq!(known, !report.report.starts_with("no code has this value"), "{report:?}");
            if let Some(extended) = report.extended {
                assert!(lookup(Family::MstscExt, extended).is_some(), "{report:?}");
                assert_eq!(report.family, Family::MstscDisc, "{report:?}");
            }
        }
    }

    #[test]
    fn every_report_has_a_source_and_no_full_stop() {
        for report in field_reports() {
            assert!(!report.report.is_empty() && !report.report.ends_with('.'), "{report:?}");
            assert!(!report.source.is_empty() && report.source != "-", "{report:?}");
        }
    }
}
