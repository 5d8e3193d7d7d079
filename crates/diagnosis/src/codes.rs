//! The one table of codes: every number that a client, a server or a gateway may show, with stage, meaning and source. It
//! feeds [`explain`](fn@crate::explain), [`diagnose`](fn@crate::diagnose) and docs/codes.md.
use std::sync::LazyLock;

use rdp_probe_core::wire::credssp::NtStatus;
use rdp_probe_core::{Stage, unfolded};

const TABLE: &str = include_str!("../data/error-codes.tsv");

/// One row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Code {
    /// Who gives it, in which field.
    pub family: Family,
    /// The number; `None` for kinds of errors that have a name only.
    pub code: Option<u32>,
    /// The published name, or a label in round brackets.
    pub name: &'static str,
    /// Where it appears: ids of stages, and words for what is none, such as `any` and `local`. Several have a slash between
    /// them; what stands in brackets is more exact.
    pub stage: &'static str,
    /// What it means.
    pub meaning: &'static str,
    /// Where that is known from.
    pub source: &'static str,
}

impl Code {
    /// Whether the name is a label in round brackets, for want of a published one.
    #[must_use]
    pub fn is_label(&self) -> bool {
        self.name.starts_with('(')
    }

    /// The ids and words of [`Code::stage`], without what stands in brackets.
    pub fn places(&self) -> impl Iterator<Item = &'static str> {
        let places = self.stage.split_once(" (").map_or(self.stage, |(places, _)| places);
        places.split('/')
    }

    /// The stages where it appears; none where that may be any, or none of the connection's.
    #[must_use]
    pub fn stages(&self) -> Vec<Stage> {
        let mut all = Vec::new();
        for stage in self.places().filter_map(Stage::parse) {
            if !all.contains(&stage) {
                all.push(stage);
            }
        }
        all
    }
}

/// A kind of codes: who gives them, in which field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Family {
    /// "Error code" of mstsc: the ActiveX control's disconnect reason.
    MstscDisc,
    /// "Error code" of mstsc for a gateway.
    MstscGateway,
    /// "Extended error code" of mstsc.
    MstscExt,
    /// `errorInfo` of the Set Error Info PDU.
    SetErrorInfo,
    /// `failureCode` of RDP_NEG_FAILURE.
    RdpNegFailure,
    /// The Early User Authorization Result.
    EarlyUserAuth,
    /// NTSTATUS, as `errorCode` of a TSRequest has it.
    NtStatus,
    /// SSPI status (SEC_E_, SEC_I_).
    Sspi,
    /// HRESULT.
    Hresult,
    /// Win32 error.
    Win32,
    /// Return code of an RD Gateway ([MS-TSGU]).
    Tsgu,
    /// HTTP status in answer to a gateway's client.
    GatewayHttp,
    /// `error-code` of a KRB-ERROR.
    KrbError,
    /// TLS alert.
    TlsAlert,
    /// `dwErrorCode` of a licensing error.
    LicenseError,
    /// `dwStateTransition` of a licensing error.
    LicenseState,
    /// `Result` of MCS answers.
    McsResult,
    /// `Reason` of an MCS Disconnect Provider Ultimatum.
    McsDisconnectReason,
    /// RDSTLS result.
    RdstlsResult,
    /// RDS AAD result.
    RdsaadResult,
    /// `ErrorNotificationType` of a logon error.
    LogonError,
    /// `ErrorNotificationData` of a logon error.
    LogonErrorData,
    /// Reply of a SOCKS5 proxy.
    Socks5Reply,
    /// Method that a SOCKS5 proxy selects.
    Socks5Method,
    /// Fatal error of the ActiveX control.
    FatalError,
    /// Last error of FreeRDP.
    FreerdpConnect,
    /// Exit status of xfreerdp.
    XfreerdpExit,
    /// Error kind of IronRDP's connector.
    IronrdpConnector,
    /// Error kind of IronRDP's gateway client.
    IronrdpGateway,
    /// Error of a Kerberos library, MIT's or Heimdal's: the com_err number, which is -1765328384 and the number of a KRB-ERROR, or 128 and up
    /// for what the library found itself. The table has the 32 bits of the signed number: 0x96C73Axx.
    Krb5Error,
    /// Reason that OpenSSL gives for a failed handshake, as OpenSSL 3 packs it: library 20 from bit 23 on, which is 0x0A000000, and the
    /// reason. Reasons from 1000 on are alerts from the peer. OpenSSL 1.1 has the library from bit 24 on, and a function below it: of
    /// `1409442E` 0x14 is the library, 0x094 the function, and the lowest 12 bits (0x42E) are the same reason.
    Openssl,
    /// `errno` of Linux.
    Errno,
    /// Number of an event in a Windows log, on the client, the host, a gateway or a domain controller. One number has one row: where two
    /// sources share it, the row names both.
    WindowsEvent,
    /// Sign-in error of Microsoft Entra: the number behind `AADSTS`.
    Aadsts,
    /// What is said in words alone, in a dialog or a log. The words themselves stand in data/phrases.tsv.
    Phrase,
}

