//! The placeholders of the catalogue's texts: their names, and what is said in their place without evidence.
use std::fmt::Write as _;

use crate::advice::{WITH_NLA, WITH_OLD_SUITE, WITH_OLD_TLS, WITH_STANDARD_SECURITY};

/// One line a placeholder: what it is in the code, in a text, and in a text without evidence.
macro_rules! placeholders {
    ($($(#[$doc:meta])* $name:ident = $id:literal, $general:expr;)*) => {
        /// What stands in braces in a rule's texts, and is filled from evidence.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Placeholder {
            $($(#[$doc])* $name,)*
        }

        impl Placeholder {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word in braces.
            #[must_use]
            pub const fn id(self) -> &'static str {
                match self {
                    $(Self::$name => $id,)*
                }
            }

            /// The placeholder with this word.
            #[must_use]
            pub fn parse(name: &str) -> Option<Self> {
                match name {
                    $($id => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// What to say in its place without evidence.
            #[must_use]
            pub const fn in_general(self) -> &'static str {
                match self {
                    $(Self::$name => $general,)*
                }
            }
        }
    };
}

placeholders! {
    /// Host and port of the target.
    Target = "target", "the target";
    /// The target's name or address.
    Host = "host", "the host";
    /// The target, with the address that was tried.
    Address = "address", "the target";
    /// The family of addresses that was asked for.
    Family = "family", "one family";
    /// Whose credentials they are, as they were written.
    Account = "account", "the account";
    /// The stage that failed.
    Stage = "stage", "a stage";
    /// What was due.
    Awaiting = "awaiting", "an answer";
    /// The limit that ran out.
    Limit = "limit", "the limit";
    /// The operating system's number.
    Os = "os", "some number";
    /// The security protocols that were offered.
    Offered = "offered", "some protocols";
    /// The one that was selected and not wanted.
    Selected = "selected", "another protocol";
    /// The one that the user insists on.
    Asked = "asked", "the asked protocol";
    /// The failure code, or the X.224 code.
    Code = "code", "some code";
    /// The reason of a disconnect.
    Reason = "reason", "some reason";
    /// The field that cannot be read, and where it is.
    Field = "field", "a field";
    /// How many octets of an answer came.
    PartialLen = "partial_len", "some";
    /// How many octets of an answer came, and of how many.
    PartOf = "part_of", "some";
    /// What another protocol greeted with.
    Banner = "banner", "what it sent stands in the report";
    /// What somebody is who speaks another protocol.
    ForeignService = "foreign_service", "a server of another protocol";
    /// The protocol.
    ForeignProtocol = "foreign_protocol", "another protocol";
    /// The depth that was asked for, and not reached.
    Until = "until", "the asked stage";
    /// Which option asks for the protocol that has the stage.
    OrNlaExt = "or_nla_ext", "; a stage that one protocol alone has is there with the option for that (early_user_auth: --security nla-ext)";
    /// The Early User Authorization Result.
    EarlyResult = "early_result", "some number";
    /// The security protocol of the connection.
    SelectedProtocol = "selected_protocol", "some protocol";
    /// The TLS version that the scout read.
    ScoutVersion = "scout_version", "some version";
    /// The suite that the scout read.
    ScoutCipher = "scout_cipher", "some suite";
    /// Whether the path may lose what is large.
    OrPathMtu = "or_path_mtu", ", large ones above all (path MTU)";
    /// What speaks for a forwarder.
    ForwarderEvidence = "forwarder_evidence", "; an end after a second or more, and one on this computer's own address, speak for it";
    /// What a request for every protocol was answered with.
    FullAnswer = "full_answer", "another protocol";
    /// To what a listener answered in TLS.
    TlsFirst = "tls_first", "a ClientHello, or the request, in TLS";
    /// The ways of the second look that were gone, and those that were not.
    Looks = "looks", "the ways of the second look";
    /// What differs between which connections.
    Differences = "differences", "what differs";
    /// What this build lacks in TLS.
    MissingInTls = "missing_in_tls", "a group such as P-521, or a signature scheme";
    /// How the hellos ended of a server that cannot use its key.
    HelloEnd = "hello_end", "broke off at every hello, or answered one with a disconnect";
    /// Which hello was refused, and whether another one fared better.
    RefusedHello = "refused_hello", "this build's ClientHello";
    /// What came in place of TLS.
    TlsReceived = "tls_received", "their beginning stands in the report";
    /// The TLS alert.
    TlsAlert = "tls_alert", "an alert";
    /// How many octets came before TLS.
    OctetsBeforeTls = "octets_before_tls", "some";
    /// What broke TLS after the handshake.
    TlsBreak = "tls_break", "a record that cannot be opened, is too long, or is one of too many";
    /// Why the certificate is not trusted.
    Trust = "trust", "the report says which";
    /// The status in place of a challenge.
    CredsspStatus = "credssp_status", "some status";
    /// The same, as a number alone.
    CredsspCode = "credssp_code", "STATUS";
    /// How the stream ended.
    Close = "close", "some end";
    /// What was agreed on: TLS, or Standard RDP Security.
    SecurityLayer = "security_layer", "TLS or Standard RDP Security";
    /// What a server asks for that finds it too weak.
    StrongerLayer = "stronger_layer", "Network Level Authentication or TLS";
    /// What a server may not take of the Connect Initial.
    ClientSettings = "client_settings", "the client's settings (without TLS its encryption methods)";
    /// Which settings to look at then.
    SettingsToCheck = "settings_to_check", "compare with a client that connects, and with --security nla; without TLS look at the \
        encryption level (FIPS takes one method only)";
    /// Why a server that hangs is not the only cause of silence.
    CauseOfSilence = "cause_of_silence", "or waits for a broker or a session that does not come, or without TLS a device in \
        between drops what is larger than the first request (path MTU)";
    /// The result of the Connect Response.
    McsResult = "mcs_result", "some result";
    /// What the client was refused.
    ChannelAsked = "channel_asked", "a place, or a channel";
    /// The code and the transition of a licensing error, with their names.
    LicenseError = "license_error", "some error";
    /// What that error means.
    LicenseMeaning = "license_meaning", "the server gave its reason as an error of licensing: it found no licence server, or no licence for the \
        client, and its grace period is over";
    /// The code of Set Error Info, with its name.
    ErrorInfo = "error_info", "some code";
    /// The code of Set Error Info.
    ErrorInfoCode = "error_info_code", "the code";
    /// What that code means.
    ErrorInfoMeaning = "error_info_meaning", "the code says what it is";
    /// The size of the key of Standard RDP Security.
    ServerKeyBits = "server_key_bits", "few";
    /// The offer, as it reached the server.
    RequestedProtocols = "requested_protocols", "another one";
    /// The SHA-256 of the certificate.
    CertificateSha256 = "certificate_sha256", "another one";
    /// The last day of the certificate.
    NotAfter = "not_after", "some day";
    /// The first day of the certificate.
    NotBefore = "not_before", "some day";
    /// The key of the certificate.
    CertificateKey = "certificate_key", "of few bits";
    /// Days until the certificate ends, in words.
    DaysLeft = "days_left", "a few days";
    /// What Windows does about a certificate of its own.
    Renewal = "renewal", ". Windows renews a certificate that it made for itself on the last day";
    /// The field of the certificate that cannot be read.
    CertificateField = "certificate_field", "(named in the report)";
    /// Why the handshake's signature was not checked.
    WhyNotVerified = "why_not_verified", "the handshake is signed with a key or a scheme that this build does not know, such as SHA-1, or RSA below 2048 bits";
    /// The algorithm of the certificate's signature.
    CertificateSignature = "certificate_signature", "some algorithm";
    /// The names of the certificate.
    CertificateNames = "certificate_names", "other names";
    /// The name that was asked for.
    AskedName = "asked_name", "the asked name";
    /// The version of CredSSP.
    CredsspVersion = "credssp_version", "some number";
    /// What the server calls itself.
    ServerName = "server_name", "another one";
    /// How far the server's clock is ahead or behind.
    ClockSkew = "clock_skew", "ahead of or behind";
    /// What to do where there is no Network Level Authentication.
    RequireNla = "require_nla", "on Windows, require Network Level Authentication; xrdp has none";
    /// How the security layer comes to be TLS.
    SetTls = "set_tls", "set the security layer to TLS (with a certificate that it can use)";
    /// How a handshake broke.
    BrokenHow = "broken_how", "the server's messages contradict the protocol, or its certificate cannot be read";
    /// Which clients get in with Network Level Authentication.
    WithNla = "with_nla", WITH_NLA;
    /// Which clients get in with Standard RDP Security.
    WithStandardSecurity = "with_standard_security", WITH_STANDARD_SECURITY;
    /// Which clients get in with an old version of TLS.
    WithOldTls = "with_old_tls", WITH_OLD_TLS;
    /// Which clients get in with an old suite.
    WithOldSuite = "with_old_suite", WITH_OLD_SUITE;
    /// What the server is.
    Product = "product", "a server that is not Windows";
    /// Why a server may have Standard RDP Security only, beside its settings.
    OrTooOld = "or_too_old", ", or it is too old for TLS";
    /// The addresses that failed.
    FailedAddresses = "failed_addresses", "some fail";
    /// How many addresses the name has.
    AddressCount = "address_count", "many";
    /// How many of them are dialled at most.
    MostAddresses = "most_addresses", "few";
    /// How the first offer was refused.
    FirstRefusal = "first_refusal", "some failure code";
    /// How many connections the run made to the target's address.
    Connections = "connections", "some";
    /// What is unusual in the Connection Confirm.
    Oddities = "oddities", "the report says in what";
    /// What of the way that a client takes is not gone.
    NotFollowed = "not_followed", "a gateway, a proxy or a broker";
    /// The gateway, with its port where that is not the usual one.
    Gateway = "gateway", "HOST";
    /// The gateway's name as it was given.
    GatewayHost = "gateway_host", "the name that was given";
    /// The SHA-256 of the gateway's certificate.
    GatewaySha256 = "gateway_sha256", "SHA256";
    /// The SHA-256 of the certificate that a second connection to the gateway showed.
    SecondSha256 = "second_sha256", "SHA256";
    /// Why a second connection to the gateway was not made.
    SecondFault = "second_fault", "it failed";
    /// How the IN channel ended.
    InEnd = "in_end", "with an answer of HTTP or without a word";
    /// The names in the gateway's certificate.
    GatewayNames = "gateway_names", "others";
    /// When the gateway's certificate ends.
    GatewayNotAfter = "gateway_not_after", "another date";
    /// When the gateway's certificate begins.
    GatewayNotBefore = "gateway_not_before", "some date";
    /// The status that HTTP answered.
    HttpStatus = "http_status", "HTTP status";
    /// Who answered by HTTP, as far as it says.
    HttpServer = "http_server", "what names itself in the report";
    /// Where a redirect leads to.
    HttpLocation = "http_location", "another place";
    /// Whether the logon had gone out by then.
    AfterLogon = "after_logon", ", before or after the logon";
    /// The schemes that the gateway offers.
    GatewaySchemes = "gateway_schemes", "some schemes";
    /// The schemes that the run would have taken.
    GatewaySpoken = "gateway_spoken", "other ones";
    /// What else than the credentials it may be.
    GatewayDoubt = "gateway_doubt", ", or that it is none of these";
    /// What the gateway's log says of that.
    GatewayLook = "gateway_look", ", and what status it has";
    /// The domain of the gateway, where the user was given without one.
    GatewayDomain = "gateway_domain", ", with the gateway's domain";
    /// How far the gateway's clock is off.
    GatewayClockSkew = "gateway_clock_skew", "ahead of or behind";
    /// What the gateway says that it is called.
    GatewaySays = "gateway_says", "another computer";
    /// How the gateway's certificate is signed.
    GatewaySignature = "gateway_signature", "an unusual algorithm";
    /// Whose credentials they are.
    GatewayAccount = "gateway_account", " of this account";
    /// The gateway's code, and its name.
    GatewayCode = "gateway_code", "a code";
    /// The id under which the gateway's log has the connection.
    CorrelationId = "correlation_id", "of the report";
    /// The name of the target, as the gateway was asked for it.
    AskedOfGateway = "asked_of_gateway", "the one that was given";
    /// How long the stage took that failed.
    StageTime = "stage_time", "some time";
}

/// What begins a clause that is for xrdp only, as in `{if xrdp:; on xrdp, look at rsakeys.ini}`: what stands behind it is said as it is, or not
/// at all.
const IF_XRDP: &str = "if xrdp:";

/// The text of a clause that is for xrdp only.
pub(crate) fn for_xrdp(braced: &str) -> Option<&str> {
    braced.strip_prefix(IF_XRDP)
}

/// A text with its placeholders replaced, and with its clauses for xrdp, where it may be that. What is neither, or has no value, stays as it is.
pub(crate) fn replace<S: AsRef<str>>(
    text: &str,
    value: impl Fn(Placeholder) -> Option<S>,
    may_be_xrdp: impl Fn() -> bool,
) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(32));
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, after)) => {
                match (for_xrdp(name), Placeholder::parse(name).and_then(&value)) {
                    (Some(clause), _) if may_be_xrdp() => out.push_str(clause),
                    (Some(_), _) => {}
                    (None, Some(value)) => out.push_str(value.as_ref()),
                    (None, None) => _ = write!(out, "{{{name}}}"),
                }
                rest = after;
            }
            None => {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clause_for_xrdp_is_said_as_it_is_or_not_at_all() {
        let of = |may_be| replace("a{if xrdp:; on xrdp, b (c)}.", |_| None::<&str>, || may_be);
        assert_eq!([of(true), of(false)], ["a; on xrdp, b (c).", "a."]);
    }

    #[test]
    fn every_placeholder_reads_back_and_says_something_in_general() {
        for (index, placeholder) in Placeholder::ALL.iter().enumerate() {
            let id = placeholder.id();
            assert_eq!(Placeholder::parse(id), Some(*placeholder));
            assert!(Placeholder::ALL.iter().skip(index + 1).all(|other| other.id() != id), "{id} stands twice");
            let general = placeholder.in_general();
            assert!(!general.is_empty() && !general.contains(['{', '}']), "{id}: {general}");
            assert!(!general.contains("..."), "{id} leaves something open");
        }
        assert_eq!(Placeholder::parse("nothing"), None);
    }
}
