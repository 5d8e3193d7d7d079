//! Numbers: the families that have one, likeliest first by the way it was written, and what may have been meant instead.
use std::collections::HashSet;
use std::sync::LazyLock;

use crate::codes::{self, Family, lookup};
use crate::explain::explanation::{Form, Meaning, Near, Reading, Slip};
use crate::explain::number::Notation;

/// Event 1026, HTTP, Win32, errno, TLS, Kerberos, exit codes, events and sign-in errors are spoken of in decimal; the rest follows as in
/// [`Family::ALL`].
const IN_DECIMAL: [Family; 13] = [
    Family::MstscDisc,
    Family::MstscGateway,
    Family::GatewayHttp,
    Family::MstscExt,
    Family::RdpNegFailure,
    Family::Win32,
    Family::Errno,
    Family::TlsAlert,
    Family::KrbError,
    Family::XfreerdpExit,
    Family::WindowsEvent,
    Family::Aadsts,
    Family::SetErrorInfo,
];

/// Small negative numbers are types of a logon error, and those of -1765328384 and up a Kerberos library's.
const SIGNED: [Family; 2] = [Family::LogonError, Family::Krb5Error];

pub(super) const fn form(notation: Notation) -> Form {
    match notation {
        Notation::Hexadecimal => Form::Hexadecimal,
        Notation::Decimal => Form::Decimal,
        Notation::Signed => Form::Signed,
    }
}

/// Where a family stands in an order; behind all of it when it does not.
pub(super) fn place(order: &[Family], family: Family) -> usize {
    order.iter().position(|other| *other == family).unwrap_or(order.len())
}

/// Every row that a number may mean, likeliest first.
pub(super) fn meanings(value: u32, notation: Notation) -> Vec<Meaning> {
    let order: &[Family] = match notation {
        Notation::Hexadecimal => &Family::ALL,
        Notation::Decimal => &IN_DECIMAL,
        Notation::Signed => &SIGNED,
    };
    let rows = codes::all().iter().filter(|row| row.code == Some(value));
    let mut all: Vec<Meaning> = rows.map(|row| Meaning { row, reading: Reading::Number }).collect();
    all.sort_by_key(|meaning| (place(order, meaning.row.family), place(&Family::ALL, meaning.row.family)));
    // A number with another one inside.
    let low = value & 0xFFFF;
    let inside: &[(Reading, Family, u32)] = match value >> 16 {
        0xD000..=0xDFFF => &[(Reading::NtStatusInHresult, Family::NtStatus, value & !0x1000_0000)],
        0x8007 => {
            &[(Reading::Win32InHresult, Family::Tsgu, low), (Reading::Win32InHresult, Family::Win32, low)]
        }
        0xC007 if (0x300..=0x36F).contains(&low) => {
            &[(Reading::SspiInNtStatus, Family::Sspi, 0x8009_0000 | low)]
        }
        0xC007 => &[(Reading::Win32InNtStatus, Family::Win32, low)],
        1 => &[(Reading::ErrorInfoInFreerdp, Family::SetErrorInfo, low)],
        _ => &[],
    };
    for (reading, family, number) in inside {
        // A gateway's code stands in the table in both forms: once is enough.
        let there = all.iter().any(|meaning| meaning.row.family == *family);
        let row = lookup(*family, *number).filter(|_| !there);
        all.extend(row.map(|row| Meaning { row, reading: *reading }));
    }
    all
}

/// Whether a number may mean something, told without a look at every row: false only where it means nothing.
pub(super) fn may_mean(value: u32) -> bool {
    static NUMBERS: LazyLock<HashSet<u32>> =
        LazyLock::new(|| codes::all().iter().filter_map(|row| row.code).collect());
    // Those that have another one inside, too.
    let low = value & 0xFFFF;
    let all = [value, value & !0x1000_0000, low, 0x8009_0000 | low];
    all.iter().any(|number| NUMBERS.contains(number))
}

/// What may have been meant: the digits read in the other base, or with another number of zeros. A number that is known is
/// doubted only where the other reading is a client's code and this one is none.
pub(super) fn near(value: u32, notation: Notation, first: Option<&Meaning>) -> Vec<Near> {
    const CLIENT: [Family; 2] = [Family::MstscDisc, Family::MstscGateway];
    let mut all: Vec<(Slip, u32)> = Vec::new();
    match notation {
        Notation::Hexadecimal => {
            all.extend(format!("{value:X}").parse().ok().map(|decimal| (Slip::DecimalDigits, decimal)));
        }
        Notation::Decimal => {
            let digits = u32::from_str_radix(&value.to_string(), 16).ok();
            all.extend(digits.map(|hexadecimal| (Slip::HexadecimalDigits, hexadecimal)));
        }
        Notation::Signed => {}
    }
    all.extend(zeros(value).map(|meant| (Slip::Zeros, meant)));
    let nears = all.into_iter().filter_map(|(slip, meant)| {
        let row = meanings(meant, Notation::Hexadecimal).first()?.row;
        Some(Near { slip, row })
    });
    let doubted = first.is_none_or(|meaning| !CLIENT.contains(&meaning.row.family));
    nears.filter(|near| first.is_none() || (doubted && CLIENT.contains(&near.row.family))).collect()
}

