//! The placeholders of the catalogue's texts, filled from evidence.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a placeholder asks for one variant's field, which no other and no new one has"
)]
use rdp_probe_core::wire::nego::Protocols;
use rdp_probe_core::{
    Answer, Close, DialFault, DialFaultKind, Evidence, FailureKind, Family, Observed, Octets, Oddity, TlsFault,
    TlsFaultKind, Trust,
};

use crate::codes;
use crate::time::{date, span};

pub(crate) fn value(name: &str, evidence: &Evidence) -> Option<String> {
    let failure = evidence.failure();
    let kind = failure.map(|failure| &failure.kind);
    Some(match name {
        "target" => format!("{}:{}", evidence.plan.host, evidence.plan.port),
        "host" => evidence.plan.host.to_string(),
        "address" => address(evidence),
        "family" => match evidence.plan.family {
            Family::V4 => "IPv4".into(),
            Family::V6 => "IPv6".into(),
            _ => "such".into(),
        },
        "stage" => failure?.stage.to_string(),
        "awaiting" => failure?.awaiting.to_string(),
        "limit" => limit(kind?)?,
        "os" => match kind? {
            FailureKind::Resolve(DialFault { os: Some(os), .. })
            | FailureKind::Connect { fault: DialFault { os: Some(os), .. }, .. } => os.to_string(),
            _ => "unknown".into(),
        },
        "offered" => words(evidence.path().last()?.offer),
        "selected" => match kind? {
            FailureKind::UnrequestedProtocol { selected, .. } | FailureKind::OtherProtocol { selected, .. } => {
                words(*selected)
            }
            _ => return None,
        },
        "asked" => match kind? {
            FailureKind::OtherProtocol { asked, .. } => words(*asked),
            _ => return None,
        },
        "code" => match kind? {
            FailureKind::NegotiationRefused(code) => format!("{:#X}", code.0),
            FailureKind::OtherTpdu { code, .. } => format!("{:#04X}", code.0),
            _ => return None,
        },
        "reason" => match kind? {
            FailureKind::Ultimatum(reason) => {
                reason.name().map_or_else(|| format!("MCS reason {}", reason.0), str::to_owned)
            }
            FailureKind::DisconnectRequest { reason } => reason.to_string(),
            FailureKind::TpduError { cause } => cause.to_string(),
            _ => return None,
        },
        "field" => match kind? {
            FailureKind::Malformed { error, .. } => format!("{} at octet {}", error.field, error.offset),
            _ => return None,
        },
        "partial_len" => match kind? {
            FailureKind::Closed { partial, .. } => partial.total().to_string(),
            _ => return None,
        },
        "banner" => match kind? {
            FailureKind::Foreign { head, .. } => banner(head),
            _ => return None,
        },
        "until" => evidence.fell_short_of()?.to_string(),
        "selected_protocol" => match evidence.answer()? {
            Answer::Selected { protocol, .. } => words(protocol),
            _ => "Standard RDP Security".into(),
        },
        "scout_version" => {
            let version = evidence.scouted()?.version;
            version.name().map_or_else(|| format!("TLS version 0x{:X}", version.0), str::to_owned)
        }
        "scout_cipher" => {
            let cipher = evidence.scouted()?.cipher;
            cipher.name().map_or_else(|| format!("suite 0x{:04X}", cipher.0), str::to_owned)
        }
        "tls_received" => match kind? {
            FailureKind::Tls(fault) => banner(&fault.received),
            _ => return None,
        },
        "tls_alert" => match kind? {
            FailureKind::Tls(TlsFault { kind: TlsFaultKind::Alert(alert), .. }) => alert
                .name()
                .map_or_else(|| format!("alert {}", alert.0), |name| format!("alert {}, {name}", alert.0)),
            _ => "nothing in common".into(),
        },
        "trust" => match evidence.tls()?.trust {
            Some(Trust::Trusted) => "it is trusted".into(),
            Some(Trust::UnknownIssuer) => "its issuer is none of them".into(),
            Some(Trust::Expired) => "it is expired or not yet valid".into(),
            Some(Trust::OtherName) => "it is for other names".into(),
            Some(_) => "it is refused".into(),
            None => "it signed itself".into(),
        },
        "credssp_status" => match kind? {
            FailureKind::CredsspError(status) => {
                let known = codes::lookup(codes::Family::NtStatus, status.0);
                known.map_or_else(
                    || format!("0x{:08X}", status.0),
                    |row| format!("0x{:08X}, {}", status.0, row.name),
                )
            }
            FailureKind::NoChallenge { .. } => "SPNEGO reject".into(),
            _ => return None,
        },
        "close" => match kind? {
            FailureKind::Closed { how, .. } => match how {
                Close::Fin => "FIN".into(),
                Close::Reset => "RST".into(),
                Close::CloseNotify => "close_notify".into(),
                Close::Alert(alert) => format!("TLS alert {alert}"),
                _ => "the stream broke".into(),
            },
            _ => return None,
        },
        "mcs_result" => match kind? {
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
            _ => return None,
        },
        "error_info" => {
            let code = error_info(kind?)?;
            match codes::lookup(codes::Family::SetErrorInfo, code) {
                Some(row) => format!("0x{code:X}, {}", row.name),
                None => format!("0x{code:X}"),
            }
        }
        "error_info_code" => format!("0x{:X}", error_info(kind?)?),
        "error_info_meaning" => {
            let known = codes::lookup(codes::Family::SetErrorInfo, error_info(kind?)?);
            known.map_or("a code that no published specification has", |row| row.meaning).to_owned()
        }
        "server_key_bits" => evidence.server_key_bits()?.to_string(),
        "requested_protocols" => evidence.facts().find_map(|fact| match fact {
            Observed::ServerCore { requested, .. } => requested.map(words),
            _ => None,
        })?,
        "certificate_sha256" => evidence.certificate()?.sha256.clone(),
        "not_after" => date(evidence.certificate()?.not_after),
        "not_before" => date(evidence.certificate()?.not_before),
        "key_bits" => evidence.certificate()?.key_bits?.to_string(),
        "certificate_signature" => evidence.certificate()?.signature.clone(),
        "certificate_names" => {
            let certificate = evidence.certificate()?;
            let mut names = certificate.names.clone();
            names.extend(certificate.common_name.clone().filter(|name| !names.contains(name)));
            names.truncate(4);
            if names.is_empty() { "no name".into() } else { names.join(", ") }
        }
        "asked_name" => evidence.plan.asked_name(),
        "credssp_version" => evidence.credssp_version()?.to_string(),
        "server_name" => {
            let (facts, _) = evidence.challenge()?;
            facts.dns_computer.clone().or_else(|| facts.netbios_computer.clone())?
        }
        "clock_skew" => {
            let skew = evidence.challenge()?.1?;
            let seconds = skew.unsigned_abs() / 1000;
            format!("{} {}", span(seconds), if skew > 0 { "ahead of" } else { "behind" })
        }
        "failed_addresses" => failed_addresses(evidence),
        "first_refusal" => match evidence.path().first()?.answer() {
            Answer::Refused(code) => format!("failure code {}", code.0),
            _ => return None,
        },
        "oddities" => oddities(evidence),
        _ => return None,
    })
}

