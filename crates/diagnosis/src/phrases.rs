//! The phrases that placeholders stand for, as far as they take more than a field of the evidence.
use rdp_probe_core::wire::first_octets::Foreign;
use rdp_probe_core::wire::license::LicenseErrorCode;
use rdp_probe_core::wire::nego::Protocols;
use rdp_probe_core::{
    AuthMethod, CertificateFacts, Close, Cut, DialFaultKind, Difference, Differs, Evidence, FailureKind,
    Gateway, GatewayFault, Hop, LogonDoubt, Look, Observed, Octets, Oddity, Plan, Stage, TlsFaultKind,
    TunnelEnd,
};

use crate::codes;
use crate::time::{skew_words, span};
use crate::waited::as_long_as_a_dial;

/// One of two texts: over TLS, and where Standard RDP Security was agreed on.
pub(crate) fn over(evidence: &Evidence, tls: &str, standard: &str) -> String {
    if evidence.is_without_tls() { standard } else { tls }.to_owned()
}

pub(crate) const fn error_info(kind: &FailureKind) -> Option<u32> {
    if let FailureKind::ErrorInfo { code, .. } = kind { Some(code.0) } else { None }
}

/// Whom the stage that failed was for, as far as that tells whose name and address are meant.
pub(crate) fn asked_of(evidence: &Evidence) -> Hop {
    let first = evidence.first_hop();
    let failed = evidence.failure().map(|failure| failure.stage);
    let of_way = |stage: Stage| matches!(stage, Stage::Resolve | Stage::TcpConnect) || stage.is_gateways();
    if failed.is_some_and(of_way) { first } else { Hop::Target }
}

pub(crate) fn address(evidence: &Evidence) -> String {
    let leg = evidence.plan.leg(asked_of(evidence));
    let target = leg.to_string();
    if leg.address().is_some() {
        return target;
    }
    let failed = match evidence.failure().map(|failure| &failure.kind) {
        Some(FailureKind::Connect { address, .. }) => Some(*address),
        _ => None,
    };
    let tried = failed.or_else(|| evidence.peer());
    match tried {
        Some(tried) => format!("{target} ({tried})"),
        None => target,
    }
}

pub(crate) fn limit(kind: &FailureKind) -> Option<String> {
    let Some(Cut::TimedOut { limit, overall }) = kind.cut() else { return None };
    let millis = limit.as_millis();
    let time = if millis.is_multiple_of(1000) {
        format!("{} s", limit.as_secs())
    } else if millis > 0 {
        format!("{millis} ms")
    } else {
        format!("{} us", limit.as_micros())
    };
    Some(if overall { format!("{time} (the limit of the whole run)") } else { time })
}

/// The gateway, with its port where that is not the usual one.
pub(crate) fn gateway(evidence: &Evidence) -> Option<String> {
    let leg = &evidence.plan.gateway.as_ref()?.leg;
    Some(if leg.port == Gateway::PORT { leg.host.to_string() } else { leg.to_string() })
}

/// What else than the credentials it may be that a gateway refuses.
pub(crate) fn gateway_doubt(evidence: &Evidence) -> &'static str {
    match evidence.gateway_logon_doubt() {
        Some(LogonDoubt::Bound) => {
            ". Right credentials are refused in the same words where the domain restricts NTLM, where a proxy passes the logon on by several \
             connections, and where something takes TLS apart in front of the gateway: the logon is bound to the certificate that was \
             shown here"
        }
        Some(LogonDoubt::NotBound) => {
            ". Right credentials are refused in the same words where the domain restricts NTLM, where a proxy passes the logon on by several \
             connections, and where a gateway takes only logons that are bound to its certificate: this one was not"
        }
        Some(LogonDoubt::InTunnel) => {
            ". Right credentials are refused in the same words where the domain restricts NTLM"
        }
        Some(_) | None => "",
    }
}

/// What the gateway's log says of that.
pub(crate) fn gateway_look(evidence: &Evidence) -> &'static str {
    match evidence.gateway_logon_doubt() {
        Some(LogonDoubt::Bound) => {
            ": status 0xC000035B is the binding and not the password (find what takes TLS apart, or have the gateway not look: \
             EnforceChannelBinding 0 loosens its check for everybody), 0xC0000418 is a policy against NTLM"
        }
        Some(LogonDoubt::NotBound) => {
            ": status 0xC000035B is the binding that was left out and not the password, 0xC0000418 is a policy against NTLM"
        }
        Some(LogonDoubt::InTunnel) => ": status 0xC0000418 in the event is a policy against NTLM",
        Some(_) | None => "",
    }
}

