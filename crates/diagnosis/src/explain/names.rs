//! Rows found by name: as it is published, without its prefix, by the words of a label, and in another project's spelling.
use strsim::levenshtein;

use crate::codes::{self, Code};
use crate::explain::explanation::{Meaning, Reading};

/// What names begin with, and people leave out.
const PREFIXES: [&str; 38] = [
    "disconnectReason",
    "exDiscReason",
    "SSL_ERR_",
    "UI_ERR_",
    "ERRINFO_",
    "STATUS_",
    "SEC_E_",
    "SEC_I_",
    "E_PROXY_",
    "FREERDP_ERROR_CONNECT/",
    "XF_EXIT_",
    "RDSTLS_RESULT_",
    "AUTHZ_",
    "KDC_ERROR_",
    "KDC_ERR_",
    "KRB_AP_ERR_",
    "KRB_ERR_",
    "ERROR_CTX_",
    "ERROR_SECURITY_",
    "ERROR_GATEWAY_",
    "ERROR_",
    "ERR_",
    "ST_",
    "CERT_E_",
    "TRUST_E_",
    "CRYPT_E_",
    "NTE_",
    "CO_E_",
    "RPC_S_",
    "DNS_ERROR_RCODE_",
    "WSA",
    "LOGON_MSG_",
    "LOGON_FAILED_",
    "rt-",
    "rn-",
    "ConnectorErrorKind::",
    "GwErrorKind::",
    "E_",
];

/// How FreeRDP prints and declares the names that its table keeps under one prefix.
const FREERDP: [&str; 2] = ["ERRCONNECT_", "FREERDP_ERROR_"];
const FREERDP_TABLE: &str = "FREERDP_ERROR_CONNECT/";

/// More labels than these share the word: it tells nothing.
const TOO_MANY: usize = 12;

/// How many near misses are worth reading.
const NEAR: usize = 6;

/// No name is longer: what is typed beyond that has no near miss.
const LONGEST: usize = 80;

/// The rows that have this name, in the order of the table.
pub(super) fn find(query: &str) -> Vec<Meaning> {
    if letters(query).next().is_none() {
        return Vec::new();
    }
    let found = |reading: Reading, matches: &dyn Fn(&Code) -> bool| -> Vec<Meaning> {
        let rows = codes::all().iter().filter(|row| row.name != "-" && matches(row));
        rows.map(|row| Meaning { row, reading }).collect()
    };
    let mut meanings = found(Reading::Name, &|row| is_name(row, query));
    if meanings.is_empty()
        && let Some(rest) = FREERDP.iter().find_map(|prefix| without(query.trim(), prefix))
    {
        let table = format!("{FREERDP_TABLE}{rest}");
        meanings = found(Reading::Name, &|row| same(row.name, &table));
    }
    // A whole name is nobody's other spelling.
    if !meanings.iter().any(|meaning| is_whole(meaning.row, query)) {
        meanings
            .extend(found(Reading::OtherSpelling, &|row| spellings(row).any(|spelling| same(spelling, query))));
    }
    if meanings.is_empty() {
        let words = words(query);
        meanings = found(Reading::Label, &|row| row.is_label() && holds(row.name, &words));
        if meanings.len() > TOO_MANY {
            meanings.clear();
        }
    }
    meanings
}

/// Rows whose names have all these words, or nearly these letters; the nearest first.
pub(super) fn near(query: &str) -> Vec<&'static Code> {
    let wanted: String = letters(without_prefix(query.trim())).collect();
    // Two letters are a name of nothing, and near to everything.
    if wanted.len() < 4 || wanted.len() > LONGEST {
        return Vec::new();
    }
    let words = words(without_prefix(query.trim()));
    let mut rows: Vec<(usize, &'static Code)> = Vec::new();
    for row in codes::all().iter().filter(|row| row.name != "-") {
        let name: String = letters(without_prefix(base(row.name))).collect();
        let allowed = (wanted.len() / 6).clamp(1, 2);
        let distance = distance(&wanted, &name, allowed);
        if let Some(distance) = distance {
            rows.push((distance, row));
        } else if holds(row.name, &words) {
            rows.push((3, row));
        }
    }
    rows.sort_by_key(|(distance, _)| *distance);
    rows.truncate(NEAR);
    rows.into_iter().map(|(_, row)| row).collect()
}

/// Letters and digits only, in upper case: what `STATUS_ACCOUNT_LOCKED_OUT` and `status account locked out` have in common.
fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(char::is_ascii_alphanumeric).map(|c| c.to_ascii_uppercase())
}

fn same(a: &str, b: &str) -> bool {
    letters(a).eq(letters(b))
}

/// Whether that is the whole name, and not one that a prefix was left out of.
pub(super) fn is_whole(row: &Code, query: &str) -> bool {
    same(base(row.name), query)
}

fn is_name(row: &Code, query: &str) -> bool {
    let base = base(row.name);
    let mut names = [row.name, base, without_prefix(base)].into_iter().chain(inner(row.name));
    names.any(|name| same(name, query))
}

/// A name without what is said about it: `(DWORD form)`, `as HRESULT`, the brackets and the second half of a label.
pub(super) fn base(name: &str) -> &str {
    if let Some(label) = name.strip_prefix('(').and_then(|name| name.strip_suffix(')')) {
        return label.split_once(';').map_or(label, |(_, label)| label.trim());
    }
    let name = name.split_once(" (").map_or(name, |(name, _)| name);
    name.strip_suffix(" as HRESULT").unwrap_or(name)
}

