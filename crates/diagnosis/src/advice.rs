//! Advice that depends on what the server may be, and on which client somebody has.
use rdp_probe_core::wire::nego::FailureCode;
use rdp_probe_core::wire::tls::CipherSuite;
use rdp_probe_core::{Answer, Evidence, Hop, Offered, Product, SecuritySummary, TlsFaultKind};

/// Whether nothing that was seen speaks against Windows.
fn may_be_windows(evidence: &Evidence) -> bool {
    !evidence.product(Hop::Target).is_some_and(Product::is_no_windows)
}

/// Whether nothing that was seen speaks against xrdp, which has no CredSSP, and no version of RDP 10.
pub(crate) fn may_be_xrdp(evidence: &Evidence) -> bool {
    let summary = SecuritySummary::of(evidence);
    let credssp = [summary.hybrid, summary.hybrid_ex].contains(&Offered::Offered);
    matches!(evidence.product(Hop::Target), None | Some(Product::Xrdp)) && !credssp && !evidence.is_of_rdp_10()
}

/// What to do where there is no Network Level Authentication.
pub(crate) fn require_nla(evidence: &Evidence) -> &'static str {
    match (may_be_windows(evidence), may_be_xrdp(evidence)) {
        (true, true) => "on Windows, require Network Level Authentication; xrdp has none",
        (true, false) => "on the target, require Network Level Authentication",
        (false, true) => {
            "xrdp has no Network Level Authentication: let only those networks reach the port that you trust"
        }
        (false, false) => "where the server has Network Level Authentication, require it",
    }
}

/// How the security layer comes to be TLS: a server that says that it has no certificate needs one first.
pub(crate) fn set_tls(evidence: &Evidence) -> &'static str {
    let without = |answer| answer == Answer::Refused(FailureCode::SSL_CERT_NOT_ON_SERVER);
    if evidence.attempts_to(evidence.peer()).any(|attempt| without(attempt.answer())) {
        "give the listener a certificate that it can use; TLS works from then on"
    } else {
        "set the security layer to TLS"
    }
}

/// The suites of the older kinds that Windows 11 and Windows Server 2022 have on by default (Schannel's documentation of TLS cipher
/// suites).
const ON_IN_WINDOWS: [u16; 16] = [
    0x009F, 0x009E, // DHE with AES-GCM
    0xC024, 0xC023, 0xC028, 0xC027, 0xC00A, 0xC009, 0xC014, 0xC013, // ECDHE with CBC
    0x009D, 0x009C, 0x003D, 0x003C, 0x0035, 0x002F, // RSA key exchange
];

/// Whether Windows clients of today have this suite on by default.
pub(crate) fn is_on_in_windows(suite: CipherSuite) -> bool {
    ON_IN_WINDOWS.contains(&suite.0)
}

/// How a handshake broke.
pub(crate) fn broken_how(evidence: &Evidence) -> &'static str {
    let fault = evidence.path().last().and_then(|attempt| attempt.tls_fault());
    let readable = evidence.certificate().is_some_and(|certificate| certificate.unreadable.is_none());
    match fault.map(|fault| fault.kind) {
        Some(TlsFaultKind::BadCertificate) if readable => {
            "the TLS library of this build does not take the server's certificate, of which all fields could be read"
        }
        Some(TlsFaultKind::BadCertificate) => "the server's certificate is missing or cannot be read",
        _ => "the server's messages contradict the protocol",
    }
}

/// Which clients get in without Network Level Authentication being switched on, and how.
pub(crate) const WITH_NLA: &str = "mstsc does so by itself (enablecredsspsupport:i:0 in an .rdp file would switch it off), FreeRDP too \
    unless /sec:tls or /sec:rdp is given, Remmina with \"Security protocol negotiation\" set to automatic or NLA, and the macOS client always";

/// How clients come to Standard RDP Security.
pub(crate) const WITH_STANDARD_SECURITY: &str = "mstsc connects as it stands; FreeRDP with /sec:rdp, Remmina with the security protocol RDP; the \
    clients for macOS and iOS may refuse it";

/// How clients come to old versions and suites of TLS.
pub(crate) const WITH_OLD_TLS: &str = "mstsc connects where its Windows still allows that version, as Windows 10 does by default; FreeRDP 3 with \
    /tls:seclevel:0, FreeRDP 2 with /tls-seclevel:0, Remmina with TLS security level 0; the macOS client goes by macOS, which may refuse it";

/// The same of suites that Windows of today has off.
pub(crate) const WITH_OLD_SUITE: &str = "mstsc connects where its Windows still has that suite on, which Windows 11 and Windows Server 2022 have \
    not; FreeRDP 3 with /tls:seclevel:0, FreeRDP 2 with /tls-seclevel:0, Remmina with TLS security level 0, where their OpenSSL has the suite";
