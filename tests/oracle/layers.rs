//! What holds for the driver's framers and layers: in how many pieces octets come changes nothing.
use std::sync::Arc;

use rdp_probe::{Probe, Report, Target};
use rdp_probe_testkit::oracle::{diagnosis_of, well_formed};
use rdp_probe_testkit::{Scenario, machine};
use serde_json::Value;

use crate::memory::{End, Memory, Speech};

/// Where the peer stands.
const ADDRESS: [u8; 4] = [192, 0, 2, 7];
/// More connections than a run without enumeration makes.
const CONNECTIONS: usize = 6;
/// More messages than a client sends in a connection.
const MOST_TURNS: usize = 6;

/// What a target says, from octets of any kind.
struct Story {
    security: &'static str,
    speech: Speech,
}

/// Through the driver, a target's octets come to the same whether each answer comes in one piece or in many. Where it has one
/// answer only, the player without sockets finds the same.
///
/// # Panics
/// When they do not.
pub fn layers(octets: &[u8]) {
    _ = compare(octets);
}

/// What the driver finds.
fn compare(octets: &[u8]) -> Option<Report> {
    let story = Story::of(octets)?;
    let scenario = story.scenario()?;
    let at_once = Speech { pieces: Vec::new(), ..story.speech.clone() };
    let (whole, pieces) = (driven(&scenario, at_once), driven(&scenario, story.speech.clone()));
    same(&whole, &pieces, &format!("in one piece, and in pieces of {:?}", story.speech.pieces));
    if story.speech.turns.len() < 2 {
        let evidence = machine::play(&scenario).evidence;
        let target = Target::new(evidence.plan.target.host.clone(), evidence.plan.target.port);
        let diagnosis = rdp_probe::diagnose(&evidence);
        same(&Report::new(target, evidence, diagnosis), &whole, "without sockets, and with");
    }
    Some(whole)
}

impl Story {
    /// The first octet has the security protocols asked for and how the stream ends, the second the sizes of two pieces; then
    /// each turn, with its length before it.
    fn of(octets: &[u8]) -> Option<Self> {
        let (&[choice, sizes], mut rest) = octets.split_first_chunk()?;
        let mut turns = Vec::new();
        while let Some((&length, after)) = rest.split_first()
            && turns.len() < MOST_TURNS
        {
            let (turn, after) = after.split_at_checked(length.into()).unwrap_or((after, &[]));
            turns.push(turn.to_vec());
            rest = after;
        }
        let security = match choice & 3 {
            0 => "auto",
            1 => "rdp",
            2 => "tls",
            _ => "nla",
        };
        let end = match (choice >> 2) & 3 {
            0 | 1 => End::Fin,
            2 => End::Reset,
            _ => End::Silence,
        };
        let pieces = vec![usize::from(sizes & 15).saturating_add(1), usize::from(sizes >> 4).saturating_add(1)];
        Some(Self { security, speech: Speech { turns, pieces, end } })
    }

    /// The same as a conversation, in which every connection is alike.
    fn scenario(&self) -> Option<Scenario> {
        let said: Vec<String> =
            self.speech.turns.iter().flatten().map(|octet| format!("{octet:02x}")).collect();
        let send =
            if said.is_empty() { String::new() } else { format!("{{ send = \"{}\" }},", said.join(" ")) };
        let end = match self.speech.end {
            End::Fin => "fin",
            End::Reset => "reset",
            End::Silence => "silent",
        };
        let steps = format!("steps = [{{ expect = \"connection_request\" }}, {send} {{ close = \"{end}\" }}]");
        let connections = format!("[[connection]]\n{steps}\n").repeat(CONNECTIONS);
        let [a, b, c, d] = ADDRESS;
        let text = format!(
            "title = \"any octets\"\n[target]\nhost = \"srv1.lab.test\"\n[dial]\nresolve = [\"{a}.{b}.{c}.{d}\"]\n\
             [plan]\nsecurity = \"{}\"\n{connections}[expect]\noutcome = \"reachable\"\nexit = 0\n",
            self.security
        );
        let scenario = Scenario::parse("layers", &text);
        assert!(scenario.is_ok(), "{:?}", scenario.err());
        scenario.ok()
    }
}

/// What the driver makes of it, on virtual time.
fn driven(scenario: &Scenario, speech: Speech) -> Report {
    let plan = scenario.plan(machine::PORT);
    let target = Target::new(plan.target.host.clone(), plan.target.port);
    let network = Arc::new(Memory { address: ADDRESS, speech: Arc::new(speech) });
    let probe = Probe::builder(target).plan(plan).network(network).build();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let (Ok(probe), Ok(runtime)) = (probe, runtime) else { unreachable!("a probe and a clock are made") };
    let report = runtime.block_on(probe.run());
    well_formed(&report.evidence);
    assert_eq!(diagnosis_of(&report.evidence), report.diagnosis);
    report
}

