//! Text for people, made last: the placeholders of the catalogue, filled from findings.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a placeholder asks for one variant's field, which no other and no new one has"
)]
use std::fmt::Write as _;

use rdp_probe_core::wire::nego::Protocols;
use rdp_probe_core::{
    Answer, Close, DialFault, DialFaultKind, FailureKind, Family, Findings, Observed, Octets, Oddity,
};

use crate::diagnose::Diagnosis;

/// Fills the `{placeholders}` of a catalogue text. Unknown ones stay as they are; a test holds that no row has one.
///
/// What a peer sent goes in as it is: whoever prints the text escapes it.
#[must_use]
pub fn fill(text: &str, findings: &Findings) -> String {
    let mut out = String::with_capacity(text.len().saturating_add(32));
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        match after.split_once('}') {
            Some((name, after)) => {
                match value(name, findings) {
                    Some(value) => out.push_str(&value),
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

/// The verdict in one sentence, without a full stop.
#[must_use]
pub fn summary(diagnosis: &Diagnosis, findings: &Findings) -> String {
    if let Some(rule) = diagnosis.verdict.rule {
        return fill(rule.summary, findings);
    }
    if let Some(failure) = findings.failure() {
        return format!("internal error of rdp-probe in stage {}: please report it", failure.stage);
    }
    let target = value("address", findings).unwrap_or_default();
    match findings.answer() {
        Some(Answer::Selected { protocol, .. }) => format!("{target} answers, and selects {}", words(protocol)),
        Some(Answer::NoNegotiation) => format!("{target} answers, and knows Standard RDP Security only"),
        _ if findings.peer().is_some() => format!("{target} accepts TCP connections"),
        _ => format!("{target} has {} address(es)", findings.addresses().len()),
    }
}

/// A security protocol, or an offer of several, in the words of the field.
fn words(protocols: Protocols) -> String {
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

fn value(name: &str, findings: &Findings) -> Option<String> {
    let failure = findings.failure();
    let kind = failure.map(|failure| &failure.kind);
    Some(match name {
        "target" => format!("{}:{}", findings.plan.host, findings.plan.port),
        "host" => findings.plan.host.to_string(),
        "address" => address(findings),
        "family" => match findings.plan.family {
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
        "offered" => words(findings.path().last()?.offer),
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
        "failed_addresses" => failed_addresses(findings),
        "first_refusal" => match findings.path().first()?.answer() {
            Answer::Refused(code) => format!("failure code {}", code.0),
            _ => return None,
        },
        "oddities" => oddities(findings),
        _ => return None,
    })
}

fn address(findings: &Findings) -> String {
    let target = format!("{}:{}", findings.plan.host, findings.plan.port);
    let given = findings.plan.given_address();
    let failed = match findings.failure().map(|failure| &failure.kind) {
        Some(FailureKind::Connect { address, .. }) => Some(*address),
        _ => None,
    };
    let tried = failed.or_else(|| findings.peer());
    match (given, tried) {
        (Some(given), _) => given.to_string(),
        (None, Some(tried)) => format!("{target} ({tried})"),
        (None, None) => target,
    }
}

fn limit(kind: &FailureKind) -> Option<String> {
    let (limit, overall) = match kind {
        FailureKind::Closed { how: Close::TimedOut { limit, overall }, .. } => (limit, overall),
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

fn failed_addresses(findings: &Findings) -> String {
    let mut failed: Vec<String> = Vec::new();
    for attempt in &findings.attempts {
        for fact in attempt.facts() {
            if let Observed::AddressFailed { address, .. } = fact {
                failed.push(address.to_string());
            }
        }
    }
    for path in findings.paths() {
        let Some(last) = path.last().filter(|attempt| attempt.failure.is_some()) else { continue };
        failed.extend(last.peer().map(|address| address.to_string()));
    }
    failed.dedup();
    failed.join(", ")
}

fn oddities(findings: &Findings) -> String {
    let mut texts = Vec::new();
    for fact in findings.facts() {
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
    use rdp_probe_core::{Host, Plan};

    use super::*;
    use crate::catalogue;

    #[test]
    fn every_placeholder_of_every_row_is_known() {
        const KNOWN: [&str; 19] = [
            "target",
            "host",
            "address",
            "family",
            "stage",
            "awaiting",
            "limit",
            "os",
            "offered",
            "selected",
            "asked",
            "code",
            "reason",
            "field",
            "partial_len",
            "banner",
            "failed_addresses",
            "first_refusal",
            "oddities",
        ];
        for rule in catalogue::all() {
            for text in [rule.summary, rule.cause, rule.remedy] {
                for piece in text.split('{').skip(1) {
                    let name = piece.split('}').next().unwrap();
                    assert!(KNOWN.contains(&name), "{}: {{{name}}}", rule.id);
                }
            }
        }
    }

    #[test]
    fn offers_are_named_in_words() {
        assert_eq!(words(Protocols(0x0B)), "TLS, CredSSP or CredSSP with early user authorization");
        assert_eq!(words(Protocols(0)), "Standard RDP Security");
        assert_eq!(words(Protocols(0x40)), "protocol 0x40");
    }

    #[test]
    fn an_open_brace_stays() {
        let findings = Findings::new(Plan::new(Host::parse("srv1").unwrap(), 3389));
        assert_eq!(fill("{host} {nothing} {", &findings), "srv1 {nothing} {");
    }
}