/// What an error of licensing means.
pub(crate) const fn license_meaning(code: LicenseErrorCode) -> &'static str {
    match code {
        LicenseErrorCode::NO_LICENSE_SERVER => {
            "the server finds no licence server that answers, and its grace period is over"
        }
        LicenseErrorCode::INVALID_CLIENT | LicenseErrorCode::NO_LICENSE => {
            "there is no licence for this client: the licence server has none left, or none of the mode that the server asks for, and the grace \
             period is over"
        }
        LicenseErrorCode::VALID_CLIENT => {
            "the server says that the client is valid, and ends the connection all the same: a broken server"
        }
        LicenseErrorCode::INVALID_SERVER_CERTIFICATE
        | LicenseErrorCode::INVALID_MAC
        | LicenseErrorCode::INVALID_SCOPE
        | LicenseErrorCode::INVALID_PRODUCTID
        | LicenseErrorCode::INVALID_MESSAGE_LEN => {
            "the server does not take what the client answered to its licence request: its keys for licensing, or those of its licence server, \
             are broken, or something in between changes the stream"
        }
        _ => "the server gave a code that nobody has written down",
    }
}

/// Who answered by HTTP, as far as it says.
pub(crate) fn http_server(evidence: &Evidence) -> String {
    let Some(answer) = evidence.http_answer() else { return "an unknown server".to_owned() };
    let via = answer.via.as_ref().map(|via| format!(" by way of {via}")).unwrap_or_default();
    let server = answer.server.as_deref().unwrap_or("a server that does not name itself");
    let exchange = if answer.exchange { " (Exchange)" } else { "" };
    format!("{server}{exchange}{via}")
}

/// The schemes that the gateway offers.
pub(crate) fn schemes(evidence: &Evidence) -> Option<String> {
    let shown = evidence.shown_gateway()?;
    Some(if shown.schemes.is_empty() { "no scheme".to_owned() } else { shown.schemes.join(", ") })
}

/// What the one that answers there says that it is called.
pub(crate) fn says(evidence: &Evidence, hop: Hop) -> Option<String> {
    let (facts, _) = evidence.challenge_of(hop)?;
    facts.dns_computer.clone().or_else(|| facts.netbios_computer.clone())
}

/// The protocol that answered the request, or a second look.
pub(crate) fn spoken_by(evidence: &Evidence) -> Option<Foreign> {
    if let Some(FailureKind::Foreign { protocol, .. }) = evidence.failure_kind() {
        return Some(*protocol);
    }
    let (_, attempt) = evidence.explanation()?;
    evidence.path().last().filter(|path| path.is_wordless())?;
    attempt.foreign()
}

/// What somebody is who speaks so, where no row of its own says it.
pub(crate) fn service(protocol: Foreign) -> Option<&'static str> {
    Some(match protocol {
        Foreign::H323 => "an H.323 gateway, telephone or conference (NetMeeting)",
        Foreign::Rtmp => "an RTMP server for video",
        Foreign::OpenFlow => "an OpenFlow switch or controller",
        Foreign::Kerberos => "a Kerberos domain controller (KDC)",
        Foreign::Ldap => "an LDAP directory",
        Foreign::Smb => "a file server (SMB)",
        Foreign::PostgreSql => "a PostgreSQL server",
        Foreign::Redis => "a Redis server",
        Foreign::OracleTns => "an Oracle listener (TNS)",
        Foreign::Amqp => "a message broker (AMQP)",
        Foreign::Mqtt => "a message broker (MQTT)",
        Foreign::X11 => "an X server (X11)",
        Foreign::Adb => "an Android device (ADB)",
        Foreign::Ssh
        | Foreign::Http
        | Foreign::Tls
        | Foreign::Vnc
        | Foreign::Telnet
        | Foreign::Socks
        | Foreign::MySql
        | Foreign::IsoTsap
        | Foreign::Echo
        | Foreign::Unknown
        | _ => return None,
    })
}

/// The status that the server gave in its TSRequest.
pub(crate) fn status_said(evidence: &Evidence) -> Option<u32> {
    if let FailureKind::CredsspError(status) = evidence.failure_kind()? { Some(status.0) } else { None }
}

/// How far its clock is off.
pub(crate) fn skew(evidence: &Evidence, hop: Hop) -> Option<String> {
    Some(skew_words(evidence.challenge_of(hop)?.1?))
}