/// Two reports say the same.
fn same(one: &Report, other: &Report, how: &str) {
    let (one, other) = (told(one), told(other));
    let mut differ = Vec::new();
    differences("", &one, &other, &mut differ);
    assert!(differ.is_empty(), "{how}:\n{}", differ.join("\n"));
}

/// Where two values differ.
fn differences(place: &str, one: &Value, other: &Value, out: &mut Vec<String>) {
    match (one, other) {
        (Value::Object(a), Value::Object(b)) if a.keys().eq(b.keys()) => {
            for ((key, a), b) in a.iter().zip(b.values()) {
                differences(&format!("{place}/{key}"), a, b, out);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (at, (a, b)) in a.iter().zip(b).enumerate() {
                differences(&format!("{place}/{at}"), a, b, out);
            }
        }
        (a, b) if a == b => {}
        (a, b) => out.push(format!("{place}: {a} and {b}")),
    }
}

/// What a report says but for times, and for octets that had come when it was told already what they are not: those are quoted.
fn told(report: &Report) -> Value {
    let mut json = serde_json::to_value(report).unwrap_or_default();
    if let Value::Object(keys) = &mut json {
        keys.remove("evidence");
        keys.remove("made_at");
    }
    without(&mut json, &["partial", "partial_len", "summary", "cause", "remedy", "text"]);
    json
}

fn without(json: &mut Value, left_out: &[&str]) {
    match json {
        Value::Object(keys) => {
            keys.retain(|key, _| !key.ends_with("_us") && !left_out.contains(&key.as_str()));
            keys.values_mut().for_each(|value| without(value, left_out));
        }
        Value::Array(items) => {
            items.retain(|item| !is_of_its_moment(item));
            items.iter_mut().for_each(|item| without(item, left_out));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// The fact and the finding that octets had come before TLS began: a moment later they are the handshake's. They name a moment, and
/// the verdict does not hang on it.
fn is_of_its_moment(item: &Value) -> bool {
    item.get("fact").is_some_and(|fact| fact == "octets_before_tls")
        || item.get("id").is_some_and(|id| id == "octets-before-tls")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rdp_probe::Stage;
    use rdp_probe_testkit::generate::{self, MCS_MESSAGES, MESSAGES, TLS_MESSAGES};

    use super::*;

    const SELECTS_TLS: [u8; 19] = [3, 0, 0, 19, 14, 0xD0, 0, 0, 0x12, 0x34, 0, 2, 0x1F, 8, 0, 1, 0, 0, 0];

    /// A story of these turns.
    fn story(choice: u8, sizes: u8, turns: &[&[u8]]) -> Vec<u8> {
        let mut octets = vec![choice, sizes];
        for turn in turns {
            let turn = &turn[..turn.len().min(255)];
            octets.push(u8::try_from(turn.len()).unwrap());
            octets.extend(turn);
        }
        octets
    }

    #[test]
    fn every_known_message_comes_to_the_same_in_drops() {
        for choice in 0..16 {
            for message in MESSAGES.iter().chain(MCS_MESSAGES).chain(TLS_MESSAGES) {
                layers(&story(choice, 0, &[message]));
                layers(&story(choice, 0x42, &[&SELECTS_TLS, message]));
            }
        }
    }

    #[test]
    fn handshakes_that_break_in_the_clear_are_the_same_without_sockets() {
        const ENDS: [u8; 3] = [0x02, 0x0A, 0x0E];
        let cut_alert = [21, 3, 3, 0x17, 0x17, 3, 3, 80];
        let alert_of_no_level = [21, 3, 3, 0, 2, 115, 0, 0, 0, 0, 0, 0];
        let alert = [21, 3, 3, 0, 2, 2, 40];
        let fatal_end = [21, 3, 3, 0, 2, 2, 0];
        let ssl_2 = [22, 0, 2, 0, 1, 2];
        let all: [&[u8]; 8] =
            [&fatal_end, &ssl_2, &cut_alert, &alert_of_no_level, &alert, &[2, 40], b"SSH-2.0-x", &[23, 3, 3]];
        for octets in all {
            for end in ENDS {
                let whole = compare(&story(end, 0, &[&[&SELECTS_TLS, octets].concat()]));
                assert_eq!(whole.unwrap().diagnosis.verdict.stage, Some(Stage::Tls), "{octets:?}");
            }
        }
    }

    /// Where the answer to the client's alert is counted as a turn of its own, and where it is not.
    #[test]
    fn half_a_disconnect_that_is_waited_for_in_vain_is_no_tls() {
        let selected = [&SELECTS_TLS[..], &[3, 0]].concat();
        for sizes in [0x10, 0x21, 0xFF] {
            layers(&story(2, sizes, &[&selected, b"", &[14, 0xD0, 0, 0, 0x12]]));
            layers(&story(14, sizes, &[&selected]));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]
        #[test]
        fn octets_come_to_the_same_in_any_pieces(
            choice in any::<u8>(), sizes in any::<u8>(), one in generate::octets(), two in generate::tls_octets(),
        ) {
            layers(&story(choice, sizes, &[&one]));
            layers(&story(choice, sizes, &[&one, &two]));
        }
    }
}
