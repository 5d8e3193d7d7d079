//! The placeholders of the catalogue's texts, filled from evidence.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a placeholder asks for one variant's field, which no other and no new one has"
)]
use std::fmt::Write as _;

use rdp_probe_core::{
    Answer, AttemptRecord, Close, DialFault, Evidence, FailureKind, Family, GatewayFact, GatewayFault,
    GatewayLogon, Hop, Observed, Stage, TlsBreak, TlsFault, TlsFaultKind, Trust, TunnelEnd, unfolded,
};

use crate::advice::{
    WITH_NLA, WITH_OLD_SUITE, WITH_OLD_TLS, WITH_STANDARD_SECURITY, broken_how, of_xrdp, require_nla, set_tls,
};
use crate::codes;
use crate::phrases::{
    address, asked_of, banner, differences, error_info, failed_addresses, forwarder_evidence, gateway,
    gateway_code, gateway_domain, gateway_doubt, gateway_look, http_server, license_meaning, limit, looks,
    names, oddities, over, says, schemes, second_fault, service, skew, spoken, spoken_by, words,
};
use crate::time::{date, span};

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
    /// Where xrdp keeps its log.
    XrdpLog = "xrdp_log", " (xrdp: /var/log/xrdp.log)";
    /// Where it keeps those of sessions.
    XrdpLogs = "xrdp_logs", " (xrdp: /var/log/xrdp.log and xrdp-sesman.log)";
    /// Where a session of it keeps its own.
    XrdpSession = "xrdp_session", "; xrdp: /var/log/xrdp-sesman.log and the session's own log";
    /// Its certificate.
    XrdpCertificate = "xrdp_certificate", "; on xrdp, check certificate and key_file, and that xrdp may read them";
    /// Its keys.
    XrdpKeys = "xrdp_keys", "; on xrdp, make the keys anew with xrdp-keygen";
    /// Its keys, where licences are at stake.
    XrdpLicense = "xrdp_license", "; on xrdp, look at rsakeys.ini";
    /// Its settings of Standard RDP Security.
    XrdpCrypt = "xrdp_crypt", "; on xrdp, look at crypt_level and at the keys in rsakeys.ini";
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

