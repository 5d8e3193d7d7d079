//! Every row by every form it has, and the codes that people ask about.
use crate::catalogue;
use crate::codes::{self, Code};
use crate::explain::explanation::{Explanation, Form, Slip};
use crate::explain::layer::{Layer, Shape};
use crate::explain::query::{cause_in_general, explain, explain_pair};
use crate::rule::{Basis, Likelihood};

fn one(query: &str) -> Explanation {
    let [one] = explain(&[query]).try_into().unwrap_or_else(|all: Vec<_>| panic!("{query}: {all:?}"));
    one
}

fn finds(query: &str, row: &Code) -> bool {
    explain(&[query]).iter().any(|one| one.is_known() && one.meanings.iter().any(|meaning| meaning.row == row))
}

fn top(one: &Explanation) -> (&'static str, &'static str) {
    let row = one.meanings.first().unwrap_or_else(|| panic!("{} is unknown", one.query)).row;
    (row.family.name(), row.name)
}

#[test]
fn every_row_is_found_by_every_form_it_has() {
    for row in codes::all() {
        let mut forms = Vec::new();
        if let Some(code) = row.code {
            forms.extend([
                format!("0x{code:X}"),
                format!("0X{code:08x}"),
                code.to_string(),
                format!("{code:X}h"),
            ]);
            if code > i32::MAX.cast_unsigned() {
                forms.extend([code.cast_signed().to_string(), format!("0xFFFFFFFF{code:08X}")]);
            }
        }
        if row.name != "-" {
            forms.extend([row.name.to_owned(), row.name.to_lowercase(), row.name.replace('_', " ")]);
        }
        // Hexadecimal that begins with a letter and ends in h is a word.
        for form in
            forms.iter().filter(|form| !form.ends_with('h') || form.starts_with(|c: char| c.is_ascii_digit()))
        {
            assert!(finds(form, row), "{form}: {row:?}");
        }
    }
}

#[test]
fn a_pair_has_both_halves_and_the_error_info_of_that_number() {
    for words in [&["0x904/0x7"][..], &["0x904", "0x7"], &["2308", "7"], &["2308 7"], &["904h/7"]] {
        let [pair] = explain(words).try_into().unwrap();
        assert_eq!((pair.form, pair.code, pair.extended), (Form::Pair, Some(0x904), Some(7)), "{words:?}");
        let names: Vec<&str> = pair.meanings.iter().map(|meaning| meaning.row.name).collect();
        assert_eq!(
            names,
            [
                "disconnectReasonAtClientWinsockFDCLOSE",
                "exDiscReasonServerDeniedConnection",
                "ERRINFO_SERVER_DENIED_CONNECTION"
            ]
        );
        assert!(pair.is_known());
        assert!(pair.shown.iter().any(|shown| shown.rule.id == "closed-after-request"));
        assert!(pair.reports.iter().any(|report| report.source == "tp4a/teleport#280"));
        assert!(
            !pair.reports.iter().any(|report| report.source == "rustdesk#10125"),
            "that one is of 0x904/0x0"
        );
    }
}

#[test]
fn a_pair_needs_a_disconnect_reason_and_an_extended_code() {
    let queries = |words: &[&str]| explain(words).iter().map(|one| one.query.clone()).collect::<Vec<_>>();
    assert_eq!(queries(&["516", "2055"]), ["516", "2055"]);
    assert_eq!(queries(&["516/2055"]), ["516", "2055"]);
    assert_eq!(queries(&["0x904", "0x55"]), ["0x904", "0x55"]);
    assert_eq!(queries(&["0x904", "0x7", "516"]), ["0x904 0x7", "516"]);
    assert_eq!(queries(&["0x3/0x408"]), ["0x3/0x408"]);
    assert_eq!(queries(&["0x3000008/0x0"]), ["0x3000008/0x0"]);
    assert_eq!(queries(&["0x904/"]), ["0x904"]);
}

#[test]
fn a_pair_of_unknown_halves_is_unknown() {
    assert!(explain_pair(0x904, 7).is_known());
    assert!(!explain_pair(0x904, 0x55).is_known() && !explain_pair(0x516, 7).is_known());
    assert!(!explain_pair(0x516, 0x55).is_known());
}

#[test]
fn numbers_of_a_message_are_taken() {
    let [pair] = explain(&["Error code: 0x904 Extended error code: 0x7"]).try_into().unwrap();
    assert_eq!((pair.code, pair.extended), (Some(0x904), Some(7)));
    let one = one("ERRCONNECT_CONNECT_CANCELLED_OR_NOT [0x0002000D]:");
    assert_eq!(top(&one), ("freerdp_connect", "FREERDP_ERROR_CONNECT/CONNECT_TRANSPORT_FAILED"));
}

