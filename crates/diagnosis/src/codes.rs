//! The one table of codes: every number that a client, a server or a gateway may show, with stage, meaning and source.
use std::sync::LazyLock;

const TABLE: &str = include_str!("../data/error-codes.tsv");

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Code {
    /// The family, by its name in the table.
    pub family: &'static str,
    /// The number; `None` for kinds of errors that have a name only.
    pub code: Option<u32>,
    /// The published name, or a label in round brackets.
    pub name: &'static str,
    /// The stages where it appears.
    pub stage: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Where that is known from.
    pub source: &'static str,
}

/// The families that the diagnosis asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Family {
    /// "Error code" of mstsc.
    MstscDisc,
    /// "Error code" of mstsc for a gateway.
    MstscGateway,
    /// "Extended error code" of mstsc.
    MstscExt,
    /// `failureCode` of RDP_NEG_FAILURE.
    RdpNegFailure,
    /// NTSTATUS.
    NtStatus,
    /// `errorInfo` of Set Error Info.
    SetErrorInfo,
}

impl Family {
    /// The name in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MstscDisc => "mstsc_disc",
            Self::MstscGateway => "mstsc_gateway",
            Self::MstscExt => "mstsc_ext",
            Self::RdpNegFailure => "rdp_neg_failure",
            Self::NtStatus => "ntstatus",
            Self::SetErrorInfo => "set_error_info",
        }
    }
}

/// All rows. Read on first use.
#[must_use]
pub fn all() -> &'static [Code] {
    static ROWS: LazyLock<Vec<Code>> = LazyLock::new(|| TABLE.lines().skip(1).filter_map(row).collect());
    &ROWS
}

/// The row of a number in a family.
#[must_use]
pub fn lookup(family: Family, code: u32) -> Option<&'static Code> {
    all().iter().find(|row| row.family == family.name() && row.code == Some(code))
}

fn row(line: &'static str) -> Option<Code> {
    let mut columns = line.split('\t');
    let family = columns.next()?;
    let code = match columns.next()? {
        "-" => None,
        hex => Some(u32::from_str_radix(hex.strip_prefix("0x")?, 16).ok()?),
    };
    let _decimal = columns.next()?;
    let (name, stage, meaning, source) = (columns.next()?, columns.next()?, columns.next()?, columns.next()?);
    Some(Code { family, code, name, stage, meaning, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_read() {
        assert_eq!(all().len(), TABLE.lines().count() - 1);
        assert_eq!(all().len(), 971);
    }

    #[test]
    fn decimal_column_agrees_with_the_hexadecimal_one() {
        for line in TABLE.lines().skip(1) {
            let mut columns = line.split('\t').skip(1);
            if line.split('\t').nth(1) == Some("-") {
                continue;
            }
            let hex = u32::from_str_radix(columns.next().unwrap().trim_start_matches("0x"), 16).unwrap();
            assert_eq!(columns.next().unwrap(), hex.to_string(), "{line}");
        }
    }

    #[test]
    fn failure_codes_have_the_names_of_the_wire_crate() {
        use rdp_probe_core::wire::nego::FailureCode;
        for code in 1..=7 {
            let row = lookup(Family::RdpNegFailure, code).unwrap();
            assert_eq!(Some(row.name), FailureCode(code).name());
        }
    }
}