/// A text with its placeholders replaced. What is none, or has no value, stays as it is.
pub(crate) fn replace<S: AsRef<str>>(text: &str, value: impl Fn(Placeholder) -> Option<S>) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(32));
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, after)) => {
                match Placeholder::parse(name).and_then(&value) {
                    Some(value) => out.push_str(value.as_ref()),
                    None => _ = write!(out, "{{{name}}}"),
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

impl Placeholder {
    /// What it stands for in this evidence; `None` where the evidence has no such thing.
    #[must_use]
    pub fn value(self, evidence: &Evidence) -> Option<String> {
        let failure = evidence.failure();
        let kind = failure.map(|failure| &failure.kind);
        Some(match self {
            Self::Target => format!("{}:{}", evidence.plan.target.host, evidence.plan.target.port),
            Self::Host => evidence.plan.leg(asked_of(evidence)).host.to_string(),
            Self::Address => address(evidence),
            Self::Family => match evidence.plan.family {
                Family::V4 => "IPv4".into(),
                Family::V6 => "IPv6".into(),
                _ => "such".into(),
            },
            Self::Stage => failure?.stage.to_string(),
            Self::Awaiting => failure?.awaiting.to_string(),
            Self::Limit => limit(kind?)?,
            Self::Os => match kind? {
                FailureKind::Resolve(DialFault { os: Some(os), .. })
                | FailureKind::Connect { fault: DialFault { os: Some(os), .. }, .. } => os.to_string(),
                _ => "unknown".into(),
            },
            Self::Offered => words(evidence.path().last()?.offer),
            Self::Selected => match kind? {
                FailureKind::UnrequestedProtocol { selected, .. }
                | FailureKind::OtherProtocol { selected, .. } => words(*selected),
                _ => return None,
            },
            Self::Asked => match kind? {
                FailureKind::OtherProtocol { asked, .. } => words(*asked),
                _ => return None,
            },
            Self::Code => match kind? {
                FailureKind::NegotiationRefused(code) => format!("{:#X}", code.0),
                FailureKind::OtherTpdu { code, .. } => format!("{:#04X}", code.0),
                _ => return None,
            },
            Self::Reason => match kind? {
                FailureKind::Ultimatum(reason) => {
                    reason.name().map_or_else(|| format!("MCS reason {}", reason.0), str::to_owned)
                }
                FailureKind::DisconnectRequest { reason } => reason.to_string(),
                FailureKind::TpduError { cause } => cause.to_string(),
                _ => return None,
            },
            Self::Field => match kind? {
                FailureKind::Malformed { error, .. } => format!("{} at octet {}", error.field, error.offset),
                _ => return None,
            },
            Self::PartialLen => match kind? {
                FailureKind::Closed { partial, .. } => partial.total().to_string(),
                _ => return None,
            },
            Self::PartOf => {
                let (_, partial) = evidence.ended_after()?;
                let whole = evidence.promised();
                whole.map_or_else(
                    || partial.total().to_string(),
                    |whole| format!("{} of {whole}", partial.total()),
                )
            }
            Self::ForeignService => service(spoken_by(evidence)?)?.to_owned(),
            Self::ForeignProtocol => spoken_by(evidence)?.name().to_owned(),
            Self::Banner => match kind? {
                FailureKind::Foreign { head, .. } => banner(head),
                _ => match &evidence.explanation()?.1.failure.as_ref()?.kind {
                    FailureKind::Foreign { head, .. } => banner(head),
                    FailureKind::Tls(fault) => banner(&fault.received),
                    _ => return None,
                },
            },
            Self::Until => evidence.fell_short_of()?.to_string(),
            Self::SelectedProtocol => match evidence.answer()? {
                Answer::Selected { protocol, .. } => words(protocol),
                _ => "Standard RDP Security".into(),
            },
            Self::ScoutVersion => {
                let version = evidence.scouted()?.version;
                version.name().map_or_else(|| format!("TLS version 0x{:X}", version.0), str::to_owned)
            }
            Self::ScoutCipher => {
                let cipher = evidence.scouted()?.cipher;
                cipher.name().map_or_else(|| format!("suite 0x{:04X}", cipher.0), str::to_owned)
            }
            Self::TlsReceived => match kind? {
                FailureKind::Tls(fault) => banner(&fault.received),
                _ => return None,
            },
            Self::OrPathMtu => match evidence.small_segments() {
                Some(_) => {
                    "; it is the same with segments of 536 octets, so that it is no matter of the path's MTU"
                        .into()
                }
                None => self.in_general().to_owned(),
            },
            Self::ForwarderEvidence => forwarder_evidence(evidence),
            Self::FullAnswer => match evidence.explanation()?.1.answer() {
                Answer::Selected { protocol, .. } => format!("it would take {}", words(protocol)),
                Answer::NoNegotiation => "it would take Standard RDP Security".into(),
                Answer::Refused(code) => format!("it refuses that too, with failure code {}", code.0),
                Answer::Disconnected | Answer::Fin | Answer::None | _ => return None,
            },
            Self::TlsFirst => match evidence.explanation() {
                None => "the request with a TLS record".into(),
                Some((_, attempt)) => match attempt.facts().find_map(|fact| match fact {
                    Observed::Scouted(facts) => Some(facts),
                    _ => None,
                }) {
                    Some(facts) => format!(
                        "a TLS ClientHello ({}), and the RDP request not at all",
                        facts.version.name().unwrap_or("another version")
                    ),
                    None => "a TLS ClientHello with an alert, and the RDP request not at all".into(),
                },
            },
            Self::Looks => looks(evidence),
            Self::Differences => differences(evidence),
            Self::MissingInTls => {
                let group = evidence.missing_group().map(|group| match group.name() {
                    Some(name) => format!("the group {name}"),
                    None => format!("the group 0x{:04X}", group.0),
                });
                let signature = evidence.missing_signature().map(|scheme| match scheme.name() {
                    Some(name) => format!("the signature scheme {name}"),
                    None => format!("the signature scheme 0x{:04X}", scheme.0),
                });
                let missing: Vec<String> = group.into_iter().chain(signature).collect();
                if missing.is_empty() { self.in_general().to_owned() } else { missing.join(" and ") }
            }
            Self::HelloEnd => {
                let further = evidence.hello_again().into_iter().chain(evidence.scouts());
                let first =
                    kind.and_then(|kind| if let FailureKind::Tls(fault) = kind { Some(fault) } else { None });
                let mut faults = further.filter_map(AttemptRecord::tls_fault).chain(first);
                let disconnects = faults.any(TlsFault::is_disconnect);
                let end = if disconnects {
                    "sent a disconnect in the clear in place of a handshake"
                } else {
                    "broke off at every hello, old or new"
                };
                end.to_owned()
            }
            Self::RefusedHello => {
                let another = evidence.scouted().map_or("", |_| ", twice, though not at another one");
                format!("{}{another}", self.in_general())
            }
            Self::TlsAlert => match kind? {
                FailureKind::Tls(TlsFault { kind: TlsFaultKind::Alert(alert), .. }) => alert
                    .name()
                    .map_or_else(|| format!("alert {}", alert.0), |name| format!("alert {}, {name}", alert.0)),
                _ => "nothing in common".into(),
            },
            Self::OctetsBeforeTls => evidence.facts().find_map(|fact| match fact {
                Observed::OctetsBeforeTls(count) => Some(count.to_string()),
                _ => None,
            })?,
            Self::TlsBreak => match kind? {
                FailureKind::Closed { how: Close::TlsBroken(why), .. } => match why {
                    TlsBreak::WrongTag => "a record does not open".into(),
                    TlsBreak::OversizedRecord => "a record is longer than one may be".into(),
                    TlsBreak::Flood => "empty records or updates without end".into(),
                    TlsBreak::OutOfPlace => "a message that has no place there".into(),
                    TlsBreak::Unreadable => "a message cannot be read".into(),
                    TlsBreak::Misbehaved | _ => "the protocol was not kept to".into(),
                },
                _ => return None,
            },
            Self::Trust => match evidence.tls()?.trust {
                Some(Trust::Trusted) => "it is trusted".into(),
                Some(Trust::UnknownIssuer) => "its issuer is none of them".into(),
                Some(Trust::Expired) => "it is expired or not yet valid".into(),
                Some(Trust::NoName) => {
                    format!(
                        "TLS cannot carry the name {}, so that no certificate is for it",
                        evidence.plan.target.asked_name()
                    )
                }
                Some(Trust::OtherName) => "it is for other names".into(),
                Some(_) => "it is refused".into(),
                None => "it signed itself".into(),
            },
            Self::Account => evidence.plan.account.as_ref()?.to_string(),
            Self::CredsspCode => match kind? {
                FailureKind::CredsspError(status) => format!("0x{:08X}", unfolded(*status).0),
                _ => return None,
            },
            Self::CredsspStatus => match kind? {
                FailureKind::CredsspError(status) => {
                    let name = codes::name_of_status(status.0);
                    let name = name.map(|name| format!(", {name}")).unwrap_or_default();
                    format!("0x{:08X}{name}", status.0)
                }
                FailureKind::NoChallenge { .. } => "SPNEGO reject".into(),
                _ => return None,
            },
            Self::Close => match kind? {
                FailureKind::Closed { how, .. } => match how {
                    Close::Fin => "FIN".into(),
                    Close::Reset => "RST".into(),
                    Close::CloseNotify => "close_notify".into(),
                    Close::Alert(alert) => format!("TLS alert {alert}"),
                    _ => "the stream broke".into(),
                },
                _ => return None,
            },
            Self::SecurityLayer => over(evidence, "TLS", "Standard RDP Security"),
            Self::StrongerLayer => {
                over(evidence, "Network Level Authentication", "TLS or Network Level Authentication")
            }
            Self::ClientSettings => {
                over(evidence, "the client's settings", "the encryption methods that the client offers")
            }
            Self::SettingsToCheck => over(
                evidence,
                "compare with a client that connects; --security nla shows whether it takes Network Level Authentication",
                "on the target, look at the encryption level (FIPS takes one method only), or set the security layer to TLS \
                 or Negotiate",
            ),
            Self::CauseOfSilence => over(
                evidence,
                "or waits for a broker or a session that does not come",
                "waits for a broker or a session that does not come, or a device in between drops what is larger than the \
                 first request (path MTU)",
            ),
            Self::McsResult => match kind? {
                FailureKind::ConnectRefused { result, conference } => {
                    let name = result.name().map_or_else(|| format!("MCS result {}", result.0), str::to_owned);
                    match conference.filter(|conference| conference.0 != 0) {
                        Some(conference) => match conference.name() {
                            Some(said) => format!("{name}, conference {said}"),
                            None => format!("{name}, conference result {}", conference.0),
                        },
                        None => name,
                    }
                }
                FailureKind::ChannelRefused { result, .. } => {
                    result.name().map_or_else(|| format!("MCS result {}", result.0), str::to_owned)
                }
                _ => return None,
            },
            Self::ChannelAsked => match kind? {
                FailureKind::ChannelRefused { channel: Some(channel), .. } => format!("channel {channel}"),
                FailureKind::ChannelRefused { channel: None, .. } => "a place".into(),
                _ => return None,
            },
            Self::OrNlaExt => match evidence.plan.until {
                Stage::EarlyUserAuth => "; --security nla-ext asks for the protocol that has it".into(),
                _ => String::new(),
            },
            Self::EarlyResult => match kind? {
                FailureKind::NotAuthorized(result) => format!("0x{:08X}", result.0),
                _ => return None,
            },
            Self::LicenseError => match kind? {
                FailureKind::LicenseError { code, transition } => {
                    let number = format!("0x{:X}", code.0);
                    let error = code.name().map_or_else(|| number.clone(), |name| format!("{name} ({number})"));
                    let transition =
                        transition.name().map_or_else(|| format!("0x{:X}", transition.0), str::to_owned);
                    format!("{error}, {transition}")
                }
                _ => return None,
            },
            Self::LicenseMeaning => match kind? {
                FailureKind::LicenseError { code, .. } => license_meaning(*code).to_owned(),
                _ => return None,
            },
            Self::ErrorInfo => {
                let code = error_info(kind?)?;
                match codes::lookup(codes::Family::SetErrorInfo, code) {
                    Some(row) => format!("0x{code:X}, {}", row.name),
                    None => format!("0x{code:X}"),
                }
            }
            Self::ErrorInfoCode => format!("0x{:X}", error_info(kind?)?),
            Self::ErrorInfoMeaning => {
                let known = codes::lookup(codes::Family::SetErrorInfo, error_info(kind?)?);
                known.map_or("a code that no published specification has", |row| row.meaning).to_owned()
            }
            Self::ServerKeyBits => evidence.server_key_bits()?.to_string(),
            Self::RequestedProtocols => evidence.facts().find_map(|fact| match fact {
                Observed::ServerCore { requested, .. } => requested.map(words),
                _ => None,
            })?,
            Self::CertificateSha256 => evidence.certificate()?.sha256.clone(),
            Self::NotAfter => date(evidence.certificate()?.not_after?),
            Self::NotBefore => date(evidence.certificate()?.not_before?),
            Self::CertificateKey => evidence.certificate()?.key_text()?,
            Self::DaysLeft => match evidence.certificate()?.days_left(evidence.plan.began_unix_ms)? {
                0 => "less than a day".to_owned(),
                1 => "one day".to_owned(),
                days => format!("{days} days"),
            },
            Self::Renewal => match evidence.certificate()?.self_signed {
                true => ". Where it is the one that Windows made for itself, Windows renews it on the last day".to_owned(),
                false => String::new(),
            },
            Self::CertificateField => evidence.certificate()?.unreadable.clone()?,
            Self::WhyNotVerified => match evidence.certificate() {
                Some(certificate) if certificate.key.is_none() => "the key of the certificate cannot be read".to_owned(),
                Some(_) => "the handshake is signed with a key or a scheme that this build does not know, such as SHA-1, or RSA below \
                            2048 bits"
                    .to_owned(),
                None => "no certificate was shown".to_owned(),
            },
            Self::CertificateSignature => evidence.certificate()?.signature.clone()?,
            Self::CertificateNames => names(evidence.certificate()?),
            Self::AskedName => evidence.plan.target.asked_name(),
            Self::CredsspVersion => evidence.credssp_version()?.to_string(),
            Self::ServerName => says(evidence, Hop::Target)?,
            Self::GatewaySays => says(evidence, Hop::Gateway)?,
            Self::ClockSkew => skew(evidence, Hop::Target)?,
            Self::Product => {
                let name = evidence.product(Hop::Target)?.name();
                name.split(';').next().unwrap_or(name).to_owned()
            }
            Self::RequireNla => require_nla(evidence).to_owned(),
            Self::SetTls => set_tls(evidence).to_owned(),
            Self::BrokenHow => broken_how(evidence).to_owned(),
            Self::XrdpLog
            | Self::XrdpLogs
            | Self::XrdpSession
            | Self::XrdpCertificate
            | Self::XrdpKeys
            | Self::XrdpLicense
            | Self::XrdpCrypt => of_xrdp(evidence, self.in_general()),
            Self::WithNla | Self::WithStandardSecurity | Self::WithOldTls | Self::WithOldSuite => {
                self.in_general().to_owned()
            }
            Self::OrTooOld => match evidence.is_of_rdp_10() {
                true => String::new(),
                false => ", or it is too old for TLS".to_owned(),
            },
            Self::GatewayClockSkew => skew(evidence, Hop::Gateway)?,
            Self::FailedAddresses => failed_addresses(evidence),
            Self::AddressCount => evidence.addresses().len().to_string(),
            Self::MostAddresses => evidence.plan.most_addresses().to_string(),
            Self::FirstRefusal => match evidence.path().first()?.answer() {
                Answer::Refused(code) => format!("failure code {}", code.0),
                _ => return None,
            },
            Self::Connections => evidence.attempts_to(evidence.peer()).count().to_string(),
            Self::Oddities => oddities(evidence),
            Self::Gateway => gateway(evidence)?,
            Self::GatewayHost => evidence.plan.gateway.as_ref()?.leg.host.to_string(),
            Self::GatewaySha256 => evidence.gateway_certificate()?.sha256.clone(),
            Self::SecondSha256 => evidence.second_gateway_certificate()?.sha256.clone(),
            Self::SecondFault => second_fault(kind?)?.into(),
            Self::InEnd => match kind.and_then(FailureKind::close)? {
                Close::Tunnel(TunnelEnd::Answer(status)) => format!("with an answer (HTTP {status})"),
                Close::Tunnel(TunnelEnd::In) => "without a word".into(),
                _ => return None,
            },
            Self::GatewayNames => names(evidence.gateway_certificate()?),
            Self::GatewayNotAfter => date(evidence.gateway_certificate()?.not_after?),
            Self::GatewayNotBefore => date(evidence.gateway_certificate()?.not_before?),
            Self::HttpStatus => {
                let answer = evidence.http_answer()?;
                format!("HTTP {} {}", answer.status, answer.reason).trim_end().to_owned()
            }
            Self::HttpServer => http_server(evidence),
            Self::HttpLocation => {
                evidence.http_answer()?.location.clone().unwrap_or_else(|| "nowhere".to_owned())
            }
            Self::AfterLogon => match kind? {
                FailureKind::Gateway(GatewayFault::Status { after_logon: true, .. }) => {
                    ", after the logon had gone out; it says nothing about the credentials".into()
                }
                _ => String::new(),
            },
            Self::GatewaySchemes => schemes(evidence)?,
            Self::GatewaySpoken => spoken(evidence.plan.gateway.as_deref()?),
            Self::GatewayDoubt => gateway_doubt(evidence).to_owned(),
            Self::GatewayLook => gateway_look(evidence).to_owned(),
            Self::GatewayDomain => gateway_domain(evidence).unwrap_or_default(),
            Self::GatewaySignature => evidence.gateway_certificate()?.signature.clone()?,
            Self::GatewayAccount => match &evidence.plan.gateway.as_ref()?.logon {
                GatewayLogon::Account(account) => format!(" of {account}"),
                _ => String::new(),
            },
            Self::GatewayCode => gateway_code(kind?)?,
            Self::CorrelationId => evidence.shown_gateway()?.correlation_id?.to_owned(),
            Self::AskedOfGateway => evidence.gateway_facts().find_map(|fact| match fact {
                GatewayFact::AskedFor { name, .. } => Some(name.clone()),
                _ => None,
            })?,
            Self::StageTime => {
                let stage = failure?.stage;
                let last = evidence.path().last()?;
                let record =
                    last.stages.iter().rfind(|record| record.stage == stage && record.duration.is_some())?;
                let millis = u64::try_from(record.duration?.as_millis()).ok()?;
                if millis < 1000 { "less than a second".to_owned() } else { span(millis) }
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use rdp_probe_core::wire::nego::Protocols;

    use super::*;

    #[test]
    fn offers_are_named_in_words() {
        assert_eq!(words(Protocols(0x0B)), "TLS, CredSSP or CredSSP with early user authorization");
        assert_eq!(words(Protocols(0)), "Standard RDP Security");
        assert_eq!(words(Protocols(0x40)), "protocol 0x40");
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
