//! What a placeholder stands for in the evidence of a run.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a placeholder asks for one variant's field, which no other and no new one has"
)]
use rdp_probe_core::{
    Answer, AttemptRecord, Close, DialFault, Evidence, FailureKind, Family, GatewayFact, GatewayFault,
    GatewayLogon, Hop, Observed, Stage, TlsBreak, TlsFault, TlsFaultKind, Trust, TunnelEnd, unfolded,
};

use crate::advice::{broken_how, require_nla, set_tls};
use crate::codes;
use crate::phrases::{
    address, asked_of, banner, differences, error_info, failed_addresses, forwarder_evidence, gateway,
    gateway_code, gateway_domain, gateway_doubt, gateway_look, http_server, license_meaning, limit, looks,
    names, not_followed, oddities, over, says, schemes, second_fault, service, skew, spoken, spoken_by, words,
};
use crate::placeholder::Placeholder;
use crate::time::{date, span};

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
            Self::NotFollowed => not_followed(&evidence.plan)?,
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
            Self::WithNla | Self::WithStandardSecurity | Self::WithOldTls | Self::WithOldSuite => {
                self.in_general().to_owned()
            }
            Self::OrTooOld => match evidence.is_of_rdp_10() {
                true => String::new(),
                false => ", or it is too old for TLS".to_owned(),
            },
            Self::GatewayClockSkew => skew(evidence, Hop::Gateway)?,
            Self::FailedAddresses => failed_addresses(evidence),
            Self::AddressCount => evidence.address_count().to_string(),
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
