//! What was seen of the gateway on the way, for people.
use std::fmt::Write as _;

use rdp_probe_core::{Evidence, ShownGateway, hex};

use super::look::Look;
use super::rows::{row, tls};
use super::wrap::wrapped;
use crate::escape::escape;
use crate::report::gateway_code_name;

/// As much of a gateway's text as is shown, in characters: the whole stands in the JSON report.
const MOST_TEXT: usize = 480;
/// As many messages as are shown.
const MOST_MESSAGES: usize = 3;

/// The part about the gateway.
pub(super) fn gateway(out: &mut String, evidence: &Evidence, shown: &ShownGateway<'_>, look: &Look) {
    let Some(planned) = evidence.gateway() else { return };
    let rows = rows(evidence, shown, look);
    if !rows.is_empty() {
        out.push('\n');
        wrapped(out, "  ", &escape(&format!("The gateway {}", planned.leg)), look.width);
        out.push_str(&rows);
    }
}

/// What is known of it.
fn rows(evidence: &Evidence, shown: &ShownGateway<'_>, look: &Look) -> String {
    let mut out = String::new();
    let mut known = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            row(&mut out, name, &value, look);
        }
    };
    known("Address", shown.address.map(|address| address.to_string()));
    known("Software", shown.server.map(short));
    known("Asks for", (!shown.schemes.is_empty()).then(|| shown.schemes.join(", ")));
    known("Logon", logon(evidence, shown));
    let carried = match (evidence.gateway_opened_out(), evidence.gateway_opened_in()) {
        (true, true) => Some("two HTTP channels"),
        (true, false) => Some("HTTP, by an OUT channel; there is no IN channel"),
        (false, _) => None,
    };
    known("Carried by", carried.map(str::to_owned));
    for (packet, code) in
        shown.code.map(|(packet, code)| (packet.name(), code)).into_iter().chain(closed(shown))
    {
        let name = gateway_code_name(code).map(|name| format!(" {name}")).unwrap_or_default();
        known("Code", Some(format!("{}{name} in {packet}", hex(code))));
    }
    known("Idle timeout", shown.idle_minutes.filter(|minutes| *minutes > 0).map(|n| format!("{n} minutes")));
    known("In its log", shown.correlation_id.map(str::to_owned));
    known("Wants consent to", shown.consent.map(short));
    for message in shown.service_messages.iter().take(MOST_MESSAGES) {
        known("Says", Some(short(message)));
    }
    let more = shown.service_messages.len().saturating_sub(MOST_MESSAGES);
    known("Says", (more > 0).then(|| format!("{more} more in the JSON report")));
    if let Some(facts) = evidence.shown_gateway_tls() {
        let name = if facts.scouted { "TLS, by a scout" } else { "TLS" };
        tls(&mut out, name, &facts, &evidence.plan, look);
    }
    out
}

fn closed(shown: &ShownGateway<'_>) -> Option<(&'static str, u32)> {
    shown.closed.map(|code| ("CLOSE_CHANNEL", code))
}

/// Who logged on, how, and what came of it.
fn logon(evidence: &Evidence, shown: &ShownGateway<'_>) -> Option<String> {
    let logon = &evidence.gateway()?.logon;
    let mut text = match (logon.account(), logon.is_token()) {
        (Some(account), _) => account.to_string(),
        (None, true) => "a token".to_owned(),
        (None, false) => return None,
    };
    if let Some(method) = shown.method.filter(|_| !logon.is_token()) {
        _ = write!(text, " by {}", method.name());
    }
    _ = write!(text, ": {}", evidence.gateway_logon_result().id().replace('_', " "));
    if let Some(why) = evidence.gateway_logon_is_untested_because() {
        _ = write!(text, ", {why}");
    }
    Some(text)
}

/// A text of the gateway's, as far as it is shown.
fn short(text: &str) -> String {
    if text.chars().count() <= MOST_TEXT {
        return text.to_owned();
    }
    text.chars().take(MOST_TEXT).chain("...".chars()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::render::samples::scenarios;

    #[test]
    fn a_gateway_s_texts_are_escaped_and_bounded() {
        let look = Look { color: false, width: 80, verbose: 0 };
        let (_, report) = scenarios().into_iter().find(|(name, _)| name == "gateway-and-target-work").unwrap();
        let long = "\u{1b}[31m \u{202e}word ".repeat(400);
        let mut shown = report.evidence.shown_gateway().unwrap();
        shown.consent = Some(&long);
        shown.service_messages = vec!["Down\r\nat six"; 5];
        let mut out = String::new();
        gateway(&mut out, &report.evidence, &shown, &look);
        assert!(!out.contains(|c| c != '\n' && crate::escape::is_harmful(c)), "{out}");
        assert!(out.lines().all(|line| line.chars().count() <= 80), "{out}");
        assert!(out.contains("...\n") && out.len() < 4000, "{out}");
        assert_eq!(out.matches("    Says ").count(), 4, "{out}");
        assert!(out.contains("2 more in the JSON report"), "{out}");
        assert!(out.starts_with("\n  The gateway gw.lab.test:443\n    Address "), "{out}");
        assert!(out.contains(" by Basic: accepted\n"), "{out}");
    }
}