#[test]
fn the_codes_that_people_ask_about_are_what_is_known_of_them() {
    let cases = [
        ("516", "mstsc_disc", "disconnectReasonSocketConnectFailed"),
        ("0x204", "mstsc_disc", "disconnectReasonSocketConnectFailed"),
        ("2055", "mstsc_disc", "SSL_ERR_LOGON_FAILURE"),
        ("STATUS_ACCOUNT_LOCKED_OUT", "ntstatus", "STATUS_ACCOUNT_LOCKED_OUT"),
        ("0x800759DD", "tsgu", "E_PROXY_TS_CONNECTFAILED (HRESULT form in FreeRDP)"),
        ("0x59dd", "tsgu", "E_PROXY_TS_CONNECTFAILED (DWORD form, as in the document)"),
        ("-2146893044", "sspi", "SEC_E_LOGON_DENIED"),
        ("0x0002000D", "freerdp_connect", "FREERDP_ERROR_CONNECT/CONNECT_TRANSPORT_FAILED"),
        ("50331675", "mstsc_gateway", "(ERROR_SECURITY_GATEWAY_NOT_PERMITTED)"),
        ("24", "krb_error", "KDC_ERR_PREAUTH_FAILED"),
        ("1326", "win32", "ERROR_LOGON_FAILURE"),
        ("-5", "logon_error", "LOGON_MSG_BUMP_OPTIONS"),
        ("-1765328366", "krb5_error", "KRB5KDC_ERR_CLIENT_REVOKED"),
        ("-1765328347", "krb5_error", "KRB5KRB_AP_ERR_SKEW"),
        ("KRB5KRB_AP_ERR_SKEW", "krb5_error", "KRB5KRB_AP_ERR_SKEW"),
        ("KRB5KDC_ERR_KEY_EXPIRED", "krb5_error", "KRB5KDC_ERR_KEY_EXP"),
        ("0A00042E", "openssl", "tlsv1 alert protocol version"),
        ("tlsv1 alert protocol version", "openssl", "tlsv1 alert protocol version"),
        ("TLSV1_ALERT_INTERNAL_ERROR", "openssl", "tlsv1 alert internal error"),
        ("111", "errno", "ECONNREFUSED"),
        ("ECONNRESET", "errno", "ECONNRESET"),
        ("10052", "win32", "WSAENETRESET"),
        ("WSAECONNRESET", "win32", "WSAECONNRESET"),
        ("4625", "windows_event", "(Security event 4625: logon failed)"),
        ("1026", "windows_event", "(RDPClient event 1026: disconnected)"),
        ("TermDD event 56", "windows_event", "(TermDD event 56)"),
        ("Schannel event 36874", "windows_event", "(Schannel event 36874)"),
        ("AADSTS293004", "aadsts", "AADSTS293004"),
        ("50126", "aadsts", "AADSTS50126"),
        ("encryption oracle remediation", "phrase", "(encryption oracle remediation)"),
        ("0x2104", "mstsc_disc", "(unassigned; protocol error at client)"),
        ("GwErrorKind::ConsentDeclined", "ironrdp_gateway", "GwErrorKind::ConsentDeclined"),
    ];
    for (query, family, name) in cases {
        assert_eq!(top(&one(query)), (family, name), "{query}");
    }
}

#[test]
fn socket_connect_failed_says_that_it_is_no_credential_error() {
    for query in ["0x204", "516", "0x204/0x0"] {
        let one = one(query);
        let first = one.reports.first().unwrap();
        assert!(first.report.starts_with("not a credential error"), "{query}: {first:?}");
        assert_eq!(first.basis, Basis::Reported);
        assert_eq!(one.shown.first().unwrap().rule.id, "tcp-refused");
        assert_eq!(one.shown.first().unwrap().candidate.likelihood, Likelihood::Likely);
    }
}

#[test]
fn hexadecimal_516_is_no_code_and_its_digits_are_those_of_0x204() {
    let one = one("0x516");
    assert!(!one.is_known());
    assert_eq!((one.layer, one.shape), (None, None));
    assert_eq!(
        one.near.first().map(|near| (near.slip, near.row.code)),
        Some((Slip::DecimalDigits, Some(0x204)))
    );
    assert!(one.reports.first().unwrap().report.starts_with("no code has this value"));
}

#[test]
fn an_unknown_code_still_names_its_layer() {
    let one = one("0x1907");
    assert!(!one.is_known());
    assert_eq!((one.layer, one.shape), (Some(Layer::TlsCredssp), Some(Shape::DisconnectReason)));
}

#[test]
fn what_fits_into_no_number_is_unknown() {
    for query in
        ["0x100000000", "99999999999999999999", "-2147483649", "", "-", "nonsense", "\u{1b}[2J", "/", "//"]
    {
        let all = explain(&[query]);
        assert!(all.iter().all(|one| !one.is_known()), "{query:?}");
        assert_eq!(all.len(), 1, "{query:?}");
    }
}

#[test]
fn a_cause_in_general_has_no_placeholder_left() {
    for rule in catalogue::all() {
        let cause = cause_in_general(rule);
        assert!(!cause.contains(['{', '}']) && !cause.is_empty(), "{}: {cause}", rule.id);
    }
}