impl Family {
    /// All of them: where the form of a number does not tell, likeliest first.
    pub const ALL: [Self; 35] = [
        Self::MstscDisc,
        Self::MstscGateway,
        Self::MstscExt,
        Self::SetErrorInfo,
        Self::RdpNegFailure,
        Self::EarlyUserAuth,
        Self::NtStatus,
        Self::Sspi,
        Self::Hresult,
        Self::Win32,
        Self::Tsgu,
        Self::GatewayHttp,
        Self::KrbError,
        Self::TlsAlert,
        Self::LicenseError,
        Self::LicenseState,
        Self::McsResult,
        Self::McsDisconnectReason,
        Self::RdstlsResult,
        Self::RdsaadResult,
        Self::LogonError,
        Self::LogonErrorData,
        Self::Socks5Reply,
        Self::Socks5Method,
        Self::FatalError,
        Self::FreerdpConnect,
        Self::XfreerdpExit,
        Self::IronrdpConnector,
        Self::IronrdpGateway,
        Self::Krb5Error,
        Self::Openssl,
        Self::Errno,
        Self::WindowsEvent,
        Self::Aadsts,
        Self::Phrase,
    ];

    /// The name in the table.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MstscDisc => "mstsc_disc",
            Self::MstscGateway => "mstsc_gateway",
            Self::MstscExt => "mstsc_ext",
            Self::SetErrorInfo => "set_error_info",
            Self::RdpNegFailure => "rdp_neg_failure",
            Self::EarlyUserAuth => "early_user_auth",
            Self::NtStatus => "ntstatus",
            Self::Sspi => "sspi",
            Self::Hresult => "hresult",
            Self::Win32 => "win32",
            Self::Tsgu => "tsgu",
            Self::GatewayHttp => "gateway_http",
            Self::KrbError => "krb_error",
            Self::TlsAlert => "tls_alert",
            Self::LicenseError => "license_error",
            Self::LicenseState => "license_state",
            Self::McsResult => "mcs_result",
            Self::McsDisconnectReason => "mcs_disconnect_reason",
            Self::RdstlsResult => "rdstls_result",
            Self::RdsaadResult => "rdsaad_result",
            Self::LogonError => "logon_error",
            Self::LogonErrorData => "logon_error_data",
            Self::Socks5Reply => "socks5_reply",
            Self::Socks5Method => "socks5_method",
            Self::FatalError => "fatal_error",
            Self::FreerdpConnect => "freerdp_connect",
            Self::XfreerdpExit => "xfreerdp_exit",
            Self::IronrdpConnector => "ironrdp_connector",
            Self::IronrdpGateway => "ironrdp_gateway",
            Self::Krb5Error => "krb5_error",
            Self::Openssl => "openssl",
            Self::Errno => "errno",
            Self::WindowsEvent => "windows_event",
            Self::Aadsts => "aadsts",
            Self::Phrase => "phrase",
        }
    }

    /// What it is, for people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::MstscDisc => "\"Error code\" of a Windows client",
            Self::MstscGateway => "\"Error code\" of a Windows client, for a gateway",
            Self::MstscExt => "\"Extended error code\" of a Windows client",
            Self::SetErrorInfo => "Set Error Info, from the server",
            Self::RdpNegFailure => "failure code of the negotiation, from the server",
            Self::EarlyUserAuth => "Early User Authorization Result, from the server",
            Self::NtStatus => "NTSTATUS, from the server in CredSSP",
            Self::Sspi => "SSPI status of a Windows security package",
            Self::Hresult => "HRESULT",
            Self::Win32 => "Win32 error",
            Self::Tsgu => "return code of an RD Gateway",
            Self::GatewayHttp => "HTTP status of an RD Gateway",
            Self::KrbError => "KRB-ERROR, from the KDC",
            Self::TlsAlert => "TLS alert",
            Self::LicenseError => "licensing error",
            Self::LicenseState => "state transition of a licensing error",
            Self::McsResult => "MCS result, from the server",
            Self::McsDisconnectReason => "reason of an MCS Disconnect Provider Ultimatum",
            Self::RdstlsResult => "RDSTLS result, from the server",
            Self::RdsaadResult => "RDS AAD result, from the server",
            Self::LogonError => "logon error, type",
            Self::LogonErrorData => "logon error, data",
            Self::Socks5Reply => "reply of a SOCKS5 proxy",
            Self::Socks5Method => "method that a SOCKS5 proxy selects",
            Self::FatalError => "fatal error of a Windows client's control",
            Self::FreerdpConnect => "FreeRDP, last error",
            Self::XfreerdpExit => "exit status of xfreerdp",
            Self::IronrdpConnector => "IronRDP, error of the connector",
            Self::IronrdpGateway => "IronRDP, error of the gateway client",
            Self::Krb5Error => "error of a Kerberos library (MIT, Heimdal)",
            Self::Openssl => "reason of OpenSSL",
            Self::Errno => "errno of Linux",
            Self::WindowsEvent => "event in a Windows log",
            Self::Aadsts => "sign-in error of Microsoft Entra",
            Self::Phrase => "words of a dialog or a log, without a number",
        }
    }

    /// The family with this name in the table.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|family| family.name() == name)
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
    all().iter().find(|row| row.family == family && row.code == Some(code))
}