const fn error_info(kind: &FailureKind) -> Option<u32> {
    if let FailureKind::ErrorInfo { code, .. } = kind { Some(code.0) } else { None }
}

fn address(evidence: &Evidence) -> String {
    let target = format!("{}:{}", evidence.plan.host, evidence.plan.port);
    let given = evidence.plan.given_address();
    let failed = match evidence.failure().map(|failure| &failure.kind) {
        Some(FailureKind::Connect { address, .. }) => Some(*address),
        _ => None,
    };
    let tried = failed.or_else(|| evidence.peer());
    match (given, tried) {
        (Some(given), _) => given.to_string(),
        (None, Some(tried)) => format!("{target} ({tried})"),
        (None, None) => target,
    }
}

fn limit(kind: &FailureKind) -> Option<String> {
    let (limit, overall) = match kind {
        FailureKind::Closed { how: Close::TimedOut { limit, overall }, .. }
        | FailureKind::Tls(TlsFault {
            kind: TlsFaultKind::Closed(Close::TimedOut { limit, overall }), ..
        }) => (limit, overall),
        FailureKind::Resolve(DialFault { kind: DialFaultKind::TimedOut { limit, overall }, .. })
        | FailureKind::Connect {
            fault: DialFault { kind: DialFaultKind::TimedOut { limit, overall }, .. },
            ..
        } => (limit, overall),
        _ => return None,
    };
    let millis = limit.as_millis();
    let time = if millis.is_multiple_of(1000) {
        format!("{} s", limit.as_secs())
    } else if millis > 0 {
        format!("{millis} ms")
    } else {
        format!("{} us", limit.as_micros())
    };
    Some(if *overall { format!("{time} (the whole run)") } else { time })
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
fn banner(head: &Octets) -> String {
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

fn failed_addresses(evidence: &Evidence) -> String {
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

fn oddities(evidence: &Evidence) -> String {
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