/// The schemes that the run would have taken.
pub(crate) fn spoken(gateway: &Gateway) -> String {
    match gateway.scheme {
        Some(scheme) if scheme != AuthMethod::Basic && !gateway.speaks_ntlm => {
            "no NTLM: it is not in this build".to_owned()
        }
        Some(scheme) => format!("{} only, as it was asked to", scheme.name()),
        None if gateway.speaks_ntlm => "NTLM, Negotiate, SSPI_NTLM and Basic".to_owned(),
        None => "Basic only".to_owned(),
    }
}

/// The domain of the gateway, where the user was given without one.
pub(crate) fn gateway_domain(evidence: &Evidence) -> Option<String> {
    let account = evidence.plan.gateway.as_ref()?.logon.account().filter(|account| account.domain.is_none())?;
    let says = evidence.shown_gateway()?.says?;
    let domain = says.facts.netbios_domain.or(says.facts.dns_domain)?;
    Some(format!(" ({account} was given without a domain; the gateway's own is {domain})"))
}

/// The code of a gateway, and its name where it has one.
pub(crate) fn gateway_code(kind: &FailureKind) -> Option<String> {
    let code = match (kind, kind.close()) {
        (FailureKind::Gateway(GatewayFault::Code { code, .. }), _) => *code,
        (_, Some(Close::Tunnel(TunnelEnd::Channel(code)))) => code,
        _ => return None,
    };
    let name = codes::name_of_gateway(code).map(|name| format!(", {name}")).unwrap_or_default();
    Some(format!("0x{code:08X}{name}"))
}

/// A few of the names of a certificate, and how many more it has.
pub(crate) fn names(certificate: &CertificateFacts) -> String {
    let common = certificate.common_name.iter().chain(&certificate.other_common_names);
    let further = common.filter(|name| !certificate.names.contains(name));
    let all: Vec<&str> = certificate.names.iter().chain(further).map(String::as_str).collect();
    if all.is_empty() { "no name".into() } else { some_of(&all, 4) }
}