/// 0x300006 or 0x30000006 for 0x3000006, and 0x200D for 0x2000D.
const fn zeros(value: u32) -> Option<u32> {
    let low = value & 0xFF;
    match value {
        0x30_0000..=0x30_00FF | 0x3000_0000..=0x3000_00FF => Some(0x300_0000 | low),
        0x2001..=0x20FF | 0x20_0001..=0x20_00FF => Some(0x2_0000 | low),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::number::Number;

    fn families(text: &str) -> Vec<&'static str> {
        let number = Number::parse(text).unwrap();
        let all = meanings(number.value.unwrap(), number.notation);
        all.iter().map(|meaning| meaning.row.family.name()).collect()
    }

    #[test]
    fn the_way_a_number_is_written_tells_its_likeliest_family() {
        assert_eq!(families("0x904"), ["mstsc_disc"]);
        assert_eq!(families("2308"), ["mstsc_disc"]);
        assert_eq!(families("401"), ["gateway_http"]);
        assert_eq!(families("131").first(), Some(&"xfreerdp_exit"));
        assert_eq!(families("-5").first(), Some(&"logon_error"));
        assert_eq!(families("0x108"), ["mstsc_disc", "mstsc_ext", "set_error_info"]);
        assert_eq!(families("50331675"), ["mstsc_gateway"]);
        assert_eq!(families("0x8009030C"), ["sspi", "tsgu"]);
        assert_eq!(families("0xC0000234"), ["ntstatus"]);
        assert!(families("5").len() >= 12, "{:?}", families("5"));
    }

    #[test]
    fn what_means_something_may() {
        let forms = [0, 0x1000_0000, 0x8007_0000, 0xC007_0000, 0x1_0000];
        let some = codes::all().iter().filter_map(|row| row.code);
        for value in some.flat_map(|code| forms.map(|form| code | form)).chain(0..0x2_0000) {
            let means = !meanings(value, Notation::Hexadecimal).is_empty();
            assert!(may_mean(value) || !means, "{value:#X}");
        }
        assert!(!may_mean(0x7ABC_DEF1));
    }

    #[test]
    fn numbers_inside_numbers_are_found() {
        let first = |text: &str| {
            let number = Number::parse(text).unwrap();
            let meaning = *meanings(number.value.unwrap(), number.notation).last().unwrap();
            (meaning.reading, meaning.row.name)
        };
        assert_eq!(first("0xD0000234"), (Reading::NtStatusInHresult, "STATUS_ACCOUNT_LOCKED_OUT"));
        assert_eq!(first("0x8007052E"), (Reading::Win32InHresult, "ERROR_LOGON_FAILURE"));
        assert_eq!(first("0xC007052E"), (Reading::Win32InNtStatus, "ERROR_LOGON_FAILURE"));
        assert_eq!(first("0xC0070324"), (Reading::SspiInNtStatus, "SEC_E_TIME_SKEW"));
        assert_eq!(first("0x00010007"), (Reading::ErrorInfoInFreerdp, "ERRINFO_SERVER_DENIED_CONNECTION"));
    }

    #[test]
    fn digits_of_the_other_base_are_near_misses() {
        let near = |text: &str| {
            let number = Number::parse(text).unwrap();
            let value = number.value.unwrap();
            let first = meanings(value, number.notation).first().copied();
            near(value, number.notation, first.as_ref())
                .iter()
                .map(|near| (near.slip, near.row.code.unwrap()))
                .collect::<Vec<_>>()
        };
        assert_eq!(near("0x516"), [(Slip::DecimalDigits, 0x204)]);
        assert_eq!(near("904"), [(Slip::HexadecimalDigits, 0x904)]);
        assert_eq!(near("404"), [(Slip::HexadecimalDigits, 0x404)]);
        assert_eq!(near("80090302"), [(Slip::HexadecimalDigits, 0x8009_0302)]);
        assert_eq!(near("0x300006"), [(Slip::Zeros, 0x300_0006)]);
        assert_eq!(near("0x200D"), [(Slip::Zeros, 0x2_000D)]);
        assert_eq!(near("516"), []);
    }
}