/// The name of a status that a server gives as `errorCode` of a TSRequest: an NTSTATUS, one of SSPI, or another HRESULT, of which those of
/// Win32 have a facility of their own ([MS-ERREF] 2.1).
#[must_use]
pub fn name_of_status(status: u32) -> Option<&'static str> {
    let meant = unfolded(NtStatus(status)).0;
    let families = [Family::NtStatus, Family::Sspi, Family::Hresult];
    let win_32 = || lookup(Family::Win32, Some(meant & 0xFFFF).filter(|_| meant >> 16 == 0x8007)?);
    families.into_iter().find_map(|family| lookup(family, meant)).or_else(win_32).map(|row| row.name)
}

/// The name of a gateway's code, whichever of its two forms it came in.
#[must_use]
pub fn name_of_gateway(code: u32) -> Option<&'static str> {
    let low = Some(code & 0xFFFF).filter(|_| matches!(code >> 16, 0 | 0x8007));
    let row = lookup(Family::Tsgu, code).or_else(|| lookup(Family::Tsgu, low?))?;
    // Which form it is stands behind the name.
    row.name.split(" (").next()
}

fn row(line: &'static str) -> Option<Code> {
    let mut columns = line.split('\t');
    let family = Family::parse(columns.next()?)?;
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
        assert_eq!(all().len(), 1452);
    }

    #[test]
    fn every_place_is_the_id_of_a_stage_or_a_word_for_what_is_none() {
        const NO_STAGE: [&str; 14] = [
            "any",
            "any stage after TCP connect",
            "local",
            "post-connect",
            "protocol",
            "process exit",
            "broker",
            "RD Gateway",
            "RD Gateway or mobile client",
            "gateway-dns",
            "gateway-tcp",
            "gateway-transport",
            "AVD",
            "ARM",
        ];
        for row in all() {
            assert!(row.places().next().is_some(), "{row:?}");
            for place in row.places() {
                // An alias is read as a stage too, and is not what the table says.
                match Stage::parse(place) {
                    Some(stage) => assert_eq!(stage.id(), place, "{row:?}"),
                    None => assert!(NO_STAGE.contains(&place), "{place}: {row:?}"),
                }
            }
        }
        for word in NO_STAGE {
            assert!(all().iter().any(|row| row.places().any(|place| place == word)), "{word}");
        }
    }

    #[test]
    fn every_family_has_rows() {
        for family in Family::ALL {
            assert!(all().iter().any(|row| row.family == family), "{}", family.name());
        }
    }

    #[test]
    fn no_number_stands_twice_in_a_family() {
        for (index, row) in all().iter().enumerate().filter(|(_, row)| row.code.is_some()) {
            let before = &all()[..index];
            assert!(
                !before.iter().any(|other| (other.family, other.code) == (row.family, row.code)),
                "{row:?}"
            );
        }
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
    fn every_name_of_a_code_is_the_one_in_the_table_and_no_other_code_has_one() {
        use rdp_probe_core::wire::mcs::{McsResult, Reason};
        use rdp_probe_core::wire::nego::FailureCode;
        use rdp_probe_core::wire::tls::AlertDescription;
        type Name = fn(u8) -> Option<&'static str>;
        let names: [(Family, usize, Name); 4] = [
            (Family::RdpNegFailure, 7, |code| FailureCode(u32::from(code)).name()),
            (Family::McsResult, 16, |code| McsResult(code).name()),
            (Family::McsDisconnectReason, 5, |code| Reason(code).name()),
            (Family::TlsAlert, 37, |code| AlertDescription(code).name()),
        ];
        for (family, rows, name) in names {
            assert_eq!(all().iter().filter(|row| row.family == family).count(), rows, "{}", family.name());
            for code in 0..=u8::MAX {
                // What RFC 8446 reserves has the name that it had before.
                let row = lookup(family, u32::from(code)).map(|row| row.name.trim_end_matches("_RESERVED"));
                assert_eq!(name(code), row, "{} {code}", family.name());
            }
        }
        let beyond = (8..1 << 16).chain([0x8000_0001, u32::MAX]);
        assert!(beyond.map(FailureCode).all(|code| code.name().is_none()));
    }

    #[test]
    fn a_kerberos_library_numbers_what_the_protocol_numbers_as_the_protocol_does() {
        const BASE: i64 = -1_765_328_384;
        let word = |name: &str| {
            let prefixes = ["KRB5KDC_", "KRB5KRB_", "KDC_", "KRB_"];
            let rest = prefixes.iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name);
            rest.replace("ERROR_", "ERR_").replace("KEY_EXPIRED", "KEY_EXP")
        };
        let mut compared = 0;
        for row in all().iter().filter(|row| row.family == Family::Krb5Error) {
            let offset = i64::from(row.code.unwrap().cast_signed()) - BASE;
            let offset = u32::try_from(offset).unwrap();
            assert!(offset < 256, "{row:?}");
            match lookup(Family::KrbError, offset) {
                Some(protocol) => {
                    assert_eq!(word(row.name), word(protocol.name), "{row:?}");
                    compared += 1;
                }
                // The libraries name what RFC 4120 left out again.
                None => assert!(offset >= 128 || row.name == "KRB5KRB_AP_ERR_ILL_CR_TKT", "{row:?}"),
            }
        }
        assert!(compared > 50, "{compared}");
    }

    #[test]
    fn openssl_s_reasons_from_1000_on_are_the_alerts() {
        let mut alerts = 0;
        for row in all().iter().filter(|row| row.family == Family::Openssl) {
            let code = row.code.unwrap();
            assert_eq!(code >> 23, 20, "{row:?}");
            let reason = code & 0x7F_FFFF;
            if let Some(alert) = reason.checked_sub(1000) {
                let alert = lookup(Family::TlsAlert, alert).unwrap_or_else(|| panic!("{row:?}"));
                let name = alert.name.trim_end_matches("_RESERVED");
                let number = format!("the TLS alert {name} ({})", alert.code.unwrap());
                assert!(row.meaning.contains(&number), "{number}: {row:?}");
                alerts += 1;
            }
        }
        assert!(alerts > 30, "{alerts}");
    }
}