/// At most so many of these, and how many more there are.
#[must_use]
pub fn some_of(all: &[&str], most: usize) -> String {
    let shown = all.get(..most).unwrap_or(all);
    match all.len().saturating_sub(shown.len()) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// A security protocol, or an offer of several, in the words of the field.
pub(crate) fn words(protocols: Protocols) -> String {
    const NAMES: [(Protocols, &str); 5] = [
        (Protocols::SSL, "TLS"),
        (Protocols::HYBRID, "CredSSP"),
        (Protocols::HYBRID_EX, "CredSSP with early user authorization"),
        (Protocols::RDSTLS, "RDSTLS"),
        (Protocols::RDSAAD, "Entra sign-in"),
    ];
    if protocols.is_standard() {
        return "Standard RDP Security".into();
    }
    let mut known = Protocols::RDP;
    let mut names = Vec::new();
    for (protocol, name) in NAMES {
        known = known | protocol;
        if protocols.contains(protocol) {
            names.push(name);
        }
    }
    if protocols.0 & !known.0 != 0 || names.is_empty() {
        return format!("protocol {protocols}");
    }
    match names.split_last() {
        Some((last, [])) => (*last).to_owned(),
        Some((last, before)) => format!("{} or {last}", before.join(", ")),
        None => String::new(),
    }
}

/// The first line, as text where it is text.
pub(crate) fn banner(head: &Octets) -> String {
    let line = head.as_slice().split(|octet| matches!(octet, b'\r' | b'\n')).next().unwrap_or_default();
    let line = line.get(..80).unwrap_or(line);
    let textual = line.iter().filter(|octet| octet.is_ascii_graphic() || **octet == b' ').count();
    if !line.is_empty() && textual.saturating_mul(4) >= line.len().saturating_mul(3) {
        format!("\"{}\"", String::from_utf8_lossy(line))
    } else {
        let octets = Octets::of(head.as_slice().get(..16).unwrap_or(head.as_slice()));
        format!("octets {octets}")
    }
}

pub(crate) fn failed_addresses(evidence: &Evidence) -> String {
    let mut failed: Vec<String> = Vec::new();
    for attempt in &evidence.attempts {
        for fact in attempt.facts() {
            if let Observed::AddressFailed { address, .. } = fact {
                failed.push(address.to_string());
            }
        }
    }
    for path in evidence.paths() {
        let Some(last) = path.last().filter(|attempt| attempt.failure.is_some()) else { continue };
        failed.extend(last.peer().map(|address| address.to_string()));
    }
    failed.dedup();
    failed.join(", ")
}

pub(crate) fn forwarder_evidence(evidence: &Evidence) -> String {
    let ended = evidence.ended_after().is_some_and(|(how, _)| !matches!(how, Close::TimedOut { .. }));
    as_long_as_a_dial(evidence).filter(|_| ended).map_or_else(String::new, |waited| {
        let waited = span(u64::try_from(waited.as_millis()).unwrap_or(u64::MAX));
        format!(
            ". It ended after {waited}, as long as a connection takes that is given up: the forwarder's own"
        )
    })
}

pub(crate) fn looks(evidence: &Evidence) -> String {
    let tried: Vec<&str> = evidence.looks().map(|(look, _)| look.name()).collect();
    let left: Vec<&str> = Look::ALL
        .into_iter()
        .filter(|look| look.is_worth_it(&evidence.plan))
        .map(Look::name)
        .filter(|name| !tried.contains(name))
        .collect();
    let tried = tried.join(", ");
    if left.is_empty() { tried } else { format!("{tried}; not tried: {}", left.join(", ")) }
}

/// Connections are counted from 1, in the order in which they were made.
pub(crate) fn differences(evidence: &Evidence) -> String {
    let texts = evidence.differences().into_iter().map(|Difference { differs, connections: (one, other) }| {
        let what = match differs {
            Differs::Answer => "the answers to the same request",
            Differs::Protocol => "a protocol that was selected or demanded, and a refusal that rules it out",
            Differs::Flags => "the flags of the answer",
            Differs::SourceReference => "the source reference",
            Differs::Certificate => "the certificate",
            Differs::ServerName => "the server's name",
            Differs::NotAsked => return format!("a protocol that was not asked for (connection {one})"),
            _ => "something",
        };
        format!("{what} (connections {one} and {other})")
    });
    texts.collect::<Vec<_>>().join(", ")
}

/// The ways of a client that are not gone; `None` where there is none.
pub(crate) fn not_followed(plan: &Plan) -> Option<String> {
    let ways = plan.not_followed.iter().filter(|one| one.what.is_way());
    let texts: Vec<String> = ways.map(ToString::to_string).collect();
    (!texts.is_empty()).then(|| texts.join(", "))
}

pub(crate) fn oddities(evidence: &Evidence) -> String {
    let mut texts = Vec::new();
    for fact in evidence.facts() {
        if let Observed::Oddity { field, value } = fact {
            texts.push(match field {
                Oddity::BlockLength => format!("the block's length is {value}"),
                Oddity::Surplus => format!("{value} octets follow the block"),
                _ => format!("{field:?} is {value}"),
            });
        }
    }
    texts.join(", ")
}

/// Why a second connection was not made, in words.
pub(crate) fn second_fault(kind: &FailureKind) -> Option<&'static str> {
    if let FailureKind::Connect { fault, .. } = kind {
        return Some(match fault.kind {
            DialFaultKind::Refused => "it was refused",
            DialFaultKind::Reset => "it was reset",
            DialFaultKind::TimedOut { .. } => "nothing answered in time",
            DialFaultKind::HostUnreachable | DialFaultKind::NetworkUnreachable => {
                "no route leads there any more"
            }
            DialFaultKind::NotPermitted => "this computer does not permit it",
            DialFaultKind::LocalResources => "no socket or port is left",
            DialFaultKind::NotFound
            | DialFaultKind::ResolverFailed
            | DialFaultKind::Cancelled
            | DialFaultKind::Other
            | _ => "the operating system gave an error",
        });
    }
    let FailureKind::Tls(fault) = kind else { return None };
    Some(match fault.kind {
        TlsFaultKind::Closed(Close::TimedOut { .. }) => "its TLS handshake was not answered in time",
        TlsFaultKind::Closed(_) => "it was ended in its TLS handshake",
        TlsFaultKind::Alert(_) => "its TLS handshake was refused",
        TlsFaultKind::NotTls => "what came is not TLS",
        TlsFaultKind::Incompatible
        | TlsFaultKind::Misbehaved
        | TlsFaultKind::BadCertificate
        | TlsFaultKind::Local
        | _ => "its TLS handshake failed",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn offers_are_named_in_words() {
        assert_eq!(words(Protocols(0x0B)), "TLS, CredSSP or CredSSP with early user authorization");
        assert_eq!(words(Protocols(0)), "Standard RDP Security");
        assert_eq!(words(Protocols(0x40)), "protocol 0x40");
    }
}
