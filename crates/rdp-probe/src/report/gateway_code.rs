//! What the codes of a gateway are called.
use rdp_probe_diagnosis::codes::{self, Family};

/// The published name of a code of an RD Gateway, such as `E_PROXY_TS_CONNECTFAILED`: of a Win32 code and of an HRESULT that is made of
/// one the same, of any other code by the whole of it.
#[must_use]
pub fn gateway_code_name(code: u32) -> Option<&'static str> {
    const OF_WIN32: u32 = 0x8007_0000;
    let [first, second, high, highest] = code.to_le_bytes();
    let forms = match [high, highest] {
        [0, 0] | [0x07, 0x80] => {
            let low = u32::from(u16::from_le_bytes([first, second]));
            [low, OF_WIN32 | low]
        }
        _ => [code, code],
    };
    let row = forms.into_iter().find_map(|form| codes::lookup(Family::Tsgu, form))?;
    // What stands behind it says which form it is.
    let name = row.name.split_once(" (").map_or(row.name, |(name, _)| name);
    (!row.is_label()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_of_a_code_have_one_name_and_another_code_has_none() {
        for (code, name) in [
            (0x59DD, Some("E_PROXY_TS_CONNECTFAILED")),
            (0x8007_59DD, Some("E_PROXY_TS_CONNECTFAILED")),
            (0x8007_59DA, Some("E_PROXY_RAP_ACCESSDENIED")),
            (0x8007_0005, Some("ERROR_ACCESS_DENIED")),
            (0x8007_00A0, Some("ERROR_BAD_ARGUMENTS")),
            (0x8009_030C, Some("SEC_E_LOGON_DENIED")),
            (0xC007_59DD, None),
            (0x8009_59DD, None),
            (0, None),
            (0xFFFF_FFFF, None),
        ] {
            assert_eq!(gateway_code_name(code), name, "{code:#X}");
        }
        for row in codes::all().iter().filter(|row| row.family == Family::Tsgu) {
            assert!(row.code.and_then(gateway_code_name).is_some(), "{row:?}");
        }
    }
}