/// `X` of `HRESULT_FROM_WIN32(X)`, and the name of `GatewayCode(u32)`.
fn inner(name: &str) -> impl Iterator<Item = &str> {
    let parts =
        name.strip_suffix(')').and_then(|name| name.split_once('(')).filter(|(before, _)| !before.is_empty());
    let inside = parts.map(|(_, inside)| inside).filter(|inside| inside.contains('_') && !inside.contains(' '));
    let outside = parts.map(|(outside, _)| outside).filter(|outside| outside.contains("::"));
    inside.into_iter().chain(outside).chain(outside.map(without_prefix))
}

fn without<'a>(name: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, rest) = name.split_at_checked(prefix.len())?;
    (head.eq_ignore_ascii_case(prefix) && !rest.is_empty()).then_some(rest)
}

fn without_prefix(name: &str) -> &str {
    PREFIXES.iter().find_map(|prefix| without(name, prefix)).unwrap_or(name)
}

/// Words in a row's meaning that are names: they have an underscore, or a capital after a small letter.
pub(super) fn spellings(row: &Code) -> impl Iterator<Item = &'static str> {
    let words = row.meaning.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':'));
    words.filter(|word| {
        let camel = word
            .bytes()
            .zip(word.bytes().skip(1))
            .any(|(a, b)| a.is_ascii_lowercase() && b.is_ascii_uppercase());
        word.len() > 8 && (word.contains('_') || camel)
    })
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_ascii_uppercase).collect()
}

fn holds(name: &str, wanted: &[String]) -> bool {
    let all = words(name);
    !wanted.is_empty() && wanted.iter().all(|word| all.contains(word))
}

/// How many letters have to be changed, put in or left out, when that is not more than `allowed`.
fn distance(a: &str, b: &str, allowed: usize) -> Option<usize> {
    // The lengths alone tell of most names that they are others.
    let near = a.len().abs_diff(b.len()) <= allowed;
    near.then(|| levenshtein(a, b)).filter(|distance| *distance <= allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(query: &str) -> Vec<&'static str> {
        find(query).iter().map(|meaning| meaning.row.name).collect()
    }

    #[test]
    fn case_and_separators_make_no_difference() {
        for query in ["STATUS_ACCOUNT_LOCKED_OUT", "status_account_locked_out", "Status account locked-out"] {
            assert_eq!(names(query), ["STATUS_ACCOUNT_LOCKED_OUT"], "{query}");
        }
    }

    #[test]
    fn a_name_without_its_prefix_finds_every_family_that_has_it() {
        let all = names("account_locked_out");
        for name in ["SSL_ERR_ACCOUNT_LOCKED_OUT", "STATUS_ACCOUNT_LOCKED_OUT", "ERROR_ACCOUNT_LOCKED_OUT"] {
            assert!(all.contains(&name), "{all:?}");
        }
        assert_eq!(names("SocketConnectFailed"), ["disconnectReasonSocketConnectFailed"]);
        assert_eq!(names("GatewayCode"), ["GwErrorKind::GatewayCode(u32)"]);
    }

    #[test]
    fn both_forms_of_a_gateway_code_have_one_name() {
        assert_eq!(names("E_PROXY_TS_CONNECTFAILED").len(), 2);
    }

    #[test]
    fn label_is_found_by_its_words() {
        assert_eq!(names("NLA required"), ["(NLA required)"]);
        assert_eq!(names("nla"), ["(NLA required)", "(ERROR_SECURITY_NLA_INVALID)"]);
        assert_eq!(names("unsupported restricted admin"), ["(Restricted Admin unsupported)"]);
        assert_eq!(names("error"), [""; 0]);
    }

    #[test]
    fn other_spellings_are_found() {
        assert_eq!(
            names("ERRINFO_DISCONNECTED_BY_OTHER_CONNECTION"),
            ["ERRINFO_DISCONNECTED_BY_OTHERCONNECTION"]
        );
        assert_eq!(names("KdcUnknownEType").last(), Some(&"SEC_E_KDC_UNABLE_TO_REFER"));
        assert_eq!(names("STATUS_VALID_CLIENT"), ["STATUS_VALID_CLIENT"]);
        assert_eq!(names("SEC_E_POLICY_NTLM_ONLY"), ["SEC_E_POLICY_NLTM_ONLY"]);
        assert_eq!(names("ARBITRATION_CODE_REFUSED_DIALOG"), ["LOGON_MSG_DISCONNECT_REFUSED"]);
        for query in ["ERRCONNECT_CONNECT_TRANSPORT_FAILED", "FREERDP_ERROR_CONNECT_TRANSPORT_FAILED"] {
            assert_eq!(names(query), ["FREERDP_ERROR_CONNECT/CONNECT_TRANSPORT_FAILED"], "{query}");
        }
    }

    #[test]
    fn near_misses_are_a_letter_or_a_prefix_away() {
        let near = |query: &str| near(query).iter().map(|row| row.name).collect::<Vec<_>>();
        assert!(near("STATUS_ACOUNT_LOCKED_OUT").contains(&"STATUS_ACCOUNT_LOCKED_OUT"));
        assert!(near("SEC_E_ACCOUNT_LOCKED_OUT").contains(&"STATUS_ACCOUNT_LOCKED_OUT"));
        assert!(near("locked").contains(&"SSL_ERR_ACCOUNT_LOCKED_OUT"));
        assert_eq!(near("x"), [""; 0]);
        assert_eq!(near(&"x".repeat(1000)), [""; 0]);
    }

    #[test]
    fn distance_counts_letters() {
        assert_eq!(distance("ABC", "ABC", 2), Some(0));
        assert_eq!(distance("ABC", "AXC", 2), Some(1));
        assert_eq!(distance("ABC", "AC", 2), Some(1));
        assert_eq!(distance("ABC", "XYZ", 2), None);
    }
}
